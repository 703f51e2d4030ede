"""Answers to `collect_outputs`, written from its notebook alone; each cell is one."""

import numpy as np

from course_lib.scratch.gated import gate, sigmoid


def lstm_step(x_t, h_prev, c_prev, params):
    i = gate(x_t, h_prev, params["W_xi"], params["W_hi"], params["b_i"])
    f = gate(x_t, h_prev, params["W_xf"], params["W_hf"], params["b_f"])
    o = gate(x_t, h_prev, params["W_xo"], params["W_ho"], params["b_o"])
    candidate = np.tanh(x_t @ params["W_xc"] + h_prev @ params["W_hc"] + params["b_c"])
    c_t = f * c_prev + i * candidate
    h_t = o * np.tanh(c_t)
    cache = {
        "x_t": x_t,
        "h_prev": h_prev,
        "c_prev": c_prev,
        "i": i,
        "f": f,
        "o": o,
        "candidate": candidate,
        "c_t": c_t,
    }
    return h_t, c_t, cache


# %% single: stacked along the first axis
def collect_outputs(x, params):
    batch, T, _ = x.shape
    n = params["W_hc"].shape[0]
    h_t = c_t = np.zeros((batch, n), dtype=params["W_hc"].dtype)
    outputs = []
    for t in range(T):
        h_t, c_t, _ = lstm_step(x[:, t], h_t, c_t, params)
        outputs.append(h_t)
    return np.stack(outputs)


# %% single: reshaped from time first
def collect_outputs(x, params):
    batch, T, _ = x.shape
    n = params["W_hc"].shape[0]
    h_t = c_t = np.zeros((batch, n), dtype=params["W_hc"].dtype)
    outputs = []
    for t in range(T):
        h_t, c_t, _ = lstm_step(x[:, t], h_t, c_t, params)
        outputs.append(h_t)
    return np.stack(outputs).reshape(batch, T, n)


# %% single: concatenated along the batch and reshaped
def collect_outputs(x, params):
    batch, T, _ = x.shape
    n = params["W_hc"].shape[0]
    h_t = c_t = np.zeros((batch, n), dtype=params["W_hc"].dtype)
    outputs = []
    for t in range(T):
        h_t, c_t, _ = lstm_step(x[:, t], h_t, c_t, params)
        outputs.append(h_t)
    return np.concatenate(outputs).reshape(batch, T, n)


# %% single: time is the last axis
def collect_outputs(x, params):
    batch, T, _ = x.shape
    n = params["W_hc"].shape[0]
    h_t = c_t = np.zeros((batch, n), dtype=params["W_hc"].dtype)
    outputs = []
    for t in range(T):
        h_t, c_t, _ = lstm_step(x[:, t], h_t, c_t, params)
        outputs.append(h_t)
    return np.stack(outputs, axis=-1)


# %% single: the memories are collected
def collect_outputs(x, params):
    batch, T, _ = x.shape
    n = params["W_hc"].shape[0]
    h_t = c_t = np.zeros((batch, n), dtype=params["W_hc"].dtype)
    outputs = []
    for t in range(T):
        h_t, c_t, _ = lstm_step(x[:, t], h_t, c_t, params)
        outputs.append(c_t)
    return np.stack(outputs, axis=1)


# %% single: the state is not carried
def collect_outputs(x, params):
    batch, T, _ = x.shape
    n = params["W_hc"].shape[0]
    h_t = c_t = np.zeros((batch, n), dtype=params["W_hc"].dtype)
    outputs = []
    for t in range(T):
        h_1, c_t, _ = lstm_step(x[:, t], h_t, c_t, params)
        outputs.append(h_1)
    return np.stack(outputs, axis=1)


# %% single: the memory is not carried
def collect_outputs(x, params):
    batch, T, _ = x.shape
    n = params["W_hc"].shape[0]
    h_t = c_t = np.zeros((batch, n), dtype=params["W_hc"].dtype)
    outputs = []
    for t in range(T):
        h_t, _, _ = lstm_step(x[:, t], h_t, c_t, params)
        outputs.append(h_t)
    return np.stack(outputs, axis=1)


# %% single: only the last state
def collect_outputs(x, params):
    batch, T, _ = x.shape
    n = params["W_hc"].shape[0]
    h_t = c_t = np.zeros((batch, n), dtype=params["W_hc"].dtype)
    outputs = []
    for t in range(T):
        h_t, c_t, _ = lstm_step(x[:, t], h_t, c_t, params)
        outputs.append(h_t)
    return h_t


# %% single: the states before each step
def collect_outputs(x, params):
    batch, T, _ = x.shape
    n = params["W_hc"].shape[0]
    h_t = c_t = np.zeros((batch, n), dtype=params["W_hc"].dtype)
    outputs = []
    for t in range(T):
        outputs.append(h_t)
        h_t, c_t, _ = lstm_step(x[:, t], h_t, c_t, params)
    return np.stack(outputs, axis=1)


# %% double: stacked along the first axis, the memories
def collect_outputs(x, params):
    batch, T, _ = x.shape
    n = params["W_hc"].shape[0]
    h_t = c_t = np.zeros((batch, n), dtype=params["W_hc"].dtype)
    outputs = []
    for t in range(T):
        h_t, c_t, _ = lstm_step(x[:, t], h_t, c_t, params)
        outputs.append(c_t)
    return np.stack(outputs)


# %% right: the concatenated states are given their axis back
def collect_outputs(x, params):
    batch, T, _ = x.shape
    n = params["W_hc"].shape[0]
    h_t = c_t = np.zeros((batch, n), dtype=params["W_hc"].dtype)
    outputs = []
    for t in range(T):
        h_t, c_t, _ = lstm_step(x[:, t], h_t, c_t, params)
        outputs.append(h_t)
    return np.concatenate(outputs, axis=1).reshape(batch, T, n)


# %% right: written into an array made before
def collect_outputs(x, params):
    n = len(params["W_hc"])
    h = np.empty((*x.shape[:2], n), dtype=np.result_type(x, params["W_hc"]))
    state, memory = np.zeros((2, len(x), n), dtype=params["W_hc"].dtype)
    for t, x_t in enumerate(np.moveaxis(x, 1, 0)):
        state, memory, _ = lstm_step(x_t, state, memory, params)
        h[:, t, :] = state
    return h
