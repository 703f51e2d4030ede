"""Whatever a learner's function does ends in a sentence, and the notebook goes on."""

import os
import signal
import sys
import time

import numpy as np
import pytest

from course_lib.exercises import check, guard
from course_lib.exercises.report import NOT_RIGHT, NOT_WRITTEN

posix = pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="time limits need POSIX signals")


def report_on(answer):
    return check(answer, exercise="rnn_step")


@posix
@pytest.mark.parametrize("swallow", [False, True])
def test_an_endless_loop_is_stopped(monkeypatch, swallow):
    monkeypatch.setattr(guard, "TIME_LIMIT", 0.3)

    def forever(*_):
        while True:
            try:
                time.sleep(0.01)
            except Exception:  # what a learner's own handler must not swallow
                if not swallow:
                    raise

    started = time.monotonic()
    report = report_on(forever)
    assert "still running" in report.sentence
    assert time.monotonic() - started < 5


@posix
def test_the_callers_own_alarm_survives():
    fired = []
    before = signal.signal(signal.SIGALRM, lambda *_: fired.append(True))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with guard.time_limit(5):
            pass
        time.sleep(0.4)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert fired


def test_an_exception_names_its_kind_and_line():
    def broken(x_t, *_):
        return x_t.no_such_thing

    report = report_on(broken)
    assert report.outcome == NOT_RIGHT
    assert "raised AttributeError" in report.sentence
    assert "`return x_t.no_such_thing`" in report.sentence
    assert "x_t = (2, 3)" in str(report)  # the shapes that came in


def test_leaving_the_interpreter_is_refused():
    assert "exit()" in report_on(lambda *_: sys.exit(3)).sentence


def test_deep_recursion_is_a_sentence():
    def again(*arguments):
        return again(*arguments)

    assert "RecursionError" in report_on(again).sentence


def test_a_megabyte_of_printing_is_kept_out(capsys):
    def chatty(x_t, h_prev, W_xh, W_hh, b_h):
        print("x" * 1_000_000)
        return np.tanh(x_t @ W_xh + h_prev @ W_hh + b_h)

    report = report_on(chatty)
    assert report.ok
    assert capsys.readouterr().out == ""
    assert report.printed >= 1_000_000
    assert len(str(report)) < 2_000
    assert "printed" in str(report)


def test_changing_an_argument_is_noticed_by_name():
    def in_place(x_t, h_prev, W_xh, W_hh, b_h):
        h_prev += 1
        return np.tanh(x_t @ W_xh + (h_prev - 1) @ W_hh + b_h)

    assert "changed its argument h_prev in place" in report_on(in_place).sentence


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (None, "`return` missing"),
        ([[1.0]], "is a list"),
        ((np.ones((2, 4)), 1), "is a tuple of 2"),
        (np.ones((4, 2)), "shape (4, 2)"),
        (np.array(["a"]), "should hold numbers"),
        (np.array([None]), "should hold numbers"),
        ("text", "is a str"),
        (np.ones((2, 4), complex), ""),
    ],
)
def test_what_can_not_be_judged_gets_a_sentence(result, expected):
    report = report_on(lambda *_: result)
    assert report.outcome == NOT_RIGHT
    assert expected in str(report)
    assert "Traceback" not in str(report)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_named(value):
    report = report_on(lambda x_t, h_prev, *_: h_prev * 0 + value)
    assert f"h_t[0, 0] is {value}: not a finite number" in report.sentence


def test_a_result_of_several_things_names_them():
    report = check(lambda *_: np.ones(3), exercise="rnn_forward")
    assert "2 things: h, cache" in report.sentence


def test_a_stub_is_not_written_and_says_what_to_write():
    def stub(*_):
        raise NotImplementedError("IMPLEMENT-ME: the new state")

    report = report_on(stub)
    assert report.outcome == NOT_WRITTEN
    assert "the new state" in report.sentence


def test_what_is_not_a_function_gets_a_sentence():
    assert "not a function" in report_on(3).sentence


def test_keyboard_interrupt_passes_through():
    def interrupted(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        report_on(interrupted)


def test_the_environment_is_left_alone():
    before = dict(os.environ), np.geterr(), sys.stdout
    report_on(lambda *_: np.log(np.zeros((2, 4))))
    assert (dict(os.environ), np.geterr(), sys.stdout) == before
