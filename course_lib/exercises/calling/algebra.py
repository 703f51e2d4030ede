"""What LAPACK may never return from."""

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

ENDLESS = ("lstsq", "pinv", "svd")


@contextlib.contextmanager
def finite_algebra() -> Iterator[None]:
    """While it lasts, NumPy's lstsq, pinv and svd refuse inf and NaN.

    LAPACK may turn round in them for ever, and no time limit reaches it there.
    """
    before = {name: getattr(np.linalg, name) for name in ENDLESS}
    for name, real in before.items():
        setattr(np.linalg, name, _of_finite(real))
    try:
        yield
    finally:
        for name, real in before.items():
            setattr(np.linalg, name, real)


def _of_finite(real: Callable) -> Callable:
    @functools.wraps(real)
    def called(*arguments: Any, **named: Any) -> Any:
        for given in (*arguments, *named.values()):
            numbers = np.asarray(given)
            if numbers.dtype.kind in "fc" and not np.isfinite(numbers).all():
                raise np.linalg.LinAlgError(f"np.linalg.{real.__name__} was given inf or NaN")
        return real(*arguments, **named)

    return called
