"""Figures of chapter 2: backpropagation through time.

First what is measured, then what is drawn. A figure that needs a measurement takes it as its
argument, so that the page can print the numbers that the figure shows.
"""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import numpy as np

from course_lib.figures.moving import Handle, Moving
from course_lib.figures.numbers import brief
from course_lib.figures.slider import Slider, slider
from course_lib.figures.style import CYCLE, closed, in_words, pyplot
from course_lib.scratch.bptt import (
    loss_and_gradients,
    rnn_backward,
    rnn_step_backward,
    state_jacobian,
    truncated_bptt,
)
from course_lib.scratch.clipping import clip_by_global_norm, clip_by_value
from course_lib.scratch.gradcheck import numerical_gradient
from course_lib.scratch.losses import cross_entropy_from_logits, cross_entropy_gradient
from course_lib.scratch.rnn import init_params, rnn_forward

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RECURRENT = ("W_xh", "W_hh", "b_h")  # the gradients that flow through time
KINDS = ("gaussian", "orthogonal", "identity")
SCALES = {"weak": 0.01, "strong": 1.0}  # of the inputs: their standard deviation
BLUE, RED, GREEN = (CYCLE[i]["color"] for i in range(3))


# What is measured


def flat(grads: dict, names: tuple[str, ...] | None = None) -> np.ndarray:
    """Return the gradients, all or the named ones, as one vector."""
    return np.concatenate([grads[name].ravel() for name in names or grads])


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    """Return the cosine of the angle between two vectors; 1 is the same direction."""
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def relative(a: np.ndarray, exact: np.ndarray) -> float:
    """Return the norm of the difference over the norm of what is exact."""
    return float(np.linalg.norm(a - exact) / np.linalg.norm(exact))


def angle(a: np.ndarray, b: np.ndarray) -> float:
    """Return the angle between two vectors in degrees."""
    return float(np.degrees(np.arccos(np.clip(cosine(a, b), -1, 1))))


def labelled_sequences(
    batch: int = 16, T: int = 32, m: int = 4, n: int = 16, c: int = 3, seed: int = 0, **init
) -> tuple[dict, np.ndarray, np.ndarray, np.ndarray]:
    """Return (params, x, labels, h_0): a fresh network on random inputs, one label a step."""
    rng = np.random.default_rng(seed)
    params = init_params(m, n, c, seed=seed, **init)
    x = rng.normal(size=(batch, T, m))
    return params, x, rng.integers(0, c, size=(batch, T)), np.zeros((batch, n))


