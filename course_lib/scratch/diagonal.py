"""Diagonal recurrences: LRU and minGRU, and their exact traces.

A unit keeps a share of its own state and hears nothing of the others, so the
loop is a scan, and the traces of chapter 5 are exact with one number where
RTRL has a matrix. Float64 in gives float64 out, complex128 for what turns.
The gradient of a complex number z is ∂L/∂Re z + i ∂L/∂Im z.

Sources: Orvieto et al., "Resurrecting recurrent neural networks for long
sequences", 2023 (LRU); Zucchet et al., "Online learning of long-range
dependencies", 2023 (its traces); Feng et al., "Were RNNs all we needed?", 2024
(minGRU).
"""

import numpy as np

from course_lib.scratch.gated import sigmoid
from course_lib.scratch.scan import scan, scan_backward


def ring(u, v, r_min, r_max, max_phase):
    """Where the eigenvalues of an LRU start: spread evenly over a ring.

    With lam = exp(-exp(nu_log) + i exp(theta_log)). Source: Orvieto et al.,
    2023.

    Args:
        u: numbers between 0 and 1, shape (n,), uniform; |lam| grows with it.
        v: numbers between 0 and 1, shape (n,), uniform; the phase grows with
            it.
        r_min, r_max: radii of the ring, with 0 <= r_min < r_max <= 1.
        max_phase: the largest phase, in radians; the smallest is 0.

    Returns:
        nu_log, theta_log, gamma_log: shape (n,). The lam are uniform over the
        area of the ring. With exp(gamma_log) as a factor, a unit that reads
        white noise of variance 1 comes to have E|z|² = 1.
    """
    # IMPLEMENT-ME: three parameters for each unit; equal areas of the ring get
    # equally many units, and no unit is louder than another
    radius_squared = r_min**2 + u * (r_max**2 - r_min**2)
    nu_log = np.log(-0.5 * np.log(radius_squared))
    theta_log = np.log(max_phase * v)
    gamma_log = 0.5 * np.log(1 - radius_squared)
    # END IMPLEMENT-ME
    return nu_log, theta_log, gamma_log


def init_lru(m, n, k, seed, r_min=0.9, r_max=0.999, max_phase=2 * np.pi):
    """Parameters of a new LRU.

    Args:
        m, n, k: sizes of input, state and output.
        seed: of the random numbers.
        r_min, r_max, max_phase: as in `ring`.

    Returns:
        params: dict with nu_log, theta_log, gamma_log (n,), B (m, n) and C
        (n, k), both complex, and D (m, k).
    """
    rng = np.random.default_rng(seed)
    u, v = rng.uniform(size=(2, n))
    nu_log, theta_log, gamma_log = ring(u, v, r_min, r_max, max_phase)
    B = rng.normal(size=(m, n, 2)) / np.sqrt(2 * m)
    C = rng.normal(size=(n, k, 2)) / np.sqrt(n)
    return {
        "nu_log": nu_log,
        "theta_log": theta_log,
        "gamma_log": gamma_log,
        "B": B[..., 0] + 1j * B[..., 1],
        "C": C[..., 0] + 1j * C[..., 1],
        "D": rng.normal(size=(m, k)) / np.sqrt(m),
    }


def eigenvalues(params):
    """The factors lam = exp(-exp(nu_log) + i exp(theta_log)), shape (n,)."""
    return np.exp(-np.exp(params["nu_log"]) + 1j * np.exp(params["theta_log"]))


def lru_forward(x, z_0, params):
    """An LRU layer: units that fade and turn, read by a real output.

    z_t = lam z_{t-1} + exp(gamma_log) (x_t B), and y_t = Re(z_t C) + x_t D.

    Args:
        x: inputs, shape (batch, T, m).
        z_0: complex state before the first step, shape (batch, n).
        params: dict of `init_lru`.

    Returns:
        y: real outputs, shape (batch, T, k).
        z: complex states, shape (batch, T, n).
    """
    # IMPLEMENT-ME: outputs and states of every step; for no value of the
    # parameters can a state grow by itself
    lam = eigenvalues(params)
    b = np.exp(params["gamma_log"]) * (x @ params["B"])
    z = scan(np.broadcast_to(lam, b.shape), b, z_0)
    y = (z @ params["C"]).real + x @ params["D"]
    # END IMPLEMENT-ME
    return y, z


