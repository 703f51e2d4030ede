"""Diagrams of several chapters: what goes where. Only the nudged copy shows a computation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from course_lib.figures.kernl import kernels, network
from course_lib.figures.style import CYCLE, closed, pyplot
from course_lib.scratch.kernl import perturbation_step

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORWARD, BACK, TRACE = CYCLE[:3]  # how values, gradients and traces are drawn
PALE, WARM = "#DCEBF5", "#FBE6D9"


def truncation_windows(windows: int = 2, K: int = 4) -> Figure:
    """Draw truncated BPTT: values go on through all steps, gradients stay in their window."""
    plt = pyplot()
    T = windows * K
    figure, ax = _canvas(plt, (5.5, 2.9), (0.4, T + 0.6), (-1.05, 1.25))
    for t in range(1, T + 1):
        _state(ax, t, 0, f"$h_{t}$")
        _arrow(ax, (t, 0.78), (t, 0.3), BACK)
        ax.text(t, 0.86, f"$L_{t}$", ha="center")
    for t in range(1, T):
        _arrow(ax, (t + 0.3, -0.1), (t + 0.7, -0.1), FORWARD)
        if t % K:
            _arrow(ax, (t + 0.7, 0.12), (t + 0.3, 0.12), BACK)
    for w in range(windows):
        ax.text(w * K + (K + 1) / 2, -0.68, f"window {w + 1}", ha="center")
        if w:
            ax.axvline(w * K + 0.5, color="black", linestyle=":", zorder=0)
    _legend(figure, plt, (("values", FORWARD), ("gradient", BACK)))
    return closed(figure)


def dropout_in_a_stack(steps: int = 4) -> Figure:
    """Draw two recurrent layers over time: dropout on the way up, and none from step to step."""
    plt = pyplot()
    figure, ax = _canvas(plt, (5.5, 4.2), (0.2, steps + 0.8), (-0.75, 3.6))
    for t in range(1, steps + 1):
        ax.text(t, -0.5, f"$x_{t}$", ha="center", va="center")
        _arrow(ax, (t, -0.3), (t, 0.2), TRACE)
        for layer in range(2):
            _box(ax, t, 0.5 + 1.4 * layer, f"layer {layer + 1}", PALE)
            if t < steps:
                _arrow(ax, (t + 0.34, 0.5 + 1.4 * layer), (t + 0.66, 0.5 + 1.4 * layer), FORWARD)
        _arrow(ax, (t, 0.82), (t, 1.58), BACK)
    _arrow(ax, (steps, 2.22), (steps, 2.98), BACK)
    ax.text(steps, 3.2, "readout", ha="center", va="center", fontsize=12)
    paths = (("input", TRACE), ("dropout acts", BACK), ("kept free", FORWARD))
    _legend(figure, plt, paths)
    return closed(figure)


def grelu_layers() -> Figure:
    """Draw the three GReLU layers: what the gate g mixes in each of them."""
    plt = pyplot()
    figure, axes = plt.subplots(3, 1, figsize=(5.5, 5.4))
    for ax, title in zip(axes, ("pre-activation", "identity", "gain"), strict=True):
        ax.set(xlim=(-0.2, 7.2), ylim=(-1.15, 1.35), title=title)
        ax.axis("off")
        ax.text(0, 0, "$x$", ha="center", va="center")
        _arrow(ax, (0.25, 0), (0.85, 0), FORWARD)
        _box(ax, 1.3, 0, "$xW+b$", WARM, width=0.9)
        ax.text(2.15, 0.16, "$u$", ha="center", va="bottom")
        _path(ax, ((1.75, 0), (2.5, 0), (2.5, -0.6), (2.95, -0.6)), FORWARD)
        _box(ax, 3.4, -0.6, "relu", PALE, width=0.9)
        _path(ax, ((3.85, -0.6), (5.1, -0.6), (5.1, -0.24)), FORWARD)
        ax.text(4.45, -0.5, "$\\times\\, g$", ha="center", va="bottom")
        start = ((0.5, 0), (0.5, 0.75)) if title == "identity" else ((2.5, 0), (2.5, 0.75))
        _path(ax, (*start, (5.1, 0.75), (5.1, 0.24)), BACK)
        ax.text(3.8, 0.85, "$\\times\\, (1-g)$", ha="center", va="bottom")
        _state(ax, 5.1, 0, "+", size=18)
        _arrow(ax, (5.32, 0), (6.6, 0), FORWARD)
        if title == "gain":
            ax.text(5.95, 0.1, "$\\times$ gain", ha="center", va="bottom")
        ax.text(6.8, 0, "$y$", ha="center", va="center")
    _legend(figure, plt, (("late: comes in", FORWARD), ("early: fades out", BACK)))
    return closed(figure)


def rtrl_and_trace(n: int = 4, p: int = 6) -> Figure:
    """Draw what RTRL carries for a sequence beside what a trace carries: n sheets, and one."""
    plt = pyplot()
    figure, axes = plt.subplots(1, 2, figsize=(5.5, 3.5), width_ratios=(1.35, 1))
    for ax, sheets, title in zip(axes, (n, 1), ("RTRL", "traces"), strict=True):
        shift = 0.55 * (n - 1)
        ax.set(xlim=(-0.6, n + shift + 0.3), ylim=(-1.5, p + shift + 0.3), title=title)
        ax.set_aspect("equal")
        ax.axis("off")
        for sheet in reversed(range(sheets)):
            _sheet(ax, 0.55 * sheet, p, n)
        ax.text(n / 2, -0.3, "$i$", ha="center", va="top")
        ax.text(-0.25, p / 2, "$j$", ha="right", va="center")
    axes[0].text(n + 1.0, -0.1, "$k$", ha="left", va="top")
    axes[0].text(n / 2 + 0.6, -1.45, "$\\partial h_t[k]\\,/\\,\\partial W_{ji}$", ha="center")
    axes[1].text(n / 2, -1.45, "$E_t[j, i]$", ha="center")
    return closed(figure)


def nudged_copy(seed: int = 0, size: float = 0.05) -> Figure:
    """Draw one unit in a network and in its nudged copy, and how far apart they are.

    The distance is divided by the size of the nudges, and is drawn beside what a learned kernel
    predicts of it.
    """
    found = nudged_unit(seed, size)
    plt = pyplot()
    figure, (above, below) = plt.subplots(2, 1, figsize=(5.5, 5.2), sharex=True)
    steps = np.arange(1, len(found["original"]) + 1)
    above.plot(steps, found["original"], label="original", **FORWARD | {"markersize": 4})
    above.plot(steps, found["copy"], label="nudged copy", **BACK | {"markersize": 4})
    above.vlines(steps, found["original"], found["copy"], color="black", linewidth=0.8, zorder=0)
    above.set_ylabel("state of a unit")
    below.plot(steps, found["distance"], label="true distance", **BACK | {"markersize": 4})
    below.plot(steps, found["predicted"], label="predicted by the kernel", **TRACE)
    below.bar(steps, found["nudges"], width=0.3, color="black", alpha=0.35, label="nudges")
    below.set(xlabel="step $t$", ylabel="distance / size", xticks=(1, 5, 10, 15, 20))
    for ax in (above, below):
        low, high = ax.get_ylim()
        ax.set_ylim(low, high + 0.45 * (high - low))
        ax.legend(loc="upper left", ncols=2, columnspacing=1)
    return closed(figure)


def nudged_unit(seed: int = 0, size: float = 0.05, unit: int = 0) -> dict[str, np.ndarray]:
    """Return one unit of a network near the identity, of its nudged copy, and of its kernel.

    Args:
        seed: of the network and of the nudges.
        size: of the nudges, which are added to every unit after the tanh.
        unit: which of the units.

    Returns:
        One value a step each: "original" and "copy", the states; "nudges", drawn with size 1;
        "distance", copy minus original over the size; "predicted", by the learned kernel.
    """
    net = network("near identity", seed)
    beta, gamma = kernels(net, seed)["learned"]
    h, W_hh = net["h"][:1], net["W_hh"]
    psi = np.random.default_rng(seed + 1).normal(size=h.shape)
    apart = tangent = Omega = Gamma = np.zeros(h[:, 0].shape)
    distances, predicted = np.zeros_like(h), np.zeros_like(h)
    for t in range(h.shape[1]):
        moved = np.tanh(np.arctanh(h[:, t]) + apart @ W_hh) + size * psi[:, t]
        apart = moved - h[:, t]
        tangent, Omega, Gamma = perturbation_step(
            tangent, Omega, Gamma, h[:, t], W_hh, gamma, psi[:, t]
        )
        distances[:, t], predicted[:, t] = apart / size, Omega @ beta.T
    return {
        "original": h[0, :, unit],
        "copy": (h + size * distances)[0, :, unit],
        "nudges": psi[0, :, unit],
        "distance": distances[0, :, unit],
        "predicted": predicted[0, :, unit],
    }


def chunk_sweeps(chunks: int = 3, C: int = 3) -> Figure:
    """Draw chunks: the trace is handed on at the borders, inside the credit goes back."""
    plt = pyplot()
    T = chunks * C
    figure, ax = _canvas(plt, (5.5, 3.3), (0.35, T + 0.65), (-1.5, 1.35))
    for t in range(1, T + 1):
        _state(ax, t, 0, f"$h_{t}$", size=21)
        _arrow(ax, (t, 0.98), (t, 0.68), BACK)
        ax.text(t, 1.05, f"$c_{t}$", ha="center")
        if t < T:
            _arrow(ax, (t + 0.28, 0), (t + 0.72, 0), FORWARD)
        if t % C:
            _arrow(ax, (t + 0.88, 0.5), (t + 0.12, 0.5), BACK)
    for chunk in range(chunks):
        first, last = chunk * C + 1, (chunk + 1) * C
        ax.text((first + last) / 2, -1.4, f"chunk {chunk + 1}", ha="center")
        _arrow(ax, (first - 0.4, -0.75), (last + 0.4, -0.75), TRACE)
        if chunk:
            ax.axvline(first - 0.5, ymin=0.12, ymax=0.92, color="black", linestyle=":", zorder=0)
            ax.text(first - 0.5, -0.68, "$E$", ha="center", va="bottom", color=TRACE["color"],
                    backgroundcolor="white", zorder=1)  # fmt: skip
    paths = (("values", FORWARD), ("credit $\\lambda$", BACK), ("traces", TRACE))
    _legend(figure, plt, paths)
    return closed(figure)


def _canvas(plt, size: tuple, xlim: tuple, ylim: tuple) -> tuple[Figure, Axes]:
    figure, ax = plt.subplots(figsize=size)
    ax.set(xlim=xlim, ylim=ylim)
    ax.axis("off")
    return figure, ax


def _state(ax: Axes, x: float, y: float, text: str, size: int = 24) -> None:
    ax.plot(x, y, marker="o", markersize=size, color=PALE, markeredgecolor="black", zorder=3)
    ax.text(x, y, text, ha="center", va="center", zorder=4, fontsize=12)


def _box(ax: Axes, x: float, y: float, text: str, colour: str, width: float = 0.64) -> None:
    from matplotlib.patches import Rectangle

    corner, height = (x - width / 2, y - 0.3), 0.6
    ax.add_patch(Rectangle(corner, width, height, facecolor=colour, edgecolor="black", zorder=3))
    ax.text(x, y, text, ha="center", va="center", zorder=4, fontsize=12)


def _sheet(ax: Axes, shift: float, p: int, n: int) -> None:
    """A matrix of p rows and n columns as a grid, with the cell of one weight filled."""
    from matplotlib.patches import Rectangle

    for j in range(p):
        for i in range(n):
            colour = BACK["color"] if (j, i) == (p - 2, 1) else "white"
            ax.add_patch(
                Rectangle((i + shift, j + shift), 1, 1, facecolor=colour, edgecolor="black")
            )


def _arrow(ax: Axes, start: tuple, end: tuple, look: dict) -> None:
    ax.annotate(
        "", end, start,
        arrowprops={"arrowstyle": "-|>", "color": look["color"], "linestyle": look["linestyle"],
                    "linewidth": 2, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 14},
        zorder=2,
    )  # fmt: skip


def _path(ax: Axes, points: tuple, look: dict) -> None:
    """A line with corners, and an arrow at its end."""
    x, y = zip(*points[:-1], strict=True)
    ax.plot(x, y, color=look["color"], linestyle=look["linestyle"], marker="", zorder=1)
    _arrow(ax, points[-2], points[-1], look)


def _legend(figure: Figure, plt, paths: tuple) -> None:
    handles = [plt.Line2D([], [], **look | {"marker": ">"}, label=name) for name, look in paths]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(paths), columnspacing=1)
