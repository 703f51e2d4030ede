"""Find the idea behind a wrong answer: on evidence only, for a false name costs more than none.

Who is asked, in this order: the exercise's named mistakes; the right function with one small thing
changed; what the NumPy exercises that a fast form is built on know; the learner's own code with one
small thing changed; and then two faults at once.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain

from course_lib.exercises.climbing import Budget, Outcome, climb, judge
from course_lib.exercises.exercise import Exercise, Mistake, Rung
from course_lib.exercises.guard import OUT_OF_TIME, CappedOutput, NotWritten
from course_lib.exercises.repairs import repair
from course_lib.exercises.rungs import RIGHT_ORDER, WHOLE_NUMBERS
from course_lib.exercises.slips import both, made_in_part, relatives, slips
from course_lib.exercises.suspects import Fall, Lifted, Slipped, SlippedInTensorFlow, Suspect

FIRST_FALLS = 3  # rungs that are looked at for a fault that shows alone
PATIENCE = 1.0  # seconds of the processor for what two slips together do
LONGER = 4.0  # the same for the slips of a fast form, which take longer
ENOUGH = 2  # rungs on which two slips, or a mistake that isn't made everywhere, must be proven
ELSEWHERE = "In other cases it is right already."
MORE = "There may be more to it: fix this, then check again."


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
    held = exercise.ladder[:fall]
    rest = [r for r in exercise.ladder[fall:] if r is fell_at or not r.of_all]
    seen = list(_seen(exercise, rest, function, outcome, budget))
    if budget.spent or seen[-1].outcome.kind == OUT_OF_TIME:
        return None  # each further rung would take as long
    # Whoever takes the dtype from whole numbers has made one fault more, whatever the first is.
    aside = [one for one in seen[1:] if one.rung.name == WHOLE_NUMBERS]
    mainly = [one for one in seen if one not in aside]
    named = [Suspect(exercise, m, function) for m in exercise.mistakes]
    # Results that have changed places need no other explanation.
    exchanged = RIGHT_ORDER in seen[0].problem.sentence
    for suspect in chain(named, () if exchanged else _others(exercise, function, fell_at)):
        if suspect.explains(mainly, held):
            return _name(suspect, any(one.fell and not suspect.is_like(one) for one in aside))
    reference = Suspect(exercise, Mistake(exercise.reference, ""), exercise.reference)
    if part := _in_part(named, reference, mainly, held):
        return part
    first = _first_of_two(named, mainly, held)
    if first:
        return _name(first, more=True)
    if here := _in_some_cases(named, mainly):
        return here
    if mended := repair(exercise, function, fell_at):
        return Recognised(mended.name, mended.sentence)
    return None if exchanged else _two_slips(named, reference, mainly, held)


def _name(suspect: Suspect, more: bool = False) -> Recognised:
    mistake = suspect.mistake
    return Recognised(mistake.name, f"{mistake.sentence} {MORE}" if more else mistake.sentence)


def _others(exercise: Exercise, function: Callable, fell_at: Rung) -> Iterator[Suspect]:
    """Those who are asked when no named mistake of the exercise does the same."""
    if exercise.returns:
        yield from (Slipped(exercise, slip, function) for slip in slips(exercise.reference))
    family = relatives(exercise)
    for made in (lambda one: one.mistakes, lambda one: slips(one.reference)):
        for relative in family:
            yield from (Lifted(exercise, m, function, relative) for m in made(relative))
    if not exercise.returns and not fell_at.costly:
        until = time.thread_time() + LONGER
        for slip in slips(exercise.reference):
            if time.thread_time() > until:
                return
            yield SlippedInTensorFlow(exercise, slip, function)


def _in_part(
    named: list[Suspect], reference: Suspect, seen: list[Fall], held: tuple[Rung, ...]
) -> Recognised | None:
    """A mistake that was made in some results only, where it could have been made in more."""
    exercise = reference.exercise
    wrong = {name for one in seen if one.fell for name in reference.others_than(one)}
    if not wrong or not wrong < exercise.returns.keys():
        return None  # none: what fell is the precision, which no mistake explains
    for suspect in named:
        made = made_in_part(exercise, suspect.mistake, wrong)
        if Suspect(exercise, made, suspect.function, known={}).explains(seen, held):
            return _name(Suspect(exercise, made, suspect.function))
    return None


def _in_some_cases(named: list[Suspect], seen: list[Fall]) -> Recognised | None:
    """A mistake that was made wherever something is wrong, and would be elsewhere if it could."""
    falls = [one for one in seen if one.fell]
    for suspect in named:
        if all(map(suspect.is_like, falls)) and sum(map(suspect.is_proven_by, falls)) >= ENOUGH:
            name, sentence = suspect.mistake.name, suspect.mistake.sentence
            return Recognised(name, f"{sentence} {ELSEWHERE}")
    return None


def _first_of_two(named: list[Suspect], seen: list[Fall], held: tuple[Rung, ...]) -> Suspect | None:
    """The mistake that explains the first falls, where another one explains the others."""
    falls = [one for one in seen if one.fell]
    raised = [one for one in falls if one.outcome.outputs is None]
    found = []
    for suspect in named:
        if not suspect.is_proven_by(falls[0]) or any(map(suspect.falls_at, held)):
            continue
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
            all(o.is_like(one) and o.is_proven_by(one) for one in later)
            for o in named
            if o is not suspect
        ):
            found.append(suspect)
    return found[0] if len(found) == 1 else None


def _two_slips(
    named: list[Suspect], reference: Suspect, seen: list[Fall], held: tuple[Rung, ...]
) -> Recognised | None:
    """A mistake or a slip that is seen in some output alone, with a second slip made in it."""
    exercise, function = reference.exercise, named[0].function
    falls = [one for one in seen if one.fell and one.outcome.outputs is not None][:FIRST_FALLS]
    if not exercise.returns or not falls:
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


def _seen(
    exercise: Exercise, rest: list[Rung], function: Callable, first: Outcome, budget: Budget
) -> Iterator[Fall]:
    yield Fall(rest[0], first, judge(rest[0], first))
    for rung in rest[1:]:
        if budget.spent:
            return
        try:
            outcome = climb(exercise, rung, function, CappedOutput())
        except NotWritten:
            continue
        yield Fall(rung, outcome, judge(rung, outcome))
        if outcome.kind == OUT_OF_TIME:
            return
