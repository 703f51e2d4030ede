"""What the projects' references have in common: how their arrays are judged."""

from typing import Any

import numpy as np

from course_lib.data.held_back import SPLITS
from course_lib.exercises.projects.judging import judge_project
from course_lib.exercises.projects.proving import as_file
from course_lib.exercises.registry import get

SEED = 0  # of the held-back data that a stored result was judged on


def judged(project_id: str, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """The mark and the score of a hand-in, on the check's data and on the validation's."""
    project = get(project_id)
    found: dict[str, Any] = {}
    for split in SPLITS:
        batches = project.held_back(split, SEED)
        report = judge_project(project, project.reference, as_file(arrays), batches)
        measured = report.measured
        found[split] = {
            "mark": report.mark,
            "score": round(measured.score, 4) if measured else None,
            "sentence": report.sentence,
        }
    return found
