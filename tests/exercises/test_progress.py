"""Progress is kept in the learner's copy alone, and survives what may happen to its file."""

import json

import pytest

from course_lib.exercises import check, progress
from course_lib.scratch.rnn import rnn_step


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


@pytest.mark.parametrize("content", ["{half", "[1, 2]", ""])
def test_a_broken_file_is_set_aside(copy, content):
    path = copy / progress.FOLDER / "progress.json"
    path.write_text(content)
    check(rnn_step)
    assert json.loads(path.read_text()) == {"rnn_step": "passed"}
    assert (path.parent / "progress.broken.json").read_text() == content


def test_every_chapter_is_listed_with_what_was_not_tried(copy):
    check(rnn_step)
    (first, outcomes), *_ = progress.by_chapter(copy)
    assert first.title == "The vanilla RNN"
    assert outcomes["rnn_step"] == "passed"
    assert outcomes["rnn_forward"] == "not tried"
