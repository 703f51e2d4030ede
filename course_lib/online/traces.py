"""Eligibility traces: the one recursion behind KeRNL, RFLO, SnAp-1, e-prop and one-step learning.

    E(t) = r(t) ∘ E(t-1) + v(t)ᵀ d(t),        gradient = Σ_t E(t) diag(l(t))

d(t) is how strongly the units react to their own input at step t, v(t) what they read, r(t) how
much of an old influence is left after a step, l(t) how much the loss blames each unit. The rules
differ in r and l, and in nothing else.

`per_step` is the recursion as it stands: one outer product a step. `chunked` gives the same
numbers from matrix products over many steps. Chunks are the idea of gated linear attention (Yang
et al., 2024) and of state space duality (Dao and Gu, 2024), put to use for a learning rule.

Shapes, time first: r (C, 1 or B, R), d (C, B, R), v (C, B, p), l (C, B, R), E (B, p, R). R counts
the rows of credit: the units, times the gates that write to each. p counts what a unit reads.
"""

import tensorflow as tf

from course_lib.online.forward import size


def leaky_scan(r, u, start=None, reverse=False):
    """y(t) = r(t) ∘ y(t-1) + u(t), a leaky sum of vectors.

    Args:
        r: what is left of the sum after a step, shape (C, 1 or B, R).
        u: what is added, shape (C, B, R).
        start: y(0), shape (B, R); None is zero.
        reverse: run from the last step to the first, y(t) = u(t) + r(t+1) ∘ y(t+1), where r(C+1)
            is never asked for.

    Returns:
        All y(t), shape (C, B, R).
    """
    steps = size(u, 0)
    if start is None:
        start = tf.zeros_like(u[0])

    def forward(t, y, out):
        y = r[t] * y + u[t]
        return t + 1, y, out.write(t, y)

    def backward(t, y, out):
        here = steps - 1 - t
        y = r[tf.minimum(here + 1, steps - 1)] * y + u[here]
        return t + 1, y, out.write(here, y)

    out = tf.TensorArray(u.dtype, steps, element_shape=u.shape[1:])
    body = backward if reverse else forward
    _, _, out = tf.while_loop(
        lambda t, *_: t < steps, body, (0, start, out), maximum_iterations=steps
    )
    return out.stack()


def per_step(E, r, d, v, l=None):
    """The recursion one step after the other, as `chunked`, to compare it with.

    Args, returns: those of `chunked`.
    """
    steps = size(d, 0)

    def body(t, E, gradient):
        E = r[t][:, None, :] * E + v[t][:, :, None] * d[t][:, None, :]
        if l is not None:
            gradient += tf.reduce_sum(E * l[t][:, None, :], axis=0)
        return t + 1, E, gradient

    start = (0, E, tf.zeros(E.shape[1:], E.dtype))
    _, E, gradient = tf.while_loop(lambda t, *_: t < steps, body, start, maximum_iterations=steps)
    return E, None if l is None else gradient


def chunked(E, r, d, v, l=None):
    """Trace and gradient after a chunk of C steps, from a few matrix products.

    With P(t) = r(1) … r(t) and S(t) = r(t+1) … r(C):

        gradient = E(0) diag(Σ_t P(t) ∘ l(t))  +  Σ_t v(t)ᵀ (λ(t) ∘ d(t))
        E(C)     = P(C) ∘ E(0)  +  Σ_t v(t)ᵀ (S(t) ∘ d(t))

    where λ(t) = l(t) + r(t+1) ∘ λ(t+1) is a leaky sum from behind, over vectors; the first sum is
    r(1) ∘ λ(1). Every factor is a product of numbers from 0 to 1, so nothing grows, and there is no
    division.

    Args:
        E: trace before the chunk, shape (B, p, R).
        r, d, v: decay, reaction and what was read, see above.
        l: blame at each step, shape (C, B, R); None if there is no loss inside the chunk.

    Returns:
        The trace after the chunk, shape (B, p, R), and the gradient, summed over the batch, of
        shape (p, R); None if l is None.
    """
    whole, faded = fade(r, d)
    gradient = None
    if l is not None:
        later = leaky_scan(tf.broadcast_to(r, tf.shape(r)), l, reverse=True)
        gradient = credit(E, r[0] * later[0]) + _product(v, later * d)
    return _onward(E, whole, faded, v), gradient


def closed(E, r, d, v, l):
    """`chunked`, with a loss at the last step of the chunk alone.

    The gradient does not wait for the trace there. It is one matrix product over all sequences and
    steps, so that a graph in which nobody asks for the trace does not compute it:

        gradient = E(0) diag(P(C) ∘ l)  +  Σ_t v(t)ᵀ (S(t) ∘ d(t) ∘ l)

    Args:
        E, r, d, v: those of `chunked`.
        l: blame at the last step, shape (B, R).

    Returns:
        Those of `chunked`.
    """
    whole, faded = fade(r, d)
    return _onward(E, whole, faded, v), credit(E, whole * l) + _product(v, faded * l)


def fade(r, d):
    """What is left of each step's reaction at the end of a chunk: S(t) ∘ d(t).

    Args:
        r, d: decay and reaction.

    Returns:
        P(C), shape (1 or B, R), and S(t) ∘ d(t), shape (C, B, R).
    """
    if r.shape[1] == 1:  # alike for all sequences: so few numbers that the product may be kept
        upto = tf.math.cumprod(r, axis=0, reverse=True)
        after = tf.concat([upto[1:], tf.ones_like(r[:1])], axis=0)
        return upto[0], after * d
    steps = size(d, 0)

    def body(t, after, out):
        here = steps - 1 - t
        return t + 1, r[here] * after, out.write(here, after * d[here])

    out = tf.TensorArray(d.dtype, steps, element_shape=d.shape[1:])
    _, whole, out = tf.while_loop(
        lambda t, *_: t < steps, body, (0, tf.ones_like(r[0]), out), maximum_iterations=steps
    )
    return whole, out.stack()


def credit(E, l):
    """Gradient of a loss at the last step: E diag(l), summed over the batch.

    Args:
        E: trace, shape (B, p, R).
        l: blame, shape (B, R).

    Returns:
        shape (p, R).
    """
    return tf.reduce_sum(E * l[:, None, :], axis=0)


def _onward(E, whole, faded, v):
    """The trace after a chunk, of what `fade` gives."""
    new = tf.matmul(_batch_first(v), _batch_first(faded), transpose_a=True)
    return whole[:, None, :] * E + new


def _batch_first(a):
    return tf.transpose(a, (1, 0, 2))


def _product(v, d):
    """Σ_t v(t)ᵀ d(t), over the batch too, shape (p, R)."""
    rows = [tf.reshape(a, (-1, a.shape[-1])) for a in (v, d)]
    return tf.matmul(*rows, transpose_a=True)
