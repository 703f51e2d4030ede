"""Answers to `lru_trace_step`, written from its notebook alone; each cell is one."""

import numpy as np


# %% single: the direct share of lam is forgotten
def lru_trace_step(E_lam, E_x, z_prev, x_t, lam):
    E_lam = lam * E_lam
    E_x = lam * E_x + x_t[:, :, None]
    return E_lam, E_x


# %% single: what was before does not fade
def lru_trace_step(E_lam, E_x, z_prev, x_t, lam):
    E_lam = E_lam + z_prev
    E_x = lam * E_x + x_t[:, :, None]
    return E_lam, E_x


# %% single: the state after the step
def lru_trace_step(E_lam, E_x, z_prev, x_t, lam):
    E_x = lam * E_x + x_t[:, :, None]
    E_lam = lam * E_lam + lam * z_prev + x_t.sum(axis=1, keepdims=True)
    return E_lam, E_x


# %% single: the new share is multiplied by lam too
def lru_trace_step(E_lam, E_x, z_prev, x_t, lam):
    E_lam = lam * (E_lam + z_prev)
    E_x = lam * E_x + x_t[:, :, None]
    return E_lam, E_x


# %% single: the new input is multiplied by lam too
def lru_trace_step(E_lam, E_x, z_prev, x_t, lam):
    E_lam = lam * E_lam + z_prev
    E_x = lam * (E_x + x_t[:, :, None])
    return E_lam, E_x


# %% single: the inputs do not fade
def lru_trace_step(E_lam, E_x, z_prev, x_t, lam):
    E_lam = lam * E_lam + z_prev
    E_x = E_x + x_t[:, :, None]
    return E_lam, E_x


# %% single: conjugated factors
def lru_trace_step(E_lam, E_x, z_prev, x_t, lam):
    E_lam = np.conj(lam) * E_lam + z_prev
    E_x = np.conj(lam) * E_x + x_t[:, :, None]
    return E_lam, E_x


# %% single: the size of lam, so nothing turns
def lru_trace_step(E_lam, E_x, z_prev, x_t, lam):
    E_lam = lam * E_lam + z_prev
    E_x = np.abs(lam) * E_x + x_t[:, :, None]
    return E_lam, E_x


# %% single: the traces are changed in place
def lru_trace_step(E_lam, E_x, z_prev, x_t, lam):
    E_lam *= lam
    E_lam += z_prev
    E_x *= lam
    E_x += x_t[:, :, None]
    return E_lam, E_x


# %% single: the direct share is the trace itself
def lru_trace_step(E_lam, E_x, z_prev, x_t, lam):
    E_lam = lam * z_prev + E_lam
    E_x = lam * E_x + x_t[:, :, None]
    return E_lam, E_x


# %% single: only the real part of the state
def lru_trace_step(E_lam, E_x, z_prev, x_t, lam):
    E_lam = lam * E_lam + z_prev.real
    E_x = lam * E_x + x_t[:, :, None]
    return E_lam, E_x


# %% double: nothing fades in either trace
def lru_trace_step(E_lam, E_x, z_prev, x_t, lam):
    E_lam = E_lam + z_prev
    E_x = E_x + x_t[:, :, None]
    return E_lam, E_x


# %% right: both in one array
def lru_trace_step(E_lam, E_x, z_prev, x_t, lam):
    both = np.concatenate([E_lam[:, None], E_x], axis=1)
    new = np.concatenate([z_prev[:, None], np.repeat(x_t[:, :, None], len(lam), axis=2)], axis=1)
    both = both * lam + new
    return both[:, 0], both[:, 1:]


# %% right: einsum with ones
def lru_trace_step(E_lam, E_x, z_prev, x_t, lam):
    faded = np.einsum("n,bmn->bmn", lam, E_x)
    return z_prev + E_lam * lam, faded + np.einsum("bm,n->bmn", x_t, np.ones(len(lam)))
