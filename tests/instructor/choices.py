"""The choice of fresh rungs, and what was seen while it was made.

Whoever makes it tries every named mistake and every right answer on the rungs.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from course_lib.exercises.checker import check_function
from course_lib.exercises.exercise import Exercise, Rung
from course_lib.instructor.judging import fresh_ladder
from course_lib.instructor.judging.stored_answers import with_stored_answers

STALE = (
    "What is stored of {0} is older than its ladder or its mistakes: "
    "python -m course_lib.instructor.judging.fresh_ladder {0}"
)


@dataclass
class Choice:
    """A choice.

    Args:
        exercise: whose.
        cheat_with: from a wrong function to one that knows the answers of the public rungs.
        chosen: what was chosen.
    """

    exercise: Exercise
    cheat_with: Callable[[Callable], Callable]
    chosen: list[fresh_ladder.Candidate] = field(default_factory=list)
    _tried: list[tuple[Rung, Callable, bool]] = field(default_factory=list)

    @property
    def ladder(self) -> tuple[Rung, ...]:
        """The rungs."""
        return tuple(one.rung for one in self.chosen)

    @property
    def names(self) -> list[list[str]]:
        """What is stored of it."""
        return [[one.rung.name, one.way] for one in self.chosen]

    def check(self, alone: Exercise, answer: Callable):
        """The verdict on an answer, which is noted."""
        report = check_function(alone, answer)
        self._tried.append((alone.ladder[0], answer, report.ok))
        return report

    def stands_at(self, answer: Callable) -> list[bool]:
        """For each chosen rung on which an answer was tried, whether it stood."""
        return [
            ok
            for rung in self.ladder
            for at, tried, ok in self._tried
            if at is rung and tried is answer
        ]


def choice(exercise: Exercise, seed: int) -> Choice:
    """What `choose` chooses."""
    one = Choice(exercise, functools.cache(with_stored_answers(exercise)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fresh_ladder, "with_stored_answers", lambda _: one.cheat_with)
        patch.setattr(fresh_ladder, "check_function", one.check)
        one.chosen = fresh_ladder.choose(exercise, seed)
    return one
