"""KeRNL's kernel: how a state depends on an earlier one, guessed and learned without a tape.

    ∂h_k(t) / ∂h_i(s)  ≈  β_ki exp(-γ_i (t - s))                    (k later, i earlier)

Both are learned as a regression. Noise ψ(t) of unit size, random signs, is added to the state after
every step. How far it has moved the state by step t is measured, on a second copy of the state
(`forward`). What the kernel says it should be is β Ω(t), with Ω the leaky sum of the noise. The
error of that guess, squared, is what β and γ descend:

    Ω(t) = exp(-γ) ∘ Ω(t-1) + ψ(t)             Γ(t) = ∂Ω(t)/∂γ = exp(-γ) ∘ (Γ(t-1) - Ω(t-1))
    ε(t) = β Ω(t) - moved(t)                   J = ½ mean |ε(t)|²
    ∂J/∂β_ki = mean ε_k Ω_i                    ∂J/∂γ_i = mean (βᵀ ε)_i Γ_i

Every step of a sequence is a sample of the regression, not only the last one. Because the noise is
divided out, the fit does not depend on how large it is. Source: Roth, Kanitscheider and Fiete,
ICLR 2019, for the kernel and the idea; noise after the nonlinearity, the tangent, and the use of
all steps are ours.
"""

from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from course_lib.layers.sizes import checked_seed, checked_units
from course_lib.online.forward import size
from course_lib.online.traces import leaky_scan
from course_lib.values import plain_number

GAMMA_RATE = 0.1


class Fit(NamedTuple):
    """Sums over the samples of a chunk: they add up over chunks.

    beta (n, n) and gamma (n,): gradients of ½ |ε|². omega, Gamma (n,): Ω² and Γ². missed, moved:
    |ε|² and |moved|². count: samples, that is, real steps of disturbed sequences.
    """

    beta: tf.Tensor
    gamma: tf.Tensor
    omega_squared: tf.Tensor
    gamma_squared: tf.Tensor
    missed: tf.Tensor
    moved: tf.Tensor
    count: tf.Tensor


@keras.saving.register_keras_serializable("course_lib")
class Kernel(keras.layers.Layer):
    """β and γ of n units. The optimizer moves log γ, so that γ stays above zero at any step size.

    β starts as identity: a unit depends on its own past alone. The time constants 1/γ start between
    `shortest` and `longest`, evenly spread over the orders of magnitude.

    Args:
        units: n.
        longest, shortest: in steps.
        seed: of the start of γ.
    """

    def __init__(self, units, longest=100.0, shortest=25.0, seed=0, **kwargs):
        super().__init__(**kwargs | {"trainable": False})
        units = checked_units(units)
        self.units = units
        self.beta = self.add_weight(
            name="beta", shape=(units, units), initializer="identity", trainable=False
        )
        self.log_gamma = self.add_weight(
            name="log_gamma", shape=(units,), initializer="zeros", trainable=False
        )
        self.built = True
        self.start(shortest, longest, seed)

    def start(self, shortest, longest, seed):
        """Begin anew, with other time constants.

        Raises:
            ValueError: they are not 0 < shortest <= longest, or the seed is no whole number.
        """
        seed = checked_seed(seed, least=0)
        low, high = plain_number(shortest), plain_number(longest)
        if not 0 < low <= high < np.inf:
            raise ValueError(
                f"timescales are {shortest!r} and {longest!r}: give the shortest, above 0, first."
            )
        self.shortest, self.longest, self.seed = low, high, seed
        spread = np.random.default_rng(seed).uniform(np.log(low), np.log(high), self.units)
        self._begin(-spread)

    def start_from_leak(self, leak):
        """Begin anew, with the time constant that each unit has by its leak alone.

        What a unit keeps over a step is 1 - leak, so γ is -log(1 - leak). No time constant is
        shorter than one step.

        Args:
            leak: one number, or (n,).
        """
        gamma = np.minimum(-np.log1p(-np.minimum(leak, 0.99)), 1.0)
        self._begin(np.log(gamma) * np.ones(self.units))

    def _begin(self, log_gamma):
        self.beta.assign(np.eye(self.units))
        self.log_gamma.assign(log_gamma)
        self._began = [keras.ops.convert_to_numpy(w) for w in self.weights]

    @property
    def fresh(self):
        """Whether β and γ are still those that it began with: nothing learned, nothing loaded."""
        now = [keras.ops.convert_to_numpy(w) for w in self.weights]
        return all(map(np.array_equal, now, self._began))

    @property
    def gamma(self):
        """γ, shape (n,)."""
        return tf.exp(tf.convert_to_tensor(self.log_gamma))

    @property
    def decay(self):
        """exp(-γ), what is left of an influence after a step, shape (n,)."""
        return tf.exp(-self.gamma)

    def no_sums(self, samples):
        """Ω and Γ before the first step, each (P, n)."""
        return (tf.zeros((samples, self.units), self.variable_dtype),) * 2

    def no_fit(self):
        """A `Fit` of no samples."""
        zero = tf.zeros((), self.variable_dtype)
        vector = tf.zeros((self.units,), zero.dtype)
        matrix = tf.zeros((self.units, self.units), zero.dtype)
        return Fit(matrix, vector, vector, vector, zero, zero, zero)

    def gradients(self, fit):
        """Of J for β and log γ, each divided by J's own curvature, in the order of `weights`.

        Noise of one unit does not know of that of another, so the Ω_i are uncorrelated, and the
        curvature of J along β_ki is the mean of Ω_i², whatever k: a learning rate of 1 would fit a
        batch by least squares, and 0.1 averages over some ten batches. For log γ_i the curvature is
        γ_i² |β_·i|² times the mean of Γ_i² (Gauss and Newton). So one learning rate fits all nets,
        all time constants and all sizes of noise. γ moves `GAMMA_RATE` times as fast as β: the
        regression weighs all lags alike, and there are more short ones, so γ is best left long
        until β has settled.
        """
        beta, gamma = tf.convert_to_tensor(self.beta), self.gamma
        curved = gamma * tf.reduce_sum(beta * beta, axis=0) * fit.gamma_squared
        step = tf.math.divide_no_nan(fit.gamma, curved)
        return [
            tf.math.divide_no_nan(fit.beta, fit.omega_squared),
            GAMMA_RATE * tf.clip_by_value(step, -1, 1),
        ]

    def get_config(self):
        """What Keras stores to build the same kernel again."""
        return {
            **super().get_config(),
            "units": self.units,
            "longest": self.longest,
            "shortest": self.shortest,
            "seed": self.seed,
        }


