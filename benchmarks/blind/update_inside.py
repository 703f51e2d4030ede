"""Answers to `update_inside`, written from its notebook alone; each cell is one, with what is wrong."""

import keras
import numpy as np
import tensorflow as tf


# %% single: the weights are read before the loop
def update_inside(W, R, x, y, beta, gamma, rate):
    T, batch = tf.shape(x)[1], tf.shape(x)[0]
    n, p = R.shape[0], W.shape[0]
    decay = tf.exp(-gamma)
    first = tf.convert_to_tensor(W)
    ones = tf.ones((batch, 1), x.dtype)

    def step(t, h, E, losses):
        v = tf.concat([x[:, t], h, ones], axis=1)
        h = tf.tanh(v @ first)
        E = E * decay + v[:, :, None] * (1 - h**2)[:, None, :]
        error = h @ R - y[:, t]
        loss = tf.reduce_mean(tf.reduce_sum(error**2, axis=1)) / 2
        losses = losses.write(t, loss)
        dh = error @ tf.transpose(R) / tf.cast(batch, x.dtype)
        dW = tf.einsum("bn,bpn->pn", dh @ beta, E)
        W.assign_sub(rate * dW)
        return t + 1, h, E, losses

    start = (
        0,
        tf.zeros((batch, n), x.dtype),
        tf.zeros((batch, p, n), x.dtype),
        tf.TensorArray(x.dtype, T),
    )
    return tf.while_loop(lambda t, *_: t < T, step, start)[3].stack()


# %% single: the changes are added up, and made at the end
def update_inside(W, R, x, y, beta, gamma, rate):
    T, batch = tf.shape(x)[1], tf.shape(x)[0]
    n, p = R.shape[0], W.shape[0]
    decay = tf.exp(-gamma)
    ones = tf.ones((batch, 1), x.dtype)

    def step(t, h, E, total, losses):
        v = tf.concat([x[:, t], h, ones], axis=1)
        h = tf.tanh(v @ W)
        E = E * decay + v[:, :, None] * (1 - h**2)[:, None, :]
        error = h @ R - y[:, t]
        loss = tf.reduce_mean(tf.reduce_sum(error**2, axis=1)) / 2
        losses = losses.write(t, loss)
        dh = error @ tf.transpose(R) / tf.cast(batch, x.dtype)
        total += tf.einsum("bn,bpn->pn", dh @ beta, E)
        return t + 1, h, E, total, losses

    start = (
        0,
        tf.zeros((batch, n), x.dtype),
        tf.zeros((batch, p, n), x.dtype),
        tf.zeros((p, n), x.dtype),
        tf.TensorArray(x.dtype, T),
    )
    *_, total, losses = tf.while_loop(lambda t, *_: t < T, step, start)
    W.assign_sub(rate * total)
    return losses.stack()


# %% single: a Python loop over the steps
def update_inside(W, R, x, y, beta, gamma, rate):
    T, batch = tf.shape(x)[1], tf.shape(x)[0]
    n, p = R.shape[0], W.shape[0]
    decay = tf.exp(-gamma)
    ones = tf.ones((batch, 1), x.dtype)

    def step(t, h, E, losses):
        v = tf.concat([x[:, t], h, ones], axis=1)
        h = tf.tanh(v @ W)
        E = E * decay + v[:, :, None] * (1 - h**2)[:, None, :]
        error = h @ R - y[:, t]
        loss = tf.reduce_mean(tf.reduce_sum(error**2, axis=1)) / 2
        losses = losses.write(t, loss)
        dh = error @ tf.transpose(R) / tf.cast(batch, x.dtype)
        dW = tf.einsum("bn,bpn->pn", dh @ beta, E)
        W.assign_sub(rate * dW)
        return t + 1, h, E, losses

    start = (
        0,
        tf.zeros((batch, n), x.dtype),
        tf.zeros((batch, p, n), x.dtype),
        tf.TensorArray(x.dtype, T),
    )
    for t in range(x.shape[1]):
        start = step(t, *start[1:])
    return start[3].stack()


