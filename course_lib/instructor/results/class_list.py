"""A class list as a learning platform exports it, and who of it handed in what."""

import csv
import functools
import io
import itertools
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from course_lib.instructor.errors import BadUsage
from course_lib.instructor.intake.decoding import decoded

# Headings of the columns that say who somebody is; in other languages, --match names them.
WHO = (
    "identifier", "name", "full name", "first name", "last name", "surname", "username",
    "id number", "email address", "email", "student", "id", "sis user id", "sis login id",
    "integration id",
)  # fmt: skip
NUMBERED = ("identifier", "id")  # those that hold the number which stands in the files' names
# In other languages, a named column is one of those if every cell is this and a number.
BEFORE_NUMBER = re.compile(r"\D{4,}")
SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx and .ods, .xls
DELIMITERS = ",;\t"


@dataclass
class ClassList:
    """A table of people.

    Args:
        head: names of the columns.
        rows: as many cells each as there are columns.
        who: places of the columns that say who somebody is.
        delimiter: between cells, where it was read.
        named: whether `who` was named, not known.
    """

    head: list[str]
    rows: list[list[str]]
    who: list[int]
    delimiter: str = ","
    named: bool = False

    def place(self, *names: str) -> int | None:
        """The place of the first of these columns that there is, whatever its case."""
        plain = [_plain(one) for one in self.head]
        return next((plain.index(_plain(one)) for one in names if _plain(one) in plain), None)

    def cell(self, row: list[str], *names: str) -> str:
        """What stands in the first of these columns that there is; empty if there is none."""
        place = self.place(*names)
        return "" if place is None else row[place]

    def is_points_possible(self, row: list[str]) -> bool:
        """Whether it is Canvas's line on the assignments, which is nobody's.

        In every language, its first cell begins with spaces.
        """
        if self.cell(row, "student").strip().lower() == "points possible":
            return True
        return row[0].startswith(" " * 4) and not any(row[one].strip() for one in self.who if one)

    def is_nobodys(self, row: list[str]) -> bool:
        """Whether a row tells of nobody: that line, and the one on what is posted by hand."""
        return self.is_points_possible(row) or not any(row[place].strip() for place in self.who)

    @functools.cached_property
    def numbered(self) -> list[int]:
        """Places of the columns that hold the platform's number."""
        known = {self.place(one) for one in NUMBERED} - {None}
        return sorted(known | {one for one in self.who if self.named and self._is_numbered(one)})

    def _is_numbered(self, place: int) -> bool:
        cells = [row[place].strip() for row in self.rows if row[place].strip()]
        before = {re.sub(r"\d+$", "", cell) for cell in cells}
        return len(before) == 1 and bool(BEFORE_NUMBER.fullmatch(before.pop()))


