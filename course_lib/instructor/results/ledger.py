"""Results as they come, one JSON line each, so that a kill at any moment loses nothing finished.

A line is on the disk before the next submission begins. The last line may be torn; it is cut off
when the ledger is opened, and that submission is graded again. A line that can't be read costs its
own submission another grading, and no other.
"""

import errno
import fcntl
import functools
import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

import course_lib
from course_lib.instructor.errors import BadUsage
from course_lib.instructor.intake.folders import RESULTS as NAME

FORMAT = 1  # of its lines, in the first of them
# Where checks, references and the judge stand, and what projects are judged on.
JUDGING = (
    *("exercises", "scratch", "layers", "graphs", "online", "training/by_hand", "data"),
    *("reading", "instructor"),
)
ALSO = ("values.py", "words.py", "authoring/source.py", "release.py")  # that these build on


class Ledger:
    """The ledger in a folder; only one run at a time may hold it.

    Args:
        folder: made if it isn't there.

    Raises:
        BadUsage: if another run holds it, the folder can't be written to, or the file there is of
            another format.
    """

    def __init__(self, folder: Path):
        self.path = folder / NAME
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.file = open(self.path, "a+b")  # noqa: SIM115  (held until close)
        except OSError as error:
            raise BadUsage(f"{folder} can't be written to ({error.strerror}).") from None
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.file.close()
            raise BadUsage(f"Another run is writing to {folder}: wait for it.") from None
        os.chmod(self.path, 0o600)  # grades
        self.done: dict[str, tuple[int, int]] = {}  # where in the file each result stands
        self.students: set[str] = set()  # names in those results
        self.strays = 0  # lines that are none of ours
        self.seed = None
        self._read()
        if self.seed is None:
            self.seed = secrets.randbits(62)
            self._append({"ledger": FORMAT, "seed": self.seed})

    def _read(self) -> None:
        self.file.seek(0)
        whole = 0
        for line in self.file:
            if not line.endswith(b"\n"):
                break
            entry = _entry(line)
            if entry is None:
                self.strays += 1
            elif "seed" in entry:
                if entry.get("ledger") != FORMAT:
                    self.file.close()
                    raise BadUsage(f"{self.path} is of another version: choose another --out.")
                self.seed = entry["seed"]
            else:
                self.done[entry["key"]] = whole, len(line)
                self.students.add(str(entry["result"].get("student", "")))
            whole += len(line)
        self.file.truncate(whole)
        self.size = whole

    def add(self, key: str, result: dict) -> None:
        """Write a result down, for good."""
        begins = self.size
        self._append({"key": key, "result": result})
        self.done[key] = begins, self.size - begins

    def get(self, key: str) -> dict:
        """A result that was written down; it is read again, so that a large class takes no memory.

        Raises:
            KeyError: if there is none.
        """
        begins, length = self.done[key]
        return json.loads(os.pread(self.file.fileno(), length, begins))["result"]

    def _append(self, entry: dict) -> None:
        line = json.dumps(entry).encode() + b"\n"
        try:
            if os.write(self.file.fileno(), line) < len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
            os.fsync(self.file.fileno())
        except OSError:
            self.file.truncate(self.size)  # a line is there whole, or not at all
            raise
        self.size += len(line)

    def close(self) -> None:
        """Let the next run have it."""
        self.file.close()

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *exception) -> None:
        self.close()


def _entry(line: bytes) -> dict | None:
    """What a line holds, or None if it is none of ours."""
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict):
        return None
    is_result = isinstance(entry.get("key"), str) and isinstance(entry.get("result"), dict)
    return entry if is_result or type(entry.get("seed")) is int else None


def key_of_checks(*settings: object) -> str:
    """A hash of everything that a verdict depends on besides the submission.

    Args:
        settings: what the run was asked for: exercises, limits, cases, seed.
    """
    parts = [np.__version__, course_lib.__version__, course_key(), *map(str, settings)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@functools.cache
def course_key() -> str:
    """A hash of the files of the course that a verdict depends on."""
    digest = hashlib.sha256()
    for file in sorted(_sources()):
        digest.update(file.name.encode() + b" " + file.read_bytes())
    return digest.hexdigest()


def _sources() -> Iterator[Path]:
    package = Path(course_lib.__file__).parent
    for folder in JUDGING:
        yield from (package / folder).rglob("*.py")
    yield from (package / file for file in ALSO)
    for folder in ("exercises", "instructor"):
        yield from (package / folder).rglob("*.json")
    yield from (package / "data").glob("*.npz")  # what projects are judged on


def replace_file(path: Path, parts: Iterable[str]) -> None:
    """Write a file aside and move it into place: there is the old one or the new one, whole."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with open(draft, "w", encoding="utf-8", errors="replace", newline="") as file:
            file.writelines(parts)
        os.chmod(draft, 0o600)
        draft.replace(path)
    except BaseException as error:
        draft.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = str(path)  # nobody has heard of the draft
        raise
