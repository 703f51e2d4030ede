"""`course weeks`: the results of several weeks on one page."""

from datetime import UTC, datetime
from pathlib import Path

from course_lib.instructor.errors import BadUsage
from course_lib.instructor.results.ledger import replace_file
from course_lib.instructor.results.pages.weeks_page import weeks_page
from course_lib.instructor.results.stored import Stored
from course_lib.instructor.results.weeks import Weeks


def write_weeks(folders: list[Path], out: Path) -> int:
    """Write the page.

    Args:
        folders: results of `course validate`, the earliest week first.
        out: the file to write.

    Returns:
        The code to exit with.

    Raises:
        BadUsage: if there are fewer than two weeks, or one of them holds no results.
    """
    if len(folders) < 2:
        raise BadUsage("One week has nothing to be compared with: give two or more, in order.")
    weeks = Weeks()
    for folder in folders:
        weeks.add(folder.name or folder.absolute().name, Stored(folder))
    replace_file(out, weeks_page(weeks, datetime.now(UTC).isoformat(timespec="seconds")))
    count, stuck = len(weeks.students), len(weeks.stuck())
    print(f"{count} students over {len(folders)} weeks, {stuck} stuck: {out}")
    return 0
