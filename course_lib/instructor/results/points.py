"""Points: what a verdict is worth, and the weights of the exercises."""

import json
import math
from collections.abc import Iterable
from pathlib import Path

from course_lib.exercises.report import PASSED
from course_lib.instructor.errors import BadUsage

NOTHING = ("tampered with", "missing", "not written yet")


def share(exercise: dict) -> float:
    """The share of an exercise that is earned, from 0 to 1: by rungs of the ladder, or by marks.

    Answers that hold for the public numbers only were not computed, and earn nothing. One that
    falls at a case of the instructor's own has climbed all of the ladder but that.
    """
    if exercise["outcome"] == PASSED and exercise.get("mark") is None:
        return 1.0
    if exercise["outcome"] in NOTHING or not exercise["rungs"]:
        return 0.0
    if exercise["hidden"] and exercise["failed"] == "other numbers":
        return 0.0
    rungs = exercise["rungs"] + exercise["hidden"]
    return exercise["held"] / rungs


def holds_none(student: dict) -> bool:
    """Whether notebooks were handed in that hold none of the exercises that were asked for."""
    missing = all(exercise["outcome"] == "missing" for exercise in student["exercises"])
    return bool(student["notebooks"]) and missing


def none_is_ours(students: Iterable[dict]) -> str:
    """A sentence for a class that handed in notebooks, but none with what was asked for."""
    notebooks = 0
    for student in students:
        if student["notebooks"] and not holds_none(student):
            return ""
        notebooks += len(student["notebooks"])
    if not notebooks:
        return ""
    return (
        f"None of the {notebooks} notebooks holds an exercise that was asked for: are they this "
        "course's?"
    )


def load_weights(file: Path | None, wanted: list[str]) -> dict[str, float]:
    """Points by exercise; 1 for what the file doesn't name.

    Raises:
        BadUsage: if the file is not a JSON object from ids to numbers of 0 or more.
    """
    weights = dict.fromkeys(wanted, 1.0)
    if file is None:
        return weights
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadUsage(f"{file} can't be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise BadUsage(f"{file} is no text in UTF-8.") from None
    except (ValueError, RecursionError) as error:
        raise BadUsage(f"{file} is not JSON: {error}.") from None
    if not isinstance(content, dict):
        raise BadUsage(f'{file} must hold an object, such as {{"rnn_step": 2}}.')
    from course_lib.exercises.registry import ids

    for one, weight in content.items():
        if one not in ids():
            raise BadUsage(f"{file}: there is no exercise called {one!r}.")
        if isinstance(weight, bool) or not isinstance(weight, int | float):
            raise BadUsage(f"{file}: the weight of {one} must be a number.")
        if not (math.isfinite(weight) and weight >= 0):
            raise BadUsage(f"{file}: the weight of {one} must be 0 or more.")
        if one in weights:
            weights[one] = float(weight)
    return weights


def total(student: dict, weights: dict[str, float]) -> tuple[float, float]:
    """Points that a student has, and that there are."""
    have = sum(weights[e["exercise"]] * share(e) for e in student["exercises"])
    return have, sum(weights.values())
