"""The GRU as a Keras cell, for `keras.layers.RNN` to unroll."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("course_lib")
class GRUCell(keras.layers.Layer):
    """One step of the gated recurrent unit, for Keras.

    h_t = z * h_{t-1} + (1 - z) * candidate, with z and r two gates. Wrap it in
    `keras.layers.RNN` to run it over sequences of shape (batch, T, m).

    The two conventions are two models. They differ in where the reset gate
    stands:

        reset_after=False  candidate = tanh(x W_x + (r * h) W_h + b), the text
        reset_after=True   candidate = tanh(x W_x + b + r * (h W_h + b'))

    The second needs one product with h in place of two, and it is what cuDNN
    computes. Weights have the layout of `keras.layers.GRU` (columns z, r,
    candidate), so that `get_weights` and `set_weights` carry them over.
    Source: Cho et al., 2014.

    Args:
        units: number of units, n.
        reset_after: the convention.
    """

    def __init__(self, units, reset_after=False, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.reset_after = reset_after
        self.state_size = units
        self.output_size = units

    def build(self, input_shape):
        """Make W_x (m, 3n), W_h (n, 3n), b: (3n,), or (2, 3n) if reset_after.

        The first row of the larger b belongs to x, the second to h.
        """
        m, n = input_shape[-1], self.units
        self.W_x = self.add_weight(
            name="W_x", shape=(m, 3 * n), initializer="glorot_uniform"
        )
        self.W_h = self.add_weight(
            name="W_h", shape=(n, 3 * n), initializer="orthogonal"
        )
        shape = (2, 3 * n) if self.reset_after else (3 * n,)
        self.b = self.add_weight(name="b", shape=shape, initializer="zeros")

    def call(self, x_t, states, training=False):
        """One step.

        Args:
            x_t: input, shape (batch, m).
            states: a list with one tensor, h_{t-1}, shape (batch, n).
            training: part of the interface of a Keras cell; this one has no
                dropout.

        Returns:
            The output of the step (batch, n), which here is h_t, and the list
            of new states.
        """
        h_prev, n = states[0], self.units
        if self.reset_after:
            # ops.add of a bias is merged with the product; + isn't.
            from_x = ops.add(ops.matmul(x_t, self.W_x), self.b[0])
            from_h = ops.add(ops.matmul(h_prev, self.W_h), self.b[1])
            z, r = ops.split(
                ops.sigmoid(from_x[:, : 2 * n] + from_h[:, : 2 * n]), 2, axis=1
            )
            reset = r * from_h[:, 2 * n :]
        else:
            from_x = ops.add(ops.matmul(x_t, self.W_x), self.b)
            from_h = ops.matmul(h_prev, self.W_h[:, : 2 * n])
            z, r = ops.split(
                ops.sigmoid(from_x[:, : 2 * n] + from_h), 2, axis=1
            )
            reset = ops.matmul(r * h_prev, self.W_h[:, 2 * n :])
        candidate = ops.tanh(from_x[:, 2 * n :] + reset)
        h_t = z * h_prev + (1 - z) * candidate
        return h_t, [h_t]

    def get_config(self):
        """What Keras stores to build the same cell again."""
        return {
            **super().get_config(),
            "units": self.units,
            "reset_after": self.reset_after,
        }
