"""Rungs that see what a few small numbers, or one object alone, don't show; the judging half."""

from collections.abc import Callable

from course_lib.exercises.exercise import Arrays, Rung
from course_lib.exercises.ladder.graph_rungs import exactly
from course_lib.exercises.ladder.rungs import matches


def large_numbers(
    inputs: Callable[[], Arrays], right: Callable[[Arrays], Arrays], call: Callable
) -> Rung:
    """Nothing is limited on the way, in float64 to 1e-10: who clips what is large is right where
    all numbers are small.

    Args:
        inputs: makes the inputs, with large numbers among them.
        right: from the inputs to the right outputs.
        call: gives these outputs.
    """
    about = "Some of the numbers that came in are large."
    return exactly(matches("large numbers count in full", inputs, right, about, call))


def own_settings(
    inputs: Callable[[], Arrays], right: Callable[[Arrays], Arrays], call: Callable
) -> Rung:
    """What one object was made with doesn't change when another is made.

    Args:
        inputs: makes the inputs.
        right: from the inputs to the right outputs.
        call: gives these outputs, as with `cell_calls.followed` in place of the class.
    """
    about = (
        "Between making it and using it, another one was made, with other settings. What belongs "
        "to one of them is kept on self, not on the class, which they share."
    )
    return matches("its settings are its own", inputs, right, about, call)
