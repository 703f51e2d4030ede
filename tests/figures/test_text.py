import numpy as np

from course_lib.figures import text as figures


def test_lanes(assert_drawn):
    figure = figures.lanes()
    assert_drawn(figure)
    styles = [
        [
            text.arrow_patch.get_linestyle()
            for text in ax.texts
            if getattr(text, "arrow_patch", None)
        ]
        for ax in figure.axes
    ]
    assert styles == [["-"] * 4, ["--"] * 4]


def test_bits_and_curves(assert_drawn):
    figure = figures.bits_by_context({"1": 4.0, "2": 3.0}, {"GRU": [2.0, 2.2]})
    assert_drawn(figure)
    assert figure.axes[0].get_legend_handles_labels()[1] == ["n-grams", "GRU"]


def test_after_a_reset_shows_every_seed(assert_drawn):
    figure = figures.after_a_reset([1, 2, 4], [[3, 1, 0], [2, 1, 0.1]])
    assert_drawn(figure)
    np.testing.assert_allclose(figure.axes[0].lines[0].get_ydata(), [2.5, 1, 0.05])
    assert len(figure.axes[0].collections) == 2


def test_temperatures_are_those_of_the_formula(assert_drawn):
    p = np.array([0.1, 0.7, 0.2])
    figure = figures.temperatures(p, "ab\n", (1.0, 0.5), most=3)
    assert_drawn(figure)
    as_it_is, cold = (line.get_ydata() for line in figure.axes[0].lines)
    np.testing.assert_allclose(as_it_is, [0.7, 0.2, 0.1])
    np.testing.assert_allclose(cold, np.array([0.49, 0.04, 0.01]) / 0.54)
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert labels == ["b", "↵", "a"]


def test_every_character_stands_on_its_ground(assert_drawn):
    figure = figures.reading("ab\nc\nd", [0.0, 1.0, 0.5, 0.2, 0.1, 0.9], lines=2)
    assert_drawn(figure)
    ax = figure.axes[0]
    assert "".join(text.get_text() for text in ax.texts) == "ab↵c↵"
    assert len(ax.patches) == 5
    light, dark = (sum(ax.patches[i].get_facecolor()[:3]) for i in (0, 1))
    assert dark < light
