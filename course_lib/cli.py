"""The command `course`. Each verb loads what it needs when it runs, so that help is instant."""

# The first thing, as the rest takes a moment: Ctrl-C while it loads is one line too.
from course_lib import interrupted

if interrupted.is_program(__name__, "course"):
    interrupted.end_at_once("course")

import os
from typing import Annotated

import typer

from course_lib import __version__
from course_lib.command_help import Group
from course_lib.commands.contributor import contributing
from course_lib.commands.fail import fail
from course_lib.commands.instructor import teaching
from course_lib.commands.learner import learning
from course_lib.commands.results import results
from course_lib.hindrances import locked_out
from course_lib.streams import line_by_line, take_any_letter, take_any_width

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's start-up notes
os.environ["KERAS_BACKEND"] = "tensorflow"  # whatever else Keras runs on in programs of one's own

app = typer.Typer(
    cls=Group,
    name="course",
    help="Recurrent networks, built by hand: set up, do the exercises, check what you wrote.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_show_locals=False,
)
for offered in (learning, teaching, results, contributing):
    app.add_typer(offered)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"course-lib {__version__}")
        raise typer.Exit


@app.callback()
def course(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Recurrent networks, built by hand: set up, do the exercises, check what you wrote."""
    take_any_letter()
    take_any_width()
    line_by_line()
    try:
        os.getcwd()
    except FileNotFoundError:
        fail("The folder that you are in was deleted: go to another one first, such as `cd ~`.")
    if problem := locked_out():
        fail(problem)


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Look whether this machine has what the course needs."""
    from course_lib.doctor import main

    raise typer.Exit(main(as_json))


if __name__ == "__main__":
    app()
