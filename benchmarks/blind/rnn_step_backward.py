"""Answers to `rnn_step_backward`, written from its notebook alone; each cell is one."""

import numpy as np


# %% single: the derivative of tanh is taken at h_t, as if that were the sum
def rnn_step_backward(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    da_t = dh_t * (1 - np.tanh(h_t) ** 2)
    dx_t = da_t @ W_xh.T
    dh_prev = da_t @ W_hh.T
    dW_xh = x_t.T @ da_t
    dW_hh = h_prev.T @ da_t
    db_h = da_t.sum(axis=0)
    return dx_t, dh_prev, dW_xh, dW_hh, db_h


# %% single: the recurrent weights are not transposed on the way back
def rnn_step_backward(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    da_t = dh_t * (1 - h_t**2)
    dx_t = da_t @ W_xh.T
    dh_prev = da_t @ W_hh
    dW_xh = x_t.T @ da_t
    dW_hh = h_prev.T @ da_t
    db_h = da_t.sum(axis=0)
    return dx_t, dh_prev, dW_xh, dW_hh, db_h


# %% single: the mean over the batch for the bias
def rnn_step_backward(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    da_t = dh_t * (1 - h_t**2)
    dx_t = da_t @ W_xh.T
    dh_prev = da_t @ W_hh.T
    dW_xh = x_t.T @ da_t
    dW_hh = h_prev.T @ da_t
    db_h = da_t.mean(axis=0)
    return dx_t, dh_prev, dW_xh, dW_hh, db_h


# %% single: the weights' gradients are means over the batch
def rnn_step_backward(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    da_t = dh_t * (1 - h_t**2)
    dx_t = da_t @ W_xh.T
    dh_prev = da_t @ W_hh.T
    dW_xh = x_t.T @ da_t / len(x_t)
    dW_hh = h_prev.T @ da_t / len(x_t)
    db_h = da_t.mean(axis=0)
    return dx_t, dh_prev, dW_xh, dW_hh, db_h


# %% single: the slope of a sigmoid
def rnn_step_backward(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    da_t = dh_t * h_t * (1 - h_t)
    dx_t = da_t @ W_xh.T
    dh_prev = da_t @ W_hh.T
    dW_xh = x_t.T @ da_t
    dW_hh = h_prev.T @ da_t
    db_h = da_t.sum(axis=0)
    return dx_t, dh_prev, dW_xh, dW_hh, db_h


# %% single: the old state is left out of the slope: the new one stands in dW_hh
def rnn_step_backward(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    da_t = dh_t * (1 - h_t**2)
    dx_t = da_t @ W_xh.T
    dh_prev = da_t @ W_hh.T
    dW_xh = x_t.T @ da_t
    dW_hh = h_t.T @ da_t
    db_h = da_t.sum(axis=0)
    return dx_t, dh_prev, dW_xh, dW_hh, db_h


# %% single: dW_hh comes out transposed
def rnn_step_backward(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    da_t = dh_t * (1 - h_t**2)
    dx_t = da_t @ W_xh.T
    dh_prev = da_t @ W_hh.T
    dW_xh = x_t.T @ da_t
    dW_hh = da_t.T @ h_prev
    db_h = da_t.sum(axis=0)
    return dx_t, dh_prev, dW_xh, dW_hh, db_h


# %% single: the slope is forgotten for the old state only
def rnn_step_backward(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    da_t = dh_t * (1 - h_t**2)
    dx_t = da_t @ W_xh.T
    dh_prev = dh_t @ W_hh.T
    dW_xh = x_t.T @ da_t
    dW_hh = h_prev.T @ da_t
    db_h = da_t.sum(axis=0)
    return dx_t, dh_prev, dW_xh, dW_hh, db_h


# %% single: the bias gets the gradient of the state, without the slope
def rnn_step_backward(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    da_t = dh_t * (1 - h_t**2)
    dx_t = da_t @ W_xh.T
    dh_prev = da_t @ W_hh.T
    dW_xh = x_t.T @ da_t
    dW_hh = h_prev.T @ da_t
    db_h = dh_t.sum(axis=0)
    return dx_t, dh_prev, dW_xh, dW_hh, db_h


# %% double: no slope for the bias, and W_hh not transposed
def rnn_step_backward(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    da_t = dh_t * (1 - h_t**2)
    dx_t = da_t @ W_xh.T
    dh_prev = da_t @ W_hh
    dW_xh = x_t.T @ da_t
    dW_hh = h_prev.T @ da_t
    db_h = dh_t.sum(axis=0)
    return dx_t, dh_prev, dW_xh, dW_hh, db_h


# %% right: einsum throughout
def rnn_step_backward(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    delta = dh_t - dh_t * h_t * h_t
    back = lambda W: np.einsum("bn,mn->bm", delta, W)
    outer = lambda v: np.einsum("bi,bj->ij", v, delta)
    return back(W_xh), back(W_hh), outer(x_t), outer(h_prev), np.einsum("bn->n", delta)


# %% right: everything that came in side by side, the bias as one more input
def rnn_step_backward(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    m, n = W_xh.shape
    delta = dh_t * (1 - h_t) * (1 + h_t)
    inputs = np.hstack([x_t, h_prev, np.ones((len(x_t), 1), x_t.dtype)])
    grads = inputs.T @ delta
    both = delta @ np.vstack([W_xh, W_hh]).T
    return both[:, :m], both[:, m:], grads[:m], grads[m : m + n], grads[-1]
