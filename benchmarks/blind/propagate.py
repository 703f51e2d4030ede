"""Answers to `propagate`, written from its notebook alone; each cell is one."""

import numpy as np

from course_lib.scratch.gradnets import (
    layer_backward,
    layer_forward,
    mean_cosine,
)


# %% single: the mean over all axes, the units at the top too
def propagate(x, weights, g, form, bias=0.0):
    depth = len(weights)
    rms, cosines, backward = np.zeros((3, depth + 1))
    h, us = x, []
    rms[0], cosines[0] = np.sqrt(np.mean(h**2)), mean_cosine(h)
    for l, W in enumerate(weights, start=1):
        h, u = layer_forward(h, W, g, form, bias)
        us.append(u)
        rms[l], cosines[l] = np.sqrt(np.mean(h**2)), mean_cosine(h)
    n = h.shape[-1]
    dh = np.broadcast_to(np.eye(n, dtype=h.dtype)[:, None], (n, *h.shape))
    backward[depth] = np.sqrt(np.mean(dh**2))
    for l in range(depth, 0, -1):
        dh = layer_backward(dh, us[l - 1], weights[l - 1], g, form)
        backward[l - 1] = np.sqrt(np.mean(dh**2))
    return rms, cosines, backward


# %% single: the gradients of all units at the top are summed before the square
def propagate(x, weights, g, form, bias=0.0):
    depth = len(weights)
    rms, cosines, backward = np.zeros((3, depth + 1))
    h, us = x, []
    rms[0], cosines[0] = np.sqrt(np.mean(h**2)), mean_cosine(h)
    for l, W in enumerate(weights, start=1):
        h, u = layer_forward(h, W, g, form, bias)
        us.append(u)
        rms[l], cosines[l] = np.sqrt(np.mean(h**2)), mean_cosine(h)
    n = h.shape[-1]
    dh = np.broadcast_to(np.eye(n, dtype=h.dtype)[:, None], (n, *h.shape))
    backward[depth] = np.sqrt(np.mean(np.sum(dh, axis=0) ** 2))
    for l in range(depth, 0, -1):
        dh = layer_backward(dh, us[l - 1], weights[l - 1], g, form)
        backward[l - 1] = np.sqrt(np.mean(np.sum(dh, axis=0) ** 2))
    return rms, cosines, backward


# %% single: no root for the rms
def propagate(x, weights, g, form, bias=0.0):
    depth = len(weights)
    rms, cosines, backward = np.zeros((3, depth + 1))
    h, us = x, []
    rms[0], cosines[0] = np.mean(h**2), mean_cosine(h)
    for l, W in enumerate(weights, start=1):
        h, u = layer_forward(h, W, g, form, bias)
        us.append(u)
        rms[l], cosines[l] = np.mean(h**2), mean_cosine(h)
    n = h.shape[-1]
    dh = np.broadcast_to(np.eye(n, dtype=h.dtype)[:, None], (n, *h.shape))
    backward[depth] = np.sqrt(np.mean(np.sum(dh**2, axis=0)))
    for l in range(depth, 0, -1):
        dh = layer_backward(dh, us[l - 1], weights[l - 1], g, form)
        backward[l - 1] = np.sqrt(np.mean(np.sum(dh**2, axis=0)))
    return rms, cosines, backward


# %% single: the standard deviation in place of the root mean square
def propagate(x, weights, g, form, bias=0.0):
    depth = len(weights)
    rms, cosines, backward = np.zeros((3, depth + 1))
    h, us = x, []
    rms[0], cosines[0] = np.std(h), mean_cosine(h)
    for l, W in enumerate(weights, start=1):
        h, u = layer_forward(h, W, g, form, bias)
        us.append(u)
        rms[l], cosines[l] = np.std(h), mean_cosine(h)
    n = h.shape[-1]
    dh = np.broadcast_to(np.eye(n, dtype=h.dtype)[:, None], (n, *h.shape))
    backward[depth] = np.sqrt(np.mean(np.sum(dh**2, axis=0)))
    for l in range(depth, 0, -1):
        dh = layer_backward(dh, us[l - 1], weights[l - 1], g, form)
        backward[l - 1] = np.sqrt(np.mean(np.sum(dh**2, axis=0)))
    return rms, cosines, backward


