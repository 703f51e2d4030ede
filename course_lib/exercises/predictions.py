"""What a learner expects, said before a cell measures it; never judged right or wrong."""

import numbers
from typing import Any

from course_lib.exercises import progress
from course_lib.exercises.cards import Card, apology

_made: dict[str, Any] = {}  # in this session; outside a learner's copy nothing else remembers


def predict(name: str, value: Any = ...) -> Card:
    """Say what you expect, before the cell that measures it.

    Args:
        name: of the prediction, as the notebook has it.
        value: a number, or a word or two; ... as long as you have none.

    Returns:
        A card that says that it was noted, or how to make one.
    """
    if value is ...:
        return Card(
            f"Your prediction: {name}",
            "Put what you expect in place of the dots, and run this again. It isn't graded; what "
            "counts is that you said it before.",
            ok=False,
        )
    if isinstance(value, numbers.Real):
        value = float(value)
    elif not isinstance(value, str):
        return apology(
            f'A prediction is a number or a word or two, such as predict("{name}", 0.5).'
        )
    _made[name] = value
    note = progress.keep_prediction(name, value)
    return Card(f"Your prediction: {name}", f"{_shown(value)}. {note}".strip())


def measured(name: str, value: float, low: float | None = None, high: float | None = None) -> Card:
    """Show what was measured beside what was predicted.

    Args:
        name: of the prediction.
        value: the measurement.
        low, high: between which it lies on every machine, where it differs from one to another.
    """
    expected = _made.get(name, progress.prediction(name))
    said = "You made no prediction." if expected is None else f"You expected {_shown(expected)}."
    return Card(f"Measured: {name}", f"{said} It is {within(value, low, high)}.")


def within(value: float, low: float | None = None, high: float | None = None) -> str:
    """A number as text, and whether it lies where it should on every machine.

    What is printed so may differ in its digits when a notebook is run again; the statement beside
    it may not. `tests/nbval_sanitize.cfg` knows the form.

    Args:
        value: the number.
        low, high: the bounds; None where it is the same on every machine.
    """
    if low is None or high is None:
        return _shown(value)
    holds = low <= value <= high
    return f"{_shown(value)} (between {_shown(low)} and {_shown(high)}: {holds})"


def _shown(value: Any) -> str:
    """Three digits, or more where a whole number has them: 1,000 reads easier than 1e+03."""
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if 999.5 <= abs(value) < 1e7 else f"{value:.3g}"
