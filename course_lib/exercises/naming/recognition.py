"""Find the idea behind a wrong answer: on evidence only, for a false name costs more than none.

Who is asked, in this order: the exercise's named mistakes; the right function with one small thing
changed; what the NumPy exercises that a fast form is built on know; the learner's own code with one
small thing changed; and then two faults at once.
"""

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from course_lib.exercises.calling.guard import (
    NOTHING_ADDED,
    OUT_OF_TIME,
    RAISED,
    RIGHT_ORDER,
    NotWritten,
)
from course_lib.exercises.exercise import Exercise, Mistake, Rung
from course_lib.exercises.naming.evidence import Evidence, Lazily, Unfinished
from course_lib.exercises.naming.first_falls import first_falls
from course_lib.exercises.naming.repairs import Changed, changed, repair
from course_lib.exercises.naming.slips import (
    Slip,
    both,
    can_be_said_of_some,
    is_contradicted,
    is_written,
    made_in_part,
    nearest_first,
    relatives,
    slips,
    whose_names,
)
from course_lib.exercises.naming.suspects import Fall, Lifted, Slipped, SlippedInTensorFlow, Suspect
from course_lib.exercises.naming.two_faults import but_for_one_change, seen_beside

FIRST_FALLS = 3  # rungs that are looked at for a fault that shows alone
PATIENCE = 1.0  # seconds of the processor for what two slips together do
LONGER = 0.8  # the same for the slips of a fast form, and of what it is built on
ENOUGH = 2  # rungs on which two slips, or a mistake that isn't made everywhere, must be proven
ELSEWHERE = "It is so in some cases, not in all."
# Words of a sentence that leaves no other cases.
IN_EVERY_CASE = r"\b(whatever|always|never|ever|at all)\b"
MORE = "There may be more to it: fix this, then check again."
# Words of a sentence that calls something else right, which a second fault may have made wrong.
CALLS_RIGHT = (
    r"\b(is|are) right\b|\b[Rr]ight, but\b|\b[Tt]he right (time|numbers|spread)\b|\bcorrect|\bnow\b"
)

# Words of a sentence on how NumPy's arrays were handled, which can't be so in TensorFlow.
OF_NUMPY = (
    r"\bnp\.|\brng\b|\b(arrays?|lists?|dicts?|append|over-?written|writes?)\b|in place(?! of)"
)


@dataclass(frozen=True)
class Recognised:
    """The idea behind a wrong answer.

    Args:
        name: of the mistake, or the slip in words.
        sentence: what the learner reads.
    """

    name: str
    sentence: str


def recognise(evidence: Evidence) -> Recognised | None:
    """What does the same as the function, from the rung it fell at upwards.

    Agreement on one small case can be chance; agreement on all the rungs that are left is not. And
    what the function got right, the mistake must get right too. If the first rungs that fail agree
    with one mistake and all the later ones with another, the first is named.

    Args:
        evidence: of the wrong answer. If its exercise has no mistakes, or if no time is left,
            nothing is recognised.

    Returns:
        The idea, or None if nothing is proven.
    """
    if evidence.first.outcome.kind == OUT_OF_TIME or not evidence.exercise.mistakes:
        return None
    # Each further rung would take as long; on other numbers a stub may be reached.
    with contextlib.suppress(Unfinished, NotWritten):
        return _behind(evidence)
    return None


def _behind(evidence: Evidence) -> Recognised | None:
    exercise, function, first = evidence.exercise, evidence.function, evidence.first
    named = [Suspect(exercise, m, function) for m in exercise.mistakes]
    if suspect := _of_rivals(evidence, named):
        return _name(suspect, evidence.shows_more_than(suspect))
    # Results that have changed places need no other explanation.
    exchanged = RIGHT_ORDER in first.problem.sentence
    others = () if exchanged else _others(evidence)
    for suspect in evidence.explaining(others):
        if _may_be_another(evidence, suspect):
            return _repaired(evidence)
        elsewhere = _is_elsewhere(evidence, suspect) and _repaired(evidence)
        return elsewhere or _name(suspect, evidence.shows_more_than(suspect))
    reference = Suspect(exercise, Mistake(exercise.reference, ""), exercise.reference)
    if part := _in_part(evidence, named, reference):
        return part
    # Of whom something is seen at the first fall: two faults, or one that wasn't made everywhere.
    cleared = evidence.glance.clears_at
    near = [
        one
        for one in _seen_here(evidence, named)
        if not cleared(first.rung, one) and one.is_like(first)
    ]
    one_of_two = [one for one in named if not re.search(CALLS_RIGHT, one.mistake.sentence)]
    if one := _first_of_two(evidence, [one for one in near if one in one_of_two], named):
        return _repaired(evidence) or _name(one, more=True)  # one change explains more than two
    if here := _in_some_cases(evidence, near):
        return here
    # Of results in another order, or of another form, the rung's own sentence says all.
    of_another_form = first.outcome.outputs is None and first.outcome.kind != RAISED
    if exchanged or (of_another_form and NOTHING_ADDED not in first.problem.sentence):
        return None
    beside = seen_beside(evidence, _seen_here(evidence, one_of_two), reference)
    known = Lazily([], changed(function, exercise.reference))  # two look at them
    if mended := _repaired(evidence, known):
        return mended
    if one := beside or but_for_one_change(evidence, one_of_two, reference, known):
        return _name(one, more=True)
    return _two_slips(evidence, one_of_two, reference)


