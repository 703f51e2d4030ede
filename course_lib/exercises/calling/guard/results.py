"""A learner's function whose results are plain arrays of numbers, or told to be none.

What counts as an array is the same for every exercise, at the top and inside dicts:

- an array is a NumPy array of real numbers: bool, whole or floating point, `longdouble` included;
  where an exercise's result is of the kind "complex", complex ones are welcome besides;
- a single number may be a Python or a NumPy number, or an array of shape ();
- several results come as a tuple, a named tuple or a list; a mapping is a dict of any kind;
- refused, with a sentence each: lists and tuples for arrays, `np.matrix` (its `*` is another
  product) and masked arrays (their masks hide entries), tensors of TensorFlow, JAX and PyTorch,
  arrays of objects or of text, complex numbers elsewhere, generators, a tuple around one result.
"""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import numpy as np

from .arguments import copies, see_that_they_stayed
from .around import Around
from .exceptions import Unusable
from .hashes import texts_hashed_anew
from .words import kind_of

RIGHT_ORDER = "the results in the right order? It is"  # in a sentence: nobody need look further
NOTHING_ADDED = ": has anything been added to it? A NumPy array should come of it."
LONGEST_INT = 63  # bits; what has more comes out of no sandbox
# Of what comes out of a sandbox only the name of its type is known: that is what counts here, too.
LAZY = "generator", "coroutine", "async_generator"
NEAR = {"matrix": "an np.matrix", "MaskedArray": "a masked array, whose mask hides entries"}
TENSORS = {
    **dict.fromkeys(("EagerTensor", "SymbolicTensor", "ResourceVariable"), "TensorFlow"),
    "ArrayImpl": "JAX",
}


class Guarded(Around):
    """The learner's function, with its results checked for their kind at every call.

    Args:
        function: the learner's function.
        name: what to call it in sentences.
        returns: names and kinds of what it returns (see `Exercise`).
        by_seed: whether nothing but a seed may decide (see `Exercise`).
    """

    def __init__(
        self, function: Callable, name: str, returns: dict[str, str], by_seed: bool = False
    ):
        super().__init__(function, name)
        self.returns = returns
        self.by_seed = by_seed
        self.unpacked = ""  # what is wrong with one array for several things, if it is wrong

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        """Call the function; its arguments must come back as they went in.

        Raises:
            Unusable: if an argument was changed or the result is not of the right kind.
        """
        every = {**dict(enumerate(arguments)), **named}
        before = copies(every)
        with texts_hashed_anew(self.function) if self.by_seed else nullcontext():
            result = self.function(*arguments, **named)
        see_that_they_stayed(self.name, self.function, before, every)
        return self._checked(result)

    def _checked(self, result: Any) -> Any:
        """The result with arrays copied, or `Unusable` with what is wrong about its form."""
        names = list(self.returns)
        if result is None:
            raise Unusable(f"{self.name} returned None: is the `return` missing?")
        if (kind := type(result).__name__) in LAZY:
            word = "yield" if kind == "generator" else "async"
            raise Unusable(
                f"{self.name} returned {kind_of(result)}, which has computed nothing yet: write "
                f"`return` and leave out `{word}`."
            )
        if len(names) == 1:
            if isinstance(result, tuple) and self.returns[names[0]] != "anything":
                comma = " Is there a comma too many behind it?" if len(result) == 1 else ""
                raise Unusable(
                    f"{self.name} returned {kind_of(result)}; it returns one thing, "
                    f"{names[0]}.{comma}"
                )
            return self._one(names[0], result)
        wrong = (
            f"{self.name} returned {kind_of(result)}; it returns {len(names)} things: "
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
                raise Unusable(f"{name} is {kind_of(value)}; return a dict, one entry a parameter.")
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
            raise Unusable(f"{name} is {kind_of(value)}; return a NumPy array{how}.")
    try:
        array = np.array(value)
    except (ValueError, TypeError):
        raise Unusable(f"{name} is {kind_of(value)} that NumPy can't make an array of.") from None
    if array.dtype.kind not in ("biufc" if may_be_complex else "biuf"):
        if array.shape:
            raise Unusable(f"{name} holds {array.dtype.name} entries; it should hold real numbers.")
        raise Unusable(f"{name} is {kind_of(value)}; it should be a real number.")
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
    raise Unusable(f"{mapping} has {kind_of(key)} for a key; keys are names.")


def _library(value: Any) -> str:
    """The library whose tensor a value is, or empty."""
    top = type(value).__module__.split(".")[0]
    names = {"tensorflow": "TensorFlow", "keras": "Keras", "jax": "JAX", "jaxlib": "JAX"}
    return {**names, "torch": "PyTorch"}.get(top, "") or TENSORS.get(type(value).__name__, "")


def _has_length(value: Any) -> bool:
    return hasattr(type(value), "__len__")
