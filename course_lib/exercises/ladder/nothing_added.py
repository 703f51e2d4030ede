"""Rungs of a layer, or a cell, that does no more than was asked of it; the judging half."""

from collections.abc import Callable

from course_lib.exercises.exercise import Arrays, Problem, Rung
from course_lib.exercises.ladder.rungs import matches


def only_what_was_asked(inputs: Callable[[], Arrays], call: Callable) -> Rung:
    """No penalty, no constraint, and nothing frozen: a layer is trained by the loss alone.

    Args:
        inputs: makes the inputs.
        call: gives what `cell_calls.added` finds.
    """

    def judge(_: Arrays, outputs: Arrays) -> Problem | None:
        if number := int(outputs["penalties"]):
            return Problem(
                f"After one call Keras finds {number} in the layer's `losses`, and adds as many "
                "penalties to the loss of every network that it is part of. They come from a "
                "regularizer or from add_loss, and nobody asked for them."
            )
        if number := int(outputs["constraints"]):
            return Problem(
                f"The number of weights with a constraint is {number}. After each step of training "
                "Keras would change them until the constraint holds, and nobody asked for one."
            )
        if not outputs["trainable"]:
            return Problem(
                "The layer says trainable=False, which nobody asked for: then nothing that is part "
                "of it is trained either, such as an activation with weights of its own."
            )
        return None

    return Rung("nothing is added that nobody asked for", inputs, judge, call)


def zeros_are_numbers(
    inputs: Callable[[], Arrays], right: Callable[[Arrays], Arrays], call: Callable
) -> Rung:
    """A step whose inputs are all zero is no padding: only a mask says what is.

    Args:
        inputs: makes the inputs, of which x is (batch, T, m) with T above 3.
        right: from the inputs to the right states.
        call: gives these states.
    """

    def with_zeros() -> Arrays:
        given = inputs()
        x = given["x"].copy()
        x[0, 1], x[-1, -1], x[:, 2] = 0, 0, 0
        return {**given, "x": x}

    return matches(
        "a step of zeros counts like any other",
        with_zeros,
        right,
        "At some steps all inputs are zero, once in the whole batch. That alone makes it no "
        "padding: Keras skips padding itself, and the mask says where it is.",
        call,
    )
