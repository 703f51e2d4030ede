"""The report on a project: the mark, the curve, what goes wrong most, and what to try next."""

import html
import textwrap
from dataclasses import dataclass, field

import numpy as np

from course_lib.exercises.markup import inline_code
from course_lib.exercises.projects.project import Measured
from course_lib.exercises.report import MARK, SYMBOLS, Report

WIDTH, HEIGHT = 320, 80  # of the curve, in pixels
POINTS = 200  # drawn, at most
BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True)
class ProjectReport(Report):
    """What a check of a project found.

    Args:
        measured: what the outputs come to; None where there are none to measure.
        mark: how many of the three marks are reached.
        curve: the learning curve that was handed in, (N,).
        expected: the score that the learner expected, or None.
    """

    measured: Measured | None = None
    mark: int = 0
    curve: np.ndarray = field(default_factory=lambda: np.zeros(0))
    expected: float | None = None

    @property
    def kept(self) -> str:
        """The mark, or the outcome where there is none."""
        return f"{MARK}{self.mark}" if self.ok else self.outcome

    @property
    def headline(self) -> str:
        """Symbol, project, the mark and what it was read off."""
        begin = f"{SYMBOLS[self.outcome]} {self.exercise.id}: "
        if self.measured is None:
            return f"{begin}{self.outcome}"
        score = self.exercise.read(self.measured.score)
        return f"{begin}mark {self.mark} of {len(self.exercise.marks)} ({score})"

    def facts(self) -> dict[str, str]:
        """What else there is to know, by label."""
        if self.measured is None:
            return {}
        read = self.exercise.read
        facts = {"Marks": ", ".join(map(read, self.exercise.marks))}
        if self.expected is not None:
            facts["You expected"] = f"{read(self.expected)}. It is {read(self.measured.score)}."
        return facts | {
            "What goes wrong": self.measured.confusion,
            "Try next": self.exercise.advice(self.measured.score),
        }

    def text(self, help_with: str) -> str:
        """The report as plain text; `help_with` is what to type for a hint."""
        lines = super().text(help_with).splitlines()
        end = len(lines) - (not self.ok)  # before "Next"
        facts = self.facts()
        if np.isfinite(self.curve).sum() > 1:
            facts["Your curve"] = _as_bars(self.curve)
        for label, text in facts.items():
            wrapped = textwrap.wrap(f"{label}: {text}", 88, initial_indent="  ",
                                    subsequent_indent="    ")  # fmt: skip
            lines[end:end] = wrapped
            end += len(wrapped)
        return "\n".join(lines)

    __repr__ = Report.__str__

    def _repr_html_(self) -> str:
        items = "".join(
            f"<dt>{html.escape(k)}</dt><dd>{inline_code(v)}</dd>" for k, v in self.facts().items()
        )
        facts = f"<dl style='margin:.4em 0 0 1em'>{items}</dl>" if items else ""
        return super()._repr_html_() + facts + _picture(self.curve)


def _thinned(curve: np.ndarray, points: int) -> np.ndarray:
    """The curve, at so many points at most, scaled to 0 … 1."""
    curve = np.asarray(curve, float)
    curve = curve[np.isfinite(curve)]
    curve = curve[np.linspace(0, len(curve) - 1, min(points, len(curve))).astype(int)]
    span = np.ptp(curve)
    return (curve - curve.min()) / span if span else np.zeros(len(curve))


def _as_bars(curve: np.ndarray) -> str:
    heights = _thinned(curve, 40) * (len(BARS) - 1)
    return "".join(BARS[round(one)] for one in heights)


def _picture(curve: np.ndarray) -> str:
    """The curve as a drawing that takes the page's own colour."""
    if np.isfinite(curve).sum() < 2:
        return ""
    heights = _thinned(curve, POINTS)
    across = np.linspace(0, WIDTH, len(heights))
    points = " ".join(f"{x:.0f},{4 + (HEIGHT - 8) * (1 - y):.0f}" for x, y in
                      zip(across, heights, strict=True))  # fmt: skip
    first, last = curve[0], curve[-1]
    label = f"Your learning curve, from {first:.3g} to {last:.3g} over {len(curve)} points"
    return (
        f"<svg role='img' aria-label='{label}' width='{WIDTH}' height='{HEIGHT}' "
        f"viewBox='0 0 {WIDTH} {HEIGHT}'><polyline points='{points}' fill='none' "
        f"stroke='currentColor' stroke-width='2'/></svg><p style='margin:0'>{label}.</p>"
    )
