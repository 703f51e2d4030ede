"""Validating a class: `course validate` with every wall up, next to nbclient and nbgrader.

All take the same honest submissions of chapters 1 and 2. `course validate` calls the students'
functions on every check of the ladder, and on other numbers; nbclient runs the notebooks with the
checks in them, in a kernel each and without any wall, which is what nbgrader does and then reads
the outcome of. What needs TensorFlow is left out there, on all sides, and has a row of its own:
chapter 1 down to its last *speed up* exercise, next to nbclient on the same notebooks.

Two more classes are graded by `course validate` alone: one whose answers are all wrong, so that
each has to be told why, and an honest one that imports pyplot.

nbgrader asks for other versions of what the course is built on, so it lives in an environment of
its own; its kernels are the course's Python.
"""

import dataclasses
import functools
import itertools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from course_lib import cores as machine
from course_lib.authoring.source import reference_code
from course_lib.benchmarks import measure
from course_lib.exercises.checker import check_function
from course_lib.exercises.naming.mutants import compiled, mutants
from course_lib.exercises.registry import CHAPTERS, get
from course_lib.exercises.report import NOT_RIGHT, PASSED

Notebooks = Callable[[int], dict[str, dict]]  # of the student with this number
WRONG = 5  # wrong answers to each exercise
BAR = 10  # times the throughput of nbgrader, and in TensorFlow of nbclient, that is asked for


def main(
    quick: bool,
    as_json: bool,
    out: Path | None,
    nbgrader: Path | None = None,
) -> int:
    """Measure, print and store; the number to exit with, which says nothing of how fast it was.

    Args:
        quick: fewer submissions.
        as_json: print the result as JSON, last.
        out: as in `measure.store`.
        nbgrader: its command; None: looked for on the path.
    """
    found = shutil.which(nbgrader or "nbgrader", path=_path())
    if nbgrader and not found:
        print(f"course: {nbgrader} is no command that can be run.", file=sys.stderr)
        return 2
    from course_lib.instructor.errors import NoSandbox

    try:
        result = measure.store("validate", run(quick, found), quick, out)
    except NoSandbox as error:
        print(f"course: {error}", file=sys.stderr)
        return 1
    measure.show(result, summary(result), as_json)
    return 0


def summary(result: dict[str, Any]) -> str:
    """A result in a few lines."""

    def times(name: str) -> str:
        ratio = result[f"ratio_to_{name}"]
        return f"{ratio:.3g} times as fast as {name}" if ratio else f"{name} isn't installed"

    memory = result["parent_mib"]
    return "\n".join(
        [
            f"course validate: {result['submissions_per_second']} submissions a second on "
            f"{result['jobs']} cores, {result['speedup_by_cores']:.3g} times as many as on one",
            f"a class of wrong answers takes {result['wrong']['times_as_long']:.3g} times as long, "
            f"one that imports pyplot {result['pyplot']['times_as_long']:.3g} times",
            times("nbclient"),
            f"speed up (TensorFlow): {result['speed_up']['ratio_to_nbclient']:.3g} times as fast "
            f"as nbclient on {result['speed_up']['submissions']} submissions; a grader with its "
            f"sandboxes takes {result['speed_up']['grader_mib']} MiB, without TensorFlow "
            f"{result['grader_mib']} MiB",
            f"{times('nbgrader')} (bar: {BAR})",
            "memory of the parent process: "
            + ", ".join(f"{mib} MiB with {count}" for count, mib in memory.items()),
        ]
    )


