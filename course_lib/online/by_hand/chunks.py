"""KeRNL's gradient over a long sequence, chunk after chunk, in TensorFlow."""

import tensorflow as tf


def chunked_trace(E_0, v, d, credit, gamma, C):
    """KeRNL's gradient over a whole sequence, in chunks of C steps.

    All tensors have one dtype, and the results have it too. The length of the
    sequence may be unknown until the graph runs.

    Args:
        E_0: traces before the first step, shape (batch, p, n).
        v: what the weights are multiplied by, shape (batch, T, p).
        d: derivatives of the squashing, shape (batch, T, n).
        credit: dh @ beta at each step, shape (batch, T, n).
        gamma: decay rate of each unit, shape (n,), 0 or more.
        C: steps in a chunk, a Python int, at least 1. Where T is no multiple
            of C, one chunk is shorter.

    Returns:
        dW: shape (p, n), summed over the steps and the batch.
        E_T: the traces after the last step, shape (batch, p, n).
    """

    # IMPLEMENT-ME: the loop over chunks stands in the graph; inside a chunk
    # no trace is built, and no step is written out by Python; in short chunks
    # nothing larger than what came in is made; no step of the last, shorter
    # chunk is lost
    def faded(steps):
        """What is left after so many steps, for each unit."""
        return tf.exp(-gamma * tf.cast(steps[..., None], gamma.dtype))

    def advance(E, dW, v, d, credit):
        t = tf.range(tf.shape(v)[1])
        lag = t - t[:, None]
        ahead = tf.cast(lag[..., None] >= 0, gamma.dtype)
        pairs = ahead * faded(tf.maximum(lag, 0))
        later = tf.einsum("sti,bti->bsi", pairs, credit)
        at_border = tf.einsum("ti,bti->bi", faded(t + 1), credit)
        dW += tf.einsum("bsj,bsi->ji", v, later * d)
        dW += tf.einsum("bi,bji->ji", at_border, E)
        left = tf.einsum("bsj,bsi->bji", v, faded(t[::-1]) * d)
        return faded(tf.size(t)) * E + left, dW

    T, shape = tf.shape(v)[1], E_0.shape
    C = tf.minimum(C, T)
    whole = T // C

    def body(k, E, dW):
        part = [
            tf.slice(a, [0, k * C, 0], [-1, C, -1]) for a in (v, d, credit)
        ]
        E, dW = advance(E, dW, *part)
        # A slice doesn't know its shape, and a loop must not lose one.
        E, dW = tf.ensure_shape(E, shape), tf.ensure_shape(dW, shape[1:])
        return k + 1, E, dW

    dW = tf.zeros_like(E_0[0])
    _, E_T, dW = tf.while_loop(
        lambda k, *_: k < whole, body, (0, E_0, dW), parallel_iterations=1
    )
    rest = [a[:, whole * C :] for a in (v, d, credit)]
    E_T, dW = advance(E_T, dW, *rest)
    return dW, E_T
    # END IMPLEMENT-ME