def lru_backward(dz, x, z_0, z, params):
    """BPTT through the states of an LRU, by the scan that runs backwards.

    Args:
        dz: gradient that reaches each state from its own step, complex, shape
            (batch, T, n); Re(z C) sends back dy @ conj(C).T.
        x, z_0, params: as in `lru_forward`.
        z: its states.

    Returns:
        grads: dict with nu_log, theta_log, gamma_log and B.
        dx: shape (batch, T, m), what goes through the states alone.
    """
    lam, gamma = eigenvalues(params), np.exp(params["gamma_log"])
    dlam_t, db, _ = scan_backward(dz, np.broadcast_to(lam, z.shape), z, z_0)
    xB = x @ params["B"]
    grads = {
        **_by_parameters(dlam_t.sum(axis=(0, 1)), lam, params),
        "gamma_log": gamma * np.sum(db * np.conj(xB), axis=(0, 1)).real,
        "B": gamma * np.einsum("btj,bti->ji", x, db),
    }
    return grads, ((gamma * db) @ np.conj(params["B"]).T).real


def _by_parameters(dlam, lam, params):
    """From the gradient of lam, shape (n,), to those of its parameters."""
    along = np.conj(dlam) * lam
    return {
        "nu_log": -np.exp(params["nu_log"]) * along.real,
        "theta_log": -np.exp(params["theta_log"]) * along.imag,
    }


def lru_trace_step(E_lam, E_x, z_prev, x_t, lam):
    """One step of the two traces of an LRU; both are exact.

    Args:
        E_lam: ∂z_{t-1}/∂lam before the step, complex, shape (batch, n).
        E_x: the inputs so far, each faded and turned by the lam of the unit
            that reads it, complex, shape (batch, m, n).
        z_prev: state before the step, complex, shape (batch, n).
        x_t: input of the step, shape (batch, m).
        lam: shape (n,).

    Returns:
        E_lam, E_x: after the step, of the shapes above.
    """
    # IMPLEMENT-ME: both traces mean what they meant before the step, but for
    # the state after it; neither needs more memory in a longer sequence
    E_lam = lam * E_lam + z_prev
    E_x = lam * E_x + x_t[:, :, None]
    # END IMPLEMENT-ME
    return E_lam, E_x


def lru_trace_gradient(dz_t, E_lam, E_x, params):
    """What the loss of one step says about an LRU, by its traces alone.

    Args:
        dz_t: ∂L/∂Re z_t + i ∂L/∂Im z_t, from the loss of this step, complex,
            shape (batch, n).
        E_lam, E_x: traces after the step, from `lru_trace_step`.
        params: dict of `init_lru`.

    Returns:
        dnu_log, dtheta_log, dgamma_log: real, shape (n,), batch summed.
        dB: complex, in the convention of dz_t, shape (m, n), batch summed.
    """
    # IMPLEMENT-ME: the exact gradient of this step's loss, for each of the
    # four parameters that the state depends on
    lam = eigenvalues(params)
    gamma = np.exp(params["gamma_log"])
    along = np.sum(np.conj(dz_t) * E_lam, axis=0) * lam  # ∂L/∂log lam
    z_by_gamma = np.einsum("bji,ji->bi", E_x, params["B"])
    dnu_log = -np.exp(params["nu_log"]) * along.real
    dtheta_log = -np.exp(params["theta_log"]) * along.imag
    dgamma_log = gamma * np.sum(np.conj(dz_t) * z_by_gamma, axis=0).real
    dB = gamma * np.einsum("bi,bji->ji", dz_t, np.conj(E_x))
    # END IMPLEMENT-ME
    return dnu_log, dtheta_log, dgamma_log, dB


def lru_online_gradient(dz, x, z_0, params):
    """The gradient of `lru_backward`, in one walk forward; nothing is stored.

    Args:
        dz, x, z_0, params: as in `lru_backward`.

    Returns:
        grads: dict with nu_log, theta_log, gamma_log and B.
    """
    lam, gamma = eigenvalues(params), np.exp(params["gamma_log"])
    z_t, E_lam = z_0, np.zeros_like(z_0)
    E_x = np.zeros((*x.shape[::2], len(lam)), dtype=z_0.dtype)
    names = ("nu_log", "theta_log", "gamma_log", "B")
    grads = {name: np.zeros_like(params[name]) for name in names}
    for t in range(x.shape[1]):
        E_lam, E_x = lru_trace_step(E_lam, E_x, z_t, x[:, t], lam)
        z_t = lam * z_t + gamma * (x[:, t] @ params["B"])
        now = lru_trace_gradient(dz[:, t], E_lam, E_x, params)
        for name, gradient in zip(names, now, strict=True):
            grads[name] += gradient
    return grads


