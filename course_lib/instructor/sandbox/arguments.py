"""Arguments that a student's function has changed are changed on this side too."""

from typing import Any

import numpy as np


def follow(mine: Any, theirs: Any) -> None:
    """Bring arrays to what the student has made of them, in place.

    Where only the numbers changed, the same array holds them: a loss that reads it sees the
    change. Whatever doesn't fit is left out; the guard then sees no change.
    """
    if isinstance(mine, dict) and isinstance(theirs, dict):
        for key in list(mine):
            if key not in theirs:
                del mine[key]
            elif not _followed(mine[key], theirs[key]):
                mine[key] = theirs[key]
        for key in theirs.keys() - mine.keys():
            mine[key] = theirs[key]
    elif isinstance(mine, list | tuple) and isinstance(theirs, list | tuple):
        for one, other in zip(mine, theirs, strict=False):
            _followed(one, other)


def _followed(mine: Any, theirs: Any) -> bool:
    """Whether what stands here could be changed in place, or needs no change."""
    if isinstance(mine, np.ndarray) and isinstance(theirs, np.ndarray):
        if mine.shape != theirs.shape or mine.dtype != theirs.dtype:
            return False
        if mine.flags.writeable:
            np.copyto(mine, theirs)
        return True
    if isinstance(mine, np.random.Generator):
        if isinstance(theirs, np.random.Generator):
            mine.bit_generator.state = theirs.bit_generator.state
        return True
    if isinstance(mine, dict | list | tuple):
        if not isinstance(theirs, dict | list | tuple):
            return False
        follow(mine, theirs)
        return True
    return not isinstance(theirs, np.ndarray)
