"""A flag that XLA doesn't know ends the process that compiles first: in Jupyter without a word."""

import functools
import os

from course_lib.cores import HASTY_XLA

NAMES = "XLA_FLAGS", "TF_XLA_FLAGS"
ENDS = (
    "{} holds a flag that TensorFlow doesn't know, {}: the first cell that compiles would end the "
    "kernel without a word. Take that flag out, or unset {}, and start Python or Jupyter again."
)


def unknown_flag() -> str:
    """What is wrong with the flags that are set, in words; empty where nothing is.

    It costs seconds, but only where somebody has set one of the variables.
    """
    given = tuple((name, os.environ[name]) for name in NAMES if os.environ.get(name))
    return _looked_up(given) if given and dict(given) != HASTY_XLA else ""


@functools.cache
def _looked_up(given: tuple[tuple[str, str], ...]) -> str:
    from course_lib.doctor import UNKNOWN_FLAG, ask_tensorflow

    answer = ask_tensorflow()
    found = UNKNOWN_FLAG.search(answer) if isinstance(answer, str) else None
    return ENDS.format(found[1], found[2], found[1]) if found else ""