def run(quick: bool, nbgrader: str | None) -> dict[str, Any]:
    """Grade the submissions with each tool, in turns.

    Args:
        quick: fewer.
        nbgrader: its command, or None.

    Returns:
        `submissions`, of which ours grades all and the others the first `submissions_of_others`;
        `submissions_per_second` with `jobs` at a time, one a core, and `speedup_by_cores`, how
        many times as fast that is as one at a time; `ratio_to_nbclient` and `ratio_to_nbgrader`,
        how many times as fast ours is on the whole machine, and the same with `_one_core` (None
        where it isn't installed); `parent_mib`, the most memory that the process which the others
        work for had in use, by the number of submissions, which are of one exercise here;
        `grader_mib`, the most that one grader and its sandboxes took, what they share counted once;
        `speed_up`, the same for the exercises that need TensorFlow; `wrong` and `pyplot`, how many
        `submissions` of those classes were graded and how many `times_as_long` one took as one of
        the honest class; and the seconds a submission of each tool in each round.
    """
    from course_lib.instructor.sandbox.available import find_sandbox

    kind = find_sandbox()
    students, fast, others, rounds = (20, 6, 2, 1) if quick else (100, 100, 3, 3)
    sizes = (20, 200) if quick else (100, 5_000)
    cores = machine.allowed()
    tools: dict[str, Callable[[Path], float]] = {
        "ours": lambda place: _ours(place, students, cores),
        "ours, one core": lambda place: _ours(place, students, 1),
        "ours, wrong": lambda place: _ours(place, students, cores, wrong_notebooks, NOT_RIGHT),
        "ours, pyplot": lambda place: _ours(place, students, cores, pyplot_notebooks),
        "nbclient": lambda place: _nbclient(place, others),
        "ours, speed up": lambda place: _ours(place, fast, cores, speed_up_notebooks),
        "nbclient, speed up": lambda place: _nbclient(place, others, speed_up_notebooks),
    }
    if nbgrader:
        tools["nbgrader"] = lambda place: _nbgrader(place, others, nbgrader)
    seconds: measure.Samples = {name: [] for name in tools}
    with tempfile.TemporaryDirectory(prefix="course-bench-") as folder:
        for number in range(rounds):
            for name, tool in tools.items():
                measure.say(f"round {number + 1} of {rounds}: {name}")
                place = Path(folder, f"{name}-{number}")
                seconds[name].append(tool(place))
                shutil.rmtree(place)
        memory = {str(n): _memory(Path(folder, f"memory-{n}"), n) for n in sizes}
        each = {
            form: _grader_memory(Path(folder, form.__name__), form)
            for form in (notebooks, speed_up_notebooks)
        }
    ratios = {}
    for name in ("nbclient", "nbgrader"):
        slow = seconds.get(name)
        ratios[f"ratio_to_{name}"] = slow and measure.ratio(slow, seconds["ours"])
        ratios[f"ratio_to_{name}_one_core"] = slow and measure.ratio(
            slow, seconds["ours, one core"]
        )
    return {
        "submissions": students,
        "submissions_of_others": others,
        "sandbox": kind,
        "jobs": cores,
        "submissions_per_second": _rounded(1 / statistics.median(seconds["ours"])),
        "speedup_by_cores": measure.ratio(seconds["ours, one core"], seconds["ours"]),
        **ratios,
        "parent_mib": memory,
        "grader_mib": each[notebooks],
        "speed_up": {
            "submissions": fast,
            "ratio_to_nbclient": measure.ratio(
                seconds["nbclient, speed up"], seconds["ours, speed up"]
            ),
            "grader_mib": each[speed_up_notebooks],
        },
        **{
            form: {
                "submissions": students,
                "times_as_long": measure.ratio(seconds[f"ours, {form}"], seconds["ours"]),
            }
            for form in ("wrong", "pyplot")
        },
        "nbgrader_version": _version(nbgrader) if nbgrader else None,
        "seconds_each": {n: [_rounded(s) for s in found] for n, found in seconds.items()},
    }


def _rounded(value: float) -> float:
    return float(f"{value:.3g}")


def notebooks(_: int = 0) -> dict[str, dict]:
    """Chapters 1 and 2 as an honest student hands them in, up to where TensorFlow is needed."""
    return _answered(lambda one: reference_code(get(one).reference))


def wrong_notebooks(number: int) -> dict[str, dict]:
    """The same with every answer wrong, and wrong in another way for the students beside."""
    return _answered(lambda one: wrong_answers(one)[number % WRONG])


