"""Each size of what comes in is one somewhere: there a squeeze, or a loop from one, shows."""

import functools
import inspect

import numpy as np
import pytest

from course_lib.exercises.calling.guard import CappedOutput
from course_lib.exercises.ladder.climbing import climb
from course_lib.exercises.registry import get, ids

# Where a size is never one, and why it needn't be.
NEEDED_NOWHERE = {
    "cross_entropy_from_logits": {
        "axis 1 of logits": "one class has nothing to tell apart",
        "axis 2 of logits": "one class has nothing to tell apart",
        "axis 1 of labels": "with one step it is the case of one label a row, but for an axis",
    },
    "rnn_backward": {"cache, how many": "it is made by rnn_forward, of fixed parts"},
    "numerical_gradient": {"axis 2 of w": "any shape: entry by entry"},
    "state_jacobian": {
        "axis 1 of h": "a Jacobian of one unit is a number, of which no order can be told",
        "axis 0 of W_hh": "the same",
        "axis 1 of W_hh": "the same",
    },
    "forget_bias_for": {"axis 1 of steps": "number by number", "steps": "comes as array"},
    "fresh_cells": {"m": "no other than any number of inputs", "n": "no other than any units"},
    "dropout_between_layers": {f"axis {k} of h": "entry by entry" for k in range(3)},
    "grelu": {f"axis {k} of u": "entry by entry" for k in range(3)},
    "grelu_backward": {f"axis {k} of {name}": "entry by entry"
                       for name, axes in (("dy", 3), ("u", 2))
                       for k in range(axes)},
    "propagate": {"axis 0 of x": "its cosines need two inputs at least, as it says"},
    "gradual_dropout": {f"axis {k} of x": "entry by entry" for k in (1, 2)},
    "kernel_gradients": {
        **{f"axis {k} of beta": "a network of one unit has no others to move" for k in range(2)},
        **{f"axis 1 of {name}": "the same" for name in ("tangent", "Omega", "Gamma")},
    },
    "fit_modes": {f"axis 1 of {name}": "one step can't tell several modes apart"
                  for name in ("psi", "tangent")},
    "identity_recurrence": {"axis 1 of W_xh": "one unit has no others to be kept apart from"},
    "combine": {f"{name}, how many": "a span is a pair" for name in ("first", "second")},
    "sample_with_temperature": {
        "axis 1 of logits": "one character is no choice",
        "temperature": "1 is asked for as 1.0",
    },
}  # fmt: skip

IN_NUMPY = [
    name
    for name in ids()
    if get(name).kind != "project"
    and get(name).returns
    and not isinstance(get(name).reference, type)
]


def sizes_that_come_in(exercise):
    """Sizes by what they are of, over all rungs."""
    seen = {}
    signature = inspect.signature(exercise.reference)

    def note(what, size):
        seen.setdefault(what, set()).add(int(size))

    @functools.wraps(exercise.reference)
    def spy(*arguments, **named):
        bound = signature.bind(*arguments, **named)
        bound.apply_defaults()
        for name, value in bound.arguments.items():
            if isinstance(value, np.ndarray):
                for axis, size in enumerate(value.shape):
                    note(f"axis {axis} of {name}", size)
            elif isinstance(value, int | np.integer) and not isinstance(value, bool):
                note(name, value)
            elif isinstance(value, list | tuple):
                note(f"{name}, how many", len(value))
        return exercise.reference(*arguments, **named)

    for rung in exercise.ladder:
        climb(exercise, rung, spy, CappedOutput())
    return seen


@pytest.mark.parametrize("name", IN_NUMPY)
def test_each_size_is_one_somewhere(name):
    never = {what for what, sizes in sizes_that_come_in(get(name)).items() if 1 not in sizes}
    assert never == set(NEEDED_NOWHERE.get(name, ()))


def test_the_reasons_are_of_exercises_that_are_there():
    assert set(NEEDED_NOWHERE) <= set(IN_NUMPY)
