"""Answers to `mingru_forward`, written from its notebook alone; each cell is one."""

import numpy as np

from course_lib.scratch.gated import sigmoid


def combine(first, second):
    a_1, b_1 = first
    a_2, b_2 = second
    a = a_1 * a_2
    b = a_2 * b_1 + b_2
    return a, b


def scan(a, b, h_0, join=combine):
    kind = np.result_type(a, b, h_0)
    A, B = np.array(a, dtype=kind), np.array(b, dtype=kind)
    B[:, 0] += A[:, 0] * h_0
    T = A.shape[1]
    reach = 1
    while reach < T:
        A[:, reach:], B[:, reach:] = join(
            (A[:, :-reach], B[:, :-reach]), (A[:, reach:], B[:, reach:])
        )
        reach *= 2
    h = B
    return h


# %% single: h_0 is counted twice
def mingru_forward(x, h_0, params):
    g = sigmoid(x @ params["W_g"] + params["b_g"])
    c = x @ params["W_c"] + params["b_c"]
    b = g * c
    b[:, 0] += h_0
    return scan(1 - g, b, h_0)


# %% single: h_0 is multiplied by the gate
def mingru_forward(x, h_0, params):
    g = sigmoid(x @ params["W_g"] + params["b_g"])
    c = x @ params["W_c"] + params["b_c"]
    b = g * c
    b[:, 0] += g[:, 0] * h_0
    return scan(1 - g, b, np.zeros_like(h_0))


# %% single: h_0 is left out
def mingru_forward(x, h_0, params):
    g = sigmoid(x @ params["W_g"] + params["b_g"])
    c = x @ params["W_c"] + params["b_c"]
    b = g * c
    return scan(1 - g, b, np.zeros_like(h_0))


# %% single: the gate the wrong way round
def mingru_forward(x, h_0, params):
    g = sigmoid(x @ params["W_g"] + params["b_g"])
    c = x @ params["W_c"] + params["b_c"]
    b = (1 - g) * c
    return scan(g, b, h_0)


# %% single: the new part is not gated
def mingru_forward(x, h_0, params):
    g = sigmoid(x @ params["W_g"] + params["b_g"])
    c = x @ params["W_c"] + params["b_c"]
    b = c
    return scan(1 - g, b, h_0)


# %% single: the candidate is squashed
def mingru_forward(x, h_0, params):
    g = sigmoid(x @ params["W_g"] + params["b_g"])
    c = np.tanh(x @ params["W_c"] + params["b_c"])
    b = g * c
    return scan(1 - g, b, h_0)


# %% single: h_0 is added after the scan
def mingru_forward(x, h_0, params):
    g = sigmoid(x @ params["W_g"] + params["b_g"])
    c = x @ params["W_c"] + params["b_c"]
    b = g * c
    return scan(1 - g, b, np.zeros_like(h_0)) + h_0[:, None]


# %% single: the gate of the second step
def mingru_forward(x, h_0, params):
    g = sigmoid(x @ params["W_g"] + params["b_g"])
    c = x @ params["W_c"] + params["b_c"]
    b = g * c
    b[:, 0] += (1 - g[:, min(1, g.shape[1] - 1)]) * h_0
    return scan(1 - g, b, np.zeros_like(h_0))


# %% single: h_0 is added to every step
def mingru_forward(x, h_0, params):
    g = sigmoid(x @ params["W_g"] + params["b_g"])
    c = x @ params["W_c"] + params["b_c"]
    b = g * c
    b += (1 - g) * h_0[:, None]
    return scan(1 - g, b, np.zeros_like(h_0))


# %% single: the gate's bias is lost
def mingru_forward(x, h_0, params):
    g = sigmoid(x @ params["W_g"])
    c = x @ params["W_c"] + params["b_c"]
    b = g * c
    return scan(1 - g, b, h_0)


# %% single: the last state only
def mingru_forward(x, h_0, params):
    g = sigmoid(x @ params["W_g"] + params["b_g"])
    c = x @ params["W_c"] + params["b_c"]
    b = g * c
    return scan(1 - g, b, h_0)[:, -1]


# %% double: h_0 counted twice, and the new part is not gated
def mingru_forward(x, h_0, params):
    g = sigmoid(x @ params["W_g"] + params["b_g"])
    c = x @ params["W_c"] + params["b_c"]
    b = c
    b[:, 0] += h_0
    return scan(1 - g, b, h_0)


# %% right: the factor is written where h_0 is added
def mingru_forward(x, h_0, params):
    g = sigmoid(x @ params["W_g"] + params["b_g"])
    c = x @ params["W_c"] + params["b_c"]
    b = g * c
    b[:, 0] += (1 - g[:, 0]) * h_0
    return scan(1 - g, b, np.zeros_like(h_0))


# %% right: step by step with mingru_step
from course_lib.scratch.diagonal import mingru_step


def mingru_forward(x, h_0, params):
    h = [h_0]
    for t in range(x.shape[1]):
        h.append(mingru_step(x[:, t], h[-1], params))
    return np.stack(h[1:], axis=1)
