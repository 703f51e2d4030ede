"""Figures of the page on GPUs, drawn from the stored result of `course gpu`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from course_lib.figures.style import CYCLE, closed, pyplot

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def by_length(points: Mapping[str, Sequence[tuple[int, float]]], what: str) -> Figure:
    """Something measured over the number of steps, a line for each name, both axes logarithmic.

    Args:
        points: (T, number) of each name.
        what: is measured, with its unit.
    """
    plt = pyplot()
    figure, ax = plt.subplots()
    lengths = sorted({T for line in points.values() for T, _ in line})
    for (name, line), look in zip(points.items(), CYCLE, strict=False):
        ax.loglog(*zip(*line, strict=True), **look, label=name)
    ax.set_xticks(lengths, [f"{T:,}" for T in lengths])
    ax.minorticks_off()
    ax.yaxis.set_major_formatter("{x:g}")
    ax.set_xlabel("steps")
    ax.set_ylabel(what)
    figure.legend(loc="outside upper center", ncols=2)  # lines go through every corner
    return closed(figure)
