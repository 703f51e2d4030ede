"""Ctrl-C ends every command in one line, and leaves no half of a file; so does a file of no use."""

import os
import shutil
import signal
import subprocess
from importlib import import_module
from pathlib import Path

import pytest
from typer.testing import CliRunner

from course_lib.cli import app
from course_lib.interrupted import end_all

ROOT = Path(__file__).resolve().parents[1]
# what a command does first: the function where the signal comes
WORK = {
    ("doctor",): "doctor.main",
    ("start", "work"): "learner.start",
    ("progress", "class"): "learner.find_copy",
    ("check", "class/anna.ipynb"): "notebook_check.check_notebook",
    ("hint", "rnn_step"): "exercises.cards.hint_card",
    ("solution", "rnn_step"): "exercises.cards.solution_card",
    ("prove",): "exercises.proving.prove.main",
    ("prove", "--mutants"): "exercises.proving.survivors.main",
    ("similar", "class"): "instructor.command.similar.show_similar",
    ("weeks", "one", "two"): "instructor.command.weeks.write_weeks",
    ("grades", "one", "--for=moodle", "--class-list=x.csv"):
        "instructor.command.grades.write_grades",
    ("gradescope", "init"): "instructor.command.gradescope_bundle.write_bundle",
    ("export", "nbgrader", "out"): "instructor.command.nbgrader_export.export",
    ("ci", "init"): "instructor.command.ci_workflow.init",
}  # fmt: skip
WRITES = [("similar", "class", "--out=s.html"), ("gradescope", "init"),
          ("export", "nbgrader", "out")]  # fmt: skip


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder to stand in, with a class of two in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "class").mkdir()
    for name in ("anna", "ben"):
        shutil.copy(
            ROOT / "exercises" / "01-vanilla-rnn.ipynb", tmp_path / "class" / f"{name}.ipynb"
        )
    return tmp_path


def interrupted(*_, **__):
    raise KeyboardInterrupt


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if not path.is_dir()}


@pytest.mark.parametrize("command", WORK, ids=" ".join)
def test_ctrl_c_is_one_line(place, monkeypatch, command):
    module, _, function = WORK[command].rpartition(".")
    monkeypatch.setattr(import_module(f"course_lib.{module}"), function, interrupted)
    done = CliRunner().invoke(app, command)
    assert (done.exit_code, done.stdout, done.stderr) == (130, "", "\rcourse: stopped.\n")


@pytest.mark.parametrize("command", WRITES, ids=" ".join)
def test_ctrl_c_at_the_last_moment_leaves_no_half(place, monkeypatch, command):
    before = files(place)
    for way in ("replace", "rename"):
        monkeypatch.setattr(Path, way, interrupted)
    done = CliRunner().invoke(app, command)
    assert (done.exit_code, done.stderr) == (130, "\rcourse: stopped.\n")
    assert files(place) == before


@pytest.mark.parametrize("command", ["start", "progress", "check", "audit-gpu", "validate",
                                     "similar", "weeks", "ci init", "export nbgrader"])  # fmt: skip
def test_a_name_that_no_file_can_have_is_one_line(place, command):
    done = CliRunner().invoke(app, [*command.split(), "x" * 300])
    assert done.exit_code in (1, 2)
    assert done.stderr.startswith("course: ")
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.output


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs process groups")
def test_a_command_that_does_not_hear_that_it_should_end_is_killed(monkeypatch):
    """As JupyterLab once did: the tests that had started it waited for it without end."""
    monkeypatch.setattr("course_lib.interrupted.GRACE", 0.2)
    deaf = ["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"]
    with subprocess.Popen(deaf, start_new_session=True, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        end_all(process)
    assert process.returncode == -signal.SIGKILL
