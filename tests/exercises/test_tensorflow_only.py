"""Exercises are checked with TensorFlow: by themselves, and with a word where that can't be."""

import json
import os
import subprocess
import sys

import pytest

from course_lib.exercises.registry import needs_tensorflow

OTHER = "jax"  # needn't be there


def run(code, **environment):
    """What a program prints, from a shell with these variables and none of the tests' own."""
    kept = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=kept | environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_file_for_programs_of_ones_own_changes_no_check(tmp_path):
    (tmp_path / "keras.json").write_text(json.dumps({"backend": OTHER}))
    code = "import course_lib.exercises, keras; print(keras.backend.backend())"
    assert run(code, KERAS_HOME=str(tmp_path)).split() == ["tensorflow"]


@pytest.mark.parametrize("verb", ["check(VanillaRNNCell)", "hint('train_step')"])
def test_with_another_backend_there_is_a_sentence_and_no_verdict(verb):
    code = f"""
from course_lib.exercises import check, hint
class VanillaRNNCell: pass
card = {verb}
print(bool(card), card)
"""
    printed = run(code, KERAS_BACKEND=OTHER)
    assert printed.startswith("False")
    assert f"Keras runs on {OTHER} here. Set KERAS_BACKEND=tensorflow" in printed


def test_strict_raises():
    code = """
from course_lib.exercises import check
from course_lib.exercises.tensorflow_only import OtherBackend
class VanillaRNNCell: pass
try:
    check(VanillaRNNCell, strict=True)
except OtherBackend as problem:
    print(problem)
"""
    assert "VanillaRNNCell is checked with TensorFlow" in run(code, KERAS_BACKEND=OTHER)


def test_exercises_in_numpy_are_checked_whatever_keras_runs_on():
    assert not needs_tensorflow("rnn_step")
    code = """
from course_lib.authoring.source import reference_code
from course_lib.exercises import check
from course_lib.exercises.registry import get
exec(reference_code(get("rnn_step").reference), globals())
print(bool(check(rnn_step)))
"""
    assert run("import numpy as np\n" + code, KERAS_BACKEND=OTHER).split() == ["True"]


@pytest.mark.slow
def test_the_command_line_takes_tensorflow():
    code = "import course_lib.cli, keras; print(keras.backend.backend())"
    assert run(code, KERAS_BACKEND=OTHER).split() == ["tensorflow"]
