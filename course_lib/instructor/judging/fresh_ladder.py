"""Public rungs with other numbers, so that replayed answers are caught.

Which rungs, and how they get their numbers, is tried and not declared: right answers pass them, and
every named mistake falls, even if it knows the public answers. To try all that takes half a minute
for an exercise in TensorFlow, so what was chosen is stored, without the numbers, and only the right
answers are tried again with other ones:

    python -m course_lib.instructor.judging.fresh_ladder [EXERCISE]...

chooses anew, for all exercises where none is named, and stores it.
With some numbers a rung isn't about the same any more: a text that is to be too short has become
longer, and a right answer reads it. Such a rung gets other numbers until all right answers pass it
and all mistakes fall.
An exercise of which nothing is stored, or too little, is tried when it is first graded.
"""

import functools
import itertools
import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from course_lib.exercises.checker import check_function
from course_lib.exercises.exercise import Exercise, Rung
from course_lib.exercises.projects.project import Project
from course_lib.exercises.registry import get, ids
from course_lib.instructor.judging.fresh_numbers import WAYS, fresh_rung
from course_lib.instructor.judging.stored_answers import with_stored_answers

FIRST_ONES = 2
DRAWS = 30  # of a rung's numbers; of the course's own, at least one draw in three is good
TURNS = 3  # to find some with which all mistakes fall, too
STORED = Path(__file__).with_name("fresh_ladder.json")
SEED = 7**20  # with which the choice that is stored was made
# Where answers only compare numbers, one seed's may fell a mistake by luck: more are tried.
COMPARING = ("EarlyStopping",)
OTHERS = 5


def fresh_ladder(exercise: Exercise, seed: int) -> tuple[Rung, ...]:
    """A few rungs that right answers still pass when every number is another one.

    Args:
        exercise: with its public ladder.
        seed: decides the numbers; keep it from the students.
    """
    places = {rung.name: place for place, rung in enumerate(exercise.ladder)}
    there = stored().get(exercise.id, [])
    if there and all(name in places for name, _ in there):
        ladder = tuple(fresh_rung(exercise, places[name], way, seed) for name, way in there)
        if not _refuses(exercise, ladder):
            return ladder
        if redrawn := _redrawn(exercise, [(places[name], way) for name, way in there], seed):
            return redrawn
    return tuple(one.rung for one in choose(exercise, seed))


def _redrawn(
    exercise: Exercise, chosen: list[tuple[int, str]], seed: int
) -> tuple[Rung, ...] | None:
    """The chosen rungs, with other numbers where a right answer falls; None if no draw will do.

    What was tried of the mistakes, was tried with numbers that these may not be like: it is tried
    again.
    """
    cheat_with = with_stored_answers(exercise)
    cheats = [cheat_with(mistake.answer) for mistake in exercise.mistakes]
    for first in range(1, TURNS * DRAWS, DRAWS):
        draws = (0, *range(first, first + DRAWS))
        drawn = (_drawn(exercise, position, way, seed, draws) for position, way in chosen)
        ladder = tuple(itertools.takewhile(bool, drawn))
        if len(ladder) == len(chosen):
            if not _refuses(exercise, ladder) and all(
                _falls(exercise, ladder, cheat) for cheat in cheats
            ):
                return ladder
        elif first == 1:
            return None  # what so many draws don't mend is no matter of numbers
    return None


def _drawn(
    exercise: Exercise, position: int, way: str, seed: int, draws: Iterable[int]
) -> Rung | None:
    """A rung with the first numbers with which every right answer passes it; None without any."""
    rungs = (fresh_rung(exercise, position, way, seed, draw) for draw in draws)
    return next((rung for rung in rungs if not _refuses(exercise, (rung,))), None)


@functools.cache
def stored() -> dict[str, list[tuple[str, str]]]:
    """What was chosen for each exercise, by its id: names of rungs, and ways to other numbers."""
    return json.loads(STORED.read_text(encoding="utf-8"))


class Candidate:
    """A rung with other numbers; whether it is of any use is found out when somebody asks.

    Args:
        exercise: with its public ladder.
        position: of the rung.
        way: to other numbers, one of `WAYS`.
        seed: of these.
    """

    def __init__(self, exercise: Exercise, position: int, way: str, seed: int):
        self.exercise, self.position, self.way, self.seed = exercise, position, way, seed
        self.rung = fresh_rung(exercise, position, way, seed)

    @functools.cached_property
    def changed(self) -> bool:
        """Whether the numbers are others at all."""
        return not _same(self.exercise.ladder[self.position].inputs(), self.rung.inputs())

    @functools.cached_property
    def usable(self) -> bool:
        """Whether every right answer passes it."""
        return self.changed and not any(map(self.stops, _right(self.exercise)))

    def stops(self, answer: Callable, others: int = 0) -> bool:
        """Whether an answer doesn't pass it, nor with the numbers of so many other seeds."""
        rungs = [self.rung]
        rungs += (
            fresh_rung(self.exercise, self.position, self.way, self.seed + 1 + k)
            for k in range(others)
        )
        return all(_falls(self.exercise, (rung,), answer) for rung in rungs)


def choose(exercise: Exercise, seed: int) -> list[Candidate]:
    """The rungs of which a fresh ladder consists.

    The first ones above the shapes, which are cheap, and the last one, which says most. Then as
    many more as it takes for every named mistake to fall, even if it knows the public answers.

    Args:
        exercise: with its public ladder.
        seed: decides the numbers with which they are tried.
    """
    others = OTHERS if exercise.id in COMPARING else 0
    positions = [p for p, rung in enumerate(exercise.ladder) if not rung.of_all]
    candidates = [Candidate(exercise, p, way, seed) for way in WAYS for p in positions]
    above = [one for one in candidates[: len(positions)] if one.position]
    chosen = list(itertools.islice((one for one in above if one.usable), FIRST_ONES))
    last = next((one for one in reversed(above) if one.usable), None)
    if last is not None and last not in chosen:
        chosen.append(last)
    cheat_with = with_stored_answers(exercise)
    for mistake in exercise.mistakes:
        cheat = cheat_with(mistake.answer)
        for more in dict.fromkeys((others, 0)):
            if any(one.stops(cheat, more) for one in chosen):
                break
            # Whether it stops this one is asked first: that takes one answer, not all right ones.
            needed = (
                one for one in candidates if one.changed and one.stops(cheat, more) and one.usable
            )
            if found := next(needed, None):
                chosen.append(found)
                break
    return chosen


def _right(exercise: Exercise) -> list[Callable]:
    return [exercise.reference, *exercise.alternatives]


def _refuses(exercise: Exercise, ladder: tuple[Rung, ...]) -> bool:
    """Whether any right answer falls."""
    return any(_falls(exercise, ladder, answer) for answer in _right(exercise))


def _falls(exercise: Exercise, ladder: tuple[Rung, ...], answer: Callable) -> bool:
    return not check_function(replace(exercise, ladder=ladder, mistakes=[]), answer).ok


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, dict):
        return all(_same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return all(_same(p, q) for p, q in zip(a, b, strict=True))
    if isinstance(a, np.ndarray):
        return np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
    return not isinstance(a, int | float) or a == b


def main(names: list[str]) -> None:
    """Choose for these exercises, or for all, and store it."""
    kept = stored() if names else {}
    for one in names or [one for one in ids() if not isinstance(get(one), Project)]:
        kept[one] = [(each.rung.name, each.way) for each in choose(get(one), SEED)]
    lines = [f" {json.dumps(one)}: {json.dumps(kept[one])}" for one in ids() if one in kept]
    STORED.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
