"""Would what a learner wrote run on a GPU? Asked of the traced graphs, on any machine."""

import json
from pathlib import Path

from course_lib.exercises.calling.guard import CappedOutput, NotWritten
from course_lib.exercises.ladder.climbing import climb, judge
from course_lib.exercises.ladder.graph_rungs import ON_A_GPU
from course_lib.exercises.registry import get
from course_lib.notebook_check import answers_in

BESIDE = "runs beside the GPU, and needs no kernels there"
MISSING = "is not in the notebook"
NOT_WRITTEN = "isn't written yet"


def audit_notebook(path: Path) -> dict[str, dict]:
    """What can be said about each *speed up* exercise of a notebook.

    Args:
        path: the notebook.

    Returns:
        For each id "operations", the kinds of them in its graph, and "failure": a sentence, empty
        if all is well; for a pipeline of data, "remark" alone.

    Raises:
        NotebookError: as in `answers_in`.
    """
    with answers_in(path, []) as (_, answers):
        return {
            one: _audit(one, answer)
            for one, answer in answers.items()
            if get(one).kind == "speed up"
        }


def _audit(one: str, answer) -> dict:
    exercise = get(one)
    rung = next((rung for rung in exercise.ladder if rung.name == ON_A_GPU), None)
    if rung is None:
        return {"remark": BESIDE}
    if answer is None:
        return {"operations": 0, "failure": MISSING}
    try:
        outcome = climb(exercise, rung, answer, CappedOutput())
    except NotWritten:
        return {"operations": 0, "failure": NOT_WRITTEN}
    problem = judge(rung, outcome)
    return {
        "operations": outcome.outputs["operations"] if outcome.outputs else 0,
        "failure": problem.sentence if problem else "",
        "remark": rung.remark({}, outcome.outputs) if problem is None else "",
    }


def main(path: Path, as_json: bool = False) -> int:
    """Audit a notebook and print what was found; the number to exit with.

    Args:
        path: the notebook.
        as_json: print what was found as one JSON object.

    Raises:
        NotebookError: as in `answers_in`.
    """
    found = audit_notebook(path)
    if as_json:
        print(json.dumps(found))
    elif not found:
        print(f"{path.name} has no exercise that is to be fast.")
    else:
        for one, audit in found.items():
            failure = audit.get("failure", "")
            said = failure or audit["remark"]
            print(f"{'✗' if failure else '✓'} {one}: {said}")
    return 1 if any(audit.get("failure") for audit in found.values()) else 0
