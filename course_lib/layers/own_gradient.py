"""A function with a gradient of its own, whatever the backend of Keras.

`keras.ops.custom_gradient` hands other arguments to the gradient in PyTorch
than elsewhere, hides its errors there, and has no second gradient.
"""

import functools

import keras
from keras import ops


def with_gradient(function, gradient):
    """A function that is differentiated as you say.

    Args:
        function: from tensors to one tensor, all real or all complex.
        gradient: from the loss's gradient by the result, the result, and the
            arguments, to a tuple of the loss's gradients by the arguments. It
            may itself be differentiated. For complex numbers, the gradient by
            x + iy is the one by x plus i times the one by y.

    Returns:
        The function; the same where the backend knows no gradients.
    """
    own = WAYS.get(keras.backend.backend())
    return own(function, gradient) if own else function


def _tensorflow(function, gradient):
    import tensorflow as tf

    @tf.custom_gradient
    def run(*arguments):
        result = function(*arguments)
        return result, lambda upstream: gradient(upstream, result, *arguments)

    return run


def _jax(function, gradient):
    import jax

    run = jax.custom_vjp(function)

    def forward(*arguments):
        result = run(*arguments)
        return result, (result, *arguments)

    def backward(kept, upstream):
        # JAX's gradient of a complex number is the conjugate of ours.
        found = gradient(ops.conj(upstream), *kept)
        return tuple(ops.conj(one) for one in found)

    run.defvjp(forward, backward)
    return run


def _torch(function, gradient):
    return functools.partial(_torch_function().apply, function, gradient)


@functools.cache
def _torch_function():
    import torch

    class OwnGradient(torch.autograd.Function):
        @staticmethod
        def forward(function, gradient, *arguments):
            result = function(*arguments)
            # PyTorch takes back no argument as it is.
            return result.view_as(result)

        @staticmethod
        def setup_context(ctx, inputs, result):
            _, ctx.gradient, *arguments = inputs
            ctx.save_for_backward(result, *arguments)

        @staticmethod
        def backward(ctx, upstream):
            return None, None, *ctx.gradient(upstream, *ctx.saved_tensors)

    return OwnGradient


WAYS = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}
