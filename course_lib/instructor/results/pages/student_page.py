"""A student's own page: one file, no script, nothing loaded; nothing of other students in it."""

from course_lib.exercises.report import NOT_RIGHT, NOT_WRITTEN, PASSED
from course_lib.instructor.results.pages.markup import PLAIN, end, escaped, head
from course_lib.instructor.results.points import share

STYLE = (
    PLAIN
    + """
body { max-width: 72rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
"""
)
SYMBOLS = {PASSED: "✓", NOT_RIGHT: "✗", NOT_WRITTEN: "○", "missing": "–"}


def student_page(student: dict, weights: dict[str, float]) -> str:
    """The page; of a hidden case it says no more than that it failed.

    Args:
        student: a result with its points.
        weights: points by exercise.
    """
    title = f"Results of {student['student']}"
    points = f"<p>{student['points']:g} of {student['of']:g} points</p>"
    items = "".join(f"<li>{_exercise(e, weights)}</li>" for e in student["exercises"])
    remarks = "".join(f"<li>{escaped(one)}</li>" for one in student["remarks"])
    said = f"<p>Remarks:</p><ul>{remarks}</ul>" if remarks else ""
    body = f"<h1>{escaped(title)}</h1>{points}<ul>{items}</ul>{said}"
    return f"{head(title, STYLE)}{body}{end()}"


def _exercise(e: dict, weights: dict[str, float]) -> str:
    weight = weights[e["exercise"]]
    text = f"<strong>{SYMBOLS.get(e['outcome'], '!')} {escaped(e['exercise'])}</strong>: "
    text += f"{escaped(e['outcome'])}, {weight * share(e):g} of {weight:g}."
    if e["sentence"]:
        text += f"<br>{escaped(e['sentence'])}"
    if e["failed"] and not e["hidden"]:
        text += f"<br>First check that does not hold: {escaped(e['failed'])}."
    if e["printed"]:
        text += f"<br>It printed <code>{escaped(e['printed'])}</code>."
    return text + "".join(f"<br>{escaped(remark)}" for remark in e["remarks"])
