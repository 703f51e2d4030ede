"""The ladder stops at the first fall, and a wrong answer is known by the idea behind it."""

import functools
import time

import numpy as np
import pytest

from course_lib.authoring.source import starting_code
from course_lib.exercises import (
    CheckFailed,
    UnknownExercise,
    check,
    hint,
    solution,
    when_passed,
)
from course_lib.exercises.calling import guard
from course_lib.exercises.cards import hint_card
from course_lib.exercises.ladder import climbing
from course_lib.exercises.registry import CHAPTERS, get, ids
from course_lib.scratch.bptt import truncated_bptt
from course_lib.scratch.gradcheck import numerical_gradient
from course_lib.scratch.rnn import rnn_forward, rnn_step

SKIPPED = "This cell was skipped.\nIt needs rnn_step: write it, then run its check.\n"


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
    def moved(*arguments):
        return 0.1 + rnn_step(*arguments) / 3

    report = check(moved, exercise="rnn_step")
    assert report.mistake is None
    assert "should be 0.664037" in report.sentence
    assert "with" in report.problem.details
    assert "tanh(" not in str(report)  # how it is computed comes with a hint, not before
    assert "tanh(0.8) = 0.664037" in str(hint("rnn_step", len(get("rnn_step").hints) - 1))


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


def test_helpers_and_decorated_functions_find_the_reference_too():
    namespace = {"np": np, "functools": functools, "rnn_step": lambda *_: None}
    exec(
        "def decorated(f):\n"
        "    return functools.wraps(f)(lambda *a: f(*a))\n"
        "def one(*arguments):\n"
        "    return rnn_step(*arguments)\n"
        "@decorated\n"
        "def rnn_forward(x, h_0, W_xh, W_hh, b_h):\n"
        "    states = [h_0]\n"
        "    for t in range(x.shape[1]):\n"
        "        states.append(one(x[:, t], states[-1], W_xh, W_hh, b_h))\n"
        "    h = np.stack(states[1:], 1)\n"
        "    return [h, (x, h_0, h, W_xh, W_hh)]\n",
        namespace,
    )
    assert check(namespace["rnn_forward"]).ok
    assert namespace["rnn_step"]() is None  # the learner's own is back


def test_a_mistake_that_fails_earlier_is_not_taken_for_this_one():
    """With a floor of 1 the error is absolute for small gradients only."""

    def floored(loss, params, grads, step=1e-5, tolerance=1e-6):
        errors = {}
        for name, w in params.items():
            a, b = grads[name], numerical_gradient(loss, w, step)
            errors[name] = np.max(np.abs(a - b) / np.maximum(1, np.abs(a) + np.abs(b)))
        return all(e <= tolerance for e in errors.values()), errors

    report = check(floored, exercise="gradient_check")
    assert report.failed == "small gradients are compared like large ones"
    assert report.mistake is None


def test_of_two_mistakes_the_one_that_raises_comes_first():
    def doubly_wrong(x_t, h_prev, W_xh, W_hh, b_h):
        return 2 * np.tanh(W_xh @ x_t + W_hh @ h_prev)

    assert check(doubly_wrong, exercise="rnn_step").mistake == "weights first"


def test_a_mistake_that_raises_is_known_even_where_the_line_can_not_be_quoted():
    exercise, namespace = get("dropout_between_layers"), {"np": np}
    source = starting_code(exercise)
    exec(compile(source, "<no file>", "exec"), namespace)
    report = check(namespace["dropout_between_layers"])
    assert report.mistake == "also at evaluation"


def test_strict_raises_with_the_report():
    with pytest.raises(CheckFailed, match="tanh is missing"):
        check(lambda x, h, U, W, b: x @ U + h @ W + b, exercise="rnn_step", strict=True)
    assert check(rnn_step_right, exercise="rnn_step", strict=True).ok


@pytest.mark.parametrize(
    ("answer", "exercise", "expected"),
    [
        (rnn_step_right, "rn_step", "Did you mean rnn_step"),
        (rnn_step_right, None, 'say which, such as check(rnn_step_right, "rnn_step")'),
        ("rnn_step", None, "without quotes: check(rnn_step)"),
        (3, None, "this is an int"),
        (lambda *_: 3, None, "This lambda has no name"),
        (functools.partial(rnn_step), None, "This partial has no name"),
    ],
)
def test_what_is_no_exercise_gets_a_sentence_and_raises_only_if_strict(answer, exercise, expected):
    card = check(answer, exercise)
    assert not card
    assert expected in str(card)
    with pytest.raises(UnknownExercise):
        check(answer, exercise, strict=True)


