"""Whose code it is that runs: a learner's, or the guard's own."""

import contextlib
import os
import types
from typing import Any

HERE = os.path.dirname(__file__)


def is_own(file: str) -> bool:
    """Whether a file of code is one of this package."""
    return os.path.dirname(file) == HERE


def code_of(made: Any) -> types.CodeType | None:
    """The code of a learner's function, or of a method of their class: all share one file.

    An object of the learner's own may answer anything when it is asked for its code.

    Returns:
        None if there is none.
    """
    for one in vars(made).values() if isinstance(made, type) else (made,):
        with contextlib.suppress(Exception):
            if isinstance(one.__code__, types.CodeType):
                return one.__code__
    return None
