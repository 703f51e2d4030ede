"""The test of why a GRU on levels fails: what its variants see, and what came of it."""

from types import SimpleNamespace

import numpy as np
import pytest

from course_lib.training import stored_seeds
from course_lib.training.experiments import forecast_range
from course_lib.training.experiments.forecast import Config, View
from course_lib.training.experiments.forecast_model import Network, Shifted


def test_a_straight_line_is_taken_off_and_goes_on_behind_the_past():
    months = np.arange(60.0)
    wave = np.sin(2 * np.pi * months / 12)
    series = 300 + 0.1 * months + wave
    view = View.of_past("trend", series[:48])
    np.testing.assert_allclose(view.slope, 0.1, atol=0.01)
    seen = view.see(series)
    assert np.abs(seen[48:]).max() < 1.2 * np.abs(seen[:48]).max()
    np.testing.assert_allclose(view.back(seen[48:], series[:48]), series[48:])


def test_shifted_windows_forecast_alike_at_every_level():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 5)), rng.normal(size=(20, 1))
    plain, shifted = (made(3, 5, 1, seed=0) for made in (Network, Shifted))
    shifted.fit(x, y, 1e-2, updates=3, batch=4)
    np.testing.assert_allclose(shifted.predict(x + 7, 4), shifted.predict(x, 4) + 7, atol=1e-5)
    plain.fit(x - x[:, -1:], y - x[:, -1:], 1e-2, updates=3, batch=4)
    by_hand = x[:, -1:] + plain.predict(x - x[:, -1:], 1)
    np.testing.assert_allclose(shifted.predict(x, 1), by_hand, atol=1e-5)


def test_the_answer_to_a_level_and_the_error_before_and_after_a_fit():
    """Of a network that is right up to a level of 10, and goes half as far beyond."""
    config, series, now = Config(horizon=2, lookback=3), np.arange(30.0), 12
    view = View.of_past("levels", series[:now])

    def predict(windows, horizon):
        last = windows[:, -1:] * view.scale + view.mean
        known = np.where(last > 10, 10 + 0.5 * (last - 10), last)
        return (known + np.arange(1, horizon + 1) - view.mean) / view.scale

    network = SimpleNamespace(predict=predict)
    found = forecast_range.inside_and_outside(config, series, network, "levels", now)
    assert found["inside"] == {"error": 0, "answer_1": 1, "answer_2": 1}
    # The last level that is known runs from 11 to 27.
    assert found["outside"] == {"error": 0.5 * (19 - 10), "answer_1": 0.5, "answer_2": 0.5}


def test_a_quick_run_has_everything():
    result = forecast_range.run(None, seed=0, quick=True, verbose=0)
    assert set(result["summary"]) == set(result["curves"]) == set(forecast_range.NETWORKS)
    for name, found in result["summary"].items():
        assert found["test"]["12"] == pytest.approx(result["curves"][name]["error"][11], abs=1e-4)
        assert set(found["inside"]) == set(found["outside"])
    shifted = result["summary"]["shifted"]
    assert shifted["outside"]["answer_12"] == pytest.approx(1, abs=1e-3)
    assert result["config"]["last_fit"] == "1994-01"


def test_it_is_the_range():
    """What the page on forecasting says of the test, seed by seed."""
    runs, before = stored_seeds("forecast-range"), stored_seeds("forecast")
    assert len(runs) == len(before) == 3
    for run, other in zip(runs, before, strict=True):
        levels, line, shifted = (run["summary"][name] for name in forecast_range.NETWORKS)
        of_growth = other["summary"]["models"]["gru growth"]["test"]["mean"]
        assert line["test"]["mean"] < 0.25 * levels["test"]["mean"]
        assert shifted["test"]["mean"] == pytest.approx(of_growth, rel=0.1)
        assert levels["inside"]["answer_12"] > 0.85
        assert levels["outside"]["answer_12"] < 0.5
        assert 0.05 < levels["inside"]["answer_1"] - levels["outside"]["answer_1"] < 0.2
        assert line["outside"]["error"] > 1.3 * line["inside"]["error"]
        assert levels["inside"]["error"] > 2 * max(
            one["inside"]["error"] for one in (line, shifted)
        )
        assert shifted["outside"]["answer_12"] == 1
