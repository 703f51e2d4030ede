"""Sizes that a user gives: whole numbers, or one sentence."""

import operator


def checked_units(units, name="units"):
    """A number of units: a whole number, 1 or more.

    Raises:
        ValueError: it is something else.
    """
    try:
        whole = operator.index(units)
    except TypeError:
        whole = 0
    if isinstance(units, bool) or whole < 1:
        raise ValueError(f"{name} is {units!r}; give a whole number above 0.")
    return whole
