"""Answers to `state_jacobian`, written from its notebook alone; each cell is one."""

import numpy as np


# %% single: W_hh is not transposed
def state_jacobian(h, W_hh):
    product = np.eye(W_hh.shape[0], dtype=W_hh.dtype)
    for h_t in h:
        J_t = (1 - h_t**2)[:, None] * W_hh
        product = J_t @ product
    return product


# %% single: the later step stands on the right
def state_jacobian(h, W_hh):
    product = np.eye(W_hh.shape[0], dtype=W_hh.dtype)
    for h_t in h:
        J_t = (1 - h_t**2)[:, None] * W_hh.T
        product = product @ J_t
    return product


# %% single: the slopes stand on the columns
def state_jacobian(h, W_hh):
    product = np.eye(W_hh.shape[0], dtype=W_hh.dtype)
    for h_t in h:
        J_t = (1 - h_t**2)[None, :] * W_hh.T
        product = J_t @ product
    return product


# %% single: a product entry by entry
def state_jacobian(h, W_hh):
    product = np.eye(W_hh.shape[0], dtype=W_hh.dtype)
    for h_t in h:
        J_t = (1 - h_t**2)[:, None] * W_hh.T
        product = J_t * product
    return product


# %% single: no slopes at all
def state_jacobian(h, W_hh):
    product = np.eye(W_hh.shape[0], dtype=W_hh.dtype)
    for h_t in h:
        J_t = W_hh.T
        product = J_t @ product
    return product


# %% single: the first state is left out
def state_jacobian(h, W_hh):
    product = np.eye(W_hh.shape[0], dtype=W_hh.dtype)
    for h_t in h[1:]:
        J_t = (1 - h_t**2)[:, None] * W_hh.T
        product = J_t @ product
    return product


# %% single: the last state is left out
def state_jacobian(h, W_hh):
    product = np.eye(W_hh.shape[0], dtype=W_hh.dtype)
    for h_t in h[:-1]:
        J_t = (1 - h_t**2)[:, None] * W_hh.T
        product = J_t @ product
    return product


# %% single: the result is transposed
def state_jacobian(h, W_hh):
    product = np.eye(W_hh.shape[0], dtype=W_hh.dtype)
    for h_t in h:
        J_t = (1 - h_t**2)[:, None] * W_hh.T
        product = J_t @ product
    return product.T


# %% single: the slope is taken of tanh(h)
def state_jacobian(h, W_hh):
    product = np.eye(W_hh.shape[0], dtype=W_hh.dtype)
    for h_t in h:
        J_t = (1 - np.tanh(h_t) ** 2)[:, None] * W_hh.T
        product = J_t @ product
    return product


# %% single: the states are read backwards
def state_jacobian(h, W_hh):
    product = np.eye(W_hh.shape[0], dtype=W_hh.dtype)
    for h_t in h[::-1]:
        J_t = (1 - h_t**2)[:, None] * W_hh.T
        product = J_t @ product
    return product


# %% single: the slope is not squared
def state_jacobian(h, W_hh):
    product = np.eye(W_hh.shape[0], dtype=W_hh.dtype)
    for h_t in h:
        J_t = (1 - np.abs(h_t))[:, None] * W_hh.T
        product = J_t @ product
    return product


# %% single: each Jacobian has the old state as its rows
def state_jacobian(h, W_hh):
    product = np.eye(W_hh.shape[0], dtype=W_hh.dtype)
    for h_t in h:
        J_t = (1 - h_t**2)[None, :] * W_hh
        product = J_t @ product
    return product


# %% double: the first state is left out, and W_hh is not transposed
def state_jacobian(h, W_hh):
    product = np.eye(W_hh.shape[0], dtype=W_hh.dtype)
    for h_t in h[1:]:
        J_t = (1 - h_t**2)[:, None] * W_hh
        product = J_t @ product
    return product


# %% right: rows are sent back, one for each unit of the last state
def state_jacobian(h, W_hh):
    rows = np.identity(len(W_hh), dtype=W_hh.dtype)
    for h_t in h[::-1]:
        rows = rows * (1 - h_t * h_t) @ W_hh.T
    return rows


# %% right: multi_dot of diagonal matrices, or reduce
from functools import reduce


def state_jacobian(h, W_hh):
    steps = [np.diag(1 - np.square(state)) @ W_hh.T for state in h]
    return reduce(lambda sofar, step: step @ sofar, steps, np.eye(len(W_hh), dtype=W_hh.dtype))
