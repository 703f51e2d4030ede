"""Full-length runs by name: what is stored, where, and what is refused."""

import json

import numpy as np
import pytest

from course_lib.data import DataError, Mnist
from course_lib.sources import notebook_2019
from course_lib.training import EXPERIMENTS, reproduce, stored_result
from course_lib.training.reproduce import command

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

    monkeypatch.setattr("course_lib.training.vanilla_mnist.run", run)
    monkeypatch.chdir(tmp_path)
    result = reproduce("vanilla-mnist-constant", quick=True, seed=3, out=out)
    assert set(result) == FIELDS
    assert result["config"] == {"decay": "none"}
    assert result["command"] == "course reproduce vanilla-mnist-constant --quick --seed 3"
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [json.loads(path.read_text()) for path in files] == ([result] if out else [])


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

    monkeypatch.setattr("course_lib.training.delays.run", run)
    result = reproduce("cells-copy", quick=True)
    assert seen == [None]
    assert result["config"]["task"] == "copy"


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


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_stored_results_hold_what_a_reader_needs(name):
    result = stored_result(name)
    assert set(result) == FIELDS
    assert result["command"].startswith(f"course reproduce {name}")
    assert "/" not in json.dumps([result["command"], result["hardware"]])


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
