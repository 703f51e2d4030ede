"""The proof fails where a check, a mistake or a stub is wrong."""

import dataclasses
import json

import pytest

from course_lib.exercises.exercise import Mistake
from course_lib.exercises.naming.first_falls import first_falls
from course_lib.exercises.proving import prove as module
from course_lib.exercises.proving import seconds
from course_lib.exercises.proving.prove import main, prove
from course_lib.exercises.registry import get, ids
from course_lib.scratch.rnn import rnn_step

ENOUGH = 4  # answers of a kind; all of them are proven by `course prove`


def failures(exercise):
    return {(p.kind, p.what): p.failure for p in prove(exercise) if p.failure}


def spoilt(**changes):
    """rnn_step's exercise with something changed, and enough answers to prove it by.

    The registry keeps its own.
    """
    own = get("rnn_step")
    enough = {"mistakes": own.mistakes[:ENOUGH], "alternatives": own.alternatives[:ENOUGH]}
    return dataclasses.replace(own, **enough | changes)


def test_the_model_exercise_is_proven():
    assert failures(spoilt()) == {}


def test_a_few_of_each_kind_by_lot_the_same_each_time():
    everything = list(prove(spoilt()))
    few = [(p.kind, p.what) for p in prove(spoilt(), 2)]
    kinds = [kind for kind, _ in few]
    assert kinds == ["rules", "stub", "reference", *["alternative"] * 2, *["mistake"] * 2]
    assert [(p.kind, p.what) for p in everything if (p.kind, p.what) in few] == few
    assert few == [(p.kind, p.what) for p in prove(spoilt(), 2)]


def test_a_check_that_can_not_fail_is_found():
    found = failures(spoilt(ladder=()))
    assert [kind for kind, _ in found].count("mistake") == ENOUGH


def test_an_alternative_that_is_refused_is_found():
    found = failures(spoilt(alternatives=[lambda *_: None]))
    assert "not right yet" in found[("alternative", "<lambda>")]


def test_a_mistake_that_is_right_or_taken_for_another_is_found():
    def twin_of_no_tanh(x_t, h_prev, W_xh, W_hh, b_h):
        return x_t @ W_xh + h_prev @ W_hh + b_h

    extra = [Mistake(rnn_step, "wrong?"), Mistake(twin_of_no_tanh, "the same as no_tanh")]
    found = failures(spoilt(mistakes=[*spoilt().mistakes, *extra]))
    assert "the verdict is 'passed'" in found[("mistake", "rnn step")]
    assert "recognised as 'no tanh'" in found[("mistake", "twin of no tanh")]


def test_a_mistake_that_falls_at_another_rung_than_is_stored_is_found(monkeypatch):
    """Names are found by it: who falls elsewhere isn't looked at."""
    exercise = get("rnn_step")
    elsewhere = dict.fromkeys(first_falls(exercise), "a rung that was")
    monkeypatch.setattr(module, "first_falls", lambda _: elsewhere)
    mistakes = {p.what: p.failure for p in prove(exercise, 2) if p.kind == "mistake"}
    assert len(mistakes) == 2
    for failure in mistakes.values():
        assert "; 'a rung that was' is stored. Run `course prove rnn_step --measure`." in failure


def test_a_bug_hunt_must_start_from_code_that_is_recognised_as_wrong():
    own = spoilt()
    wrong, rest = own.mistakes[1], [own.mistakes[0], *own.mistakes[2:]]
    assert failures(spoilt(start=wrong.answer)) == {}
    unnamed = failures(spoilt(start=wrong.answer, mistakes=rest))
    assert "recognised as 'without `" in unnamed[("stub", wrong.name)]
    right = failures(spoilt(start=own.alternatives[0]))
    assert "the verdict is 'passed'" in right[("stub", Mistake(own.alternatives[0], "").name)]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mistakes": []}, "3 is the least"),
        ({"alternatives": []}, "another style"),
    ],
)
def test_too_few_are_found(changes, message):
    assert message in failures(spoilt(**changes))[("rules", "mistakes, alternatives and inputs")]


def test_hints_and_difficulty_have_bounds():
    with pytest.raises(ValueError, match="one to four hints"):
        spoilt(hints=())
    with pytest.raises(ValueError, match="difficulty"):
        spoilt(difficulty=4)
    with pytest.raises(ValueError, match="minutes are 30 to 60 in steps of 5 here, not 25"):
        spoilt(difficulty=3, minutes=25)
    with pytest.raises(ValueError, match="in steps of 5 here, not 12"):
        spoilt(difficulty=1, minutes=12)


def test_the_kind_is_one_of_four_and_a_hunt_says_so_by_itself():
    with pytest.raises(ValueError, match="kind is one of"):
        spoilt(kind="dictation")
    hunt = spoilt()
    hunt.hunt("it remembers nothing")(lambda *_: None)
    assert (spoilt().kind, hunt.kind) == ("build", "hunt")
    assert all((get(one).kind == "hunt") == (get(one).start is not None) for one in ids())


def test_json_comes_last_and_the_exit_code_tells(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(module, "ids", lambda: ("rnn_step",))
    monkeypatch.setattr(module, "get", lambda _: spoilt())
    took = {"first": 0.5, "right": 0.1, "wrong": 2.0}
    monkeypatch.setattr(seconds, "check_seconds", lambda _: took)
    measured = tmp_path / "seconds.json"
    assert main(as_json=True, measure=measured) == 0
    counts = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert counts["failed"] == 0
    assert counts["exercises"] == 1
    assert counts["kinds"] == {"build": 1, "hunt": 0, "speed up": 0, "project": 0}
    assert counts["mistakes"] == ENOUGH
    stored = json.loads(measured.read_text())
    assert stored["seconds"] == {"rnn_step": 0.5}
    monkeypatch.setattr(module, "get", lambda _: spoilt(ladder=()))
    assert main(as_json=True) == 1
