"""Answers to `numerical_gradient`, written from its notebook alone; each cell is one."""

import numpy as np


# %% single: divided by the step, not by two
def numerical_gradient(loss, w, step=1e-5):
    gradient = np.zeros_like(w)
    for index in np.ndindex(w.shape):
        kept = w[index]
        w[index] = kept + step
        up = loss()
        w[index] = kept - step
        down = loss()
        w[index] = kept
        gradient[index] = (up - down) / step
    return gradient


# %% single: a forward difference
def numerical_gradient(loss, w, step=1e-5):
    gradient = np.zeros_like(w)
    for index in np.ndindex(w.shape):
        kept = w[index]
        w[index] = kept + step
        up = loss()
        w[index] = kept
        down = loss()
        gradient[index] = (up - down) / step
    return gradient


# %% single: put back by adding and taking away
def numerical_gradient(loss, w, step=1e-5):
    gradient = np.zeros_like(w)
    for index in np.ndindex(w.shape):
        w[index] = w[index] + step
        up = loss()
        w[index] -= 2 * step
        down = loss()
        w[index] += step
        gradient[index] = (up - down) / (2 * step)
    return gradient


# %% single: the entry is never put back
def numerical_gradient(loss, w, step=1e-5):
    gradient = np.zeros_like(w)
    for index in np.ndindex(w.shape):
        kept = w[index]
        w[index] = kept + step
        up = loss()
        w[index] = kept - step
        down = loss()
        gradient[index] = (up - down) / (2 * step)
    return gradient


# %% single: a copy is moved, which the loss never sees
def numerical_gradient(loss, w, step=1e-5):
    w = w.copy()
    gradient = np.zeros_like(w)
    for index in np.ndindex(w.shape):
        kept = w[index]
        w[index] = kept + step
        up = loss()
        w[index] = kept - step
        down = loss()
        w[index] = kept
        gradient[index] = (up - down) / (2 * step)
    return gradient


# %% single: operator precedence: divided by two, times the step
def numerical_gradient(loss, w, step=1e-5):
    gradient = np.zeros_like(w)
    for index in np.ndindex(w.shape):
        kept = w[index]
        w[index] = kept + step
        up = loss()
        w[index] = kept - step
        down = loss()
        w[index] = kept
        gradient[index] = (up - down) / 2 * step
    return gradient


# %% single: the wrong way round
def numerical_gradient(loss, w, step=1e-5):
    gradient = np.zeros_like(w)
    for index in np.ndindex(w.shape):
        kept = w[index]
        w[index] = kept + step
        up = loss()
        w[index] = kept - step
        down = loss()
        w[index] = kept
        gradient[index] = (down - up) / (2 * step)
    return gradient


# %% single: the step is relative to the entry
def numerical_gradient(loss, w, step=1e-5):
    gradient = np.zeros_like(w)
    for index in np.ndindex(w.shape):
        kept = w[index]
        step_here = step * abs(kept)
        w[index] = kept + step_here
        up = loss()
        w[index] = kept - step_here
        down = loss()
        w[index] = kept
        gradient[index] = (up - down) / (2 * step_here)
    return gradient


# %% single: the step asked for is ignored
def numerical_gradient(loss, w, step=1e-5):
    gradient = np.zeros_like(w)
    for index in np.ndindex(w.shape):
        step = 1e-5
        kept = w[index]
        w[index] = kept + step
        up = loss()
        w[index] = kept - step
        down = loss()
        w[index] = kept
        gradient[index] = (up - down) / (2 * step)
    return gradient


# %% double: a forward difference, put back by taking away
def numerical_gradient(loss, w, step=1e-5):
    gradient = np.zeros_like(w)
    before = loss()
    for index in np.ndindex(w.shape):
        w[index] += step
        gradient[index] = (loss() - before) / step
        w[index] -= step
    return gradient


# %% right: a small helper moves one entry, and finally puts it back
def numerical_gradient(loss, w, step=1e-5):
    def at(index, value):
        kept = w[index].copy()
        w[index] = value
        try:
            return loss()
        finally:
            w[index] = kept

    gradient = np.empty(w.shape, w.dtype)
    for index, entry in np.ndenumerate(w.copy()):
        gradient[index] = (at(index, entry + step) - at(index, entry - step)) / step / 2
    return gradient


# %% right: nditer, with each side measured in its own pass over the two signs
def numerical_gradient(loss, w, step=1e-5):
    gradient = np.zeros_like(w)
    with np.nditer(gradient, flags=["multi_index"], op_flags=["readwrite"]) as walk:
        for entry in walk:
            place = walk.multi_index
            saved, total = w[place], 0.0
            for sign in (-1, 1):
                w[place] = saved + sign * step
                total += sign * loss()
            w[place] = saved
            entry[...] = total / (2 * step)
    return gradient
