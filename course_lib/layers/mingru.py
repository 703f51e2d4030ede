"""The minimal GRU: a gate that looks at the input alone."""

import keras
import numpy as np
from keras import ops

from course_lib.layers.backend import where
from course_lib.layers.double import in_double
from course_lib.layers.scan import scan
from course_lib.layers.scanned import (
    ScannedRNN,
    checked_timescales,
    held,
    only_real,
)
from course_lib.layers.sizes import checked_units


@keras.saving.register_keras_serializable("course_lib")
class MinGRUCell(keras.layers.Layer):
    """One step of a minimal GRU, for Keras.

    g_t = sigmoid(x_t W_g + b_g), c_t = x_t W_c + b_c, and h_t is
    (1 - g_t) h_{t-1} + g_t c_t. No gate sees h, so all steps can be taken at
    once, which `MinGRU` does. Source: Feng et al., 2024, "Were RNNs all we
    needed?".

    Args:
        units: number of units, n.
        timescales: two numbers: the gates start so that the states fade with
            time constants between them, in steps, evenly spread over the
            orders of magnitude. None: b_g starts at zero, and with it a state
            halves at every step.
        kwargs: what every layer of Keras takes, such as its dtype.

    Raises:
        ValueError: one of them is something else.
    """

    STATES = "h"

    def __init__(self, units, timescales=None, **kwargs):
        super().__init__(**kwargs)
        if timescales is not None:
            timescales = checked_timescales(timescales)
        self.units, self.timescales = checked_units(units), timescales
        self.settings = {"units": self.units, "timescales": timescales}
        self.state_size = self.output_size = self.units

    def build(self, input_shape):
        """Make W_g, W_c (m, n) and b_g, b_c (n,).

        Args:
            input_shape: shape of the input of one step, (batch, m).
        """
        m, n = input_shape[-1], self.units
        start = "zeros"
        if self.timescales is not None:
            steps = np.geomspace(*self.timescales, n)
            # 1 - sigmoid(b) = exp(-1 / steps)
            start = keras.initializers.Constant(np.log(np.expm1(1 / steps)))
        self.W_g, self.W_c = (
            self.add_weight(
                name=name, shape=(m, n), initializer="glorot_uniform"
            )
            for name in ("W_g", "W_c")
        )
        self.b_g = self.add_weight(name="b_g", shape=(n,), initializer=start)
        self.b_c = self.add_weight(name="b_c", shape=(n,), initializer="zeros")

    @property
    def clock(self):
        """The weights that set how fast units fade: none, the input does."""
        return []

    def decay_and_input(self, x):
        """1 - g and g c of every step: what the scan takes.

        Args:
            x: inputs, shape (..., m).

        Returns:
            Two tensors, shape (..., n), in the type of the weights.
        """
        W = ops.concatenate(
            [ops.convert_to_tensor(W) for W in (self.W_g, self.W_c)], axis=1
        )
        b = ops.concatenate(
            [ops.convert_to_tensor(b) for b in (self.b_g, self.b_c)], axis=0
        )
        both = ops.add(ops.matmul(x, W), b)
        both = ops.cast(both, self.variable_dtype)
        gate, c = ops.split(both, 2, axis=-1)
        # 1 - sigmoid(gate) would lose what is left of a gate that is open.
        return ops.sigmoid(-gate), ops.sigmoid(gate) * c

    def call(self, x_t, states, training=False):
        """One step.

        Args:
            x_t: input, shape (batch, m).
            states: a list with h_{t-1}, shape (batch, n).
            training: part of the interface of a Keras cell; it has no dropout.

        Returns:
            h_t, shape (batch, n), and the list of new states.
        """
        a, b = self.decay_and_input(x_t)
        h_t = a * ops.cast(states[0], a.dtype) + b
        h_t = ops.cast(h_t, states[0].dtype)
        return h_t, [h_t]

    def show(self, states, x):
        """The output that belongs to states: h itself."""
        return ops.cast(states[0], self.compute_dtype)

    def scan(self, x, states, mask=None, every_step=True, method="auto"):
        """All steps; see `ScannedRNN.call`.

        Args:
            x: inputs, shape (batch, T, m).
            states: as in `call`.
            mask: shape (batch, T), or None.
            every_step: whether all outputs are wanted or the last one.
            method: of `course_lib.layers.scan`.

        Returns:
            Outputs (batch, T, n) or (batch, n), and the list of last states.
        """
        x = ops.transpose(only_real(x, mask), (1, 0, 2))
        a, b = self.decay_and_input(x)
        if mask is not None:
            real = ops.transpose(mask)[..., None]
            a = where(real, a, ops.ones_like(a))
            b = where(real, b, ops.zeros_like(b))
        h = scan(a, b, states[0], axis=0, method=method)
        last = h[-1]
        if every_step:
            y = ops.transpose(h, (1, 0, 2))
            return (y if mask is None else held(y, mask)), [last]
        if mask is None:
            return last, [last]
        some = ops.any(mask, axis=1, keepdims=True)
        return where(some, last, ops.zeros_like(last)), [last]

    def get_config(self):
        """What Keras stores to build the same cell again."""
        return {**super().get_config(), **self.settings}


in_double(MinGRUCell)


@keras.saving.register_keras_serializable("course_lib")
class MinGRU(ScannedRNN):
    """A minimal GRU over whole sequences: all steps of a `MinGRUCell` at once.

    Sequences (batch, T, m) in; h at every step, (batch, T, n), or at the last
    one, (batch, n).

    Args:
        units, timescales: see `MinGRUCell`.
        kwargs: the options of `ScannedRNN`, and what every layer takes.
    """

    def __init__(self, units, timescales=None, **kwargs):
        cell = MinGRUCell(units, timescales, dtype=kwargs.get("dtype"))
        super().__init__(cell, **kwargs)
