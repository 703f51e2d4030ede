"""Folders and zips as one tree of files. Nothing is unpacked and no link is followed.

A zip is a folder here, also inside another zip. What can't be looked into is said in a sentence.
"""

import contextlib
import io
import os
import stat
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from course_lib.instructor.intake.names import is_notebook

LARGEST = 50 << 20  # bytes of a notebook, or of a zip inside a zip
# Files that may lie directly in the folder or zip that was named; in each of its folders, with all
# that is below; in each folder of those; and so on. A student's is one of these, as in anna/,
# monday/anna/, week1/monday/anna/ or 2026/week1/monday/anna/. Each has room for several of the
# next, so that no student can hand in so many files that no one looks at those of the others.
MOST_FILES = 200_000, 200_000, 50_000, 12_500, 3_000
DEEPEST, MOST_ZIPS = 30, 3  # folders below each other, and zips inside each other
# Files that a zip inside a zip may list. Where several of them take turns, each file that is read
# takes a reading of its zip's list, too. No zip of 50 MB that a person makes has so many.
MOST_LISTED = 20_000
LONGEST_NAME = 255  # bytes of a file's name on any disk; in a zip there may be more
# Made by programs, of which no student knows.
NOT_LOOKED_INTO = {".ipynb_checkpoints", "__MACOSX", ".git", ".venv", "__pycache__", ".course"}
LEFT_BY_SYSTEMS = {".ds_store", "thumbs.db", "desktop.ini", "timestamp.txt"}  # the last: nbgrader
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2)
ENCRYPTED, SAYS_UTF_8 = 1, 1 << 11  # flags


class TooMuch(Exception):
    """A file is larger than what is read."""


@dataclass(frozen=True, slots=True)  # a large class has many of them
class File:
    """A file, somewhere.

    Args:
        name: its path inside the folder or zip where the walk began.
        path: of the file on the disk, from the root; it may be a zip. As text, because a `Path`
            takes several times the memory.
        inside: where in the zip it is: a number for each zip on the way.
    """

    name: str
    path: str
    inside: tuple[int, ...] = ()

    @property
    def base(self) -> str:
        """Its name without folders."""
        return self.name.rpartition("/")[2]

    @property
    def kind(self) -> str:
        """The ending, in small letters, with its dot; of a notebook always the same."""
        return ".ipynb" if is_notebook(self.base) else os.path.splitext(self.base)[1].lower()

    def read(self, most: int, cut: bool = False) -> bytes:
        """The content.

        Args:
            most: bytes.
            cut: whether the beginning will do, where it is larger.

        Raises:
            TooMuch: if it is larger than `most` bytes, and not cut.
            OSError and whatever damaged zips raise.
        """
        with contextlib.ExitStack() as opened:
            file = opened.enter_context(_open(self.path))
            on_disk = os.fstat(file.fileno())
            for depth, number in enumerate(self.inside):
                which = (self.path, on_disk.st_size, on_disk.st_mtime_ns, self.inside[:depth])
                archive = opened.enter_context(_archive(_seekable(file), which))
                file = opened.enter_context(archive.open(archive.infolist()[number]))
            content = file.read(most + 1)
        if len(content) > most and not cut:
            raise TooMuch
        return content[:most]


@dataclass(slots=True)  # of a class of thousands there are as many
class Folder:
    """A folder or a zip.

    Args:
        name: its path inside the folder or zip where the walk began; empty for that one.
        base: its name alone, without .zip.
        files: those directly in it.
        folders: folders and zips directly in it.
        not_understood: what can't be looked into, one sentence each.
        is_zip: whether it is a zip.
        passed_over: paths of what programs made directly in it, which is not looked into.
    """

    name: str
    base: str
    files: list[File] = field(default_factory=list)
    folders: list["Folder"] = field(default_factory=list)
    not_understood: list[str] = field(default_factory=list)
    is_zip: bool = False
    passed_over: list[str] = field(default_factory=list)

    def walk(self) -> Iterator["Folder"]:
        """This one and all that are below it."""
        yield self
        for one in self.folders:
            yield from one.walk()

    def all_files(self) -> Iterator[File]:
        """Every file in it, however deep."""
        for one in self.walk():
            yield from one.files


