"""A submission's process that is killed from outside costs the student nothing."""

import contextlib
import os
import signal
import threading
import time
from pathlib import Path

import pytest
from a_class import solved

pytestmark = pytest.mark.slow

SLOW = """
import time
def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
    time.sleep(0.3)
    return np.tanh(x_t @ W_xh + h_prev @ W_hh + b_h)
"""


def parents():
    """From each process of this machine to its parent."""
    found = {}
    for process in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            stat = Path(f"/proc/{process}/stat").read_text()
            found[int(process)] = int(stat.rpartition(")")[2].split()[1])
    return found


def below(process, known):
    """All that descend from it."""
    children = [one for one, parent in known.items() if parent == process]
    return {one for child in children for one in (child, *below(child, known))}


@pytest.fixture
def killer(box):
    """Kills so many of a sandbox's children, one after the other, a moment after they began."""
    over = threading.Event()
    threads = []

    def kill(times):
        before = below(box.process.pid, parents())
        killed = set()

        def look():
            while len(killed) < times and not over.wait(0.01):
                now = parents()
                for one in below(box.process.pid, now) - before - killed:
                    if now[one] not in before:  # its parent is the keeper
                        time.sleep(0.2)
                        with contextlib.suppress(ProcessLookupError):
                            os.kill(one, signal.SIGKILL)
                        killed.add(one)

        threads.append(threading.Thread(target=look))
        threads[-1].start()
        return killed

    yield kill
    over.set()
    for thread in threads:
        thread.join()


def test_once_is_none_of_the_students_doing(killer, verdicts):
    killed = killer(1)
    found = verdicts(solved(1, rnn_step=SLOW), ["rnn_step"])["rnn_step"]
    assert len(killed) == 1
    assert found.outcome == "passed", found


def test_twice_is_told_as_what_it_is(killer, verdicts):
    killed = killer(10)
    found = verdicts(solved(1, rnn_step=SLOW), ["rnn_step"])["rnn_step"]
    assert len(killed) == 2
    assert found.outcome == "crashed"
    assert "was killed (SIGKILL), twice: by itself, or from outside" in found.sentence


def test_a_connection_that_is_closed_is_told(verdicts):
    code = SLOW.replace("time.sleep(0.3)", "import os; os.closerange(3, 64); time.sleep(60)")
    found = verdicts(solved(1, rnn_step=code), ["rnn_step"])["rnn_step"]
    assert found.outcome == "crashed"
    assert found.sentence == "rnn_step lost its connection to the judge, twice."
