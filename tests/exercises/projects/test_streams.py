"""A step that is taken again: whose memory is lost before, and whose own methods are left alone."""

import functools

import numpy as np
import pytest

from course_lib.exercises.calling.guard import Elsewhere, Guarded, Held, Unusable, held
from course_lib.exercises.projects.streams import learn_along

X = np.zeros((2, 5, 3))
RETURNS = {"outputs": "array", "weights": "mapping"}


def step(weights, x):
    """Counts its steps in the weights, as it should."""
    return weights["t"] * np.ones((len(x), 3)), {"t": weights["t"] + 1.0}


class InAnotherProcess(Elsewhere):
    """What is kept here is lost when the process is made anew."""

    def __init__(self):
        self.forgot = 0
        self.kept = {}

    def __call__(self, weights, x):
        """Knows its answers by the weights, so that a second call gives the same."""
        key = float(weights["t"][0])
        outputs = self.kept.setdefault(key, len(self.kept) * np.ones((len(x), 3)))
        return outputs.copy(), {"t": weights["t"] + 1.0}

    def held(self):
        return self

    def forget(self):
        self.forgot += 1
        self.kept = {}


class OfALearner:
    """A learner's object, whose methods have the names that the course's have."""

    def __init__(self, called):
        self.called = called
        self.function = InAnotherProcess()

    def __call__(self, weights, x):
        return step(weights, x)

    def forget(self):
        self.called.append("forget")

    def held(self, *arguments):
        self.called.append("held")
        return self


def along(function):
    return learn_along(function, {"t": np.zeros(1)}, X, "f", 1000)


def test_a_plain_function_is_taken_again_as_it_is():
    assert along(step)[0, :, 0].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda one: one,
        lambda one: Guarded(one, "f", RETURNS),
        lambda one: Guarded(Held(one, "f"), "f", RETURNS),
        lambda one: Guarded(held(one, "f"), "f", RETURNS),
    ],
    ids=["itself", "guarded", "held and guarded", "held there"],
)
def test_what_lives_elsewhere_forgets_below_the_courses_wrappers(wrapped):
    one = InAnotherProcess()
    with pytest.raises(Unusable, match="when the same step is taken again"):
        along(wrapped(one))
    assert one.forgot == 1


@pytest.mark.parametrize("wrapped", [lambda one: one, lambda one: Guarded(one, "f", RETURNS)])
def test_a_learners_own_forget_and_held_are_not_called(wrapped):
    called = []
    one = OfALearner(called)
    assert along(wrapped(one))[0, :, 0].tolist() == [0, 1, 2, 3, 4]
    assert isinstance(held(one, "f"), Held)
    assert called == []
    assert one.function.forgot == 0


def test_a_partial_of_a_learners_is_left_alone():
    called = []
    assert along(functools.partial(OfALearner(called)))[0, -1, 0] == 4
    assert called == []
