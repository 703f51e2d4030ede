"""A student's own page: one file, no script, nothing loaded; nothing of other students in it."""

from course_lib.exercises.registry import chapter_of
from course_lib.exercises.report import NOT_RIGHT, NOT_WRITTEN, PASSED
from course_lib.instructor.judging.verdict import MISSING, NOWHERE
from course_lib.instructor.results.pages.markup import PLAIN, end, escaped, head, with_code
from course_lib.instructor.results.points import share

STYLE = (
    PLAIN
    + """
body { max-width: 72rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 1.5rem 0 .3rem; }
ul { margin: 0; padding-inline-start: 1.2rem; }
li { margin-bottom: .5rem; }
"""
)
SYMBOLS = {PASSED: "✓", NOT_RIGHT: "✗", NOT_WRITTEN: "○", MISSING: "–"}


def student_page(student: dict, weights: dict[str, float]) -> str:
    """The page; of a hidden case it says no more than that it failed.

    Args:
        student: a result with its points.
        weights: points by exercise.
    """
    title = f"Results of {student['student']}"
    points = f"<p>{in_points(student['points'])} of {in_points(student['of'])} points</p>"
    chapters: dict[str, list[dict]] = {}
    for e in student["exercises"]:
        chapters.setdefault(chapter_of(e["exercise"]).title, []).append(e)
    absent = [one for one, all_ in chapters.items() if all(e["sentence"] == NOWHERE for e in all_)]
    results = ""
    for one, all_ in chapters.items():
        if one not in absent:
            items = "".join(f"<li>{_exercise(e, weights)}</li>" for e in all_)
            results += f"<h2>{escaped(one)}</h2><ul>{items}</ul>"
    rest = f"<p>In no notebook: {escaped(', '.join(absent))}.</p>" if absent else ""
    remarks = "".join(f"<li>{with_code(one)}</li>" for one in student["remarks"])
    said = f"<h2>Remarks</h2><ul>{remarks}</ul>" if remarks else ""
    body = f"<h1>{escaped(title)}</h1>{points}{said}{results}{rest}"
    return f"{head(title, STYLE)}{body}{end()}"


def in_points(value: float) -> str:
    """Points as one reads them, to a hundredth; the files of grades have them exactly."""
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def _exercise(e: dict, weights: dict[str, float]) -> str:
    weight = weights[e["exercise"]]
    text = f"<strong>{SYMBOLS.get(e['outcome'], '!')} {escaped(e['exercise'])}</strong>: "
    text += f"{escaped(e['outcome'])}, {in_points(weight * share(e))} of {in_points(weight)}."
    if e["sentence"]:
        text += f"<br>{with_code(e['sentence'])}"
    if e["failed"] and not e["hidden"]:
        text += f"<br>First check that does not hold: {escaped(e['failed'])}."
    if e["printed"]:
        text += f"<br>It printed <code>{escaped(e['printed'])}</code>."
    return text + "".join(f"<br>{with_code(remark)}" for remark in e["remarks"])
