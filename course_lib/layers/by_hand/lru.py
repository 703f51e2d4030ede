"""An LRU as a layer of Keras."""

import functools

import keras

from course_lib.layers.backend import tensorflow_for
from course_lib.layers.by_hand.scan import fast_scan
from course_lib.layers.sizes import (
    checked_seed,
    checked_units,
    with_checks,
)
from course_lib.scratch.diagonal import init_lru

tf = tensorflow_for("LRULayer", instead="course_lib.layers.LRU")


@keras.saving.register_keras_serializable("course_lib")
class LRULayer(keras.layers.Layer):
    """An LRU over whole sequences: `lru_forward`, from a state of zero.

    Its weights are real, in this order: nu_log, theta_log, gamma_log (n,),
    B_re, B_im (m, n), C_re, C_im (n, k), D (m, k). B is B_re + i B_im, and C
    likewise.

    Args:
        units: complex units, n.
        outputs: numbers that come out at each step, k.
        seed: of the first weights.
        kwargs: what every layer of Keras takes, such as its dtype.
    """

    def __init__(self, units, outputs, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.units, self.outputs, self.seed = units, outputs, seed

    def build(self, input_shape):
        """Make the weights, as `init_lru` has them.

        Args:
            input_shape: (batch, T, m); batch and T may be None.
        """
        m = input_shape[-1]
        first = init_lru(m, self.units, self.outputs, self.seed)
        for name in ("B", "C"):
            numbers = first.pop(name)
            first[f"{name}_re"], first[f"{name}_im"] = (
                numbers.real,
                numbers.imag,
            )
        order = ("nu_log", "theta_log", "gamma_log")
        for name in (*order, "B_re", "B_im", "C_re", "C_im", "D"):
            weight = self.add_weight(
                name=name,
                shape=first[name].shape,
                initializer=keras.initializers.Constant(first[name]),
            )
            setattr(self, name, weight)

    def call(self, x):
        """From inputs (batch, T, m) to real outputs (batch, T, k)."""
        # IMPLEMENT-ME: what comes out is what your NumPy layer gives for the
        # same numbers, in the dtype of the layer, and every weight learns
        lam = tf.exp(tf.complex(-tf.exp(self.nu_log), tf.exp(self.theta_log)))
        gamma = tf.exp(self.gamma_log)
        b = tf.complex(gamma * (x @ self.B_re), gamma * (x @ self.B_im))
        a = tf.broadcast_to(lam, tf.shape(b))
        z = fast_scan(a, b, tf.zeros_like(b[:, 0]))
        y = tf.math.real(z) @ self.C_re - tf.math.imag(z) @ self.C_im
        return y + x @ self.D
        # END IMPLEMENT-ME

    def get_config(self):
        """What Keras stores, so that `from_config` makes the same layer."""
        return {
            **super().get_config(),
            "units": self.units,
            "outputs": self.outputs,
            "seed": self.seed,
        }


with_checks(
    LRULayer,
    units=checked_units,
    outputs=functools.partial(checked_units, name="outputs"),
    seed=functools.partial(checked_seed, least=0),
)
