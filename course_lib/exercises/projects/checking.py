"""A learner's own check of a project: the file beside the notebook, and data of the check's own."""

import secrets
from collections.abc import Callable
from pathlib import Path

from course_lib.exercises.projects.arrays import LARGEST
from course_lib.exercises.projects.judging import judge_project
from course_lib.exercises.projects.outside import data_from_outside, nothing_opened
from course_lib.exercises.projects.project import Project
from course_lib.exercises.projects.report import ProjectReport
from course_lib.exercises.report import NOT_RIGHT


def check_project(project: Project, function: Callable) -> ProjectReport:
    """The report on what lies in the current folder and on the learner's function.

    The inputs are drawn anew each time, so that a stored answer is of no use; the score differs a
    little from check to check.
    """
    if outside := data_from_outside(function):
        sentence = (
            f"{project.id} takes {', '.join(outside)} from the notebook, but it is judged with "
            f"weights and x alone: put what it needs into {project.file}, and read it from weights."
        )
        return ProjectReport(
            project, NOT_RIGHT, (), sentence, failed="all comes with the arguments"
        )
    batches = project.held_back("check", secrets.randbits(32))
    return judge_project(project, function, read(Path(project.file)), batches, nothing_opened)


def read(file: Path) -> bytes | None:
    """A file's content, or the beginning of one that is too large; None if it can't be had."""
    try:
        with open(file, "rb") as opened:
            return opened.read(LARGEST + 1)
    except OSError:
        return None
