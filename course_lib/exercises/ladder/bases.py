"""Whether a class makes what it inherits from, as far as its code tells."""

import inspect
from collections.abc import Iterator
from types import CodeType, FunctionType


def forgets_its_base(made: type) -> bool:
    """Whether a class has an __init__ of its own from which none of the base's is reached.

    A dataclass calls it in __post_init__, others in a helper, and a decorator hides it.
    """
    own = vars(made).get("__init__")
    if not inspect.isfunction(own) or made.__base__ is object:
        return False
    seen, waiting = set(), [own]
    while waiting:
        function = waiting.pop()
        if function in seen:
            continue
        seen.add(function)
        names = set(_names(function.__code__))
        if "__init__" in names or (function is own and "super" in names):
            return False
        waiting += _hidden(function)
        waiting += _called(function, names, made)
    return True


def _names(code: CodeType) -> Iterator[str]:
    """What the code names, functions inside it too."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _hidden(function: FunctionType) -> Iterator[FunctionType]:
    """What a decorator has put another function around."""
    if wrapped := getattr(function, "__wrapped__", None):
        yield from filter(inspect.isfunction, [wrapped])
    for cell in function.__closure__ or ():
        try:
            held = cell.cell_contents
        except ValueError:  # nothing is in it yet
            continue
        if inspect.isfunction(held):
            yield held


def _called(function: FunctionType, names: set[str], made: type) -> Iterator[FunctionType]:
    """Methods and functions of these names that were written where the class was.

    Not those of Keras, which somewhere name an __init__ of their own.
    """
    for name in names:
        for found in (inspect.getattr_static(made, name, None), function.__globals__.get(name)):
            if inspect.isfunction(found) and found.__module__ == made.__module__:
                yield found
