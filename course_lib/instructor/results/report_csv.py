"""The grades as a table for a spreadsheet."""

import csv
import io
import unicodedata
from collections.abc import Iterable, Iterator

from course_lib.instructor.results.points import share

# A spreadsheet takes what begins so for a formula, and runs it.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠", "﹦", "﹢", "﹣", "﹫")

BLANK = "\u3164\u115f\u1160\uffa0\u2800"  # letters by name, with nothing to see


def csv_lines(
    students: Iterable[dict], wanted: list[str], weights: dict[str, float]
) -> Iterator[str]:
    """One line a student: name, points, then outcome and points of each exercise."""
    head = ["student", "points", "of", "status"]
    for one in wanted:
        head += [one, f"{one} points"]
    yield line([*head, "remarks"])
    for student in students:
        row = [student["student"], student["points"], student["of"], student["status"]]
        for exercise in student["exercises"]:
            points = weights[exercise["exercise"]] * share(exercise)
            row += [exercise["outcome"], round(points, 4)]
        yield line(map(guarded, [*row, " ".join(student["remarks"])]))


def line(cells: Iterable[object], delimiter: str = ",") -> str:
    """A line of a table, with its end."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerow(cells)
    return text.getvalue()


def guarded(value: object) -> object:
    """Text that no spreadsheet takes for a formula; numbers as they are."""
    if not isinstance(value, str):
        return value
    clean = "".join(c if c.isprintable() else " " for c in value)
    seen = "".join(c for c in value if _is_seen(c))
    return f"'{clean}" if value.startswith(FORMULA) or seen.startswith(FORMULA) else clean


def _is_seen(character: str) -> bool:
    """Not a space, a control character, or one without width, which a spreadsheet may skip."""
    category = unicodedata.category(character)
    return category[0] not in "ZC" and category not in ("Mn", "Me") and character not in BLANK
