"""Numbers and switches that a user gives: what they should be, or one sentence."""

import math
from collections.abc import Callable
from numbers import Real
from typing import NamedTuple

import numpy as np


class Range(NamedTuple):
    """Which numbers are meant, in words and as a test."""

    words: str
    holds: Callable[[float], bool]


ANY = Range("a number", math.isfinite)
FROM_0 = Range("a number, 0 or more", lambda x: 0 <= x < math.inf)
ABOVE_0 = Range("a number above 0", lambda x: 0 < x < math.inf)
FROM_0_TO_1 = Range("a number from 0 to 1", lambda x: 0 <= x <= 1)
RATE = Range("a number from 0 to below 1", lambda x: 0 <= x < 1)


def plain_number(value):
    """A number as a float, also NumPy's; NaN if it is none, as a text or True.

    Args:
        value: what a user gave.
    """
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value.item()
    if not isinstance(value, Real) or isinstance(value, bool):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf


def checked_number(value, name, within=ANY):
    """A number in a range, as a float.

    Raises:
        ValueError: it is something else.
    """
    number = plain_number(value)
    if not within.holds(number):
        raise ValueError(f"{name} is {value!r}; give {within.words}.")
    return number


def checked_switch(value, name):
    """True or False, also where NumPy says it, or as 1 and 0.

    Raises:
        ValueError: it is something else.
    """
    if not isinstance(value, (bool, np.bool_, int, np.integer)) or (value not in (0, 1)):
        raise ValueError(f"{name} is {value!r}; give True or False.")
    return bool(value)
