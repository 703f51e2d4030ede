"""Whoever trained on inputs in another form is told so, and nobody else is."""

from dataclasses import replace

import numpy as np
import pytest

from course_lib.exercises.projects import digits
from course_lib.exercises.projects.judging import judge_project
from course_lib.exercises.projects.project import Batch, View
from course_lib.exercises.projects.proving import as_file, reference_arrays
from course_lib.exercises.projects.views import FIRST, trained_on
from course_lib.exercises.registry import get, ids

FREE, FIXED = get("predict_few_labels"), get("predict_rows")
PROJECTS = [get(one) for one in ids() if one.startswith("predict_")]
# What undoes each view: a network that was trained on such digits sees those that it knows.
UNDONE = {
    "with rows and columns exchanged": lambda x: x.swapaxes(1, 2),
    "from the last row to the first": lambda x: x[:, ::-1],
    "in mirror image": lambda x: x[:, :, ::-1],
    "with pixels from 0 to 255": lambda x: x / 255,
    "with their pixels divided by 255": lambda x: x * 255,
    "with pixels from -1 to 1": lambda x: (x + 1) / 2,
    "with black and white exchanged": lambda x: 1 - x,
    "less 0.1307 and divided by 0.3081": lambda x: x * 0.3081 + 0.1307,
}


def judged(project, arrays, function):
    return judge_project(project, function, as_file(arrays), project.held_back("check", 3))


@pytest.mark.parametrize("words", UNDONE)
def test_a_network_of_ones_own(words):
    arrays = reference_arrays(FREE)
    report = judged(FREE, arrays, lambda w, x: FREE.reference(w, UNDONE[words](x)))
    assert f"Shown the same digits {words}, it comes to 9" in report.sentence
    assert report.sentence.endswith("as they come, unless predict_few_labels is what changes them.")
    assert report.mistake == f"trained on the same digits {words}"


def test_every_view_of_digits_is_undone_but_that_which_can_not_be():
    (each,) = [v for v in digits.VIEWS if not any(v.words.endswith(one) for one in UNDONE)]
    assert each.words == "the same digits, each less its mean and divided by its spread"
    x = each.change(FREE.held_back("check", 0)[0].x)
    np.testing.assert_allclose(x.mean(axis=(1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(x.std(axis=(1, 2)), 1, atol=1e-5)


@pytest.mark.parametrize(
    ("words", "changed"),
    [
        ("in mirror image", lambda W: W[::-1]),
        ("with pixels from 0 to 255", lambda W: W / 255),
    ],
)
def test_the_network_that_was_asked_for(words, changed):
    """Its function does what it should; the weights were trained on something else."""
    arrays = reference_arrays(FIXED)
    arrays["W_xh"] = changed(arrays["W_xh"])
    report = judged(FIXED, arrays, FIXED.reference)
    assert f"Shown the same digits {words}, it comes to 9" in report.sentence
    assert report.sentence.endswith("It has to read them as they come.")


def test_rows_of_numbers():
    project = get("predict_remember")
    arrays = reference_arrays(project)
    arrays["W_xh"] = arrays["W_xh"][::-1]
    report = judged(project, arrays, project.reference)
    assert "Shown the same rows with marks and numbers exchanged" in report.sentence


def test_what_no_view_explains():
    arrays = reference_arrays(FREE)
    report = judged(FREE, arrays, lambda w, x: FREE.reference(w, x**0.1 - 3))
    assert report.sentence.startswith("The first mark is")
    assert "Shown" not in report.sentence
    assert report.mistake is None


def test_who_nearly_has_the_first_mark_was_not_misled():
    asked = []
    first = FIXED.marks[0]
    assert trained_on(FIXED, asked.append, FIXED.held_back("check", 0), first - 0.01) is None
    assert asked == []


def test_few_inputs_are_shown_and_a_view_that_fails_is_left_out():
    (batch,) = FREE.held_back("check", 0)
    shown = []

    def fails(x):
        shown.append(x)
        assert x.dtype == batch.x.dtype

    assert trained_on(FREE, fails, (batch,), 0.1) is None
    assert [x.shape for x in shown] == [(FIRST, 28, 28)] * len(digits.VIEWS)


def test_the_best_view_counts():
    """Two views help; that which helps more is told, and one of another shape is left out."""
    views = tuple(View(f"{step}", lambda x, step=step: x + step) for step in (1, 2, 3))
    project = replace(FREE, views=(View("cut", lambda x: x[:, 1:]), *views))
    truth = np.arange(FIRST) % 10

    def compute(x):
        right = np.arange(FIRST) < {1: 210, 2: 240, 3: 220}[int(x.max())]
        return np.eye(10)[np.where(right, truth, (truth + 1) % 10)]

    batch = Batch(np.zeros((FIRST, 28, 28)), truth)
    view, reached = trained_on(project, compute, (batch,), 0.1)
    assert (view.words, reached) == ("2", 240 / FIRST)


@pytest.mark.parametrize("project", PROJECTS, ids=lambda one: one.id)
def test_views_change_the_inputs_and_keep_their_shape(project):
    batch = project.held_back("check", 0)[0]
    for view in project.views:
        changed = view.change(batch.x[:4])
        assert changed.shape == batch.x[:4].shape
        assert not np.allclose(changed, batch.x[:4])
