"""Answers to `update_on_window`, written from its notebook alone; each cell is one."""

import numpy as np

from course_lib.scratch.losses import (
    cross_entropy_from_logits,
    cross_entropy_gradient,
)
from course_lib.scratch.rnn import rnn_forward

from course_lib.scratch.bptt import rnn_backward


# %% single: the readout is moved before the credit goes back through it
def update_on_window(params, x, labels, h_0, rate):
    W = {name: w.copy() for name, w in params.items()}
    h, cache = rnn_forward(x, h_0, W["W_xh"], W["W_hh"], W["b_h"])
    logits = h @ W["W_hy"] + W["b_y"]
    loss = cross_entropy_from_logits(logits, labels)
    dlogits = cross_entropy_gradient(logits, labels)
    W["W_hy"] -= rate * np.einsum("btn,btc->nc", h, dlogits)
    W["b_y"] -= rate * dlogits.sum(axis=(0, 1))
    _, _, dW_xh, dW_hh, db_h = rnn_backward(dlogits @ W["W_hy"].T, cache)
    W["W_xh"] -= rate * dW_xh
    W["W_hh"] -= rate * dW_hh
    W["b_h"] -= rate * db_h
    return W, loss, h[:, -1]


# %% single: h_last is of the moved weights
def update_on_window(params, x, labels, h_0, rate):
    W = {name: w.copy() for name, w in params.items()}
    h, cache = rnn_forward(x, h_0, W["W_xh"], W["W_hh"], W["b_h"])
    logits = h @ W["W_hy"] + W["b_y"]
    loss = cross_entropy_from_logits(logits, labels)
    dlogits = cross_entropy_gradient(logits, labels)
    W["W_hy"] -= rate * np.einsum("btn,btc->nc", h, dlogits)
    W["b_y"] -= rate * dlogits.sum(axis=(0, 1))
    _, _, dW_xh, dW_hh, db_h = rnn_backward(dlogits @ params["W_hy"].T, cache)
    W["W_xh"] -= rate * dW_xh
    W["W_hh"] -= rate * dW_hh
    W["b_h"] -= rate * db_h
    h, _ = rnn_forward(x, h_0, W["W_xh"], W["W_hh"], W["b_h"])
    return W, loss, h[:, -1]


# %% single: the caller's arrays are moved
def update_on_window(params, x, labels, h_0, rate):
    W = {name: w for name, w in params.items()}
    old = params["W_hy"].copy()
    h, cache = rnn_forward(x, h_0, W["W_xh"], W["W_hh"], W["b_h"])
    logits = h @ W["W_hy"] + W["b_y"]
    loss = cross_entropy_from_logits(logits, labels)
    dlogits = cross_entropy_gradient(logits, labels)
    W["W_hy"] -= rate * np.einsum("btn,btc->nc", h, dlogits)
    W["b_y"] -= rate * dlogits.sum(axis=(0, 1))
    _, _, dW_xh, dW_hh, db_h = rnn_backward(dlogits @ old.T, cache)
    W["W_xh"] -= rate * dW_xh
    W["W_hh"] -= rate * dW_hh
    W["b_h"] -= rate * db_h
    return W, loss, h[:, -1]


# %% single: the loss is that after the step
def update_on_window(params, x, labels, h_0, rate):
    W = {name: w.copy() for name, w in params.items()}
    h, cache = rnn_forward(x, h_0, W["W_xh"], W["W_hh"], W["b_h"])
    logits = h @ W["W_hy"] + W["b_y"]
    loss = cross_entropy_from_logits(logits, labels)
    dlogits = cross_entropy_gradient(logits, labels)
    W["W_hy"] -= rate * np.einsum("btn,btc->nc", h, dlogits)
    W["b_y"] -= rate * dlogits.sum(axis=(0, 1))
    _, _, dW_xh, dW_hh, db_h = rnn_backward(dlogits @ params["W_hy"].T, cache)
    W["W_xh"] -= rate * dW_xh
    W["W_hh"] -= rate * dW_hh
    W["b_h"] -= rate * db_h
    after, _ = rnn_forward(x, h_0, W["W_xh"], W["W_hh"], W["b_h"])
    loss = cross_entropy_from_logits(after @ W["W_hy"] + W["b_y"], labels)
    return W, loss, h[:, -1]


# %% single: the step goes uphill
def update_on_window(params, x, labels, h_0, rate):
    W = {name: w.copy() for name, w in params.items()}
    h, cache = rnn_forward(x, h_0, W["W_xh"], W["W_hh"], W["b_h"])
    logits = h @ W["W_hy"] + W["b_y"]
    loss = cross_entropy_from_logits(logits, labels)
    dlogits = cross_entropy_gradient(logits, labels)
    W["W_hy"] += rate * np.einsum("btn,btc->nc", h, dlogits)
    W["b_y"] += rate * dlogits.sum(axis=(0, 1))
    _, _, dW_xh, dW_hh, db_h = rnn_backward(dlogits @ params["W_hy"].T, cache)
    W["W_xh"] += rate * dW_xh
    W["W_hh"] += rate * dW_hh
    W["b_h"] += rate * db_h
    return W, loss, h[:, -1]


