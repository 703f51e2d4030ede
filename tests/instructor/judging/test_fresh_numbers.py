from dataclasses import replace

import pytest

from course_lib.exercises.checker import check_function
from course_lib.exercises.projects.project import Project
from course_lib.exercises.registry import get, ids
from course_lib.instructor.judging.fresh_numbers import fresh_ladder
from course_lib.instructor.judging.stored_answers import with_stored_answers


def all_exercises():
    return [one for one in ids() if not isinstance(get(one), Project)]


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


@pytest.mark.slow
@pytest.mark.parametrize("one", all_exercises())
def test_every_named_mistake_falls_even_if_it_knows_the_public_answers(one):
    exercise = get(one)
    fresh = replace(exercise, ladder=fresh_ladder(exercise, 7**20), mistakes=[])
    cheat_with = with_stored_answers(exercise)
    passed = [m.name for m in exercise.mistakes if check_function(fresh, cheat_with(m.answer)).ok]
    assert not passed
    for answer in (exercise.reference, *exercise.alternatives):
        assert check_function(fresh, answer).ok


@pytest.mark.parametrize("one", ["rnn_step", "rnn_backward", "clip_by_global_norm"])
def test_a_mistake_that_knows_the_public_answers_passes_the_public_checks(one):
    exercise = get(one)
    cheat = with_stored_answers(exercise)(exercise.mistakes[0].answer)
    assert check_function(exercise, cheat).ok
