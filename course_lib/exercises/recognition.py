"""Find the named mistake behind a wrong answer: on evidence only, for a false name costs more than
none.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from course_lib.exercises.climbing import Outcome, climb, judge
from course_lib.exercises.exercise import BY_TWIN, Arrays, Exercise, Mistake, Rung
from course_lib.exercises.guard import OUT_OF_TIME, CappedOutput, NotWritten

# Where a result isn't finite, how far the inputs can be scaled before it happens tells functions
# apart that overflow for different reasons.
SCALES = (1 / 16, 1 / 8, 1 / 4, 1 / 2, -1 / 4, -1 / 2, -1)

# What mistakes have made of rungs, in this session: the same each time, and in TensorFlow slow.
_known: dict[tuple[Callable, Rung], Outcome] = {}


@dataclass(frozen=True)
class Recognised:
    """A mistake that was recognised.

    Args:
        mistake: which one.
        more: whether something else is wrong as well.
    """

    mistake: Mistake
    more: bool = False


@dataclass(frozen=True)
class Fall:
    """A rung from the first fall upwards, with what the function made of it.

    Args:
        rung: the rung.
        outcome: what came out.
        fell: whether it isn't as it should be.
    """

    rung: Rung
    outcome: Outcome
    fell: bool


def recognise(
    exercise: Exercise, fell_at: Rung, function: Callable, outcome: Outcome
) -> Recognised | None:
    """The named mistake that does the same as the function, from the rung it fell at upwards.

    Agreement on one small case can be chance; agreement on all the rungs that are left is not. And
    what the function got right, the mistake must get right too. If the first rungs that fail agree
    with one mistake and all the later ones with another, the first is named.

    Args:
        exercise: with its mistakes.
        fell_at: the first rung that failed.
        function: what the learner wrote.
        outcome: what it made of that rung.

    Returns:
        The mistake, or None if nothing proves it to be one of them.
    """
    if outcome.kind == OUT_OF_TIME or not exercise.mistakes:
        return None
    fall = exercise.ladder.index(fell_at)
    held = exercise.ladder[:fall]
    rest = [r for r in exercise.ladder[fall:] if r is fell_at or not r.of_all]
    seen = list(_seen(exercise, rest, function, outcome))
    if seen and seen[-1].outcome.kind == OUT_OF_TIME:
        return None  # each further rung would take as long
    suspects = [
        suspect
        for suspect in (_Suspect(exercise, m, function) for m in exercise.mistakes)
        if suspect.is_like(seen[0]) and suspect.falls_at(fell_at)
    ]
    if not suspects:
        return None
    suspects = [s for s in suspects if all(not s.falls_at(rung) for rung in held)]
    for suspect in suspects:
        if all(suspect.is_like(one) for one in seen) and any(map(suspect.is_proven_by, seen)):
            return Recognised(suspect.mistake)
    return _first_of_two(exercise, suspects, seen, function)


def _first_of_two(exercise, suspects, seen, function) -> Recognised | None:
    """The mistake that explains the first falls, where another one explains the others."""
    falls = [one for one in seen if one.fell]
    raised = [one for one in falls if one.outcome.outputs is None]
    found = []
    for suspect in suspects:
        if not suspect.is_proven_by(falls[0]):
            continue
        # What raises comes first: nothing behind it has been computed yet.
        if raised and falls[0] is raised[0] and all(map(suspect.is_like, raised)):
            found.append(suspect)
            continue
        later = [one for one in falls if not suspect.is_like(one)]
        first = falls[: falls.index(later[0])] if later else []
        if first and all(not suspect.is_like(one) for one in falls[len(first) :]):
            others = (_Suspect(exercise, m, function) for m in exercise.mistakes)
            if any(
                all(o.is_like(one) and o.is_proven_by(one) for one in later)
                for o in others
                if o.mistake is not suspect.mistake
            ):
                found.append(suspect)
    return Recognised(found[0].mistake, more=True) if len(found) == 1 else None


def _seen(
    exercise: Exercise, rest: list[Rung], function: Callable, first: Outcome
) -> Iterator[Fall]:
    for rung in rest:
        try:
            outcome = first if rung is rest[0] else climb(exercise, rung, function, CappedOutput())
        except NotWritten:
            continue
        yield Fall(rung, outcome, judge(rung, outcome) is not None)
        if outcome.kind == OUT_OF_TIME:
            return


class _Suspect:
    """A named mistake beside a learner's function."""

    def __init__(self, exercise: Exercise, mistake: Mistake, function: Callable):
        self.exercise, self.mistake, self.function = exercise, mistake, function

    def outcome(self, rung: Rung) -> Outcome:
        """What the mistake makes of a rung."""
        key = self.mistake.answer, rung
        if key not in _known:
            _known[key] = climb(self.exercise, rung, self.mistake.answer, CappedOutput())
        return _known[key]

    def falls_at(self, rung: Rung) -> bool:
        """Whether the mistake fails a rung."""
        return judge(rung, self.outcome(rung)) is not None

    def is_like(self, one: Fall) -> bool:
        """Whether the mistake does what the function did."""
        return agree(self.outcome(one.rung), one.outcome)

    def is_proven_by(self, one: Fall) -> bool:
        """Whether what they share on a rung can't well come from anything else."""
        if not (one.fell and self.is_like(one)):
            return False
        mine, theirs = self.outcome(one.rung), one.outcome
        if theirs.outputs is None:
            # Of a result of the wrong form the sentence says all. An exception's text does not.
            return not theirs.kind or mine.where == theirs.where != ""
        if _finite(mine.outputs) and _finite(theirs.outputs):
            return True
        return self._breaks_at_the_same_size(one.rung)

    def _breaks_at_the_same_size(self, rung: Rung) -> bool:
        for scale in SCALES:
            smaller = replace(rung, inputs=lambda scale=scale: _scaled(rung.inputs(), scale))
            pair = [
                climb(self.exercise, smaller, f, CappedOutput())
                for f in (self.mistake.answer, self.function)
            ]
            if not agree(*pair):
                return False
        return True


def agree(a: Outcome, b: Outcome) -> bool:
    """Whether two functions did the same on a rung: the same arrays, or the same failure."""
    if a.outputs is None or b.outputs is None:
        if a.outputs is not b.outputs or a.kind != b.kind:
            return False
        # Messages name the line that failed, which differs; what went wrong stands before it.
        same_text = _cause(a.unusable) == _cause(b.unusable)
        return same_text and (a.where == b.where or not (a.where and b.where))
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
    tolerance = 1e-4 if np.float32 in (a.dtype, b.dtype) else 1e-7
    size = np.abs(a[np.isfinite(a)]).max(initial=0.0) if a.dtype.kind in "fc" else 1.0
    return bool(np.allclose(a, b, rtol=tolerance, atol=tolerance * size, equal_nan=True))


def _finite(outputs: Arrays) -> bool:
    return all(
        _finite(one) if isinstance(one, dict) else _all_finite(np.asarray(one))
        for one in outputs.values()
    )


def _all_finite(array: np.ndarray) -> bool:
    return array.dtype.kind not in "fc" or bool(np.isfinite(array).all())


def _scaled(value: Any, scale: float) -> Any:
    if isinstance(value, dict):
        return {name: _scaled(one, scale) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_scaled(one, scale) for one in value)
    if isinstance(value, np.ndarray) and value.dtype.kind in "fc":
        return (value * scale).astype(value.dtype)
    return value
