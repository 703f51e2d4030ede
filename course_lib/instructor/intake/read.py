"""Read what one student handed in: a folder, a zip, or one notebook alone.

Nothing is unpacked and no link is followed: notebooks, and the arrays of projects, are read into
memory, up to a size, and what is left out is said.
"""

import hashlib
import os
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from course_lib.exercises.projects.arrays import LARGEST as LARGEST_ARRAYS
from course_lib.exercises.registry import project_files

LARGEST = 50 << 20  # bytes of a notebook
MOST = 100 << 20  # bytes of all the notebooks of a student
MOST_NOTEBOOKS = 50
MOST_ARRAYS = 50  # files of them
MOST_FILES = 20_000  # looked at for one student
NOT_LOOKED_INTO = {".ipynb_checkpoints", "__MACOSX", ".git", ".venv", "__pycache__", ".course"}


@dataclass
class Submission:
    """What one student handed in.

    Args:
        student: a name that no other submission has.
        files: path inside the submission, and content: notebooks, and the arrays of projects.
        remarks: one sentence for each thing that was left out.
        path: where it lies; read when `load` is called.
    """

    student: str
    path: Path
    files: list[tuple[str, bytes]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    @property
    def notebooks(self) -> list[tuple[str, bytes]]:
        """The notebooks among its files."""
        return [(name, content) for name, content in self.files if _is_notebook(name)]

    def arrays_beside(self, notebook: str) -> dict[str, bytes]:
        """The arrays of projects by file name: those beside a notebook, else from anywhere."""
        folder = notebook.rpartition("/")[0]
        ordered = sorted(self.files, key=lambda one: one[0].rpartition("/")[0] == folder)
        return {_base(name): content for name, content in ordered if not _is_notebook(name)}

    def load(self) -> "Submission":
        """Read its files; whatever is wrong with one becomes a remark."""
        self.files, self.remarks = [], []
        try:
            for name, content in self._read():
                self.files.append((name, content))
        except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError,
                ValueError, zipfile.LargeZipFile) as error:  # fmt: skip
            self.remarks.append(f"{self.path.name} can't be read ({type(error).__name__}).")
        self.files.sort()
        return self

    def key(self) -> str:
        """A hash of the content, which is what the ledger knows it by."""
        digest = hashlib.sha256()
        for name, content in self.files:
            digest.update(f"{len(name.encode('utf-8', 'replace'))} {len(content)} ".encode())
            digest.update(name.encode("utf-8", "replace") + content)
        digest.update("\n".join(self.remarks).encode("utf-8", "replace"))
        return digest.hexdigest()

    def _read(self) -> Iterator[tuple[str, bytes]]:
        budget = MOST
        count = arrays = 0
        for name, size, read in self._files():
            count += 1
            if count > MOST_FILES:
                self.remarks.append(f"Only the first {MOST_FILES} files were looked at.")
                return
            if _base(name) in project_files():
                if arrays < MOST_ARRAYS:  # a beginning is enough to say that it is too large
                    yield name, read(LARGEST_ARRAYS + 1)
                arrays += 1
                continue
            if not _is_notebook(name):
                continue
            if len(self.notebooks) >= MOST_NOTEBOOKS:
                self.remarks.append(f"Only the first {MOST_NOTEBOOKS} notebooks were read.")
                return
            limit = min(LARGEST, budget)
            content = read(limit + 1) if size <= limit else None
            if content is None or len(content) > limit:
                self.remarks.append(f"{name} was left out: it is larger than {limit >> 20} MB.")
                continue
            budget -= len(content)
            yield name, content

    def _files(self):
        if self.path.is_dir() and not self.path.is_symlink():
            yield from self._in_folder(self.path, "")
        elif self.path.suffix.lower() == ".zip":
            yield from self._in_zip()
        else:
            yield self.path.name, os.lstat(self.path).st_size, _reader(self.path)

    def _in_folder(self, folder: Path, above: str, depth: int = 0):
        if depth > 30:
            self.remarks.append(f"{above} was left out: it lies too deep.")
            return
        for entry in sorted(os.scandir(folder), key=lambda e: e.name):
            name = f"{above}{entry.name}"
            if entry.is_symlink():
                self.remarks.append(f"{name} was left out: it is a symbolic link.")
            elif entry.is_dir(follow_symlinks=False):
                if entry.name not in NOT_LOOKED_INTO:
                    yield from self._in_folder(Path(entry.path), f"{name}/", depth + 1)
            elif not stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
                self.remarks.append(f"{name} was left out: it is not an ordinary file.")
            elif name.lower().endswith(".zip"):
                self.remarks.append(f"{name} was left out: a zip inside a folder isn't opened.")
            else:
                yield name, entry.stat(follow_symlinks=False).st_size, _reader(Path(entry.path))

    def _in_zip(self):
        with zipfile.ZipFile(self.path) as archive:
            for entry in archive.infolist()[:MOST_FILES]:
                name = entry.filename.replace("\\", "/")
                parts = name.split("/")
                if entry.is_dir() or NOT_LOOKED_INTO & set(parts):
                    continue
                if stat.S_ISLNK(entry.external_attr >> 16):
                    self.remarks.append(f"{name} was left out: it is a symbolic link.")
                elif name.startswith("/") or ".." in parts or ":" in parts[0]:
                    self.remarks.append(f"{name} was left out: it points outside the zip.")
                else:

                    def read(limit, entry=entry):
                        with archive.open(entry) as file:
                            return file.read(limit)

                    yield name, entry.file_size, read


def _is_notebook(name: str) -> bool:
    return name.lower().endswith(".ipynb")


def _base(name: str) -> str:
    return name.rpartition("/")[2].lower()


def _reader(path: Path):
    def read(limit: int) -> bytes:
        # A pipe would wait for ever, and a link lead elsewhere.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise OSError("not an ordinary file")
            return file.read(limit)

    return read
