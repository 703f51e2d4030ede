"""Pixel MNIST by diagonal layers: short runs of each kind, and what the stored ones hold."""

import numpy as np
import pytest

from course_lib.training import stored_result
from course_lib.training.experiments import EXPERIMENTS
from course_lib.training.experiments.scanned_mnist import Config, network
from course_lib.training.reproduce import reproduce

PIXELS = [name for name in EXPERIMENTS if name.startswith("lru-pixels")]


@pytest.mark.slow
@pytest.mark.parametrize("name", PIXELS)
def test_a_quick_run(name):
    result = reproduce(name, quick=True)
    losses = result["curves"]["seed 0"]["train_loss"]
    assert losses[1] < losses[0]
    accuracy = result["summary"]["test_accuracy"]
    assert len(accuracy) == 1
    assert result["summary"]["mean_test_accuracy"] == accuracy[0]


def test_what_is_not_an_order():
    with pytest.raises(ValueError, match='choose "rows" or "permuted"'):
        Config(order="columns")


@pytest.mark.parametrize("kind", ["one", "online", "stack"])
def test_the_network_reads_784_steps(kind):
    model = network(Config(kind=kind, units=4, hidden=4, block_units=3), seed=0)
    assert model(np.zeros((2, 784, 1), np.float32)).shape == (2, 10)


def test_what_is_not_a_kind():
    with pytest.raises(ValueError, match='choose "one", "online" or "stack"'):
        Config(kind="two")


@pytest.mark.parametrize("name", PIXELS)
def test_the_epoch_is_chosen_on_validation(name):
    result = stored_result(name)
    config, summary = result["config"], result["summary"]
    assert config["train"] + config["validation"] == 60_000
    assert config["test"] == 10_000
    assert len(config["seeds"]) == 3
    for number, seed in enumerate(config["seeds"]):
        curves = result["curves"][f"seed {seed}"]
        assert {len(curve) for curve in curves.values()} == {config["epochs"]}
        chosen = int(np.argmin(curves["validation_loss"]))
        assert summary["chosen_epoch"][number] == chosen + 1
        assert summary["test_accuracy"][number] == round(curves["test_accuracy"][chosen], 4)
    mean = round(float(np.mean(summary["test_accuracy"])), 4)
    assert summary["mean_test_accuracy"] == mean


@pytest.mark.parametrize(
    ("name", "least"),
    [("lru-pixels", 0.975), ("lru-pixels-online", 0.96), ("lru-pixels-stack", 0.985)],
)
def test_what_is_reached(name, least):
    """Updates inside the sequence cost a point; two blocks on top gain one."""
    result = stored_result(name)
    assert result["config"]["steps"] == 784
    assert result["summary"]["mean_test_accuracy"] >= least
    if name == "lru-pixels-online":
        assert result["config"]["update_every"] == 28
