"""How large gradients are, by a tape."""

from collections.abc import Callable, Iterable
from typing import Any


def gradient_sizes(loss: Callable[[], Any], variables: Iterable[Any]) -> dict[str, float]:
    """The largest entry of the gradient to each variable; NaN where the tape finds no way to it.

    Args:
        loss: gives the number whose gradient is taken.
        variables: of TensorFlow or Keras.
    """
    import tensorflow as tf

    variables = list(variables)
    with tf.GradientTape() as tape:
        value = loss()
    theirs = [one if isinstance(one, tf.Variable) else one.value for one in variables]
    found = tape.gradient(value, theirs)
    sizes = {}
    for number, (variable, gradient) in enumerate(zip(variables, found, strict=True)):
        name = variable.name.split("/")[-1].split(":")[0] or f"weight {number}"
        name = name if name not in sizes else f"{name} ({number})"
        if gradient is None:
            sizes[name] = float("nan")
        else:  # that of an embedding comes as slices
            sizes[name] = float(tf.reduce_max(tf.abs(tf.convert_to_tensor(gradient))))
    return sizes
