"""Sizes and seeds that a user gives: whole numbers, or one sentence."""

import functools
import inspect
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


def checked_seed(seed):
    """A seed as an int, also where NumPy counted it; None stays None.

    Raises:
        ValueError: it is something else.
    """
    if seed is None:
        return None
    try:
        if isinstance(seed, bool):
            raise TypeError
        return operator.index(seed)
    except TypeError:
        raise ValueError(
            f"seed is {seed!r}; give a whole number, or None."
        ) from None


def in_whole_units(cell):
    """See to it that cells of a class have a whole number of units.

    It stands outside the class where learners write the class.

    Args:
        cell: a class whose first argument is `units`.
    """
    init = cell.__init__

    @functools.wraps(init)
    def checked(self, units, *args, **kwargs):
        init(self, checked_units(units), *args, **kwargs)

    # Keras asks in two ways what a layer takes, of which one overlooks a wrap.
    checked.__signature__ = inspect.signature(init)
    cell.__init__ = checked
