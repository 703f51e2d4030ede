from dataclasses import replace

import pytest
from choices import choice

from course_lib.exercises.checker import check_function
from course_lib.exercises.projects.project import Project
from course_lib.exercises.registry import get, ids
from course_lib.instructor.judging.fresh_numbers import fresh_ladder
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


@pytest.mark.slow
@pytest.mark.parametrize("one", those_that_are_not_fast())
def test_every_named_mistake_falls_even_if_it_knows_the_public_answers(one):
    """For fast ones see `test_speed_up.py`, where the choice is needed once more."""
    exercise = get(one)
    made = choice(exercise, 7**20)
    # The choice of rungs has tried each mistake on them; none is tried a second time.
    names = {mistake.name: made.cheat_with(mistake.answer) for mistake in exercise.mistakes}
    assert not [name for name, cheat in names.items() if all(made.stands_at(cheat))]
    fresh = replace(exercise, ladder=made.ladder, mistakes=[])
    for answer in (exercise.reference, *exercise.alternatives):
        assert check_function(fresh, answer).ok


@pytest.mark.parametrize("one", ["rnn_step", "rnn_backward", "clip_by_global_norm"])
def test_a_mistake_that_knows_the_public_answers_passes_the_public_checks(one):
    exercise = get(one)
    cheat = with_stored_answers(exercise)(exercise.mistakes[0].answer)
    assert check_function(exercise, cheat).ok
