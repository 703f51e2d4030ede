"""KeRNL: credit without a tape, from eligibility traces and a learned kernel.

Source: Roth, Kanitscheider and Fiete, "Kernel RNN Learning (KeRNL)", 2019. The
equations here are our reading of it, in row vectors: the weights of a step are
stacked as W = [W_xh; W_hh; b_h], of shape (p, n) with p = m + n + 1, and meet
v_t = [x_t, h_{t-1}, 1]. The kernel says how unit i at step s moves unit k at
step t: ∂h_t[k]/∂h_s[i] ≈ beta[k, i] exp(-gamma[i] (t - s)).
Float64 in gives float64 out.
"""

import numpy as np


def presynaptic(x, h_0, h):
    """What each step's weights are multiplied by: v_t = [x_t, h_{t-1}, 1].

    Args:
        x: inputs, shape (batch, T, m).
        h_0: state before the first step, shape (batch, n).
        h: states h_1 … h_T, shape (batch, T, n).

    Returns:
        v, shape (batch, T, p) with p = m + n + 1.
    """
    h_prev = np.concatenate([h_0[:, None], h[:, :-1]], axis=1)
    ones = np.ones_like(h[:, :, :1])
    return np.concatenate([x, h_prev, ones], axis=2)


def trace_step(E_prev, v_t, d_t, gamma):
    """One step of the eligibility traces, one trace for each weight.

    Args:
        E_prev: traces before the step, shape (batch, p, n).
        v_t: what the weights are multiplied by, shape (batch, p).
        d_t: derivative of each unit's squashing at this step, shape
            (batch, n); 1 - h_t² for the tanh.
        gamma: decay rate of each unit, per step, shape (n,), 0 or more.

    Returns:
        E_t: the traces after the step, shape (batch, p, n). Entry [b, j, i] is
        about the weight from entry j of v to unit i.
    """
    # IMPLEMENT-ME: each trace says how much its weight has moved the unit that
    # it leads to: this step counts in full, an earlier one as far as it is
    # still remembered
    E_t = E_prev * np.exp(-gamma) + v_t[:, :, None] * d_t[:, None, :]
    # END IMPLEMENT-ME
    return E_t


def weight_gradient(dh_t, beta, E_t):
    """What the loss of one step says about the weights, by their traces.

    Args:
        dh_t: gradient that reaches h_t from the loss of its own step, shape
            (batch, n).
        beta: sensitivity, shape (n, n); row k is the later unit, column i the
            earlier one.
        E_t: traces of `trace_step`, shape (batch, p, n).

    Returns:
        dW: shape (p, n), summed over the batch.
    """
    # IMPLEMENT-ME: dW is this step's share of the gradient of every weight,
    # as the kernel sees it: what a unit did in the past counts through all the
    # units that it has moved since, in each sequence by itself
    credit = dh_t @ beta
    dW = np.einsum("bi,bji->ji", credit, E_t)
    # END IMPLEMENT-ME
    return dW


def kernl_gradient(v, d, dh, beta, gamma):
    """KeRNL over a whole sequence: one walk forward, nothing is stored.

    Args:
        v: from `presynaptic`, shape (batch, T, p).
        d: derivatives of the squashing, shape (batch, T, n).
        dh: shape (batch, T, n); dh[:, t] is the gradient that reaches h_t from
            the loss of its own step.
        beta: sensitivity, shape (n, n).
        gamma: decay rates, shape (n,).

    Returns:
        dW: shape (p, n), the sum over the steps and the batch.
    """
    E_t = np.zeros((v.shape[0], v.shape[2], d.shape[2]), dtype=d.dtype)
    dW = np.zeros_like(E_t[0])
    for t in range(v.shape[1]):
        E_t = trace_step(E_t, v[:, t], d[:, t], gamma)
        dW += weight_gradient(dh[:, t], beta, E_t)
    return dW


def perturbation_step(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t):
    """One step of a nudged network, beside the two integrators of its nudges.

    Args:
        tangent: how far the nudged state is from h_{t-1}, to first order,
            shape (batch, n).
        Omega: faded sum of the nudges so far, shape (batch, n).
        Gamma: ∂Omega/∂gamma so far, shape (batch, n).
        h_t: the state of the network itself after the step, (batch, n).
        W_hh: hidden-to-hidden weights, shape (n, n).
        gamma: decay rate of each unit, shape (n,).
        psi_t: new nudges, added to the state after the tanh, (batch, n).

    Returns:
        tangent, Omega, Gamma after the step, each of shape (batch, n).
    """
    decay = np.exp(-gamma)
    # IMPLEMENT-ME: all three are those after the step. The tangent has gone on
    # as a small change of the state would, and was nudged again; Omega
    # remembers all nudges, old ones less; Gamma still says how Omega changes
    # with gamma
    Gamma = decay * Gamma - decay * Omega
    Omega = decay * Omega + psi_t
    tangent = (tangent @ W_hh) * (1 - h_t**2) + psi_t
    # END IMPLEMENT-ME
    return tangent, Omega, Gamma


