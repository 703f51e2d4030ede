"""Computing in float64 on every backend of Keras.

With JAX and PyTorch, Keras gives a result of 32 bits for numbers of 64 where
an operation asks which type its result has: `tanh`, `sin` and `cos` in JAX,
`matmul` in PyTorch (Keras 3.15). TensorFlow's are as wide as their inputs.
"""

import contextlib
import functools
import threading

import keras
import numpy as np

_one_at_a_time = threading.RLock()


def in_double(layer):
    """See to it that layers of a class, if their dtype is float64, keep it.

    Args:
        layer: a class of layers, whose `call` is replaced.
    """
    if keras.backend.backend() == "tensorflow":
        return
    call = layer.call

    @functools.wraps(call)
    def call_in_double(self, *args, **kwargs):
        wide = self.compute_dtype == "float64"
        with float64_stays() if wide else contextlib.nullcontext():
            return call(self, *args, **kwargs)

    layer.call = call_in_double


def begins_at(value):
    """An initializer with one number, as exact as the layer's own dtype.

    Keras's Constant takes one of Python's through float32: 0.3 becomes
    0.30000001192.
    """
    return keras.initializers.Constant(np.float64(value))


@contextlib.contextmanager
def float64_stays():
    """In here, operations of Keras give float64 for float64."""
    from keras.src.backend.common.dtypes import BIT64_TO_BIT32_DTYPE as narrow

    with _one_at_a_time:
        kept = narrow["float64"]
        narrow["float64"] = "float64"
        try:
            yield
        finally:
            narrow["float64"] = kept