def _is_elsewhere(evidence: Evidence, suspect: Suspect) -> bool:
    """Whether a learner's code does the same as a slip, and is right where that was made."""
    exercise, mistake = evidence.exercise, suspect.mistake
    own_slip = isinstance(suspect, Slipped) and isinstance(mistake, Slip) and exercise.returns
    return bool(own_slip) and is_contradicted(exercise, mistake.called, evidence.function)


def _may_be_another(evidence: Evidence, suspect: Suspect) -> bool:
    """Whether a slip that isn't written in a learner's code shares an exception with it alone.

    An index that is too large, or an array of real numbers, is met after many a slip, and nothing
    that comes later has been computed.
    """
    raised = all(one.outcome.outputs is None for one in evidence.falls)
    own_slip = isinstance(suspect, Slipped) and evidence.exercise.returns
    return raised and bool(own_slip) and not is_written(suspect.mistake.called, evidence.function)


def _repaired(evidence: Evidence, known: Iterable[Changed] | None = None) -> Recognised | None:
    """The learner's own code with one small thing changed."""
    exercise, function, fell_at = evidence.exercise, evidence.function, evidence.first.rung
    divided = exercise.returns and ZeroDivisionError.__name__ in evidence.first.problem.sentence
    mended = repair(exercise, function, fell_at, evidence.budget, known, bool(divided))
    return Recognised(mended.name, mended.sentence) if mended else None


def _of_rivals(evidence: Evidence, named: list[Suspect]) -> Suspect | None:
    """The first who explains all numbers; where a graph can tell several apart, the first that does
    the same in it.
    """
    falls, fell_at = first_falls(evidence.exercise), evidence.first.rung.name
    explaining = evidence.explaining(named)
    if falls:
        here = [one for one in named if falls[one.mistake.name] == fell_at]
        explaining = evidence.explaining(here, right_below=True)
    first = next(explaining, None)
    rivals = [first, *explaining] if first and evidence.in_graphs else []
    if len(rivals) < 2:
        return first
    return next((one for one in rivals if all(map(one.is_like, evidence.in_graphs))), first)


def _seen_here(evidence: Evidence, suspects: list[Suspect]) -> list[Suspect]:
    """Without those who are known to fall at a later rung only: here they are right."""
    falls, names = first_falls(evidence.exercise), [one.name for one in evidence.exercise.ladder]
    later = set(names[names.index(evidence.first.rung.name) + 1 :])
    return [one for one in suspects if falls.get(one.mistake.name) not in later]


def _name(suspect: Suspect, more: bool = False) -> Recognised:
    mistake = suspect.mistake
    said = [mistake.sentence]
    if isinstance(mistake, Slip):
        about = suspect.of if isinstance(suspect, Lifted) else suspect.exercise
        if isinstance(suspect, Lifted):  # a rung's oracle is made from it
            said = [f"Your code gives what follows from the right {about.id} {mistake.called}."]
        elif isinstance(suspect, SlippedInTensorFlow):  # nobody has seen its graph
            said = [f"In what it computes, your code is like the right code {mistake.called}."]
        said.append(whose_names(about, mistake.called, suspect.function))
    if more:
        said.append(MORE)
    return Recognised(mistake.name, " ".join(filter(None, said)))


def _others(evidence: Evidence) -> Iterator[Suspect]:
    """Those who are asked when no named mistake of the exercise does the same, as far as there is
    time.
    """
    exercise, function, budget = evidence.exercise, evidence.function, evidence.budget
    if exercise.returns:
        for slip in nearest_first(exercise.reference, function):
            if not budget.for_a_name:
                return
            yield Slipped(exercise, slip, function)
    family = relatives(exercise)
    for relative in family:
        for mistake in relative.mistakes:
            if not re.search(OF_NUMPY, mistake.sentence):
                yield Lifted(exercise, mistake, function, relative)
    over = budget.over(LONGER)
    for suspect in _slips_of_a_fast_form(exercise, function, evidence.first.rung, family):
        if over():
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


