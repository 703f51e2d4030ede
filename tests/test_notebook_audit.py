"""course audit-gpu NOTEBOOK: what a learner wrote, seen as a GPU would."""

import json

import pytest
from typer.testing import CliRunner

from course_lib.authoring.source import reference_code, stub_code
from course_lib.cli import app
from course_lib.exercises.registry import get

IMPORTS = "import keras\nimport tensorflow as tf\n"
CELL = IMPORTS + reference_code(get("VanillaRNNCell").reference)
STEP = IMPORTS + reference_code(get("train_step").reference)


def audited(tmp_path, *cells, options=("--json",)):
    path = tmp_path / "mine.ipynb"
    content = {"cells": [{"cell_type": "code", "source": source} for source in cells]}
    path.write_text(json.dumps(content), encoding="utf-8")
    return CliRunner().invoke(app, ["audit-gpu", str(path), *options])


def test_what_fits_a_gpu_passes(tmp_path):
    done = audited(tmp_path, CELL, STEP)
    found = json.loads(done.output.splitlines()[-1])
    assert done.exit_code == 0, done.output
    assert found.keys() == {"VanillaRNNCell", "train_step"}
    assert all(one["operations"] > 20 and not one["failure"] for one in found.values())


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("tf.strings.to_number(tf.strings.as_string(h_t), tf.float32)", "can't run AsString"),
        ("tf.numpy_function(lambda h: h, [h_t], h_t.dtype)", "PyFunc calls back into Python"),
    ],
)
def test_what_does_not_is_named(tmp_path, step, said):
    code = CELL.replace("return h_t, [h_t]", f"return h_t, [tf.ensure_shape({step}, h_t.shape)]")
    assert code != CELL
    done = audited(tmp_path, code, options=())
    assert done.exit_code == 1
    assert "✗ VanillaRNNCell" in done.output
    assert said in " ".join(done.output.split()) or "gradient" in done.output


def test_stubs_and_what_is_missing_are_said(tmp_path):
    done = audited(tmp_path, IMPORTS + stub_code(get("VanillaRNNCell").reference), options=())
    assert done.exit_code == 1
    assert "✗ VanillaRNNCell: isn't written yet" in done.output


def test_a_pipeline_and_numpy_need_no_gpu(tmp_path):
    pipeline = IMPORTS + "import numpy as np\n" + reference_code(get("padded_batches").reference)
    done = audited(tmp_path, pipeline, options=())
    assert (done.exit_code, done.output) == (
        0, "✓ padded_batches: runs beside the GPU, and needs no kernels there\n",
    )  # fmt: skip
    step = "import numpy as np\n" + reference_code(get("rnn_step").reference)
    done = audited(tmp_path, step, options=())
    assert (done.exit_code, done.output) == (
        0, "mine.ipynb has no exercise that is to be fast.\n",
    )  # fmt: skip


def test_no_notebook_is_said(tmp_path):
    done = CliRunner().invoke(app, ["audit-gpu", str(tmp_path / "none.ipynb")])
    assert done.exit_code == 2
    assert "There is no file" in " ".join(done.output.split())
