"""Figures of the page on forecasting. Each is drawn from a stored run, or from the series."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from course_lib.figures.style import CYCLE, closed, pyplot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GREY = "0.6"
UNIT = "parts per million"


def series(months: np.ndarray, ppm: np.ndarray, borders: dict[str, str]) -> Figure:
    """The whole series, and where its parts begin: their names, and each one's first month."""
    from matplotlib.dates import YearLocator

    plt = pyplot()
    figure, ax = plt.subplots()
    ax.xaxis.set_major_locator(YearLocator(10))
    ax.plot(months, ppm, color=CYCLE[0]["color"], lw=1.2, linestyle="-", marker="")
    for name, month in borders.items():
        ax.axvline(np.datetime64(month), color="0.3", lw=1, linestyle="--")
        ax.text(np.datetime64(month), ppm.min(), f" {name}", rotation=90, va="bottom", fontsize=11)
    ax.set_xlabel("year")
    ax.set_ylabel(UNIT)
    return closed(figure)


def rolling(rows: int = 4, known: int = 7, ahead: int = 3) -> Figure:
    """Rolling origins: what is known at each, and what is forecast from there."""
    from matplotlib.patches import Rectangle

    plt = pyplot()
    figure, ax = plt.subplots(figsize=(5.5, 2.4))
    for row in range(rows):
        for month in range(known + row + ahead):
            seen = month < known + row
            ax.add_patch(
                Rectangle(
                    (month, -row),
                    0.85,
                    0.7,
                    facecolor=CYCLE[0]["color"] if seen else "white",
                    edgecolor=CYCLE[0]["color"] if seen else CYCLE[1]["color"],
                    hatch="" if seen else "////",
                )
            )
        ax.text(-0.3, 0.35 - row, f"origin {row + 1}", ha="right", va="center", fontsize=11)
    ax.set_xlim(-2.6, known + rows + ahead - 0.5)
    ax.set_ylim(0.4 - rows, 1)
    ax.axis("off")
    return closed(figure)


def errors_by_month(errors: dict[str, list[list[float]]]) -> Figure:
    """Mean absolute errors over the months ahead; for each name one list a seed, or one in all."""
    plt = pyplot()
    figure, ax = plt.subplots()
    for (name, seeds), look in zip(errors.items(), CYCLE, strict=False):
        months = np.arange(1, len(seeds[0]) + 1)
        ax.plot(months, np.mean(seeds, axis=0), label=name, **look)
        if len(seeds) > 1:
            low, high = np.min(seeds, axis=0), np.max(seeds, axis=0)
            ax.fill_between(months, low, high, color=look["color"], alpha=0.2)
    ax.set_xlabel("months ahead")
    ax.set_ylabel("mean absolute error")
    ax.set_ylim(0, None)
    figure.legend(loc="outside upper center", ncols=2)
    return closed(figure)


def fan(
    months: np.ndarray, ppm: np.ndarray, origin: int, forecasts: dict[str, tuple], past: int = 24
) -> Figure:
    """Forecasts from one month, the interval of the first, and what was measured.

    Args:
        months, ppm: the series.
        origin: how many months were known.
        forecasts: for each name the forecast (horizon,) and the half width of its interval.
        past: how many known months are shown.
    """
    from matplotlib.dates import YearLocator

    plt = pyplot()
    figure, ax = plt.subplots()
    ax.xaxis.set_major_locator(YearLocator())
    shown = slice(origin - past, origin + len(next(iter(forecasts.values()))[0]))
    look = {"color": "black", "lw": 1.2, "linestyle": "-", "marker": "."}
    ax.plot(months[shown], ppm[shown], label="measured", **look)
    for number, ((name, (forecast, width)), look) in enumerate(
        zip(forecasts.items(), CYCLE, strict=False)
    ):
        forecast, width = np.asarray(forecast), np.asarray(width)
        ahead = months[origin : origin + len(forecast)]
        ax.plot(ahead, forecast, label=name, **look)
        if number == 0:
            low, high = forecast - width, forecast + width
            label = f"interval of the {name}"
            ax.fill_between(ahead, low, high, color=look["color"], alpha=0.2, label=label)
    ax.axvline(months[origin - 1], color=GREY, lw=1, linestyle="--")
    place = months[origin - 1], ppm[shown].min()
    ax.text(*place, " origin", rotation=90, va="bottom", fontsize=11)
    ax.set_xlabel("year")
    ax.set_ylabel(UNIT)
    figure.legend(loc="outside upper center", ncols=2, columnspacing=1, handlelength=2)
    return closed(figure)
