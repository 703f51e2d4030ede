"""Figures of chapter 5: KeRNL and online learning.

First what is measured, then what is drawn. A figure that needs a measurement takes it as its
argument, so that the page can print the numbers that the figure shows.
"""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import numpy as np

from course_lib.data import adding_problem_chance
from course_lib.figures.slider import Slider, slider
from course_lib.figures.style import CYCLE, closed, in_words, pyplot
from course_lib.scratch.bptt import rnn_backward, state_jacobian
from course_lib.scratch.kernl import (
    chunk_border,
    explained,
    kernl_gradient,
    learn_kernel,
    presynaptic,
    trace_step,
    weight_gradient,
)
from course_lib.scratch.rnn import init_params, rnn_forward
from course_lib.sources.kernl_2019 import cosine

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KINDS = ("identity", "near identity", "orthogonal", "gaussian")
# Rule of `course_lib.online` to its name in the chapter.
RULES = {
    "one_step": "one step",
    "rflo": "RFLO",
    "rflo_random": "RFLO, random",
    "snap1": "SnAp-1",
    "eprop": "SnAp-1, random",
    "kernl": "KeRNL",
    "hybrid": "SnAp-1 + $\\beta$",
    "uoro": "UORO, one draw",
    "rtrl": "RTRL",
}
FORGOTTEN = 50.0  # a gamma at which nothing is left after one step


# What is measured


def network(kind: str, seed: int, n: int = 24, T: int = 20, batch: int = 32, m: int = 2) -> dict:
    """Return a network on random inputs with a loss at its last step, and BPTT's gradient.

    Args:
        kind: of recurrence, one of `KINDS`: the identity; 0.98 times it plus Gaussian weights of
            spectral radius about 0.1; or an orthogonal or Gaussian matrix of radius 0.97.
        seed, n, T, batch, m: of the generator, and sizes.

    Returns:
        A dict: W_hh, h, v, d, dh (batch, T, n), and true, the gradient of BPTT (p, n).
    """
    rng = np.random.default_rng(seed)
    base, radius = {
        "identity": ("identity", 1.0),
        "near identity": ("identity", 0.98),
        "orthogonal": ("orthogonal", 0.97),
        "gaussian": ("gaussian", 0.97),
    }[kind]
    params = init_params(m, n, 1, seed=seed, recurrent=base, radius=radius)
    if kind == "near identity":
        params["W_hh"] += 0.1 * rng.normal(size=(n, n)) / np.sqrt(n)
    x, h_0 = 0.3 * rng.normal(size=(batch, T, m)), np.zeros((batch, n))
    h, cache = rnn_forward(x, h_0, params["W_xh"], params["W_hh"], params["b_h"])
    dh = np.zeros_like(h)
    dh[:, -1] = rng.normal(size=(batch, 1)) * params["W_hy"][:, 0] / batch
    return {
        "W_hh": params["W_hh"],
        "h": h,
        "v": presynaptic(x, h_0, h),
        "d": 1 - h**2,
        "dh": dh,
        "true": np.vstack(rnn_backward(dh, cache)[2:]),
    }


def kernels(net: dict, seed: int, updates: int = 300) -> dict[str, tuple]:
    """Return three kernels for a network: nothing remembered, the usual guess, and learned."""
    _, T, n = net["h"].shape
    guess = np.eye(n), np.full(n, 1 / T)
    learned = learn_kernel(net["h"], net["W_hh"], *guess, updates, np.random.default_rng(seed))
    return {
        "one step": (np.eye(n), np.full(n, FORGOTTEN)),
        "guess": guess,
        "learned": learned,
    }


def kernel_quality(seeds: range, kinds: tuple = KINDS) -> dict[str, dict[str, list[float]]]:
    """Return for each kind of recurrence the cosine with BPTT by kernel, and R² of the learned one.

    Returns:
        kind to a dict with the keys "one step", "guess", "learned" and "r2", one value a seed.
    """
    quality = {}
    for kind in kinds:
        quality[kind] = {"one step": [], "guess": [], "learned": [], "r2": []}
        for seed in seeds:
            net = network(kind, seed)
            for name, kernel in kernels(net, seed).items():
                gradient = kernl_gradient(net["v"], net["d"], net["dh"], *kernel)
                quality[kind][name].append(cosine(gradient, net["true"]))
            psi = np.random.default_rng(seed + 1000).normal(size=net["h"].shape)
            quality[kind]["r2"].append(explained(net["h"], net["W_hh"], *kernel, psi))
    return quality


