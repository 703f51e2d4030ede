"""Find the idea behind a wrong answer: on evidence only, for a false name costs more than none.

Who is asked, in this order: the exercise's named mistakes; the right function with one small thing
changed; what the NumPy exercises that a fast form is built on know; the learner's own code with one
small thing changed; and then two faults at once.
"""

import contextlib
import functools
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from course_lib.exercises.climbing import Budget, Outcome, climb, judge
from course_lib.exercises.exercise import Exercise, Mistake, Rung
from course_lib.exercises.glance import Glance
from course_lib.exercises.guard import OUT_OF_TIME, RAISED, CappedOutput, NotWritten
from course_lib.exercises.repairs import repair
from course_lib.exercises.rungs import RIGHT_ORDER, WHOLE_NUMBERS
from course_lib.exercises.slips import both, made_in_part, nearest_first, relatives, slips
from course_lib.exercises.suspects import Fall, Lifted, Slipped, SlippedInTensorFlow, Suspect

FIRST_FALLS = 3  # rungs that are looked at for a fault that shows alone
PATIENCE = 1.0  # seconds of the processor for what two slips together do
LONGER = 0.8  # the same for the slips of a fast form, and of what it is built on
ENOUGH = 2  # rungs on which two slips, or a mistake that isn't made everywhere, must be proven
ELSEWHERE = "In other cases it is right already."
MORE = "There may be more to it: fix this, then check again."


class Unfinished(Exception):
    """A rung that took too long; the others would too."""


class Seen:
    """What a function made of rungs, each climbed when somebody asks for it.

    Args:
        first: the first fall, or None.
        further: the rungs above it, which are climbed one by one.
    """

    def __init__(self, first: Fall | None, further: Iterator[Fall | None]):
        self.first = first
        self._known = [] if first is None else [first]
        self._further = further

    def __iter__(self) -> Iterator[Fall]:
        """The first fall, then the others from the lowest rung upwards."""
        yield from self._known
        for one in self._further:
            if one is not None:
                self._known.append(one)
                yield one


@dataclass(frozen=True)
class Recognised:
    """The idea behind a wrong answer.

    Args:
        name: of the mistake, or the slip in words.
        sentence: what the learner reads.
    """

    name: str
    sentence: str


def recognise(
    exercise: Exercise, fell_at: Rung, function: Callable, outcome: Outcome, budget: Budget
) -> Recognised | None:
    """What does the same as the function, from the rung it fell at upwards.

    Agreement on one small case can be chance; agreement on all the rungs that are left is not. And
    what the function got right, the mistake must get right too. If the first rungs that fail agree
    with one mistake and all the later ones with another, the first is named.

    Args:
        exercise: with its mistakes; without any, nothing is recognised.
        fell_at: the first rung that failed.
        function: what the learner wrote.
        outcome: what it made of that rung.
        budget: of the whole check; without time nothing is recognised.

    Returns:
        The idea, or None if nothing is proven.
    """
    if outcome.kind == OUT_OF_TIME or not exercise.mistakes:
        return None
    fall = exercise.ladder.index(fell_at)
    first = Fall(fell_at, outcome, judge(fell_at, outcome))
    glance = Glance(exercise, function, first)
    above = [rung for rung in exercise.ladder[fall + 1 :] if _may_tell(rung, fell_at)]
    # Whoever takes the dtype from whole numbers has made one fault more, whatever the first is.
    aside = [rung for rung in above if rung.name == WHOLE_NUMBERS]
    climbs = functools.cache(functools.partial(_climbed, exercise, function, budget))
    seen = Seen(first, map(climbs, (rung for rung in above if rung not in aside)))
    more = Seen(None, map(climbs, aside))
    # Who does the same at a glance is looked at in earnest where the function fell, and where a
    # glance says nothing.
    in_earnest = Seen(first, map(climbs, (rung for rung in above if not glance.sees(rung))))
    left_out = [r for r in exercise.ladder[fall + 1 :] if r.in_a_graph and not r.by_xla]
    in_graphs = [] if fell_at.costly else [Seen(first, map(climbs, left_out))]
    with contextlib.suppress(Unfinished):  # each further rung would take as long
        return _behind(exercise, function, budget, glance, (in_earnest, seen, more), in_graphs)
    return None


