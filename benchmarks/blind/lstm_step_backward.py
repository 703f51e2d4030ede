"""Answers to `lstm_step_backward`, written from its notebook alone; each cell is one."""

import numpy as np


# %% single: only the path through the next memory
def lstm_step_backward(dh_t, dc_t, cache, params):
    i, f, o = cache["i"], cache["f"], cache["o"]
    candidate = cache["candidate"]
    tanh_c = np.tanh(cache["c_t"])
    dc = dc_t
    da = {
        "i": dc * candidate * i * (1 - i),
        "f": dc * cache["c_prev"] * f * (1 - f),
        "o": dh_t * tanh_c * o * (1 - o),
        "c": dc * i * (1 - candidate**2),
    }
    dc_prev = dc * f
    dx_t = sum(da[g] @ params[f"W_x{g}"].T for g in "ifoc")
    dh_prev = sum(da[g] @ params[f"W_h{g}"].T for g in "ifoc")
    grads = {}
    for g in "ifoc":
        grads[f"W_x{g}"] = cache["x_t"].T @ da[g]
        grads[f"W_h{g}"] = cache["h_prev"].T @ da[g]
        grads[f"b_{g}"] = da[g].sum(axis=0)
    return dx_t, dh_prev, dc_prev, grads


# %% single: only the path through the state
def lstm_step_backward(dh_t, dc_t, cache, params):
    i, f, o = cache["i"], cache["f"], cache["o"]
    candidate = cache["candidate"]
    tanh_c = np.tanh(cache["c_t"])
    dc = dh_t * o * (1 - tanh_c**2)
    da = {
        "i": dc * candidate * i * (1 - i),
        "f": dc * cache["c_prev"] * f * (1 - f),
        "o": dh_t * tanh_c * o * (1 - o),
        "c": dc * i * (1 - candidate**2),
    }
    dc_prev = dc * f
    dx_t = sum(da[g] @ params[f"W_x{g}"].T for g in "ifoc")
    dh_prev = sum(da[g] @ params[f"W_h{g}"].T for g in "ifoc")
    grads = {}
    for g in "ifoc":
        grads[f"W_x{g}"] = cache["x_t"].T @ da[g]
        grads[f"W_h{g}"] = cache["h_prev"].T @ da[g]
        grads[f"b_{g}"] = da[g].sum(axis=0)
    return dx_t, dh_prev, dc_prev, grads


# %% single: no slope of the tanh that shows the memory
def lstm_step_backward(dh_t, dc_t, cache, params):
    i, f, o = cache["i"], cache["f"], cache["o"]
    candidate = cache["candidate"]
    tanh_c = np.tanh(cache["c_t"])
    dc = dc_t + dh_t * o
    da = {
        "i": dc * candidate * i * (1 - i),
        "f": dc * cache["c_prev"] * f * (1 - f),
        "o": dh_t * tanh_c * o * (1 - o),
        "c": dc * i * (1 - candidate**2),
    }
    dc_prev = dc * f
    dx_t = sum(da[g] @ params[f"W_x{g}"].T for g in "ifoc")
    dh_prev = sum(da[g] @ params[f"W_h{g}"].T for g in "ifoc")
    grads = {}
    for g in "ifoc":
        grads[f"W_x{g}"] = cache["x_t"].T @ da[g]
        grads[f"W_h{g}"] = cache["h_prev"].T @ da[g]
        grads[f"b_{g}"] = da[g].sum(axis=0)
    return dx_t, dh_prev, dc_prev, grads


# %% single: the output gate gets the memory without its tanh
def lstm_step_backward(dh_t, dc_t, cache, params):
    i, f, o = cache["i"], cache["f"], cache["o"]
    candidate = cache["candidate"]
    tanh_c = np.tanh(cache["c_t"])
    dc = dc_t + dh_t * o * (1 - tanh_c**2)
    da = {
        "i": dc * candidate * i * (1 - i),
        "f": dc * cache["c_prev"] * f * (1 - f),
        "o": dh_t * cache["c_t"] * o * (1 - o),
        "c": dc * i * (1 - candidate**2),
    }
    dc_prev = dc * f
    dx_t = sum(da[g] @ params[f"W_x{g}"].T for g in "ifoc")
    dh_prev = sum(da[g] @ params[f"W_h{g}"].T for g in "ifoc")
    grads = {}
    for g in "ifoc":
        grads[f"W_x{g}"] = cache["x_t"].T @ da[g]
        grads[f"W_h{g}"] = cache["h_prev"].T @ da[g]
        grads[f"b_{g}"] = da[g].sum(axis=0)
    return dx_t, dh_prev, dc_prev, grads


