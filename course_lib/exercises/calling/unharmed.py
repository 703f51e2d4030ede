"""Leave the process as it was, whatever a learner's code does to it."""

import builtins
import contextlib
import ctypes
import gc
import math
import os
import random
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from course_lib.exercises.calling.frameworks import framework_settings, modules_of_operations
from course_lib.exercises.calling.guard import Unusable
from course_lib.garbage import much_is_at_rest

PATIENCE = 0.1  # seconds for a thread to end; one that waits for something ends when it wakes
DEEPEST_CALLS = 2_000  # a higher recursion limit ends in the death of the process, not in an error
MODULES = (builtins, math, os, random, time, np, np.linalg, np.random)
STREAMS = ("stdin", "stdout", "stderr", "__stdin__", "__stdout__", "__stderr__")


@contextlib.contextmanager
def unharmed() -> Iterator[None]:
    """After the block, streams, settings and random states are as they were before it."""
    put_back = _settings()
    try:
        yield
    finally:
        put_back()


@contextlib.contextmanager
def old_objects_at_rest() -> Iterator[None]:
    """Whatever is there already isn't looked at when Python collects garbage.

    TensorFlow brings a million objects, which it would otherwise walk through several times in a
    check. What the block leaves behind is collected at its end. Where much was at rest before, as
    in the tests and in the instructor's sandbox, it stays so.
    """
    at_rest = much_is_at_rest()
    if not at_rest:
        gc.freeze()
    try:
        yield
    finally:
        gc.collect()
        if not at_rest:
            gc.unfreeze()


@contextlib.contextmanager
def whole_libraries() -> Iterator[None]:
    """After the block, the libraries' own names and settings are what they were before it."""
    contents = [(one, dict(vars(one))) for one in (*MODULES, *modules_of_operations())]
    frameworks_back = framework_settings()
    try:
        yield
    finally:
        frameworks_back()
        for module, content in contents:
            if not _same(vars(module), content):
                _restore(vars(module), content)


@contextlib.contextmanager
def within_bounds(name: str) -> Iterator[None]:
    """Run a learner's code, which then can't end the process.

    Args:
        name: what to call the learner's function in sentences.

    Raises:
        Unusable: if the code itself, and not the one before the screen, raised KeyboardInterrupt.
    """
    stopped = []
    try:
        with _noting_the_stop_button(stopped), _without_ways_out():
            yield
    except KeyboardInterrupt:
        if stopped or not _in_main_thread():
            raise
        raise Unusable(f"{name} raised KeyboardInterrupt: leave that out.") from None


def _same(namespace: dict[str, Any], content: dict[str, Any]) -> bool:
    try:
        return namespace == content
    except Exception:  # something was put there that can't be compared
        return False


def _settings() -> Callable[[], None]:
    """Note what a process has only one of; the function puts back what was changed."""
    streams = {name: getattr(sys, name) for name in STREAMS}
    files = {number: _duplicate(number) for number in range(3)}
    modules = dict(sys.modules)
    errors, error_call, printing = np.geterr(), np.geterrcall(), np.get_printoptions()
    states = random.getstate(), np.random.get_state()  # noqa: NPY002  (a learner may use it)
    filters = warnings.filters[:], warnings.showwarning
    depth, hooks = sys.getrecursionlimit(), (sys.gettrace(), sys.getprofile(), sys.excepthook)
    folder, environment = _folder(), dict(os.environ)
    collecting, handlers = gc.isenabled(), _handlers()
    frameworks_back = framework_settings()

    def put_back() -> None:
        frameworks_back()
        for one, module in modules.items():
            if sys.modules.get(one) is not module:
                sys.modules[one] = module
        for one, stream in streams.items():
            setattr(sys, one, stream)
        for number, (copy, identity) in files.items():
            if copy is not None and _identity(number) != identity:
                os.dup2(copy, number)
            if copy is not None:
                os.close(copy)
        _restore_handlers(handlers)
        sys.setrecursionlimit(depth)
        if (sys.gettrace(), sys.getprofile()) != hooks[:2]:
            sys.settrace(hooks[0])
            sys.setprofile(hooks[1])
        sys.excepthook = hooks[2]
        np.seterr(**errors)
        np.seterrcall(error_call)
        if np.get_printoptions() != printing:
            np.set_printoptions(**printing)
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        if warnings.filters != filters[0]:
            warnings.filters[:] = filters[0]
            warnings._filters_mutated()
        warnings.showwarning = filters[1]
        if folder is not None and _folder() != folder:
            os.chdir(folder)
        if dict(os.environ) != environment:
            os.environ.clear()
            os.environ.update(environment)
        (gc.enable if collecting else gc.disable)()

    return put_back


