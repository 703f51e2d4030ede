"""Figures of chapter 4: GradNets.

First what is measured, then what is drawn. What is too long to run in a page comes from the stored
results of `course reproduce gradnets`, `gradnets-200`, `gradnets-2015` and `gradnets-recurrent`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from course_lib.figures.numbers import brief, over_seeds
from course_lib.figures.slider import Slider, slider
from course_lib.figures.style import CYCLE, closed, pyplot
from course_lib.scratch.gradnets import (
    cosine_map,
    gain,
    grelu,
    propagate,
    tat_slope,
)
from course_lib.training.experiments import GRADNETS, GRADNETS_200
from course_lib.training.reproduce import stored_result

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HIDDEN, UNITS = 48, 50  # hidden layers and their width, as in the 2015 notebook
NAMES = {
    "grelu-gain-stop": "GReLU, gain, stop at g*",
    "grelu": "GReLU, no gain, to g = 1",
    "identity": "2015 notebook's form",
    "tat": "TAT",
    "rezero": "ReZero",
    "highway": "highway",
    "plain-he": "plain ReLU, He",
    "plain-orthogonal": "plain ReLU, orthogonal",
}
# form, first weights, bias: the pairs of the figures over depth
PAIRS = {
    "GReLU, no gain": ("pre-activation", "orthogonal", 0.0),
    "GReLU, gain": ("gain", "orthogonal", 0.0),
    "2015 notebook's form": ("identity", "notebook", 0.1),
}
FLOOR = 1e-13  # where a curve that has died is cut off


# What is measured


def first_weights(kind: str, depth: int = HIDDEN, n: int = UNITS, seed: int = 0) -> np.ndarray:
    """Fresh weights of a deep network, shape (depth, n, n).

    Args:
        kind: "orthogonal", "he", or "notebook": normal with standard deviation 0.1, drawn again
            beyond two of them.
        depth, n: layers and units.
        seed: of the draw.
    """
    rng = np.random.default_rng(seed)
    W = rng.normal(size=(depth, n, n))
    if kind == "he":
        return np.sqrt(2 / n) * W
    if kind == "notebook":
        while (outside := np.abs(W) > 2).any():
            W[outside] = rng.normal(size=outside.sum())
        return 0.1 * W
    q, r = np.linalg.qr(W)  # with the signs of r, all directions are equally likely
    return q * np.sign(np.diagonal(r, axis1=1, axis2=2))[:, None]


def related_inputs(batch: int = 32, n: int = UNITS, seed: int = 1) -> np.ndarray:
    """Inputs with root mean square 1 that share a part, as images do; shape (batch, n)."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(batch, n)) + 0.7 * rng.normal(size=n)
    return x / np.sqrt(np.mean(x**2))


def propagation(
    form: str, kind: str, g: float, bias: float = 0.0, depth: int = HIDDEN
) -> dict[str, np.ndarray]:
    """`propagate` for a fresh network: "rms", "cosine" and "backward", (depth + 1,) each."""
    rms, cosine, backward = propagate(
        related_inputs(), list(first_weights(kind, depth)), g, form, bias
    )
    return {"rms": rms, "cosine": cosine, "backward": backward}


def cosines_over_layers(depth: int, alpha: float) -> np.ndarray:
    """Cosine of two inputs at right angles after 0 … depth very wide layers, (depth + 1,)."""
    cosines = [0.0]
    for _ in range(depth):
        cosines.append(cosine_map(cosines[-1], alpha))
    return np.array(cosines)


def shrinkage(g: float, depth: int = HIDDEN) -> float:
    """What is left of a signal that passes `depth` layers along their skips alone."""
    return (1 - g) ** depth


def naive_loss_and_gradient(margin: float, floor: float = 0.0) -> tuple[float, float]:
    """Two classes, the first one right, its logit `margin` above the other, in float32.

    Args:
        margin: negative for a mistake.
        floor: what is added to the probability before the log.

    Returns:
        -sum(y log(p + floor)), softmax first and then the log; and minus its derivative by the
        right logit, which should be 1 for a confident mistake. NaN as it comes.
    """
    with np.errstate(all="ignore"):
        z = np.array([margin, 0], np.float32)
        p = np.exp(z - z.max())
        p = p / p.sum()
        y = np.array([1, 0], np.float32)
        loss = -np.sum(y * np.log(p + np.float32(floor)))
        return float(loss), float(p[0] / (p[0] + np.float32(floor)) * (1 - p[0]))


