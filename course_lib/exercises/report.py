"""A report of a check: readable in a notebook, in a terminal and by a screen reader."""

import html
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from course_lib.exercises.exercise import Exercise, Problem
from course_lib.exercises.markup import inline_code
from course_lib.exercises.naming.trees import source_of

PASSED = "passed"
NOT_WRITTEN = "not written yet"
NOT_RIGHT = "not right yet"
MARK = "mark "  # and its number: how a project's marks are kept

SYMBOLS = {PASSED: "✓", NOT_WRITTEN: "○", NOT_RIGHT: "✗"}

# Borders and symbols carry the meaning, colour only helps; text and background stay the page's
# own, so that the report reads in light and in dark.
BORDERS = {PASSED: "solid #2e8b57", NOT_WRITTEN: "dotted #8a8a8a", NOT_RIGHT: "double #d55e00"}


class CheckFailed(AssertionError):
    """A strict check did not pass; the message is the report as text."""


@dataclass(frozen=True)
class Report:
    """What a check found.

    Args:
        exercise: the exercise.
        outcome: "passed", "not written yet" or "not right yet".
        passed: names of the rungs that hold.
        sentence: what is wrong or missing, in one sentence; empty when passed.
        mistake: name of the recognised mistake, or None.
        failed: name of the first rung that does not hold, or None.
        problem: the counter-example, or None.
        kind: "error", "time limit" or "memory limit" if the function came to no end of its own.
        printed: how many characters the function printed.
        output: the first of them.
        function: what the learner wrote, to show beside the reference.
        note: one sentence about something else, such as progress that could not be kept.
        remarks: what is worth knowing about rungs that hold, by their names.
    """

    exercise: Exercise
    outcome: str
    passed: tuple[str, ...]
    sentence: str = ""
    mistake: str | None = None
    failed: str | None = None
    problem: Problem | None = None
    kind: str = ""
    printed: int = 0
    output: str = ""
    function: Callable | None = None
    note: str = ""
    remarks: dict[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether everything holds."""
        return self.outcome == PASSED

    def __bool__(self) -> bool:
        return self.ok

    @property
    def kept(self) -> str:
        """What the learner's progress keeps."""
        return self.outcome

    @property
    def found(self) -> tuple[str, ...]:
        """What a hint may fit, the most telling first: the mistake's name, the rung's."""
        return tuple(one for one in (self.mistake, self.failed) if one)

    @property
    def headline(self) -> str:
        """Symbol, exercise, outcome and how many rungs hold."""
        count = f"{len(self.passed)} of {len(self.exercise.ladder)} checks hold"
        return f"{SYMBOLS[self.outcome]} {self.exercise.id}: {self.outcome} ({count})"

    def __str__(self) -> str:
        return self.text(f'hint("{self.exercise.id}")')

    def text(self, help_with: str) -> str:
        """The report as plain text; `help_with` is what to type for a hint."""
        lines = [self.headline]
        if self.sentence:
            lines += textwrap.wrap(self.sentence, 88, initial_indent="  ", subsequent_indent="  ")
        if self.outcome != NOT_WRITTEN:
            lines += [f"    ✓ {self._with_remark(name)}" for name in self.passed]
        if self.failed:
            lines.append(f"    ✗ {self.failed}")
            for label, value in self._details().items():
                lines.append(textwrap.indent(f"{label}:\n{textwrap.indent(value, '  ')}", " " * 6))
        if self.printed:
            lines.append(f"  {self._printed()}")
        if self.note:
            lines += textwrap.wrap(self.note, 88, initial_indent="  ", subsequent_indent="  ")
        if not self.ok:
            lines.append(f"  Next: {help_with}")
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        parts = [f"<p style='margin:0'><strong>{html.escape(self.headline)}</strong></p>"]
        if self.sentence:
            parts.append(f"<p style='margin:.4em 0'>{inline_code(self.sentence)}</p>")
        if self.outcome != NOT_WRITTEN:
            rungs = [f"<li>✓ {inline_code(self._with_remark(name))}</li>" for name in self.passed]
            if self.failed:
                rungs.append(f"<li><strong>✗ {inline_code(self.failed)}</strong></li>")
            parts.append(
                "<ul style='list-style:none;margin:.4em 0;padding-left:1em'>"
                + "".join(rungs)
                + "</ul>"
            )
        for label, value in self._details().items():
            title = f"<p style='margin:.4em 0 0'>{inline_code(label)}:</p>"
            parts.append(title + _pre(inline_code(value), label))
        if picture := self._picture():
            parts.append(picture)
        if self.printed:
            parts.append(f"<p>{html.escape(self._printed())}</p>")
        if self.ok:
            parts.append(self._side_by_side())
        else:
            call = html.escape(f'hint("{self.exercise.id}")')
            parts.append(f"<p style='margin:.4em 0 0'>Next: <code>{call}</code></p>")
        if self.note:
            parts.append(f"<p style='margin:.4em 0 0'>{inline_code(self.note)}</p>")
        return (
            f"<section aria-label='Check of {html.escape(self.exercise.id)}' "
            f"style='border-left:6px {BORDERS[self.outcome]};padding:.4em 1em;margin:.5em 0'>"
            + "".join(parts)
            + "</section>"
        )

    def _with_remark(self, name: str) -> str:
        return f"{name}. {self.remarks[name]}" if name in self.remarks else name

    def _printed(self) -> str:
        first = " ".join(self.output.split())[:80]
        return (
            f"Your function printed {self.printed} characters, which are not shown here. "
            f"They begin with: {first}"
        )

    def _details(self) -> dict[str, str]:
        if self.problem is None:
            return {}
        seen = {"what was seen": self.problem.sentence} if self.mistake else {}
        details = seen | self.problem.details
        return {label: _plain(value) for label, value in details.items()}

    def _picture(self) -> str:
        """Where the error sits, per gradient and per time step, when there are several."""
        errors = self.problem.errors if self.problem else {}
        gradients = {n: error for n, error in errors.items() if n.startswith(("d", "grads"))}
        if len(gradients) < 2:
            return ""
        from course_lib.figures.errors import error_picture

        return error_picture(gradients)

    def _side_by_side(self) -> str:
        try:
            yours = source_of(self.function)
        except Exception:  # no source, or an object of the learner's own that raises
            return ""
        from course_lib.authoring.source import reference_code

        blocks = {"Yours": yours, "The reference": reference_code(self.exercise.reference)}
        # Side by side only where eighty characters of each fit.
        columns = "".join(
            f"<div style='flex:1 1 46em;min-width:0'><p style='margin:0'>{title}</p>"
            f"{_pre(html.escape(code), title)}</div>"
            for title, code in blocks.items()
        )
        return (
            "<details><summary>Compare yours with the reference</summary>"
            f"<div style='display:flex;flex-wrap:wrap;gap:1em'>{columns}</div></details>"
        )


def _pre(content: str, label: str) -> str:
    """Preformatted text that is HTML already."""
    # tabindex: what scrolls must be reachable by keyboard, and then say what it is.
    # word-break: JupyterLab would end a line within a number.
    return (
        f"<pre tabindex='0' role='group' aria-label='{html.escape(label)}' "
        "style='word-break:normal;overflow-x:auto;margin:.2em 0;padding:.4em;"
        "border:1px solid #8a8a8a'>"
        f"{content}</pre>"
    )


def _plain(value: Any) -> str:
    """A small value as text that a person reads."""
    if isinstance(value, dict):
        return "\n".join(f"{name} = {_indented(_plain(v), name)}" for name, v in value.items())
    if isinstance(value, np.ndarray | np.generic):
        return np.array2string(np.asarray(value), precision=6, suppress_small=True)
    return "\n".join(textwrap.fill(line, 88) for line in str(value).splitlines())


def _indented(text: str, name: str) -> str:
    return text.replace("\n", "\n" + " " * (len(name) + 3))
