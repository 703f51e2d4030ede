"""Answers to `fresh_cells`, written from its notebook alone; each cell is one."""

import copy

import numpy as np

from course_lib.scratch.gated import init_lstm_params


# %% single: copies of one layer, with the same numbers
def fresh_cells(m, n, layers, seed=0):
    cell = init_lstm_params(m, n, seed)
    return [copy.deepcopy(cell) for _ in range(layers)]


# %% single: each layer is drawn, but with the same seed
def fresh_cells(m, n, layers, seed=0):
    return [init_lstm_params(m if k == 0 else n, n, seed) for k in range(layers)]


# %% single: every layer reads m inputs
def fresh_cells(m, n, layers, seed=0):
    return [init_lstm_params(m, n, seed + k) for k in range(layers)]


# %% single: the seed has no effect
def fresh_cells(m, n, layers, seed=0):
    return [init_lstm_params(m if k == 0 else n, n, k) for k in range(layers)]


# %% single: seeds from the clock, so that no two calls agree
def fresh_cells(m, n, layers, seed=0):
    rng = np.random.default_rng()
    return [init_lstm_params(n if k else m, n, int(rng.integers(1 << 30))) for k in range(layers)]


# %% single: one layer too many
def fresh_cells(m, n, layers, seed=0):
    cells = [init_lstm_params(m, n, seed)]
    for k in range(layers):
        cells.append(init_lstm_params(n, n, seed + k + 1))
    return cells


# %% single: a later layer reads inputs and states together
def fresh_cells(m, n, layers, seed=0):
    return [init_lstm_params(m if k == 0 else m + n, n, seed + k) for k in range(layers)]


# %% single: the layers above the second are one dict
def fresh_cells(m, n, layers, seed=0):
    first = init_lstm_params(m, n, seed)
    later = init_lstm_params(n, n, seed + 1)
    return [first] + [later] * (layers - 1)


# %% single: seeds times the number of the layer: seed 0 gives equal layers
def fresh_cells(m, n, layers, seed=0):
    return [init_lstm_params(m if k == 0 else n, n, seed * (k + 1)) for k in range(layers)]


# %% double: shallow copies, all with m inputs
def fresh_cells(m, n, layers, seed=0):
    cell = init_lstm_params(m, n, seed)
    return [dict(cell) for _ in range(layers)]


# %% right: seeds spawned from one SeedSequence
def fresh_cells(m, n, layers, seed=0):
    seeds = np.random.SeedSequence(seed).generate_state(layers)
    widths = [m] + [n] * (layers - 1)
    return [init_lstm_params(width, n, int(one)) for width, one in zip(widths, seeds)]


# %% right: a loop that carries the width
def fresh_cells(m, n, layers, seed=0):
    cells, reads = [], m
    while len(cells) < layers:
        cells.append(init_lstm_params(reads, n, seed=seed + 1000 * len(cells)))
        reads = n
    return cells
