"""Answers to `rnn_forward`, written from its notebook alone; each cell is one, with its fault."""

import numpy as np


def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
    return np.tanh(x_t @ W_xh + h_prev @ W_hh + b_h)


# %% single: each step starts from h_0
def rnn_forward(x, h_0, W_xh, W_hh, b_h):
    batch, T, _ = x.shape
    h = np.zeros((batch, T, W_hh.shape[0]), dtype=np.result_type(x, h_0, W_hh, np.float32))
    for t in range(T):
        h[:, t] = rnn_step(x[:, t], h_0, W_xh, W_hh, b_h)
    cache = (x, h_0, h, W_xh, W_hh)
    return h, cache


# %% single: the first state stored is h_0, so all are one step late
def rnn_forward(x, h_0, W_xh, W_hh, b_h):
    batch, T, _ = x.shape
    h = np.zeros((batch, T, W_hh.shape[0]), dtype=np.result_type(x, h_0, W_hh, np.float32))
    h_t = h_0
    for t in range(T):
        h[:, t] = h_t
        h_t = rnn_step(x[:, t], h_t, W_xh, W_hh, b_h)
    cache = (x, h_0, h, W_xh, W_hh)
    return h, cache


# %% single: the cache keeps the last state in place of the first
def rnn_forward(x, h_0, W_xh, W_hh, b_h):
    batch, T, _ = x.shape
    h = np.zeros((batch, T, W_hh.shape[0]), dtype=np.result_type(x, h_0, W_hh, np.float32))
    for t in range(T):
        h_0 = rnn_step(x[:, t], h_0, W_xh, W_hh, b_h)
        h[:, t] = h_0
    cache = (x, h_0, h, W_xh, W_hh)
    return h, cache


# %% single: starts from zeros, whatever h_0 is
def rnn_forward(x, h_0, W_xh, W_hh, b_h):
    batch, T, _ = x.shape
    h = np.zeros((batch, T, W_hh.shape[0]), dtype=np.result_type(x, h_0, W_hh, np.float32))
    for t in range(T):
        before = h[:, t - 1] if t > 0 else np.zeros_like(h_0)
        h[:, t] = rnn_step(x[:, t], before, W_xh, W_hh, b_h)
    return h, (x, h_0, h, W_xh, W_hh)


# %% single: the last step is left out
def rnn_forward(x, h_0, W_xh, W_hh, b_h):
    batch, T, _ = x.shape
    h = np.zeros((batch, T, W_hh.shape[0]), dtype=np.result_type(x, h_0, W_hh, np.float32))
    h_t = h_0
    for t in range(T - 1):
        h_t = rnn_step(x[:, t], h_t, W_xh, W_hh, b_h)
        h[:, t] = h_t
    return h, (x, h_0, h, W_xh, W_hh)


# %% single: the bias is kept in the cache too
def rnn_forward(x, h_0, W_xh, W_hh, b_h):
    batch, T, _ = x.shape
    h = np.zeros((batch, T, W_hh.shape[0]), dtype=np.result_type(x, h_0, W_hh, np.float32))
    h_t = h_0
    for t in range(T):
        h_t = rnn_step(x[:, t], h_t, W_xh, W_hh, b_h)
        h[:, t] = h_t
    return h, (x, h_0, h, W_xh, W_hh, b_h)


# %% double: starts from zeros, and the cache keeps the last state as h_0
def rnn_forward(x, h_0, W_xh, W_hh, b_h):
    batch, T, _ = x.shape
    h = np.zeros((batch, T, W_hh.shape[0]), dtype=np.result_type(x, h_0, W_hh, np.float32))
    h_0 = np.zeros_like(h_0)
    for t in range(T):
        h_0 = rnn_step(x[:, t], h_0, W_xh, W_hh, b_h)
        h[:, t] = h_0
    return h, (x, h_0, h, W_xh, W_hh)


# %% right: all inputs projected before the loop, states in a list
def rnn_forward(x, h_0, W_xh, W_hh, b_h):
    heard = np.tensordot(x, W_xh, axes=1) + b_h
    states = [h_0]
    for a in heard.transpose(1, 0, 2):
        states.append(np.tanh(a + states[-1] @ W_hh))
    h = np.stack(states[1:], axis=1)
    return h, (x, h_0, h, W_xh, W_hh)


# %% right: itertools carries the state
from itertools import accumulate


def rnn_forward(x, h_0, W_xh, W_hh, b_h):
    def step(state, x_t):
        return rnn_step(x_t, state, W_xh, W_hh, b_h)

    _, *states = accumulate(np.moveaxis(x, 1, 0), step, initial=h_0)
    h = np.stack(states, axis=1)
    return h, (x, h_0, h, W_xh, W_hh)
