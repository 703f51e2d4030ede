"""Answers to `lru_trace_gradient`, written from its notebook alone; each cell is one."""

import numpy as np

from course_lib.scratch.diagonal import eigenvalues


# %% single: no conjugate on dz
def lru_trace_gradient(dz_t, E_lam, E_x, params):
    lam = eigenvalues(params)
    gamma = np.exp(params["gamma_log"])
    along = np.sum(dz_t * E_lam, axis=0) * lam
    dnu_log = -np.exp(params["nu_log"]) * along.real
    dtheta_log = -np.exp(params["theta_log"]) * along.imag
    heard = np.sum(E_x * params["B"], axis=1)
    dgamma_log = gamma * np.sum(dz_t * heard, axis=0).real
    dB = gamma * np.sum(dz_t[:, None, :] * np.conj(E_x), axis=0)
    return dnu_log, dtheta_log, dgamma_log, dB


# %% single: no conjugate on the traces in dB
def lru_trace_gradient(dz_t, E_lam, E_x, params):
    lam = eigenvalues(params)
    gamma = np.exp(params["gamma_log"])
    along = np.sum(np.conj(dz_t) * E_lam, axis=0) * lam
    dnu_log = -np.exp(params["nu_log"]) * along.real
    dtheta_log = -np.exp(params["theta_log"]) * along.imag
    heard = np.sum(E_x * params["B"], axis=1)
    dgamma_log = gamma * np.sum(np.conj(dz_t) * heard, axis=0).real
    dB = gamma * np.sum(dz_t[:, None, :] * E_x, axis=0)
    return dnu_log, dtheta_log, dgamma_log, dB


# %% single: lam is forgotten in the chain
def lru_trace_gradient(dz_t, E_lam, E_x, params):
    lam = eigenvalues(params)
    gamma = np.exp(params["gamma_log"])
    along = np.sum(np.conj(dz_t) * E_lam, axis=0)
    dnu_log = -np.exp(params["nu_log"]) * along.real
    dtheta_log = -np.exp(params["theta_log"]) * along.imag
    heard = np.sum(E_x * params["B"], axis=1)
    dgamma_log = gamma * np.sum(np.conj(dz_t) * heard, axis=0).real
    dB = gamma * np.sum(dz_t[:, None, :] * np.conj(E_x), axis=0)
    return dnu_log, dtheta_log, dgamma_log, dB


# %% single: the sign of dtheta_log
def lru_trace_gradient(dz_t, E_lam, E_x, params):
    lam = eigenvalues(params)
    gamma = np.exp(params["gamma_log"])
    along = np.sum(np.conj(dz_t) * E_lam, axis=0) * lam
    dnu_log = -np.exp(params["nu_log"]) * along.real
    dtheta_log = np.exp(params["theta_log"]) * along.imag
    heard = np.sum(E_x * params["B"], axis=1)
    dgamma_log = gamma * np.sum(np.conj(dz_t) * heard, axis=0).real
    dB = gamma * np.sum(dz_t[:, None, :] * np.conj(E_x), axis=0)
    return dnu_log, dtheta_log, dgamma_log, dB


# %% single: the sign of dnu_log
def lru_trace_gradient(dz_t, E_lam, E_x, params):
    lam = eigenvalues(params)
    gamma = np.exp(params["gamma_log"])
    along = np.sum(np.conj(dz_t) * E_lam, axis=0) * lam
    dnu_log = np.exp(params["nu_log"]) * along.real
    dtheta_log = -np.exp(params["theta_log"]) * along.imag
    heard = np.sum(E_x * params["B"], axis=1)
    dgamma_log = gamma * np.sum(np.conj(dz_t) * heard, axis=0).real
    dB = gamma * np.sum(dz_t[:, None, :] * np.conj(E_x), axis=0)
    return dnu_log, dtheta_log, dgamma_log, dB


# %% single: the inner exponential is forgotten for theta
def lru_trace_gradient(dz_t, E_lam, E_x, params):
    lam = eigenvalues(params)
    gamma = np.exp(params["gamma_log"])
    along = np.sum(np.conj(dz_t) * E_lam, axis=0) * lam
    dnu_log = -np.exp(params["nu_log"]) * along.real
    dtheta_log = -along.imag
    heard = np.sum(E_x * params["B"], axis=1)
    dgamma_log = gamma * np.sum(np.conj(dz_t) * heard, axis=0).real
    dB = gamma * np.sum(dz_t[:, None, :] * np.conj(E_x), axis=0)
    return dnu_log, dtheta_log, dgamma_log, dB


