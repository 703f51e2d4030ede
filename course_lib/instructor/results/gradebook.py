"""Grades in the columns that Moodle and Canvas import.

- Moodle, grading worksheet of an assignment (columns Identifier, Grade, Maximum Grade): the same
  table with the grades filled in. https://docs.moodle.org/en/Assignment_settings
- Moodle, gradebook: who somebody is, and a column with the grade, which the import asks about.
- Canvas, gradebook: Student, ID and their kin, a line "Points Possible", and the assignment.
  https://community.canvaslms.com/t5/Instructor-Guide/How-do-I-import-grades-in-the-Gradebook
"""

import re
from collections.abc import Iterator, Mapping

from course_lib.instructor.results.class_list import ClassList
from course_lib.instructor.results.report_csv import guarded, line

PLATFORMS = ("moodle", "canvas")
COLUMN = "Recurrent networks"
CANVAS = (
    "student", "id", "sis user id", "sis login id", "integration id", "root account", "section",
)  # fmt: skip
HARMLESS = re.compile(r"[-+]?\d+(?:[.,]\d+)?|-")  # numbers, and Moodle's "nothing"


def gradebook(
    platform: str,
    people: ClassList,
    points: Mapping[int, tuple[float, float]],
    column: str = "",
) -> Iterator[str]:
    """The lines of the table to import.

    Args:
        platform: one of `PLATFORMS`.
        people: the class list, of which the columns that the platform needs are kept.
        points: by the number of the row, what a student has and what there is.
        column: heading of the assignment.
    """
    if platform == "canvas":
        return _canvas(people, points, column)
    if people.place("identifier") is not None and people.place("grade") is not None:
        return _worksheet(people, points)
    return _moodle(people, points, column)


def _worksheet(people: ClassList, points: Mapping) -> Iterator[str]:
    yield _line(people, people.head)
    place = people.place("grade")
    for number, row in enumerate(people.rows):
        if number in points:
            most = _number(people.cell(row, "maximum grade"))
            row = [*row[:place], _scaled(points[number], most), *row[place + 1 :]]
        yield _line(people, row)


def _moodle(people: ClassList, points: Mapping, column: str) -> Iterator[str]:
    yield _line(people, [*(people.head[place] for place in people.who), column or COLUMN])
    for number, row in enumerate(people.rows):
        grade = _scaled(points[number]) if number in points else ""
        yield _line(people, [*(row[place] for place in people.who), grade])


def _canvas(people: ClassList, points: Mapping, column: str) -> Iterator[str]:
    kept = [place for place, name in enumerate(people.head) if name.strip().lower() in CANVAS]
    there = re.compile(rf"{re.escape(column or COLUMN)}(?: \(\d+\))?")
    old = next((n for n, name in enumerate(people.head) if there.fullmatch(name.strip())), None)
    title = column or COLUMN if old is None else people.head[old]
    yield _line(people, [*(people.head[place] for place in kept), title])
    most = None
    for number, row in enumerate(people.rows):
        grade = ""
        if number in points:
            grade = _scaled(points[number], most)
        elif people.is_points_possible(row):
            most = _number(row[old]) if old is not None else None
            of = max((of for _, of in points.values()), default=0.0)
            grade = _text(most or of)
        yield _line(people, [*(row[place] for place in kept), grade])


def _scaled(points: tuple[float, float], most: float | None = None) -> str:
    """Points, out of what the platform gives for all of them, if it says so."""
    have, of = points
    return _text(have if most is None or not of else have / of * most)


def _text(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")


def _number(text: str) -> float | None:
    text = text.strip().replace(",", ".")
    return float(text) if re.fullmatch(r"\d+(\.\d+)?", text) else None


def _line(people: ClassList, cells: list[str]) -> str:
    safe = (one if HARMLESS.fullmatch(one) else guarded(one) for one in cells)
    return line(safe, people.delimiter)
