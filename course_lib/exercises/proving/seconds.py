"""What checks take: the first one in a session, and later ones of right and of wrong answers."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

from course_lib.cores import ONE_THREAD
from course_lib.exercises.calling.guard import OUT_OF_TIME
from course_lib.exercises.checker import check_function
from course_lib.exercises.exercise import Exercise
from course_lib.exercises.naming.slips import both, slips
from course_lib.exercises.naming.suspects import forget
from course_lib.exercises.projects.checking import check_project
from course_lib.exercises.projects.judging import judge_project
from course_lib.exercises.projects.project import Project
from course_lib.exercises.projects.proving import HAND_INS, SEED, hand_ins
from course_lib.exercises.registry import get, ids
from course_lib.exercises.report import NOT_RIGHT, Report

UNNAMED = 3  # wrong answers without a name that are looked at
DRAWN = 24  # answers that may be drawn to find them
KINDS = {"first": "seconds", "right": "right_seconds", "wrong": "wrong_seconds"}  # in the file


def store_seconds(file: Path, chosen: Collection[str], keep: bool = True) -> None:
    """Measure what checks take, and store it.

    Args:
        file: JSON, by the id of the exercise: "seconds" of the first check in a session, imports
            included; "right_seconds" and "wrong_seconds", the most that a later check takes.
            "runs" says of which exercises it was measured when, and with what.
        chosen: ids of the exercises to measure.
        keep: whether what the file says of other exercises stays.
    """
    stored = json.loads(file.read_text(encoding="utf-8")) if keep and file.exists() else {}
    found = {one: check_seconds(one) for one in chosen}
    measured: dict[str, Any] = {
        "command": "course prove --measure",
        "runs": [*_older(stored.get("runs", []), chosen), _this_run() | {"exercises": [*chosen]}],
    }
    for kind, name in KINDS.items():
        seconds = stored.get(name, {}) | {one: own[kind] for one, own in found.items()}
        measured[name] = {one: seconds[one] for one in ids() if one in seconds}
    file.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")


def _this_run() -> dict[str, Any]:
    """With what; the process of each exercise is told to keep to one thread."""
    from course_lib.training.provenance import made_with  # a first check doesn't wait for it

    made = made_with()
    threads = {name: os.environ.get(name, one) for name, one in ONE_THREAD.items()}
    made["hardware"]["settings"] |= threads
    return made


def _older(runs: list[dict[str, Any]], chosen: Collection[str]) -> Iterator[dict[str, Any]]:
    """The runs of which something is left, without the exercises that are measured anew."""
    for run in runs:
        if left := [one for one in run["exercises"] if one not in chosen]:
            yield run | {"exercises": left}


def check_seconds(exercise_id: str) -> dict[str, float]:
    """What the checks of one exercise take in a new process: "first", "right" and "wrong".

    By the clock, or of the processor where that is less: then the machine is busy with other work.
    """
    program = (
        "import time",
        "began = time.perf_counter()",
        "import json",
        "from course_lib.exercises.proving.seconds import in_this_process",
        f"print(json.dumps(in_this_process({exercise_id!r}, began)))",
    )
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(program)],
        capture_output=True,
        text=True,
        check=True,
        env=ONE_THREAD | os.environ,
        cwd=HAND_INS if HAND_INS.is_dir() else None,  # where the arrays of the projects lie
    )
    return json.loads(done.stdout.splitlines()[-1])


def in_this_process(exercise_id: str, began: float) -> dict[str, float]:
    """The seconds of the first check, and the most of later ones.

    Args:
        exercise_id: whose checks.
        began: when the process did, by `time.perf_counter`.
    """
    exercise = get(exercise_id)
    checks = _of_project if isinstance(exercise, Project) else _of_exercise
    found: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for kind, seconds in checks(exercise, began):
        found[kind].append(seconds)
    return {kind: round(max(seconds), 1) for kind, seconds in found.items()}


def _of_exercise(exercise: Exercise, began: float) -> Iterator[tuple[str, float]]:
    """The kind of each check, and its seconds; each as if no wrong answer had been met before."""

    def timed(answer: Callable) -> tuple[float, Report]:
        forget()
        return _timed(lambda: check_function(exercise, answer))

    check_function(exercise, exercise.reference)
    yield "first", _since(began, 0.0)
    for answer in (exercise.reference, *exercise.alternatives):
        yield "right", timed(answer)[0]
    for mistake in exercise.mistakes:
        yield "wrong", timed(mistake.answer)[0]
    unnamed = 0
    for answer in two_slips(exercise):
        seconds, report = timed(answer)
        if report.outcome == NOT_RIGHT and report.kind != OUT_OF_TIME:  # that is the time limit's
            yield "wrong", seconds
            unnamed += report.mistake is None
        if unnamed == UNNAMED:
            return


def two_slips(exercise: Exercise) -> Iterator[Callable]:
    """Answers with two slips, nearly all of them wrong and without a name; the same each time."""
    draw = random.Random(exercise.id)
    firsts = list(slips(exercise.reference))
    for first in draw.sample(firsts, min(DRAWN, len(firsts))):
        if made := list(both(first)):
            yield draw.choice(made).answer


def _of_project(project: Project, began: float) -> Iterator[tuple[str, float]]:
    """The same for hand-ins."""
    check_project(project, project.reference)
    yield "first", _since(began, 0.0)
    for kind, _, file, function in hand_ins(project):

        def check(file=file, function=function):
            judge_project(project, function, file, project.held_back("check", SEED))

        yield "wrong" if kind == "mistake" else "right", _timed(check)[0]


def _timed(run: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds by the clock, or of the processor where that is less; and what came out."""
    clock, processor = time.perf_counter(), time.process_time()
    result = run()
    return _since(clock, processor), result


def _since(clock: float, processor: float) -> float:
    return min(time.perf_counter() - clock, time.process_time() - processor)
