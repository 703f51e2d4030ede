"""The LSTM as a Keras cell, for `keras.layers.RNN` to unroll."""

from functools import partial

import keras
import numpy as np

from course_lib.layers.double import in_double
from course_lib.layers.sizes import checked_units, with_checks
from course_lib.values import checked_number


@keras.saving.register_keras_serializable("course_lib")
class LSTMCell(keras.layers.Layer):
    """One step of the long short-term memory, for Keras.

    c_t = f * c_{t-1} + i * candidate and h_t = o * tanh(c_t), with i, f and o
    three gates. Wrap it in `keras.layers.RNN` to run it over sequences of
    shape (batch, T, m).

    Weights have the layout of `keras.layers.LSTM`: the columns of all four
    gates side by side, n each, in the order i, f, candidate, o. So
    `get_weights` and `set_weights` carry them over. Sources: Hochreiter and
    Schmidhuber, 1997; forget gate: Gers et al., 2000.

    Args:
        units: number of units, n.
        forget_bias: where the forget gate's bias starts. It is an initial
            value, not a constant added at each step.
        kwargs: what every layer of Keras takes, such as its dtype.
    """

    def __init__(self, units, forget_bias=1.0, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.forget_bias = forget_bias
        # IMPLEMENT-ME: Keras knows how wide everything is that this cell hands
        # to its next step, and how wide its output is
        self.state_size = [units, units]
        self.output_size = units
        # END IMPLEMENT-ME

    def build(self, input_shape):
        """Make W_x (m, 4n), W_h (n, 4n) and b (4n,), in this order.

        W_x starts uniform, as in Glorot and Bengio (2010), W_h orthogonal, and
        b at zero, except for the forget gate's part.

        Args:
            input_shape: shape of the input of one step, (batch, m); the batch
                may be None.
        """
        # IMPLEMENT-ME: the three parameters exist, begin as said above, and an
        # optimizer will find them
        m, n = input_shape[-1], self.units
        self.W_x = self.add_weight(
            name="W_x", shape=(m, 4 * n), initializer="glorot_uniform"
        )
        self.W_h = self.add_weight(
            name="W_h", shape=(n, 4 * n), initializer="orthogonal"
        )
        start = np.repeat([0.0, self.forget_bias, 0.0, 0.0], n)
        self.b = self.add_weight(
            name="b",
            shape=(4 * n,),
            initializer=keras.initializers.Constant(start),
        )
        # END IMPLEMENT-ME

    def call(self, x_t, states, training=False):
        """One step, in two matrix products: of the input, and of the state.

        Args:
            x_t: input, shape (batch, m).
            states: a list with two tensors, h_{t-1} and c_{t-1}, each of shape
                (batch, n).
            training: part of the interface of a Keras cell; this one has no
                dropout.

        Returns:
            The output of the step (batch, n), which here is h_t, and the list
            of new states, h_t and c_t.
        """
        # IMPLEMENT-ME: what comes out is what your NumPy step gives for the
        # same numbers, though nothing is multiplied gate by gate
        h_prev, c_prev = states
        # ops.add of a bias is merged with the product; + isn't.
        a = keras.ops.add(keras.ops.matmul(x_t, self.W_x), self.b)
        a = a + keras.ops.matmul(h_prev, self.W_h)
        i, f, candidate, o = keras.ops.split(a, 4, axis=1)
        c_t = keras.ops.sigmoid(f) * c_prev
        c_t = c_t + keras.ops.sigmoid(i) * keras.ops.tanh(candidate)
        h_t = keras.ops.sigmoid(o) * keras.ops.tanh(c_t)
        return h_t, [h_t, c_t]
        # END IMPLEMENT-ME

    def get_config(self):
        """What Keras stores to build the same cell again."""
        return {
            **super().get_config(),
            "units": self.units,
            "forget_bias": self.forget_bias,
        }


in_double(LSTMCell)
with_checks(
    LSTMCell,
    units=checked_units,
    forget_bias=partial(checked_number, name="forget_bias"),
)
