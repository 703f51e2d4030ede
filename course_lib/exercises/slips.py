"""Slips: the right function with one small thing changed, as `mutants` makes them.

A wrong answer that does exactly what a slip does has made it, or one that comes to the same: the
sentence says no more than that, and so it is true.
"""

import contextlib
import functools
import inspect
import sys
from collections.abc import Callable, Collection, Iterator
from typing import Any

from course_lib.exercises.exercise import Exercise, Mistake
from course_lib.exercises.habits import habits
from course_lib.exercises.mutants import compiled, mutants
from course_lib.graphs import namespace_of

LONGEST = 140  # characters of a change in words that a person still reads


@functools.cache
def slips(reference: Callable) -> tuple[Mistake, ...]:
    """Every slip of a reference that can be said in a few words, those first that are made where
    learners write.
    """
    return tuple(
        Mistake(answer, f"The right code does exactly the same {words}.", words)
        for words, answer in _changed(reference, vars(sys.modules[reference.__module__]))
    )


def both(first: Mistake) -> Iterator[Mistake]:
    """A first mistake or slip with a second slip in it."""
    for words, answer in _changed(first.answer, namespace_of(first.answer)):
        sentence = (
            "The right code does exactly the same with two things changed: "
            f"{first.called} and {words}."
        )
        yield Mistake(answer, sentence, f"{first.name} and {words}")


def made_in_part(exercise: Exercise, mistake: Mistake, results: Collection[str]) -> Mistake:
    """A mistake that is made in some of the results only; the others are the reference's.

    Args:
        exercise: of several results.
        mistake: one of its own.
        results: names of those that are wrong.
    """

    def answer(*arguments, **named):
        right = exercise.reference(*arguments, **named)
        wrong = mistake.answer(*arguments, **named)
        pairs = zip(exercise.returns, right, wrong, strict=True)
        return tuple(bad if name in results else good for name, good, bad in pairs)

    names = [name for name in exercise.returns if name in results]
    only = f"Only {' and '.join(names)} {'is' if len(names) == 1 else 'are'} wrong in this way."
    return Mistake(answer, f"{mistake.sentence} {only}", mistake.name)


def _changed(function: Callable, namespace: dict[str, Any]) -> Iterator[tuple[str, Callable]]:
    try:
        found = mutants(function, decorated=False, also=habits)
        asked = _lines_asked_for(function)
    except (OSError, TypeError):  # without source
        return
    found.sort(key=lambda mutant: mutant.line not in asked)
    for mutant in found:
        if len(mutant.words) <= LONGEST and "\n" not in mutant.words:
            with contextlib.suppress(Exception):  # what it is made of doesn't even begin
                yield mutant.words, compiled(mutant, function, namespace)


def _lines_asked_for(function: Callable) -> set[int]:
    """The lines of a reference that its stub leaves out, counted from its first."""
    lines, inside = set(), False
    for number, line in enumerate(inspect.getsource(inspect.unwrap(function)).splitlines(), 1):
        text = line.strip()
        inside = (inside or text.startswith("# IMPLEMENT-ME")) and text != "# END IMPLEMENT-ME"
        if inside:
            lines.add(number)
    return lines


def relatives(exercise: Exercise) -> list[Exercise]:
    """The NumPy exercises that the fast form of one is built on, the nearest first."""
    from course_lib.exercises.registry import get

    found: dict[str, Exercise] = {}
    waiting = [exercise.twin, *exercise.uses] if exercise.twin else []
    while waiting:
        one = waiting.pop(0)
        if one not in found and (relative := get(one)).returns:
            found[one] = relative
            waiting += relative.uses
    return list(found.values())
