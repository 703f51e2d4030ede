"""Answers to `forward_gradient`, written from its notebook alone; each cell is one."""

import numpy as np


def trace_step(E_prev, v_t, d_t, gamma):
    E_t = np.exp(-gamma) * E_prev + v_t[:, :, None] * d_t[:, None, :]
    return E_t


def weight_gradient(dh_t, beta, E_t):
    credit = dh_t @ beta
    dW = np.sum(credit[:, None, :] * E_t, axis=0)
    return dW


# %% single: the trace is still used before the step
def forward_gradient(x, h_0, h, dh, beta, gamma):
    batch, T, n = h.shape
    E_t = np.zeros((batch, x.shape[2] + n + 1, n))
    dW = np.zeros(E_t.shape[1:])
    h_prev = h_0
    for t in range(T):
        dW += weight_gradient(dh[:, t], beta, E_t)
        v_t = np.hstack([x[:, t], h_prev, np.ones((batch, 1))])
        E_t = trace_step(E_t, v_t, 1 - h[:, t] ** 2, gamma)
        h_prev = h[:, t]
    return dW


# %% single: the weights are still multiplied by the new state
def forward_gradient(x, h_0, h, dh, beta, gamma):
    batch, T, n = h.shape
    E_t = np.zeros((batch, x.shape[2] + n + 1, n))
    dW = np.zeros(E_t.shape[1:])
    h_prev = h_0
    for t in range(T):
        v_t = np.hstack([x[:, t], h[:, t], np.ones((batch, 1))])
        E_t = trace_step(E_t, v_t, 1 - h[:, t] ** 2, gamma)
        dW += weight_gradient(dh[:, t], beta, E_t)
        h_prev = h[:, t]
    return dW


# %% single: the slope is still that of the old state
def forward_gradient(x, h_0, h, dh, beta, gamma):
    batch, T, n = h.shape
    E_t = np.zeros((batch, x.shape[2] + n + 1, n))
    dW = np.zeros(E_t.shape[1:])
    h_prev = h_0
    for t in range(T):
        v_t = np.hstack([x[:, t], h_prev, np.ones((batch, 1))])
        E_t = trace_step(E_t, v_t, 1 - h_prev**2, gamma)
        dW += weight_gradient(dh[:, t], beta, E_t)
        h_prev = h[:, t]
    return dW


# %% single: each step starts from h_0
def forward_gradient(x, h_0, h, dh, beta, gamma):
    batch, T, n = h.shape
    E_t = np.zeros((batch, x.shape[2] + n + 1, n))
    dW = np.zeros(E_t.shape[1:])
    h_prev = h_0
    for t in range(T):
        v_t = np.hstack([x[:, t], h_prev, np.ones((batch, 1))])
        E_t = trace_step(E_t, v_t, 1 - h[:, t] ** 2, gamma)
        dW += weight_gradient(dh[:, t], beta, E_t)
    return dW


# %% single: the first step reads the last state
def forward_gradient(x, h_0, h, dh, beta, gamma):
    batch, T, n = h.shape
    E_t = np.zeros((batch, x.shape[2] + n + 1, n))
    dW = np.zeros(E_t.shape[1:])
    h_prev = h[:, -1]
    for t in range(T):
        v_t = np.hstack([x[:, t], h_prev, np.ones((batch, 1))])
        E_t = trace_step(E_t, v_t, 1 - h[:, t] ** 2, gamma)
        dW += weight_gradient(dh[:, t], beta, E_t)
        h_prev = h[:, t]
    return dW


# %% single: the bias stands first
def forward_gradient(x, h_0, h, dh, beta, gamma):
    batch, T, n = h.shape
    E_t = np.zeros((batch, x.shape[2] + n + 1, n))
    dW = np.zeros(E_t.shape[1:])
    h_prev = h_0
    for t in range(T):
        v_t = np.hstack([np.ones((batch, 1)), x[:, t], h_prev])
        E_t = trace_step(E_t, v_t, 1 - h[:, t] ** 2, gamma)
        dW += weight_gradient(dh[:, t], beta, E_t)
        h_prev = h[:, t]
    return dW


# %% single: the state stands above the input
def forward_gradient(x, h_0, h, dh, beta, gamma):
    batch, T, n = h.shape
    E_t = np.zeros((batch, x.shape[2] + n + 1, n))
    dW = np.zeros(E_t.shape[1:])
    h_prev = h_0
    for t in range(T):
        v_t = np.hstack([h_prev, x[:, t], np.ones((batch, 1))])
        E_t = trace_step(E_t, v_t, 1 - h[:, t] ** 2, gamma)
        dW += weight_gradient(dh[:, t], beta, E_t)
        h_prev = h[:, t]
    return dW


