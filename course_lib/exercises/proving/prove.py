"""Prove the checks: stubs, named mistakes, alternatives and references each get their verdict."""

import json
import multiprocessing
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from course_lib import cores
from course_lib.authoring.a_few import a_few
from course_lib.authoring.source import starting_code
from course_lib.exercises.checker import check_function
from course_lib.exercises.exercise import KINDS, Exercise, Mistake
from course_lib.exercises.naming.first_falls import first_falls
from course_lib.exercises.projects.project import Project
from course_lib.exercises.projects.proving import verdicts
from course_lib.exercises.proving.falls import store_falls
from course_lib.exercises.proving.inputs import shared_inputs
from course_lib.exercises.proving.seconds import store_seconds
from course_lib.exercises.registry import get, ids
from course_lib.exercises.report import NOT_RIGHT, NOT_WRITTEN, PASSED

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


def prove(exercise: Exercise, at_most: int | None = None) -> Iterator[Proof]:
    """The proofs of one exercise.

    Args:
        exercise: a project, too.
        at_most: how many mistakes and how many right answers, by lot; None: all of them.
    """

    def some(answers: Sequence) -> Sequence:
        return answers if at_most is None else a_few(answers, at_most, exercise.id)

    if isinstance(exercise, Project):
        yield from _of_project(exercise, some)
        return
    broken = _too_few(exercise) or shared_inputs(exercise)
    yield Proof(exercise.id, "rules", "mistakes, alternatives and inputs", broken)
    expected = {"reference": [exercise.reference], "alternative": some(exercise.alternatives)}
    if exercise.start is None:
        yield _verdict(exercise, "stub", _stub(exercise), NOT_WRITTEN)
    else:
        known_as = Mistake(exercise.start, "").name
        yield _verdict(exercise, "stub", _stub(exercise), NOT_RIGHT, known_as)
    for kind, answers in expected.items():
        for answer in answers:
            yield _verdict(exercise, kind, answer, PASSED)
    for mistake in some(exercise.mistakes):
        yield _verdict(exercise, "mistake", mistake.answer, NOT_RIGHT, mistake.name)


def prove_side_by_side(
    exercises: Sequence[str], at_most: int | None = None
) -> Iterator[list[Proof]]:
    """The proofs of each exercise in turn; several exercises are proven on all cores."""
    jobs = min(cores.workers(), len(exercises))
    proofs_of = partial(_prove, at_most=at_most)
    if jobs == 1:
        yield from map(proofs_of, exercises)
        return
    fresh = multiprocessing.get_context("spawn")  # TensorFlow doesn't survive a fork
    with ProcessPoolExecutor(jobs, fresh) as pool:
        with cores.handed_down(cores.ONE_THREAD, cores.HASTY_XLA):
            every = pool.map(proofs_of, exercises)
        yield from every


def _prove(exercise_id: str, at_most: int | None) -> list[Proof]:
    return list(prove(get(exercise_id), at_most))


def _of_project(project: Project, some: Callable[[Sequence], Sequence]) -> Iterator[Proof]:
    began = time.perf_counter()
    for kind, what, failure in verdicts(project, _stub(project), some):
        yield Proof(project.id, kind, what, failure, time.perf_counter() - began)
        began = time.perf_counter()


def main(
    as_json: bool = False,
    measure: Path | None = None,
    exercises: Collection[str] = (),
    at_most: int | None = None,
) -> int:
    """Prove exercises and print a table; the number to exit with.

    Args:
        as_json: print the counts as one JSON object, last.
        measure: a file to store the seconds of checks in; the cards show those of the references.
            Before that, it is stored at which rung each mistake falls.
        exercises: ids; empty: all of them.
        at_most: how many mistakes and right answers of each, by lot; None: all.

    Raises:
        UnknownExercise: if there is no such exercise.
    """
    from rich.console import Console
    from rich.table import Table

    table = Table("exercise", "stub", "reference", "alternatives", "mistakes", "seconds")
    proofs: list[Proof] = []
    chosen = [get(one).id for one in exercises] or ids()
    if measure is not None:  # names are found with it
        store_falls(chosen)
    for exercise_id, own in zip(chosen, prove_side_by_side(chosen, at_most), strict=True):
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


def _verdict(exercise, kind, answer, outcome, mistake=None) -> Proof:
    started = time.perf_counter()
    report = check_function(exercise, answer)
    seconds = time.perf_counter() - started
    failure = ""
    if report.outcome != outcome:
        failure = f"the verdict is '{report.outcome}', not '{outcome}'. {report.sentence}"
    elif report.mistake != mistake:
        failure = f"recognised as '{report.mistake}': {report.sentence}"
    elif kind == "mistake":
        failure = _falls_elsewhere(exercise, mistake, report.failed)
    what = mistake or getattr(answer, "__name__", kind)
    return Proof(exercise.id, kind, what, failure, seconds)


def _falls_elsewhere(exercise: Exercise, mistake: str, failed: str) -> str:
    stored = first_falls(exercise).get(mistake, failed)
    again = f"Run `course prove {exercise.id} --measure`."
    return "" if failed == stored else f"it falls at '{failed}'; '{stored}' is stored. {again}"


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
