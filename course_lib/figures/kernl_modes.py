"""Figures of chapter 5 about the kernel that turns: what is measured, then what is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from course_lib.data import adding_problem
from course_lib.figures.kernl import network
from course_lib.figures.slider import Slider, slider
from course_lib.figures.style import CYCLE, closed, in_words, pyplot
from course_lib.scratch.bptt import state_jacobian
from course_lib.scratch.kernl_modes import fit_modes, modes_gradient, nudged, spread_modes
from course_lib.sources.kernl_2019 import cosine

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SAMPLES = 128  # sequences that are nudged
RIDGE = 1e-3  # of the mean variance of a feature, as in `course_lib.online.modes`
KINDS = ("near identity", "orthogonal", "gaussian")


# What is measured


def fitted(net: dict, gamma: np.ndarray, omega: np.ndarray, seed: int = 0) -> np.ndarray:
    """Return the sensitivities (M, n, n) that nudging finds in a network of `network`."""
    h = np.concatenate([net["h"]] * (SAMPLES // len(net["h"])))
    psi = np.random.default_rng(seed).normal(size=h.shape)
    return fit_modes(psi, nudged(h, net["W_hh"], psi), gamma, omega)


def quality(counts: tuple[int, ...], seeds: range, **sizes: int) -> dict[str, dict[int, list]]:
    """Return the cosine with BPTT for kernels of so many modes, by kind of recurrence.

    Returns:
        kind to count to one value a seed.
    """
    found = {kind: {count: [] for count in counts} for kind in KINDS}
    for kind in KINDS:
        for seed in seeds:
            net = network(kind, seed, **sizes)
            for count in counts:
                modes = spread_modes(count, net["h"].shape[1])
                beta = fitted(net, *modes, seed + 1000)
                gradient = modes_gradient(net["v"], net["d"], net["dh"], beta, *modes)
                found[kind][count].append(cosine(gradient, net["true"]))
    return found


def told_apart(
    gamma: np.ndarray, omega: np.ndarray, steps: int, ridge: float = RIDGE
) -> np.ndarray:
    """Return how well modes tell one age from all others, 0 … 1, for each age below `steps`.

    A credit of 1 that is due to one age alone is fitted by least squares over all ages: how much of
    it does the fit put at that age?

    Args:
        gamma, omega: shape (M,).
        steps: T; the ages are 0 … T - 1.
        ridge: of the mean variance of a feature, as in `course_lib.online.modes`.
    """
    turns = np.exp((-gamma + 1j * omega) * np.arange(steps)[:, None])
    has_sine = (omega > 0) & (omega < np.pi)
    features = np.concatenate([turns.real, turns.imag[:, has_sine]], axis=1)
    gram = features.T @ features
    ridge *= np.trace(gram) / len(gram)
    return np.diag(features @ np.linalg.solve(gram + ridge * np.eye(len(gram)), features.T))


def explained(gamma: np.ndarray, omega: np.ndarray, seed: int, T: int, units: int) -> dict:
    """Return how much of what nudges do modes explain, by the nudge's age: R² of an age.

    The network is an untrained one: tanh units, W_hh orthogonal, that read the adding problem.
    What a nudge of each unit does to each is known exactly there, and fitted by least squares over
    all nudges and ages, with the engine's ridge.

    Args:
        gamma, omega: shape (M,).
        seed: of network and sequences.
        T: steps of a sequence.
        units: n.

    Returns:
        "r2": for each age below T; "part": how much of all movement is of that age.
    """
    rng = np.random.default_rng(seed)
    x = adding_problem(12, T, seed).x.astype(float)
    W_hh = np.linalg.qr(rng.normal(size=(units, units)))[0]
    limit = np.sqrt(6 / (x.shape[2] + units))
    W_xh = rng.uniform(-limit, limit, (x.shape[2], units))
    h, slopes = np.zeros((len(x), units)), []
    for t in range(T):
        h = np.tanh(x[:, t] @ W_xh + h @ W_hh)
        slopes.append(1 - h * h)
    ages, moved = [], []
    for start in range(T):
        J = np.broadcast_to(np.eye(units), (len(x), units, units))
        for age in range(T - start):
            if age:
                J = slopes[start + age][:, :, None] * (W_hh.T @ J)
            ages += len(x) * [age]
            moved.append(J.reshape(len(x), -1))
    ages, moved = np.array(ages), np.concatenate(moved)
    turns = np.exp((-gamma + 1j * omega) * ages[:, None])
    has_sine = (omega > 0) & (omega < np.pi)
    features = np.concatenate([turns.real, turns.imag[:, has_sine]], axis=1)
    gram = features.T @ features
    gram += RIDGE * np.trace(gram) / len(gram) * np.eye(len(gram))
    missed = moved - features @ np.linalg.solve(gram, features.T @ moved)
    whole, left = (np.bincount(ages, (a**2).sum(axis=1)) for a in (moved, missed))
    return {"r2": 1 - left / whole, "part": whole / whole.sum()}


def sensitivity(count: int, seed: int = 0, sequences: int = 8) -> dict:
    """Return how a unit of an orthogonal network moves itself and another, truly and by the kernel.

    Returns:
        "itself", "other": the truth by lag, mean over sequences; "itself kernel", "other kernel":
        that of so many modes; "cosine": with BPTT's gradient.
    """
    net = network("orthogonal", seed, T=25)
    modes = spread_modes(count, net["h"].shape[1])
    beta = fitted(net, *modes)
    start, lags = 4, np.arange(21)
    truth = np.zeros((len(lags), *beta.shape[1:]))
    for h in net["h"][:sequences]:
        for lag in lags:
            later = h[start + 1 : start + 1 + lag]
            truth[lag] += state_jacobian(later, net["W_hh"]) / sequences
    k = 1 + int(np.argmax(np.abs(truth[:, 1:, 0]).sum(axis=0)))
    lam = np.exp((-modes[0] + 1j * modes[1])[:, None] * lags)
    kernel = np.einsum("rki,rt->tki", beta, lam).real
    gradient = modes_gradient(net["v"], net["d"], net["dh"], beta, *modes)
    return {
        "itself": truth[:, 0, 0],
        "other": truth[:, k, 0],
        "itself kernel": kernel[:, 0, 0],
        "other kernel": kernel[:, k, 0],
        "cosine": cosine(gradient, net["true"]),
    }


# What is drawn


def modes_slider(counts: tuple[int, ...], start: int) -> Slider:
    """Let the reader choose the number of modes: how near the kernel comes to the truth."""
    frames = []
    for count in counts:
        lines = sensitivity(count)
        off = {
            unit: np.sqrt(np.mean((lines[f"{unit} kernel"] - lines[unit]) ** 2))
            for unit in ("itself", "other")
        }
        alt = (
            f"{count} {'mode' if count == 1 else 'modes'}. The true sensitivities of an orthogonal "
            "network go up and down. The kernel's miss them by "
            f"{off['itself']:.2f} (on itself) and {off['other']:.2f} (on the other unit) on "
            f"average; the cosine with BPTT is {lines['cosine']:.2f}."
        )
        frames.append((str(count), _frame(lines), alt))
    return slider(frames, label="number of modes", start=start)


def _frame(lines: dict) -> Figure:
    plt = pyplot()
    figure, axes = plt.subplots(2, 1, figsize=(5.5, 4.8), sharex=True)
    for ax, (i, unit) in zip(axes, enumerate(("itself", "other")), strict=True):
        ax.plot(lines[unit], label=f"on {unit}, true", **CYCLE[i] | {"markevery": 4})
        ax.plot(
            lines[f"{unit} kernel"],
            label=f"on {unit}, kernel",
            **CYCLE[i] | {"linestyle": ":", "fillstyle": "none", "markevery": 4},
        )
        ax.axhline(0, color="black", linewidth=0.8)
        ax.set(ylabel="sensitivity", ylim=(-0.75, 1.15))
        ax.legend(loc="upper right", ncols=2)
    axes[0].set_title(f"cosine with BPTT {lines['cosine']:.2f}")
    axes[1].set(xlabel="steps since, $t-s$", xticks=range(0, 21, 4))
    return closed(figure)


def by_modes(measured: dict[str, dict[int, list]]) -> Figure:
    """Draw the cosine with BPTT over the number of modes, a line a kind, means over the seeds."""
    plt = pyplot()
    figure, ax = plt.subplots()
    for kind, values in measured.items():
        ax.plot(list(values), [np.mean(found) for found in values.values()], label=in_words(kind))
    ax.set(xlabel="number of modes", ylabel="cosine with BPTT", ylim=(0, 1.02))
    ax.set_xticks(list(next(iter(measured.values()))))
    ax.legend(loc="lower right")
    return closed(figure)


def through_training(runs: dict[str, list[dict[str, list]]], chance: float) -> Figure:
    """Draw the cosine with BPTT and the error through a training.

    Args:
        runs: rule to the curves of its seeds; a line is their mean, a band goes from the lowest to
            the highest.
        chance: the error of a guess.
    """
    plt = pyplot()
    figure, (above, below) = plt.subplots(2, 1, figsize=(5.5, 5.6), sharex=True)
    for name, seeds in runs.items():
        for ax, what in ((above, "cosine"), (below, "test_loss")):
            values = np.array([curves[what] for curves in seeds])
            (line,) = ax.plot(seeds[0]["steps"], values.mean(axis=0), label=name)
            ends, color = (values.min(axis=0), values.max(axis=0)), line.get_color()
            ax.fill_between(seeds[0]["steps"], *ends, color=color, alpha=0.15, linewidth=0)
    above.set(ylabel="cosine with BPTT", ylim=(-0.1, 1.05))
    below.axhline(chance, color="black", linewidth=0.8)
    below.set(xlabel="batches", ylabel="error", yscale="log")
    below.locator_params(axis="x", integer=True)
    handles, names = above.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=3)
    return closed(figure)


def accuracies(results: dict[str, dict]) -> Figure:
    """Draw test accuracy over the epochs, one line a run: the mean over its seeds, and each seed.

    Args:
        results: name to a stored result of `course_lib.training.experiments.turning_mnist`.
    """
    plt = pyplot()
    figure, ax = plt.subplots()
    for number, (name, result) in enumerate(results.items()):
        seeds = np.array([curves["test_accuracy"] for curves in result["curves"].values()])
        epochs = np.arange(1, seeds.shape[1] + 1)
        ax.plot(epochs, seeds.mean(axis=0), label=name, **CYCLE[number])
        for seed in seeds:
            ax.plot(epochs, seed, **CYCLE[number] | {"linestyle": "none", "markersize": 3})
    ax.set(xlabel="epoch", ylabel="test accuracy", xticks=epochs)
    ax.legend(loc="center right")
    return closed(figure)
