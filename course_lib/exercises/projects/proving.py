"""Prove a project: its reference, another right hand-in, and every wrong one."""

import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from course_lib.exercises.projects.arrays import CURVE, EXPECTED
from course_lib.exercises.projects.judging import judge_project
from course_lib.exercises.projects.project import Project
from course_lib.exercises.projects.report import ProjectReport
from course_lib.exercises.report import NOT_WRITTEN

HAND_INS = Path(__file__).resolve().parents[3] / "solutions"
LEAST_WRONG = 3
SEED = 7  # of the data; the marks keep a margin, so that any will do


class NoReference(Exception):
    """The reference's arrays aren't here; the message says where they come from."""


def reference_arrays(project: Project) -> dict[str, np.ndarray]:
    """What the reference hands in; it lies in a checkout, beside the solutions.

    Raises:
        NoReference: it isn't there.
    """
    file = HAND_INS / project.file
    if not file.is_file():
        name = file.stem.replace("_", "-")
        raise NoReference(f"There is no {file}: in a checkout, `course reproduce project-{name}`.")
    with np.load(file, allow_pickle=False) as arrays:
        return dict(arrays)


def as_file(arrays: dict[str, np.ndarray]) -> bytes:
    """The bytes of an .npz file with the arrays."""
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def hand_ins(
    project: Project, some: Callable[[Sequence], Sequence] = list
) -> Iterator[tuple[str, str, bytes, Callable]]:
    """Each hand-in: "reference", "alternative" or "mistake", its name, the file and the function.

    Args:
        project: whose hand-ins.
        some: chooses among the alternatives and among the mistakes of each sort.

    Raises:
        NoReference: the reference's arrays aren't here.
    """
    arrays = reference_arrays(project)
    beside = {name: arrays[name] for name in (CURVE, EXPECTED) if name in arrays}
    weights = {name: array for name, array in arrays.items() if name not in beside}

    def filed(arrays) -> bytes:
        if isinstance(arrays, bytes):
            return arrays
        return as_file({k: v for k, v in (beside | arrays).items() if v is not None})

    yield "reference", project.id, filed(weights), project.reference
    for make in some(project.right):
        made, function = make(weights)
        yield "alternative", make.__name__, filed(made), function
    for wrong in some(project.wrong):
        made, function = wrong.make(weights)
        yield "mistake", wrong.name, filed(made), function
    for mistake in some(project.mistakes):
        yield "mistake", mistake.name, filed(weights), mistake.answer


def verdicts(
    project: Project, stub: Callable, some: Callable[[Sequence], Sequence] = list
) -> Iterator[tuple[str, str, str]]:
    """For each hand-in its kind, its name, and what is wrong with the verdict on it, or ""."""
    if len(project.wrong) < LEAST_WRONG or not project.right:
        yield "rules", "hand-ins", f"{LEAST_WRONG} wrong ones and a right one are the least."

    def judged(file: bytes, function: Callable, split="check") -> ProjectReport:
        return judge_project(project, function, file, project.held_back(split, SEED))

    says = {wrong.name: wrong.says for wrong in project.wrong}
    says |= {mistake.name: mistake.sentence for mistake in project.mistakes}
    try:
        for kind, name, file, function in hand_ins(project, some):
            if kind == "reference":
                outcome = judged(file, stub).outcome
                yield "stub", name, "" if outcome == NOT_WRITTEN else f"the verdict is '{outcome}'."
                for split in ("check", "validate"):
                    report = judged(file, function, split)
                    top = report.mark == len(project.marks)
                    yield kind, split, "" if top else f"not the top mark: {report.headline}."
                continue
            report, failure = judged(file, function), ""
            if kind == "alternative":
                failure = "" if report.ok else report.sentence
            elif report.ok:
                failure = f"it reaches a mark: {report.headline}."
            elif says[name] not in report.sentence:
                failure = f"the sentence is: {report.sentence}"
            yield kind, name, failure
    except NoReference as problem:
        yield "reference", project.id, str(problem)