def read_class_list(file: Path, match: Sequence[str] = ()) -> ClassList:
    """The table in a file of comma-separated values.

    Args:
        file: with one line of headings; UTF-8, UTF-16 or Windows-1252; commas, semicolons or tabs.
        match: headings of the columns that say who somebody is; by default those of Moodle and
            Canvas in English.

    Raises:
        BadUsage: if it can't be read, or no column says who somebody is.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise BadUsage(f"{file} can't be read ({error.strerror}).") from None
    if content.startswith(SPREADSHEETS):
        raise BadUsage(f"{file} is a spreadsheet: open it, and save it as CSV.")
    delimiter, rows = _table(file, decoded(content))
    if not rows:
        raise BadUsage(f"{file} is empty: it should be the class list that the platform exports.")
    head, wide = rows[0], len(rows[0])
    table = [[*row, *[""] * (wide - len(row))][:wide] for row in rows[1:]]
    wanted = [_plain(one) for one in match] or list(WHO)
    plain = [_plain(one) for one in head]
    missing = [one for one in match if _plain(one) not in plain]
    who = [place for place, name in enumerate(plain) if name in wanted]
    if missing or not who:
        what = f"has no column {missing[0]!r}" if missing else "doesn't say who is who"
        raise BadUsage(
            f"{file} {what}. Its columns are: {', '.join(head)}. Name those that hold a name, an "
            "address or a number with --match."
        )
    return ClassList(head, table, who, delimiter, bool(match))


def _table(file: Path, text: str) -> tuple[str, list[list[str]]]:
    """What stands between the cells, and the rows in which anything stands."""
    lines = text.lstrip("\r\n\ufeff")
    first = re.sub(r'"[^"]*"', "", lines.partition("\n")[0])
    if said := re.fullmatch(r"sep=(.)\s*", first, re.IGNORECASE):  # Excel's own line
        delimiter, lines = said.group(1), lines.partition("\n")[2]
    else:
        delimiter = max(DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(lines, newline=""), delimiter=delimiter, strict=True)
    rows: list[list[str]] = []
    try:
        rows += (row for row in reader if any(cell.strip() for cell in row))
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            after = f" after the row that begins with {rows[-1][0]!r}" if rows else ""
            error = f"a quotation mark{after} is never closed"
        else:
            error = f"line {reader.line_num}: {error}"
        raise BadUsage(f"{file} is no table of comma-separated values: {error}.") from None
    return delimiter, rows


@dataclass
class Matched:
    """Who is who.

    Args:
        rows: from the number of a row to the student whose row it is.
        problems: for each student without a row the reason.
    """

    rows: dict[int, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


def match(people: ClassList, students: Iterable[tuple[str, str, str]]) -> Matched:
    """Find the row of each student.

    The platform's number decides. Without one, a whole cell must be the student's name, or the
    part of an address before the @, or first and last name together in either order, with spaces
    and accents or without. Of columns that were named, any two may hold those. Who fits two rows
    fits none.

    Args:
        people: the class list.
        students: for each the name in the results, the plain name, and the number.
    """
    steps = [_index(people, keys) for keys in (_cells, _names, _squeezed_names)]
    numbers = _index(people, _numbers)
    found = Matched()
    taken: dict[int, list[str]] = defaultdict(list)
    for student, name, number in students:
        tries = [numbers.get(number, set())] if number else []
        keys = (_plain(name), _plain(name), _squeezed(name))
        tries += [index.get(key, set()) for index, key in zip(steps, keys, strict=True) if key]
        rows = next((rows for rows in tries if rows), set())
        if len(rows) == 1:
            taken[min(rows)].append(student)
        elif rows:
            found.problems[student] = f"{len(rows)} people of the class list could be meant"
        else:
            found.problems[student] = "nobody of the class list has this name"
    for row, several in taken.items():
        if len(several) == 1:
            found.rows[row] = several[0]
            continue
        for one in several:
            others = ", ".join(other for other in several if other != one)
            found.problems[one] = f"the same person of the class list as {others}"
    return found


def _index(people: ClassList, keys: Callable) -> dict[str, set[int]]:
    index: dict[str, set[int]] = defaultdict(set)
    for number, row in enumerate(people.rows):
        if people.is_nobodys(row):
            continue
        for key in keys(people, row):
            if key:
                index[key].add(number)
    return index


def _numbers(people: ClassList, row: list[str]) -> list[str]:
    """Moodle's "Participant 123" and Canvas's plain 123."""
    ends = (re.search(r"\d+$", row[place].strip()) for place in people.numbered)
    return [end.group() for end in ends if end]


def _cells(people: ClassList, row: list[str]) -> list[str]:
    cells = [_plain(row[place]) for place in people.who]
    return cells + [cell.partition("@")[0] for cell in cells if "@" in cell]


def _names(people: ClassList, row: list[str]) -> list[str]:
    """First and last name in either order, from two columns or from "Last, First".

    Which of the columns that were named hold those isn't known: any two of them may.
    """
    if people.named:
        cells = [row[place] for place in people.who]
        pairs = list(itertools.combinations(cells, 2))
    else:
        cells = [people.cell(row, one) for one in ("student", "name", "full name")]
        first = people.cell(row, "first name")
        pairs = [(first, people.cell(row, "last name", "surname"))]
    pairs += [(rest, last) for last, comma, rest in (one.partition(",") for one in cells) if comma]
    return [_plain(f"{a} {b}") for one in pairs if all(one) for a, b in (one, one[::-1])]


def _squeezed_names(people: ClassList, row: list[str]) -> list[str]:
    """As Canvas names files, without spaces and accents."""
    return [_squeezed(one) for one in (*_cells(people, row), *_names(people, row))]


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def _squeezed(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in apart if c.isalnum())
