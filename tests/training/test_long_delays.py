"""A thousand steps: the rate is each cell's own, and what the stored runs hold."""

import numpy as np
import pytest

from course_lib.training import delays, long_delays, reproduce, stored_result
from course_lib.training.callbacks import NonFiniteError
from course_lib.training.reproduce import GROUPS

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
        assert {len(curve) for curve in result["curves"][cell]} == {config["epochs"]}
        of_guess = summary[cell]["of_guess"]
        assert summary[cell]["mean_of_guess"] == pytest.approx(np.mean(of_guess), abs=1e-4)
