"""Judgements that the Keras cells of this chapter share."""

from collections.abc import Callable

from course_lib.exercises.exercise import Arrays, Problem, Rung


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
    """Each beginning is a flag under the sentence that is true of it."""
    for sentence, well in outputs.items():
        if not well:
            return Problem(f"A fresh cell doesn't begin as it should: {sentence}.")
    return None
