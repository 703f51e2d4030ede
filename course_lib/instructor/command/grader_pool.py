"""Share submissions out to graders, processes of their own, and collect what comes back."""

import base64
import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

from course_lib.instructor.errors import NoSandbox
from course_lib.instructor.intake.read import Submission

PROGRAM = "course_lib.instructor.command.grader_process"
FAILED = "failed"  # a submission over which the grader itself came down, twice
TRIES = 2
SLACK = 120  # seconds beyond a submission's budget after which a grader counts as hung


class Grader:
    """A grader process.

    Args:
        setup: what it needs to know; see `grader`.
        core: the processor's core that it and its sandbox share, or None.
    """

    def __init__(self, setup: dict, core: int | None = None):
        self.longest = setup["budget"] + SLACK
        self.socket, theirs = socket.socketpair()
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-P",  # the working folder may be a student's: nothing is imported from it
                "-m",
                PROGRAM,
                str(theirs.fileno()),
            ],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the main process
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
        self._send({**setup, "core": core})

    def _send(self, value: dict) -> None:
        with contextlib.suppress(OSError):  # a dead one is noticed when it is read
            self.socket.sendall(json.dumps(value).encode() + b"\n")

    def give(self, task: tuple, loaded: bool = False) -> None:
        """Have it grade a submission.

        Args:
            task: begins with the submission.
            loaded: whether to send what was read of it, too: it doesn't lie on this machine.
        """
        self.task = task
        self.deadline = time.monotonic() + self.longest
        submission = task[0]
        order = {
            "student": submission.student,
            "found": submission.found,
            "sources": [
                [file.name, os.fsencode(file.path).hex(), file.inside]
                for file in submission.sources
            ],
        }
        if loaded:
            order["remarks"] = submission.remarks
            order["files"] = [
                [name, base64.b64encode(content).decode()] for name, content in submission.files
            ]
        self._send(order)

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

    def result(self) -> dict:
        """The result of what it was given last.

        Raises:
            EOFError: if it has come down, or hangs.
            NoSandbox: if it has no sandbox.
        """
        while True:
            left = self.deadline - time.monotonic()
            if left <= 0 or not select.select([self.socket], [], [], left)[0]:
                raise EOFError
            answer = self.read()
            if answer is not None:
                return result_of(answer)

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.close()

    def close(self) -> None:
        """Let it end, and see that it does."""
        self.socket.close()
        try:
            self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def result_of(answer: dict) -> dict:
    """What a grader's answer holds.

    Raises:
        NoSandbox: if it has no sandbox.
    """
    if "no sandbox" in answer:
        raise NoSandbox(answer["no sandbox"])
    return answer["result"]


def graded(todo: list, setup: dict, jobs: int) -> Iterator[tuple[str, dict]]:
    """Key and result of each, as they come.

    Args:
        todo: submissions with their keys.
        setup: what a grader needs to know.
        jobs: graders at the same time.

    Raises:
        NoSandbox: if there is no sandbox.
    """
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
                    graders[slot] = Grader(setup, core)
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
                    graders.pop(slot).kill()
                    if tries < TRIES and one in readable:
                        waiting.append((*task, tries + 1))
                    else:
                        yield task[1], failed(task[0], setup["wanted"])
                    continue
                if answer is None:
                    continue
                _, key, _ = grader.task
                grader.task = None
                yield key, result_of(answer)
    except BaseException:  # Ctrl-C among them: nobody waits for what is under way
        for grader in graders.values():
            grader.kill()
        graders.clear()
        raise
    finally:
        for grader in graders.values():
            grader.close()


def failed(submission: Submission, wanted: list[str]) -> dict:
    """The result of a submission that can't be graded here."""
    from course_lib.instructor.judging.verdict import MISSING, Verdict

    return {
        "student": submission.student,
        "status": FAILED,
        "notebooks": [],
        "releases": {},
        "exercises": [Verdict(one, MISSING, "It was not graded.").as_dict() for one in wanted],
        "remarks": ["The grader came down or hung over this submission. It was left out."],
    }
