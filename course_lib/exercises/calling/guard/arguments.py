"""The arguments of a learner's function: what it calls them, and what it may not do to them."""

import contextlib
import copy
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .around import innermost
from .exceptions import Unusable
from .same import same

IN_PLACE = "in place, which the caller still needs as it was"  # nothing more has been seen


def copies(arguments: dict[str | int, Any]) -> dict[str | int, Any]:
    """What the arguments are before a call, by place or name; None for a function."""
    return {key: None if callable(a) else copy.deepcopy(a) for key, a in arguments.items()}


def see_that_they_stayed(
    name: str,
    function: Callable,
    before: dict[str | int, Any],
    arguments: dict[str | int, Any],
) -> None:
    """See that a call has left its arguments as they were.

    Args:
        name: what to call the function in sentences.
        function: the learner's, to find what it calls the argument.
        before: the `copies`.
        arguments: those that were handed in.

    Raises:
        Unusable: if it has changed one.
    """
    for key, now in arguments.items():
        kept = before[key]
        if kept is not None and not same(kept, now):
            which = key if isinstance(key, str) else _name_of_argument(function, key)
            raise Unusable(
                f"{name} changed its argument {which} {IN_PLACE}: {_instead(kept, now)}."
            )


def _instead(kept: Any, now: Any) -> str:
    """What to do instead of changing an argument."""
    if isinstance(kept, np.ndarray):
        return "work on a copy"
    if isinstance(kept, list | dict) and len(kept) != len(now):
        return "take nothing out of it and put nothing in, or work on a copy of it"
    return "work on copies of the arrays in it, or put back what you move"


def _name_of_argument(function: Callable, position: int) -> str:
    """What the learner calls an argument; its number where a decorator hides the name."""
    with contextlib.suppress(TypeError, ValueError):
        parameters = list(inspect.signature(function).parameters.values())
        if (
            position < len(parameters)
            and parameters[position].kind != inspect.Parameter.VAR_POSITIONAL
        ):
            return parameters[position].name
    return f"number {position + 1}"


def names_of_arguments(function: Callable, default: Sequence[str]) -> list[str]:
    """What the learner calls the arguments, to hand some in by name.

    Args:
        function: the learner's, guarded or held or not.
        default: what the stub calls them, where the function doesn't say.
    """
    function = innermost(function)
    with contextlib.suppress(TypeError, ValueError):
        names = list(inspect.signature(function).parameters)
        if len(names) >= len(default):
            return names
    return list(default)