def sensitivity(kind: str, seed: int = 0, sequences: int = 8) -> dict[str, np.ndarray]:
    """Return how one unit moves itself and another later on, in truth and by the learned kernel.

    The truth is ∂h_t[k]/∂h_s[i] over the lag t - s, the mean over sequences, from the fifth step
    on. Unit i is 0; the other unit k is the one that it moves most.

    Returns:
        "itself" and "other": the truth by lag; "itself kernel" and "other kernel": the kernel.
    """
    net = network(kind, seed, T=25)
    beta, gamma = kernels(net, seed)["learned"]
    start, lags = 4, 20
    truth = np.zeros((lags + 1, *beta.shape))
    for h in net["h"][:sequences]:
        for lag in range(lags + 1):
            later = h[start + 1 : start + 1 + lag]
            truth[lag] += state_jacobian(later, net["W_hh"]) / sequences
    k = 1 + int(np.argmax(np.abs(truth[:, 1:, 0]).sum(axis=0)))
    fading = np.exp(-gamma[0] * np.arange(lags + 1))
    return {
        "itself": truth[:, 0, 0],
        "other": truth[:, k, 0],
        "itself kernel": beta[0, 0] * fading,
        "other kernel": beta[k, 0] * fading,
    }


def one_synapse(gamma: float, T: int = 40) -> dict[str, np.ndarray]:
    """Return the story of one weight: when its input was on, its trace, and the losses.

    The input is on at steps 5, 6 and 20; the unit is saturated from step 18 to 22, so that the
    second visit leaves little. A loss comes at steps 12 and 32.
    """
    v, d, loss = np.zeros(T), np.ones(T), np.zeros(T)
    v[[4, 5, 19]], d[17:22], loss[[11, 31]] = 1.0, 0.1, 1.0
    E_t, trace = np.zeros((1, 1, 1)), np.zeros(T)
    for t in range(T):
        E_t = trace_step(E_t, v[None, t : t + 1], d[None, t : t + 1], np.array([gamma]))
        trace[t] = E_t[0, 0, 0]
    return {"v": v, "d": d, "loss": loss, "trace": trace}


