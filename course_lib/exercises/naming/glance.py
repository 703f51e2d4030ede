"""A first look at who can't stand behind a wrong answer of a fast form.

What a mistake makes of a rung takes a tenth of a second where a graph is made of it, and an
exercise has twenty mistakes. Run step by step, as the Python that it is, the same code takes a
tenth of that. Whoever does otherwise there than the learner's function, run in the same way, isn't
behind it; who does the same is then looked at in earnest.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from course_lib.exercises.calling.guard import OUT_OF_TIME, CappedOutput, NotWritten
from course_lib.exercises.exercise import Exercise, Rung
from course_lib.exercises.ladder.climbing import Outcome, climb, judge
from course_lib.exercises.naming.suspects import Fall, StepByStep, Suspect


class Glance:
    """What a function does step by step on the rungs that need no graph.

    Args:
        exercise: what was asked for; where none of its rungs is in a graph, nobody is cleared.
        function: what the learner wrote.
        fell: the first rung that failed, with what came of it.
        passed: what it made of the rungs below; what is right there is taken to be right step by
            step, too.
    """

    def __init__(
        self,
        exercise: Exercise,
        function: Callable,
        fell: Fall,
        passed: Mapping[Rung, Outcome] = MappingProxyType({}),
    ):
        self.exercise, self.function, self.fell = exercise, function, fell
        self._known: dict[Rung, Fall | None] = {
            rung: Fall(rung, outcome, None) for rung, outcome in passed.items()
        }
        self.rungs: list[Rung] = []
        if not any(rung.in_a_graph for rung in exercise.ladder):
            return
        # The fall comes first, which clears nearly all; then from the cheapest to the dearest.
        quick = [rung for rung in exercise.ladder if not rung.costly]
        self.rungs = sorted(quick, key=lambda rung: rung is not fell.rung)

    def sees(self, rung: Rung) -> bool:
        """Whether what it says of a rung is of use."""
        return rung in self.rungs and self.of_function(rung) is not None

    def looks_at(self, suspect: Suspect) -> bool:
        """Whether it says anything about a mistake."""
        return suspect.makes_graphs and bool(self.rungs)

    def clears(self, suspect: Suspect) -> bool:
        """Whether a mistake does otherwise on some rung."""
        return any(self.clears_at(rung, suspect) for rung in self.rungs)

    def clears_at(self, rung: Rung, suspect: Suspect) -> bool:
        """Whether a mistake does otherwise on a rung.

        What fails only in a graph is right step by step, and so is whatever has the same fault.
        """
        if not self.looks_at(suspect) or not self.sees(rung):
            return False
        one = self.of_function(rung)
        step_by_step = StepByStep(suspect)
        if rung is self.fell.rung and not one.fell:
            return any(map(step_by_step.falls_at, self.rungs))
        return not step_by_step.is_like(one)

    def of_function(self, rung: Rung) -> Fall | None:
        """What the function does on a rung; None where that says nothing about its graph."""
        if rung not in self._known:
            self._known[rung] = self._worked_out(rung)
        return self._known[rung]

    def _worked_out(self, rung: Rung) -> Fall | None:
        try:
            outcome = climb(self.exercise, rung, self.function, CappedOutput(), traced=False)
        except NotWritten:
            return None
        raised_too = rung is self.fell.rung and self.fell.outcome.outputs is None
        if outcome.kind == OUT_OF_TIME or (outcome.outputs is None and not raised_too):
            return None
        return Fall(rung, outcome, judge(rung, outcome))
