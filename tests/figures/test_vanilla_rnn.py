"""The figures of chapter 1: they draw, can be read without colour, and say what is true."""

import re
from itertools import pairwise

import matplotlib as mpl
import numpy as np
import pytest

from course_lib.figures import vanilla_rnn as figures
from course_lib.figures.style import closed

mpl.use("Agg")

RESULT = {
    "curves": {"validation_accuracy": [0.8, 0.9, 0.85], "test_accuracy": [0.79, 0.91, 0.9]},
    "summary": {"chosen_epoch": 2},
}
GAPS = np.arange(4.0)
NAIVE = {"right": np.array([0, 0, np.nan, np.nan]), "wrong": np.array([0, 1, np.inf, np.inf])}
SAFE = {"right": np.zeros(4), "wrong": GAPS}

DRAWN = {
    "duck": lambda: figures.duck_probabilities(["a b", "c d"], [True, False], [0.5, 0.5], [1, 0]),
    "unrolled": figures.unrolled_network,
    "counts": lambda: figures.parameter_counts(2, 3, [1, 2, 4]),
    "uses": figures.three_uses,
    "memory": lambda: figures.memory_left({"a": 0.9 ** np.arange(9), "b": 0.5 ** np.arange(9)}),
    "batches": lambda: figures.loss_by_batch(np.linspace(2.3, 0.4, 60)),
    "padding": lambda: figures.padding(np.ones(6), -np.ones(6), 3),
    "loss": lambda: figures.loss_at_gap(GAPS, NAIVE, SAFE),
    "curve": lambda: figures.learning_curve(RESULT, [0.7, 0.95, 0.93]),
}


@pytest.mark.parametrize("name", DRAWN)
def test_a_figure_is_returned_once_and_on_white(name, assert_drawn):
    assert_drawn(DRAWN[name]())


@pytest.mark.parametrize("name", DRAWN)
def test_lines_differ_by_more_than_colour(name):
    for ax in DRAWN[name]().axes:
        looks = [(line.get_linestyle(), line.get_marker()) for line in ax.get_lines()]
        assert len(set(looks)) == len(looks)


@pytest.mark.parametrize("name", ["counts", "padding", "loss", "curve"])
def test_axes_say_what_they_show(name):
    figure = DRAWN[name]()
    assert figure.axes[-1].get_xlabel()
    assert all(ax.get_ylabel() for ax in figure.axes)
    assert all(ax.get_legend() for ax in figure.axes)


def test_each_sentence_is_named_with_what_its_duck_is():
    labels = DRAWN["duck"]().axes[0].get_yticklabels()
    assert [one.get_text() for one in labels] == ["a b (noun)", "c d (verb)"]


def test_counts():
    all_at_once, recurrent = figures.parameter_counts(2, 3, [1, 4]).axes[0].get_lines()
    assert list(all_at_once.get_ydata()) == [9, 27]
    assert list(recurrent.get_ydata()) == [18, 18]


def test_the_ring_is_on_the_chosen_epoch():
    *_, ring = DRAWN["curve"]().axes[0].get_lines()
    assert ring.get_xydata().tolist() == [[2, 0.91]]


def test_the_word_padding_stands_in_its_middle():
    (ax,) = DRAWN["padding"]().axes
    (span,), (word,) = ax.patches, ax.texts
    assert span.get_x() + span.get_width() / 2 == word.get_position()[0] == 5


def test_impulse_response():
    h = figures.impulse_response(0.5, steps=3)
    first = np.tanh(1)
    np.testing.assert_allclose(h, [first, np.tanh(first / 2), np.tanh(np.tanh(first / 2) / 2)])
    assert not figures.impulse_response(0)[1:].any()
    assert abs(figures.impulse_response(1.5, 200)[-1]) > 0.8


def test_a_larger_weight_remembers_longer():
    told = [figures.one_unit(weight).told for weight in (0, 0.25, 0.5, 0.75)]
    gone = [int(re.fullmatch(r"Gone after (\d+) steps?\.", one)[1]) for one in told]
    assert gone[0] == 1
    assert all(a < b for a, b in pairwise(gone))
    assert figures.one_unit(1.5).told == "Still there after the last step."


def test_digit_slider():
    probabilities = np.full((4, 10), 0.05)
    probabilities[:, 3] = 0.55
    slider = figures.digit_slider(np.eye(4), probabilities, label=7)
    assert slider.values == ["1 of 4", "2 of 4", "3 of 4", "4 of 4"]
    assert "best guess is 3 with probability 0.55; the right digit has 0.05" in slider.alts[0]


def test_the_rows_that_a_frame_hides_are_those_that_are_not_read_yet(monkeypatch):
    monkeypatch.setattr(figures, "slider", lambda frames, *_, **__: frames)
    frames = figures.digit_slider(np.eye(3), np.full((3, 10), 0.1), label=7)
    images = [closed(figure).axes[0] for _, figure, _ in frames]
    hidden = [[(span.get_y(), span.get_height()) for span in ax.patches] for ax in images]
    assert hidden == [[(0.5, 2)], [(1.5, 1)], []]
    assert [ax.get_title("left") for ax in images] == ["read so far", "read so far", "all read"]