def _behind(
    exercise: Exercise,
    function: Callable,
    budget: Budget,
    glance: Glance,
    views: tuple[Seen, Seen, Seen],
    in_graphs: list[Seen],
) -> Recognised | None:
    in_earnest, seen, aside = views
    first = seen.first
    below = exercise.ladder[: exercise.ladder.index(first.rung)]
    held = tuple(rung for rung in below if not glance.sees(rung))
    named = [Suspect(exercise, m, function) for m in exercise.mistakes]

    def explaining(suspects: Iterable[Suspect]) -> Iterator[Suspect]:
        for suspect in suspects:
            enough = (in_earnest, seen) if glance.looks_at(suspect) else (seen,)
            if not glance.clears(suspect) and any(suspect.explains(one, held) for one in enough):
                yield suspect

    if suspect := _of_rivals(explaining(named), in_graphs):
        return _name(suspect, any(one.fell and not suspect.is_like(one) for one in aside))
    # Results that have changed places need no other explanation.
    exchanged = RIGHT_ORDER in first.problem.sentence
    others = () if exchanged else _others(exercise, function, first.rung)
    for suspect in explaining(others):
        return _name(suspect, any(one.fell and not suspect.is_like(one) for one in aside))
    reference = Suspect(exercise, Mistake(exercise.reference, ""), exercise.reference)
    if part := _in_part(named, reference, seen, held):
        return part
    # Of whom something is seen at the first fall: two faults, or one that wasn't made everywhere.
    near = [one for one in named if not glance.clears_at(first.rung, one) and one.is_like(first)]
    if one := _first_of_two(near, named, glance, seen, held):
        return _name(one, more=True)
    if here := _in_some_cases(near, seen):
        return here
    # Of results in another order, or of another form, the rung's own sentence says all.
    if exchanged or (first.outcome.outputs is None and first.outcome.kind != RAISED):
        return None
    if mended := repair(exercise, function, first.rung, budget.worked):
        return Recognised(mended.name, mended.sentence)
    return _two_slips(named, reference, seen, held)


def _may_tell(rung: Rung, fell_at: Rung) -> bool:
    """Whether a rung above the first fall can tell whose fault it is.

    Numbers that are wrong need no graph, whose rungs take longest. And what XLA makes of numbers
    that were right says nothing about a graph that is wrong.
    """
    if rung.of_all:
        return False
    return not rung.costly or (fell_at.costly and not rung.by_xla)


def _of_rivals(suspects: Iterator[Suspect], in_graphs: list[Seen]) -> Suspect | None:
    """The first suspect; where a graph can tell several apart, the first that does the same in it.

    Args:
        suspects: who explain all numbers.
        in_graphs: what the function made of the rungs that were left out because they make graphs.
    """
    first = next(suspects, None)
    rivals = [first, *suspects] if first and in_graphs else []
    if len(rivals) < 2:
        return first
    return next((one for one in rivals if all(map(one.is_like, in_graphs[0]))), first)


def _name(suspect: Suspect, more: bool = False) -> Recognised:
    mistake = suspect.mistake
    return Recognised(mistake.name, f"{mistake.sentence} {MORE}" if more else mistake.sentence)


def _others(exercise: Exercise, function: Callable, fell_at: Rung) -> Iterator[Suspect]:
    """Those who are asked when no named mistake of the exercise does the same."""
    if exercise.returns:
        yield from (Slipped(exercise, slip, function) for slip in slips(exercise.reference))
    family = relatives(exercise)
    for relative in family:
        yield from (Lifted(exercise, m, function, relative) for m in relative.mistakes)
    until = time.thread_time() + LONGER
    for suspect in _slips_of_a_fast_form(exercise, function, fell_at, family):
        if time.thread_time() > until:
            return
        yield suspect


def _slips_of_a_fast_form(
    exercise: Exercise, function: Callable, fell_at: Rung, family: list[Exercise]
) -> Iterator[Suspect]:
    for relative in family:
        for slip in slips(relative.reference):
            yield Lifted(exercise, slip, function, relative)
    if not exercise.returns and not fell_at.costly:
        for slip in nearest_first(exercise.reference, function):
            yield SlippedInTensorFlow(exercise, slip, function)


