"""Answers to `fit_modes`, written from its notebook alone; each cell is one."""

import numpy as np


# %% single: the later unit is the column
def fit_modes(psi, tangent, gamma, omega):
    batch, T, n = psi.shape
    lam = np.exp(-gamma + 1j * omega)[:, None, None]
    z = np.zeros((len(gamma), batch, n))
    rows = []
    for t in range(T):
        z = lam * z + psi[:, t]
        rows.append(np.concatenate([*z.real, *-z.imag], axis=1))
    known = np.concatenate(rows)
    wanted = np.concatenate([tangent[:, t] for t in range(T)])
    found, *_ = np.linalg.lstsq(known, wanted, rcond=None)
    M = len(gamma)
    blocks = found.reshape(2, M, n, n)
    beta = blocks[0] + 1j * blocks[1]
    return beta


# %% single: the sign of the imaginary part
def fit_modes(psi, tangent, gamma, omega):
    batch, T, n = psi.shape
    lam = np.exp(-gamma + 1j * omega)[:, None, None]
    z = np.zeros((len(gamma), batch, n))
    rows = []
    for t in range(T):
        z = lam * z + psi[:, t]
        rows.append(np.concatenate([*z.real, *z.imag], axis=1))
    known = np.concatenate(rows)
    wanted = np.concatenate([tangent[:, t] for t in range(T)])
    found, *_ = np.linalg.lstsq(known, wanted, rcond=None)
    M = len(gamma)
    blocks = found.reshape(2, M, n, n).transpose(0, 1, 3, 2)
    beta = blocks[0] + 1j * blocks[1]
    return beta


# %% single: the nudge fades at its own step
def fit_modes(psi, tangent, gamma, omega):
    batch, T, n = psi.shape
    lam = np.exp(-gamma + 1j * omega)[:, None, None]
    z = np.zeros((len(gamma), batch, n))
    rows = []
    for t in range(T):
        z = lam * (z + psi[:, t])
        rows.append(np.concatenate([*z.real, *-z.imag], axis=1))
    known = np.concatenate(rows)
    wanted = np.concatenate([tangent[:, t] for t in range(T)])
    found, *_ = np.linalg.lstsq(known, wanted, rcond=None)
    M = len(gamma)
    blocks = found.reshape(2, M, n, n).transpose(0, 1, 3, 2)
    beta = blocks[0] + 1j * blocks[1]
    return beta


# %% single: only the last step is fitted
def fit_modes(psi, tangent, gamma, omega):
    batch, T, n = psi.shape
    lam = np.exp(-gamma + 1j * omega)[:, None, None]
    z = np.zeros((len(gamma), batch, n))
    rows = []
    for t in range(T):
        z = lam * z + psi[:, t]
        rows.append(np.concatenate([*z.real, *-z.imag], axis=1))
    known = rows[-1]
    wanted = tangent[:, -1]
    found, *_ = np.linalg.lstsq(known, wanted, rcond=None)
    M = len(gamma)
    blocks = found.reshape(2, M, n, n).transpose(0, 1, 3, 2)
    beta = blocks[0] + 1j * blocks[1]
    return beta


# %% single: real parts only
def fit_modes(psi, tangent, gamma, omega):
    batch, T, n = psi.shape
    lam = np.exp(-gamma + 1j * omega)[:, None, None]
    z = np.zeros((len(gamma), batch, n))
    rows = []
    for t in range(T):
        z = lam * z + psi[:, t]
        rows.append(np.concatenate([*z.real, *(0 * z.imag)], axis=1))
    known = np.concatenate(rows)
    wanted = np.concatenate([tangent[:, t] for t in range(T)])
    found, *_ = np.linalg.lstsq(known, wanted, rcond=None)
    M = len(gamma)
    blocks = found.reshape(2, M, n, n).transpose(0, 1, 3, 2)
    beta = blocks[0] + 1j * blocks[1]
    return beta


