"""Walk every mutant of a reference up its ladder, and list those that no rung notices."""

import json
import random
import re
import time
from collections.abc import Collection, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

from course_lib import cores
from course_lib.exercises.calling import guard
from course_lib.exercises.checker import check_function
from course_lib.exercises.exercise import Exercise
from course_lib.exercises.naming.mutants import Mutant, compiled, mutants
from course_lib.exercises.registry import get, ids
from course_lib.exercises.report import PASSED

RUNG_LIMIT = 3.0  # seconds for one rung of a mutant, which may loop without end
CHUNK = 12  # mutants that a process takes at once


@dataclass(frozen=True)
class Fate:
    """What became of one mutant.

    Args:
        exercise: id.
        key: of the mutant.
        noticed: whether some rung, or its own definition, fails.
        mistake: the named mistake that it was recognised as, or None.
        sentence: what the learner would read.
        seconds: of its check.
    """

    exercise: str
    key: str
    noticed: bool
    mistake: str | None = None
    sentence: str = ""
    seconds: float = 0.0


def fate(exercise: Exercise, mutant: Mutant, named: bool = True) -> Fate:
    """Check one mutant as if a learner had written it."""
    began = time.perf_counter()
    try:
        function = compiled(mutant, exercise.reference)
    except Exception as error:
        return Fate(exercise.id, mutant.key, True, None, f"{type(error).__name__}: {error}")
    report = check_function(exercise, function, named=named)
    return Fate(
        exercise.id,
        mutant.key,
        report.outcome != PASSED,
        report.mistake,
        report.sentence,
        time.perf_counter() - began,
    )


def fates(
    chosen: Iterable[str], sample: int | None = None, seed: int = 0, named: bool = True
) -> list[Fate]:
    """Check the mutants of exercises on all cores.

    Args:
        chosen: ids.
        sample: how many of each exercise, drawn with `seed` from those that aren't named
            equivalent; None: all.
        seed: of the sample.
        named: whether to find out which named mistake each is; that takes most of the time.
    """
    work = []
    for one in chosen:
        exercise = get(one)
        every = mutants(exercise.reference)
        numbers = list(range(len(every)))
        if sample is not None:
            numbers = [i for i in numbers if not named_equivalent(exercise, every[i].key)]
            if sample < len(numbers):
                numbers = sorted(random.Random(f"{seed} {one}").sample(numbers, sample))
        work += [(one, numbers[i : i + CHUNK], named) for i in range(0, len(numbers), CHUNK)]
    # Fresh processes: one that was forked off TensorFlow's threads would hang.
    with ProcessPoolExecutor(cores.workers(), get_context("spawn")) as pool:
        with cores.handed_down(cores.ONE_THREAD, cores.HASTY_XLA):
            every = pool.map(_some, work)
        return [one for chunk in every for one in chunk]


def _some(work: tuple[str, list[int], bool]) -> list[Fate]:
    one, numbers, named = work
    exercise = get(one)
    every = mutants(exercise.reference)
    with guard.usual_limit(RUNG_LIMIT):
        return [fate(exercise, every[number], named) for number in numbers]


def named_equivalent(exercise: Exercise, key: str) -> bool:
    """Whether an entry of the exercise's `equivalent` is about this mutant."""
    return any(_is_about(entry, key) for entry in exercise.equivalent)


def _is_about(entry: str, key: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, entry.split("…"))), key) is not None


def stale(exercise: Exercise) -> list[str]:
    """One sentence for each entry of `equivalent` that names no mutant of today's reference."""
    keys = [mutant.key for mutant in mutants(exercise.reference)]
    return [
        f"{exercise.id}: no mutant is called {entry!r} any more; mend or remove the entry."
        for entry in exercise.equivalent
        if not any(_is_about(entry, key) for key in keys)
    ]


def claimed_in_vain(exercise: Exercise, own: list[Fate]) -> list[str]:
    """One sentence for each mutant that is named equivalent although a rung notices it."""
    return [
        f"{exercise.id}: a rung notices {f.key!r}, so it isn't equivalent."
        for f in own
        if f.noticed and named_equivalent(exercise, f.key)
    ]


def main(as_json: bool = False, exercises: Collection[str] = ()) -> int:
    """Break references, print the share that is noticed and the survivors; the exit code.

    Projects are left out: they have no ladder, and `course prove` walks wrong answers to them.

    Args:
        as_json: print the counts as one JSON object, last.
        exercises: ids; empty: all of them.

    Raises:
        UnknownExercise: if there is no such exercise.
    """
    from rich.console import Console
    from rich.table import Table

    chosen = [get(one).id for one in exercises] or list(ids())
    left_out = [one for one in chosen if get(one).kind == "project"]
    chosen = [one for one in chosen if one not in left_out]
    found = fates(chosen)
    table = Table("exercise", "mutants", "noticed", "equivalent", "survivors", "named", "seconds")
    survivors, problems = [], []
    for one in chosen:
        exercise, own = get(one), [f for f in found if f.exercise == one]
        problems += stale(exercise) + claimed_in_vain(exercise, own)
        alive = [f for f in own if not f.noticed and not named_equivalent(exercise, f.key)]
        survivors += alive
        noticed = sum(f.noticed for f in own)
        bar = noticed + len(alive)
        table.add_row(
            one,
            str(len(own)),
            f"{noticed / bar:.1%}" if bar else "none",
            str(len(own) - bar),
            str(len(alive)),
            str(sum(f.mistake is not None for f in own)),
            f"{sum(f.seconds for f in own):.1f}",
        )
    console = Console(stderr=as_json)
    console.print(table)
    for f in survivors:
        console.print(f"✗ {f.exercise} survives: {f.key}", markup=False, soft_wrap=True)
    for problem in problems:
        console.print(f"✗ {problem}", markup=False, soft_wrap=True)
    if left_out:
        said = f"Left out, for a project has no ladder: {', '.join(left_out)}."
        console.print(said, markup=False, soft_wrap=True)
    counts = {
        "mutants": len(found),
        "noticed": sum(f.noticed for f in found),
        "equivalent": sum(not f.noticed for f in found) - len(survivors),
        "survivors": [f"{f.exercise}: {f.key}" for f in survivors],
    }
    if as_json:
        print(json.dumps(counts))
    else:
        named = sum(f.mistake is not None for f in found)
        summary = counts | {"survivors": len(survivors), "named": named}
        print("  ".join(f"{k}: {v}" for k, v in summary.items()))
    return 1 if survivors or problems else 0
