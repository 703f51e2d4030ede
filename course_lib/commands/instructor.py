"""What `course` offers to instructors."""

from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from course_lib.command_help import Group
from course_lib.commands.fail import fail
from course_lib.cores import allowed
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
ci = typer.Typer(
    cls=Group, help="For instructors: the course in a CI service.", no_args_is_help=True
)
teaching.add_typer(ci, name="ci")

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
        fail(f"this needs Linux or macOS, with {error.name}.")
    except (BadUsage, UnknownExercise) as error:
        fail(shown_lines(error))
    except BrokenPipeError:  # `| head` has seen enough
        raise
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        fail(f"{where}{error.strerror or error}.", code=1)
    raise typer.Exit(code)


@teaching.command()
def validate(
    submissions: Annotated[
        list[Path],
        typer.Argument(
            metavar="SUBMISSION",
            help="A class: a folder or zip of students' folders, zips or notebooks, or a "
            "platform's download. Or single ones of those.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            callback=may_be_a_folder,
            help="Folder for the results; what is there is kept.",
        ),
    ] = None,
    list_only: Annotated[
        bool, typer.Option("--list", help="Show who would be graded with what; run nothing.")
    ] = False,
    by: Annotated[
        str, typer.Option(metavar="REGEX", help="What in a file's path names the student.")
    ] = "",
    jobs: Annotated[
        int,
        typer.Option(
            min=1, metavar="N", help="Submissions at the same time; by default one a core."
        ),
    ] = allowed(),
    shard: Annotated[
        str, typer.Option(metavar="I/N", help="Only part I of N, to share a class out.")
    ] = "1/1",
    scheduler: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Grade on this Dask cluster, not here.")
    ] = "",
    time_limit: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", help="Seconds that a call of a student's function may take."
        ),
    ] = 10.0,
    submission_limit: Annotated[
        float,
        typer.Option(metavar="SECONDS", help="Seconds that all of a student's work may take."),
    ] = 600.0,
    memory_limit: Annotated[
        int, typer.Option(metavar="MB", help="MB that a student's code may take.")
    ] = 1024,
    cases: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Your own hidden cases: JSON, kept outside the course."),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Points by exercise: JSON, 1 where it says nothing."),
    ] = None,
    exercise: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only this one; may be given several times."),
    ] = None,
    merge: Annotated[
        bool, typer.Option("--merge", help="The arguments are --out folders to put together.")
    ] = False,
    no_sandbox: Annotated[
        bool, typer.Option("--no-sandbox", help="Run students' code without any wall. Dangerous.")
    ] = False,
) -> None:
    """For instructors: validate a class's notebooks in a sandbox.

    Run it again after a stop: what is graded stays graded. Exits with 0 if everything was graded,
    whatever the grades; with 1 if something could not be.
    """
    try:
        from course_lib.instructor.command.command_line import run
    except ModuleNotFoundError as error:  # fcntl, which Windows has not
        fail(f"Validation needs Linux, and this Python has no {error.name}. On Windows, use WSL.")

    code = run(
        submissions,
        out,
        jobs,
        shard,
        time_limit,
        submission_limit,
        memory_limit,
        cases,
        weights,
        exercise or [],
        no_sandbox,
        merge,
        scheduler,
        by,
        list_only,
    )
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


@ci.command("init")
def ci_init(
    folder: Annotated[Path, typer.Argument(help="The repository.")] = Path("."),
) -> None:
    """Write a workflow for GitHub Actions: tests, book, and validation of submissions."""
    from course_lib.instructor.command.ci_workflow import init
    from course_lib.instructor.errors import BadUsage

    try:
        print(f"Wrote {init(folder)}. Read it, then commit it.")
    except BadUsage as error:
        fail(error)
