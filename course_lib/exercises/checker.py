"""Walk a function up its ladder; if it falls, find the mistake behind the fall."""

import contextlib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from course_lib.exercises.calling.guard import OUT_OF_TIME, CappedOutput, NotWritten, full_stop
from course_lib.exercises.calling.unharmed import old_objects_at_rest, unharmed
from course_lib.exercises.exercise import Exercise, Problem, Rung
from course_lib.exercises.ladder.climbing import UNFORESEEN, Budget, Outcome, climb, judge
from course_lib.exercises.naming.evidence import Evidence
from course_lib.exercises.naming.recognition import recognise
from course_lib.exercises.report import NOT_RIGHT, NOT_WRITTEN, PASSED, Report


def check_function(
    exercise: Exercise,
    function: Callable,
    own: Mapping[str, Callable] = MappingProxyType({}),
    named: bool = True,
) -> Report:
    """The verdict on a learner's function or class.

    Args:
        exercise: what was asked for.
        function: what the learner wrote.
        own: what of the learner's has passed already, by id.
        named: whether to look for the mistake behind a fall; that takes most of the time.

    Returns:
        A `Report`: passed, not written yet, or not right yet with the idea that is wrong.
    """
    with unharmed(), old_objects_at_rest():
        return _walk(exercise, function, own, named)


def _walk(
    exercise: Exercise, function: Callable, own: Mapping[str, Callable], named: bool
) -> Report:
    output = CappedOutput()
    passed: dict[Rung, Outcome] = {}
    remarks = {}
    verdict = {"outcome": PASSED}
    budget = Budget(exercise)
    for rung in exercise.ladder:
        if budget.spent:
            verdict = _out_of_time(exercise, rung, budget)
            break
        try:
            outcome = climb(exercise, rung, function, output, own)
        except NotWritten as stub:
            verdict = {"outcome": NOT_WRITTEN, "sentence": _still_to_write(exercise, str(stub))}
            break
        problem = judge(rung, outcome)
        if problem is not None:
            known = None
            with contextlib.suppress(*UNFORESEEN):  # a name that can't be found costs no verdict
                if named:
                    found = Evidence(exercise, rung, function, outcome, budget, passed)
                    known = recognise(found)
            verdict = {
                "outcome": NOT_RIGHT,
                "sentence": (known or problem).sentence,
                "mistake": known.name if known else None,
                "failed": rung.name,
                "problem": problem,
                "kind": outcome.kind,
            }
            break
        passed[rung] = outcome
        if rung.remark is not None and (remark := rung.remark(rung.inputs(), outcome.outputs)):
            remarks[rung.name] = remark
    return Report(
        exercise=exercise,
        passed=tuple(rung.name for rung in passed),
        remarks=remarks,
        printed=output.printed,
        output=output.getvalue(),
        function=function,
        **verdict,
    )


def _out_of_time(exercise: Exercise, rung: Rung, budget: Budget) -> dict[str, Any]:
    sentence = (
        f"The checks of {exercise.id} together have taken more than {budget.limit:.0f} seconds: it "
        "is right so far, but far too slow for what it computes."
    )
    return {
        "outcome": NOT_RIGHT,
        "sentence": sentence,
        "failed": rung.name,
        "problem": Problem(sentence),
        "kind": OUT_OF_TIME,
    }


def _still_to_write(exercise: Exercise, message: str) -> str:
    what = message.removeprefix("IMPLEMENT-ME:").strip() or "your own code"
    return (
        f"{exercise.id} isn't written yet: a line `raise NotImplementedError` still stands in it. "
        f"Write in its place: {full_stop(what)}"
    )
