"""The runs of the online rules: small ones end to end, and one that was killed."""

import json

import numpy as np
import pytest

from course_lib.training.experiments import EXPERIMENTS, online_mnist, online_sequences
from course_lib.training.reproduce import reproduce

TINY = {
    "lengths": (5,),
    "rounds": 2,
    "trial_rounds": 1,
    "steps": 2,
    "held_back": 20,
    "max_n": 3,
    "units": 4,
    "trial_seeds": (100,),
    "seeds": (0, 1),
    "rules": ("kernl", "bptt"),
}


def config_of(task, **settings):
    return online_sequences.Config(**{**online_sequences.TASKS[task], **TINY, **settings})


def test_every_run_has_a_name_and_settings_that_exist():
    for name, (module, settings) in EXPERIMENTS.items():
        if module.endswith("online_mnist"):
            online_mnist.Config(**{**online_mnist.TASKS[settings["task"]], **settings})
        if module.endswith("online_sequences"):
            online_sequences.Config(**{**online_sequences.TASKS[settings["task"]], **settings})
        assert name


@pytest.mark.slow
@pytest.mark.parametrize(
    ("task", "rules"),
    [
        ("adding", ("one_step",)),
        ("side-by-side", ("rtrl", "bptt", "tbptt")),
        ("anbn", ("snap1",)),
        ("inside", ("kernl-online", "tbptt-online")),
    ],
)
def test_a_quick_run_of_each_task(task, rules):
    settings = {"task": task, "rules": rules, "window": 2}
    result = online_sequences.run(None, 0, quick=True, verbose=0, processes=1, **settings)
    json.dumps(result)
    runs, problem = result["curves"]["runs"], result["config"]["problem"]
    end = "" if problem == "anbn" else "-5"
    assert [*runs] == [*result["curves"]["trials"]] == [rule + end for rule in rules]
    limits = {"chance"} if problem == "adding" else {"chance", "floor"}
    assert set(result["summary"]) == {*runs, *limits}
    for name, (run,) in runs.items():
        found = result["summary"][name]
        assert found["test_loss"] == [found["mean_test_loss"]] == [run["test_loss"]]
        assert np.isfinite(run["test_loss"])
        assert ("seeds_that_solved" in found) == (task == "adding")
        assert ("median_cosine" in found) == (task == "side-by-side")
    if task == "side-by-side":
        assert runs["rtrl-5"][0]["cosine"] == runs["bptt-5"][0]["cosine"] == [1.0]
        assert runs["tbptt-5"][0]["cosine"][0] < 1


@pytest.mark.slow
def test_a_run_that_was_killed_goes_on_and_gives_what_any_number_of_processes_gives(
    monkeypatch, tmp_path
):
    settings = {**TINY, "task": "adding", "rules": ("kernl",), "rates": (1e-3,)}
    monkeypatch.setattr(online_sequences, "UNFINISHED", tmp_path)
    whole = plain(online_sequences.run(None, 0, processes=2, **settings))
    assert not list(tmp_path.iterdir())
    said, stop_after = [], 2

    def say(name, gave):
        said.append(name)
        if len(said) == stop_after:
            raise KeyboardInterrupt

    monkeypatch.setattr(online_sequences, "_say", say)
    with pytest.raises(KeyboardInterrupt):
        online_sequences.run(None, 0, processes=1, **settings)
    assert [*json.loads((tmp_path / "adding-0.json").read_text())["pieces"]] == said
    stop_after = None
    assert plain(online_sequences.run(None, 0, processes=1, **settings)) == whole
    assert len(said) == len(set(said)) == 3  # a trial, and a run for each seed
    assert not list(tmp_path.iterdir())


def plain(result):
    """As it is stored, without times."""
    result = json.loads(json.dumps(result))
    for runs in result["curves"]["runs"].values():
        for run in runs:
            del run["seconds_a_step"]
    return result


