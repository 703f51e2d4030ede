"""Who may stand behind a wrong answer: beside the answer on each rung, alike or not, and proven."""

import copy
import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from course_lib.exercises.calling.guard import (
    BUSY,
    IN_PLACE,
    RAISED,
    CappedOutput,
    NotWritten,
    Unusable,
    guarded,
)
from course_lib.exercises.exercise import Arrays, Exercise, Mistake, Problem, Rung
from course_lib.exercises.ladder.climbing import Outcome, climb, judge
from course_lib.exercises.ladder.generic import SHRUNK, moved
from course_lib.exercises.naming.agreement import (
    agree,
    alike,
    all_finite,
    coarse,
    computed,
    entries,
    in_kind,
    is_finite,
    is_plain,
    leaves,
    same_operation,
)
from course_lib.exercises.naming.oracles import in_place_of, oracle_of
from course_lib.exercises.naming.slips import Slip
from course_lib.graphs import namespace_of

LIFTED_PATIENCE = 0.1  # of the usual limit, for an oracle with a mistake in it


# Where a result isn't finite, how far the inputs can be scaled before it happens tells functions
# apart that overflow for different reasons.
SCALES = (1 / 16, 1 / 8, 1 / 4, 1 / 2, -1 / 4, -1 / 2, -1)

# What mistakes have made of rungs, in this session: the same each time, and in TensorFlow slow.
_known: dict[tuple[Callable, Rung], Outcome | None] = {}
_known_step_by_step: dict[tuple[Callable, Rung], Outcome | None] = {}


def forget() -> None:
    """As if the session had just begun."""
    _known.clear()
    _known_step_by_step.clear()


@dataclass(frozen=True, eq=False)
class Fall:
    """A rung from the first fall upwards, with what the function made of it.

    Args:
        rung: the rung.
        outcome: what came out.
        problem: why it isn't as it should be, or None.
    """

    rung: Rung
    outcome: Outcome
    problem: Problem | None

    @property
    def fell(self) -> bool:
        """Whether it isn't as it should be."""
        return self.problem is not None


@dataclass(frozen=True)
class Beside:
    """What of a mistake is seen in a fall.

    Args:
        alike: what both make wrong in the same finite numbers, by name.
        otherwise: whether the fall has other numbers where the mistake is wrong.
        undone: whether it is right where the mistake is wrong.
        more: whether it is wrong where the mistake is right.
    """

    alike: Arrays
    otherwise: bool
    undone: bool
    more: bool


