"""The softmax loss, computed from logits so that it stays finite."""

import numpy as np


def softmax(logits):
    """Probabilities from logits; shifted by the largest, so no exp overflows.

    Args:
        logits: shape (..., c).

    Returns:
        Probabilities of the same shape; each row sums to 1.
    """
    exp = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return exp / exp.sum(axis=-1, keepdims=True)


def cross_entropy_from_logits(logits, labels):
    """Mean cross-entropy, straight from the logits.

    It stays finite, and right, however far apart the logits are, even where a
    softmax in float32 gives exactly 0.

    Args:
        logits: scores, shape (..., c): (batch, c) or (batch, T, c).
        labels: right classes, integers of shape (...), each from 0 to c - 1.

    Returns:
        loss: in nats, a scalar, averaged over every leading axis.
    """
    # IMPLEMENT-ME: the average surprise at the labels, in nats; no number on
    # the way to it has overflowed or vanished
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_sum_exp = np.log(np.exp(shifted).sum(axis=-1))
    right = np.take_along_axis(shifted, labels[..., None], axis=-1)[..., 0]
    loss = np.mean(log_sum_exp - right)
    # END IMPLEMENT-ME
    return loss


def safe_loss(logits, labels):
    """Mean cross-entropy and its gradient, both straight from the logits.

    With log p = log softmax(z), the loss is the mean of -log p_k over the
    rows, and its gradient (p - onehot(k)) / N, where N is their number. Both
    are finite however far apart the logits are, and the gradient of a
    confident mistake is as large as it should be.

    Args:
        logits: scores, shape (..., c).
        labels: right classes, integers of shape (...), each from 0 to c - 1.

    Returns:
        loss: the mean over every leading axis, in nats, a scalar.
        dlogits: its gradient with respect to the logits, of their shape.
    """
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_sum_exp = np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    right = np.arange(logits.shape[-1]) == labels[..., None]
    loss = np.mean((log_sum_exp - shifted)[right])
    dlogits = (np.exp(shifted - log_sum_exp) - right) / labels.size
    return loss, dlogits


def cross_entropy_gradient(logits, labels):
    """Gradient of `cross_entropy_from_logits` with respect to the logits.

    Args:
        logits: shape (..., c).
        labels: integers of shape (...).

    Returns:
        dlogits of the shape of `logits`.
    """
    _, dlogits = safe_loss(logits, labels)
    return dlogits
