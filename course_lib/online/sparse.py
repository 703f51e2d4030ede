"""A network in which each unit hears only a few of the others, and what the rules ask of it."""

from numbers import Integral
from operator import index

import keras
import numpy as np
import tensorflow as tf

from course_lib.layers.sizes import checked_seed
from course_lib.online.cells import DYNAMICS, LeakyRNNCell, VanillaDynamics


@keras.saving.register_keras_serializable("course_lib")
class SparseRNNCell(LeakyRNNCell):
    """A leaky cell most of whose recurrent weights don't exist: 0 from the start, and they stay 0.

    h_t = (1 - leak) h_{t-1} + leak phi(x_t W_xh + h_{t-1} (W_hh ∘ A) + b_h), with A_ji = 1 where
    unit i hears unit j, else 0. Every unit hears itself. W_hh keeps its shape (n, n); where A is 0
    nothing reads it, and its gradient is 0 with every rule. An orthogonal start loses what A cuts
    off; what is left of each column is brought back to length 1, which it had.

    Args:
        units, activation, leak, recurrent, noise: as of `LeakyRNNCell`.
        connections: how many of the others each unit hears, drawn at random so that as many hear
            it; or for each unit a list of those that it hears, numbers from 0 to n - 1.
        seed: of that draw.

    Raises:
        ValueError: one of them is something else.
    """

    def __init__(self, units, connections, seed=0, **kwargs):
        super().__init__(units, **kwargs)
        n = self.units
        seed = checked_seed(seed, least=0)
        if isinstance(connections, Integral) and not isinstance(connections, bool):
            if not 0 <= connections < n:
                raise ValueError(
                    f"connections is {connections}: of {n} units each can hear from 0 to {n - 1}"
                    " others."
                )
            connections = _drawn(n, connections, seed)
        # As they were drawn: they are stored, and no NumPy of another year draws others.
        self.connections, self.seed = _checked(connections, n), seed
        self.heard = np.eye(n, dtype=bool)  # A, (n, n): unit i hears unit j
        for i, others in enumerate(self.connections):
            self.heard[others, i] = True

    def _orthogonal(self, shape, dtype):
        left = super()._orthogonal(shape, dtype) * tf.constant(self.heard, dtype)
        return tf.math.l2_normalize(left, axis=0)

    def _start(self, shape, dtype=None):
        """W_hh before any training."""
        return super()._start(shape, dtype) * tf.constant(self.heard, dtype)

    def call(self, x_t, states, training=False):
        """One step; shapes as in `VanillaRNNCell`."""
        W_hh = tf.convert_to_tensor(self.W_hh)
        return self._step(x_t, states[0], W_hh * tf.constant(self.heard, W_hh.dtype))

    def get_config(self):
        """What Keras stores to build the same cell again."""
        return {**super().get_config(), "connections": self.connections, "seed": self.seed}


class SparseDynamics(VanillaDynamics):
    """`SparseRNNCell`: the credited state is h."""

    @property
    def heard(self):
        """A, (n, n) of Boolean: whether the unit of a column hears that of a row."""
        return self.cell.heard

    def exist(self, inputs):
        """Of W_hh, what somebody hears; the rest whole."""
        others = [[0, inputs + 1], [0, 0]]
        return tf.constant(np.pad(self.heard, others, constant_values=True), self.dtype)

    def matrices(self):
        """W_hh without what nobody hears, W_xh, b_h."""
        W_h, *others = super().matrices()
        return self._cut(W_h), *others

    def split(self, gradient):
        """A gradient (n + m + 1, n) as a list in the order of `weights`."""
        of_h, *others = super().split(gradient)
        return [self._cut(of_h), *others]

    def _cut(self, a):
        return a * tf.constant(self.heard, a.dtype)


def _drawn(units, count, seed):
    """For each unit, `count` others that it hears; as many hear it."""
    rng = np.random.default_rng(seed)
    circle = rng.permutation(units)
    steps = 1 + rng.permutation(units - 1)[:count]
    heard = dict(zip(circle, (circle[k - steps] for k in range(units)), strict=True))
    return [heard[i].tolist() for i in range(units)]


def _checked(connections, units):
    """Lists of numbers, seen to be such.

    Raises:
        ValueError: they are none, or not one for each unit.
    """
    try:
        lists = [[index(j) for j in others] for others in connections]
    except TypeError:
        lists = []
    # Each once: a matrix of zeros and ones is no list of units.
    known = all(len(set(a)) == len(a) and set(a) <= set(range(units)) for a in lists)
    if len(lists) != units or not known:
        raise ValueError(
            f"connections is a number, or {units} lists, one for each unit, of the units that it"
            f" hears: whole numbers from 0 to {units - 1}, each once."
        )
    return lists


DYNAMICS[SparseRNNCell] = SparseDynamics
