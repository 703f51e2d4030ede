"""Answers to `gradual_dropout`, written from its notebook alone; each cell is one."""

import numpy as np


# %% single: scaled by 1 - p, not by 1 - p g
def gradual_dropout(x, p, g, rng, training=True):
    scale = np.ones_like(x)
    if training:
        q = p * g
        scale = (rng.random(x.shape) >= q).astype(x.dtype) / (1 - p)
    return x * scale, scale


# %% single: drops with p from the first step
def gradual_dropout(x, p, g, rng, training=True):
    scale = np.ones_like(x)
    if training:
        q = p
        scale = (rng.random(x.shape) >= q).astype(x.dtype) / (1 - q)
    return x * scale, scale


# %% single: not scaled
def gradual_dropout(x, p, g, rng, training=True):
    scale = np.ones_like(x)
    if training:
        q = p * g
        scale = (rng.random(x.shape) >= q).astype(x.dtype)
    return x * scale, scale


# %% single: evaluation is forgotten
def gradual_dropout(x, p, g, rng, training=True):
    scale = np.ones_like(x)
    q = p * g
    scale = (rng.random(x.shape) >= q).astype(x.dtype) / (1 - q)
    return x * scale, scale


# %% single: what is below q is kept
def gradual_dropout(x, p, g, rng, training=True):
    scale = np.ones_like(x)
    if training:
        q = p * g
        scale = (rng.random(x.shape) < q).astype(x.dtype) / (1 - q)
    return x * scale, scale


# %% single: scaled at evaluation
def gradual_dropout(x, p, g, rng, training=True):
    scale = np.ones_like(x)
    if training:
        q = p * g
        scale = (rng.random(x.shape) >= q).astype(x.dtype) / (1 - q)
    else:
        scale = scale * (1 - p * g)
    return x * scale, scale


# %% single: the gate the wrong way round
def gradual_dropout(x, p, g, rng, training=True):
    scale = np.ones_like(x)
    if training:
        q = p * (1 - g)
        scale = (rng.random(x.shape) >= q).astype(x.dtype) / (1 - q)
    return x * scale, scale


# %% single: no draw while the gate is shut
def gradual_dropout(x, p, g, rng, training=True):
    scale = np.ones_like(x)
    if training and g > 0:
        q = p * g
        scale = (rng.random(x.shape) >= q).astype(x.dtype) / (1 - q)
    return x * scale, scale


# %% single: the mask is the scale that is returned
def gradual_dropout(x, p, g, rng, training=True):
    scale = np.ones_like(x)
    if training:
        q = p * g
        kept = (rng.random(x.shape) >= q).astype(x.dtype)
        return x * kept / (1 - q), kept
    return x * scale, scale


# %% right: the larger numbers are dropped, as nested as the smaller
def gradual_dropout(x, p, g, rng, training=True):
    scale = np.ones_like(x)
    if training:
        q = p * g
        scale = (rng.random(x.shape) < 1 - q).astype(x.dtype) / (1 - q)
    return x * scale, scale


# %% single: one number for each row
def gradual_dropout(x, p, g, rng, training=True):
    scale = np.ones_like(x)
    if training:
        q = p * g
        scale = (np.broadcast_to(rng.random((len(x), 1)) >= q, x.shape)).astype(x.dtype) / (1 - q)
    return x * scale, scale


# %% single: the gate and the probability added up
def gradual_dropout(x, p, g, rng, training=True):
    scale = np.ones_like(x)
    if training:
        q = min(p + g, 0.99)
        scale = (rng.random(x.shape) >= q).astype(x.dtype) / (1 - q)
    return x * scale, scale


# %% single: scaled by the share that was kept here, not by the expected one
def gradual_dropout(x, p, g, rng, training=True):
    scale = np.ones_like(x)
    if training:
        q = p * g
        kept = (rng.random(x.shape) >= q).astype(x.dtype)
        scale = kept / max(kept.mean(), 1e-9)
    return x * scale, scale


# %% right: the scale is computed in float64
def gradual_dropout(x, p, g, rng, training=True):
    scale = np.ones_like(x)
    if training:
        q = p * g
        scale = (rng.random(x.shape) >= q).astype(np.float64) / (1 - q)
    return x * scale, scale


# %% double: not scaled, and p from the first step
def gradual_dropout(x, p, g, rng, training=True):
    scale = np.ones_like(x)
    if training:
        q = p
        scale = (rng.random(x.shape) >= q).astype(x.dtype)
    return x * scale, scale


# %% right: where, with the scale written into the ones
def gradual_dropout(x, p, g, rng, training=True):
    scale = np.ones_like(x)
    if not training:
        return x * scale, scale
    lost = rng.random(x.shape) < p * g
    scale[lost] = 0
    scale[~lost] = 1 / (1 - p * g)
    return x * scale, scale


# %% right: the generator fills an array of its own
def gradual_dropout(x, p, g, rng, training=True):
    if not training:
        return np.array(x), np.ones_like(x)
    rate = g * p
    draws = np.empty(np.shape(x))
    rng.random(out=draws)
    scale = np.where(draws < rate, 0.0, 1.0 / (1.0 - rate)).astype(x.dtype)
    return scale * x, scale
