"""Answers to `kernel_fit`, written from its notebook alone; each cell is one."""

import numpy as np


def perturbation_step(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t):
    decay = np.exp(-gamma)
    Gamma = decay * Gamma - decay * Omega
    Omega = decay * Omega + psi_t
    tangent = (tangent @ W_hh) * (1 - h_t**2) + psi_t
    return tangent, Omega, Gamma


def kernel_gradients(beta, tangent, Omega, Gamma):
    error = Omega @ beta.T - tangent
    dbeta = error.T @ Omega / len(Omega)
    dgamma = np.mean((error @ beta) * Gamma, axis=0)
    return dbeta, dgamma


# %% single: the right gradients, of the last step alone
def kernel_fit(h, W_hh, beta, gamma, psi):
    tangent = Omega = Gamma = np.zeros_like(h[:, 0])
    for t in range(h.shape[1]):
        tangent, Omega, Gamma = perturbation_step(
            tangent, Omega, Gamma, h[:, t], W_hh, gamma, psi[:, t]
        )
    return kernel_gradients(beta, tangent, Omega, Gamma)


# %% single: the sum over the steps
def kernel_fit(h, W_hh, beta, gamma, psi):
    tangent = Omega = Gamma = np.zeros_like(h[:, 0])
    dbeta, dgamma = np.zeros_like(beta), np.zeros_like(gamma)
    T = h.shape[1]
    for t in range(T):
        tangent, Omega, Gamma = perturbation_step(
            tangent, Omega, Gamma, h[:, t], W_hh, gamma, psi[:, t]
        )
        a, b = kernel_gradients(beta, tangent, Omega, Gamma)
        dbeta += a
        dgamma += b
    return dbeta, dgamma


# %% single: dbeta is mended, dgamma is not
def kernel_fit(h, W_hh, beta, gamma, psi):
    tangent = Omega = Gamma = np.zeros_like(h[:, 0])
    batch, T, _ = h.shape
    dbeta, dgamma = np.zeros_like(beta), np.zeros_like(gamma)
    for t in range(T):
        tangent, Omega, Gamma = perturbation_step(
            tangent, Omega, Gamma, h[:, t], W_hh, gamma, psi[:, t]
        )
        error = Omega @ beta.T - tangent
        dbeta += error.T @ Omega / (batch * T)
        dgamma += np.mean(error * (Gamma @ beta.T), axis=0) / T
    return dbeta, dgamma


# %% single: dgamma is mended, dbeta is not
def kernel_fit(h, W_hh, beta, gamma, psi):
    tangent = Omega = Gamma = np.zeros_like(h[:, 0])
    batch, T, _ = h.shape
    dbeta, dgamma = np.zeros_like(beta), np.zeros_like(gamma)
    for t in range(T):
        tangent, Omega, Gamma = perturbation_step(
            tangent, Omega, Gamma, h[:, t], W_hh, gamma, psi[:, t]
        )
        error = Omega @ beta.T - tangent
        dbeta += error.T @ Gamma / (batch * T)
        dgamma += np.mean((error @ beta) * Gamma, axis=0) / T
    return dbeta, dgamma


# %% single: the gradients before each step
def kernel_fit(h, W_hh, beta, gamma, psi):
    tangent = Omega = Gamma = np.zeros_like(h[:, 0])
    dbeta, dgamma = np.zeros_like(beta), np.zeros_like(gamma)
    T = h.shape[1]
    for t in range(T):
        a, b = kernel_gradients(beta, tangent, Omega, Gamma)
        tangent, Omega, Gamma = perturbation_step(
            tangent, Omega, Gamma, h[:, t], W_hh, gamma, psi[:, t]
        )
        dbeta += a / T
        dgamma += b / T
    return dbeta, dgamma


# %% single: the sums over the steps meet once, at the end
def kernel_fit(h, W_hh, beta, gamma, psi):
    tangent = Omega = Gamma = np.zeros_like(h[:, 0])
    sums = np.zeros((3, *tangent.shape))
    T = h.shape[1]
    for t in range(T):
        tangent, Omega, Gamma = perturbation_step(
            tangent, Omega, Gamma, h[:, t], W_hh, gamma, psi[:, t]
        )
        sums += np.stack([tangent, Omega, Gamma])
    return kernel_gradients(beta, *(sums / T))


