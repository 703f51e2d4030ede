"""What a figure looked like is compared with what it looks like now."""

import looks
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from course_lib.figures.style import closed, pyplot


def drawn(spoil=lambda ax: None):
    figure, ax = pyplot().subplots()
    ax.plot([0, 1, 2], [0, 1, 0], label="loss")
    ax.imshow([[0, 1], [1, 1]], extent=(0, 1, 0, 1), aspect="auto")
    ax.scatter([1.5], [0.5])
    ax.text(1.5, 0.8, "0.25 is left", fontsize=11)
    ax.set(xlim=(0, 2), ylim=(0, 1))
    spoil(ax)
    FigureCanvasAgg(closed(figure)).draw()
    return figure


def by_eye(ax):
    ax.lines[0].set_ydata([0, 1.001, 0])


def another_number(ax):
    ax.texts[0].set_text("0.26 is left")


@pytest.mark.parametrize("spoil", [lambda ax: None, by_eye, another_number])
def test_what_no_eye_would_see_is_no_difference(spoil):
    assert looks.difference(drawn(spoil), looks.look(drawn())) is None


@pytest.mark.parametrize(
    "spoil",
    [
        lambda ax: ax.figure.set_size_inches(5.5, 3.2),
        lambda ax: ax.texts[0].set_fontsize(10),
        lambda ax: ax.texts[0].set_rotation(5),
        lambda ax: ax.texts[0].set_text("0.25 was left"),
        lambda ax: ax.texts[0].set_x(1.4),
        lambda ax: ax.lines[0].set_linewidth(1),
        lambda ax: ax.lines[0].set_color("black"),
        lambda ax: ax.lines[0].set_xdata([0, 0.9, 2]),
        lambda ax: ax.lines[0].set_zorder(0),
        lambda ax: ax.images[0].set_data([[0, 1], [1, 0]]),
        lambda ax: ax.collections[0].set_offsets([[1.5, 0.6]]),
        lambda ax: ax.collections[0].set_alpha(0.5),
        lambda ax: ax.set_xlim(0, 2.1),
        lambda ax: ax.grid(alpha=0.5),
        lambda ax: ax.collections[0].remove(),
        lambda ax: ax.axhline(0.5),
    ],
)
def test_what_is_seen_is_a_difference(spoil):
    assert looks.difference(drawn(spoil), looks.look(drawn()))
