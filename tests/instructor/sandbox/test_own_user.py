"""What one sandbox does with its user touches no other one."""

import contextlib
import os
import signal
import subprocess
import sys
import threading

import pytest
from a_class import solved

from course_lib.instructor.errors import NoSandbox
from course_lib.instructor.sandbox import own_user
from course_lib.instructor.sandbox.available import problem_with
from course_lib.instructor.sandbox.own_user import OwnUser
from course_lib.instructor.sandbox.view import INSIDE

pytestmark = pytest.mark.slow

SLOW = """
import time
def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
    time.sleep(0.3)
    return np.tanh(x_t @ W_xh + h_prev @ W_hh + b_h)
"""


def test_each_has_another_one_until_it_is_closed(monkeypatch):
    with contextlib.ExitStack() as held:
        several = [held.enter_context(contextlib.closing(OwnUser())) for _ in range(50)]
        assert len({one.uid for one in several}) == 50
        # Two that end their users' processes at the same time don't end each other.
        assert len({user for one in several for user in (one.uid, one.nobody)}) == 100
        monkeypatch.setattr(own_user, "MOST", 1)
        with contextlib.suppress(NoSandbox):  # somebody else may have it
            held.enter_context(contextlib.closing(OwnUser()))
        with pytest.raises(NoSandbox, match="1 sandboxes run on this machine already"):
            OwnUser()


def test_looking_for_a_sandbox_beside_it_ends_no_submission(kind, verdicts):
    """A user of its own is cleaned up after by ending all that the user runs, on root's machine."""
    if problem_with("user") == "a user of its own needs root":
        pytest.skip("only root's sandboxes have users of their own")
    over = threading.Event()

    def look():
        while not over.is_set():
            problem_with.__wrapped__("user")

    beside = threading.Thread(target=look)
    beside.start()
    try:
        found = verdicts(solved(1, rnn_step=SLOW), ["rnn_step"])
    finally:
        over.set()
        beside.join()
    assert found["rnn_step"].outcome == "passed", found


STOPS_ALL = """
import os, signal, sys
sys.path.insert(0, sys.argv[1])
import kernel
kernel.become(int(sys.argv[2]), int(sys.argv[2]))
print(flush=True)
while True:
    try:
        os.kill(-1, signal.SIGSTOP)
    except OSError:
        pass
"""


def test_who_ends_all_of_a_user_is_not_stopped_by_them():
    """A process that stops all that it may froze the one that was to end it."""
    if os.geteuid() != 0:
        pytest.skip("only root's sandboxes have users of their own")
    with contextlib.closing(OwnUser()) as user:
        for _ in range(20):
            command = [sys.executable, "-c", STOPS_ALL, INSIDE, str(user.uid)]
            with subprocess.Popen(command, stdout=subprocess.PIPE) as one:
                one.stdout.readline()  # it has begun
                ends = f"import kernel; kernel.end_all_of({user.uid}, {user.nobody})"
                try:
                    subprocess.run([sys.executable, "-c", ends], cwd=INSIDE, check=True, timeout=5)
                    assert one.wait(timeout=5) == -signal.SIGKILL
                finally:
                    one.kill()
