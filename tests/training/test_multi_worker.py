"""Several workers end with the weights of one process, which are those of Keras's own `fit`."""

import json
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

from course_lib.cli import app
from course_lib.training import EXPERIMENTS, workers
from course_lib.training.experiments import experiment
from course_lib.training.workers import WorkerError, rank, start

# A model with momentum, clipping and a penalty: each is wrong in its own way if the sum is.
TASK = """
import course_lib.quiet
import json, os, sys
import keras, numpy as np
import tensorflow as tf
from course_lib.layers import RecurrentClassifier
from course_lib.training import multi_worker, seed_everything, workers

def build(learning_rate=0.5):
    seed_everything(0)
    model = RecurrentClassifier(4, 3, "gru", units=5, classes=3, l2=0.01)
    model.build((None, 4, 3))
    optimizer = keras.optimizers.SGD(learning_rate, momentum=0.9, global_clipnorm=0.1)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"], jit_compile=False)
    return model

rng = np.random.default_rng(0)
x, y = rng.random((33, 4, 3), np.float32), rng.integers(0, 3, 33)
others = rng.random((11, 4, 3), np.float32), rng.integers(0, 3, 11)
common = {"epochs": 2, "validation_data": others, "batch_size": 7, "seed": 3}  # shares: 4 and 3
"""
WORKER = (
    TASK
    + """
number, strategy = workers.rank(2), workers.strategy()
assert strategy.num_replicas_in_sync == 2
model, curves = multi_worker.train(strategy, build, (x, y), **common)
np.savez(f"worker{number}.npz", *model.get_weights(), **curves)
print(f"this is worker {number}")
"""
)


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory):
    """The weights and curves of each worker."""
    folder = tmp_path_factory.mktemp("workers")
    program = f"import os; os.chdir({str(folder)!r})\n{WORKER}"
    start(2, [sys.executable, "-c", program])
    return [dict(np.load(folder / f"worker{number}.npz")) for number in (0, 1)]


@pytest.fixture(scope="module")
def one_process():
    """The same loop without other workers, and Keras's own `fit`."""
    import tensorflow as tf

    from course_lib.training import multi_worker
    from course_lib.training.fit import fit

    task = {}
    exec(TASK, task)
    data = task["x"], task["y"]
    model, curves = multi_worker.train(
        tf.distribute.get_strategy(), task["build"], data, **task["common"]
    )
    by_keras = task["build"]()
    curves_of_keras = fit(by_keras, data, verbose=0, **task["common"])
    return [
        {f"arr_{i}": w for i, w in enumerate(m.get_weights())} | c
        for m, c in ((model, curves), (by_keras, curves_of_keras))
    ]


@pytest.mark.slow
def test_the_workers_agree_to_the_last_bit(two_workers):
    first, second = two_workers
    assert set(first) == set(second) >= {"arr_4", "loss", "accuracy", "val_loss", "val_accuracy"}
    for key in first:
        np.testing.assert_array_equal(first[key], second[key])


@pytest.mark.slow
@pytest.mark.parametrize("key", ["two workers", "Keras"])
def test_the_result_is_that_of_one_process(key, two_workers, one_process):
    """To 1e-5: ten steps, each with some roundings of 6e-8, as sums are taken in another order.

    A gradient twice as large, or clipped before the sum, is off by more than 0.01.
    """
    loop, keras = one_process
    other = {"two workers": two_workers[0], "Keras": keras}[key]
    assert set(other) == set(loop)
    for name, value in loop.items():
        np.testing.assert_allclose(other[name], value, rtol=0, atol=1e-5, err_msg=name)


def test_a_batch_that_can_not_be_shared():
    from course_lib.training.multi_worker import Loop

    loop = Loop.__new__(Loop)
    loop.rank, loop.workers = 0, 4
    with pytest.raises(ValueError, match="A batch of 3 has no share for each of 4 workers"):
        loop.train(np.zeros((3, 2)), np.zeros(3))


