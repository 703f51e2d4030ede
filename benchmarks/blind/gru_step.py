"""Answers to `gru_step`, written from its notebook alone; each cell is one."""

import numpy as np

from course_lib.scratch.gated import gate, sigmoid


# %% single: z is what is new, as in some papers
def gru_step(x_t, h_prev, params):
    r = gate(x_t, h_prev, params["W_xr"], params["W_hr"], params["b_r"])
    z = gate(x_t, h_prev, params["W_xz"], params["W_hz"], params["b_z"])
    heard = x_t @ params["W_xh"] + (r * h_prev) @ params["W_hh"] + params["b_h"]
    candidate = np.tanh(heard)
    h_t = (1 - z) * h_prev + z * candidate
    return h_t


# %% single: the reset comes after the product, as in cuDNN
def gru_step(x_t, h_prev, params):
    r = gate(x_t, h_prev, params["W_xr"], params["W_hr"], params["b_r"])
    z = gate(x_t, h_prev, params["W_xz"], params["W_hz"], params["b_z"])
    heard = x_t @ params["W_xh"] + r * (h_prev @ params["W_hh"]) + params["b_h"]
    candidate = np.tanh(heard)
    h_t = z * h_prev + (1 - z) * candidate
    return h_t


# %% single: the two gates are swapped
def gru_step(x_t, h_prev, params):
    r = gate(x_t, h_prev, params["W_xz"], params["W_hz"], params["b_z"])
    z = gate(x_t, h_prev, params["W_xr"], params["W_hr"], params["b_r"])
    heard = x_t @ params["W_xh"] + (r * h_prev) @ params["W_hh"] + params["b_h"]
    candidate = np.tanh(heard)
    h_t = z * h_prev + (1 - z) * candidate
    return h_t


# %% single: no reset
def gru_step(x_t, h_prev, params):
    r = gate(x_t, h_prev, params["W_xr"], params["W_hr"], params["b_r"])
    z = gate(x_t, h_prev, params["W_xz"], params["W_hz"], params["b_z"])
    heard = x_t @ params["W_xh"] + h_prev @ params["W_hh"] + params["b_h"]
    candidate = np.tanh(heard)
    h_t = z * h_prev + (1 - z) * candidate
    return h_t


# %% single: the candidate is squashed by a sigmoid
def gru_step(x_t, h_prev, params):
    r = gate(x_t, h_prev, params["W_xr"], params["W_hr"], params["b_r"])
    z = gate(x_t, h_prev, params["W_xz"], params["W_hz"], params["b_z"])
    heard = x_t @ params["W_xh"] + (r * h_prev) @ params["W_hh"] + params["b_h"]
    candidate = sigmoid(heard)
    h_t = z * h_prev + (1 - z) * candidate
    return h_t


# %% single: the candidate's bias is forgotten
def gru_step(x_t, h_prev, params):
    r = gate(x_t, h_prev, params["W_xr"], params["W_hr"], params["b_r"])
    z = gate(x_t, h_prev, params["W_xz"], params["W_hz"], params["b_z"])
    heard = x_t @ params["W_xh"] + (r * h_prev) @ params["W_hh"]
    candidate = np.tanh(heard)
    h_t = z * h_prev + (1 - z) * candidate
    return h_t


# %% single: the reset acts on all that the candidate hears
def gru_step(x_t, h_prev, params):
    r = gate(x_t, h_prev, params["W_xr"], params["W_hr"], params["b_r"])
    z = gate(x_t, h_prev, params["W_xz"], params["W_hz"], params["b_z"])
    heard = x_t @ params["W_xh"] + h_prev @ params["W_hh"] + params["b_h"]
    candidate = np.tanh(r * heard)
    h_t = z * h_prev + (1 - z) * candidate
    return h_t


