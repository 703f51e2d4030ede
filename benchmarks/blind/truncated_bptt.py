"""Answers to `truncated_bptt`, written from its notebook alone; each cell is one."""

import numpy as np

from course_lib.scratch.bptt import loss_and_gradients


# %% single: each window starts from h_0
def truncated_bptt(params, x, labels, h_0, window):
    T = x.shape[1]
    loss, h_last = 0.0, h_0
    grads = {name: np.zeros_like(w) for name, w in params.items()}
    for start in range(0, T, window):
        piece = slice(start, start + window)
        share = x[:, piece].shape[1] / T
        part, own, h_last = loss_and_gradients(params, x[:, piece], labels[:, piece], h_0)
        loss += share * part
        for name in grads:
            grads[name] += share * own[name]
    return loss, grads, h_last


# %% single: the losses and gradients of the windows are added up unweighted
def truncated_bptt(params, x, labels, h_0, window):
    T = x.shape[1]
    loss, h_last = 0.0, h_0
    grads = {name: np.zeros_like(w) for name, w in params.items()}
    for start in range(0, T, window):
        piece = slice(start, start + window)
        share = 1
        part, own, h_last = loss_and_gradients(params, x[:, piece], labels[:, piece], h_last)
        loss += share * part
        for name in grads:
            grads[name] += share * own[name]
    return loss, grads, h_last


# %% single: each window weighs the same, the short last one too
def truncated_bptt(params, x, labels, h_0, window):
    T = x.shape[1]
    loss, h_last = 0.0, h_0
    grads = {name: np.zeros_like(w) for name, w in params.items()}
    for start in range(0, T, window):
        piece = slice(start, start + window)
        share = 1 / -(-T // window)
        part, own, h_last = loss_and_gradients(params, x[:, piece], labels[:, piece], h_last)
        loss += share * part
        for name in grads:
            grads[name] += share * own[name]
    return loss, grads, h_last


# %% single: each window weighs window over T, the short last one too
def truncated_bptt(params, x, labels, h_0, window):
    T = x.shape[1]
    loss, h_last = 0.0, h_0
    grads = {name: np.zeros_like(w) for name, w in params.items()}
    for start in range(0, T, window):
        piece = slice(start, start + window)
        share = window / T
        part, own, h_last = loss_and_gradients(params, x[:, piece], labels[:, piece], h_last)
        loss += share * part
        for name in grads:
            grads[name] += share * own[name]
    return loss, grads, h_last


# %% single: the steps after the last whole window are left out
def truncated_bptt(params, x, labels, h_0, window):
    T = x.shape[1]
    loss, h_last = 0.0, h_0
    grads = {name: np.zeros_like(w) for name, w in params.items()}
    for start in range(0, T - window + 1, window):
        piece = slice(start, start + window)
        share = x[:, piece].shape[1] / T
        part, own, h_last = loss_and_gradients(params, x[:, piece], labels[:, piece], h_last)
        loss += share * part
        for name in grads:
            grads[name] += share * own[name]
    return loss, grads, h_last


# %% single: the gradient is of the last window only
def truncated_bptt(params, x, labels, h_0, window):
    T = x.shape[1]
    loss, h_last = 0.0, h_0
    grads = {name: np.zeros_like(w) for name, w in params.items()}
    for start in range(0, T, window):
        piece = slice(start, start + window)
        share = x[:, piece].shape[1] / T
        part, own, h_last = loss_and_gradients(params, x[:, piece], labels[:, piece], h_last)
        loss += share * part
        for name in grads:
            grads[name] = share * own[name]
    return loss, grads, h_last


# %% single: only the loss is weighted, the gradients are summed
def truncated_bptt(params, x, labels, h_0, window):
    T = x.shape[1]
    loss, h_last = 0.0, h_0
    grads = {name: np.zeros_like(w) for name, w in params.items()}
    for start in range(0, T, window):
        piece = slice(start, start + window)
        share = x[:, piece].shape[1] / T
        part, own, h_last = loss_and_gradients(params, x[:, piece], labels[:, piece], h_last)
        loss += share * part
        for name in grads:
            grads[name] += own[name]
    return loss, grads, h_last


# %% single: the gradient is not truncated at all
def truncated_bptt(params, x, labels, h_0, window):
    return loss_and_gradients(params, x, labels, h_0)


# %% single: windows slide by one step
def truncated_bptt(params, x, labels, h_0, window):
    T = x.shape[1]
    loss, h_last = 0.0, h_0
    grads = {name: np.zeros_like(w) for name, w in params.items()}
    for start in range(max(1, T - window + 1)):
        piece = slice(start, start + window)
        share = 1 / max(1, T - window + 1)
        part, own, h_last = loss_and_gradients(params, x[:, piece], labels[:, piece], h_last)
        loss += share * part
        for name in grads:
            grads[name] += share * own[name]
    return loss, grads, h_last


# %% single: only the last `window` steps are read for the gradient
def truncated_bptt(params, x, labels, h_0, window):
    T = x.shape[1]
    loss, h_last = 0.0, h_0
    grads = {name: np.zeros_like(w) for name, w in params.items()}
    loss, _, h_last = loss_and_gradients(params, x, labels, h_0)
    _, _, before = (
        loss_and_gradients(params, x[:, :-window], labels[:, :-window], h_0)
        if T > window
        else (0, 0, h_0)
    )
    for start in [max(0, T - window)]:
        piece = slice(start, start + window)
        share = x[:, piece].shape[1] / T
        _, own, _ = loss_and_gradients(params, x[:, piece], labels[:, piece], before)
        for name in grads:
            grads[name] += share * own[name]
    return loss, grads, h_last


# %% double: each window starts from zeros, and all are summed
def truncated_bptt(params, x, labels, h_0, window):
    T = x.shape[1]
    loss, h_last = 0.0, h_0
    grads = {name: np.zeros_like(w) for name, w in params.items()}
    for start in range(0, T, window):
        piece = slice(start, start + window)
        share = 1
        part, own, h_last = loss_and_gradients(
            params, x[:, piece], labels[:, piece], np.zeros_like(h_0)
        )
        loss += share * part
        for name in grads:
            grads[name] += share * own[name]
    return loss, grads, h_last


# %% right: sums over the steps, divided once at the end
def truncated_bptt(params, x, labels, h_0, window):
    T = x.shape[1]
    borders = list(range(window, T, window))
    state, total, sums = h_0, 0.0, {}
    for x_w, y_w in zip(np.split(x, borders, axis=1), np.split(labels, borders, axis=1)):
        loss, grads, state = loss_and_gradients(params, x_w, y_w, state)
        steps = y_w.shape[1]
        total += steps * loss
        sums = {name: sums.get(name, 0) + steps * g for name, g in grads.items()}
    return total / T, {name: g / T for name, g in sums.items()}, state


# %% right: recursion: the first window, and the rest
def truncated_bptt(params, x, labels, h_0, window):
    T = x.shape[1]
    loss, grads, state = loss_and_gradients(params, x[:, :window], labels[:, :window], h_0)
    if T <= window:
        return loss, grads, state
    rest, later, h_last = truncated_bptt(params, x[:, window:], labels[:, window:], state, window)
    p = window / T
    return (
        p * loss + (1 - p) * rest,
        {name: p * grads[name] + (1 - p) * later[name] for name in grads},
        h_last,
    )
