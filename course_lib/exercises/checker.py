"""Walk a function up its ladder; if it falls, find the mistake behind the fall."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from course_lib.exercises.exercise import BY_TWIN, Arrays, Exercise, Mistake, Problem, Rung
from course_lib.exercises.guard import (
    OUT_OF_TIME,
    CappedOutput,
    Guarded,
    NotWritten,
    Unusable,
    full_stop,
    guarded,
    held,
    name_outputs,
)
from course_lib.exercises.report import NOT_RIGHT, NOT_WRITTEN, PASSED, Report
from course_lib.exercises.rungs import shapes_that_came_in
from course_lib.exercises.unharmed import unharmed, whole_libraries, within_bounds
from course_lib.graphs import namespace_of

# What the judgement of a rung raises over arrays that nobody thought of.
UNFORESEEN = (TypeError, ValueError, KeyError, IndexError, AttributeError, ArithmeticError)


@dataclass(frozen=True)
class Outcome:
    """What a function made of one rung: named outputs, or why there are none and of what kind."""

    outputs: Arrays | None = None
    unusable: str = ""
    kind: str = ""  # of `Unusable`


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
            mistake = (
                None
                if outcome.kind == OUT_OF_TIME
                else recognise(exercise, rung, function, outcome)
            )
            verdict = {
                "outcome": NOT_RIGHT,
                "sentence": mistake.sentence if mistake else problem.sentence,
                "mistake": mistake.name if mistake else None,
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


def climb(
    exercise: Exercise,
    rung: Rung,
    function: Callable,
    output: CappedOutput,
    own: Mapping[str, Callable] = MappingProxyType({}),
) -> Outcome:
    """Call the function as the rung says. This half runs the learner's code.

    Raises:
        NotWritten: if a stub was reached.
    """
    inputs = rung.inputs()
    try:
        with (
            within_bounds(exercise.id),
            reference_parts(exercise, function, own),
            guarded(exercise.id, function, output),
            whole_libraries(),
        ):
            if not callable(function):
                raise Unusable(f"{exercise.id} is a {type(function).__name__}, not a function.")
            callee = function
            if exercise.returns:
                watched = held(function, exercise.id) if rung.hold else function
                callee = Guarded(watched, exercise.id, exercise.returns)
            return Outcome(called(exercise, rung, callee, inputs))
    except Unusable as problem:
        return Outcome(unusable=str(problem), kind=problem.kind)


def called(exercise: Exercise, rung: Rung, callee: Callable, inputs: Arrays) -> Arrays:
    """Named outputs of the rung's call, or of a plain call where it has none of its own."""
    if rung.call is not None:
        return rung.call(callee, inputs)
    return name_outputs(exercise.returns, callee(*inputs.values()))


def judge(rung: Rung, outcome: Outcome) -> Problem | None:
    """Compare what came out with what should have. This half sees plain arrays only."""
    if outcome.outputs is None:
        details = shapes_that_came_in(rung.inputs()) if " raised " in outcome.unusable else {}
        return Problem(outcome.unusable, details)
    try:
        with np.errstate(all="ignore"):
            return rung.judge(rung.inputs(), outcome.outputs)
    except UNFORESEEN as error:
        return Problem(f"What was returned can't be judged ({type(error).__name__}: {error}).")


def recognise(
    exercise: Exercise, fell_at: Rung, function: Callable, outcome: Outcome
) -> Mistake | None:
    """The named mistake that computes the same as the function, from the rung it fell at upwards.

    Agreement on one small case can be chance; agreement on all the rungs that are left is not. And
    what the function got right, the mistake must get right too. Of a function that can't be used
    only the failures are compared: it may be wrong in other ways as well, but this comes first.
    """
    fall = exercise.ladder.index(fell_at)
    held = exercise.ladder[:fall]
    rest = [r for r in exercise.ladder[fall:] if r is fell_at or not r.of_all]
    suspects = list(exercise.mistakes)
    for rung in rest:
        with contextlib.suppress(NotWritten):
            theirs = outcome if rung is fell_at else climb(exercise, rung, function, CappedOutput())
            if theirs.kind == OUT_OF_TIME:
                return None  # each further rung would take as long
            if outcome.outputs is None and theirs.outputs is not None:
                continue
            suspects = [m for m in suspects if _is_like(exercise, rung, m, theirs, rung is fell_at)]
        if not suspects:
            return None
    return next((m for m in suspects if all(_passes(exercise, r, m) for r in held)), None)


def _passes(exercise: Exercise, rung: Rung, mistake: Mistake) -> bool:
    return judge(rung, climb(exercise, rung, mistake.answer, CappedOutput())) is None


def _is_like(
    exercise: Exercise, rung: Rung, mistake: Mistake, theirs: Outcome, must_fall: bool
) -> bool:
    """Whether a mistake does on this rung what the function did; where it fell, both must fall."""
    own = climb(exercise, rung, mistake.answer, CappedOutput())
    return agree(own, theirs) and not (must_fall and judge(rung, own) is None)


def agree(a: Outcome, b: Outcome) -> bool:
    """Whether two functions did the same on a rung: the same arrays, or the same failure."""
    if a.outputs is None or b.outputs is None:
        # Messages name the line that failed, which differs; what went wrong stands before it.
        return a.outputs is b.outputs and _cause(a.unusable) == _cause(b.unusable)
    ours, theirs = _computed(a.outputs), _computed(b.outputs)
    return ours.keys() == theirs.keys() and all(_alike(ours[n], theirs[n]) for n in ours)


def _computed(outputs: Arrays) -> Arrays:
    """The outputs without those of the learner's own twin, which no mistake has."""
    return {name: value for name, value in outputs.items() if not name.endswith(BY_TWIN)}


def _cause(sentence: str) -> str:
    return sentence.split(", at the line")[0].rstrip(".")


def _alike(a: Any, b: Any) -> bool:
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(_alike(a[k], b[k]) for k in a)
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        return False
    if "U" in (a.dtype.kind, b.dtype.kind):  # words
        return np.array_equal(a, b)
    single = np.float32 in (a.dtype, b.dtype)
    return bool(np.allclose(a, b, rtol=1e-4 if single else 1e-8, atol=1e-5, equal_nan=True))


@contextlib.contextmanager
def reference_parts(
    exercise: Exercise, function: Callable, own: Mapping[str, Callable]
) -> Iterator[None]:
    """While it lasts, the function finds the reference's other exercises in place of the learner's.

    So each exercise is judged on its own: a wrong `rnn_step` doesn't fail a right `rnn_forward`.
    Only a twin that has passed, and is still the same, stays the learner's own.
    """
    from course_lib.exercises.registry import get, ids

    namespace = namespace_of(function)
    others = {*exercise.uses, *(name for name in ids() if name in namespace)} - {exercise.id}
    if exercise.twin in own and namespace.get(exercise.twin) is own[exercise.twin]:
        others.discard(exercise.twin)
    parts = {name: get(name).reference for name in others}
    before = {name: namespace[name] for name in parts if name in namespace}
    namespace.update(parts)
    try:
        yield
    finally:
        for name in parts:
            namespace.pop(name, None)
        namespace.update(before)


def _still_to_write(exercise: Exercise, message: str) -> str:
    what = message.removeprefix("IMPLEMENT-ME:").strip() or "your own code"
    return (
        f"{exercise.id} isn't written yet: a line `raise NotImplementedError` still stands in it. "
        f"Write in its place: {full_stop(what)}"
    )
