"""The stored choice of fresh numbers for exercises in TensorFlow, made once more, which takes long.

A file of its own, so that another core can do it.
"""

import pytest
from choices import STALE, choice

from course_lib.exercises.registry import get, ids
from course_lib.instructor.judging.fresh_ladder import SEED, stored

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.usefixtures("at_rest")]


@pytest.mark.parametrize("one", [one for one in ids() if get(one).kind == "speed up"])
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