# %% single: the weights on the way back are in the order of the way up
def propagate(x, weights, g, form, bias=0.0):
    depth = len(weights)
    rms, cosines, backward = np.zeros((3, depth + 1))
    h, us = x, []
    rms[0], cosines[0] = np.sqrt(np.mean(h**2)), mean_cosine(h)
    for l, W in enumerate(weights, start=1):
        h, u = layer_forward(h, W, g, form, bias)
        us.append(u)
        rms[l], cosines[l] = np.sqrt(np.mean(h**2)), mean_cosine(h)
    n = h.shape[-1]
    dh = np.broadcast_to(np.eye(n, dtype=h.dtype)[:, None], (n, *h.shape))
    backward[depth] = np.sqrt(np.mean(np.sum(dh**2, axis=0)))
    for l in range(depth, 0, -1):
        dh = layer_backward(dh, us[l - 1], weights[depth - l], g, form)
        backward[l - 1] = np.sqrt(np.mean(np.sum(dh**2, axis=0)))
    return rms, cosines, backward


# %% single: u is that of the last layer everywhere
def propagate(x, weights, g, form, bias=0.0):
    depth = len(weights)
    rms, cosines, backward = np.zeros((3, depth + 1))
    h, us = x, []
    rms[0], cosines[0] = np.sqrt(np.mean(h**2)), mean_cosine(h)
    for l, W in enumerate(weights, start=1):
        h, u = layer_forward(h, W, g, form, bias)
        us.append(u)
        rms[l], cosines[l] = np.sqrt(np.mean(h**2)), mean_cosine(h)
    n = h.shape[-1]
    dh = np.broadcast_to(np.eye(n, dtype=h.dtype)[:, None], (n, *h.shape))
    backward[depth] = np.sqrt(np.mean(np.sum(dh**2, axis=0)))
    for l in range(depth, 0, -1):
        dh = layer_backward(dh, u, weights[l - 1], g, form)
        backward[l - 1] = np.sqrt(np.mean(np.sum(dh**2, axis=0)))
    return rms, cosines, backward


# %% single: the bias is left out
def propagate(x, weights, g, form, bias=0.0):
    depth = len(weights)
    rms, cosines, backward = np.zeros((3, depth + 1))
    h, us = x, []
    rms[0], cosines[0] = np.sqrt(np.mean(h**2)), mean_cosine(h)
    for l, W in enumerate(weights, start=1):
        h, u = layer_forward(h, W, g, form)
        us.append(u)
        rms[l], cosines[l] = np.sqrt(np.mean(h**2)), mean_cosine(h)
    n = h.shape[-1]
    dh = np.broadcast_to(np.eye(n, dtype=h.dtype)[:, None], (n, *h.shape))
    backward[depth] = np.sqrt(np.mean(np.sum(dh**2, axis=0)))
    for l in range(depth, 0, -1):
        dh = layer_backward(dh, us[l - 1], weights[l - 1], g, form)
        backward[l - 1] = np.sqrt(np.mean(np.sum(dh**2, axis=0)))
    return rms, cosines, backward


# %% single: the pre-activations are measured
def propagate(x, weights, g, form, bias=0.0):
    depth = len(weights)
    rms, cosines, backward = np.zeros((3, depth + 1))
    h, us = x, []
    rms[0], cosines[0] = np.sqrt(np.mean(h**2)), mean_cosine(h)
    for l, W in enumerate(weights, start=1):
        h, u = layer_forward(h, W, g, form, bias)
        us.append(u)
        rms[l], cosines[l] = np.sqrt(np.mean(u**2)), mean_cosine(u)
    n = h.shape[-1]
    dh = np.broadcast_to(np.eye(n, dtype=h.dtype)[:, None], (n, *h.shape))
    backward[depth] = np.sqrt(np.mean(np.sum(dh**2, axis=0)))
    for l in range(depth, 0, -1):
        dh = layer_backward(dh, us[l - 1], weights[l - 1], g, form)
        backward[l - 1] = np.sqrt(np.mean(np.sum(dh**2, axis=0)))
    return rms, cosines, backward


