"""Prove the checks: stubs, named mistakes, alternatives and references each get their verdict."""

import json
import multiprocessing
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from course_lib import cores
from course_lib.authoring.source import starting_code
from course_lib.exercises.checker import check_function
from course_lib.exercises.exercise import KINDS, Exercise, Mistake
from course_lib.exercises.projects.project import Project
from course_lib.exercises.projects.proving import HAND_INS, verdicts
from course_lib.exercises.registry import get, ids
from course_lib.exercises.report import NOT_RIGHT, NOT_WRITTEN, PASSED
from course_lib.exercises.slips import both, slips

LEAST_MISTAKES = 3


@dataclass(frozen=True)
class Proof:
    """One line of the proof.

    Args:
        exercise: id.
        kind: "stub", "reference", "alternative", "mistake" or "rules".
        what: which one.
        failure: what went wrong, or empty.
        seconds: how long the check took.
    """

    exercise: str
    kind: str
    what: str
    failure: str
    seconds: float = 0.0


def prove(exercise: Exercise) -> Iterator[Proof]:
    """Every proof of one exercise."""
    if isinstance(exercise, Project):
        yield from _of_project(exercise)
        return
    yield Proof(exercise.id, "rules", "mistakes and alternatives", _too_few(exercise))
    expected = {"reference": [exercise.reference], "alternative": exercise.alternatives}
    if exercise.start is None:
        yield _verdict(exercise, "stub", _stub(exercise), NOT_WRITTEN)
    else:
        known_as = Mistake(exercise.start, "").name
        yield _verdict(exercise, "stub", _stub(exercise), NOT_RIGHT, known_as)
    for kind, answers in expected.items():
        for answer in answers:
            yield _verdict(exercise, kind, answer, PASSED)
    for mistake in exercise.mistakes:
        yield _verdict(exercise, "mistake", mistake.answer, NOT_RIGHT, mistake.name)


def prove_side_by_side(exercises: Sequence[str]) -> Iterator[list[Proof]]:
    """The proofs of each exercise in turn; several exercises are proven on all cores."""
    jobs = min(cores.workers(), len(exercises))
    if jobs == 1:
        yield from map(_prove, exercises)
        return
    fresh = multiprocessing.get_context("spawn")  # TensorFlow doesn't survive a fork
    with ProcessPoolExecutor(jobs, fresh, initializer=_make_do) as pool:
        yield from pool.map(_prove, exercises)


def _make_do() -> None:
    cores.take_one_thread()
    cores.compile_in_haste()


def _prove(exercise_id: str) -> list[Proof]:
    return list(prove(get(exercise_id)))


def _of_project(project: Project) -> Iterator[Proof]:
    began = time.perf_counter()
    for kind, what, failure in verdicts(project, _stub(project)):
        yield Proof(project.id, kind, what, failure, time.perf_counter() - began)
        began = time.perf_counter()


def main(
    as_json: bool = False, measure: Path | None = None, exercises: Collection[str] = ()
) -> int:
    """Prove exercises and print a table; the number to exit with.

    Args:
        as_json: print the counts as one JSON object, last.
        measure: a file to store the seconds of checks in; the cards show those of the references.
        exercises: ids; empty: all of them.

    Raises:
        UnknownExercise: if there is no such exercise.
    """
    from rich.console import Console
    from rich.table import Table

    table = Table("exercise", "stub", "reference", "alternatives", "mistakes", "seconds")
    proofs: list[Proof] = []
    chosen = [get(one).id for one in exercises] or ids()
    for exercise_id, own in zip(chosen, prove_side_by_side(chosen), strict=True):
        proofs += own
        seconds = next(p.seconds for p in own if p.kind == "reference")
        table.add_row(
            exercise_id,
            *(_tally(own, kind) for kind in ("stub", "reference", "alternative", "mistake")),
            f"{seconds:.2f}",
        )
    failures = [p for p in proofs if p.failure]
    console = Console(stderr=as_json)
    console.print(table)
    for p in failures:
        console.print(f"✗ {p.exercise}, {p.kind} {p.what}: {p.failure}", markup=False)
    if measure is not None and not failures:
        store_seconds(measure, chosen, keep=bool(exercises))
    kinds = {kind: sum(get(one).kind == kind for one in chosen) for kind in KINDS}
    counts = {
        "exercises": len(chosen),
        "mistakes": sum(p.kind == "mistake" for p in proofs),
        "alternatives": sum(p.kind == "alternative" for p in proofs),
        "failed": len(failures),
    }
    if as_json:
        print(json.dumps(counts | {"kinds": kinds}))
    else:
        print("  ".join(f"{k}: {v}" for k, v in (counts | kinds).items()))
    return 1 if failures else 0


