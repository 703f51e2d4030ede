"""Validate a class: share the submissions out to graders, and write down what comes back."""

import contextlib
import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from course_lib.exercises.registry import chapter_of, ids
from course_lib.instructor.command.grader_pool import FAILED, graded
from course_lib.instructor.command.progress import Progress
from course_lib.instructor.command.shown import shown
from course_lib.instructor.intake.find import find
from course_lib.instructor.intake.read import Submission
from course_lib.instructor.results.ledger import Ledger, key_of_checks
from course_lib.instructor.results.points import load_weights, none_is_ours
from course_lib.instructor.results.reports import is_graded, write_reports

MOST_NAMED = 10  # students in one sentence


@dataclass(frozen=True)
class Options:
    """What a run was asked for; see `course validate --help`."""

    out: Path
    kind: str
    jobs: int = 1
    shard: tuple[int, int] = (1, 1)
    seconds: float = 10.0
    budget: float = 600.0
    memory: int = 1 << 30
    cases: Path | None = None
    weights: Path | None = None
    exercises: tuple[str, ...] = ()
    scheduler: str = ""
    by: str = ""


def validate(paths: list[Path], options: Options) -> int:
    """Grade what isn't graded yet, and write the reports.

    Returns:
        The code to exit with: 0 if everything was graded, 1 if something could not be.

    Raises:
        BadUsage: if what was asked for can't be.
        NoSandbox: if the sandbox doesn't come up.
    """
    wanted = wanted_exercises(options.exercises)
    weights = load_weights(options.weights, wanted)
    cases = options.cases.read_text(encoding="utf-8") if options.cases else ""
    found = find(paths, options.by, [options.out])
    submissions = [s for s in found.submissions if in_shard(s, options.shard)]
    with Ledger(options.out) as ledger:
        checks = key_of_checks(
            wanted,
            options.seconds,
            options.budget,
            options.memory,
            hashlib.sha256(cases.encode()).hexdigest(),
            ledger.seed,
        )
        setup = {
            "kind": options.kind,
            "seconds": options.seconds,
            "budget": options.budget,
            "memory": options.memory,
            "cases": cases,
            "seed": ledger.seed,
            "wanted": wanted,
            "secret": [str(path.absolute()) for path in _secret(paths, options)],
        }
        keys = [_key(submission, checks) for submission in submissions]
        todo = [pair for pair in zip(submissions, keys, strict=True) if pair[1] not in ledger.done]
        results = Results(ledger, submissions, keys)
        progress = Progress(len(keys), done=len(keys) - len(todo))
        with contextlib.closing(progress):
            for key, result in _graders(todo, setup, options):
                if result["status"] == FAILED:  # worth another try next time
                    results.failed[key] = result
                elif key not in ledger.done:
                    ledger.add(key, result)
                progress.advance(result)
        none = none_is_ours(results)
        notes = [none, *_strays(ledger), *_left(ledger, submissions, options.shard)]
        about = {
            "sandbox": options.kind or "on each worker",
            "not_understood": found.not_understood,
            "remarks": [one for one in notes if one],
        }
        write_reports(options.out, results, wanted, weights, about)
        for sentence in about["remarks"]:
            print(shown(sentence), file=sys.stderr)
        return 0 if all(map(is_graded, results)) and not (none or found.work_is_left) else 1


def _strays(ledger: Ledger) -> list[str]:
    if not ledger.strays:
        return []
    lines = f"{ledger.strays} lines that are" if ledger.strays > 1 else "a line that is"
    return [f"{ledger.path} holds {lines} no result; what stood there was graded again."]


def _left(ledger: Ledger, submissions: list[Submission], shard: tuple[int, int]) -> list[str]:
    """Who was graded into this folder before, and is not in the class any more."""
    if shard != (1, 1):
        return []
    gone = sorted(ledger.students - {one.student for one in submissions} - {""})
    if not gone:
        return []
    more = f" and {len(gone) - MOST_NAMED} more" if len(gone) > MOST_NAMED else ""
    names = ", ".join(gone[:MOST_NAMED])
    return [f"Graded before, but not handed in now: {names}{more}. They are in no table."]


def _secret(paths: list[Path], options: Options) -> list[Path]:
    """What students must not see: the class, its results, and the instructor's own files."""
    return [p for p in (*paths, options.out, options.cases, options.weights) if p is not None]


def _graders(todo: list, setup: dict, options: Options) -> Iterator[tuple[str, dict]]:
    if not options.scheduler:
        return graded(todo, setup, options.jobs)
    from course_lib.instructor.command.dask_cluster import graded_on_cluster

    return graded_on_cluster(todo, setup, options.scheduler)


class Results:
    """The results of a run, in the order of its submissions; each is read when it is needed.

    Args:
        ledger: which holds them.
        submissions: of which the names are taken.
        keys: of the submissions.
    """

    def __init__(self, ledger: Ledger, submissions: list[Submission], keys: list[str]):
        self.ledger, self.submissions, self.keys = ledger, submissions, keys
        self.failed: dict[str, dict] = {}  # those that are not written down

    def __len__(self) -> int:
        return len(self.keys)

    def __iter__(self) -> Iterator[dict]:
        for submission, key in zip(self.submissions, self.keys, strict=True):
            result = self.failed[key] if key in self.failed else self.ledger.get(key)
            yield {**result, "name": submission.name, "number": submission.number}


def wanted_exercises(chosen: tuple[str, ...]) -> list[str]:
    """Ids in the course's order; all of them if none is chosen.

    Raises:
        UnknownExercise: if there is no such exercise.
    """
    for one in chosen:
        chapter_of(one)
    return [one for one in ids() if not chosen or one in chosen]


def in_shard(submission: Submission, shard: tuple[int, int]) -> bool:
    """Whether a submission belongs to shard i of n, by its name: the same on every machine."""
    number, count = shard
    digest = hashlib.sha256(submission.student.encode("utf-8", "replace")).digest()
    return int.from_bytes(digest[:8]) % count == number - 1


def _key(submission: Submission, checks: str) -> str:
    submission.load()
    key = f"{checks} {submission.key()} {submission.student}"
    submission.files = []  # the grader reads it again; here memory stays flat
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
