"""The inputs of a check are made anew for each call: whoever is given them may change them.

One process judges a whole class. An array that two calls share, changed by one answer, would be
another one for the next student.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from course_lib.exercises.exercise import Exercise


def shared_inputs(exercise: Exercise) -> str:
    """In which rung two calls of its inputs give the same object, as a sentence; "" if in none."""
    for rung in exercise.ladder:
        first = list(_changeable(rung.inputs()))
        for other in _changeable(rung.inputs()):
            if any(_is_shared(own, other) for own in first):
                return f"two calls of the inputs of {rung.name!r} share what can be changed"
    return ""


def _changeable(value: Any) -> Iterator[Any]:
    """All that can be changed in a value, in what it holds, and in what a loss looks at."""
    if isinstance(value, np.ndarray | np.random.Generator | dict | list):
        yield value
    if isinstance(value, dict):
        value = list(value.values())
    elif callable(value):
        held = [cell.cell_contents for cell in getattr(value, "__closure__", None) or ()]
        held += getattr(value, "__defaults__", None) or ()
        value = [one for one in held if not callable(one)]
    for one in value if isinstance(value, list | tuple) else ():
        yield from _changeable(one)


def _is_shared(one: Any, other: Any) -> bool:
    arrays = isinstance(one, np.ndarray) and isinstance(other, np.ndarray)
    return one is other or (arrays and np.shares_memory(one, other))
