"""A kernel that turns: KeRNL with damped oscillations in place of one decay.

How unit i at step s moves unit k at step t, by M modes that all units share:

    ∂h_t[k]/∂h_s[i] ≈ sum over r of Re(beta[r, k, i] lam[r]^(t - s))

with lam = exp(-gamma + 1j omega). A mode with omega 0 fades, one with omega pi
alternates, the others turn. The real part of beta goes with the cosine, minus
its imaginary part with the sine. KeRNL is one fading mode, with a gamma for
each unit. Shapes and names are those of `course_lib.scratch.kernl`.
"""

import numpy as np

# The decay of modes that turn, over the angle to the next one: with less there
# are gaps between them, with more they forget sooner than need be.
WIDTH = 0.6


def spread_modes(count, steps):
    """One mode that fades slowly, and others that turn and fade fast.

    Their angles are spread evenly from 0 to pi, both ends included.

    Args:
        count: number of modes M, 1 or more.
        steps: length T of the sequences; what fades does so by 1 / T a step,
            and no mode forgets more slowly.

    Returns:
        gamma, omega: decay and angle of each mode, per step, shape (M,).
    """
    omega = np.linspace(0, np.pi, count)
    gamma = np.full(count, 1 / steps)
    gamma[1:] = np.maximum(WIDTH * omega[1:2], 1 / steps)
    return gamma, omega


def modes_trace_step(E_prev, v_t, d_t, gamma, omega):
    """One step of traces that turn, one for each mode and weight.

    Args:
        E_prev: traces before the step, complex, shape (M, batch, p, n).
        v_t: what the weights are multiplied by, shape (batch, p).
        d_t: derivative of each unit's squashing, shape (batch, n).
        gamma, omega: decay and angle of each mode, per step, shape (M,).

    Returns:
        E_t: the traces after the step, complex, (M, batch, p, n).
    """
    lam = np.exp(-gamma + 1j * omega)[:, None, None, None]
    return lam * E_prev + v_t[:, :, None] * d_t[:, None, :]


def modes_gradient(v, d, dh, beta, gamma, omega):
    """KeRNL with modes over a whole sequence, forward; nothing is stored.

    Args:
        v: from `presynaptic`, shape (batch, T, p).
        d: derivatives of the squashing, shape (batch, T, n).
        dh: shape (batch, T, n); dh[:, t] is the gradient that reaches h_t from
            the loss of its own step.
        beta: sensitivities, complex, shape (M, n, n); [r, k, i] is about later
            unit k and earlier unit i.
        gamma, omega: shape (M,).

    Returns:
        dW: shape (p, n), the sum over the steps and the batch.
    """
    E_t = np.zeros((len(gamma), len(v), v.shape[2], d.shape[2]), dtype=complex)
    dW = np.zeros(E_t.shape[2:])
    for t in range(v.shape[1]):
        E_t = modes_trace_step(E_t, v[:, t], d[:, t], gamma, omega)
        credit = np.einsum("bk,rki->rbi", dh[:, t], beta)
        dW += np.einsum("rbi,rbji->ji", credit, E_t).real
    return dW


def nudged(h, W_hh, psi):
    """How far nudges have moved the states of a tanh network, to first order.

    Args:
        h: states, shape (batch, T, n).
        W_hh: hidden-to-hidden weights, shape (n, n).
        psi: nudges of each step, added after the tanh, shape (batch, T, n).

    Returns:
        tangent: shape (batch, T, n).
    """
    tangent = np.zeros_like(psi)
    moved = np.zeros_like(psi[:, 0])
    for t in range(h.shape[1]):
        moved = (moved @ W_hh) * (1 - h[:, t] ** 2) + psi[:, t]
        tangent[:, t] = moved
    return tangent


def fit_modes(psi, tangent, gamma, omega):
    """The sensitivities that explain best how far nudges have moved the state.

    Every step of every sequence is one sample of a linear regression, which is
    fitted by least squares.

    Args:
        psi: nudges, shape (batch, T, n); that of a step counts in full at its
            own step.
        tangent: how far all nudges so far have moved the state, (batch, T, n).
        gamma, omega: decay and angle of each mode, per step, shape (M,).

    Returns:
        beta: complex, shape (M, n, n). A nudge of unit i moves unit k, tau
        steps later, by the sum over the modes of the real part of
        beta[r, k, i] times exp((-gamma[r] + 1j omega[r]) tau). Where omega[r]
        is 0 or pi, a mode has no sine, and beta[r] is real.
    """
    batch, T, n = psi.shape
    lam = np.exp(-gamma + 1j * omega)[:, None, None]
    z = np.zeros((len(gamma), batch, n))
    # IMPLEMENT-ME: beta is such that no other one would come nearer to the
    # tangents, all steps and sequences together
    rows = []
    for t in range(T):
        z = lam * z + psi[:, t]
        rows.append(np.hstack([*z.real, *-z.imag]))
    targets = np.vstack(tangent.swapaxes(0, 1))
    solved = np.linalg.lstsq(np.vstack(rows), targets, rcond=None)[0]
    parts = solved.reshape(2, len(gamma), n, n).swapaxes(2, 3)
    beta = parts[0] + 1j * parts[1]
    # END IMPLEMENT-ME
    return beta


def modes_explained(psi, tangent, beta, gamma, omega):
    """R² of the kernel: the share of the tangent that it predicts.

    Args:
        psi, tangent, gamma, omega: as in `fit_modes`.
        beta: complex, shape (M, n, n).

    Returns:
        1 - (squared error) / (squared tangent), over all steps and sequences.
    """
    lam = np.exp(-gamma + 1j * omega)[:, None, None]
    z = np.zeros((len(gamma), len(psi), psi.shape[2]), dtype=complex)
    error = 0.0
    for t in range(psi.shape[1]):
        z = lam * z + psi[:, t]
        predicted = np.einsum("rki,rbi->bk", beta, z).real
        error += np.sum((predicted - tangent[:, t]) ** 2)
    return float(1 - error / np.sum(tangent**2))
