"""Call a learner's function so that whatever it does ends in a sentence.

This file also runs in an instructor's sandbox: it imports nothing of the course.

What counts as an array is the same for every exercise, at the top and inside dicts:

- an array is a NumPy array of real numbers: bool, whole or floating point, `longdouble` included;
  where an exercise's result is of the kind "complex", complex ones are welcome besides;
- a single number may be a Python or a NumPy number, or an array of shape ();
- several results come as a tuple, a named tuple or a list; a mapping is a dict of any kind;
- refused, with a sentence each: lists and tuples for arrays, `np.matrix` (its `*` is another
  product) and masked arrays (their masks hide entries), tensors of TensorFlow, JAX and PyTorch,
  arrays of objects or of text, complex numbers elsewhere, generators, a tuple around one result.
"""

import contextlib
import copy
import inspect
import io
import itertools
import linecache
import logging
import re
import signal
import sys
import threading
import time
import types
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

TIME_LIMIT = 10.0  # seconds for one rung; the slowest reference needs under one
DEEPEST = 6  # lists in lists of a result that are looked into
AGAIN = 0.5  # seconds until the limit fires once more
BUSY = 3  # times the limit: how long a machine that is busy with other work may take
LONGEST = 10_000  # characters of an exception's message that are looked at
IN_PLACE = "in place, which the caller still needs as it was"  # nothing more has been seen
RIGHT_ORDER = "the results in the right order? It is"  # in a sentence: nobody need look further
NOTHING_ADDED = ": has anything been added to it? A NumPy array should come of it."
LONGEST_NAME = 40  # characters of the name of a type that a sentence shows
LONGEST_INT = 63  # bits; what has more comes out of no sandbox
# Of what comes out of a sandbox only the name of its type is known: that is what counts here, too.
LAZY = "generator", "coroutine", "async_generator"
NEAR = {"matrix": "an np.matrix", "MaskedArray": "a masked array, whose mask hides entries"}
TENSORS = {
    **dict.fromkeys(("EagerTensor", "SymbolicTensor", "ResourceVariable"), "TensorFlow"),
    "ArrayImpl": "JAX",
}
BY_SEED = frozenset({"fresh_cells"})  # ids of exercises in which a seed decides, wherever it runs
OUTPUT_LIMIT = 1_000  # characters of a learner's own printing that a report keeps


class NotWritten(Exception):
    """The stub, or a part of it, is still there."""


# Kinds of `Unusable` in which the function came to no end of its own.
RAISED, OUT_OF_TIME, OUT_OF_MEMORY = "error", "time limit", "memory limit"


class Unusable(Exception):
    """What the function did or returned can't be judged; the message says why.

    Args:
        message: one sentence.
        kind: "error", "time limit" or "memory limit" if it returned nothing at all; empty if what
            it returned is of no use.
        where: the operation that failed, if that is known elsewhere (see `failure`).
    """

    def __init__(self, message: str, kind: str = "", where: str = ""):
        super().__init__(message)
        self.kind = kind
        self.where = where


class _TookTooLong(BaseException):
    """The limit in seconds. No Exception, so that an `except Exception` doesn't swallow it.

    Args:
        seconds: the limit.
        module: what was being loaded then; "" for nothing.
    """

    def __init__(self, seconds: float, module: str = ""):
        super().__init__(seconds)
        self.seconds, self.module = seconds, module


class CappedOutput(io.StringIO):
    """Keeps the first characters that are printed and counts the rest."""

    def __init__(self, limit: int = OUTPUT_LIMIT):
        super().__init__()
        self.limit = limit
        self.printed = 0

    def write(self, text: str) -> int:
        """Keep what still fits."""
        kept = text[: max(0, self.limit - self.printed)]
        self.printed += len(text)
        super().write(kept)
        return len(text)

    def close(self) -> None:
        """Stays open: a learner's sys.stdout.close() must not cost the report."""


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
            raise _TookTooLong(seconds, module)

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
            raise _TookTooLong(seconds)
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
    while frame is not None and frame.f_globals is not globals():
        if frame.f_globals.get("__name__") == "importlib._bootstrap":
            if frame.f_code.co_name == "_find_and_load":
                name = str(frame.f_locals.get("name", ""))
            name = name or "that it imports"
        frame = frame.f_back
    return name


