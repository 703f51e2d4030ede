"""The verdict on a project: the learner's own check, with data that no student has seen."""

from course_lib.exercises.calling.guard import RAISED
from course_lib.exercises.projects.judging import judge_project, takes_from_outside
from course_lib.exercises.projects.project import Batch, Project
from course_lib.exercises.report import NOT_RIGHT
from course_lib.instructor.judging.verdict import Verdict
from course_lib.instructor.sandbox.remote_function import Remote


def project_verdict(
    project: Project, remote: Remote, content: bytes | None, batches: tuple[Batch, ...]
) -> Verdict:
    """The verdict, with the mark that was reached.

    Args:
        project: what was asked for.
        remote: the student's function.
        content: of the file with the student's arrays, or None.
        batches: held-back data.
    """
    if remote.can_do_without:
        report = judge_project(project, remote, content, batches)
    if not remote.can_do_without or (remote.brought and report.kind == RAISED):
        report = takes_from_outside(project, remote.brought)
    sentence = report.sentence
    if report.measured is not None:
        score, facts = project.read(report.measured.score), report.facts()
        reached = f"Mark {report.mark} of {len(project.marks)}: {score}."
        sentence = f"{sentence or reached} {facts['What goes wrong']} {facts['Try next']}"
    return Verdict(
        project.id,
        report.kind or report.outcome if report.outcome == NOT_RIGHT else report.outcome,
        sentence,
        mistake=report.mistake,
        held=report.mark,
        rungs=len(project.marks),
        failed=report.failed,
        mark=report.mark,
        score=report.measured.score if report.measured else None,
    )