# %% single: samples of the tangents in another order
def fit_modes(psi, tangent, gamma, omega):
    batch, T, n = psi.shape
    lam = np.exp(-gamma + 1j * omega)[:, None, None]
    z = np.zeros((len(gamma), batch, n))
    rows = []
    for t in range(T):
        z = lam * z + psi[:, t]
        rows.append(np.concatenate([*z.real, *-z.imag], axis=1))
    known = np.concatenate(rows)
    wanted = tangent.reshape(batch * T, n)
    found, *_ = np.linalg.lstsq(known, wanted, rcond=None)
    M = len(gamma)
    blocks = found.reshape(2, M, n, n).transpose(0, 1, 3, 2)
    beta = blocks[0] + 1j * blocks[1]
    return beta


# %% single: each mode is fitted by itself
def fit_modes(psi, tangent, gamma, omega):
    batch, T, n = psi.shape
    beta = np.zeros((len(gamma), n, n), dtype=complex)
    wanted = tangent.reshape(batch * T, n)
    for r in range(len(gamma)):
        lam = np.exp(-gamma[r] + 1j * omega[r])
        z = np.zeros((batch, T, n), dtype=complex)
        for t in range(T):
            z[:, t] = psi[:, t] + (lam * z[:, t - 1] if t else 0)
        flat = z.reshape(batch * T, n)
        found = np.linalg.lstsq(np.hstack([flat.real, -flat.imag]), wanted, rcond=None)[0]
        beta[r] = (found[:n] + 1j * found[n:]).T
    return beta


# %% single: a complex regression
def fit_modes(psi, tangent, gamma, omega):
    batch, T, n = psi.shape
    lam = np.exp(-gamma + 1j * omega)[:, None, None]
    z = np.zeros((len(gamma), batch, n))
    rows = []
    for t in range(T):
        z = lam * z + psi[:, t]
        rows.append(np.concatenate(list(z), axis=1))
    wanted = np.concatenate([tangent[:, t] for t in range(T)])
    found = np.linalg.lstsq(np.concatenate(rows), wanted.astype(complex), rcond=None)[0]
    return found.reshape(len(gamma), n, n).transpose(0, 2, 1)


# %% single: a ridge holds the sensitivities small
def fit_modes(psi, tangent, gamma, omega):
    batch, T, n = psi.shape
    lam = np.exp(-gamma + 1j * omega)[:, None, None]
    z = np.zeros((len(gamma), batch, n))
    rows = []
    for t in range(T):
        z = lam * z + psi[:, t]
        rows.append(np.concatenate([*z.real, *-z.imag], axis=1))
    known = np.concatenate(rows)
    wanted = np.concatenate([tangent[:, t] for t in range(T)])
    found = np.linalg.solve(known.T @ known + 1e-1 * np.eye(known.shape[1]), known.T @ wanted)
    M = len(gamma)
    blocks = found.reshape(2, M, n, n).transpose(0, 1, 3, 2)
    beta = blocks[0] + 1j * blocks[1]
    return beta


# %% single: the normal equations without care for modes that have no sine
def fit_modes(psi, tangent, gamma, omega):
    batch, T, n = psi.shape
    lam = np.exp(-gamma + 1j * omega)[:, None, None]
    z = np.zeros((len(gamma), batch, n))
    rows = []
    for t in range(T):
        z = lam * z + psi[:, t]
        rows.append(np.concatenate([*z.real, *-z.imag], axis=1))
    known = np.concatenate(rows)
    wanted = np.concatenate([tangent[:, t] for t in range(T)])
    found = np.linalg.solve(known.T @ known, known.T @ wanted)
    M = len(gamma)
    blocks = found.reshape(2, M, n, n).transpose(0, 1, 3, 2)
    beta = blocks[0] + 1j * blocks[1]
    return beta


