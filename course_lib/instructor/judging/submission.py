"""One student's submission, from its bytes to verdicts as plain data."""

import re
import sys
from collections.abc import Callable
from dataclasses import replace

from course_lib.exercises.report import PASSED
from course_lib.instructor.intake.extract import Cells, Unreadable, extract
from course_lib.instructor.intake.read import PYTHON, Submission
from course_lib.instructor.intake.tree import File
from course_lib.instructor.judging.notebook import Judge
from course_lib.instructor.judging.verdict import MISSING, NOWHERE, Verdict
from course_lib.release import is_older

GRADED, UNREADABLE = "graded", "unreadable"
MOST_REMARKS = 100


def grade(submission: Submission, judge: Judge, wanted: list[str]) -> dict:
    """The verdict on each exercise that is asked for.

    Where a student has handed in an exercise twice, in two notebooks, the better one counts.

    Args:
        submission: loaded.
        judge: what judges.
        wanted: ids.

    Raises:
        NoSandbox: if the sandbox is gone.
    """
    judge.begin()
    remarks = list(submission.remarks)
    notebooks: list[tuple[str, Cells]] = []
    for name, content in submission.notebooks:
        try:
            cells = extract(content)
        except Unreadable as problem:
            remarks.append(f"{name} can't be read: {problem}.")
            continue
        notebooks.append((name, cells))
        remarks += [f"{name}: {one}" for one in cells.remarks]
    if not submission.notebook_names():  # of one that was left out, it is said why
        # Where something couldn't be looked into, nobody knows what else there is.
        none = "No notebook was found in it." if submission.found else "There is no notebook in it."
        remarks.append(none)
    notebooks, about = _without_solutions(notebooks)
    remarks += about
    best: dict[str, Verdict] = {}
    for name, cells in notebooks:
        asked = [one for one in wanted if _may_hold(one, cells)]
        if not asked:
            continue
        beside = submission.arrays_beside(name)
        modules = submission.modules_beside(name, cells.code)
        remarks += _packages(submission, name, [*dict(cells.code).values(), *modules.values()])
        found = judge.notebook(name, cells.code, cells.roles, asked, beside, modules)
        remarks += [f"{name}: {one}" for one in found["remarks"]]
        remarks += _newer_python(name, cells.python, found["remarks"])
        for verdict in found["verdicts"]:
            _keep_the_better(best, replace(verdict, notebook=name))
    if notebooks and all(verdict.outcome == MISSING for verdict in best.values()):
        which = "Its notebook holds" if len(notebooks) == 1 else "None of its notebooks holds"
        none = " none of the exercises" if len(notebooks) == 1 else " any of the exercises"
        remarks.insert(0, f"{which}{none} that were asked for.")
    nowhere = _why_nowhere(notebooks)
    verdicts = [best.get(one, Verdict(one, MISSING, nowhere)) for one in wanted]
    return {
        "student": submission.student,
        "status": GRADED if notebooks else UNREADABLE,
        "notebooks": [name for name, _ in notebooks],
        "releases": {name: cells.release for name, cells in notebooks if cells.release},
        "exercises": [verdict.as_dict() for verdict in verdicts],
        "remarks": _first(list(dict.fromkeys(remarks))),
    }


def _without_solutions(
    notebooks: list[tuple[str, Cells]],
) -> tuple[list[tuple[str, Cells]], list[str]]:
    """What counts, and remarks: in a whole checkout of the course lie its solutions too."""
    solutions = [name for name, cells in notebooks if cells.is_solution]
    own = [(name, cells) for name, cells in notebooks if not cells.is_solution]
    left = " and was left out" if own else ""
    about = [f"{name} is the course's own notebook of solutions{left}." for name in solutions]
    return own or notebooks, about


def _why_nowhere(notebooks: list[tuple[str, Cells]]) -> str:
    """What is said of an exercise that is missing, which may be newer than what was handed in."""
    older = sorted({cells.release for _, cells in notebooks if is_older(cells.release)})
    if not older:
        return NOWHERE
    return f"{NOWHERE} It may be newer than release {' or '.join(older)}."


def _newer_python(notebook: str, python: tuple[int, ...], said: list[str]) -> list[str]:
    """A remark if what is a syntax error here may be none where the notebook was written."""
    ours = sys.version_info[:2]
    if python <= ours or not any("syntax error" in one for one in said):
        return []
    theirs, ours = (".".join(map(str, one)) for one in (python, ours))
    return [
        f"{notebook}: it was saved with Python {theirs} and is read with {ours}, for which newer "
        "syntax is an error. Grade it with the newer Python too before you decide."
    ]


def _packages(submission: Submission, notebook: str, sources: list[str]) -> list[str]:
    """A remark for each folder beside a notebook that is imported: only files are read."""
    folder = notebook.rpartition("/")[0]
    inside = f"{folder}/" if folder else ""
    below = [file.name[len(inside) :] for file in submission.sources if _is_python(file, inside)]
    packages = sorted({name.split("/")[0] for name in below if "/" in name})
    told = "\n".join(sources)
    return [
        f"{notebook}: the folder {one} beside it can't be imported here, only single files can. "
        f"Put its code into {one}.py beside the notebook, or into the notebook."
        for one in packages
        if one.isidentifier() and re.search(rf"^[ \t]*(?:from|import)\s+{one}\b", told, re.M)
    ]


def _is_python(file: File, folder: str) -> bool:
    return file.name.startswith(folder) and file.name.endswith(PYTHON)


def _first(remarks: list[str]) -> list[str]:
    left = len(remarks) - MOST_REMARKS
    return [*remarks[:MOST_REMARKS], f"There are {left} more remarks."] if left > 0 else remarks


def _may_hold(one: str, cells: Cells) -> bool:
    """Whether a notebook may answer an exercise: by a role, or by its name, however written."""
    plain = one.replace("_", "").lower()
    return one in cells.roles.values() or any(
        plain in source.replace("_", "").lower() for _, source in cells.code
    )


def _keep_the_better(best: dict[str, Verdict], new: Verdict) -> None:
    old = best.get(new.exercise)
    if old is None or old.outcome == MISSING:
        best[new.exercise] = new
        return
    if new.outcome == MISSING:
        return
    rank: Callable = lambda v: (v.outcome == PASSED, v.held)  # noqa: E731
    better, other = (new, old) if rank(new) > rank(old) else (old, new)
    note = f"Handed in twice: {better.notebook} counts, not {other.notebook}."
    best[new.exercise] = replace(better, remarks=[*better.remarks, note])
