"""Answers to `lstm_step`, written from its notebook alone; each cell is one."""

import numpy as np

from course_lib.scratch.gated import gate, sigmoid


# %% single: input and forget gate are swapped
def lstm_step(x_t, h_prev, c_prev, params):
    i = gate(x_t, h_prev, params["W_xi"], params["W_hi"], params["b_i"])
    f = gate(x_t, h_prev, params["W_xf"], params["W_hf"], params["b_f"])
    o = gate(x_t, h_prev, params["W_xo"], params["W_ho"], params["b_o"])
    candidate = np.tanh(x_t @ params["W_xc"] + h_prev @ params["W_hc"] + params["b_c"])
    c_t = i * c_prev + f * candidate
    h_t = o * np.tanh(c_t)
    cache = {
        "x_t": x_t,
        "h_prev": h_prev,
        "c_prev": c_prev,
        "i": i,
        "f": f,
        "o": o,
        "candidate": candidate,
        "c_t": c_t,
    }
    return h_t, c_t, cache


# %% single: the practical's reading: f is what is forgotten
def lstm_step(x_t, h_prev, c_prev, params):
    i = gate(x_t, h_prev, params["W_xi"], params["W_hi"], params["b_i"])
    f = gate(x_t, h_prev, params["W_xf"], params["W_hf"], params["b_f"])
    o = gate(x_t, h_prev, params["W_xo"], params["W_ho"], params["b_o"])
    candidate = np.tanh(x_t @ params["W_xc"] + h_prev @ params["W_hc"] + params["b_c"])
    c_t = (1 - f) * c_prev + i * candidate
    h_t = o * np.tanh(c_t)
    cache = {
        "x_t": x_t,
        "h_prev": h_prev,
        "c_prev": c_prev,
        "i": i,
        "f": f,
        "o": o,
        "candidate": candidate,
        "c_t": c_t,
    }
    return h_t, c_t, cache


# %% single: the memory is shown without a tanh
def lstm_step(x_t, h_prev, c_prev, params):
    i = gate(x_t, h_prev, params["W_xi"], params["W_hi"], params["b_i"])
    f = gate(x_t, h_prev, params["W_xf"], params["W_hf"], params["b_f"])
    o = gate(x_t, h_prev, params["W_xo"], params["W_ho"], params["b_o"])
    candidate = np.tanh(x_t @ params["W_xc"] + h_prev @ params["W_hc"] + params["b_c"])
    c_t = f * c_prev + i * candidate
    h_t = o * c_t
    cache = {
        "x_t": x_t,
        "h_prev": h_prev,
        "c_prev": c_prev,
        "i": i,
        "f": f,
        "o": o,
        "candidate": candidate,
        "c_t": c_t,
    }
    return h_t, c_t, cache


# %% single: one is added to the forget bias
def lstm_step(x_t, h_prev, c_prev, params):
    i = gate(x_t, h_prev, params["W_xi"], params["W_hi"], params["b_i"])
    f = gate(x_t, h_prev, params["W_xf"], params["W_hf"], params["b_f"] + 1)
    o = gate(x_t, h_prev, params["W_xo"], params["W_ho"], params["b_o"])
    candidate = np.tanh(x_t @ params["W_xc"] + h_prev @ params["W_hc"] + params["b_c"])
    c_t = f * c_prev + i * candidate
    h_t = o * np.tanh(c_t)
    cache = {
        "x_t": x_t,
        "h_prev": h_prev,
        "c_prev": c_prev,
        "i": i,
        "f": f,
        "o": o,
        "candidate": candidate,
        "c_t": c_t,
    }
    return h_t, c_t, cache


# %% single: the candidate is squashed by a sigmoid
def lstm_step(x_t, h_prev, c_prev, params):
    i = gate(x_t, h_prev, params["W_xi"], params["W_hi"], params["b_i"])
    f = gate(x_t, h_prev, params["W_xf"], params["W_hf"], params["b_f"])
    o = gate(x_t, h_prev, params["W_xo"], params["W_ho"], params["b_o"])
    candidate = sigmoid(x_t @ params["W_xc"] + h_prev @ params["W_hc"] + params["b_c"])
    c_t = f * c_prev + i * candidate
    h_t = o * np.tanh(c_t)
    cache = {
        "x_t": x_t,
        "h_prev": h_prev,
        "c_prev": c_prev,
        "i": i,
        "f": f,
        "o": o,
        "candidate": candidate,
        "c_t": c_t,
    }
    return h_t, c_t, cache


