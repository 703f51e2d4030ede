"""Ways back through a vanilla RNN: our own, a thrifty one, a watched one.

All take the arguments of `course_lib.scratch.rnn.rnn_forward` as tensors of
one dtype, and have their loop in the graph.
"""

import numpy as np
import tensorflow as tf


def bptt_gradient(x, h_0, W_xh, W_hh, b_h):
    """The states of a vanilla RNN, with a backward pass of its own.

    Sizes of batch and T may be unknown while it is traced.

    Args:
        x: inputs, shape (batch, T, m). What comes in is all float32 or all
            float64, and so is what comes out.
        h_0: state before the first step, shape (batch, n).
        W_xh, W_hh, b_h: the weights, shapes (m, n), (n, n) and (n,).

    Returns:
        h: the states h_1 … h_T, shape (batch, T, n). A tape that is asked for
            the gradient of anything made from them, with respect to any of
            the five arguments, gets it from your derivation.
    """

    # IMPLEMENT-ME: h is what your NumPy gives for the same numbers. Whoever
    # asks a tape for its gradient gets the one that you derived: TensorFlow
    # has derived nothing itself, and kept nothing for it
    @tf.custom_gradient
    def states(x, h_0, W_xh, W_hh, b_h):
        by_time = tf.transpose(x @ W_xh + b_h, (1, 0, 2))
        h = tf.scan(lambda h, a: tf.tanh(a + h @ W_hh), by_time, h_0)

        def backward(dh):
            dh = tf.transpose(dh, (1, 0, 2))
            da = tf.scan(
                lambda da, now: (
                    (now[0] + da @ tf.transpose(W_hh)) * (1 - now[1] ** 2)
                ),
                (dh, h),
                tf.zeros_like(h_0),
                reverse=True,
            )
            before = tf.concat([h_0[None], h[:-1]], axis=0)
            return (
                tf.transpose(da @ tf.transpose(W_xh), (1, 0, 2)),
                da[0] @ tf.transpose(W_hh),
                tf.einsum("btm,tbn->mn", x, da),
                tf.einsum("tbk,tbn->kn", before, da),
                tf.reduce_sum(da, axis=(0, 1)),
            )

        return tf.transpose(h, (1, 0, 2)), backward

    return states(x, h_0, W_xh, W_hh, b_h)
    # END IMPLEMENT-ME


def checkpointed(x, h_0, W_xh, W_hh, b_h):
    """The last state of a long sequence; its gradient needs little memory.

    Source: Chen et al., "Training deep nets with sublinear memory cost", 2016.

    Args:
        x: inputs, shape (batch, T, m); T, at least 1, is known while it is
            traced, the batch may not be. What comes in is all float32 or
            all float64, and so is what comes out.
        h_0: state before the first step, shape (batch, n).
        W_xh, W_hh, b_h: the weights, shapes (m, n), (n, n) and (n,).

    Returns:
        h_last: the state after step T, shape (batch, n), differentiable with
            respect to the five arguments.
    """

    # IMPLEMENT-ME: the state after the last step; what waits in memory for the
    # backward pass grows only with the square root of the length, and so does
    # the graph
    def read(x, h, W_xh, W_hh, b_h):
        by_time = tf.transpose(x @ W_xh + b_h, (1, 0, 2))
        return tf.foldl(lambda h, a: tf.tanh(a + h @ W_hh), by_time, h)

    T = x.shape[1]
    segment = int(np.ceil(np.sqrt(T)))
    read_and_forget = tf.recompute_grad(read)
    h = h_0
    for start in range(0, T, segment):
        part = x[:, start : start + segment]
        h = read_and_forget(part, h, W_xh, W_hh, b_h)
    return h
    # END IMPLEMENT-ME


def gradient_by_step(x, h_0, W_xh, W_hh, b_h, loss):
    """What reaches every state of a vanilla RNN on the way back.

    Sizes of batch and T may be unknown while it is traced.

    Args:
        x: inputs, shape (batch, T, m). What comes in is all float32 or all
            float64, and so is what comes out.
        h_0: state before the first step, shape (batch, n).
        W_xh, W_hh, b_h: the weights, shapes (m, n), (n, n) and (n,).
        loss: a function that gives a number for the states (batch, T, n), by
            operations of TensorFlow.

    Returns:
        dh: shape (batch, T, n); dh[:, t] says how the loss changes when the
            state of step t is moved and all later ones follow.
    """
    # IMPLEMENT-ME: dh says how the loss changes with each state: directly, and
    # through all the states after it
    by_time = tf.transpose(x @ W_xh + b_h, (1, 0, 2))
    nudges = tf.zeros_like(by_time)
    with tf.GradientTape() as tape:
        tape.watch(nudges)
        h = tf.scan(
            lambda h, now: tf.tanh(now[0] + h @ W_hh) + now[1],
            (by_time, nudges),
            h_0,
        )
        value = loss(tf.transpose(h, (1, 0, 2)))
    return tf.transpose(tape.gradient(value, nudges), (1, 0, 2))
    # END IMPLEMENT-ME