def tree(path: Path, leave_out: tuple[Path, ...] = ()) -> Folder:
    """What a folder or a zip holds.

    Args:
        path: of it.
        leave_out: folders that aren't looked into, such as that of the results.
    """
    walk = _Walk({os.path.abspath(one) for one in leave_out})
    base = path.absolute().name
    if path.is_dir():
        top = Folder("", base)
        walk.folder(str(path.absolute()), top, 0)
    else:
        top = Folder("", base[: -len(path.suffix)], is_zip=True)
        walk.zip(File(base, str(path.absolute())), top)
    return top


@dataclass
class _Walk:
    leave_out: set[str]
    counts: Counter = field(default_factory=Counter)  # of files, by the folders in MOST_FILES

    def folder(self, path: str, into: Folder, depth: int) -> None:
        if depth > DEEPEST:
            into.not_understood.append(f"{into.name} was left out: it lies too deep.")
            return
        try:
            entries = sorted(os.scandir(path), key=lambda e: e.name)
        except OSError as error:
            into.not_understood.append(f"{into.name or path} can't be read ({error.strerror}).")
            return
        for entry in entries:
            name = _below(into, entry.name)
            if _is_left_by_programs(entry.name):
                if entry.name in NOT_LOOKED_INTO:
                    into.passed_over.append(name)
                continue
            if entry.is_symlink():
                into.not_understood.append(f"{name} was left out: it is a symbolic link.")
            elif entry.is_dir(follow_symlinks=False):
                if os.path.abspath(entry.path) in self.leave_out:
                    continue
                one = Folder(name, entry.name)
                into.folders.append(one)
                self.folder(entry.path, one, depth + 1)
            elif not stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
                into.not_understood.append(f"{name} was left out: it is not an ordinary file.")
            elif self._one_more(name, into):
                self._file(File(name, entry.path), into)

    def zip(self, file: File, into: Folder) -> None:
        """The files of a zip, in folders as their names have them."""
        if len(file.inside) >= MOST_ZIPS:
            into.not_understood.append(
                f"{file.name} was left out: it is in a zip in a zip in a zip."
            )
            return
        try:
            with contextlib.ExitStack() as opened:
                if file.inside:
                    content = io.BytesIO(file.read(LARGEST))
                else:
                    content = opened.enter_context(_open(file.path))
                entries = opened.enter_context(zipfile.ZipFile(content)).infolist()
        except Exception as error:  # a damaged zip may raise anything
            into.not_understood.append(f"{file.name} can't be read: {why_not(error)}.")
            return
        if file.inside and len(entries) > MOST_LISTED:
            into.not_understood.append(
                f"{file.name} was left out: it lists {len(entries):,} files, and a zip inside a "
                f"zip may list {MOST_LISTED:,}."
            )
            return
        folders = {"": into}
        for number, entry in enumerate(entries):
            parts = _name(entry).replace("\\", "/").split("/")
            name = "/".join(parts)
            left = [place for place, part in enumerate(parts) if _is_left_by_programs(part)]
            if name.startswith("/") or ".." in parts or parts[0][1:2] == ":":
                into.not_understood.append(f"{name} was left out: it points outside the zip.")
                continue
            above = parts[: left[0]] if left else parts[:-1]
            named = above if left else parts  # what a program left is not looked at
            if any(len(part.encode("utf-8", "replace")) > LONGEST_NAME for part in named):
                into.not_understood.append(f"{name[:60]}… was left out: its name is too long.")
                continue
            if len(above) >= DEEPEST:
                into.not_understood.append(f"{name[:200]} was left out: it lies too deep.")
                continue
            is_new = "/".join(above) not in folders
            is_one_more = is_new or not (left or entry.is_dir())
            if is_one_more and not self._one_more(_below(into, name), into):
                continue
            above = _folder(folders, above, into)  # also where there is no work in it
            if left and parts[left[0]] in NOT_LOOKED_INTO:
                passed_over = _below(above, parts[left[0]])
                if passed_over not in above.passed_over:
                    above.passed_over.append(passed_over)
            if left or entry.is_dir():
                continue
            if stat.S_ISLNK(entry.external_attr >> 16):
                above.not_understood.append(f"{name} was left out: it is a symbolic link.")
                continue
            inner = File(_below(above, parts[-1]), file.path, (*file.inside, number))
            if problem := _cannot_be_read(entry):
                above.not_understood.append(f"{inner.name} was left out: {problem}.")
            else:
                self._file(inner, above)

    def _file(self, file: File, into: Folder) -> None:
        if file.kind != ".zip":
            into.files.append(file)
            return
        one = Folder(file.name, file.base[:-4], is_zip=True)
        into.folders.append(one)
        self.zip(file, one)

    def _one_more(self, name: str, into: Folder) -> bool:
        """Whether a file with this path is among those that are looked at."""
        above = name.split("/")[:-1]
        depths = range(min(len(above), len(MOST_FILES) - 1), 0, -1) or [0]
        for depth in depths:  # what is too much in an inner folder doesn't count in the outer one
            one, most = "/".join(above[:depth]), MOST_FILES[depth]
            self.counts[one] += 1
            if self.counts[one] > most:
                if self.counts[one] == most + 1:
                    where = f" in {one}" if one else ""
                    into.not_understood.append(
                        f"Only the first {most} files{where} were looked at."
                    )
                return False
        return True