def _after(lines: int, frame: types.FrameType, seconds: float) -> None:
    """Raise `_TookTooLong` when so many more lines were run, here or in a frame that called it."""
    left = iter(range(lines - 1))

    def trace(frame, event, _):
        if event == "line" and next(left, None) is None:
            raise _TookTooLong(seconds)  # Python then takes the trace away by itself
        return trace

    sys.settrace(trace)
    while frame is not None and frame.f_globals is not globals():
        frame.f_trace = trace
        frame = frame.f_back


@contextlib.contextmanager
def _no_logging() -> Iterator[None]:
    """Libraries warn through `logging` too, whose handlers hold the stream that they began with."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


@contextlib.contextmanager
def _no_caching_device() -> Iterator[None]:
    """A tf.scan or tf.foldl that fails while it is traced leaves a setting behind.

    With it, no tf.recompute_grad of the whole process has a gradient any more.
    """
    try:
        yield
    finally:
        if hasattr(sys.modules.get("tensorflow"), "compat"):  # not while it is being loaded
            scope = sys.modules["tensorflow"].compat.v1.get_variable_scope()
            if scope.caching_device is not None:
                scope._caching_device = None  # its setter refuses outside of a graph


@contextlib.contextmanager
def guarded(
    name: str, function: Callable, output: CappedOutput, patience: float = 1.0
) -> Iterator[None]:
    """Run the block quietly; whatever a learner's code does in it becomes `Unusable`.

    Args:
        name: what to call the function in sentences.
        function: the learner's function or class, to find the line that failed.
        output: takes what the function prints.
        patience: how many times the usual `TIME_LIMIT` the block may take.

    Raises:
        NotWritten: if a stub was reached.
        Unusable: on any exception, an exit, or when the time is up.
    """
    try:
        with (
            time_limit(patience * TIME_LIMIT),
            contextlib.redirect_stdout(output),
            contextlib.redirect_stderr(output),
            _no_logging(),
            _no_caching_device(),
            np.errstate(all="ignore"),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            try:
                yield
            except (NotWritten, Unusable, KeyboardInterrupt, _TookTooLong):
                raise
            except BaseException as error:
                # Here, where the time limit holds: an exception of the learner's own has a
                # __str__ of its own as well.
                raise _in_words(name, function, error) from None
    except _TookTooLong as limit:
        if limit.module:
            raise Unusable(
                f"{name} was still loading the module {limit.module} after "
                f"{BUSY * limit.seconds:.0f} seconds: import it in a cell of its own first, at the "
                "top of the notebook. If that fails now, restart the kernel.",
                OUT_OF_TIME,
            ) from None
        raise still_running(name, limit) from None


def still_running(name: str, limit: _TookTooLong) -> Unusable:
    """That something used up its seconds."""
    sentence = (
        f"{name} was still running after {limit.seconds:.0f} seconds: look for a loop that never "
        "ends."
    )
    return Unusable(sentence, OUT_OF_TIME)


def _in_words(name: str, function: Callable, error: BaseException) -> Exception:
    """`NotWritten` if a stub raised it, else `Unusable` with a sentence."""
    # Libraries raise NotImplementedError too, with words of their own.
    if isinstance(error, NotImplementedError) and re.match("IMPLEMENT-ME|$", _plain(error)):
        return NotWritten(_plain(error))
    kind = OUT_OF_MEMORY if isinstance(error, MemoryError) else RAISED
    return Unusable(what_it_raised(name, function, error), kind)


def _plain(error: BaseException) -> str:
    """The message itself: Keras colours it and wraps it in what was called, TensorFlow too."""
    message = ""
    try:
        message = re.sub(r"\x1b\[\d*m", "", _without_places(str(error))[:LONGEST])
    except _TookTooLong:
        raise
    except BaseException:  # an exception of the learner's own can fail at this too, in any way
        return message
    message = re.sub(r"^Exception encountered when calling \S+\s*", "", message)
    message = _without_traceback(message)
    message = re.sub(
        r"\{\{function_node .*?\}\}|\s*\[\[\{\{node .*?\}\}\]\]|\s*\[Op:[^]]+\](?: name:)?",
        "",
        message,
    )
    return message.split("\n\nArguments received by")[0].strip()


def _without_places(message: str) -> str:
    """What TensorFlow says of a graph that failed, after all the files in which it was made."""
    if not message.startswith("Graph execution error:"):
        return message
    said = [part for part in message.split("\n\n")[1:] if not re.match("Detected at|  File", part)]
    return said[0] if said else message


def _without_traceback(message: str) -> str:
    """What TensorFlow says at the end, after a traceback of its own, line by line."""
    if not message.startswith("in user code:"):
        return message
    what = re.search(r"\n\n +\w+: (.*)", message, re.DOTALL)
    return what[1] if what else message


# How TensorFlow says it, in words that don't say what to do.
TWO_TYPES_MEET = (
    r"expected to be a {0} tensor but is a {1} tensor|"
    r"has type {1} that does not match type {0}|"
    r"must have the same dtype, got tf\.{1} != tf\.{0}|"
    r"requested dtype {0} for Tensor with dtype {1}|"
    r"TensorArray dtype is {0} but Op is trying to write dtype {1}|"
    r"have types \[(?:\w+, )*{0}, {1}\b.* that don't all match"
)
A_REAL, A_COMPLEX = r"(?:b?float\d*|u?int\d+|double|half)", r"complex\d+"
PRECISIONS_MEET = "|".join(TWO_TYPES_MEET.format(one, one) for one in (A_REAL, A_COMPLEX))
TWO_TYPES = (
    "Two types of numbers meet there, such as float32 and float64: take the dtype from what comes "
    "in, or from the layer, not from a default."
)
COMPLEX_MEETS_REAL = "|".join(
    TWO_TYPES_MEET.format(*pair) for pair in ((A_REAL, A_COMPLEX), (A_COMPLEX, A_REAL))
)
COMPLEX_AND_REAL = (
    "Complex and real numbers meet there, and TensorFlow turns neither into the other by itself: "
    "take the real part of the one (tf.math.real), or make the other complex (tf.cast), as the "
    "formula has it."
)

# A method of NumPy's arrays, or its dtype, is asked of a tensor.
NUMPY_ON_A_TENSOR = (
    r"Tensor'? object has no attribute '(?:T|all|any|arg(?:max|min)|astype|clip|copy|cumsum|dot|"
    r"flatten|max|mean|min|ravel|repeat|reshape|size|std|sum|swapaxes|take|transpose)'|"
    r"Cannot interpret 'tf\.\w+' as a data type|Cannot convert a symbolic .* to a numpy array"
)

# What else libraries say in words that don't say what to do, and what is.
EXPLAINED = {
    NUMPY_ON_A_TENSOR: (
        "That is code for NumPy's arrays, in a function that it calls or in its own, and a tensor "
        "of TensorFlow came in: write it with functions of tf or keras.ops, such as "
        "tf.reduce_max(x) for x.max()."
    ),
    PRECISIONS_MEET: TWO_TYPES,
    COMPLEX_MEETS_REAL: COMPLEX_AND_REAL,
    r"Cannot cast ufunc .* output from .*float\d+.* to .*u?int\d+": (
        "The array that is written to holds whole numbers, as what comes in may do, and would lose "
        "all fractions: make it one of floating point, such as by .astype(float)."
    ),
    r"Cannot cast ufunc .* output from .*complex\d+.* to .*(?:float|u?int)\d+": (
        "The array that is written to holds real numbers, and would lose every imaginary part: "
        "make it one of complex numbers, such as by .astype(complex)."
    ),
    r"\bprobabilities contain NaN": (
        "NaN is what infinity over infinity gives, or 0 over 0: look with np.isfinite for where it "
        "begins, such as in an exp that is too large, or in a sum that is 0."
    ),
    r"\bprobabilities do not sum to 1": (
        "Divide them by their sum, last of all, in float64; and if that sum is 0 or NaN, look for "
        "an exp that has vanished or overflowed before."
    ),
}


def what_it_raised(name: str, function: Callable, error: BaseException) -> str:
    """One sentence for an exception: its kind, its message and the learner's line."""
    if isinstance(error, SystemExit):
        return f"{name} called exit(): leave that out and return the result."
    kind = " ".join(type(error).__name__[:LONGEST_NAME].split())
    if message := " ".join(_plain(error).split())[:300].rstrip("."):
        kind += f": {message}"
    code = _code(function)
    if isinstance(function, type):  # a class: its methods share one file
        methods = [m for m in vars(function).values() if hasattr(m, "__code__")]
        code = methods[0].__code__ if methods else None
    lines = []
    trace = error.__traceback__
    while trace is not None and code is not None:
        if trace.tb_frame.f_code.co_filename == code.co_filename:
            lines.append(trace.tb_lineno)
        trace = trace.tb_next
    if lines and (text := linecache.getline(code.co_filename, lines[-1]).strip()):
        sentence = f"{name} raised {kind}, at the line `{text}`."
    else:
        sentence = full_stop(f"{name} raised {kind}")
    more = [one for said, one in EXPLAINED.items() if re.search(said, message, re.IGNORECASE)]
    return " ".join([sentence, *more])


