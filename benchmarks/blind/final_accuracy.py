"""Answers to `final_accuracy`, written from its notebook alone; each cell is one."""

import numpy as np


# %% single: the mean of shares is still there
def final_accuracy(network, x, labels, g_now, g_end, size=100):
    shares = []
    for start in range(0, len(x), size):
        rows = slice(start, start + size)
        logits = network(x[rows], g_end, False)
        shares.append(np.mean(logits.argmax(axis=-1) == labels[rows]))
    return float(np.mean(shares))


# %% single: the gate of this moment is still there
def final_accuracy(network, x, labels, g_now, g_end, size=100):
    right = 0
    for start in range(0, len(x), size):
        rows = slice(start, start + size)
        logits = network(x[rows], g_now, False)
        right += np.sum(logits.argmax(axis=-1) == labels[rows])
    return float(right / len(x))


# %% single: dropout is still on
def final_accuracy(network, x, labels, g_now, g_end, size=100):
    right = 0
    for start in range(0, len(x), size):
        rows = slice(start, start + size)
        logits = network(x[rows], g_end, True)
        right += np.sum(logits.argmax(axis=-1) == labels[rows])
    return float(right / len(x))


# %% single: the gate is fully open
def final_accuracy(network, x, labels, g_now, g_end, size=100):
    right = 0
    for start in range(0, len(x), size):
        rows = slice(start, start + size)
        logits = network(x[rows], 1.0, False)
        right += np.sum(logits.argmax(axis=-1) == labels[rows])
    return float(right / len(x))


# %% single: all rows at once, whatever size says
def final_accuracy(network, x, labels, g_now, g_end, size=100):
    logits = network(x, g_end, False)
    return float(np.mean(logits.argmax(axis=-1) == labels))


# %% single: the last batch is left out if it is not full
def final_accuracy(network, x, labels, g_now, g_end, size=100):
    right = 0
    for start in range(0, len(x) - size + 1, size):
        rows = slice(start, start + size)
        logits = network(x[rows], g_end, False)
        right += np.sum(logits.argmax(axis=-1) == labels[rows])
    return float(right / len(x))


# %% single: the error rate
def final_accuracy(network, x, labels, g_now, g_end, size=100):
    right = 0
    for start in range(0, len(x), size):
        rows = slice(start, start + size)
        logits = network(x[rows], g_end, False)
        right += np.sum(logits.argmax(axis=-1) == labels[rows])
    return float(1 - right / len(x))


# %% single: the number of right ones, not the share
def final_accuracy(network, x, labels, g_now, g_end, size=100):
    right = 0
    for start in range(0, len(x), size):
        rows = slice(start, start + size)
        logits = network(x[rows], g_end, False)
        right += np.sum(logits.argmax(axis=-1) == labels[rows])
    return float(right)


# %% single: divided by the rows of full batches
def final_accuracy(network, x, labels, g_now, g_end, size=100):
    right = 0
    for start in range(0, len(x), size):
        rows = slice(start, start + size)
        logits = network(x[rows], g_end, False)
        right += np.sum(logits.argmax(axis=-1) == labels[rows])
    return float(right / (size * -(-len(x) // size)))


# %% single: the gate is the larger of the two
def final_accuracy(network, x, labels, g_now, g_end, size=100):
    right = 0
    for start in range(0, len(x), size):
        rows = slice(start, start + size)
        logits = network(x[rows], max(g_now, g_end), False)
        right += np.sum(logits.argmax(axis=-1) == labels[rows])
    return float(right / len(x))


# %% single: the argmax over the batch
def final_accuracy(network, x, labels, g_now, g_end, size=100):
    right = 0
    for start in range(0, len(x), size):
        rows = slice(start, start + size)
        logits = network(x[rows], g_end, False)
        right += np.sum(logits.argmax(axis=0) == labels[rows])
    return float(right / len(x))


# %% double: dropout is still on, and the mean of shares
def final_accuracy(network, x, labels, g_now, g_end, size=100):
    shares = []
    for start in range(0, len(x), size):
        rows = slice(start, start + size)
        logits = network(x[rows], g_end, True)
        shares.append(np.mean(logits.argmax(axis=-1) == labels[rows]))
    return float(np.mean(shares))


# %% right: the guesses are collected first
def final_accuracy(network, x, labels, g_now, g_end, size=100):
    guesses = [
        np.argmax(network(x[k : k + size], g_end, False), axis=1) for k in range(0, len(x), size)
    ]
    return float(np.count_nonzero(np.concatenate(guesses) == labels) / len(labels))


# %% right: shares weighted by the rows of their batch
def final_accuracy(network, x, labels, g_now, g_end, size=100):
    shares, rows = [], []
    for k in range(0, len(x), size):
        logits = network(x[k : k + size], g_end, False)
        shares.append((logits.argmax(-1) == labels[k : k + size]).mean())
        rows.append(len(logits))
    return float(np.average(shares, weights=rows))
