"""Answers to `grelu`, written from its notebook alone; each cell is one."""

import numpy as np


# %% single: the slope is the gate itself
def grelu(u, g):
    y = np.where(u > 0, u, g * u)
    return y


# %% single: the mixture the other way round
def grelu(u, g):
    y = g * u + (1 - g) * np.maximum(u, 0)
    return y


# %% single: the sides are swapped
def grelu(u, g):
    y = np.where(u < 0, u, (1 - g) * u)
    return y


# %% single: the positive side is scaled too
def grelu(u, g):
    y = np.where(u > 0, g * u, (1 - g) * u)
    return y


# %% single: a plain ReLU once the gate begins to open
def grelu(u, g):
    y = np.maximum(u, 0) if g > 0 else u
    return y


# %% single: written into a copy of u, whole numbers and all
def grelu(u, g):
    y = u.copy()
    y[y < 0] = y[y < 0] * (1 - g)
    return y


# %% single: written into the caller's array
def grelu(u, g):
    y = u
    y[y < 0] *= 1 - g
    return y


# %% single: the maximum of the two, right for slopes below 1 only if the sign is kept
def grelu(u, g):
    y = np.minimum(u, (1 - g) * u)
    return y


# %% single: the ReLU is added, not mixed in
def grelu(u, g):
    y = u + g * np.maximum(u, 0)
    return y


# %% double: the slope is the gate, and the sides are swapped
def grelu(u, g):
    y = np.where(u < 0, u, g * u)
    return y


# %% right: the maximum of both lines
def grelu(u, g):
    y = np.maximum(u, (1 - g) * u)
    return y


# %% right: what the gate takes from the negative side
def grelu(u, g):
    y = u - g * np.minimum(u, 0)
    return y
