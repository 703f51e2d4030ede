"""`course grades`: what a learning platform imports, with the class list matched."""

from pathlib import Path

from course_lib.instructor.command.shown import shown
from course_lib.instructor.errors import BadUsage
from course_lib.instructor.results.class_list import ClassList, match, read_class_list
from course_lib.instructor.results.gradebook import PLATFORMS, choose_column, gradebook
from course_lib.instructor.results.ledger import replace_file
from course_lib.instructor.results.output import output_file
from course_lib.instructor.results.stored import Stored

MOST_NAMED = 20


def write_grades(
    folder: Path,
    platform: str,
    class_list: Path,
    column: str = "",
    columns: tuple[str, ...] = (),
    out: Path | None = None,
    maximum: str = "",
) -> int:
    """Write the table, and say who is not in it.

    Args:
        folder: results of `course validate`.
        platform: "moodle" or "canvas".
        class_list: what the platform exports.
        column: heading of the assignment.
        columns: of the class list that say who somebody is; by default those that are known.
        out: the file to write; by default in the folder.
        maximum: what all points are worth there: a column of the class list, or a number.

    Returns:
        The code to exit with: 1 if somebody's points found no row.

    Raises:
        BadUsage: if what was asked for can't be.
    """
    if platform not in PLATFORMS:
        raise BadUsage(f"--for is {' or '.join(PLATFORMS)}, not {platform!r}.")
    people = read_class_list(class_list, columns)
    stored, points = Stored(folder), {}

    def students():
        for one in stored:
            points[one["student"]] = one["points"], one["of"]
            yield one["student"], one.get("name") or one["student"], one.get("number", "")

    chosen = choose_column(platform, people, column, maximum)
    inputs = [class_list, folder / "grades.csv"]
    out = output_file(out or folder / f"grades-{platform}.csv", (".csv",), inputs)
    found = match(people, students())
    by_row = {row: points[student] for row, student in found.rows.items()}
    replace_file(out, gradebook(platform, people, by_row, chosen))
    print(f"{out}: {len(found.rows)} of {len(points)} students have a row.")
    print(shown(chosen.in_words(people)))
    if found.problems:
        print("\nNot matched; their points are not in the file:")
        for student, why in sorted(found.problems.items()):
            have, of = points[student]
            print(f"    {shown(student)}: {have:g} of {of:g} points; {why}")
    is_left = _say_who_handed_in_nothing(people, set(found.rows))
    if found.problems or is_left:
        used = ", ".join(people.head[place] for place in people.who)
        print(f"\nWho is who was read from: {shown(used)}. --match names other columns.")
    return 1 if found.problems else 0


def _say_who_handed_in_nothing(people: ClassList, rows: set[int]) -> bool:
    """Whether there is anybody."""
    left = [
        " ".join(row[place] for place in people.who if row[place])
        for number, row in enumerate(people.rows)
        if number not in rows and not people.is_nobodys(row)
    ]
    if left:
        print("\nIn the class list, with nothing handed in; their grade is left as it is:")
        print("".join(f"    {shown(one)}\n" for one in left[:MOST_NAMED]), end="")
    if len(left) > MOST_NAMED:
        print(f"    and {len(left) - MOST_NAMED} more")
    return bool(left)
