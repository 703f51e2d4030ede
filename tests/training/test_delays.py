"""The comparison at growing delays: the tasks, what is chosen, what is stored."""

import numpy as np
import pytest

from course_lib.training import delays, stored_result
from course_lib.training.delays import Config


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
def test_one_network_learns_a_little():
    config = Config(units=8, examples=400, epochs=3, validation=100, test=100, batch_size=20)
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


@pytest.mark.parametrize("name", ["cells-adding", "cells-copy", "cells-copy-open"])
def test_stored_results(name):
    result = stored_result(name)
    config, runs = result["config"], result["summary"]["runs"]
    assert set(runs) == {f"{cell} {wait}" for cell in config["cells"] for wait in config["delays"]}
    for run, one in runs.items():
        assert len(result["curves"][run]) == config["epochs"]
        assert one["learning_rate"] in config["learning_rates"]
        guess = result["summary"]["guess"][run.split()[1]]
        assert one["of_guess"] == pytest.approx(one["test_loss"] / guess, rel=0.01, abs=1e-4)


def test_what_the_page_says_of_them():
    """The vanilla cell adds over few steps and is no better than a guess over many."""
    result = stored_result("cells-adding")
    runs, waits = result["summary"]["runs"], result["config"]["delays"]
    assert runs[f"vanilla {waits[0]}"]["of_guess"] < 0.05
    assert runs[f"vanilla {waits[-1]}"]["of_guess"] > 0.9
    assert max(runs[f"{cell} {waits[-1]}"]["of_guess"] for cell in ("gru", "lstm")) < 0.05
    runs = stored_result("cells-copy")["summary"]["runs"]
    assert runs["gru 20"]["of_guess"] < runs["vanilla 20"]["of_guess"]
    assert runs["vanilla 20"]["of_guess"] < runs["lstm 20"]["of_guess"]
    opened = stored_result("cells-copy-open")["summary"]["runs"]
    assert all(opened[name]["of_guess"] < runs[name]["of_guess"] for name in opened)
    assert opened["lstm 20"]["of_guess"] > runs["vanilla 20"]["of_guess"]
