"""`course weeks`: the results of several weeks on one page."""

from datetime import UTC, datetime
from pathlib import Path

from course_lib.instructor.errors import BadUsage
from course_lib.instructor.results.ledger import replace_file
from course_lib.instructor.results.output import PAGES, output_file
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
        BadUsage: if there are fewer than two weeks, one is given twice or holds no results.
    """
    if len(folders) < 2:
        raise BadUsage("One week has nothing to be compared with: give two or more, in order.")
    output_file(out, PAGES)
    weeks = Weeks()
    for name, folder in zip(week_names(folders), folders, strict=True):
        weeks.add(name, Stored(folder))
    replace_file(out, weeks_page(weeks, datetime.now(UTC).isoformat(timespec="seconds")))
    count, stuck = len(weeks.students), len(weeks.stuck())
    print(f"{count} students over {len(folders)} weeks, {stuck} stuck: {out}")
    return 0


def week_names(folders: list[Path]) -> list[str]:
    """A name for each folder: the end of its path, as much of it as tells it from the others.

    Raises:
        BadUsage: if a folder is given twice.
    """
    whole = [folder.resolve() for folder in folders]
    if len(set(whole)) < len(whole):
        twice = next(one for n, one in enumerate(whole) if one in whole[:n])
        raise BadUsage(f"{twice} is given twice: each week has a folder of its own.")
    depth = 1
    while len({one.parts[-depth:] for one in whole}) < len(whole):
        depth += 1
    return ["/".join(one.parts[-depth:]) for one in whole]
