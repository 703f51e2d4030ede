"""The processes of a run with several workers: who they are, and how they are started."""

import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tensorflow as tf


class WorkerError(Exception):
    """The workers can't be started, or one of them failed."""


class NoWorkers(Exception):
    """A run was asked of several workers, but it takes one process only."""


def is_worker() -> bool:
    """Whether this process is one of the workers: TF_CONFIG says which."""
    return "TF_CONFIG" in os.environ


def rank(workers: int) -> int:
    """The number of this worker, from 0.

    Raises:
        WorkerError: TF_CONFIG does not name so many workers, or not which of them this is.
    """
    try:
        config = json.loads(os.environ["TF_CONFIG"])
        named, task = len(config["cluster"]["worker"]), config["task"]
        if task["type"] != "worker":
            raise KeyError(task["type"])
        number = int(task["index"])
    except (KeyError, TypeError, ValueError) as error:
        raise WorkerError(
            "TF_CONFIG must be JSON such as"
            ' {"cluster": {"worker": ["host1:2222", "host2:2222"]},'
            ' "task": {"type": "worker", "index": 0}}.'
        ) from error
    if named != workers or not 0 <= number < named:
        raise WorkerError(
            f"TF_CONFIG names {named} workers and calls this one number {number}, but there shall"
            f" be {workers}: start as many, with numbers from 0."
        )
    return number


def strategy() -> "tf.distribute.MultiWorkerMirroredStrategy":
    """What joins this worker to the others; it waits for them. Make it before any tensor."""
    import tensorflow as tf

    return tf.distribute.MultiWorkerMirroredStrategy()


def start(workers: int, command: Sequence[str]) -> None:
    """Run a command in as many processes on this machine, and wait until all are done.

    They work on its CPUs and find each other by TF_CONFIG. What the first one writes is passed
    through.

    Raises:
        WorkerError: one of them failed. The others, which would wait for it forever, are stopped.
    """
    addresses = [f"127.0.0.1:{port}" for port in _free_ports(workers)]
    with ExitStack() as stack:
        processes: list[tuple[subprocess.Popen, object]] = []
        for number in range(workers):
            task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": number}}
            # The workers would share a GPU, which the strategy does not do.
            environment = {"TF_CONFIG": json.dumps(task), "CUDA_VISIBLE_DEVICES": "-1"}
            errors = stack.enter_context(tempfile.TemporaryFile("w+"))
            process = subprocess.Popen(
                command,
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=None if number == 0 else subprocess.DEVNULL,
                stderr=errors,
            )
            stack.callback(_stop, process)
            processes.append((process, errors))
        while any(process.poll() is None for process, _ in processes):
            if any(process.poll() for process, _ in processes):
                break
            time.sleep(0.1)
        for number, (process, errors) in enumerate(processes):
            if process.poll():  # None: it waits for one that failed
                errors.seek(0)
                written = errors.read().strip()[-2000:] or "It wrote nothing."
                raise WorkerError(f"Worker {number} of {workers} failed.\n{written}")


def _stop(process: subprocess.Popen) -> None:
    process.kill()
    process.wait()


def _free_ports(count: int) -> list[int]:
    """Ports of this machine that are free now; all open at a time, or one would be given twice."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