# %% single: what is kept is the dampened state
def gru_step(x_t, h_prev, params):
    r = gate(x_t, h_prev, params["W_xr"], params["W_hr"], params["b_r"])
    z = gate(x_t, h_prev, params["W_xz"], params["W_hz"], params["b_z"])
    heard = x_t @ params["W_xh"] + (r * h_prev) @ params["W_hh"] + params["b_h"]
    candidate = np.tanh(heard)
    h_t = z * (r * h_prev) + (1 - z) * candidate
    return h_t


# %% single: the new part is not weighted
def gru_step(x_t, h_prev, params):
    r = gate(x_t, h_prev, params["W_xr"], params["W_hr"], params["b_r"])
    z = gate(x_t, h_prev, params["W_xz"], params["W_hz"], params["b_z"])
    heard = x_t @ params["W_xh"] + (r * h_prev) @ params["W_hh"] + params["b_h"]
    candidate = np.tanh(heard)
    h_t = z * h_prev + candidate
    return h_t


# %% single: gates without a bias
def gru_step(x_t, h_prev, params):
    r = gate(x_t, h_prev, params["W_xr"], params["W_hr"], 0)
    z = gate(x_t, h_prev, params["W_xz"], params["W_hz"], 0)
    heard = x_t @ params["W_xh"] + (r * h_prev) @ params["W_hh"] + params["b_h"]
    candidate = np.tanh(heard)
    h_t = z * h_prev + (1 - z) * candidate
    return h_t


# %% single: the update gate sees the dampened state
def gru_step(x_t, h_prev, params):
    r = gate(x_t, h_prev, params["W_xr"], params["W_hr"], params["b_r"])
    z = gate(x_t, r * h_prev, params["W_xz"], params["W_hz"], params["b_z"])
    heard = x_t @ params["W_xh"] + (r * h_prev) @ params["W_hh"] + params["b_h"]
    candidate = np.tanh(heard)
    h_t = z * h_prev + (1 - z) * candidate
    return h_t


# %% single: the new state is squashed once more
def gru_step(x_t, h_prev, params):
    r = gate(x_t, h_prev, params["W_xr"], params["W_hr"], params["b_r"])
    z = gate(x_t, h_prev, params["W_xz"], params["W_hz"], params["b_z"])
    heard = x_t @ params["W_xh"] + (r * h_prev) @ params["W_hh"] + params["b_h"]
    candidate = np.tanh(heard)
    h_t = np.tanh(z * h_prev + (1 - z) * candidate)
    return h_t


# %% double: no reset, and z the other way round
def gru_step(x_t, h_prev, params):
    r = gate(x_t, h_prev, params["W_xr"], params["W_hr"], params["b_r"])
    z = gate(x_t, h_prev, params["W_xz"], params["W_hz"], params["b_z"])
    heard = x_t @ params["W_xh"] + h_prev @ params["W_hh"] + params["b_h"]
    candidate = np.tanh(heard)
    h_t = (1 - z) * h_prev + z * candidate
    return h_t


# %% right: both gates in one product, and an interpolation
def gru_step(x_t, h_prev, params):
    p, n = params, h_prev.shape[1]
    W_x = np.hstack([p["W_xr"], p["W_xz"]])
    W_h = np.hstack([p["W_hr"], p["W_hz"]])
    gates = sigmoid(x_t @ W_x + h_prev @ W_h + np.hstack([p["b_r"], p["b_z"]]))
    r, z = gates[:, :n], gates[:, n:]
    new = np.tanh(x_t @ p["W_xh"] + np.einsum("bk,bk,kn->bn", r, h_prev, p["W_hh"]) + p["b_h"])
    return new + z * (h_prev - new)


# %% right: the sigmoid by a tanh, and a helper for a letter
def gru_step(x_t, h_prev, params):
    def hears(letter, state):
        W_x, W_h, b = (params[name + letter] for name in ("W_x", "W_h", "b_"))
        return x_t @ W_x + state @ W_h + b

    open_ = {letter: 0.5 + 0.5 * np.tanh(hears(letter, h_prev) / 2) for letter in "rz"}
    kept = open_["z"]
    return kept * h_prev + (1 - kept) * np.tanh(hears("h", open_["r"] * h_prev))
