"""A thousand steps: the rate is each cell's own, and what the stored runs hold."""

import numpy as np
import pytest

from course_lib.training import reproduce, stored_result
from course_lib.training.callbacks import NonFiniteError
from course_lib.training.experiments import GROUPS, delays, long_delays

LONG = GROUPS["long"]


@pytest.mark.slow
@pytest.mark.parametrize("name", LONG)
def test_a_quick_run(name):
    result = reproduce(name, quick=True)
    for cell in result["config"]["cells"]:
        (curve,) = result["curves"][cell]
        assert len(curve) == 1
        assert np.isfinite(result["summary"][cell]["of_guess"][0])


def test_the_rate_is_chosen_by_short_runs_from_another_seed(monkeypatch):
    asked = []

    def train(config, cell, delay, rate, seed, verbose):
        asked.append((seed, config.epochs))
        ends = {1e-3: np.nan, 3e-3: 0.2, 1e-2: 0.3, 3e-2: None}
        if ends[rate] is None:
            raise NonFiniteError("It diverged.", 0, 0, None)
        return {"learning_rate": rate, "test_loss": rate, "curve": [1.0, ends[rate]]}

    monkeypatch.setattr(delays, "train", train)
    result = long_delays.run(
        None,
        5,
        verbose=0,
        cells=("lru",),
        epochs=9,
        trial_epochs=2,
        learning_rates=(1e-3, 3e-3, 1e-2, 3e-2),
    )
    assert asked == [(100, 2)] * 4 + [(5, 9), (6, 9), (7, 9)]
    assert result["summary"]["lru"]["learning_rate"] == 3e-3
    assert result["curves"]["lru"] == [[1.0, 0.2]] * 3
    assert result["summary"]["lru"]["of_guess"] == [round(3e-3 * 6, 4)] * 3


def test_a_seed_that_diverged_has_no_number(monkeypatch):
    def train(config, cell, delay, rate, seed, verbose):
        if seed == 1:
            raise NonFiniteError("It diverged.", 0, 0, None)
        lost = np.nan if seed == 2 else 0.1
        return {"learning_rate": rate, "test_loss": lost, "curve": [0.2, lost]}

    monkeypatch.setattr(delays, "train", train)
    result = long_delays.run(None, 0, verbose=0, cells=("kernl",), learning_rates=(3e-3,))
    assert result["curves"]["kernl"] == [[0.2, 0.1], None, None]
    assert result["summary"]["kernl"]["of_guess"] == [0.6, None, None]
    assert result["summary"]["kernl"]["mean_of_guess"] is None


def test_of_one_rate_there_is_no_choice(monkeypatch):
    asked = []

    def train(config, cell, delay, rate, seed, verbose):
        asked.append((seed, rate))
        return {"learning_rate": rate, "test_loss": rate, "curve": [rate]}

    monkeypatch.setattr(delays, "train", train)
    long_delays.run(None, 5, verbose=0, cells=("lru",), learning_rates=(3e-3,), seeds=(0,))
    assert asked == [(5, 3e-3)]


@pytest.mark.parametrize("name", LONG)
def test_stored_results(name):
    result = stored_result(name)
    config, summary = result["config"], result["summary"]
    assert config["delays"] == [1_000]
    assert config["length"] == 10
    assert config["seeds"] == [0, 1, 2]
    assert set(result["curves"]) == set(config["cells"])
    for cell in config["cells"]:
        assert summary[cell]["learning_rate"] in config["learning_rates"]
        of_guess, mean = summary[cell]["of_guess"], summary[cell]["mean_of_guess"]
        for curve, one in zip(result["curves"][cell], of_guess, strict=True):
            assert (curve is None) == (one is None)
            assert curve is None or len(curve) == config["epochs"]
        if None in of_guess:
            assert mean is None
        else:
            assert mean == pytest.approx(np.mean(of_guess), abs=1e-4)


def of_guess(task, cell):
    return stored_result(f"long-{task}-{cell}")["summary"][cell]["of_guess"]


def test_what_the_page_says_of_units_that_are_connected():
    """LSTM and leaky units learn neither problem; on copying, the leaky ones lose control."""
    for task in ("adding", "copy"):
        assert min(of_guess(task, "keras-lstm")) > 1
        for cell in ("kernl", "leaky"):
            result = stored_result(f"long-{task}-{cell}")
            assert result["summary"][cell]["learning_rate"] == min(
                result["config"]["learning_rates"]
            )
    adding = [one for cell in ("kernl", "leaky") for one in of_guess("adding", cell) if one]
    assert min(adding) > 1
    assert of_guess("copy", "leaky") == [None] * 3
    assert all(one is None or one > 10 for one in of_guess("copy", "kernl"))


def test_what_the_page_says_of_gates_and_of_turning():
    assert max(of_guess("adding", "mingru")) < 0.01
    assert min(of_guess("copy", "mingru")) > 0.8
    assert min(of_guess("adding", "lru")) > 1
    assert 0.4 < np.mean(of_guess("copy", "lru")) < 0.6
