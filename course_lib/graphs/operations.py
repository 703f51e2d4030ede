"""The operations of a graph, and what they alone tell about it."""

from collections.abc import Iterable, Iterator
from typing import Any


def nodes(graph: Any) -> list[Any]:
    """The operations of a traced function and, once each, of those it calls: bodies of loops.

    Args:
        graph: what `trace` gives.
    """
    return list(_nodes(_graph_def(graph)))


def _graph_def(graph: Any) -> Any:
    """By the method of TensorFlow's class: a graph may have been given another one of its own."""
    from tensorflow.python.framework import ops

    return ops.Graph.as_graph_def(graph.graph)


def _nodes(graph_def: Any) -> Iterator[Any]:
    library = {one.signature.name: one.node_def for one in graph_def.library.function}
    waiting = [graph_def.node]
    while waiting:
        for node in waiting.pop():
            yield node
            for value in node.attr.values():
                for function in (value.func, *value.list.func):
                    if function.name in library:
                        waiting.append(library.pop(function.name))


def pipeline_operations(dataset: Any) -> set[str]:
    """The kinds of operations that a `tf.data.Dataset` is made by, in the functions it maps too."""
    import tensorflow as tf

    ignore = 1  # that a Python generator has a state which can't be stored
    text = tf.raw_ops.DatasetToGraphV2(
        input_dataset=dataset._variant_tensor, external_state_policy=ignore
    )
    graph_def = tf.compat.v1.GraphDef.FromString(text.numpy())
    inner = (node for function in graph_def.library.function for node in function.node_def)
    return {node.op for node in (*graph_def.node, *inner)}


def kept_by_loops(graph: Any) -> int:
    """How many tensors each turn of a loop lays aside for a backward pass of TensorFlow's own.

    Args:
        graph: what `trace` gives, of both passes.
    """
    return sum(node.op == "TensorListPushBack" for node in nodes(graph))


def slices_that_change(graph: Any) -> bool:
    """Whether a loop cuts pieces whose size is computed while it turns.

    XLA, which lays out all memory beforehand, has no such arrays: it refuses them, or works with
    larger ones, and then the numbers can be wrong without a word (TensorFlow 2.21).

    Args:
        graph: what `trace` gives.
    """
    library = {one.signature.name: one for one in _graph_def(graph).library.function}
    bodies = [
        library[node.attr["body"].func.name].node_def
        for node in nodes(graph)
        if node.op in ("While", "StatelessWhile")
    ]
    return any(_cuts_by_a_computed_size(body) for body in bodies)


def _cuts_by_a_computed_size(body: Iterable[Any]) -> bool:
    operations = {node.name: node.op for node in body}
    for node in body:
        match node.op:
            case "StridedSlice" if not node.attr["shrink_axis_mask"].i:  # an index cuts one
                sizes = node.input[1:3]
            case "Slice":
                sizes = node.input[2:3]
            case _:
                continue
        if any(operations.get(one.split(":")[0]) != "Const" for one in sizes):
            return True
    return False


def lists_that_grow(graph: Any) -> bool:
    """Whether a TensorArray grows while it is written, as with `dynamic_size=True`.

    XLA gives it the size that it begins with, and what is written beyond is lost without a word
    (TensorFlow 2.21).

    Args:
        graph: what `trace` gives.
    """
    grows = "resize_if_index_out_of_bounds"
    return any(node.op == "TensorListSetItem" and node.attr[grows].b for node in nodes(graph))
