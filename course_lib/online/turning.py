"""A network whose units turn: in pairs, each a damped oscillator that the others drive."""

import keras
import numpy as np
import tensorflow as tf

from course_lib.layers.sizes import checked_seed
from course_lib.online import checks
from course_lib.online.cells import DYNAMICS, Dynamics


@keras.saving.register_keras_serializable("course_lib")
class TurningRNNCell(keras.layers.Layer):
    """Units that keep their state by pairs, and turn it: what `LeakyRNNCell` is with a leak.

    h_t = K h_{t-1} + s ∘ tanh(x_t W_xh + h_{t-1} W_hh + b_h). K turns each pair by ω at a step and
    lets it fade by exp(-γ); unit j of the first half makes a pair with unit j of the second. K is
    fixed, as a leak is. s = sqrt(1 - exp(-2γ)), so that a slow pair, which adds up more, moves no
    further than a fast one. With W_hh = 0 the pairs are those of a linear recurrent unit (Orvieto
    et al., 2023) whose inputs are squashed.

    Args:
        gamma, omega: of each pair, lists of the same length n/2; γ above 0.
        gain: standard deviation of W_xh at the start.
        noise: standard deviation of W_hh at the start.
        seed: of the start.

    Raises:
        ValueError: one of them is something else.
    """

    def __init__(self, gamma, omega, gain=1.0, noise=0.0, seed=0, **kwargs):
        super().__init__(**kwargs)
        try:
            pairs = np.array(gamma, float), np.array(omega, float)
        except (TypeError, ValueError, OverflowError):
            pairs = (np.zeros(()),) * 2
        if pairs[0].ndim != 1 or pairs[0].shape != pairs[1].shape or not len(pairs[0]):
            raise ValueError("gamma and omega are lists of one length: a number for each pair.")
        if not (np.all(np.isfinite(pairs[0])) and np.all(pairs[0] > 0)):
            raise ValueError("gamma is the rate of decay of a pair, a number above 0.")
        if not np.all(np.isfinite(pairs[1])):
            raise ValueError("omega is the angle of a pair at each step, a number.")
        gain, noise = checks.number("gain", gain), checks.number("noise", noise)
        self.gamma, self.omega = (a.tolist() for a in pairs)
        self.units = self.state_size = 2 * len(self.gamma)
        self.gain, self.noise, self.seed = gain, noise, checked_seed(seed)
        left = np.exp(-pairs[0])
        self.turn = np.stack([left * np.cos(pairs[1]), left * np.sin(pairs[1])])
        self.scale = np.tile(np.sqrt(1 - left**2), 2)

    @property
    def modes(self):
        """The mode of each unit without W_hh, as `modes` of the rule "kernl_modes"."""
        return [(np.tile(self.gamma, 2), np.abs(np.tile(self.omega, 2)))]

    def build(self, input_shape):
        """Make W_xh (m, n), W_hh (n, n), b_h (n,)."""
        m, n = input_shape[-1], self.units
        normal = keras.initializers.RandomNormal
        first, second = (None, None) if self.seed is None else (self.seed, self.seed + 1)
        self.W_xh = self.add_weight(
            name="W_xh", shape=(m, n), initializer=normal(stddev=self.gain, seed=first)
        )
        self.W_hh = self.add_weight(
            name="W_hh", shape=(n, n), initializer=normal(stddev=self.noise, seed=second)
        )
        self.b_h = self.add_weight(name="b_h", shape=(n,), initializer="zeros")

    def kept(self, h):
        """K h: what is left of a state (batch, n) after a step without inputs."""
        cosine, sine = (keras.ops.convert_to_tensor(a, h.dtype) for a in self.turn)
        one, other = keras.ops.split(h, 2, axis=-1)
        return keras.ops.concatenate(
            [cosine * one - sine * other, sine * one + cosine * other], axis=-1
        )

    def call(self, x_t, states, training=False):
        """One step; shapes as in `VanillaRNNCell`."""
        h_prev = states[0]
        a_t = keras.ops.matmul(x_t, self.W_xh) + keras.ops.matmul(h_prev, self.W_hh) + self.b_h
        scale = keras.ops.convert_to_tensor(self.scale, a_t.dtype)
        h_t = self.kept(h_prev) + scale * keras.ops.tanh(a_t)
        return h_t, [h_t]

    def get_config(self):
        """What Keras stores to build the same cell again."""
        own = ("gamma", "omega", "gain", "noise", "seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}


class TurningDynamics(Dynamics):
    """`TurningRNNCell`: the credited state is h."""

    parts = 1
    gates = 1

    def weights(self):
        """W_hh, W_xh, b_h."""
        return [self.cell.W_hh, self.cell.W_xh, self.cell.b_h]

    def step(self, a, state):
        """h; kept is tanh."""
        y = tf.tanh(a)
        return (self.cell.kept(state[0]) + self._scale(a) * y,), (y,)

    def reaction(self, old, new, kept):
        """s tanh'."""
        return self._scale(kept[0]) * (1 - kept[0] * kept[0])

    def tangent(self, da, dstate, state, new, kept):
        """K dh + d da."""
        return (self.cell.kept(dstate[0]) + self.reaction(state, new, kept) * da,)

    def diagonal(self, old, new, kept):
        """exp(-γ) cos ω + d W_hh's diagonal: what a unit does to itself; its pair is left out."""
        own = tf.linalg.diag_part(tf.convert_to_tensor(self.cell.W_hh))
        d = self.reaction(old, new, kept)
        return tf.constant(np.tile(self.cell.turn[0], 2), d.dtype) + d * own

    @property
    def leak(self):
        """What a unit loses of its own state at a step, 1 - exp(-γ) cos ω."""
        return tf.constant(1 - np.tile(self.cell.turn[0], 2), self.cell.compute_dtype)

    def _scale(self, like):
        return tf.constant(self.cell.scale, like.dtype)


DYNAMICS[TurningRNNCell] = TurningDynamics
