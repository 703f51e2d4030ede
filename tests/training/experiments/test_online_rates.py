"""The search for learning rates on MNIST: the same for both rules, on validation images alone."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from course_lib.data import load_mnist
from course_lib.training import stored_result
from course_lib.training.experiments import EXPERIMENTS, online_mnist, online_rates

NO_IMAGES = SimpleNamespace(name="no images")


@pytest.mark.parametrize("task", online_rates.TASKS)
def test_both_rules_try_the_same_rates_and_one_beyond_a_border(task, monkeypatch):
    config = online_rates.Config(task=task, **online_rates.TASKS[task])
    aims = {"kernl": config.rates[0] / 2, "bptt": config.rates[-1] * 2}
    tried = []

    def trial(config, rule, rate, data, seed, quick):
        tried.append((rule, rate, seed))
        return abs(np.log(rate / aims[rule])) + (seed - 100)

    monkeypatch.setattr(online_rates, "trial", trial)
    result = online_rates.run(NO_IMAGES, 0, verbose=0, task=task)
    json.dumps(result)
    assert len(tried) == len(set(tried)) == 2 * (len(config.rates) + 1) * len(config.trial_seeds)
    for rule in config.rules:
        rates = sorted({rate for name, rate, _ in tried if name == rule})
        assert set(config.rates) < set(rates)
        found = result["summary"][rule]
        assert found["learning_rate"] == min(rates, key=lambda rate: abs(np.log(rate / aims[rule])))
        assert [float(rate) for rate in found["trials"]] == pytest.approx(rates)
        for rate, losses in result["curves"][rule].items():
            assert losses[1] - losses[0] == pytest.approx(1, abs=1e-5)
            assert found["trials"][rate] == pytest.approx(np.mean(losses), abs=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("task", online_rates.TASKS)
def test_a_trial_is_a_training_of_online_mnist_and_never_sees_the_test_set(task):
    data = load_mnist()
    blind = data._replace(x_test=None, y_test=None)
    config = online_rates.Config(task=task, **online_rates.TASKS[task])
    rate = config.rates[0]
    found = online_rates.trial(config, "bptt", rate, blind, 100, quick=True)
    settings = {"task": task, "rule": "bptt", "learning_rate": rate}
    if config.readout_rate:
        settings["readout_speed"] = config.readout_rate / rate
    run = online_mnist.run(data, 100, quick=True, verbose=0, **settings)
    assert found == pytest.approx(min(run["curves"]["validation_loss"]), abs=1e-6)


def test_the_rates_of_the_stored_runs_are_among_those_tried():
    """And the readout learns as fast in each trial as it does in the runs."""
    for task in online_rates.TASKS:
        config = online_rates.Config(task=task, **online_rates.TASKS[task])
        for rule, end in (("kernl", ""), ("bptt", "-bptt")):
            settings = EXPERIMENTS[f"kernl-{task}{end}"][1]
            run = online_mnist.Config(**online_mnist.TASKS[task] | settings)
            assert run.rule == rule
            tried = stored_result(f"kernl-{task}-rates")["summary"][rule]["trials"]
            assert run.learning_rate in map(float, tried)
            if config.readout_rate:
                assert run.learning_rate * run.readout_speed == pytest.approx(config.readout_rate)
