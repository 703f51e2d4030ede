"""The comparison of deep networks: its loop against Keras, its schedule, what it stores."""

import functools
import json

import keras
import numpy as np
import pytest

from course_lib.data import Mnist
from course_lib.layers.gate_schedule import GateSchedule
from course_lib.scratch.gradnets import stop_gate
from course_lib.training import stored_result
from course_lib.training.experiments import EXPERIMENTS, GRADNETS, GRADNETS_200, GROUPS, gradnets

every_method = pytest.mark.parametrize("method", gradnets.METHODS)


@functools.cache
def tiny(size=300):
    rng = np.random.default_rng(0)
    x, y = rng.random((size, 28, 28), np.float32), rng.integers(0, 10, size)
    return Mnist(x, y, x[:50], y[:50], "subset")


# The loop


@pytest.mark.slow
@pytest.mark.parametrize("method", ["grelu-gain-stop", "rezero"])
def test_the_loop_takes_the_steps_of_keras(method):
    """SGD by `fit`, with the callback for the gate, gives the same weights."""
    steps, batch, rate = 4, 10, 0.1
    data = tiny(steps * batch)
    keras.utils.set_random_seed(1)
    fast = gradnets.build_model(method, depth=5, units=8)
    plain = keras.models.clone_model(fast)
    plain.set_weights(fast.get_weights())

    order = np.random.default_rng(7).permutation(steps * batch)
    config = gradnets.Config(depth=5, epochs=1, anneal_epochs=1)
    _, gates = gradnets.schedule(method, config, rate, steps)
    gradnets.train(
        fast, gradnets.sgd_epoch(fast), data, (np.arange(steps * batch), np.arange(5)),
        np.full((1, steps), rate, np.float32), gates, seed=7, batch_size=batch,
    )  # fmt: skip

    plain.compile(
        keras.optimizers.SGD(rate), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    callbacks = []
    if method != "rezero":
        last = gradnets.gate_at(method, 5, 1)
        callbacks = [GateSchedule([plain.get_layer("gate")], steps, last=last)]
    x = data.x_train.reshape(len(data.x_train), -1)
    plain.fit(x[order], data.y_train[order], batch_size=batch, shuffle=False, verbose=0,
              callbacks=callbacks)  # fmt: skip
    for a, b in zip(fast.trainable_variables, plain.trainable_variables, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)  # float32, sums in another order


def test_gradient_sizes_are_root_mean_squares():
    """One step of rate 1: the change of a matrix is its gradient."""
    data = tiny(10)
    keras.utils.set_random_seed(1)
    model = gradnets.build_model("tat", depth=4, units=8)
    before = [w.numpy() for w in model.trainable_variables if len(w.shape) == 2]
    curves = gradnets.train(
        model, gradnets.sgd_epoch(model), data, (np.arange(10), np.arange(5)),
        np.ones((1, 1), np.float32), np.full((1, 1), gradnets.gate_at("tat", 4, 1), np.float32),
        seed=0, batch_size=10,
    )  # fmt: skip
    after = [w.numpy() for w in model.trainable_variables if len(w.shape) == 2]
    rms = [np.sqrt(np.mean((a - b) ** 2)) for a, b in zip(after, before, strict=True)]
    assert len(rms) == 4
    np.testing.assert_allclose(curves["gradient_rms"][0], rms, rtol=5e-3)  # stored to 3 digits


def test_a_step_that_is_not_finite_ends_the_run_and_is_named():
    data = tiny(40)
    keras.utils.set_random_seed(1)
    model = gradnets.build_model("plain-he", depth=4, units=8)
    rates = np.zeros((3, 4), np.float32)
    rates[1, 1] = np.inf  # after the sixth step, counted from 0 the fifth, no weight is finite
    curves = gradnets.train(
        model, gradnets.sgd_epoch(model), data, (np.arange(40), np.arange(5)), rates,
        np.ones((3, 4), np.float32), seed=0, batch_size=10,
    )  # fmt: skip
    assert curves["non_finite_step"] == 6
    assert len(curves["loss"]) == 1
    assert np.isfinite(model.get_weights()[0]).all()
    assert gradnets._last_validation_accuracy(curves) == 0
    ended = gradnets.summary([{**curves, "rate": 1}])
    assert ended["test_accuracy"] == [0.0]
    assert ended["non_finite_steps"] == [6]


def test_the_steps_after_one_that_is_not_finite_are_not_taken():
    x, y = tiny(40).x_train.reshape(4, 10, 784), tiny(40).y_train.reshape(4, 10)
    model = gradnets.build_model("plain-he", depth=3, units=8)
    rates, gates = np.array([np.inf, 0, 0, 0], np.float32), np.ones(4, np.float32)
    weights = [w.value for w in model.trainable_variables]
    epoch = gradnets.sgd_epoch(model, jit_compile=False)
    _, losses, norms, _ = epoch(weights, x, y, rates, gates)
    assert np.isfinite(norms.numpy()).tolist() == [True, False, True, True]
    assert not np.any([losses[2:], norms[2:]])


# The schedule


def test_the_rate_falls_and_the_gate_opens_step_by_step():
    config = gradnets.Config(epochs=4, anneal_epochs=2)
    rates, gates = gradnets.schedule("grelu", config, 0.1, steps=10)
    assert rates.shape == gates.shape == (4, 10)
    assert rates[0, 0] == pytest.approx(0.1)
    assert np.all(np.diff(rates.ravel()) < 0)
    assert 0 < rates[-1, -1] < 0.001
    np.testing.assert_allclose(gates[:2].ravel(), np.arange(20) / 20, atol=1e-7)
    assert np.all(gates[2:] == 1)


def test_where_the_gates_begin_and_end():
    stop = stop_gate(48)
    ends = {m: [gradnets.gate_at(m, 50, part) for part in (0, 1)] for m in gradnets.METHODS}
    assert ends["grelu-gain-stop"] == [0, stop]
    assert ends["tat"] == [stop, stop]
    assert ends["grelu"] == ends["identity"] == [0, 1]
    assert ends["plain-he"] == ends["plain-orthogonal"] == [1, 1]
    assert ends["highway"] == ends["rezero"] == [1, 1]  # they have none: there is nothing to open


# The networks


@every_method
def test_every_network_has_the_notebooks_size(method):
    model = gradnets.build_model(method)
    hidden = [layer for layer in model.layers if type(layer).__module__.startswith("course_lib")]
    hidden = [layer for layer in hidden if layer.name != "gate"]
    assert len(hidden) == 48
    assert model.input_shape == (None, 784)
    assert model.output_shape == (None, 10)
    assert {w.shape[-1] for w in hidden[0].trainable_variables if len(w.shape)} == {50}


@every_method
def test_every_layer_and_every_seed_has_its_own_weights(method):
    drawn = []
    for seed in (1, 2):
        keras.utils.set_random_seed(seed)
        drawn += [w for w in gradnets.build_model(method, depth=5).get_weights() if w.ndim == 2]
    assert len({w.tobytes() for w in drawn}) == len(drawn)


@pytest.mark.slow
@pytest.mark.parametrize("trial", ["short", "cut"])
def test_a_quick_run(trial):
    result = gradnets.run(tiny(1_300), seed=0, quick=True, method="grelu-gain-stop", trial=trial)
    assert result["config"]["train"] + result["config"]["validation"] == 1_300
    tried, final = result["curves"]["trials"], result["curves"]["runs"][0]
    assert [len(one["loss"]) for one in tried] == [1, 1]
    # A short run ends with its last gate; of the long one, which has two epochs, one is cut off.
    ends = [gradnets.gate_at("grelu-gain-stop", 10, part) for part in (0, 1)]
    assert ends[0] < tried[0]["gate"][-1] <= final["gate"][-1]
    assert final["gate"][-1] == pytest.approx(ends[1], abs=1e-4)
    assert result["summary"]["test_accuracy"] == [final["test_accuracy"][-1]]
    json.dumps(result)  # it can be stored


@pytest.mark.parametrize("learns", [True, False])
def test_short_trials_that_only_guess_are_followed_by_whole_ones(monkeypatch, learns):
    """The rate is that of the trials which tell the rates apart, whichever those are."""
    data = tiny(1_300)
    chance = gradnets.guessing(data.y_train[gradnets.split(1_300, 1_000, 0)[1]])

    def curves(model, epoch_function, data, parts, rates, gates, seed, batch_size):
        short, rate = len(rates) == 1, float(rates[0, 0])
        better = rate / 10 if short and learns else 0 if short else -rate / 10
        one = {"loss": [1.0], "gate": [1.0], "gradient_rms": [[1.0]], "non_finite_step": None}
        return one | {key: [chance + better] for key in ("validation_accuracy", "test_accuracy")}

    monkeypatch.setattr(gradnets, "train", curves)
    result = gradnets.run(data, seed=0, quick=True, method="plain-orthogonal")
    rates = result["config"]["rates"]
    tried = [trial["rate"] for trial in result["curves"].get("whole_trials", ())]
    assert tried == ([] if learns else [*rates])
    assert result["config"]["learning_rate"] == (max(rates) if learns else min(rates))


def test_guessing_by_hand():
    assert gradnets.guessing(np.array([3, 1, 3, 0])) == 0.5


# What is stored


def test_the_names_in_the_list_of_runs():
    assert set(GRADNETS) == set(gradnets.METHODS)
    assert set(GRADNETS_200) < set(gradnets.METHODS)
    assert all(name in EXPERIMENTS for names in GROUPS.values() for name in names)


@pytest.mark.parametrize("name", [*GROUPS["gradnets"], *GROUPS["gradnets-200"]])
def test_stored_runs_are_whole_and_chosen_on_validation(name):
    result = stored_result(name)
    config, curves, summary = result["config"], result["curves"], result["summary"]
    assert (config["train"], config["validation"], config["test"]) == (55_000, 5_000, 10_000)
    assert (config["units"], config["batch_size"]) == (71 if "wide" in name else 50, 50)
    assert (config["depth"], config["epochs"]) == (200 if "-200-" in name else 50, 20)
    rates = [trial["rate"] for trial in curves["trials"]]
    assert rates == config["rates"]
    short, whole = curves["trials"], curves.get("whole_trials")
    guessed = len({trial["validation_accuracy"][-1] for trial in short if trial["loss"]}) == 1
    assert (whole is not None) == guessed
    best = max(whole or short, key=gradnets._last_validation_accuracy)
    assert config["learning_rate"] == best["rate"]
    assert [run["seed"] for run in curves["runs"]] == config["seeds"]
    for run, accuracy in zip(curves["runs"], summary["test_accuracy"], strict=True):
        if run["non_finite_step"] is None:
            assert len(run["test_accuracy"]) == config["epochs"]
            assert run["test_accuracy"][-1] == accuracy
            assert run["gate"][-1] == pytest.approx(config["gate"][1], abs=1e-4)
        else:
            assert accuracy == 0
    assert summary["mean_test_accuracy"] == pytest.approx(
        np.mean(summary["test_accuracy"]), abs=1e-4
    )


SAME_FOR_ALL = ("rates", "trial_epochs", "epochs", "anneal_epochs", "batch_size", "seeds")


def test_all_methods_had_the_same_grid_and_budget():
    for names in (GROUPS["gradnets"], GROUPS["gradnets-200"]):
        budgets = {
            tuple(str(stored_result(name)["config"][key]) for key in SAME_FOR_ALL) for name in names
        }
        assert len(budgets) == 1


def test_the_numbers_to_reach():
    """Fifty layers 0.972 and two hundred 0.95, over three seeds, at the last gate, all finite."""
    fifty = stored_result("gradnets-grelu-gain-stop")["summary"]
    assert len(fifty["test_accuracy"]) == 3
    assert fifty["mean_test_accuracy"] >= 0.972
    deep = stored_result("gradnets-200-grelu-gain-stop")["summary"]
    assert len(deep["test_accuracy"]) == 3
    assert deep["mean_test_accuracy"] >= 0.95
    for result in (fifty, deep):
        assert not any(step is not None for step in result["non_finite_steps"])
