"""Where TensorFlow computes what is in a graph, as it decided when the graph ran."""

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

# What passes numbers on between devices, or hands them in and out, computes nothing. An assertion
# keeps them for its words, which are on the host everywhere.
PASS_ON = ("Assert", "_Arg", "_Retval", "_DeviceArg", "_DeviceRetval", "Const", "Placeholder")
PASS_ON += ("_Send", "_Recv", "_HostSend", "_HostRecv")
PASS_ON += ("Enter", "Exit", "Merge", "NextIteration", "Switch")  # of a loop


@contextlib.contextmanager
def watched() -> Iterator[list[Any]]:
    """The graphs that run meanwhile, one for each device, as TensorFlow has divided them.

    The list is filled at the end.
    """
    from tensorflow.python.eager import context

    ours, graphs = context.context(), []
    ours.enable_graph_collection()
    ours.enable_run_metadata()
    try:
        yield graphs
        for function in ours.export_run_metadata().function_graphs:
            graphs.extend(function.partition_graphs)
    finally:
        ours.disable_run_metadata()
        ours.disable_graph_collection()


def elsewhere(graphs: Iterable[Any], device: str) -> tuple[set[str], set[str]]:
    """Operations that ran on another device: those on real or complex numbers, and the others.

    The others work on sizes, counters and words, and belong on the host.

    Args:
        graphs: what `watched` gives.
        device: such as "GPU:0".
    """
    numbers, others = set(), set()
    for graph in graphs:
        functions = (node for one in graph.library.function for node in one.node_def)
        for node in (*graph.node, *functions):
            if not node.device or node.device.endswith(device) or node.op in PASS_ON:
                continue
            (numbers if _on_real_numbers(node) else others).add(node.op)
    return numbers, others


def operations(graphs: Iterable[Any]) -> set[str]:
    """The kinds of operations in graphs."""
    return {node.op for graph in graphs for node in graph.node}


def _on_real_numbers(node: Any) -> bool:
    import tensorflow as tf

    kinds = {value.type for value in node.attr.values()}
    for value in node.attr.values():
        kinds.update(value.list.type)
    types = (tf.as_dtype(kind) for kind in kinds if kind)
    return any(one.is_floating or one.is_complex for one in types)
