"""Every part at small sizes, with this machine's CPU in the place of the GPU."""

import importlib

import pytest

from course_lib.benchmarks import gpu
from course_lib.benchmarks.on_gpu import cells, exercises, part, pixels, steps
from course_lib.benchmarks.on_gpu.devices import HOST, apart
from course_lib.training.experiments import scanned_mnist
from course_lib.training.reference_steps import STEPS


def rows(name):
    """What a part gives when the host is taken for the GPU."""
    one = gpu.PARTS[name]
    module = importlib.import_module(f"course_lib.benchmarks.on_gpu.{one.module}")
    return list(part.rows(module.tasks(HOST, True, 60.0, **one.settings), float("inf")))


@pytest.mark.slow
@pytest.mark.parametrize("name", gpu.PARTS)
def test_a_part_does_all_of_its_rows(name):
    found = rows(name)
    assert found
    assert gpu.fine({"rows": found}), found
    for row in found:
        assert "failed" not in row, row
        assert "left_out" not in row


def test_the_cells_are_timed_around_a_centre_first():
    sizes = cells.grid()
    assert sizes[0] == cells.CENTRE
    assert len({tuple(one.values()) for one in sizes}) == len(sizes) == 27
    others = [sum(one[key] != cells.CENTRE[key] for key in one) for one in sizes]
    assert others == sorted(others)


@pytest.mark.parametrize(
    "losses",
    [
        {"cuDNN LSTM": 2.3, "our LSTM": 2.5},
        {"cuDNN GRU": 2.3, "our GRU, XLA": float("nan")},
        {"cuDNN LSTM": 2.3, "our LSTM": 2.3, "cuDNN GRU": 2.3, "our GRU, XLA": 2.2},
    ],
)
def test_cells_that_take_other_steps_are_not_compared(losses):
    with pytest.raises(RuntimeError, match="don't take the same step"):
        cells.same_losses(losses)


def test_cells_that_take_the_same_step_are():
    cells.same_losses(
        {"cuDNN LSTM": 2.3, "our LSTM": 2.301, "cuDNN GRU": 1.1, "our GRU, XLA": 1.101}
    )
    cells.same_losses({"cuDNN GRU": 1.1})


def test_a_step_that_gives_other_numbers_there():
    """The loss of the second model that is built is another one."""
    built = []

    def build(T):
        built.append(T)
        step = STEPS["vanilla"](T)
        take = step.take
        share = 1.0 + 1e-6 * (len(built) - 1)
        return type(step)(lambda x, y: take(x, y) * share, step.x, step.y, step.variables)

    row = steps.compare(build, HOST, "float64")
    assert 1e-7 < row["apart"] < 1e-5
    assert not row["same"]
    assert not row["ok"]


def test_a_step_whose_numbers_are_computed_elsewhere(monkeypatch):
    monkeypatch.setattr(steps, "elsewhere", lambda graphs, device: ({"MatMul"}, {"Shape"}))
    row = steps.compare(STEPS["vanilla"], HOST, "float32")
    assert row["same"]
    assert row["fell_back"] == ["MatMul"]
    assert not row["ok"]


def test_an_exercise_whose_numbers_are_others_there(monkeypatch):
    import numpy as np

    true = exercises._outputs
    given = iter((1.0, 1.0 + 1e-8))

    def outputs(exercise, device):
        share = next(given)
        found = true(exercise, device)
        return {key: np.asarray(value * share, value.dtype) for key, value in found.items()}

    monkeypatch.setattr(exercises, "_outputs", outputs)
    row = exercises.climb_and_compare("fast_scan", HOST)
    assert row["passed"]
    assert row["apart"]["float64"] > 1e-10
    assert not row["ok"]


def test_what_is_apart():
    assert apart([1.0, 2.0], [1.0, 2.0]) == 0.0
    assert apart([0.0, 200.0], [0.0, 100.0]) == 1.0
    assert apart([], []) == 0.0
    with pytest.raises(ValueError, match="has the shape"):
        apart([1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="not finite"):
        apart([float("nan")], [1.0])


@pytest.mark.parametrize(("until", "epochs"), [(1.0, 1), (100.0, 7), (10_000.0, 10)])
def test_so_many_epochs_as_there_is_time_for(until, epochs, monkeypatch):
    """2,000 of 5,000 images take 4 seconds, so an epoch takes 10, and 75 of 100 seconds give 7."""
    configs = []

    def train(config, data, seed, verbose):
        configs.append(config)
        names = ("train_loss", "validation_loss", "validation_accuracy", "test_accuracy")
        return {name: [0.5] * config.epochs for name in names} | {"seconds": [4.0] * config.epochs}

    monkeypatch.setattr(scanned_mnist, "train", train)
    monkeypatch.setattr("course_lib.data.mnist.find_full_mnist", lambda: None)
    monkeypatch.setattr(pixels.time, "monotonic", lambda: 0.0)
    row = pixels.trained(HOST, False, until)
    assert row["data"] == "subset"
    assert row["epochs"] == configs[-1].epochs == epochs
    assert configs[-1].units == 256
    assert configs[-1].examples == 0
