"""Seconds that a block may take: an endless loop of a learner's is stopped."""

import contextlib
import itertools
import signal
import sys
import threading
import time
import types
from collections.abc import Iterator

from .code import is_own
from .exceptions import OUT_OF_TIME, Unusable

TIME_LIMIT = 10.0  # seconds for one rung; the slowest reference needs under one
AGAIN = 0.5  # seconds until the limit fires once more
BUSY = 3  # times the limit: how long a machine that is busy with other work may take


class TookTooLong(BaseException):
    """The limit in seconds. No Exception, so that an `except Exception` doesn't swallow it.

    Args:
        seconds: the limit.
        module: what was being loaded then; "" for nothing.
    """

    def __init__(self, seconds: float, module: str = ""):
        super().__init__(seconds)
        self.seconds, self.module = seconds, module


@contextlib.contextmanager
def usual_limit(seconds: float) -> Iterator[None]:
    """In the block, `TIME_LIMIT` is so many seconds; after it, what it was before."""
    global TIME_LIMIT
    before, TIME_LIMIT = TIME_LIMIT, seconds
    try:
        yield
    finally:
        TIME_LIMIT = before


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Stop the block after `seconds` of work; does nothing where POSIX signals are missing.

    A block that swallowed it, as a `__del__` does with every exception, has used up its seconds
    too: it is stopped at its end. Limits nest: the one inside is for its part, and the one around
    it goes on.

    Work is the processor's time, so that nobody is stopped because the machine had other things to
    do; what only waits, or loads a module, is stopped after `BUSY` times as long.

    Windows has no such signal, and only the main thread can be stopped: there an endless loop is
    stopped by hand, with the notebook's stop button.
    """
    able = hasattr(signal, "SIGALRM") and threading.current_thread() is threading.main_thread()
    if not able:
        yield
        return

    outer_trace = sys.gettrace()
    armed = True
    swallowed = itertools.count()

    def stop(signum, frame):
        if not armed:
            return
        left = seconds - (time.process_time() - worked_before)
        module = _module_being_loaded(frame)
        if (left > 0 or module) and time.monotonic() - started < BUSY * seconds:
            signal.setitimer(signal.ITIMER_REAL, max(left, AGAIN * seconds / TIME_LIMIT))
            return
        signal.setitimer(signal.ITIMER_REAL, AGAIN)
        # A bare `except:` in a loop swallows it each time; so from then on it is raised some lines
        # later, one more line each time, until it falls outside of the `try`.
        if lines := next(swallowed):
            _after(lines, frame, seconds)
        else:
            raise TookTooLong(seconds, module)

    started, worked_before = time.monotonic(), time.process_time()
    outer = signal.getsignal(signal.SIGALRM)
    outer_left, _ = signal.getitimer(signal.ITIMER_REAL)
    signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        try:
            yield
        finally:
            armed = False  # it must not fire again while the block is being left
        if next(swallowed):
            raise TookTooLong(seconds)
    finally:
        armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        if sys.gettrace() is not outer_trace:
            sys.settrace(outer_trace)
        signal.signal(signal.SIGALRM, outer)
        if outer_left:
            left = max(0.01, outer_left - (time.monotonic() - started))
            signal.setitimer(signal.ITIMER_REAL, left)


def _module_being_loaded(frame: types.FrameType | None) -> str:
    """The module that the block imports now, as TensorFlow does when a part of it is first used.

    A module that was stopped half-way can't be loaded again where it had entered itself somewhere.
    """
    name = ""
    while frame is not None and not is_own(frame.f_code.co_filename):
        if frame.f_globals.get("__name__") == "importlib._bootstrap":
            if frame.f_code.co_name == "_find_and_load":
                name = str(frame.f_locals.get("name", ""))
            name = name or "that it imports"
        frame = frame.f_back
    return name


def _after(lines: int, frame: types.FrameType, seconds: float) -> None:
    """Raise `TookTooLong` when so many more lines were run, here or in a frame that called it."""
    left = iter(range(lines - 1))

    def trace(frame, event, _):
        if event == "line" and next(left, None) is None:
            raise TookTooLong(seconds)  # Python then takes the trace away by itself
        return trace

    frames = []
    while frame is not None and not is_own(frame.f_code.co_filename):
        frames.append(frame)
        frame = frame.f_back
    sys.settrace(trace)  # last of all: the lines of `is_own` don't count
    for one in frames:
        one.f_trace = trace


def still_running(name: str, late: TookTooLong) -> Unusable:
    """That something used up its seconds."""
    sentence = (
        f"{name} was still running after {late.seconds:.0f} seconds: look for a loop that never "
        "ends."
    )
    return Unusable(sentence, OUT_OF_TIME)


def still_loading(name: str, late: TookTooLong) -> Unusable:
    """The same, where it was a module that had not been loaded by then."""
    sentence = (
        f"{name} was still loading the module {late.module} after {BUSY * late.seconds:.0f} "
        "seconds: import it in a cell of its own first, at the top of the notebook. If that fails "
        "now, restart the kernel."
    )
    return Unusable(sentence, OUT_OF_TIME)
