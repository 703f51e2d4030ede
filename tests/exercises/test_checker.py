"""The ladder stops at the first fall, and a wrong answer is known by the idea behind it."""

import numpy as np
import pytest

from course_lib.exercises import CheckFailed, UnknownExercise, check, hint, solution, when_passed
from course_lib.exercises.registry import CHAPTERS, get, ids
from course_lib.scratch.rnn import rnn_step


def rnn_step_right(x_t, h_prev, W_xh, W_hh, b_h):
    return np.tanh(h_prev @ W_hh + b_h + x_t @ W_xh)


def test_the_ladder_stops_at_the_first_fall():
    report = check(lambda *_: np.zeros((2, 4)), exercise="rnn_step")
    rungs = [rung.name for rung in get("rnn_step").ladder]
    fallen = rungs.index(report.failed)
    assert list(report.passed) == rungs[:fallen]
    assert 0 < fallen < len(rungs)


def test_a_known_mistake_is_named_whatever_its_style():
    def forgetful(x_t, h_prev, W_xh, W_hh, b_h):
        return np.tanh(np.einsum("bi,ij->bj", x_t, W_xh) + b_h)

    report = check(forgetful, exercise="rnn_step")
    assert report.mistake == "no recurrence"
    assert "old state is missing" in report.sentence


def test_an_unknown_mistake_gets_the_rungs_sentence_and_the_counter_example():
    def halved(*arguments):
        return rnn_step(*arguments) / 2

    report = check(halved, exercise="rnn_step")
    assert report.mistake is None
    assert "should be 0.099668" in report.sentence
    assert "by hand" in report.problem.details


def test_two_mistakes_at_once_are_not_taken_for_one_of_them():
    def doubly_wrong(x_t, h_prev, W_xh, W_hh, b_h):
        return x_t @ W_xh + h_prev @ W_hh.T

    assert check(doubly_wrong, exercise="rnn_step").mistake is None


def test_each_exercise_is_judged_on_its_own():
    """A right rnn_forward passes although the rnn_step beside it is wrong."""
    namespace = {"np": np, "rnn_step": lambda *_: None}
    exec(
        "def rnn_forward(x, h_0, W_xh, W_hh, b_h):\n"
        "    h, states = h_0, []\n"
        "    for t in range(x.shape[1]):\n"
        "        h = rnn_step(x[:, t], h, W_xh, W_hh, b_h)\n"
        "        states.append(h)\n"
        "    return np.stack(states, 1), (x, h_0, np.stack(states, 1), W_xh, W_hh)\n",
        namespace,
    )
    assert check(namespace["rnn_forward"]).ok


def test_strict_raises_with_the_report():
    with pytest.raises(CheckFailed, match="tanh is missing"):
        check(lambda x, h, U, W, b: x @ U + h @ W + b, exercise="rnn_step", strict=True)
    assert check(rnn_step_right, exercise="rnn_step", strict=True).ok


def test_unknown_names_suggest_the_nearest():
    with pytest.raises(UnknownExercise, match="Did you mean rnn_step"):
        check(rnn_step_right, exercise="rn_step")
    with pytest.raises(UnknownExercise, match="Pass your function"):
        check(3)


def test_hints_come_one_after_the_other_and_end_with_the_solution():
    count = len(get("rnn_forward").hints)
    cards = [hint("rnn_forward") for _ in range(count + 1)]
    assert [card.title.split(":")[0] for card in cards[:count]] == [
        f"Hint {n} of {count}" for n in range(1, count + 1)
    ]
    assert cards[count] == cards[count - 1]
    assert 'solution("rnn_forward")' in cards[-1].body
    with pytest.raises(ValueError, match=f"hints 1 to {count}"):
        hint("rnn_forward", count + 1)


def test_the_solution_passes_and_has_no_markers():
    card = solution("rnn_step")
    namespace = {"np": np}
    exec(card.body, namespace)
    assert check(namespace["rnn_step"]).ok
    assert "IMPLEMENT-ME" not in card.body
    assert card._repr_markdown_().count("```") == 2


def test_when_passed_skips_until_then(capsys, monkeypatch):
    monkeypatch.setattr("course_lib.exercises._passed", set())
    assert not when_passed("rnn_step")
    assert capsys.readouterr().out == "Skipped: first pass rnn_step.\n"
    check(rnn_step_right, exercise="rnn_step")
    assert when_passed("rnn_step")
    with pytest.raises(UnknownExercise):
        when_passed("no_such")


def test_the_registry_is_complete():
    assert len(set(ids())) == len(ids()) >= 10
    for chapter in CHAPTERS:
        for name in chapter.exercises:
            assert get(name).id == name
