"""Answers to `gradient_check`, written from its notebook alone; each cell is one."""

import numpy as np


def numerical_gradient(loss, w, step=1e-5):
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


# %% single: the absolute error
def gradient_check(loss, params, grads, step=1e-5, tolerance=1e-6):
    errors = {}
    for name, w in params.items():
        numerical = numerical_gradient(loss, w, step)
        a = grads[name]
        errors[name] = float(np.max(np.abs(a - numerical)))
    passed = all(error <= tolerance for error in errors.values())
    return passed, errors


# %% single: no floor under what is divided by
def gradient_check(loss, params, grads, step=1e-5, tolerance=1e-6):
    errors = {}
    for name, w in params.items():
        numerical = numerical_gradient(loss, w, step)
        a = grads[name]
        size = np.abs(a) + np.abs(numerical)
        errors[name] = float(np.max(np.abs(a - numerical) / size))
    passed = all(error <= tolerance for error in errors.values())
    return passed, errors


# %% single: the mean of the errors of a parameter
def gradient_check(loss, params, grads, step=1e-5, tolerance=1e-6):
    errors = {}
    for name, w in params.items():
        numerical = numerical_gradient(loss, w, step)
        a = grads[name]
        size = np.maximum(1e-8, np.abs(a) + np.abs(numerical))
        errors[name] = float(np.mean(np.abs(a - numerical) / size))
    passed = all(error <= tolerance for error in errors.values())
    return passed, errors


# %% single: looks for an error that is too large, so a NaN passes
def gradient_check(loss, params, grads, step=1e-5, tolerance=1e-6):
    errors = {}
    for name, w in params.items():
        numerical = numerical_gradient(loss, w, step)
        a = grads[name]
        size = np.maximum(1e-8, np.abs(a) + np.abs(numerical))
        errors[name] = float(np.max(np.abs(a - numerical) / size))
    passed = not any(error > tolerance for error in errors.values())
    return passed, errors


# %% single: the verdict is about the last parameter only
def gradient_check(loss, params, grads, step=1e-5, tolerance=1e-6):
    errors = {}
    for name, w in params.items():
        numerical = numerical_gradient(loss, w, step)
        a = grads[name]
        size = np.maximum(1e-8, np.abs(a) + np.abs(numerical))
        errors[name] = float(np.max(np.abs(a - numerical) / size))
    passed = errors[name] <= tolerance
    return passed, errors


# %% single: one is enough
def gradient_check(loss, params, grads, step=1e-5, tolerance=1e-6):
    errors = {}
    for name, w in params.items():
        numerical = numerical_gradient(loss, w, step)
        a = grads[name]
        size = np.maximum(1e-8, np.abs(a) + np.abs(numerical))
        errors[name] = float(np.max(np.abs(a - numerical) / size))
    passed = any(error <= tolerance for error in errors.values())
    return passed, errors


# %% single: the norms of the whole arrays are compared
def gradient_check(loss, params, grads, step=1e-5, tolerance=1e-6):
    errors = {}
    for name, w in params.items():
        numerical = numerical_gradient(loss, w, step)
        a = grads[name]
        size = max(1e-8, np.linalg.norm(a) + np.linalg.norm(numerical))
        errors[name] = float(np.linalg.norm(a - numerical) / size)
    passed = all(error <= tolerance for error in errors.values())
    return passed, errors


# %% single: the sum of both, with their signs
def gradient_check(loss, params, grads, step=1e-5, tolerance=1e-6):
    errors = {}
    for name, w in params.items():
        numerical = numerical_gradient(loss, w, step)
        a = grads[name]
        size = np.maximum(1e-8, np.abs(a + numerical))
        errors[name] = float(np.max(np.abs(a - numerical) / size))
    passed = all(error <= tolerance for error in errors.values())
    return passed, errors


# %% single: max() of Python hides the NaN
def gradient_check(loss, params, grads, step=1e-5, tolerance=1e-6):
    errors = {}
    for name, w in params.items():
        numerical = numerical_gradient(loss, w, step)
        a = grads[name]
        size = np.maximum(1e-8, np.abs(a) + np.abs(numerical))
        errors[name] = float(max(0.0, *(np.abs(a - numerical) / size).ravel()))
    passed = all(error <= tolerance for error in errors.values())
    return passed, errors


# %% single: nanmax leaves the NaN out
def gradient_check(loss, params, grads, step=1e-5, tolerance=1e-6):
    errors = {}
    for name, w in params.items():
        numerical = numerical_gradient(loss, w, step)
        a = grads[name]
        size = np.maximum(1e-8, np.abs(a) + np.abs(numerical))
        errors[name] = float(np.nanmax(np.abs(a - numerical) / size))
    passed = all(error <= tolerance for error in errors.values())
    return passed, errors


# %% single: the step is not handed on
def gradient_check(loss, params, grads, step=1e-5, tolerance=1e-6):
    errors = {}
    for name, w in params.items():
        numerical = numerical_gradient(loss, w)
        a = grads[name]
        size = np.maximum(1e-8, np.abs(a) + np.abs(numerical))
        errors[name] = float(np.max(np.abs(a - numerical) / size))
    passed = all(error <= tolerance for error in errors.values())
    return passed, errors


# %% single: a fixed tolerance
def gradient_check(loss, params, grads, step=1e-5, tolerance=1e-6):
    errors = {}
    for name, w in params.items():
        numerical = numerical_gradient(loss, w, step)
        a = grads[name]
        size = np.maximum(1e-8, np.abs(a) + np.abs(numerical))
        errors[name] = float(np.max(np.abs(a - numerical) / size))
    passed = all(error <= 1e-6 for error in errors.values())
    return passed, errors


# %% double: the absolute error, and one is enough
def gradient_check(loss, params, grads, step=1e-5, tolerance=1e-6):
    errors = {}
    for name, w in params.items():
        numerical = numerical_gradient(loss, w, step)
        a = grads[name]
        errors[name] = float(np.max(np.abs(a - numerical)))
    passed = any(error <= tolerance for error in errors.values())
    return passed, errors


# %% right: np.divide where there is something to divide by
def gradient_check(loss, params, grads, step=1e-5, tolerance=1e-6):
    errors = {}
    for name in params:
        one, other = grads[name], numerical_gradient(loss, params[name], step)
        total = abs(one) + abs(other)
        relative = np.abs(one - other) / np.where(total > 1e-8, total, 1e-8)
        errors[name] = relative.max().item()
    worst = np.array(list(errors.values()))
    return bool((worst <= tolerance).all()), errors


# %% right: a dict comprehension, and np.max over all
def gradient_check(loss, params, grads, step=1e-5, tolerance=1e-6):
    def relative(a, b):
        return float(np.max(np.abs(a - b) / np.clip(np.abs(a) + np.abs(b), 1e-8, None)))

    errors = {k: relative(grads[k], numerical_gradient(loss, w, step)) for k, w in params.items()}
    return bool(np.max([*errors.values()]) <= tolerance), errors
