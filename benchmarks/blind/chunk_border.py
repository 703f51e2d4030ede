"""Answers to `chunk_border`, written from its notebook alone; each cell is one."""

import numpy as np


# %% single: what came in has not faded at the first step
def chunk_border(E_0, v, d, credit, gamma):
    C = v.shape[1]
    decay = np.exp(-gamma)
    later = np.zeros_like(credit)
    future = np.zeros_like(credit[:, 0])
    for t in range(C - 1, -1, -1):
        future = credit[:, t] + decay * future
        later[:, t] = future
    dW = np.einsum("btp,btn->pn", v, later * d)
    dW += np.einsum("bpn,bn->pn", E_0, later[:, 0])
    fade = decay ** np.arange(C - 1, -1, -1)[:, None]
    E_C = decay**C * E_0 + np.einsum("btp,btn->bpn", v, d * fade)
    return dW, E_C


# %% single: what came in is forgotten in the gradient
def chunk_border(E_0, v, d, credit, gamma):
    C = v.shape[1]
    decay = np.exp(-gamma)
    later = np.zeros_like(credit)
    future = np.zeros_like(credit[:, 0])
    for t in range(C - 1, -1, -1):
        future = credit[:, t] + decay * future
        later[:, t] = future
    dW = np.einsum("btp,btn->pn", v, later * d)
    fade = decay ** np.arange(C - 1, -1, -1)[:, None]
    E_C = decay**C * E_0 + np.einsum("btp,btn->bpn", v, d * fade)
    return dW, E_C


# %% single: what came in fades once in E_C
def chunk_border(E_0, v, d, credit, gamma):
    C = v.shape[1]
    decay = np.exp(-gamma)
    later = np.zeros_like(credit)
    future = np.zeros_like(credit[:, 0])
    for t in range(C - 1, -1, -1):
        future = credit[:, t] + decay * future
        later[:, t] = future
    dW = np.einsum("btp,btn->pn", v, later * d)
    dW += np.einsum("bpn,bn->pn", E_0, decay * later[:, 0])
    fade = decay ** np.arange(C - 1, -1, -1)[:, None]
    E_C = decay * E_0 + np.einsum("btp,btn->bpn", v, d * fade)
    return dW, E_C


# %% single: what came in is forgotten in E_C
def chunk_border(E_0, v, d, credit, gamma):
    C = v.shape[1]
    decay = np.exp(-gamma)
    later = np.zeros_like(credit)
    future = np.zeros_like(credit[:, 0])
    for t in range(C - 1, -1, -1):
        future = credit[:, t] + decay * future
        later[:, t] = future
    dW = np.einsum("btp,btn->pn", v, later * d)
    dW += np.einsum("bpn,bn->pn", E_0, decay * later[:, 0])
    fade = decay ** np.arange(C - 1, -1, -1)[:, None]
    E_C = np.einsum("btp,btn->bpn", v, d * fade)
    return dW, E_C


# %% single: the last step fades too
def chunk_border(E_0, v, d, credit, gamma):
    C = v.shape[1]
    decay = np.exp(-gamma)
    later = np.zeros_like(credit)
    future = np.zeros_like(credit[:, 0])
    for t in range(C - 1, -1, -1):
        future = credit[:, t] + decay * future
        later[:, t] = future
    dW = np.einsum("btp,btn->pn", v, later * d)
    dW += np.einsum("bpn,bn->pn", E_0, decay * later[:, 0])
    fade = decay ** np.arange(C, 0, -1)[:, None]
    E_C = decay**C * E_0 + np.einsum("btp,btn->bpn", v, d * fade)
    return dW, E_C


# %% single: the first step is the freshest
def chunk_border(E_0, v, d, credit, gamma):
    C = v.shape[1]
    decay = np.exp(-gamma)
    later = np.zeros_like(credit)
    future = np.zeros_like(credit[:, 0])
    for t in range(C - 1, -1, -1):
        future = credit[:, t] + decay * future
        later[:, t] = future
    dW = np.einsum("btp,btn->pn", v, later * d)
    dW += np.einsum("bpn,bn->pn", E_0, decay * later[:, 0])
    fade = decay ** np.arange(C)[:, None]
    E_C = decay**C * E_0 + np.einsum("btp,btn->bpn", v, d * fade)
    return dW, E_C