class Held:
    """A function whose results are held, and looked at again after each later call.

    Args:
        function: the learner's function.
        name: what to call it in sentences.
    """

    def __init__(self, function: Callable, name: str):
        self.function = self.__wrapped__ = function
        self.name = name
        self.earlier: list[tuple[np.ndarray, np.ndarray]] = []  # as it was, as it is

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call the function.

        Raises:
            Unusable: if that changed the result of an earlier call.
        """
        result = self.function(*arguments, **named)
        if any(not _same(was, now) for was, now in self.earlier):
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


def forget(function: Callable) -> None:
    """Lose whatever the function keeps, where it lives in a process that can be made anew."""
    while isinstance(function, Guarded | Held):
        function = function.function
    if isinstance(function, Elsewhere):
        function.forget()


def _arrays(value: Any, depth: int = 0) -> Iterator[np.ndarray]:
    """The arrays in nested values."""
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, dict | list | tuple) and depth < DEEPEST:
        for one in value.values() if isinstance(value, dict) else value:
            yield from _arrays(one, depth + 1)


def _instead(kept: Any, now: Any) -> str:
    """What to do instead of changing an argument."""
    if isinstance(kept, np.ndarray):
        return "work on a copy"
    if isinstance(kept, list | dict) and len(kept) != len(now):
        return "take nothing out of it and put nothing in, or work on a copy of it"
    return "work on copies of the arrays in it, or put back what you move"


@contextlib.contextmanager
def texts_hashed_anew(function: Callable, exercise: str) -> Iterator[None]:
    """In the block, the learner's own `hash` gives other numbers for texts than in any other block.

    Python does so too, but only from one start to the next: a seed that is made of them would be
    found reproducible by every check in one process, and by nobody on the next day. Who looks
    something up by a hash may do so: in a `__hash__`, of a frozen dataclass too, it is Python's.

    Args:
        function: the learner's; the names beside it are those that its code finds.
        exercise: its id; where no seed decides, nothing is changed.
    """
    if exercise not in BY_SEED:
        yield
        return
    names = {}
    with contextlib.suppress(Exception):  # attributes of an object of the learner's own can raise
        names = inspect.unwrap(function).__globals__
    if "hash" in names:  # their own
        yield
        return
    salt = time.perf_counter_ns()

    def anew(value: Any) -> int:
        inside = sys._getframe(1).f_code.co_qualname.split(".")
        salted = _holds_text(value) and "__hash__" not in inside
        return hash((salt, value) if salted else value)

    names["hash"] = anew
    try:
        yield
    finally:
        names.pop("hash", None)


def _holds_text(value: Any) -> bool:
    """Whether a hash of it depends on a text's, of which Python makes another at each start."""
    if isinstance(value, tuple | frozenset):
        return any(map(_holds_text, value))
    return isinstance(value, str | bytes)


