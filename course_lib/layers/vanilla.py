"""The vanilla RNN as a Keras cell, for `keras.layers.RNN` to unroll."""

import keras

from course_lib.layers.double import in_double
from course_lib.layers.sizes import in_whole_units


@keras.saving.register_keras_serializable("course_lib")
class VanillaRNNCell(keras.layers.Layer):
    """One step of the vanilla RNN, for Keras.

    h_t = tanh(x_t W_xh + h_{t-1} W_hh + b_h). Wrap it in `keras.layers.RNN`
    to run it over sequences of shape (batch, T, m).

    Args:
        units: number of units, n.
        kwargs: what every layer of Keras takes, such as its dtype.
    """

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        # IMPLEMENT-ME: before any data has come, Keras can ask the cell how
        # wide the memory is that it hands to the next step
        self.units = units
        self.state_size = units
        # END IMPLEMENT-ME

    def build(self, input_shape):
        """Make the three weights; `get_weights` lists them in this order.

        W_xh (m, n) starts uniform, as in Glorot and Bengio (2010), W_hh (n, n)
        orthogonal, and b_h (n,) at zero, as in `keras.layers.SimpleRNN`.

        Args:
            input_shape: shape of the input of one step, (batch, m); the batch
                may be None.
        """
        # IMPLEMENT-ME: the parameters exist, of the right sizes and with the
        # right first values, and an optimizer will find all of them
        m, n = input_shape[-1], self.units
        self.W_xh = self.add_weight(
            name="W_xh", shape=(m, n), initializer="glorot_uniform"
        )
        self.W_hh = self.add_weight(
            name="W_hh", shape=(n, n), initializer="orthogonal"
        )
        self.b_h = self.add_weight(name="b_h", shape=(n,), initializer="zeros")
        # END IMPLEMENT-ME

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
        # IMPLEMENT-ME: what comes out is what your NumPy step gives for the
        # same numbers; it also works on tensors that have no numbers yet
        h_prev = states[0]
        h_t = keras.ops.tanh(
            keras.ops.matmul(x_t, self.W_xh)
            + keras.ops.matmul(h_prev, self.W_hh)
            + self.b_h
        )
        return h_t, [h_t]
        # END IMPLEMENT-ME

    def get_config(self):
        """What Keras stores, so that `from_config` makes the same cell."""
        # IMPLEMENT-ME: every argument that the cell was made with
        return {**super().get_config(), "units": self.units}
        # END IMPLEMENT-ME


in_double(VanillaRNNCell)
in_whole_units(VanillaRNNCell)
