"""An exception of a learner's function in one sentence: what it is, where, and what to do."""

import linecache
import re
from collections.abc import Callable

from .code import code_of
from .exceptions import OUT_OF_MEMORY, RAISED, NotWritten, Unusable
from .limit import TookTooLong
from .words import LONGEST_NAME, full_stop

LONGEST = 10_000  # characters of an exception's message that are looked at


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


def in_words(name: str, function: Callable, error: BaseException) -> Exception:
    """`NotWritten` if a stub raised it, else `Unusable` with a sentence."""
    # Libraries raise NotImplementedError too, with words of their own.
    if isinstance(error, NotImplementedError) and re.match("IMPLEMENT-ME|$", _plain(error)):
        return NotWritten(_plain(error))
    kind = OUT_OF_MEMORY if isinstance(error, MemoryError) else RAISED
    return Unusable(what_it_raised(name, function, error), kind)


def what_it_raised(name: str, function: Callable, error: BaseException) -> str:
    """One sentence for an exception: its kind, its message and the learner's line."""
    if isinstance(error, SystemExit):
        return f"{name} called exit(): leave that out and return the result."
    kind = " ".join(type(error).__name__[:LONGEST_NAME].split())
    if message := " ".join(_plain(error).split())[:300].rstrip("."):
        kind += f": {message}"
    code = code_of(function)
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


def _plain(error: BaseException) -> str:
    """The message itself: Keras colours it and wraps it in what was called, TensorFlow too."""
    message = ""
    try:
        message = re.sub(r"\x1b\[\d*m", "", _without_places(str(error))[:LONGEST])
    except TookTooLong:
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