def results(depth: int = 50) -> dict[str, dict[str, Any]]:
    """The stored comparison with 50 or 200 layers: method to result."""
    if depth == 200:
        return {method: stored_result(f"gradnets-200-{method}") for method in GRADNETS_200}
    return {method: stored_result(f"gradnets-{method}") for method in GRADNETS}


def outcome(result: dict[str, Any]) -> dict[str, str]:
    """A row of the table as text: rate, last gate, mean accuracy in percent and its range.

    A run that ended at a step that was not finite has no accuracy; the row says how many did.
    """
    summary, config = result["summary"], result["config"]
    bad = sum(step is not None for step in summary["non_finite_steps"])
    percent = [100 * accuracy for accuracy in summary["test_accuracy"]]
    return {
        "rate": f"{config['learning_rate']:g}",
        "gate": f"{config['gate'][1]:.3g}",
        "mean": f"{np.mean(percent):.2f}",
        "accuracy": f"{bad} of {len(percent)} ended in NaN" if bad else over_seeds(percent),
    }


# What is drawn


def lost_signal() -> Figure:
    """Draw how alike all inputs become on the way up, and how a gradient fares on its way down."""
    plt = pyplot()
    figure, (above, below) = plt.subplots(2, 1, figsize=(5.5, 6.2), sharex=True)
    for i, (name, kind) in enumerate({"He": "he", "orthogonal": "orthogonal"}.items()):
        found = propagation("pre-activation", kind, 1.0)
        above.plot(found["cosine"], label=name, **_dense(i))
        below.semilogy(found["rms"], label=f"signal, {name}", **_dense(i))
        below.semilogy(found["backward"], label=f"gradient, {name}", **_dense(i + 2))
    above.set(ylabel="mean cosine", ylim=(0, 1.05), title="how alike different inputs are")
    above.legend(loc="lower right")
    below.set(xlabel="layer", ylabel="root mean square", title="how large they are")
    below.legend(loc="upper center", bbox_to_anchor=(0.45, -0.28), ncols=2, columnspacing=1)
    return closed(figure)


def shape_slider(gates: tuple[float, ...] = (0, 0.2, 0.4, 0.6, 0.8, 1), start: int = 2) -> Slider:
    """Let the reader open the gate: the shape of GReLU, without and with its gain."""
    frames = []
    for g in gates:
        alt = (
            f"Gate {g:g}. GReLU is a straight line of slope 1 for positive u and of slope"
            f" {1 - g:.1f} for negative u. With the gain both are {gain(1 - g):.2f} times as steep."
        )
        frames.append((f"g = {g:g}", _shape_frame(g), alt))
    return slider(frames, label="late gate g", start=start)


def _shape_frame(g: float) -> Figure:
    plt = pyplot()
    figure, ax = plt.subplots()
    u = np.linspace(-2, 2, 41)
    ax.plot(u, grelu(u, g), label="GReLU", **_dense(0))
    ax.plot(u, gain(1 - g) * grelu(u, g), label="GReLU with gain", **_dense(1))
    ax.plot(u, np.maximum(u, 0), label="ReLU", color="black", linestyle=":", marker="")
    ax.set(xlabel="pre-activation $u$", ylabel="$y$", xlim=(-2, 2), ylim=(-2.1, 2.9))
    ax.set_title(f"slope of the negative side: {1 - g:.1f}")
    ax.legend(loc="upper left")
    return closed(figure)


def gate_slider(gates: tuple[float, ...], start: int = 1) -> Slider:
    """Let the reader open the gate of a fresh network: signal, cosine and gradient over depth."""
    frames = []
    for g in gates:
        found = {
            name: propagation(form, kind, g, bias) for name, (form, kind, bias) in PAIRS.items()
        }
        alt = f"Gate {g:.3g}, {HIDDEN} layers. " + " ".join(
            f"{name}: signal {brief(f['rms'][-1])} at the top, cosine {f['cosine'][-1]:.2f},"
            f" gradient {brief(f['backward'][0])} at the bottom."
            for name, f in found.items()
        )
        frames.append((f"g = {g:.3g}", _gate_frame(found), alt))
    return slider(frames, label="late gate g", start=start)


