"""A process that grades one submission after another: the judge and its sandboxes.

Started by `validate`; speaks JSON lines over a socket. It is trusted, and no student's code runs in
it; that it is a process of its own lets several work at once, and survive each other.
"""

import json
import os
import signal
import socket
import sys
from pathlib import Path

from course_lib.instructor import walls
from course_lib.instructor.find import Submission
from course_lib.instructor.grade import grade
from course_lib.instructor.judge import Judge, load_cases
from course_lib.instructor.sandbox import Limits, NoSandbox, Sandbox


class Sandboxes:
    """The sandboxes of one grader, each started when it is first needed.

    Args:
        kind: see `Sandbox`.
        slot: the grader's number.
    """

    def __init__(self, kind: str, slot: int):
        self.kind, self.slot = kind, slot
        self.open: dict[bool, Sandbox] = {}

    def __call__(self, tensorflow: bool) -> Sandbox:
        """The sandbox with or without TensorFlow; a dead one is replaced."""
        there = self.open.get(tensorflow)
        if there is not None and there.process.poll() is not None:
            there.close()
            there = None
        if there is None:
            there = self.open[tensorflow] = Sandbox(self.kind, self.slot, tensorflow)
        return there

    def close(self) -> None:
        """End all of them."""
        for one in self.open.values():
            one.close()


def make_judge(setup: dict, sandboxes: Sandboxes) -> Judge:
    """The judge that a setup of `validate` asks for."""
    return Judge(
        sandboxes,
        Limits(setup["seconds"], setup["memory"]),
        setup["seed"],
        load_cases(Path(setup["cases"])) if setup["cases"] else {},
    )


def main() -> None:
    """Serve until the socket closes."""
    walls.die_with_parent()  # and with this process, its sandboxes
    connection = socket.socket(fileno=int(sys.argv[1]))
    lines = connection.makefile("r", encoding="utf-8")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the main process decides
    setup = json.loads(lines.readline())
    if setup["core"] is not None:
        os.sched_setaffinity(0, {setup["core"]})
    sandboxes = Sandboxes(setup["kind"], setup["slot"])
    judge = make_judge(setup, sandboxes)
    try:
        for line in lines:
            task = json.loads(line)
            submission = Submission(task["student"], Path(os.fsdecode(bytes.fromhex(task["path"]))))
            try:
                answer = {"result": grade(submission.load(), judge, setup["wanted"])}
            except NoSandbox as error:
                answer = {"no sandbox": str(error)}
            connection.sendall(json.dumps(answer).encode() + b"\n")
    finally:
        sandboxes.close()


if __name__ == "__main__":
    main()
