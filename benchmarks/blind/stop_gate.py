"""Answers to `stop_gate`, written from its notebook alone; each cell is one."""

import numpy as np

from course_lib.scratch.gradnets import cosine_map


# %% single: the slope is the gate itself
def stop_gate(depth, eta=0.9):
    def last(g):
        c = 0.0
        for _ in range(depth):
            c = cosine_map(c, g)
        return c

    if last(1.0) <= eta:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(50):
        g = (low + high) / 2
        if last(g) > eta:
            high = g
        else:
            low = g
    return low


# %% single: the search goes the wrong way
def stop_gate(depth, eta=0.9):
    def last(g):
        c = 0.0
        for _ in range(depth):
            c = cosine_map(c, 1 - g)
        return c

    if last(1.0) <= eta:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(50):
        g = (low + high) / 2
        if last(g) <= eta:
            high = g
        else:
            low = g
    return low


# %% single: too few halvings
def stop_gate(depth, eta=0.9):
    def last(g):
        c = 0.0
        for _ in range(depth):
            c = cosine_map(c, 1 - g)
        return c

    if last(1.0) <= eta:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(20):
        g = (low + high) / 2
        if last(g) > eta:
            high = g
        else:
            low = g
    return low


# %% single: one layer fewer
def stop_gate(depth, eta=0.9):
    def last(g):
        c = 0.0
        for _ in range(depth - 1):
            c = cosine_map(c, 1 - g)
        return c

    if last(1.0) <= eta:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(50):
        g = (low + high) / 2
        if last(g) > eta:
            high = g
        else:
            low = g
    return low


# %% single: a grid of a thousand gates
def stop_gate(depth, eta=0.9):
    def last(g):
        c = 0.0
        for _ in range(depth):
            c = cosine_map(c, 1 - g)
        return c

    if last(1.0) <= eta:
        return 1.0
    grid = np.linspace(0, 1, 1001)
    return float(max(g for g in grid if last(g) <= eta))


# %% single: the inputs start alike
def stop_gate(depth, eta=0.9):
    def last(g):
        c = 1.0
        for _ in range(depth):
            c = cosine_map(c, 1 - g)
        return c

    if last(1.0) <= eta:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(50):
        g = (low + high) / 2
        if last(g) > eta:
            high = g
        else:
            low = g
    return low


# %% single: the allowed cosine is 0.9, whatever is asked for
def stop_gate(depth, eta=0.9):
    eta = 0.9

    def last(g):
        c = 0.0
        for _ in range(depth):
            c = cosine_map(c, 1 - g)
        return c

    if last(1.0) <= eta:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(50):
        g = (low + high) / 2
        if last(g) > eta:
            high = g
        else:
            low = g
    return low


# %% single: starts from the cosine that is allowed
def stop_gate(depth, eta=0.9):
    def last(g):
        c = eta
        for _ in range(depth):
            c = cosine_map(c, 1 - g)
        return c

    if last(1.0) <= eta:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(50):
        g = (low + high) / 2
        if last(g) > eta:
            high = g
        else:
            low = g
    return low


# %% single: what is returned is the slope, not the gate
def stop_gate(depth, eta=0.9):
    def last(g):
        c = 0.0
        for _ in range(depth):
            c = cosine_map(c, 1 - g)
        return c

    if last(1.0) <= eta:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(50):
        g = (low + high) / 2
        if last(g) > eta:
            high = g
        else:
            low = g
    return 1 - low


# %% single: one layer only, and the gate divided by the depth
def stop_gate(depth, eta=0.9):
    def last(g):
        c = 0.0
        for _ in range(1):
            c = cosine_map(c, 1 - g)
        return c

    if last(1.0) <= eta:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(50):
        g = (low + high) / 2
        if last(g) > eta:
            high = g
        else:
            low = g
    return low / depth


# %% single: ends with the upper end after thirty halvings
def stop_gate(depth, eta=0.9):
    def last(g):
        c = 0.0
        for _ in range(depth):
            c = cosine_map(c, 1 - g)
        return c

    if last(1.0) <= eta:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(30):
        g = (low + high) / 2
        if last(g) > eta:
            high = g
        else:
            low = g
    return high


# %% single: stops when the cosine is near, not the gate
def stop_gate(depth, eta=0.9):
    def last(g):
        c = 0.0
        for _ in range(depth):
            c = cosine_map(c, 1 - g)
        return c

    if last(1.0) <= eta:
        return 1.0
    low, high = 0.0, 1.0
    while True:
        g = (low + high) / 2
        if abs(last(g) - eta) < 1e-6:
            return g
        if last(g) > eta:
            high = g
        else:
            low = g
    return low


# %% double: the slope is the gate, and one layer fewer
def stop_gate(depth, eta=0.9):
    def last(g):
        c = 0.0
        for _ in range(depth - 1):
            c = cosine_map(c, g)
        return c

    if last(1.0) <= eta:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(50):
        g = (low + high) / 2
        if last(g) > eta:
            high = g
        else:
            low = g
    return low


# %% right: recursion on the interval
def stop_gate(depth, eta=0.9):
    def too_wide(g, c=0.0, layers=depth):
        return c > eta if layers == 0 else too_wide(g, cosine_map(c, 1 - g), layers - 1)

    def search(low, high, left=45):
        middle = (low + high) / 2
        if left == 0:
            return middle
        return search(low, middle, left - 1) if too_wide(middle) else search(middle, high, left - 1)

    return search(0.0, 1.0) if too_wide(1.0) else 1.0


# %% right: bits of the gate, the largest first
def stop_gate(depth, eta=0.9):
    def fits(g):
        cosine = 0.0
        for layer in range(depth):
            cosine = cosine_map(cosine, 1.0 - g)
        return cosine <= eta

    g, bit = 0.0, 1.0
    while bit > 1e-13:
        if g + bit <= 1 and fits(g + bit):
            g += bit
        bit /= 2
    return g
