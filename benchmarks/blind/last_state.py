"""Answers to `last_state`, written from its notebook alone; each cell is one."""

import numpy as np


# %% single: the powers in the order of the steps
def last_state(b, lam, z_0):
    T = b.shape[1]
    powers = lam ** np.arange(T)[:, None]
    z_T = (b * powers).sum(axis=1) + lam**T * z_0
    return z_T


# %% single: one power too many
def last_state(b, lam, z_0):
    T = b.shape[1]
    powers = lam ** np.arange(T, 0, -1)[:, None]
    z_T = (b * powers).sum(axis=1) + lam**T * z_0
    return z_T


# %% single: z_0 is ignored
def last_state(b, lam, z_0):
    T = b.shape[1]
    powers = lam ** np.arange(T - 1, -1, -1)[:, None]
    z_T = (b * powers).sum(axis=1)
    return z_T


# %% single: z_0 fades one step less
def last_state(b, lam, z_0):
    T = b.shape[1]
    powers = lam ** np.arange(T - 1, -1, -1)[:, None]
    z_T = (b * powers).sum(axis=1) + lam ** (T - 1) * z_0
    return z_T


# %% single: z_0 does not fade
def last_state(b, lam, z_0):
    T = b.shape[1]
    powers = lam ** np.arange(T - 1, -1, -1)[:, None]
    z_T = (b * powers).sum(axis=1) + z_0
    return z_T


# %% single: the mean over the steps
def last_state(b, lam, z_0):
    T = b.shape[1]
    powers = lam ** np.arange(T - 1, -1, -1)[:, None]
    z_T = (b * powers).mean(axis=1) + lam**T * z_0
    return z_T


# %% single: conjugated powers
def last_state(b, lam, z_0):
    T = b.shape[1]
    powers = np.conj(lam) ** np.arange(T - 1, -1, -1)[:, None]
    z_T = (b * powers).sum(axis=1) + lam**T * z_0
    return z_T


# %% single: the size of lam
def last_state(b, lam, z_0):
    T = b.shape[1]
    powers = np.abs(lam) ** np.arange(T - 1, -1, -1)[:, None]
    z_T = (b * powers).sum(axis=1) + lam**T * z_0
    return z_T


# %% single: written for b with all units only
def last_state(b, lam, z_0):
    T = b.shape[1]
    powers = lam ** np.arange(T - 1, -1, -1)[:, None]
    z_T = (
        np.stack([(b[:, :, i] * powers[:, i]).sum(axis=1) for i in range(b.shape[2])], axis=1)
        + lam**T * z_0
    )
    return z_T


# %% single: by exp and log of a real lam
def last_state(b, lam, z_0):
    T = b.shape[1]
    powers = np.exp(np.arange(T - 1, -1, -1)[:, None] * np.log(np.abs(lam)))
    z_T = (b * powers).sum(axis=1) + lam**T * z_0
    return z_T


# %% single: the last step is left out
def last_state(b, lam, z_0):
    T = b.shape[1]
    powers = lam ** np.arange(T - 1, -1, -1)[:, None]
    z_T = (b * powers)[:, :-1].sum(axis=1) + lam**T * z_0
    return z_T


# %% single: z_0 stands in for what the first step adds
def last_state(b, lam, z_0):
    T = b.shape[1]
    powers = lam ** np.arange(T - 1, -1, -1)[:, None]
    b = b.copy()
    b[:, 0] = z_0 if b.shape[2] == z_0.shape[1] else b[:, 0]
    z_T = (b * powers).sum(axis=1) + lam**T * z_0
    return z_T


# %% double: the powers in the order of the steps, and z_0 ignored
def last_state(b, lam, z_0):
    T = b.shape[1]
    powers = lam ** np.arange(T)[:, None]
    z_T = (b * powers).sum(axis=1)
    return z_T


# %% right: Horner, step by step
def last_state(b, lam, z_0):
    z = z_0
    for t in range(b.shape[1]):
        z = lam * z + b[:, t]
    return z


# %% right: einsum over a Vandermonde matrix
def last_state(b, lam, z_0):
    powers = np.vander(lam, b.shape[1] + 1)
    rows = np.broadcast_to(b, (*b.shape[:2], len(lam)))
    return np.einsum("bti,it->bi", rows, powers[:, 1:]) + z_0 * powers[:, 0]
