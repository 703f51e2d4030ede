"""What operations compute while a function runs, step by step."""

import contextlib
import math
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from .settings import step_by_step


def computed_by(operation: str, function: Callable, *arguments: Any) -> int:
    """How many numbers operations of a kind compute while a function runs, its gradients included.

    What is computed again counts again. Functions that TensorFlow would trace run step by step.

    Args:
        operation: TensorFlow's name for it, such as "Tanh".
        function: of tensors.
        arguments: its arguments.
    """
    numbers = 0

    def count(tensor):
        nonlocal numbers
        numbers += tensor.shape.num_elements()

    _watched(operation, count, lambda: function(*arguments))
    return numbers


def alive_at_once(operation: str, function: Callable, *arguments: Any) -> int:
    """How many numbers that operations of a kind computed are in memory at the same time, at most.

    What a tape holds for its way back counts. Functions that TensorFlow would trace run step by
    step, so this sees through them where XLA can't; but of a `tf.custom_gradient` the tape holds
    what it does in a graph, which is what the gradient uses.

    Args:
        operation: TensorFlow's name for it, such as "Tanh".
        function: of tensors.
        arguments: its arguments.
    """
    now = most = 0

    def add(numbers):
        nonlocal now, most
        now += numbers
        most = max(most, now)

    def follow(tensor):
        numbers = tensor.shape.num_elements()
        add(numbers)
        weakref.finalize(tensor, add, -numbers)

    with _custom_gradients_unrecorded():
        _watched(operation, follow, lambda: function(*arguments))
    return most


def most_in_one_array(width: int, function: Callable, *arguments: Any) -> int:
    """How many numbers the largest array holds that is made while a function runs.

    Only arrays with an axis of a given width count, and none that has the shape of an argument,
    such as its gradient. Functions that TensorFlow would trace run step by step.

    Args:
        width: size of that axis.
        function: of tensors.
        arguments: its arguments.
    """
    most = 0
    known = {tuple(one.shape) for one in arguments}

    def see(tensor):
        nonlocal most
        shape = tuple(tensor.shape)
        if tensor.dtype.is_floating and width in shape and shape not in known:
            most = max(most, math.prod(shape))

    _watched(None, see, lambda: function(*arguments))
    return most


def written(run: Callable[[], Any]) -> list[tuple[int, ...]]:
    """The shape of each tensor that TensorFlow's operations give while a function runs.

    All of it runs eagerly, so a loop in the graph counts at every turn.

    Args:
        run: what to watch.
    """
    shapes: list[tuple[int, ...]] = []
    _watched(None, lambda tensor: shapes.append(tuple(tensor.shape)), run)
    return shapes


@contextlib.contextmanager
def _custom_gradients_unrecorded() -> Iterator[None]:
    """Keep the tapes outside of a `tf.custom_gradient` away from what happens inside.

    Step by step, they record that, although nobody goes back through it; in a graph they don't. So
    what goes in is a copy that they don't watch. A tape that is opened inside records as usual, as
    that of `tf.recompute_grad` does on the way back.
    """
    import tensorflow as tf
    from tensorflow.python.eager import record
    from tensorflow.python.ops import custom_gradient

    decorate = custom_gradient._eager_mode_decorator

    def copy(argument):
        return tf.identity(argument) if tf.is_tensor(argument) else argument

    def unrecorded(function, arguments, keywords):
        def inside(*arguments, **keywords):
            with record.stop_recording():
                arguments, keywords = tf.nest.map_structure(copy, (arguments, keywords))
            return function(*arguments, **keywords)

        return decorate(inside, arguments, keywords)

    custom_gradient._eager_mode_decorator = unrecorded
    try:
        yield
    finally:
        custom_gradient._eager_mode_decorator = decorate


def _watched(operation: str | None, see: Callable, run: Callable) -> None:
    """Run something step by step, and see the results of one kind of operation as they come.

    None stands for every kind.
    """
    from tensorflow.python.framework import op_callbacks

    def called(op_type, inputs, attrs, outputs, op_name=None, graph=None):
        if operation in (None, op_type) and graph is None:
            for output in outputs:
                see(output)

    op_callbacks.add_op_callback(called)
    try:
        with step_by_step():
            run()
    finally:
        op_callbacks.remove_op_callback(called)
