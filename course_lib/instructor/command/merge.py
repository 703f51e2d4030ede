"""`course validate --merge`: the results of several runs as one class."""

import json
from pathlib import Path

from course_lib.instructor.errors import BadUsage
from course_lib.instructor.results.points import load_weights
from course_lib.instructor.results.reports import is_graded, write_reports


def merge(folders: list[Path], out: Path, weights_file: Path | None) -> int:
    """One set of reports from those of several runs; of a student in two, the later counts.

    Raises:
        BadUsage: if a folder holds no results, or they are of other exercises.
    """
    found: dict[str, dict] = {}
    wanted = None
    for folder in folders:
        try:
            content = json.loads((folder / "results.json").read_text(encoding="utf-8"))
            exercises = [e["id"] for e in content["exercises"]]
            students = content["students"]
        except (OSError, ValueError, KeyError, TypeError):
            raise BadUsage(f"{folder} holds no results.json of `course validate`.") from None
        if wanted not in (None, exercises):
            raise BadUsage(f"{folder} is about other exercises than {folders[0]}.")
        wanted = exercises
        for student in students:
            found[student["student"]] = student
    weights = load_weights(weights_file, wanted)
    out.mkdir(parents=True, exist_ok=True)
    ordered = [found[name] for name in sorted(found)]
    write_reports(out, ordered, wanted, weights, {"merged": len(folders)})
    return 0 if all(map(is_graded, ordered)) else 1
