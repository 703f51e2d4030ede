"""Answers to `grelu_backward`, written from its notebook alone; each cell is one."""

import numpy as np


# %% single: u in place of the slope
def grelu_backward(dy, u, g):
    du = np.where(u > 0, dy, (1 - g) * u * dy)
    return du


# %% single: the sign of dy decides
def grelu_backward(dy, u, g):
    du = np.where(dy > 0, dy, (1 - g) * dy)
    return du


# %% single: at zero the positive side counts
def grelu_backward(dy, u, g):
    du = np.where(u >= 0, dy, (1 - g) * dy)
    return du


# %% single: the slope is the gate itself
def grelu_backward(dy, u, g):
    du = np.where(u > 0, dy, g * dy)
    return du


# %% single: a ReLU, whatever the gate
def grelu_backward(dy, u, g):
    du = np.where(u > 0, dy, 0.0)
    return du


# %% single: a mask of the shape of u
def grelu_backward(dy, u, g):
    du = dy.copy()
    du[u <= 0] *= 1 - g
    return du


# %% single: the forward pass again
def grelu_backward(dy, u, g):
    du = dy * np.where(u > 0, u, (1 - g) * u)
    return du


# %% single: the sides are swapped
def grelu_backward(dy, u, g):
    du = np.where(u <= 0, dy, (1 - g) * dy)
    return du


# %% single: summed over the axes in front
def grelu_backward(dy, u, g):
    du = np.where(u > 0, dy, (1 - g) * dy)
    return du.reshape(-1, *u.shape).sum(axis=0) if du.ndim > u.ndim else du


# %% single: at zero half of both slopes
def grelu_backward(dy, u, g):
    du = dy * (1 - g + g * np.heaviside(u, 0.5))
    return du


# %% double: the sides are swapped, and the slope is the gate
def grelu_backward(dy, u, g):
    du = np.where(u <= 0, dy, g * dy)
    return du


# %% right: a slope of 1 less g where u is not positive
def grelu_backward(dy, u, g):
    du = dy * (1 - g * (u <= 0))
    return du


# %% right: heaviside
def grelu_backward(dy, u, g):
    du = np.multiply((1 - g) + g * np.heaviside(u, 0), dy)
    return du
