"""Plain forecasts of a series, on series whose future is known."""

import numpy as np
import pytest

from course_lib.training.experiments import forecasters
from course_lib.training.experiments.forecasters import autoregression, lagged

MONTHS = np.arange(240)
SEASON = 3 * np.sin(2 * np.pi * MONTHS / 12)


def test_naive_and_seasonal():
    past = np.arange(30.0)
    np.testing.assert_array_equal(forecasters.naive(past, 3), [29, 29, 29])
    np.testing.assert_array_equal(forecasters.seasonal_naive(past, 14), [*past[-12:], 18, 19])


@pytest.mark.parametrize("horizon", [5, 12, 30])
def test_drift_is_exact_for_a_season_on_a_straight_line(horizon):
    series = 300 + 0.1 * MONTHS + SEASON
    forecast = forecasters.seasonal_drift(series[:200], horizon)
    np.testing.assert_allclose(forecast, series[200 : 200 + horizon])


@pytest.mark.parametrize("direct", [False, True])
def test_a_line_finds_a_rule_that_is_one(direct):
    """A season on a straight line obeys y_t = y_{t-1} + y_{t-12} - y_{t-13} exactly."""
    series = 300 + 0.1 * MONTHS + SEASON
    forecast = autoregression(series[:200], 12, lags=13, direct=direct)
    np.testing.assert_allclose(forecast, series[200:212], atol=1e-6)


@pytest.mark.parametrize(
    "model",
    [
        forecasters.naive,
        forecasters.seasonal_naive,
        forecasters.seasonal_drift,
        lambda past, horizon: autoregression(past, horizon, 4),
        lambda past, horizon: autoregression(past, horizon, 4, direct=True),
    ],
)
def test_nothing_is_changed_and_the_units_do_not_matter(model):
    past = np.random.default_rng(0).normal(size=80).cumsum()
    before = past.copy()
    forecast = model(past, 12)
    assert forecast.shape == (12,)
    np.testing.assert_array_equal(past, before)
    np.testing.assert_allclose(model(2 * past + 7, 12), 2 * forecast + 7)


def test_windows_and_what_follows_them():
    x, y = lagged(np.arange(6), 3, 2)
    np.testing.assert_array_equal(x, [[0, 1, 2], [1, 2, 3]])
    np.testing.assert_array_equal(y, [[3, 4], [4, 5]])