def stale_traces(rates: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return how far one sequence's online updates end up from one batched update, relative.

    Both start from the same weights, and both take the same steps of the same size in total. A
    loss comes at every step. Online, the weights change under the traces' feet.
    """
    rng = np.random.default_rng(seed)
    n, T, batch = 16, 20, 8
    params = init_params(2, n, 1, seed=seed, recurrent="identity", radius=0.95)
    x, targets = 0.5 * rng.normal(size=(batch, T, 2)), rng.normal(size=(batch, T, 1))
    W_0 = np.vstack([params["W_xh"], params["W_hh"], params["b_h"]])
    beta, gamma, W_hy = np.eye(n), np.full(n, 0.1), params["W_hy"]

    def walk(rate: float) -> np.ndarray:
        """Return the sum of the gradients when W moves by -rate times each of them at once."""
        W, total = W_0.copy(), np.zeros_like(W_0)
        h, E_t = np.zeros((batch, n)), np.zeros((batch, *W_0.shape))
        for t in range(T):
            v_t = np.hstack([x[:, t], h, np.ones((batch, 1))])
            h = np.tanh(v_t @ W)
            E_t = trace_step(E_t, v_t, 1 - h**2, gamma)
            dh = (h @ W_hy - targets[:, t]) @ W_hy.T / (batch * T)
            dW = weight_gradient(dh, beta, E_t)
            W, total = W - rate * dW, total + dW
        return total

    batched = walk(0.0)
    return np.array([np.linalg.norm(walk(r) - batched) / np.linalg.norm(batched) for r in rates])


def peak_memory(rule: str, T: int, batch: int = 8, n: int = 32, chunk: int = 16) -> float:
    """Return the most memory, in MiB, that a rule needs beside its inputs, as measured.

    Args:
        rule: "BPTT", "traces" (step by step) or "chunks"; each makes its states as it needs them.
        T, batch, n, chunk: sizes.
    """
    rng = np.random.default_rng(0)
    params = init_params(1, n, 1, seed=0)
    x, weights = rng.normal(size=(batch, T, 1)), (params["W_xh"], params["W_hh"], params["b_h"])
    beta, gamma, dh_t = np.eye(n), np.full(n, 0.1), rng.normal(size=(batch, n))
    window = {"BPTT": T, "traces": 1, "chunks": chunk}[rule]
    tracemalloc.start()
    h_0, p = np.zeros((batch, n)), n + 2
    E, dW = np.zeros((batch, p, n)), np.zeros((p, n))
    if rule == "BPTT":
        h, cache = rnn_forward(x, h_0, *weights)
        dh = np.broadcast_to(dh_t[:, None], h.shape)
        rnn_backward(dh, cache)
    else:
        for start in range(0, T, window):
            h, _ = rnn_forward(x[:, start : start + window], h_0, *weights)
            v = presynaptic(x[:, start : start + window], h_0, h)
            if rule == "traces":
                E = trace_step(E, v[:, 0], 1 - h[:, 0] ** 2, gamma)
                dW += weight_gradient(dh_t, beta, E)
            else:
                credit = np.broadcast_to((dh_t @ beta)[:, None], h.shape)
                part, E = chunk_border(E, v, 1 - h**2, credit, gamma)
                dW += part
            h_0 = h[:, -1]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


# What is drawn


def two_ways(steps: int = 5) -> Figure:
    """Draw both orders of the chain rule: backward over a tape, forward with a trace."""
    plt = pyplot()
    figure, axes = plt.subplots(2, 1, figsize=(5.5, 4.6))
    for ax, title in zip(axes, ("BPTT: back over the tape", "a trace: carried along"), strict=True):
        ax.set(xlim=(0.3, steps + 0.7), ylim=(-0.75, 1.35), title=title)
        ax.axis("off")
        for t in range(1, steps + 1):
            ax.plot(t, 0, marker="o", markersize=26, color="#DCEBF5", markeredgecolor="black")
            ax.text(t, 0, f"$h_{t}$", ha="center", va="center")
        ax.text(steps, 1.05, "loss", ha="center")
        _arrow(ax, (steps, 0.95), (steps, 0.28), CYCLE[1])
    for t in range(1, steps):
        left, right = t + 0.24, t + 0.76
        for ax, start, end, height, look in (
            (axes[0], right, left, 0.12, CYCLE[1]),
            (axes[0], left, right, -0.12, CYCLE[0]),
            (axes[1], left, right, -0.12, CYCLE[0]),
            (axes[1], left, right, -0.5, CYCLE[2]),
        ):
            _arrow(ax, (start, height), (end, height), look)
    for t in range(1, steps + 1):
        axes[1].text(t, -0.5, "$E$", ha="center", va="center", color=CYCLE[2]["color"])
    names = (("values", 0), ("gradient", 1), ("traces", 2))
    handles = [plt.Line2D([], [], **CYCLE[i] | {"marker": ">"}, label=name) for name, i in names]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return closed(figure)


def synapse_slider(gammas: tuple[float, ...], start: int) -> Slider:
    """Let the reader choose gamma: how one weight remembers what it did."""
    frames = []
    for gamma in gammas:
        story = one_synapse(gamma)
        second, later, last = (f"{story['trace'][t]:.2f}" for t in (5, 11, 31))
        afterwards = "fades" if gamma else "does not fade"
        alt = (
            f"gamma = {gamma:g}. Above, the input is on at steps 5, 6 and 20; the unit is "
            f"saturated from 18 to 22. Below, the trace rises to {second} at step 6, a little at "
            f"step 20, and {afterwards}; losses come at steps 12 and 32, where it is {later} and "
            f"{last}."
        )
        frames.append((f"{gamma:g}", _synapse_frame(story), alt))
    return slider(frames, label="rate of decay gamma", start=start)


def _synapse_frame(story: dict) -> Figure:
    plt = pyplot()
    figure, (above, below) = plt.subplots(2, 1, figsize=(5.5, 4.6), sharex=True)
    steps = np.arange(1, len(story["v"]) + 1)
    above.step(steps, story["v"], where="mid", label="input $v_j$", **CYCLE[0] | {"marker": ""})
    above.step(steps, story["d"], where="mid", label="slope $d_i$", **CYCLE[1] | {"marker": ""})
    above.set(ylim=(-0.1, 1.2), yticks=(0, 1))
    below.plot(steps, story["trace"], label="trace $E_{ji}$", **CYCLE[2] | {"markevery": 5})
    for t in np.flatnonzero(story["loss"]):
        below.axvline(t + 1, color="black", linestyle=":", zorder=0)
        below.text(t + 1.4, 2.3, "loss")
    below.set(xlabel="step $t$", ylim=(-0.1, 2.7))
    figure.legend(loc="outside upper center", ncols=3)
    return closed(figure)


def kernel_slider(gammas: tuple[float, ...], betas: tuple[float, ...], start: int) -> Slider:
    """Let the reader choose gamma, for several beta: the shapes that a kernel can take."""
    lags = np.arange(21)
    frames = []
    for gamma in gammas:
        plt = pyplot()
        figure, ax = plt.subplots()
        for beta in betas:
            ax.plot(lags, beta * np.exp(-gamma * lags), label=rf"$\beta={beta:g}$", markevery=4)
        ax.axhline(0, color="black", linewidth=0.8)
        ax.set(xlabel="steps since, $t-s$", ylabel="kernel", ylim=(-1.1, 1.75))
        ax.set_xticks(range(0, 21, 4))
        ax.legend(loc="upper right", ncols=2)
        half = f"falls to half after {np.log(2) / gamma:.1f} steps" if gamma else "does not fade"
        alt = f"gamma = {gamma:g}: the kernel {half}. " + " ".join(
            f"beta = {b:g} starts at {b:g} and is {b * np.exp(-gamma * 20):z.2f} after 20 steps."
            for b in betas
        )
        frames.append((f"{gamma:g}", closed(figure), alt))
    return slider(frames, label="rate of decay gamma", start=start)


def true_and_kernel(measured: dict[str, dict[str, np.ndarray]]) -> Figure:
    """Draw true sensitivities over the lag beside the learned kernel's, one panel a network."""
    plt = pyplot()
    figure, axes = plt.subplots(len(measured), 1, figsize=(5.5, 2.7 * len(measured)), sharex=True)
    for ax, (kind, lines) in zip(axes, measured.items(), strict=True):
        for i, unit in enumerate(("itself", "other")):
            look = CYCLE[i] | {"markevery": 4}
            ax.plot(lines[unit], label=f"on {unit}, true", **look)
            ax.plot(
                lines[f"{unit} kernel"], label=f"on {unit}, kernel",
                **look | {"linestyle": ":", "fillstyle": "none"},
            )  # fmt: skip
        ax.axhline(0, color="black", linewidth=0.8)
        ax.set(title=in_words(kind), ylabel="sensitivity", ylim=(-0.75, 1.15))
    axes[-1].set(xlabel="steps since, $t-s$", xticks=range(0, 21, 4))
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=2)
    return closed(figure)


