"""What differs between the backends of Keras, and `keras.ops` doesn't hide.

The backend is chosen once, before Keras is imported: `KERAS_BACKEND=jax`.
"""

import keras
from keras import ops


def tensorflow_for(what, instead):
    """TensorFlow, for what is written in it and takes a Keras that runs on it.

    Args:
        what: asks for it.
        instead: what does the same on every backend.

    Raises:
        ImportError: Keras runs on another backend.
    """
    backend = keras.backend.backend()
    if backend != "tensorflow":
        raise ImportError(
            f"{what} is written for TensorFlow, and Keras runs on {backend} "
            f"here: use {instead}, or start Python anew with "
            "KERAS_BACKEND=tensorflow."
        )
    import tensorflow

    return tensorflow


def as_complex(real, imaginary):
    """Complex numbers from their parts, of any one shape."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        return tf.complex(real, imaginary)
    if backend == "jax":
        import jax

        return jax.lax.complex(real, imaginary)
    if backend == "torch":
        import torch

        return torch.complex(real, imaginary)
    return real + 1j * imaginary


def where(condition, x, y):
    """x or y, of one type; `ops.where` makes complex64 of complex128."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.where(condition, x, y)
    return ops.where(condition, x, y)


def sees_accelerator():
    """Whether the backend of Keras computes on a GPU, a TPU or the like."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        kinds = ("GPU", "TPU")
        return any(tf.config.list_logical_devices(kind) for kind in kinds)
    if backend == "jax":
        import jax

        return jax.default_backend() != "cpu"
    return backend == "torch" and ops.zeros(()).device.type != "cpu"


def over_time(step, state, a, x, reverse=False):
    """The outputs of a step that is taken at each entry of the first axis.

    Args:
        step: from (state, a_t, x_t) to the next state and an output like x_t.
        state: before the first step; behind the last one if reverse.
        a: shape (T, ...) or, where it is the same at all steps, (1, ...).
        x: shape (T, ...).
        reverse: begin at the last step.

    Returns:
        The outputs, shape of x.
    """
    if keras.backend.backend() == "tensorflow":
        return _in_the_graph(step, state, a, x, reverse)
    if x.shape[0] == 0:
        return ops.zeros_like(x)
    if a.shape[0] == 1:
        a_0 = a[0]
        return ops.scan(
            lambda state, x_t: step(state, a_0, x_t), state, x, reverse=reverse
        )[1]
    return ops.scan(
        lambda state, now: step(state, *now), state, (a, x), reverse=reverse
    )[1]


def _in_the_graph(step, state, a, x, reverse):
    """`ops.scan` would copy all that it reads before the loop begins."""
    import tensorflow as tf

    T = tf.shape(x)[0]

    def turn(taken, state, out):
        t = T - 1 - taken if reverse else taken
        state, y = step(state, a[0] if a.shape[0] == 1 else a[t], x[t])
        return taken + 1, state, out.write(t, y)

    out = tf.TensorArray(x.dtype, T, element_shape=x.shape[1:])
    *_, out = tf.while_loop(
        lambda taken, *_: taken < T,
        turn,
        (0, state, out),
        maximum_iterations=T,
    )
    # The stack itself doesn't know how long it is, and Keras asks its shape.
    return tf.ensure_shape(out.stack(), x.shape)


def doubling(T, join, *values):
    """Take `join(d, *values)` for d = 1, 2, 4, ..., as long as d is below T.

    Where T is known the rounds stand one after the other, so that XLA can work
    on each; in TensorFlow they are a loop in the graph, which doesn't grow.
    """
    if keras.backend.backend() == "tensorflow":
        _, *values = ops.while_loop(
            lambda d, *_: d < T,
            lambda d, *values: (2 * d, *join(d, *values)),
            (1, *values),
        )
        return values
    d = 1
    while d < T:
        values, d = join(d, *values), 2 * d
    return values
