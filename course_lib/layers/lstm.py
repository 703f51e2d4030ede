"""The LSTM as a Keras cell, for `keras.layers.RNN` to unroll."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("course_lib")
class ForgetBias(keras.initializers.Initializer):
    """A bias of an LSTM (4n,): zero, but for the forget gate's.

    Args:
        value: that of the forget gate.
    """

    def __init__(self, value=1.0):
        self.value = value

    def __call__(self, shape, dtype=None):
        """Zeros, n times the value, 2n zeros."""
        n = shape[0] // 4
        zeros = ops.zeros((n,), dtype=dtype)
        forget = ops.full((n,), self.value, dtype=dtype)
        return ops.concatenate([zeros, forget, zeros, zeros])

    def get_config(self):
        """What Keras stores to make the same one again."""
        return {"value": self.value}


@keras.saving.register_keras_serializable("course_lib")
class LSTMCell(keras.layers.Layer):
    """One step of the long short-term memory, for Keras.

    c_t = f * c_{t-1} + i * candidate and h_t = o * tanh(c_t), with i, f and o
    three gates. Wrap it in `keras.layers.RNN` to run it over sequences of
    shape (batch, T, m).

    Without the two options the weights have the layout of `keras.layers.LSTM`
    (columns i, f, candidate, o), so that `get_weights` and `set_weights` carry
    them over. Sources: Hochreiter and Schmidhuber, 1997; forget gate: Gers et
    al., 2000; peepholes: Gers and Schmidhuber, 2000; layer norm: Ba et al.,
    2016.

    Args:
        units: number of units, n.
        forget_bias: where the forget gate's bias starts. It is an initial
            value, not a constant added at each step.
        peepholes: let each gate see the memory of its own unit: i and f see
            c_{t-1}, o sees c_t.
        layer_norm: normalise x W_x, h W_h, and c_t on its way into h_t, each
            with its own gain and shift.
    """

    def __init__(
        self,
        units,
        forget_bias=1.0,
        peepholes=False,
        layer_norm=False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.units = units
        self.forget_bias = forget_bias
        self.peepholes = peepholes
        self.layer_norm = layer_norm
        self.state_size = [units, units]
        self.output_size = units
        if layer_norm:
            self.norm_x, self.norm_h, self.norm_c = (
                keras.layers.LayerNormalization(
                    dtype=self.dtype_policy, name=name
                )
                for name in ("norm_x", "norm_h", "norm_c")
            )

    def build(self, input_shape):
        """Make W_x (m, 4n), W_h (n, 4n), b (4n,), and what the options ask."""
        m, n = input_shape[-1], self.units
        self.W_x = self.add_weight(
            name="W_x", shape=(m, 4 * n), initializer="glorot_uniform"
        )
        self.W_h = self.add_weight(
            name="W_h", shape=(n, 4 * n), initializer="orthogonal"
        )
        self.b = self.add_weight(
            name="b",
            shape=(4 * n,),
            initializer=ForgetBias(self.forget_bias),
        )
        if self.peepholes:
            # Zero: at the start it is the LSTM without them.
            self.p_i, self.p_f, self.p_o = (
                self.add_weight(name=name, shape=(n,), initializer="zeros")
                for name in ("p_i", "p_f", "p_o")
            )
        if self.layer_norm:
            self.norm_x.build((None, 4 * n))
            self.norm_h.build((None, 4 * n))
            self.norm_c.build((None, n))

    def call(self, x_t, states, training=False):
        """One step.

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
        h_prev, c_prev = states
        from_x = ops.matmul(x_t, self.W_x)
        from_h = ops.matmul(h_prev, self.W_h)
        if self.layer_norm:
            from_x, from_h = self.norm_x(from_x), self.norm_h(from_h)
        # ops.add of a bias, which TensorFlow merges with the product; + isn't.
        a = ops.add(from_x, self.b) + from_h
        i, f, candidate, o = ops.split(a, 4, axis=1)
        if self.peepholes:
            i += self.p_i * c_prev
            f += self.p_f * c_prev
        c_t = ops.sigmoid(f) * c_prev + ops.sigmoid(i) * ops.tanh(candidate)
        if self.peepholes:
            o += self.p_o * c_t
        seen = self.norm_c(c_t) if self.layer_norm else c_t
        h_t = ops.sigmoid(o) * ops.tanh(seen)
        return h_t, [h_t, c_t]

    def get_config(self):
        """What Keras stores to build the same cell again."""
        return {
            **super().get_config(),
            "units": self.units,
            "forget_bias": self.forget_bias,
            "peepholes": self.peepholes,
            "layer_norm": self.layer_norm,
        }