# %% single: the traces start anew at each step
def forward_gradient(x, h_0, h, dh, beta, gamma):
    batch, T, n = h.shape
    E_t = np.zeros((batch, x.shape[2] + n + 1, n))
    dW = np.zeros(E_t.shape[1:])
    h_prev = h_0
    for t in range(T):
        v_t = np.hstack([x[:, t], h_prev, np.ones((batch, 1))])
        E_t = trace_step(np.zeros_like(E_t), v_t, 1 - h[:, t] ** 2, gamma)
        dW += weight_gradient(dh[:, t], beta, E_t)
        h_prev = h[:, t]
    return dW


# %% single: only the last step counts
def forward_gradient(x, h_0, h, dh, beta, gamma):
    batch, T, n = h.shape
    E_t = np.zeros((batch, x.shape[2] + n + 1, n))
    dW = np.zeros(E_t.shape[1:])
    h_prev = h_0
    for t in range(T):
        v_t = np.hstack([x[:, t], h_prev, np.ones((batch, 1))])
        E_t = trace_step(E_t, v_t, 1 - h[:, t] ** 2, gamma)
        dW = weight_gradient(dh[:, t], beta, E_t)
        h_prev = h[:, t]
    return dW


# %% single: the mean over the steps
def forward_gradient(x, h_0, h, dh, beta, gamma):
    batch, T, n = h.shape
    E_t = np.zeros((batch, x.shape[2] + n + 1, n))
    dW = np.zeros(E_t.shape[1:])
    h_prev = h_0
    for t in range(T):
        v_t = np.hstack([x[:, t], h_prev, np.ones((batch, 1))])
        E_t = trace_step(E_t, v_t, 1 - h[:, t] ** 2, gamma)
        dW += weight_gradient(dh[:, t], beta, E_t)
        h_prev = h[:, t]
    return dW / T


# %% single: the slope of the next state
def forward_gradient(x, h_0, h, dh, beta, gamma):
    batch, T, n = h.shape
    E_t = np.zeros((batch, x.shape[2] + n + 1, n))
    dW = np.zeros(E_t.shape[1:])
    h_prev = h_0
    for t in range(T):
        v_t = np.hstack([x[:, t], h_prev, np.ones((batch, 1))])
        E_t = trace_step(E_t, v_t, 1 - h[:, min(t + 1, T - 1)] ** 2, gamma)
        dW += weight_gradient(dh[:, t], beta, E_t)
        h_prev = h[:, t]
    return dW


# %% double: the trace is too late, and the slope is of the old state
def forward_gradient(x, h_0, h, dh, beta, gamma):
    batch, T, n = h.shape
    E_t = np.zeros((batch, x.shape[2] + n + 1, n))
    dW = np.zeros(E_t.shape[1:])
    h_prev = h_0
    for t in range(T):
        dW += weight_gradient(dh[:, t], beta, E_t)
        v_t = np.hstack([x[:, t], h_prev, np.ones((batch, 1))])
        E_t = trace_step(E_t, v_t, 1 - h_prev**2, gamma)
        h_prev = h[:, t]
    return dW


# %% right: all v and all slopes made before the loop
def forward_gradient(x, h_0, h, dh, beta, gamma):
    before = np.concatenate([h_0[:, None], h[:, :-1]], axis=1)
    v = np.concatenate([x, before, np.ones((*x.shape[:2], 1))], axis=2)
    d = 1 - np.square(h)
    E, dW = np.zeros((len(x), v.shape[2], h.shape[2])), 0.0
    for t in range(h.shape[1]):
        E = trace_step(E, v[:, t], d[:, t], gamma)
        dW = dW + weight_gradient(dh[:, t], beta, E)
    return dW


# %% right: as one sum over pairs of steps
def forward_gradient(x, h_0, h, dh, beta, gamma):
    batch, T, n = h.shape
    before = np.concatenate([h_0[:, None], h[:, :-1]], axis=1)
    v = np.concatenate([x, before, np.ones((batch, T, 1))], axis=2)
    lag = np.arange(T)[:, None] - np.arange(T)
    fade = np.where(lag[..., None] >= 0, np.exp(-np.maximum(lag, 0)[..., None] * gamma), 0)
    later = np.einsum("tsn,btn->bsn", fade, dh @ beta)
    return np.einsum("bsp,bsn->pn", v, later * (1 - h**2))