# %% single: the sum over the batch is not divided
def update_inside(W, R, x, y, beta, gamma, rate):
    T, batch = tf.shape(x)[1], tf.shape(x)[0]
    n, p = R.shape[0], W.shape[0]
    decay = tf.exp(-gamma)
    ones = tf.ones((batch, 1), x.dtype)

    def step(t, h, E, losses):
        v = tf.concat([x[:, t], h, ones], axis=1)
        h = tf.tanh(v @ W)
        E = E * decay + v[:, :, None] * (1 - h**2)[:, None, :]
        error = h @ R - y[:, t]
        loss = tf.reduce_mean(tf.reduce_sum(error**2, axis=1)) / 2
        losses = losses.write(t, loss)
        dh = error @ tf.transpose(R)
        dW = tf.einsum("bn,bpn->pn", dh @ beta, E)
        W.assign_sub(rate * dW)
        return t + 1, h, E, losses

    start = (
        0,
        tf.zeros((batch, n), x.dtype),
        tf.zeros((batch, p, n), x.dtype),
        tf.TensorArray(x.dtype, T),
    )
    return tf.while_loop(lambda t, *_: t < T, step, start)[3].stack()


# %% single: the loss is a mean over the outputs, too
def update_inside(W, R, x, y, beta, gamma, rate):
    T, batch = tf.shape(x)[1], tf.shape(x)[0]
    n, p = R.shape[0], W.shape[0]
    decay = tf.exp(-gamma)
    ones = tf.ones((batch, 1), x.dtype)

    def step(t, h, E, losses):
        v = tf.concat([x[:, t], h, ones], axis=1)
        h = tf.tanh(v @ W)
        E = E * decay + v[:, :, None] * (1 - h**2)[:, None, :]
        error = h @ R - y[:, t]
        loss = tf.reduce_mean(error**2) / 2
        losses = losses.write(t, loss)
        dh = error @ tf.transpose(R) / tf.cast(batch, x.dtype)
        dW = tf.einsum("bn,bpn->pn", dh @ beta, E)
        W.assign_sub(rate * dW)
        return t + 1, h, E, losses

    start = (
        0,
        tf.zeros((batch, n), x.dtype),
        tf.zeros((batch, p, n), x.dtype),
        tf.TensorArray(x.dtype, T),
    )
    return tf.while_loop(lambda t, *_: t < T, step, start)[3].stack()


# %% single: beta the wrong way round
def update_inside(W, R, x, y, beta, gamma, rate):
    T, batch = tf.shape(x)[1], tf.shape(x)[0]
    n, p = R.shape[0], W.shape[0]
    decay = tf.exp(-gamma)
    ones = tf.ones((batch, 1), x.dtype)

    def step(t, h, E, losses):
        v = tf.concat([x[:, t], h, ones], axis=1)
        h = tf.tanh(v @ W)
        E = E * decay + v[:, :, None] * (1 - h**2)[:, None, :]
        error = h @ R - y[:, t]
        loss = tf.reduce_mean(tf.reduce_sum(error**2, axis=1)) / 2
        losses = losses.write(t, loss)
        dh = error @ tf.transpose(R) / tf.cast(batch, x.dtype)
        dW = tf.einsum("bn,bpn->pn", dh @ tf.transpose(beta), E)
        W.assign_sub(rate * dW)
        return t + 1, h, E, losses

    start = (
        0,
        tf.zeros((batch, n), x.dtype),
        tf.zeros((batch, p, n), x.dtype),
        tf.TensorArray(x.dtype, T),
    )
    return tf.while_loop(lambda t, *_: t < T, step, start)[3].stack()


# %% single: v has the new state in it: the trace sees h_t in place of the old one
def update_inside(W, R, x, y, beta, gamma, rate):
    T, batch = tf.shape(x)[1], tf.shape(x)[0]
    n, p = R.shape[0], W.shape[0]
    decay = tf.exp(-gamma)
    ones = tf.ones((batch, 1), x.dtype)

    def step(t, h, E, losses):
        v = tf.concat([x[:, t], h, ones], axis=1)
        h = tf.tanh(v @ W)
        v = tf.concat([x[:, t], h, ones], axis=1)
        E = E * decay + v[:, :, None] * (1 - h**2)[:, None, :]
        error = h @ R - y[:, t]
        loss = tf.reduce_mean(tf.reduce_sum(error**2, axis=1)) / 2
        losses = losses.write(t, loss)
        dh = error @ tf.transpose(R) / tf.cast(batch, x.dtype)
        dW = tf.einsum("bn,bpn->pn", dh @ beta, E)
        W.assign_sub(rate * dW)
        return t + 1, h, E, losses

    start = (
        0,
        tf.zeros((batch, n), x.dtype),
        tf.zeros((batch, p, n), x.dtype),
        tf.TensorArray(x.dtype, T),
    )
    return tf.while_loop(lambda t, *_: t < T, step, start)[3].stack()


