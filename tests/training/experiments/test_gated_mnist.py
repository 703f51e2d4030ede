"""The runs of gated cells on MNIST: what is chosen, on what, and what is stored."""

import numpy as np
import pytest

from course_lib.data import Mnist
from course_lib.sources import gated_notebooks
from course_lib.training import stored_result
from course_lib.training.experiments import cells_mnist, gated_mnist

SEEDS = ("", "-seed1", "-seed2")


@pytest.fixture
def tiny():
    rng = np.random.default_rng(0)
    x, y = rng.random((1_300, 28, 28), np.float32), rng.integers(0, 10, 1_300)
    return Mnist(x, y, x[:100], y[:100], "file")


@pytest.mark.slow
def test_a_run(tiny):
    result = gated_mnist.run(tiny, seed=0, quick=True, verbose=0, cell="vanilla", fraction=0.5)
    assert result["config"]["train"] == 150  # half of what the validation split leaves
    assert result["config"]["parameters"] == 28 * 16 + 16 * 16 + 16 + 16 * 10 + 10
    assert {len(curve) for curve in result["curves"].values()} == {1}
    assert result["summary"]["chosen_epoch"] == result["summary"]["epochs_run"] == 1


def test_every_cell_on_every_part(tiny, monkeypatch):
    seen = []

    def train(data, seed, config, verbose):
        seen.append((config.cell, config.fraction, config.dropout))
        curves = {"validation_accuracy": [config.fraction]}
        return {"config": {"train": 1}, "curves": curves, "summary": {"test_accuracy": 0.5}}

    monkeypatch.setattr(cells_mnist, "train", train)
    result = cells_mnist.run(tiny, seed=0, verbose=0)
    assert len(set(seen)) == len(seen) == 3 * 3 * 2
    name = cells_mnist.run_name("lstm", 0.1, 0.3)
    assert name == "lstm 0.1 dropout 0.3"
    assert result["curves"][name] == [0.1]
    assert set(result["summary"]) == set(result["curves"])


@pytest.mark.parametrize("name", ["lstm-mnist", "lstm-mnist-two-epochs"])
@pytest.mark.parametrize("seed", SEEDS)
def test_weights_are_those_of_the_best_epoch_on_validation(name, seed):
    result = stored_result(name + seed)
    config, summary = result["config"], result["summary"]
    assert (config["cell"], config["units"], config["data"]) == ("lstm", 128, "full")
    assert config["train"] + config["validation"] == 60_000
    assert config["test"] == 10_000
    chosen = int(np.argmin(result["curves"]["validation_loss"]))
    assert summary["chosen_epoch"] == chosen + 1
    assert summary["validation_accuracy"] == pytest.approx(
        result["curves"]["validation_accuracy"][chosen], abs=1e-4
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_the_numbers_to_reach(seed):
    """For each seed at least what the old notebooks say of an LSTM of 128 units."""
    two_epochs = stored_result("lstm-mnist-two-epochs" + seed)
    assert two_epochs["config"]["epochs"] == len(gated_notebooks.ACCURACY) == 2
    assert two_epochs["summary"]["test_accuracy"] >= gated_notebooks.ACCURACY[-1] == 0.979
    stopped_early = stored_result("lstm-mnist" + seed)
    assert stopped_early["summary"]["test_accuracy"] >= gated_notebooks.PRACTICAL_ACCURACY == 0.988


@pytest.mark.parametrize("seed", SEEDS)
def test_stored_comparison(seed):
    result = stored_result("cells-mnist" + seed)
    assert len(result["summary"]) == 3 * 3 * 2
    assert {one["train"] for one in result["summary"].values()} == {550, 5_500, 55_000}
    for name, one in result["summary"].items():
        assert len(result["curves"][name]) == one["epochs_run"]
