"""Answers to `rflo_gradient`, written from its notebook alone; each cell is one."""

import numpy as np

from course_lib.scratch.kernl import kernl_gradient


# %% single: the leak is forgotten in the slope
def rflo_gradient(v, squashed, dh, leak):
    n = squashed.shape[2]
    d = 1 - squashed**2
    gamma = np.full(n, -np.log(1 - leak))
    dW = kernl_gradient(v, d, dh, np.eye(n), gamma)
    return dW


# %% single: gamma from the leak, not from what is kept
def rflo_gradient(v, squashed, dh, leak):
    n = squashed.shape[2]
    d = leak * (1 - squashed**2)
    gamma = np.full(n, -np.log(leak))
    dW = kernl_gradient(v, d, dh, np.eye(n), gamma)
    return dW


# %% single: gamma is the leak
def rflo_gradient(v, squashed, dh, leak):
    n = squashed.shape[2]
    d = leak * (1 - squashed**2)
    gamma = np.full(n, leak)
    dW = kernl_gradient(v, d, dh, np.eye(n), gamma)
    return dW


# %% single: the sign of gamma
def rflo_gradient(v, squashed, dh, leak):
    n = squashed.shape[2]
    d = leak * (1 - squashed**2)
    gamma = np.full(n, np.log(1 - leak))
    dW = kernl_gradient(v, d, dh, np.eye(n), gamma)
    return dW


# %% single: gamma is the share that is kept
def rflo_gradient(v, squashed, dh, leak):
    n = squashed.shape[2]
    d = leak * (1 - squashed**2)
    gamma = np.full(n, 1 - leak)
    dW = kernl_gradient(v, d, dh, np.eye(n), gamma)
    return dW


# %% single: every unit moves every other
def rflo_gradient(v, squashed, dh, leak):
    n = squashed.shape[2]
    d = leak * (1 - squashed**2)
    gamma = np.full(n, -np.log(1 - leak))
    dW = kernl_gradient(v, d, dh, np.ones((n, n)), gamma)
    return dW


# %% single: the slope is multiplied by what is kept
def rflo_gradient(v, squashed, dh, leak):
    n = squashed.shape[2]
    d = (1 - leak) * (1 - squashed**2)
    gamma = np.full(n, -np.log(1 - leak))
    dW = kernl_gradient(v, d, dh, np.eye(n), gamma)
    return dW


# %% single: the slope is taken of tanh once more
def rflo_gradient(v, squashed, dh, leak):
    n = squashed.shape[2]
    d = leak * (1 - np.tanh(squashed) ** 2)
    gamma = np.full(n, -np.log(1 - leak))
    dW = kernl_gradient(v, d, dh, np.eye(n), gamma)
    return dW


# %% single: beta is the leak times the identity as well
def rflo_gradient(v, squashed, dh, leak):
    n = squashed.shape[2]
    d = leak * (1 - squashed**2)
    gamma = np.full(n, -np.log(1 - leak))
    dW = kernl_gradient(v, d, dh, leak * np.eye(n), gamma)
    return dW


# %% single: no memory
def rflo_gradient(v, squashed, dh, leak):
    n = squashed.shape[2]
    d = leak * (1 - squashed**2)
    gamma = np.full(n, np.inf)
    dW = kernl_gradient(v, d, dh, np.eye(n), gamma)
    return dW


# %% single: beta is the identity over n
def rflo_gradient(v, squashed, dh, leak):
    n = squashed.shape[2]
    d = leak * (1 - squashed**2)
    gamma = np.full(n, -np.log(1 - leak))
    dW = kernl_gradient(v, d, dh, np.eye(n) / n, gamma)
    return dW


# %% single: the mean over the steps
def rflo_gradient(v, squashed, dh, leak):
    n = squashed.shape[2]
    d = leak * (1 - squashed**2)
    gamma = np.full(n, -np.log(1 - leak))
    dW = kernl_gradient(v, d, dh, np.eye(n), gamma)
    return dW / v.shape[1]


# %% double: the leak is forgotten in the slope, and gamma is the leak
def rflo_gradient(v, squashed, dh, leak):
    n = squashed.shape[2]
    d = 1 - squashed**2
    gamma = np.full(n, leak)
    dW = kernl_gradient(v, d, dh, np.eye(n), gamma)
    return dW


# %% right: log1p, and the leak in beta in place of the slope
def rflo_gradient(v, squashed, dh, leak):
    n = squashed.shape[2]
    d = 1 - squashed**2
    gamma = np.full(n, -np.log1p(-leak))
    dW = kernl_gradient(v, d, dh, np.diag(np.full(n, leak)), gamma)
    return dW


# %% right: with traces of its own
def rflo_gradient(v, squashed, dh, leak):
    batch, T, n = squashed.shape
    P, dW = np.zeros((batch, v.shape[2], n)), np.zeros((v.shape[2], n))
    for t in range(T):
        P = (1 - leak) * P + leak * np.einsum("bp,bn->bpn", v[:, t], 1 - squashed[:, t] ** 2)
        dW += np.einsum("bn,bpn->pn", dh[:, t], P)
    return dW
