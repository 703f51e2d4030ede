"""The choice of fresh numbers, made once for all tests of a process, and what was seen meanwhile.

From one seed it is the same each time, and for a fast form it takes many seconds. It isn't wanted
for a judge alone: whoever makes it tries every named mistake and every right answer on the rungs.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from course_lib.exercises.checker import check_function
from course_lib.exercises.exercise import Exercise, Rung
from course_lib.instructor.judging import fresh_numbers
from course_lib.instructor.judging.stored_answers import with_stored_answers

CHOOSE = fresh_numbers.fresh_ladder  # itself, also while a test has put another in its place
_made: dict[tuple[int, int], "Choice"] = {}


@dataclass
class Choice:
    """A choice.

    Args:
        exercise: whose.
        cheat_with: from a wrong function to one that knows the answers of the public rungs.
        ladder: what was chosen.
    """

    exercise: Exercise
    cheat_with: Callable[[Callable], Callable]
    ladder: tuple[Rung, ...] = ()
    _tried: list[tuple[Rung, Callable, bool]] = field(default_factory=list)

    def check(self, alone: Exercise, answer: Callable):
        """The verdict on an answer, which is noted."""
        report = check_function(alone, answer)
        self._tried.append((alone.ladder[0], answer, report.ok))
        return report

    def stands_at(self, answer: Callable) -> list[bool]:
        """For each rung of the ladder on which an answer was tried, whether it stood."""
        return [
            ok
            for rung in self.ladder
            for at, tried, ok in self._tried
            if at is rung and tried is answer
        ]


def choice(exercise: Exercise, seed: int) -> Choice:
    """What `fresh_ladder` chooses, from the first time on out of memory."""
    key = id(exercise), seed  # the choice holds the exercise, so that no other gets its id
    if key not in _made:
        one = Choice(exercise, functools.cache(with_stored_answers(exercise)))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(fresh_numbers, "with_stored_answers", lambda _: one.cheat_with)
            patch.setattr(fresh_numbers, "check_function", one.check)
            one.ladder = CHOOSE(exercise, seed)
        _made[key] = one
    return _made[key]
