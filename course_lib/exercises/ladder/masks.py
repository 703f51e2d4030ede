"""What all masks have in common whose entries fall by chance, each on its own."""

from collections.abc import Callable

import numpy as np

from course_lib.exercises.exercise import Arrays, Problem, Rung

# Standard errors that a share may be off, of which there are at most 0.5 / sqrt(entries).
FAR = 8
APART = (1, 2)  # how far apart neighbours are, and half of an axis besides


def on_their_own(
    inputs: Callable[[], Arrays],
    call: Callable[[Callable, Arrays], Arrays],
    probability: Callable[[Arrays], float],
) -> Rung:
    """Nothing about an entry says whether another one falls, in the same mask or in the next.

    Args:
        inputs: makes the inputs.
        call: gives "dropped", masks of one generator on top of each other, True where an entry is
            dropped. Five at least: of 4,000 entries, two masks in a hundred drop equally many.
        probability: from the inputs to the probability that an entry is dropped, not 0 or 1.
    """

    def judge(given: Arrays, outputs: Arrays) -> Problem | None:
        return tied(np.asarray(outputs["dropped"]), probability(given))

    # Which entries fall depends on how an answer draws: two wrong ones show no equal masks.
    return Rung("no entry says what becomes of another", inputs, judge, call, by_verdict=True)


def tied(dropped: np.ndarray, probability: float) -> Problem | None:
    """What ties entries of masks together, None if nothing does.

    Args:
        dropped: True where an entry is dropped, shape (masks, ...).
        probability: that an entry is.
    """
    counts = dropped.reshape(len(dropped), -1).sum(axis=1)
    if len(set(counts.tolist())) == 1:
        return Problem(
            f"Exactly {counts[0]} of {dropped[0].size} entries are dropped, call after call: if "
            "each falls on its own, their number is left to chance as well."
        )
    by_chance = probability**2 + (1 - probability) ** 2
    for axis in range(dropped.ndim):
        along = np.moveaxis(dropped, axis, 0)
        half = len(along) // 2
        what = "of a call" if axis == 0 else f"along axis {axis - 1}"
        if half == 0:
            continue
        for part in (along[:half], along[half:]):
            if _far(part.mean(), probability, part.size):
                return Problem(
                    f"Where an entry stands {what} says how likely it is to be dropped: in one "
                    f"half {part.mean():.2f} of them are, and it should be {probability:.2f} "
                    "everywhere."
                )
        for step in {*APART, half} & set(range(1, len(along))):
            same = along[step:] == along[:-step]
            if _far(same.mean(), by_chance, same.size):
                return Problem(
                    f"Two entries that are {step} apart {what} are dropped or kept together in "
                    f"{same.mean():.2f} of all cases; by chance it would be {by_chance:.2f}. Each "
                    "entry falls on its own: leave its draw where it is, and use it once."
                )
    return None


def _far(share: float, expected: float, entries: int) -> bool:
    return abs(share - expected) > FAR * 0.5 / np.sqrt(entries)