# %% single: the gradient of the memory before is only what came from the next
def lstm_step_backward(dh_t, dc_t, cache, params):
    i, f, o = cache["i"], cache["f"], cache["o"]
    candidate = cache["candidate"]
    tanh_c = np.tanh(cache["c_t"])
    dc = dc_t + dh_t * o * (1 - tanh_c**2)
    da = {
        "i": dc * candidate * i * (1 - i),
        "f": dc * cache["c_prev"] * f * (1 - f),
        "o": dh_t * tanh_c * o * (1 - o),
        "c": dc * i * (1 - candidate**2),
    }
    dc_prev = dc_t * f
    dx_t = sum(da[g] @ params[f"W_x{g}"].T for g in "ifoc")
    dh_prev = sum(da[g] @ params[f"W_h{g}"].T for g in "ifoc")
    grads = {}
    for g in "ifoc":
        grads[f"W_x{g}"] = cache["x_t"].T @ da[g]
        grads[f"W_h{g}"] = cache["h_prev"].T @ da[g]
        grads[f"b_{g}"] = da[g].sum(axis=0)
    return dx_t, dh_prev, dc_prev, grads


# %% single: the forget gate gets the new memory
def lstm_step_backward(dh_t, dc_t, cache, params):
    i, f, o = cache["i"], cache["f"], cache["o"]
    candidate = cache["candidate"]
    tanh_c = np.tanh(cache["c_t"])
    dc = dc_t + dh_t * o * (1 - tanh_c**2)
    da = {
        "i": dc * candidate * i * (1 - i),
        "f": dc * cache["c_t"] * f * (1 - f),
        "o": dh_t * tanh_c * o * (1 - o),
        "c": dc * i * (1 - candidate**2),
    }
    dc_prev = dc * f
    dx_t = sum(da[g] @ params[f"W_x{g}"].T for g in "ifoc")
    dh_prev = sum(da[g] @ params[f"W_h{g}"].T for g in "ifoc")
    grads = {}
    for g in "ifoc":
        grads[f"W_x{g}"] = cache["x_t"].T @ da[g]
        grads[f"W_h{g}"] = cache["h_prev"].T @ da[g]
        grads[f"b_{g}"] = da[g].sum(axis=0)
    return dx_t, dh_prev, dc_prev, grads


# %% single: the slope of a sigmoid for the candidate
def lstm_step_backward(dh_t, dc_t, cache, params):
    i, f, o = cache["i"], cache["f"], cache["o"]
    candidate = cache["candidate"]
    tanh_c = np.tanh(cache["c_t"])
    dc = dc_t + dh_t * o * (1 - tanh_c**2)
    da = {
        "i": dc * candidate * i * (1 - i),
        "f": dc * cache["c_prev"] * f * (1 - f),
        "o": dh_t * tanh_c * o * (1 - o),
        "c": dc * i * candidate * (1 - candidate),
    }
    dc_prev = dc * f
    dx_t = sum(da[g] @ params[f"W_x{g}"].T for g in "ifoc")
    dh_prev = sum(da[g] @ params[f"W_h{g}"].T for g in "ifoc")
    grads = {}
    for g in "ifoc":
        grads[f"W_x{g}"] = cache["x_t"].T @ da[g]
        grads[f"W_h{g}"] = cache["h_prev"].T @ da[g]
        grads[f"b_{g}"] = da[g].sum(axis=0)
    return dx_t, dh_prev, dc_prev, grads


# %% single: input gate and candidate get each the other's slope
def lstm_step_backward(dh_t, dc_t, cache, params):
    i, f, o = cache["i"], cache["f"], cache["o"]
    candidate = cache["candidate"]
    tanh_c = np.tanh(cache["c_t"])
    dc = dc_t + dh_t * o * (1 - tanh_c**2)
    da = {
        "i": dc * candidate * (1 - candidate**2),
        "f": dc * cache["c_prev"] * f * (1 - f),
        "o": dh_t * tanh_c * o * (1 - o),
        "c": dc * i * i * (1 - i),
    }
    dc_prev = dc * f
    dx_t = sum(da[g] @ params[f"W_x{g}"].T for g in "ifoc")
    dh_prev = sum(da[g] @ params[f"W_h{g}"].T for g in "ifoc")
    grads = {}
    for g in "ifoc":
        grads[f"W_x{g}"] = cache["x_t"].T @ da[g]
        grads[f"W_h{g}"] = cache["h_prev"].T @ da[g]
        grads[f"b_{g}"] = da[g].sum(axis=0)
    return dx_t, dh_prev, dc_prev, grads