# %% single: the inner exponential is forgotten for nu
def lru_trace_gradient(dz_t, E_lam, E_x, params):
    lam = eigenvalues(params)
    gamma = np.exp(params["gamma_log"])
    along = np.sum(np.conj(dz_t) * E_lam, axis=0) * lam
    dnu_log = -along.real
    dtheta_log = -np.exp(params["theta_log"]) * along.imag
    heard = np.sum(E_x * params["B"], axis=1)
    dgamma_log = gamma * np.sum(np.conj(dz_t) * heard, axis=0).real
    dB = gamma * np.sum(dz_t[:, None, :] * np.conj(E_x), axis=0)
    return dnu_log, dtheta_log, dgamma_log, dB


# %% single: gamma is forgotten in dB
def lru_trace_gradient(dz_t, E_lam, E_x, params):
    lam = eigenvalues(params)
    gamma = np.exp(params["gamma_log"])
    along = np.sum(np.conj(dz_t) * E_lam, axis=0) * lam
    dnu_log = -np.exp(params["nu_log"]) * along.real
    dtheta_log = -np.exp(params["theta_log"]) * along.imag
    heard = np.sum(E_x * params["B"], axis=1)
    dgamma_log = gamma * np.sum(np.conj(dz_t) * heard, axis=0).real
    dB = np.sum(dz_t[:, None, :] * np.conj(E_x), axis=0)
    return dnu_log, dtheta_log, dgamma_log, dB


# %% single: dgamma_log is the gradient of gamma
def lru_trace_gradient(dz_t, E_lam, E_x, params):
    lam = eigenvalues(params)
    gamma = np.exp(params["gamma_log"])
    along = np.sum(np.conj(dz_t) * E_lam, axis=0) * lam
    dnu_log = -np.exp(params["nu_log"]) * along.real
    dtheta_log = -np.exp(params["theta_log"]) * along.imag
    heard = np.sum(E_x * params["B"], axis=1)
    dgamma_log = np.sum(np.conj(dz_t) * heard, axis=0).real
    dB = gamma * np.sum(dz_t[:, None, :] * np.conj(E_x), axis=0)
    return dnu_log, dtheta_log, dgamma_log, dB


# %% single: the mean over the batch
def lru_trace_gradient(dz_t, E_lam, E_x, params):
    lam = eigenvalues(params)
    gamma = np.exp(params["gamma_log"])
    along = np.mean(np.conj(dz_t) * E_lam, axis=0) * lam
    dnu_log = -np.exp(params["nu_log"]) * along.real
    dtheta_log = -np.exp(params["theta_log"]) * along.imag
    heard = np.sum(E_x * params["B"], axis=1)
    dgamma_log = gamma * np.mean(np.conj(dz_t) * heard, axis=0).real
    dB = gamma * np.mean(dz_t[:, None, :] * np.conj(E_x), axis=0)
    return dnu_log, dtheta_log, dgamma_log, dB


# %% single: theta gets the real part, turned by nothing
def lru_trace_gradient(dz_t, E_lam, E_x, params):
    lam = eigenvalues(params)
    gamma = np.exp(params["gamma_log"])
    along = np.sum(np.conj(dz_t) * E_lam, axis=0) * lam
    dnu_log = -np.exp(params["nu_log"]) * along.real
    dtheta_log = -np.exp(params["theta_log"]) * along.real
    heard = np.sum(E_x * params["B"], axis=1)
    dgamma_log = gamma * np.sum(np.conj(dz_t) * heard, axis=0).real
    dB = gamma * np.sum(dz_t[:, None, :] * np.conj(E_x), axis=0)
    return dnu_log, dtheta_log, dgamma_log, dB


# %% single: the conjugate of dz in dB too
def lru_trace_gradient(dz_t, E_lam, E_x, params):
    lam = eigenvalues(params)
    gamma = np.exp(params["gamma_log"])
    along = np.sum(np.conj(dz_t) * E_lam, axis=0) * lam
    dnu_log = -np.exp(params["nu_log"]) * along.real
    dtheta_log = -np.exp(params["theta_log"]) * along.imag
    heard = np.sum(E_x * params["B"], axis=1)
    dgamma_log = gamma * np.sum(np.conj(dz_t) * heard, axis=0).real
    dB = gamma * np.sum(np.conj(dz_t)[:, None, :] * E_x, axis=0)
    return dnu_log, dtheta_log, dgamma_log, dB


