"""What of a graph a GPU can't run."""

import functools
from collections.abc import Iterable
from typing import Any

from .kernels import has_gpu_kernel, knows_gpu_kernels
from .operations import nodes

INT32, STRING = 3, 7  # tf.int32 and tf.string, as a graph writes them
HOST = ("PyFunc", "PyFuncStateless", "EagerPyFunc")  # py_function and numpy_function
SIZES = ("Const", "Shape", "ShapeN", "Size", "Rank")  # what sizes are made of
PRINTS = ("StringFormat", "PrintV2")  # what tf.print is made of, on the host
FILES = ("WriteSummary", "FlushSummaryWriter")  # on the host, where the file is


def gpu_report(graph: Any) -> dict[str, Any]:
    """What can be said about a graph and a GPU, in plain words and numbers.

    Args:
        graph: what `trace` gives.

    Returns:
        "gpu": the name of the GPU that TensorFlow sees here, or ""; "can tell": whether this build
        of TensorFlow knows; "operations": how many kinds; "without a kernel" and "in Python":
        names of those that a GPU can't run, or that call back into Python, separated by commas;
        "on the host": names of those that write to a file, which is nowhere else; "prints":
        whether any prints; "widened": whether float64 comes out although none goes in.
    """
    everything = nodes(graph)
    operations = [node for node in everything if not _of_files(node) and node.op not in PRINTS]
    kinds = {node.op for node in operations}
    return {
        "gpu": gpu_name(),
        "can tell": knows_gpu_kernels(),
        "operations": len(kinds),
        "without a kernel": ", ".join(sorted(without_gpu_kernel(operations) - set(HOST))),
        "in Python": ", ".join(sorted(kinds & set(HOST))),
        "on the host": ", ".join(sorted({node.op for node in everything} & set(FILES))),
        "prints": any(node.op in PRINTS for node in everything),
        "widened": _is_wide(one.dtype for one in graph.outputs) and not _is_wide(_going_in(graph)),
    }


def gpu_name() -> str:
    """The first GPU that TensorFlow sees, which is then used without being asked; "" if none."""
    import tensorflow as tf

    found = tf.config.list_physical_devices("GPU")
    if not found:
        return ""
    details = tf.config.experimental.get_device_details(found[0])
    return details.get("device_name", "a GPU")


def without_gpu_kernel(operations: Iterable[Any]) -> set[str]:
    """Operations without a kernel for a GPU, for the type of numbers that they work on.

    The words of an assertion are none: TensorFlow keeps them with the CPU, and they cost nothing.
    Nor do sizes, see `_sizes`.
    """
    operations = list(operations)
    missing = [node for node in operations if not (_is_a_message(node) or has_gpu_kernel(node))]
    return {node.op for node in missing if node.op in HOST or not _sizes(node, operations)}


def _going_in(graph: Any) -> list[Any]:
    """The dtypes of what a graph computes with: its arguments, and the variables that it reads."""
    import tensorflow as tf

    reads = [node for node in nodes(graph) if node.op == "ReadVariableOp"]
    arguments = tf.nest.flatten(graph.structured_input_signature)
    return [
        *(one.dtype for one in arguments if hasattr(one, "dtype")),
        *(tf.as_dtype(node.attr["dtype"].type) for node in reads),
    ]


def _is_wide(dtypes: Iterable[Any]) -> bool:
    """Whether any of them is of double precision."""
    return any(one in ("float64", "complex128") for one in dtypes)


def _of_files(node: Any) -> bool:
    """Whether an operation writes to a file, or holds the text that goes there."""
    import tensorflow as tf

    return node.op in FILES or node.attr["dtype"].type == tf.string.as_datatype_enum


def _is_a_message(node: Any) -> bool:
    """Whether a node holds words, such as an assertion has for its error."""
    return node.op == "Const" and node.attr["dtype"].type == STRING


def _sizes(node: Any, operations: Iterable[Any]) -> bool:
    """Whether a node works on nothing but the sizes of tensors, in whole numbers of 32 bits.

    TensorFlow keeps these in the host's memory even where a GPU has kernels for them: nothing is
    copied when the CPU works on them there. What is counted out of numbers, such as the steps that
    a mask leaves, lies in the GPU's.
    """
    made_by = {}
    for one in operations:
        made_by.setdefault(one.name, []).append(one)  # in several functions, one name

    @functools.cache
    def of_sizes(name: str) -> bool:
        # An argument of a function has no node; a loop's counter is one.
        return all(
            one.op in SIZES or (one.op not in ("Placeholder", *HOST) and made_of_sizes(one))
            for one in made_by.get(name, ())
        )

    def made_of_sizes(one: Any) -> bool:
        names = [each.split(":")[0] for each in one.input if not each.startswith("^")]
        return bool(names) and all(map(of_sizes, names))

    values = node.attr.values()
    types = {kind for value in values for kind in (value.type, *value.list.type) if kind}
    return types == {INT32} and made_of_sizes(node)