def quality(measured: dict[str, dict[str, list[float]]]) -> Figure:
    """Draw the cosine with BPTT by kind of recurrence, for three kernels; a mark a seed."""
    plt = pyplot()
    figure, ax = plt.subplots(figsize=(5.5, 3.9))
    for i, name in enumerate(("one step", "guess", "learned")):
        look = CYCLE[i] | {"linestyle": "none", "markersize": 7, "alpha": 0.8}
        for row, values in enumerate(measured.values()):
            label = name if row == 0 else None
            ax.plot(values[name], [row + 0.22 * (i - 1)] * len(values[name]), label=label, **look)
    ax.set(xlabel="cosine with BPTT", xlim=(-0.15, 1.03), yticks=range(len(measured)))
    ax.set_yticklabels([in_words(kind) for kind in measured])
    ax.set_ylim(len(measured) - 0.5, -0.5)
    figure.legend(loc="outside upper center", ncols=3, handletextpad=0.2)
    return closed(figure)


def training_slider(runs: dict[str, list[dict]], rule: str = "KeRNL") -> Slider:
    """Let the reader walk through a training: each entry of both gradients, and the curves.

    Args:
        runs: rule to its result of `train_on_adding` in
            `course_lib.training.experiments.kernl_adding`, all looked at after the same updates.
        rule: the run whose gradients are shown.
    """
    frames = []
    for position, now in enumerate(runs[rule]):
        alt = (
            f"Update {now['update']}. Above, each entry of the gradient by KeRNL over that by "
            f"BPTT, for the network trained by {rule}: the cosine is {now['cosine']:.2f}. Below, "
            "the error by rule: "
            + ", ".join(f"{name} {run[position]['error']:.3f}" for name, run in runs.items())
            + "."
        )
        frames.append((str(now["update"]), _training_frame(runs, rule, position), alt))
    return slider(frames, label="update", start=0)


