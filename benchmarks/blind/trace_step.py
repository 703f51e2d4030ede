"""Answers to `trace_step`, written from its notebook alone; each cell is one."""

import numpy as np


# %% single: the new part fades too
def trace_step(E_prev, v_t, d_t, gamma):
    E_t = np.exp(-gamma) * (E_prev + v_t[:, :, None] * d_t[:, None, :])
    return E_t


# %% single: gamma is the factor itself
def trace_step(E_prev, v_t, d_t, gamma):
    E_t = gamma * E_prev + v_t[:, :, None] * d_t[:, None, :]
    return E_t


# %% single: the sign in the exponential
def trace_step(E_prev, v_t, d_t, gamma):
    E_t = np.exp(gamma) * E_prev + v_t[:, :, None] * d_t[:, None, :]
    return E_t


# %% single: a running mean: the new part weighs 1 - decay
def trace_step(E_prev, v_t, d_t, gamma):
    E_t = np.exp(-gamma) * E_prev + (1 - np.exp(-gamma)) * v_t[:, :, None] * d_t[:, None, :]
    return E_t


# %% single: one minus gamma for the exponential
def trace_step(E_prev, v_t, d_t, gamma):
    E_t = (1 - gamma) * E_prev + v_t[:, :, None] * d_t[:, None, :]
    return E_t


# %% single: the slope is left out
def trace_step(E_prev, v_t, d_t, gamma):
    E_t = np.exp(-gamma) * E_prev + v_t[:, :, None] * np.ones_like(d_t)[:, None, :]
    return E_t


# %% single: the slope acts on the old trace too
def trace_step(E_prev, v_t, d_t, gamma):
    E_t = (np.exp(-gamma) * E_prev + v_t[:, :, None]) * d_t[:, None, :]
    return E_t


# %% single: all traces fade alike, by the mean rate
def trace_step(E_prev, v_t, d_t, gamma):
    E_t = np.exp(-gamma.mean()) * E_prev + v_t[:, :, None] * d_t[:, None, :]
    return E_t


# %% single: the trace is changed in place
def trace_step(E_prev, v_t, d_t, gamma):
    E_prev *= np.exp(-gamma)
    E_t = E_prev + v_t[:, :, None] * d_t[:, None, :]
    return E_t


# %% single: the batch is summed over
def trace_step(E_prev, v_t, d_t, gamma):
    E_t = np.exp(-gamma) * E_prev + v_t.T @ d_t
    return E_t


# %% single: the old trace does not fade
def trace_step(E_prev, v_t, d_t, gamma):
    E_t = E_prev + v_t[:, :, None] * d_t[:, None, :]
    return E_t


# %% double: the sign in the exponential, and no slope
def trace_step(E_prev, v_t, d_t, gamma):
    E_t = np.exp(gamma) * E_prev + v_t[:, :, None] * np.ones_like(d_t)[:, None, :]
    return E_t


# %% right: einsum
def trace_step(E_prev, v_t, d_t, gamma):
    E_t = np.exp(-gamma) * E_prev + np.einsum("bp,bn->bpn", v_t, d_t)
    return E_t


# %% right: sequence by sequence, with outer
def trace_step(E_prev, v_t, d_t, gamma):
    keep = np.exp(-gamma)[None]
    return np.stack([E * keep + np.outer(v, d) for E, v, d in zip(E_prev, v_t, d_t)])
