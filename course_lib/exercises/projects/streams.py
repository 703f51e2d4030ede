"""Run a function that learns step by step, and weigh what it hands on from one step to the next."""

import secrets
import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from course_lib.exercises.calling.guard import OUT_OF_TIME, Unusable, forget, limit
from course_lib.exercises.projects.project import Weights

SOME = 25  # steps: a window that is being filled grows as long


def learn_along(
    function: Callable, weights: Weights, x: np.ndarray, name: str, most_bytes: int
) -> np.ndarray:
    """The predictions along streams, while the function learns from them.

    What it remembers goes through this loop, so its memory is what stands in `weights`. Two steps
    are taken twice, drawn by lot, one of them in the last quarter; in a sandbox another process
    takes them, which can't know the first answer. A prediction that depends on what is kept
    elsewhere shows, because the second one differs. An update that does is not seen: it may draw
    at random, as perturbations do, and then it differs too.

    Args:
        function: from weights and the inputs of a step (batch, m) to outputs of the same shape and
            the weights for the next step.
        weights: for the first step.
        x: inputs (batch, T, m).
        name: of the function, for messages.
        most_bytes: that the weights may take.

    Returns:
        Outputs (batch, T, m).

    Raises:
        Unusable: if it hands on more than that, or more at every step, keeps something elsewhere,
            gives another shape, or takes too long for all steps together.
    """
    outputs, sizes, seen = [], [], {}
    again = _drawn(x.shape[1])
    began = time.process_time()
    for t in range(x.shape[1]):
        now = x[:, t].copy()  # a view would show what comes later
        with limit.time_limit(limit.TIME_LIMIT):
            output, after = function(weights, now.copy())
        if time.process_time() - began > limit.TIME_LIMIT:
            raise Unusable(
                f"{name} took more than {limit.TIME_LIMIT:.0f} seconds for {t + 1:,} of "
                f"{x.shape[1]:,} steps: do less at each step, with fewer units or fewer traces.",
                OUT_OF_TIME,
            )
        if output.shape != now.shape:
            raise Unusable(
                f"For inputs of shape {now.shape}, which are those of one step, {name} gave "
                f"{output.shape}; it should give {now.shape}."
            )
        size = sum(_bytes(*item) for item in after.items())
        if size > most_bytes:
            raise Unusable(
                f"After {t + 1} steps {name} hands on {size:,} bytes, names and shapes included; "
                f"{most_bytes:,} are the most. A tape grows with every step: what do the traces "
                "keep in its place?"
            )
        sizes.append(size)
        if t in again:
            seen[t] = weights, now, output
        weights = after
        outputs.append(output)
    if problem := _growing(sizes, name):
        raise Unusable(problem)
    forget(function)
    for before, now, output in seen.values():
        if not np.array_equal(function(before, now)[0], output, equal_nan=True):
            raise Unusable(
                f"{name} gives another answer when the same step is taken again: it keeps "
                "something outside of the weights that it returns. Hand all of it on in that dict."
            )
    return np.stack(outputs, axis=1)


def _growing(sizes: list[int], name: str) -> str:
    """What to say where most of the last steps handed on more than the step before them."""
    last = sizes[-max(2, len(sizes) // 4) :]
    if len(last) < SOME or np.mean([after > before for before, after in pairwise(last)]) < 0.5:
        return ""
    return (
        f"{name} hands on {last[0]:,} bytes after {len(sizes) - len(last) + 1:,} steps and "
        f"{last[-1]:,} after {len(sizes):,}. That is a tape, and a stream has no end: what do the "
        "traces keep in its place?"
    )


def _drawn(steps: int) -> set[int]:
    """Two steps, one of them in the last quarter."""
    last = max(1, steps // 4)
    before = steps - last
    return {secrets.randbelow(max(1, before)), before + secrets.randbelow(last)}


def _bytes(name: str | int, array: np.ndarray) -> int:
    """What is handed on with an array: a name or a shape can be a tape as well."""
    own = name.bit_length() // 8 + 1 if isinstance(name, int) else 4 * len(str(name))
    return array.nbytes + own + 8 * array.ndim
