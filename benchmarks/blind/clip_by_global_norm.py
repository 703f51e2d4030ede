"""Answers to `clip_by_global_norm`, written from its notebook alone; each cell is one."""

import numpy as np


# %% single: each array is clipped by its own norm
def clip_by_global_norm(grads, max_norm):
    norm = float(np.sqrt(sum(np.sum(g**2) for g in grads.values())))
    factor = min(1.0, max_norm / norm) if norm > 0 else 1.0
    clipped = {
        name: g * min(1.0, max_norm / max(np.linalg.norm(g), 1e-12)) for name, g in grads.items()
    }
    return clipped, norm


# %% single: short gradients are stretched too
def clip_by_global_norm(grads, max_norm):
    norm = float(np.sqrt(sum(np.sum(g**2) for g in grads.values())))
    factor = max_norm / norm if norm > 0 else 1.0
    clipped = {name: factor * g for name, g in grads.items()}
    return clipped, norm


# %% single: no square root
def clip_by_global_norm(grads, max_norm):
    norm = float(sum(np.sum(g**2) for g in grads.values()))
    factor = min(1.0, max_norm / norm) if norm > 0 else 1.0
    clipped = {name: factor * g for name, g in grads.items()}
    return clipped, norm


# %% single: the norms are added up
def clip_by_global_norm(grads, max_norm):
    norm = float(sum(np.sqrt(np.sum(g**2)) for g in grads.values()))
    factor = min(1.0, max_norm / norm) if norm > 0 else 1.0
    clipped = {name: factor * g for name, g in grads.items()}
    return clipped, norm


# %% single: the norm after clipping is returned
def clip_by_global_norm(grads, max_norm):
    norm = float(np.sqrt(sum(np.sum(g**2) for g in grads.values())))
    factor = min(1.0, max_norm / norm) if norm > 0 else 1.0
    clipped = {name: factor * g for name, g in grads.items()}
    return clipped, min(norm, max_norm)


# %% single: each entry is clipped
def clip_by_global_norm(grads, max_norm):
    norm = float(np.sqrt(sum(np.sum(g**2) for g in grads.values())))
    factor = min(1.0, max_norm / norm) if norm > 0 else 1.0
    clipped = {name: np.clip(g, -max_norm, max_norm) for name, g in grads.items()}
    return clipped, norm


# %% single: divides by zero where there is no gradient
def clip_by_global_norm(grads, max_norm):
    norm = float(np.sqrt(sum(np.sum(g**2) for g in grads.values())))
    factor = min(1.0, max_norm / norm)
    clipped = {name: factor * g for name, g in grads.items()}
    return clipped, norm


# %% single: a small number below the fraction shortens what should stay
def clip_by_global_norm(grads, max_norm):
    norm = float(np.sqrt(sum(np.sum(g**2) for g in grads.values())))
    factor = min(1.0, max_norm / (norm + 1e-6))
    clipped = {name: factor * g for name, g in grads.items()}
    return clipped, norm


# %% single: the caller's arrays are scaled in place
def clip_by_global_norm(grads, max_norm):
    norm = float(np.sqrt(sum(np.sum(g**2) for g in grads.values())))
    factor = min(1.0, max_norm / norm) if norm > 0 else 1.0
    for g in grads.values():
        g *= factor
    clipped = grads
    return clipped, norm


# %% single: the largest entry counts as the norm
def clip_by_global_norm(grads, max_norm):
    norm = float(max(np.abs(g).max() for g in grads.values()))
    factor = min(1.0, max_norm / norm) if norm > 0 else 1.0
    clipped = {name: factor * g for name, g in grads.items()}
    return clipped, norm


# %% single: the larger factor is taken
def clip_by_global_norm(grads, max_norm):
    norm = float(np.sqrt(sum(np.sum(g**2) for g in grads.values())))
    factor = max(1.0, max_norm / norm) if norm > 0 else 1.0
    clipped = {name: factor * g for name, g in grads.items()}
    return clipped, norm


# %% single: mean for sum
def clip_by_global_norm(grads, max_norm):
    norm = float(np.sqrt(sum(np.mean(g**2) for g in grads.values())))
    factor = min(1.0, max_norm / norm) if norm > 0 else 1.0
    clipped = {name: factor * g for name, g in grads.items()}
    return clipped, norm


# %% double: no square root, and short ones are stretched
def clip_by_global_norm(grads, max_norm):
    norm = float(sum(np.sum(g**2) for g in grads.values()))
    factor = max_norm / norm if norm > 0 else 1.0
    clipped = {name: factor * g for name, g in grads.items()}
    return clipped, norm


# %% right: one long vector
def clip_by_global_norm(grads, max_norm):
    vector = np.concatenate([np.ravel(g) for g in grads.values()])
    norm = float(np.linalg.norm(vector))
    if norm <= max_norm:
        return {name: g.copy() for name, g in grads.items()}, norm
    return {name: g * (max_norm / norm) for name, g in grads.items()}, norm


# %% right: hypot, and a factor without a question
from functools import reduce


def clip_by_global_norm(grads, max_norm):
    norm = float(reduce(np.hypot, (np.linalg.norm(g.ravel()) for g in grads.values()), 0.0))
    factor = max_norm / max(norm, max_norm)
    return dict(zip(grads, [g * factor for g in grads.values()])), norm
