"""Measured numbers in the text of a page: how they are written, and how they get there."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import numpy as np

from course_lib.words import with_powers


def keep(**numbers: object) -> None:
    """Keep numbers for the text of this page, where `{glue:text}` puts them by name.

    A single number can still be formatted there. Anything else is shown as text, as it is but for
    the zeros of an exponent.
    """
    from myst_nb import glue

    for name, number in numbers.items():
        single = np.ndim(number) == 0 and not isinstance(number, str)
        glue(name, np.asarray(number).item() if single else _short(str(number)), display=False)


def over_seeds(values: Sequence[float], form: str = ".2f") -> str:
    """Return the mean over the seeds, with the lowest and the highest: "0.86 (0.84 to 0.87)".

    Where all seeds have the same value it stands alone.

    Args:
        values: one for each seed.
        form: format of each number; with ".2g" it has two `significant` digits.

    Raises:
        ValueError: there are no values.
    """
    if not len(values):
        raise ValueError("No seed has a value: there is no mean over none.")
    mean, low, high = (
        significant(x, int(form[1:-1])) if form.endswith("g") else f"{x:{form}}"
        for x in (np.mean(values), min(values), max(values))
    )
    return mean if min(values) == max(values) else f"{mean} ({low} to {high})"


def significant(number: float, digits: int) -> str:
    """Return a number in so many digits, zeros at its end too: "0.20", "41.0", "110", "2.0e-5"."""
    text = f"{number:#.{digits}g}"
    return f"{float(text):g}" if "e+" in text or not number else text.removesuffix(".")


def brief(number: float) -> str:
    """Return a number above 0 in two digits, or one and a power of ten: "0.085", "3 × 10⁻¹²"."""
    if 0.01 <= number < 100_000:
        return f"{float(f'{number:.2g}'):,g}"
    return with_powers(f"{number:.0e}")


def at_most(number: float, form: str) -> str:
    """Return a number as text for "at most": rounded up, so that the sentence stays true.

    Args:
        number: the largest that was seen.
        form: format with a number of digits, such as ".2f" or ".0e".
    """
    return _rounded(number, form, ROUND_CEILING)


def at_least(number: float, form: str) -> str:
    """Return a number as text for "at least": rounded down; otherwise as `at_most`."""
    return _rounded(number, form, ROUND_FLOOR)


def _rounded(number: float, form: str, way: str) -> str:
    exact = Decimal(f"{number:.9g}")  # 100 * 0.0003 isn't 0.03 to the last bit
    digits = int(form[1:-1])
    last = -digits if form.endswith("f") else exact.adjusted() - digits
    return f"{exact.quantize(Decimal(1).scaleb(last), way) + 0:{form}}"  # 0: no minus before a zero


def _short(text: str) -> str:
    return text.replace("e-0", "e-").replace("e+0", "e+")
