"""What a learner calls in a notebook: `check`, `hint`, `solution`, `when_passed`."""

import sys
import textwrap
import types
from collections.abc import Callable
from dataclasses import replace

# First: TensorFlow, once it is needed, is loaded without its chatter.
import course_lib.quiet  # noqa: F401
from course_lib.exercises import progress
from course_lib.exercises.calling.guard import with_article
from course_lib.exercises.cards import Card, apology, hint_card, solution_card
from course_lib.exercises.checker import check_function
from course_lib.exercises.next_hint import fitting, next_hint
from course_lib.exercises.predictions import measured, predict, within
from course_lib.exercises.projects.checking import check_project
from course_lib.exercises.projects.project import Project
from course_lib.exercises.registry import UnknownExercise, chapter_of, get, ids, needs_tensorflow
from course_lib.exercises.report import CheckFailed, Report
from course_lib.exercises.tensorflow_only import OtherBackend, see_that_xla_knows_its_flags
from course_lib.words import listed

__all__ = [
    "CheckFailed",
    "UnknownExercise",
    "check",
    "hint",
    "ids",
    "measured",
    "predict",
    "solution",
    "when_passed",
    "within",
]

LINE = 72  # characters
NEEDED = (
    "It needs {}: write it, then run its check.",
    "It needs {}: write them, then run their checks.",
)
PASSED_BEFORE = (
    "You have passed {} in an earlier session: run its cell and its check again.",
    "You have passed {} in an earlier session: run their cells and checks again.",
)

_passed: dict[str, Callable] = {}  # in this session, with what passed
_checked: set[str] = set()  # in this session, with whatever outcome
_found: dict[str, tuple[str, ...]] = {}  # by the last check: the mistake's name, the rung's
_hints_seen: dict[str, set[int]] = {}


def check(function: Callable, exercise: str | None = None, strict: bool = False) -> Report | Card:
    """Check what you wrote.

    Args:
        function: your function or class.
        exercise: id of the exercise, if your function has another name.
        strict: raise instead of reporting when it doesn't pass; for solutions and scripts.

    Returns:
        A report that shows itself: passed, not written yet, or not right yet and why. A card that
        says what to pass, if there is no such exercise.

    Raises:
        UnknownExercise: if `strict` and there is no such exercise.
        OtherBackend: if `strict` and Keras runs on another backend than the check needs, or XLA is
            given a flag at which it would end the process.
        CheckFailed: if `strict` and it didn't pass.
    """
    try:
        if exercise is not None:
            name = _id_of(exercise)
        else:
            name = _id_by_its_variable(function, sys._getframe(1)) or _id_of_answer(function)
    except UnknownExercise as problem:
        if strict:
            raise
        return apology(str(problem))
    try:
        asked = get(name)
        if needs_tensorflow(name):
            see_that_xla_knows_its_flags()
    except OtherBackend as problem:
        if strict:
            raise
        return _elsewhere(problem)
    if isinstance(asked, Project):
        report = check_project(asked, function)
    else:
        report = check_function(asked, function, _passed)
    _passed.pop(name, None)
    _checked.add(name)
    if report.found != _found.get(name):  # the hint that fits it is worth reading again
        _hints_seen.get(name, set()).discard(fitting(asked.hints, report.found))
    _found[name] = report.found
    if report.ok:
        _passed[name] = function
    note = progress.record(name, report, begin=not strict)
    if strict and not report.ok:
        raise CheckFailed(str(report))
    if strict and note == progress.NO_COPY:  # solutions and scripts lie in none, and need none
        note = ""
    return replace(report, note=note)


def hint(exercise: str | Callable = "", number: int | None = None) -> Card:
    """The next hint for an exercise, or hint `number`; there are at most four.

    The first one is that which fits what the last check found.
    """
    try:
        name = _id_of(exercise)
        hints = get(name).hints
    except UnknownExercise as problem:
        return apology(str(problem))
    except OtherBackend as problem:
        return _elsewhere(problem)
    seen = _hints_seen.setdefault(name, set())
    if number is None:
        number = next_hint(hints, _found.get(name, ()), seen)
    if number not in range(1, len(hints) + 1):
        return apology(f"{name} has hints 1 to {len(hints)}; {number!r} is none of them.")
    seen.add(number)
    return hint_card(get(name), number)