class Suspect:
    """A named mistake beside a learner's function."""

    patience: float | None = None  # as for a learner
    traced = True
    makes_graphs = True  # in an exercise of a fast form

    def __init__(
        self,
        exercise: Exercise,
        mistake: Mistake,
        function: Callable,
        known: dict[tuple[Callable, Rung], Outcome | None] | None = None,
    ):
        self.exercise, self.mistake, self.function = exercise, mistake, function
        self.known = _known if known is None else known

    def outcome(self, rung: Rung) -> Outcome | None:
        """What the mistake makes of a rung."""
        key = self.mistake.answer, rung
        if key not in self.known:
            self.known[key] = self._worked_out(rung)
        return self.known[key]

    def _worked_out(self, rung: Rung) -> Outcome | None:
        answer, output = self.mistake.answer, CappedOutput()
        try:
            return climb(
                self.exercise, rung, answer, output, patience=self.patience, traced=self.traced
            )
        except NotWritten:  # a slip can get there
            return Outcome(None, "not written")

    def explains(self, seen: Iterable[Fall], held: Iterable[Rung]) -> bool:
        """Whether the mistake does the same on all that was seen, and holds where the function did.

        The first fall is looked at first: it clears nearly all.
        """
        return (
            all(map(self.is_like, seen))
            and any(map(self.is_proven_by, seen))
            and not any(map(self.falls_at, held))
            and not any(map(self._breaks_at_another_size, seen))
        )

    def can_tell(self, first: Fall) -> bool:
        """Whether what is wrong at the first fall can't come from just any slip.

        Many a slip gives results that stay the same whatever comes in, or what came in. Next to
        right ones, a result that stays is what it was before a line that is missing.
        """
        rung = first.rung
        if rung.by_verdict or first.outcome.outputs is None:
            return True
        other = _with_other_numbers(rung)
        later, right, right_later = (
            climb(self.exercise, one, function, CappedOutput())
            for one, function in (
                (other, self.function),
                (rung, self.exercise.reference),
                (other, self.exercise.reference),
            )
        )
        every = first.outcome, later, right, right_later
        if any(outcome.outputs is None for outcome in every):
            return True
        own, own_later, exact, exact_later = (leaves(computed(one.outputs)) for one in every)
        wrong = {name for name in own.keys() & exact.keys() if not alike(own[name], exact[name])}
        stay = {
            name
            for name in wrong
            if alike(own[name], own_later[name]) and not alike(exact[name], exact_later[name])
        }
        handed_back = {
            name
            for name in wrong
            if _is_among(own[name], rung.inputs()) and _is_among(own_later[name], other.inputs())
        }
        if stay | handed_back == own.keys():
            return False
        line_missing = isinstance(self.mistake, Slip) and self.mistake.leaves_out_a_line
        return not wrong or not wrong <= stay or line_missing

    def shares_a_fault(self, one: Fall, right: Outcome) -> bool:
        """Whether some output of a fall is wrong in the same finite numbers."""
        mine, theirs = self.outcome(one.rung).outputs, one.outcome.outputs
        if None in (mine, theirs, right.outputs):
            return False
        mine, theirs, exact = (leaves(computed(o)) for o in (mine, theirs, right.outputs))
        return any(
            alike(value, mine[name]) and not alike(value, exact[name]) and is_finite(value)
            for name, value in theirs.items()
            if name in mine and name in exact
        )

    def beside(self, one: Fall, reference: "Suspect") -> Beside:
        """What of the mistake is seen in a fall, output by output."""
        falls = self.falls_at(one.rung)
        outcomes = self.outcome(one.rung), one.outcome, reference.outcome(one.rung)
        if one.rung.by_verdict or any(outcome.outputs is None for outcome in outcomes):
            otherwise = falls and not self.is_like(one)
            undone = otherwise and (not one.fell or outcomes[0].outputs is None)
            return Beside({}, otherwise, undone, one.fell and not falls)
        mine, theirs, right = (leaves(computed(outcome.outputs)) for outcome in outcomes)
        made = {n for n in mine if falls and not (n in right and alike(mine[n], right[n]))}
        both = made & theirs.keys()
        shared = {n for n in both if alike(mine[n], theirs[n]) and is_finite(mine[n])}
        undone = any(n in right and alike(theirs[n], right[n]) for n in both)
        others = theirs.keys() & right.keys() - made
        more = one.fell and any(not alike(theirs[n], right[n]) for n in others)
        return Beside({n: mine[n] for n in shared}, shared < made, undone or falls > one.fell, more)

    def others_than(self, one: Fall) -> set[str]:
        """Names of the outputs of a fall that this one gives differently; all, if one gave none."""
        mine, theirs = self.outcome(one.rung).outputs, one.outcome.outputs
        if mine is None or theirs is None:
            return set(self.exercise.returns)
        shared = mine.keys() & theirs.keys() & self.exercise.returns.keys()
        return {name for name in shared if not alike(mine[name], theirs[name])}

    def falls_at(self, rung: Rung) -> bool:
        """Whether the mistake fails a rung."""
        return judge(rung, self.outcome(rung)) is not None

    def is_like(self, one: Fall) -> bool:
        """Whether the mistake does what the function did.

        Where both are right they are alike, whatever else came out. Where both are wrong and only
        the verdict counts, the sentences must be alike. Where an argument was changed, so must the
        results be that this has hidden.
        """
        return self._looks_like(one) and (
            IN_PLACE not in one.outcome.unusable or self._is_like_on_copies(one.rung)
        )

    def _looks_like(self, one: Fall) -> bool:
        mine = self.outcome(one.rung)
        if agree(mine, one.outcome):
            # What is right and what is nearly right agree, and yet the one falls alone.
            return not one.fell or self.falls_at(one.rung)
        if one.fell and not one.rung.by_verdict:
            return False
        problem = judge(one.rung, mine)
        if not one.fell or problem is None:
            return not one.fell and problem is None
        return in_kind(problem) == in_kind(one.problem)

    def _is_like_on_copies(self, rung: Rung) -> bool:
        """Whether both give the same if they may do with the arguments what they like."""
        mine, theirs = (
            climb(self.exercise, rung, _on_copies(f), CappedOutput(), traced=self.traced)
            for f in (self.mistake.answer, self.function)
        )
        return agree(mine, theirs)

    def is_proven_by(self, one: Fall) -> bool:
        """Whether what they share on a rung can't well come from anything else."""
        mine, theirs = self.outcome(one.rung), one.outcome
        if not (one.fell and agree(mine, theirs)) or not self.falls_at(one.rung):
            return False  # in float32, what is right and what is nearly right agree
        if theirs.outputs is None:
            # Of a result of the wrong form the sentence says all. An exception's text does not.
            return not theirs.kind or same_operation(mine, theirs)
        if all_finite(mine.outputs) and all_finite(theirs.outputs):
            return True
        return self._breaks_at_the_same_size(one.rung)

    def _breaks_at_another_size(self, one: Fall) -> bool:
        """Whether something else makes a result of a fall infinite: what overflows and what
        vanishes end alike, but not for the same inputs.
        """
        theirs = one.outcome.outputs
        if not one.fell or theirs is None or one.rung.costly or all_finite(theirs):
            return False
        return any(
            None not in (mine.outputs, theirs.outputs)
            and all_finite(mine.outputs) != all_finite(theirs.outputs)
            for mine, theirs in self._at_other_sizes(one.rung)
        )

    def _breaks_at_the_same_size(self, rung: Rung) -> bool:
        return all(agree(mine, theirs) for mine, theirs in self._at_other_sizes(rung))

    def _at_other_sizes(self, rung: Rung) -> Iterator[tuple[Outcome, Outcome]]:
        """What the mistake and the function make of a rung whose inputs are scaled."""
        for scale in SCALES:
            smaller = replace(rung, inputs=lambda scale=scale: _scaled(rung.inputs(), scale))
            mine, theirs = (
                climb(self.exercise, smaller, f, CappedOutput(), traced=rung.costly)
                for f in (self.mistake.answer, self.function)
            )
            yield mine, theirs