class Stepper:
    """A step that is an object."""

    def __call__(self, x_t, h_prev, W_xh, W_hh, b_h):
        return rnn_step(x_t, h_prev, W_xh, W_hh, b_h)


@pytest.mark.parametrize(
    "answer",
    [
        lambda x_t, h_prev, W_xh, W_hh, b_h: rnn_step(x_t, h_prev, W_xh, W_hh, b_h),
        functools.partial(rnn_step),
        Stepper(),
        rnn_step_right,
    ],
)
def test_what_has_no_name_of_its_own_goes_by_that_of_its_variable(answer):
    notebook = {"check": check, "rnn_step": answer, "my_step": answer}
    exec("report = check(rnn_step, strict=True)", notebook)
    assert notebook["report"].ok
    notebook["rnn_forward"] = answer  # now it could be either
    with pytest.raises(UnknownExercise):
        exec("check(rnn_step, strict=True)", notebook)


def test_a_wrong_id_of_hint_or_solution_gets_a_sentence():
    for card in (hint("rn_step"), solution("rn_step")):
        assert not card
        assert "Did you mean rnn_step" in card.body
    for card in (hint(), solution(), hint(3)):
        assert "Say which exercise" in card.body
    assert hint(rnn_step)
    assert solution(rnn_step)


def test_hints_come_one_after_the_other_and_end_with_the_solution():
    count = len(get("rnn_forward").hints)
    cards = [hint("rnn_forward") for _ in range(count + 1)]
    assert [card.title.split(":")[0] for card in cards[:count]] == [
        f"Hint {n} of {count}" for n in range(1, count + 1)
    ]
    for card in cards[: count - 1]:
        assert card.body.endswith('The next hint: `hint("rnn_forward")`')
    assert cards[count] == cards[count - 1]
    assert '`solution("rnn_forward")`' in cards[-1].body
    for wrong in (count + 1, 0, "2"):
        assert f"hints 1 to {count}" in hint("rnn_forward", wrong).body


@pytest.mark.parametrize("name", ids())
def test_a_hint_says_of_which_case_by_hand_each_line_is(name):
    exercise = get(name)
    cases = [rung for rung in getattr(exercise, "ladder", ()) if rung.how]
    body = hint_card(exercise, max(len(exercise.hints) - 1, 1)).body
    parts = body.partition("the check does by hand:\n\n")[2].rpartition("\n\n")[0]
    told = [part for part in parts.split("\n\n") if part]
    lists = ["\n".join(f"- {line.strip()}" for line in rung.how.splitlines()) for rung in cases]
    if len(cases) < 2:
        assert told == lists
    else:
        assert told[::2] == [f"*{rung.name}*" for rung in cases]
        assert told[1::2] == lists


def test_the_solution_passes_and_has_no_markers():
    card = solution("rnn_step")
    namespace = {"np": np}
    exec(card.body, namespace)
    assert check(namespace["rnn_step"]).ok
    assert "IMPLEMENT-ME" not in card.body
    assert card._repr_markdown_().count("```") == 2


def test_when_passed_skips_until_then(capsys):
    assert not when_passed("rnn_step")
    assert capsys.readouterr().out == SKIPPED
    check(rnn_step_right, exercise="rnn_step")
    assert when_passed("rnn_step")
    check(lambda *_: None, exercise="rnn_step")  # broken afterwards: what builds on it would fail
    assert not when_passed("rnn_step")
    with pytest.raises(UnknownExercise):
        when_passed("no_such")


def test_what_was_passed_in_an_earlier_session_is_to_be_run_again(capsys, monkeypatch, tmp_path):
    (tmp_path / ".course").mkdir()
    (tmp_path / ".course" / "progress.json").write_text('{"rnn_step": "passed"}')
    monkeypatch.chdir(tmp_path)
    assert not when_passed("rnn_forward")
    assert capsys.readouterr().out == (
        "This cell was skipped.\n"
        "You have passed rnn_step in an earlier session: run its cell and its\ncheck again.\n"
        "It needs rnn_forward: write it, then run its check.\n"
    )


