"""What a learner has passed, kept in the learner's own copy and nowhere else."""

import contextlib
import itertools
import json
import os
import sys
from pathlib import Path
from typing import Any

from course_lib.exercises.registry import CHAPTERS, Chapter
from course_lib.exercises.report import MARK, PASSED, Report

PREDICTIONS = "predictions"  # beside the exercises, in the same file
FOLDER = ".course"  # `course start` makes it; its presence marks a learner's copy


def home(start: Path | None = None) -> Path | None:
    """The learner's copy that `start` (default: the current folder) lies in, or None."""
    try:
        here = (start or Path.cwd()).resolve()
    except FileNotFoundError:  # the current folder was deleted
        return None
    for folder in (here, *here.parents):
        if (folder / FOLDER).is_dir():
            return folder
    return None


def _copy(begin: bool) -> tuple[Path | None, str]:
    """The learner's copy around the current folder, and a sentence if it begins here and now.

    A notebook by itself, as on Colab or a school's server, keeps its progress beside it. A script
    does not, nor do the course's own notebooks.
    """
    found = home()
    if found is not None or not begin or not _in_a_notebook() or _in_a_checkout():
        return found, ""
    new = Path.cwd() / FOLDER
    new.mkdir(exist_ok=True)
    said = f"From now on your progress is kept in {new}: take that folder along with the notebook."
    return new.parent, said


def _in_a_notebook() -> bool:
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return getattr(shell, "kernel", None) is not None


def _in_a_checkout() -> bool:
    here = Path.cwd()
    return any((folder / "book" / "_toc.yml").is_file() for folder in (here, *here.parents))


class Unreadable(Exception):
    """The file of a learner's progress can't be read; the message says why."""


NO_COPY = (
    "This was not noted in your progress: the notebook lies in no copy of the exercises, and "
    "`course start` makes one."
)


def record(exercise_id: str, report: Report, begin: bool = True) -> str:
    """Note a check's outcome in the learner's copy, around the current folder.

    What was passed once stays passed, and of a project's marks the best stays: trying something
    else later loses nothing.

    Args:
        exercise_id: of the exercise.
        report: on the answer.
        begin: whether a notebook that lies in no copy may make its folder one.

    Returns:
        One sentence that says why it could not be noted, where it is from now on, or what became of
        a damaged file; empty if it was noted where it always is.
    """
    try:
        copy, said = _copy(begin)
        if copy is None:
            return NO_COPY
        said = said or set_aside(copy)
        seen = _read(copy)
        before, now = str(seen.get(exercise_id, "")), report.kept
        better = not done(before) or (done(now) and now > before)
        if better and now != before:
            _save(copy, {**seen, exercise_id: now})
        return said
    except (Unreadable, OSError) as error:
        return _not_noted(error)


def keep_prediction(name: str, value: float | str) -> str:
    """Note what the learner expects, in the copy around the current folder.

    Returns:
        As in `record`.
    """
    try:
        copy, said = _copy(begin=True)
        if copy is None:
            return NO_COPY
        said = said or set_aside(copy)
        seen = _read(copy)
        _save(copy, {**seen, PREDICTIONS: {**_predictions(seen), name: value}})
        return said
    except (Unreadable, OSError) as error:
        return _not_noted(error)


def prediction(name: str) -> float | str | None:
    """What the learner expected in any session, as far as that is known."""
    copy = home()
    try:
        return _predictions(_read(copy)).get(name) if copy else None
    except Unreadable:
        return None


def _predictions(seen: dict[str, Any]) -> dict[str, Any]:
    there = seen.get(PREDICTIONS)
    return there if isinstance(there, dict) else {}


def _not_noted(error: Exception) -> str:
    if isinstance(error, Unreadable):
        return f"This was not noted in your progress: {error}"
    reason = getattr(error, "strerror", None) or error
    return f"This was not noted in your progress, which could not be written ({reason})."


def _save(copy: Path, seen: dict[str, Any]) -> None:
    """Written aside and moved into place: a crash leaves the old file or the new one, whole."""
    path = _path(copy)
    draft = path.with_suffix(f".{os.getpid()}.tmp")
    try:
        draft.write_text(json.dumps(seen, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        draft.replace(path)
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def done(outcome: str) -> bool:
    """Whether an outcome is a pass, or one of a project's marks."""
    return outcome == PASSED or outcome.startswith(MARK)


def load(copy: Path) -> dict[str, str]:
    """Exercise ids with their best outcome.

    Raises:
        Unreadable: as in `_read`.
    """
    return {name: str(outcome) for name, outcome in _read(copy).items() if name != PREDICTIONS}


def set_aside(copy: Path) -> str:
    """Move a damaged file out of the way, under a name that is free.

    Returns:
        One sentence about it; empty if the file is whole, or there is none.

    Raises:
        Unreadable: as in `_read`, or if it can't be moved.
    """
    path = _path(copy)
    if _content(path) is not None:
        return ""
    names = (f"broken-{number}" if number > 1 else "broken" for number in itertools.count(1))
    kept = next(one for name in names if not (one := path.with_suffix(f".{name}.json")).exists())
    try:
        path.replace(kept)
    except OSError as error:
        raise Unreadable(f"{path} is damaged, and can't be moved ({error.strerror}).") from None
    return f"Your progress could not be read; it is kept as {kept.name}, and begins again."


def _read(copy: Path) -> dict[str, Any]:
    """All that was kept; a damaged file counts as empty.

    Raises:
        Unreadable: if there is a file that this user may not read.
    """
    return _content(_path(copy)) or {}


def _content(path: Path) -> dict[str, Any] | None:
    """What the file holds, nothing if there is none; None if it is damaged."""
    try:
        seen = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError):
        return None
    except OSError as error:
        raise Unreadable(f"{path} can't be read ({error.strerror or error}).") from None
    return seen if isinstance(seen, dict) else None


def passed() -> set[str]:
    """Ids of what was passed at any time, as far as that is known."""
    copy = home()
    try:
        return {name for name, seen in load(copy).items() if done(seen)} if copy else set()
    except Unreadable:
        return set()


def by_chapter(copy: Path) -> list[tuple[Chapter, dict[str, str]]]:
    """For each chapter its exercises, each with its outcome or "not tried".

    Raises:
        Unreadable: as in `load`.
    """
    seen = load(copy)
    return [
        (chapter, {one: seen.get(one, "not tried") for one in chapter.exercises})
        for chapter in CHAPTERS
    ]


def _path(copy: Path) -> Path:
    return copy / FOLDER / "progress.json"
