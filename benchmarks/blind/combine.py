"""Answers to `combine`, written from its notebook alone; each cell is one."""

import numpy as np


# %% single: the second span's addition is multiplied by the first factor
def combine(first, second):
    a_1, b_1 = first
    a_2, b_2 = second
    a = a_1 * a_2
    b = a_1 * b_2 + b_1
    return a, b


# %% single: both additions as they are
def combine(first, second):
    a_1, b_1 = first
    a_2, b_2 = second
    a = a_1 * a_2
    b = b_1 + b_2
    return a, b


# %% single: the factors are added
def combine(first, second):
    a_1, b_1 = first
    a_2, b_2 = second
    a = a_1 + a_2
    b = a_2 * b_1 + b_2
    return a, b


# %% single: both additions pass through the second span
def combine(first, second):
    a_1, b_1 = first
    a_2, b_2 = second
    a = a_1 * a_2
    b = a_2 * (b_1 + b_2)
    return a, b


# %% single: what the second adds is lost
def combine(first, second):
    a_1, b_1 = first
    a_2, b_2 = second
    a = a_1 * a_2
    b = a_2 * b_1
    return a, b


# %% single: the first addition meets its own factor
def combine(first, second):
    a_1, b_1 = first
    a_2, b_2 = second
    a = a_1 * a_2
    b = a_1 * b_1 + b_2
    return a, b


# %% single: a matrix product
def combine(first, second):
    a_1, b_1 = first
    a_2, b_2 = second
    a = a_1 @ a_2
    b = a_2 * b_1 + b_2
    return a, b


# %% single: the caller's arrays are changed
def combine(first, second):
    a_1, b_1 = first
    a_2, b_2 = second
    b_1 *= a_2
    b_1 += b_2
    return a_1 * a_2, b_1


# %% single: the pair in the other order
def combine(first, second):
    a_1, b_1 = first
    a_2, b_2 = second
    a = a_1 * a_2
    b = a_2 * b_1 + b_2
    return b, a


# %% double: the factors are added, and what the second adds is lost
def combine(first, second):
    a_1, b_1 = first
    a_2, b_2 = second
    a = a_1 + a_2
    b = a_2 * b_1
    return a, b


# %% right: sent through as a state
def combine(first, second):
    def after(span, h):
        return span[0] * h + span[1]

    b = after(second, after(first, 0 * first[1]))
    return np.multiply(first[0], second[0]), b


# %% right: as products of small matrices
def combine(first, second):
    def matrix(a, b):
        rows = [np.stack([a, b], -1), np.stack([np.zeros_like(a), np.ones_like(a)], -1)]
        return np.stack(rows, -2)

    both = matrix(*second) @ matrix(*first)
    return both[..., 0, 0], both[..., 0, 1]
