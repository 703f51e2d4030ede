"""Which inputs an answer was trained on, where it is lost on those that the judge has."""

import time
from collections.abc import Callable

import numpy as np

from course_lib.exercises.projects.project import Batch, Project, View

FIRST = 250  # inputs of each batch that are shown
FAR = 0.8  # of the way from chance to the first mark: who has come further was not misled
PATIENCE = 8.0  # seconds of the processor for all views together


def trained_on(
    project: Project,
    compute: Callable[[np.ndarray], np.ndarray | None],
    batches: tuple[Batch, ...],
    score: float,
) -> tuple[View, float] | None:
    """The way to show the inputs in which an answer reaches a mark, and its score there.

    Args:
        project: whose views are tried.
        compute: from inputs to outputs; None if there are none.
        batches: data that the learner hasn't seen.
        score: what came of them as they are.

    Returns:
        None if no view explains the score, or it needs no explanation.
    """
    if score > project.chance + FAR * (project.marks[0] - project.chance):
        return None
    few = tuple(Batch(batch.x[:FIRST], batch.y[:FIRST]) for batch in batches)
    until, best = time.process_time() + PATIENCE, None
    for view in project.views:
        if time.process_time() > until:
            break
        shown = [np.ascontiguousarray(view.change(batch.x), batch.x.dtype) for batch in few]
        if any(x.shape != batch.x.shape for x, batch in zip(shown, few, strict=True)):
            continue
        outputs = [compute(x) for x in shown]
        if any(one is None for one in outputs):
            continue
        reached = project.measure(few, outputs).score
        if project.mark(reached) and (best is None or reached > best[1]):
            best = view, reached
    return best
