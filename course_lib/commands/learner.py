"""What `course` offers to learners: a copy, checks, hints, and what was passed."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from course_lib.commands.fail import fail

if TYPE_CHECKING:
    from course_lib.exercises.report import Report

learning = typer.Typer()

Exercise = Annotated[str, typer.Argument(help="Its name, such as rnn_step.")]


@learning.command()
def start(
    folder: Annotated[
        Path | None,
        typer.Argument(
            help="Where to put the copy; by default the one that you are in, else 'work'."
        ),
    ] = None,
) -> None:
    """Make your own copy of the exercises.

    Run it again after an upgrade: what you wrote is never overwritten.
    """
    from course_lib import learner
    from course_lib.built_book import find_book, for_a_shell, how_to_get_it
    from course_lib.repository import find_repository
    from course_lib.xla_flags import unknown_flag

    folder = learner.choose_folder(folder)
    try:
        handed = learner.start(folder)
    except learner.LearnerError as error:
        fail(error)
    said = {
        learner.MADE: "made    {path}",
        learner.KEPT: "kept    {path}, with all that you wrote",
        learner.RENEWED: "renewed {path}: nothing was written in it",
        learner.BESIDE: "new     {path}: {name} has a newer release; yours is as you left it",
    }
    for one in handed:
        print(said[one.action].format(path=one.path, name=one.name))
        if one.action == learner.RENEWED:
            _print_changes(one.changes)
    _print_news(learner.news(folder))
    if problem := unknown_flag():
        print(f"\n{problem}")
    print(f"\nOpen the notebooks in {folder}: jupyter lab {for_a_shell(folder)}")
    if find_book() is not None:
        return
    if repository := find_repository():
        print(f"Their links lead to the book at {repository.book}")
    else:
        sentence, *commands = how_to_get_it()
        print(f"Their links lead to the chapters. {sentence}", *commands, sep="\n    ")


@learning.command()
def progress(
    folder: Annotated[
        Path | None,
        typer.Argument(help="Your copy; by default the one that you are in, else 'work'."),
    ] = None,
) -> None:
    """Show what you have passed, chapter by chapter."""
    from course_lib import learner
    from course_lib.exercises.progress import Unreadable, set_aside

    try:
        copy = learner.find_copy(folder)
    except learner.LearnerError as error:
        fail(error)
    try:
        if said := set_aside(copy):
            print(f"{said}\n")
        _print_progress(copy)
    except Unreadable as error:
        fail(error, code=1)
    _print_news(learner.news(copy))


@learning.command()
def check(
    notebook: Annotated[Path, typer.Argument(help="Your notebook.")],
    exercises: Annotated[
        list[str] | None,
        typer.Argument(metavar="EXERCISE", help="Ids; by default all of the notebook's."),
    ] = None,
) -> None:
    """Check the exercises in a notebook.

    Of the notebook, only what these functions need is run. Exits with 0 if all exercises asked for
    are passed, with 1 if not.
    """
    from course_lib.exercises import UnknownExercise
    from course_lib.exercises.cards import Card
    from course_lib.notebook_check import NotebookError, check_notebook, not_defined

    for one in exercises or []:
        if one.endswith(".ipynb"):
            fail(f"One notebook at a time: `course check {one}` checks {one}.")
    reports = {}
    try:
        for taken, name, report in check_notebook(notebook, exercises or []):
            if taken.remarks and not reports:
                print(*taken.remarks, sep="\n", end="\n\n")
            reports[name] = report
            if report is None:
                failure = taken.failures.get(name)
                why = failure.sentence if failure else not_defined(name, notebook)
                print(f"✗ {name}: {why}\n")
            elif isinstance(report, Card):  # it could not be checked
                print(f"✗ {name}: {report.body}\n")
            else:
                print(f"{replace(report, note='').text(_to_type_for_help(report))}\n")
    except (NotebookError, UnknownExercise) as error:
        fail(error)
    passed = sum(bool(report) for report in reports.values())
    for note in dict.fromkeys(getattr(one, "note", "") for one in reports.values()):
        if note:
            print(note)
    print(f"{passed} of {len(reports)} passed")
    raise typer.Exit(0 if passed == len(reports) else 1)


@learning.command()
def hint(
    exercise: Exercise,
    number: Annotated[int, typer.Option(metavar="N", help="Which one; each gives away more.")] = 1,
) -> None:
    """Show a hint for an exercise."""
    from course_lib.exercises import UnknownExercise
    from course_lib.exercises.cards import hint_card
    from course_lib.exercises.registry import get

    try:
        asked = get(exercise)
    except UnknownExercise as error:
        fail(error)
    if not 1 <= number <= len(asked.hints):
        fail(f"{exercise} has hints 1 to {len(asked.hints)}; {number} is none of them.")
    print(hint_card(asked, number, shell=True))


@learning.command()
def solution(exercise: Exercise) -> None:
    """Show the reference for an exercise."""
    from course_lib.exercises import UnknownExercise
    from course_lib.exercises.cards import solution_card
    from course_lib.exercises.registry import get

    try:
        print(solution_card(get(exercise)))
    except UnknownExercise as error:
        fail(error)


@learning.command()
def audit_gpu(
    notebook: Annotated[
        Path | None,
        typer.Argument(help="Your notebook; by default the training steps of the course."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, last.")] = False,
) -> None:
    """Look whether what you wrote, or every training step of the course, would run on a GPU.

    Needs no GPU: it asks which kernels TensorFlow has for each operation.
    """
    if notebook is None:
        from course_lib.training.gpu_audit import main

        raise typer.Exit(main(as_json))
    from course_lib.notebook_audit import main as audit
    from course_lib.notebook_check import NotebookError

    try:
        code = audit(notebook, as_json)
    except NotebookError as error:
        fail(error)
    raise typer.Exit(code)


def _to_type_for_help(report: "Report") -> str:
    """The command for the hint that fits: a shell's next process won't know what was found."""
    from course_lib.exercises.next_hint import next_hint

    number = next_hint(report.exercise.hints, report.found, ())
    return f"course hint {report.exercise.id}" + (f" --number {number}" if number > 1 else "")


def _print_news(news: list) -> None:
    """Say what a newer release changes in notebooks that hold work; each time, until it's done."""
    for one in news:
        print(f"\n{one.name} has a newer release:")
        _print_changes(one.changes)
        if one.beside is None:
            print("  `course start` puts it into your copy; what you wrote stays.")
        else:
            print(f"  It is {one.beside.name}. Take over what you want, then delete it.")


def _print_changes(changes: tuple[str, ...]) -> None:
    for line in changes or ("nothing in its text and code",):
        print(f"  - {line}")


def _print_progress(copy: Path) -> None:
    from rich.console import Console
    from rich.text import Text

    from course_lib.exercises.progress import by_chapter
    from course_lib.exercises.progress import done as is_done
    from course_lib.exercises.report import NOT_RIGHT, PASSED, SYMBOLS

    console = Console(soft_wrap=True, highlight=False)  # without a terminal: plain text
    console.print(Text(f"Progress in {copy}"))
    for chapter, outcomes in by_chapter(copy):
        done, total = sum(map(is_done, outcomes.values())), len(outcomes)
        filled = 20 * done // total
        bar = "█" * filled + "░" * (20 - filled)
        console.print(Text(f"\n{chapter.title:<30}  {bar}  {done} of {total}", "bold"))
        for name, outcome in outcomes.items():
            kind = PASSED if is_done(outcome) else outcome
            style = {PASSED: "green", NOT_RIGHT: "yellow"}.get(kind, "dim")
            console.print(Text(f"  {SYMBOLS.get(kind, '·')} {name:<28}{outcome}", style))
