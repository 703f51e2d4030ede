"""Walk a function up its ladder; if it falls, find the mistake behind the fall."""

import contextlib
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Mistake, Problem, Rung
from course_lib.exercises.guard import (
    CappedOutput,
    Guarded,
    NotWritten,
    Unusable,
    guarded,
    name_outputs,
)
from course_lib.exercises.report import NOT_RIGHT, NOT_WRITTEN, PASSED, Report


@dataclass(frozen=True)
class Outcome:
    """What a function made of one rung: named outputs, or why there are none."""

    outputs: Arrays | None = None
    unusable: str = ""


def check_function(exercise: Exercise, function: Callable) -> Report:
    """The verdict on a learner's function or class.

    Args:
        exercise: what was asked for.
        function: what the learner wrote.

    Returns:
        A `Report`: passed, not written yet, or not right yet with the idea that is wrong.
    """
    output = CappedOutput()
    passed = []
    verdict = {"outcome": PASSED}
    function = with_reference_parts(exercise, function)
    for rung in exercise.ladder:
        try:
            outcome = climb(exercise, rung, function, output)
        except NotWritten as stub:
            verdict = {"outcome": NOT_WRITTEN, "sentence": _still_to_write(exercise, str(stub))}
            break
        problem = judge(rung, outcome)
        if problem is not None:
            mistake = recognise(exercise, rung, function, outcome)
            verdict = {
                "outcome": NOT_RIGHT,
                "sentence": mistake.sentence if mistake else problem.sentence,
                "mistake": mistake.name if mistake else None,
                "failed": rung.name,
                "problem": problem,
            }
            break
        passed.append(rung.name)
    return Report(
        exercise=exercise,
        passed=tuple(passed),
        printed=output.printed,
        output=output.getvalue(),
        function=function,
        **verdict,
    )


def climb(exercise: Exercise, rung: Rung, function: Callable, output: CappedOutput) -> Outcome:
    """Call the function as the rung says. This half runs the learner's code.

    Raises:
        NotWritten: if a stub was reached.
    """
    inputs = rung.inputs()
    try:
        with guarded(exercise.id, function, output):
            if not callable(function):
                raise Unusable(f"{exercise.id} is a {type(function).__name__}, not a function.")
            callee = function
            if exercise.returns:
                callee = Guarded(function, exercise.id, exercise.returns)
            if rung.call is not None:
                return Outcome(rung.call(callee, inputs))
            return Outcome(name_outputs(exercise.returns, callee(*inputs.values())))
    except Unusable as problem:
        return Outcome(unusable=str(problem))


def judge(rung: Rung, outcome: Outcome) -> Problem | None:
    """Compare what came out with what should have. This half sees plain arrays only."""
    if outcome.outputs is None:
        shapes = {k: str(np.shape(v)) for k, v in rung.inputs().items() if np.ndim(v)}
        details = {"the shapes that came in": shapes} if " raised " in outcome.unusable else {}
        return Problem(outcome.unusable, details)
    return rung.judge(rung.inputs(), outcome.outputs)


def recognise(
    exercise: Exercise, fell_at: Rung, function: Callable, outcome: Outcome
) -> Mistake | None:
    """The named mistake that computes the same as the function, from the rung it fell at upwards.

    Agreement on one small case can be chance; agreement on all the rungs that are left is not.
    """
    rest = exercise.ladder[exercise.ladder.index(fell_at) :]
    suspects = list(exercise.mistakes)
    for rung in rest:
        with contextlib.suppress(NotWritten):
            theirs = outcome if rung is fell_at else climb(exercise, rung, function, CappedOutput())
            suspects = [m for m in suspects if _is_like(exercise, rung, m, theirs, rung is fell_at)]
        if not suspects:
            return None
    return suspects[0]


def _is_like(
    exercise: Exercise, rung: Rung, mistake: Mistake, theirs: Outcome, must_fall: bool
) -> bool:
    """Whether a mistake does on this rung what the function did; where it fell, both must fall."""
    answer = with_reference_parts(exercise, mistake.answer)
    own = climb(exercise, rung, answer, CappedOutput())
    return agree(own, theirs) and not (must_fall and judge(rung, own) is None)


def agree(a: Outcome, b: Outcome) -> bool:
    """Whether two functions did the same on a rung: the same arrays, or the same failure."""
    if a.outputs is None or b.outputs is None:
        # Messages name the line that failed, which differs; what went wrong stands before it.
        return a.outputs is b.outputs and _cause(a.unusable) == _cause(b.unusable)
    return a.outputs.keys() == b.outputs.keys() and all(
        _alike(a.outputs[name], b.outputs[name]) for name in a.outputs
    )


def _cause(sentence: str) -> str:
    return sentence.split(", at the line")[0]


def _alike(a: Any, b: Any) -> bool:
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(_alike(a[k], b[k]) for k in a)
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        return False
    single = np.float32 in (a.dtype, b.dtype)
    return bool(np.allclose(a, b, rtol=1e-4 if single else 1e-8, atol=1e-5, equal_nan=True))


def with_reference_parts(exercise: Exercise, function: Callable) -> Callable:
    """The function, with the reference's earlier exercises in place of the learner's.

    So each exercise is judged on its own: a wrong `rnn_step` doesn't fail a right `rnn_forward`.
    """
    if not exercise.uses or not isinstance(function, types.FunctionType):
        return function
    from course_lib.exercises.registry import get

    parts = {name: get(name).reference for name in exercise.uses}
    twin = types.FunctionType(
        function.__code__,
        {**function.__globals__, **parts},
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    twin.__kwdefaults__ = function.__kwdefaults__
    return twin


def _still_to_write(exercise: Exercise, message: str) -> str:
    what = message.removeprefix("IMPLEMENT-ME:").strip()
    return f"{exercise.id} isn't written yet. Next: {what or 'fill in the stub'}."