def test_a_lost_number_is_told():
    import tensorflow as tf

    from course_lib.training import multi_worker

    task = {}
    exec(TASK, task)
    x = task["x"] * np.float32(np.nan)
    with pytest.raises(ArithmeticError, match="The loss is nan in epoch 1, step 1"):
        multi_worker.train(
            tf.distribute.get_strategy(), task["build"], (x, task["y"]), epochs=1, batch_size=33
        )


# Starting the processes


def test_one_that_fails_stops_the_others(tmp_path, still_running):
    program = (
        "import json, os, sys, time, pathlib\n"
        "number = json.loads(os.environ['TF_CONFIG'])['task']['index']\n"
        f"here = pathlib.Path({str(tmp_path)!r})\n"
        "(here / str(number)).write_text(str(os.getpid()))\n"
        "while len(list(here.iterdir())) < 2: time.sleep(0.01)\n"
        "if number == 1: sys.exit('out of luck')\n"
        "time.sleep(600)\n"
    )
    with pytest.raises(WorkerError, match=r"Worker 1 of 2 failed\.\nout of luck"):
        start(2, [sys.executable, "-c", program])
    assert not still_running([int((tmp_path / "0").read_text())])


def test_the_first_one_is_heard(capfd):
    start(2, [sys.executable, "-c", "import os; print(os.environ['CUDA_VISIBLE_DEVICES'])"])
    assert capfd.readouterr().out == "-1\n"


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("{", "must be JSON such as"),
        ('{"cluster": {"worker": ["a:1", "b:1"]}}', "must be JSON such as"),
        ('{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 0}}', "names 1"),
        (
            '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 2}}',
            "number 2",
        ),
        ('{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "ps", "index": 0}}', "JSON"),
    ],
)
def test_a_config_that_does_not_fit(config, message, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", config)
    with pytest.raises(WorkerError, match=message):
        rank(2)


# course reproduce --workers


def run(*arguments):
    result = CliRunner().invoke(app, ["reproduce", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_a_run_is_started_as_often_as_asked(monkeypatch, tmp_path):
    started = []
    monkeypatch.delenv("TF_CONFIG", raising=False)
    monkeypatch.setattr(workers, "start", lambda count, command: started.append((count, command)))
    out = tmp_path / "out.json"
    assert run("vanilla-mnist", "--workers", 3, "--quick", "--out", out).exit_code == 0
    ((count, command),) = started
    assert count == 3
    expected = ["reproduce", "vanilla-mnist", "--seed", "0", "--workers", "3"]
    assert command[3:] == [*expected, "--quick", "--out", str(out)]


def test_a_run_that_can_not_be_shared_says_so(monkeypatch):
    monkeypatch.setitem(EXPERIMENTS, "alone", ("ngrams", {}))
    module, _ = experiment("alone")
    monkeypatch.setattr(module, "run", lambda data, seed, quick: {}, raising=False)
    result = run("alone", "--workers", 2)
    assert result.exit_code == 2
    assert "alone runs in one process only. With workers there is: vanilla-mnist" in result.stderr


@pytest.mark.slow
def test_two_workers_store_one_result(tmp_path):
    """The command itself, on a corner of the subset; both workers, one file."""
    out = tmp_path / "out.json"
    program = (
        "from course_lib.training.experiments import vanilla_mnist\n"
        "vanilla_mnist.QUICK = {'epochs': 1, 'validation': 4_600, 'units': 8}\n"
        "from course_lib.cli import app\n"
        f"app(['reproduce', 'vanilla-mnist', '--quick', '--workers', '2', '--out', {str(out)!r}])"
    )
    start(2, [sys.executable, "-c", program])
    result = json.loads(out.read_text())
    assert result["command"] == "course reproduce vanilla-mnist --quick --workers 2"
    assert all(len(curve) == 1 for curve in result["curves"].values())
    assert 0 < result["summary"]["test_accuracy"] < 1
