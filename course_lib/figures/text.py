"""Figures of the page on text. Each is drawn from a stored run, or from what is passed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from course_lib.figures.style import CYCLE, closed, pyplot

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, RED, GREEN = (CYCLE[i]["color"] for i in range(3))
GREY = "0.6"
VISIBLE = {"\n": "↵", " ": "␣"}


def lanes() -> Figure:
    """Two ways to lay six pieces of a text into a batch of two, over three windows."""
    plt = pyplot()
    figure, axes = plt.subplots(2, 1, figsize=(5.5, 4.6))
    _batches(axes[0], [[1, 4], [2, 5], [3, 6]], "each lane goes on where it ended")
    _batches(axes[1], [[1, 2], [3, 4], [5, 6]], "one piece after the other")
    return closed(figure)


def _batches(ax: Axes, windows: list[list[int]], title: str) -> None:
    """Pieces in their lanes; an arrow where the state goes, solid if the text goes on there."""
    for k, pieces in enumerate(windows):
        for lane, piece in enumerate(pieces):
            ax.add_patch(_box(3 * k, -lane))
            ax.text(3 * k + 1, 0.3 - lane, f"piece {piece}", ha="center", va="center")
            if k + 1 < len(windows):
                fits = windows[k + 1][lane] == piece + 1
                ax.annotate(
                    "",
                    (3 * k + 3, 0.3 - lane),
                    (3 * k + 2, 0.3 - lane),
                    arrowprops={
                        "arrowstyle": "->",
                        "color": GREEN if fits else RED,
                        "linestyle": "-" if fits else "--",
                        "lw": 2,
                    },
                )
        ax.text(3 * k + 1, 0.85, f"window {k + 1}", ha="center", va="bottom", fontsize=11)
    ax.set_xlim(-0.2, 8.2)
    ax.set_ylim(-1.2, 1.4)
    ax.set_title(title)
    ax.axis("off")


def _box(x: float, y: float):
    from matplotlib.patches import Rectangle

    return Rectangle((x, y), 2, 0.6, facecolor="0.93", edgecolor="0.3")


def bits_by_context(ngrams: dict[str, float], networks: dict[str, list[float]]) -> Figure:
    """Bits a character over the characters that an n-gram sees, and lines for networks.

    Args:
        ngrams: for each n, as text, its bits.
        networks: for each name the bits of every seed.
    """
    plt = pyplot()
    figure, ax = plt.subplots()
    ax.plot([int(n) for n in ngrams], list(ngrams.values()), label="n-grams", **CYCLE[0])
    for (name, bits), look in zip(networks.items(), CYCLE[1:], strict=False):
        ax.axhline(np.mean(bits), label=name, color=look["color"], linestyle=look["linestyle"])
        ax.axhspan(min(bits), max(bits), color=look["color"], alpha=0.2)
    ax.set_xticks([int(n) for n in ngrams])
    ax.set_xlabel("n: the character and those before it")
    ax.set_ylabel("bits per character")
    ax.set_ylim(0, None)
    ax.legend()
    return closed(figure)


def temperatures(p: np.ndarray, characters: str, at: tuple[float, ...], most: int = 10) -> Figure:
    """How likely the likeliest characters are at some temperatures.

    Args:
        p: (c,) at temperature 1.
        characters: of the vocabulary, in the order of p.
        at: the temperatures.
        most: how many characters are shown.
    """
    plt = pyplot()
    figure, ax = plt.subplots()
    order = np.argsort(-p)[:most]
    for temperature, look in zip(at, CYCLE, strict=False):
        warmed = p ** (1 / temperature)
        ax.plot((warmed / warmed.sum())[order], label=f"temperature {temperature:g}", **look)
    ax.set_xticks(range(most), [VISIBLE.get(characters[i], characters[i]) for i in order])
    ax.set_xlabel("next character")
    ax.set_ylabel("probability")
    ax.legend()
    return closed(figure)


def after_a_reset(read: list[int], extra: list[list[float]]) -> Figure:
    """Bits that a character costs more, by how many were read since the state was zero.

    Args:
        read: the first number of each group; the next group begins at the next one.
        extra: of every seed, one number a group.
    """
    plt = pyplot()
    figure, ax = plt.subplots()
    ax.plot(range(len(read)), np.mean(extra, axis=0), **CYCLE[0])
    for one in extra:
        ax.scatter(range(len(read)), one, color=GREY, s=20, zorder=1)
    ax.axhline(0, color="0.3", lw=1, linestyle="-")
    ax.set_xticks(range(len(read)), [str(r) for r in read])
    ax.set_xlabel("characters read since the reset, at least")
    ax.set_ylabel("extra bits per character")
    return closed(figure)


def reading(passage: str, values: list[float], lines: int = 18) -> Figure:
    """A passage, with what a unit said after each character as its background.

    Light is the lowest value of the passage, dark the highest.
    """
    from matplotlib.patches import Rectangle

    plt = pyplot()
    rows = passage.split("\n")[:lines]
    low, high = min(values), max(values)
    figure, ax = plt.subplots(figsize=(5.5, 0.27 * len(rows)))
    place = 0
    for y, row in enumerate(rows):
        for x, character in enumerate(row + "\n"):
            shade = (values[place] - low) / (high - low)
            place += 1
            colour = plt.cm.Blues(0.85 * shade)
            ax.add_patch(Rectangle((x, -y), 1, 1, facecolor=colour, edgecolor="none"))
            ax.text(
                x + 0.5,
                0.45 - y,
                VISIBLE["\n"] if character == "\n" else character,
                ha="center",
                va="center",
                family="monospace",
                fontsize=11,
                color="white" if shade > 0.75 else "black",
            )
    ax.set_xlim(0, max(map(len, rows)) + 1)
    ax.set_ylim(1 - len(rows), 1)
    ax.axis("off")
    return closed(figure)
