"""Answers to `rnn_backward`, written from its notebook alone; each cell is one."""

import numpy as np


def rnn_step_backward(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    da_t = dh_t * (1 - h_t**2)
    dx_t = da_t @ W_xh.T
    dh_prev = da_t @ W_hh.T
    dW_xh = x_t.T @ da_t
    dW_hh = h_prev.T @ da_t
    db_h = da_t.sum(axis=0)
    return dx_t, dh_prev, dW_xh, dW_hh, db_h


# %% single: no credit from later steps
def rnn_backward(dh, cache):
    x, h_0, h, W_xh, W_hh = cache
    T = x.shape[1]
    dx = np.zeros_like(x, dtype=h.dtype)
    dW_xh, dW_hh = np.zeros_like(W_xh), np.zeros_like(W_hh)
    db_h = np.zeros(W_hh.shape[0], dtype=W_hh.dtype)
    dh_next = np.zeros_like(h[:, 0])
    for t in reversed(range(T)):
        h_prev = h[:, t - 1] if t > 0 else h_0
        dx[:, t], dh_next, dW_x, dW_h, db = rnn_step_backward(
            dh[:, t], x[:, t], h_prev, h[:, t], W_xh, W_hh
        )
        dW_xh += dW_x
        dW_hh += dW_h
        db_h += db
    return dx, dh_next, dW_xh, dW_hh, db_h


# %% single: only credit from later steps: a state's own output is replaced after the last
def rnn_backward(dh, cache):
    x, h_0, h, W_xh, W_hh = cache
    T = x.shape[1]
    dx = np.zeros_like(x, dtype=h.dtype)
    dW_xh, dW_hh = np.zeros_like(W_xh), np.zeros_like(W_hh)
    db_h = np.zeros(W_hh.shape[0], dtype=W_hh.dtype)
    dh_next = dh[:, -1]
    for t in reversed(range(T)):
        h_prev = h[:, t - 1] if t > 0 else h_0
        dx[:, t], dh_next, dW_x, dW_h, db = rnn_step_backward(
            dh_next, x[:, t], h_prev, h[:, t], W_xh, W_hh
        )
        dW_xh += dW_x
        dW_hh += dW_h
        db_h += db
    return dx, dh_next, dW_xh, dW_hh, db_h


# %% single: the state before the first step is h[:, -1]
def rnn_backward(dh, cache):
    x, h_0, h, W_xh, W_hh = cache
    T = x.shape[1]
    dx = np.zeros_like(x, dtype=h.dtype)
    dW_xh, dW_hh = np.zeros_like(W_xh), np.zeros_like(W_hh)
    db_h = np.zeros(W_hh.shape[0], dtype=W_hh.dtype)
    dh_next = np.zeros_like(h[:, 0])
    for t in reversed(range(T)):
        h_prev = h[:, t - 1]
        dx[:, t], dh_next, dW_x, dW_h, db = rnn_step_backward(
            dh[:, t] + dh_next, x[:, t], h_prev, h[:, t], W_xh, W_hh
        )
        dW_xh += dW_x
        dW_hh += dW_h
        db_h += db
    return dx, dh_next, dW_xh, dW_hh, db_h


# %% single: zeros stand before the first step
def rnn_backward(dh, cache):
    x, h_0, h, W_xh, W_hh = cache
    T = x.shape[1]
    dx = np.zeros_like(x, dtype=h.dtype)
    dW_xh, dW_hh = np.zeros_like(W_xh), np.zeros_like(W_hh)
    db_h = np.zeros(W_hh.shape[0], dtype=W_hh.dtype)
    dh_next = np.zeros_like(h[:, 0])
    for t in reversed(range(T)):
        h_prev = h[:, t - 1] if t > 0 else np.zeros_like(h_0)
        dx[:, t], dh_next, dW_x, dW_h, db = rnn_step_backward(
            dh[:, t] + dh_next, x[:, t], h_prev, h[:, t], W_xh, W_hh
        )
        dW_xh += dW_x
        dW_hh += dW_h
        db_h += db
    return dx, dh_next, dW_xh, dW_hh, db_h


# %% single: the weights' gradients are those of the first step alone
def rnn_backward(dh, cache):
    x, h_0, h, W_xh, W_hh = cache
    T = x.shape[1]
    dx = np.zeros_like(x, dtype=h.dtype)
    dW_xh, dW_hh = np.zeros_like(W_xh), np.zeros_like(W_hh)
    db_h = np.zeros(W_hh.shape[0], dtype=W_hh.dtype)
    dh_next = np.zeros_like(h[:, 0])
    for t in reversed(range(T)):
        h_prev = h[:, t - 1] if t > 0 else h_0
        dx[:, t], dh_next, dW_x, dW_h, db = rnn_step_backward(
            dh[:, t] + dh_next, x[:, t], h_prev, h[:, t], W_xh, W_hh
        )
        dW_xh = dW_x
        dW_hh = dW_h
        db_h = db
    return dx, dh_next, dW_xh, dW_hh, db_h


# %% single: the loop runs forward
def rnn_backward(dh, cache):
    x, h_0, h, W_xh, W_hh = cache
    T = x.shape[1]
    dx = np.zeros_like(x, dtype=h.dtype)
    dW_xh, dW_hh = np.zeros_like(W_xh), np.zeros_like(W_hh)
    db_h = np.zeros(W_hh.shape[0], dtype=W_hh.dtype)
    dh_next = np.zeros_like(h[:, 0])
    for t in range(T):
        h_prev = h[:, t - 1] if t > 0 else h_0
        dx[:, t], dh_next, dW_x, dW_h, db = rnn_step_backward(
            dh[:, t] + dh_next, x[:, t], h_prev, h[:, t], W_xh, W_hh
        )
        dW_xh += dW_x
        dW_hh += dW_h
        db_h += db
    return dx, dh_next, dW_xh, dW_hh, db_h


# %% single: the loop ends before the first step
def rnn_backward(dh, cache):
    x, h_0, h, W_xh, W_hh = cache
    T = x.shape[1]
    dx = np.zeros_like(x, dtype=h.dtype)
    dW_xh, dW_hh = np.zeros_like(W_xh), np.zeros_like(W_hh)
    db_h = np.zeros(W_hh.shape[0], dtype=W_hh.dtype)
    dh_next = np.zeros_like(h[:, 0])
    for t in range(T - 1, 0, -1):
        h_prev = h[:, t - 1] if t > 0 else h_0
        dx[:, t], dh_next, dW_x, dW_h, db = rnn_step_backward(
            dh[:, t] + dh_next, x[:, t], h_prev, h[:, t], W_xh, W_hh
        )
        dW_xh += dW_x
        dW_hh += dW_h
        db_h += db
    return dx, dh_next, dW_xh, dW_hh, db_h


# %% single: the credit that comes back is added up over all later steps
def rnn_backward(dh, cache):
    x, h_0, h, W_xh, W_hh = cache
    T = x.shape[1]
    dx = np.zeros_like(x, dtype=h.dtype)
    dW_xh, dW_hh = np.zeros_like(W_xh), np.zeros_like(W_hh)
    db_h = np.zeros(W_hh.shape[0], dtype=W_hh.dtype)
    dh_next = np.zeros_like(h[:, 0])
    for t in reversed(range(T)):
        h_prev = h[:, t - 1] if t > 0 else h_0
        dx[:, t], back, dW_x, dW_h, db = rnn_step_backward(
            dh[:, t] + dh_next, x[:, t], h_prev, h[:, t], W_xh, W_hh
        )
        dW_xh += dW_x
        dW_hh += dW_h
        db_h += db
        dh_next = dh_next + back
    return dx, dh_next, dW_xh, dW_hh, db_h


# %% single: the gradients of the weights are divided by the steps
def rnn_backward(dh, cache):
    x, h_0, h, W_xh, W_hh = cache
    T = x.shape[1]
    dx = np.zeros_like(x, dtype=h.dtype)
    dW_xh, dW_hh = np.zeros_like(W_xh), np.zeros_like(W_hh)
    db_h = np.zeros(W_hh.shape[0], dtype=W_hh.dtype)
    dh_next = np.zeros_like(h[:, 0])
    for t in reversed(range(T)):
        h_prev = h[:, t - 1] if t > 0 else h_0
        dx[:, t], dh_next, dW_x, dW_h, db = rnn_step_backward(
            dh[:, t] + dh_next, x[:, t], h_prev, h[:, t], W_xh, W_hh
        )
        dW_xh += dW_x
        dW_hh += dW_h
        db_h += db
    dW_xh, dW_hh, db_h = dW_xh / T, dW_hh / T, db_h / T
    return dx, dh_next, dW_xh, dW_hh, db_h


# %% single: the credit is written into the caller's dh
def rnn_backward(dh, cache):
    x, h_0, h, W_xh, W_hh = cache
    T = x.shape[1]
    dx = np.zeros_like(x, dtype=h.dtype)
    dW_xh, dW_hh = np.zeros_like(W_xh), np.zeros_like(W_hh)
    db_h = np.zeros(W_hh.shape[0], dtype=W_hh.dtype)
    dh_next = np.zeros_like(h[:, 0])
    for t in reversed(range(T)):
        dh[:, t] += dh_next
        h_prev = h[:, t - 1] if t > 0 else h_0
        dx[:, t], dh_next, dW_x, dW_h, db = rnn_step_backward(
            dh[:, t], x[:, t], h_prev, h[:, t], W_xh, W_hh
        )
        dW_xh += dW_x
        dW_hh += dW_h
        db_h += db
    return dx, dh_next, dW_xh, dW_hh, db_h


# %% double: the state before the first step is h[:, -1], and no credit from later steps
def rnn_backward(dh, cache):
    x, h_0, h, W_xh, W_hh = cache
    T = x.shape[1]
    dx = np.zeros_like(x, dtype=h.dtype)
    dW_xh, dW_hh = np.zeros_like(W_xh), np.zeros_like(W_hh)
    db_h = np.zeros(W_hh.shape[0], dtype=W_hh.dtype)
    dh_next = np.zeros_like(h[:, 0])
    for t in reversed(range(T)):
        h_prev = h[:, t - 1]
        dx[:, t], dh_next, dW_x, dW_h, db = rnn_step_backward(
            dh[:, t], x[:, t], h_prev, h[:, t], W_xh, W_hh
        )
        dW_xh += dW_x
        dW_hh += dW_h
        db_h += db
    return dx, dh_next, dW_xh, dW_hh, db_h


# %% right: the deltas are found first, and all products taken after the loop
def rnn_backward(dh, cache):
    x, h_0, h, W_xh, W_hh = cache
    before = np.concatenate([h_0[:, None], h[:, :-1]], axis=1)
    delta = np.empty_like(h)
    back = np.zeros_like(h_0, dtype=h.dtype)
    for t in range(x.shape[1] - 1, -1, -1):
        delta[:, t] = (dh[:, t] + back) * (1 - h[:, t] ** 2)
        back = delta[:, t] @ W_hh.T
    dW_xh = np.tensordot(x, delta, axes=([0, 1], [0, 1]))
    dW_hh = np.tensordot(before, delta, axes=([0, 1], [0, 1]))
    return delta @ W_xh.T, back, dW_xh, dW_hh, delta.sum(axis=(0, 1))


# %% right: a recursion that peels off the last step
def rnn_backward(dh, cache):
    x, h_0, h, W_xh, W_hh = cache

    def back(t, credit):
        if t < 0:
            return [], credit, (np.zeros_like(W_xh), np.zeros_like(W_hh), np.zeros_like(W_hh[0]))
        before = h[:, t - 1] if t else h_0
        dx_t, credit, *own = rnn_step_backward(
            credit + dh[:, t], x[:, t], before, h[:, t], W_xh, W_hh
        )
        dxs, dh_0, sums = back(t - 1, credit)
        return [*dxs, dx_t], dh_0, tuple(a + b for a, b in zip(sums, own))

    dxs, dh_0, sums = back(x.shape[1] - 1, np.zeros_like(h[:, 0]))
    return np.stack(dxs, axis=1), dh_0, *sums
