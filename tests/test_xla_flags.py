"""TensorFlow ends at a flag of XLA that it doesn't know; that is said before it happens."""

import json
import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from course_lib import doctor, xla_flags
from course_lib.cli import app
from course_lib.cores import HASTY_XLA


@pytest.fixture
def asked(monkeypatch):
    """What TensorFlow answers, and how often it was asked."""
    asked = []
    said = "F0000 00:00:1.5 9 parse_flags_from_env.cc:234] Unknown flag in XLA_FLAGS: --no_such"

    def ask():
        asked.append(1)
        return said if os.environ.get("XLA_FLAGS") == "--no_such" else {"version": "2"}

    for name in xla_flags.NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(doctor, "ask_tensorflow", ask)
    xla_flags._looked_up.cache_clear()
    yield asked
    xla_flags._looked_up.cache_clear()


@pytest.mark.parametrize("flags", ["", HASTY_XLA["XLA_FLAGS"]])
def test_nobody_is_asked_where_nobody_has_set_one(asked, monkeypatch, flags):
    monkeypatch.setenv("XLA_FLAGS", flags)
    assert xla_flags.unknown_flag() == ""
    assert not asked


def test_a_flag_that_is_known_costs_one_look(asked, monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--xla_gpu_cuda_data_dir=/usr/lib/cuda")
    assert [xla_flags.unknown_flag(), xla_flags.unknown_flag()] == ["", ""]
    assert len(asked) == 1


def test_course_start_says_it(asked, monkeypatch, tmp_path):
    monkeypatch.setenv("XLA_FLAGS", "--no_such")
    said = CliRunner().invoke(app, ["start", str(tmp_path / "work")]).output
    assert "XLA_FLAGS holds a flag that TensorFlow doesn't know, --no_such" in said


def test_course_check_says_it_and_checks_the_others(asked, monkeypatch, tmp_path):
    monkeypatch.setenv("XLA_FLAGS", "--no_such")
    source = "class VanillaRNNCell: pass\ndef rnn_step(): return 1"
    notebook = tmp_path / "x.ipynb"
    notebook.write_text(json.dumps({"cells": [{"cell_type": "code", "source": source}]}))
    done = CliRunner().invoke(app, ["check", str(notebook)])
    assert done.exit_code == 1
    assert "✗ VanillaRNNCell: XLA_FLAGS holds a flag" in done.output
    assert "0 of 2 passed" in done.output


@pytest.mark.slow
@pytest.mark.parametrize("name", xla_flags.NAMES)
def test_it_is_met_and_named(name, monkeypatch):
    monkeypatch.setenv(name, "--no_such_flag=1")
    found = doctor.tensorflow_version(doctor.ask_tensorflow()).found
    assert found == f"it doesn't know a flag in {name}: --no_such_flag=1"


@pytest.mark.slow
def test_a_check_says_it_and_lives():
    """It ended the notebook's kernel without a word."""
    code = (
        "from course_lib.exercises import check\n"
        "from course_lib.layers.vanilla import VanillaRNNCell\n"
        "card = check(VanillaRNNCell)\n"
        "print(bool(card), card)\n"
    )
    environment = {**os.environ, "XLA_FLAGS": "--no_such_flag"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("False")
    assert "XLA_FLAGS holds a flag that TensorFlow doesn't know, --no_such_flag" in done.stdout
