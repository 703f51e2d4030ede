import numpy as np
import pytest

from course_lib.instructor.sandbox.defined import Defined
from course_lib.instructor.sandbox.inside.messages import foreign

PARTS = "problem", "kind", "found", "imported", "names", "failed", "remarks"
VALUES = None, True, 3, 0.5, "x" * 10_000, np.ones(3), np.float64(1), np.array([]), foreign("Odd")
FORMS = (
    lambda one: one,
    lambda one: [one] * 60,
    lambda one: [[one] * 3],
    lambda one: {"rnn_step": one},
    lambda one: {"rnn_step": [one, one]},
    lambda one: {3: (one, [one])},
)


@pytest.mark.parametrize("part", PARTS)
def test_whatever_a_child_says_of_its_notebook_is_taken(part):
    """An array in place of a sentence brought the grader down, and with it the submission."""
    for value in VALUES:
        for form in FORMS:
            found = Defined.from_answer({part: form(value)})
            texts = [found.problem, found.kind, *found.remarks, *found.names, *found.found]
            texts += [one for three in found.imported for one in three]
            texts += [one for two in found.failed.values() for one in two]
            assert all(isinstance(one, str) for one in texts)
