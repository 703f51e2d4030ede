"""Answers to `gradient_norms`, written from its notebook alone; each cell is one."""

import numpy as np


# %% single: the biases are left out
def gradient_norms(grads):
    return np.array([np.linalg.norm(layer["W"]) for layer in grads])


# %% single: first and last layer are still left out
def gradient_norms(grads):
    return np.array(
        [np.sqrt(np.sum(layer["W"] ** 2) + np.sum(layer["b"] ** 2)) for layer in grads[1:-1]]
    )


# %% single: no root
def gradient_norms(grads):
    return np.array([np.sum(layer["W"] ** 2) + np.sum(layer["b"] ** 2) for layer in grads])


# %% single: the root mean square of a layer
def gradient_norms(grads):
    norms = []
    for layer in grads:
        entries = np.concatenate([layer["W"].ravel(), layer["b"]])
        norms.append(np.sqrt(np.mean(entries**2)))
    return np.array(norms)


# %% single: the two norms of a layer are added up
def gradient_norms(grads):
    return np.array([np.linalg.norm(l["W"]) + np.linalg.norm(l["b"]) for l in grads])


# %% single: one number for the whole network
def gradient_norms(grads):
    entries = np.concatenate([np.append(l["W"].ravel(), l["b"]) for l in grads])
    return np.array([np.linalg.norm(entries)])


# %% single: the spectral norm of the weights
def gradient_norms(grads):
    return np.array([np.hypot(np.linalg.norm(l["W"], 2), np.linalg.norm(l["b"])) for l in grads])


# %% single: the sum of the absolute values
def gradient_norms(grads):
    return np.array([np.abs(l["W"]).sum() + np.abs(l["b"]).sum() for l in grads])


# %% single: the largest entry
def gradient_norms(grads):
    return np.array([max(np.abs(l["W"]).max(), np.abs(l["b"]).max()) for l in grads])


# %% single: the gradients are squared in place
def gradient_norms(grads):
    norms = []
    for layer in grads:
        layer["W"] *= layer["W"]
        layer["b"] *= layer["b"]
        norms.append(np.sqrt(layer["W"].sum() + layer["b"].sum()))
    return np.array(norms)


# %% single: the order of the layers is turned
def gradient_norms(grads):
    return np.array(
        [np.sqrt(np.sum(layer["W"] ** 2) + np.sum(layer["b"] ** 2)) for layer in reversed(grads)]
    )


# %% double: no biases, and the inner layers only
def gradient_norms(grads):
    weights = [layer["W"] for layer in grads[1:-1]]
    return np.array([np.linalg.norm(W) for W in weights])


# %% right: a norm of norms
def gradient_norms(grads):
    parts = [[np.linalg.norm(layer[name].ravel()) for name in ("W", "b")] for layer in grads]
    return np.linalg.norm(np.array(parts), axis=1)


# %% right: vdot, array by array
def gradient_norms(grads):
    squares = np.zeros(len(grads))
    for l, layer in enumerate(grads):
        for array in layer.values():
            squares[l] += np.vdot(array, array)
    return squares**0.5
