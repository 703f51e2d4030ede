"""The public rungs with other numbers, so that replayed answers are caught.

A rung's judge that computes what is right from the inputs works for any inputs of the same kind.
Whether it does is not declared but tried: a rung with new numbers is used only if the reference,
and every right answer in another style, passes it. Of a case by hand, whose answer is written down,
the reference says what is right for other numbers.
"""

import copy
import functools
import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from course_lib.exercises.calling.guard import name_outputs
from course_lib.exercises.checker import check_function
from course_lib.exercises.exercise import Arrays, Exercise, Problem, Rung
from course_lib.exercises.ladder.rungs import unlike
from course_lib.instructor.judging.stored_answers import with_stored_answers

# Factors below 1 keep what was small enough small enough; zeros stay zero, and masks and labels as
# they are.
LEAST, MOST = 0.6, 0.98
LARGER = 2, 9  # what is added to whole numbers that are sizes or seeds
FIRST_ONES = 2

Inputs = Callable[[], Arrays]


def fresh_ladder(exercise: Exercise, seed: int) -> tuple[Rung, ...]:
    """A few rungs that right answers still pass when every number is another one.

    The first ones above the shapes, which are cheap, and the last one, which says most. Then as
    many more as it takes for every named mistake to fall, even if it knows the public answers.

    Args:
        exercise: with its public ladder.
        seed: decides the numbers; keep it from the students.
    """
    positions = [p for p, rung in enumerate(exercise.ladder) if not rung.of_all]
    candidates = [_Candidate(exercise, p, other, seed) for other in OTHERS for p in positions]
    above = [one for one in candidates[: len(positions)] if one.position]
    chosen = list(itertools.islice((one for one in above if one.usable), FIRST_ONES))
    last = next((one for one in reversed(above) if one.usable), None)
    if last is not None and last not in chosen:
        chosen.append(last)
    cheat_with = with_stored_answers(exercise)
    for mistake in exercise.mistakes:
        cheat = cheat_with(mistake.answer)
        if not any(one.stops(cheat) for one in chosen):
            # Whether it stops this one is asked first: that takes one answer, not all right ones.
            needed = (one for one in candidates if one.changed and one.stops(cheat) and one.usable)
            chosen += itertools.islice(needed, 1)
    return tuple(one.rung for one in chosen)


class _Candidate:
    """A rung with other numbers; whether it is of any use is found out when somebody asks.

    Args:
        exercise: with its public ladder.
        position: of the rung.
        other: the way to other numbers.
        seed: of these.
    """

    def __init__(self, exercise: Exercise, position: int, other: Callable, seed: int):
        rung = exercise.ladder[position]
        self.exercise, self.position = exercise, position
        self.rung = replace(rung, inputs=_changed(rung.inputs, other, (seed, position)))
        if rung.fixed:
            self.rung = _judged_by_the_reference(exercise, self.rung)

    @functools.cached_property
    def changed(self) -> bool:
        """Whether the numbers are others at all."""
        return not _same(self.exercise.ladder[self.position].inputs(), self.rung.inputs())

    @functools.cached_property
    def usable(self) -> bool:
        """Whether every right answer passes it."""
        right = (self.exercise.reference, *self.exercise.alternatives)
        return self.changed and not any(self.stops(answer) for answer in right)

    def stops(self, answer: Callable) -> bool:
        """Whether an answer doesn't pass it."""
        alone = replace(self.exercise, ladder=(self.rung,), mistakes=[])
        return not check_function(alone, answer).ok


def _judged_by_the_reference(exercise: Exercise, rung: Rung) -> Rung:
    def judge(given: Arrays, outputs: Arrays) -> Problem | None:
        if rung.call is not None:
            return unlike(outputs, rung.call(exercise.reference, given))
        return unlike(outputs, name_outputs(exercise.returns, exercise.reference(*given.values())))

    return replace(rung, judge=judge)


def _changed(inputs: Inputs, other: Callable, seed: tuple[int, int]) -> Inputs:
    def changed() -> Arrays:
        return other(copy.deepcopy(inputs()), np.random.default_rng(seed))

    return changed


def _each_by_its_own_factor(value: Any, rng: np.random.Generator) -> Any:
    """The floating point numbers of all arrays."""
    return _mapped(value, array=lambda a: (a * rng.uniform(LEAST, MOST, a.shape)).astype(a.dtype))


def _all_by_one_factor(value: Any, rng: np.random.Generator) -> Any:
    """Arrays keep what holds between their numbers: equal ones stay equal."""
    factor = rng.uniform(LEAST, MOST)
    return _mapped(value, array=lambda a: (a * factor).astype(a.dtype))


def _with_other_settings(value: Any, rng: np.random.Generator) -> Any:
    """Arrays by one factor, and single numbers, such as rates, by their own."""
    value = _all_by_one_factor(value, rng)
    return _mapped(value, number=lambda x: x * rng.uniform(LEAST, MOST))


def _with_other_sizes(value: Any, rng: np.random.Generator) -> Any:
    """Whole numbers that are sizes or seeds; those that were equal stay equal."""
    more = int(rng.integers(*LARGER))
    return _mapped(_all_by_one_factor(value, rng), whole=lambda n: n + more)


def _one_other_size(place: int) -> Callable:
    """The same for those of one value, the `place`th: the others may be tied to a judge."""

    def other(value: Any, rng: np.random.Generator) -> Any:
        more, values = int(rng.integers(*LARGER)), []
        _mapped(value, whole=lambda n: values.append(n) or n)
        values = list(dict.fromkeys(values))
        chosen = values[place] if place < len(values) else None
        return _mapped(value, whole=lambda n: n + more if n == chosen else n)

    return other


# Ways to other numbers; the first one keeps least of what was there, the others are for rungs
# that it leaves nothing of.
OTHERS = (
    _each_by_its_own_factor,
    _all_by_one_factor,
    _with_other_settings,
    _with_other_sizes,
    *(_one_other_size(place) for place in range(3)),
)


def _mapped(
    value: Any,
    array: Callable = lambda a: a,
    number: Callable = lambda x: x,
    whole: Callable = lambda n: n,
) -> Any:
    """The value with its floating point arrays, single numbers and whole numbers replaced."""
    if isinstance(value, dict):
        return {name: _mapped(one, array, number, whole) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_mapped(one, array, number, whole) for one in value)
    if isinstance(value, np.ndarray):
        return array(value) if value.dtype.kind in "fc" and value.size else value
    if isinstance(value, float | np.floating):
        return number(value)
    return whole(value) if type(value) is int else value


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, dict):
        return all(_same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return all(_same(p, q) for p, q in zip(a, b, strict=True))
    if isinstance(a, np.ndarray):
        return np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
    return not isinstance(a, int | float) or a == b
