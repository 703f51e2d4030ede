"""The KeRNL notebook of 2019, rebuilt in NumPy: its faults, one at a time, each with a measure.

One input, 128 units, the 784 pixels of an MNIST digit one after the other, TensorFlow 1. It
stayed at chance. The functions named `wrong_…` are wrong on purpose: the book asks what is
wrong with them.
"""

import numpy as np

from course_lib.scratch.bptt import rnn_backward
from course_lib.scratch.kernl import (
    explained,
    learn_kernel,
    presynaptic,
    trace_step,
)
from course_lib.scratch.losses import cross_entropy_from_logits
from course_lib.scratch.rnn import init_params, rnn_forward

UNITS, STEPS, BATCH, CLASSES = 128, 784, 100, 10

# What it printed for its training batches: the losses and accuracies of its first lines.
PRINTED_LOSS = [2.572, 2.539, 2.555, 2.720, 2.614, 2.561, 2.646, 2.565, 2.527, 2.496, 2.614, 2.689,
                2.627, 2.614, 2.705, 2.614, 2.446, 2.716, 2.536, 2.569, 2.843]  # fmt: skip
PRINTED_ACCURACY = [0.13, 0.17, 0.14, 0.10, 0.08, 0.12, 0.08, 0.16, 0.12, 0.17, 0.12, 0.09, 0.12,
                    0.10, 0.12, 0.12, 0.18, 0.08, 0.18, 0.10, 0.09]  # fmt: skip
TEST_ACCURACY = 0.1171875  # on 128 images, after 99 steps


# Clue 1: the weights that it trained


VARIABLES = (
    *("sensitivity_tensor", "temporal_filter", "kernel"),
    *("bias", "output_weight", "output_addition"),
)
WRONG_TRAINED = ("sensitivity_tensor", "temporal_filter", "kernel")


