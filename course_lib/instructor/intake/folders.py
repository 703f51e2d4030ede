"""What a folder of a class is: one person's, a group's, an assignment's, or a program's own."""

import re
from collections import deque
from collections.abc import Iterator

from course_lib.exercises.registry import CHAPTERS
from course_lib.instructor.intake.names import (
    EXPORT,
    EXPORTED,
    HANDED_IN,
    NBGRADERS,
    NBGRADERS_FILES,
    WHOSE,
    chapter_in,
    is_assignment,
    is_part,
    owner,
    without_ending,
)
from course_lib.instructor.intake.tree import File, Folder

DEFINES = {
    chapter.name: re.compile(rb"(?:def|class) (?:" + "|".join(chapter.exercises).encode() + rb")\b")
    for chapter in CHAPTERS
}
MOST_READ, BEGINNING = 100, 4 << 20  # notebooks of a folder, and bytes, to see what they're about
RESULTS = "ledger.jsonl"  # lies in a folder of results


def is_one_persons(folder: Folder) -> bool:
    """Whether the notebooks directly in it are one person's: the course's, each perhaps twice."""
    notebooks = [file for file in folder.files if file.kind == ".ipynb"]
    named = [file for file in notebooks if chapter_in(file.base)]
    if not named or not all(is_part(chapter_in(file.base)[1]) for file in named):
        return False
    others = [file for file in notebooks if chapter_in(file.base) is None and not _is_part(file)]
    if len(others) > MOST_READ or any(map(_chapters, others)):
        return False
    return not any(holds_work(one) and not is_part(one.base) for one in folder.folders)


def _is_group(folder: Folder) -> bool:
    """Whether the work of several people lies in it.

    That is so where two of its notebooks, or of its folders, are about the same chapter. What their
    names don't tell is read, of the first few alone: a zip of a few kB may hold thousands. Each has
    its turn, so that nobody hands in so many that those of the others aren't read.
    """
    if is_export(folder) or any(owner(one.base) for one in (*folder.files, *folder.folders)):
        return True
    if is_one_persons(folder):
        return False
    if len(folder.folders) == 1 and not folder.files:
        return _is_group(folder.folders[0])
    loose = [file for file in folder.files if file.kind == ".ipynb" and not _is_part(file)]
    apart = [_notebooks_in_turn(one) for one in folder.folders if not is_part(one.base)]
    apart += [iter([file]) for file in loose]
    left = MOST_READ
    whose: dict[str, int] = {}  # from chapters to the number of what was first about it
    for number, file in _in_turn(apart):
        if chapter_in(file.base) is None:
            if left == 0:
                continue
            left -= 1
        if any(whose.setdefault(chapter, number) != number for chapter in _chapters(file)):
            return True
    return False


def _notebooks_in_turn(folder: Folder) -> Iterator[File]:
    """Of each folder in it one, then of each the next, and so in each of those."""
    loose = (file for file in folder.files if file.kind == ".ipynb")
    for _, file in _in_turn([loose, *map(_notebooks_in_turn, folder.folders)]):
        yield file


def _in_turn(parts: list[Iterator[File]]) -> Iterator[tuple[int, File]]:
    """The first of each, then the second of each; with the number of which it is."""
    turns = deque(enumerate(parts))
    while turns:
        number, files = turns.popleft()
        if (file := next(files, None)) is not None:
            turns.append((number, files))
            yield number, file


def is_class(folder: Folder) -> bool:
    """Whether several people's work lies in it, or that of a class for some assignment."""
    return _is_group(folder) or any(map(_is_of_an_assignment, folder.folders))


def nbgraders_course(folder: Folder) -> Folder | None:
    """The course folder of nbgrader, which may be all that lies in this one."""
    while len(folder.folders) == 1 and not folder.files and folder.folders[0].base != HANDED_IN:
        folder = folder.folders[0]
    names = {one.base for one in folder.folders if not one.is_zip}
    files = {one.base for one in folder.files}
    others = names & (NBGRADERS - {HANDED_IN}) | files & NBGRADERS_FILES
    return folder if HANDED_IN in names and others else None


