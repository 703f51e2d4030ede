"""The public rungs with other numbers, so that replayed answers are caught.

A rung's judge that computes what is right from the inputs works for any inputs of the same kind.
Whether it does is not declared but tried: a rung with new numbers is used only if the reference,
and every right answer in another style, passes it. A case by hand, whose answer is written down,
drops out by itself.
"""

import copy
import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from course_lib.exercises.checker import check_function
from course_lib.exercises.exercise import Arrays, Exercise, Rung

# Factors below 1 keep what was small enough small enough; zeros stay zero, masks and labels as they
# are, and whole numbers too.
LEAST, MOST = 0.6, 0.98
FIRST_ONES = 2


def fresh_ladder(exercise: Exercise, seed: int) -> tuple[Rung, ...]:
    """A few rungs that right answers still pass when every number is another one.

    The first ones above the shapes, which are cheap, and the last one, which says most.

    Args:
        exercise: with its public ladder.
        seed: decides the numbers; keep it from the students.
    """
    positions = [p for p in range(1, len(exercise.ladder)) if not exercise.ladder[p].of_all]
    first = itertools.islice(_usable(exercise, positions, seed), FIRST_ONES)
    found = dict(first)
    rest = (p for p in reversed(positions) if p not in found)
    found |= dict(itertools.islice(_usable(exercise, rest, seed), 1))
    return tuple(found[position] for position in sorted(found))


def _usable(exercise: Exercise, positions: Iterable[int], seed: int) -> Iterator[tuple[int, Rung]]:
    """Rungs with other numbers that every right answer passes."""
    for position in positions:
        rung = exercise.ladder[position]
        new = replace(rung, inputs=_other_numbers(rung.inputs, (seed, position)))
        if _same(rung.inputs(), new.inputs()):
            continue
        alone = replace(exercise, ladder=(new,), mistakes=[])
        if all(check_function(alone, a).ok for a in (exercise.reference, *exercise.alternatives)):
            yield position, new


def _other_numbers(inputs: Callable[[], Arrays], seed: tuple[int, int]) -> Callable[[], Arrays]:
    def other() -> Arrays:
        return _scaled(copy.deepcopy(inputs()), np.random.default_rng(seed))

    return other


def _scaled(value: Any, rng: np.random.Generator) -> Any:
    if isinstance(value, dict):
        return {name: _scaled(one, rng) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_scaled(one, rng) for one in value)
    if isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.size:
        return (value * rng.uniform(LEAST, MOST, value.shape)).astype(value.dtype)
    return value


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, dict):
        return all(_same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return all(_same(p, q) for p, q in zip(a, b, strict=True))
    return not isinstance(a, np.ndarray) or np.array_equal(a, b)
