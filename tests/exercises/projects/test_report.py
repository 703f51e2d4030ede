"""What a report on a project shows beside its mark: the learner's curve, and what they expected."""

import re

import numpy as np
import pytest

from course_lib.exercises.projects.project import Measured
from course_lib.exercises.projects.report import BARS, HEIGHT, POINTS, WIDTH, ProjectReport
from course_lib.exercises.registry import get
from course_lib.exercises.report import NOT_RIGHT, PASSED

PROJECT = get("predict_rows")


def report(outcome=PASSED, **more):
    given = {"measured": Measured(0.91, "A 4 is taken for a 9."), "mark": 2} | more
    return ProjectReport(PROJECT, outcome, (), **given)


def bars(*curve):
    """The line with the curve, or None."""
    found = re.search(r"Your curve: (\S+)", str(report(curve=np.array(curve, float))))
    return found and found[1]


def points(curve):
    """Where the line of the drawing goes."""
    html = report(curve=np.asarray(curve, float))._repr_html_()
    return np.array([one.split(",") for one in re.search("points='(.*?)'", html)[1].split()], float)


def test_what_was_expected_stands_beside_what_came_out():
    assert "You expected" not in str(report())
    text = str(report(expected=0.95))
    assert f"You expected: {PROJECT.read(0.95)}. It is {PROJECT.read(0.91)}." in text
    assert f"mark 2 of 3 ({PROJECT.read(0.91)})" in text
    labels = [line.split(":")[0].strip() for line in text.splitlines()[1:] if ": " in line]
    assert labels == ["Marks", "You expected", "What goes wrong", "Try next"]


def test_what_to_type_next_comes_last():
    text = str(report(NOT_RIGHT, mark=0, curve=np.array([2.0, 1.0])))
    assert text.splitlines()[-1].strip() == 'Next: hint("predict_rows")'
    assert "Your curve" in text.splitlines()[-2]
    assert report().kept == "mark 2"
    assert report(NOT_RIGHT, mark=0).kept == NOT_RIGHT


def test_a_shell_is_told_all_that_a_notebook_is():
    one = report(NOT_RIGHT, mark=0, curve=np.array([2.0, 1.0]), expected=0.95)
    *in_a_shell, last = one.text("course hint predict_rows").splitlines()
    assert (in_a_shell, last) == (str(one).splitlines()[:-1], "  Next: course hint predict_rows")


def test_without_outputs_there_are_no_facts():
    text = str(report(NOT_RIGHT, measured=None, mark=0, sentence="There is no rows.npz."))
    assert text.startswith("✗ predict_rows: not right yet\n")
    assert "Marks" not in text
    assert "<dl" not in report(NOT_RIGHT, measured=None, mark=0)._repr_html_()


@pytest.mark.parametrize(
    ("curve", "drawn"),
    [
        ((2, 1, 0), f"{BARS[-1]}{BARS[4]}{BARS[0]}"),
        ((0, 7), f"{BARS[0]}{BARS[7]}"),
        ((5, np.nan, 1, np.inf), f"{BARS[-1]}{BARS[0]}"),
        ((3, 3, 3), BARS[0] * 3),
        ((1,), None),
        ((np.nan, 2), None),
        ((), None),
    ],
)
def test_a_curve_in_letters(curve, drawn):
    assert bars(*curve) == drawn


def test_a_long_curve_keeps_its_ends():
    line = bars(*range(1000))
    assert (len(line), line[0], line[-1]) == (40, BARS[0], BARS[-1])
    assert list(line) == sorted(line, key=BARS.index)


def test_a_curve_in_a_drawing():
    np.testing.assert_allclose(points([4, 2, 0]), [(0, 4), (WIDTH / 2, HEIGHT / 2), (WIDTH, 76)])
    long = points(np.linspace(1, 0, 10_000))
    assert len(long) == POINTS
    np.testing.assert_allclose(long[[0, -1]], [(0, 4), (WIDTH, HEIGHT - 4)])
    html = report(curve=np.array([0.51234, 0.1]))._repr_html_()
    assert html.count("from 0.512 to 0.1 over 2 points") == 2  # seen, and read aloud
    for nothing in ([], [1.0], [np.nan, 1.0]):
        assert "<svg" not in report(curve=np.array(nothing))._repr_html_()
