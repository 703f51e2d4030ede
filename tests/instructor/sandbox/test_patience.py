"""How long a question may take: work counts, and not what else the machine has to do."""

import json
from dataclasses import replace

import pytest
from a_class import solved

from course_lib.instructor.intake.extract import extract
from course_lib.instructor.judging.notebook import Judge
from course_lib.instructor.sandbox import patience, session
from course_lib.instructor.sandbox.limits import Limits
from course_lib.instructor.sandbox.patience import Patience


class AChild:
    """One that gets a share of a processor."""

    def __init__(self, share, before=5.0):
        self.share, self.before = share, before

    def worked(self):
        return None if self.share is None else self.before + self.share * clock.now


class clock:
    now = 0.0


@pytest.fixture
def looks(monkeypatch):
    """All deadlines of a question of ten seconds, which is never answered."""
    monkeypatch.setattr(patience.time, "monotonic", lambda: clock.now)

    def all_of(share, ends=float("inf")):
        clock.now = 0.0
        asked = Patience(AChild(share), 10.0, ends)
        deadlines, until = [], asked.first()
        while until is not None:
            deadlines.append(until)
            clock.now = until
            until = asked.later()
        return deadlines

    return all_of


@pytest.mark.parametrize(
    ("share", "at_most"),
    # Alone on a core; on several; with half of one. The first second may all have been work.
    [(1.0, 10.0), (4.0, 10.0), (0.5, 19.2), (0.0, 30.0), (None, 30.0)],
    ids=["alone", "threads", "half", "asleep", "nobody says"],
)
def test_a_busy_machine_makes_it_longer(looks, share, at_most):
    deadlines = looks(share)
    assert deadlines[0] == 1.0
    assert deadlines[-1] == pytest.approx(at_most, abs=0.15)
    assert deadlines == sorted(deadlines)


def test_it_is_not_asked_all_the_time(looks):
    assert len(looks(0.5)) < 25
    assert len(looks(0.0)) < 10


def test_nothing_is_longer_than_the_budget(looks):
    assert looks(0.0, ends=7.0)[-1] == 7.0
    assert looks(0.0, ends=0.5) == [0.5]


ONCE = """
import time
asked = []

def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
    asked.append(1)
    if len(asked) == 1:
        WAIT
    return np.tanh(x_t @ W_xh + h_prev @ W_hh + b_h)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("wait", "outcome"),
    [
        ("time.sleep(1.8)", "passed"),
        ("time.sleep(60)", "time limit"),
        ("sum(range(10**15))", "time limit"),
    ],
)
def test_in_a_sandbox(box, monkeypatch, wait, outcome):
    """Who only waits, as if the machine were busy, has longer than who works."""
    monkeypatch.setattr(session, "GRACE", 0.0)
    judge = Judge(lambda tensorflow: box, replace(Limits(), seconds=1.0), 5, {})
    cells = extract(json.dumps(solved(1, rnn_step=ONCE.replace("WAIT", wait))).encode())
    (verdict,) = judge.notebook("nb.ipynb", cells.code, cells.roles, ["rnn_step"])["verdicts"]
    assert verdict.outcome == outcome, verdict


def test_how_long_a_child_has_worked(box):
    child = box.child(Limits())
    assert 0 <= child.worked() < 5
    child.close()
    assert child.worked() is None