# %% single: coupled gates: what is not kept is added
def lstm_step(x_t, h_prev, c_prev, params):
    i = gate(x_t, h_prev, params["W_xi"], params["W_hi"], params["b_i"])
    f = gate(x_t, h_prev, params["W_xf"], params["W_hf"], params["b_f"])
    o = gate(x_t, h_prev, params["W_xo"], params["W_ho"], params["b_o"])
    candidate = np.tanh(x_t @ params["W_xc"] + h_prev @ params["W_hc"] + params["b_c"])
    c_t = f * c_prev + (1 - f) * candidate
    h_t = o * np.tanh(c_t)
    cache = {
        "x_t": x_t,
        "h_prev": h_prev,
        "c_prev": c_prev,
        "i": i,
        "f": f,
        "o": o,
        "candidate": candidate,
        "c_t": c_t,
    }
    return h_t, c_t, cache


# %% single: the output shows the old memory
def lstm_step(x_t, h_prev, c_prev, params):
    i = gate(x_t, h_prev, params["W_xi"], params["W_hi"], params["b_i"])
    f = gate(x_t, h_prev, params["W_xf"], params["W_hf"], params["b_f"])
    o = gate(x_t, h_prev, params["W_xo"], params["W_ho"], params["b_o"])
    candidate = np.tanh(x_t @ params["W_xc"] + h_prev @ params["W_hc"] + params["b_c"])
    c_t = f * c_prev + i * candidate
    h_t = o * np.tanh(c_prev)
    cache = {
        "x_t": x_t,
        "h_prev": h_prev,
        "c_prev": c_prev,
        "i": i,
        "f": f,
        "o": o,
        "candidate": candidate,
        "c_t": c_t,
    }
    return h_t, c_t, cache


# %% single: the input gate is forgotten
def lstm_step(x_t, h_prev, c_prev, params):
    i = gate(x_t, h_prev, params["W_xi"], params["W_hi"], params["b_i"])
    f = gate(x_t, h_prev, params["W_xf"], params["W_hf"], params["b_f"])
    o = gate(x_t, h_prev, params["W_xo"], params["W_ho"], params["b_o"])
    candidate = np.tanh(x_t @ params["W_xc"] + h_prev @ params["W_hc"] + params["b_c"])
    c_t = f * c_prev + candidate
    h_t = o * np.tanh(c_t)
    cache = {
        "x_t": x_t,
        "h_prev": h_prev,
        "c_prev": c_prev,
        "i": i,
        "f": f,
        "o": o,
        "candidate": candidate,
        "c_t": c_t,
    }
    return h_t, c_t, cache


# %% single: the output gate reads the memory, not the state
def lstm_step(x_t, h_prev, c_prev, params):
    i = gate(x_t, h_prev, params["W_xi"], params["W_hi"], params["b_i"])
    f = gate(x_t, h_prev, params["W_xf"], params["W_hf"], params["b_f"])
    o = gate(x_t, c_prev, params["W_xo"], params["W_ho"], params["b_o"])
    candidate = np.tanh(x_t @ params["W_xc"] + h_prev @ params["W_hc"] + params["b_c"])
    c_t = f * c_prev + i * candidate
    h_t = o * np.tanh(c_t)
    cache = {
        "x_t": x_t,
        "h_prev": h_prev,
        "c_prev": c_prev,
        "i": i,
        "f": f,
        "o": o,
        "candidate": candidate,
        "c_t": c_t,
    }
    return h_t, c_t, cache


# %% single: the cache keeps tanh of the memory
def lstm_step(x_t, h_prev, c_prev, params):
    i = gate(x_t, h_prev, params["W_xi"], params["W_hi"], params["b_i"])
    f = gate(x_t, h_prev, params["W_xf"], params["W_hf"], params["b_f"])
    o = gate(x_t, h_prev, params["W_xo"], params["W_ho"], params["b_o"])
    candidate = np.tanh(x_t @ params["W_xc"] + h_prev @ params["W_hc"] + params["b_c"])
    c_t = f * c_prev + i * candidate
    h_t = o * np.tanh(c_t)
    cache = {
        "x_t": x_t,
        "h_prev": h_prev,
        "c_prev": c_prev,
        "i": i,
        "f": f,
        "o": o,
        "candidate": candidate,
        "c_t": np.tanh(c_t),
    }
    return h_t, c_t, cache


# %% single: the cache keeps the new state
def lstm_step(x_t, h_prev, c_prev, params):
    i = gate(x_t, h_prev, params["W_xi"], params["W_hi"], params["b_i"])
    f = gate(x_t, h_prev, params["W_xf"], params["W_hf"], params["b_f"])
    o = gate(x_t, h_prev, params["W_xo"], params["W_ho"], params["b_o"])
    candidate = np.tanh(x_t @ params["W_xc"] + h_prev @ params["W_hc"] + params["b_c"])
    c_t = f * c_prev + i * candidate
    h_t = o * np.tanh(c_t)
    cache = {
        "x_t": x_t,
        "h_prev": h_t,
        "c_prev": c_prev,
        "i": i,
        "f": f,
        "o": o,
        "candidate": candidate,
        "c_t": c_t,
    }
    return h_t, c_t, cache


