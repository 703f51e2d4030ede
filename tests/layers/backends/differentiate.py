"""Values and gradients, on whichever backend Keras has."""

import keras
import numpy as np
from keras import ops


def differentiated(function, layer=None):
    """A function's values, and the gradients of a loss that hears of all of them, squared.

    Args:
        function: from tensors to a list of tensors, real or complex.
        layer: whose trainable weights count as arguments too.

    Returns:
        From a list of arrays, and whatever else the function takes behind them, to the outputs, the
        gradients by the arrays, and those by the weights: lists of arrays. By complex numbers they
        are TensorFlow's and PyTorch's, the conjugate of JAX's.
    """
    weights = layer.trainable_variables if layer is not None else []
    run = WAYS[keras.backend.backend()](function, weights)
    return lambda *given: [[ops.convert_to_numpy(x) for x in part] for part in run(*given)]


def inner_gradient(function):
    """The gradients of that loss as tensors, which can be differentiated again."""
    return INNER[keras.backend.backend()](function)


def loss_of(outputs):
    total = 0.0
    for number, y in enumerate(outputs, start=1):
        y = y + y * y / number
        total = total + ops.sum(ops.real(y)) + 2 * ops.sum(ops.imag(y) if is_complex(y) else 0 * y)
    return total


def is_complex(x):
    return "complex" in str(x.dtype)


def _tensorflow(function, weights):
    import tensorflow as tf

    def run(arguments, *given):
        arguments = [tf.constant(x) for x in arguments]
        with tf.GradientTape() as tape:
            tape.watch(arguments)
            outputs = function(*arguments, *given)
            loss = loss_of(outputs)
        of = [*arguments, *(w.value for w in weights)]
        found = tape.gradient(loss, of, unconnected_gradients="zero")
        return outputs, found[: len(arguments)], found[len(arguments) :]

    return run


def _jax(function, weights):
    import jax

    def loss(arguments, values, *given):
        with keras.StatelessScope(state_mapping=zip(weights, values, strict=True)):
            outputs = function(*arguments, *given)
            return loss_of(outputs), outputs

    both = jax.jit(jax.value_and_grad(loss, (0, 1), has_aux=True))

    def run(arguments, *given):
        arguments = [jax.numpy.asarray(x) for x in arguments]
        (_, outputs), (one, other) = both(arguments, [w.value for w in weights], *given)
        return outputs, [np.conj(x) for x in one], other

    return run


def _torch(function, weights):
    import torch

    def run(arguments, *given):
        arguments = [torch.tensor(x, requires_grad=True) for x in arguments]
        outputs = function(*arguments, *given)
        of = [*arguments, *(w.value for w in weights)]
        # Without any argument that it depends on, a loss has no gradient at all.
        loss = loss_of(outputs) + 0 * sum(x.sum().real for x in of)
        found = [g.resolve_conj() for g in torch.autograd.grad(loss, of)]
        return outputs, found[: len(arguments)], found[len(arguments) :]

    return run


WAYS = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}


def _tensorflow_inner(function):
    import tensorflow as tf

    def run(*arguments):
        with tf.GradientTape() as tape:
            tape.watch(arguments)
            loss = loss_of(function(*arguments))
        return tape.gradient(loss, arguments)

    return run


def _jax_inner(function):
    import jax

    def run(*arguments):
        every = tuple(range(len(arguments)))
        found = jax.grad(lambda *x: loss_of(function(*x)), every)(*arguments)
        return [ops.conj(x) for x in found]

    return run


def _torch_inner(function):
    import torch

    return lambda *x: torch.autograd.grad(loss_of(function(*x)), x, create_graph=True)


INNER = {"tensorflow": _tensorflow_inner, "jax": _jax_inner, "torch": _torch_inner}