def _training_frame(runs: dict, rule: str, position: int) -> Figure:
    plt = pyplot()
    figure, axes = plt.subplots(3, 1, figsize=(5.5, 8), height_ratios=(1.4, 1, 1))
    now = runs[rule][position]
    true, kernl = now["true"], now["kernl"]
    scale = max(np.abs(true).max(), np.abs(kernl).max(), 1e-12)
    axes[0].plot(
        true / scale, kernl / scale,
        **CYCLE[0] | {"linestyle": "none", "markersize": 3},
    )  # fmt: skip
    axes[0].plot([-1, 1], [-1, 1], color="black", linestyle=":", marker="")
    axes[0].set(xlabel="BPTT", ylabel="KeRNL", xlim=(-1.05, 1.05), ylim=(-1.05, 1.05))
    axes[0].set(title="entries of the gradient, scaled", xticks=(-1, -0.5, 0, 0.5, 1))
    for name, run in runs.items():
        updates = [look["update"] for look in run]
        axes[1].plot(updates, [look["cosine"] for look in run], label=name)
        axes[2].semilogy(updates, [look["error"] for look in run], label=name)
    for ax in axes[1:]:
        ax.axvline(now["update"], color="black", linestyle=":", zorder=0)
    axes[1].set(ylabel="cosine", ylim=(-0.5, 1.05))
    axes[2].axhline(adding_problem_chance(), color="black", linewidth=0.8)
    axes[2].set(xlabel="update", ylabel="error")
    handles, names = axes[1].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=3, title="weights moved by")
    return closed(figure)


def memory(lengths: tuple[int, ...], peaks: dict[str, list[float]]) -> Figure:
    """Draw peak memory over the length, one line a rule."""
    plt = pyplot()
    figure, ax = plt.subplots()
    for name, values in peaks.items():
        ax.loglog(lengths, values, label=name, base=2)
    ax.set(xlabel="length of the sequence, $T$", ylabel="peak memory (MiB)", xticks=lengths)
    ax.xaxis.set_major_formatter("{x:.0f}")
    ax.yaxis.set_major_formatter("{x:g}")
    ax.legend()
    return closed(figure)


def stale(rates: np.ndarray, distances: np.ndarray) -> Figure:
    """Draw how far online updates end up from the batched one, over the learning rate."""
    plt = pyplot()
    figure, ax = plt.subplots()
    ax.loglog(rates, distances, label="online against batched")
    ax.loglog(rates, distances[0] * rates / rates[0], color="black", linestyle=":", marker="",
              label="in proportion")  # fmt: skip
    ax.set(xlabel="learning rate", ylabel="relative difference")
    ax.legend()
    return closed(figure)


def shift_register(pixels: np.ndarray, units: np.ndarray) -> Figure:
    """Draw the last pixels of an image, in order, and beside them the state after it."""
    plt = pyplot()
    figure, axes = plt.subplots(2, 1, figsize=(5.5, 4.2), sharex=True)
    steps = np.arange(len(units))
    look = CYCLE[0] | {"marker": "", "linewidth": 1.5}
    axes[0].step(steps, pixels[::-1][: len(units)], where="mid", **look)
    axes[0].set(ylabel="pixel", title="the pixels, from the last one back", ylim=(0, 1.05))
    axes[1].step(steps, units, where="mid", **look | {"color": CYCLE[1]["color"]})
    axes[1].set(xlabel="number of the unit", title="the state after all 784 pixels", ylim=(0, 0.16))
    axes[1].set_ylabel("unit")
    return closed(figure)


