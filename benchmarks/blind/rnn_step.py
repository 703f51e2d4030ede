"""Answers to `rnn_step`, written from its notebook alone; each cell is one, with what is wrong."""

import numpy as np


# %% single: the bias is forgotten
def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
    h_t = np.tanh(x_t @ W_xh + h_prev @ W_hh)
    return h_t


# %% single: the two parts are squashed one by one
def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
    h_t = np.tanh(x_t @ W_xh + b_h) + np.tanh(h_prev @ W_hh)
    return h_t


# %% single: the recurrent weights are transposed
def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
    h_t = np.tanh(x_t @ W_xh + h_prev @ W_hh.T + b_h)
    return h_t


# %% single: a sigmoid in place of the tanh
def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
    a = x_t @ W_xh + h_prev @ W_hh + b_h
    h_t = 1 / (1 + np.exp(-a))
    return h_t


# %% single: the bias is added to the squashed state
def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
    h_t = np.tanh(x_t @ W_xh + h_prev @ W_hh) + b_h
    return h_t


# %% single: the input is added to the caller's state in place
def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
    h_t = h_prev @ W_hh
    h_prev[:] = h_t + x_t @ W_xh + b_h
    return np.tanh(h_prev)


# %% single: clipped to the range in place of a tanh
def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
    return np.clip(x_t @ W_xh + h_prev @ W_hh + b_h, -1, 1)


# %% double: no bias, and the recurrent weights transposed
def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
    return np.tanh(x_t @ W_xh + h_prev @ W_hh.T)


# %% right: one product of the two parts side by side
def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
    both = np.concatenate([x_t, h_prev], axis=1)
    weights = np.concatenate([W_xh, W_hh], axis=0)
    return np.tanh(both @ weights + b_h)


# %% right: sums written with einsum, and a tanh that numpy adds in place
def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
    heard = np.einsum("bm,mn->bn", x_t, W_xh)
    heard = heard + np.einsum("bk,kn->bn", h_prev, W_hh)
    heard = heard + b_h[None, :]
    return np.tanh(heard, out=heard)
