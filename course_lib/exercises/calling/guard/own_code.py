"""Which code is the guard's own, and not a learner's."""

import os

HERE = os.path.dirname(__file__)


def is_own(file: str) -> bool:
    """Whether a file of code is one of this package."""
    return os.path.dirname(file) == HERE
