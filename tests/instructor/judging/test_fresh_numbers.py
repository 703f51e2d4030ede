from dataclasses import replace

import pytest

from course_lib.exercises.checker import check_function
from course_lib.exercises.projects.project import Project
from course_lib.exercises.registry import get, ids
from course_lib.instructor.judging.fresh_numbers import fresh_ladder
from course_lib.instructor.judging.requirements import needs_tensorflow
from course_lib.instructor.judging.stored_answers import with_stored_answers


def all_exercises():
    return [one for one in ids() if not isinstance(get(one), Project)]


@pytest.mark.parametrize("one", ["rnn_step", "clip_by_global_norm", "state_jacobian"])
def test_fresh_numbers_are_others_each_time_and_only_right_answers_hold(one):
    exercise = get(one)
    ladder = fresh_ladder(exercise, 1)
    assert len(ladder) == 3
    other = {rung.name: rung for rung in fresh_ladder(exercise, 2)}
    for rung in ladder:
        assert str(rung.inputs()) == str(rung.inputs())
        assert str(rung.inputs()) != str(other[rung.name].inputs())
    fresh = replace(exercise, ladder=ladder, mistakes=[])
    assert check_function(fresh, exercise.reference).ok
    assert not check_function(fresh, exercise.mistakes[0].answer).ok


@pytest.mark.parametrize("one", all_exercises())
@pytest.mark.parametrize("seed", [1, pytest.param(7**20, marks=pytest.mark.slow)])
def test_every_named_mistake_falls_even_if_it_knows_the_public_answers(one, seed):
    exercise = get(one)
    fresh = replace(exercise, ladder=fresh_ladder(exercise, seed), mistakes=[])
    cheat_with = with_stored_answers(exercise)
    public = replace(exercise, mistakes=[])
    passed = []
    for mistake in exercise.mistakes:
        cheat = cheat_with(mistake.answer)
        if exercise.returns and not needs_tensorflow(one):
            first = check_function(public, cheat)
            assert first.ok or "generator" in str(first), (mistake.name, first.sentence)
        if check_function(fresh, cheat).ok:
            passed.append(mistake.name)
    assert not passed
    for answer in (exercise.reference, *exercise.alternatives):
        assert check_function(fresh, answer).ok