def credit(T: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """Split the gradient by the step of the loss and the step where the weight was used.

    Returns:
        for_W_hy, for_W_hh: shape (T, T); entry [t, k] is the norm of the part of the weight's
        gradient that the loss of step t + 1 gives to the weight's use at step k + 1.
    """
    params, x, labels, h_0 = labelled_sequences(batch=1, T=T, radius=0.9)
    h, (_, _, _, W_xh, W_hh) = rnn_forward(x, h_0, params["W_xh"], params["W_hh"], params["b_h"])
    dlogits = cross_entropy_gradient(h @ params["W_hy"] + params["b_y"], labels)
    for_W_hy, for_W_hh = np.zeros((T, T)), np.zeros((T, T))
    for t in range(T):
        for_W_hy[t, t] = np.linalg.norm(h[:, t].T @ dlogits[:, t])
        dh_k = dlogits[:, t] @ params["W_hy"].T
        for k in reversed(range(t + 1)):
            h_prev = h[:, k - 1] if k > 0 else h_0
            _, dh_k, _, dW_hh, _ = rnn_step_backward(dh_k, x[:, k], h_prev, h[:, k], W_xh, W_hh)
            for_W_hh[t, k] = np.linalg.norm(dW_hh)
    return for_W_hy, for_W_hh


def echo(batch: int, T: int = 32, delay: int = 6, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return (x, labels): random signs, and as label of each step the sign `delay` steps before."""
    bits = np.random.default_rng(seed).integers(0, 2, size=(batch, T + delay))
    return (2.0 * bits[:, delay:] - 1)[..., None], bits[:, :T]


def truncation_bias(windows: tuple[int, ...], updates: int = 0) -> dict[int, dict[str, float]]:
    """Compare the truncated gradient with the full one at the same weights, on the echo task.

    Args:
        windows: the values of K to compare.
        updates: steps of gradient descent before, of size 0.1, with gradients of window 1.

    Returns:
        For each window: cosine and relative error of the recurrent gradients, and the relative
        error of the readout's.
    """
    n = 16
    params = init_params(1, n, 2, seed=0, radius=0.9)
    for i in range(updates):
        _, grads, _ = truncated_bptt(params, *echo(16, seed=i + 1), np.zeros((16, n)), 1)
        params = {name: w - 0.1 * grads[name] for name, w in params.items()}
    data = params, *echo(128), np.zeros((128, n))
    _, full, _ = loss_and_gradients(*data)
    bias = {}
    for window in windows:
        _, grads, _ = truncated_bptt(*data, window)
        part, whole = flat(grads, RECURRENT), flat(full, RECURRENT)
        bias[window] = {
            "cosine": cosine(part, whole),
            "error": relative(part, whole),
            "readout": relative(flat(grads, ("W_hy", "b_y")), flat(full, ("W_hy", "b_y"))),
        }
    return bias


def loss_after_training(window: int, seed: int, T: int = 8, n: int = 8, steps: int = 600) -> float:
    """Train on one bit that is shown first and asked for last; return the final loss in nats.

    Noise stands between. The gradient of the last step's loss goes back `window` steps. The
    first weights forget fast (spectral radius 0.3), so that nothing is remembered by luck. Adam,
    batches of 32, fresh data at each update; the loss is the mean of the last 50 updates.
    """
    rng = np.random.default_rng(seed)
    params = init_params(2, n, 2, seed=seed, recurrent="gaussian", radius=0.3)
    mean = {name: np.zeros_like(w) for name, w in params.items()}
    square = {name: np.zeros_like(w) for name, w in params.items()}
    losses = []
    for i in range(1, steps + 1):
        bit = rng.integers(0, 2, size=32)
        x = np.zeros((32, T, 2))
        x[:, 0, 0] = 2 * bit - 1
        x[:, 1:, 1] = rng.normal(size=(32, T - 1))
        loss, grads = _last_step_gradients(params, x, bit, window)
        grads, _ = clip_by_global_norm(grads, 1.0)
        for name, g in grads.items():
            mean[name] += 0.1 * (g - mean[name])
            square[name] += 0.001 * (g**2 - square[name])
            scale = np.sqrt(square[name] / (1 - 0.999**i)) + 1e-8
            params[name] -= 0.01 * mean[name] / (1 - 0.9**i) / scale
        losses.append(loss)
    return float(np.mean(losses[-50:]))


def _last_step_gradients(
    params: dict, x: np.ndarray, label: np.ndarray, window: int
) -> tuple[float, dict]:
    weights = params["W_xh"], params["W_hh"], params["b_h"]
    start = x.shape[1] - window
    h_start = np.zeros((len(x), len(params["b_h"])))
    if start > 0:
        h_start = rnn_forward(x[:, :start], h_start, *weights)[0][:, -1]
    h, cache = rnn_forward(x[:, start:], h_start, *weights)
    logits = h[:, -1] @ params["W_hy"] + params["b_y"]
    dlogits = cross_entropy_gradient(logits, label)
    dh = np.zeros_like(h)
    dh[:, -1] = dlogits @ params["W_hy"].T
    _, _, dW_xh, dW_hh, db_h = rnn_backward(dh, cache)
    grads = {"W_xh": dW_xh, "W_hh": dW_hh, "b_h": db_h}
    grads |= {"W_hy": h[:, -1].T @ dlogits, "b_y": dlogits.sum(axis=0)}
    return float(cross_entropy_from_logits(logits, label)), grads


def learning_by_window(
    windows: tuple[int, ...], seeds: range, steps: int
) -> dict[int, list[float]]:
    """Return the losses of `loss_after_training` for each window, one a seed."""
    return {
        window: [loss_after_training(window, seed, steps=steps) for seed in seeds]
        for window in windows
    }


def step_errors(steps: np.ndarray) -> dict[str, np.ndarray]:
    """Relative error of centred differences for each step size, in float32 and in float64.

    What they are compared with is BPTT in float64. Relative error: the norm of the difference over
    the sum of the norms, over all parameters together.
    """
    data = labelled_sequences(batch=2, T=8, m=3, n=5)
    exact = flat(loss_and_gradients(*data)[1])
    errors = {}
    for dtype in (np.float32, np.float64):
        params, x, labels, h_0 = data
        params = {name: w.astype(dtype) for name, w in params.items()}
        case = params, x.astype(dtype), labels, h_0.astype(dtype)
        errors[np.dtype(dtype).name] = np.array([_step_error(case, exact, s) for s in steps])
    return errors


def _step_error(case: tuple, exact: np.ndarray, step: float) -> float:
    params, x, labels, h_0 = case
    weights = params["W_xh"], params["W_hh"], params["b_h"]

    def loss() -> float:
        h, _ = rnn_forward(x, h_0, *weights)
        return cross_entropy_from_logits(h @ params["W_hy"] + params["b_y"], labels)

    moved = {name: numerical_gradient(loss, w, w.dtype.type(step)) for name, w in params.items()}
    numerical = flat(moved).astype(np.float64)
    norms = np.linalg.norm(numerical) + np.linalg.norm(exact)
    return float(np.linalg.norm(numerical - exact) / norms)


def jacobian_norms(
    recurrent: str, radius: float, input_scale: float, T: int = 50, n: int = 32, sequences: int = 3
) -> tuple[np.ndarray, float]:
    """Largest singular value of ∂h_T/∂h_{T-k} for k = 0 … T.

    Returns:
        norms: shape (T + 1,), the geometric mean over a few random sequences.
        largest: the largest singular value of W_hh.
    """
    h, W_hh = _states(recurrent, radius, input_scale, T, n, sequences)
    products = np.zeros((sequences, T + 1, n, n))
    products[:, 0] = np.eye(n)
    for states, lags in zip(h, products, strict=True):
        for k in range(1, T + 1):  # one more factor from the right: one more step back
            lags[k] = lags[k - 1] @ state_jacobian(states[-k][None], W_hh)
    logs = np.log(np.maximum(np.linalg.norm(products, 2, axis=(2, 3)), 1e-300))
    return np.exp(logs.mean(axis=0)), float(np.linalg.norm(W_hh, 2))


def median_stretch(
    recurrent: str, radius: float, input_scale: float, T: int = 50, n: int = 32, sequences: int = 3
) -> float:
    """Return the median singular value of ∂h_T/∂h_0, for the states of `jacobian_norms`.

    Half of the directions are stretched less than this. The geometric mean over the sequences.
    """
    medians = [np.median(s) for s in _stretches(recurrent, radius, input_scale, T, n, sequences)]
    return float(np.exp(np.mean(np.log(medians))))


def least_stretch(
    recurrent: str, radius: float, input_scale: float, T: int = 50, n: int = 32, sequences: int = 3
) -> float:
    """Return the smallest singular value of ∂h_T/∂h_0 in any sequence: the least that is left."""
    return float(min(map(np.min, _stretches(recurrent, radius, input_scale, T, n, sequences))))


def _stretches(
    recurrent: str, radius: float, input_scale: float, T: int, n: int, sequences: int
) -> list[np.ndarray]:
    """Return the singular values of ∂h_T/∂h_0 of each sequence."""
    h, W_hh = _states(recurrent, radius, input_scale, T, n, sequences)
    jacobians = (state_jacobian(states[-T:], W_hh) for states in h)
    return [np.linalg.svd(jacobian, compute_uv=False) for jacobian in jacobians]


def _states(
    recurrent: str, radius: float, input_scale: float, T: int, n: int, sequences: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return (h, W_hh): a fresh network's states on random inputs, the last T past the start."""
    x, params = _fresh_network(recurrent, radius, T, n, sequences)
    weights = params["W_xh"], params["W_hh"], params["b_h"]
    h, _ = rnn_forward(input_scale * x, np.zeros((sequences, n)), *weights)
    return h, params["W_hh"]


def _fresh_network(
    recurrent: str, radius: float, T: int = 50, n: int = 32, sequences: int = 3
) -> tuple[np.ndarray, dict]:
    """Return (x, params): random inputs, shape (sequences, 2 T, 4), and the network's weights."""
    params = init_params(4, n, 2, seed=0, recurrent=recurrent, radius=radius)
    return np.random.default_rng(1).normal(size=(sequences, 2 * T, 4)), params


def clipping_angles(fractions: np.ndarray, radius: float = 1.5) -> dict[str, np.ndarray]:
    """How far clipping turns a gradient, by how much it shortens it.

    Args:
        fractions: of the largest entry, where `clip_by_value` cuts.
        radius: spectral radius of the network whose gradient it is.

    Returns:
        "kept": norm after clipping over norm before; "value" and "norm": angle in degrees between
        the gradient and the clipped one, with clipping by value and by global norm to that length.
    """
    data = labelled_sequences(batch=4, T=40, recurrent="gaussian", radius=radius)
    _, grads, _ = loss_and_gradients(*data)
    whole = flat(grads)
    length = np.linalg.norm(whole)
    kept, value, norm = [], [], []
    for fraction in fractions:
        cut = flat(clip_by_value(grads, fraction * np.abs(whole).max()))
        scaled = flat(clip_by_global_norm(grads, np.linalg.norm(cut))[0])
        kept.append(np.linalg.norm(cut) / length)
        value.append(angle(cut, whole))
        norm.append(angle(scaled, whole))
    return {"kept": np.array(kept), "value": np.array(value), "norm": np.array(norm)}


def peak_memory(T: int, window: int, batch: int = 32, n: int = 64) -> float:
    """Return the most memory, in MiB, that one gradient needs beyond its inputs, as measured."""
    data = labelled_sequences(batch=batch, T=T, n=n)
    tracemalloc.start()
    truncated_bptt(*data, window)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


# What is drawn


def computation_graph(steps: int = 3) -> Figure:
    """Draw the unrolled network: forward arrows solid, backward arrows dashed."""
    plt = pyplot()
    figure, ax = plt.subplots(figsize=(5.5, 4.4))
    ax.set(xlim=(-0.4, steps + 0.4), ylim=(-1.65, 2.6))
    ax.axis("off")
    _node(ax, 0, 0, "$h_0$", "white")
    for t in range(1, steps + 1):
        _node(ax, t, -1.3, f"$x_{t}$", "white")
        _node(ax, t, 0, f"$h_{t}$", "#DCEBF5")
        _node(ax, t, 1.3, f"$L_{t}$", "#FBE6D9")
        _arrow(ax, (t - 1, 0), (t, 0), forward=True)
        _arrow(ax, (t, -1.3), (t, 0), forward=True)
        _arrow(ax, (t, 0), (t, 1.3), forward=True)
        _arrow(ax, (t, 0), (t - 1, 0), forward=False)
        _arrow(ax, (t, 1.3), (t, 0), forward=False)
        ax.text(t - 0.5, 0.3, r"$W_{hh}$", color=BLUE, ha="center")
        ax.text(t - 0.12, -0.75, r"$W_{xh}$", color=BLUE, ha="right")
        ax.text(t - 0.12, 0.68, r"$W_{hy}$", color=BLUE, ha="right")
    forward = plt.Line2D([], [], color=BLUE, marker=">", label="forward: values")
    backward = plt.Line2D(
        [], [], color=RED, linestyle="--", marker="<", label="backward: gradients"
    )
    ax.legend(handles=[forward, backward], loc="upper left", ncols=1, frameon=False)
    return closed(figure)


def credit_matrices(for_W_hy: np.ndarray, for_W_hh: np.ndarray) -> Figure:
    """Draw who gets credit from whose loss, for the readout and for the recurrent weights."""
    plt = pyplot()
    figure, axes = plt.subplots(1, 2, figsize=(5.5, 3.7), sharey=True)
    top = max(for_W_hy.max(), for_W_hh.max())
    for ax, matrix, name in zip(axes, (for_W_hy, for_W_hh), ("W_{hy}", "W_{hh}"), strict=True):
        image = _credit_image(ax, matrix, top)
        ax.set(title=f"${name}$", xlabel="used at step $k$")
    axes[0].set_ylabel("loss of step $t$")
    figure.colorbar(image, ax=axes, label="norm of the part", location="bottom", aspect=30)
    return closed(figure)


def truncation_slider(
    for_W_hh: np.ndarray, curves: dict[str, dict[int, dict[str, float]]], start: int = 2
) -> Slider:
    """Let the reader choose the window K: what credit is left, and how close the gradient is.

    Args:
        for_W_hh: from `credit`.
        curves: name of the curve to a result of `truncation_bias`, all for the same windows.
        start: index of the window shown first.
    """
    frames = []
    for window in next(iter(curves.values())):
        cosines = " and ".join(f"{bias[window]['cosine']:.2f} ({c})" for c, bias in curves.items())
        alt = (
            f"Window K = {window}. Above: of the triangle of credit, blocks of {window} by "
            f"{window} steps on the diagonal remain. Below: cosine between truncated and full "
            f"gradient over K, rising to 1; at K = {window} it is {cosines}."
        )
        frames.append((f"K = {window}", _truncation_frame(for_W_hh, curves, window), alt))
    return slider(frames, label="window K", start=start)


def _truncation_frame(for_W_hh: np.ndarray, curves: dict, window: int) -> Figure:
    plt = pyplot()
    figure, (above, below) = plt.subplots(2, 1, figsize=(5.5, 6.4), height_ratios=(1.25, 1))
    block = np.arange(len(for_W_hh)) // window
    _credit_image(above, np.where(block[:, None] == block, for_W_hh, 0), for_W_hh.max())
    above.set(title="credit that is left", xlabel="used at step $k$", ylabel="loss of step $t$")
    for name, bias in curves.items():
        below.plot(list(bias), [b["cosine"] for b in bias.values()], label=name)
    below.axvline(window, color="black", linestyle=":", zorder=0)
    below.set_xscale("log", base=2)
    below.set(xlabel="window $K$", ylabel="cosine with full", ylim=(0, 1.05), xticks=list(bias))
    below.xaxis.set_major_formatter("{x:.0f}")
    below.legend(loc="lower right")
    return closed(figure)


def learning(losses: dict[int, list[float]]) -> Figure:
    """Draw the final loss over the window, one mark a seed, with the level of guessing."""
    plt = pyplot()
    figure, ax = plt.subplots()
    for i, row in enumerate(zip(*losses.values(), strict=True)):
        look = CYCLE[i]
        ax.plot(
            list(losses), row, **look | {"linestyle": "none", "markersize": 8}, label=f"seed {i}"
        )
    ax.axhline(np.log(2), color="black", linestyle=":", label="guessing, ln 2")
    ax.set(xlabel="window $K$", ylabel="loss after training (nats)", xticks=list(losses))
    ax.legend(loc="center right")
    return closed(figure)


def step_curve(steps: np.ndarray, errors: dict[str, np.ndarray]) -> Figure:
    """Draw the V: the error of centred differences over the step size."""
    plt = pyplot()
    figure, ax = plt.subplots()
    for name, values in errors.items():
        ax.loglog(steps, values, label=name, markevery=2)
    ax.set(xlabel="step size", ylabel="relative error", ylim=(1e-12, 3))
    ax.legend(loc="lower left")
    return closed(figure)


def seed_errors(clipped: dict[int, dict], whole: dict[int, dict], tolerance: float) -> Figure:
    """Draw the largest error of the practical's check by seed, with and without the clipping."""
    plt = pyplot()
    figure, ax = plt.subplots()
    for errors, label in ((clipped, "clipped inside"), (whole, "not clipped")):
        ax.semilogy(
            list(errors), [max(e.values()) for e in errors.values()], linestyle="none", label=label
        )
    ax.lines[0].set(markersize=9, fillstyle="none", markeredgewidth=2)
    ax.axhline(tolerance, color="black", linestyle=":", label="limit of the check")
    ax.set(xlabel="seed of the network", ylabel="largest relative error", xticks=list(clipped))
    ax.set_ylim(1e-6, 30)
    ax.legend(loc="upper center", ncols=2, columnspacing=1, handlelength=2)
    return closed(figure)


def way_back(radius: float = 1.0) -> Moving:
    """Let the reader move the spectral radius: how the product of Jacobians goes with the lag.

    Args:
        radius: where the figure starts.
    """
    plt = pyplot()
    figure, axes = plt.subplots(2, 1, figsize=(5.5, 6), sharex=True)
    lines, ends = {}, []
    for ax, (name, scale) in zip(axes, SCALES.items(), strict=True):
        left = []
        for kind in KINDS:
            norms, largest = jacobian_norms(kind, radius, scale)
            (lines[f"{name}-{kind}"],) = ax.semilogy(norms, label=in_words(kind), markevery=10)
            left.append(f"{in_words(kind)} {brief(norms[-1])}")
            if kind == "gaussian":
                bound = largest ** np.arange(len(norms))
        look = {"color": "black", "linestyle": ":", "marker": ""}
        (lines[f"{name}-bound"],) = ax.semilogy(bound, label="bound (Gaussian)", **look)
        ax.axhline(1, color="black", linewidth=0.8)
        ax.set(title=f"{name} inputs (std {scale:g})", ylabel="norm")
        ax.set(ylim=(1e-12, 1e6), yticks=10.0 ** np.arange(-12, 7, 4))
        ends.append(f"{name} inputs: {', '.join(left)}")
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=2)
    axes[1].set_xlabel("steps back, $k$")
    return Moving(
        figure,
        lines,
        [Handle("spectral radius of W_hh", 0.5, 2, 0.02, radius)],
        formula="way_back",
        data=_networks(),
        told=f"What is left {len(norms) - 1} steps back. With {'; with '.join(ends)}.",
        alt="Two panels, for weak inputs and for strong ones: norm of the product of Jacobians, "
        "0 to 50 steps back, on a logarithmic axis, for three kinds of recurrent weights; dotted, "
        "the bound of the Gaussian ones.",
    )


def _networks() -> dict[str, object]:
    """Return what `jacobian_norms` computes with, in networks of spectral radius 1."""
    networks = {}
    for kind in KINDS:
        x, params = _fresh_network(kind, radius=1.0)
        networks[kind] = {name: params[name].tolist() for name in ("W_xh", "W_hh")}
        networks[kind]["sigma"] = float(np.linalg.norm(params["W_hh"], 2))
    return {"networks": networks, "inputs": x.tolist(), "scales": SCALES, "steps": x.shape[1] // 2}


def clipping(angles: dict[str, np.ndarray]) -> Figure:
    """Draw what clipping does to a gradient of two numbers, and to one of a real network."""
    plt = pyplot()
    figure, (left, right) = plt.subplots(2, 1, figsize=(5.5, 6.2), height_ratios=(1, 1.2))
    g = np.array([4.0, 1.0])
    left.add_patch(plt.Rectangle((0, -1), 1, 2, facecolor="#EEEEEE", edgecolor="grey"))
    for vector, look, name, at in (
        (g, CYCLE[0], "gradient", (2.6, 0.3)),
        (np.clip(g, -1, 1), CYCLE[1], "by value", (0.2, 1.12)),
        (g * np.sqrt(2) / np.linalg.norm(g), CYCLE[2], "by norm", (1.5, -0.02)),
    ):
        left.annotate(
            "", vector, (0, 0),
            arrowprops={"arrowstyle": "-|>", "color": look["color"], "linestyle": look["linestyle"],
                        "linewidth": 2.5, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 18},
        )  # fmt: skip
        left.text(*at, name, color=look["color"])
    left.set(xlim=(0, 4.3), ylim=(-0.15, 1.5), aspect="equal", title="two numbers, limit 1")
    left.set(xlabel="first entry", ylabel="second")
    right.plot(angles["kept"], angles["value"], label="by value", **_dense(1))
    right.plot(angles["kept"], angles["norm"], label="by global norm", **_dense(2))
    right.set(xlabel="length left, norm after / norm before", ylabel="angle (degrees)")
    right.set_title("the gradient of a network")
    right.legend()
    return closed(figure)


def memory(lengths: tuple[int, ...], full: list[float], cut: dict[int, list[float]]) -> Figure:
    """Draw the memory of one gradient over the length, for the whole sequence and for windows."""
    plt = pyplot()
    figure, ax = plt.subplots()
    ax.loglog(lengths, full, label="full BPTT", base=2)
    for window, values in cut.items():
        ax.loglog(lengths, values, label=f"window $K={window}$", base=2)
    ax.set(xlabel="length of the sequence, $T$", ylabel="peak memory (MiB)", xticks=lengths)
    ax.xaxis.set_major_formatter("{x:.0f}")
    ax.yaxis.set_major_formatter("{x:g}")
    ax.legend()
    return closed(figure)


def _dense(i: int) -> dict:
    return CYCLE[i] | {"markevery": 5}


def _credit_image(ax: Axes, matrix: np.ndarray, top: float):
    from matplotlib.colors import LogNorm

    T = len(matrix)
    ax.grid(visible=False)
    shown = np.where(matrix > 0, matrix, np.nan)  # no credit at all stays white
    ticks = [1, T // 4, T // 2, 3 * T // 4, T]
    ax.set(xticks=ticks, yticks=ticks)
    return ax.imshow(
        shown, norm=LogNorm(top * 1e-4, top), cmap="viridis_r", extent=(0.5, T + 0.5, T + 0.5, 0.5)
    )


def _node(ax: Axes, x: float, y: float, text: str, colour: str) -> None:
    ax.plot(x, y, marker="o", markersize=30, color=colour, markeredgecolor="black", zorder=3)
    ax.text(x, y, text, ha="center", va="center", zorder=4)


def _arrow(ax: Axes, start: tuple, end: tuple, forward: bool) -> None:
    """Draw an arrow from node to node; the two directions run side by side."""
    a, b = np.array(start, float), np.array(end, float)
    along = (b - a) / np.linalg.norm(b - a)
    aside = 0.09 * np.array([-along[1], along[0]])
    look = CYCLE[0 if forward else 1]
    ax.annotate(
        "", b - 0.24 * along + aside, a + 0.24 * along + aside,
        arrowprops={"arrowstyle": "-|>", "color": look["color"], "linestyle": look["linestyle"],
                    "linewidth": 2, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 15},
    )  # fmt: skip
