"""The LSTM with what was added to it later, as a Keras cell."""

import keras
from keras import ops

from course_lib.layers.double import in_double
from course_lib.layers.lstm import LSTMCell
from course_lib.values import checked_switch


@keras.saving.register_keras_serializable("course_lib")
class LSTMVariantCell(LSTMCell):
    """One step of an LSTM with peepholes, with layer norm, or with both.

    Peepholes: Gers and Schmidhuber, 2000. Layer norm: Ba et al., 2016.

    Args:
        units: number of units, n.
        peepholes: let each gate see the memory of its own unit: i and f see
            c_{t-1}, o sees c_t.
        layer_norm: normalise x W_x, h W_h, and c_t on its way into h_t, each
            with its own gain and shift.
        kwargs: what `LSTMCell` takes.
    """

    def __init__(self, units, peepholes=False, layer_norm=False, **kwargs):
        super().__init__(units, **kwargs)
        self.peepholes = checked_switch(peepholes, "peepholes")
        self.layer_norm = checked_switch(layer_norm, "layer_norm")
        if self.layer_norm:
            self.norm_x, self.norm_h, self.norm_c = (
                keras.layers.LayerNormalization(
                    dtype=self.dtype_policy, name=name
                )
                for name in ("norm_x", "norm_h", "norm_c")
            )

    def build(self, input_shape):
        """Make the weights of the LSTM, and what the options ask."""
        super().build(input_shape)
        n = self.units
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
        """One step; see `LSTMCell`."""
        h_prev, c_prev = states
        from_x = ops.matmul(x_t, self.W_x)
        from_h = ops.matmul(h_prev, self.W_h)
        if self.layer_norm:
            from_x, from_h = self.norm_x(from_x), self.norm_h(from_h)
        a = ops.add(from_x, self.b) + from_h
        i, f, candidate, o = ops.split(a, 4, axis=1)
        if self.peepholes:
            i = i + self.p_i * c_prev
            f = f + self.p_f * c_prev
        c_t = ops.sigmoid(f) * c_prev + ops.sigmoid(i) * ops.tanh(candidate)
        if self.peepholes:
            o = o + self.p_o * c_t
        seen = self.norm_c(c_t) if self.layer_norm else c_t
        h_t = ops.sigmoid(o) * ops.tanh(seen)
        return h_t, [h_t, c_t]

    def get_config(self):
        """What Keras stores to build the same cell again."""
        return {
            **super().get_config(),
            "peepholes": self.peepholes,
            "layer_norm": self.layer_norm,
        }


in_double(LSTMVariantCell)
