"""Progress is kept in the learner's copy alone, and survives what may happen to its file."""

import json
import sys
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from course_lib.authoring.source import source_of
from course_lib.cli import app
from course_lib.exercises import check, progress
from course_lib.scratch.rnn import rnn_forward, rnn_step


@pytest.fixture
def copy(tmp_path, monkeypatch):
    (tmp_path / progress.FOLDER).mkdir()
    below = tmp_path / "deeper"
    below.mkdir()
    monkeypatch.chdir(below)
    return tmp_path


def test_outcomes_are_kept_and_the_best_one_stays(copy):
    check(lambda *_: None, exercise="rnn_step")
    assert progress.load(copy) == {"rnn_step": "not right yet"}
    check(rnn_step)
    check(lambda *_: None, exercise="rnn_step")
    assert progress.load(copy) == {"rnn_step": "passed"}


def test_outside_a_copy_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check(rnn_step)
    assert list(tmp_path.iterdir()) == []
    assert progress.home() is None


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    """The current folder is that of a notebook by itself, whose kernel this is."""
    shell = SimpleNamespace(kernel="a kernel")
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_notebook_by_itself_keeps_its_progress_beside_it_and_says_so_once(notebook):
    said = f"From now on your progress is kept in {notebook / '.course'}"
    assert check(lambda *_: None, exercise="rnn_step").note.startswith(said)
    assert check(rnn_step).note == ""
    assert progress.load(notebook) == {"rnn_step": "passed"}


def test_a_prediction_begins_it_as_well(notebook):
    assert progress.keep_prediction("gain", 2.0).startswith("From now on your progress is kept")
    assert progress.prediction("gain") == 2.0


def test_solutions_scripts_and_the_courses_own_notebooks_begin_none(notebook, monkeypatch):
    assert check(rnn_step, strict=True).note == ""
    (notebook / "book").mkdir()
    (notebook / "book/_toc.yml").touch()
    assert check(rnn_step).note == progress.NO_COPY
    (notebook / "book/_toc.yml").unlink()
    monkeypatch.delitem(sys.modules, "IPython")
    assert check(rnn_step).note == progress.NO_COPY
    assert not (notebook / progress.FOLDER).exists()


def test_a_folder_that_takes_nothing_is_named(notebook, monkeypatch):
    def refuse(*arguments, **options):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(type(notebook), "mkdir", refuse)
    assert "could not be written (Read-only file system)" in check(rnn_step).note


def test_kept_progress_says_nothing(copy):
    assert check(rnn_step).note == ""
    assert "progress" not in str(check(rnn_step))


def test_without_a_copy_a_check_says_so_and_a_strict_one_does_not(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    report = check(rnn_step)
    assert report.note.startswith(
        "This was not noted in your progress: the notebook lies in no copy"
    )
    assert report.note in " ".join(str(report).split())
    assert "not noted in your progress" in report._repr_html_()
    assert "<code>course start</code>" in report._repr_html_()
    assert check(rnn_step, strict=True).note == ""


@pytest.mark.parametrize(
    ("number", "reason"),
    [(13, "Permission denied"), (28, "No space left on device"), (30, "Read-only file system")],
)
@pytest.mark.parametrize("step", ["write_text", "replace"])
def test_progress_that_cannot_be_written_is_said_and_the_old_one_stays(
    copy, monkeypatch, number, reason, step
):
    check(rnn_step)
    before = (copy / progress.FOLDER / "progress.json").read_text()

    def fail(*arguments, **options):
        raise OSError(number, reason)

    monkeypatch.setattr(type(copy), step, fail)
    note = check(lambda *_: None, exercise="rnn_forward").note
    strict = check(rnn_forward, strict=True).note
    assert (
        strict
        == note
        == f"This was not noted in your progress, which could not be written ({reason})."
    )
    monkeypatch.undo()
    assert (copy / progress.FOLDER / "progress.json").read_text() == before
    assert [p.name for p in (copy / progress.FOLDER).iterdir()] == ["progress.json"]


def test_progress_that_cannot_be_read_is_said_and_not_replaced(copy):
    (copy / progress.FOLDER / "progress.json").mkdir()
    assert "can't be read (Is a directory)" in check(rnn_step).note
    assert (copy / progress.FOLDER / "progress.json").is_dir()
    with pytest.raises(progress.Unreadable):
        progress.by_chapter(copy)
    assert progress.passed() == set()


@pytest.mark.parametrize("content", ["{half", "[1, 2]", "", "[" * 100_000, '{"rnn_step": "pas'])
def test_a_damaged_file_is_set_aside_and_that_is_said_once(copy, content):
    path = copy / progress.FOLDER / "progress.json"
    path.write_text(content)
    assert "could not be read; it is kept as progress.broken.json" in check(rnn_step).note
    assert check(rnn_step).note == ""
    assert json.loads(path.read_text()) == {"rnn_step": "passed"}
    assert (path.parent / "progress.broken.json").read_text() == content


def test_a_second_damaged_file_leaves_the_first(copy):
    path = copy / progress.FOLDER / "progress.json"
    for number, name in enumerate(("broken", "broken-2", "broken-3")):
        path.write_bytes(b"\xff%d" % number)
        assert f"kept as progress.{name}.json" in progress.keep_prediction("gain", 2.0)
    kept = {one.name: one.read_bytes() for one in path.parent.glob("*broken*")}
    assert sorted(kept.values()) == [b"\xff0", b"\xff1", b"\xff2"]


def test_what_only_looks_sets_nothing_aside(copy):
    path = copy / progress.FOLDER / "progress.json"
    path.write_text("{half")
    assert progress.passed() == set()
    assert progress.prediction("gain") is None
    assert path.read_text() == "{half"


def test_a_damaged_file_that_cannot_be_moved_stays(copy, monkeypatch):
    path = copy / progress.FOLDER / "progress.json"
    path.write_text("{half")

    def refuse(*arguments):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(type(path), "replace", refuse)
    assert "is damaged, and can't be moved (Read-only file system)" in check(rnn_step).note
    assert path.read_text() == "{half"


@pytest.mark.parametrize("command", ["progress", "check"])
def test_the_commands_say_it_too(copy, command):
    path = copy / progress.FOLDER / "progress.json"
    path.write_text("{half")
    answer = source_of(rnn_step)[0]
    cells = [{"cell_type": "code", "source": f"import numpy as np\n{answer}"}]
    (copy / "mine.ipynb").write_text(json.dumps({"cells": cells, "nbformat": 4}))
    arguments = [str(copy)] if command == "progress" else [str(copy / "mine.ipynb"), "rnn_step"]
    said = CliRunner().invoke(app, [command, *arguments]).output
    assert said.count("could not be read; it is kept as progress.broken.json") == 1, said
    assert (path.parent / "progress.broken.json").exists()


def test_every_chapter_is_listed_with_what_was_not_tried(copy):
    check(rnn_step)
    (first, outcomes), *_ = progress.by_chapter(copy)
    assert first.title == "The vanilla RNN"
    assert outcomes["rnn_step"] == "passed"
    assert outcomes["rnn_forward"] == "not tried"