# %% single: the output gate is forgotten on the way to the memory
def lstm_step_backward(dh_t, dc_t, cache, params):
    i, f, o = cache["i"], cache["f"], cache["o"]
    candidate = cache["candidate"]
    tanh_c = np.tanh(cache["c_t"])
    dc = dc_t + dh_t * (1 - tanh_c**2)
    da = {
        "i": dc * candidate * i * (1 - i),
        "f": dc * cache["c_prev"] * f * (1 - f),
        "o": dh_t * tanh_c * o * (1 - o),
        "c": dc * i * (1 - candidate**2),
    }
    dc_prev = dc * f
    dx_t = sum(da[g] @ params[f"W_x{g}"].T for g in "ifoc")
    dh_prev = sum(da[g] @ params[f"W_h{g}"].T for g in "ifoc")
    grads = {}
    for g in "ifoc":
        grads[f"W_x{g}"] = cache["x_t"].T @ da[g]
        grads[f"W_h{g}"] = cache["h_prev"].T @ da[g]
        grads[f"b_{g}"] = da[g].sum(axis=0)
    return dx_t, dh_prev, dc_prev, grads


# %% single: the slope at the memory is that of tanh(tanh(c))
def lstm_step_backward(dh_t, dc_t, cache, params):
    i, f, o = cache["i"], cache["f"], cache["o"]
    candidate = cache["candidate"]
    tanh_c = np.tanh(np.tanh(cache["c_t"]))
    dc = dc_t + dh_t * o * (1 - tanh_c**2)
    da = {
        "i": dc * candidate * i * (1 - i),
        "f": dc * cache["c_prev"] * f * (1 - f),
        "o": dh_t * tanh_c * o * (1 - o),
        "c": dc * i * (1 - candidate**2),
    }
    dc_prev = dc * f
    dx_t = sum(da[g] @ params[f"W_x{g}"].T for g in "ifoc")
    dh_prev = sum(da[g] @ params[f"W_h{g}"].T for g in "ifoc")
    grads = {}
    for g in "ifoc":
        grads[f"W_x{g}"] = cache["x_t"].T @ da[g]
        grads[f"W_h{g}"] = cache["h_prev"].T @ da[g]
        grads[f"b_{g}"] = da[g].sum(axis=0)
    return dx_t, dh_prev, dc_prev, grads


# %% single: the memory before gets the input gate's share
def lstm_step_backward(dh_t, dc_t, cache, params):
    i, f, o = cache["i"], cache["f"], cache["o"]
    candidate = cache["candidate"]
    tanh_c = np.tanh(cache["c_t"])
    dc = dc_t + dh_t * o * (1 - tanh_c**2)
    da = {
        "i": dc * candidate * i * (1 - i),
        "f": dc * cache["c_prev"] * f * (1 - f),
        "o": dh_t * tanh_c * o * (1 - o),
        "c": dc * i * (1 - candidate**2),
    }
    dc_prev = dc * i
    dx_t = sum(da[g] @ params[f"W_x{g}"].T for g in "ifoc")
    dh_prev = sum(da[g] @ params[f"W_h{g}"].T for g in "ifoc")
    grads = {}
    for g in "ifoc":
        grads[f"W_x{g}"] = cache["x_t"].T @ da[g]
        grads[f"W_h{g}"] = cache["h_prev"].T @ da[g]
        grads[f"b_{g}"] = da[g].sum(axis=0)
    return dx_t, dh_prev, dc_prev, grads


# %% single: the output gate gets the gradient of the memory
def lstm_step_backward(dh_t, dc_t, cache, params):
    i, f, o = cache["i"], cache["f"], cache["o"]
    candidate = cache["candidate"]
    tanh_c = np.tanh(cache["c_t"])
    dc = dc_t + dh_t * o * (1 - tanh_c**2)
    da = {
        "i": dc * candidate * i * (1 - i),
        "f": dc * cache["c_prev"] * f * (1 - f),
        "o": dc * tanh_c * o * (1 - o),
        "c": dc * i * (1 - candidate**2),
    }
    dc_prev = dc * f
    dx_t = sum(da[g] @ params[f"W_x{g}"].T for g in "ifoc")
    dh_prev = sum(da[g] @ params[f"W_h{g}"].T for g in "ifoc")
    grads = {}
    for g in "ifoc":
        grads[f"W_x{g}"] = cache["x_t"].T @ da[g]
        grads[f"W_h{g}"] = cache["h_prev"].T @ da[g]
        grads[f"b_{g}"] = da[g].sum(axis=0)
    return dx_t, dh_prev, dc_prev, grads


