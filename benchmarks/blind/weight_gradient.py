"""Answers to `weight_gradient`, written from its notebook alone; each cell is one."""

import numpy as np


# %% single: beta is transposed
def weight_gradient(dh_t, beta, E_t):
    credit = dh_t @ beta.T
    dW = np.sum(credit[:, None, :] * E_t, axis=0)
    return dW


# %% single: the mean over the batch
def weight_gradient(dh_t, beta, E_t):
    credit = dh_t @ beta
    dW = np.mean(credit[:, None, :] * E_t, axis=0)
    return dW


# %% single: the batch is summed before the product
def weight_gradient(dh_t, beta, E_t):
    credit = dh_t @ beta
    dW = credit.sum(axis=0) * E_t.sum(axis=0)
    return dW


# %% single: beta is left out
def weight_gradient(dh_t, beta, E_t):
    credit = dh_t
    dW = np.sum(credit[:, None, :] * E_t, axis=0)
    return dW


# %% single: only the units themselves: the diagonal of beta
def weight_gradient(dh_t, beta, E_t):
    credit = dh_t * np.diag(beta)
    dW = np.sum(credit[:, None, :] * E_t, axis=0)
    return dW


# %% single: the sign of a descent step
def weight_gradient(dh_t, beta, E_t):
    credit = dh_t @ beta
    dW = -np.sum(credit[:, None, :] * E_t, axis=0)
    return dW


# %% single: the batch is not summed
def weight_gradient(dh_t, beta, E_t):
    credit = dh_t @ beta
    dW = credit[:, None, :] * E_t
    return dW


# %% single: beta acts entry by entry and is summed over the wrong unit
def weight_gradient(dh_t, beta, E_t):
    credit = (dh_t[:, None, :] * beta).sum(axis=2)
    dW = np.sum(credit[:, None, :] * E_t, axis=0)
    return dW


# %% double: transposed, and the mean
def weight_gradient(dh_t, beta, E_t):
    credit = dh_t @ beta.T
    dW = np.mean(credit[:, None, :] * E_t, axis=0)
    return dW


# %% right: one einsum
def weight_gradient(dh_t, beta, E_t):
    return np.einsum("bk,ki,bji->ji", dh_t, beta, E_t, optimize=True)


# %% right: a sum over the sequences in Python
def weight_gradient(dh_t, beta, E_t):
    return sum((E * (beta.T @ dh) for E, dh in zip(E_t, dh_t)), np.zeros_like(E_t[0]))
