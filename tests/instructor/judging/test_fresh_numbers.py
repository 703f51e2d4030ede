import functools
from dataclasses import replace

import pytest

from course_lib.exercises.checker import check_function
from course_lib.exercises.projects.project import Project
from course_lib.exercises.registry import get, ids
from course_lib.instructor.judging import fresh_numbers
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
def test_every_named_mistake_falls_even_if_it_knows_the_public_answers(one, monkeypatch):
    exercise, stopped = get(one), []
    cheat_with = functools.cache(with_stored_answers(exercise))

    def noted(alone, answer):
        report = check_function(alone, answer)
        if not report.ok:
            stopped.append((alone.ladder[0], answer))
        return report

    # The choice of rungs has tried each mistake on them; none is tried a second time.
    monkeypatch.setattr(fresh_numbers, "with_stored_answers", lambda _: cheat_with)
    monkeypatch.setattr(fresh_numbers, "check_function", noted)
    ladder = fresh_ladder(exercise, 7**20)
    fell = {answer for at, answer in stopped if any(at is rung for rung in ladder)}
    assert not [m.name for m in exercise.mistakes if cheat_with(m.answer) not in fell]
    fresh = replace(exercise, ladder=ladder, mistakes=[])
    for answer in (exercise.reference, *exercise.alternatives):
        assert check_function(fresh, answer).ok


@pytest.mark.parametrize("one", ["rnn_step", "rnn_backward", "clip_by_global_norm"])
def test_a_mistake_that_knows_the_public_answers_passes_the_public_checks(one):
    exercise = get(one)
    cheat = with_stored_answers(exercise)(exercise.mistakes[0].answer)
    assert check_function(exercise, cheat).ok
