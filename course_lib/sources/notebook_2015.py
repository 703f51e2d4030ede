"""Results of the notebook behind chapter 4, and its lines that went wrong, rebuilt.

A. Zhang's GradNets notebook of December 2015 (ZhangBanger/highway-vs-gradnet): 50 layers of 50
units on MNIST, a gate that opens over 10 epochs of 1100 steps, and a NaN before step 4600.
"""

import numpy as np

# step: test accuracy, at the gate of that step
TEST_ACCURACY = {0: 0.0945, 100: 0.8853, 200: 0.9058, 300: 0.9093, 400: 0.9158, 500: 0.9077}
BEST_STEP, BEST_ACCURACY = 3_000, 0.9506
LAST_STEP, LAST_ACCURACY = 4_500, 0.9284  # it printed every 100 steps; the next one never came

HIGHWAY_BEST = 0.9656  # test accuracy, of the same author's notebook on highway layers

# step: what the log calls the gradient's norm
GRADIENT_NORMS = {
    0: 0.0,
    100: -8.33214e-05,
    200: -1.93185e-05,
    300: -0.000155139,
    400: 0.00018907,
    500: -0.000708206,
    600: 0.000203154,
    700: -0.000361135,
    800: 0.000576911,
    900: 0.00152448,
}


def wrong_loss(p, y):
    """As it was: p are probabilities, y is one-hot, both (batch, c)."""
    return -np.sum(y * np.log(p))


def patched_loss(p, y):
    """The loss after its repair."""
    return -np.mean(np.sum(y * np.log(p + 1e-9), axis=1))
