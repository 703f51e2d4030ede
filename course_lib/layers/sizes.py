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


def checked_seed(seed, least=None, optional=True):
    """A seed as an int, also where NumPy counted it; None stays None.

    Args:
        seed: what a user gave.
        least: the smallest there is; NumPy's generators know none below 0.
        optional: whether there may be none.

    Raises:
        ValueError: it is something else.
    """
    if seed is None and optional:
        return None
    try:
        whole = operator.index(seed)
    except TypeError:
        whole = None
    below = None not in (whole, least) and whole < least
    if isinstance(seed, bool) or whole is None or below:
        from_least = f", {least} or more" if below else ""
        none = ", or None" if optional else ""
        raise ValueError(
            f"seed is {seed!r}; give a whole number{from_least}{none}."
        )
    return whole


def with_checks(layer, **checks):
    """See to it that a class is given what it should be.

    It stands outside the class where learners write the class.

    Args:
        layer: a class.
        checks: for an argument of it, what takes it and gives it as it should
            be, or complains. The first argument that is wrong is told.
    """
    layer.__init__ = checked_function(layer.__init__, **checks)


def checked_function(function, **checks):
    """A function that is given what it should be; see `with_checks`."""
    takes = inspect.signature(function)

    @functools.wraps(function)
    def checked(*args, **kwargs):
        try:
            given = takes.bind(*args, **kwargs).arguments
        except TypeError:
            return function(*args, **kwargs)  # Python says what is wrong
        more = given.pop("kwargs", {})
        for name in takes.parameters:
            if name in checks and name in given:
                given[name] = checks[name](given[name])
        owner = [given.pop("self")] if "self" in given else []
        return function(*owner, **given, **more)

    # Keras asks in two ways what a layer takes, of which one overlooks a wrap.
    checked.__signature__ = takes
    return checked


def in_whole_units(cell):
    """See to it that cells of a class have a whole number of units.

    Args:
        cell: a class that takes `units`; see `with_checks`.
    """
    with_checks(cell, units=checked_units)
