"""Whether two functions did the same on a rung, and how much that says."""

import re
from typing import Any

import numpy as np

from course_lib.exercises.calling.guard import REFUSED
from course_lib.exercises.exercise import BY_TWIN, Arrays, Problem
from course_lib.exercises.ladder.climbing import Outcome

# A shut gate lets less than this through in one form of the sigmoid, and nothing in another.
NOISE = 1e-20


def agree(a: Outcome, b: Outcome) -> bool:
    """Whether two functions did the same on a rung: the same arrays, or the same failure."""
    if a.outputs is None or b.outputs is None:
        if a.outputs is not b.outputs or a.kind != b.kind:
            return False
        if a.where == b.where and _refused(a):
            return True  # each in words of its own
        # Messages name the line that failed, which differs; what went wrong stands before it.
        same_text = _cause(a.unusable) == _cause(b.unusable)
        return same_text and (a.where == b.where or not (a.where and b.where))
    ours, theirs = computed(a.outputs), computed(b.outputs)
    return ours.keys() == theirs.keys() and all(alike(ours[n], theirs[n]) for n in ours)


def _refused(outcome: Outcome) -> bool:
    """Whether the function itself raises what it raises."""
    return outcome.where.startswith(REFUSED)


def same_operation(a: Outcome, b: Outcome) -> bool:
    """Whether it is known to have failed in both, on the same operands."""
    return a.where == b.where != "" and not _refused(a)


def is_plain(outputs: Arrays) -> bool:
    """Whether all that came out is arrays of numbers or words; a slip can give anything."""
    return all(one.dtype.kind in "biufcU" for one in leaves(outputs).values())


def leaves(outputs: Arrays) -> dict[Any, np.ndarray]:
    """Each array by its name, and by its key where it stands in a dict."""
    return {name: np.asarray(one) for name, one in entries(outputs).items()}


def entries(values: Arrays) -> dict[Any, Any]:
    """Each value by its name, and by its key where it stands in a dict."""
    found = {}
    for name, value in values.items():
        entries = value.items() if isinstance(value, dict) else [("", value)]
        found |= {(name, key): one for key, one in entries}
    return found


def computed(outputs: Arrays) -> Arrays:
    """The outputs without those of the learner's own twin, which no mistake has.

    What reaches each weight goes by the weight's place: its name is everybody's own choice.
    """
    found = {name: value for name, value in outputs.items() if not name.endswith(BY_TWIN)}
    if isinstance(reached := found.get("gradients"), dict):
        found["gradients"] = dict(enumerate(reached.values()))
    return found


def in_kind(problem: Problem) -> str:
    """What a sentence says, whatever the numbers in it."""
    return re.sub(r"[\d,.]*\d", "#", problem.sentence)


def _cause(sentence: str) -> str:
    return sentence.split(", at the line")[0].rstrip(".")


def alike(a: Any, b: Any) -> bool:
    """Whether two arrays, or dicts of them, are equal as far as their precision tells."""
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(alike(a[k], b[k]) for k in a)
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        return False
    if "U" in (a.dtype.kind, b.dtype.kind):  # words
        return np.array_equal(a, b)
    tolerance = 1e-4 if np.float32 in (a.dtype, b.dtype) else 1e-7
    size = np.abs(a[np.isfinite(a)]).max(initial=0.0) if a.dtype.kind in "fc" else 1.0
    return bool(
        np.allclose(a, b, rtol=tolerance, atol=max(tolerance * size, NOISE), equal_nan=True)
    )


def all_finite(outputs: Arrays) -> bool:
    """Whether no number in the outputs is NaN or infinite, in dicts neither."""
    return all(
        all_finite(one) if isinstance(one, dict) else is_finite(np.asarray(one))
        for one in outputs.values()
    )


def is_finite(array: np.ndarray) -> bool:
    """Whether no number in an array is NaN or infinite; no word and no whole number ever is."""
    return array.dtype.kind not in "fc" or bool(np.isfinite(array).all())


def coarse(outputs: Arrays | None) -> bool:
    """Whether all that came out, if anything, is words or numbers of one digit after the point."""
    numbers = [one for one in leaves(outputs or {}).values() if one.dtype.kind in "fc"]
    return all(np.array_equal(one, np.round(one, 1)) for one in numbers)
