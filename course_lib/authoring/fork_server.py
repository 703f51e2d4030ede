"""A fork server for pytest: each run is a fork of this process, which has loaded TensorFlow.

``python -P fork_server.py tensorflow`` reads orders, a line of JSON each, and writes two lines for
each: the process, which leads a group of its own, and its exit status once it has ended. Nothing
of course_lib is loaded here, so every run loads it from the folder that it is to examine.
"""

import importlib
import json
import os
import sys

import pytest


def begin(folder: str, beside: list[str], arguments: list[str], said: str) -> int:
    """Start pytest in a folder; what it says goes into a file.

    The folder goes first in the path, and those `beside` it last.
    """
    if process := os.fork():
        return process
    os.setsid()
    os.chdir(folder)
    sys.path[:] = [folder, *sys.path, *beside]
    for stream, name, mode in (
        (0, os.devnull, os.O_RDONLY),
        (1, said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC),
        (2, os.devnull, os.O_WRONLY),
    ):
        os.dup2(os.open(name, mode), stream)
    status = 1
    try:
        status = int(pytest.main(arguments))
    finally:
        sys.stdout.flush()
        os._exit(status)  # nothing of the parent's is to be put away here


if __name__ == "__main__":
    for module in sys.argv[1:]:
        importlib.import_module(module)
    for line in sys.stdin:
        child = begin(**json.loads(line))
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
