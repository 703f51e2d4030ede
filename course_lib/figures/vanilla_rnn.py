"""The figures of chapter 1. Each function draws one and returns it; none opens a window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from course_lib.figures.moving import Handle, Moving
from course_lib.figures.slider import Slider, slider
from course_lib.figures.style import CYCLE, closed, pyplot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GONE = 0.05  # a state below it is forgotten
BLUE, ORANGE, GREEN = (look["color"] for look in CYCLE[:3])


def duck_probabilities(
    sentences: Sequence[str],
    is_noun: Sequence[bool],
    feed_forward: Sequence[float],
    recurrent: Sequence[float],
) -> Figure:
    """How sure two nets are that *duck* is a noun, one line a sentence.

    Args:
        sentences: the text of each sentence.
        is_noun: the truth for each.
        feed_forward, recurrent: the probability of "noun" that each net gives.
    """
    plt = pyplot()
    figure, ax = plt.subplots(figsize=(5.5, 0.34 * len(sentences) + 1.5))
    rows = np.arange(len(sentences))[::-1]
    ax.axvline(0.5, color="black", linewidth=1, linestyle=":")
    look = {"linestyle": "none", "markersize": 9}
    ax.plot(feed_forward, rows, **look, marker="s", color=ORANGE, label="feed-forward")
    ax.plot(recurrent, rows, **look, marker="o", color=BLUE, label="recurrent")
    words = [" (noun)" if noun else " (verb)" for noun in is_noun]
    ax.set_yticks(rows, [s + w for s, w in zip(sentences, words, strict=True)], fontsize=10)
    ax.set_xlim(-0.05, 1.05)
    ax.set_xticks([0, 0.5, 1], ["verb", "coin toss", "noun"])
    ax.set_xlabel("what the net says of duck")
    figure.legend(loc="outside upper center", ncols=2)
    return closed(figure)


def unrolled_network(steps: int = 3) -> Figure:
    """The network as a loop, and the same network with one copy for each step."""
    plt = pyplot()
    figure, ax = plt.subplots(figsize=(5.5, 3.3))
    ax.set_axis_off()
    ax.set_xlim(-0.5, steps + 2.0)
    ax.set_ylim(-1.75, 1.95)

    _column(ax, 0, "$x$", "$h$", "$y$")
    loop = {"arrowstyle": "->", "lw": 1.8, "color": ORANGE, "connectionstyle": "arc3,rad=-1.9"}
    ax.annotate("", xy=(0.25, -0.2), xytext=(0.25, 0.2), arrowprops={**loop, "shrinkB": 1})
    ax.text(0.62, 0.32, "$W_{hh}$", color=ORANGE, fontsize=12)
    ax.text(0.0, -1.7, "the loop", ha="center", fontsize=12)
    ax.text(1.02, -0.02, "=", ha="center", va="center", fontsize=20)

    ax.text(1.38, 0.0, "$h_0$", ha="center", va="center", fontsize=14)
    for t in range(1, steps + 1):
        x = t + 1.1
        _column(ax, x, f"$x_{t}$", f"$h_{t}$", f"$y_{t}$")
        _arrow(ax, (x - (0.56 if t == 1 else 0.73), 0), (x - 0.28, 0), ORANGE)
        ax.text(x - 0.5, 0.14, "$W_{hh}$", color=ORANGE, ha="center", fontsize=12)
    middle = (steps + 3) / 2
    ax.text(middle, -1.7, "unrolled: one copy a step, the same weights", ha="center", fontsize=12)
    return closed(figure)


def _column(ax: Axes, x: float, below: str, inside: str, above: str) -> None:
    """One step of the drawing: input, state and output, with the two arrows between them."""
    from matplotlib.patches import FancyBboxPatch

    box = FancyBboxPatch(
        (x - 0.24, -0.28), 0.48, 0.56, boxstyle="round,pad=0.03", fc="#E8F1F8", ec=BLUE, lw=1.8
    )
    ax.add_patch(box)
    ax.text(x, 0, inside, ha="center", va="center", fontsize=14)
    ax.text(x, -1.25, below, ha="center", va="center", fontsize=14)
    ax.text(x, 1.4, above, ha="center", va="center", fontsize=14)
    _arrow(ax, (x, -1.05), (x, -0.36), BLUE)
    _arrow(ax, (x, 0.36), (x, 1.18), GREEN)
    ax.text(x + 0.05, -0.75, "$W_{xh}$", color=BLUE, fontsize=12)
    ax.text(x + 0.05, 0.82, "$W_{hy}$", color=GREEN, fontsize=12)


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float], color: str) -> None:
    ax.annotate(
        "", xy=end, xytext=start, arrowprops={"arrowstyle": "->", "lw": 1.8, "color": color}
    )


def parameter_counts(m: int, n: int, steps: Sequence[int]) -> Figure:
    """Weights of one hidden layer of n units against the length of the sequence.

    Args:
        m, n: numbers of inputs a step and of units.
        steps: the lengths T.
    """
    plt = pyplot()
    figure, ax = plt.subplots()
    all_at_once = [T * m * n + n for T in steps]
    recurrent = [m * n + n * n + n for _ in steps]
    ax.plot(steps, all_at_once, **CYCLE[1], label="feed-forward, all steps at once")
    ax.plot(steps, recurrent, **CYCLE[0], label="recurrent")
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel("steps in the sequence, T")
    ax.set_ylabel("weights and biases")
    ax.legend(loc="upper left")
    return closed(figure)


def three_uses() -> Figure:
    """Classifying, labelling and predicting: where the output of the network is read."""
    plt = pyplot()
    figure, axes = plt.subplots(3, 1, figsize=(5.5, 6.2))
    words = ["we", "saw", "a", "duck"]
    panels = [
        ("Classify: one answer, from the last state", [None, None, None, "about birds"]),
        ("Label: one answer a step", ["other", "verb", "other", "noun"]),
        ("Predict: the answer is the next input", ["saw", "a", "duck", "here"]),
    ]
    for ax, (title, outputs) in zip(axes, panels, strict=True):
        ax.set_axis_off()
        ax.set_title(title, fontsize=12)
        ax.set_xlim(-0.6, 3.9)
        ax.set_ylim(-1.5, 1.5)
        for t, (word, output) in enumerate(zip(words, outputs, strict=True)):
            ax.text(
                t,
                0,
                f"$h_{t + 1}$",
                ha="center",
                va="center",
                bbox={"boxstyle": "round", "fc": "#E8F1F8", "ec": BLUE, "lw": 1.6},
            )
            ax.text(t, -1.3, word, ha="center", va="center", style="italic")
            _arrow(ax, (t, -1.0), (t, -0.42), BLUE)
            if t:
                _arrow(ax, (t - 0.74, 0), (t - 0.26, 0), ORANGE)
            if output:
                _arrow(ax, (t, 0.42), (t, 0.95), GREEN)
                ax.text(t, 1.2, output, ha="center", va="center", color=GREEN, weight="bold")
    return closed(figure)


def impulse_response(weight: float, steps: int = 20) -> np.ndarray:
    """States of one unit, h_t = tanh(w h_{t-1} + x_t), after a single 1 at the first step."""
    h = np.zeros(steps + 1)
    for t in range(1, steps + 1):
        h[t] = np.tanh(weight * h[t - 1] + (t == 1))
    return h[1:]


def one_unit(weight: float = 0.75, steps: int = 20) -> Moving:
    """The state of one unit after one impulse; the reader moves its recurrent weight.

    Args:
        weight: where the figure starts.
        steps: how many are shown.
    """
    plt = pyplot()
    t, h = np.arange(1, steps + 1), impulse_response(weight, steps)
    figure, ax = plt.subplots()
    ax.axhline(0, color="black", linewidth=1)
    up_and_down = np.outer(h, [0, 1, 0]).ravel()
    (stems,) = ax.plot(np.repeat(t, 3), up_and_down, color=BLUE, linewidth=1.5, marker="")
    (states,) = ax.plot(t, h, linestyle="none", marker="o", markersize=7, color=BLUE)
    ax.set(ylim=(-1, 1), xticks=[1, 5, 10, 15, 20], xlabel="step t", ylabel="state $h_t$")
    return Moving(
        figure,
        {"stems": stems, "states": states},
        [Handle("recurrent weight w", -1.5, 1.5, 0.05, weight)],
        formula="one_unit",
        data={"steps": steps, "level": GONE},
        told=_memory(h),
        alt=f"State of one unit over {steps} steps after an impulse at step 1.",
    )


def _memory(h: np.ndarray) -> str:
    """In words, how long the impulse is remembered: until the state stays below `GONE`."""
    kept = np.flatnonzero(abs(h) >= GONE)[-1] + 1
    if kept == len(h):
        return "Still there after the last step."
    return f"Gone after {kept} step{'s' if kept > 1 else ''}."


def padding(with_mask: np.ndarray, without_mask: np.ndarray, length: int) -> Figure:
    """One unit's state over a padded sequence, with the mask and without it.

    Args:
        with_mask, without_mask: the state carried at each step, shape (T,).
        length: number of real steps; the others are padding.
    """
    plt = pyplot()
    figure, ax = plt.subplots()
    t = np.arange(1, len(with_mask) + 1)
    ax.axvspan(length + 0.5, len(t) + 0.5, fc="#EEEEEE", ec="#BBBBBB", hatch="//", zorder=0)
    ax.text((length + len(t) + 1) / 2, 1.05, "padding", ha="center", fontsize=12)
    ax.plot(t, without_mask, **CYCLE[1], label="no mask")
    ax.plot(t, with_mask, **CYCLE[0], label="mask")
    ax.set_ylim(-1.1, 1.25)
    ax.set_xticks(t[::2])
    ax.set_xlabel("step t")
    ax.set_ylabel("one unit of the state")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)
    return closed(figure)


def loss_at_gap(
    gaps: np.ndarray, naive: dict[str, np.ndarray], safe: dict[str, np.ndarray]
) -> Figure:
    """Loss against the gap between the two logits: softmax then log, and straight from logits.

    Args:
        gaps: the logit gaps.
        naive, safe: losses at those gaps for the keys "right" and "wrong" (is the larger logit
            the right class?); what is not finite is drawn as a cross at the foot of its panel.
    """
    plt = pyplot()
    figure, axes = plt.subplots(2, 1, figsize=(5.5, 6), sharex=True)
    titles = {
        "right": "the larger logit is right: the loss should be 0",
        "wrong": "the larger logit is wrong: the loss should be the gap",
    }
    for ax, (case, title) in zip(axes, titles.items(), strict=True):
        finite = np.isfinite(naive[case])
        ax.plot(gaps, safe[case], **{**CYCLE[0], "marker": ""}, label="from logits")
        ax.plot(gaps[finite], naive[case][finite], **CYCLE[1], label="softmax, then log")
        look = {"linestyle": "none", "marker": "x", "color": "black", "markersize": 8}
        foot = np.full(int((~finite).sum()), -12.0)
        name = "NaN" if np.isnan(naive[case][~finite]).all() else "infinite"
        ax.plot(gaps[~finite], foot, **look, label=f"softmax, then log: {name}")
        ax.set_title(title, fontsize=12)
        ax.set_ylim(-20, 185)
        ax.set_ylabel("loss in nats")
        ax.legend(loc="upper left")
    axes[1].set_xlabel("gap between the logits, float32")
    return closed(figure)


def learning_curve(result: dict[str, Any], printed: Sequence[float]) -> Figure:
    """Accuracy on MNIST read by rows: our stored run, and what the old notebook printed.

    Args:
        result: the stored result of `course reproduce vanilla-mnist`.
        printed: the old notebook's accuracy on the test set, from the first epoch on.
    """
    plt = pyplot()
    figure, ax = plt.subplots(figsize=(5.5, 4))
    curves, chosen = result["curves"], result["summary"]["chosen_epoch"]
    epochs = np.arange(1, len(curves["test_accuracy"]) + 1)
    ax.plot(epochs, curves["validation_accuracy"], **CYCLE[2], label="ours, validation")
    ax.plot(epochs, curves["test_accuracy"], **CYCLE[0], label="ours, test")
    ax.plot(np.arange(1, len(printed) + 1), printed, **CYCLE[1], label="old notebook, test")
    ax.plot(
        chosen,
        curves["test_accuracy"][chosen - 1],
        linestyle="none",
        marker="o",
        markersize=14,
        markerfacecolor="none",
        markeredgecolor="black",
        label="chosen by validation",
    )
    ax.set_xticks(epochs[1::2])
    ax.set_xlabel("epoch")
    ax.set_ylabel("accuracy")
    ax.legend(loc="lower right")
    return closed(figure)


def memory_left(shares: dict[str, np.ndarray]) -> Figure:
    """How much of one early input is left in the state, step by step.

    Args:
        shares: for each network its name and its shares, from step 1 on; the first is 1.
    """
    plt = pyplot()
    figure, ax = plt.subplots()
    for name, share in shares.items():
        ax.semilogy(np.arange(1, len(share) + 1), share, label=name, markevery=0.1)
    ax.set_xlabel("step")
    ax.set_ylabel("left of the first input")
    ax.legend()
    return closed(figure)


def loss_by_batch(losses: Sequence[float], smooth: int = 20) -> Figure:
    """The loss of each batch while a network trains, and its mean over some of them.

    Args:
        losses: one a batch, in nats.
        smooth: how many batches the mean is taken over.
    """
    plt = pyplot()
    figure, ax = plt.subplots()
    batches = {"linestyle": "none", "marker": ".", "markersize": 4, "color": "#777777"}
    ax.plot(losses, **batches, label="one batch")
    mean = np.convolve(losses, np.ones(smooth) / smooth, mode="valid")
    label = f"mean of {smooth} batches"
    ax.plot(np.arange(smooth - 1, len(losses)), mean, color=BLUE, marker="none", label=label)
    ax.axhline(np.log(10), color="black", linewidth=1, linestyle=":", label="guessing")
    ax.set_ylim(bottom=0)
    ax.set_xlabel("batch")
    ax.set_ylabel("loss in nats")
    ax.legend()
    return closed(figure)


def digit_slider(image: np.ndarray, probabilities: np.ndarray, label: int) -> Slider:
    """A digit read row by row: what has been seen, and what the network then says.

    Args:
        image: shape (T, width), values from 0 to 1.
        probabilities: shape (T, 10), row t after reading t + 1 rows.
        label: the digit that it is.
    """
    frames = []
    for rows in range(1, len(image) + 1):
        plt = pyplot()
        figure, (left, right) = plt.subplots(1, 2, figsize=(5.5, 3.2), width_ratios=[1, 1.3])
        left.imshow(image, cmap="gray_r", vmin=0, vmax=1)
        if rows < len(image):
            left.axhspan(rows - 0.5, len(image) - 0.5, fc="#E5E5E5", ec="#999999", hatch="//")
        left.set_xticks([])
        left.set_yticks([])
        left.grid(False)
        left.set_title("read so far" if rows < len(image) else "all read")
        p = probabilities[rows - 1]
        bars = right.barh(range(10), p, color=BLUE, edgecolor="black", linewidth=0.8)
        bars[label].set_hatch("//")
        bars[label].set_facecolor(ORANGE)
        right.set_yticks(range(10))
        right.invert_yaxis()
        right.set_xlim(0, 1)
        right.set_xlabel("probability")
        right.grid(axis="y", visible=False)
        best = int(p.argmax())
        right.set_title(f"best guess: {best}")
        alt = (
            f"After {rows} of {len(image)} rows of a handwritten {label} the network's best guess "
            f"is {best} with probability {p[best]:.2f}; the right digit has {p[label]:.2f}."
        )
        frames.append((f"{rows} of {len(image)}", figure, alt))
    return slider(frames, label="rows read", start=len(image) // 2)
