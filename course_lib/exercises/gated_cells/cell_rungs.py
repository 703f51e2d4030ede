"""Judgements that the Keras cells of this chapter share."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from course_lib.exercises.exercise import Arrays, Problem, Rung
from course_lib.exercises.ladder.cell_calls import side_by_side
from course_lib.exercises.ladder.rungs import matches
from course_lib.scratch.gradcheck import numerical_gradient


def few_products(inputs: Callable[[], Arrays], most: dict[str, int], call: Callable) -> Rung:
    """One step has as few matrix products as it can have.

    Args:
        inputs: makes the inputs.
        most: for each name that the call gives, how many products that graph may have.
        call: from a name of `most` to the number of products, `cell_calls.products`.
    """

    def judge(_: Arrays, outputs: Arrays) -> Problem | None:
        for name, number in most.items():
            there = int(outputs[name])
            if there > number:
                return Problem(
                    f"{name} holds {there} matrix products; {number} are enough. A processor, and "
                    "still more a GPU, is faster with one wide product than with many narrow ones, "
                    "so compute what all gates need of the same thing at once, and cut afterwards."
                )
        return None

    return Rung("no product is computed in pieces", inputs, judge, call, by_verdict=True)


def begins_as_said(_: Arrays, outputs: Arrays) -> Problem | None:
    """Each beginning is a flag under a sentence, which says what it should be."""
    for sentence, well in outputs.items():
        if not well:
            return Problem(f"In a fresh cell this should be so, and isn't: {sentence}.")
    return None


def learns_from_all_steps(
    inputs: Callable[[], Arrays], states: Callable[[Arrays], Arrays], columns: str, call: Callable
) -> Rung:
    """The gradient of all states equals centred differences of the NumPy step's.

    Args:
        inputs: x and params; with b_state, the bias has two rows.
        states: from the inputs to the states "h", by NumPy.
        columns: the order in which the weights of `params` stand side by side.
        call: gives dW_x, dW_h and db as `cell_calls.through_time` does.
    """

    def right(given: Arrays) -> Arrays:
        def loss():
            return np.sum(states(given)["h"] ** 2) / 2

        grads = {name: numerical_gradient(loss, w) for name, w in given["params"].items()}
        dW_x, dW_h, db = side_by_side(grads, columns)
        if "b_state" in given:
            db = np.stack([db, numerical_gradient(loss, given["b_state"])])
        return {"dW_x": dW_x, "dW_h": dW_h, "db": db}

    rung = matches(
        "the gradient goes back through all steps",
        inputs,
        right,
        "The states are right, but training follows a gradient that is not theirs: something in "
        "call is kept from the tape.",
        call=call,
    )
    # Differences of an oracle with a mistake in it would tell nothing that the states don't.
    return replace(rung, right=None)