# %% single: entry 0 stays empty on the way up
def propagate(x, weights, g, form, bias=0.0):
    depth = len(weights)
    rms, cosines, backward = np.zeros((3, depth + 1))
    h, us = x, []
    for l, W in enumerate(weights, start=1):
        h, u = layer_forward(h, W, g, form, bias)
        us.append(u)
        rms[l], cosines[l] = np.sqrt(np.mean(h**2)), mean_cosine(h)
    n = h.shape[-1]
    dh = np.broadcast_to(np.eye(n, dtype=h.dtype)[:, None], (n, *h.shape))
    backward[depth] = np.sqrt(np.mean(np.sum(dh**2, axis=0)))
    for l in range(depth, 0, -1):
        dh = layer_backward(dh, us[l - 1], weights[l - 1], g, form)
        backward[l - 1] = np.sqrt(np.mean(np.sum(dh**2, axis=0)))
    return rms, cosines, backward


# %% single: backward is one place too high
def propagate(x, weights, g, form, bias=0.0):
    depth = len(weights)
    rms, cosines, backward = np.zeros((3, depth + 1))
    h, us = x, []
    rms[0], cosines[0] = np.sqrt(np.mean(h**2)), mean_cosine(h)
    for l, W in enumerate(weights, start=1):
        h, u = layer_forward(h, W, g, form, bias)
        us.append(u)
        rms[l], cosines[l] = np.sqrt(np.mean(h**2)), mean_cosine(h)
    n = h.shape[-1]
    dh = np.broadcast_to(np.eye(n, dtype=h.dtype)[:, None], (n, *h.shape))
    for l in range(depth, 0, -1):
        dh = layer_backward(dh, us[l - 1], weights[l - 1], g, form)
        backward[l] = np.sqrt(np.mean(np.sum(dh**2, axis=0)))
    return rms, cosines, backward


# %% single: the root is taken of each entry, then the mean
def propagate(x, weights, g, form, bias=0.0):
    depth = len(weights)
    rms, cosines, backward = np.zeros((3, depth + 1))
    h, us = x, []
    rms[0], cosines[0] = np.sqrt(np.mean(h**2)), mean_cosine(h)
    for l, W in enumerate(weights, start=1):
        h, u = layer_forward(h, W, g, form, bias)
        us.append(u)
        rms[l], cosines[l] = np.sqrt(np.mean(h**2)), mean_cosine(h)
    n = h.shape[-1]
    dh = np.broadcast_to(np.eye(n, dtype=h.dtype)[:, None], (n, *h.shape))
    backward[depth] = np.mean(np.sqrt(np.sum(dh**2, axis=0)))
    for l in range(depth, 0, -1):
        dh = layer_backward(dh, us[l - 1], weights[l - 1], g, form)
        backward[l - 1] = np.mean(np.sqrt(np.sum(dh**2, axis=0)))
    return rms, cosines, backward


# %% single: the Frobenius norm, not divided by the units
def propagate(x, weights, g, form, bias=0.0):
    depth = len(weights)
    rms, cosines, backward = np.zeros((3, depth + 1))
    h, us = x, []
    rms[0], cosines[0] = np.sqrt(np.mean(h**2)), mean_cosine(h)
    for l, W in enumerate(weights, start=1):
        h, u = layer_forward(h, W, g, form, bias)
        us.append(u)
        rms[l], cosines[l] = np.sqrt(np.mean(h**2)), mean_cosine(h)
    n = h.shape[-1]
    dh = np.broadcast_to(np.eye(n, dtype=h.dtype)[:, None], (n, *h.shape))
    backward[depth] = np.sqrt(np.sum(dh**2) / len(x))
    for l in range(depth, 0, -1):
        dh = layer_backward(dh, us[l - 1], weights[l - 1], g, form)
        backward[l - 1] = np.sqrt(np.sum(dh**2) / len(x))
    return rms, cosines, backward


