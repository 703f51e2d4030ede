"""Answers to `perturbation_step`, written from its notebook alone; each cell is one."""

import numpy as np


# %% single: Gamma sees the new Omega
def perturbation_step(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t):
    decay = np.exp(-gamma)
    Omega = decay * Omega + psi_t
    Gamma = decay * Gamma - decay * Omega
    tangent = (tangent @ W_hh) * (1 - h_t**2) + psi_t
    return tangent, Omega, Gamma


# %% single: the sign in Gamma
def perturbation_step(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t):
    decay = np.exp(-gamma)
    Gamma = decay * Gamma + decay * Omega
    Omega = decay * Omega + psi_t
    tangent = (tangent @ W_hh) * (1 - h_t**2) + psi_t
    return tangent, Omega, Gamma


# %% single: the nudge goes through the slope as well
def perturbation_step(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t):
    decay = np.exp(-gamma)
    Gamma = decay * Gamma - decay * Omega
    Omega = decay * Omega + psi_t
    tangent = (tangent @ W_hh + psi_t) * (1 - h_t**2)
    return tangent, Omega, Gamma


# %% single: the slope is left out
def perturbation_step(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t):
    decay = np.exp(-gamma)
    Gamma = decay * Gamma - decay * Omega
    Omega = decay * Omega + psi_t
    tangent = (tangent @ W_hh) + psi_t
    return tangent, Omega, Gamma


# %% single: W_hh is transposed
def perturbation_step(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t):
    decay = np.exp(-gamma)
    Gamma = decay * Gamma - decay * Omega
    Omega = decay * Omega + psi_t
    tangent = (tangent @ W_hh.T) * (1 - h_t**2) + psi_t
    return tangent, Omega, Gamma


# %% single: the slope stands before the weights
def perturbation_step(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t):
    decay = np.exp(-gamma)
    Gamma = decay * Gamma - decay * Omega
    Omega = decay * Omega + psi_t
    tangent = (tangent * (1 - h_t**2)) @ W_hh + psi_t
    return tangent, Omega, Gamma


# %% single: the tangent is not nudged
def perturbation_step(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t):
    decay = np.exp(-gamma)
    Gamma = decay * Gamma - decay * Omega
    Omega = decay * Omega + psi_t
    tangent = (tangent @ W_hh) * (1 - h_t**2)
    return tangent, Omega, Gamma


# %% single: Gamma without a decay of its own
def perturbation_step(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t):
    decay = np.exp(-gamma)
    Gamma = Gamma - decay * Omega
    Omega = decay * Omega + psi_t
    tangent = (tangent @ W_hh) * (1 - h_t**2) + psi_t
    return tangent, Omega, Gamma


# %% single: Gamma leaves the second term out
def perturbation_step(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t):
    decay = np.exp(-gamma)
    Gamma = decay * Gamma
    Omega = decay * Omega + psi_t
    tangent = (tangent @ W_hh) * (1 - h_t**2) + psi_t
    return tangent, Omega, Gamma


# %% single: Gamma without the decay of Omega
def perturbation_step(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t):
    decay = np.exp(-gamma)
    Gamma = decay * Gamma - Omega
    Omega = decay * Omega + psi_t
    tangent = (tangent @ W_hh) * (1 - h_t**2) + psi_t
    return tangent, Omega, Gamma


# %% single: the nudge fades at once
def perturbation_step(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t):
    decay = np.exp(-gamma)
    Gamma = decay * Gamma - decay * Omega
    Omega = decay * (Omega + psi_t)
    tangent = (tangent @ W_hh) * (1 - h_t**2) + psi_t
    return tangent, Omega, Gamma


# %% single: the nudge of a step is written into the arrays that came in
def perturbation_step(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t):
    decay = np.exp(-gamma)
    Gamma = decay * Gamma - decay * Omega
    Omega = decay * Omega + psi_t
    tangent[:] = (tangent @ W_hh) * (1 - h_t**2) + psi_t
    return tangent, Omega, Gamma


# %% double: Gamma sees the new Omega, and W_hh is transposed
def perturbation_step(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t):
    decay = np.exp(-gamma)
    Omega = decay * Omega + psi_t
    Gamma = decay * Gamma - decay * Omega
    tangent = (tangent @ W_hh.T) * (1 - h_t**2) + psi_t
    return tangent, Omega, Gamma


# %% right: all at once, in one return
def perturbation_step(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t):
    f = np.exp(-gamma)
    slope = (1 + h_t) * (1 - h_t)
    return (
        slope * np.einsum("bi,ik->bk", tangent, W_hh) + psi_t,
        f * Omega + psi_t,
        f * (Gamma - Omega),
    )


# %% right: the Jacobian of each sequence
def perturbation_step(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t):
    moved = np.empty_like(tangent)
    for b, (one, state) in enumerate(zip(tangent, h_t)):
        J = np.diag(1 - state**2) @ W_hh.T
        moved[b] = J @ one
    faded = np.exp(-gamma) * Omega
    return moved + psi_t, faded + psi_t, np.exp(-gamma) * Gamma - faded
