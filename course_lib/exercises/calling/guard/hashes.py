"""Hashes of texts, of which Python makes others at each start."""

import contextlib
import inspect
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any


@contextlib.contextmanager
def texts_hashed_anew(function: Callable) -> Iterator[None]:
    """In the block, the learner's own `hash` gives other numbers for texts than in any other block.

    Python does so too, but only from one start to the next: a seed that is made of them would be
    found reproducible by every check in one process, and by nobody on the next day. Who looks
    something up by a hash may do so: in a `__hash__`, of a frozen dataclass too, it is Python's.

    Args:
        function: the learner's; the names beside it are those that its code finds.
    """
    names = {}
    with contextlib.suppress(Exception):  # attributes of an object of the learner's own can raise
        names = inspect.unwrap(function).__globals__
    if "hash" in names:  # their own
        yield
        return
    salt = time.perf_counter_ns()

    def anew(value: Any) -> int:
        inside = sys._getframe(1).f_code.co_qualname.split(".")
        salted = _holds_text(value) and "__hash__" not in inside
        return hash((salt, value) if salted else value)

    names["hash"] = anew
    try:
        yield
    finally:
        names.pop("hash", None)


def _holds_text(value: Any) -> bool:
    """Whether a hash of it depends on a text's, of which Python makes another at each start."""
    if isinstance(value, tuple | frozenset):
        return any(map(_holds_text, value))
    return isinstance(value, str | bytes)
