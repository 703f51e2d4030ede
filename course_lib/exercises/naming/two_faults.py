"""Two faults at once: but for a small change, the learner's code makes a named mistake.

One fault can look like two, where a change makes a mistake of another one. So both must be seen:
the mistake where nothing else shows, and something else where the mistake doesn't show.

Of a fast form few changes can be tried in time. There a mistake is named without any, if all that
it makes wrong is wrong in the same way, and something else is wrong too.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

from course_lib.exercises.calling.guard import CappedOutput, NotWritten
from course_lib.exercises.exercise import Rung
from course_lib.exercises.ladder.climbing import climb, judge
from course_lib.exercises.naming import repairs
from course_lib.exercises.naming.agreement import coarse
from course_lib.exercises.naming.evidence import Evidence
from course_lib.exercises.naming.repairs import Changed
from course_lib.exercises.naming.slips import can_be_said_of_some
from course_lib.exercises.naming.suspects import Fall, StepByStep, Suspect

PATIENCE = 1.0  # seconds of the processor
ENOUGH = 2  # rungs on which a mistake is seen alone, where elsewhere a second fault changes it
COUNTED = 4  # the same, where all that comes out is counts, which prove little one by one


def but_for_one_change(
    evidence: Evidence, named: list[Suspect], reference: Suspect, changed: Iterable[Changed]
) -> Suspect | None:
    """The mistake that is left when one small thing in the learner's code is changed.

    Args:
        evidence: what is known of the learner's function.
        named: the exercise's mistakes.
        reference: the right answer.
        changed: the learner's function with a small thing changed, in every way; read twice.
    """
    if not evidence.exercise.returns:
        return None
    over = evidence.budget.over(PATIENCE)
    able = [one for one in named if not any(map(one.falls_at, evidence.held))]
    apart = [
        one
        for one in able
        if _are_seen_apart(one, evidence.falls, reference) and _is_true(one, evidence, reference)
    ]
    # Who explains a part of what another one explains has only that part in common with it.
    seen = {one: {id(fall) for fall in evidence.falls if one.is_like(fall)} for one in able}
    apart = [one for one in apart if not any(seen[one] < seen[other] for other in able)]
    at = evidence.first.rung
    first = [
        one
        for one in apart
        if one.falls_at(at) and one.shares_a_fault(evidence.first, reference.outcome(at))
    ]
    made: dict[tuple[Callable, Rung], Fall | None] = {}
    for suspects in (first, [one for one in apart if one not in first]):
        # Those rungs first that the mistake and the learner's own code tell apart.
        ways = {
            one: [fall.rung for fall in sorted(evidence.seen, key=one.is_like)] + [*evidence.held]
            for one in suspects
        }
        for (_, answer), (suspect, rungs) in ((o, way) for o in changed for way in ways.items()):
            if over():
                return None
            if all(_does_the_same(evidence, suspect, answer, rung, made) for rung in rungs):
                return suspect
    return None


def seen_beside(evidence: Evidence, named: list[Suspect], reference: Suspect) -> Suspect | None:
    """The mistake of a fast form that is seen beside something else that is wrong.

    All that it makes wrong is wrong alike, or else so on several rungs, and nowhere right. Then the
    second fault changes what the first one makes of the others, and one mistake alone may be it.

    Args:
        evidence, named, reference: as of `but_for_one_change`.
    """
    if evidence.exercise.returns:
        return None
    glance = evidence.glance.of_function(evidence.first.rung)
    whole, in_part = [], []
    for one in named:
        if glance and not StepByStep(one).beside(glance, StepByStep(reference)).alike:
            continue
        views = []
        for fall in evidence.seen:
            views.append(one.beside(fall, reference))
            if views[-1].undone or not evidence.budget.for_a_name:
                break
        else:
            seen = [view for view in views if view.alike]
            fine = [view for view in seen if not coarse(view.alike)]
            if not any(view.more for view in views) or any(map(one.falls_at, evidence.held)):
                continue
            if fine and not any(view.otherwise for view in views):
                whole.append(one)
            only = [view for view in seen if not view.otherwise and not view.more]
            fine = [view for view in only if not coarse(view.alike)]
            if len(fine) >= ENOUGH or len(only) >= COUNTED:
                in_part.append(one)
    if whole:
        return whole[0]
    return in_part[0] if len(in_part) == 1 else None


def _is_true(suspect: Suspect, evidence: Evidence, reference: Suspect) -> bool:
    """Whether a mistake is seen in all the results that it makes wrong, or may be said of some.

    In the others a second fault may have mended it.
    """
    made, seen = set(), set()
    for one in evidence.falls:
        alone = replace(one, outcome=suspect.outcome(one.rung))
        wrong = reference.others_than(alone)
        made |= wrong
        seen |= wrong - suspect.others_than(one)
    return seen == made or can_be_said_of_some(evidence.exercise, suspect.mistake, seen)


def _are_seen_apart(suspect: Suspect, falls: list[Fall], reference: Suspect) -> bool:
    """Whether some output is wrong in the mistake's numbers, and one that it gives right is too.

    Counts, and numbers of one digit, can be alike by chance.
    """
    fine = [one for one in falls if not coarse(one.outcome.outputs)]
    right = (reference.outcome(one.rung) for one in fine)
    if not any(map(suspect.shares_a_fault, fine, right)):
        return False
    for one in falls:
        alone = replace(one, outcome=suspect.outcome(one.rung))
        if reference.others_than(one) - reference.others_than(alone):
            return True
    return False


def _does_the_same(
    evidence: Evidence,
    suspect: Suspect,
    answer: Callable,
    rung: Rung,
    made: dict[tuple[Callable, Rung], Fall | None],
) -> bool:
    """Whether a changed answer does on a rung what the mistake does; `made` is what is known."""
    key = answer, rung
    if key not in made:
        try:
            outcome = climb(evidence.exercise, rung, answer, CappedOutput(), patience=repairs.QUICK)
            made[key] = Fall(rung, outcome, judge(rung, outcome))
        except NotWritten:
            made[key] = None
    return made[key] is not None and suspect.is_like(made[key])
