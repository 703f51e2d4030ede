"""The grades as a table for a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Iterator

from course_lib.instructor.results.points import share

# A spreadsheet takes what begins so for a formula, and runs it.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def csv_lines(
    students: Iterable[dict], wanted: list[str], weights: dict[str, float]
) -> Iterator[str]:
    """One line a student: name, points, then outcome and points of each exercise."""
    head = ["student", "points", "of", "status"]
    for one in wanted:
        head += [one, f"{one} points"]
    yield _line([*head, "remarks"])
    for student in students:
        row = [student["student"], student["points"], student["of"], student["status"]]
        for exercise in student["exercises"]:
            points = weights[exercise["exercise"]] * share(exercise)
            row += [exercise["outcome"], round(points, 4)]
        yield _line(map(_cell, [*row, " ".join(student["remarks"])]))


def _line(cells: Iterable[object]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue()


def _cell(value: object) -> object:
    """Text that no spreadsheet takes for a formula; numbers as they are."""
    if not isinstance(value, str):
        return value
    clean = "".join(c if c.isprintable() else " " for c in value)
    return f"'{clean}" if value.lstrip(" ").startswith(FORMULA) else clean