def untrained_scores(draws: int = 20, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return losses and accuracies of its network before any training, one a draw.

    Each draw takes 100 images of the bundled subset and a readout of normal numbers, as it did.
    """
    from course_lib.data import load_mnist

    data, rng = load_mnist(), np.random.default_rng(seed)
    losses, accuracies = [], []
    for _ in range(draws):
        batch = rng.integers(0, len(data.x_train), size=BATCH)
        h = register_states(data.x_train[batch].reshape(BATCH, STEPS))
        logits = h @ rng.normal(size=(UNITS, CLASSES)) + rng.normal(size=CLASSES)
        labels = data.y_train[batch]
        losses.append(cross_entropy_from_logits(logits, labels))
        accuracies.append(np.mean(logits.argmax(axis=1) == labels))
    return np.array(losses), np.array(accuracies)


# Clue 2: the identity


def wrong_identity(m, n):
    """Return stacked weights whose recurrence is the identity."""
    return np.eye(m + n, n)


def run_wrong_identity(pixels: np.ndarray) -> np.ndarray:
    """Return the state after all pixels, (images, UNITS), of the network with those weights."""
    W = wrong_identity(1, UNITS)
    h = np.zeros((len(pixels), UNITS))
    for t in range(pixels.shape[1]):
        h = np.tanh(np.hstack([pixels[:, t : t + 1], h]) @ W)
    return h


def register_states(pixels: np.ndarray) -> np.ndarray:
    """What the state is: pixel T - 1 - j, squashed j + 1 times, is in unit j."""
    h = np.zeros((len(pixels), UNITS))
    last = pixels[:, ::-1][:, :UNITS].astype(float)
    for j in range(last.shape[1]):
        last[:, j:] = np.tanh(last[:, j:])
        h[:, j] = last[:, j]
    return h


def register_facts(images: int = 200) -> dict[str, float]:
    """Measure the shift register on images of the bundled subset.

    Returns:
        "error": largest difference between network and shift register; "empty": share of images
        whose last state is all zero; "filled": mean number of units that are not zero; "ink":
        share of all ink that stands in the last 128 pixels.
    """
    from course_lib.data import load_mnist

    pixels = load_mnist().x_train[:images].reshape(images, STEPS).astype(float)
    h = run_wrong_identity(pixels)
    return {
        "error": float(np.abs(h - register_states(pixels)).max()),
        "empty": float(np.mean(~h.any(axis=1))),
        "filled": float(np.mean(np.count_nonzero(h, axis=1))),
        "ink": float(pixels[:, -UNITS:].sum() / pixels.sum()),
    }


# Clue 3: the credit


def wrong_weight_gradient(dh_t, W, beta, E_t):
    """Return the gradient of the stacked weights, (p, n)."""
    error = dh_t.mean(axis=0)
    return ((W @ error)[None, :, None] * E_t).mean(axis=0)


def small_network(seed: int, n: int = 24, T: int = 15, batch: int = 64, m: int = 2) -> dict:
    """Return a network near the identity that classifies after the last step, and its truth.

    Returns:
        A dict: W (p, n), W_hh, h, v, d, dh_T (batch, n), and true, the gradient of BPTT (p, n).
    """
    rng = np.random.default_rng(seed)
    params = init_params(m, n, CLASSES, seed=seed, recurrent="identity", radius=0.98)
    params["W_hh"] += 0.1 * rng.normal(size=(n, n)) / np.sqrt(n)
    x, h_0 = 0.3 * rng.normal(size=(batch, T, m)), np.zeros((batch, n))
    h, cache = rnn_forward(x, h_0, params["W_xh"], params["W_hh"], params["b_h"])
    dh = np.zeros_like(h)
    wrong_by = rng.dirichlet(np.ones(CLASSES), size=batch)
    wrong_by[np.arange(batch), rng.integers(0, CLASSES, size=batch)] -= 1
    dh[:, -1] = wrong_by @ params["W_hy"].T / batch
    return {
        "W": np.vstack([params["W_xh"], params["W_hh"], params["b_h"]]),
        "W_hh": params["W_hh"],
        "h": h,
        "v": presynaptic(x, h_0, h),
        "d": 1 - h**2,
        "dh_T": dh[:, -1],
        "true": np.vstack(rnn_backward(dh, cache)[2:]),
    }


def last_traces(net: dict, gamma: np.ndarray) -> np.ndarray:
    """Return the traces after the last step, (batch, p, n)."""
    E_t = np.zeros((len(net["h"]), *net["W"].shape))
    for t in range(net["h"].shape[1]):
        E_t = trace_step(E_t, net["v"][:, t], net["d"][:, t], gamma)
    return E_t


def guess(net: dict) -> tuple[np.ndarray, np.ndarray]:
    """Return the kernel that the notebook starts from: beta the identity, gamma 1/T."""
    _, T, n = net["h"].shape
    return np.eye(n), np.full(n, 1 / T)


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    """Return the cosine of the angle between two arrays; 1 is the same direction."""
    return float(np.sum(a * b) / np.linalg.norm(a) / np.linalg.norm(b))


def credit_cosines(seeds: range, updates: int = 300) -> dict[str, list[float]]:
    """Return cosines with BPTT's gradient, one a seed, for the credit with some of its faults.

    The kernel is learned first, and is the same for all. "chance" is a random direction.
    """
    found: dict[str, list[float]] = {}
    for seed in seeds:
        net, rng = small_network(seed), np.random.default_rng(seed)
        beta, gamma = learn_kernel(net["h"], net["W_hh"], *guess(net), updates, rng)
        E, dh, W = last_traces(net, gamma), net["dh_T"], net["W"]
        rules = {
            "mended": ((dh @ beta)[:, None] * E).sum(axis=0),
            "averaged first": (dh.mean(axis=0) @ beta) * E.mean(axis=0),
            "W on the wrong axis": ((dh @ W.T)[:, :, None] * E).sum(axis=0),
            "both, as it was": wrong_weight_gradient(dh, W, beta, E),
            "chance": rng.normal(size=W.shape),
        }
        for name, gradient in rules.items():
            found.setdefault(name, []).append(cosine(gradient, net["true"]))
    return found


# Clue 4: the fit


def wrong_kernel_gradients(beta, tangent, Omega, Gamma):
    """Return the gradients of beta and gamma."""
    error = Omega @ beta.T - tangent
    dbeta = error.T @ Gamma
    dgamma = np.mean(error * (Gamma @ beta.T), axis=0)
    return dbeta, dgamma


def fit_with(gradients, before: bool = False):
    """Return a fit like `kernel_fit`, with other gradients.

    Args:
        gradients: a function like `kernel_gradients`.
        before: nudge the state before the step instead of after it, as the notebook did.
    """

    def fit(h, W_hh, beta, gamma, psi):
        decay, T = np.exp(-gamma), h.shape[1]
        tangent = Omega = Gamma = np.zeros_like(h[:, 0])
        found = []
        for t in range(T):
            Gamma = decay * (Gamma - Omega)
            Omega = decay * Omega + psi[:, t]
            nudged = tangent + psi[:, t] if before else tangent
            tangent = (nudged @ W_hh) * (1 - h[:, t] ** 2)
            tangent = tangent if before else tangent + psi[:, t]
            found.append(gradients(beta, tangent, Omega, Gamma))
        return tuple(np.mean(each, axis=0) for each in zip(*found, strict=True))

    return fit


def fit_curve(fit, seed: int = 0, every: int = 25, times: int = 12) -> dict[str, list[float]]:
    """Return R² and cosine while a kernel is learned with some fit, every 25 updates.

    Learning starts anew at each stop of Adam's averages; that is the same for every fit.
    """
    net, rng = small_network(seed), np.random.default_rng(seed)
    kernel, psi = guess(net), rng.normal(size=net["h"].shape)
    curve = {"updates": [], "r2": [], "cosine": []}
    for stop in range(times + 1):
        E = last_traces(net, kernel[1])
        gradient = ((net["dh_T"] @ kernel[0])[:, None] * E).sum(axis=0)
        curve["updates"].append(every * stop)
        curve["r2"].append(explained(net["h"], net["W_hh"], *kernel, psi))
        curve["cosine"].append(cosine(gradient, net["true"]))
        kernel = learn_kernel(net["h"], net["W_hh"], *kernel, every, rng, fit=fit)
    return curve


# Clue 5: the size of the nudge


def nudge_errors(sizes: np.ndarray, T: int = 15) -> dict[str, np.ndarray]:
    """Return how wrong a nudged copy of the network is, by the size of the nudges, in float32.

    Returns:
        "error": (nudged - own) / size compared with the tangent, relative, after T steps;
        "unmoved": share of states that a nudge of that size does not change at all.
    """
    net = small_network(0, T=T)
    rng = np.random.default_rng(1)
    single = {name: net[name].astype(np.float32) for name in ("W", "h", "v")}
    m = net["v"].shape[2] - net["h"].shape[2] - 1
    psi = rng.normal(size=net["h"].shape)
    tangent = np.zeros_like(psi[:, 0])
    for t in range(T):
        tangent = (tangent @ net["W_hh"]) * net["d"][:, t] + psi[:, t]
    errors, unmoved = [], []
    for size in sizes:
        nudges = (size * psi).astype(np.float32)
        h = nudged = np.zeros_like(single["h"][:, 0])
        for t in range(T):
            x_t, one = single["v"][:, t, :m], single["v"][:, t, -1:]
            h = np.tanh(np.hstack([x_t, h, one]) @ single["W"])
            nudged = np.tanh(np.hstack([x_t, nudged, one]) @ single["W"]) + nudges[:, t]
        moved = (nudged - h).astype(float) / size
        errors.append(np.linalg.norm(moved - tangent) / np.linalg.norm(tangent))
        unmoved.append(np.mean(single["h"] + nudges == single["h"]))
    return {"error": np.array(errors), "unmoved": np.array(unmoved)}
