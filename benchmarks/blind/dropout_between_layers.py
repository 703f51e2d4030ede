"""Answers to `dropout_between_layers`, written from its notebook alone; each cell is one."""

import numpy as np


# %% single: scaled at evaluation, as in older texts
def dropout_between_layers(h, rate, training, rng):
    if not training:
        return h * (1 - rate)
    kept = rng.random(h.shape) >= rate
    return np.where(kept, h / (1 - rate), 0.0)


# %% single: the wrong way round: it drops at evaluation
def dropout_between_layers(h, rate, training, rng):
    if training:
        return h
    kept = rng.random(h.shape) >= rate
    return np.where(kept, h / (1 - rate), 0.0)


# %% single: one mask for all steps of a sequence
def dropout_between_layers(h, rate, training, rng):
    if not training:
        return h
    kept = rng.random((len(h), 1, h.shape[2])) >= rate
    return np.where(kept, h / (1 - rate), 0.0)


# %% single: one mask for the whole batch
def dropout_between_layers(h, rate, training, rng):
    if not training:
        return h
    kept = rng.random(h.shape[1:]) >= rate
    return np.where(kept, h / (1 - rate), 0.0)


# %% single: what is kept is not scaled
def dropout_between_layers(h, rate, training, rng):
    if not training:
        return h
    kept = rng.random(h.shape) >= rate
    return np.where(kept, h, 0.0)


# %% single: the rate is the share that is kept
def dropout_between_layers(h, rate, training, rng):
    if not training:
        return h
    kept = rng.random(h.shape) < rate
    return np.where(kept, h / rate, 0.0)


# %% single: a generator of its own
def dropout_between_layers(h, rate, training, rng):
    if not training:
        return h
    kept = np.random.default_rng(0).random(h.shape) >= rate
    return np.where(kept, h / (1 - rate), 0.0)


# %% single: whole units are dropped
def dropout_between_layers(h, rate, training, rng):
    if not training:
        return h
    kept = rng.random(h.shape[-1]) >= rate
    return np.where(kept, h / (1 - rate), 0.0)


# %% single: zeros are written into the states of the layer below
def dropout_between_layers(h, rate, training, rng):
    if not training:
        return h
    kept = rng.random(h.shape) >= rate
    h[~kept] = 0.0
    return h / (1 - rate)


# %% single: scaled by the rate
def dropout_between_layers(h, rate, training, rng):
    if not training:
        return h
    kept = rng.random(h.shape) >= rate
    return np.where(kept, h / rate if rate else h, 0.0)


# %% single: drops an entry if the number is above the rate
def dropout_between_layers(h, rate, training, rng):
    if not training:
        return h
    kept = rng.random(h.shape) < rate
    return np.where(kept, h / (1 - rate), 0.0)


# %% single: drops nothing at evaluation, but scales there as well
def dropout_between_layers(h, rate, training, rng):
    if not training:
        return h / (1 - rate)
    kept = rng.random(h.shape) >= rate
    return np.where(kept, h / (1 - rate), 0.0)


# %% double: one mask for all steps, and nothing is scaled
def dropout_between_layers(h, rate, training, rng):
    if not training:
        return h
    kept = rng.random((len(h), 1, h.shape[2])) >= rate
    return np.where(kept, h, 0.0)


# %% right: multiplied by a mask of 0 and 1/(1 - rate)
def dropout_between_layers(h, rate, training, rng):
    if training and rate > 0:
        mask = (rng.uniform(size=h.shape) >= rate).astype(h.dtype)
        h = h * mask / (1 - rate)
    return h


# %% right: binomial draws
def dropout_between_layers(h, rate, training, rng):
    if not training:
        return h.copy()
    keep = 1 - rate
    return h * rng.binomial(1, keep, size=h.shape) / keep
