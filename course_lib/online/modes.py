"""A kernel that turns: a sensitivity as a sum of damped oscillations, fitted by nudging.

    ∂h_k(t) / ∂h_i(s)  ≈  Σ_r exp(-γ_r τ) (β_rki cos ω_r τ + β'_rki sin ω_r τ),      τ = t - s

KeRNL's kernel is one of these modes, with ω = 0, and it learns γ. Here the modes (γ_r, ω_r) are
fixed and the sensitivities β, β' are learned alone. So what the kernel predicts is linear in what
is learned: with λ_r = exp(-γ_r + iω_r) and the noise ψ as in `kernel`,

    z_r(t) = λ_r z_r(t-1) + ψ(t)               ε(t) = Σ_r β_r Re z_r(t) + β'_r Im z_r(t) - moved(t)

and the fit is least squares. A mode with ω = 0 fades and one with ω = π alternates: both have no
sine, so they need one trace for each weight where the others need two. An array over *parts* holds
first the cosines of all modes, the turning ones at the front, and then the sines.
"""

from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from course_lib.layers.sizes import checked_units
from course_lib.online.traces import leaky_scan
from course_lib.scratch.kernl_modes import spread_modes

# Of the mean variance of a unit's features; modes that are nearly alike are told apart up to this.
RIDGE = 1e-3


class ModesFit(NamedTuple):
    """Sums over the samples of a chunk: they add up over chunks.

    beta (Q, n, n): gradient of ½ |ε|². features (n, Q, Q): each unit's features times each other.
    missed, moved: |ε|² and |moved|².
    """

    beta: tf.Tensor
    features: tf.Tensor
    missed: tf.Tensor
    moved: tf.Tensor


def dictionary(modes, units, steps):
    """The modes that are meant, turning ones first.

    Args:
        modes: a number, for so many as `spread_modes` makes, or a list of (γ, ω). γ and ω are
            numbers, or have one for each unit, (n,).
        units: n.
        steps: T.

    Returns:
        γ and ω, each (M, n).

    Raises:
        ValueError: modes are something else; the message says what they have to be.
    """
    wanted = "a number from 1 up, or a list of (gamma, omega)"
    if isinstance(modes, bool) or modes is None or isinstance(modes, str):
        raise ValueError(f"modes are {modes!r}; give {wanted}.")
    if isinstance(modes, int | np.integer):
        if modes < 1:
            raise ValueError(f"modes are {modes}; give {wanted}.")
        modes = list(zip(*spread_modes(int(modes), steps), strict=True))
    try:
        pairs = [tuple(np.asarray(a, dtype=float) for a in mode) for mode in modes]
        table = [(np.broadcast_to(gamma, units), np.broadcast_to(omega, units))
                 for gamma, omega in pairs]  # fmt: skip
    except (TypeError, ValueError):
        raise ValueError(
            f"modes are {modes!r}; give {wanted}, each a number or one for each of {units} units."
        ) from None
    if not table:
        raise ValueError(f"There are no modes; give {wanted}.")
    gamma, omega = np.array(table).transpose(1, 0, 2)
    if not (np.all(np.isfinite(gamma)) and np.all(gamma >= 0)):
        raise ValueError("A mode's gamma is its rate of decay a step: 0 or more.")
    if not (np.all(omega >= 0) and np.all(omega <= np.pi)):
        raise ValueError("A mode's omega is its angle a step: from 0, which fades, to pi.")
    first = np.argsort(~_turns(omega), kind="stable")
    return gamma[first], omega[first]


def _tables(gamma, omega, units):
    """γ and ω as `dictionary` gives them, (M, n) each.

    Raises:
        ValueError: they are something else.
    """
    try:
        tables = np.array(gamma, dtype=float), np.array(omega, dtype=float)
    except (TypeError, ValueError, OverflowError):
        tables = (np.zeros(()),) * 2
    shape = tables[0].shape
    if shape != tables[1].shape or len(shape) != 2 or shape[1] != units or not shape[0]:
        raise ValueError(
            f"gamma and omega are two tables, a row for each mode and a number for each of {units}"
            " units: give those of course_lib.online.modes.dictionary."
        )
    if not (np.all(np.isfinite(tables)) and np.all(tables[0] >= 0)):
        raise ValueError("gamma and omega are numbers, and no gamma is below 0.")
    return tables


def _turns(omega):
    """Which modes have a sine, for some unit at least; (M,)."""
    return np.any((omega > 0) & (omega < np.pi), axis=1)


