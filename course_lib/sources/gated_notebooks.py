"""What two old notebooks say on gated cells: printed numbers, and slips in lines of our own.

One is a notebook of 2018 on a fast LSTM cell in TensorFlow's eager mode; the other is practical 4
of the Deep Learning Indaba 2017. The functions named `wrong_…` are wrong on purpose: a page of
the book asks what is wrong, and measures it.
"""

import numpy as np

# The notebook of 2018: 128 units, batches of 100, Adam at 0.01, all 60,000 training images.
UNITS, BATCH, LEARNING_RATE = 128, 100, 0.01
# After each of its two epochs, on the test images, which it calls validation.
ACCURACY = (0.9624, 0.9790)
SECONDS_AN_EPOCH = 102  # of its "fast" cell, in the first epoch
SECONDS_OF_BASIC_CELL = 59  # of the cell written by hand, which it calls slower

# The practical of 2017 says that its LSTM of 128 units reached this on MNIST.
PRACTICAL_ACCURACY = 0.988
L2 = 1e-3  # of its penalty
CLASSES = 10


def wrong_candidate(x_t, h_prev, W_x, W_h, b):
    """The candidate, its bracket closed as the practical has it."""
    return np.tanh(h_prev @ W_h) + x_t @ W_x + b


def right_candidate(x_t, h_prev, W_x, W_h, b):
    """The candidate, all of it inside the tanh."""
    return np.tanh(h_prev @ W_h + x_t @ W_x + b)


def wrong_stop(validation_loss):
    """Return (epoch, kept): when the practical stops, what it tests.

    Both count from 1. It stops as soon as an epoch's validation loss
    is no lower than that of the epoch before, and keeps the weights
    that it has then.
    """
    for epoch in range(1, len(validation_loss)):
        if validation_loss[epoch] >= validation_loss[epoch - 1]:
            return epoch + 1, epoch + 1
    return len(validation_loss), len(validation_loss)


def wrong_penalty(cell_kernels, readout_kernel, weight=L2):
    """Half the weight, times the squares of the readout alone."""
    return 0.5 * weight * np.sum(readout_kernel**2)


def wrong_readout(rng, n, c=CLASSES):
    """Draw the readout's weights, shape (n, c)."""
    return rng.normal(size=(n, c))