def store_seconds(file: Path, chosen: Collection[str], keep: bool = True) -> None:
    """Measure what checks take, and store it.

    Args:
        file: JSON: "seconds" of the first check, by id, and of a fast form "wrong_seconds".
        chosen: ids of the exercises to measure.
        keep: whether what the file says of other exercises stays.
    """
    stored = json.loads(file.read_text(encoding="utf-8")) if keep and file.exists() else {}
    fast = [one for one in chosen if get(one).kind != "project" and not get(one).returns]
    found = {
        "seconds": {one: first_check_seconds(one) for one in chosen},
        "wrong_seconds": {one: wrong_check_seconds(one) for one in fast},
    }
    measured = {"command": "course prove --measure"}
    for name, new in found.items():
        seconds = stored.get(name, {}) | new
        measured[name] = {one: seconds[one] for one in ids() if one in seconds}
    file.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")


def first_check_seconds(exercise_id: str) -> float:
    """Seconds of a learner's first check of an exercise, in a new process, imports included."""
    return _longest(
        "from course_lib.exercises import check",
        "from course_lib.exercises.registry import get",
        f"check(get({exercise_id!r}).reference, strict=True)",
        "done()",
        folder=HAND_INS if get(exercise_id).kind == "project" else None,  # where its arrays lie
    )


def wrong_check_seconds(exercise_id: str) -> float:
    """The most seconds that the check of a wrong answer takes in a process that has made a check.

    The wrong answers are those of `wrong_answers`.
    """
    return _longest(
        "from course_lib.exercises.checker import check_function",
        "from course_lib.exercises.prove import wrong_answers",
        "from course_lib.exercises.registry import get",
        f"exercise = get({exercise_id!r})",
        "check_function(exercise, exercise.reference)",
        "for answer in wrong_answers(exercise):",
        "    begin()",
        "    check_function(exercise, answer)",
        "    done()",
    )


def wrong_answers(exercise: Exercise) -> list[Callable]:
    """Some answers with two slips, nearly all of which have no name, and each named mistake.

    Those without a name come first: nothing is known yet of what the mistakes do.
    """
    found = slips(exercise.reference)
    firsts = [found[len(found) * part // 4] for part in (1, 2, 3)]
    seconds = [list(both(first)) for first in firsts]
    pairs = [made[len(made) // 2].answer for made in seconds if made]
    return [*pairs, *(mistake.answer for mistake in exercise.mistakes)]


def _longest(*program: str, folder: Path | None = None) -> float:
    """The most seconds between a `begin()`, or the start, and a `done()` of a program.

    By the clock, or of the processor where that is less: then the machine is busy with other work.
    """
    lines = (
        "import time",
        "def begin():",
        "    global began",
        "    began = time.perf_counter(), time.process_time()",
        "def done():",
        "    clock, processor = time.perf_counter() - began[0], time.process_time() - began[1]",
        "    longest.append(min(clock, processor))",
        "longest = []",
        "began = time.perf_counter(), 0.0",
        *program,
        "print(round(max(longest), 1))",
    )
    run = [sys.executable, "-c", "\n".join(lines)]
    done = subprocess.run(run, capture_output=True, text=True, check=True, cwd=folder)
    return float(done.stdout.splitlines()[-1])


def _verdict(exercise, kind, answer, outcome, mistake=None) -> Proof:
    started = time.perf_counter()
    report = check_function(exercise, answer)
    seconds = time.perf_counter() - started
    failure = ""
    if report.outcome != outcome:
        failure = f"the verdict is '{report.outcome}', not '{outcome}'. {report.sentence}"
    elif report.mistake != mistake:
        failure = f"recognised as '{report.mistake}': {report.sentence}"
    what = mistake or getattr(answer, "__name__", kind)
    return Proof(exercise.id, kind, what, failure, seconds)


def _stub(exercise: Exercise):
    """What the learner starts from, made as the notebook has it."""
    namespace = dict(vars(__import__(exercise.reference.__module__, fromlist=["*"])))
    exec(compile(starting_code(exercise), f"<stub of {exercise.id}>", "exec"), namespace)
    return namespace[exercise.id]


def _too_few(exercise: Exercise) -> str:
    if len(exercise.mistakes) < LEAST_MISTAKES:
        return f"{len(exercise.mistakes)} named mistakes; add some, {LEAST_MISTAKES} is the least."
    if not exercise.alternatives:
        return "no right answer in another style; add one."
    sentences = [m.sentence for m in exercise.mistakes]
    if len(set(sentences)) < len(sentences):
        return "two mistakes share a sentence; each must name its own idea."
    return ""


def _tally(proofs: list[Proof], kind: str) -> str:
    own = [p for p in proofs if p.kind == kind]
    return f"{sum(not p.failure for p in own)}/{len(own)}"
