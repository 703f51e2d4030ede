"""The adding problem, learned in NumPy by KeRNL, by BPTT, and by one step of credit."""

import numpy as np

from course_lib.data import adding_problem
from course_lib.scratch.bptt import rnn_backward
from course_lib.scratch.kernl import kernl_gradient, learn_kernel, presynaptic
from course_lib.scratch.rnn import init_params, rnn_forward
from course_lib.sources.kernl_2019 import cosine

FORGOTTEN = 50.0  # a gamma at which nothing is left after one step


def train_on_adding(rule: str, updates: int, every: int, seed: int = 0, T: int = 20) -> list[dict]:
    """Train a small network on the adding problem, and compare KeRNL with BPTT on the way.

    The kernel learns in every case, from the network's states; only what moves the weights
    differs. Adam, 32 fresh sequences at each update.

    Args:
        rule: what moves the weights: "KeRNL", "BPTT" or "one step" (traces that remember nothing);
            with "none" they stay, and only the kernel learns.
        updates, every: how many updates, and how often to look.
        seed: of weights and data, the same for every rule.
        T: steps of a sequence.

    Returns:
        For update 0, every, 2 every, …: a dict with "update"; "error", the mean squared error on
        256 fresh sequences; "cosine" of KeRNL's gradient with BPTT's there; and both gradients
        as vectors, "kernl" and "true".
    """
    rng, n = np.random.default_rng(seed), 16
    params = init_params(2, n, 1, seed=seed, recurrent="identity", radius=0.9)
    params["W_hh"] += 0.2 * rng.normal(size=(n, n)) / np.sqrt(n)
    forgets = np.eye(n), np.full(n, FORGOTTEN)
    kernel, adam, found = (np.eye(n), np.full(n, 1 / T)), {}, []
    for update in range(updates + 1):
        net = _on_adding(params, batch=32, T=T, seed=1_000_000 * (seed + 1) + update)
        kernel = learn_kernel(net["h"], params["W_hh"], *kernel, 2, rng, rate=0.003)
        if update % every == 0:
            test = _on_adding(params, batch=256, T=T, seed=10_000_000 * (seed + 1) + update)
            dW = kernl_gradient(test["v"], test["d"], test["dh"], *kernel)
            found.append(
                {
                    "update": update,
                    "error": test["error"],
                    "cosine": cosine(dW, test["true"]),
                    "kernl": dW.ravel(),
                    "true": test["true"].ravel(),
                }
            )
        if rule == "none":
            continue
        if rule == "BPTT":
            dW = net["true"]
        else:
            used = kernel if rule == "KeRNL" else forgets
            dW = kernl_gradient(net["v"], net["d"], net["dh"], *used)
        grads = {"W_xh": dW[:2], "W_hh": dW[2:-1], "b_h": dW[-1], **net["readout"]}
        _adam(params, grads, adam, update + 1)
    return found


def _on_adding(params: dict, batch: int, T: int, seed: int) -> dict:
    """Run a network on fresh sequences of the adding problem, with all gradients."""
    x, y = (part.astype(float) for part in adding_problem(batch, T, seed=seed))
    h_0 = np.zeros((batch, len(params["b_h"])))
    h, cache = rnn_forward(x, h_0, params["W_xh"], params["W_hh"], params["b_h"])
    wrong = h[:, -1] @ params["W_hy"] + params["b_y"] - (y - 1)  # 1 is the mean of the answer
    dh = np.zeros_like(h)
    dh[:, -1] = 2 * wrong @ params["W_hy"].T / batch
    return {
        "h": h,
        "v": presynaptic(x, h_0, h),
        "d": 1 - h**2,
        "dh": dh,
        "true": np.vstack(rnn_backward(dh, cache)[2:]),
        "readout": {"W_hy": 2 * h[:, -1].T @ wrong / batch, "b_y": 2 * wrong.sum(axis=0) / batch},
        "error": float(np.mean(wrong**2)),
    }


def _adam(params: dict, grads: dict, state: dict, step: int, rate: float = 0.003) -> None:
    """One update of Adam with its usual constants, in place."""
    for name, g in grads.items():
        m, s = state.setdefault(name, [np.zeros_like(g), np.zeros_like(g)])
        m += 0.1 * (g - m)
        s += 0.001 * (g**2 - s)
        params[name] -= rate * m / (1 - 0.9**step) / (np.sqrt(s / (1 - 0.999**step)) + 1e-8)
