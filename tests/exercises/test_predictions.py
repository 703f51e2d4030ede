"""Predictions: kept, shown beside the measurement, never judged; two in each notebook."""

import configparser
import json
import re
from pathlib import Path

import numpy as np
import pytest

from course_lib.exercises import check, measured, predict, predictions, within
from course_lib.exercises.progress import by_chapter, load

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def copy(tmp_path, monkeypatch):
    """A learner's copy in the current folder, and a session that has seen nothing."""
    (tmp_path / ".course").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(predictions, "_made", {})
    return tmp_path


def test_a_prediction_stands_beside_the_measurement():
    assert predict("left", 0.5)
    assert "You expected 0.5. It is 0.00123." in repr(measured("left", 0.001234))


def test_without_one_the_cells_run_and_say_what_to_do():
    assert not predict("left", ...)
    assert "in place of the dots" in repr(predict("left"))
    assert "You made no prediction. It is 3." in repr(measured("left", 3))


@pytest.mark.parametrize("value", [2, np.float32(0.25), True, "it shrinks"])
def test_numbers_and_words_are_taken(value):
    assert predict("left", value)
    assert "You made no" not in repr(measured("left", 1.0))


@pytest.mark.parametrize("value", [None, [1, 2], np.zeros(2), {}, 1j])
def test_anything_else_is_explained(value):
    assert "a number or a word or two" in repr(predict("left", value))


def test_it_is_kept_beside_what_was_passed(copy, monkeypatch):
    predict("left", 0.5)
    check(lambda x, h, U, W, b: np.tanh(x @ U + h @ W + b), "rnn_step")
    predict("grown", "not at all")
    monkeypatch.setattr(predictions, "_made", {})  # another session
    assert "You expected 0.5." in repr(measured("left", 0.0))
    assert "You expected not at all." in repr(measured("grown", 0.0))
    assert load(copy) == {"rnn_step": "passed"}
    assert by_chapter(copy)[0][1]["rnn_step"] == "passed"


def test_a_broken_entry_is_no_prediction(copy):
    kept = copy / ".course" / "progress.json"
    kept.write_text(json.dumps({"predictions": "spoilt", "rnn_step": "passed"}))
    assert "You made no prediction" in repr(measured("left", 0.0))
    assert predict("left", 1)
    assert load(copy) == {"rnn_step": "passed"}


def test_outside_a_copy_it_says_that_nothing_is_kept(copy, monkeypatch):
    (copy / ".course").rmdir()
    assert "not noted in your progress" in repr(predict("left", 0.5))
    assert "You expected 0.5." in repr(measured("left", 0.0))


def compared(value):
    """What nbval compares of a number that is shown with its bounds."""
    rules = configparser.RawConfigParser()
    rules.read(ROOT / "tests" / "nbval_sanitize.cfg")
    rule = rules["numbers that differ between processors"]
    return re.sub(rule["regex"], rule["replace"], f"accuracy: {within(value, 0.8, 1)}")


def test_bounds_are_stated_and_only_the_number_may_differ_from_machine_to_machine():
    assert compared(0.91) == compared(0.9) == "accuracy: NUMBER (between 0.8 and 1: True)"
    assert compared(1e-7) == compared(-0.5) != compared(0.9)
    assert within(float("nan"), 0, 1).endswith("False)")
    assert within(0.125) == "0.125"


@pytest.mark.parametrize(
    ("value", "said"),
    [(999.4, "999"), (999.7, "1,000"), (1234.4, "1,234"), (-20_000, "-20,000"), (3e9, "3e+09")],
)
def test_thousands_are_written_out(value, said):
    assert within(value) == said
    assert compared(value) == "accuracy: NUMBER (between 0.8 and 1: False)"


def test_every_notebook_asks_twice_before_it_measures():
    for source in sorted((ROOT / "solutions").glob("[0-9]*.py")):
        text = source.read_text(encoding="utf-8")
        asked = {m[1]: m.start() for m in re.finditer(r'^predict\("([^"]+)", \.\.\.\)', text, re.M)}
        shown = {m[1]: m.start() for m in re.finditer(r'\bmeasured\(\s*"([^"]+)"', text)}
        assert asked.keys() == shown.keys(), source.name
        assert all(asked[name] < shown[name] for name in asked), source.name
        assert len(asked) >= 2, source.name


def test_a_prediction_is_named_in_words_and_by_no_other_notebook():
    """Its name is a heading; what was expected in one notebook is not shown in another."""
    names = [
        name
        for source in sorted((ROOT / "solutions").glob("[0-9]*.py"))
        for name in re.findall(r'^predict\("([^"]+)"', source.read_text(encoding="utf-8"), re.M)
    ]
    assert len(set(names)) == len(names) > 15
    assert [name for name in names if "_" in name or " " not in name] == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.001234, "0.00123"), (-0.5, "-0.5"), (0, "0"), (12.34, "12.3"), (999.4, "999"),
        (999.5, "1,000"), (1234.5, "1,234"), (-1234.5, "-1,234"), (9_999_999, "9,999,999"),
        (1e7, "1e+07"), ("it shrinks", "it shrinks"),
    ],
)  # fmt: skip
def test_numbers_are_shown_as_one_reads_them(value, text):
    assert within(value) == text


@pytest.mark.parametrize(
    ("value", "holds"), [(0.8, True), (1, True), (0.79, False), (1.01, False), (np.nan, False)]
)
def test_bounds_belong_to_what_lies_between_them(value, holds):
    assert within(value, 0.8, 1).endswith(f"(between 0.8 and 1: {holds})")
    assert within(value, low=0.8) == within(value, high=1) == within(value)