# %% single: the cosines of the inputs at every layer
def propagate(x, weights, g, form, bias=0.0):
    depth = len(weights)
    rms, cosines, backward = np.zeros((3, depth + 1))
    h, us = x, []
    rms[0], cosines[0] = np.sqrt(np.mean(h**2)), mean_cosine(h)
    for l, W in enumerate(weights, start=1):
        h, u = layer_forward(h, W, g, form, bias)
        us.append(u)
        rms[l], cosines[l] = np.sqrt(np.mean(h**2)), mean_cosine(x)
    n = h.shape[-1]
    dh = np.broadcast_to(np.eye(n, dtype=h.dtype)[:, None], (n, *h.shape))
    backward[depth] = np.sqrt(np.mean(np.sum(dh**2, axis=0)))
    for l in range(depth, 0, -1):
        dh = layer_backward(dh, us[l - 1], weights[l - 1], g, form)
        backward[l - 1] = np.sqrt(np.mean(np.sum(dh**2, axis=0)))
    return rms, cosines, backward


# %% single: divided by the units of the top layer
def propagate(x, weights, g, form, bias=0.0):
    depth = len(weights)
    rms, cosines, backward = np.zeros((3, depth + 1))
    h, us = x, []
    rms[0], cosines[0] = np.sqrt(np.mean(h**2)), mean_cosine(h)
    for l, W in enumerate(weights, start=1):
        h, u = layer_forward(h, W, g, form, bias)
        us.append(u)
        rms[l], cosines[l] = np.sqrt(np.mean(h**2)), mean_cosine(h)
    n = h.shape[-1]
    dh = np.broadcast_to(np.eye(n, dtype=h.dtype)[:, None], (n, *h.shape))
    backward[depth] = np.sqrt(np.sum(dh**2) / (len(x) * n))
    for l in range(depth, 0, -1):
        dh = layer_backward(dh, us[l - 1], weights[l - 1], g, form)
        backward[l - 1] = np.sqrt(np.sum(dh**2) / (len(x) * n))
    return rms, cosines, backward


# %% double: no bias, and the mean over the units at the top
def propagate(x, weights, g, form, bias=0.0):
    depth = len(weights)
    rms, cosines, backward = np.zeros((3, depth + 1))
    h, us = x, []
    rms[0], cosines[0] = np.sqrt(np.mean(h**2)), mean_cosine(h)
    for l, W in enumerate(weights, start=1):
        h, u = layer_forward(h, W, g, form)
        us.append(u)
        rms[l], cosines[l] = np.sqrt(np.mean(h**2)), mean_cosine(h)
    n = h.shape[-1]
    dh = np.broadcast_to(np.eye(n, dtype=h.dtype)[:, None], (n, *h.shape))
    backward[depth] = np.sqrt(np.mean(dh**2))
    for l in range(depth, 0, -1):
        dh = layer_backward(dh, us[l - 1], weights[l - 1], g, form)
        backward[l - 1] = np.sqrt(np.mean(dh**2))
    return rms, cosines, backward


# %% right: lists, and norms of NumPy
def propagate(x, weights, g, form, bias=0.0):
    def size(a):
        return np.linalg.norm(a) / np.sqrt(a.size)

    hs, us = [x], []
    for W in weights:
        h, u = layer_forward(hs[-1], W, g, form, bias)
        hs.append(h)
        us.append(u)
    batch, n = hs[-1].shape
    dh = np.repeat(np.eye(n)[:, None, :], batch, axis=1)
    back = [np.sqrt(n) * size(dh)]
    for W, u in zip(weights[::-1], us[::-1]):
        dh = layer_backward(dh, u, W, g, form)
        back.insert(0, np.sqrt(n) * size(dh))
    return np.array([size(h) for h in hs]), np.array([mean_cosine(h) for h in hs]), np.array(back)
