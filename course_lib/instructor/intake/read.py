"""Read what one student handed in: notebooks, and what they need, up to a size.

What is left out is said.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from course_lib.exercises.projects.arrays import LARGEST as LARGEST_ARRAYS
from course_lib.exercises.registry import project_files
from course_lib.instructor.intake.decoding import decoded
from course_lib.instructor.intake.names import is_notebook
from course_lib.instructor.intake.said_once import first_named, said_once
from course_lib.instructor.intake.tree import LARGEST, File, TooMuch, why_not

MOST = 100 << 20  # bytes of all the notebooks of a student
MOST_NOTEBOOKS = 50
MOST_ARRAYS = 50  # files of them
MOST_MODULES, LARGEST_MODULE = 50, 200_000  # Python files in a folder, and bytes of one
ALL_MODULES = 20 << 20  # bytes of all Python files of a student
PYTHON = ".py"
ARCHIVES = (".7z", ".rar", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".zst")


@dataclass(slots=True)
class Submission:
    """What one student handed in.

    Args:
        student: a name that no other submission has.
        sources: its files, wherever they lie; read when `load` is called.
        found: what was said when they were found, one sentence each.
        files: path inside the submission, and content: notebooks, the arrays of projects, and
            Python files beside a notebook, which it may import.
        remarks: one sentence for each thing that was left out.
        name: what the class calls the student, who may not be the only one of that name.
        number: of the student on the learning platform; empty if it gave none.
    """

    student: str
    sources: list[File] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    files: list[tuple[str, bytes]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    name: str = ""
    number: str = ""

    @property
    def notebooks(self) -> list[tuple[str, bytes]]:
        """The notebooks among its files."""
        return [(name, content) for name, content in self.files if is_notebook(name)]

    def notebook_names(self) -> list[str]:
        """All notebooks among its sources, whether they can be read or not."""
        return [file.name for file in self.sources if is_notebook(file.name)]

    def arrays_beside(self, notebook: str) -> dict[str, bytes]:
        """The arrays of projects by file name: those beside a notebook, else from anywhere."""
        folder = notebook.rpartition("/")[0]
        ordered = sorted(self.files, key=lambda one: one[0].rpartition("/")[0] == folder)
        return {_base(name): content for name, content in ordered if _base(name) in project_files()}

    def modules_beside(self, notebook: str, cells: list[tuple[int, str]]) -> dict[str, str]:
        """The Python files beside a notebook by the name of their module, as text.

        Args:
            notebook: its path.
            cells: its code. Only files that it, or another of them, names are taken.
        """
        there = {
            _base(name)[:-3]: decoded(content)
            for name, content in self.files
            if name.endswith(PYTHON) and _folder(name) == _folder(notebook)
        }
        taken: dict[str, str] = {}
        said = "\n".join(source for _, source in cells)
        while new := {name for name in there.keys() - taken if re.search(rf"\b{name}\b", said)}:
            taken |= {name: there[name] for name in new}
            said = "\n".join(there[name] for name in new)
        return taken

    def load(self) -> "Submission":
        """Read its files; whatever is wrong with one becomes a remark, and the others go on."""
        self.files, self.remarks = [], list(self.found)
        for file in self._to_read():
            try:
                self._read(file)
            except Exception as error:  # a damaged zip may raise anything
                self.remarks.append(f"{file.name} can't be read: {why_not(error)}.")
        self.remarks = said_once(self.remarks)
        self.files.sort()
        return self

    def look(self) -> list[str]:
        """What can be said of it without reading: one sentence for each thing that is left out."""
        self.remarks = list(self.found)
        for _ in self._to_read():
            pass
        self.remarks = said_once(self.remarks)
        return self.remarks

    def key(self) -> str:
        """A hash of the content, which is what the ledger knows it by."""
        digest = hashlib.sha256()
        for name, content in self.files:
            digest.update(f"{len(name.encode('utf-8', 'replace'))} {len(content)} ".encode())
            digest.update(name.encode("utf-8", "replace") + content)
        digest.update("\n".join(self.remarks).encode("utf-8", "replace"))
        return digest.hexdigest()

    def _to_read(self) -> Iterator[File]:
        notebooks = arrays = 0
        modules: Counter = Counter()  # by their folder: none is filled by those of another
        others, too_many = [], []
        folders = {_folder(name) for name in self.notebook_names()[:MOST_NOTEBOOKS]}
        for file in self.sources:
            if is_notebook(file.name):
                notebooks += 1
                if notebooks <= MOST_NOTEBOOKS:
                    yield file
            elif file.base in project_files():
                arrays += 1
                if arrays <= MOST_ARRAYS:
                    yield file
            elif _is_module(file.base) and _folder(file.name) in folders:
                modules[_folder(file.name)] += 1
                if modules[_folder(file.name)] <= MOST_MODULES:
                    yield file
                else:
                    too_many.append(file.name)
            else:
                others.append(file)
        if too_many:
            self.remarks.append(
                f"Only the first {MOST_MODULES} Python files in a folder were read, not "
                f"{first_named(too_many)}."
            )
        if notebooks > MOST_NOTEBOOKS:
            self.remarks.append(f"Only the first {MOST_NOTEBOOKS} notebooks were read.")
        if arrays > MOST_ARRAYS:
            self.remarks.append(f"Only the first {MOST_ARRAYS} files of arrays were read.")
        for file in others:
            if file.kind in ARCHIVES:
                self.remarks.append(f"{file.name} was left out: of archives only zips are opened.")
        names = [file.name for file in others if file.kind not in ARCHIVES]
        if names:
            what = "notebooks and Python files beside them" if modules else "notebooks"
            self.remarks.append(f"Only {what} are read, not {first_named(names)}.")

    def _read(self, file: File) -> None:
        if file.name.endswith(PYTHON):
            python = (len(content) for name, content in self.files if name.endswith(PYTHON))
            limit = min(LARGEST_MODULE, ALL_MODULES - sum(python))
            try:
                self.files.append((file.name, file.read(limit)))
            except TooMuch:
                most = f"{limit // 1000} kB"
                self.remarks.append(f"{file.name} was left out: it is larger than {most}.")
            return
        if not is_notebook(file.name):  # a beginning is enough to say that it is too large
            self.files.append((file.name, file.read(LARGEST_ARRAYS + 1, cut=True)))
            return
        left = MOST - sum(len(content) for _, content in self.notebooks)
        limit = min(LARGEST, left)
        try:
            self.files.append((file.name, file.read(limit)))
        except TooMuch:
            self.remarks.append(f"{file.name} was left out: it is larger than {limit >> 20} MB.")


def _is_module(base: str) -> bool:
    """Whether Python can import a file of that name, and one may have meant it to."""
    return base.endswith(PYTHON) and base[:-3].isidentifier()


def _folder(name: str) -> str:
    return name.rpartition("/")[0]


def _base(name: str) -> str:
    return name.rpartition("/")[2]
