"""The inputs that the exercises of the gated cells share, and a judgement of random answers."""

import numpy as np

from course_lib.exercises.exercise import Arrays
from course_lib.exercises.ladder.rungs import irregular

LOG_3 = float(np.log(3.0))  # a gate that sees it is 3/4 open; it sees the negative, 1/4
# A gate that sees them is 1, or 0; np.exp of the first is inf, and inf / inf is no gate.
OPEN, SHUT = 1000.0, -1000.0
GRU, LSTM = "rzh", "ifoc"


def weights(letters: str, m: int, n: int, shift: float = 0.0) -> Arrays:
    """Weights of a cell, every one different, for each letter W_x (m, n), W_h (n, n), b (n,)."""
    params = {}
    for k, g in enumerate(letters):
        params[f"W_x{g}"] = irregular(m, n, shift=shift + 3 * k + 2, scale=0.9)
        params[f"W_h{g}"] = irregular(n, n, shift=shift + 3 * k + 3, scale=0.8)
        params[f"b_{g}"] = irregular(n, shift=shift + 3 * k + 4, scale=0.5)
    return params


def one_unit_weights(letters: str, **given: float) -> Arrays:
    """Weights of one input and one unit: all zero but the given ones."""
    shapes = {"W_x": (1, 1), "W_h": (1, 1), "b_": (1,)}
    return {
        f"{kind}{g}": np.full(shape, given.get(f"{kind}{g}", 0.0))
        for g in letters
        for kind, shape in shapes.items()
    }


def step_inputs(batch: int, m: int, n: int, memory: bool) -> Arrays:
    """Input and old state of one step, and the old memory if there is one."""
    inputs = {
        "x_t": irregular(batch, m),
        "h_prev": irregular(batch, n, shift=1, scale=0.8),
    }
    if memory:
        inputs["c_prev"] = irregular(batch, n, shift=7, scale=1.5)
    return inputs
