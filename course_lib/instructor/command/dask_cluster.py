"""Grade a class on a Dask cluster: several machines, of which any may go away.

Each thread of a worker has a grader, a process of its own with a sandbox of its own. What a student
handed in travels to it as bytes, and the verdicts travel back; the results are written down here,
by the one process that holds the ledger. When a worker dies, Dask gives its submissions to others.
"""

import contextlib
import logging
import threading
import time
import warnings
from collections.abc import Iterator
from dataclasses import replace

from course_lib.instructor.command.grader_pool import TRIES, Grader, failed
from course_lib.instructor.errors import BadUsage
from course_lib.instructor.intake.read import Submission
from course_lib.instructor.results.ledger import course_key

ATTEMPTS = 2  # to start Dask's client
CONNECT = 30  # seconds to wait for the scheduler, and for a first worker
ALL_GONE = 120  # seconds to wait for another worker, when none is left
LOOK = 5  # seconds between two looks whether there are workers
POLL = 0.05  # the same for a result
MOST_NAMED = 3  # workers in one sentence
AHEAD = 2  # submissions for each thread that are under way or wait next to it

_own = threading.local()


def graded_on_cluster(todo: list, setup: dict, address: str) -> Iterator[tuple[str, dict]]:
    """Key and result of each submission, as they come.

    Args:
        todo: submissions with their keys.
        setup: what a grader needs to know.
        address: of the scheduler.

    Raises:
        BadUsage: if the cluster can't be reached, has no workers or one without this course, or
            is lost.
        NoSandbox: if there is no sandbox on a worker.
    """
    try:
        from distributed import CancelledError, Client, as_completed
        from distributed.scheduler import KilledWorker
    except ModuleNotFoundError:
        raise BadUsage(
            "--scheduler needs Dask: pip install distributed (the extra 'cluster')."
        ) from None
    if not todo:
        return
    for talker in ("distributed", "distributed.client"):  # what matters is said here
        logging.getLogger(talker).setLevel(logging.CRITICAL)
    # A notebook with many pictures is large, and it has to get there all the same.
    warnings.filterwarnings("ignore", "Sending large graph")
    waiting = iter(todo)
    setup = {**setup, "course": course_key()}
    with _connected(Client, address) as client:
        submissions: dict[str, Submission] = {}

        def next_one():
            for submission, key in waiting:
                submission.load()
                loaded = replace(submission)
                submission.files = []  # memory stays flat
                submissions[key] = submission
                return client.submit(grade_here, setup, loaded, key=f"course-{key}")
            return None

        threads = sum(client.nthreads().values()) or 1  # they may have left by now
        first = (next_one() for _ in range(AHEAD * threads))
        running = as_completed([one for one in first if one is not None], loop=client.loop)
        for future in _as_they_come(running, client, address):
            key = future.key.removeprefix("course-")
            try:
                if future.status in ("lost", "pending"):  # its worker took the result with it
                    raise TimeoutError
                result = future.result(timeout=LOOK)
            except TimeoutError:
                running.add(future)  # another makes it again
                continue
            except CancelledError:
                raise BadUsage(
                    f"The cluster at {address} was lost. The same command goes on from here."
                ) from None
            except KilledWorker:  # several workers died over it
                result = failed(submissions[key], setup["wanted"])
            del submissions[key]
            yield key, result
            if (more := next_one()) is not None:
                running.add(more)


def _connected(connect, address: str):
    client = _client(connect, address)
    try:
        client.wait_for_workers(1, timeout=CONNECT)
    except TimeoutError:
        client.close()
        raise BadUsage(f"The Dask scheduler at {address} has no workers.") from None
    # One without the course would end if it were sent a function of the course's to compute.
    try:
        answers = client.run(course_key, on_error="return")
    except OSError:
        client.close()
        raise BadUsage(
            f"The cluster at {address} was lost. The same command goes on from here."
        ) from None
    here = [(worker, key) for worker, key in answers.items() if not isinstance(key, OSError)]
    if without := [worker for worker, key in here if key != course_key()]:
        client.close()
        raise BadUsage(
            f"{len(without)} of {len(answers)} workers don't have this version of the course "
            f"({', '.join(without[:MOST_NAMED])}): install the same everywhere."
        )
    return client


def _client(connect, address: str):
    for _ in range(ATTEMPTS):
        try:
            return connect(address, timeout=CONNECT, set_as_default=False)
        except AssertionError:  # all that Dask says when its own thread hasn't begun in 10 s
            continue
        except (OSError, ValueError) as error:
            raise BadUsage(f"There is no Dask scheduler at {address} ({error}).") from None
    raise BadUsage(
        "Dask could not start here, and didn't say why: this machine may be too busy. Try again."
    )


def _as_they_come(running, client, address: str) -> Iterator:
    """Futures as they end.

    Raises:
        BadUsage: if there has been nobody to work on them for a while.
    """
    seen = looked = time.monotonic()
    while not running.is_empty():
        if running.has_ready():
            yield next(running)
            seen = time.monotonic()
            continue
        time.sleep(POLL)
        if time.monotonic() < looked + LOOK:
            continue
        looked = time.monotonic()
        with contextlib.suppress(OSError):  # then all futures are lost, which is said of them
            seen = looked if client.nthreads() else seen
        if looked > seen + ALL_GONE:
            raise BadUsage(
                f"The cluster at {address} has no workers any more. The same command goes on from "
                "here."
            )


def grade_here(setup: dict, submission: Submission) -> dict:
    """Grade one submission; runs in a thread of a worker.

    Args:
        setup: what a grader needs to know, and which files of the course it must have.
        submission: loaded.

    Raises:
        BadUsage: if this worker has another version of the course.
        NoSandbox: if there is no sandbox here.
    """
    if setup["course"] != course_key():
        raise BadUsage("A worker has another version of the course: install the same everywhere.")
    for _ in range(TRIES):
        if getattr(_own, "setup", None) != setup:
            _let_go()
            _own.grader, _own.setup = Grader(setup), setup
        try:
            _own.grader.give((submission,), loaded=True)
            return _own.grader.result()
        except EOFError:
            _let_go()
    return failed(submission, setup["wanted"])


def _let_go() -> None:
    if getattr(_own, "setup", None) is not None:
        _own.grader.kill()
    _own.setup = None
