"""The vanilla RNN as a Keras cell, for `keras.layers.RNN` to unroll."""

import keras


@keras.saving.register_keras_serializable("course_lib")
class VanillaRNNCell(keras.layers.Layer):
    """One step of the vanilla RNN, for Keras.

    h_t = tanh(x_t W_xh + h_{t-1} W_hh + b_h). Wrap it in `keras.layers.RNN`
    to run it over sequences of shape (batch, T, m).

    Args:
        units: number of units, n.
    """

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.state_size = units
        self.output_size = units

    def build(self, input_shape):
        """Make W_xh (m, n), W_hh (n, n), b_h (n,), as SimpleRNN does."""
        m, n = input_shape[-1], self.units
        self.W_xh = self.add_weight(
            name="W_xh", shape=(m, n), initializer="glorot_uniform"
        )
        self.W_hh = self.add_weight(
            name="W_hh", shape=(n, n), initializer="orthogonal"
        )
        self.b_h = self.add_weight(name="b_h", shape=(n,), initializer="zeros")

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
        h_prev = states[0]
        # IMPLEMENT-ME: h_t as in rnn_step, with keras.ops.matmul and
        # keras.ops.tanh
        h_t = keras.ops.tanh(
            keras.ops.matmul(x_t, self.W_xh)
            + keras.ops.matmul(h_prev, self.W_hh)
            + self.b_h
        )
        # END IMPLEMENT-ME
        return h_t, [h_t]

    def get_config(self):
        """What Keras stores to build the same cell again."""
        return {**super().get_config(), "units": self.units}