# %% single: no slope for the gates
def lstm_step_backward(dh_t, dc_t, cache, params):
    i, f, o = cache["i"], cache["f"], cache["o"]
    candidate = cache["candidate"]
    tanh_c = np.tanh(cache["c_t"])
    dc = dc_t + dh_t * o * (1 - tanh_c**2)
    da = {
        "i": dc * candidate,
        "f": dc * cache["c_prev"],
        "o": dh_t * tanh_c,
        "c": dc * i * (1 - candidate**2),
    }
    dc_prev = dc * f
    dx_t = sum(da[g] @ params[f"W_x{g}"].T for g in "ifoc")
    dh_prev = sum(da[g] @ params[f"W_h{g}"].T for g in "ifoc")
    grads = {}
    for g in "ifoc":
        grads[f"W_x{g}"] = cache["x_t"].T @ da[g]
        grads[f"W_h{g}"] = cache["h_prev"].T @ da[g]
        grads[f"b_{g}"] = da[g].sum(axis=0)
    return dx_t, dh_prev, dc_prev, grads


# %% single: dc_t is added to in place
def lstm_step_backward(dh_t, dc_t, cache, params):
    i, f, o = cache["i"], cache["f"], cache["o"]
    candidate = cache["candidate"]
    tanh_c = np.tanh(cache["c_t"])
    dc = dc_t
    dc += dh_t * o * (1 - tanh_c**2)
    da = {
        "i": dc * candidate * i * (1 - i),
        "f": dc * cache["c_prev"] * f * (1 - f),
        "o": dh_t * tanh_c * o * (1 - o),
        "c": dc * i * (1 - candidate**2),
    }
    dc_prev = dc * f
    dx_t = sum(da[g] @ params[f"W_x{g}"].T for g in "ifoc")
    dh_prev = sum(da[g] @ params[f"W_h{g}"].T for g in "ifoc")
    grads = {}
    for g in "ifoc":
        grads[f"W_x{g}"] = cache["x_t"].T @ da[g]
        grads[f"W_h{g}"] = cache["h_prev"].T @ da[g]
        grads[f"b_{g}"] = da[g].sum(axis=0)
    return dx_t, dh_prev, dc_prev, grads


# %% double: only the path through the next memory, and no slope at the candidate
def lstm_step_backward(dh_t, dc_t, cache, params):
    i, f, o = cache["i"], cache["f"], cache["o"]
    candidate = cache["candidate"]
    tanh_c = np.tanh(cache["c_t"])
    dc = dc_t
    da = {
        "i": dc * candidate * i * (1 - i),
        "f": dc * cache["c_prev"] * f * (1 - f),
        "o": dh_t * tanh_c * o * (1 - o),
        "c": dc * i,
    }
    dc_prev = dc * f
    dx_t = sum(da[g] @ params[f"W_x{g}"].T for g in "ifoc")
    dh_prev = sum(da[g] @ params[f"W_h{g}"].T for g in "ifoc")
    grads = {}
    for g in "ifoc":
        grads[f"W_x{g}"] = cache["x_t"].T @ da[g]
        grads[f"W_h{g}"] = cache["h_prev"].T @ da[g]
        grads[f"b_{g}"] = da[g].sum(axis=0)
    return dx_t, dh_prev, dc_prev, grads


# %% right: slopes and arrivals in two dicts
def lstm_step_backward(dh_t, dc_t, cache, params):
    i, f, o, new = (cache[k] for k in ("i", "f", "o", "candidate"))
    shown = np.tanh(cache["c_t"])
    dc = dc_t + np.multiply(dh_t, o) * (1 + shown) * (1 - shown)
    slope = {"i": i - i * i, "f": f - f * f, "o": o - o * o, "c": 1 - new * new}
    arrives = {"i": dc * new, "f": dc * cache["c_prev"], "o": dh_t * shown, "c": dc * i}
    da = {g: slope[g] * arrives[g] for g in slope}
    grads = {}
    for g in da:
        for name, what in (("W_x", "x_t"), ("W_h", "h_prev")):
            grads[name + g] = np.einsum("bi,bj->ij", cache[what], da[g])
        grads["b_" + g] = np.add.reduce(da[g], axis=0)
    dx_t = np.sum([da[g] @ params["W_x" + g].T for g in da], axis=0)
    dh_prev = np.sum([da[g] @ params["W_h" + g].T for g in da], axis=0)
    return dx_t, dh_prev, f * dc, grads
