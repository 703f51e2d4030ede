from dataclasses import replace

import numpy as np
import pytest

from course_lib.exercises.projects.project import Project
from course_lib.exercises.proving.inputs import shared_inputs
from course_lib.exercises.proving.prove import prove
from course_lib.exercises.registry import get, ids

ONCE = np.ones(3)


@pytest.mark.parametrize("one", [one for one in ids() if not isinstance(get(one), Project)])
def test_no_two_calls_have_an_array_in_common(one):
    assert shared_inputs(get(one)) == ""


@pytest.mark.parametrize(
    "shared",
    [
        lambda given: {**given, "b_h": ONCE},
        lambda given: {**given, "b_h": ONCE[:2]},
        lambda given: {**given, "layers": [{"b_h": ONCE}]},
        lambda given: {**given, "loss": lambda at=ONCE: (ONCE, given["b_h"])},
    ],
    ids=["itself", "a view", "deep inside", "a default of a loss"],
)
def test_what_two_calls_share_is_told_where_an_exercise_is_proven(shared):
    exercise = get("rnn_step")
    first = exercise.ladder[0]
    changed = replace(first, inputs=lambda: shared(first.inputs()))
    exercise = replace(exercise, ladder=(changed, *exercise.ladder[1:]))
    assert first.name in shared_inputs(exercise)
    rules = next(prove(exercise))  # which come first
    assert rules.kind == "rules"
    assert first.name in rules.failure