# %% single: the sign: uphill
def update_inside(W, R, x, y, beta, gamma, rate):
    T, batch = tf.shape(x)[1], tf.shape(x)[0]
    n, p = R.shape[0], W.shape[0]
    decay = tf.exp(-gamma)
    ones = tf.ones((batch, 1), x.dtype)

    def step(t, h, E, losses):
        v = tf.concat([x[:, t], h, ones], axis=1)
        h = tf.tanh(v @ W)
        E = E * decay + v[:, :, None] * (1 - h**2)[:, None, :]
        error = h @ R - y[:, t]
        loss = tf.reduce_mean(tf.reduce_sum(error**2, axis=1)) / 2
        losses = losses.write(t, loss)
        dh = error @ tf.transpose(R) / tf.cast(batch, x.dtype)
        dW = tf.einsum("bn,bpn->pn", dh @ beta, E)
        W.assign_add(rate * dW)
        return t + 1, h, E, losses

    start = (
        0,
        tf.zeros((batch, n), x.dtype),
        tf.zeros((batch, p, n), x.dtype),
        tf.TensorArray(x.dtype, T),
    )
    return tf.while_loop(lambda t, *_: t < T, step, start)[3].stack()


# %% single: what is new at this step fades, too
def update_inside(W, R, x, y, beta, gamma, rate):
    T, batch = tf.shape(x)[1], tf.shape(x)[0]
    n, p = R.shape[0], W.shape[0]
    decay = tf.exp(-gamma)
    ones = tf.ones((batch, 1), x.dtype)

    def step(t, h, E, losses):
        v = tf.concat([x[:, t], h, ones], axis=1)
        h = tf.tanh(v @ W)
        E = (E + v[:, :, None] * (1 - h**2)[:, None, :]) * decay
        error = h @ R - y[:, t]
        loss = tf.reduce_mean(tf.reduce_sum(error**2, axis=1)) / 2
        losses = losses.write(t, loss)
        dh = error @ tf.transpose(R) / tf.cast(batch, x.dtype)
        dW = tf.einsum("bn,bpn->pn", dh @ beta, E)
        W.assign_sub(rate * dW)
        return t + 1, h, E, losses

    start = (
        0,
        tf.zeros((batch, n), x.dtype),
        tf.zeros((batch, p, n), x.dtype),
        tf.TensorArray(x.dtype, T),
    )
    return tf.while_loop(lambda t, *_: t < T, step, start)[3].stack()


# %% single: the loss after the change
def update_inside(W, R, x, y, beta, gamma, rate):
    T, batch = tf.shape(x)[1], tf.shape(x)[0]
    n, p = R.shape[0], W.shape[0]
    decay = tf.exp(-gamma)
    ones = tf.ones((batch, 1), x.dtype)

    def step(t, h, E, losses):
        v = tf.concat([x[:, t], h, ones], axis=1)
        h = tf.tanh(v @ W)
        E = E * decay + v[:, :, None] * (1 - h**2)[:, None, :]
        error = h @ R - y[:, t]
        loss = tf.reduce_mean(tf.reduce_sum(error**2, axis=1)) / 2
        dh = error @ tf.transpose(R) / tf.cast(batch, x.dtype)
        dW = tf.einsum("bn,bpn->pn", dh @ beta, E)
        W.assign_sub(rate * dW)
        error = tf.tanh(v @ W) @ R - y[:, t]
        loss = tf.reduce_mean(tf.reduce_sum(error**2, axis=1)) / 2
        losses = losses.write(t, loss)
        return t + 1, h, E, losses

    start = (
        0,
        tf.zeros((batch, n), x.dtype),
        tf.zeros((batch, p, n), x.dtype),
        tf.TensorArray(x.dtype, T),
    )
    return tf.while_loop(lambda t, *_: t < T, step, start)[3].stack()


# %% single: the traces are forgotten after each change
def update_inside(W, R, x, y, beta, gamma, rate):
    T, batch = tf.shape(x)[1], tf.shape(x)[0]
    n, p = R.shape[0], W.shape[0]
    decay = tf.exp(-gamma)
    ones = tf.ones((batch, 1), x.dtype)

    def step(t, h, E, losses):
        v = tf.concat([x[:, t], h, ones], axis=1)
        h = tf.tanh(v @ W)
        E = E * decay + v[:, :, None] * (1 - h**2)[:, None, :]
        error = h @ R - y[:, t]
        loss = tf.reduce_mean(tf.reduce_sum(error**2, axis=1)) / 2
        losses = losses.write(t, loss)
        dh = error @ tf.transpose(R) / tf.cast(batch, x.dtype)
        dW = tf.einsum("bn,bpn->pn", dh @ beta, E)
        W.assign_sub(rate * dW)
        return t + 1, h, tf.zeros_like(E), losses

    start = (
        0,
        tf.zeros((batch, n), x.dtype),
        tf.zeros((batch, p, n), x.dtype),
        tf.TensorArray(x.dtype, T),
    )
    return tf.while_loop(lambda t, *_: t < T, step, start)[3].stack()