@keras.saving.register_keras_serializable("course_lib")
class ModesKernel(keras.layers.Layer):
    """The sensitivities of n units to each other, by mode: `beta`, of shape (Q, n, n).

    Q counts the parts, and [q, k, i] is about later unit k and earlier unit i. At the start a unit
    depends on its own past alone, and on all modes alike.

    Args:
        units: n.
        gamma, omega: of `dictionary`, each (M, n), turning modes first.
    """

    def __init__(self, units, gamma, omega, **kwargs):
        super().__init__(**kwargs | {"trainable": False})
        self.units = units = checked_units(units)
        self.fixed = _tables(gamma, omega, units)
        self.modes = len(self.fixed[0])
        self.turning = int(_turns(self.fixed[1]).sum())
        self.parts = self.modes + self.turning
        self.beta = self.add_weight(
            name="beta", shape=(self.parts, units, units), initializer="zeros", trainable=False
        )
        self.built = True
        self.restart()

    def restart(self):
        """Forget what was learned."""
        start = np.zeros(self.beta.shape)
        start[: self.modes] = np.eye(self.units) / self.modes
        self.beta.assign(start)

    def power(self, k):
        """λ to the k of every mode and unit.

        Args:
            k: shape (..., 1).

        Returns:
            complex, shape (M, ..., n).
        """
        shape = (self.modes, *(len(k.shape) - 1) * [1], self.units)
        gamma, omega = (tf.constant(a.reshape(shape), k.dtype) for a in self.fixed)
        left = tf.exp(-gamma * k)
        return tf.complex(left * tf.cos(omega * k), left * tf.sin(omega * k))

    def apart(self, z, axis=0):
        """Complex numbers of each mode as parts: (…, M, …) to real (…, Q, …), along an axis."""
        sines = tf.gather(tf.math.imag(z), tf.range(self.turning), axis=axis)
        return tf.concat([tf.math.real(z), sines], axis=axis)

    def no_sums(self, samples):
        """z before the first step, its real and imaginary part, each (M, P, n)."""
        return (tf.zeros((self.modes, samples, self.units), self.variable_dtype),) * 2

    def no_fit(self):
        """A fit of no samples."""
        zero = tf.zeros((), self.variable_dtype)
        n, Q = self.units, self.parts
        return ModesFit(
            tf.zeros((Q, n, n), zero.dtype), tf.zeros((n, Q, Q), zero.dtype), zero, zero
        )

    def fit(self, sums, noise, moved, mask=None):
        """Take a chunk of the regression.

        Args:
            sums: z before it, as `no_sums` gives it.
            noise: ψ, shape (C, P, n).
            moved: what it did, shape (C, P, n).
            mask: (C, P, 1), True at a real step; None: all are.

        Returns:
            z after it, and a `ModesFit`.
        """
        real = tf.ones_like(noise[:, :1, :1]) if mask is None else tf.cast(mask, noise.dtype)
        noise, moved = noise * real, moved * real
        decay = tf.transpose(self.power(real), (1, 0, 2, 3))
        added = tf.repeat(noise[:, None], self.modes, axis=1)
        z = leaky_scan(decay, tf.complex(added, tf.zeros_like(added)), tf.complex(*sums))
        n, Q = self.units, self.parts
        features = tf.transpose(self.apart(z, axis=1), (0, 2, 1, 3)) * real[..., None]
        rows = tf.reshape(features, (-1, Q * n))
        beta = tf.reshape(tf.transpose(tf.convert_to_tensor(self.beta), (0, 2, 1)), (Q * n, n))
        error = tf.matmul(rows, beta) - tf.reshape(moved, (-1, n))
        by_unit = tf.transpose(tf.reshape(rows, (-1, Q, n)), (2, 1, 0))
        found = ModesFit(
            tf.transpose(
                tf.reshape(tf.matmul(error, rows, transpose_a=True), (n, Q, n)), (1, 0, 2)
            ),
            tf.matmul(by_unit, by_unit, transpose_b=True),
            tf.reduce_sum(error * error),
            tf.reduce_sum(moved * moved),
        )
        return (tf.math.real(z[-1]), tf.math.imag(z[-1])), found

    def gradients(self, fit):
        """Of J for beta, each unit's divided by J's own curvature, in the order of `weights`.

        The noise of two units is independent, so the curvature of J is one small matrix (Q, Q) for
        each source unit: its features times each other. A learning rate of 1 would fit a batch by
        least squares, nearly, and 0.1 averages over some ten.
        """
        Q = self.parts
        scale = tf.linalg.trace(fit.features)[:, None, None] / Q
        tiny = np.finfo(fit.features.dtype.as_numpy_dtype).tiny
        ridge = (RIDGE * scale + tiny) * tf.eye(Q, dtype=scale.dtype)
        step = tf.linalg.solve(fit.features + ridge, tf.transpose(fit.beta, (2, 0, 1)))
        return [tf.transpose(step, (1, 2, 0))]

    def get_config(self):
        """What Keras stores to build the same kernel again."""
        gamma, omega = (a.tolist() for a in self.fixed)
        return {**super().get_config(), "units": self.units, "gamma": gamma, "omega": omega}
