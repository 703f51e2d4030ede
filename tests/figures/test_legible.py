"""What the tests of figures look for is found where it is, and only there."""

import numpy as np
import pytest
from legible import faults

from course_lib.figures.style import closed, pyplot


def diagram():
    figure, ax = pyplot().subplots()
    ax.set(xlim=(0, 10), ylim=(0, 10))
    ax.axis("off")
    ax.text(3, 5, "from")
    ax.text(7, 5, "to")
    return closed(figure), ax


def arrow(ax, start, end):
    ax.annotate("", end, start, arrowprops={"arrowstyle": "->", "shrinkA": 0, "shrinkB": 0})


def test_a_tidy_diagram_has_no_fault():
    figure, ax = diagram()
    arrow(ax, (3.9, 5.3), (6.8, 5.3))
    assert faults(figure) == []


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda ax: ax.text(3.2, 5.2, "over"), "'over' lies on 'from'"),
        (lambda ax: ax.figure.text(0.9, 0.5, "far too long"), "'far too long' leaves the figure"),
        (lambda ax: ax.text(5, 1, "tiny", fontsize=8), "'tiny' is too small"),
        (lambda ax: ax.text(5, 1, "gaussian"), "'gaussian' has a name in lower case"),
        (lambda ax: arrow(ax, (3.9, 5.3), (6.8, 8)), "an arrow's end"),
        (lambda ax: arrow(ax, (5, 8), (6.8, 5.3)), "an arrow's end"),
        (lambda ax: ax.set_xlim(4, 14), "is beyond the axes"),
        (lambda ax: arrow(ax, (1, 5.3), (6.8, 5.3)), "a line goes through 'from'"),
        (lambda ax: ax.plot([7.15, 7.15], [2, 9], marker=""), "a line goes through 'to'"),
    ],
)
def test_a_fault_is_told(spoil, said):
    figure, ax = diagram()
    ax.plot(3.5, 3, marker="o")
    spoil(ax)
    assert any(said in one for one in faults(figure))


@pytest.mark.parametrize(("place", "hidden"), [("upper left", False), ("lower right", True)])
def test_a_curve_behind_the_legend_is_told(place, hidden):
    figure, ax = pyplot().subplots()
    ax.plot([0, 1, 2, 3], [0, 1, 0, 0], label="loss")
    ax.legend(loc=place)
    assert faults(closed(figure)) == ["'loss' goes behind the legend"] * hidden


@pytest.mark.parametrize(("linestyle", "hidden"), [("-", True), ("none", False)])
def test_a_curve_that_meets_the_legend_between_two_points_is_told(linestyle, hidden):
    figure, ax = pyplot().subplots()
    ax.plot([0, 1, 1], [1, 1, 0], linestyle=linestyle, label="loss")
    ax.legend(loc="upper center")
    assert faults(closed(figure)) == ["'loss' goes behind the legend"] * hidden


@pytest.mark.parametrize(("place", "hidden"), [("upper left", False), ("lower right", True)])
def test_a_band_behind_the_legend_is_told(place, hidden):
    figure, ax = pyplot().subplots()
    ax.fill_between([0, 1], [0, 0], [0.1, 1], label="seeds")
    ax.set(ylim=(0, 3))
    ax.legend(loc=place)
    assert faults(closed(figure)) == ["a band goes behind the legend"] * hidden


@pytest.mark.parametrize(("height", "struck"), [(0.5, True), (0.8, False)])
def test_a_word_that_a_curve_goes_through_is_told(height, struck):
    figure, ax = pyplot().subplots()
    ax.plot([0, 1, 2], [0, 0.5, 1], label="loss")
    ax.text(1, height, "guess", ha="center", va="center")
    assert faults(closed(figure)) == ["'loss' goes through 'guess'"] * struck


@pytest.mark.parametrize(("ticks", "near"), [(np.linspace(-1, 1, 11), True), ((-1, 0, 1), False)])
def test_numbers_that_run_into_each_other_are_told(ticks, near):
    figure, ax = pyplot().subplots()
    ax.plot([-1, 0, 1])
    ax.set_xticks(ticks, [f"{x:.3f}" for x in ticks])
    assert (
        any("runs into" in fault or "lies on" in fault for fault in faults(closed(figure))) == near
    )


def test_axes_and_a_legend_with_nothing_in_them_are_told():
    figure, (_, right) = pyplot().subplots(1, 2)
    right.plot([0, 1, 2], [0, 1, 0])
    right.legend([], [])
    assert faults(closed(figure)) == ["axes have nothing in them", "a legend has nothing in it"]


def test_a_figure_of_another_width_than_the_column_is_told():
    figure, ax = pyplot().subplots(figsize=(6.5, 3))
    ax.plot([0, 1, 2])
    assert faults(closed(figure)) == ["the figure is 6.5 inches wide, not 5.5"]


@pytest.mark.parametrize(("style", "wrong"), [("-", True), ("--", False)])
def test_lines_of_a_legend_that_look_alike_are_told(style, wrong):
    figure, ax = pyplot().subplots()
    for name, look in (("loss", "-"), ("accuracy", style)):
        ax.plot([0, 1, 2], color="black", linestyle=look, marker="", label=name)
    ax.legend(loc="upper left")
    assert faults(closed(figure)) == ["lines 1 and 2 of a legend look alike"] * wrong


@pytest.mark.parametrize(("name", "wrong"), [("measured", False), (None, True)])
@pytest.mark.parametrize("kind", ["curve", "band"])
def test_what_a_legend_leaves_out_is_told(name, kind, wrong):
    figure, ax = pyplot().subplots()
    ax.plot([0, 1, 2], [0, 1, 1], color="#112233", label="forecast")
    ax.plot([0, 1, 2], [0, 1, 0], color="#112233")  # another seed of it
    if kind == "curve":
        ax.plot([0, 1, 2], [0, 0.5, 0.2], color="black", label=name)
    else:
        ax.fill_between([0, 1, 2], 0, 0.2, color="black", alpha=0.2, label=name)
    figure.legend(loc="outside upper center")
    assert faults(closed(figure)) == ["no legend names what is drawn in #000000"] * wrong


@pytest.mark.parametrize(("place", "wrong"), [(0, True), (1, False)])
def test_a_label_that_stands_between_two_axes_is_told(place, wrong):
    figure, axes = pyplot().subplots(2, 1, sharex=True)
    for ax in axes:
        ax.plot([0, 1, 2], [0, 1, 0])
    axes[place].set_xlabel("epoch")
    assert faults(closed(figure)) == ["'epoch' stands where no numbers are"] * wrong


def test_what_cannot_be_drawn_is_noticed():
    figure, ax = diagram()
    ax.set_title("$h_{t$")
    with pytest.raises(ValueError, match="Expected"):
        faults(figure)


def test_ticks_beyond_what_is_in_view_are_no_words():
    figure, ax = pyplot().subplots(figsize=(5.5, 2), dpi=55)
    ax.plot([0, 10], [0, 10])
    ax.set_xticks([-50, 0, 5, 10, 60])
    ax.set_xlim(0, 10)
    assert faults(closed(figure)) == []