def _in_part(evidence: Evidence, named: list[Suspect], reference: Suspect) -> Recognised | None:
    """A mistake that was made in some results only, where it could have been made in more."""
    exercise = evidence.exercise
    if not exercise.returns:
        return None
    wrong = {name for one in evidence.falls for name in reference.others_than(one)}
    if not wrong or not wrong < exercise.returns.keys():
        return None  # none: what fell is the precision, which no mistake explains
    for suspect in named:
        if not can_be_said_of_some(exercise, suspect.mistake, wrong):
            continue
        made = made_in_part(exercise, suspect.mistake, wrong)
        inside = Suspect(exercise, made, evidence.function, known={})
        if inside.explains(evidence.seen, evidence.held):
            return _name(inside)
    return None


def _in_some_cases(evidence: Evidence, near: list[Suspect]) -> Recognised | None:
    """A mistake that was made wherever something is wrong, and would be elsewhere if it could.

    A slip that explains where it wasn't made as well, such as another default, is behind it then.
    """
    for suspect in near:
        if re.search(IN_EVERY_CASE, suspect.mistake.sentence):
            continue
        falls = evidence.falls
        if all(map(suspect.is_like, falls)) and sum(map(suspect.is_proven_by, falls)) >= ENOUGH:
            if slipped := _slips_in_all_cases(evidence):
                return _name(slipped[0]) if len(slipped) == 1 else None
            name, sentence = suspect.mistake.name, suspect.mistake.sentence
            return Recognised(name, f"{sentence} {ELSEWHERE}")
    return None


def _slips_in_all_cases(evidence: Evidence) -> list[Slipped]:
    """Those that do the same on all that was seen, and hold where the function did, on several
    falls; in some exercises all that comes out is counts, which prove little one by one.
    """
    exercise, function = evidence.exercise, evidence.function
    if not exercise.returns:
        return []
    found = []
    for slip in slips(exercise.reference):
        one = Slipped(exercise, slip, function)
        if (
            all(map(one.is_like, evidence.seen))
            and sum(map(one.is_proven_by, evidence.falls)) >= ENOUGH
            and not any(map(one.falls_at, evidence.held))
        ):
            found.append(one)
    return found


def _first_of_two(evidence: Evidence, near: list[Suspect], named: list[Suspect]) -> Suspect | None:
    """The mistake that explains the first falls, where another one explains the others."""
    found = []
    for suspect in near:
        if not suspect.is_proven_by(evidence.first) or any(map(suspect.falls_at, evidence.held)):
            continue
        falls = evidence.falls
        later = [one for one in falls if not suspect.is_like(one)]
        others = [one for one in named if one is not suspect]
        raised = [one for one in falls if one.outcome.outputs is None]
        # What raises comes first: nothing behind it has been computed yet. But other slips raise at
        # the same place: where its numbers are wrong in another way, a second mistake must be seen.
        if raised and falls[0] is raised[0] and all(map(suspect.is_like, raised)):
            differs = any(suspect.falls_at(one.rung) for one in later)
            if not differs or any(_is_explained(evidence, one, others) for one in later):
                found.append(suspect)
            continue
        first = falls[: falls.index(later[0])] if later else []
        proven = sum(map(suspect.is_proven_by, first))
        if proven < ENOUGH or any(suspect.is_like(one) for one in falls[len(first) :]):
            continue
        if any(all(_is_explained(evidence, one, [o]) for one in later) for o in others):
            found.append(suspect)
    return found[0] if len(found) == 1 else None


def _is_explained(evidence: Evidence, fall: Fall, named: list[Suspect]) -> bool:
    """Whether one of them does the same there, and is wrong in the same numbers."""
    return any(
        not evidence.glance.clears_at(fall.rung, one)
        and one.is_like(fall)
        and one.is_proven_by(fall)
        for one in named
    )


def _two_slips(evidence: Evidence, named: list[Suspect], reference: Suspect) -> Recognised | None:
    """A mistake or a slip that is seen in some output alone, with a second slip made in it."""
    exercise, function = evidence.exercise, evidence.function
    if not exercise.returns:
        return None
    falls = [one for one in evidence.falls if one.outcome.outputs is not None][:FIRST_FALLS]
    if not falls:
        return None
    over = evidence.budget.over(PATIENCE)
    right = [reference.outcome(one.rung) for one in falls]
    firsts = [*named, *(Slipped(exercise, slip, function) for slip in slips(exercise.reference))]
    for first in firsts:
        if over():
            return None
        shared = sum(map(first.shares_a_fault, falls, right))
        if shared < (ENOUGH if first.mistake in exercise.mistakes else 1):
            continue
        if first in named and any(first.beside(one, reference).undone for one in evidence.falls):
            continue  # a second slip that mends a part of it would leave its sentence untrue
        for second in both(first.mistake):
            if over():
                return None
            pair = Slipped(exercise, second, function, known={})
            if (
                pair.explains(evidence.seen, evidence.held)
                and sum(map(pair.is_finely_proven_by, evidence.seen)) >= ENOUGH
            ):
                if first.mistake in exercise.mistakes:
                    return _name(first, more=True)
                whose = whose_names(exercise, second.name, function)
                return Recognised(second.name, f"{second.sentence} {whose}".rstrip())
    return None
