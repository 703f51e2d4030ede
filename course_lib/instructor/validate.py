"""Validate a class: share the submissions out to graders, and write down what comes back."""

import contextlib
import hashlib
import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from course_lib.exercises.registry import chapter_of, ids
from course_lib.instructor import scores
from course_lib.instructor.find import BadUsage, Submission, find
from course_lib.instructor.ledger import Ledger, key_of_checks
from course_lib.instructor.progress import Progress
from course_lib.instructor.sandbox import NoSandbox

FAILED = "failed"  # a submission over which the grader itself came down, twice
TRIES = 2
LONGEST = 3600  # seconds after which a grader counts as hung


@dataclass(frozen=True)
class Options:
    """What a run was asked for; see `course validate --help`."""

    out: Path
    kind: str
    jobs: int = 1
    shard: tuple[int, int] = (1, 1)
    seconds: float = 10.0
    memory: int = 1 << 30
    cases: Path | None = None
    weights: Path | None = None
    exercises: tuple[str, ...] = ()


def validate(paths: list[Path], options: Options) -> int:
    """Grade what isn't graded yet, and write the reports.

    Returns:
        The code to exit with: 0 if everything was graded, 1 if something could not be.

    Raises:
        BadUsage: if what was asked for can't be.
        NoSandbox: if the sandbox doesn't come up.
    """
    from course_lib.instructor.reports import write_reports

    wanted = wanted_exercises(options.exercises)
    weights = scores.load_weights(options.weights, wanted)
    cases = options.cases.read_bytes() if options.cases else b""
    submissions = [s for s in find(paths) if in_shard(s, options.shard)]
    with Ledger(options.out) as ledger:
        checks = key_of_checks(
            wanted, options.seconds, options.memory, hashlib.sha256(cases).hexdigest(), ledger.seed
        )
        setup = {
            "kind": options.kind,
            "seconds": options.seconds,
            "memory": options.memory,
            "cases": str(options.cases.absolute()) if options.cases else "",
            "seed": ledger.seed,
            "wanted": wanted,
        }
        keys = [_key(submission, checks) for submission in submissions]
        todo = [pair for pair in zip(submissions, keys, strict=True) if pair[1] not in ledger.done]
        results = Results(ledger, keys)
        progress = Progress(len(keys), done=len(keys) - len(todo))
        with contextlib.closing(progress):
            for key, result in _graded(todo, setup, options.jobs):
                if result["status"] == FAILED:  # worth another try next time
                    results.failed[key] = result
                elif key not in ledger.done:
                    ledger.add(key, result)
                progress.advance(result)
        write_reports(options.out, results, wanted, weights, {"sandbox": options.kind})
        return 0 if all(r["status"] == "graded" for r in results) else 1


class Results:
    """The results of a run, in the order of its submissions; each is read when it is needed.

    Args:
        ledger: which holds them.
        keys: of the submissions.
    """

    def __init__(self, ledger: Ledger, keys: list[str]):
        self.ledger, self.keys = ledger, keys
        self.failed: dict[str, dict] = {}  # those that are not written down

    def __len__(self) -> int:
        return len(self.keys)

    def __iter__(self) -> Iterator[dict]:
        for key in self.keys:
            yield self.failed[key] if key in self.failed else self.ledger.get(key)


def merge(folders: list[Path], out: Path, weights_file: Path | None) -> int:
    """One set of reports from those of several runs; of a student in two, the later counts.

    Raises:
        BadUsage: if a folder holds no results, or they are of other exercises.
    """
    from course_lib.instructor.reports import write_reports

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
    weights = scores.load_weights(weights_file, wanted)
    out.mkdir(parents=True, exist_ok=True)
    ordered = [found[name] for name in sorted(found)]
    write_reports(out, ordered, wanted, weights, {"merged": len(folders)})
    return 0 if all(r["status"] == "graded" for r in ordered) else 1


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
    submission.notebooks = []  # the grader reads it again; here memory stays flat
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