def credit_marks(cosines: dict[str, list[float]]) -> Figure:
    """Draw the cosine with BPTT for the old notebook's credit and its faults; a mark a seed."""
    plt = pyplot()
    figure, ax = plt.subplots(figsize=(5.5, 3.4))
    for row, (values, look) in enumerate(zip(cosines.values(), CYCLE, strict=False)):
        ax.plot(values, [row] * len(values), **look | {"linestyle": "none", "markersize": 8})
    ax.axvline(0, color="black", linewidth=0.8)
    ax.set(xlabel="cosine with BPTT", xlim=(-0.3, 1.03), yticks=range(len(cosines)))
    ax.set_yticklabels(list(cosines))
    ax.set_ylim(len(cosines) - 0.5, -0.5)
    return closed(figure)


def fit_curves(curves: dict[str, dict[str, list[float]]]) -> Figure:
    """Draw R² and cosine over the updates of the kernel, one line a fit."""
    plt = pyplot()
    figure, (above, below) = plt.subplots(2, 1, figsize=(5.5, 5.4), sharex=True)
    for name, curve in curves.items():
        above.plot(curve["updates"], curve["r2"], label=name, markevery=2)
        below.plot(curve["updates"], curve["cosine"], label=name, markevery=2)
    above.axhline(0, color="black", linewidth=0.8)
    above.set_yscale("symlog", linthresh=1)
    above.set(ylabel="$R^2$ of the kernel", ylim=(-60, 2), yticks=(-10, -1, 0, 1))
    below.axhline(0, color="black", linewidth=0.8)
    below.set(xlabel="updates of the kernel", ylabel="cosine with BPTT", ylim=(-0.5, 1.05))
    handles, names = above.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=1)
    return closed(figure)


def nudges(sizes: np.ndarray, measured: dict[str, np.ndarray]) -> Figure:
    """Draw the error of a nudged copy in float32 over the size of the nudge."""
    plt = pyplot()
    figure, ax = plt.subplots()
    ax.loglog(sizes, measured["error"], label="error of the nudged copy")
    ax.loglog(sizes, np.maximum(measured["unmoved"], 1e-4), label="share of states not moved")
    ax.set(xlabel="size of the nudge", ylabel="relative error, share", ylim=(7e-5, 200))
    ax.legend(loc="upper right")
    return closed(figure)


def rule_marks(cosines: dict[str, dict[str, list[float]]]) -> Figure:
    """Draw the cosine with BPTT of every rule, one panel a network, a mark a seed.

    Args:
        cosines: network to rule to one cosine a seed, as `course reproduce kernl-rules`
            stores them.
    """
    plt = pyplot()
    figure, axes = plt.subplots(len(cosines), 1, figsize=(5.5, 3 * len(cosines)), sharex=True)
    for ax, (network, found) in zip(axes, cosines.items(), strict=True):
        for row, rule in enumerate(RULES):
            look = CYCLE[row % len(CYCLE)] | {"linestyle": "none", "markersize": 7}
            ax.plot(found[rule], [row] * len(found[rule]), **look)
        ax.axvline(0, color="black", linewidth=0.8)
        ax.set(title=network, xlim=(-0.3, 1.05), yticks=range(len(RULES)))
        ax.set_yticklabels(list(RULES.values()))
        ax.set_ylim(len(RULES) - 0.5, -0.5)
    axes[-1].set_xlabel("cosine with BPTT")
    return closed(figure)


