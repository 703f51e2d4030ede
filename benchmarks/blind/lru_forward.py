"""Answers to `lru_forward`, written from its notebook alone; each cell is one."""

import numpy as np

from course_lib.scratch.diagonal import eigenvalues


def combine(first, second):
    a_1, b_1 = first
    a_2, b_2 = second
    a = a_1 * a_2
    b = a_2 * b_1 + b_2
    return a, b


def scan(a, b, h_0, join=combine):
    kind = np.result_type(a, b, h_0)
    A, B = np.array(a, dtype=kind), np.array(b, dtype=kind)
    B[:, 0] += A[:, 0] * h_0
    T = A.shape[1]
    reach = 1
    while reach < T:
        A[:, reach:], B[:, reach:] = join(
            (A[:, :-reach], B[:, :-reach]), (A[:, reach:], B[:, reach:])
        )
        reach *= 2
    h = B
    return h


# %% single: a product of real parts
def lru_forward(x, z_0, params):
    lam = eigenvalues(params)
    b = np.exp(params["gamma_log"]) * (x @ params["B"])
    a = np.broadcast_to(lam, b.shape)
    z = scan(a, b, z_0)
    y = z.real @ params["C"].real + x @ params["D"]
    return y, z


# %% single: gamma_log in place of its exponential
def lru_forward(x, z_0, params):
    lam = eigenvalues(params)
    b = params["gamma_log"] * (x @ params["B"])
    a = np.broadcast_to(lam, b.shape)
    z = scan(a, b, z_0)
    y = (z @ params["C"]).real + x @ params["D"]
    return y, z


# %% single: the input does not reach the output directly
def lru_forward(x, z_0, params):
    lam = eigenvalues(params)
    b = np.exp(params["gamma_log"]) * (x @ params["B"])
    a = np.broadcast_to(lam, b.shape)
    z = scan(a, b, z_0)
    y = (z @ params["C"]).real
    return y, z


# %% single: no gamma
def lru_forward(x, z_0, params):
    lam = eigenvalues(params)
    b = x @ params["B"]
    a = np.broadcast_to(lam, b.shape)
    z = scan(a, b, z_0)
    y = (z @ params["C"]).real + x @ params["D"]
    return y, z


# %% single: one exponential only: states can grow
def lru_forward(x, z_0, params):
    lam = np.exp(-params["nu_log"] + 1j * np.exp(params["theta_log"]))
    b = np.exp(params["gamma_log"]) * (x @ params["B"])
    a = np.broadcast_to(lam, b.shape)
    z = scan(a, b, z_0)
    y = (z @ params["C"]).real + x @ params["D"]
    return y, z


# %% single: the phase without its exponential
def lru_forward(x, z_0, params):
    lam = np.exp(-np.exp(params["nu_log"]) + 1j * params["theta_log"])
    b = np.exp(params["gamma_log"]) * (x @ params["B"])
    a = np.broadcast_to(lam, b.shape)
    z = scan(a, b, z_0)
    y = (z @ params["C"]).real + x @ params["D"]
    return y, z


# %% single: z_0 is ignored
def lru_forward(x, z_0, params):
    lam = eigenvalues(params)
    b = np.exp(params["gamma_log"]) * (x @ params["B"])
    a = np.broadcast_to(lam, b.shape)
    z = scan(a, b, np.zeros_like(z_0))
    y = (z @ params["C"]).real + x @ params["D"]
    return y, z


# %% single: the size of the output, not its real part
def lru_forward(x, z_0, params):
    lam = eigenvalues(params)
    b = np.exp(params["gamma_log"]) * (x @ params["B"])
    a = np.broadcast_to(lam, b.shape)
    z = scan(a, b, z_0)
    y = np.abs(z @ params["C"]) + x @ params["D"]
    return y, z


# %% single: the output is complex
def lru_forward(x, z_0, params):
    lam = eigenvalues(params)
    b = np.exp(params["gamma_log"]) * (x @ params["B"])
    a = np.broadcast_to(lam, b.shape)
    z = scan(a, b, z_0)
    y = z @ params["C"] + x @ params["D"]
    return y, z


# %% single: the states before each step are read
def lru_forward(x, z_0, params):
    lam = eigenvalues(params)
    b = np.exp(params["gamma_log"]) * (x @ params["B"])
    a = np.broadcast_to(lam, b.shape)
    z = scan(a, b, z_0)
    before = np.concatenate([z_0[:, None], z[:, :-1]], axis=1)
    y = (before @ params["C"]).real + x @ params["D"]
    return y, z


# %% single: no turning
def lru_forward(x, z_0, params):
    lam = np.exp(-np.exp(params["nu_log"])) + 0j
    b = np.exp(params["gamma_log"]) * (x @ params["B"])
    a = np.broadcast_to(lam, b.shape)
    z = scan(a, b, z_0)
    y = (z @ params["C"]).real + x @ params["D"]
    return y, z


# %% single: twice the real part, as for conjugate pairs
def lru_forward(x, z_0, params):
    lam = eigenvalues(params)
    b = np.exp(params["gamma_log"]) * (x @ params["B"])
    a = np.broadcast_to(lam, b.shape)
    z = scan(a, b, z_0)
    y = 2 * (z @ params["C"]).real + x @ params["D"]
    return y, z


# %% single: gamma is on the output too
def lru_forward(x, z_0, params):
    lam = eigenvalues(params)
    b = np.exp(params["gamma_log"]) * (x @ params["B"])
    a = np.broadcast_to(lam, b.shape)
    z = scan(a, b, z_0)
    y = ((np.exp(params["gamma_log"]) * z) @ params["C"]).real + x @ params["D"]
    return y, z


# %% double: no gamma, and a product of real parts
def lru_forward(x, z_0, params):
    lam = eigenvalues(params)
    b = x @ params["B"]
    a = np.broadcast_to(lam, b.shape)
    z = scan(a, b, z_0)
    y = z.real @ params["C"].real + x @ params["D"]
    return y, z


# %% right: step by step, and both products of the real part
def lru_forward(x, z_0, params):
    nu, theta, gamma = (np.exp(params[k + "_log"]) for k in ("nu", "theta", "gamma"))
    lam = np.exp(-nu) * (np.cos(theta) + 1j * np.sin(theta))
    state, states = z_0, []
    for t in range(x.shape[1]):
        state = lam * state + gamma * (x[:, t] @ params["B"])
        states.append(state)
    z = np.stack(states, axis=1)
    C = params["C"]
    return z.real @ C.real - z.imag @ C.imag + x @ params["D"], z


# %% right: gamma goes into B, and everything is an einsum
def lru_forward(x, z_0, params):
    B = params["B"] * np.exp(params["gamma_log"])
    b = np.einsum("btm,mn->btn", x, B)
    z = scan(eigenvalues(params) + np.zeros_like(b), b, z_0)
    y = np.real(np.einsum("btn,nk->btk", z, params["C"])) + np.einsum("btm,mk->btk", x, params["D"])
    return y, z
