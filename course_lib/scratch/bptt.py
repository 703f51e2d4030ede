"""Backpropagation through time: a step, a sequence, truncated; its Jacobians.

Source: Werbos, "Backpropagation through time: what it does and how to do it",
1990. Every function works for any batch size; float64 in gives float64 out,
and the arrays of one call share a dtype, whole numbers apart.
"""

import numpy as np

from course_lib.scratch.losses import (
    cross_entropy_from_logits,
    cross_entropy_gradient,
)
from course_lib.scratch.rnn import rnn_forward


def rnn_step_backward(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    """One step back through h_t = tanh(x_t W_xh + h_prev W_hh + b_h).

    Args:
        dh_t: gradient of the loss with respect to h_t, shape (batch, n).
        x_t: input of the step, shape (batch, m).
        h_prev: state before the step, shape (batch, n).
        h_t: state after the step, shape (batch, n).
        W_xh, W_hh: weights of the step, shapes (m, n) and (n, n).

    Returns:
        dx_t (batch, m), dh_prev (batch, n), and for the weights dW_xh (m, n),
        dW_hh (n, n), db_h (n,).
    """
    # IMPLEMENT-ME: each of the five results says how the loss changes with
    # what it is named after; all sequences of the batch share the weights
    da_t = dh_t * (1 - h_t**2)
    dx_t = da_t @ W_xh.T
    dh_prev = da_t @ W_hh.T
    dW_xh = x_t.T @ da_t
    dW_hh = h_prev.T @ da_t
    db_h = da_t.sum(axis=0)
    # END IMPLEMENT-ME
    return dx_t, dh_prev, dW_xh, dW_hh, db_h


def rnn_backward(dh, cache):
    """Backpropagation through time over a whole sequence.

    Args:
        dh: shape (batch, T, n); dh[:, t] is the gradient that reaches h_t from
            the output of its own step, not through later states.
        cache: the tuple (x, h_0, h, W_xh, W_hh) of `rnn_forward`.

    Returns:
        dx (batch, T, m), dh_0 (batch, n), and for the weights dW_xh (m, n),
        dW_hh (n, n), db_h (n,).
    """
    x, h_0, h, W_xh, W_hh = cache
    T = x.shape[1]
    dx = np.zeros_like(x, dtype=h.dtype)
    dW_xh, dW_hh = np.zeros_like(W_xh), np.zeros_like(W_hh)
    db_h = np.zeros(W_hh.shape[0], dtype=W_hh.dtype)
    # What comes back from step t + 1: nothing after the last step.
    dh_next = np.zeros_like(h[:, 0])
    # IMPLEMENT-ME: the gradients of the whole sequence; each state has got
    # credit for its own output and for everything that came after it
    for t in reversed(range(T)):
        h_prev = h[:, t - 1] if t > 0 else h_0
        dx[:, t], dh_next, dW_xh_t, dW_hh_t, db_h_t = rnn_step_backward(
            dh[:, t] + dh_next, x[:, t], h_prev, h[:, t], W_xh, W_hh
        )
        dW_xh += dW_xh_t
        dW_hh += dW_hh_t
        db_h += db_h_t
    # END IMPLEMENT-ME
    return dx, dh_next, dW_xh, dW_hh, db_h


def loss_and_gradients(params, x, labels, h_0):
    """Loss and gradient of an RNN that labels every step: forward, loss, BPTT.

    Args:
        params: dict with W_xh (m, n), W_hh (n, n), b_h (n,), W_hy (n, c) and
            b_y (c,).
        x: inputs, shape (batch, T, m).
        labels: right classes, integers of shape (batch, T).
        h_0: state before the first step, shape (batch, n).

    Returns:
        loss: mean cross-entropy over batch and time, in nats.
        grads: dict with the keys and shapes of `params`, the gradient of
            exactly that mean.
        h_last: the state after the last step, shape (batch, n).
    """
    h, cache = rnn_forward(
        x, h_0, params["W_xh"], params["W_hh"], params["b_h"]
    )
    logits = h @ params["W_hy"] + params["b_y"]
    dlogits = cross_entropy_gradient(logits, labels)
    _, _, dW_xh, dW_hh, db_h = rnn_backward(dlogits @ params["W_hy"].T, cache)
    grads = {
        "W_xh": dW_xh,
        "W_hh": dW_hh,
        "b_h": db_h,
        "W_hy": np.einsum("btn,btc->nc", h, dlogits),
        "b_y": dlogits.sum(axis=(0, 1)),
    }
    return cross_entropy_from_logits(logits, labels), grads, h[:, -1]


def truncated_bptt(params, x, labels, h_0, window):
    """Truncated BPTT: windows hand on the state, but no gradient.

    The loss is that of the whole sequence. Only the gradient is cut: what
    happens in one window gets no credit for the loss of a later one. One
    window needs memory for `window` steps only.

    Args:
        params: dict with W_xh (m, n), W_hh (n, n), b_h (n,), W_hy (n, c) and
            b_y (c,).
        x, labels: inputs (batch, T, m), and the right class of each step,
            integers of shape (batch, T).
        h_0: state before the first step, shape (batch, n).
        window: steps in a window, K; the last window is shorter if K does not
            divide T.

    Returns:
        loss: mean cross-entropy over batch and all T steps.
        grads: the truncated gradient of that loss, keys and shapes as in
            `params`.
        h_last: the state after step T, shape (batch, n).
    """
    T = x.shape[1]
    loss, h_last = 0.0, h_0
    grads = {name: np.zeros_like(w) for name, w in params.items()}
    # IMPLEMENT-ME: loss and h_last are those of the whole sequence, grads what
    # is left when no credit goes back over a border between two windows
    for start in range(0, T, window):
        steps = slice(start, start + window)
        share = x[:, steps].shape[1] / T
        window_loss, window_grads, h_last = loss_and_gradients(
            params, x[:, steps], labels[:, steps], h_last
        )
        loss += share * window_loss
        for name, gradient in window_grads.items():
            grads[name] += share * gradient
    # END IMPLEMENT-ME
    return loss, grads, h_last


def update_on_window(params, x, labels, h_0, rate):
    """One step of gradient descent, on one window of longer sequences.

    Args:
        params: dict with W_xh (m, n), W_hh (n, n), b_h (n,), W_hy (n, c) and
            b_y (c,); its arrays stay as they are.
        x, labels: inputs of the window (batch, K, m), and the right class of
            each step, integers of shape (batch, K).
        h_0: state before the window, shape (batch, n); no gradient goes there.
        rate: the learning rate, above 0.

    Returns:
        moved: weights with the keys and shapes of `params`. They differ
            from `params` by -rate times the gradient of the loss at `params`.
        loss: mean cross-entropy over batch and window, at `params`.
        h_last: the state after the window, at `params`, shape (batch, n).
    """
    loss, grads, h_last = loss_and_gradients(params, x, labels, h_0)
    moved = {name: w - rate * grads[name] for name, w in params.items()}
    return moved, loss, h_last


def state_jacobian(h, W_hh):
    """How the last state of a sequence depends on the one before its start.

    With J_t = ∂h_t/∂h_{t-1}, entry [j, i] = ∂h_t[j]/∂h_{t-1}[i], the result is
    J_T … J_2 J_1. Its singular values say how far BPTT stretches a gradient
    (Pascanu et al., 2013).

    Args:
        h: the states h_1 … h_T of one sequence, shape (T, n).
        W_hh: hidden-to-hidden weights, shape (n, n).

    Returns:
        ∂h_T/∂h_0, shape (n, n); row j is about unit j of h_T.
    """
    product = np.eye(W_hh.shape[0], dtype=W_hh.dtype)
    # IMPLEMENT-ME: product says how each unit of the last state moves with
    # each unit of the state before the first step
    for h_t in h:
        J_t = (1 - h_t**2)[:, None] * W_hh.T
        product = J_t @ product
    # END IMPLEMENT-ME
    return product
