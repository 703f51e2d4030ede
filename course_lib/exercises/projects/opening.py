"""Files, programs and connections that a hand-in opens; none of them is where it is graded."""

import contextlib
import functools
import os
import re
import sys
import threading
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import course_lib
from course_lib.exercises.calling.guard import Unusable
from course_lib.exercises.projects.outside import in_one_form, is_in_a_library

OURS = str(Path(course_lib.__file__).parent)
TRACING = "/autograph/pyct/loader.py"  # of TensorFlow: writes down what it makes of a function

MODULES = (".py", ".pyc", ".so", ".pyd", ".dll", ".dylib")  # an import may open these
IMPORTING = "<frozen importlib._bootstrap_external>", "_write_atomic"  # keeps what was compiled
CACHE = re.compile(r"\.pyc\.\d+")  # in a file that has this ending until it is complete
# Python's audit events, and which of their arguments says what is opened.
REACHES_OUT = {
    "open": 0,
    "sqlite3.connect": 0,
    "os.system": 0,
    "os.exec": 0,
    "os.spawn": 1,
    "os.posix_spawn": 0,
    "subprocess.Popen": 0,
    "socket.connect": 1,
    "socket.sendto": 1,
    "socket.sendmsg": 1,
    "socket.getaddrinfo": 0,
    "socket.gethostbyname": 0,
}

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
    what = _in_words(arguments[REACHES_OUT[event]]) if arguments else ""
    if event == "open" and (what.endswith(MODULES) or _keeps_what_was_compiled(arguments[0])):
        return
    if what == os.devnull or _for_a_library(thread):
        return
    _watched[thread].append(what)
    raise PermissionError(f"{what!r} can't be opened here")


def _in_words(what: Any) -> str:
    """A file, a program, or an address, which comes as a host and a port."""
    what = os.fsdecode(what) if isinstance(what, bytes) else what
    if isinstance(what, tuple):
        what = ":".join(map(str, what[:2]))
    return str(what)[-60:]


def _for_a_library(thread: int) -> bool:
    """Whether a library opens it for itself: while it is imported, or while TensorFlow traces.

    An import inside of a function is honest, and Keras reads its settings then. The course's own
    data sets are no part of that.
    """
    frame = sys._getframe(2)
    while frame not in (None, _began[thread]) and not frame.f_code.co_filename.startswith(OURS):
        file = frame.f_code.co_filename
        imported = frame.f_code.co_name == "<module>" and is_in_a_library(file)
        if imported or in_one_form(file).endswith(in_one_form(TRACING)):
            return True
        frame = frame.f_back
    return False


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
