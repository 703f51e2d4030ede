"""The stored choice of fresh numbers for exercises in TensorFlow, made once more, which takes long.

A file of its own, so that another core can do it.
"""

from dataclasses import replace

import pytest
from choices import STALE, choice

from course_lib.exercises.checker import check_function
from course_lib.exercises.registry import get, ids
from course_lib.instructor.judging.fresh_ladder import SEED, fresh_ladder, stored
from course_lib.instructor.judging.stored_answers import with_stored_answers

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.usefixtures("at_rest")]
FAST = [one for one in ids() if get(one).kind == "speed up"]


@pytest.mark.parametrize("one", FAST)
def test_every_named_mistake_falls_even_if_it_knows_the_public_answers(one):
    exercise = get(one)
    made = choice(exercise, SEED)
    # The choice of rungs has tried each mistake and each right answer on them: not a second time.
    names = {mistake.name: made.cheat_with(mistake.answer) for mistake in exercise.mistakes}
    assert not [name for name, cheat in names.items() if all(made.stands_at(cheat))]
    assert made.ladder
    for answer in (exercise.reference, *exercise.alternatives):
        assert made.stands_at(answer) == [True] * len(made.ladder)
    assert stored()[one] == made.names, STALE.format(one)


@pytest.mark.parametrize("one", FAST)
def test_a_mistake_that_knows_the_public_answers_passes_the_public_checks(one):
    """A function, a class or a callback: the cheat that the test above sees fall is a real one."""
    exercise = get(one)
    cheat_with = with_stored_answers(exercise)
    assert check_function(exercise, cheat_with(exercise.mistakes[0].answer)).ok


@pytest.mark.parametrize("seed", [12345, 2026, 1])
def test_a_mistake_about_losses_falls_by_the_numbers_of_any_seed(seed):
    """With one seed alone it may fall by luck, as a share in place of a difference did."""
    exercise = get("EarlyStopping")
    ladder, cheat_with = fresh_ladder(exercise, seed), with_stored_answers(exercise)
    for mistake in exercise.mistakes:
        cheat = cheat_with(mistake.answer)
        assert not check_function(replace(exercise, ladder=ladder, mistakes=[]), cheat).ok