class Guarded:
    """The learner's function, with its results checked for their kind at every call.

    Args:
        function: the learner's function.
        name: what to call it in sentences.
        returns: names and kinds of what it returns (see `Exercise`).
    """

    def __init__(self, function: Callable, name: str, returns: dict[str, str]):
        self.function = function
        self.name = name
        self.returns = returns
        self.unpacked = ""  # what is wrong with one array for several things, if it is wrong

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call the function; its arguments must come back as they went in.

        Raises:
            Unusable: if an argument was changed or the result is not of the right kind.
        """
        every = {**dict(enumerate(arguments)), **named}
        before = {key: None if callable(a) else copy.deepcopy(a) for key, a in every.items()}
        with texts_hashed_anew(self.function, self.name):
            result = self.function(*arguments, **named)
        for key, now in every.items():
            kept = before[key]
            if kept is not None and not _same(kept, now):
                which = key if isinstance(key, str) else _name_of_argument(self.function, key)
                raise Unusable(
                    f"{self.name} changed its argument {which} {IN_PLACE}: {_instead(kept, now)}."
                )
        return self._checked(result)

    def _checked(self, result: Any) -> Any:
        """The result with arrays copied, or `Unusable` with what is wrong about its form."""
        names = list(self.returns)
        if result is None:
            raise Unusable(f"{self.name} returned None: is the `return` missing?")
        if (kind := type(result).__name__) in LAZY:
            word = "yield" if kind == "generator" else "async"
            raise Unusable(
                f"{self.name} returned {_kind(result)}, which has computed nothing yet: write "
                f"`return` and leave out `{word}`."
            )
        if len(names) == 1:
            if isinstance(result, tuple) and self.returns[names[0]] != "anything":
                comma = " Is there a comma too many behind it?" if len(result) == 1 else ""
                raise Unusable(
                    f"{self.name} returned {_kind(result)}; it returns one thing, "
                    f"{names[0]}.{comma}"
                )
            return self._one(names[0], result)
        wrong = (
            f"{self.name} returned {_kind(result)}; it returns {len(names)} things: "
            f"{', '.join(names)}."
        )
        if self._has_a_row_for_each(result):
            self.unpacked, result = wrong, list(result)
        if not isinstance(result, tuple | list) or len(result) != len(names):
            raise Unusable(wrong)
        self._see_that_dicts_have_their_places(result)
        return tuple(self._one(name, one) for name, one in zip(names, result, strict=True))

    def _see_that_dicts_have_their_places(self, result: tuple | list) -> None:
        """Of several results: a dict where an array belongs, and none in its place."""
        names = list(self.returns)
        dicts = [n for n, one in zip(names, result, strict=True) if isinstance(one, dict)]
        wanted = [n for n, kind in self.returns.items() if kind == "mapping"]
        wrong = [n for n in dicts if self.returns[n] not in ("mapping", "anything")]
        missing = [n for n in wanted if n not in dicts]
        if wrong and len(wrong) == len(missing):
            raise Unusable(
                f"{wrong[0]} is a dict, and {missing[0]} isn't. Are {RIGHT_ORDER} "
                f"{', '.join(names)}."
            )

    def _has_a_row_for_each(self, result: Any) -> bool:
        """Whether one array holds all results, which a caller unpacks as it would a tuple."""
        return (
            isinstance(result, np.ndarray)
            and result.ndim > 0
            and len(result) == len(self.returns)
            and not {"mapping", "anything"} & set(self.returns.values())
        )

    def _one(self, name: str, value: Any) -> Any:
        kind = self.returns[name]
        if kind == "anything":
            return value
        if kind == "mapping":
            if not isinstance(value, dict):
                raise Unusable(f"{name} is {_kind(value)}; return a dict, one entry a parameter.")
            pairs = [(_name(name, key), entry) for key, entry in dict.items(value)]
            for key, entry in pairs:
                if isinstance(entry, dict):
                    raise Unusable(
                        f"{name}[{key!r:.40}] is a dict too: give each array in it a key of its "
                        f"own in {name}."
                    )
            return {key: _numbers(f"{name}[{key!r:.40}]", entry) for key, entry in pairs}
        array = _numbers(name, value, kind in ("array", "complex"), kind == "complex")
        if kind == "number" and array.shape != ():
            raise Unusable(f"{name} has shape {array.shape}; it should be a single number.")
        if kind == "flag" and array.shape != ():
            raise Unusable(f"{name} has shape {array.shape}; it should be one True or False.")
        return array


def name_outputs(returns: dict[str, str], result: Any) -> dict[str, Any]:
    """A dict of what the function returned, without what has no value to judge."""
    values = result if len(returns) > 1 else (result,)
    pairs = zip(returns.items(), values, strict=True)
    return {name: value for (name, kind), value in pairs if kind != "anything"}


def _numbers(
    name: str, value: Any, must_be_array: bool = False, may_be_complex: bool = False
) -> np.ndarray:
    """A copy of the value as a plain array of numbers; see the head of this file.

    Raises:
        Unusable: if it is anything else.
    """
    if value is None:
        raise Unusable(f"{name} is None: has it been computed?")
    if kind := [NEAR[one.__name__] for one in type(value).__mro__ if one.__name__ in NEAR]:
        raise Unusable(f"{name} is {kind[0]}; return a plain NumPy array (np.array, np.zeros).")
    if type(value).__name__ == "int" and (
        type(value) is not int or value.bit_length() > LONGEST_INT
    ):
        raise Unusable(f"{name} is an int of 64 bits or more, which is too large.")
    if not isinstance(value, np.ndarray | np.generic):
        if module := _library(value):
            raise Unusable(
                f"{name} is a tensor of {module}; return a NumPy array, computed with NumPy."
            )
        # A number may be Python's own; whatever else it is, a list say, is no array.
        if must_be_array and isinstance(value, int | float) and value == 0:
            raise Unusable(f"{name} is the number {value}{NOTHING_ADDED}")
        if must_be_array or (not isinstance(value, int | float | str) and _has_length(value)):
            of_it = isinstance(value, list | tuple) or hasattr(type(value), "__array__")
            how = " (np.stack or np.array makes one)" if of_it else ""
            raise Unusable(f"{name} is {_kind(value)}; return a NumPy array{how}.")
    try:
        array = np.array(value)
    except (ValueError, TypeError):
        raise Unusable(f"{name} is {_kind(value)} that NumPy can't make an array of.") from None
    if array.dtype.kind not in ("biufc" if may_be_complex else "biuf"):
        if array.shape:
            raise Unusable(f"{name} holds {array.dtype.name} entries; it should hold real numbers.")
        raise Unusable(f"{name} is {_kind(value)}; it should be a real number.")
    return array


def _name(mapping: str, key: Any) -> str | int:
    """A key as plain text or a whole number.

    Raises:
        Unusable: if it is anything else.
    """
    if isinstance(key, str):
        return str.__str__(key)
    if isinstance(key, int):
        return int.__int__(key)
    raise Unusable(f"{mapping} has {_kind(key)} for a key; keys are names.")


def _library(value: Any) -> str:
    """The library whose tensor a value is, or empty."""
    top = type(value).__module__.split(".")[0]
    names = {"tensorflow": "TensorFlow", "keras": "Keras", "jax": "JAX", "jaxlib": "JAX"}
    return {**names, "torch": "PyTorch"}.get(top, "") or TENSORS.get(type(value).__name__, "")


def _has_length(value: Any) -> bool:
    return hasattr(type(value), "__len__")


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
    while isinstance(function, Guarded | Held):
        function = function.function
    with contextlib.suppress(TypeError, ValueError):
        names = list(inspect.signature(function).parameters)
        if len(names) >= len(default):
            return names
    return list(default)


def _kind(value: Any) -> str:
    """What a value is, in words."""
    if isinstance(value, tuple | list):
        return f"a {'tuple' if isinstance(value, tuple) else 'list'} of {len(value)}"
    if type(value) is np.ndarray:
        return f"an array of shape {value.shape}"
    return with_article(type(value).__name__[:LONGEST_NAME])


def _code(function: Callable) -> types.CodeType | None:
    """Its code; an object of the learner's own may answer anything when it is asked for it."""
    with contextlib.suppress(Exception):
        if isinstance(function.__code__, types.CodeType):
            return function.__code__
    return None


def full_stop(text: str) -> str:
    """The text with a full stop, unless it ends a sentence by itself, as a question does."""
    text = text.rstrip()
    return text if re.search(r"[.?!…:][\"'`)»”]*$", text) else f"{text}."


def with_article(noun: str) -> str:
    """The noun, or the digit, with "a" or "an" before it."""
    return f"{'an' if noun[0] in 'aeiouAEIO8' else 'a'} {noun}"


def _same(a: Any, b: Any) -> bool:
    """Whether two nested values hold the same arrays; NaN equals NaN."""
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(_same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(_same(p, q) for p, q in zip(a, b, strict=True))
    if isinstance(a, np.ndarray):
        if not isinstance(b, np.ndarray) or a.shape != b.shape or a.dtype != b.dtype:
            return False
        # Nearly always the bytes are equal, and to see that takes a tenth of the time. Where they
        # aren't, a zero may have another sign.
        nan_equals_nan = a.dtype.kind in "fc"
        return a.tobytes() == b.tobytes() or np.array_equal(a, b, equal_nan=nan_equals_nan)
    return True
