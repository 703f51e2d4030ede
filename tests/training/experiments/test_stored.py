"""Stored results are what the experiments of today would give."""

import inspect
import json
from dataclasses import FrozenInstanceError, asdict

import numpy as np
import pytest

from course_lib.sources import notebook_2019
from course_lib.training import EXPERIMENTS, stored_result, stored_seeds
from course_lib.training.experiments import cells_mnist, experiment, gradnets_2015
from course_lib.training.experiments.online_rules import made_of

# What older results don't name yet; by default it leaves a run as it was.
NAMED_LATER = {"chrono", "forget_bias", "networks", "trial"}
WITH_CONFIG = [
    name for name in EXPERIMENTS if hasattr(experiment(name)[0], "Config") and name != "cells-mnist"
]


def would_run(name):
    """The configuration with which a run of today begins."""
    module, settings = experiment(name)
    takes = inspect.signature(module.run).parameters
    task = settings.get("task", "rows") if hasattr(module, "TASKS") else None
    own = {} if task is None else module.TASKS[task]
    own = own | {key: value for key, value in settings.items() if key not in takes}
    return json.loads(json.dumps(asdict(module.Config(**own))))


@pytest.mark.parametrize("name", WITH_CONFIG)
def test_what_is_stored_with_a_result_can_not_change_while_it_is_made(name):
    config = experiment(name)[0].Config()
    for setting in asdict(config):
        with pytest.raises(FrozenInstanceError):
            setattr(config, setting, None)


@pytest.mark.parametrize("name", WITH_CONFIG)
def test_a_stored_result_is_what_the_command_would_give_today(name):
    """Whoever changes a setting has to run it again, or the book tells of another network."""
    today = would_run(name)
    if today.get("problem") == "anbn":  # one length, by the largest n
        today["lengths"] = [2 * today["max_n"] + 2]
    for result in stored_seeds(name):
        stored = result["config"]
        assert today.keys() - stored.keys() <= NAMED_LATER
        assert {key: stored.get(key, today[key]) for key in today} == today


def test_the_stored_comparison_of_cells_is_what_the_command_would_give_today():
    stored = stored_result("cells-mnist")["config"]
    assert stored["cells"] == list(cells_mnist.CELLS)
    assert stored["dropout"] == list(cells_mnist.DROPOUT)
    assert stored["epochs"] == {str(part): n for part, n in cells_mnist.EPOCHS.items()}
    assert (stored["units"], stored["patience"]) == (cells_mnist.UNITS, cells_mnist.PATIENCE)
    same = asdict(cells_mnist.Config())
    for varied in ("cell", "dropout", "fraction", "epochs", "units", "patience"):
        del same[varied]
    assert {key: stored[key] for key in same} == same


@pytest.mark.parametrize(
    ("name", "measure"),
    [("kernl-rules", "cosines"), ("kernl-stack", "stacks"), ("kernl-sparse", "cosines")],
)
def test_stored_cosines_are_what_the_command_would_give_today(name, measure, monkeypatch):
    module, _ = experiment(name)
    takes, asked = inspect.signature(getattr(module, measure)), []
    monkeypatch.setattr(module, measure, lambda *a, **k: asked.append(takes.bind(*a, **k)))
    module.run(None, seed=0)
    (today,) = asked
    today.apply_defaults()
    n, T, batch, updates = (today.arguments[one] for one in ("n", "T", "batch", "updates"))
    config = made_of(module.NETWORKS, n, T, batch, updates, today.arguments["seeds"])
    stored = stored_result(name)["config"]
    assert config.keys() - stored.keys() <= NAMED_LATER
    assert config | stored == config


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "rule"),
    [("kernl-rules", "one_step"), ("kernl-stack", "one_step"), ("kernl-sparse", "snap1")],
)
def test_the_networks_of_today_give_the_stored_cosines(name, rule, monkeypatch):
    """The older results don't name the networks' settings; their numbers tell of them.

    A rule without a kernel is enough: nothing has to be trained for its cosine.
    """
    module, _ = experiment(name)
    monkeypatch.setattr(module, "RULES", (rule,))
    monkeypatch.setattr(module, "CONNECTIONS", (2,), raising=False)
    measure = module.stacks if name == "kernl-stack" else module.cosines
    found = measure(range(1), updates=0)
    assert found["config"]["networks"] == module.NETWORKS
    cosines = dict(first_cosines(found["summary"]))
    stored = dict(first_cosines(stored_result(name)["summary"]))
    assert len(cosines) >= len(module.NETWORKS)
    assert cosines == pytest.approx({where: stored[where] for where in cosines}, abs=2e-3)


def first_cosines(summary, where=""):
    """Of each list of cosines, one a seed, the first, with where it stands."""
    if isinstance(summary, list):
        yield where, summary[0]
    elif isinstance(summary, dict):
        for name, below in summary.items():
            yield from first_cosines(below, f"{where}/{name}")


def test_the_stored_runs_of_the_2015_notebook_are_what_the_command_would_give_today():
    result, module = stored_result("gradnets-2015"), gradnets_2015
    names = ("learning_rate", "tau", "log_every", "validation")
    today = (module.RATE, module.TAU, module.LOG_EVERY, module.VALIDATION)
    assert tuple(result["config"][name] for name in names) == today
    assert result["curves"].keys() == module.CASES.keys()
    for name, case in module.CASES.items():
        curve = result["curves"][name]
        ended = curve["non_finite_step"] or case.steps
        assert len(curve["test_accuracy"]) == ended // module.LOG_EVERY
        if case.held is not None:
            assert set(curve["gate"]) == {case.held}


@pytest.mark.parametrize("name", ["vanilla-mnist", "vanilla-mnist-constant"])
def test_the_epoch_is_chosen_on_validation(name):
    result = stored_result(name)
    assert result["config"]["train"] + result["config"]["validation"] == 60_000
    assert result["config"]["test"] == 10_000
    epochs = result["config"]["epochs"]
    assert {len(curve) for curve in result["curves"].values()} == {epochs}
    chosen = int(np.argmin(result["curves"]["validation_loss"]))  # never chosen on the test set
    assert result["summary"]["chosen_epoch"] == chosen + 1
    assert result["summary"]["test_accuracy"] == result["curves"]["test_accuracy"][chosen]


def test_the_number_to_reach():
    """At least the best that the old notebook printed in as many epochs, chosen on validation."""
    result = stored_result("vanilla-mnist")
    assert result["config"]["epochs"] <= len(notebook_2019.MNIST_TEST_ACCURACY) == 12
    assert result["config"]["units"] == result["config"]["batch_size"] == 150
    assert result["config"]["learning_rate"] == 1e-3
    assert result["summary"]["test_accuracy"] >= max(notebook_2019.MNIST_TEST_ACCURACY) == 0.9779
