"""Gradient clipping: by norm, which keeps the direction, and by value."""

import numpy as np


def clip_by_global_norm(grads, max_norm):
    """Scale all gradients together to a joint L2 norm of at most `max_norm`.

    Source: Pascanu, Mikolov and Bengio, "On the difficulty of training
    recurrent neural networks", 2013, algorithm 1.

    Args:
        grads: dict of gradient arrays, of any shapes; left as they are.
        max_norm: the largest joint norm allowed, above 0.

    Returns:
        clipped: a dict with the same keys; unchanged values where the norm
            is small enough.
        norm: the joint norm before clipping, a float.
    """
    # IMPLEMENT-ME: clipped points where grads point, all arrays taken
    # together; it is as long as grads, or as long as is allowed if that is
    # shorter; norm says how long grads was
    norm = np.sqrt(sum(np.sum(g**2) for g in grads.values()))
    factor = min(1.0, max_norm / norm) if norm > 0 else 1.0
    clipped = {name: factor * g for name, g in grads.items()}
    # END IMPLEMENT-ME
    return clipped, norm


def clip_by_value(grads, limit):
    """Cut every entry to [-limit, limit], which turns the direction.

    Args:
        grads: dict of gradient arrays.
        limit: the largest absolute entry allowed.

    Returns:
        A new dict with the same keys.
    """
    return {name: np.clip(g, -limit, limit) for name, g in grads.items()}
