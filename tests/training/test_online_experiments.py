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


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_run_of_all_rules_looks_at_their_gradients():
    settings = TINY | {"rules": ("rtrl", "bptt", "tbptt"), "task": "side-by-side", "window": 2}
    curves = online_sequences.run(None, 0, quick=True, verbose=0, **settings)["curves"]
    assert curves["rtrl-5"]["cosine"] == curves["bptt-5"]["cosine"] == [1.0]
    assert curves["tbptt-5"]["cosine"][0] < 1


def test_a_readout_alone_leaves_the_net_as_it_was_drawn():
    images = np.random.default_rng(0).random((20, 784), np.float32)
    config = online_mnist.Config(
        **online_mnist.TASKS["pixels"] | {"rule": "bptt", "trained": "readout", "pixels": 28}
    )
    x = 10 * images.reshape(-1, 28, 28)
    model = online_mnist.build_model(config, 10, x)
    h = model.readout.layers[0](model.rnn(x)).numpy() / config.readout_speed
    moving = model.rnn(x).numpy().std(axis=0) > 1e-3  # a saturated unit says nothing
    assert moving.mean() > 0.9
    np.testing.assert_allclose(h[:, moving].mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(h[:, moving].std(axis=0), 1, atol=1e-3)
    before = model.cell.W_hh.numpy()
    model.fit(x, np.arange(20) % 10, verbose=0)
    np.testing.assert_array_equal(model.cell.W_hh.numpy(), before)
    assert np.abs(model.readout.trainable_weights[0].numpy()).max() > 0


@pytest.mark.slow
def test_mnist_by_pixels_end_to_end(tmp_path):
    result = reproduce("kernl-pixels", quick=True, out=tmp_path / "r.json")
    assert result["curves"]["train_loss"][1] < result["curves"]["train_loss"][0]
    assert result["config"]["leak"] == (1.0, 0.003)


@pytest.mark.slow
def test_mnist_by_rows_end_to_end(tmp_path):
    result = reproduce("kernl-rows", quick=True, out=tmp_path / "r.json")
    assert result["curves"]["train_loss"][1] < result["curves"]["train_loss"][0]
    assert len(result["curves"]["kernel_r2"]) == 2
    assert result["config"]["steps"] == 28
