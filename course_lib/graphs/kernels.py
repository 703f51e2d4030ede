"""TensorFlow's kernels: the devices that it has code for, operation by operation."""

from collections.abc import Iterable
from typing import Any, NamedTuple

# Kernels for a GPU. DEFAULT ones are registered for every device, and so for this one: they move
# no numbers (While and NoOp pass them on, Placeholder and ReadVariableOp hand them out).
GPU_KERNELS = ("GPU", "DEFAULT")


class Kernel(NamedTuple):
    """Code of TensorFlow's for one operation.

    Args:
        device_type: what it runs on, such as "GPU".
        types: pairs of an attribute and the types of numbers that it is for; none: for all.
    """

    device_type: str
    types: tuple[tuple[str, frozenset[int]], ...]


# By operation, once somebody has asked. Nothing in it can be changed but the dict itself, which the
# instructor's sandbox looks after.
KERNELS: dict[str, tuple[Kernel, ...]] = {}


def devices_of(operations: Iterable[Any]) -> dict[str, set[str]]:
    """For each operation the devices that TensorFlow has a kernel for.

    Args:
        operations: what `nodes` gives.
    """
    names = {node.op for node in operations}
    return {op: {kernel.device_type for kernel in _kernels(op)} for op in names}


def knows_gpu_kernels() -> bool:
    """Whether this build of TensorFlow has kernels for a GPU, and so can tell about them."""
    return any(kernel.device_type == "GPU" for kernel in _kernels("MatMul"))


def has_gpu_kernel(node: Any) -> bool:
    """Whether there is one for a GPU, for the type of numbers that the node has."""
    return any(k.device_type in GPU_KERNELS and _fits(k, node) for k in _kernels(node.op))


def _fits(kernel: Kernel, node: Any) -> bool:
    """Whether a kernel is for the types of numbers that the node has.

    A rule about something else, such as what GatherNd does with an index out of range, lists no
    types.
    """
    return all(
        types.issuperset(node.attr[name].list.type or [node.attr[name].type])
        for name, types in kernel.types
        if types
    )


def _kernels(op: str) -> tuple[Kernel, ...]:
    """All are asked for at once, and once: to ask for one takes a millisecond, each time."""
    if not KERNELS:
        from tensorflow.python.framework.kernels import get_all_registered_kernels

        found: dict[str, list[Kernel]] = {}
        for kernel in get_all_registered_kernels().kernel:
            rules = kernel.constraint
            types = tuple((rule.name, frozenset(rule.allowed_values.list.type)) for rule in rules)
            found.setdefault(kernel.op, []).append(Kernel(kernel.device_type, types))
        KERNELS.update({name: tuple(kernels) for name, kernels in found.items()})
    return KERNELS.get(op, ())
