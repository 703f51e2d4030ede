import numpy as np

from course_lib.figures import forecasting as figures

MONTHS = np.arange("1990-01", "1994-01", dtype="M8[M]")
PPM = np.arange(48.0)


def test_the_series_with_its_parts(assert_drawn):
    figure = figures.series(MONTHS, PPM, {"test": "1992-01"})
    assert_drawn(figure)
    assert [text.get_text() for text in figure.axes[0].texts] == [" test"]


def test_each_origin_knows_one_month_more(assert_drawn):
    figure = figures.rolling(rows=3, known=4, ahead=2)
    assert_drawn(figure)
    by_row = {}
    for patch in figure.axes[0].patches:
        by_row.setdefault(patch.get_y(), []).append(bool(patch.get_hatch()))
    assert [row.count(False) for row in by_row.values()] == [4, 5, 6]
    assert [row.count(True) for row in by_row.values()] == [2, 2, 2]


def test_errors_over_the_months(assert_drawn):
    figure = figures.errors_by_month({"line": [[1, 2, 3]], "GRU": [[0, 0, 0], [6, 6, 6]]})
    assert_drawn(figure)
    np.testing.assert_allclose(figure.axes[0].lines[1].get_ydata(), [3, 3, 3])
    assert len(figure.axes[0].collections) == 1  # a band where there are several seeds


def test_a_fan_shows_what_came_and_one_interval(assert_drawn):
    forecasts = {"line": ([36, 38, 40], [1, 2, 3]), "GRU": ([36, 37, 38], [1, 1, 1])}
    figure = figures.fan(MONTHS, PPM, 36, forecasts, past=10)
    assert_drawn(figure)
    ax = figure.axes[0]
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), PPM[26:39])
    assert len(ax.collections) == 1
