"""The losses that an answer is going to ask for, worked out once for a whole class.

A student's gradient check calls a loss some hundred times. The loss is the judge's, so each call
costs a message there and one back. The reference asks for the same losses. So it runs once, what it
asked for is noted, and goes along with the arguments: the student's process looks there first, and
asks for what is missing. What is noted is what the same question would have been answered with.
"""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np

from course_lib.instructor.sandbox.arguments import follow
from course_lib.instructor.sandbox.inside.messages import FINGERPRINT, fingerprint

MOST = 2_000  # losses of one call
MOST_CALLS = 1_000

Noted = dict[bytes, float]


class PrecomputedLosses:
    """What references asked for, by what they were called with.

    A class is judged with the same inputs, so this is worked out for the first student.
    """

    def __init__(self):
        self._known: dict[bytes, dict] = {}

    def __call__(self, reference: Callable, arguments: tuple) -> dict:
        """The losses that go along with a call, ready to be sent.

        Args:
            reference: of the exercise.
            arguments: of the call; those that can be called are losses of no argument.

        Returns:
            From the number of a loss to the fingerprints of the arguments at which it was asked
            for, bytes of shape (n, 16), and its n values. Empty if nothing is foreseen.
        """
        if not any(callable(one) for one in arguments):
            return {}
        key = content_of_call(reference, arguments)
        if key is None:
            return {}
        if key not in self._known:
            if len(self._known) >= MOST_CALLS:
                self._known.clear()
            self._known[key] = _asked_for(reference, arguments)
        return self._known[key]


def content_of_call(reference: Callable, arguments: tuple) -> bytes | None:
    """All that a call depends on, as bytes: the arguments, and what the losses hold."""
    parts: list[Any] = [reference.__module__, reference.__qualname__]
    for one in arguments:
        if callable(one):
            if not hasattr(one, "__code__"):
                return None
            code = one.__code__
            cells = [cell.cell_contents for cell in one.__closure__ or ()]
            parts += [one.__module__, one.__qualname__, code.co_firstlineno, code.co_code]
            parts += [code.co_names, repr(code.co_consts), one.__defaults__, cells]
        else:
            parts.append(one)
    try:
        return pickle.dumps(parts)
    except (pickle.PicklingError, AttributeError, TypeError, ValueError):
        return None


def _asked_for(reference: Callable, arguments: tuple) -> dict:
    kept = copy.deepcopy(arguments)
    noted: list[Noted] = []

    def noting(loss: Callable) -> Callable:
        found: Noted = {}
        noted.append(found)

        def asked(*given):
            value = loss(*given)
            if not given and type(value) in (float, np.float64) and len(found) < MOST:
                found[fingerprint(arguments)] = value
            return value

        return asked

    watched = tuple(noting(one) if callable(one) else one for one in arguments)
    try:
        with np.errstate(all="ignore"):
            reference(*watched)
    except Exception:  # then the student's process asks
        return {}
    finally:
        follow(arguments, kept)
    return {
        number: (
            np.frombuffer(b"".join(found), np.uint8).reshape(-1, FINGERPRINT),
            list(found.values()),
        )
        for number, found in enumerate(noted)
        if found
    }
