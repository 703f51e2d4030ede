"""Answers to `cross_entropy_from_logits`, written from its notebook alone; each cell is one."""

import numpy as np


# %% single: softmax, then log
def cross_entropy_from_logits(logits, labels):
    exp = np.exp(logits - logits.max(axis=-1, keepdims=True))
    p = exp / exp.sum(axis=-1, keepdims=True)
    right = np.take_along_axis(p, labels[..., None], axis=-1)[..., 0]
    return -np.log(right).mean()


# %% single: the sum over all rows in place of the mean
def cross_entropy_from_logits(logits, labels):
    z = logits - logits.max(axis=-1, keepdims=True)
    right = np.take_along_axis(z, labels[..., None], axis=-1)[..., 0]
    loss = np.sum(np.log(np.exp(z).sum(axis=-1)) - right)
    return loss


# %% single: the largest logit is not subtracted
def cross_entropy_from_logits(logits, labels):
    right = np.take_along_axis(logits, labels[..., None], axis=-1)[..., 0]
    loss = np.mean(np.log(np.exp(logits).sum(axis=-1)) - right)
    return loss


# %% single: a small number saves the logarithm
def cross_entropy_from_logits(logits, labels):
    exp = np.exp(logits - logits.max(axis=-1, keepdims=True))
    p = exp / exp.sum(axis=-1, keepdims=True)
    right = np.take_along_axis(p, labels[..., None], axis=-1)[..., 0]
    return -np.mean(np.log(right + 1e-9))


# %% single: the largest logit of all rows is subtracted, not each row's
def cross_entropy_from_logits(logits, labels):
    z = logits - logits.max()
    right = np.take_along_axis(z, labels[..., None], axis=-1)[..., 0]
    return np.mean(np.log(np.exp(z).sum(axis=-1)) - right)


# %% single: in bits, not in nats
def cross_entropy_from_logits(logits, labels):
    z = logits - logits.max(axis=-1, keepdims=True)
    right = np.take_along_axis(z, labels[..., None], axis=-1)[..., 0]
    return np.mean(np.log(np.exp(z).sum(axis=-1)) - right) / np.log(2)


# %% single: the sign is the other way round
def cross_entropy_from_logits(logits, labels):
    z = logits - logits.max(axis=-1, keepdims=True)
    right = np.take_along_axis(z, labels[..., None], axis=-1)[..., 0]
    return np.mean(right - np.log(np.exp(z).sum(axis=-1)))


# %% single: the label's logit is taken before the shift
def cross_entropy_from_logits(logits, labels):
    z = logits - logits.max(axis=-1, keepdims=True)
    right = np.take_along_axis(logits, labels[..., None], axis=-1)[..., 0]
    return np.mean(np.log(np.exp(z).sum(axis=-1)) - right)


# %% single: written for logits of two axes only
def cross_entropy_from_logits(logits, labels):
    z = logits - logits.max(axis=-1, keepdims=True)
    right = z[np.arange(len(labels)), labels]
    return np.mean(np.log(np.exp(z).sum(axis=-1)) - right)


# %% double: no shift, and the sum in place of the mean
def cross_entropy_from_logits(logits, labels):
    right = np.take_along_axis(logits, labels[..., None], axis=-1)[..., 0]
    return np.sum(np.log(np.sum(np.exp(logits), axis=-1)) - right)


# %% right: logaddexp, class by class
def cross_entropy_from_logits(logits, labels):
    total = np.logaddexp.reduce(logits, axis=-1)
    classes = np.arange(logits.shape[-1])
    chosen = np.where(labels[..., None] == classes, logits, 0).sum(axis=-1)
    return (total - chosen).mean()


# %% right: flattened, and each row moved so that its label stands at zero
def cross_entropy_from_logits(logits, labels):
    rows = logits.reshape(-1, logits.shape[-1])
    gaps = rows - rows[np.arange(len(rows)), labels.ravel()][:, None]
    top = gaps.max(axis=1)
    loss = top + np.log(np.exp(gaps - top[:, None]).sum(axis=1))
    return loss.mean()
