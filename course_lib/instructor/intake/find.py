"""Find the submissions of a class: folders, notebooks or zips; one student each, any nesting."""

import os
from pathlib import Path

from course_lib.exercises.registry import CHAPTERS
from course_lib.instructor.errors import BadUsage
from course_lib.instructor.intake.read import NOT_LOOKED_INTO, Submission


def find(paths: list[Path]) -> list[Submission]:
    """The submissions that the arguments mean.

    A notebook or a zip is one student's. So is a folder that holds a notebook of the course; in any
    other folder, each folder, zip and notebook is.

    Raises:
        BadUsage: if an argument isn't there, or there is nothing to validate.
    """
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise BadUsage(f"There is no {path}.")
        if not path.is_dir():
            if path.suffix.lower() not in (".ipynb", ".zip"):
                raise BadUsage(f"{path} is neither a folder nor a notebook (.ipynb) nor a zip.")
            found.append(path)
        elif _is_one_students(path):
            found.append(path)
        else:
            found += [p for p in sorted(path.iterdir()) if _may_be_submission(p)]
    unique = list(dict.fromkeys(p.absolute() for p in found))
    if not unique:
        where = ", ".join(map(str, paths))
        raise BadUsage(f"No submissions in {where}: no folder, notebook (.ipynb) or zip.")
    return [Submission(name, path) for name, path in zip(_names(unique), unique, strict=True)]


def _is_one_students(folder: Path) -> bool:
    return any(
        p.suffix == ".ipynb" and p.name.startswith(tuple(c.notebook for c in CHAPTERS))
        for p in folder.iterdir()
    )


def _may_be_submission(path: Path) -> bool:
    if path.is_symlink() or path.name in NOT_LOOKED_INTO or path.name.startswith("."):
        return False
    return path.is_dir() or path.suffix.lower() in (".ipynb", ".zip")


def _names(paths: list[Path]) -> list[str]:
    """A name for each: its own, with as many folders before it as make it the only one."""
    names = [_readable(p.stem if p.is_file() else p.name) for p in paths]
    for depth in range(1, 20):
        twice = _repeated(names)
        if not twice:
            break
        names = [
            _readable("/".join(p.parts[-depth - 1 :])) if n in twice else n
            for n, p in zip(names, paths, strict=True)
        ]
    return names


def _repeated(names: list[str]) -> set[str]:
    seen: set[str] = set()
    twice = set()
    for name in names:
        (twice if name in seen else seen).add(name)
    return twice


def _readable(name: str) -> str:
    """A file's name as text that can be written down; bytes that are no text become \\x.."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