def is_export(folder: Folder) -> bool:
    """Whether it is Gradescope's: each folder in it is a submission, whatever lies in that."""
    said = EXPORT.fullmatch(folder.base) or any(file.base == WHOSE for file in folder.files)
    return bool(said and folder.folders) and _are_exported(folder.folders)


def _are_exported(folders: list[Folder]) -> bool:
    return all(EXPORTED.fullmatch(one.base) for one in folders)


def groups_in(folder: Folder) -> list[Folder]:
    """Those of the folders in a class that hold the work of several people.

    A folder that may be one of them, among as many others that clearly are, is one too.
    """
    if is_export(folder):
        return []
    open_ = [one for one in folder.folders if not owner(one.base) and not is_results(one)]
    found = [one for one in open_ if _is_group(one)]
    if not found and len(open_) > 1 and _are_exported(open_):  # "submission" is no assignment here
        return []
    found += [one for one in open_ if one not in found and _is_of_an_assignment(one)]
    if len(found) * 2 <= len(open_) + sum(file.kind == ".ipynb" for file in folder.files):
        found = [one for one in found if is_assignment(one.base) or not _holds_notebooks_alone(one)]
    for is_zip in (False, True):
        alike = [one for one in open_ if one.is_zip == is_zip]
        others = [one for one in alike if one not in found]
        # A student, whose folder may hold anything, decides nothing for the others.
        most = len(others) < len(alike) and len(others) * 2 <= len(alike)
        if most and not any(map(_holds_parts_alone, alike)):
            found += others
    return found


def _holds_notebooks_alone(folder: Folder) -> bool:
    """Whether nothing in it is named as somebody's: no folder, and no notebook of the course."""
    if any(owner(one.base) for one in (*folder.files, *folder.folders)):
        return False
    named = [chapter_in(file.base) for file in folder.files]
    return not any(map(holds_work, folder.folders)) and not any(one and one[1] for one in named)


def odd_ones(folder: Folder, groups: list[Folder]) -> list[Folder]:
    """Of what looks like groups those that are few among people: each may be one student's."""
    odd = [one for one in groups if not is_assignment(one.base)]
    people = [one for one in folder.folders if one not in groups and not is_results(one)]
    people += [one for one in folder.files if one.kind == ".ipynb"]
    return odd if len(odd) < len(people) else []


def _is_of_an_assignment(folder: Folder) -> bool:
    """Whether it is named like something to hand in, and what lies in it like people."""
    return is_assignment(folder.base) and not _holds_parts_alone(folder)


def _holds_parts_alone(folder: Folder) -> bool:
    """Whether all in it is named like parts of one person's work, or there is no work in it."""
    names = [without_ending(file.base) for file in folder.files if file.kind == ".ipynb"]
    names += [one.base for one in folder.folders if holds_work(one)]
    return all(map(is_part, names))


def is_results(folder: Folder) -> bool:
    """Whether it is what an earlier run has written, and nobody's work."""
    return any(file.base == RESULTS for file in folder.files) and not holds_work(folder)


def _is_part(file: File) -> bool:
    return is_part(without_ending(file.base))


def holds_work(folder: Folder) -> bool:
    """Whether there is a notebook in it, however deep."""
    return any(file.kind == ".ipynb" for file in folder.all_files())


def _chapters(file: File) -> set[str]:
    """The chapters that a notebook is about, by its name, or by what it defines."""
    if file.kind != ".ipynb":
        return set()
    if named := chapter_in(file.base):
        return {named[0]}
    try:
        content = file.read(BEGINNING, cut=True)
    except Exception:  # it is read again, and what is wrong is said then
        return set()
    return {chapter for chapter, pattern in DEFINES.items() if pattern.search(content)}