class Slipped(Suspect):
    """A slip: proven by finite numbers or by the operation that failed, and by nothing else, for
    nobody has looked at it as at a mistake.
    """

    patience = 0.02  # of the usual limit: some never end

    def is_proven_by(self, one: Fall) -> bool:
        """Whether both are wrong in the same finite numbers, or fail in the same operation."""
        mine, theirs = self.outcome(one.rung), one.outcome
        if not one.fell or not agree(mine, theirs) or not self.falls_at(one.rung):
            return False  # many a slip changes nothing
        if theirs.outputs is None:
            return theirs.kind == RAISED and same_operation(mine, theirs)
        return all_finite(theirs.outputs)

    def is_finely_proven_by(self, one: Fall) -> bool:
        """Whether they share numbers of several digits: counts can be alike by chance."""
        return self.is_proven_by(one) and not coarse(one.outcome.outputs)

    def is_proven_beyond_chance(self, seen: Iterable[Fall]) -> bool:
        """Whether some fall proves it by such numbers, or by the operation that failed."""
        return any(
            self.is_finely_proven_by(one)
            or (one.outcome.outputs is None and self.is_proven_by(one))
            for one in seen
        )

    def explains(self, seen: Iterable[Fall], held: Iterable[Rung]) -> bool:
        """As a mistake does, and with other numbers as well: a half may be there by chance."""
        return (
            super().explains(seen, held)
            and self.is_proven_beyond_chance(seen)
            and self._does_the_same_elsewhere(next(iter(seen)).rung)
            and self.can_tell(next(iter(seen)))
        )

    def _does_the_same_elsewhere(self, rung: Rung) -> bool:
        if rung.by_verdict:
            return True
        other = _with_other_numbers(rung)
        pair = [
            climb(self.exercise, other, f, CappedOutput(), patience=self.patience)
            for f in (self.mistake.answer, self.function)
        ]
        return agree(*pair)


