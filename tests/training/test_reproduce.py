"""Full-length runs by name: what is stored, where, and what is refused."""

import datetime
import importlib
import inspect
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from course_lib.cli import app
from course_lib.data import DataError, Mnist
from course_lib.training import EXPERIMENTS, reproduce, stored_result, stored_seeds
from course_lib.training.experiments import experiment
from course_lib.training.reproduce import check, command

FIELDS = {
    "name",
    "command",
    "seed",
    "versions",
    "hardware",
    "date",
    "seconds",
    "config",
    "curves",
    "summary",
}


@pytest.fixture
def tiny(monkeypatch):
    """A data set so small that a run takes seconds."""
    rng = np.random.default_rng(0)

    def load(size="subset", path=None, fallback=True):
        x, y = rng.random((1_300, 28, 28), np.float32), rng.integers(0, 10, 1_300)
        return Mnist(x, y, x[:100], y[:100], "subset" if size == "subset" else "file")

    monkeypatch.setattr("course_lib.data.load_mnist", load)


def test_unknown_name():
    with pytest.raises(ValueError, match=r"There is: .*vanilla-mnist"):
        reproduce("no-such-run")


@pytest.mark.parametrize("out", [None, "here/run.json"])
def test_a_quick_run_is_stored_only_where_told(out, tiny, tmp_path, monkeypatch):
    def run(data, seed, quick, **settings):
        return {"config": settings, "curves": {}, "summary": {}}

    monkeypatch.setattr("course_lib.training.experiments.vanilla_mnist.run", run)
    monkeypatch.chdir(tmp_path)
    result = reproduce("vanilla-mnist-constant", quick=True, seed=3, out=out)
    assert set(result) == FIELDS
    assert result["config"] == {"decay": "none"}
    assert result["command"] == "course reproduce vanilla-mnist-constant --quick --seed 3"
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [json.loads(path.read_text()) for path in files] == ([result] if out else [])