def _folder(folders: dict[str, Folder], parts: list[str], top: Folder) -> Folder:
    """The folder of a zip with this path; made, with those above it, where it isn't there yet."""
    key = "/".join(parts)
    if key not in folders:
        above = _folder(folders, parts[:-1], top)
        folders[key] = Folder(_below(above, parts[-1]), parts[-1])
        above.folders.append(folders[key])
    return folders[key]


def _name(entry: zipfile.ZipInfo) -> str:
    """Its name; UTF-8 also where a program wrote that and didn't say so, as macOS does."""
    if not entry.flag_bits & SAYS_UTF_8:
        with contextlib.suppress(UnicodeError):
            return entry.filename.encode("cp437").decode("utf-8")
    return entry.filename


def why_not(error: Exception) -> str:
    """In words why a file can't be read."""
    if isinstance(error, TooMuch):
        return f"it is larger than {LARGEST >> 20} MB"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"it is damaged ({type(error).__name__})"


def _cannot_be_read(entry: zipfile.ZipInfo) -> str:
    if entry.flag_bits & ENCRYPTED:
        return "it is encrypted"
    if entry.compress_type not in METHODS:
        method = zipfile.compressor_names.get(entry.compress_type, entry.compress_type)
        return f"its compression ({method}) is not one that is read"
    return ""


def _below(folder: Folder, name: str) -> str:
    return readable(f"{folder.name}/{name}" if folder.name else name)


def _is_left_by_programs(name: str) -> bool:
    return name in NOT_LOOKED_INTO or name.lower() in LEFT_BY_SYSTEMS or name.startswith("._")


def _open(path: str):
    """An ordinary file; a pipe would wait for ever, and a link lead elsewhere."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    file = open(descriptor, "rb")  # noqa: SIM115  (the caller closes it)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        file.close()
        raise OSError(None, "it is not an ordinary file")
    return file


def _seekable(file) -> io.BufferedIOBase:
    """A zip inside a zip, in memory."""
    if isinstance(file, io.BufferedReader):
        return file
    content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise TooMuch
    return io.BytesIO(content)


class _Listed(zipfile.ZipFile):
    """A zip whose list of files was read before."""

    def __init__(self, file: io.BufferedIOBase, entries: list[zipfile.ZipInfo]):
        self._entries = entries
        super().__init__(file)

    def _RealGetContents(self) -> None:  # if Python calls it otherwise one day, the list is read
        self.filelist = self._entries


# By the zip: its path, size, time, and the numbers on the way to it; those used last are at the
# end. As many as lie inside each other are kept. A list of 200,000 files takes a second to read,
# which is too long for each of its files, and a single student's zip of 20 MB may have one.
_lists: dict[tuple, list[zipfile.ZipInfo]] = {}


def _archive(file: io.BufferedIOBase, which: tuple) -> zipfile.ZipFile:
    """A zip to read from, whose list of files is read only once in a row."""
    if (entries := _lists.pop(which, None)) is None:
        archive = zipfile.ZipFile(file)
        entries = archive.infolist()
    else:
        archive = _Listed(file, entries)
    _lists[which] = entries
    if len(_lists) > MOST_ZIPS:
        del _lists[next(iter(_lists))]
    return archive


def forget_lists() -> None:
    """Give back the memory of the lists of zips that were read from last."""
    _lists.clear()


def readable(name: str) -> str:
    """A file's name as text that can be written down; bytes that are no text become \\x.."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
