"""The comparison at growing delays: the tasks, what is chosen, what is stored."""

from dataclasses import replace

import numpy as np
import pytest

from course_lib.training import stored_result
from course_lib.training.experiments import delays
from course_lib.training.experiments.delays import Config


def test_examples_of_a_task():
    x, y = delays.examples(Config(), 4, delay=6, seed=0)
    assert (x.shape, y.shape) == ((4, 6, 2), (4, 1))
    x, y = delays.examples(Config(task="copy", symbols=5, length=2), 4, delay=6, seed=0)
    assert (x.shape, y.shape) == ((4, 10, 7), (4, 10))
    with pytest.raises(ValueError, match='"adding" or "copy"'):
        delays.examples(Config(task="sort"), 4, delay=6, seed=0)


def test_the_guess_of_one_who_has_seen_nothing():
    assert delays.chance(Config(), 50) == 1 / 6
    assert delays.chance(Config(task="copy", symbols=8, length=3), 4) == 3 * np.log(8) / 10


def test_adding_is_read_from_the_last_state_and_copy_from_all():
    assert delays.network(Config(), "gru", (6, 2)).output_shape == (None, 1)
    config = Config(task="copy", symbols=5)
    assert delays.network(config, "lstm", (6, 7)).output_shape == (None, 6, 6)


@pytest.mark.parametrize("cell", ["lru", "mingru", "keras-lstm"])
def test_what_a_gpu_or_a_scan_makes_fast(cell):
    adding = delays.network(Config(units=4), cell, (6, 2))
    assert adding.output_shape == (None, 1)
    copy = delays.network(Config(task="copy", symbols=5, units=4), cell, (6, 7))
    assert copy.output_shape == (None, 6, 6)
    assert {type(layer).__name__ for layer in copy.layers} == (
        {"LSTM", "Dense"} if cell == "keras-lstm" else {"Dense", "ResidualBlock"}
    )


@pytest.mark.slow
@pytest.mark.parametrize(("cell", "rule"), [("kernl", "kernl"), ("leaky", "bptt")])
def test_leaky_units_with_and_without_a_tape(cell, rule):
    config = Config(units=4, examples=10, epochs=1, validation=10, test=10, batch_size=10)
    copy = replace(config, task="copy", symbols=5)
    for task, shape, outputs in ((config, (6, 2), (3, 1)), (copy, (6, 7), (3, 6, 6))):
        assert delays.network(task, cell, shape)(np.ones((3, *shape))).shape == outputs
    assert delays.RULES[cell] == rule
    assert np.isfinite(delays.train(copy, cell, 4, 1e-3, seed=0, verbose=0)["test_loss"])


@pytest.mark.slow
@pytest.mark.parametrize("chrono", [False, True])  # which is the LSTM's alone
def test_one_network_learns_a_little(chrono):
    config = Config(
        chrono=chrono, units=8, examples=400, epochs=3, validation=100, test=100, batch_size=20
    )
    one = delays.train(config, "vanilla", 4, 1e-2, seed=0, verbose=0)
    assert len(one["curve"]) == 3
    assert one["curve"][-1] < one["curve"][0]


def test_the_rate_is_chosen_on_validation(monkeypatch):
    def train(config, cell, delay, rate, seed, verbose):
        # The better test loss belongs to the other rate, and must not count.
        return {"learning_rate": rate, "test_loss": 0.1 / rate, "curve": [1.0, rate]}

    monkeypatch.setattr(delays, "train", train)
    result = delays.run(None, 0, verbose=0, delays=(5, 9), learning_rates=(0.2, 0.1, 0.4))
    assert {one["learning_rate"] for one in result["summary"]["runs"].values()} == {0.1}
    assert result["summary"]["runs"]["lstm 9"]["of_guess"] == 6.0
    assert result["curves"]["gru 5"] == [1.0, 0.1]


def test_chrono_sets_the_biases_of_two_gates_and_nothing_else():
    config = Config(task="copy", units=6, chrono=True)
    model = delays.network(config, "lstm", (30, 10))
    before = model.get_weights()
    delays.start_chrono(model.layers[0].layers[0].cell, 30, seed=0)
    W_x, W_h, b, *readout = model.get_weights()
    for now, then in zip((W_x, W_h, *readout), (*before[:2], *before[3:]), strict=True):
        assert np.array_equal(now, then)
    b_i, b_f, b_c, b_o = np.split(b, 4)
    assert b_i == pytest.approx(-b_f)
    assert np.all(b_f > 0)
    assert len(np.unique(b_f)) == 6
    assert not np.any(b_c)
    assert not np.any(b_o)


NAMES = ("cells-adding", "cells-copy", "cells-copy-open", "cells-copy-chrono")
SEEDS = ("", "-seed1", "-seed2")


@pytest.mark.parametrize("name", [f"{name}{seed}" for name in NAMES for seed in SEEDS])
def test_stored_results(name):
    result = stored_result(name)
    config, runs = result["config"], result["summary"]["runs"]
    assert result["seed"] == int(name.partition("-seed")[2] or 0)
    assert set(runs) == {f"{cell} {wait}" for cell in config["cells"] for wait in config["delays"]}
    for run, one in runs.items():
        assert len(result["curves"][run]) == config["epochs"]
        assert one["learning_rate"] in config["learning_rates"]
        guess = result["summary"]["guess"][run.split()[1]]
        assert one["of_guess"] == pytest.approx(one["test_loss"] / guess, rel=0.01, abs=1e-4)


def over_seeds(name):
    """For each cell and delay, the parts of a guess's loss that the seeds end with."""
    seeds = [stored_result(f"{name}{seed}")["summary"]["runs"] for seed in SEEDS]
    return {run: np.array([one[run]["of_guess"] for one in seeds]) for run in seeds[0]}


def test_what_the_page_says_of_adding():
    """The vanilla cell adds over few steps, and over many it is not far from a guess."""
    runs, waits = over_seeds("cells-adding"), stored_result("cells-adding")["config"]["delays"]
    assert runs[f"vanilla {waits[0]}"].max() < 0.05
    assert runs[f"vanilla {waits[-1]}"].min() > 0.7
    assert runs[f"vanilla {waits[-1]}"].max() > 0.95
    assert max(runs[f"{cell} {waits[-1]}"].max() for cell in ("gru", "lstm")) < 0.05


def test_what_the_page_says_of_copying():
    """All are worst at the longest delay; gates alone don't help there, but chrono does."""
    runs = {name: one.mean() for name, one in over_seeds("cells-copy").items()}
    for cell in delays.CELLS:
        assert runs[f"{cell} 20"] > max(runs[f"{cell} 5"], runs[f"{cell} 10"])
    assert runs["gru 20"] < runs["lstm 20"]
    assert runs["lstm 20"] > 0.9 * runs["vanilla 20"]
    opened, chrono = over_seeds("cells-copy-open"), over_seeds("cells-copy-chrono")
    for run in opened:
        assert opened[run].mean() < runs[run]
        assert chrono[run].mean() < runs[run]
    usual = over_seeds("cells-copy")
    assert opened["lstm 5"].max() < usual["lstm 5"].min()
    assert chrono["lstm 20"].max() < usual["lstm 20"].min()
    assert chrono["lstm 20"].mean() > runs["gru 20"]
