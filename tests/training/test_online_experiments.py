"""The runs of the online rules: small ones end to end, and one that was killed."""

import json

import numpy as np
import pytest

from course_lib.training import online_mnist, online_sequences
from course_lib.training.reproduce import EXPERIMENTS, reproduce

TINY = {
    "lengths": (5,),
    "rounds": 1,
    "steps": 2,
    "test": 20,
    "max_n": 3,
    "units": 4,
    "rules": ("kernl", "bptt"),
}


def test_every_run_has_a_name_and_settings_that_exist():
    for name, (module, settings) in EXPERIMENTS.items():
        if module.endswith("online_mnist"):
            online_mnist.Config(**{**online_mnist.TASKS[settings["task"]], **settings})
        if module.endswith("online_sequences"):
            online_sequences.Config(**{**online_sequences.TASKS[settings["task"]], **settings})
        assert name


@pytest.mark.parametrize("task", ["adding", "anbn"])
def test_a_killed_run_keeps_its_parts(task, monkeypatch, tmp_path):
    monkeypatch.setattr(online_sequences, "UNFINISHED", tmp_path)
    real, calls = online_sequences.part, []

    def part(config, rule, T, seed, verbose):
        calls.append(rule)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(config, rule, T, seed, verbose)

    monkeypatch.setattr(online_sequences, "part", part)
    with pytest.raises(KeyboardInterrupt):
        online_sequences.run(None, 0, verbose=0, task=task, **TINY)
    result = online_sequences.run(None, 0, verbose=0, task=task, **TINY)
    assert calls == ["kernl", "bptt", "bptt"]
    assert set(result["summary"]["test_loss"]) == set(result["curves"])
    assert all(np.isfinite(v) for v in result["summary"]["test_loss"].values())
    assert not list(tmp_path.iterdir())
    json.dumps(result)


def test_mnist_by_rows_end_to_end(tmp_path):
    result = reproduce("kernl-rows", quick=True, out=tmp_path / "r.json")
    assert result["curves"]["train_loss"][1] < result["curves"]["train_loss"][0]
    assert len(result["curves"]["kernel_r2"]) == 2
    assert result["config"]["steps"] == 28
