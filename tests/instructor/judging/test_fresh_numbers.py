from dataclasses import replace

import numpy as np
import pytest
from choices import STALE, choice

from course_lib.exercises.checker import check_function
from course_lib.exercises.projects.project import Project
from course_lib.exercises.registry import get, ids, needs_tensorflow
from course_lib.instructor.judging import fresh_ladder as module
from course_lib.instructor.judging.fresh_ladder import SEED, fresh_ladder, stored
from course_lib.instructor.judging.fresh_numbers import fresh_rung
from course_lib.instructor.judging.stored_answers import with_stored_answers


def those_that_are_not_fast():
    every = [get(one) for one in ids()]
    return [one.id for one in every if one.kind != "speed up" and not isinstance(one, Project)]


@pytest.mark.parametrize("one", ["rnn_step", "clip_by_global_norm", "state_jacobian"])
def test_fresh_numbers_are_others_each_time_and_only_right_answers_hold(one):
    exercise = get(one)
    ladder = fresh_ladder(exercise, 1)
    assert 3 <= len(ladder) <= 5
    other = {rung.name: rung for rung in fresh_ladder(exercise, 2)}
    for rung in ladder:
        assert str(rung.inputs()) == str(rung.inputs())
        assert str(rung.inputs()) != str(other[rung.name].inputs())
    fresh = replace(exercise, ladder=ladder, mistakes=[])
    assert check_function(fresh, exercise.reference).ok
    assert not check_function(fresh, exercise.mistakes[0].answer).ok


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        (1, 1, True),
        (1, 2, False),
        (0.5, 0.25, False),
        ("near", "far", True),  # words are no numbers
        ([1, 2], [1, 3], False),
        ((1, 2), (1, 2), True),
        ({"x": 1, "y": [2]}, {"x": 1, "y": [3]}, False),
        ({"x": 1, "y": "near"}, {"x": 1, "y": "far"}, True),
        (np.array([1, np.nan]), np.array([1, np.nan]), True),
        (np.array([1, np.nan]), np.array([2, np.nan]), False),
        (np.array(["a"]), np.array(["a"]), True),
    ],
)
def test_numbers_are_others_if_any_of_them_is(a, b, same):
    assert module._same(a, b) == same


@pytest.mark.slow
@pytest.mark.parametrize("one", those_that_are_not_fast())
def test_every_named_mistake_falls_even_if_it_knows_the_public_answers(one):
    """For fast ones see `test_fresh_numbers_in_tensorflow.py`."""
    exercise = get(one)
    made = choice(exercise, SEED)
    # The choice of rungs has tried each mistake on them; none is tried a second time.
    names = {mistake.name: made.cheat_with(mistake.answer) for mistake in exercise.mistakes}
    assert not [name for name, cheat in names.items() if all(made.stands_at(cheat))]
    fresh = replace(exercise, ladder=made.ladder, mistakes=[])
    for answer in (exercise.reference, *exercise.alternatives):
        assert check_function(fresh, answer).ok
    assert stored()[one] == made.names, STALE.format(one)


@pytest.mark.slow
@pytest.mark.parametrize("one", those_that_are_not_fast())
def test_what_is_stored_tells_right_from_wrong_by_numbers_that_nobody_tried(one):
    exercise = get(one)
    cheat_with = with_stored_answers(exercise)
    fresh = replace(exercise, ladder=fresh_ladder(exercise, 1_234_567), mistakes=[])
    for answer in (exercise.reference, *exercise.alternatives):
        assert check_function(fresh, answer).ok
    passed = [m.name for m in exercise.mistakes if check_function(fresh, cheat_with(m.answer)).ok]
    assert not passed


def test_what_is_stored_is_not_chosen_once_more(monkeypatch):
    monkeypatch.setattr(module, "choose", lambda *_: pytest.fail("It is stored."))
    exercise = get("rnn_step")
    names = [[name, way] for name, way in stored()["rnn_step"]]
    assert [rung.name for rung in fresh_ladder(exercise, 3)] == [name for name, _ in names]


@pytest.mark.parametrize(
    "one", [one for one in those_that_are_not_fast() if not needs_tensorflow(one)]
)
def test_what_is_stored_is_enough_with_any_seed(monkeypatch, one):
    """Else the first student of about every second class would wait for a choice."""
    monkeypatch.setattr(module, "choose", lambda *_: pytest.fail("What is stored is given up."))
    for seed in range(3):
        assert fresh_ladder(get(one), seed)


def test_other_numbers_are_drawn_only_for_a_rung_that_a_right_answer_does_not_pass(monkeypatch):
    """A text that is to be too short becomes longer with most draws."""
    exercise = get("carried_windows")
    too_short = [rung.name for rung in exercise.ladder].index("a text that is too short is refused")
    draws = []

    def noted(*given):
        draws.append(given[1:2] + given[4:])
        return fresh_rung(*given)

    monkeypatch.setattr(module, "fresh_rung", noted)
    for seed in range(3):
        fresh_ladder(exercise, seed)
    again = [(position, *draw) for position, *draw in draws if draw and draw[0]]
    assert again
    assert {position for position, _ in again} == {too_short}


@pytest.mark.parametrize(
    "there",
    [{}, {"rnn_step": [["a rung of an older release", "other sizes"]]}],
    ids=["nothing", "a rung that is gone"],
)
def test_without_a_choice_that_holds_one_is_made(monkeypatch, there):
    monkeypatch.setattr(module, "stored", lambda: there)
    exercise = get("rnn_step")
    made = [rung.name for rung in fresh_ladder(exercise, SEED)]
    assert made == [name for name, _ in stored()["rnn_step"]]


@pytest.mark.parametrize("which", ["reference", "alternatives"])
def test_a_choice_that_a_right_answer_does_not_pass_is_made_anew(monkeypatch, which):
    exercise = get("rnn_step")
    wrong = exercise.mistakes[0].answer
    odd = replace(exercise, **{which: wrong if which == "reference" else [wrong]})
    asked = []
    monkeypatch.setattr(module, "choose", lambda one, seed: asked.append((one, seed)) or [])
    assert fresh_ladder(odd, 5) == ()
    assert asked == [(odd, 5)]


@pytest.mark.parametrize("one", ["rnn_step", "rnn_backward", "clip_by_global_norm"])
def test_a_mistake_that_knows_the_public_answers_passes_the_public_checks(one):
    exercise = get(one)
    cheat = with_stored_answers(exercise)(exercise.mistakes[0].answer)
    assert check_function(exercise, cheat).ok