@pytest.mark.slow
def test_a_run_is_of_the_round_with_the_lowest_validation_loss():
    config = config_of("adding", rounds=4, rates=(0.05,))
    run = online_sequences.train(config, "bptt", 5, 0.05, seed=0)
    assert run["chosen"] == np.argmin(run["validation_loss"])
    short = config_of("adding", rounds=run["chosen"] + 1)
    same = online_sequences.train(short, "bptt", 5, 0.05, seed=0)
    assert run["test_loss"] == same["test_loss"] != run["validation_loss"][run["chosen"]]


@pytest.mark.slow
def test_runs_end_early_when_the_problem_is_solved_and_when_they_diverge():
    solved = config_of("adding", solved=10.0)
    assert online_sequences.train(solved, "bptt", 5, 1e-3, 0)["steps"] == [2]
    lowest = online_sequences.trial(solved, "bptt", 5, 1e-3, 0)
    assert lowest > 0
    lost = online_sequences.train(config_of("adding", solved=0.0), "bptt", 5, 1e6, 0)
    assert lost["steps"] == [2]


@pytest.mark.slow
def test_nothing_of_the_test_set_is_seen_by_what_chooses(monkeypatch):
    real, asked = online_sequences.examples, []

    def examples(config, T, count, seed):
        asked.append(seed)
        return real(config, T, count, seed)

    monkeypatch.setattr(online_sequences, "examples", examples)
    config = config_of("adding")
    online_sequences.trial(config, "bptt", 5, 1e-3, 100)
    assert online_sequences.TEST not in asked
    online_sequences.train(config, "bptt", 5, 1e-3, 0)
    assert asked.count(online_sequences.TEST) == 1
    assert asked[-1] == online_sequences.TEST
    assert online_sequences.VALIDATION in asked
    assert len(set(asked)) == len(asked) - 1  # only the validation sequences come twice


def test_the_seeds_of_a_run_differ_in_all_that_is_drawn():
    config = config_of("adding", units=6)
    kernels = []
    for seed in (0, 1):
        model = online_sequences.build_model(config, "kernl", 5, 1e-3, seed)
        kernels.append(np.concatenate([w.numpy().ravel() for w in model.kernel.weights]))
    assert np.abs(kernels[0] - kernels[1]).max() > 1e-3


@pytest.mark.slow
def test_inside_the_sequence_both_change_the_weights_as_often():
    config = config_of("inside", max_n=5)
    updates = {}
    for rule in online_sequences.TASKS["inside"]["rules"]:
        model = online_sequences.build_model(config, rule, 12, 1e-3, 0)
        x, y = online_sequences.examples(config, 12, 4, 0)
        model.fit(x, y, batch_size=4, verbose=0)
        updates[rule] = int(model.optimizer.iterations.numpy())
    assert set(updates.values()) == {12 / config.update_every}
    assert config.window == config.update_every


def test_a_readout_alone_leaves_the_net_as_it_was_drawn():
    images = np.random.default_rng(0).random((20, 784), np.float32)
    config = online_mnist.Config(
        **online_mnist.TASKS["pixels"] | {"rule": "bptt", "trained": "readout", "pixels": 28}
    )
    x = 10 * images.reshape(-1, 28, 28)
    model = online_mnist.build_model(config, 10, x, seed=0)
    h = model.readout.layers[0](model.rnn(x)).numpy() / config.readout_speed
    moving = model.rnn(x).numpy().std(axis=0) > 1e-3  # a saturated unit says nothing
    assert moving.mean() > 0.9
    np.testing.assert_allclose(h[:, moving].mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(h[:, moving].std(axis=0), 1, atol=1e-3)
    before = model.cell.W_hh.numpy()
    model.fit(x, np.arange(20) % 10, verbose=0)
    np.testing.assert_array_equal(model.cell.W_hh.numpy(), before)
    assert np.abs(model.readout.trainable_weights[0].numpy()).max() > 0


def test_runs_that_differ_are_kept_apart():
    """They may run side by side."""
    runs = [settings for module, settings in EXPERIMENTS.values() if module == "online_mnist"]
    kept = {
        online_mnist.unfinished(
            online_mnist.Config(**online_mnist.TASKS[settings["task"]] | settings), seed
        )
        for settings in runs
        for seed in range(3)
    }
    assert len(kept) == 3 * len(runs) >= 3 * 5


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
