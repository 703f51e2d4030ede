"""A recurrent cell that fades in, beside two that are open from the start."""

import functools
from types import SimpleNamespace

import numpy as np
import pytest

from course_lib.data import adding_problem, adding_problem_chance
from course_lib.training.experiments import gradnets_recurrent as experiment


@pytest.mark.parametrize("cell", experiment.CELLS)
def test_the_networks_differ_in_gate_and_recurrent_weights_alone(cell):
    config = experiment.Config(T=7, units=4)
    model = experiment.build_model(cell, config, 0.01)
    assert (model.input_shape, model.output_shape) == ((None, 7, 2), (None, 1))
    (ours,) = [layer.cell for layer in model.layers if hasattr(layer, "cell")]
    assert ours.units == 4
    assert float(ours.g) == (0 if cell == "gradual" else 1)
    (W,) = [w.numpy() for w in ours.trainable_weights if w.shape == (4, 4)]
    np.testing.assert_allclose(W @ W.T, np.eye(4), atol=1e-5)
    assert np.allclose(W, np.eye(4)) == (cell != "tanh-orthogonal")
    assert float(model.optimizer.learning_rate) == pytest.approx(0.01)
    assert model.optimizer.clipnorm == config.clipnorm
    assert model.loss == "mse"


class Fake:
    """Stands for a network: says how it was trained, and opens its gate."""

    def __init__(self, opens=True):
        self.opens, self.layers = opens, [SimpleNamespace(cell=SimpleNamespace(g=0.0))]

    def fit(self, *xy, **settings):
        self.fitted, self.settings = xy, settings
        self.layers[0].cell.g = float(self.opens)
        return SimpleNamespace(history={"loss": [0.1234567, np.nan], "val_loss": [0.3, 0.2]})

    def evaluate(self, *xy, **_):
        self.seen = xy
        return 0.7654321


@pytest.mark.parametrize("cell", experiment.CELLS)
def test_a_network_trains_on_one_set_is_watched_on_another_and_tested_on_the_third(
    cell, monkeypatch
):
    fake = Fake()
    monkeypatch.setattr(experiment, "build_model", lambda *given: fake)
    config = experiment.Config(T=5, train=6, batch_size=2, epochs=4, anneal_epochs=3)
    sets = [adding_problem(6, 5, seed) for seed in (1, 2, 3)]
    assert experiment._train(cell, config, sets, 0.01, 9) == {
        "rate": 0.01,
        "seed": 9,
        "train_loss": [0.12346, float("inf")],
        "validation_loss": [0.3, 0.2],
        "test_loss": 0.76543,
    }
    for given, right in zip(
        (fake.fitted, fake.settings["validation_data"], fake.seen), sets, strict=True
    ):
        assert given[0] is right.x
        assert given[1] is right.y
    assert (fake.settings["batch_size"], fake.settings["epochs"]) == (2, 4)
    schedules = fake.settings["callbacks"]
    assert len(schedules) == (cell == "gradual")
    assert all((one.start, one.end) == (0, 3 * 3) for one in schedules)


def test_a_gate_that_never_opened_is_no_result(monkeypatch):
    monkeypatch.setattr(experiment, "build_model", lambda *given: Fake(opens=False))
    sets = [adding_problem(2, 5, seed) for seed in (1, 2, 3)]
    with pytest.raises(RuntimeError, match=r"The gate ends at 0\.0"):
        experiment._train("gradual", experiment.Config(T=5), sets, 0.01, 0)


def test_each_cell_has_the_rate_that_ends_lowest(monkeypatch):
    begun = []

    def train(cell, config, sets, rate, seed):
        begun.append((cell, rate, seed))
        assert [len(one.x) for one in sets] == [config.train, config.validation, config.test]
        assert not np.array_equal(sets[1].x[:5], sets[2].x[:5])
        ends = {"tanh-orthogonal": 0.003, "tanh-identity": 0.001, "gradual": 0.0003}
        last = abs(rate - ends[cell])
        return {"rate": rate, "validation_loss": [1 - last, last], "test_loss": rate + seed}

    monkeypatch.setattr(experiment, "_train", train)
    small = functools.partial(experiment.Config, T=5, train=9, validation=8, test=7)
    monkeypatch.setattr(experiment, "Config", small)
    result = experiment.run(None, 10)
    assert [seed for _, _, seed in begun] == [10, 10, 10, 11, 12] * 3
    assert {cell: one["learning_rate"] for cell, one in result["summary"].items()} == {
        "tanh-orthogonal": 0.003,
        "tanh-identity": 0.001,
        "gradual": 0.0003,
    }
    assert result["summary"]["gradual"]["test_loss"] == pytest.approx([10.0003, 11.0003, 12.0003])
    assert {cell: len(runs) for cell, runs in result["curves"].items()} == dict.fromkeys(
        experiment.CELLS, 5
    )
    assert result["config"]["chance"] == adding_problem_chance()
    begun.clear()
    experiment.run(None, 0, quick=True)
    assert [seed for _, _, seed in begun] == [0, 0, 0] * 3