@functools.cache
def wrong_answers(exercise: str, count: int = WRONG) -> tuple[str, ...]:
    """Code of so many mutants of the reference, from all over it, that run and are rejected."""
    return tuple(itertools.islice(_rejected(exercise), count))


def _rejected(exercise: str) -> Iterator[str]:
    asked = dataclasses.replace(get(exercise), mistakes=[])  # no name is needed
    every = mutants(asked.reference, decorated=False)
    for mutant in every[:: max(1, len(every) // (6 * WRONG))]:
        report = check_function(asked, _as_graded(compiled(mutant, asked.reference)))
        if report.outcome == NOT_RIGHT and not report.kind:
            yield mutant.source


def _as_graded(function: Callable) -> Callable:
    """It, called as in the sandbox: with plain arrays, which note nothing (see `watched`)."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: plain(one) for name, one in value.items()}
        return np.asarray(value) if isinstance(value, np.ndarray) else value

    @functools.wraps(function)
    def called(*arguments: Any, **named: Any) -> Any:
        return function(*map(plain, arguments), **plain(named))

    return called


def pyplot_notebooks(_: int = 0) -> dict[str, dict]:
    """The honest notebooks, which import pyplot at their top."""
    cell = {"cell_type": "code", "metadata": {}, "source": ["import matplotlib.pyplot as plt\n"]}
    honest = notebooks()
    return {name: {**one, "cells": [cell, *one["cells"]]} for name, one in honest.items()}


def _answered(answer: Callable[[str], str]) -> dict[str, dict]:
    """The notebooks of chapters 1 and 2 with an answer to each exercise."""
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
                cell["source"] = answer(course["exercise"]).splitlines(keepends=True)
            cells.append(cell)
        found[f"{chapter.notebook}.ipynb"] = {**content, "cells": cells}
    return found


def speed_up_notebooks(_: int = 0) -> dict[str, dict]:
    """Chapter 1 as an honest student hands it in, down to the check of its last *speed up*."""
    from course_lib.learner import released_folder

    chapter = CHAPTERS[0]
    file = released_folder() / f"{chapter.notebook}.ipynb"
    content = json.loads(file.read_text(encoding="utf-8"))
    end = 0
    for place, cell in enumerate(content["cells"]):
        course = cell["metadata"].get("course", {})
        if "exercise" not in course or get(course["exercise"]).kind == "project":
            continue
        if course["role"] == "code":
            code = reference_code(get(course["exercise"]).reference)
            cell["source"] = code.splitlines(keepends=True)
        if get(course["exercise"]).kind == "speed up":
            end = place + 1
    return {file.name: {**content, "cells": content["cells"][:end]}}


def exercises_of(form: Notebooks) -> list[str]:
    """Ids of what is graded in such notebooks: in an honest one, what it has cells for."""
    if form is speed_up_notebooks:
        return [one for one in CHAPTERS[0].exercises if get(one).kind == "speed up"]
    return [
        cell["metadata"]["course"]["exercise"]
        for content in notebooks().values()
        for cell in content["cells"]
        if cell["metadata"].get("course", {}).get("role") == "code"
    ]


def _write(folder: Path, contents: dict[str, dict]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")


def _ours(
    place: Path, count: int, jobs: int, form: Notebooks = notebooks, expected: str = PASSED
) -> float:
    """Seconds a submission."""
    for number in range(count):
        _write(place / "in" / f"student{number:03}", form(number))
    wanted = [f"--exercise={one}" for one in exercises_of(form)]
    command = [sys.executable, "-m", "course_lib.cli", "validate", str(place / "in")]
    seconds = _timed([*command, f"--out={place / 'out'}", f"--jobs={jobs}", *wanted], _importing())
    students = json.loads((place / "out" / "results.json").read_text(encoding="utf-8"))["students"]
    outcomes = {e["outcome"] for s in students for e in s["exercises"]}
    if len(students) != count or outcomes != {expected}:
        raise RuntimeError(f"submissions came to {outcomes}, not to {expected!r}")
    return seconds / count


def _memory(place: Path, count: int) -> float | None:
    """The most MiB that `course validate` had in use over so many submissions.

    Of the first exercise only, and alike but for a comment, so that thousands of them take minutes.
    What is kept about a submission is of the same kind, so what would grow grows here too.
    """
    name, content = next(iter(notebooks().items()))
    for number in range(count):
        cells = [*content["cells"], {"cell_type": "code", "source": f"# {number}"}]
        _write(place / "in" / f"student{number:04}", {name: {**content, "cells": cells}})
    return measure.in_child(validate_first, str(place), count)["peak_mib"]


def validate_first(place: str, count: int) -> dict[str, Any]:
    """Validate the first exercise in this process, for `measure.in_child`."""
    from course_lib.instructor.command.validate import Options, validate
    from course_lib.instructor.sandbox.available import find_sandbox

    one = CHAPTERS[0].exercises[0]
    options = Options(Path(place, "out"), find_sandbox(), machine.allowed(), exercises=(one,))
    if validate([Path(place, "in")], options):
        raise RuntimeError("some of the submissions were not graded")
    with open(Path(place, "out", "grades.csv"), encoding="utf-8") as file:
        passed = sum(",passed," in line for line in file)
    if passed != count:
        raise RuntimeError(f"{passed} of {count} honest submissions passed")
    return {}


RUN = """
import sys, nbformat
from nbclient import NotebookClient
for file in sys.argv[1:]:
    NotebookClient(nbformat.read(file, 4), timeout=600, kernel_name="python3").execute()
"""


def _grader_memory(place: Path, form: Notebooks) -> float:
    """The most MiB that one grader and its sandboxes take while they grade two submissions."""
    most, over = [0.0], threading.Event()

    def watch() -> None:
        while not over.wait(0.2):
            most.append(sum(map(measure.tree_mib, measure.children(os.getpid()))))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        _ours(place, 2, 1, form)
    finally:
        over.set()
        watcher.join()
    return round(max(most))


def _nbclient(place: Path, count: int, form: Notebooks = notebooks) -> float:
    files = []
    for number in range(count):
        _write(place / f"student{number:03}", form(number))
        files += sorted(map(str, (place / f"student{number:03}").iterdir()))
    return _timed([sys.executable, "-c", RUN, *files], _importing()) / count


def _nbgrader(place: Path, count: int, command: str) -> float:
    """`nbgrader autograde`; the release of the assignment is not counted."""
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
    kernel = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "the course's Python",
        "language": "python",
        "env": _importing(),
    }
    _write(place / "jupyter" / "kernels" / "python3", {"kernel.json": kernel})
    here = {
        "JUPYTER_PATH": str(place / "jupyter"),
        "PYTHONPATH": "",
        "PATH": f"{Path(command).parent}{os.pathsep}{os.environ.get('PATH', '')}",
    }
    options = [f"--CourseDirectory.root={place}", "--assignment=class"]
    _timed([command, "generate_assignment", *options], here)
    for number in range(count):
        target = place / "submitted" / f"student{number:03}" / "class"
        shutil.copytree(place / "release" / "class", target)
    seconds = _timed([command, "autograde", *options], here)
    for file in (place / "autograded").rglob("*.ipynb"):
        outputs = [o for c in json.loads(file.read_text())["cells"] for o in c.get("outputs", [])]
        if any(o["output_type"] == "error" for o in outputs):
            raise RuntimeError("nbgrader failed an honest submission")
    return seconds / count


def _version(nbgrader: str) -> str:
    said = subprocess.run([nbgrader, "--version"], capture_output=True, text=True).stdout
    return said.split("nbgrader version")[-1].strip()


def _path() -> str:
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])


def _importing() -> dict[str, str]:
    """So that another Python process imports what this one does."""
    return {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}


def _timed(command: list[str], environment: dict[str, str]) -> float:
    began = time.perf_counter()
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **environment}
    )
    seconds = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(f"{command[:4]} failed:\n{done.stderr[-2000:]}")
    return seconds
