"""The references of the projects: what is handed in is the network, and how a run gets there."""

from types import SimpleNamespace

import numpy as np
import pytest

from course_lib.data import adding_problem
from course_lib.exercises.projects.proving import reference_arrays
from course_lib.exercises.registry import get
from course_lib.scratch import projects
from course_lib.training import stored_result
from course_lib.training.experiments import (
    project_depth,
    project_few_labels,
    project_no_tape,
    project_remember,
    project_results,
)


@pytest.fixture(autouse=True)
def unjudged(monkeypatch):
    """To judge takes seconds, and is tested elsewhere."""
    monkeypatch.setattr(project_results, "judged", lambda name, arrays: {"judged": name})


class Fake:
    """Stands for a network: its losses are given, and what it is trained on is kept."""

    def __init__(self, *losses, weights=()):
        self.losses, self.weights, self.fitted, self.rates = list(losses), weights, [], []
        self.optimizer = SimpleNamespace(learning_rate=None)

    def fit(self, x, y, **_):
        self.fitted.append((x, y))
        self.rates.append(self.optimizer.learning_rate)
        return SimpleNamespace(history={"loss": [self.losses.pop(0)]})

    def evaluate(self, x, y, **_):
        self.fitted.append((x, y))
        return self.losses.pop(0)

    def get_weights(self):
        return self.weights


def shaken(model):
    """The weights of a network, none of them 0: a bias that gets lost is seen."""
    rng = np.random.default_rng(3)
    model.set_weights([w + 0.1 * rng.normal(size=w.shape) for w in model.get_weights()])
    return model.get_weights()


# No tape


def test_no_tape_hands_in_the_beginning_of_the_stored_run():
    stored = stored_result("project-no-tape")
    config, rate = project_no_tape.Config(), stored["summary"]["rate"]
    handed_in = reference_arrays(get("predict_no_tape"))
    begun = project_no_tape.beginning(config, rate, stored["seed"])
    assert begun.keys() == handed_in.keys() - {"curve"}
    for name, array in begun.items():
        np.testing.assert_allclose(array, handed_in[name], rtol=1e-6, atol=1e-9, err_msg=name)
    assert project_no_tape.handed_on(config, rate, 0) == stored["summary"]["bytes"]
    np.testing.assert_allclose(handed_in["curve"], stored["curves"]["bits"], atol=1e-4)
    assert project_no_tape._late(np.arange(8.0)) == 6.5


def test_no_tape_takes_the_rate_that_ends_lowest(capsys):
    small = {"rates": (1e-9, 0.02), "trials": 2, "steps": 250, "units": 4, "streams": 3}
    result = project_no_tape.run(None, 1, verbose=2, **small)
    assert capsys.readouterr().out.count("bits at the end") == 2
    config = project_no_tape.Config(**small)
    start = project_no_tape.beginning(config, 0.02, 1)
    first = project_no_tape.FIRST_OWN_STREAM + 100
    bits = np.mean([project_no_tape.bits(config, start, first + n) for n in (0, 1)], axis=0)
    curve = [bits[:100].mean(), bits[100:200].mean()]
    assert result["arrays"].pop("curve") == pytest.approx(curve, rel=1e-6)
    assert result["curves"]["bits"] == [round(one, 4) for one in curve]
    assert result["summary"]["rate"] == 0.02
    assert result["summary"]["judged"] == "predict_no_tape"
    for name, array in start.items():
        np.testing.assert_array_equal(result["arrays"][name], array)
    assert bits[0] == pytest.approx(np.log2(3), abs=0.02)  # next to nothing is known yet


# What is handed in predicts what the network does


def test_depth_hands_in_its_network(monkeypatch):
    monkeypatch.setattr(project_depth, "LAYERS", 3)
    model = project_depth.network(project_depth.Config(units=5), 0.4, 10, seed=0)
    arrays = project_depth._stacked(shaken(model), 0.4)
    x = np.random.default_rng(0).random((4, 28, 28), np.float32)
    right = model(x.reshape(4, -1)).numpy()
    np.testing.assert_allclose(projects.predict_depth(arrays, x), right, atol=1e-5)


@pytest.mark.parametrize("pixels", [28, 56])
def test_few_labels_hands_in_its_network(pixels):
    model = project_few_labels.network(project_few_labels.Config(units=5), pixels, 0.3, 100, seed=0)
    arrays = project_few_labels._by_gate(*shaken(model))
    x = np.random.default_rng(0).random((4, 28, 28), np.float32)
    right = model(project_few_labels._steps(x, pixels)).numpy()
    np.testing.assert_allclose(projects.predict_few_labels(arrays, x), right, atol=1e-5)