# %% single: later losses do not count
def chunk_border(E_0, v, d, credit, gamma):
    C = v.shape[1]
    decay = np.exp(-gamma)
    later = np.zeros_like(credit)
    future = np.zeros_like(credit[:, 0])
    for t in range(C - 1, -1, -1):
        future = credit[:, t]
        later[:, t] = future
    dW = np.einsum("btp,btn->pn", v, later * d)
    dW += np.einsum("bpn,bn->pn", E_0, decay * later[:, 0])
    fade = decay ** np.arange(C - 1, -1, -1)[:, None]
    E_C = decay**C * E_0 + np.einsum("btp,btn->bpn", v, d * fade)
    return dW, E_C


# %% single: later losses do not fade
def chunk_border(E_0, v, d, credit, gamma):
    C = v.shape[1]
    decay = np.exp(-gamma)
    later = np.zeros_like(credit)
    future = np.zeros_like(credit[:, 0])
    for t in range(C - 1, -1, -1):
        future = credit[:, t] + future
        later[:, t] = future
    dW = np.einsum("btp,btn->pn", v, later * d)
    dW += np.einsum("bpn,bn->pn", E_0, decay * later[:, 0])
    fade = decay ** np.arange(C - 1, -1, -1)[:, None]
    E_C = decay**C * E_0 + np.einsum("btp,btn->bpn", v, d * fade)
    return dW, E_C


# %% single: credit runs forward in time
def chunk_border(E_0, v, d, credit, gamma):
    C = v.shape[1]
    decay = np.exp(-gamma)
    later = np.zeros_like(credit)
    future = np.zeros_like(credit[:, 0])
    for t in range(C):
        future = credit[:, t] + decay * future
        later[:, t] = future
    dW = np.einsum("btp,btn->pn", v, later * d)
    dW += np.einsum("bpn,bn->pn", E_0, decay * later[:, 0])
    fade = decay ** np.arange(C - 1, -1, -1)[:, None]
    E_C = decay**C * E_0 + np.einsum("btp,btn->bpn", v, d * fade)
    return dW, E_C


# %% single: the slope is left out of the gradient
def chunk_border(E_0, v, d, credit, gamma):
    C = v.shape[1]
    decay = np.exp(-gamma)
    later = np.zeros_like(credit)
    future = np.zeros_like(credit[:, 0])
    for t in range(C - 1, -1, -1):
        future = credit[:, t] + decay * future
        later[:, t] = future
    dW = np.einsum("btp,btn->pn", v, later)
    dW += np.einsum("bpn,bn->pn", E_0, decay * later[:, 0])
    fade = decay ** np.arange(C - 1, -1, -1)[:, None]
    E_C = decay**C * E_0 + np.einsum("btp,btn->bpn", v, d * fade)
    return dW, E_C


# %% single: the slope is left out of the trace
def chunk_border(E_0, v, d, credit, gamma):
    C = v.shape[1]
    decay = np.exp(-gamma)
    later = np.zeros_like(credit)
    future = np.zeros_like(credit[:, 0])
    for t in range(C - 1, -1, -1):
        future = credit[:, t] + decay * future
        later[:, t] = future
    dW = np.einsum("btp,btn->pn", v, later * d)
    dW += np.einsum("bpn,bn->pn", E_0, decay * later[:, 0])
    fade = decay ** np.arange(C - 1, -1, -1)[:, None]
    E_C = decay**C * E_0 + np.einsum("btp,btn->bpn", v, np.ones_like(d) * fade)
    return dW, E_C


# %% single: what came in meets the batch sum of the credit
def chunk_border(E_0, v, d, credit, gamma):
    C = v.shape[1]
    decay = np.exp(-gamma)
    later = np.zeros_like(credit)
    future = np.zeros_like(credit[:, 0])
    for t in range(C - 1, -1, -1):
        future = credit[:, t] + decay * future
        later[:, t] = future
    dW = np.einsum("btp,btn->pn", v, later * d)
    dW += E_0.sum(axis=0) * (decay * later[:, 0]).sum(axis=0)
    fade = decay ** np.arange(C - 1, -1, -1)[:, None]
    E_C = decay**C * E_0 + np.einsum("btp,btn->bpn", v, d * fade)
    return dW, E_C