# %% single: the kernel takes a step inside the loop
def kernel_fit(h, W_hh, beta, gamma, psi):
    tangent = Omega = Gamma = np.zeros_like(h[:, 0])
    dbeta, dgamma = np.zeros_like(beta), np.zeros_like(gamma)
    T = h.shape[1]
    for t in range(T):
        tangent, Omega, Gamma = perturbation_step(
            tangent, Omega, Gamma, h[:, t], W_hh, gamma, psi[:, t]
        )
        a, b = kernel_gradients(beta, tangent, Omega, Gamma)
        dbeta += a / T
        dgamma += b / T
        beta = beta - 0.01 * a
    return dbeta, dgamma


# %% single: the states before each step
def kernel_fit(h, W_hh, beta, gamma, psi):
    tangent = Omega = Gamma = np.zeros_like(h[:, 0])
    dbeta, dgamma = np.zeros_like(beta), np.zeros_like(gamma)
    T = h.shape[1]
    for t in range(T):
        tangent, Omega, Gamma = perturbation_step(
            tangent, Omega, Gamma, h[:, t - 1], W_hh, gamma, psi[:, t]
        )
        a, b = kernel_gradients(beta, tangent, Omega, Gamma)
        dbeta += a / T
        dgamma += b / T
    return dbeta, dgamma


# %% single: the integrators begin anew at each step
def kernel_fit(h, W_hh, beta, gamma, psi):
    tangent = Omega = Gamma = np.zeros_like(h[:, 0])
    dbeta, dgamma = np.zeros_like(beta), np.zeros_like(gamma)
    T = h.shape[1]
    for t in range(T):
        Omega = Gamma = np.zeros_like(tangent)
        tangent, Omega, Gamma = perturbation_step(
            tangent, Omega, Gamma, h[:, t], W_hh, gamma, psi[:, t]
        )
        a, b = kernel_gradients(beta, tangent, Omega, Gamma)
        dbeta += a / T
        dgamma += b / T
    return dbeta, dgamma


# %% single: the first step is left out
def kernel_fit(h, W_hh, beta, gamma, psi):
    tangent = Omega = Gamma = np.zeros_like(h[:, 0])
    dbeta, dgamma = np.zeros_like(beta), np.zeros_like(gamma)
    T = h.shape[1]
    for t in range(T):
        tangent, Omega, Gamma = perturbation_step(
            tangent, Omega, Gamma, h[:, t], W_hh, gamma, psi[:, t]
        )
        a, b = kernel_gradients(beta, tangent, Omega, Gamma)
        if t > 0:
            dbeta += a / (T - 1)
            dgamma += b / (T - 1)
    return dbeta, dgamma


# %% single: divided by the batch once more
def kernel_fit(h, W_hh, beta, gamma, psi):
    tangent = Omega = Gamma = np.zeros_like(h[:, 0])
    dbeta, dgamma = np.zeros_like(beta), np.zeros_like(gamma)
    T = h.shape[1]
    for t in range(T):
        tangent, Omega, Gamma = perturbation_step(
            tangent, Omega, Gamma, h[:, t], W_hh, gamma, psi[:, t]
        )
        a, b = kernel_gradients(beta, tangent, Omega, Gamma)
        dbeta += a / T / len(h)
        dgamma += b / T / len(h)
    return dbeta, dgamma


# %% double: the last step alone, and dbeta by Gamma
def kernel_fit(h, W_hh, beta, gamma, psi):
    tangent = Omega = Gamma = np.zeros_like(h[:, 0])
    for t in range(h.shape[1]):
        tangent, Omega, Gamma = perturbation_step(
            tangent, Omega, Gamma, h[:, t], W_hh, gamma, psi[:, t]
        )
    error = Omega @ beta.T - tangent
    dbeta = error.T @ Gamma / len(h)
    dgamma = np.mean((error @ beta) * Gamma, axis=0)
    return dbeta, dgamma


# %% right: the gradients of each step are stacked
def kernel_fit(h, W_hh, beta, gamma, psi):
    state = (np.zeros(h[:, 0].shape),) * 3
    found = []
    for h_t, psi_t in zip(h.swapaxes(0, 1), psi.swapaxes(0, 1)):
        state = perturbation_step(*state, h_t, W_hh, gamma, psi_t)
        found.append(kernel_gradients(beta, *state))
    dbetas, dgammas = zip(*found)
    return np.mean(dbetas, axis=0), np.mean(dgammas, axis=0)


# %% right: all steps as one large batch
def kernel_fit(h, W_hh, beta, gamma, psi):
    state = [np.zeros_like(h[:, 0])] * 3
    steps = []
    for t in range(h.shape[1]):
        state = perturbation_step(*state, h[:, t], W_hh, gamma, psi[:, t])
        steps.append(state)
    tangents, Omegas, Gammas = (np.concatenate(one) for one in zip(*steps))
    return kernel_gradients(beta, tangents, Omegas, Gammas)
