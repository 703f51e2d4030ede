"""Validating a class: `course validate` with every wall up, next to nbclient and nbgrader.

All take the same honest submissions of chapters 1 and 2. `course validate` calls the students'
functions on every check of the ladder, and on other numbers; nbclient runs the notebooks with the
checks in them, in a kernel each and without any wall, which is what nbgrader does and then reads
the outcome of. What needs TensorFlow is left out on all sides: the exercise VanillaRNNCell and the
cells below it.
"""

import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from course_lib.authoring.source import reference_code
from course_lib.exercises.registry import CHAPTERS, get
from course_lib.instructor.judge import needs_tensorflow

BAR = 10  # times the throughput of nbgrader that is asked for
LEFT_OUT = "VanillaRNNCell"


def main(quick: bool = False, as_json: bool = False, out: Path | None = None) -> int:
    """Measure, print and store; the number to exit with, which says nothing of how fast it was."""
    from course_lib.benchmarks import measure

    result = measure.store("validate", run(quick), quick, out)
    lines = [
        f"course validate: {result['submissions_per_second']} submissions a second",
        f"as fast as nbclient: {result['ratio_to_nbclient'] or 'not installed'} times",
        f"as fast as nbgrader: {result['ratio_to_nbgrader'] or 'not installed'} times (bar: {BAR})",
    ]
    print("\n".join(lines), file=sys.stderr if as_json else sys.stdout)
    if as_json:
        print(json.dumps(result))
    return 0


def run(quick: bool) -> dict[str, Any]:
    """Grade the submissions with each tool, in turns.

    Returns:
        `submissions`, `submissions_per_second`, `ratio_to_nbclient` and `ratio_to_nbgrader` (None
        where it isn't installed), and the seconds a submission of each tool in each round.
    """
    from course_lib.instructor.sandbox import find_sandbox

    kind = find_sandbox()
    students, others, rounds = (20, 1, 2) if quick else (100, 2, 3)
    tools: dict[str, Callable[[Path, int], float]] = {"ours": _ours, "nbclient": _nbclient}
    if shutil.which("nbgrader", path=_path()):
        tools["nbgrader"] = _nbgrader
    seconds: dict[str, list[float]] = {name: [] for name in tools}
    with tempfile.TemporaryDirectory(prefix="course-bench-") as folder:
        for number in range(rounds):
            for name, tool in tools.items():
                count = students if name == "ours" else others
                place = Path(folder, f"{name}-{number}")
                seconds[name].append(tool(place, count) / count)
    each = statistics.median(seconds["ours"])
    ratios = {
        f"ratio_to_{name}": _times(seconds.get(name), seconds["ours"])
        for name in ("nbclient", "nbgrader")
    }
    return {
        "submissions": students,
        "sandbox": kind,
        "jobs": os.cpu_count(),
        "submissions_per_second": float(f"{1 / each:.3g}"),
        **ratios,
        "seconds_each": {n: [float(f"{s:.3g}") for s in found] for n, found in seconds.items()},
    }


def _times(slower: list[float] | None, faster: list[float]) -> float | None:
    if slower is None:
        return None
    return float(f"{statistics.median(a / b for a, b in zip(slower, faster, strict=True)):.3g}")


def notebooks() -> dict[str, dict]:
    """Chapters 1 and 2 as an honest student hands them in, up to where TensorFlow is needed."""
    from course_lib.learner import released_folder

    found = {}
    for chapter in CHAPTERS[:2]:
        file = released_folder() / f"{chapter.notebook}.ipynb"
        content = json.loads(file.read_text(encoding="utf-8"))
        cells = []
        for cell in content["cells"]:
            course = cell["metadata"].get("course", {})
            if "import keras" in "".join(cell["source"]):
                break
            if course.get("role") == "code":
                code = reference_code(get(course["exercise"]).reference)
                cell["source"] = code.splitlines(keepends=True)
            cells.append(cell)
        found[f"{chapter.notebook}.ipynb"] = {**content, "cells": cells}
    return found


def _write(folder: Path, contents: dict[str, dict]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")


def _ours(place: Path, count: int) -> float:
    contents = notebooks()
    for number in range(count):
        _write(place / "in" / f"student{number:03}", contents)
    wanted = [
        f"--exercise={one}"
        for chapter in CHAPTERS[:2]
        for one in chapter.exercises
        if not needs_tensorflow(one)
    ]
    command = [sys.executable, "-m", "course_lib.cli", "validate", str(place / "in")]
    seconds = _timed([*command, f"--out={place / 'out'}", *wanted])
    students = json.loads((place / "out" / "results.json").read_text(encoding="utf-8"))["students"]
    outcomes = {e["outcome"] for s in students for e in s["exercises"]}
    if len(students) != count or outcomes != {"passed"}:
        raise RuntimeError(f"honest submissions came to {outcomes}")
    return seconds


RUN = """
import sys, nbformat
from nbclient import NotebookClient
for file in sys.argv[1:]:
    NotebookClient(nbformat.read(file, 4), timeout=600, kernel_name="python3").execute()
"""


def _nbclient(place: Path, count: int) -> float:
    files = []
    for number in range(count):
        _write(place / f"student{number:03}", notebooks())
        files += sorted(map(str, (place / f"student{number:03}").iterdir()))
    return _timed([sys.executable, "-c", RUN, *files])


def _nbgrader(place: Path, count: int) -> float:
    """`nbgrader autograde`, the release of the assignment not counted."""
    source = notebooks()
    for content in source.values():
        for cell in content["cells"]:
            course = cell["metadata"].get("course", {})
            if course.get("role") == "check":
                cell["metadata"]["nbgrader"] = {
                    "grade": True, "solution": False, "locked": True, "points": 1, "task": False,
                    "schema_version": 3, "grade_id": f"{course['exercise']}-check",
                }  # fmt: skip
                cell["source"] = [f"check({course['exercise']}, strict=True)"]
    _write(place / "source" / "class", source)
    nbgrader = [shutil.which("nbgrader", path=_path())]
    options = [f"--CourseDirectory.root={place}", "--assignment=class"]
    _timed([*nbgrader, "generate_assignment", *options])
    for number in range(count):
        target = place / "submitted" / f"student{number:03}" / "class"
        shutil.copytree(place / "release" / "class", target)
    return _timed([*nbgrader, "autograde", *options])


def _path() -> str:
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])


def _timed(command: list[str]) -> float:
    began = time.perf_counter()
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    )
    seconds = time.perf_counter() - began
    with contextlib.suppress(IndexError):
        if done.returncode:
            raise RuntimeError(f"{command[:4]} failed: {done.stderr.strip().splitlines()[-1]}")
    return seconds
