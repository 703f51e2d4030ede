"""Find whose work lies where: the layouts in which classes come.

A student's work may be a folder, a zip or a notebook; a class may be a folder or a zip of those, in
groups or not, or the download of a learning platform. What fits no layout is said to be not
understood.
"""

import itertools
import re
import sys
import unicodedata
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from course_lib.instructor.errors import BadUsage
from course_lib.instructor.intake.folders import (
    groups_in,
    holds_work,
    is_class,
    is_export,
    is_one_persons,
    is_results,
    nbgraders_course,
    odd_ones,
)
from course_lib.instructor.intake.names import (
    HANDED_IN,
    NBGRADERS,
    NBGRADERS_FILES,
    WHOSE,
    Owner,
    chapter_in,
    is_assignment,
    is_notebook,
    is_part,
    owner,
    tidy,
    without_copy,
    without_ending,
)
from course_lib.instructor.intake.read import ARCHIVES, Submission
from course_lib.instructor.intake.said_once import first_named, said_once
from course_lib.instructor.intake.tree import File, Folder, forget_lists, readable, tree

MAY_BE_WORK = (".ipynb", ".zip", *ARCHIVES)


@dataclass
class Found:
    """A class.

    Args:
        submissions: one a student.
        not_understood: one sentence for each thing that is nobody's.
        work_is_left: whether some of it may be a student's work.
    """

    submissions: list[Submission] = field(default_factory=list)
    not_understood: list[str] = field(default_factory=list)
    work_is_left: bool = False


@dataclass(slots=True)
class _Person:
    name: str
    written: str  # the name with the separators around it
    place: tuple[str, ...]  # the folders above, and the name of the folder or file
    number: str = ""
    sources: list[File] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    inside: str = ""  # a folder that may be one student's; empty for whoever lies in the class


def find(paths: list[Path], by: str = "", leave_out: Iterable[Path] = ()) -> Found:
    """The submissions that the arguments mean.

    Args:
        paths: folders, notebooks and zips.
        by: a regular expression that finds the student in the path of a file: its group "student",
            or its first group, or all that it matches. Empty: by the layouts that are known.
        leave_out: folders that aren't looked into, such as that of the results.

    Raises:
        BadUsage: if an argument isn't there, or there is nothing to validate.
    """
    finder = _Finder(_pattern(by))
    for path in paths:
        if not path.exists():
            raise BadUsage(f"There is no {path}.")
        if path.is_dir() or path.suffix.lower() == ".zip":
            finder.argument(path, tree(path, tuple(leave_out)))
        elif is_notebook(path.name):
            finder.notebook(path)
        else:
            raise BadUsage(f"{path} is neither a folder nor a notebook (.ipynb) nor a zip.")
    forget_lists()  # nothing is read before the class is graded
    found = finder.result()
    if not found.submissions:
        where = ", ".join(map(str, paths))
        such = "" if not by else " that --by finds a student for"
        said = "".join(f"\n  {one}" for one in found.not_understood[:10])
        what = f"no folder, notebook (.ipynb) or zip{such}"
        raise BadUsage(f"No submissions in {where}: {what}.{said}")
    return found


def _pattern(by: str) -> re.Pattern | None:
    try:
        return re.compile(by) if by else None
    except re.error as error:
        raise BadUsage(f"--by is no regular expression: {error}.") from None


