"""What a slip has left is put right by one of the changes that are tried."""

import ast

import numpy as np
import pytest

from course_lib.exercises.mutants import changes
from course_lib.exercises.ways_back import ways_back


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
