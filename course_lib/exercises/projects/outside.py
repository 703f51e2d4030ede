"""What a hand-in takes from where it was made: data of the notebook.

It isn't there where it is graded. So its own check says so, and a class's judge as well.

This file also runs in an instructor's sandbox: it imports nothing of the course.
"""

import contextlib
import dis
import functools
import io
import logging
import os
import sysconfig
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

LIBRARIES = frozenset(sysconfig.get_path(one) for one in ("purelib", "platlib"))
LOOKS_UP = "LOAD_GLOBAL", "LOAD_NAME"
DEEPEST = 6  # lists in lists, and objects in objects, that are looked into
# Numbers, or words of eight characters. Lists and text hold weights and answers too.
MUCH = 1_000


def data_from_outside(function: Callable) -> list[str]:
    """Names of data that a function takes from its notebook instead of from its arguments."""
    return list(_places(function))


def _places(function: Callable) -> dict[str, tuple[dict, str] | None]:
    """Such data by name: where it lies, as a dict and the key in it; None if it lies in none."""
    found: dict[str, tuple[dict, str] | None] = {}
    seen: set[int] = set()
    home = _home(function)

    def look(name: str, value: Any, place: tuple[dict, str] | None = None) -> None:
        if _is_data(value):
            found[name] = place
        elif isinstance(value, type) and value.__module__ == home.get("__name__"):
            for method in vars(value).values():
                visit(method)
        else:
            visit(value)

    def look_at_all(values: dict, prefix: str) -> None:
        for name, value in list(values.items()):
            look(f"{prefix}{name}", value, (values, name))

    def visit(one: Any) -> None:
        if home is None or id(one) in seen or _home(one) is not home:
            return
        seen.add(id(one))
        if isinstance(one, functools.partial):
            for n, value in enumerate((*one.args, *one.keywords.values()), 1):
                look(f"argument {n} of partial", value)
            visit(one.func)
        elif isinstance(one, types.MethodType):
            look_at_all(getattr(one.__self__, "__dict__", {}), f"{type(one.__self__).__name__}.")
            visit(one.__func__)
        elif isinstance(one, types.FunctionType):
            look_at_all(vars(one), f"{one.__name__}.")
            visit_code(one)
        else:  # an object that can be called
            visit(one.__call__)

    def visit_code(one: types.FunctionType) -> None:
        cells = dict(zip(one.__code__.co_freevars, one.__closure__ or (), strict=True))
        for name, cell in cells.items():
            if _filled(cell):
                look(name, cell.cell_contents)
        for code in _codes(one.__code__):
            for name in _globals_of(code):
                if name in home:
                    look(name, home[name], (home, name))
            if _amount(code.co_consts) > MUCH:
                found[f"a constant of {code.co_name}"] = None
        defaults = (*(one.__defaults__ or ()), *(one.__kwdefaults__ or {}).values())
        for n, value in enumerate(defaults, 1):
            look(f"default number {n}", value)

    visit(function)
    return found


def _home(one: Any) -> dict | None:
    """The names of the module that wrote what is called; None for what isn't a learner's own."""
    while isinstance(one, functools.partial | types.MethodType):
        one = one.func if isinstance(one, functools.partial) else one.__func__
    if not isinstance(one, types.FunctionType) and not isinstance(one, type):
        one = getattr(type(one), "__call__", None)  # noqa: B004  (which code it is)
        if isinstance(one, types.FunctionType) and is_in_a_library(one.__code__.co_filename):
            return None
    return one.__globals__ if isinstance(one, types.FunctionType) else None


@contextlib.contextmanager
def as_before_a_call(function: Callable, names: list[str]) -> Iterator[bool]:
    """Empty what a function may have filled itself, such as a model made at its first call.

    So it is where it is judged: a container has nothing in it, and a model is None. Afterwards all
    is as it was.

    Args:
        function: the learner's.
        names: from `data_from_outside`.

    Yields:
        Whether all of it can be emptied; arrays and defaults can't.
    """
    places = _places(function)
    kept = [(*places[name], places[name][0][places[name][1]]) for name in names if places[name]]
    can_be = [one for one in kept if _can_be_emptied(one[2])]
    for where, key, value in can_be:
        where[key] = _emptied(value)
    try:
        yield len(can_be) == len(names)
    finally:
        for where, key, value in kept:
            where[key] = value


def _can_be_emptied(value: Any) -> bool:
    return type(value) in (dict, list, set) or _has_weights(value)


def _emptied(value: Any) -> Any:
    return type(value)() if type(value) in (dict, list, set) else None


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """A function's code, and that of the functions in it."""
    yield code
    for one in code.co_consts:
        if isinstance(one, types.CodeType):
            yield from _codes(one)


def _globals_of(code: types.CodeType) -> list[str]:
    """Names that the code looks up in its module; attributes may have the same names."""
    found = (one.argval for one in dis.get_instructions(code) if one.opname in LOOKS_UP)
    return list(dict.fromkeys(found))


def _filled(cell: types.CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True


def _is_data(value: Any, depth: int = 0) -> bool:
    """Arrays, files, much text, and whatever contains them."""
    no_data = type | types.ModuleType | types.FunctionType | np.number | logging.Logger
    if isinstance(value, no_data) or depth > DEEPEST:
        return False
    if _amount(value) > MUCH:
        return True
    if isinstance(value, dict):
        return any(_is_data(one, depth + 1) for one in value.values())
    if isinstance(value, list | tuple | set | frozenset):
        return any(_is_data(one, depth + 1) for one in value)
    if isinstance(value, np.ndarray | io.IOBase) or hasattr(value, "__array__"):
        return True
    if callable(value):
        return _has_weights(value)
    held = getattr(value, "__dict__", None) or {}
    return any(_is_data(one, depth + 1) for one in held.values())


def _amount(value: Any, depth: int = 0) -> int:
    """How many numbers, or words of eight characters, plain values hold."""
    if depth > DEEPEST:
        return 1
    if isinstance(value, str | bytes):
        return len(value) // 8 + 1
    if isinstance(value, int):
        return value.bit_length() // 64 + 1
    if isinstance(value, dict):
        return sum(_amount(one, depth + 1) for pair in value.items() for one in pair)
    if isinstance(value, list | tuple | set | frozenset):
        return sum(_amount(one, depth + 1) for one in value)
    return 1


def _has_weights(value: Any) -> bool:
    """As a model or a layer of Keras that has been built."""
    try:
        return len(value.weights) > 0
    except Exception:  # a property of somebody's own may raise anything
        return False


def is_in_a_library(file: str) -> bool:
    """Whether code stands among the installed packages."""
    return in_one_form(file).startswith(tuple(in_one_form(f"{one}/") for one in LIBRARIES))


def in_one_form(path: str) -> str:
    """As paths are compared, whichever way Windows writes them."""
    return os.path.normcase(path).replace("\\", "/")
