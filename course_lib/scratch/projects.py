"""What is handed in for a project: from trained arrays and inputs to outputs.

Built from the functions of the exercises.
"""

import numpy as np

from course_lib.scratch.diagonal import last_state
from course_lib.scratch.gated import gru_step
from course_lib.scratch.gradnets import grelu
from course_lib.scratch.kernl import trace_step, weight_gradient
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
            mark, 1 at two steps and 0 elsewhere. T differs from call to
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


def predict_few_labels(weights, x):
    """Read digits with a recurrent network that has learned from few labels.

    Args:
        weights: the arrays of few_labels.npz, whatever your network needs.
        x: images, shape (batch, 28, 28), from 0 to 1.

    Returns:
        logits: shape (batch, 10); the largest is the digit.
    """
    # IMPLEMENT-ME: the logits of your network, for whatever it reads at a step
    pixels = len(weights["W_xh"])
    steps = x.reshape(len(x), -1, pixels)
    h_t = np.zeros((len(x), len(weights["W_hh"])), dtype=x.dtype)
    for t in range(steps.shape[1]):
        h_t = gru_step(steps[:, t], h_t, weights)
    logits = h_t @ weights["W_hy"] + weights["b_y"]
    # END IMPLEMENT-ME
    return logits


def predict_depth(weights, x):
    """Read digits with a hundred layers, one on top of the other.

    Args:
        weights: the arrays of depth.npz: W_in (784, n) of the first layer, W
            (99, n, n) of the others, b (100, n) of all, W_hy (n, 10) and b_y
            (10,) of the readout, and g (), the late gate of every `grelu`.
        x: images, shape (batch, 28, 28), from 0 to 1.

    Returns:
        logits: shape (batch, 10); the largest is the digit.
    """
    # IMPLEMENT-ME: the readout of what a hundred layers make of each image
    h = x.reshape(len(x), -1)
    h = grelu(h @ weights["W_in"] + weights["b"][0], weights["g"])
    for W, b in zip(weights["W"], weights["b"][1:], strict=True):
        h = grelu(h @ W + b, weights["g"])
    logits = h @ weights["W_hy"] + weights["b_y"]
    # END IMPLEMENT-ME
    return logits


def predict_no_tape(weights, x):
    """Read one character, learn from it, and predict the next; keep no tape.

    It is called step by step: what it returns as weights is what it is given
    at the next step, and nothing else is kept.

    Args:
        weights: at the first step the arrays of no_tape.npz; later what the
            step before returned.
        x: the characters of this step, one-hot, shape (batch, 3). They are
            what the step before had to predict.

    Returns:
        logits: of the next characters, shape (batch, 3).
        weights: a dict of arrays, all that the next step needs: what was
            learned, and the state.
    """
    # IMPLEMENT-ME: what this step teaches about the last prediction, then the
    # new state and the prediction from it
    w = dict(weights)
    batch, n = len(x), len(w["gamma"])
    if "h" not in w:  # the first step
        w["h"] = np.zeros((batch, n))
        w["E"] = np.zeros((batch, 3 + n + 1, n))
        w["logits"] = np.zeros((batch, 3))
        w["steps"] = np.zeros(())
    # The error of the last prediction, and the gradients by the traces.
    p = np.exp(w["logits"] - w["logits"].max(axis=1, keepdims=True))
    dlogits = (p / p.sum(axis=1, keepdims=True) - x) / batch
    feedback = np.eye(n)  # every unit answers for its own error alone
    grads = {
        "W": weight_gradient(dlogits @ w["W_hy"].T, feedback, w["E"]),
        "W_hy": w["h"].T @ dlogits,
        "b_y": dlogits.sum(axis=0),
    }
    # Adam, with its two memories of each gradient in the same dict.
    w["steps"] = w["steps"] + 1
    rate = w["rate"] / (1 + w["steps"] / 1_000)
    for name, gradient in grads.items():
        mean = 0.9 * w.get(f"mean {name}", 0) + 0.1 * gradient
        square = 0.999 * w.get(f"square {name}", 0) + 0.001 * gradient**2
        w[f"mean {name}"], w[f"square {name}"] = mean, square
        mean = mean / (1 - 0.9 ** w["steps"])
        square = square / (1 - 0.999 ** w["steps"])
        w[name] = w[name] - rate * mean / (np.sqrt(square) + 1e-8)
    # A leaky step, its traces, and what it predicts.
    leak = 1 - np.exp(-w["gamma"])
    v_t = np.concatenate([x, w["h"], np.ones((batch, 1))], axis=1)
    squashed = np.tanh(v_t @ w["W"])
    w["h"] = (1 - leak) * w["h"] + leak * squashed
    w["E"] = trace_step(w["E"], v_t, leak * (1 - squashed**2), w["gamma"])
    w["logits"] = w["h"] @ w["W_hy"] + w["b_y"]
    logits, weights = w["logits"], w
    # END IMPLEMENT-ME
    return logits, weights


def predict_pixels(weights, x):
    """Read digits pixel by pixel with units that fade and turn.

    At each step a unit reads one pixel, row after row: z_t = lam z_{t-1} +
    exp(gamma_log) x_t, with lam = exp(-exp(nu_log) + i exp(theta_log)). Real
    and imaginary parts of the last state, side by side, are shifted and scaled
    to mean 0 and variance 1 in each image (0.001 is added to the variance),
    and go through one hidden layer of ReLUs.

    Args:
        weights: the arrays of pixels.npz: nu_log, theta_log, gamma_log (n,);
            of the hidden layer W_re and W_im (n, k), for the two parts of the
            state, and b_h (k,); of the readout W_hy (k, 10) and b_y (10,).
        x: images, shape (batch, 28, 28), from 0 to 1.

    Returns:
        logits: shape (batch, 10); the largest is the digit.
    """
    # IMPLEMENT-ME: what the layers make of the state after the last pixel; it
    # is zero before the first
    w = {name: array.astype(float) for name, array in weights.items()}
    lam = np.exp(-np.exp(w["nu_log"]) + 1j * np.exp(w["theta_log"]))
    pixels = x.reshape(len(x), -1, 1)
    z = last_state(pixels, lam, np.zeros((len(x), len(lam)), complex))
    z = np.exp(w["gamma_log"]) * z
    parts = np.concatenate([z.real, z.imag], axis=1)
    parts = parts - parts.mean(axis=1, keepdims=True)
    parts = parts / np.sqrt(parts.var(axis=1, keepdims=True) + 0.001)
    W = np.concatenate([w["W_re"], w["W_im"]])
    hidden = np.maximum(parts @ W + w["b_h"], 0)
    logits = hidden @ w["W_hy"] + w["b_y"]
    # END IMPLEMENT-ME
    return logits
