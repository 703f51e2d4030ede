"""Run a function that learns step by step, and weigh what it hands on from one step to the next."""

from collections.abc import Callable

import numpy as np

from course_lib.exercises.calling.guard import Unusable, forget
from course_lib.exercises.projects.project import Weights


def learn_along(
    function: Callable, weights: Weights, x: np.ndarray, name: str, most_bytes: int
) -> np.ndarray:
    """The predictions along streams, while the function learns from them.

    All that it remembers goes through this loop, so its memory is what stands in `weights`. A step
    in the middle is taken twice: what is kept elsewhere shows, because the second answer differs.
    In a sandbox another process takes it, which can't know the first answer.

    Args:
        function: from weights and the inputs of a step (batch, m) to outputs (batch, c) and the
            weights for the next step.
        weights: for the first step.
        x: inputs (batch, T, m).
        name: of the function, for messages.
        most_bytes: that the weights may take.

    Returns:
        Outputs (batch, T, c).

    Raises:
        Unusable: if it hands on more than that, or keeps something elsewhere.
    """
    outputs = []
    middle = x.shape[1] // 2
    for t in range(x.shape[1]):
        output, after = function(weights, x[:, t])
        size = sum(array.nbytes for array in after.values())
        if size > most_bytes:
            raise Unusable(
                f"After {t + 1} steps {name} hands on {size:,} bytes; {most_bytes:,} are the most. "
                "A tape grows with every step: what do the traces keep in its place?"
            )
        if t == middle:
            seen = weights, output
        weights = after
        outputs.append(output)
    forget(function)
    again, _ = function(seen[0], x[:, middle])
    if not np.array_equal(again, seen[1], equal_nan=True):
        raise Unusable(
            f"{name} gives another answer when the same step is taken again: it keeps something "
            "outside of the weights that it returns. Hand all of it on in that dict."
        )
    return np.stack(outputs, axis=1)