def test_a_clock_that_is_set_back_meanwhile_makes_no_seconds(tiny, monkeypatch):
    instants = iter(range(2_000_000_000, 0, -3600))

    class Clock(datetime.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls.fromtimestamp(next(instants), tz)

    monkeypatch.setattr(datetime, "datetime", Clock)
    monkeypatch.setattr(
        "course_lib.training.experiments.vanilla_mnist.run",
        lambda data, seed, quick, **settings: {"config": {}, "curves": {}, "summary": {}},
    )
    assert reproduce("vanilla-mnist", quick=True)["seconds"] == 0


def test_a_quick_run(tiny):
    result = reproduce("vanilla-mnist", quick=True)
    assert set(result["curves"]) == {
        "train_loss",
        "train_accuracy",
        "validation_loss",
        "validation_accuracy",
        "test_accuracy",
    }
    assert all(len(curve) == 2 for curve in result["curves"].values())
    assert result["config"]["train"] == 300


def test_a_run_that_makes_its_own_data_loads_none(monkeypatch):
    seen = []

    def run(data, seed, quick, **settings):
        seen.append(data)
        return {"config": settings, "curves": {}, "summary": {}}

    monkeypatch.setattr("course_lib.training.experiments.delays.run", run)
    result = reproduce("cells-copy", quick=True)
    assert seen == [None]
    assert result["config"]["task"] == "copy"


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_mnist_is_loaded_for_whoever_takes_it_and_for_nobody_else(name):
    """Where `run` says that its data may be None, nothing is downloaded."""
    module, _ = experiment(name)
    takes = str(inspect.signature(module.run).parameters["data"].annotation)
    assert getattr(module, "NEEDS_MNIST", True) == ("None" not in takes)


def test_a_full_run_refuses_other_data(tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="not the full MNIST"):
        reproduce("vanilla-mnist", data="mine.npz")
    assert not list(tmp_path.iterdir())


def test_a_command_names_no_folder(tmp_path):
    line = command("vanilla-mnist", tmp_path / "mnist.npz", seed=0, quick=False)
    assert line == "course reproduce vanilla-mnist --data mnist.npz"


def test_no_stored_result(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match="course reproduce vanilla-mnist"):
        stored_result("vanilla-mnist")
    with pytest.raises(FileNotFoundError, match="course bench lstm"):
        stored_result("bench-lstm")
    with pytest.raises(FileNotFoundError, match="make gpu, on a machine with one"):
        stored_result("bench-gpu")


def test_the_stored_seeds_of_a_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "benchmarks" / "results"
    folder.mkdir(parents=True)
    for name, end, seed in (
        ("run", "-seed10", 10),
        ("run", "", 0),
        ("run", "-seed2", 2),
        ("run-b", "", 1),
    ):
        (folder / f"{name}{end}.json").write_text(json.dumps({"name": name, "seed": seed}))
    assert [one["seed"] for one in stored_seeds("run")] == [0, 2, 10]
    assert [one["seed"] for one in stored_seeds("run-b")] == [1]
    with pytest.raises(FileNotFoundError, match="course reproduce run-c"):
        stored_seeds("run-c")


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_stored_results_hold_what_a_reader_needs(name):
    result = stored_result(name)
    assert set(result) == FIELDS
    assert result["command"].startswith(f"course reproduce {name}")
    assert "/" not in json.dumps([result["command"], result["hardware"]])


# --- run again and compared ----------------------------------------------------------------------


@pytest.fixture
def stored(tmp_path, monkeypatch):
    """A folder with a stored result of each of three seeds; and the run that gives them."""
    accuracy = {0: 0.5, 1: 0.52, 2: 0.51}

    def run(data, seed, quick, **settings):
        assert not quick
        return {"config": settings, "curves": {}, "summary": {"accuracy": accuracy[seed]}}

    monkeypatch.setattr("course_lib.training.experiments.delays.run", run)
    monkeypatch.chdir(tmp_path)
    for seed in accuracy:
        reproduce("cells-copy", seed=seed)
    return accuracy


def results(folder):
    return {path: path.read_bytes() for path in folder.rglob("*.json")}


def on_another_machine(monkeypatch):
    monkeypatch.setattr(importlib.import_module(MODULE), "hardware", lambda: {"cpu": "another"})


MODULE = "course_lib.training.reproduce"  # in the package, the name stands for the function


@pytest.mark.parametrize("seed", [0, 1])
def test_the_same_run_is_the_same_and_nothing_is_written(seed, stored, tmp_path):
    before = results(tmp_path)
    assert check("cells-copy", seed=seed).outcome == "the same"
    assert results(tmp_path) == before
    assert len(before) == 3


@pytest.mark.parametrize(
    ("now", "outcome"), [(0.49, "within the spread of another processor"), (0.47, "different")]
)
def test_the_stored_seeds_are_the_measure(now, outcome, stored, monkeypatch):
    on_another_machine(monkeypatch)
    stored[0] = now
    assert check("cells-copy").outcome == outcome


def test_a_result_under_another_name_is_no_seed_of_this_one(stored, tmp_path, monkeypatch):
    """cells-copy-open begins as cells-copy does, and lies beside it."""
    on_another_machine(monkeypatch)
    file = tmp_path / "benchmarks/results/cells-copy-seed9.json"
    other = json.loads(file.with_name("cells-copy.json").read_text())
    other |= {"name": "cells-copy-open", "seed": 9, "summary": {"accuracy": 0.1}}
    file.write_text(json.dumps(other))
    stored[0] = 0.4
    assert check("cells-copy").outcome == "different"


def test_a_seed_that_is_not_stored_can_not_be_checked(stored):
    with pytest.raises(FileNotFoundError, match="course reproduce cells-copy --seed 7"):
        check("cells-copy", seed=7)
    with pytest.raises(ValueError, match="There is: "):
        check("no-such-run")


@pytest.mark.parametrize(
    ("now", "code", "first_line"),
    [
        (0.5, 0, "cells-copy: the same"),
        (0.49, 0, "cells-copy: within the spread of another processor (0.01, where seeds"),
        (0.4, 1, "cells-copy: different"),
    ],
)
def test_the_command_says_what_came_of_it(now, code, first_line, stored, monkeypatch):
    on_another_machine(monkeypatch)
    stored[0] = now
    result = CliRunner().invoke(app, ["reproduce", "cells-copy", "--check"])
    assert result.exit_code == code
    assert result.stdout.startswith(first_line)


def test_the_command_without_a_spread_exits_with_3(stored, tmp_path, monkeypatch):
    on_another_machine(monkeypatch)
    for file in (tmp_path / "benchmarks/results").glob("*-seed*.json"):
        file.unlink()
    stored[0] = 0.49
    result = CliRunner().invoke(app, ["reproduce", "cells-copy", "--check"])
    assert result.exit_code == 3
    assert "no spread is stored" in result.stdout
    assert "course reproduce cells-copy --seed 1" in result.stdout


@pytest.mark.parametrize("more", [["--quick"], ["--out", "x.json"], ["--workers", "2"]])
def test_a_check_is_of_the_full_run_only(more, stored):
    result = CliRunner().invoke(app, ["reproduce", "cells-copy", "--check", *more])
    assert result.exit_code == 2
    assert "leave --quick, --out and --workers away" in result.stderr


def test_a_check_of_what_was_never_stored_says_so(stored):
    result = CliRunner().invoke(app, ["reproduce", "cells-copy", "--check", "--seed", "7"])
    assert result.exit_code == 2
    assert "Make it: course reproduce cells-copy --seed 7" in result.stderr
