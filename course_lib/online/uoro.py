"""Unbiased online recurrent optimization: right in the mean, at the price of noise."""

import tensorflow as tf

from course_lib.online.forward import size
from course_lib.online.noise import first_seed, signs
from course_lib.online.rtrl import _only_vanilla


class UORO:
    """The influence matrix of RTRL as one outer product (Tallec and Ollivier, ICLR 2018).

        s(t) = ρ0 J(t) s(t-1) + ρ1 ν(t)          θ(t) = θ(t-1) / ρ0 + v(t)ᵀ (ν(t) ∘ d(t)) / ρ1

    with random signs ν. The mean of s θ is RTRL's M. ρ0 and ρ1 make both parts of each sum equally
    long, which keeps the noise down. θ has an entry for each weight that there is, so only these
    count in its length: in a sparse cell it is 0 for the others.

    Args:
        dynamics: of a vanilla or leaky cell.
        seeds: generator of the signs.

    Raises:
        TypeError: the cell is another one.
    """

    def __init__(self, dynamics, seeds):
        _only_vanilla(dynamics, "uoro")
        self.dynamics, self.seeds = dynamics, seeds

    def zero(self, batch, inputs):
        """s (B, n) and θ (B, n + m + 1, n) before the first step."""
        n, dtype = self.dynamics.units, self.dynamics.dtype
        return tf.zeros((batch, n), dtype), tf.zeros((batch, n + inputs + 1, n), dtype)

    def signs(self, like):
        """ν: 1 or -1 at random, in the shape of `like`, (C, B, n)."""
        steps, shape = size(like, 0), (size(like, 1), self.dynamics.units)
        return signs(first_seed(self.seeds, steps), steps, shape, like.dtype)

    def advance(self, carry, chunk, dh=None):
        """Take a chunk; arguments and results as for `TraceLearner.advance`."""
        dynamics, steps = self.dynamics, size(chunk.x, 0)
        W = dynamics.matrices()[0]
        d = dynamics.reaction(chunk.old, chunk.new, chunk.kept)
        v = chunk.v
        nu = self.signs(d)
        tiny = tf.constant(1e-30 if d.dtype.size > 2 else 1e-4, d.dtype)  # 1e-30 is 0 in 16 bits
        exist = dynamics.exist(chunk.x.shape[-1])

        def body(t, s, theta, gradient):
            s_new = (1 - dynamics.leak) * s + d[t] * tf.matmul(s, W)
            direct = nu[t] * d[t]
            if exist is None:
                size = tf.norm(v[t], axis=1) * tf.norm(direct, axis=1)
            else:
                size = tf.sqrt(tf.reduce_sum(tf.matmul(v[t] ** 2, exist) * direct**2, axis=1))
            rho0 = tf.sqrt((tf.norm(theta, axis=(1, 2)) + tiny) / (tf.norm(s_new, axis=1) + tiny))
            rho1 = tf.sqrt((size + tiny) / (tf.norm(nu[t], axis=1) + tiny))
            s_new = rho0[:, None] * s_new + rho1[:, None] * nu[t]
            new = v[t][:, :, None] * direct[:, None, :]
            new = new if exist is None else new * exist
            theta_new = theta / rho0[:, None, None] + new / rho1[:, None, None]
            if chunk.mask is not None:
                s_new = tf.where(chunk.mask[t], s_new, s)
                theta_new = tf.where(chunk.mask[t][:, :, None], theta_new, theta)
            if dh is not None:
                gradient += _credit(s_new, theta_new, dh[t])
            return t + 1, s_new, theta_new, gradient

        start = (0, *carry, tf.zeros(carry[1].shape[1:], d.dtype))
        _, s, theta, gradient = tf.while_loop(
            lambda t, *_: t < steps, body, start, maximum_iterations=steps
        )
        return (s, theta), None if dh is None else gradient

    def close(self, carry, chunk, dh):
        """Take the last chunk; arguments and results as for `TraceLearner.close`."""
        carry, _ = self.advance(carry, chunk)
        return carry, _credit(*carry, dh)


def _credit(s, theta, dh):
    return tf.reduce_sum(tf.reduce_sum(dh * s, axis=1)[:, None, None] * theta, axis=0)
