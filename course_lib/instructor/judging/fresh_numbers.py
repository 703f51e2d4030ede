"""A public rung with other numbers.

A rung's judge that computes what is right from the inputs works for any inputs of the same kind.
Of a case by hand, whose answer is written down, the reference says what is right for other numbers.
"""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from course_lib.exercises.calling.guard import name_outputs
from course_lib.exercises.exercise import Arrays, Exercise, Problem, Rung
from course_lib.exercises.ladder.rungs import unlike

# Factors below 1 keep what was small enough small enough; zeros stay zero, and masks and labels as
# they are.
LEAST, MOST = 0.6, 0.98
LARGER = 2, 9  # what is added to whole numbers that are sizes or seeds

Inputs = Callable[[], Arrays]


def fresh_rung(exercise: Exercise, position: int, way: str, seed: int, draw: int = 0) -> Rung:
    """A rung of the public ladder with other numbers.

    Args:
        exercise: with its public ladder.
        position: of the rung.
        way: to other numbers, one of `WAYS`.
        seed: decides the numbers.
        draw: which of many draws with this seed.
    """
    rung = exercise.ladder[position]
    fresh = replace(rung, inputs=_changed(rung.inputs, WAYS[way], (seed, position, draw)))
    return _judged_by_the_reference(exercise, fresh) if rung.fixed else fresh


def _judged_by_the_reference(exercise: Exercise, rung: Rung) -> Rung:
    def judge(given: Arrays, outputs: Arrays) -> Problem | None:
        if rung.call is not None:
            return unlike(outputs, rung.call(exercise.reference, given))
        return unlike(outputs, name_outputs(exercise.returns, exercise.reference(*given.values())))

    return replace(rung, judge=judge)


def _changed(inputs: Inputs, other: Callable, seed: tuple[int, ...]) -> Inputs:
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
WAYS: dict[str, Callable] = {
    "each by its own factor": _each_by_its_own_factor,
    "all by one factor": _all_by_one_factor,
    "other settings": _with_other_settings,
    "other sizes": _with_other_sizes,
    **{f"another size, number {place + 1}": _one_other_size(place) for place in range(3)},
}


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