def _gate_frame(found: dict[str, dict[str, np.ndarray]]) -> Figure:
    plt = pyplot()
    figure, axes = plt.subplots(3, 1, figsize=(5.5, 8), sharex=True)
    for i, (name, curves) in enumerate(found.items()):
        for ax, key in zip(axes, ("rms", "cosine", "backward"), strict=True):
            curve = curves[key] if key == "cosine" else np.maximum(curves[key], FLOOR)
            ax.plot(curve, label=name, **_dense(i))
    for ax, title in zip(
        axes, ("signal, going up", "how alike inputs are", "gradient, going down"), strict=True
    ):
        ax.set_title(title)
    for ax in (axes[0], axes[2]):
        ax.set(yscale="log", ylim=(FLOOR, 1e3), ylabel="root mean square")
        ax.set_yticks([1e-12, 1e-8, 1e-4, 1])
        ax.axhline(1, color="black", linewidth=0.8)
    axes[1].set(ylim=(-0.05, 1.08), ylabel="mean cosine")
    axes[2].set_xlabel("layer")
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=1)
    return closed(figure)


def depth_slider(depths: tuple[int, ...], start: int = 2) -> Slider:
    """Let the reader choose the depth: how the cosine grows, and the slope that holds it at 0.9."""
    frames = []
    for depth in depths:
        alpha = tat_slope(depth)
        relu, tat = (cosines_over_layers(depth, a)[-1] for a in (0.0, alpha))
        alt = (
            f"{depth} layers. The cosine of two inputs starts at 0 and after the last layer it is"
            f" {relu:.3f} with ReLU and {tat:.2f} with the slope {alpha:.2f};"
            " with a straight line it stays 0."
        )
        frames.append((f"{depth} layers", _depth_frame(depth, alpha), alt))
    return slider(frames, label="depth", start=start)


def _depth_frame(depth: int, alpha: float) -> Figure:
    plt = pyplot()
    figure, ax = plt.subplots()
    every = max(1, depth // 8)
    for i, (slope, name) in enumerate(
        (
            (0.0, "ReLU, g = 1"),
            (alpha, f"slope {alpha:.2f}, g* = {1 - alpha:.2f}"),
            (1.0, "linear, g = 0"),
        )
    ):
        look = CYCLE[i] | {"markevery": every}
        ax.plot(cosines_over_layers(depth, slope), label=name, **look)
    ax.axhline(0.9, color="black", linestyle=":", linewidth=1)
    ax.set(xlabel="layer", ylabel="cosine", ylim=(-0.05, 1.08), title=f"{depth} layers")
    ax.legend(loc="center right")
    return closed(figure)


def old_run(result: dict[str, Any]) -> Figure:
    """Draw the accuracy of the 2015 notebook's network over its steps: three repairs, one by one.

    Args:
        result: the stored result of gradnets-2015.
    """
    plt = pyplot()
    figure, ax = plt.subplots(figsize=(5.5, 4.4))
    names = {
        "as-it-was": "as it was",
        "safe-loss": "safe loss",
        "safe-loss-mean": "safe loss, mean",
    }
    every = result["config"]["log_every"]
    for i, (key, name) in enumerate(names.items()):
        curve = result["curves"][key]
        steps = every * np.arange(1, len(curve["test_accuracy"]) + 1)
        ax.plot(steps, curve["test_accuracy"], label=name, **CYCLE[i], markevery=8)
        if curve["non_finite_step"] is not None:
            ax.plot(
                curve["non_finite_step"], curve["test_accuracy"][-1],
                marker="x", markersize=11, markeredgewidth=3, color=CYCLE[i]["color"],
            )  # fmt: skip
    ax.set(xlabel="step", ylabel="test accuracy at that gate", ylim=(0, 1.02))
    gate = ax.secondary_xaxis(
        "top",
        functions=(lambda t: t / result["config"]["tau"], lambda g: g * result["config"]["tau"]),
    )
    gate.set_xlabel("late gate $g$")
    figure.legend(loc="outside lower center", ncols=2)
    return closed(figure)


def held_gates(result: dict[str, Any]) -> Figure:
    """Draw learning with a gate that stays where it is.

    Args:
        result: the stored result of gradnets-2015.
    """
    plt = pyplot()
    figure, ax = plt.subplots()
    every = result["config"]["log_every"]
    held = [key for key in result["curves"] if key.startswith("held-")]
    for key in held:
        accuracy = result["curves"][key]["test_accuracy"]
        steps = every * np.arange(1, len(accuracy) + 1)
        ax.plot(steps, accuracy, label=f"$g$ = {key.removeprefix('held-')}", markevery=5)
    ax.set(xlabel="step", ylabel="test accuracy", ylim=(0, 1.02))
    ax.legend(loc="upper right", bbox_to_anchor=(1, 0.84))  # between the curves
    return closed(figure)


def gradient_sizes(found: dict[str, dict[str, Any]], methods: tuple[str, ...]) -> Figure:
    """Draw the size of the gradient in every layer's weights, in the first and the last epoch.

    Args:
        found: from `results`.
        methods: keys of it whose layers have one weight matrix each.
    """
    plt = pyplot()
    figure, axes = plt.subplots(2, 1, figsize=(5.5, 6.2), sharex=True, sharey=True)
    for ax, epoch, title in zip(axes, (0, -1), ("first epoch", "last epoch"), strict=True):
        for i, method in enumerate(methods):
            rms = found[method]["curves"]["runs"][0]["gradient_rms"][epoch]
            layers = np.arange(1, len(rms) + 1)
            shown = np.maximum(rms, FLOOR)
            ax.semilogy(layers, shown, label=NAMES[method], **CYCLE[i], markevery=6)
        ax.set(title=title, ylabel="gradient, RMS")
    axes[1].set_xlabel("layer")
    handles, names = axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=1)
    return closed(figure)


