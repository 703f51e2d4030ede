"""A learner's own check of a project: the file beside the notebook, and data of the check's own."""

import secrets
from collections.abc import Callable
from pathlib import Path

from course_lib.exercises.calling.guard import RAISED
from course_lib.exercises.projects.arrays import LARGEST
from course_lib.exercises.projects.judging import judge_project, takes_from_outside
from course_lib.exercises.projects.opening import nothing_opened
from course_lib.exercises.projects.outside import as_before_a_call, data_from_outside
from course_lib.exercises.projects.project import Project
from course_lib.exercises.projects.report import ProjectReport


def check_project(project: Project, function: Callable) -> ProjectReport:
    """The report on what lies in the current folder and on the learner's function.

    The inputs are drawn anew each time, so that a stored answer is of no use; the score differs a
    little from check to check.
    """
    outside = data_from_outside(function)
    with as_before_a_call(function, outside) as possible:
        if possible:
            batches = project.held_back("check", secrets.randbits(32))
            content = read(Path(project.file))
            report = judge_project(project, function, content, batches, nothing_opened)
            if not outside or report.kind != RAISED:
                return report
    return takes_from_outside(project, outside)


def read(file: Path) -> bytes | None:
    """A file's content, or the beginning of one that is too large; None if it can't be had."""
    try:
        with open(file, "rb") as opened:
            return opened.read(LARGEST + 1)
    except OSError:
        return None
