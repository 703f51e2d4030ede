"""Walk a function up its ladder; if it falls, find the mistake behind the fall."""

import contextlib
from collections.abc import Callable, Mapping
from types import MappingProxyType

from course_lib.exercises.climbing import UNFORESEEN, climb, judge
from course_lib.exercises.exercise import Exercise
from course_lib.exercises.guard import CappedOutput, NotWritten, full_stop
from course_lib.exercises.recognition import recognise
from course_lib.exercises.report import NOT_RIGHT, NOT_WRITTEN, PASSED, Report
from course_lib.exercises.unharmed import unharmed


def check_function(
    exercise: Exercise, function: Callable, own: Mapping[str, Callable] = MappingProxyType({})
) -> Report:
    """The verdict on a learner's function or class.

    Args:
        exercise: what was asked for.
        function: what the learner wrote.
        own: what of the learner's has passed already, by id.

    Returns:
        A `Report`: passed, not written yet, or not right yet with the idea that is wrong.
    """
    with unharmed():
        return _walk(exercise, function, own)


def _walk(exercise: Exercise, function: Callable, own: Mapping[str, Callable]) -> Report:
    output = CappedOutput()
    passed, remarks = [], {}
    verdict = {"outcome": PASSED}
    for rung in exercise.ladder:
        try:
            outcome = climb(exercise, rung, function, output, own)
        except NotWritten as stub:
            verdict = {"outcome": NOT_WRITTEN, "sentence": _still_to_write(exercise, str(stub))}
            break
        problem = judge(rung, outcome)
        if problem is not None:
            known = None
            with contextlib.suppress(*UNFORESEEN):  # a name that can't be found costs no verdict
                known = recognise(exercise, rung, function, outcome)
            verdict = {
                "outcome": NOT_RIGHT,
                "sentence": (known or problem).sentence,
                "mistake": known.name if known else None,
                "failed": rung.name,
                "problem": problem,
                "kind": outcome.kind,
            }
            break
        passed.append(rung.name)
        if rung.remark is not None and (remark := rung.remark(rung.inputs(), outcome.outputs)):
            remarks[rung.name] = remark
    return Report(
        exercise=exercise,
        passed=tuple(passed),
        remarks=remarks,
        printed=output.printed,
        output=output.getvalue(),
        function=function,
        **verdict,
    )


def _still_to_write(exercise: Exercise, message: str) -> str:
    what = message.removeprefix("IMPLEMENT-ME:").strip() or "your own code"
    return (
        f"{exercise.id} isn't written yet: it still contains a line `raise NotImplementedError`. "
        f"Write in its place: {full_stop(what)}"
    )
