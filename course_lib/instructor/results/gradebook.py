"""Grades in the columns that Moodle and Canvas import.

- Moodle, grading worksheet of an assignment (columns Identifier, Grade, Maximum Grade; in other
  languages, they are named): the same table with the grades filled in. https://docs.moodle.org/en/Assignment_settings
- Moodle, gradebook: who somebody is, and a column with the grade, which the import asks about.
- Canvas, gradebook: Student, ID and their kin, a line "Points Possible", and the assignment.
  https://community.canvaslms.com/t5/Instructor-Guide/How-do-I-import-grades-in-the-Gradebook
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from course_lib.instructor.errors import BadUsage
from course_lib.instructor.results.class_list import ClassList
from course_lib.instructor.results.report_csv import guarded, line

PLATFORMS = ("moodle", "canvas")
COLUMN = "Recurrent networks"
CANVAS = (
    "student", "id", "sis user id", "sis login id", "integration id", "root account", "section",
)  # fmt: skip
HARMLESS = re.compile(r"[-+]?\d+(?:[.,]\d+)?|-")  # numbers, and Moodle's "nothing"


@dataclass(frozen=True)
class Column:
    """The column that is filled in.

    Args:
        title: its heading.
        place: in the class list; None if it is a new one.
        most: what the platform gives for all points; None if nothing says so, or
        most_in: the place of the column that says it for each row.
    """

    title: str
    place: int | None = None
    most: float | None = None
    most_in: int | None = None

    def in_words(self, people: ClassList) -> str:
        """What is filled in, in one sentence."""
        if self.place is None:
            what = f"A new column {self.title!r}; --column names one of the list to fill in"
        else:
            what = f"Filled in: {self.title!r}"
        if self.most_in is not None:
            return f"{what}, out of {people.head[self.most_in]!r}."
        return f"{what}." if self.most is None else f"{what}, out of {_text(self.most)}."


def choose_column(platform: str, people: ClassList, name: str = "", maximum: str = "") -> Column:
    """The column to fill in.

    A column of the list is filled in only if it is known out of how many points: the grades would
    be wrong otherwise.

    Args:
        platform: one of `PLATFORMS`.
        people: the class list.
        name: heading of the assignment, in the list or not; empty: as the platform has it in
            English, or else a new one.
        maximum: heading of the column that says what all points are worth, or a number.

    Raises:
        BadUsage: if it isn't known out of how many points, or two columns have that name.
    """
    title = name or COLUMN
    # Canvas adds its own number to a name.
    known = re.compile(rf"{re.escape(_plain(title))}(?: \(\d+\))?")
    places = [n for n, head in enumerate(people.head) if known.fullmatch(_plain(head))]
    if len(places) > 1:
        names = ", ".join(people.head[one] for one in places)
        raise BadUsage(
            f"The class list has {len(places)} columns {title!r}: {names}. Give the whole heading, "
            "or rename one."
        )
    place = places[0] if places else None
    is_worksheet = people.place("identifier") is not None and people.place("grade") is not None
    if place is None and platform == "moodle" and is_worksheet:
        place = people.place("grade")
        if [_plain(head) for head in people.head].count("grade") > 1:
            raise BadUsage("The class list has several columns 'Grade': rename all but one.")
    most, most_in = number_in(maximum), people.place(maximum) if maximum else None
    if maximum and not most and most_in is None:
        raise BadUsage(
            f"--maximum is a column of the class list or a number above 0, not {maximum!r}. "
            f"{_columns(people)}"
        )
    if place is not None and not maximum and platform == "moodle":
        most_in = people.place("maximum grade")
    elif place is not None and not maximum:
        rows = (row[place] for row in people.rows if people.is_points_possible(row))
        most = number_in(next(rows, ""))
    if place is not None and not most and most_in is None:
        raise BadUsage(
            f"How much are all points worth in the column {people.head[place]!r}? Say so with "
            f"--maximum: a number, or the column that says it. {_columns(people)}"
        )
    return Column(title if place is None else people.head[place], place, most, most_in)


def _columns(people: ClassList) -> str:
    return f"The columns are: {', '.join(people.head)}."


def gradebook(
    platform: str,
    people: ClassList,
    points: Mapping[int, tuple[float, float]],
    column: Column,
) -> Iterator[str]:
    """The lines of the table to import.

    Moodle's table stays whole where a column of it is filled in. Otherwise those columns are kept
    that say who somebody is, and of Canvas's those that its import needs.

    Args:
        platform: one of `PLATFORMS`.
        people: the class list.
        points: by the number of the row, what a student has and what there is.
        column: which is filled in.

    Raises:
        BadUsage: if a row that has points doesn't say how much all are worth.
    """
    place = column.place
    if platform == "moodle" and place is not None:
        kept = [one for one in range(len(people.head)) if one != place]
        at = place
    else:
        known = {n for n, name in enumerate(people.head) if _plain(name) in CANVAS}
        kept = sorted((known if platform == "canvas" else set()) | set(people.who) - {place})
        at = len(kept)
    yield _line(people, [*(people.head[one] for one in kept[:at]), column.title,
                         *(people.head[one] for one in kept[at:])])  # fmt: skip
    all_points = max((of for _, of in points.values()), default=0.0)
    for number, row in enumerate(people.rows):
        grade = row[place] if place is not None else ""
        if platform == "canvas" and people.is_points_possible(row):
            grade = _text(column.most or all_points)
        elif number in points:
            grade = _scaled(points[number], _most(people, row, column))
        cells = [row[one] for one in kept]
        yield _line(people, [*cells[:at], grade, *cells[at:]])


def _most(people: ClassList, row: list[str], column: Column) -> float | None:
    """What all points are worth in this row."""
    if column.most_in is None:
        return column.most
    if number := number_in(row[column.most_in]):
        return number
    who = " ".join(row[place] for place in people.who if row[place])
    said = f"{people.head[column.most_in]!r} says {row[column.most_in]!r} for {who}"
    raise BadUsage(f"The column {said}: that is no number above 0. Give one with --maximum.")


def _scaled(points: tuple[float, float], most: float | None) -> str:
    """Points, out of what the platform gives for all of them, if that is known."""
    have, of = points
    return _text(have if most is None or not of else have / of * most)


def _text(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")


def number_in(text: str) -> float | None:
    """A number, with a point or a comma, or None."""
    text = text.strip().replace(",", ".")
    return float(text) if re.fullmatch(r"\d+(\.\d+)?", text) else None


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _line(people: ClassList, cells: list[str]) -> str:
    safe = (one if HARMLESS.fullmatch(one) else guarded(one) for one in cells)
    return line(safe, people.delimiter)
