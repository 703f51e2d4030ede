"""Answers to `ring`, written from its notebook alone; each cell is one."""

import numpy as np


# %% single: the radius is uniform
def ring(u, v, r_min, r_max, max_phase):
    squared = (r_min + u * (r_max - r_min)) ** 2
    nu_log = np.log(-0.5 * np.log(squared))
    theta_log = np.log(max_phase * v)
    gamma_log = 0.5 * np.log(1 - squared)
    return nu_log, theta_log, gamma_log


# %% single: the half is forgotten in nu_log
def ring(u, v, r_min, r_max, max_phase):
    squared = r_min**2 + u * (r_max**2 - r_min**2)
    nu_log = np.log(-np.log(squared))
    theta_log = np.log(max_phase * v)
    gamma_log = 0.5 * np.log(1 - squared)
    return nu_log, theta_log, gamma_log


# %% single: the square root is forgotten in gamma_log
def ring(u, v, r_min, r_max, max_phase):
    squared = r_min**2 + u * (r_max**2 - r_min**2)
    nu_log = np.log(-0.5 * np.log(squared))
    theta_log = np.log(max_phase * v)
    gamma_log = np.log(1 - squared)
    return nu_log, theta_log, gamma_log


# %% single: one minus the radius, not its square
def ring(u, v, r_min, r_max, max_phase):
    squared = r_min**2 + u * (r_max**2 - r_min**2)
    nu_log = np.log(-0.5 * np.log(squared))
    theta_log = np.log(max_phase * v)
    gamma_log = 0.5 * np.log(1 - np.sqrt(squared))
    return nu_log, theta_log, gamma_log


# %% single: the logarithm of the phase is forgotten
def ring(u, v, r_min, r_max, max_phase):
    squared = r_min**2 + u * (r_max**2 - r_min**2)
    nu_log = np.log(-0.5 * np.log(squared))
    theta_log = max_phase * v
    gamma_log = 0.5 * np.log(1 - squared)
    return nu_log, theta_log, gamma_log


# %% single: one logarithm only in nu_log
def ring(u, v, r_min, r_max, max_phase):
    squared = r_min**2 + u * (r_max**2 - r_min**2)
    nu_log = -0.5 * np.log(squared)
    theta_log = np.log(max_phase * v)
    gamma_log = 0.5 * np.log(1 - squared)
    return nu_log, theta_log, gamma_log


# %% single: the phase is a share of a whole turn
def ring(u, v, r_min, r_max, max_phase):
    squared = r_min**2 + u * (r_max**2 - r_min**2)
    nu_log = np.log(-0.5 * np.log(squared))
    theta_log = np.log(2 * np.pi * v)
    gamma_log = 0.5 * np.log(1 - squared)
    return nu_log, theta_log, gamma_log


# %% single: gamma_log has the other sign
def ring(u, v, r_min, r_max, max_phase):
    squared = r_min**2 + u * (r_max**2 - r_min**2)
    nu_log = np.log(-0.5 * np.log(squared))
    theta_log = np.log(max_phase * v)
    gamma_log = -0.5 * np.log(1 - squared)
    return nu_log, theta_log, gamma_log


# %% single: |lam| falls with u
def ring(u, v, r_min, r_max, max_phase):
    squared = r_max**2 - u * (r_max**2 - r_min**2)
    nu_log = np.log(-0.5 * np.log(squared))
    theta_log = np.log(max_phase * v)
    gamma_log = 0.5 * np.log(1 - squared)
    return nu_log, theta_log, gamma_log


# %% single: the inner radius is ignored
def ring(u, v, r_min, r_max, max_phase):
    squared = u * r_max**2
    nu_log = np.log(-0.5 * np.log(squared))
    theta_log = np.log(max_phase * v)
    gamma_log = 0.5 * np.log(1 - squared)
    return nu_log, theta_log, gamma_log


# %% single: gamma_log of the unit with the mean radius
def ring(u, v, r_min, r_max, max_phase):
    squared = r_min**2 + u * (r_max**2 - r_min**2)
    nu_log = np.log(-0.5 * np.log(squared))
    theta_log = np.log(max_phase * v)
    gamma_log = 0.5 * np.log(1 - squared.mean()) * np.ones_like(squared)
    return nu_log, theta_log, gamma_log


# %% single: gamma, not its logarithm
def ring(u, v, r_min, r_max, max_phase):
    squared = r_min**2 + u * (r_max**2 - r_min**2)
    nu_log = np.log(-0.5 * np.log(squared))
    theta_log = np.log(max_phase * v)
    gamma_log = np.sqrt(1 - squared)
    return nu_log, theta_log, gamma_log


# %% single: a square root of u, on the ring from r_min to r_max
def ring(u, v, r_min, r_max, max_phase):
    squared = (r_min + np.sqrt(u) * (r_max - r_min)) ** 2
    nu_log = np.log(-0.5 * np.log(squared))
    theta_log = np.log(max_phase * v)
    gamma_log = 0.5 * np.log(1 - squared)
    return nu_log, theta_log, gamma_log


# %% double: uniform radius, and no root in gamma_log
def ring(u, v, r_min, r_max, max_phase):
    squared = (r_min + u * (r_max - r_min)) ** 2
    nu_log = np.log(-0.5 * np.log(squared))
    theta_log = np.log(max_phase * v)
    gamma_log = np.log(1 - squared)
    return nu_log, theta_log, gamma_log


# %% right: an interpolation of squares, and log1p
def ring(u, v, r_min, r_max, max_phase):
    square = (1 - u) * r_min * r_min + u * r_max * r_max
    nu = -np.log(square) / 2
    return np.log(nu), np.log(max_phase) + np.log(v), np.log1p(-square) / 2


# %% right: by the radius itself, and expm1
def ring(u, v, r_min, r_max, max_phase):
    radius = np.sqrt(u * (r_max + r_min) * (r_max - r_min) + r_min**2)
    nu = -np.log(radius)
    return np.log(nu), np.log(v * max_phase), np.log(np.sqrt(-np.expm1(-2 * nu)))
