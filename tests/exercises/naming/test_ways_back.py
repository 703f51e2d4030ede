"""What a slip has left is put right by one of the changes that are tried."""

import ast

import numpy as np
import pytest

from course_lib.exercises.naming.changes import changes
from course_lib.exercises.naming.ways_back import ways_back


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("total = v * d", "total += v * d"),
        ("decay = -gamma", "decay = np.exp(-gamma)"),
        ("i, o, f = gates", "i, f, o = gates"),
        ("slope = u > g", "slope = u > 0"),
        ("start = 'ones'", "start = 'zeros'"),
        ("norm = np.sqrt(np.mean(x))", "norm = np.sqrt(np.sum(x))"),
    ],
)
def test_what_a_slip_has_left_can_be_put_right(wrong, right):
    def reference(gamma):
        return np.exp(gamma), "zeros"

    tree = ast.parse(f"def answer(v, d, gamma, g, u, x):\n    {wrong}")
    found = list(changes(tree, ways_back(reference)))
    made = []
    for change in found:
        with change.made():
            made.append(ast.unparse(tree.body[0].body[0]))
    assert right in made


@pytest.mark.parametrize(
    ("arguments", "wrong", "right"),
    [
        ("x, eta=0.9", "fits = x <= 0.9", "fits = x <= eta"),
        ("x, eta=0.9", "fits = eta * x <= 0.9", "fits = eta * x <= eta"),
        ("x, seed=0", "rng = default_rng(0)", "rng = default_rng(seed)"),
    ],
)
def test_a_default_that_was_typed_in_becomes_the_argument(arguments, wrong, right):
    assert right in _tried(arguments, wrong)


@pytest.mark.parametrize(
    ("arguments", "wrong", "never"),
    [
        ("x, seed=0", "rng = default_rng(seed)[0]", "rng = default_rng(seed)[seed]"),
        ("x, training=True", "y = f(x, True)", "y = f(x, training)"),
        ("x, training=True", "y = f(x, 1)", "y = f(x, training)"),
    ],
)
def test_what_merely_equals_a_default_is_left_alone(arguments, wrong, never):
    assert never not in _tried(arguments, wrong)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("for t in range(3): y = y @ f(h)", "y = y @ f(h[t])"),
        ("for t in range(3): y = y @ f(h)", "y = y @ f(h[:, t])"),
        ("y = h", "y *= h"),
    ],
)
def test_a_counter_or_a_sign_that_was_forgotten_is_put_there(wrong, right):
    assert any(made.endswith(right) for made in _tried("h, W", wrong))


def _tried(arguments, wrong):
    """What becomes of a line, change by change."""
    tree = ast.parse(f"def answer({arguments}):\n    {wrong}")
    made = []
    for change in changes(tree, ways_back(nothing)):
        with change.made():
            made.append(ast.unparse(tree.body[0].body[0]))
    return made


def nothing(x):
    """A reference with nothing in it."""
    return x