class Grader:
    """A grader process.

    Args:
        setup: what it needs to know.
        slot: its number.
        core: the processor's core that it and its sandbox share, or None.
    """

    def __init__(self, setup: dict, slot: int, core: int | None):
        self.socket, theirs = socket.socketpair()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "course_lib.instructor.grader", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
                "OMP_NUM_THREADS": "1",
                "OPENBLAS_NUM_THREADS": "1",
                "TF_CPP_MIN_LOG_LEVEL": "3",
            },
        )
        theirs.close()
        self.buffer = b""
        self.task: tuple | None = None
        self.deadline = float("inf")
        self._send({**setup, "slot": slot, "core": core})

    def _send(self, value: dict) -> None:
        with contextlib.suppress(OSError):  # a dead one is noticed when it is read
            self.socket.sendall(json.dumps(value).encode() + b"\n")

    def give(self, task: tuple) -> None:
        """Have it grade a submission."""
        self.task = task
        self.deadline = time.monotonic() + LONGEST
        submission = task[0]
        path = os.fsencode(submission.path).hex()
        self._send({"student": submission.student, "path": path})

    def read(self) -> dict | None:
        """Its answer if there is a whole one.

        Raises:
            EOFError: if it has come down.
        """
        try:
            part = self.socket.recv(1 << 20)
        except OSError:
            part = b""
        if not part:
            raise EOFError
        self.buffer += part
        if not self.buffer.endswith(b"\n"):
            return None
        answer, self.buffer = json.loads(self.buffer), b""
        return answer

    def close(self) -> None:
        """Let it end, and see that it does."""
        self.socket.close()
        try:
            self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _graded(todo: list, setup: dict, jobs: int) -> Iterator[tuple[str, dict]]:
    """Key and result of each, as they come."""
    waiting = [(*one, 1) for one in reversed(todo)]
    jobs = max(1, min(jobs, len(waiting)))
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    first = os.getpid()  # so that two runs at once don't share one core
    graders: dict[int, Grader] = {}
    try:
        while waiting or any(g.task for g in graders.values()):
            for slot in range(jobs):
                if not waiting:
                    break
                if slot not in graders:
                    # Judge and sandbox take turns: on one core, handing over costs next to nothing.
                    core = cores[(first + slot) % len(cores)] if len(cores) >= jobs else None
                    graders[slot] = Grader(setup, slot, core)
                if graders[slot].task is None:
                    graders[slot].give(waiting.pop())
            busy = {g.socket: slot for slot, g in graders.items() if g.task}
            readable, _, _ = select.select(list(busy), [], [], 5)
            late = [s for s, slot in busy.items() if time.monotonic() > graders[slot].deadline]
            for one in dict.fromkeys([*readable, *late]):
                slot = busy[one]
                grader = graders[slot]
                try:
                    if one not in readable:
                        raise EOFError
                    answer = grader.read()
                except EOFError:
                    *task, tries = grader.task
                    grader.process.kill()
                    graders.pop(slot).close()
                    if tries < TRIES:
                        waiting.append((*task, tries + 1))
                    else:
                        yield task[1], _failed(task[0], setup["wanted"])
                    continue
                if answer is None:
                    continue
                if "no sandbox" in answer:
                    raise NoSandbox(answer["no sandbox"])
                _, key, _ = grader.task
                grader.task = None
                yield key, answer["result"]
    finally:
        for grader in graders.values():
            grader.close()


def _failed(submission: Submission, wanted: list[str]) -> dict:
    from course_lib.instructor.judge import MISSING, Verdict

    return {
        "student": submission.student,
        "status": FAILED,
        "notebooks": [],
        "exercises": [Verdict(one, MISSING, "It was not graded.").as_dict() for one in wanted],
        "remarks": ["The grader came down over this submission, twice. It was left out."],
    }