def test_several_exercises_are_told_in_one_sentence_that_no_narrow_window_cuts(capsys):
    names = ("rnn_step", "rnn_step_backward", "numerical_gradient", "clip_by_global_norm")
    assert not when_passed(*names)
    said = capsys.readouterr().out
    assert said.replace("\n", " ") == (
        "This cell was skipped. It needs rnn_step, rnn_step_backward, numerical_gradient and "
        "clip_by_global_norm: write them, then run their checks. "
    )
    assert max(map(len, said.splitlines())) <= 72


def test_what_was_broken_in_this_session_is_no_earlier_session_s_success(
    capsys, monkeypatch, tmp_path
):
    (tmp_path / ".course").mkdir()
    monkeypatch.chdir(tmp_path)
    check(rnn_step_right, exercise="rnn_step")
    check(lambda *_: None, exercise="rnn_step")
    assert not when_passed("rnn_step")
    assert capsys.readouterr().out == SKIPPED


def test_a_passed_function_that_can_refuse_is_no_stub(monkeypatch):
    def refuses(x_t, h_prev, W_xh, W_hh, b_h):
        if x_t is None:
            raise NotImplementedError("no input")
        return rnn_step_right(x_t, h_prev, W_xh, W_hh, b_h)

    monkeypatch.setitem(globals(), "rnn_step", refuses)
    check(refuses, exercise="rnn_step")
    assert when_passed("rnn_step")


def test_where_another_function_has_passed_a_stub_is_not_run_into(capsys, monkeypatch):
    def stub(*_):
        raise NotImplementedError("IMPLEMENT-ME")

    check(rnn_step_right, exercise="rnn_step")
    monkeypatch.setitem(globals(), "rnn_step", stub)
    assert not when_passed("rnn_step")
    assert "run `rnn_step = rnn_step_right` first" in capsys.readouterr().out.replace("\n", " ")


def test_what_calls_an_exercise_that_is_not_passed_is_skipped_too(capsys, monkeypatch):
    monkeypatch.setattr("course_lib.exercises._passed", {"rnn_forward": rnn_forward})
    assert not when_passed("rnn_forward")  # it would run into the stub of rnn_step
    assert capsys.readouterr().out == SKIPPED


def test_the_stub_of_another_exercise_is_not_taken_for_this_one():
    def rnn_backward(*_):
        raise NotImplementedError("IMPLEMENT-ME: another exercise")

    namespace = {"rnn_backward": rnn_backward, "truncated": truncated_bptt}
    exec(
        "def truncated_bptt(params, x, labels, h_0, window):\n"
        "    W_xh, W_hh = params['W_xh'], params['W_hh']\n"
        "    rnn_backward(0 * x @ W_xh, (x, h_0, 0 * x @ W_xh, W_xh, W_hh))\n"
        "    return truncated(params, x, labels, h_0, window)\n",
        namespace,
    )
    assert check(namespace["truncated_bptt"]).ok
    assert namespace["rnn_backward"] is rnn_backward


def test_the_registry_is_complete():
    assert len(set(ids())) == len(ids()) >= 10
    for chapter in CHAPTERS:
        for name in chapter.exercises:
            assert get(name).id == name


def test_a_check_has_a_budget_of_its_own(monkeypatch):
    """Calls are counted: how long they take on a busy machine says nothing about the check."""
    monkeypatch.setattr(guard.limit, "TIME_LIMIT", 10.0)
    monkeypatch.setattr(climbing, "RUNGS_WORTH", 0.05)
    calls = []

    def slow(x_t, h_prev, W_xh, W_hh, b_h):
        calls.append(time.sleep(0.3))
        return np.tanh(x_t @ W_xh + h_prev @ W_hh + b_h)

    report = check(slow, "rnn_step")
    assert "together have taken more than" in report.sentence
    assert report.kind == guard.OUT_OF_TIME
    assert len(calls) <= 2


def test_a_cause_is_told_from_what_was_seen_not_from_the_value():
    def two_rows_forgotten(network, x, labels, g_now, g_end, size=100):
        right = network(x, g_end, False).argmax(axis=-1) == labels
        return float(right[:2].sum() / 5)

    sentence = check(two_rows_forgotten, "final_accuracy").sentence
    assert "it should be 0.6" in sentence
    assert "dropout" not in sentence
    assert "training" not in sentence
