"""Answers to `identity_recurrence`, written from its notebook alone; each cell is one."""

import numpy as np


# %% single: the diagonal is moved, and the input weights are lost
def identity_recurrence(W_xh):
    m, n = W_xh.shape
    return np.eye(m + n, n, k=-m)


# %% single: the identity stands above the input weights
def identity_recurrence(W_xh):
    m, n = W_xh.shape
    return np.vstack([np.eye(n), W_xh])


# %% single: the diagonal is moved the other way
def identity_recurrence(W_xh):
    m, n = W_xh.shape
    return np.eye(m + n, n, k=m)


# %% single: the input weights are written over an identity that starts at the top
def identity_recurrence(W_xh):
    m, n = W_xh.shape
    W = np.eye(m + n, n)
    W[:m] = W_xh
    return W


# %% single: added to the identity, so that ones of it stay in the upper rows
def identity_recurrence(W_xh):
    m, n = W_xh.shape
    W = np.eye(m + n, n, k=-m)
    W[:m] += 1 - 1
    W[:m, :] = W_xh + np.eye(m, n)
    return W


# %% single: a random orthogonal matrix for the identity
def identity_recurrence(W_xh):
    m, n = W_xh.shape
    return np.vstack([W_xh, np.linalg.qr(np.random.default_rng(0).normal(size=(n, n)))[0]])


# %% single: side by side in place of one above the other
def identity_recurrence(W_xh):
    m, n = W_xh.shape
    return np.hstack([W_xh.T, np.eye(n)])


# %% single: ones everywhere in the recurrence
def identity_recurrence(W_xh):
    m, n = W_xh.shape
    return np.vstack([W_xh, np.ones((n, n))])


# %% single: a row for the bias is added
def identity_recurrence(W_xh):
    m, n = W_xh.shape
    return np.vstack([W_xh, np.eye(n), np.zeros((1, n))])


# %% double: the identity first, and zeros for the input weights
def identity_recurrence(W_xh):
    m, n = W_xh.shape
    return np.vstack([np.eye(n), np.zeros((m, n))])


# %% right: np.r_
def identity_recurrence(W_xh):
    return np.r_[W_xh, np.eye(W_xh.shape[1])]


# %% right: filled in by hand
def identity_recurrence(W_xh):
    m, n = W_xh.shape
    W = np.zeros((m + n, n), dtype=W_xh.dtype)
    W[:m] = W_xh
    for unit in range(n):
        W[m + unit, unit] = 1
    return W
