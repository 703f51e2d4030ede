"""Losses that go along with a call are what the student's process would have been told."""

import json

import numpy as np
import pytest
from a_class import answer_code, solved

from course_lib.exercises.checker import check_function
from course_lib.exercises.registry import get
from course_lib.instructor.intake.extract import extract
from course_lib.instructor.judging.notebook import Judge
from course_lib.instructor.judging.precomputed_losses import PrecomputedLosses
from course_lib.instructor.sandbox import session
from course_lib.instructor.sandbox.inside.messages import fingerprint
from course_lib.instructor.sandbox.limits import Limits
from course_lib.scratch.gradcheck import numerical_gradient

# Steps down first, from where the step up has led: rounding makes other numbers of it.
ANOTHER_WAY = """
def numerical_gradient(loss, w, step=1e-5):
    before = w.copy()
    gradient = np.zeros(w.shape)
    for index in np.ndindex(*w.shape):
        w[index] += 1.01 * step
        above = loss()
        w[index] -= 2.02 * step
        gradient[index] = (above - loss()) / (2.02 * step)
        w[index] = before[index]
    return gradient
"""


def square_plus(number):
    w = np.array([3.0, 1.0])
    return lambda: float(np.sum(w**2)) + number, w


def test_what_the_reference_asks_for_is_noted():
    loss, w = square_plus(0.0)
    found = PrecomputedLosses()(numerical_gradient, (loss, w, 0.5))
    keys, values = found[0]
    known = {key.tobytes(): value for key, value in zip(keys, values, strict=True)}
    assert len(known) == 4
    np.testing.assert_array_equal(w, [3, 1])
    w[0] = 3.5
    assert known[fingerprint((loss, w, 0.5))] == loss()


def test_another_loss_is_another_question():
    losses = PrecomputedLosses()
    values = []
    for number in (0.0, 1.0, 0.0):
        loss, w = square_plus(number)
        values.append(losses(numerical_gradient, (loss, w))[0][1])
    np.testing.assert_array_equal(np.subtract(values[1], values[0]), 1)
    assert values[2] is values[0]  # worked out once


def test_two_losses_on_one_line_are_told_apart():
    w = np.array([3.0])
    losses, found = PrecomputedLosses(), []
    for loss in (lambda: float(2 * w[0]), lambda: float(3 * w[0])):
        found.append(losses(numerical_gradient, (loss, w, 1.0))[0][1])
    assert found == [[8.0, 4.0], [12.0, 6.0]]


def test_nothing_is_foreseen_without_a_loss_or_where_the_reference_fails():
    def fails(loss, w):
        w[0] = 7
        raise ValueError

    loss, w = square_plus(0.0)
    losses = PrecomputedLosses()
    assert losses(np.tanh, (w,)) == {}
    assert losses(fails, (loss, w)) == {}
    assert w[0] == 3


@pytest.fixture
def judged(box, monkeypatch):
    def judge(one, code):
        asked = []
        value = session._value
        monkeypatch.setattr(session, "_value", lambda *a: asked.append(1) or value(*a))
        cells = extract(json.dumps(solved(2, **{one: code})).encode())
        judge = Judge(lambda tensorflow: box, Limits(), 5, {})
        (verdict,) = judge.notebook("nb", cells.code, cells.roles, [one])["verdicts"]
        return verdict, len(asked)

    return judge


def test_an_answer_that_does_as_the_reference_asks_for_nothing(judged):
    verdict, asked = judged("gradient_check", answer_code("gradient_check"))
    assert verdict.outcome == "passed"
    assert asked == 0


def test_an_answer_that_goes_another_way_asks(judged):
    verdict, asked = judged("numerical_gradient", ANOTHER_WAY)
    namespace = {"np": np}
    exec(ANOTHER_WAY, namespace)
    own = check_function(get("numerical_gradient"), namespace["numerical_gradient"])
    assert (verdict.outcome, verdict.sentence) == (own.outcome, own.sentence)
    assert asked > 0


def stands_alone(function):
    return set(function.__code__.co_names) & set(function.__globals__) <= {"np"}


MISTAKES = [m for m in get("numerical_gradient").mistakes if stands_alone(m.answer)]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_is_recognised_all_the_same(judged, mistake):
    verdict, _ = judged("numerical_gradient", answer_code("numerical_gradient", mistake.answer))
    assert verdict.mistake == mistake.name
