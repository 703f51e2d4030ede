"""A drawing whose lines follow the reader's hand, in a page, with no server and no network.

Matplotlib draws it as it starts. When a handle moves, the page computes the lines again, by the
formula of one small file of JavaScript beside this one, and puts their points where they belong.
"""

from __future__ import annotations

import html
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

HERE = Path(__file__).parent
POINTS_PER_INCH = 72  # the unit of an SVG of matplotlib's


@dataclass(frozen=True)
class Handle:
    """A number that the reader moves: its name, its range, its step, and where it starts.

    Raises:
        ValueError: no label, or a start outside the range.
    """

    label: str
    low: float
    high: float
    step: float
    start: float

    def __post_init__(self) -> None:
        if not self.label.strip():
            raise ValueError("A handle needs a label: the name of what is varied.")
        if not self.low <= self.start <= self.high:
            raise ValueError(f"{self.label}: start={self.start} is not in its range.")

    @property
    def digits(self) -> int:
        """Decimals that tell two neighbouring positions apart."""
        return len(f"{self.step:g}".partition(".")[2])


class Moving:
    """A figure with handles. Without scripts, and on paper, the reader sees it as it starts.

    The handles are native range inputs, so the keyboard works as in every one.
    """

    def __init__(
        self,
        figure: Figure,
        lines: Mapping[str, Line2D],
        handles: Sequence[Handle],
        formula: str,
        data: Mapping[str, object],
        told: str,
        alt: str,
    ) -> None:
        """Draw the figure.

        Args:
            figure: as it starts.
            lines: those that move, by the names that the formula gives them; x stays.
            handles: what the reader moves.
            formula: name of the file of JavaScript beside this one. It holds a function of the
                handles' values and the data, which returns {lines: {name: [y, …]}, told: "…"}.
            data: what else the formula needs, ready for JSON.
            told: in words, what the figure says as it starts; afterwards the formula says it.
            alt: in words, what the figure shows wherever the handles stand.

        Raises:
            ValueError: no line, no handle, or no words.
            FileNotFoundError: there is no such formula.
        """
        if not lines or not handles:
            raise ValueError("A figure that moves needs a line that moves, and a handle.")
        if not told.strip() or not alt.strip():
            raise ValueError(f"The figure of {formula} needs words: say what it shows.")
        self.handles, self.told, self.alt, self.formula = tuple(handles), told, alt, formula
        self.data = dict(data)
        self._javascript = (HERE / f"{formula}.js").read_text("utf-8").strip()
        for name, line in lines.items():
            line.set_gid(name)
        _fix(figure)
        self._places = {name: _place(line) for name, line in lines.items()}
        self._svg = _svg(figure, f"moving-{formula.replace('_', '-')}-")

    def __repr__(self) -> str:
        return f"Moving figure: {', '.join(handle.label for handle in self.handles)}"

    def _repr_html_(self) -> str:
        says = html.escape(f"{self.alt} {self.told}")
        picture = f'<svg style="max-width:100%;height:auto" role="img" aria-label="{says}"'
        redraw = (HERE / "redraw.js").read_text("utf-8").strip()
        # "</" would end the script too soon.
        given = ",\n".join(json.dumps(one).replace("</", r"<\/") for one in (
            self._places, self.data, self.alt))  # fmt: skip
        return (
            '<figure class="course-moving" style="margin:1em 0">'
            f"{''.join(self._input(handle) for handle in self.handles)}"
            f"{self._svg.replace('<svg', picture, 1)}"
            f'<p class="told">{html.escape(self.told)}</p>'
            f"<script>\n({redraw})(\ndocument.currentScript.closest('figure'),\n"
            f"{self._javascript},\n{given});\n</script>"
            "</figure>"
        )

    def _input(self, handle: Handle) -> str:
        value = f"{handle.start:.{handle.digits}f}"
        return (
            f"<div><label><span>{html.escape(handle.label)}</span> "
            f'<input type="range" min="{handle.low:g}" max="{handle.high:g}" '
            f'step="{handle.step:g}" value="{handle.start:g}" data-digits="{handle.digits}" '
            f'autocomplete="off" aria-valuetext="{value}"></label> '
            f'<output aria-live="off">{value}</output></div>'
        )


def _fix(figure: Figure) -> None:
    """Lay the figure out once and for all, in the units of an SVG."""
    figure.set_dpi(POINTS_PER_INCH)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")


def _svg(figure: Figure, prefix: str) -> str:
    """Return the figure as it stands in a page: nothing in it is named as something outside it."""
    import matplotlib.pyplot as plt

    drawn = io.StringIO()
    undated = dict.fromkeys(("Creator", "Date", "Format", "Type"))  # equal runs give equal pages
    figure.savefig(drawn, format="svg", metadata=undated)
    plt.close(figure)
    svg = drawn.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'((?: id|href)="#?|url\(#)', rf"\1{prefix}", svg)
    # A style would hold for the whole page.
    return re.sub(r"<style.*?</style>", "", svg, flags=re.DOTALL)


def _place(line: Line2D) -> dict[str, object]:
    """Where a value belongs: x of each point, and y = offset + scale · (value or its logarithm)."""
    axes, figure = line.axes, line.get_figure()
    height = figure.get_figheight() * POINTS_PER_INCH
    log = axes.get_yscale() == "log"
    ends = np.array([1.0, 10.0]) if log else np.array([0.0, 1.0])
    (_, first), (_, second) = axes.transData.transform(np.c_[ends, ends])
    x = axes.transData.transform(np.c_[line.get_xdata(), np.ones(len(line.get_xdata()))])[:, 0]
    return {
        "x": [round(float(one), 3) for one in x],
        "offset": round(float(height - first), 3),
        "scale": round(float(first - second), 5),
        "log": log,
        "every": line.get_markevery() or 1,
    }
