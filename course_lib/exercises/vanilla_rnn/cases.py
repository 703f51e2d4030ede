"""The weights that exercises on a vanilla RNN with a readout share."""

from course_lib.exercises.exercise import Arrays
from course_lib.exercises.ladder.rungs import irregular


def classifier() -> Arrays:
    """Three inputs, four units and five classes; every weight is different."""
    return {
        "W_xh": irregular(3, 4, shift=2),
        "W_hh": irregular(4, 4, shift=3, scale=0.7),
        "b_h": irregular(4, shift=4, scale=0.5),
        "W_hy": irregular(4, 5, shift=5),
        "b_y": irregular(5, shift=6, scale=0.5),
    }