# %% single: the gradient of the readout is a mean over the batch and the steps once more
def update_on_window(params, x, labels, h_0, rate):
    W = {name: w.copy() for name, w in params.items()}
    h, cache = rnn_forward(x, h_0, W["W_xh"], W["W_hh"], W["b_h"])
    logits = h @ W["W_hy"] + W["b_y"]
    loss = cross_entropy_from_logits(logits, labels)
    dlogits = cross_entropy_gradient(logits, labels)
    W["W_hy"] -= rate * np.einsum("btn,btc->nc", h, dlogits) / labels.size
    W["b_y"] -= rate * dlogits.mean(axis=(0, 1))
    _, _, dW_xh, dW_hh, db_h = rnn_backward(dlogits @ params["W_hy"].T, cache)
    W["W_xh"] -= rate * dW_xh
    W["W_hh"] -= rate * dW_hh
    W["b_h"] -= rate * db_h
    return W, loss, h[:, -1]


# %% single: the bias of the readout is summed over the batch alone and then averaged over time
def update_on_window(params, x, labels, h_0, rate):
    W = {name: w.copy() for name, w in params.items()}
    h, cache = rnn_forward(x, h_0, W["W_xh"], W["W_hh"], W["b_h"])
    logits = h @ W["W_hy"] + W["b_y"]
    loss = cross_entropy_from_logits(logits, labels)
    dlogits = cross_entropy_gradient(logits, labels)
    W["W_hy"] -= rate * np.einsum("btn,btc->nc", h, dlogits)
    W["b_y"] -= rate * dlogits.sum(axis=0).mean(axis=0)
    _, _, dW_xh, dW_hh, db_h = rnn_backward(dlogits @ params["W_hy"].T, cache)
    W["W_xh"] -= rate * dW_xh
    W["W_hh"] -= rate * dW_hh
    W["b_h"] -= rate * db_h
    return W, loss, h[:, -1]


# %% single: all states are returned in place of the last
def update_on_window(params, x, labels, h_0, rate):
    W = {name: w.copy() for name, w in params.items()}
    h, cache = rnn_forward(x, h_0, W["W_xh"], W["W_hh"], W["b_h"])
    logits = h @ W["W_hy"] + W["b_y"]
    loss = cross_entropy_from_logits(logits, labels)
    dlogits = cross_entropy_gradient(logits, labels)
    W["W_hy"] -= rate * np.einsum("btn,btc->nc", h, dlogits)
    W["b_y"] -= rate * dlogits.sum(axis=(0, 1))
    _, _, dW_xh, dW_hh, db_h = rnn_backward(dlogits @ params["W_hy"].T, cache)
    W["W_xh"] -= rate * dW_xh
    W["W_hh"] -= rate * dW_hh
    W["b_h"] -= rate * db_h
    return W, loss, h


# %% single: the recurrent weights are moved before the credit goes back, and the readout is right
def update_on_window(params, x, labels, h_0, rate):
    W = {name: w.copy() for name, w in params.items()}
    h, cache = rnn_forward(x, h_0, W["W_xh"], W["W_hh"], W["b_h"])
    logits = h @ W["W_hy"] + W["b_y"]
    loss = cross_entropy_from_logits(logits, labels)
    dlogits = cross_entropy_gradient(logits, labels)
    dh = dlogits @ W["W_hy"].T
    W["W_hy"] -= rate * np.einsum("btn,btc->nc", h, dlogits)
    W["b_y"] -= rate * dlogits.sum(axis=(0, 1))
    W["W_hh"] -= rate * rnn_backward(dh, cache)[3]
    W["W_xh"] -= rate * rnn_backward(dh, cache)[2]
    W["b_h"] -= rate * rnn_backward(dh, cache)[4]
    return W, loss, h[:, -1]


# %% double: the code as given: both faults
def update_on_window(params, x, labels, h_0, rate):
    W = {key: value.copy() for key, value in params.items()}
    h, cache = rnn_forward(x, h_0, W["W_xh"], W["W_hh"], W["b_h"])
    logits = h @ W["W_hy"] + W["b_y"]
    loss = cross_entropy_from_logits(logits, labels)
    dlogits = cross_entropy_gradient(logits, labels)
    W["W_hy"] -= rate * np.einsum("btn,btc->nc", h, dlogits)
    W["b_y"] -= rate * dlogits.sum(axis=(0, 1))
    _, _, dW_xh, dW_hh, db_h = rnn_backward(dlogits @ W["W_hy"].T, cache)
    W["W_xh"] -= rate * dW_xh
    W["W_hh"] -= rate * dW_hh
    W["b_h"] -= rate * db_h
    h, _ = rnn_forward(x, h_0, W["W_xh"], W["W_hh"], W["b_h"])
    return W, loss, h[:, -1]


# %% right: all gradients first, then one dict of moved weights
def update_on_window(params, x, labels, h_0, rate):
    h, cache = rnn_forward(x, h_0, params["W_xh"], params["W_hh"], params["b_h"])
    logits = h @ params["W_hy"] + params["b_y"]
    dlogits = cross_entropy_gradient(logits, labels)
    grads = {
        "W_hy": np.tensordot(h, dlogits, axes=((0, 1), (0, 1))),
        "b_y": dlogits.sum(axis=(0, 1)),
    }
    names = ("W_xh", "W_hh", "b_h")
    grads |= zip(names, rnn_backward(dlogits @ params["W_hy"].T, cache)[2:])
    moved = {name: w - rate * grads[name] for name, w in params.items()}
    return moved, cross_entropy_from_logits(logits, labels), h[:, -1]


# %% right: by loss_and_gradients of the course
from course_lib.scratch.bptt import loss_and_gradients


def update_on_window(params, x, labels, h_0, rate):
    loss, grads, h_last = loss_and_gradients(params, x, labels, h_0)
    return {k: params[k] - rate * g for k, g in grads.items()}, loss, h_last
