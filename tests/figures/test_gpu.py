"""Figures of the page on GPUs."""

from course_lib.figures.gpu import by_length


def test_a_line_for_each_name_over_the_lengths(assert_drawn):
    points = {"ours": [(28, 1.5), (128, 6.0), (784, 40.0)], "cuDNN": [(28, 0.5), (784, 8.0)]}
    figure = by_length(points, "milliseconds")
    assert_drawn(figure)
    (ax,) = figure.axes
    drawn = {line.get_label(): list(zip(*line.get_data(), strict=True)) for line in ax.lines}
    assert drawn == points
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["28", "128", "784"]
    assert ax.get_ylabel() == "milliseconds"
    assert len({(line.get_linestyle(), line.get_marker()) for line in ax.lines}) == 2
