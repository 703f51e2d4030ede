"""What is handed in for a project: from trained arrays and inputs to outputs.

Built from the functions of the exercises.
"""

import numpy as np

from course_lib.scratch.rnn import rnn_forward


def predict_rows(weights, x):
    """Read digits row by row with a vanilla RNN; the last state says which.

    Args:
        weights: the arrays of rows.npz: W_xh (28, n), W_hh (n, n), b_h (n,),
            W_hy (n, 10) and b_y (10,).
        x: images, shape (batch, 28, 28), from 0 to 1; step t reads row t.

    Returns:
        logits: shape (batch, 10); the largest is the digit.
    """
    # IMPLEMENT-ME: the logits after the last row, from a state that starts at
    # zero
    h_0 = np.zeros((len(x), len(weights["W_hh"])), dtype=x.dtype)
    h, _ = rnn_forward(
        x, h_0, weights["W_xh"], weights["W_hh"], weights["b_h"]
    )
    logits = h[:, -1] @ weights["W_hy"] + weights["b_y"]
    # END IMPLEMENT-ME
    return logits


def predict_remember(weights, x):
    """Add the two marked numbers of a long row with a vanilla RNN.

    Args:
        weights: the arrays of remember.npz: W_xh (2, n), W_hh (n, n),
            b_h (n,), W_hy (n, 1) and b_y (1,).
        x: rows, shape (batch, T, 2): numbers from 0 to 1, and beside each a
            mark, 1 at two steps and 0 elsewhere. T is another one at every
            call.

    Returns:
        sums: shape (batch, 1), the sum of the two marked numbers of each row.
    """
    # IMPLEMENT-ME: the readout of the state after the last step
    h_0 = np.zeros((len(x), len(weights["W_hh"])), dtype=x.dtype)
    h, _ = rnn_forward(
        x, h_0, weights["W_xh"], weights["W_hh"], weights["b_h"]
    )
    sums = h[:, -1] @ weights["W_hy"] + weights["b_y"]
    # END IMPLEMENT-ME
    return sums
