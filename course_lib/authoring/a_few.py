"""A few of many cases, spread over all of them."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def a_few(cases: Sequence[T], most: int, name: str) -> list[T]:
    """At most so many cases, in their order: one by lot from each of equal parts.

    Equal steps would meet the same inner parameter again and again, where two are crossed.

    Args:
        cases: all of them.
        most: how many to keep, at least one.
        name: what the lots are drawn for: the same name draws the same lots.
    """
    if len(cases) <= most:
        return list(cases)
    lots = random.Random(name)
    borders = [round(part * len(cases) / most) for part in range(most + 1)]
    return [cases[lots.randrange(*part)] for part in itertools.pairwise(borders)]
