"""At which rung each named mistake falls first: the same each time, so it is stored.

Whoever falls at another rung than a wrong answer isn't behind it, and whoever falls at the same one
is right on those below. In TensorFlow it takes seconds to run all mistakes of an exercise and to
find that out.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from course_lib.exercises.exercise import Exercise
from course_lib.exercises.registry import get

FILE = Path(__file__).with_suffix(".json")

_stored: dict[str, dict[str, str]] = {}


def read_again() -> None:
    """Once more what is stored; `course prove --measure` writes it."""
    _stored.clear()
    _stored.update(json.loads(FILE.read_text(encoding="utf-8")))


read_again()


def first_falls(exercise: Exercise) -> Mapping[str, str]:
    """The name of the rung at which each mistake falls first, by the mistake's name.

    Args:
        exercise: which one. Where it has mistakes that aren't stored, or another ladder, such as
            one of fresh numbers, nothing is known.
    """
    stored = _stored.get(exercise.id, {})
    all_there = {mistake.name for mistake in exercise.mistakes} <= stored.keys()
    return stored if stored and all_there and exercise is get(exercise.id) else {}
