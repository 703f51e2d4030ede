"""`course similar`: whose code is alike beyond what the course explains. A list to look at."""

from pathlib import Path

from course_lib.instructor.command.shown import shown
from course_lib.instructor.errors import BadUsage
from course_lib.instructor.intake.extract import Unreadable, extract
from course_lib.instructor.intake.find import find
from course_lib.instructor.intake.read import Submission
from course_lib.instructor.results.ledger import replace_file
from course_lib.instructor.results.output import PAGES, output_file
from course_lib.instructor.results.pages.similar_page import in_number, similar_page
from course_lib.instructor.similar.blocks import Block, blocks_of
from course_lib.instructor.similar.explained import released_cells
from course_lib.instructor.similar.groups import Group, groups
from course_lib.instructor.similar.pairs import Pair, pairs

MOST_PAIRS = 500  # in the list and on the page


def show_similar(paths: list[Path], by: str = "", out: Path | None = None) -> int:
    """Print groups and pairs, and write them to a page with the code side by side if asked to.

    Args:
        paths: a class, in any layout that `course validate` understands.
        by: as there.
        out: a file for the page, or None.

    Returns:
        The code to exit with, 0 whatever was found.

    Raises:
        BadUsage: if there are no submissions, or fewer than two that can be read.
    """
    if out is not None:
        output_file(out, PAGES, paths)
    found = find(paths, by, [])
    if len(found.submissions) < 2:
        raise BadUsage("One submission has nothing to be compared with: give the whole class.")
    students, nothing, unread = {}, [], []
    for submission in found.submissions:
        name, notebooks = submission.student, _code(submission)
        left = [notebook for notebook, cells in notebooks.items() if cells is None]
        if len(left) == len(notebooks):
            nothing.append(name)
        else:
            students[name] = [block for cells in notebooks.values() for block in cells or ()]
            unread += [f"{name}: {notebook}" for notebook in left]
    if nothing:
        print(f"Nothing could be read of: {shown(', '.join(nothing))}.\n")
    if unread:
        print(f"Could not be read: {shown('; '.join(unread))}.\n")
    if len(students) < 2:
        raise BadUsage("Fewer than two submissions can be read: there is nothing to compare.")
    together = groups(students)
    alike = pairs(students, together)
    for one in (*together, *alike[:MOST_PAIRS]):
        print(_in_words(one))
    if len(alike) > MOST_PAIRS:
        print(f"{len(alike) - MOST_PAIRS} more pairs are left out.")
    count = in_number(len(together), len(alike))
    print(f"{count} to look at, of {len(students)} submissions. Alike is not copied: look first.")
    if out is not None:
        replace_file(out, similar_page(together, alike[:MOST_PAIRS]))
        print(f"Side by side: {out}")
    return 0


def _code(submission: Submission) -> dict[str, list[Block] | None]:
    """A student's code by notebook, each with the Python files beside it that it imports.

    None for a notebook that can't be read.
    """
    submission.load()
    found: dict[str, list[Block] | None] = dict.fromkeys(submission.notebook_names())
    taken: set[str] = set()  # two notebooks may import the same file
    for name, content in submission.notebooks:
        try:
            cells = extract(content).code
        except Unreadable:
            continue
        found[name] = [
            block
            for number, source in cells
            if source not in released_cells()  # most are as they were handed out
            for block in blocks_of(source, f"{name}, cell {number}")
        ]
        folder = name.rpartition("/")[0]
        for module, source in sorted(submission.modules_beside(name, cells).items()):
            file = f"{folder}/{module}.py".lstrip("/")
            if file not in taken:
                taken.add(file)
                found[name] += blocks_of(source, file)
    submission.files = []  # memory stays small
    return found


def _in_words(found: Group | Pair) -> str:
    if isinstance(found, Pair):
        lines = [f"{found.one} and {found.other}"]
        places = [(place.share, (place.one, place.other)) for place in found.places]
    else:
        lines = [f"{len(found.students)} students: {', '.join(found.students)}"]
        places = [(place.share, place.blocks.values()) for place in found.places]
    for share, blocks in places:
        first, *others = (block.place for block in blocks)
        lines.append(f"    {share:4.0%}: {first}")
        lines += [f"{'':10}{place}" for place in others]
    return "\n".join(map(shown, lines)) + "\n"
