"""The names that a learner's code sees in its notebook."""

import contextlib
import inspect
from collections.abc import Callable
from typing import Any


def namespace_of(thing: Any) -> dict[str, Any]:
    """The names that a function, or a class by its methods, looks up: those of its notebook."""
    with contextlib.suppress(Exception):  # attributes of an object of the learner's own can raise
        inner = inspect.unwrap(getattr(thing, "func", thing))  # below partial and decorators
        if isinstance(inner, type):
            inner = next((m for m in vars(inner).values() if hasattr(m, "__globals__")), inner)
        return getattr(inner, "__globals__", {})
    return {}


def own_twin(thing: Any, name: str) -> Callable | None:
    """The learner's own function of a name, in the notebook of `thing`; None if it isn't there.

    A check leaves it there once it has passed, and puts the course's own in its place until then.
    """
    there = namespace_of(thing).get(name)
    mine = callable(there) and not getattr(there, "__module__", "").startswith("course_lib.")
    return there if mine else None