# %% single: the memory is written into the caller's array
def lstm_step(x_t, h_prev, c_prev, params):
    i = gate(x_t, h_prev, params["W_xi"], params["W_hi"], params["b_i"])
    f = gate(x_t, h_prev, params["W_xf"], params["W_hf"], params["b_f"])
    o = gate(x_t, h_prev, params["W_xo"], params["W_ho"], params["b_o"])
    candidate = np.tanh(x_t @ params["W_xc"] + h_prev @ params["W_hc"] + params["b_c"])
    c_prev *= f
    c_prev += i * candidate
    c_t = c_prev
    h_t = o * np.tanh(c_t)
    cache = {
        "x_t": x_t,
        "h_prev": h_prev,
        "c_prev": c_prev,
        "i": i,
        "f": f,
        "o": o,
        "candidate": candidate,
        "c_t": c_t,
    }
    return h_t, c_t, cache


# %% single: the candidate reads the memory, not the state
def lstm_step(x_t, h_prev, c_prev, params):
    i = gate(x_t, h_prev, params["W_xi"], params["W_hi"], params["b_i"])
    f = gate(x_t, h_prev, params["W_xf"], params["W_hf"], params["b_f"])
    o = gate(x_t, h_prev, params["W_xo"], params["W_ho"], params["b_o"])
    candidate = np.tanh(x_t @ params["W_xc"] + c_prev @ params["W_hc"] + params["b_c"])
    c_t = f * c_prev + i * candidate
    h_t = o * np.tanh(c_t)
    cache = {
        "x_t": x_t,
        "h_prev": h_prev,
        "c_prev": c_prev,
        "i": i,
        "f": f,
        "o": o,
        "candidate": candidate,
        "c_t": c_t,
    }
    return h_t, c_t, cache


# %% single: the state and the memory are returned in the other order
def lstm_step(x_t, h_prev, c_prev, params):
    i = gate(x_t, h_prev, params["W_xi"], params["W_hi"], params["b_i"])
    f = gate(x_t, h_prev, params["W_xf"], params["W_hf"], params["b_f"])
    o = gate(x_t, h_prev, params["W_xo"], params["W_ho"], params["b_o"])
    candidate = np.tanh(x_t @ params["W_xc"] + h_prev @ params["W_hc"] + params["b_c"])
    c_t = f * c_prev + i * candidate
    h_t = o * np.tanh(c_t)
    cache = {
        "x_t": x_t,
        "h_prev": h_prev,
        "c_prev": c_prev,
        "i": i,
        "f": f,
        "o": o,
        "candidate": candidate,
        "c_t": c_t,
    }
    return c_t, h_t, cache


# %% double: input and forget gate swapped, and no tanh on the memory
def lstm_step(x_t, h_prev, c_prev, params):
    i = gate(x_t, h_prev, params["W_xi"], params["W_hi"], params["b_i"])
    f = gate(x_t, h_prev, params["W_xf"], params["W_hf"], params["b_f"])
    o = gate(x_t, h_prev, params["W_xo"], params["W_ho"], params["b_o"])
    candidate = np.tanh(x_t @ params["W_xc"] + h_prev @ params["W_hc"] + params["b_c"])
    c_t = i * c_prev + f * candidate
    h_t = o * c_t
    cache = {
        "x_t": x_t,
        "h_prev": h_prev,
        "c_prev": c_prev,
        "i": i,
        "f": f,
        "o": o,
        "candidate": candidate,
        "c_t": c_t,
    }
    return h_t, c_t, cache


# %% right: four sums in one product, split
def lstm_step(x_t, h_prev, c_prev, params):
    W_x = np.concatenate([params["W_x" + g] for g in "ifoc"], axis=1)
    W_h = np.concatenate([params["W_h" + g] for g in "ifoc"], axis=1)
    b = np.concatenate([params["b_" + g] for g in "ifoc"])
    *gates, new = np.split(x_t @ W_x + h_prev @ W_h + b, 4, axis=1)
    i, f, o = (sigmoid(a) for a in gates)
    candidate = np.tanh(new)
    c_t = candidate * i + c_prev * f
    cache = dict(x_t=x_t, h_prev=h_prev, c_prev=c_prev, i=i, f=f, o=o, candidate=candidate, c_t=c_t)
    return np.tanh(c_t) * o, c_t, cache


# %% right: gates in a dict that becomes the cache
def lstm_step(x_t, h_prev, c_prev, params):
    cache = {"x_t": x_t, "h_prev": h_prev, "c_prev": c_prev}
    for g in "ifo":
        cache[g] = gate(x_t, h_prev, params[f"W_x{g}"], params[f"W_h{g}"], params[f"b_{g}"])
    a = np.einsum("bm,mn->bn", x_t, params["W_xc"]) + np.einsum("bk,kn->bn", h_prev, params["W_hc"])
    cache["candidate"] = np.tanh(a + params["b_c"])
    cache["c_t"] = cache["f"] * c_prev + cache["i"] * cache["candidate"]
    return cache["o"] * np.tanh(cache["c_t"]), cache["c_t"], cache
