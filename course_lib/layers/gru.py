"""The GRU as a Keras cell, for `keras.layers.RNN` to unroll."""

from functools import partial

import keras

from course_lib.layers.double import in_double
from course_lib.layers.sizes import checked_units, with_checks
from course_lib.values import checked_switch


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
    computes. Weights have the layout of `keras.layers.GRU`: the columns of z,
    r and the candidate side by side, n each, in this order. So `get_weights`
    and `set_weights` carry them over. Source: Cho et al., 2014.

    Args:
        units: number of units, n.
        reset_after: the convention.
        kwargs: what every layer of Keras takes, such as its dtype.
    """

    def __init__(self, units, reset_after=False, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.reset_after = reset_after
        self.state_size = units
        self.output_size = units

    def build(self, input_shape):
        """Make W_x (m, 3n), W_h (n, 3n), b: (3n,), or (2, 3n) if reset_after.

        The first row of the larger b belongs to x, the second to h. W_x starts
        uniform, as in Glorot and Bengio (2010), W_h orthogonal, and b at zero.

        Args:
            input_shape: shape of the input of one step, (batch, m); the batch
                may be None.
        """
        # IMPLEMENT-ME: the three parameters exist, begin as said above, and an
        # optimizer will find them
        m, n = input_shape[-1], self.units
        self.W_x = self.add_weight(
            name="W_x", shape=(m, 3 * n), initializer="glorot_uniform"
        )
        self.W_h = self.add_weight(
            name="W_h", shape=(n, 3 * n), initializer="orthogonal"
        )
        shape = (2, 3 * n) if self.reset_after else (3 * n,)
        self.b = self.add_weight(name="b", shape=shape, initializer="zeros")
        # END IMPLEMENT-ME

    def call(self, x_t, states, training=False):
        """One step, in two matrix products; three where the reset is first.

        Args:
            x_t: input, shape (batch, m).
            states: a list with one tensor, h_{t-1}, shape (batch, n).
            training: part of the interface of a Keras cell; this one has no
                dropout.

        Returns:
            The output of the step (batch, n), which here is h_t, and the list
            of new states.
        """
        # IMPLEMENT-ME: what comes out is what your NumPy step gives for the
        # same numbers; with the other convention, what Keras's own layer gives
        h_prev, n = states[0], self.units
        if self.reset_after:
            # ops.add of a bias is merged with the product; + isn't.
            from_x = keras.ops.add(keras.ops.matmul(x_t, self.W_x), self.b[0])
            from_h = keras.ops.add(
                keras.ops.matmul(h_prev, self.W_h), self.b[1]
            )
            gates = from_x[:, : 2 * n] + from_h[:, : 2 * n]
            z, r = keras.ops.split(keras.ops.sigmoid(gates), 2, axis=1)
            reset = r * from_h[:, 2 * n :]
        else:
            from_x = keras.ops.add(keras.ops.matmul(x_t, self.W_x), self.b)
            from_h = keras.ops.matmul(h_prev, self.W_h[:, : 2 * n])
            gates = from_x[:, : 2 * n] + from_h
            z, r = keras.ops.split(keras.ops.sigmoid(gates), 2, axis=1)
            reset = keras.ops.matmul(r * h_prev, self.W_h[:, 2 * n :])
        candidate = keras.ops.tanh(from_x[:, 2 * n :] + reset)
        h_t = z * h_prev + (1 - z) * candidate
        return h_t, [h_t]
        # END IMPLEMENT-ME

    def get_config(self):
        """What Keras stores to build the same cell again."""
        return {
            **super().get_config(),
            "units": self.units,
            "reset_after": self.reset_after,
        }


in_double(GRUCell)
with_checks(
    GRUCell,
    units=checked_units,
    reset_after=partial(checked_switch, name="reset_after"),
)