def _in_part(
    named: list[Suspect], reference: Suspect, seen: Seen, held: tuple[Rung, ...]
) -> Recognised | None:
    """A mistake that was made in some results only, where it could have been made in more."""
    exercise = reference.exercise
    if not exercise.returns:
        return None
    wrong = {name for one in seen if one.fell for name in reference.others_than(one)}
    if not wrong or not wrong < exercise.returns.keys():
        return None  # none: what fell is the precision, which no mistake explains
    for suspect in named:
        made = made_in_part(exercise, suspect.mistake, wrong)
        if Suspect(exercise, made, suspect.function, known={}).explains(seen, held):
            return _name(Suspect(exercise, made, suspect.function))
    return None


def _in_some_cases(near: list[Suspect], seen: Seen) -> Recognised | None:
    """A mistake that was made wherever something is wrong, and would be elsewhere if it could."""
    if not near:
        return None
    falls = [one for one in seen if one.fell]
    for suspect in near:
        if all(map(suspect.is_like, falls)) and sum(map(suspect.is_proven_by, falls)) >= ENOUGH:
            name, sentence = suspect.mistake.name, suspect.mistake.sentence
            return Recognised(name, f"{sentence} {ELSEWHERE}")
    return None


def _first_of_two(
    near: list[Suspect],
    named: list[Suspect],
    glance: Glance,
    seen: Seen,
    held: tuple[Rung, ...],
) -> Suspect | None:
    """The mistake that explains the first falls, where another one explains the others."""
    found = []
    for suspect in near:
        if not suspect.is_proven_by(seen.first) or any(map(suspect.falls_at, held)):
            continue
        falls = [one for one in seen if one.fell]
        raised = [one for one in falls if one.outcome.outputs is None]
        # What raises comes first: nothing behind it has been computed yet.
        if raised and falls[0] is raised[0] and all(map(suspect.is_like, raised)):
            found.append(suspect)
            continue
        later = [one for one in falls if not suspect.is_like(one)]
        first = falls[: falls.index(later[0])] if later else []
        proven = sum(map(suspect.is_proven_by, first))
        if proven < ENOUGH or any(suspect.is_like(one) for one in falls[len(first) :]):
            continue
        if any(
            all(
                not glance.clears_at(one.rung, o) and o.is_like(one) and o.is_proven_by(one)
                for one in later
            )
            for o in named
            if o is not suspect
        ):
            found.append(suspect)
    return found[0] if len(found) == 1 else None


def _two_slips(
    named: list[Suspect], reference: Suspect, seen: Seen, held: tuple[Rung, ...]
) -> Recognised | None:
    """A mistake or a slip that is seen in some output alone, with a second slip made in it."""
    exercise, function = reference.exercise, named[0].function
    if not exercise.returns:
        return None
    falls = [one for one in seen if one.fell and one.outcome.outputs is not None][:FIRST_FALLS]
    if not falls:
        return None
    until = time.thread_time() + PATIENCE
    right = [reference.outcome(one.rung) for one in falls]
    firsts = [*named, *(Slipped(exercise, slip, function) for slip in slips(exercise.reference))]
    for first in firsts:
        shared = sum(map(first.shares_a_fault, falls, right))
        if shared < (ENOUGH if first.mistake in exercise.mistakes else 1):
            continue
        for second in both(first.mistake):
            if time.thread_time() > until:
                return None
            pair = Slipped(exercise, second, function, known={})
            if pair.explains(seen, held) and sum(map(pair.is_finely_proven_by, seen)) >= ENOUGH:
                if first.mistake in exercise.mistakes:
                    return _name(first, more=True)
                return Recognised(second.name, second.sentence)
    return None


def _climbed(exercise: Exercise, function: Callable, budget: Budget, rung: Rung) -> Fall | None:
    """What the function makes of a rung; None where it meets a part that isn't written.

    Raises:
        Unfinished: if there is no time for it.
    """
    if budget.spent:
        raise Unfinished
    try:
        outcome = climb(exercise, rung, function, CappedOutput())
    except NotWritten:
        return None
    if outcome.kind == OUT_OF_TIME:
        raise Unfinished
    return Fall(rung, outcome, judge(rung, outcome))