def kernel_gradients(beta, tangent, Omega, Gamma):
    """Gradients of the kernel's error at one step.

    The kernel predicts tangent[k] as the sum over i of beta[k, i] Omega[i].
    J is half the squared error, summed over units, averaged over the batch.

    Args:
        beta: sensitivity, shape (n, n).
        tangent, Omega, Gamma: from `perturbation_step`, shape (batch, n).

    Returns:
        dbeta (n, n) and dgamma (n,), the gradients of J.
    """
    # IMPLEMENT-ME: dbeta and dgamma say how J changes when an entry of the
    # kernel does; gamma acts by way of Omega alone
    error = Omega @ beta.T - tangent
    dbeta = error.T @ Omega / len(error)
    dgamma = np.mean((error @ beta) * Gamma, axis=0)
    # END IMPLEMENT-ME
    return dbeta, dgamma


def chunk_border(E_0, v, d, credit, gamma):
    """A chunk of C steps at once: its gradient, and the trace that leaves it.

    Equal to C times `trace_step` and the sum of their gradients, but no trace
    is built in between: inside the chunk only vectors of n run step by step.

    Args:
        E_0: traces that come into the chunk, shape (batch, p, n).
        v: what the weights are multiplied by, shape (batch, C, p).
        d: derivatives of the squashing, shape (batch, C, n).
        credit: dh @ beta at each step, shape (batch, C, n).
        gamma: decay rate of each unit, shape (n,).

    Returns:
        dW: shape (p, n), the gradient of the chunk's losses, batch summed.
        E_C: the traces after the chunk's last step, shape (batch, p, n).
    """
    C = v.shape[1]
    decay = np.exp(-gamma)
    later = np.zeros_like(credit)
    # IMPLEMENT-ME: both results are what they would be step by step, to the
    # last digits, and no trace has been made between the first and the last
    later[:, C - 1] = credit[:, C - 1]
    for t in reversed(range(C - 1)):
        later[:, t] = credit[:, t] + decay * later[:, t + 1]
    dW = np.einsum("btj,bti->ji", v, later * d)
    dW += np.einsum("bi,bji->ji", decay * later[:, 0], E_0)
    follow = np.arange(C)[::-1, None]
    E_C = decay**C * E_0 + np.einsum("btj,bti->bji", v, decay**follow * d)
    # END IMPLEMENT-ME
    return dW, E_C


def leaky_forward(x, h_0, W, leak):
    """A leaky RNN: h_t = (1 - leak) h_{t-1} + leak tanh(v_t W).

    Args:
        x: inputs, shape (batch, T, m).
        h_0: state before the first step, shape (batch, n).
        W: stacked weights, shape (p, n).
        leak: above 0, and at most 1, where it is the vanilla RNN.

    Returns:
        h: states, shape (batch, T, n).
        squashed: tanh(v_t W) of each step, shape (batch, T, n).
    """
    h = np.zeros((*x.shape[:2], W.shape[1]), dtype=W.dtype)
    squashed = np.zeros_like(h)
    h_t, one = h_0, np.ones((len(x), 1))
    for t in range(x.shape[1]):
        squashed[:, t] = np.tanh(np.hstack([x[:, t], h_t, one]) @ W)
        h_t = (1 - leak) * h_t + leak * squashed[:, t]
        h[:, t] = h_t
    return h, squashed


def rflo_gradient(v, squashed, dh, leak):
    """RFLO: credit along the leak alone, as a special case of KeRNL.

    Source: Murray, "Local online learning in recurrent networks with random
    feedback", 2019. The random feedback is in dh: it may come by other weights
    than those of the readout.

    Args:
        v: from `presynaptic`, shape (batch, T, p).
        squashed: tanh(v_t W) of a leaky RNN, shape (batch, T, n).
        dh: gradient that reaches each state from its own step, (batch, T, n).
        leak: of the network, above 0 and below 1.

    Returns:
        dW: shape (p, n), the sum over the steps and the batch.
    """
    # IMPLEMENT-ME: dW is KeRNL's, for the one kernel that forgets a state just
    # as fast as the leaky network does, and mixes no units
    beta = np.eye(squashed.shape[2])
    gamma = np.full(squashed.shape[2], -np.log(1 - leak))
    d = leak * (1 - squashed**2)
    dW = kernl_gradient(v, d, dh, beta, gamma)
    # END IMPLEMENT-ME
    return dW