# %% double: uphill, and the batch isn't divided by
def update_inside(W, R, x, y, beta, gamma, rate):
    T, batch = tf.shape(x)[1], tf.shape(x)[0]
    n, p = R.shape[0], W.shape[0]
    decay = tf.exp(-gamma)
    ones = tf.ones((batch, 1), x.dtype)

    def step(t, h, E, losses):
        v = tf.concat([x[:, t], h, ones], axis=1)
        h = tf.tanh(v @ W)
        E = E * decay + v[:, :, None] * (1 - h**2)[:, None, :]
        error = h @ R - y[:, t]
        loss = tf.reduce_mean(tf.reduce_sum(error**2, axis=1)) / 2
        losses = losses.write(t, loss)
        dh = error @ tf.transpose(R)
        dW = tf.einsum("bn,bpn->pn", dh @ beta, E)
        W.assign_add(rate * dW)
        return t + 1, h, E, losses

    start = (
        0,
        tf.zeros((batch, n), x.dtype),
        tf.zeros((batch, p, n), x.dtype),
        tf.TensorArray(x.dtype, T),
    )
    return tf.while_loop(lambda t, *_: t < T, step, start)[3].stack()


# %% right: as the hints say
def update_inside(W, R, x, y, beta, gamma, rate):
    T, batch = tf.shape(x)[1], tf.shape(x)[0]
    n, p = R.shape[0], W.shape[0]
    decay = tf.exp(-gamma)
    ones = tf.ones((batch, 1), x.dtype)

    def step(t, h, E, losses):
        v = tf.concat([x[:, t], h, ones], axis=1)
        h = tf.tanh(v @ W)
        E = E * decay + v[:, :, None] * (1 - h**2)[:, None, :]
        error = h @ R - y[:, t]
        loss = tf.reduce_mean(tf.reduce_sum(error**2, axis=1)) / 2
        losses = losses.write(t, loss)
        dh = error @ tf.transpose(R) / tf.cast(batch, x.dtype)
        dW = tf.einsum("bn,bpn->pn", dh @ beta, E)
        W.assign_sub(rate * dW)
        return t + 1, h, E, losses

    start = (
        0,
        tf.zeros((batch, n), x.dtype),
        tf.zeros((batch, p, n), x.dtype),
        tf.TensorArray(x.dtype, T),
    )
    return tf.while_loop(lambda t, *_: t < T, step, start)[3].stack()


# %% right: a for over tf.range under autograph, the product cut in three
def update_inside(W, R, x, y, beta, gamma, rate):
    return _run(W, R, x, y, beta, gamma, rate)


@tf.function(reduce_retracing=True)
def _run(W, R, x, y, beta, gamma, rate):
    x = tf.convert_to_tensor(x)
    y = tf.cast(y, x.dtype)
    length, m = tf.shape(x)[1], x.shape[2]
    left = tf.exp(-gamma)
    h = tf.zeros((tf.shape(x)[0], R.shape[0]), x.dtype)
    traces = tf.einsum("bp,bn->bpn", tf.zeros((tf.shape(x)[0], W.shape[0]), x.dtype), h)
    losses = tf.TensorArray(x.dtype, length, element_shape=())
    for t in tf.range(length):
        now = W.read_value()
        v = tf.concat([x[:, t], h, tf.ones_like(h[:, :1])], 1)
        a = x[:, t] @ now[:m] + h @ now[m:-1] + now[-1]
        h = tf.tanh(a)
        slope = 1 - tf.square(h)
        traces = left * traces + tf.einsum("bp,bn->bpn", v, slope)
        error = tf.matmul(h, R) - y[:, t]
        losses = losses.write(t, 0.5 * tf.reduce_mean(tf.reduce_sum(tf.square(error), 1)))
        share = error / tf.cast(tf.shape(x)[0], x.dtype)
        credit = tf.einsum("bc,kc,ki->bi", share, R, beta)
        W.assign(now - rate * tf.einsum("bi,bpi->pi", credit, traces))
    return losses.stack()
