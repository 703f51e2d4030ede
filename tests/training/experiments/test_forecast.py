"""The forecasting run: what it computes, and that nothing of it sees the future."""

from types import SimpleNamespace

import numpy as np
import pytest

from course_lib.training.experiments import forecast
from course_lib.training.experiments.forecast import LINES, NETWORKS, PLAIN, QUICK, Config, View

TINY = {**QUICK, "units": 3, "lookback": 5}


@pytest.fixture
def series():
    months, noise = np.arange(60), np.random.default_rng(0).normal(size=60)
    return 300 + 0.1 * months + np.sin(2 * np.pi * months / 12) + 0.3 * noise


def test_a_view_is_scaled_by_the_past_alone(series):
    for kind in ("levels", "trend", "growth"):
        view = View.of_past(kind, series[:40])
        seen = view.see(series[:40])
        np.testing.assert_allclose([seen.mean(), seen.std()], [0, 1], atol=1e-9)
        later = np.concatenate([series[:40], 1e6 * series[40:]])
        assert View.of_past(kind, later[:40]) == view


@pytest.mark.parametrize("kind", ["levels", "trend", "growth"])
def test_a_view_goes_there_and_back(kind):
    series = np.random.default_rng(0).normal(size=60).cumsum()
    view = View.of_past(kind, series[:48])
    ahead = view.see(series)[-12:]
    np.testing.assert_allclose(view.back(ahead, series[:48]), series[48:])


def test_an_error_is_that_of_the_month_it_is_named_after():
    errors = np.arange(1.0, 13) * np.array([[1], [-1]])  # as large as the month is far ahead
    assert forecast.by_month(errors) == {"1": 1, "6": 6, "12": 12, "mean": 6.5}


def blind(model, series, now):
    """Whether a rolling forecast at `now` stays the same when the future is another."""
    config = Config(**TINY)
    other = series.copy()
    other[now:] = 1e3
    span = (now, now + config.horizon)
    return [model(config, one, span) for one in (series, other)]


@pytest.mark.parametrize("name", LINES)
def test_a_line_sees_nothing_of_what_it_forecasts(name, series):
    kind, direct = LINES[name]

    def model(config, series, span):
        line = lambda past, horizon: forecast._line(past, horizon, kind, 3, direct)  # noqa: E731
        return forecast._rolling(config, series, line, span)

    first, second = blind(model, series, 45)
    np.testing.assert_array_equal(first, second)


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_sees_nothing_of_what_it_forecasts(name, series):
    kind, direct = NETWORKS[name]

    def model(config, series, span):
        network = forecast._network(config, 12 if direct else 1, seed=0)
        return forecast._rolling_network(config, series, network, kind, span, 1e-2, 3)

    first, second = blind(model, series, 45)
    assert first.shape == (1, 12)
    np.testing.assert_allclose(first, second, rtol=1e-6)


def test_a_network_is_trained_from_the_same_start_each_time(series):
    network = forecast._network(Config(**TINY), 1, seed=0)
    x, y = forecast.lagged(series, 5)
    results = []
    for _ in range(2):
        network.fit(x, y, 1e-2, updates=4, batch=8)
        results.append(network.predict(x[:3], 4))
    assert results[0].shape == (3, 4)
    np.testing.assert_allclose(results[0], results[1], rtol=1e-5)
    network.fit(x, y, 1e-2, updates=40, batch=8)
    assert np.abs(network.predict(x[:3], 4) - results[0]).max() > 1e-3


@pytest.mark.slow
def test_a_quick_run_has_everything():
    result = forecast.run(None, seed=0, quick=True, verbose=0)
    assert set(result["summary"]["models"]) == {*PLAIN, *LINES, *NETWORKS}
    for name, found in result["summary"]["models"].items():
        assert set(found["test"]) == {"1", "6", "12", "mean"}
        assert 0 <= found["covered"] <= 1
        curves = result["curves"][name]
        assert len(curves["error"]) == len(curves["forecast"]) == len(curves["width"]) == 12
        assert found["test"]["12"] == pytest.approx(curves["error"][11], abs=1e-4)
    # 1994-01 to 2001-12 holds 96 months, and the last forecast needs twelve of them.
    assert result["config"]["forecasts"] == 85
    seasonal = result["summary"]["models"]["seasonal"]["test"]
    assert seasonal["1"] == pytest.approx(seasonal["6"], abs=0.05)  # a year's growth, always


def test_a_network_that_is_fitted_once_for_several_months_knows_none_of_them(monkeypatch):
    """It is fitted on what came before the first, and reads what came before each."""
    monkeypatch.setattr(View, "of_past", lambda kind, past: View(kind, 0.0, 1.0))
    fitted, read = [], []

    def fit(x, y, *_):
        fitted.append(max(x.max(), y.max()))

    def predict(windows, horizon):
        read.extend(windows[:, -1])
        return np.zeros((len(windows), horizon))

    model = SimpleNamespace(output_shape=(None, 1))
    network = SimpleNamespace(model=model, fit=fit, predict=predict)
    config, months = Config(horizon=2, lookback=3, refit_every=4), np.arange(60.0)
    found = forecast._rolling_network(config, months, network, "levels", (40, 50), 0.1, 1)
    assert found.shape == (9, 2)
    assert fitted == [39, 43, 47]
    assert read == list(range(39, 48))