# %% single: the mean over the batch
def chunk_border(E_0, v, d, credit, gamma):
    C = v.shape[1]
    decay = np.exp(-gamma)
    later = np.zeros_like(credit)
    future = np.zeros_like(credit[:, 0])
    for t in range(C - 1, -1, -1):
        future = credit[:, t] + decay * future
        later[:, t] = future
    dW = np.einsum("btp,btn->pn", v, later * d)
    dW += np.einsum("bpn,bn->pn", E_0, decay * later[:, 0])
    dW /= len(v)
    fade = decay ** np.arange(C - 1, -1, -1)[:, None]
    E_C = decay**C * E_0 + np.einsum("btp,btn->bpn", v, d * fade)
    return dW, E_C


# %% single: a trace is made at every step
def chunk_border(E_0, v, d, credit, gamma):
    decay = np.exp(-gamma)
    E, dW = E_0, 0.0
    for t in range(v.shape[1]):
        E = decay * E + v[:, t, :, None] * d[:, t, None, :]
        dW = dW + np.einsum("bn,bpn->pn", credit[:, t], E)
    return dW, E


# %% single: all traces are made at once
def chunk_border(E_0, v, d, credit, gamma):
    C = v.shape[1]
    lag = np.arange(C)[:, None] - np.arange(C)
    fade = np.where(lag[..., None] >= 0, np.exp(-np.maximum(lag, 0)[..., None] * gamma), 0)
    E = np.einsum("tsn,bsp,bsn->btpn", fade, v, d)
    E += np.exp(-gamma * np.arange(1, C + 1)[:, None])[None, :, None, :] * E_0[:, None]
    return np.einsum("btn,btpn->pn", credit, E), E[:, -1]


# %% single: divided by a growing exponential: fast decays overflow
def chunk_border(E_0, v, d, credit, gamma):
    C = v.shape[1]
    decay = np.exp(-gamma)
    powers = decay ** np.arange(C)[:, None]
    later = np.cumsum((credit * powers)[:, ::-1], axis=1)[:, ::-1] / powers
    dW = np.einsum("btp,btn->pn", v, later * d)
    dW += np.einsum("bpn,bn->pn", E_0, decay * later[:, 0])
    E_C = decay**C * E_0 + np.einsum("btp,btn->bpn", v, d * powers[::-1])
    return dW, E_C


# %% double: what came in is forgotten in both
def chunk_border(E_0, v, d, credit, gamma):
    C = v.shape[1]
    decay = np.exp(-gamma)
    later = np.zeros_like(credit)
    future = np.zeros_like(credit[:, 0])
    for t in range(C - 1, -1, -1):
        future = credit[:, t] + decay * future
        later[:, t] = future
    dW = np.einsum("btp,btn->pn", v, later * d)
    fade = decay ** np.arange(C - 1, -1, -1)[:, None]
    E_C = np.einsum("btp,btn->bpn", v, d * fade)
    return dW, E_C


# %% right: flattened products of matrices
def chunk_border(E_0, v, d, credit, gamma):
    batch, C, p = v.shape
    keep = np.exp(-gamma)
    later = credit.copy()
    for t in reversed(range(C - 1)):
        later[:, t] += keep * later[:, t + 1]
    dW = v.reshape(batch * C, p).T @ (later * d).reshape(batch * C, -1)
    dW = dW + (E_0 * (keep * later[:, :1])).sum(axis=0)
    left = np.exp(-np.outer(np.arange(C)[::-1], gamma))
    return dW, np.exp(-gamma * C) * E_0 + v.swapaxes(1, 2) @ (d * left)


# %% right: a triangle of powers in place of the loop
def chunk_border(E_0, v, d, credit, gamma):
    C = v.shape[1]
    s = np.arange(C)
    lag = s - s[:, None]
    fade = np.where((lag >= 0)[..., None], np.exp(-np.clip(lag, 0, None)[..., None] * gamma), 0.0)
    later = np.einsum("tsn,bsn->btn", fade, credit)
    dW = np.tensordot(v, later * d, axes=((0, 1), (0, 1)))
    dW += np.einsum("bpn,bn->pn", E_0, np.exp(-gamma) * later[:, 0])
    E_C = np.exp(-C * gamma) * E_0 + np.einsum("btp,btn,tn->bpn", v, d, fade[:, -1])
    return dW, E_C