def identity_recurrence(W_xh):
    """Stacked weights of a network that keeps its state where it is.

    Source of the idea: Le, Jaitly and Hinton, "A simple way to initialize
    recurrent networks of rectified linear units", 2015.

    Args:
        W_xh: input-to-hidden weights, shape (m, n).

    Returns:
        W: shape (m + n, n), to be used as [x_t, h_{t-1}] @ W.
    """
    return np.vstack([W_xh, np.eye(W_xh.shape[1])])


def forward_gradient(x, h_0, h, dh, beta, gamma):
    """KeRNL along a sequence, from the states that the network went through.

    Args:
        x: inputs, shape (batch, T, m).
        h_0: state before the first step, shape (batch, n).
        h: states after each step, shape (batch, T, n); the network is tanh.
        dh: gradient that reaches each state from its own step, (batch, T, n).
        beta, gamma: the kernel, shapes (n, n) and (n,).

    Returns:
        dW: shape (m + n + 1, n), the sum over the steps and the batch.
    """
    batch, T, n = h.shape
    E_t = np.zeros((batch, x.shape[2] + n + 1, n))
    dW = np.zeros(E_t.shape[1:])
    h_prev = h_0
    for t in range(T):
        v_t = np.hstack([x[:, t], h_prev, np.ones((batch, 1))])
        E_t = trace_step(E_t, v_t, 1 - h[:, t] ** 2, gamma)
        dW += weight_gradient(dh[:, t], beta, E_t)
        h_prev = h[:, t]
    return dW


def kernel_fit(h, W_hh, beta, gamma, psi):
    """Gradients of the kernel's error over a whole sequence.

    Args:
        h: states of the network, shape (batch, T, n).
        W_hh: hidden-to-hidden weights, shape (n, n).
        beta, gamma: the kernel, shapes (n, n) and (n,).
        psi: nudges of each step, shape (batch, T, n).

    Returns:
        dbeta (n, n) and dgamma (n,): the mean over the steps of what
        `kernel_gradients` says.
    """
    T = h.shape[1]
    tangent = Omega = Gamma = np.zeros_like(h[:, 0])
    dbeta, dgamma = np.zeros_like(beta), np.zeros_like(gamma)
    for t in range(T):
        tangent, Omega, Gamma = perturbation_step(
            tangent, Omega, Gamma, h[:, t], W_hh, gamma, psi[:, t]
        )
        dbeta_t, dgamma_t = kernel_gradients(beta, tangent, Omega, Gamma)
        dbeta += dbeta_t / T
        dgamma += dgamma_t / T
    return dbeta, dgamma


def explained(h, W_hh, beta, gamma, psi):
    """R² of the kernel: how much of the nudged state's movement it predicts.

    Args:
        h, W_hh, beta, gamma, psi: as in `kernel_fit`.

    Returns:
        1 - (squared error) / (squared tangent), over all steps and sequences;
        1 is perfect, 0 no better than to predict that nothing moves.
    """
    tangent = Omega = Gamma = np.zeros_like(h[:, 0])
    error = total = 0.0
    for t in range(h.shape[1]):
        tangent, Omega, Gamma = perturbation_step(
            tangent, Omega, Gamma, h[:, t], W_hh, gamma, psi[:, t]
        )
        error += np.sum((Omega @ beta.T - tangent) ** 2)
        total += np.sum(tangent**2)
    return float(1 - error / total)


def learn_kernel(
    h, W_hh, beta, gamma, updates, rng, rate=0.01, fit=kernel_fit
):
    """Learn beta and gamma by nudging, with fresh nudges at every update.

    Adam (Kingma and Ba, 2015), with its usual constants. Rates of decay below
    zero would let the kernel explode, so they are kept at zero or more.

    Args:
        h: states of the network, shape (batch, T, n).
        W_hh: hidden-to-hidden weights, shape (n, n).
        beta, gamma: the kernel to start from; left as they are.
        updates: how often to update.
        rng: NumPy generator of the nudges.
        rate: learning rate.
        fit: gives the gradients; `kernel_fit`, or a function like it.

    Returns:
        beta, gamma: the learned kernel.
    """
    kernel = [beta.copy(), gamma.copy()]
    mean = [np.zeros_like(w) for w in kernel]
    square = [np.zeros_like(w) for w in kernel]
    for i in range(1, updates + 1):
        grads = fit(h, W_hh, *kernel, rng.normal(size=h.shape))
        for w, g, m, s in zip(kernel, grads, mean, square, strict=True):
            m += 0.1 * (g - m)
            s += 0.001 * (g**2 - s)
            step = m / (1 - 0.9**i) / (np.sqrt(s / (1 - 0.999**i)) + 1e-8)
            w -= rate * step
        kernel[1] = np.maximum(kernel[1], 0.0)
    return tuple(kernel)