def accuracies(runs: dict[str, list[dict]], below: float, r2: str = "KeRNL") -> Figure:
    """Draw test accuracy by epoch, and R² of one rule's kernel under it.

    A line is the mean over the seeds, and a small mark is one seed.

    Args:
        runs: name to the `curves` of a stored result of each seed.
        below: where the axis of the accuracies begins.
        r2: whose kernel.
    """
    plt = pyplot()
    figure, (above, under) = plt.subplots(2, 1, figsize=(5.5, 5.4), sharex=True)
    for number, (name, seeds) in enumerate(runs.items()):
        accuracy = [curves["test_accuracy"] for curves in seeds]
        _mean_and_seeds(above, accuracy, name, CYCLE[number])
    above.set(ylabel="test accuracy", ylim=(below, 1))
    above.legend(loc="lower right")
    fit = [curves["kernel_r2"] for curves in runs[r2]]
    _mean_and_seeds(under, fit, "$R^2$ of the kernel", CYCLE[len(runs) % len(CYCLE)])
    under.set(xlabel="epoch", ylim=(0, 1.4 * np.max(fit)), xticks=range(0, len(fit[0]) + 1, 4))
    under.legend(loc="upper right")
    return closed(figure)


def _mean_and_seeds(ax: Axes, seeds: list[list[float]], name: str, look: dict) -> None:
    epochs = range(1, len(seeds[0]) + 1)
    ax.plot(epochs, np.mean(seeds, axis=0), label=name, **look | {"markevery": 2})
    for seed in seeds:
        ax.plot(epochs, seed, **look | {"linestyle": "none", "markersize": 2.5})


def costs(curve: list[dict]) -> Figure:
    """Draw seconds and memory of one gradient over T, for KeRNL in chunks and for BPTT.

    Args:
        curve: as `course bench kernl` stores it.
    """
    plt = pyplot()
    figure, (above, below) = plt.subplots(2, 1, figsize=(5.5, 5.4), sharex=True)
    for rule, name in (("chunked", "KeRNL in chunks"), ("bptt", "BPTT")):
        rows = [row for row in curve if row["rule"] == rule]
        lengths = [row["T"] for row in rows]
        above.loglog(lengths, [row["seconds"] for row in rows], label=name)
        below.loglog(lengths, [row["peak_mib"] - row["before_mib"] for row in rows], label=name)
    above.set(ylabel="seconds per gradient")
    # The last two lie so near each other that their numbers would touch.
    ticks = [T for T in lengths if 2 * T not in lengths]
    below.set(ylabel="memory (MiB)", xlabel="length of the sequence, $T$", xticks=ticks)
    below.xaxis.set_major_formatter("{x:,.0f}")
    below.xaxis.set_minor_locator(plt.NullLocator())
    below.yaxis.set_major_formatter("{x:g}")
    above.legend(loc="upper left")
    return closed(figure)


def bits(runs: dict[str, list[dict]], floor: float, chance: float) -> Figure:
    """Draw bits per character on validation sequences over the updates, with floor and chance.

    A line is the mean over the seeds of one rule; around it lies what the seeds cover.

    Args:
        runs: name to the curves of each seed, as `course_lib.training.experiments.online_sequences`
            gives them.
        floor: what nothing can beat.
        chance: of guessing from the character before.
    """
    plt = pyplot()
    figure, ax = plt.subplots(figsize=(5.5, 5.2))
    for number, (name, seeds) in enumerate(runs.items()):
        steps, losses = seeds[0]["steps"], [run["validation_loss"] for run in seeds]
        ax.semilogy(steps, np.mean(losses, axis=0), label=name, **CYCLE[number] | {"markevery": 2})
        ends = np.min(losses, axis=0), np.max(losses, axis=0)
        ax.fill_between(steps, *ends, color=CYCLE[number]["color"], alpha=0.15, linewidth=0)
    ax.axhline(chance, color="black", linewidth=0.8, linestyle="--", label="last character alone")
    ax.axhline(floor, color="black", linewidth=0.8, linestyle=":", label="a perfect counter")
    ax.set(xlabel="batches", ylabel="bits per character", ylim=(0.97 * floor, None))
    ax.yaxis.set_major_formatter("{x:.2f}")
    ax.yaxis.set_minor_formatter("{x:.2f}")
    figure.legend(loc="outside lower center", ncols=2)
    return closed(figure)


def _arrow(ax, start: tuple, end: tuple, look: dict) -> None:
    ax.annotate(
        "", end, start,
        arrowprops={"arrowstyle": "-|>", "color": look["color"], "linestyle": look["linestyle"],
                    "linewidth": 2, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 15},
    )  # fmt: skip
