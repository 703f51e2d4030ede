"""What `course` offers to contributors: the notebooks, and the proof of the checks."""

from pathlib import Path
from typing import Annotated

import typer

from course_lib.commands.fail import fail

contributing = typer.Typer()


@contributing.command()
def notebooks(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NOTEBOOK", help="Such as 03-gated-cells; by default all."),
    ] = None,
    only_check: Annotated[
        bool, typer.Option("--check", help="Write nothing; fail if a notebook is out of date.")
    ] = False,
) -> None:
    """For contributors: write notebooks from their source, and run the solutions."""
    try:
        from course_lib.authoring.notebooks import UnknownNotebook, main
    except ModuleNotFoundError as error:
        fail(f"This needs {error.name}, which comes with course-lib's extra 'test'.", code=1)
    try:
        code = main(only_check, names=names or [])
    except UnknownNotebook as error:
        fail(error)
    raise typer.Exit(code)


@contributing.command()
def prove(
    exercises: Annotated[
        list[str] | None, typer.Argument(metavar="EXERCISE", help="Ids; by default all.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the counts as JSON, last.")
    ] = False,
    measure: Annotated[
        bool,
        typer.Option("--measure", help="Store what checks take, and where mistakes fall."),
    ] = False,
    at_most: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="N of each one's wrong and right answers, by lot."),
    ] = None,
    mutants: Annotated[
        bool,
        typer.Option(
            "--mutants",
            help="Break each reference in every small way instead; not those of projects.",
        ),
    ] = False,
) -> None:
    """For contributors: prove the checks against wrong and right answers."""
    from course_lib.exercises import UnknownExercise
    from course_lib.exercises.proving.prove import main

    if mutants:
        from course_lib.exercises.proving.survivors import main as break_references

        try:
            code = break_references(as_json, exercises or [])
        except UnknownExercise as error:
            fail(error)
        raise typer.Exit(code)

    seconds = Path("benchmarks") / "results" / "check-seconds.json" if measure else None
    if seconds and not seconds.parent.is_dir():
        fail(f"--measure writes {seconds}: run it in the folder of the course's checkout.")
    try:
        code = main(as_json, seconds, exercises or [], at_most)
    except UnknownExercise as error:
        fail(error)
    raise typer.Exit(code)
