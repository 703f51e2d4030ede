"""The rung of a layer, or a cell, that is made again from its configuration; the judging half."""

from collections.abc import Callable
from typing import Any

import numpy as np

from course_lib.exercises.exercise import Arrays, Problem, Rung
from course_lib.exercises.ladder.rungs import unlike


def same_when_loaded(
    kind: str,
    inputs: Callable[[], Arrays],
    settings: Callable[[Arrays], Arrays],
    call: Callable,
    right: Callable[[Arrays], Arrays] = lambda _: {},
) -> Rung:
    """Saved and loaded it is the same, whatever the class was called with.

    Args:
        kind: "cell" or "layer", for sentences.
        inputs: makes the inputs.
        settings: from the inputs to what the class was called with, argument by argument; none
            of it is what the class takes by itself.
        call: gives "refused" and, unless it is refused, each of the settings as the loaded one
            shows it by what it does, and what it computes; see `cell_calls.loaded`.
        right: from the inputs to what it computes.
    """

    def judge(given: Arrays, outputs: Arrays) -> Problem | None:
        if outputs["refused"]:
            return not_made_again(kind, outputs["refused"])
        for name, value in settings(given).items():
            if not _equal(outputs[name], value):
                return _lost(kind, name, value)
        if not outputs["name kept"]:
            return lost_by_keras(kind, "name")
        problem = unlike(outputs, right(given))
        return problem and Problem(
            f"Saved and loaded, and given the same weights, the {kind} computes something else. "
            f"{problem.sentence}",
            problem.details,
            problem.errors,
        )

    return Rung(f"saved and loaded, it is the same {kind}", inputs, judge, call)


def not_made_again(kind: str, refused: str) -> Problem:
    """What from_config said."""
    return Problem(
        f"from_config can't make the {kind} again: {str(refused).rstrip('.')}. What get_config "
        "gives is what the class is called with, as text and plain numbers: a file holds nothing "
        "else."
    )


def lost_by_keras(kind: str, what: str) -> Problem:
    """What every layer stores is lost: its dtype or its name."""
    return Problem(
        f"Saved and loaded, the {kind} has lost its {what}: __init__ must hand all of **kwargs on "
        "to super().__init__, and get_config must keep what super().get_config() gives."
    )


def _equal(got: Any, value: Any) -> bool:
    if isinstance(got, str) or isinstance(value, str):
        return got == value
    return bool(np.isclose(got, value))  # initializers of Keras round to float32


def _lost(kind: str, name: str, value: Any) -> Problem:
    if name == "dtype":
        return lost_by_keras(kind, name)
    return Problem(
        f"Made with {name}={value}, saved and loaded, the {kind} has another {name}: get_config "
        f"must hold `{name}` as it came in, for from_config calls the class with what it holds."
    )