def _restore(namespace: dict[str, Any], content: dict[str, Any]) -> None:
    """Bring a module's names back; what was added meanwhile, such as a lazy import, stays."""
    for name, value in content.items():
        if namespace.get(name, content) is not value:
            namespace[name] = value


def _duplicate(number: int) -> tuple[int | None, Any]:
    """A second handle of an open file, and which file it is."""
    try:
        return os.dup(number), _identity(number)
    except OSError:
        return None, None


def _identity(number: int) -> tuple[int, int] | None:
    try:
        found = os.fstat(number)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _folder() -> str | None:
    try:
        return os.getcwd()
    except OSError:  # it was deleted
        return None


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _handlers() -> dict[int, Any]:
    names = ("SIGALRM", "SIGINT", "SIGTERM", "SIGABRT")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    return {number: signal.getsignal(number) for number in numbers} if _in_main_thread() else {}


def _restore_handlers(handlers: dict[int, Any]) -> None:
    for number, handler in handlers.items():
        if handler is not None and signal.getsignal(number) is not handler:
            signal.signal(number, handler)


@contextlib.contextmanager
def _noting_the_stop_button(stopped: list) -> Iterator[None]:
    """Note when the interrupt came from outside: Jupyter's stop button, or Ctrl-C."""
    outer = signal.getsignal(signal.SIGINT) if _in_main_thread() else None
    if not callable(outer):
        yield
        return

    def note(signum, frame):
        stopped.append(signum)
        return outer(signum, frame)

    signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, outer)


@contextlib.contextmanager
def _without_ways_out() -> Iterator[None]:
    """What ends the process at once, or lets it die of a recursion, only raises or is capped.

    A process that the block forks, as multiprocessing does, may end itself, and ends with the block
    at the latest: there would be two notebooks otherwise.
    """
    process, end = os.getpid(), os._exit

    def leave(code: int = 1, *_, **__):
        if os.getpid() != process:
            end(code)
        raise SystemExit

    deeper = sys.setrecursionlimit
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    places = [(os, "_exit", leave), (os, "abort", leave)]
    places.append((sys, "setrecursionlimit", lambda limit: deeper(min(limit, DEEPEST_CALLS))))
    if hasattr(shell, "ask_exit"):  # what exit() means in a notebook
        places.append((shell, "ask_exit", leave))
    before = [(owner, name, vars(owner).get(name)) for owner, name, _ in places]
    deeper(min(sys.getrecursionlimit(), DEEPEST_CALLS))
    for owner, name, other in places:
        setattr(owner, name, other)
    try:
        yield
    finally:
        if os.getpid() != process:
            end(1)
        for owner, name, value in before:
            if value is None:
                delattr(owner, name)
            else:
                setattr(owner, name, value)


@contextlib.contextmanager
def no_threads_left() -> Iterator[None]:
    """After the block, threads that were started in it have ended, or end at their next step.

    It stands inside the redirected streams, so that what they still print is kept out of the page.
    """
    before = set(threading.enumerate())
    try:
        yield
    finally:
        started = [one for one in threading.enumerate() if one not in before and one.ident]
        for thread in started:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit)
            )
        for thread in started:
            thread.join(PATIENCE)