def learning_curves(found: dict[str, dict[str, Any]], methods: tuple[str, ...]) -> Figure:
    """Draw the test accuracy over the epochs, first seed, and where the gate stands still.

    Args:
        found: from `results`.
        methods: keys of it, at most seven.
    """
    plt = pyplot()
    figure, ax = plt.subplots(figsize=(5.5, 5))
    for i, method in enumerate(methods):
        accuracy = found[method]["curves"]["runs"][0]["test_accuracy"]
        epochs = np.arange(1, len(accuracy) + 1)
        ax.plot(epochs, accuracy, label=NAMES[method], **CYCLE[i], markevery=(i, 4))
    anneal = found[methods[0]]["config"]["anneal_epochs"]
    ax.axvline(anneal, color="black", linestyle=":", linewidth=1)
    ax.text(anneal + 0.2, 0.03, "gates at their last value", fontsize=11)
    ax.set(xlabel="epoch", ylabel="test accuracy", ylim=(0, 1.02), xticks=range(0, 21, 5))
    figure.legend(loc="outside lower center", ncols=1)
    return closed(figure)


def training_curves(
    points: dict[str, tuple[Any, Any]], xlabel: str, ylabel: str, logarithmic: bool = False
) -> Figure:
    """Draw what was measured while a network was trained, one line a name.

    Args:
        points: from each name to where it was measured and what was found.
        xlabel, ylabel: what the two are.
        logarithmic: whether the scale of what was found is.
    """
    plt = pyplot()
    figure, ax = plt.subplots(figsize=(5.5, 3.6))
    for i, (name, (places, values)) in enumerate(points.items()):
        ax.plot(places, values, label=name, **CYCLE[i])
    ax.set(xlabel=xlabel, ylabel=ylabel)
    if logarithmic:
        ax.set_yscale("log")
    ax.xaxis.get_major_locator().set_params(integer=True)
    figure.legend(loc="outside upper center", ncols=1)
    return closed(figure)


def adding(result: dict[str, Any]) -> Figure:
    """Draw the error on the adding task over the epochs, the best rate, one line a seed.

    Args:
        result: the stored result of gradnets-recurrent.
    """
    plt = pyplot()
    figure, ax = plt.subplots(figsize=(5.5, 4.4))
    names = {
        "tanh-orthogonal": "tanh, orthogonal",
        "tanh-identity": "tanh, identity",
        "gradual": "gradual, identity",
    }
    for i, (cell, name) in enumerate(names.items()):
        rate = result["summary"][cell]["learning_rate"]
        runs = [run for run in result["curves"][cell] if run["rate"] == rate]
        for number, run in enumerate(runs):
            losses = run["validation_loss"]
            ax.semilogy(
                np.arange(1, len(losses) + 1), losses, **CYCLE[i],
                markevery=4, label="" if number else name,
            )  # fmt: skip
    ax.axhline(result["config"]["chance"], color="black", linestyle=":", label="always the mean")
    ax.axvline(result["config"]["anneal_epochs"], color="black", linewidth=0.8)
    ax.set(xlabel="epoch", ylabel="mean squared error", xticks=range(0, 21, 5))
    figure.legend(loc="outside lower center", ncols=2)
    return closed(figure)


def _dense(i: int) -> dict:
    return CYCLE[i] | {"markevery": 6}