def solution(exercise: str | Callable = "") -> Card:
    """The reference's code. Read it, understand it, then write it without looking."""
    try:
        return solution_card(get(_id_of(exercise)))
    except UnknownExercise as problem:
        return apology(str(problem))
    except OtherBackend as problem:
        return _elsewhere(problem)


def when_passed(*exercises: str) -> bool:
    """Whether exercises, and those that they call, were passed in this session; says so if not.

    For cells that build on an exercise: they are skipped, not broken, until it is done.

    Raises:
        UnknownExercise: if there is no such exercise.
    """
    needed = dict.fromkeys(one for name in exercises for one in (*get(name).uses, name))
    missing = [name for name in needed if name not in _passed]
    if missing:
        passed_before = progress.passed() - _checked
        _skipped(
            _to_do([name for name in missing if name in passed_before], PASSED_BEFORE),
            _to_do([name for name in missing if name not in passed_before], NEEDED),
        )
        return False
    theirs = sys._getframe(1).f_globals
    for name in needed:
        written = theirs.get(name)
        if written is not _passed[name] and _is_stub(written):
            called = getattr(_passed[name], "__name__", "another function")
            _skipped(
                f"It calls {name}, and what has passed is {called}: run `{name} = {called}` first."
            )
            return False
    return True


def _elsewhere(problem: OtherBackend) -> Card:
    return Card(problem.title, str(problem), ok=False)


def _is_stub(function: Callable | None) -> bool:
    code = getattr(function, "__code__", None)
    return code is not None and "NotImplementedError" in code.co_names


def _to_do(names: list[str], sentences: tuple[str, str]) -> str:
    """What is to be done about exercises, in the sentence for one or that for several."""
    one, several = sentences
    return (several if len(names) > 1 else one).format(listed(names)) if names else ""


def _skipped(*reasons: str) -> None:
    """Say so, in lines that JupyterLab need not break, which it does in the middle of a word."""
    for sentence in ("This cell was skipped.", *filter(None, reasons)):
        print(textwrap.fill(sentence, LINE, break_long_words=False, break_on_hyphens=False))


def _id_of(exercise: str | Callable) -> str:
    """The id meant by an id, or by the function or class of that name.

    Raises:
        UnknownExercise: if it means none.
    """
    name = exercise if isinstance(exercise, str) else getattr(exercise, "__name__", "")
    if not name:
        raise UnknownExercise("Say which exercise, by its name, such as hint(rnn_step).")
    chapter_of(name)
    return name


def _id_by_its_variable(answer: Callable, notebook: types.FrameType) -> str | None:
    """The one exercise whose name is a variable of the notebook that holds what can be called.

    So a lambda, a `partial` and an object have the name that the learner gave them. A function or
    class that has the name of an exercise itself goes by that.
    """
    if not callable(answer) or getattr(answer, "__name__", "") in ids():
        return None
    if type(answer).__name__ in ids():
        return None
    theirs = notebook.f_globals
    names = [name for name in ids() if theirs.get(name) is answer]
    return names[0] if len(names) == 1 else None


def _id_of_answer(answer: Callable) -> str:
    """The id of the exercise that a function or class answers, from its name.

    Raises:
        UnknownExercise: if it has no name of an exercise; the message says what to pass.
    """
    name = getattr(answer, "__name__", "")
    kind = type(answer).__name__
    if isinstance(answer, str) and answer in ids():
        raise UnknownExercise(f"Pass the function itself, without quotes: check({answer}).")
    if kind in ids():
        raise UnknownExercise(f"Pass the class itself, not an object made from it: check({kind}).")
    if not callable(answer):
        raise UnknownExercise(
            f"Pass your function, such as check(rnn_step); this is {with_article(kind)}."
        )
    if name in ("", "<lambda>"):
        raise UnknownExercise(
            f"This {name.strip('<>') or kind} has no name, so say which exercise it answers, such "
            'as check(my_step, "rnn_step").'
        )
    try:
        return _id_of(name)
    except UnknownExercise as problem:
        raise UnknownExercise(
            f'{problem} If it answers one of them, say which, such as check({name}, "rnn_step").'
        ) from None
