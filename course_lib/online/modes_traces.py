"""Eligibility traces that turn: the recursion of `traces` with complex decays.

    E_r(t) = λ_r E_r(t-1) + v(t)ᵀ d(t),        gradient = Σ_t Σ_r Re(E_r(t) diag(c_r(t)))

Only real numbers are kept: of a trace its real part, and its imaginary part where its mode turns.
As in `traces`, `per_step` is the recursion as it stands, and `chunked` gives the same from matrix
products. λ to the k is known before any data comes, so no product over steps is needed: k counts
the real steps.

Shapes, time first: M modes of which the first turn, Q parts as in `modes`; real (C, 1 or B, 1), 1
at a real step and else 0; d (C, B, R), zero at a masked step; v (C, B, p); c (M, C, B, R), complex;
E (B, p, Q, R). `power` is a function of k, (..., 1), to λ^k for every row of credit, (M, ..., R).
"""

import tensorflow as tf

from course_lib.online.forward import size
from course_lib.online.traces import leaky_scan


def per_step(E, power, real, d, v, c=None):
    """The recursion one step after the other, as `chunked`, to compare it with.

    Args, returns: those of `chunked`.
    """
    steps, modes = size(d, 0), _modes(power, real)
    turning = E.shape[2] - modes
    fresh = tf.concat([tf.ones((modes,), E.dtype), tf.zeros((turning,), E.dtype)], axis=0)

    def body(t, E, gradient):
        E = turned(E, power(real[t]))
        E += (v[t][:, :, None] * d[t][:, None, :])[:, :, None] * fresh[:, None]
        if c is not None:
            gradient += credit(E, c[:, t])
        return t + 1, E, gradient

    start = (0, E, tf.zeros((E.shape[1], E.shape[3]), E.dtype))
    _, E, gradient = tf.while_loop(lambda t, *_: t < steps, body, start, maximum_iterations=steps)
    return E, None if c is None else gradient


def chunked(E, power, real, d, v, c=None):
    """Trace and gradient after a chunk of C steps, from a few matrix products.

    Args:
        E: trace before the chunk.
        power, real, d, v: see above.
        c: credit at each step, see `credit`; None if there is no loss inside the chunk.

    Returns:
        The trace after the chunk, and the gradient, summed over the batch, of shape (p, R); None
        if c is None.
    """
    modes = _modes(power, real)
    turning = E.shape[2] - modes
    upto = power(tf.cumsum(real, axis=0))
    left = power(tf.cumsum(real, axis=0, exclusive=True, reverse=True))
    left = tf.concat([tf.math.real(left), tf.math.imag(left[:turning])], axis=0) * d
    rows = tf.reshape(tf.transpose(left, (2, 1, 0, 3)), (-1, size(d, 0), E.shape[2] * E.shape[3]))
    new = tf.matmul(tf.transpose(v, (1, 0, 2)), rows, transpose_a=True)
    gradient = None
    if c is not None:
        by_step = tf.transpose(power(real), (1, 0, 2, 3))
        later = leaky_scan(by_step, tf.transpose(c, (1, 0, 2, 3)), reverse=True)
        inside = tf.reduce_sum(tf.math.real(later), axis=1) * d
        gradient = credit(E, tf.reduce_sum(c * upto, axis=1)) + tf.matmul(
            tf.reshape(v, (-1, v.shape[-1])),
            tf.reshape(inside, (-1, d.shape[-1])),
            transpose_a=True,
        )
    return turned(E, upto[:, -1]) + tf.reshape(new, tf.shape(E)), gradient


def turned(E, factor):
    """A trace times λ^k.

    Args:
        E: (B, p, Q, R).
        factor: complex, (M, 1 or B, R).
    """
    modes = factor.shape[0]
    turning = E.shape[2] - modes
    factor = tf.transpose(factor, (1, 0, 2))[:, None]
    re, im = tf.math.real(factor), tf.math.imag(factor)[:, :, :turning]
    cosines, sines = E[:, :, :modes], E[:, :, modes:]
    back = im * sines
    kept = re * cosines
    return tf.concat(
        [
            kept[:, :, :turning] - back,
            kept[:, :, turning:],
            im * cosines[:, :, :turning] + re[:, :, :turning] * sines,
        ],
        axis=2,
    )


def credit(E, c):
    """Gradient of a loss at the last step: Σ_r Re(E_r diag(c_r)), summed over the batch.

    Args:
        E: trace, shape (B, p, Q, R).
        c: blame of each mode, complex, shape (M, B, R): the real part goes to the cosine, the
            negative imaginary part to the sine.

    Returns:
        shape (p, R).
    """
    turning = E.shape[2] - c.shape[0]
    parts = tf.concat([tf.math.real(c), -tf.math.imag(c[:turning])], axis=0)
    return tf.reduce_sum(E * tf.transpose(parts, (1, 0, 2))[:, None], axis=(0, 2))


def _modes(power, real):
    return power(real[:1]).shape[0]
