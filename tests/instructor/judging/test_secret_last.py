"""Where other numbers come after all public checks, an endless loop costs no right answer."""

from dataclasses import replace

import pytest
from a_class import solved, submission, write

from course_lib.instructor.judging.exercise import UNFINISHED
from course_lib.instructor.judging.notebook import LAST, Judge
from course_lib.instructor.judging.submission import grade
from course_lib.instructor.sandbox.limits import Limits

BUDGET = 300.0


@pytest.fixture
def judge(box):
    return Judge(lambda tensorflow: box, Limits(seconds=5), 5, {}, BUDGET, secret_last=True)


@pytest.fixture
def found(judge, tmp_path):
    """Grade one right answer; its verdict."""

    def verdict():
        write(tmp_path / "a.ipynb", solved(1))
        (one,) = grade(submission(tmp_path / "a.ipynb").load(), judge, ["rnn_step"])["exercises"]
        return one

    return verdict


def used_up(session):
    """What another exercise has left of the budget: nothing."""
    session.limits = replace(session.limits, ends=0.0)


def test_what_public_checks_may_use_up_leaves_time_for_what_is_secret(judge, found, monkeypatch):
    public, kept = judge._exercises.verdict, []

    def verdict(session, *arguments):
        kept.append(judge.limits.ends - session.limits.ends)
        said = public(session, *arguments)
        used_up(session)
        return said

    monkeypatch.setattr(judge._exercises, "verdict", verdict)
    assert found()["outcome"] == "passed"
    assert kept == [pytest.approx(LAST * BUDGET)]


def test_who_could_not_be_tried_did_not_recognise_anything(judge, found, monkeypatch):
    """A right answer was told that it recognises its inputs instead of computing."""
    secret = judge._exercises.beyond_the_public

    def beyond_the_public(session, *arguments):
        used_up(session)
        return secret(session, *arguments)

    monkeypatch.setattr(judge._exercises, "beyond_the_public", beyond_the_public)
    verdict = found()
    assert (verdict["outcome"], verdict["sentence"]) == ("time limit", UNFINISHED)
