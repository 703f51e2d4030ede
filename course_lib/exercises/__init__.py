"""What a learner calls in a notebook: `check`, `hint`, `solution`, `when_passed`."""

from collections.abc import Callable

from course_lib.exercises import progress
from course_lib.exercises.cards import Card, hint_card, solution_card
from course_lib.exercises.checker import check_function
from course_lib.exercises.registry import UnknownExercise, chapter_of, get, ids
from course_lib.exercises.report import CheckFailed, Report

__all__ = ["CheckFailed", "UnknownExercise", "check", "hint", "ids", "solution", "when_passed"]

_passed: set[str] = set()  # in this session
_hints_seen: dict[str, int] = {}


def check(function: Callable, exercise: str | None = None, strict: bool = False) -> Report:
    """Check what you wrote.

    Args:
        function: your function or class.
        exercise: id of the exercise, if your function has another name.
        strict: raise instead of reporting when it doesn't pass; for solutions and scripts.

    Returns:
        A report that shows itself: passed, not written yet, or not right yet and why.

    Raises:
        UnknownExercise: if there is no such exercise.
        CheckFailed: if `strict` and it didn't pass.
    """
    name = _id_of(exercise if exercise is not None else function)
    report = check_function(get(name), function)
    if report.ok:
        _passed.add(name)
    progress.record(name, report)
    if strict and not report.ok:
        raise CheckFailed(str(report))
    return report


def hint(exercise: str | Callable, number: int | None = None) -> Card:
    """The next hint for an exercise, or hint `number`; there are at most three.

    Raises:
        UnknownExercise: if there is no such exercise.
        ValueError: if there is no such hint.
    """
    name = _id_of(exercise)
    hints = get(name).hints
    if number is None:
        number = min(_hints_seen.get(name, 0) + 1, len(hints))
        _hints_seen[name] = number
    if not 1 <= number <= len(hints):
        raise ValueError(f"{name} has hints 1 to {len(hints)}; {number} is none of them.")
    return hint_card(get(name), number)


def solution(exercise: str | Callable) -> Card:
    """The reference's code. Read it, understand it, then write it without looking.

    Raises:
        UnknownExercise: if there is no such exercise.
    """
    return solution_card(get(_id_of(exercise)))


def when_passed(exercise: str) -> bool:
    """Whether an exercise was passed in this session; says so if it wasn't.

    For cells that build on an exercise: they are skipped, not broken, until it is done.
    """
    chapter_of(exercise)
    if exercise not in _passed:
        print(f"Skipped: first pass {exercise}.")
    return exercise in _passed


def _id_of(exercise: str | Callable) -> str:
    name = exercise if isinstance(exercise, str) else getattr(exercise, "__name__", "")
    if not name:
        kind = type(exercise).__name__
        raise UnknownExercise(f"Pass your function, such as check(rnn_step); this is a {kind}.")
    chapter_of(name)
    return name
