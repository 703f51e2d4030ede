"""What the projects' references have in common: how their arrays are judged."""

from typing import Any

import numpy as np

from course_lib.data.held_back import SPLITS
from course_lib.exercises.projects.arrays import read_hand_in
from course_lib.exercises.projects.proving import as_file
from course_lib.exercises.registry import get

SEED = 0  # of the held-back data that a stored result was judged on


def judged(project_id: str, arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    """The mark and the score of a hand-in, on the check's data and on the validation's.

    Without the check's limit on time, which a busy machine could exceed after a long training.

    Raises:
        BadArrays: if the arrays aren't allowed.
    """
    project = get(project_id)
    weights = read_hand_in(as_file(arrays), project.file).weights
    project.fits(weights)
    found: dict[str, Any] = {}
    for split in SPLITS:
        score = project.score(project.reference, weights, project.held_back(split, SEED))
        found[split] = {"mark": project.mark(score), "score": round(score, 4)}
    return found