# %% single: real and imaginary blocks are swapped
def fit_modes(psi, tangent, gamma, omega):
    batch, T, n = psi.shape
    lam = np.exp(-gamma + 1j * omega)[:, None, None]
    z = np.zeros((len(gamma), batch, n))
    rows = []
    for t in range(T):
        z = lam * z + psi[:, t]
        rows.append(np.concatenate([*z.real, *-z.imag], axis=1))
    known = np.concatenate(rows)
    wanted = np.concatenate([tangent[:, t] for t in range(T)])
    found, *_ = np.linalg.lstsq(known, wanted, rcond=None)
    M = len(gamma)
    blocks = found.reshape(2, M, n, n).transpose(0, 1, 3, 2)
    beta = blocks[1] + 1j * blocks[0]
    return beta


# %% single: the nudges of the step are not counted
def fit_modes(psi, tangent, gamma, omega):
    batch, T, n = psi.shape
    lam = np.exp(-gamma + 1j * omega)[:, None, None]
    z = np.zeros((len(gamma), batch, n))
    rows = []
    for t in range(T):
        z = lam * z
        rows.append(np.concatenate([*z.real, *-z.imag], axis=1))
        z = z + psi[:, t]
    known = np.concatenate(rows)
    wanted = np.concatenate([tangent[:, t] for t in range(T)])
    found, *_ = np.linalg.lstsq(known, wanted, rcond=None)
    M = len(gamma)
    blocks = found.reshape(2, M, n, n).transpose(0, 1, 3, 2)
    beta = blocks[0] + 1j * blocks[1]
    return beta


# %% double: the sign of the imaginary part, and the later unit is the column
def fit_modes(psi, tangent, gamma, omega):
    batch, T, n = psi.shape
    lam = np.exp(-gamma + 1j * omega)[:, None, None]
    z = np.zeros((len(gamma), batch, n))
    rows = []
    for t in range(T):
        z = lam * z + psi[:, t]
        rows.append(np.concatenate([*z.real, *z.imag], axis=1))
    known = np.concatenate(rows)
    wanted = np.concatenate([tangent[:, t] for t in range(T)])
    found, *_ = np.linalg.lstsq(known, wanted, rcond=None)
    M = len(gamma)
    blocks = found.reshape(2, M, n, n)
    beta = blocks[0] + 1j * blocks[1]
    return beta


# %% right: sums by a table of powers, and the pseudoinverse
def fit_modes(psi, tangent, gamma, omega):
    batch, T, n = psi.shape
    M = len(gamma)
    lag = np.arange(T)[:, None] - np.arange(T)
    power = np.exp((-gamma + 1j * omega)[:, None, None] * np.maximum(lag, 0)) * (lag >= 0)
    z = np.einsum("rts,bsi->btri", power, psi).reshape(batch * T, M * n)
    found = np.linalg.pinv(np.hstack([z.real, -z.imag]), rcond=1e-10) @ tangent.reshape(-1, n)
    beta = found[: M * n] + 1j * found[M * n :]
    beta = beta.reshape(M, n, n).swapaxes(1, 2)
    beta[np.abs(np.sin(omega)) < 1e-9] = beta[np.abs(np.sin(omega)) < 1e-9].real
    return beta


# %% right: one regression for each later unit
def fit_modes(psi, tangent, gamma, omega):
    batch, T, n = psi.shape
    M = len(gamma)
    lam = np.exp(1j * omega - gamma)[None, :, None]
    z, sums = np.zeros((batch, M, n), complex), []
    for t in range(T):
        z = lam * z + psi[:, t, None, :]
        sums.append(z)
    z = np.stack(sums, axis=1).reshape(batch * T, M * n)
    known = np.concatenate([z.real, -z.imag], axis=1)
    beta = np.empty((M, n, n), dtype=complex)
    for k in range(n):
        w = np.linalg.lstsq(known, tangent[:, :, k].ravel(), rcond=None)[0]
        beta[:, k, :] = (w[: M * n] + 1j * w[M * n :]).reshape(M, n)
    return beta
