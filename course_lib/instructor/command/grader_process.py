"""A process that grades one submission after another: the judge and its sandboxes.

Started by `validate`; speaks JSON lines over a socket. It is trusted, and no student's code runs in
it; that it is a process of its own lets several work at once, and survive each other.
"""

import base64
import json
import os
import signal
import socket
import sys
from pathlib import Path

from course_lib.instructor.errors import NoSandbox
from course_lib.instructor.intake.read import Submission
from course_lib.instructor.intake.tree import File
from course_lib.instructor.judging.hidden_cases import parse_cases
from course_lib.instructor.judging.notebook import Judge
from course_lib.instructor.judging.submission import grade
from course_lib.instructor.sandbox.available import find_sandbox
from course_lib.instructor.sandbox.inside import kernel
from course_lib.instructor.sandbox.limits import Limits
from course_lib.instructor.sandbox.sandbox import Sandbox

OWN_MEMORY = 1 << 30  # bytes that judging one submission may take
TENSORFLOW_MEMORY = 6 << 30  # the same, where references in TensorFlow are loaded for it


class Sandboxes:
    """The sandboxes of one grader, each started when it is first needed.

    Args:
        kind: see `Sandbox`; "" for the one that works here.
        secret: paths that they must not see.
    """

    def __init__(self, kind: str, secret: list[str]):
        self.kind = kind or find_sandbox()
        self.secret = [Path.cwd(), *map(Path, secret)]
        self.open: dict[bool, Sandbox] = {}

    def __call__(self, tensorflow: bool) -> Sandbox:
        """The sandbox with or without TensorFlow; a dead one is replaced."""
        if tensorflow and "tensorflow" not in sys.modules:
            kernel.limit_own_data(OWN_MEMORY + TENSORFLOW_MEMORY)
        there = self.open.get(tensorflow)
        if there is not None and there.process.poll() is not None:
            there.close()
            there = None
        if there is None:
            there = self.open[tensorflow] = Sandbox(self.kind, tensorflow, self.secret)
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
        parse_cases(setup["cases"]) if setup["cases"] else {},
        setup["budget"],
        setup.get("secret_last", False),
    )


def main() -> None:
    """Serve until the socket closes."""
    kernel.die_with_parent()  # and with this process, its sandboxes
    connection = socket.socket(fileno=int(sys.argv[1]))
    lines = connection.makefile("r", encoding="utf-8")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the main process decides
    setup = json.loads(lines.readline())
    if setup["core"] is not None:
        os.sched_setaffinity(0, {setup["core"]})
    sandboxes, judge = None, None
    try:
        for line in lines:
            task = json.loads(line)
            try:
                if judge is None:
                    sandboxes = Sandboxes(setup["kind"], setup["secret"])
                    judge = make_judge(setup, sandboxes)
                kernel.limit_own_data(OWN_MEMORY)
                answer = {"result": grade(_submission(task), judge, setup["wanted"])}
            except NoSandbox as error:
                answer = {"no sandbox": str(error)}
            connection.sendall(json.dumps(answer).encode() + b"\n")
    finally:
        if sandboxes is not None:
            sandboxes.close()


def _submission(task: dict) -> Submission:
    sources = [
        File(name, os.fsdecode(bytes.fromhex(path)), tuple(inside))
        for name, path, inside in task["sources"]
    ]
    submission = Submission(task["student"], sources, task["found"])
    if "files" not in task:
        return submission.load()
    submission.remarks = task["remarks"]
    submission.files = [(name, base64.b64decode(text)) for name, text in task["files"]]
    return submission


if __name__ == "__main__":
    main()
