"""Answers to `read_digits`, written from its notebook alone; each cell is one."""

import numpy as np


def rnn_forward(x, h_0, W_xh, W_hh, b_h):
    h, state = np.zeros((*x.shape[:2], len(W_hh))), h_0
    for t in range(x.shape[1]):
        state = np.tanh(x[:, t] @ W_xh + state @ W_hh + b_h)
        h[:, t] = state
    return h, (x, h_0, h, W_xh, W_hh)


# %% single: the brightest pixel of the batch is still 1
def read_digits(images, white, params, size=100):
    W_hh = params["W_hh"]
    logits = []
    for start in range(0, len(images), size):
        batch = images[start : start + size]
        x = batch / batch.max()
        h_0 = np.zeros((len(batch), len(W_hh)))
        h, _ = rnn_forward(x, h_0, params["W_xh"], W_hh, params["b_h"])
        logits.append(h[:, -1] @ params["W_hy"] + params["b_y"])
    return np.concatenate(logits)


# %% single: the state is still carried to the next batch
def read_digits(images, white, params, size=100):
    W_hh = params["W_hh"]
    h_t, logits = np.zeros((size, len(W_hh))), []
    for start in range(0, len(images), size):
        batch = images[start : start + size]
        x = batch / white
        h_0 = h_t[: len(batch)]
        h, _ = rnn_forward(x, h_0, params["W_xh"], W_hh, params["b_h"])
        h_t = h[:, -1]
        logits.append(h_t @ params["W_hy"] + params["b_y"])
    return np.concatenate(logits)


# %% single: each image is divided by its own brightest pixel
def read_digits(images, white, params, size=100):
    W_hh = params["W_hh"]
    logits = []
    for start in range(0, len(images), size):
        batch = images[start : start + size]
        x = batch / batch.max(axis=(1, 2), keepdims=True)
        h_0 = np.zeros((len(batch), len(W_hh)))
        h, _ = rnn_forward(x, h_0, params["W_xh"], W_hh, params["b_h"])
        logits.append(h[:, -1] @ params["W_hy"] + params["b_y"])
    return np.concatenate(logits)


# %% single: divided by the brightest pixel of all images
def read_digits(images, white, params, size=100):
    W_hh = params["W_hh"]
    logits = []
    brightest = images.max()
    for start in range(0, len(images), size):
        batch = images[start : start + size]
        x = batch / brightest
        h_0 = np.zeros((len(batch), len(W_hh)))
        h, _ = rnn_forward(x, h_0, params["W_xh"], W_hh, params["b_h"])
        logits.append(h[:, -1] @ params["W_hy"] + params["b_y"])
    return np.concatenate(logits)


# %% single: 255 stands in place of white
def read_digits(images, white, params, size=100):
    W_hh = params["W_hh"]
    logits = []
    for start in range(0, len(images), size):
        batch = images[start : start + size]
        x = batch / 255
        h_0 = np.zeros((len(batch), len(W_hh)))
        h, _ = rnn_forward(x, h_0, params["W_xh"], W_hh, params["b_h"])
        logits.append(h[:, -1] @ params["W_hy"] + params["b_y"])
    return np.concatenate(logits)


# %% single: the last batch is left out when it isn't full
def read_digits(images, white, params, size=100):
    W_hh = params["W_hh"]
    logits = []
    for start in range(0, len(images) - size + 1, size):
        batch = images[start : start + size]
        x = batch / white
        h_0 = np.zeros((len(batch), len(W_hh)))
        h, _ = rnn_forward(x, h_0, params["W_xh"], W_hh, params["b_h"])
        logits.append(h[:, -1] @ params["W_hy"] + params["b_y"])
    return np.concatenate(logits)


# %% single: all images are read at once, whatever size says
def read_digits(images, white, params, size=100):
    W_hh = params["W_hh"]
    h_0 = np.zeros((len(images), len(W_hh)))
    h, _ = rnn_forward(images / white, h_0, params["W_xh"], W_hh, params["b_h"])
    return h[:, -1] @ params["W_hy"] + params["b_y"]


# %% double: state carried as before, and 255 in place of white
def read_digits(images, white, params, size=100):
    W_hh = params["W_hh"]
    h_t, logits = np.zeros((size, len(W_hh))), []
    for start in range(0, len(images), size):
        batch = images[start : start + size]
        x = batch / 255
        h_0 = h_t[: len(batch)]
        h, _ = rnn_forward(x, h_0, params["W_xh"], W_hh, params["b_h"])
        h_t = h[:, -1]
        logits.append(h_t @ params["W_hy"] + params["b_y"])
    return np.concatenate(logits)


# %% right: the division goes into the weights
def read_digits(images, white, params, size=100):
    W_in, W_hh = params["W_xh"] / white, params["W_hh"]
    logits = np.empty((len(images), len(params["b_y"])))
    for start in range(0, len(images), size):
        batch = images[start : start + size]
        state = np.zeros((len(batch), len(W_hh)))
        for t in range(batch.shape[1]):
            state = np.tanh(batch[:, t] @ W_in + state @ W_hh + params["b_h"])
        logits[start : start + size] = state @ params["W_hy"] + params["b_y"]
    return logits


# %% right: a function of one batch, mapped over the pieces
def read_digits(images, white, params, size=100):
    def read(batch):
        nothing = np.zeros((len(batch), len(params["W_hh"])))
        h, _ = rnn_forward(batch / white, nothing, params["W_xh"], params["W_hh"], params["b_h"])
        return h[:, -1] @ params["W_hy"] + params["b_y"]

    borders = range(size, len(images), size)
    return np.concatenate([read(piece) for piece in np.split(images, borders)])
