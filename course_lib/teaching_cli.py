"""What `course` offers to instructors beside `validate`."""

import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from course_lib.command_help import Group
from course_lib.output_paths import may_be_a_folder

teaching = typer.Typer()
gradescope = typer.Typer(
    cls=Group, help="For instructors: the course as an autograder.", no_args_is_help=True
)
teaching.add_typer(gradescope, name="gradescope")
exporting = typer.Typer(
    cls=Group, help="For instructors: the course for other graders.", no_args_is_help=True
)
teaching.add_typer(exporting, name="export")

Results = Annotated[Path, typer.Argument(metavar="RESULTS", help="An --out folder of `validate`.")]


def _run(module: str, function: str, *arguments) -> None:
    """Run a function of `instructor.command`; what it can't do is said in one line."""
    from course_lib.exercises.registry import UnknownExercise
    from course_lib.instructor.command.shown import shown_lines
    from course_lib.instructor.errors import BadUsage

    try:
        command = getattr(import_module(f"course_lib.instructor.command.{module}"), function)
        code = command(*arguments)
    except ModuleNotFoundError as error:  # fcntl, which Windows has not
        print(f"course: this needs Linux or macOS, with {error.name}.", file=sys.stderr)
        code = 2
    except (BadUsage, UnknownExercise) as error:
        print(f"course: {shown_lines(error)}", file=sys.stderr)
        code = 2
    except BrokenPipeError:  # `| head` has seen enough
        raise
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"course: {where}{error.strerror or error}.", file=sys.stderr)
        code = 1
    raise typer.Exit(code)


@teaching.command()
def similar(
    submissions: Annotated[
        list[Path], typer.Argument(metavar="SUBMISSION", help="A class, as for `validate`.")
    ],
    by: Annotated[
        str, typer.Option(metavar="REGEX", help="What in a file's path names the student.")
    ] = "",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A page with the code side by side (HTML).")
    ] = None,
) -> None:
    """For instructors: list students whose code is alike beyond what the task explains.

    It compares text and runs nothing. It gives no verdict: look at each pair yourself.
    """
    _run("similar", "show_similar", submissions, by, out)


@teaching.command()
def grades(
    results: Results,
    platform: Annotated[str, typer.Option("--for", metavar="PLATFORM", help="moodle or canvas.")],
    class_list: Annotated[
        Path, typer.Option(metavar="FILE", help="The class list that the platform exports, as CSV.")
    ],
    column: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="The column to fill in, one of the class list's or a new one; on Canvas, the "
            "assignment's name.",
        ),
    ] = "",
    maximum: Annotated[
        str,
        typer.Option(
            metavar="COLUMN|NUMBER",
            help="What all points are worth there: the column that says it, or a number.",
        ),
    ] = "",
    match: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="A column of the class list that says who is who; may be given several times.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="By default RESULTS/grades-PLATFORM.csv.")
    ] = None,
) -> None:
    """For instructors: write the grades as a table for Moodle or Canvas to import.

    Says who could not be matched with the class list, and exits with 1 if there is anybody.
    """
    columns = tuple(match or ())
    _run("grades", "write_grades", results, platform, class_list, column, columns, out, maximum)


@teaching.command()
def weeks(
    results: Annotated[
        list[Path],
        typer.Argument(metavar="RESULTS", help="--out folders of `validate`, one for each week."),
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The page to write.")] = Path(
        "weeks.html"
    ),
) -> None:
    """For instructors: show a class over several weeks on one page.

    Who is stuck where, which mistakes spread, and which sentences did not help.
    """
    _run("weeks", "write_weeks", results, out)


@gradescope.callback()
def _group() -> None:
    """For instructors: the course as an autograder on Gradescope."""


@gradescope.command("init")
def gradescope_init(
    out: Annotated[Path, typer.Option(metavar="FILE", help="The zip to write.")] = Path(
        "autograder.zip"
    ),
    exercise: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this one; may be given several times."),
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Points by exercise, as for `validate`.")
    ] = None,
    cases: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Your own hidden cases, as for `validate`.")
    ] = None,
    submission_limit: Annotated[
        float, typer.Option(metavar="SECONDS", help="Less than the limit set on Gradescope.")
    ] = 480.0,
) -> None:
    """Write an autograder for Gradescope: a zip that grades an upload as `validate` does."""
    _run(
        "gradescope_bundle", "write_bundle",
        out, tuple(exercise or ()), weights, cases, submission_limit,
    )  # fmt: skip


@exporting.callback()
def _exporting() -> None:
    """For instructors: the exercises in the form of another grader."""


@exporting.command("nbgrader")
def export_nbgrader(
    folder: Annotated[
        Path, typer.Argument(callback=may_be_a_folder, help="Folder of the nbgrader course.")
    ],
    weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Points by exercise, as for `validate`.")
    ] = None,
) -> None:
    """Write the exercises as assignments of nbgrader, one for each notebook."""
    _run("nbgrader_export", "export", folder, weights)
