"""Measured numbers in the text of a page: how they are written, and how they get there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


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
        form: format of each number; large ones are written out, "110" for "1.1e+02".

    Raises:
        ValueError: there are no values.
    """
    if not len(values):
        raise ValueError("No seed has a value: there is no mean over none.")
    mean, low, high = (
        _written_out(f"{x:{form}}") for x in (np.mean(values), min(values), max(values))
    )
    return mean if min(values) == max(values) else f"{mean} ({low} to {high})"


def _written_out(text: str) -> str:
    return f"{float(text):g}" if "e+" in text else text


def _short(text: str) -> str:
    return text.replace("e-0", "e-").replace("e+0", "e+")
