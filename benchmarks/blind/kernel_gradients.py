"""Answers to `kernel_gradients`, written from its notebook alone; each cell is one."""

import numpy as np


# %% single: beta is transposed in the prediction
def kernel_gradients(beta, tangent, Omega, Gamma):
    error = Omega @ beta - tangent
    dbeta = error.T @ Omega / len(Omega)
    dgamma = np.mean((error @ beta) * Gamma, axis=0)
    return dbeta, dgamma


# %% single: dbeta comes out transposed
def kernel_gradients(beta, tangent, Omega, Gamma):
    error = Omega @ beta.T - tangent
    dbeta = Omega.T @ error / len(Omega)
    dgamma = np.mean((error @ beta) * Gamma, axis=0)
    return dbeta, dgamma


# %% single: the sum over the batch
def kernel_gradients(beta, tangent, Omega, Gamma):
    error = Omega @ beta.T - tangent
    dbeta = error.T @ Omega
    dgamma = np.sum((error @ beta) * Gamma, axis=0)
    return dbeta, dgamma


# %% single: the error has the wrong sign
def kernel_gradients(beta, tangent, Omega, Gamma):
    error = tangent - Omega @ beta.T
    dbeta = error.T @ Omega / len(Omega)
    dgamma = np.mean((error @ beta) * Gamma, axis=0)
    return dbeta, dgamma


# %% single: dgamma through the wrong side of beta
def kernel_gradients(beta, tangent, Omega, Gamma):
    error = Omega @ beta.T - tangent
    dbeta = error.T @ Omega / len(Omega)
    dgamma = np.mean((error @ beta.T) * Gamma, axis=0)
    return dbeta, dgamma


# %% single: dgamma by Omega
def kernel_gradients(beta, tangent, Omega, Gamma):
    error = Omega @ beta.T - tangent
    dbeta = error.T @ Omega / len(Omega)
    dgamma = np.mean((error @ beta) * Omega, axis=0)
    return dbeta, dgamma


# %% single: the squared error, not half of it
def kernel_gradients(beta, tangent, Omega, Gamma):
    error = Omega @ beta.T - tangent
    dbeta = 2 * error.T @ Omega / len(Omega)
    dgamma = np.mean(2 * (error @ beta) * Gamma, axis=0)
    return dbeta, dgamma


# %% single: averaged over the units too
def kernel_gradients(beta, tangent, Omega, Gamma):
    error = Omega @ beta.T - tangent
    dbeta = error.T @ Omega / Omega.size
    dgamma = np.sum((error @ beta) * Gamma, axis=0) / Omega.size
    return dbeta, dgamma


# %% single: dgamma without beta
def kernel_gradients(beta, tangent, Omega, Gamma):
    error = Omega @ beta.T - tangent
    dbeta = error.T @ Omega / len(Omega)
    dgamma = np.mean((error) * Gamma, axis=0)
    return dbeta, dgamma


# %% single: dbeta by Gamma
def kernel_gradients(beta, tangent, Omega, Gamma):
    error = Omega @ beta.T - tangent
    dbeta = error.T @ Gamma / len(Omega)
    dgamma = np.mean((error @ beta) * Gamma, axis=0)
    return dbeta, dgamma


# %% single: only dbeta is averaged
def kernel_gradients(beta, tangent, Omega, Gamma):
    error = Omega @ beta.T - tangent
    dbeta = error.T @ Omega / len(Omega)
    dgamma = np.sum((error @ beta) * Gamma, axis=0)
    return dbeta, dgamma


# %% single: the old notebook's dgamma: error times what beta makes of Gamma
def kernel_gradients(beta, tangent, Omega, Gamma):
    error = Omega @ beta.T - tangent
    dbeta = error.T @ Omega / len(Omega)
    dgamma = np.mean(error * (Gamma @ beta.T), axis=0)
    return dbeta, dgamma


# %% double: transposed in the prediction, and the sum over the batch
def kernel_gradients(beta, tangent, Omega, Gamma):
    error = Omega @ beta - tangent
    dbeta = error.T @ Omega
    dgamma = np.sum((error @ beta) * Gamma, axis=0)
    return dbeta, dgamma


# %% right: einsum, index by index
def kernel_gradients(beta, tangent, Omega, Gamma):
    batch = tangent.shape[0]
    error = np.einsum("ki,bi->bk", beta, Omega) - tangent
    dbeta = np.einsum("bk,bi->ki", error, Omega) / batch
    dgamma = np.einsum("bk,ki,bi->i", error, beta, Gamma) / batch
    return dbeta, dgamma


# %% right: the mean of outer products
def kernel_gradients(beta, tangent, Omega, Gamma):
    wrong = (beta @ Omega.T).T - tangent
    dbeta = (wrong[:, :, None] * Omega[:, None, :]).mean(axis=0)
    dgamma = (beta * (wrong.T @ Gamma)).sum(axis=0) / len(wrong)
    return dbeta, dgamma
