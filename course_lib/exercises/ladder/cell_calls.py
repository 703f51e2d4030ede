"""What the calls of a Keras cell's rungs share: the half that runs where the learner's class is.

Imports nothing of the course but what the sandbox has too, so an instructor's sandbox gets these
functions with the calls that use them. They give plain arrays, numbers and words.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from course_lib.exercises.calling.guard import Unusable, with_article
from course_lib.graphs import (
    by_xla,
    gpu_report,
    gradient_sizes,
    nodes,
    stumble,
    trace,
)

PRODUCTS = ("MatMul", "BatchMatMulV2", "BatchMatMul", "Einsum", "_FusedMatMul")


def side_by_side(params: dict[str, np.ndarray], letters: str) -> list[np.ndarray]:
    """The weights of a gated cell as Keras has them: kernel, recurrent kernel, bias.

    Args:
        params: W_xg, W_hg and b_g for each letter g.
        letters: the order of the columns.
    """
    return [
        np.concatenate([params[f"{kind}{g}"] for g in letters], axis=-1)
        for kind in ("W_x", "W_h", "b_")
    ]


def from_a_file(layer: Any) -> Any:
    """The layer as Keras makes it again when it loads a network: its configuration has been text.

    What Keras's own get_config gives is what Keras's own class takes: a class below it that fixes
    some of it stores all the same what it is.

    Raises:
        TypeError, ValueError: it holds what no file can hold, or not what the class is called with.
    """
    stored = layer.get_config()
    if stored is None:
        raise TypeError(
            "get_config returns None, as dict.update does: it changes a dict and gives nothing back"
        )
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(stored)))
    of_tensors = {"class_name": "__tensor__"}.items()
    tensors = [n for n, v in config.items() if isinstance(v, dict) and of_tensors <= v.items()]
    try:
        return type(layer).from_config(config)
    except (TypeError, ValueError):
        if tensors:
            raise TypeError(
                f"in what get_config gives, `{tensors[0]}` is a tensor or a variable, no number"
            ) from None
        stores = next(one for one in type(layer).__mro__ if "get_config" in vars(one))
        if not stores.__module__.startswith("keras.") or stores is keras.layers.Layer:
            raise
        return stores.from_config(config)


def loaded(layer: Any, look: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    """What `look` sees of the layer that is made again from this one's configuration.

    For `same_when_loaded`: "refused" says why there is none, or is "". A layer that drops its name
    gets another one by Keras each time it is made.
    """
    try:
        again = from_a_file(layer)
    except (TypeError, ValueError, NotImplementedError) as error:
        return {"refused": str(error).splitlines()[-1].removeprefix("Exception encountered: ")}
    return {"refused": "", "name kept": again.name == layer.name, **look(again)}


def followed(layer_class: Callable, *args: Any, **settings: Any) -> Callable:
    """Makes a layer, or whatever the class makes, and then another one with these settings.

    For `own_settings`. What goes wrong in making it says nothing about the first one.
    """

    def make(*own: Any, **named: Any) -> Any:
        first = layer_class(*own, **named)
        layer_class(*args, **settings)
        return first

    return make


def set_weights(layer: Any, weights: Sequence[np.ndarray]) -> None:
    """Give a layer or a cell these weights.

    Raises:
        Unusable: it has others, in number or in shape.
    """
    own, wanted = ([np.shape(w) for w in some] for some in (layer.get_weights(), weights))
    if own != wanted:
        there = ", ".join(map(str, own)) or "none at all"
        raise Unusable(
            f"build made weights of these shapes: {there}. They should be, in this order, "
            f"{', '.join(map(str, wanted))}, each made by self.add_weight."
        )
    layer.set_weights(weights)


def layer_of(cell: Any, weights: Sequence[np.ndarray], m: int, dtype: str, **settings: Any) -> Any:
    """The cell inside keras.layers.RNN, with these weights; it gives all states."""
    layer = keras.layers.RNN(cell, return_sequences=True, dtype=dtype, **settings)
    layer.build((None, None, m))
    set_weights(layer, weights)
    ask_for_the_width(cell, weights[1].shape[0])
    return layer


def ask_for_the_width(cell: Any, n: int) -> None:
    """Keras makes the layer above as wide as the cell says in output_size, if it has one.

    Raises:
        Unusable: it says anything but n.
    """
    said = getattr(cell, "output_size", None)
    if said is not None and said != n:
        raise Unusable(
            f"The cell's output_size tells Keras that each step gives {said} numbers. They are "
            f"{n}, as many as there are units."
        )


def returned(result: Any, states: Sequence[str]) -> dict[str, Any]:
    """What `call` of a cell returned, as output and new states.

    Args:
        result: what it returned.
        states: what each state is called, for sentences.

    Raises:
        Unusable: it isn't an output and the list of new states, each (batch, n).
    """
    wanted = f"the output, and the list of new states, [{', '.join(states)}]"
    if result is None:
        raise Unusable("call returned None: is the `return` missing?")
    if not isinstance(result, tuple | list) or len(result) != 2:
        kind = with_article(type(result).__name__)
        raise Unusable(f"call returned {kind}; it returns two things: {wanted}.")
    output, new = result
    if not isinstance(new, tuple | list):
        new = [new]
    if len(new) != len(states):
        raise Unusable(f"call returned {len(new)} new states; it returns {wanted}.")
    tensors = {"output": output, **{f"new {name}": one for name, one in zip(states, new)}}  # noqa: B905
    for name, one in tensors.items():
        if keras.ops.ndim(one) != 2:
            raise Unusable(f"The {name} has shape {tuple(one.shape)}; it should be (batch, n).")
    return {name: keras.ops.convert_to_numpy(one) for name, one in tensors.items()}


def spec(x: np.ndarray, T: int | None = None) -> tf.TensorSpec:
    """Sequences of T steps, or of any number of them, in a batch of any size."""
    return tf.TensorSpec((None, T, x.shape[2]), x.dtype)


def all_states(layer: Any, x: np.ndarray, **named: Any) -> np.ndarray:
    """What a layer gives at every step."""
    return keras.ops.convert_to_numpy(layer(x, **named))


def tracing(layer: Callable, x: np.ndarray) -> dict[str, Any]:
    """For `traceable`: whether the graph can be made before batch and T are known."""
    return {"stumbles over": stumble(lambda: trace(layer, spec(x)))}


def growing(layer: Callable, x: np.ndarray) -> dict[str, Any]:
    """For `no_loop_over_time`: how many operations there are for ten and for twenty steps."""
    return {f"operations at T={T}": len(nodes(trace(layer, spec(x, T)))) for T in (10, 20)}


def products(function: Callable, *signature: Any) -> int:
    """How many matrix products the graph of a function has."""
    return sum(node.op in PRODUCTS for node in nodes(trace(function, *signature)))


def gradients(layer: Any, x: np.ndarray) -> dict[str, Any]:
    """For `reaches_every_weight`: what reaches each weight from a loss at all steps."""
    loss = lambda: tf.reduce_sum(tf.square(layer(x)))  # noqa: E731
    return {"gradients": gradient_sizes(loss, layer.trainable_variables)}


def added(layer: Any, x: np.ndarray) -> dict[str, Any]:
    """For `only_what_was_asked`: what stands beside the loss in a training, after one call."""
    layer(x)
    constraints = [getattr(w, "constraint", None) for w in layer.weights]
    return {
        "penalties": len(layer.losses),
        "constraints": sum(one is not None for one in constraints),
        "trainable": bool(layer.trainable),
    }


def is_uniform(W: np.ndarray, deviation: float) -> bool:
    """Whether no number lies where a uniform distribution around zero has none.

    Of 1,200 numbers with a normal distribution about eighty do, of a truncated one about as many.
    """
    return bool(np.abs(W).max() <= np.sqrt(3) * deviation * 1.0001)


def is_drawn(W: np.ndarray) -> bool:
    """Whether the numbers of a fresh matrix are drawn: the identity is orthogonal, too."""
    return len(np.unique(W)) > W.size / 2


def through_time(
    layer: Any, x: np.ndarray, names: Sequence[str] = ("dW_x", "dW_h", "db")
) -> dict[str, Any]:
    """The gradient of half the squared states of all steps, weight by weight; NaN where none is."""
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(layer(x))) / 2
    found = tape.gradient(loss, [w.value for w in layer.trainable_weights])
    return {
        name: np.array(np.nan) if gradient is None else gradient.numpy()
        for name, gradient in zip(names, found, strict=True)
    }


def compiled(layer: Callable, x: np.ndarray, name: str = "h") -> dict[str, Any]:
    """For `compiles`: what a graph gives that XLA has compiled."""

    def make(**settings):
        return trace(layer, spec(x), **settings)

    return by_xla(make, [x], lambda found: {name: found})


def audited(layer: Any, x: np.ndarray) -> dict[str, Any]:
    """For `fit_for_a_gpu`: the graph of a training step's two passes, in float32."""

    def both_passes(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(layer(x)))
        return tape.gradient(loss, [w.value for w in layer.trainable_weights])

    return gpu_report(trace(both_passes, spec(x.astype(np.float32))))
