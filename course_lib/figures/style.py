"""One look for every figure: legible on a phone, on a dark page, and without colour vision."""

import os
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's palette, the yellow left out: it can't be read on white. Line style and marker say
# the same thing as the colour, so that no figure needs colour vision.
CYCLE: list[dict[str, object]] = [
    {"color": "#0072B2", "linestyle": "-", "marker": "o"},
    {"color": "#D55E00", "linestyle": "--", "marker": "s"},
    {"color": "#009E73", "linestyle": "-.", "marker": "^"},
    {"color": "#CC79A7", "linestyle": ":", "marker": "D"},
    {"color": "#E69F00", "linestyle": (0, (5, 1)), "marker": "v"},
    {"color": "#56B4E9", "linestyle": (0, (3, 1, 1, 1)), "marker": "P"},
    {"color": "#000000", "linestyle": (0, (1, 1)), "marker": "X"},
]


SHARP = "COURSE_SHARP_FIGURES"  # set where the book is built: its figures are drawings


def use_style() -> None:
    """Set Matplotlib's defaults for the course.

    Call it first in every figure function.

    The default figure is 5.5 inches wide: shown on a screen of 360 px its 13 pt text is still about
    11 px high. Lines carry the markers of `CYCLE`; on a line of more than about fifty points pass
    ``markevery=0.1`` so that the markers do not hide it. Seven lines are told apart, not more.

    In the book a figure is a drawing, sharp at any size; elsewhere it is a picture, which every
    notebook server shows.
    """
    import matplotlib.pyplot as plt

    if os.environ.get(SHARP):
        from matplotlib_inline.backend_inline import set_matplotlib_formats

        set_matplotlib_formats("svg", metadata={"Date": None})  # equal runs give equal files
    keys = ("color", "linestyle", "marker")
    cycle = plt.cycler(**{key: [look[key] for look in CYCLE] for key in keys})
    plt.rcParams.update(
        {
            "axes.prop_cycle": cycle,
            "axes.grid": True,
            "axes.labelsize": 13,
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.titlelocation": "left",
            "axes.titlesize": 13,
            "figure.constrained_layout.use": True,
            "figure.dpi": 144,
            "figure.facecolor": "white",  # opaque: a dark page turns the whole figure
            "figure.figsize": (5.5, 3.6),
            "font.size": 13,
            "grid.alpha": 0.3,
            "legend.fontsize": 12,
            "legend.handlelength": 3,  # long enough to show the line style
            "lines.linewidth": 2,
            "lines.markersize": 5,
            "svg.hashsalt": "course",
            "savefig.dpi": 144,
            "savefig.facecolor": "white",
            "savefig.transparent": False,
            "xtick.labelsize": 12,
            "ytick.labelsize": 12,
        }
    )


def pyplot() -> ModuleType:
    """Pyplot in the course's style; imported late, so that a module of figures is imported fast."""
    import matplotlib.pyplot as plt

    use_style()
    return plt


def closed(figure: "Figure") -> "Figure":
    """Take the figure out of pyplot's list: a notebook then shows it once, as the cell's value."""
    import matplotlib.pyplot as plt

    label_short_logs(figure)
    plt.close(figure)
    return figure


def in_words(kind: str) -> str:
    """Return a kind of weights as a text names it: Gauss was a person."""
    return kind.replace("gaussian", "Gaussian")


def label_short_logs(figure: "Figure") -> None:
    """On logarithmic axes of less than two decades, label 1, 2 and 5 of each, as plain numbers.

    Matplotlib's own labels there, such as 3 × 10⁻² beside 4 × 10⁻², lie on top of each other. Axes
    whose ticks were set by hand stay as they are, and so do numbers that are better told by powers.
    """
    from matplotlib.ticker import LogFormatterSciNotation, LogLocator

    for axis in (axis for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)):
        automatic = (
            axis.get_scale() == "log"
            and isinstance(axis.get_major_locator(), LogLocator)
            and isinstance(axis.get_minor_locator(), LogLocator)
            and isinstance(axis.get_minor_formatter(), LogFormatterSciNotation)
        )
        low, high = sorted(axis.get_view_interval())
        if automatic and axis.get_transform().base == 10 and high < 100 * low and low >= 1e-3:
            axis.set_minor_locator(LogLocator(subs=(2, 5)))
            axis.set_major_formatter("{x:g}")
            axis.set_minor_formatter("{x:g}")