def integrate(decay, noise, omega, gamma_sum, mask=None):
    """Ω and Γ over a chunk.

    After k steps of the chunk Γ = M - k Ω, with M(k) = exp(-γ) ∘ M(k-1) + k ψ(k) and M(0) = Γ. So
    M and Ω are one leaky sum, of what comes in and of k times that.

    Args:
        decay: shape (C, 1 or P, n).
        noise: ψ, shape (C, P, n).
        omega, gamma_sum: Ω and Γ before the chunk, shape (P, n).
        mask: (C, P, 1), True at a real step; at others both stay. None: all are real.

    Returns:
        Ω and Γ at each step, shape (C, P, n).
    """
    if mask is None:
        k = tf.cast(tf.range(1, size(noise, 0) + 1)[:, None, None], noise.dtype)
    else:
        k = tf.cumsum(tf.cast(mask, noise.dtype), axis=0)
        noise = tf.where(mask, noise, tf.zeros_like(noise))
        decay = tf.where(mask, decay, tf.ones_like(decay))
    both = leaky_scan(
        tf.concat([decay, decay], axis=-1),
        tf.concat([noise, k * noise], axis=-1),
        tf.concat([omega, gamma_sum], axis=-1),
    )
    omega, rest = tf.split(both, 2, axis=-1)
    return omega, rest - k * omega


def fit_gradients(beta, omega, gamma_sum, moved, mask=None):
    """Gradients of ½ Σ |ε|², in two matrix products for the whole chunk.

    Args:
        beta: (n, n), first index the later unit.
        omega, gamma_sum: Ω and Γ, shape (C, P, n).
        moved: what the noise did, shape (C, P, n).
        mask: (C, P, 1), True at a real step; None: all are.

    Returns:
        A `Fit`.
    """
    # All samples in one row of rows: with an axis of steps it would be a small product for each.
    omega, gamma_sum, moved = (
        tf.reshape(a, (-1, beta.shape[0])) for a in (omega, gamma_sum, moved)
    )
    error = tf.matmul(omega, beta, transpose_b=True) - moved
    count = tf.cast(tf.shape(moved)[0], moved.dtype)
    if mask is not None:
        real = tf.reshape(tf.cast(mask, moved.dtype), (-1, 1))
        error, moved, count = error * real, moved * real, tf.reduce_sum(real)
        omega, gamma_sum = omega * real, gamma_sum * real
    return Fit(
        tf.matmul(error, omega, transpose_a=True),
        tf.reduce_sum(tf.matmul(error, beta) * gamma_sum, axis=0),
        tf.reduce_sum(omega * omega, axis=0),
        tf.reduce_sum(gamma_sum * gamma_sum, axis=0),
        tf.reduce_sum(error * error),
        tf.reduce_sum(moved * moved),
        count,
    )


def r_squared(fit):
    """How much of the movement the kernel explains: 1 all of it, 0 nothing."""
    return 1 - tf.math.divide_no_nan(fit.missed, fit.moved)
