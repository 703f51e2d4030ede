"""What stands around a learner's function: results that are held, or another process."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .exceptions import Unusable
from .same import same

DEEPEST = 6  # lists in lists of a result that are looked into


class Around:
    """What stands around a learner's function, and calls it.

    Args:
        function: the learner's, or what stands around that.
        name: what to call it in sentences.
    """

    def __init__(self, function: Callable, name: str):
        self.function = function
        self.name = name


class Held(Around):
    """A function whose results are held, and looked at again after each later call.

    Args:
        function: the learner's function.
        name: what to call it in sentences.
    """

    def __init__(self, function: Callable, name: str):
        super().__init__(function, name)
        self.__wrapped__ = function
        self.earlier: list[tuple[np.ndarray, np.ndarray]] = []  # as it was, as it is

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call the function.

        Raises:
            Unusable: if that changed the result of an earlier call.
        """
        result = self.function(*arguments, **named)
        if any(not same(was, now) for was, now in self.earlier):
            raise Unusable(
                f"{self.name} changed the result of an earlier call when it was called again: make "
                "new arrays at each call, for the caller may still need the old ones."
            )
        came_in = list(_arrays((*arguments, *named.values())))
        for array in _arrays(result):
            # What the caller handed in is the caller's to change.
            if not any(np.may_share_memory(array, one) for one in came_in):
                self.earlier.append((array.copy(), array))
        return result


class Elsewhere:
    """What stands for a learner's function or class that lives in another process.

    Only the course makes one: a learner's object is none, whatever its methods are called.
    """

    def run_inside(self, call: Callable, inputs: dict[str, Any]) -> dict[str, Any]:
        """What a rung's call makes of the function or class, where that lives."""
        raise NotImplementedError

    def held(self) -> Callable:
        """The function with its results held where it lives; see `Held`."""
        raise NotImplementedError

    def forget(self) -> None:
        """The next call begins in a process that has done nothing yet."""
        raise NotImplementedError


def held(function: Callable, name: str) -> Callable:
    """The function with its results held; one that lives in another process holds them there."""
    return function.held() if isinstance(function, Elsewhere) else Held(function, name)


def innermost(function: Callable) -> Callable:
    """The learner's function itself, or what stands for one in another process."""
    while isinstance(function, Around):
        function = function.function
    return function


def forget(function: Callable) -> None:
    """Lose whatever the function keeps, where it lives in a process that can be made anew."""
    inner = innermost(function)
    if isinstance(inner, Elsewhere):
        inner.forget()


def _arrays(value: Any, depth: int = 0) -> Iterator[np.ndarray]:
    """The arrays in nested values."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, dict | list | tuple) and depth < DEEPEST:
        for one in value.values() if isinstance(value, dict) else value:
            yield from _arrays(one, depth + 1)
