"""Answers to `checkpointed`, written from its notebook alone; each cell is one, with what is wrong."""

import keras
import numpy as np
import tensorflow as tf


# %% single: nothing is forgotten: the pieces aren't wrapped
def checkpointed(x, h_0, W_xh, W_hh, b_h):
    def piece(x, h, W_xh, W_hh, b_h):
        a = tf.transpose(x @ W_xh + b_h, (1, 0, 2))
        return tf.foldl(lambda h, a_t: tf.tanh(a_t + h @ W_hh), a, h)

    forgetful = piece
    T = x.shape[1]
    K = int(np.ceil(np.sqrt(T)))
    h = h_0
    for start in range(0, T, K):
        h = forgetful(x[:, start : start + K], h, W_xh, W_hh, b_h)
    return h


# %% single: the last, shorter piece is lost
def checkpointed(x, h_0, W_xh, W_hh, b_h):
    def piece(x, h, W_xh, W_hh, b_h):
        a = tf.transpose(x @ W_xh + b_h, (1, 0, 2))
        return tf.foldl(lambda h, a_t: tf.tanh(a_t + h @ W_hh), a, h)

    forgetful = tf.recompute_grad(piece)
    T = x.shape[1]
    K = int(np.ceil(np.sqrt(T)))
    h = h_0
    for start in range(0, T - K + 1, K):
        h = forgetful(x[:, start : start + K], h, W_xh, W_hh, b_h)
    return h


# %% single: every piece starts from h_0
def checkpointed(x, h_0, W_xh, W_hh, b_h):
    def piece(x, h, W_xh, W_hh, b_h):
        a = tf.transpose(x @ W_xh + b_h, (1, 0, 2))
        return tf.foldl(lambda h, a_t: tf.tanh(a_t + h @ W_hh), a, h)

    forgetful = tf.recompute_grad(piece)
    T = x.shape[1]
    K = int(np.ceil(np.sqrt(T)))
    h = h_0
    for start in range(0, T, K):
        h = forgetful(x[:, start : start + K], h_0, W_xh, W_hh, b_h)
    return h


# %% single: the whole sequence is one piece
def checkpointed(x, h_0, W_xh, W_hh, b_h):
    def piece(x, h, W_xh, W_hh, b_h):
        a = tf.transpose(x @ W_xh + b_h, (1, 0, 2))
        return tf.foldl(lambda h, a_t: tf.tanh(a_t + h @ W_hh), a, h)

    forgetful = tf.recompute_grad(piece)
    T = x.shape[1]
    K = T
    h = h_0
    for start in range(0, T, K):
        h = forgetful(x[:, start : start + K], h, W_xh, W_hh, b_h)
    return h


# %% single: the weights are no arguments of what is wrapped
def checkpointed(x, h_0, W_xh, W_hh, b_h):
    @tf.recompute_grad
    def piece(x, h):
        a = tf.transpose(x @ W_xh + b_h, (1, 0, 2))
        return tf.foldl(lambda h, a_t: tf.tanh(a_t + h @ W_hh), a, h)

    T = x.shape[1]
    K = int(np.ceil(np.sqrt(T)))
    h = h_0
    for start in range(0, T, K):
        h = piece(x[:, start : start + K], h)
    return h


# %% single: each step is a piece of its own
def checkpointed(x, h_0, W_xh, W_hh, b_h):
    def piece(x, h, W_xh, W_hh, b_h):
        a = tf.transpose(x @ W_xh + b_h, (1, 0, 2))
        return tf.foldl(lambda h, a_t: tf.tanh(a_t + h @ W_hh), a, h)

    forgetful = tf.recompute_grad(piece)
    T = x.shape[1]
    K = 1
    h = h_0
    for start in range(0, T, K):
        h = forgetful(x[:, start : start + K], h, W_xh, W_hh, b_h)
    return h


# %% double: every step is wrapped by itself, and the bias is forgotten
def checkpointed(x, h_0, W_xh, W_hh, b_h):
    def piece(x, h, W_xh, W_hh, b_h):
        a = tf.transpose(x @ W_xh, (1, 0, 2))
        return tf.foldl(lambda h, a_t: tf.tanh(a_t + h @ W_hh), a, h)

    forgetful = tf.recompute_grad(piece)
    T = x.shape[1]
    K = 1
    h = h_0
    for start in range(0, T, K):
        h = forgetful(x[:, start : start + K], h, W_xh, W_hh, b_h)
    return h


# %% right: as the hints say
def checkpointed(x, h_0, W_xh, W_hh, b_h):
    def piece(x, h, W_xh, W_hh, b_h):
        a = tf.transpose(x @ W_xh + b_h, (1, 0, 2))
        return tf.foldl(lambda h, a_t: tf.tanh(a_t + h @ W_hh), a, h)

    forgetful = tf.recompute_grad(piece)
    T = x.shape[1]
    K = int(np.ceil(np.sqrt(T)))
    h = h_0
    for start in range(0, T, K):
        h = forgetful(x[:, start : start + K], h, W_xh, W_hh, b_h)
    return h


# %% right: a gradient of its own: borders kept, each piece read again by a tape on the way back
import math


def _read(x, h, W_xh, W_hh, b_h):
    steps = tf.shape(x)[1]

    def body(t, h):
        return t + 1, tf.tanh(x[:, t] @ W_xh + h @ W_hh + b_h)

    return tf.while_loop(lambda t, h: t < steps, body, (0, h))[1]


def checkpointed(x, h_0, W_xh, W_hh, b_h):
    T = int(x.shape[1])
    size = math.isqrt(T - 1) + 1
    cuts = list(range(0, T, size))

    @tf.custom_gradient
    def last_state(x, h_0, W_xh, W_hh, b_h):
        borders = [h_0]
        for cut in cuts:
            borders.append(_read(x[:, cut : cut + size], borders[-1], W_xh, W_hh, b_h))

        def grad(dh):
            sums = [tf.zeros_like(w) for w in (W_xh, W_hh, b_h)]
            parts = []
            for k in reversed(range(len(cuts))):
                cut = cuts[k]
                inputs = [x[:, cut : cut + size], borders[k], W_xh, W_hh, b_h]
                inputs = [tf.identity(one) for one in inputs]
                with tf.control_dependencies([dh]):
                    inputs = [tf.identity(one) for one in inputs]
                with tf.GradientTape() as tape:
                    tape.watch(inputs)
                    h = _read(*inputs)
                dx, dh, *weights = tape.gradient(h, inputs, dh)
                parts.insert(0, dx)
                sums = [s + w for s, w in zip(sums, weights)]
            return tf.concat(parts, axis=1), dh, *sums

        return borders[-1], grad

    return last_state(x, h_0, W_xh, W_hh, b_h)
