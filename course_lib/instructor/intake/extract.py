"""The code cells of a notebook that a student handed in, whatever has become of it on the way.

Reads JSON and text only: no line of Python is parsed here, let alone run.
"""

import json
import re
from dataclasses import dataclass, field

from course_lib.exercises.registry import ids
from course_lib.instructor.intake.decoding import decoded
from course_lib.release import difference, release_of

BROKE = "it broke while it was saved or sent"
OTHERS = {
    b"PK\x03\x04": "a zip",
    b"%PDF-": "a PDF",
    b"\x1f\x8b": "a gzip archive",
    b"Rar!": "a RAR archive",
    b"version https://git-lfs": "a pointer of Git LFS (git lfs pull fetches the notebook)",
}
MERGE = re.compile(r"^(?:<{7} |>{7} |={7}\r?$)", re.M)
PYTHON = re.compile(r"^(?:def \w+\(|class \w+|import \w+|from [\w.]+ import )", re.M)
STRICT = re.compile(r"check\(\w+, strict=True\)")  # only the course's own solutions check so
MOST_CELLS = 5_000
LONGEST = 500_000  # characters of one cell
MOST_CODE = 4_000_000  # characters of all code cells


class Unreadable(Exception):
    """It is no notebook; the message says why."""


@dataclass
class Cells:
    """What a notebook holds.

    Args:
        code: numbers of the code cells, from 1 and counting cells of text, and sources.
        roles: from numbers of cells to the exercise that the course released there.
        remarks: what is odd about it, one sentence each.
        release: of the course, that the notebook is of; empty if it doesn't say.
        is_solution: whether it is the course's own solution, by its strict checks.
        python: the Python that it was saved with, such as (3, 12); empty if it doesn't say.
    """

    code: list[tuple[int, str]] = field(default_factory=list)
    roles: dict[int, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    release: str = ""
    is_solution: bool = False
    python: tuple[int, ...] = ()


def extract(content: bytes) -> Cells:
    """The code cells, from nbformat 3 to 4.5.

    Raises:
        Unreadable: if it is no notebook.
    """
    try:
        text = decoded(content)
        notebook = json.loads(text)
    except MemoryError:
        raise Unreadable("it takes more memory than reading a notebook may") from None
    except RecursionError:
        raise Unreadable("it is nested too deeply to be a notebook") from None
    except ValueError as error:
        where = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else "a number"
        if not text.strip():
            raise Unreadable("it is empty") from None
        what = _instead(content, text)
        raise Unreadable(what or f"it is not JSON ({where}): {BROKE}") from None
    if not isinstance(notebook, dict):
        raise Unreadable("it is JSON, but no notebook")
    cells = notebook.get("cells")
    if cells is None and isinstance(notebook.get("worksheets"), list):  # nbformat 3
        cells = [
            cell
            for sheet in notebook["worksheets"]
            if isinstance(sheet, dict) and isinstance(sheet.get("cells"), list)
            for cell in sheet["cells"]
        ]
    if not isinstance(cells, list):
        raise Unreadable("it is JSON, but no notebook: it has no cells")
    found = Cells(release=release_of(notebook), python=_python(notebook))
    if other := difference(found.release):
        found.remarks.append(other)
    if len(cells) > MOST_CELLS:
        found.remarks.append(f"Only the first {MOST_CELLS} of its {len(cells)} cells were read.")
    for number, cell in enumerate(cells[:MOST_CELLS], 1):
        if isinstance(cell, dict):
            _take(number, cell, found)
    return found


def _python(notebook: dict) -> tuple[int, ...]:
    """The Python of the kernel, by its metadata."""
    about = notebook.get("metadata")
    about = about.get("language_info") if isinstance(about, dict) else None
    version = about.get("version") if isinstance(about, dict) else None
    said = re.match(r"(\d{1,3})\.(\d{1,3})\b", version) if isinstance(version, str) else None
    return tuple(map(int, said.groups())) if said else ()


def _instead(content: bytes, text: str) -> str:
    """What it is where it is no notebook, or what became of it; empty if that can't be told."""
    for begins, what in OTHERS.items():
        if content.startswith(begins):
            return f"it is {what}, whatever its name says"
    if text.lstrip()[:15].lower().startswith(("<!doctype html", "<html")):
        return "it is a web page, not the notebook itself"
    if conflict := MERGE.search(text):
        line = text.count("\n", 0, conflict.start()) + 1
        return f"a merge of two versions was not brought to an end (line {line})"
    if PYTHON.search(text) and not text.lstrip().startswith("{"):
        return "it is Python code, not a notebook"
    return ""


def _take(number: int, cell: dict, found: Cells) -> None:
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(part for part in source if isinstance(part, str))
    if not isinstance(source, str):
        found.remarks.append(f"Cell {number} has no source that can be read.")
        return
    role = _role(cell)
    kind = cell.get("cell_type")
    if kind == "code":
        pass
    elif role and ("def " in source or "class " in source):
        found.remarks.append(
            f"Cell {number} had become a cell of {kind!s:.20}; it was read as code."
        )
    else:
        return
    if len(source) > LONGEST:
        found.remarks.append(
            f"Cell {number} was left out: it has {len(source):,} characters; {LONGEST:,} is the "
            "most that is read."
        )
        return
    if sum(len(code) for _, code in found.code) + len(source) > MOST_CODE:
        found.remarks.append(
            f"Cell {number} was left out: the cells before it fill the {MOST_CODE:,} characters "
            "that are read of a notebook."
        )
        return
    # Text with half a surrogate pair can't be sent, nor can it be Python.
    source = source.encode("utf-8", "replace").decode("utf-8")
    found.code.append((number, source))
    found.is_solution |= STRICT.fullmatch(source.strip()) is not None and _course(cell, "check")
    if role:
        found.roles[number] = role


def _role(cell: dict) -> str:
    """The exercise whose code the course released in this cell, from its metadata or its id."""
    if _course(cell, "code"):
        one = cell["metadata"]["course"].get("exercise")
        return one if one in ids() else ""
    name = cell.get("id")
    if isinstance(name, str) and name.endswith("-code") and name[:-5] in ids():
        return name[:-5]
    return ""


def _course(cell: dict, role: str) -> bool:
    """Whether the course released this cell in that role."""
    metadata = cell.get("metadata")
    course = metadata.get("course") if isinstance(metadata, dict) else None
    return isinstance(course, dict) and course.get("role") == role