class StepByStep(Suspect):
    """A mistake without the graphs that TensorFlow would make of it; see `glance`."""

    traced = False

    def __init__(self, of: Suspect):
        super().__init__(of.exercise, of.mistake, of.function, _known_step_by_step)
        if of.patience is not None:  # a slip: some never end
            self.patience = Slipped.patience * BUSY


class SlippedInTensorFlow(Slipped):
    """A slip of a fast form, which takes longer where it is traced or compiled."""

    patience = 0.5


class Lifted(Suspect):
    """A mistake in NumPy beside its fast form: what the oracles would be if they had made it."""

    makes_graphs = False

    def __init__(self, exercise: Exercise, mistake: Mistake, function: Callable, of: Exercise):
        super().__init__(exercise, mistake, function)
        self.of = of

    def _worked_out(self, rung: Rung) -> Outcome | None:
        """What the oracle of a rung makes of its inputs with the mistake in it; None: nothing."""
        oracle = oracle_of(self.exercise.ladder, rung)
        if oracle is None:
            return None
        answer = self.mistake.answer
        try:
            with (
                in_place_of(self.of.reference, answer, namespace_of(oracle)),
                guarded(self.of.id, answer, CappedOutput(), LIFTED_PATIENCE),
            ):
                outputs = oracle(rung.inputs())
                return Outcome(outputs) if is_plain(outputs) else None
        except (NotWritten, Unusable):
            return None

    def explains(self, seen: Iterable[Fall], held: Iterable[Rung]) -> bool:
        """As a mistake does; a slip needs numbers that can't come from just any."""
        if not super().explains(seen, held):
            return False
        return not isinstance(self.mistake, Slip) or self.can_tell(next(iter(seen)))

    def falls_at(self, rung: Rung) -> bool:
        """Whether the mistake fails a rung; unknown is taken for no."""
        mine = self.outcome(rung)
        if mine is None:
            return False
        return not agree(mine, Outcome(oracle_of(self.exercise.ladder, rung)(rung.inputs())))

    def is_like(self, one: Fall) -> bool:
        """Whether the oracle with the mistake gives what the function gave, where there is one."""
        if oracle_of(self.exercise.ladder, one.rung) is None:
            return True
        if one.outcome.outputs is None:
            return False
        mine = self.outcome(one.rung)
        if mine is None:
            return False
        theirs = {n: v for n, v in one.outcome.outputs.items() if n in mine.outputs}
        return agree(mine, replace(one.outcome, outputs=theirs))

    def is_proven_by(self, one: Fall) -> bool:
        """Whether both are wrong in the same finite numbers."""
        if not one.fell or not self.falls_at(one.rung):
            return False  # many a mistake changes nothing in one of the cases
        return all_finite(self.outcome(one.rung).outputs)


def _on_copies(function: Callable) -> Callable:
    """The function, called with copies of its arguments; another function stays itself."""

    @functools.wraps(function)
    def call(*arguments, **named):
        every = [*arguments, *named.values()]
        own = [one if callable(one) else copy.deepcopy(one) for one in every]
        at = len(arguments)
        return function(*own[:at], **dict(zip(named, own[at:], strict=True)))

    return call


def _with_other_numbers(rung: Rung) -> Rung:
    return replace(rung, inputs=lambda: moved(rung.inputs(), SHRUNK))


def _is_among(result: np.ndarray, inputs: Arrays) -> bool:
    """Whether a result is one of the inputs, or one with its sign turned round."""
    every = entries(inputs).values()
    numbers = [np.asarray(one) for one in every if isinstance(one, np.ndarray | float)]
    return any(
        alike(result, sign * one) for one in numbers if one.dtype.kind in "iufc" for sign in (1, -1)
    )


def _scaled(value: Any, scale: float) -> Any:
    if isinstance(value, dict):
        return {name: _scaled(one, scale) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_scaled(one, scale) for one in value)
    if isinstance(value, np.ndarray) and value.dtype.kind in "fc":
        return (value * scale).astype(value.dtype)
    return value
