"""What a hand-in takes from where it was made: data of the notebook, and files.

Both are gone where it is judged for a grade. So its own check says so at once.
"""

import contextlib
import functools
import io
import os
import re
import sys
import sysconfig
import threading
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import course_lib
from course_lib.exercises.calling.guard import Unusable

OURS = str(Path(course_lib.__file__).parent)
LIBRARIES = {sysconfig.get_path(one) for one in ("purelib", "platlib")}
TRACING = "/autograph/pyct/loader.py"  # of TensorFlow: writes down what it makes of a function

MODULES = (".py", ".pyc", ".so", ".pyd", ".dll", ".dylib")  # an import may open these
IMPORTING = "<frozen importlib._bootstrap_external>", "_write_atomic"  # keeps what was compiled
CACHE = re.compile(r"\.pyc\.\d+")  # in a file that has this ending until it is complete
SETTING = str | int | float | None  # no data by itself, nor in an object that holds no more
REACHES_OUT = ("open", "os.system", "os.posix_spawn", "subprocess.Popen", "socket.connect")

_watched: dict[int, list[str]] = {}  # threads that run a hand-in just now, and what they opened
_began: dict[int, types.FrameType] = {}  # who runs it there


@functools.cache
def _listen() -> None:
    """Python's audit hooks can't be taken away again: one is enough."""
    sys.addaudithook(_hear)


def _hear(event: str, arguments: tuple) -> None:
    thread = threading.get_ident()
    if event not in REACHES_OUT or thread not in _watched:
        return
    what = str(arguments[0])[-60:] if arguments else ""
    if event == "open" and (what.endswith(MODULES) or _keeps_what_was_compiled(arguments[0])):
        return
    if what == os.devnull or _for_a_library(thread):
        return
    _watched[thread].append(what)
    raise PermissionError(f"{what!r} can't be opened here")


def _for_a_library(thread: int) -> bool:
    """Whether a library opens it for itself: while it is imported, or while TensorFlow traces.

    An import inside of a function is honest, and Keras reads its settings then. The course's own
    data sets are no part of that.
    """
    frame = sys._getframe(2)
    while frame not in (None, _began[thread]) and not frame.f_code.co_filename.startswith(OURS):
        file = frame.f_code.co_filename
        imported = frame.f_code.co_name == "<module>" and _is_in_a_library(file)
        if imported or _in_one_form(file).endswith(_in_one_form(TRACING)):
            return True
        frame = frame.f_back
    return False


def _is_in_a_library(file: str) -> bool:
    return _in_one_form(file).startswith(tuple(_in_one_form(f"{one}/") for one in LIBRARIES))


def _in_one_form(path: str) -> str:
    """As paths are compared, whichever way Windows writes them."""
    return os.path.normcase(path).replace("\\", "/")


def _keeps_what_was_compiled(file: Any) -> bool:
    """Whether an import writes its cache: it opens that by its name, and then by its number.

    What else its code opens, a hand-in may have asked it for.
    """
    code = sys._getframe(2).f_code
    if (code.co_filename, code.co_name) != IMPORTING:
        return False
    return isinstance(file, int) or bool(CACHE.fullmatch("".join(Path(file).suffixes[-2:])))


@contextlib.contextmanager
def nothing_opened() -> Iterator[None]:
    """While it lasts, this thread can open no file and no connection.

    Raises:
        Unusable: at the end, if it tried to.
    """
    _listen()
    thread = threading.get_ident()
    opened = _watched[thread] = []
    _began[thread] = sys._getframe(2)  # past `contextlib`
    try:
        yield
    finally:
        del _watched[thread], _began[thread]
    if opened:
        raise Unusable(
            f"It opened {opened[0]!r}: all that it needs must come with its arguments, weights "
            "and x."
        )


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
        for name in _names(one.__code__):
            if name in home:
                look(name, home[name], (home, name))
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
        if isinstance(one, types.FunctionType) and _is_in_a_library(one.__code__.co_filename):
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


def _names(code: types.CodeType) -> set[str]:
    inner = (one for one in code.co_consts if isinstance(one, types.CodeType))
    return set(code.co_names).union(*map(_names, inner))


def _filled(cell: types.CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True


def _is_data(value: Any) -> bool:
    """Arrays, files and objects that hold something, and whatever contains them."""
    if isinstance(value, type | types.ModuleType | types.FunctionType):
        return False
    if isinstance(value, dict):
        return any(map(_is_data, value.values()))
    if isinstance(value, list | tuple | set | frozenset):
        return any(map(_is_data, value))
    if isinstance(value, np.ndarray | io.IOBase) or hasattr(value, "__array__"):
        return True
    if callable(value):
        return _has_weights(value)
    held = getattr(value, "__dict__", None)
    return bool(held) and not all(isinstance(one, SETTING) for one in held.values())


def _has_weights(value: Any) -> bool:
    """As a model or a layer of Keras that has been built."""
    try:
        return len(value.weights) > 0
    except Exception:  # a property of somebody's own may raise anything
        return False
