"""`course similar`: whose code is alike beyond what the course explains. A list to look at."""

from pathlib import Path

from course_lib.instructor.errors import BadUsage
from course_lib.instructor.intake.extract import Unreadable, extract
from course_lib.instructor.intake.find import find
from course_lib.instructor.intake.read import Submission
from course_lib.instructor.results.ledger import replace_file
from course_lib.instructor.results.pages.similar_page import similar_page
from course_lib.instructor.similar.blocks import Block, blocks_of
from course_lib.instructor.similar.explained import released_cells
from course_lib.instructor.similar.pairs import Pair, pairs

MOST_PAIRS = 500  # in the list and on the page


def show_similar(paths: list[Path], by: str = "", out: Path | None = None) -> int:
    """Print the pairs, and write them to a page with the code side by side if asked to.

    Args:
        paths: a class, in any layout that `course validate` understands.
        by: as there.
        out: a file for the page, or None.

    Returns:
        The code to exit with, 0 whatever was found.

    Raises:
        BadUsage: if there are no submissions, or only one.
    """
    found = find(paths, by, [])
    if len(found.submissions) < 2:
        raise BadUsage("One submission has nothing to be compared with: give the whole class.")
    students = {}
    for submission in found.submissions:
        students[submission.student] = _blocks(submission)
    alike = pairs(students)
    for pair in alike[:MOST_PAIRS]:
        print(_in_words(pair))
    if len(alike) > MOST_PAIRS:
        print(f"{len(alike) - MOST_PAIRS} more pairs are left out.")
    count = f"{len(alike)} pair{'' if len(alike) == 1 else 's'}"
    print(f"{count} to look at, of {len(students)} submissions. Alike is not copied: look first.")
    if out is not None:
        replace_file(out, similar_page(alike[:MOST_PAIRS]))
        print(f"Side by side: {out}")
    return 0


def _blocks(submission: Submission) -> list[Block]:
    """A student's code; what can't be read has none."""
    found = []
    submission.load()
    for name, content in submission.notebooks:
        try:
            cells = extract(content).code
        except Unreadable:
            continue
        for number, source in cells:
            if source not in released_cells():  # most are as they were handed out
                found += blocks_of(source, f"{name}, cell {number}")
    submission.files = []  # memory stays small
    return found


def _in_words(pair: Pair) -> str:
    lines = [f"{_shown(pair.one)} and {_shown(pair.other)}"]
    for place in pair.places:
        lines.append(f"    {place.share:.0%}: {_shown(place.one.place)}")
        lines.append(f"{'':10}{_shown(place.other.place)}")
    return "\n".join(lines) + "\n"


def _shown(text: str) -> str:
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
