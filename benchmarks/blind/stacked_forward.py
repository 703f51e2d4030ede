"""Answers to `stacked_forward`, written from its notebook alone; each cell is one."""

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


def collect_outputs(x, params):
    batch, T, _ = x.shape
    n = params["W_hc"].shape[0]
    h_t = c_t = np.zeros((batch, n), dtype=params["W_hc"].dtype)
    outputs = []
    for t in range(T):
        h_t, c_t, _ = lstm_step(x[:, t], h_t, c_t, params)
        outputs.append(h_t)
    return np.stack(outputs, axis=1)


def dropout_between_layers(h, rate, training, rng):
    if not training:
        return h
    kept = rng.random(h.shape) >= rate
    return np.where(kept, h / (1 - rate), 0.0)


# %% single: dropout on the inputs too
def stacked_forward(x, layers, readout, rate=0.0, training=False, rng=None):
    h = x
    for params in layers:
        h = dropout_between_layers(h, rate, training, rng)
        h = collect_outputs(h, params)
    logits = h[:, -1] @ readout["W_hy"] + readout["b_y"]
    return logits


# %% single: dropout before the readout too
def stacked_forward(x, layers, readout, rate=0.0, training=False, rng=None):
    h = x
    for params in layers:
        h = collect_outputs(h, params)
        h = dropout_between_layers(h, rate, training, rng)
    logits = h[:, -1] @ readout["W_hy"] + readout["b_y"]
    return logits


# %% single: the logits of every step
def stacked_forward(x, layers, readout, rate=0.0, training=False, rng=None):
    h = collect_outputs(x, layers[0])
    for params in layers[1:]:
        h = dropout_between_layers(h, rate, training, rng)
        h = collect_outputs(h, params)
    logits = h @ readout["W_hy"] + readout["b_y"]
    return logits


# %% single: the mean over all steps
def stacked_forward(x, layers, readout, rate=0.0, training=False, rng=None):
    h = collect_outputs(x, layers[0])
    for params in layers[1:]:
        h = dropout_between_layers(h, rate, training, rng)
        h = collect_outputs(h, params)
    logits = h.mean(axis=1) @ readout["W_hy"] + readout["b_y"]
    return logits


# %% single: always training
def stacked_forward(x, layers, readout, rate=0.0, training=False, rng=None):
    h = collect_outputs(x, layers[0])
    for params in layers[1:]:
        h = dropout_between_layers(h, rate, True, rng or np.random.default_rng(0))
        h = collect_outputs(h, params)
    logits = h[:, -1] @ readout["W_hy"] + readout["b_y"]
    return logits


# %% single: dropout is forgotten
def stacked_forward(x, layers, readout, rate=0.0, training=False, rng=None):
    h = collect_outputs(x, layers[0])
    for params in layers[1:]:
        h = collect_outputs(h, params)
    logits = h[:, -1] @ readout["W_hy"] + readout["b_y"]
    return logits


# %% single: the readout's bias is forgotten
def stacked_forward(x, layers, readout, rate=0.0, training=False, rng=None):
    h = collect_outputs(x, layers[0])
    for params in layers[1:]:
        h = dropout_between_layers(h, rate, training, rng)
        h = collect_outputs(h, params)
    logits = h[:, -1] @ readout["W_hy"]
    return logits


# %% single: the first state in place of the last
def stacked_forward(x, layers, readout, rate=0.0, training=False, rng=None):
    h = collect_outputs(x, layers[0])
    for params in layers[1:]:
        h = dropout_between_layers(h, rate, training, rng)
        h = collect_outputs(h, params)
    logits = h[:, 0] @ readout["W_hy"] + readout["b_y"]
    return logits


# %% single: every layer above has the weights of the second
def stacked_forward(x, layers, readout, rate=0.0, training=False, rng=None):
    h = collect_outputs(x, layers[0])
    for params in layers[1:]:
        h = dropout_between_layers(h, rate, training, rng)
        h = collect_outputs(h, layers[1])
    logits = h[:, -1] @ readout["W_hy"] + readout["b_y"]
    return logits


# %% single: softmax of the logits
def stacked_forward(x, layers, readout, rate=0.0, training=False, rng=None):
    h = collect_outputs(x, layers[0])
    for params in layers[1:]:
        h = dropout_between_layers(h, rate, training, rng)
        h = collect_outputs(h, params)
    logits = h[:, -1] @ readout["W_hy"] + readout["b_y"]
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


# %% single: a new generator for each layer
def stacked_forward(x, layers, readout, rate=0.0, training=False, rng=None):
    h = collect_outputs(x, layers[0])
    for params in layers[1:]:
        h = dropout_between_layers(h, rate, training, np.random.default_rng(0))
        h = collect_outputs(h, params)
    logits = h[:, -1] @ readout["W_hy"] + readout["b_y"]
    return logits


# %% single: the states of all layers are summed for the readout
def stacked_forward(x, layers, readout, rate=0.0, training=False, rng=None):
    h = collect_outputs(x, layers[0])
    for params in layers[1:]:
        h = dropout_between_layers(h, rate, training, rng)
        h = h + collect_outputs(h, params)
    logits = h[:, -1] @ readout["W_hy"] + readout["b_y"]
    return logits


# %% double: the first state, and no bias
def stacked_forward(x, layers, readout, rate=0.0, training=False, rng=None):
    h = collect_outputs(x, layers[0])
    for params in layers[1:]:
        h = dropout_between_layers(h, rate, training, rng)
        h = collect_outputs(h, params)
    logits = h[:, 0] @ readout["W_hy"]
    return logits


# %% right: reduce over the layers
from functools import reduce


def stacked_forward(x, layers, readout, rate=0.0, training=False, rng=None):
    def up(h, params):
        return collect_outputs(dropout_between_layers(h, rate, training, rng), params)

    top = reduce(up, layers[1:], collect_outputs(x, layers[0]))
    return np.einsum("bn,nc->bc", top[:, -1, :], readout["W_hy"]) + readout["b_y"]


# %% right: recursion from the top
def stacked_forward(x, layers, readout, rate=0.0, training=False, rng=None):
    def outputs(k):
        if k == 0:
            return collect_outputs(x, layers[0])
        below = outputs(k - 1)
        return collect_outputs(dropout_between_layers(below, rate, training, rng), layers[k])

    last = outputs(len(layers) - 1)[:, -1]
    return last @ readout["W_hy"] + readout["b_y"]
