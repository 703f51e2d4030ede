"""Answers to `masked_rnn_forward`, written from its notebook alone; each cell is one."""

import numpy as np


def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
    return np.tanh(x_t @ W_xh + h_prev @ W_hh + b_h)


# %% single: the input is zeroed, but the state moves on at padded steps
def masked_rnn_forward(x, mask, h_0, W_xh, W_hh, b_h):
    batch, T, _ = x.shape
    h = np.zeros((batch, T, W_hh.shape[0]), dtype=np.result_type(x, h_0, W_hh, np.float32))
    h_last = h_0
    for t in range(T):
        real = mask[:, t, None]
        h_last = rnn_step(np.where(real, x[:, t], 0), h_last, W_xh, W_hh, b_h)
        h[:, t] = np.where(real, h_last, 0)
    return h, h_last


# %% single: the carried state is the output at padded steps too
def masked_rnn_forward(x, mask, h_0, W_xh, W_hh, b_h):
    batch, T, _ = x.shape
    h = np.zeros((batch, T, W_hh.shape[0]), dtype=np.result_type(x, h_0, W_hh, np.float32))
    h_last = h_0
    for t in range(T):
        new = rnn_step(x[:, t], h_last, W_xh, W_hh, b_h)
        h_last = np.where(mask[:, t, None], new, h_last)
        h[:, t] = h_last
    return h, h_last


# %% single: the state is set to zero at a padded step
def masked_rnn_forward(x, mask, h_0, W_xh, W_hh, b_h):
    batch, T, _ = x.shape
    h = np.zeros((batch, T, W_hh.shape[0]), dtype=np.result_type(x, h_0, W_hh, np.float32))
    h_last = h_0
    for t in range(T):
        new = rnn_step(x[:, t], h_last, W_xh, W_hh, b_h)
        h_last = np.where(mask[:, t, None], new, 0)
        h[:, t] = h_last
    return h, h_last


# %% single: multiplied by the mask, so that a nan in the padding stays
def masked_rnn_forward(x, mask, h_0, W_xh, W_hh, b_h):
    batch, T, _ = x.shape
    h = np.zeros((batch, T, W_hh.shape[0]), dtype=np.result_type(x, h_0, W_hh, np.float32))
    h_last = h_0
    for t in range(T):
        m = mask[:, t, None].astype(x.dtype)
        new = rnn_step(x[:, t], h_last, W_xh, W_hh, b_h)
        h_last = m * new + (1 - m) * h_last
        h[:, t] = m * new
    return h, h_last


# %% single: h_last is picked by the number of real steps, as if padding were at the end
def masked_rnn_forward(x, mask, h_0, W_xh, W_hh, b_h):
    batch, T, _ = x.shape
    h = np.zeros((batch, T, W_hh.shape[0]), dtype=np.result_type(x, h_0, W_hh, np.float32))
    h_t = h_0
    for t in range(T):
        real = mask[:, t, None]
        new = rnn_step(x[:, t], h_t, W_xh, W_hh, b_h)
        h_t = np.where(real, new, h_t)
        h[:, t] = np.where(real, new, 0)
    lengths = mask.sum(axis=1)
    h_last = np.where(lengths[:, None] > 0, h[np.arange(batch), lengths - 1], h_0)
    return h, h_last


# %% single: a sequence without real steps ends at zero, not at h_0
def masked_rnn_forward(x, mask, h_0, W_xh, W_hh, b_h):
    batch, T, _ = x.shape
    h = np.zeros((batch, T, W_hh.shape[0]), dtype=np.result_type(x, h_0, W_hh, np.float32))
    h_t = h_0
    for t in range(T):
        real = mask[:, t, None]
        new = rnn_step(x[:, t], h_t, W_xh, W_hh, b_h)
        h_t = np.where(real, new, h_t)
        h[:, t] = np.where(real, new, 0)
    last = T - 1 - np.argmax(mask[:, ::-1], axis=1)
    return h, h[np.arange(batch), last]


# %% single: the mask is read the wrong way round
def masked_rnn_forward(x, mask, h_0, W_xh, W_hh, b_h):
    batch, T, _ = x.shape
    h = np.zeros((batch, T, W_hh.shape[0]), dtype=np.result_type(x, h_0, W_hh, np.float32))
    h_last = h_0
    for t in range(T):
        pad = mask[:, t, None]
        new = rnn_step(x[:, t], h_last, W_xh, W_hh, b_h)
        h_last = np.where(pad, h_last, new)
        h[:, t] = np.where(pad, 0, new)
    return h, h_last


# %% single: the caller's h_0 is overwritten
def masked_rnn_forward(x, mask, h_0, W_xh, W_hh, b_h):
    batch, T, _ = x.shape
    h = np.zeros((batch, T, W_hh.shape[0]), dtype=np.result_type(x, h_0, W_hh, np.float32))
    h_last = h_0
    for t in range(T):
        real = mask[:, t]
        h_last[real] = rnn_step(x[real, t], h_last[real], W_xh, W_hh, b_h)
        h[real, t] = h_last[real]
    return h, h_last


# %% double: the state moves on at padded steps, and h_last is the last output
def masked_rnn_forward(x, mask, h_0, W_xh, W_hh, b_h):
    batch, T, _ = x.shape
    h = np.zeros((batch, T, W_hh.shape[0]), dtype=np.result_type(x, h_0, W_hh, np.float32))
    h_t = h_0
    for t in range(T):
        h_t = rnn_step(x[:, t], h_t, W_xh, W_hh, b_h)
        h[:, t] = np.where(mask[:, t, None], h_t, 0)
    return h, h[:, -1]


# %% single: h_last is made like h_0, of whole numbers where that holds such
def masked_rnn_forward(x, mask, h_0, W_xh, W_hh, b_h):
    batch, T, _ = x.shape
    h = np.zeros((batch, T, W_hh.shape[0]), dtype=np.result_type(x, h_0, W_hh, np.float32))
    h_last = h_0.copy()
    for one in range(batch):
        state = h_0[one]
        for t in np.flatnonzero(mask[one]):
            state = np.tanh(x[one, t] @ W_xh + state @ W_hh + b_h)
            h[one, t] = state
        h_last[one] = state
    return h, h_last


# %% right: each sequence is read alone, without its padding
def masked_rnn_forward(x, mask, h_0, W_xh, W_hh, b_h):
    batch, T, _ = x.shape
    h = np.zeros((batch, T, W_hh.shape[0]), dtype=np.result_type(x, h_0, W_hh, np.float32))
    h_last = h_0.astype(h.dtype)
    for one in range(batch):
        state = h_0[one]
        for t in np.flatnonzero(mask[one]):
            state = np.tanh(x[one, t] @ W_xh + state @ W_hh + b_h)
            h[one, t] = state
        h_last[one] = state
    return h, h_last


# %% right: only the real rows are computed, in a copy of the state
def masked_rnn_forward(x, mask, h_0, W_xh, W_hh, b_h):
    batch, T, _ = x.shape
    kind = np.result_type(x, h_0, W_hh, np.float32)
    h = np.zeros((batch, T, W_hh.shape[0]), dtype=kind)
    state = np.array(h_0, dtype=kind)
    for t in range(T):
        (real,) = np.nonzero(mask[:, t])
        state[real] = rnn_step(x[real, t], state[real], W_xh, W_hh, b_h)
        h[real, t] = state[real]
    return h, state
