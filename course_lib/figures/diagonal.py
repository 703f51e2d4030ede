"""Figures of chapter 6: recurrences made to be scanned.

First what is measured, then what is drawn. A figure that needs a measurement takes it as its
argument, so that the page can print the numbers that the figure shows.
"""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import numpy as np

from course_lib.figures.slider import Slider, slider
from course_lib.figures.style import CYCLE, closed, pyplot
from course_lib.scratch.diagonal import (
    init_lru,
    lru_backward,
    lru_forward,
    lru_online_gradient,
    ring,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE, RED = (CYCLE[i]["color"] for i in range(2))
GREY = "0.6"
KINDS = ("fading", "turning")
# Steps until a share 1/e is left, for the fastest and the slowest unit of a kind: what suits it.
TIMES = {"fading": (3.0, 1_500.0), "turning": (100.0, 1_500.0)}
WIDEST = 0.6  # radians in one step; once around in a row of 28 pixels is 0.22
STEPS = 60  # of the two layers whose credit is compared


# What is measured


def units(kind: str, numbers: int) -> np.ndarray:
    """Powers of as many eigenvalues as it takes for a state of that many real numbers.

    Args:
        kind: "fading" (real eigenvalues) or "turning" (complex ones, each two numbers).
        numbers: of the state, even.

    Returns:
        P, shape (784, numbers): a row for each pixel, so that an image times P is the last state.
        Each column has the length 1.
    """
    n = numbers if kind == "fading" else numbers // 2
    rate = 1 / np.geomspace(*TIMES[kind], n)
    if kind == "turning":  # each speed of turning meets fast and slow ones
        rate = rate[np.random.default_rng(0).permutation(n)]
    steps = np.arange(783, -1, -1)[:, None]
    angle = np.linspace(0, WIDEST, n) if kind == "turning" else np.zeros(n)
    powers = np.exp((-rate + 1j * angle) * steps)
    P = powers.real if kind == "fading" else np.concatenate([powers.real, powers.imag], axis=1)
    return P / np.maximum(np.linalg.norm(P, axis=0), 1e-12)


def singular_values(kind: str, numbers: int) -> np.ndarray:
    """The singular values of `units`, the largest first, as shares of it."""
    values = np.linalg.svd(units(kind, numbers), compute_uv=False)
    return values / values[0]


def seen(
    train: np.ndarray, test: np.ndarray, kind: str, numbers: int, noise: float = 1e-3
) -> np.ndarray:
    """What can be told of images from the last state: the best linear guess at every pixel.

    Args:
        train: images (N, 784), from which the guess is fitted.
        test: images (M, 784), to be guessed.
        kind, numbers: as in `units`.
        noise: that is added to each number of the state, as a share of its spread.

    Returns:
        The guesses, shape (M, 784).
    """
    P, mean = units(kind, numbers), train.mean(axis=0)
    state = (train - mean) @ P
    spread = np.maximum(state.std(axis=0), 1e-12)
    state = state / spread
    covariance = state.T @ state / len(state) + noise**2 * np.eye(numbers)
    guess = np.linalg.solve(covariance, state.T @ (train - mean) / len(state))
    rng = np.random.default_rng(0)
    told = (test - mean) @ P / spread + noise * rng.normal(size=(len(test), numbers))
    return mean + told @ guess


def missed(images: np.ndarray, guesses: np.ndarray) -> float:
    """The share of the images' variance that the guesses miss."""
    return float(np.sum((images - guesses) ** 2) / np.sum((images - images.mean(axis=0)) ** 2))


def read(
    train: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    kind: str,
    numbers: int,
) -> float:
    """The share of digits that a linear readout of the last state gets right.

    Args:
        train: images (N, 784) and labels (N,), to which the readout is fitted by least squares.
        test: images (M, 784) and labels (M,), which are counted.
        kind, numbers: as in `units`.
    """
    P = units(kind, numbers)
    states = [images @ P for images, _ in (train, test)]
    spread = np.maximum(states[0].std(axis=0), 1e-12)
    fitted, counted = (np.c_[s / spread, np.ones(len(s))] for s in states)
    squares = fitted.T @ fitted + 1e-2 * np.eye(numbers + 1)
    W = np.linalg.solve(squares, fitted.T @ np.eye(10)[train[1]])
    return float(np.mean((counted @ W).argmax(axis=1) == test[1]))


def memory(lengths: tuple[int, ...], batch: int = 8, m: int = 4, n: int = 64) -> dict[str, list]:
    """Peak memory of two ways to one and the same gradient, in MiB, and how far they are apart.

    Returns:
        Lists "BPTT" and "traces", one entry a length, and "difference", the largest relative one.
    """
    params = init_lru(m, n, 1, seed=0)
    found: dict[str, list] = {"BPTT": [], "traces": [], "difference": []}
    for T in lengths:
        rng = np.random.default_rng(T)
        x, z_0 = rng.normal(size=(batch, T, m)), np.zeros((batch, n), complex)
        dz = np.broadcast_to(rng.normal(size=(batch, 1, n)) + 0j, (batch, T, n))
        by_traces, peak = _peak(lambda: lru_online_gradient(dz, x, z_0, params))  # noqa: B023
        found["traces"].append(peak)
        by_bptt, peak = _peak(
            lambda: lru_backward(dz, x, z_0, lru_forward(x, z_0, params)[1], params)[0]  # noqa: B023
        )
        found["BPTT"].append(peak)
        found["difference"].append(
            max(
                float(np.linalg.norm(by_traces[name] - by_bptt[name]) / np.linalg.norm(exact))
                for name, exact in by_bptt.items()
            )
        )
    return found


def _peak(run):
    tracemalloc.start()
    result = run()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return result, peak / 2**20


def stacked_cosine(
    memory_of_the_upper: float, seed: int, T: int = STEPS, n: int = 16, *, direct: bool = True
) -> float:
    """How far the credit that comes at the same step points the way of BPTT's, in a lower layer.

    Two LRUs, a tanh between them, and a loss at every step of the upper one.

    Args:
        memory_of_the_upper: |lam| of all units of the upper layer.
        seed: of weights and data.
        T: steps.
        n: units of each layer.
        direct: whether the upper layer has its D, the path from input to output past the state.

    Returns:
        The cosine between the gradients of the lower layer's B and eigenvalues, credit through
        depth at the same step against all credit.
    """
    rng = np.random.default_rng(seed)
    lower, upper = init_lru(3, n, n, seed), init_lru(n, n, 2, seed + 1)
    upper["nu_log"] = np.full(n, np.log(-np.log(memory_of_the_upper)))
    upper["gamma_log"] = np.full(n, 0.5 * np.log(1 - memory_of_the_upper**2))
    if not direct:
        upper["D"] = np.zeros_like(upper["D"])
    x, zero = rng.normal(size=(8, T, 3)), np.zeros((8, n), complex)
    y, z_lower = lru_forward(x, zero, lower)
    h = np.tanh(y)
    _, z_upper = lru_forward(h, zero, upper)
    dy = rng.normal(size=(8, T, 2))
    dz = dy @ np.conj(upper["C"]).T
    _, dh = lru_backward(dz, h, zero, z_upper, upper)
    same_step = ((np.exp(upper["gamma_log"]) * dz) @ np.conj(upper["B"]).T).real
    gradients = []
    for through in (dh, same_step):
        through = through + dy @ upper["D"].T
        dz_lower = (through * (1 - h**2)) @ np.conj(lower["C"]).T
        grads, _ = lru_backward(dz_lower, x, zero, z_lower, lower)
        gradients.append(np.concatenate([g.ravel().view(float) for g in grads.values()]))
    exact, cut = gradients
    return float(exact @ cut / np.linalg.norm(exact) / np.linalg.norm(cut))


# What is drawn


def wiring() -> Figure:
    """Who hears of whom: every unit of every unit, or each of itself alone."""
    plt = pyplot()
    figure, axes = plt.subplots(1, 2, figsize=(5.5, 2.9))
    for ax, title in zip(axes, ("a vanilla RNN", "a diagonal one"), strict=True):
        dense = ax is axes[0]
        for t in range(3):
            for i in range(4):
                for k in range(4) if dense else [i]:
                    ax.plot([t, t + 1], [i, k], color=BLUE, lw=1 if dense else 2, marker="", ls="-")
        ax.scatter(
            *np.meshgrid(range(4), range(4)), s=90, color="white", edgecolor=BLUE, zorder=3, lw=2
        )
        ax.set_title(title)
        ax.set_xticks(range(4), [f"$t$+{t}" if t else "$t$" for t in range(4)])
        ax.set_yticks([])
        ax.grid(False)
        ax.spines[:].set_visible(False)
        ax.set_xlim(-0.3, 3.3)
    axes[0].set_ylabel("units")
    return closed(figure)


def one_unit_slider(angles: tuple[int, ...], size: float = 0.95, start: int = 0) -> Slider:
    """What a unit makes of one pulse, for several angles, in degrees a step."""
    return slider(
        [(f"{angle}° a step", _one_unit(size, angle), _told(size, angle)) for angle in angles],
        "how far it turns at each step",
        start,
    )


def _told(size: float, angle: int) -> str:
    """The alt text of a frame."""
    how = {0: "it falls smoothly towards zero", 180: "it changes its sign at every step, and fades"}
    swings = f"it swings up and down, a turn in {360 / angle:.0f} steps, and fades" if angle else ""
    return (
        f"Left, the complex plane: a point inside the unit circle, {size} from the middle, at "
        f"{angle} degrees. Right, the real part of the unit's state after one pulse, over 60 "
        f"steps: {how.get(angle, swings)}."
    )


def _one_unit(size: float, angle: int) -> Figure:
    plt = pyplot()
    figure, (plane, time) = plt.subplots(
        1, 2, figsize=(5.5, 2.7), gridspec_kw={"width_ratios": (1, 1.7)}
    )
    turn = np.linspace(0, 2 * np.pi, 200)
    plane.plot(np.cos(turn), np.sin(turn), color=GREY, ls="-", marker="")
    lam = size * np.exp(1j * np.deg2rad(angle))
    plane.plot([0, lam.real], [0, lam.imag], color=BLUE, ls="-", marker="")
    plane.plot(lam.real, lam.imag, color=BLUE, marker="o", ms=8)
    plane.set_aspect("equal")
    plane.set_title(r"$\lambda$")
    plane.set_xticks([-1, 0, 1])
    plane.set_yticks([-1, 0, 1], ["$-i$", "0", "$i$"])
    steps = np.arange(61)
    z = lam**steps
    time.plot(steps, size**steps, color=GREY, ls=":", marker="")
    time.plot(steps, -(size**steps), color=GREY, ls=":", marker="")
    time.plot(steps, z.real, color=BLUE, ls="-", marker="o", ms=3)
    time.set_ylim(-1.1, 1.1)
    time.set_xlabel("steps after the pulse")
    time.set_title("real part of the state")
    return closed(figure)


def rings(n: int = 600) -> Figure:
    """Eigenvalues drawn with a uniform radius, and with a uniform square of it."""
    plt = pyplot()
    rng = np.random.default_rng(0)
    u, v = rng.uniform(size=(2, n))
    nu_log, theta_log, _ = ring(u, v, 0.1, 0.999, 2 * np.pi)
    radii = {"uniform radius": 0.1 + u * (0.999 - 0.1), "uniform area": np.exp(-np.exp(nu_log))}
    figure, axes = plt.subplots(1, 2, figsize=(5.5, 3.0))
    for ax, (title, radius) in zip(axes, radii.items(), strict=True):
        lam = radius * np.exp(1j * np.exp(theta_log))
        ax.scatter(lam.real, lam.imag, s=5, color=BLUE)
        ax.set_aspect("equal")
        ax.set_title(title)
        ax.set_xticks([-1, 0, 1])
        ax.set_yticks([-1, 0, 1], ["$-i$", "0", "$i$"])
    return closed(figure)


def rounds(T: int = 8) -> Figure:
    """Which steps each entry holds, round by round."""
    plt = pyplot()
    count = int(np.ceil(np.log2(T)))
    figure, ax = plt.subplots(figsize=(5.5, 3.4))
    for r in range(count + 1):
        y, reach = count - r, 2**r
        for t in range(1, T + 1):
            first = max(1, t - reach + 1)
            label = f"{t}" if first == t else f"{first}–{t}"
            done = first == 1
            ax.text(
                t, y, label, ha="center", va="center", fontsize=12,
                bbox={"boxstyle": "round,pad=0.25", "fc": "white", "ec": BLUE if done else GREY,
                      "lw": 2 if done else 1},
            )  # fmt: skip
            if r < count:
                ax.plot([t, t], [y - 0.22, y - 0.78], color=GREY, ls="-", marker="", lw=1)
                if t - reach >= 1:
                    ax.plot(
                        [t - reach, t], [y - 0.22, y - 0.78], color=RED, ls="--", marker="", lw=1.5
                    )
    ax.set_xlim(0.3, T + 0.7)
    ax.set_ylim(-0.5, count + 0.5)
    ax.set_yticks(range(count + 1), ["start", *(f"round {r}" for r in range(1, count + 1))][::-1])
    ax.set_xticks([])
    ax.grid(False)
    ax.spines[:].set_visible(False)
    return closed(figure)


def spectra(numbers: int = 64) -> Figure:
    """How many of a state's numbers say something of their own."""
    plt = pyplot()
    figure, ax = plt.subplots()
    for kind, look in zip(KINDS, CYCLE, strict=False):
        values = singular_values(kind, numbers)
        ax.semilogy(
            np.arange(1, numbers + 1), np.maximum(values, 1e-16), **look, markevery=4, label=kind
        )
    ax.set_ylim(1e-16, 3)
    ax.set_xlabel("singular values, the largest first")
    ax.set_ylabel("share of the largest")
    ax.legend()
    return closed(figure)


def eye_slider(
    train: np.ndarray, test: np.ndarray, sizes: tuple[int, ...], start: int = 0
) -> Slider:
    """Images, and what the last states of two kinds of units know of them, by size of the state."""
    frames = []
    for numbers in sizes:
        guesses = {kind: seen(train, test, kind, numbers) for kind in KINDS}
        share = {kind: missed(test, guess) for kind, guess in guesses.items()}
        alt = (
            f"Three rows of handwritten digits. Above, as they are. Middle, as guessed from "
            f"{numbers} numbers that fade: {_sharp(share['fading'])}. Below, from {numbers} "
            f"numbers that turn: {_sharp(share['turning'])}."
        )
        frames.append((f"{numbers} numbers", _eyes(test, guesses), alt))
    return slider(frames, "size of the state", start)


def _sharp(share: float) -> str:
    """How good a guess looks, in words."""
    words = (
        (0.15, "sharp"),
        (0.35, "blurred, but legible"),
        (0.6, "smeared, some are legible"),
    )
    return next((word for most, word in words if share < most), "blurred, hardly one is legible")


def _eyes(test: np.ndarray, guesses: dict[str, np.ndarray]) -> Figure:
    plt = pyplot()
    shown = min(6, len(test))
    figure, axes = plt.subplots(3, shown, figsize=(5.5, 3.1))
    rows = {"digit": test, **guesses}
    for line, (name, images) in zip(axes, rows.items(), strict=True):
        for ax, image in zip(line, images[:shown], strict=True):
            ax.imshow(image.reshape(28, 28), cmap="gray_r", vmin=0, vmax=1)
            ax.set_xticks([])
            ax.set_yticks([])
            ax.spines[:].set_visible(False)
        line[0].set_ylabel(name)
    return closed(figure)


def memory_by_length(lengths: tuple[int, ...], found: dict[str, list]) -> Figure:
    """Peak memory of the two ways over the number of steps."""
    plt = pyplot()
    figure, ax = plt.subplots()
    for name, look in zip(("BPTT", "traces"), CYCLE, strict=False):
        ax.loglog(lengths, found[name], **look, base=2, label=name)
    ax.set_xticks(lengths, [str(T) for T in lengths])
    ax.yaxis.set_major_formatter("{x:g}")
    ax.set_xlabel("steps")
    ax.set_ylabel("peak memory, MiB")
    ax.legend()
    return closed(figure)


def credit_through_depth(
    sizes: tuple[float, ...],
    cosines: dict[float, list[float]],
    without_d: dict[float, list[float]],
) -> Figure:
    """Cosine with BPTT in the lower of two layers, over the memory of the upper one."""
    plt = pyplot()
    figure, ax = plt.subplots()
    at = np.arange(len(sizes))
    for style, label, found, aside in (
        (CYCLE[0], "with $D$", cosines, -0.06),
        (CYCLE[1], "without $D$", without_d, 0.06),
    ):
        ax.plot(at, [np.mean(found[s]) for s in sizes], label=label, **style)
        for i, size in enumerate(sizes):
            each = [i + aside] * len(found[size])
            ax.scatter(each, found[size], color=style["color"], alpha=0.4, s=16, zorder=1)
    ax.axhline(0, color=GREY, lw=1, marker="", ls="-")
    ax.legend()
    ax.set_xticks(at, [f"{s:g}" for s in sizes])
    ax.set_ylim(-0.4, 1.05)
    ax.set_xlabel(r"$|\lambda|$ of the upper layer")
    ax.set_ylabel("cosine with BPTT")
    return closed(figure)