class _Finder:
    def __init__(self, pattern: re.Pattern | None):
        self.pattern = pattern
        self.people: dict[tuple, _Person] = {}
        self.left: list[str] = []
        self.work_is_left = False
        self.seen: set[tuple] = set()
        self.above: dict[tuple[str, ...], tuple[str, ...]] = {}
        self.inside = ""

    def result(self) -> Found:
        people = list(self.people.values())
        _own_name_first(people)
        self._keep_apart(people)
        named = zip(_names(people), people, strict=True)
        submissions = [
            Submission(name, one.sources, one.found, name=one.name, number=one.number)
            for name, one in named
        ]
        return Found(submissions, said_once(self.left), self.work_is_left)

    def _keep_apart(self, people: list[_Person]) -> None:
        """Who differs in nothing but separators, as "anna" and "anna_", is called as written."""

        def alike(one: _Person) -> tuple:
            return self.above[one.place[:-1]], one.name, one.number

        written: dict[tuple, str] = {}
        several = {alike(o) for o in people if written.setdefault(alike(o), o.written) != o.written}
        for one in [one for one in people if alike(one) in several]:
            one.name = one.written

    def argument(self, path: Path, top: Folder) -> None:
        above = path.absolute().parent.parts
        if self.pattern is not None:
            self._by_pattern(top, above)
        elif course := nbgraders_course(top):
            self._handed_in_to_nbgrader(course, (*above, course.base))
        elif is_one_persons(top) or (top.is_zip and not is_class(top)):
            self._folder_of(top.base, top, (*above, top.base))
        else:
            self._class(top, (*above, top.base))

    def notebook(self, path: Path) -> None:
        file = File(readable(path.name), str(path.absolute()))
        if self.pattern is not None:
            self._by_pattern(Folder("", "", [file]), path.absolute().parent.parts)
            return
        self._add(
            without_copy(without_ending(path.name)),
            (*path.absolute().parent.parts, file.base),
            [file],
        )

    def _handed_in_to_nbgrader(self, course: Folder, place: tuple[str, ...]) -> None:
        """Students' folders, and in each a folder for each assignment; all else is nbgrader's."""
        self._leave(course.not_understood, may_be_work=True)
        others = [one.name for one in course.folders if one.base in NBGRADERS - {HANDED_IN}]
        if others:
            self._leave([OF_NBGRADER.format(", ".join(others))])
        for one in course.folders:
            if one.base == HANDED_IN:
                self._leave(one.not_understood, may_be_work=True)
                for student in one.folders:
                    self._folder_of(student.base, student, (*place, one.base, student.base))
                for file in one.files:
                    self._file_of_a_class(file, (*place, one.base, file.base))
            elif one.base not in NBGRADERS and holds_work(one):
                self._leave([f"{one.name}: it lies beside nbgrader's folders."], may_be_work=True)
        for file in course.files:
            if file.base not in NBGRADERS_FILES:
                self._file_of_a_class(file, (*place, file.base))

    def _class(self, folder: Folder, place: tuple[str, ...], within: str = "") -> None:
        """Each folder, zip and notebook in it is a student's, or a group's.

        Args:
            folder: of the class, or of a group.
            place: the folders above that tell students of one name apart.
            within: the assignments in which it lies, as the beginning of a path. The same name
                in two of them is the same student.
        """
        self._leave(folder.not_understood, may_be_work=True)
        groups = groups_in(folder)
        assignments = [one for one in groups if is_assignment(one.base)]
        odd = odd_ones(folder, groups)
        exported = is_export(folder)
        waiting = deque(sorted((*folder.files, *folder.folders), key=lambda one: one.name))
        folder.files, folder.folders = [], []  # each is let go once it is somebody's
        while waiting:
            one = waiting.popleft()
            inner = (*place, one.base)
            if isinstance(one, File) and one.base == WHOSE and exported:
                continue
            if isinstance(one, File):
                self._file_of_a_class(one, inner)
            elif by := owner(one.base):
                self._folder_of(by.who, one, inner, by, within)
            elif is_results(one):
                self._leave([f"{one.name}: results of an earlier run."])
            elif one in assignments:
                here = f"{within}{one.base}/" if len(assignments) > 1 else within
                self._class(one, place, here)
            elif one in groups:
                around, self.inside = self.inside, self.inside or (one.base if one in odd else "")
                self._class(one, inner, within)
                self.inside = around
            else:
                self._folder_of(without_copy(one.base), one, inner, within=within)

    def _file_of_a_class(self, file: File, place: tuple[str, ...]) -> None:
        by = owner(file.base)
        if by is not None:
            self._add(by.who, place, [file], by)
            return
        if file.kind != ".ipynb":
            what = "only zips are opened" if file.kind in ARCHIVES else "it is nobody's notebook"
            self._leave([f"{file.name}: {what}."], may_be_work=file.kind in MAY_BE_WORK)
            return
        named = chapter_in(file.base)
        if named and is_part(named[1]):
            self._leave(
                [f"{file.name}: it lies among the students' work, and its name says nobody's."],
                may_be_work=True,
            )
            return
        who = named[1] if named else without_copy(without_ending(file.base))
        self._add(who, place, [file])

    def _folder_of(
        self,
        who: str,
        folder: Folder,
        place: tuple[str, ...],
        by: Owner | None = None,
        within: str = "",
    ) -> None:
        below = f"{folder.name}/" if folder.name else ""
        said = [one.removeprefix(below) for inner in folder.walk() for one in inner.not_understood]
        files = [
            # Most of a class call their files alike, so each name is held once.
            File(sys.intern(within + one.name.removeprefix(below)), one.path, one.inside)
            for one in folder.all_files()
        ]
        passed_over = [
            one.removeprefix(below) for inner in folder.walk() for one in inner.passed_over
        ]
        if passed_over and not any(one.kind == ".ipynb" for one in files):
            said.append(PASSED_OVER.format(first_named(passed_over)))
        self._add(who, place, files, by, said, within + (folder.name or folder.base))

    def _by_pattern(self, top: Folder, above: tuple[str, ...]) -> None:
        for inner in top.walk():
            self._leave(inner.not_understood, may_be_work=True)
        for folder in _without_files(top):
            passed_over = any(inner.passed_over for inner in folder.walk())
            self._leave([NO_FILES.format(folder.name)], may_be_work=passed_over)
        for file in top.all_files():
            match = self.pattern.search(file.name)
            if match is None:
                may_be_work = file.kind in MAY_BE_WORK
                self._leave([f"{file.name}: --by finds nobody in it."], may_be_work)
                continue
            groups = match.groupdict()
            who = groups.get("student") or (match.group(1) if match.re.groups else match.group())
            self._add(who or match.group(), (*above, who or match.group()), [file], key=who)

    def _add(self, who, place, files, by=None, said=(), where="", key=None) -> None:
        """These files are of that person, who may have others.

        Those from another place, which is `where`, may have the same names.
        """
        new = [one for one in files if (one.path, one.inside) not in self.seen]
        if files and not new:  # the same argument twice
            return
        files = new
        self.seen |= {(one.path, one.inside) for one in files}
        written = unicodedata.normalize("NFC", readable(who))
        number = by.number if by else ""
        above = self.above.setdefault(place[:-1], place[:-1])  # one tuple for all who lie there
        key = (key, written) if key is not None else (above, written, number)
        new_one = _Person(tidy(written) or "?", written, place, number, inside=self.inside)
        person = self.people.setdefault(key, new_one)
        if person.inside and not person.found:
            person.found.append(SEVERAL.format(readable(person.inside)))
        person.sources += _renamed(files, {one.name for one in person.sources}, where)
        person.found += list(said)
        if by and by.late and LATE not in person.found:
            person.found.append(LATE)

    def _leave(self, sentences: list[str], may_be_work: bool = False) -> None:
        self.left += sentences
        self.work_is_left |= may_be_work and bool(sentences)


