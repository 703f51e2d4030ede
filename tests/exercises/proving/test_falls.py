"""At which rung a named mistake falls first, as it is stored: it clears the others at once."""

import dataclasses
import json

import pytest

from course_lib.authoring.a_few import a_few
from course_lib.exercises import check
from course_lib.exercises.exercise import Mistake
from course_lib.exercises.naming import first_falls as module
from course_lib.exercises.naming.first_falls import FILE, first_falls
from course_lib.exercises.proving import falls
from course_lib.exercises.registry import PROJECT, get, ids, needs_tensorflow

FUNCTIONS = [one for one in ids() if not one.startswith(PROJECT)]
SAMPLE = 3  # mistakes of each exercise in TensorFlow; all of one in NumPy


def test_every_mistake_is_stored_with_a_rung_of_its_ladder():
    stored = json.loads(FILE.read_text(encoding="utf-8"))
    assert stored.keys() == set(FUNCTIONS)
    for one in FUNCTIONS:
        why = f"course prove {one} --measure"
        assert stored[one].keys() == {m.name for m in get(one).mistakes}, why
        assert set(stored[one].values()) <= {rung.name for rung in get(one).ladder}
        assert first_falls(get(one)) == stored[one]


@pytest.mark.parametrize("one", FUNCTIONS)
def test_a_mistake_falls_where_it_is_stored(one):
    exercise = get(one)
    mistakes = list(exercise.mistakes)
    few = a_few(mistakes, SAMPLE, one) if needs_tensorflow(one) else mistakes
    found = falls.falls_of(dataclasses.replace(exercise, mistakes=few))
    stored = first_falls(exercise)
    assert found == {m.name: stored[m.name] for m in few}, f"run `course prove {one} --measure`"


def test_of_another_ladder_or_with_another_mistake_nothing_is_known():
    exercise = get("rnn_step")
    assert first_falls(exercise)
    assert first_falls(dataclasses.replace(exercise, ladder=exercise.ladder[:3])) == {}
    more = [*exercise.mistakes, Mistake(lambda *_: None, "New.", "a new one")]
    assert first_falls(dataclasses.replace(exercise, mistakes=more)) == {}


def test_who_falls_elsewhere_is_not_run(monkeypatch):
    """And what is stored decides: with a rung that isn't true, the name is not found there."""
    exercise = get("rnn_step")
    mistake = exercise.mistakes[0]
    assert check(mistake.answer, exercise="rnn_step").mistake == mistake.name
    elsewhere = dict.fromkeys(first_falls(exercise), exercise.ladder[-1].name)
    monkeypatch.setitem(module._stored, "rnn_step", elsewhere)
    assert check(mistake.answer, exercise="rnn_step").mistake != mistake.name


def test_what_is_stored_of_other_exercises_stays(tmp_path, monkeypatch):
    file = tmp_path / "falls.json"
    file.write_text('{"another": {"a mistake": "a rung"}, "rnn_step": {"gone": "a rung"}}')
    right = dict(first_falls(get("rnn_step")))
    monkeypatch.setattr(falls, "FILE", file)
    monkeypatch.setattr(module, "_stored", {})
    monkeypatch.setattr(module, "FILE", file)
    falls.store_falls(["rnn_step", "predict_rows"])
    assert json.loads(file.read_text()) == {"another": {"a mistake": "a rung"}, "rnn_step": right}
    assert first_falls(get("rnn_step")) == right