def last_state(b, lam, z_0):
    """The state of a diagonal linear layer after its last step.

    Args:
        b: what is added at each step, shape (batch, T, n), or (batch, T, 1)
            where all units get the same.
        lam: shape (n,), real or complex.
        z_0: state before the first step, shape (batch, n).

    Returns:
        z_T: shape (batch, n).
    """
    T = b.shape[1]
    # IMPLEMENT-ME: the state after the last step, by one sum over all steps
    powers = lam ** np.arange(T - 1, -1, -1)[:, None]
    z_T = lam**T * z_0 + np.einsum("bti,ti->bi", b, powers)
    # END IMPLEMENT-ME
    return z_T


def init_mingru(m, n, seed):
    """Parameters of a new minGRU: W_g, W_c (m, n) and b_g, b_c (n,)."""
    rng = np.random.default_rng(seed)
    W_g, W_c = rng.normal(size=(2, m, n)) / np.sqrt(m)
    return {"W_g": W_g, "b_g": np.zeros(n), "W_c": W_c, "b_c": np.zeros(n)}


def mingru_step(x_t, h_prev, params):
    """One step of a minGRU: a gate that looks at the input alone.

    g_t = sigmoid(x_t W_g + b_g), c_t = x_t W_c + b_c, and
    h_t = (1 - g_t) h_{t-1} + g_t c_t.

    Args:
        x_t: input of the step, shape (batch, m).
        h_prev: state before the step, shape (batch, n).
        params: dict of `init_mingru`.

    Returns:
        h_t: shape (batch, n).
    """
    g_t = sigmoid(x_t @ params["W_g"] + params["b_g"])
    c_t = x_t @ params["W_c"] + params["b_c"]
    return (1 - g_t) * h_prev + g_t * c_t


def mingru_forward(x, h_0, params):
    """A minGRU over a whole sequence, by a scan.

    Args:
        x: inputs, shape (batch, T, m); T is 1 or more.
        h_0: state before the first step, shape (batch, n), zero or not.
        params: dict of `init_mingru`.

    Returns:
        h: what `mingru_step` gives step by step, shape (batch, T, n).
    """
    g = sigmoid(x @ params["W_g"] + params["b_g"])
    c = x @ params["W_c"] + params["b_c"]
    return scan(1 - g, g * c, h_0)


def mingru_backward(dh, x, h_0, h, params):
    """BPTT through a minGRU, by the scan that runs backwards.

    Args:
        dh: gradient that reaches each state from its own step, (batch, T, n).
        x, h_0, params: as in `mingru_forward`.
        h: its states.

    Returns:
        grads: dict with the keys and shapes of `params`.
        dx (batch, T, m) and dh_0 (batch, n).
    """
    g = sigmoid(x @ params["W_g"] + params["b_g"])
    c = x @ params["W_c"] + params["b_c"]
    da, db, dh_0 = scan_backward(dh, 1 - g, h, h_0)
    dc = db * g
    dg = (db * c - da) * g * (1 - g)
    grads = {
        "W_g": np.einsum("btj,bti->ji", x, dg),
        "b_g": dg.sum(axis=(0, 1)),
        "W_c": np.einsum("btj,bti->ji", x, dc),
        "b_c": dc.sum(axis=(0, 1)),
    }
    return grads, dg @ params["W_g"].T + dc @ params["W_c"].T, dh_0


def mingru_online_gradient(dh, x, h_0, params):
    """The gradient of `mingru_backward`, forward in time, by exact traces.

    Args:
        dh, x, h_0, params: as in `mingru_backward`.

    Returns:
        grads: dict with the keys and shapes of `params`.
    """
    ones = np.ones_like(x[:, :, :1])
    v = np.concatenate([x, ones], axis=2)
    h_t = h_0
    E_g = E_c = np.zeros((len(x), v.shape[2], h_0.shape[1]), dtype=h_0.dtype)
    dW_g, dW_c = np.zeros_like(E_g[0]), np.zeros_like(E_c[0])
    for t in range(x.shape[1]):
        g_t = sigmoid(x[:, t] @ params["W_g"] + params["b_g"])
        c_t = x[:, t] @ params["W_c"] + params["b_c"]
        kept = (1 - g_t)[:, None]
        v_t = v[:, t, :, None]
        E_g = kept * E_g + v_t * ((c_t - h_t) * g_t * (1 - g_t))[:, None]
        E_c = kept * E_c + v_t * g_t[:, None]
        h_t = (1 - g_t) * h_t + g_t * c_t
        dW_g += np.einsum("bi,bji->ji", dh[:, t], E_g)
        dW_c += np.einsum("bi,bji->ji", dh[:, t], E_c)
    return {
        "W_g": dW_g[:-1],
        "b_g": dW_g[-1],
        "W_c": dW_c[:-1],
        "b_c": dW_c[-1],
    }