LATE = "The platform calls it late."
OF_NBGRADER = f"{{}}: of nbgrader's folders only {HANDED_IN} holds what students handed in."
NO_FILES = "{} was left out: there is no file in it, or only what programs keep for themselves."
PASSED_OVER = "Not looked into: {}. There programs keep copies and files of their own."
SEVERAL = "It lies in {}, among other people's work: see whether that folder is a student's."


def _without_files(folder: Folder) -> Iterator[Folder]:
    """The outermost folders in it that hold no file, however deep, and of which nothing is said."""
    for one in folder.folders:
        if next(one.all_files(), None) is None:
            if not any(inner.not_understood for inner in one.walk()):
                yield one
        else:
            yield from _without_files(one)


def _renamed(files: list[File], taken: set[str], where: str) -> list[File]:
    """The files, with the place before their names if one of these is taken already."""
    tries, before = itertools.count(2), ""
    while any(before + one.name in taken for one in files):
        before = f"{where}/" if where and not before else f"{where} ({next(tries)})/"
    return [replace(one, name=before + one.name) for one in files] if before else files


def _own_name_first(people: list[_Person]) -> None:
    """Nobody gets the name or number of who lies in the class by naming a folder inside their own.

    Names are compared as `course grades` does, where two people of one name get no points.
    """
    names = {_letters(one.name) for one in people if not one.inside}
    numbers = {one.number for one in people if not one.inside}
    for one in people:
        if one.inside and (_letters(one.name) in names or one.number in numbers - {""}):
            one.name, one.number = readable(f"{one.inside}/{one.name}"), ""


def _letters(name: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", name).casefold() if c.isalnum())


def _names(people: list[_Person]) -> list[str]:
    """A name for each: its own, with as much before it as makes it the only one."""
    names = [one.name for one in people]
    twice = _repeated(names)
    names = [
        f"{name} ({one.number})" if name in twice and one.number else name
        for name, one in zip(names, people, strict=True)
    ]
    for depth in range(1, 40):
        twice = _repeated(names)
        if not twice:
            break
        names = [
            readable("/".join(one.place[-depth - 1 :])) if name in twice else name
            for name, one in zip(names, people, strict=True)
        ]
    return names


def _repeated(names: list[str]) -> set[str]:
    seen: set[str] = set()
    twice = set()
    for name in names:
        (twice if name in seen else seen).add(name)
    return twice
