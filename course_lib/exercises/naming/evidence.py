"""What is known of one wrong answer: what it makes of the rungs, climbed when somebody asks."""

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Generic, TypeVar

from course_lib.exercises.calling.guard import OUT_OF_TIME, CappedOutput, NotWritten
from course_lib.exercises.exercise import Exercise, Rung
from course_lib.exercises.ladder.climbing import Budget, Outcome, climb, judge
from course_lib.exercises.ladder.graph_rungs import ON_A_GPU
from course_lib.exercises.ladder.rungs import WHOLE_NUMBERS
from course_lib.exercises.naming.glance import Glance
from course_lib.exercises.naming.suspects import Fall, Suspect

One = TypeVar("One")


class Unfinished(Exception):
    """A rung that took too long; the others would too."""


class Lazily(Generic[One]):
    """Each is worked out when somebody asks for it, and kept.

    Args:
        known: those that are there already.
        further: works out the others, one by one; None is left out.
    """

    def __init__(self, known: Iterable[One], further: Iterator[One | None]):
        self._known = list(known)
        self._further = further

    def __iter__(self) -> Iterator[One]:
        """Those that are known, then the others."""
        yield from self._known
        for one in self._further:
            if one is not None:
                self._known.append(one)
                yield one


class Evidence:
    """What a learner's function makes of the rungs, from the one it fell at upwards.

    Args:
        exercise: what was asked for.
        fell_at: the first rung that failed.
        function: what the learner wrote.
        outcome: what it made of that rung.
        budget: of the whole check.
        passed: what it made of the rungs below.

    Attributes:
        first: the first fall.
        seen: it, and the rungs above that may tell whose fault it is.
        in_graphs: it, and the rungs above that were left out because they make graphs; None if it
            fell at such a rung itself.
        held: rungs below the fall at which a suspect has to be right as well.
        glance: a first look at suspects, without graphs.
    """

    def __init__(
        self,
        exercise: Exercise,
        fell_at: Rung,
        function: Callable,
        outcome: Outcome,
        budget: Budget,
        passed: Mapping[Rung, Outcome],
    ):
        self.exercise, self.function, self.budget = exercise, function, budget
        self.first = Fall(fell_at, outcome, judge(fell_at, outcome))
        self.glance = Glance(exercise, function, self.first, passed)
        self._climbed = functools.cache(self._climb)
        at = exercise.ladder.index(fell_at)
        below, beyond = exercise.ladder[:at], exercise.ladder[at + 1 :]
        self.held = Lazily([], map(self._unless_seen, below))
        self._below = below  # for those of whom a glance says nothing
        above = [rung for rung in beyond if _may_tell(rung, fell_at)]
        # Whoever takes the dtype from whole numbers has made one fault more, whatever the first is.
        aside = [rung for rung in above if rung.name == WHOLE_NUMBERS]
        above = [rung for rung in above if rung not in aside]
        self._aside = Lazily([], map(self._climbed, aside))
        self.seen = Lazily([self.first], map(self._climbed, above))
        # Who does the same at a glance is looked at in earnest where the function fell, and where a
        # glance says nothing.
        blind = filter(None, map(self._unless_seen, above))
        self._in_earnest = Lazily([self.first], map(self._climbed, blind))
        graphs = [rung for rung in beyond if rung.in_a_graph and not rung.by_xla]
        self.in_graphs = None
        if not fell_at.costly:
            self.in_graphs = Lazily([self.first], map(self._climbed, graphs))

    @property
    def falls(self) -> list[Fall]:
        """All that isn't as it should be."""
        return [one for one in self.seen if one.fell]

    def explaining(
        self, suspects: Iterable[Suspect], right_below: bool = False
    ) -> Iterator[Suspect]:
        """Those who do the same on all that was seen, and hold where the function did.

        Args:
            suspects: in the order in which to look at them.
            right_below: whether all are known to be right on the rungs below the first fall.

        Raises:
            Unfinished: if there is no time to see it all.
        """
        for suspect in suspects:
            views, held = [self.seen], self._below
            if self.glance.looks_at(suspect):
                views, held = [self._in_earnest, self.seen], self.held
            if right_below:
                held = ()
            if not self.glance.clears(suspect) and any(
                suspect.explains(one, held) for one in views
            ):
                yield suspect

    def shows_more_than(self, suspect: Suspect) -> bool:
        """Whether whole numbers show a fault that a suspect hasn't made."""
        return any(one.fell and not suspect.is_like(one) for one in self._aside)

    def _unless_seen(self, rung: Rung) -> Rung | None:
        """A rung of which a glance says nothing."""
        return None if self.glance.sees(rung) else rung

    def _climb(self, rung: Rung) -> Fall | None:
        """What the function makes of a rung; None where it meets a part that isn't written.

        Raises:
            Unfinished: if there is no time for it.
        """
        if self.budget.spent:
            raise Unfinished
        try:
            outcome = climb(self.exercise, rung, self.function, CappedOutput())
        except NotWritten:
            return None
        if outcome.kind == OUT_OF_TIME:
            raise Unfinished
        return Fall(rung, outcome, judge(rung, outcome))


def _may_tell(rung: Rung, fell_at: Rung) -> bool:
    """Whether a rung above the first fall can tell whose fault it is.

    Numbers that are wrong need no graph, whose rungs take longest. And what XLA makes of numbers
    that were right, or what a GPU could run, says nothing about a graph that is wrong.
    """
    if rung.of_all or rung.name == ON_A_GPU:
        return False
    return not rung.costly or (fell_at.costly and not rung.by_xla)
