"""What a learner has passed, kept in the learner's own copy and nowhere else."""

import contextlib
import json
import os
from pathlib import Path

from course_lib.exercises.registry import CHAPTERS, Chapter
from course_lib.exercises.report import Report

FOLDER = ".course"  # `course start` makes it; its presence marks a learner's copy


def home(start: Path | None = None) -> Path | None:
    """The learner's copy that `start` (default: the current folder) lies in, or None."""
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / FOLDER).is_dir():
            return folder
    return None


def record(exercise_id: str, report: Report) -> None:
    """Note a check's outcome; outside a learner's copy, and where writing fails, nothing happens.

    What was passed once stays passed: trying something else later loses nothing.
    """
    copy = home()
    if copy is None:
        return
    seen = load(copy)
    if seen.get(exercise_id) == "passed":
        return
    seen[exercise_id] = report.outcome
    path = _path(copy)
    with contextlib.suppress(OSError):
        # Written aside and moved into place: a crash leaves the old file or the new one, whole.
        draft = path.with_suffix(f".{os.getpid()}.tmp")
        draft.write_text(json.dumps(seen, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        draft.replace(path)


def load(copy: Path) -> dict[str, str]:
    """Exercise ids with their best outcome; a broken file counts as empty and is set aside."""
    path = _path(copy)
    try:
        seen = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(seen, dict):
            return {name: str(outcome) for name, outcome in seen.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        pass
    with contextlib.suppress(OSError):
        path.replace(path.with_suffix(".broken.json"))
    return {}


def by_chapter(copy: Path) -> list[tuple[Chapter, dict[str, str]]]:
    """For each chapter its exercises, each with its outcome or "not tried"."""
    seen = load(copy)
    return [
        (chapter, {one: seen.get(one, "not tried") for one in chapter.exercises})
        for chapter in CHAPTERS
    ]


def _path(copy: Path) -> Path:
    return copy / FOLDER / "progress.json"
