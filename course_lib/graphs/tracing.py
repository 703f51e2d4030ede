"""Trace a function as Keras would, or say what TensorFlow stumbles over."""

import linecache
import re
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .settings import goes_step_by_step

# How TensorFlow says that it can't trace something: what it stumbles over, and how it puts that.
STUMBLES = {
    "NumPy": r"Cannot convert a symbolic .*to a numpy array|"
    r"(?:float|int)\(\) argument must be .*not 'SymbolicTensor'",
    "numbers": r"'(?:Symbolic)?\w*Tensor' object has no attribute 'numpy'|"
    r"numpy\(\) is only available when eager execution is enabled",
    "if": r"Using a symbolic .* as a Python `bool`",
    "for": r"Iterating over a symbolic",
    "length": r"'(?:NoneType|SymbolicTensor)' object cannot be interpreted as an integer|"
    r"Expected int\d+, but got None|len is not well defined for a symbolic Tensor|"
    r"Cannot convert a partially known TensorShape|Cannot infer argument `num` from shape|"
    r"Failed to convert elements of [\[(][^\])]*\bNone\b[^\])]*[\])] to Tensor|"
    r"Argument `size` must be provided",
    "variable": r"only supports singleton tf\.Variables|tried to create variables on non-first|"
    r"add new elements of state \(variables or sub-layers\)|"
    r"Unable to lift tensor .* depends transitively on placeholder",  # it begins with a result
    # Keras 3 compares the lengths of several tensors, and of an unknown one asks what None hasn't;
    # its associative_scan asks in an `if`.
    "scan": r"'NoneType' object has no attribute 'assert_is_compatible_with'",
    "dtype": r"has type float\d+ that does not match type float\d+|"
    r"expected to be a \w+ tensor but is a \w+ tensor",
}
LIBRARIES = frozenset(("tensorflow", "keras"))  # their code asks for shapes, too
# Words about a None, which is a size where somebody asks a tensor for its shape.
NOTHING = (
    r"None values not supported|'NoneType' and |and 'NoneType'|"
    r"bad operand type for unary .*'NoneType'"
)


# A layer whose class begins with an underscore is called so, and TensorFlow takes the name anywhere
# but at the top of a graph. Keras's `fit` never stands there.
NOT_AT_THE_TOP = "is not a valid root scope name"


class Untraceable(Exception):
    """TensorFlow can't trace a function; the message is what it stumbles over, from `STUMBLES`."""


def trace(function: Callable, *signature: Any, **settings: Any) -> Any:
    """The graph of a function, a `ConcreteFunction`, traced as Keras traces what it trains.

    Keras takes Python as it stands (no AutoGraph): an `if` on a tensor is an error. While
    TensorFlow goes `step_by_step`, it is the function itself, which has no graph.

    Args:
        function: of tensors.
        signature: a `tf.TensorSpec` for each; None in a shape stands for any size.
        settings: of `tf.function`, such as `jit_compile`.

    Raises:
        Untraceable: for one of the reasons that learners meet; what fails otherwise fails as it is.
    """
    import tensorflow as tf

    if goes_step_by_step():
        return function
    settings = {"autograph": False, **settings}

    def graph(of):
        return tf.function(of, **settings).get_concrete_function(*signature)

    try:
        try:
            return graph(function)
        except ValueError as error:
            if NOT_AT_THE_TOP not in str(error):
                raise
            return graph(_below_the_top(function))
    except Exception as error:
        if over := _what_stumbled(error) or _a_size(error):
            raise Untraceable(over) from error
        raise


def _below_the_top(function: Callable) -> Callable:
    """The same function; in a graph, all names that it gives begin with another."""
    import tensorflow as tf

    def below(*arguments):
        with tf.name_scope("below"):
            return function(*arguments)

    return below


def stumble(attempt: Callable[[], Any]) -> str:
    """What TensorFlow stumbles over when it traces what an attempt runs; "" if it can trace it.

    What fails for a reason that isn't in `STUMBLES` fails as it is.
    """
    try:
        attempt()
    except Untraceable as problem:
        return str(problem)
    except Exception as error:
        if over := _what_stumbled(error):
            return over
        raise
    return ""


def _what_stumbled(error: Exception) -> str:
    message = " ".join(str(error).split())
    over = next((over for over, words in STUMBLES.items() if re.search(words, message)), "")
    return "scan" if over == "if" and _in_associative_scan(error) else over


def _in_associative_scan(error: Exception) -> bool:
    """Whether Keras's own code holds the `if`: it too compares the lengths of several tensors."""
    name, within, line = "associative_scan", error.__traceback__, ""
    while within is not None:
        code = within.tb_frame.f_code
        if LIBRARIES & set(Path(code.co_filename).parts):
            if code.co_name == name:
                return True
        else:
            line = _expression(within)
        within = within.tb_next
    return name in line  # Keras takes its own frames out of what a layer raises


def _expression(within: Any) -> str:
    """The lines of the expression that a frame of a traceback was at."""
    code = within.tb_frame.f_code
    first, last, *_ = list(code.co_positions())[within.tb_lasti // 2]
    if first is None or last is None:
        return ""
    return "".join(linecache.getline(code.co_filename, n) for n in range(first, last + 1))


def _a_size(error: Exception) -> str:
    """ "length" if what failed is None, and code of the traced function asks for a shape."""
    if not re.search(NOTHING, " ".join(str(error).split())):
        return ""
    within = error.__traceback__.tb_next  # what `trace` has called
    while within is not None:
        code = within.tb_frame.f_code
        if "shape" in code.co_names and not LIBRARIES & set(Path(code.co_filename).parts):
            return "length"
        within = within.tb_next
    return ""


def _outermost(graph: Any) -> Any:
    """The graph of the whole trace: a branch of tf.cond has one inside of it."""
    while (outer := getattr(graph, "outer_graph", None)) is not None and outer.building_function:
        graph = outer
    return graph


class Counting:
    """A function that counts how often Python runs it: once for each trace of what calls it.

    Calls that follow each other in one trace count as one: a step may call a model twice.

    Args:
        function: what is called.
    """

    def __init__(self, function: Callable):
        self.function = function
        self.times = 0
        self.traced = False  # whether the last time was for a graph
        self._graph = lambda: None  # of the last time

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Count, and call."""
        import tensorflow as tf

        self.traced = tf.inside_function()
        graph = _outermost(tf.compat.v1.get_default_graph()) if self.traced else None
        self.times += graph is None or graph is not self._graph()
        self._graph = weakref.ref(graph) if self.traced else lambda: None
        return self.function(*arguments, **named)