# %% single: the real part of each factor in dgamma_log
def lru_trace_gradient(dz_t, E_lam, E_x, params):
    lam = eigenvalues(params)
    gamma = np.exp(params["gamma_log"])
    along = np.sum(np.conj(dz_t) * E_lam, axis=0) * lam
    dnu_log = -np.exp(params["nu_log"]) * along.real
    dtheta_log = -np.exp(params["theta_log"]) * along.imag
    heard = np.sum(E_x * params["B"], axis=1)
    dgamma_log = gamma * np.sum(dz_t.real * heard.real, axis=0)
    dB = gamma * np.sum(dz_t[:, None, :] * np.conj(E_x), axis=0)
    return dnu_log, dtheta_log, dgamma_log, dB


# %% single: the batch is summed before the product
def lru_trace_gradient(dz_t, E_lam, E_x, params):
    lam = eigenvalues(params)
    gamma = np.exp(params["gamma_log"])
    along = np.conj(dz_t.sum(axis=0)) * E_lam.sum(axis=0) * lam
    dnu_log = -np.exp(params["nu_log"]) * along.real
    dtheta_log = -np.exp(params["theta_log"]) * along.imag
    heard = np.sum(E_x * params["B"], axis=1)
    dgamma_log = gamma * np.sum(np.conj(dz_t) * heard, axis=0).real
    dB = gamma * np.sum(dz_t[:, None, :] * np.conj(E_x), axis=0)
    return dnu_log, dtheta_log, dgamma_log, dB


# %% single: the conjugate of lam
def lru_trace_gradient(dz_t, E_lam, E_x, params):
    lam = eigenvalues(params)
    gamma = np.exp(params["gamma_log"])
    along = np.sum(np.conj(dz_t) * E_lam, axis=0) * np.conj(lam)
    dnu_log = -np.exp(params["nu_log"]) * along.real
    dtheta_log = -np.exp(params["theta_log"]) * along.imag
    heard = np.sum(E_x * params["B"], axis=1)
    dgamma_log = gamma * np.sum(np.conj(dz_t) * heard, axis=0).real
    dB = gamma * np.sum(dz_t[:, None, :] * np.conj(E_x), axis=0)
    return dnu_log, dtheta_log, dgamma_log, dB


# %% single: B is forgotten in dgamma_log
def lru_trace_gradient(dz_t, E_lam, E_x, params):
    lam = eigenvalues(params)
    gamma = np.exp(params["gamma_log"])
    along = np.sum(np.conj(dz_t) * E_lam, axis=0) * lam
    dnu_log = -np.exp(params["nu_log"]) * along.real
    dtheta_log = -np.exp(params["theta_log"]) * along.imag
    heard = np.sum(E_x, axis=1)
    dgamma_log = gamma * np.sum(np.conj(dz_t) * heard, axis=0).real
    dB = gamma * np.sum(dz_t[:, None, :] * np.conj(E_x), axis=0)
    return dnu_log, dtheta_log, dgamma_log, dB


# %% double: no conjugate on dz, and gamma forgotten in dB
def lru_trace_gradient(dz_t, E_lam, E_x, params):
    lam = eigenvalues(params)
    gamma = np.exp(params["gamma_log"])
    along = np.sum(dz_t * E_lam, axis=0) * lam
    dnu_log = -np.exp(params["nu_log"]) * along.real
    dtheta_log = -np.exp(params["theta_log"]) * along.imag
    heard = np.sum(E_x * params["B"], axis=1)
    dgamma_log = gamma * np.sum(dz_t * heard, axis=0).real
    dB = np.sum(dz_t[:, None, :] * np.conj(E_x), axis=0)
    return dnu_log, dtheta_log, dgamma_log, dB


# %% right: real parameters by how z moves with each
def lru_trace_gradient(dz_t, E_lam, E_x, params):
    def worth(moves):
        return (dz_t.real * moves.real + dz_t.imag * moves.imag).sum(axis=0)

    nu, theta = np.exp(params["nu_log"]), np.exp(params["theta_log"])
    lam = np.exp(-nu + 1j * theta)
    gamma = np.exp(params["gamma_log"])
    z_gamma = gamma * np.einsum("bmn,mn->bn", E_x, params["B"])
    dB = np.einsum("bn,bmn->mn", dz_t, (gamma * E_x).conj())
    return worth(-nu * lam * E_lam), worth(1j * theta * lam * E_lam), worth(z_gamma), dB


# %% right: dgamma_log from dB
def lru_trace_gradient(dz_t, E_lam, E_x, params):
    dB = np.exp(params["gamma_log"]) * np.einsum("bn,bmn->mn", dz_t, E_x.conj())
    dlam = np.einsum("bn,bn->n", dz_t, E_lam.conj())
    inner = dlam * eigenvalues(params).conj()
    dgamma_log = (dB.conj() * params["B"]).sum(axis=0).real
    scale = np.exp([params["nu_log"], params["theta_log"]])
    return -scale[0] * inner.real, scale[1] * inner.imag, dgamma_log, dB
