"""Gradient checking: compare a gradient with centred differences."""

import numpy as np


def numerical_gradient(loss, w, step=1e-5):
    """Centred differences of `loss` with respect to every entry of `w`.

    The error of the formula shrinks with step², that of rounding grows with
    1/step.

    Args:
        loss: a function of no argument that reads `w` and returns a float.
        w: the array to move; each entry is put back after use.
        step: how far an entry is moved each way.

    Returns:
        The numerical gradient, of the shape of `w`.
    """
    gradient = np.zeros_like(w)
    for index in np.ndindex(w.shape):
        # IMPLEMENT-ME: this entry of the gradient, measured from both sides;
        # afterwards w is as it was, to the last bit
        kept = w[index]
        w[index] = kept + step
        above = loss()
        w[index] = kept - step
        below = loss()
        w[index] = kept
        gradient[index] = (above - below) / (2 * step)
        # END IMPLEMENT-ME
    return gradient


def gradient_check(loss, params, grads, step=1e-5, tolerance=1e-6):
    """Compare gradients with centred differences, and say whether they agree.

    Args:
        loss: a function of no argument that reads the arrays in `params` and
            returns a float.
        params: dict of float64 arrays; each entry is moved and put back.
        grads: dict of the gradients to check, with the keys and shapes of
            `params`.
        step: how far an entry is moved each way.
        tolerance: the largest relative error allowed.

    Returns:
        passed: True if every entry of every gradient is within `tolerance`; a
            NaN never is.
        errors: dict, for each key the largest relative error of its entries,
            |a - b| / (|a| + |b|), a float.
    """
    errors = {}
    for name, w in params.items():
        numerical = numerical_gradient(loss, w, step)
        # IMPLEMENT-ME: the largest difference between the two gradients in any
        # entry of this parameter, relative to their size; where both vanish
        # they agree
        scale = np.maximum(1e-8, np.abs(grads[name]) + np.abs(numerical))
        errors[name] = float(np.max(np.abs(grads[name] - numerical) / scale))
        # END IMPLEMENT-ME
    # IMPLEMENT-ME: the verdict: True only if nothing is wrong; what can't be
    # compared counts as wrong
    passed = all(error <= tolerance for error in errors.values())
    # END IMPLEMENT-ME
    return passed, errors