def test_remember_hands_in_its_network(monkeypatch):
    config = project_remember.Config(units=64)
    model = project_remember.network(config, seed=0)
    W_xh, W_hh, b_h, _, b_y = model.get_weights()
    np.testing.assert_allclose(W_hh @ W_hh.T, np.eye(64), atol=1e-5)
    assert np.std(W_xh) == pytest.approx(config.input_scale, rel=0.2)
    assert not b_h.any()
    assert b_y == 1
    assert model.optimizer.global_clipnorm == config.clip_norm
    fake = Fake(0.1, weights=shaken(model))
    monkeypatch.setattr(project_remember, "network", lambda config, seed: fake)
    arrays = project_remember.run(None, 0, longest=10, last_rounds=1, verbose=0)["arrays"]
    x = adding_problem(3, 7).x
    right = model(x).numpy()
    np.testing.assert_allclose(projects.predict_remember(arrays, x), right, atol=1e-5)


# How a run gets there


def test_remember_lengthens_what_is_solved_and_then_the_rate_falls(monkeypatch, capsys):
    fake = Fake(0.5, 0.01, 0.02, 0.01, 0.9, 0.4, weights=[np.zeros(1)] * 5)
    monkeypatch.setattr(project_remember, "network", lambda config, seed: fake)
    small = {"batches": 2, "batch_size": 3, "solved": 0.015, "longest": 16, "last_rounds": 2}
    result = project_remember.run(None, 2, growth=1.5, **small)
    lengths = [10, 10, 15, 15, 16, 16]
    assert result["curves"] == {"train_loss": [0.5, 0.01, 0.02, 0.01, 0.9, 0.4], "length": lengths}
    assert [x.shape for x, _ in fake.fitted] == [(6, T, 2) for T in lengths]
    assert fake.rates == pytest.approx([1e-3] * 5 + [5e-4])
    np.testing.assert_array_equal(fake.fitted[1][0], adding_problem(6, 10, seed=20_001).x)
    assert result["summary"]["length"] == 16
    assert result["arrays"]["curve"] == pytest.approx(result["curves"]["train_loss"])
    assert "length 16: loss 0.40000" in capsys.readouterr().out


def test_remember_ends_when_its_time_is_over(monkeypatch):
    fake = Fake(0.5, weights=[np.zeros(1)] * 5)
    monkeypatch.setattr(project_remember, "network", lambda config, seed: fake)
    clock = iter([0.0, 0.0, 175.0, 176.0])
    monkeypatch.setattr(project_remember.time, "process_time", lambda: next(clock))
    result = project_remember.run(None, 0, verbose=0)
    assert len(fake.fitted) == 1
    assert result["summary"]["cpu_seconds"] == 176.0


def test_few_labels_looks_for_its_choice_on_labels_set_apart(monkeypatch):
    made = []

    def network(config, pixels, dropout, examples, seed):
        weights = [np.zeros((pixels, 6)), np.zeros((2, 6)), np.zeros(6), np.zeros((2, 10))]
        loss = 0.1 if (pixels, dropout) == (56, 0.0) else 0.2
        made.append((Fake(0.7, loss, weights=[*weights, np.zeros(10)]), pixels, dropout, examples))
        return made[-1][0]

    monkeypatch.setattr(project_few_labels, "network", network)
    rng = np.random.default_rng(0)
    data = SimpleNamespace(x_train=rng.random((12, 28, 28), np.float32), y_train=np.arange(12))
    small = {"labels": 8, "apart": 3, "rounds": 1, "trial_rounds": 1, "looks": 2}
    result = project_few_labels.run(data, 0, verbose=0, **small)
    choices = [(28, 0.0), (28, 0.3), (56, 0.0), (56, 0.3)]
    assert [one[1:] for one in made] == [(*one, 2 * 5) for one in choices] + [(56, 0.0, 2 * 8)]
    for fake, pixels, *_ in made[:-1]:
        (_, learned), (_, apart) = fake.fitted
        assert learned.tolist() == [*range(5)] * 2
        assert apart.tolist() == [5, 6, 7]
        assert [x.shape[1:] for x, _ in fake.fitted] == [(784 // pixels, pixels)] * 2
    assert made[-1][0].fitted[0][1].tolist() == [*range(8)] * 2
    summary = result["summary"]
    assert (summary["pixels"], summary["dropout"], summary["judged"]) == (
        56,
        0.0,
        "predict_few_labels",
    )
    assert min(summary["search"], key=summary["search"].get) == "56 pixels, dropout 0.0"
    assert result["arrays"]["curve"] == pytest.approx([0.7])
    assert result["arrays"]["expected"] == project_few_labels.Config().expected
