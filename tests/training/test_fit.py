"""Training that goes on after a kill, stops early, and gives the same on two devices."""

import gc
import subprocess
import sys

import keras
import numpy as np
import pytest

from course_lib.training import seed_everything
from course_lib.training.fit import batches, fit, order


@pytest.fixture(autouse=True)
def collected():
    """Free a run's graphs and iterators at once.

    Left to Python, one collection of many runs' garbage stalled for some 35 s here; the cause was
    not found.
    """
    yield
    gc.collect()


KILLED = -9  # by SIGKILL, which Windows does not have

MODEL = """
import course_lib.quiet
import keras, numpy as np, os, signal, sys
import tensorflow as tf
from course_lib.layers import RecurrentClassifier
from course_lib.training import seed_everything
from course_lib.training.fit import fit

rng = np.random.default_rng(0)
x, y = rng.random((40, 7, 3), np.float32), rng.integers(0, 4, 40)
others = rng.random((12, 7, 3), np.float32), rng.integers(0, 4, 12)

def build(optimizer, dropout):
    seed_everything(0)
    model = RecurrentClassifier(7, 3, "gru", 6, layers=2, dropout=dropout, l2=1e-3, classes=4)
    model.build((None, 7, 3))
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model
"""

# Sums must be repeatable, or two unbroken runs would differ as well.
RESUME = (
    MODEL
    + """
tf.config.experimental.enable_op_determinism()

class Kill(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch
    def on_train_batch_end(self, batch, logs=None):
        if (self.epoch, batch) == (3, 4):
            os.kill(os.getpid(), signal.SIGKILL)

def run(name, folder=None, callbacks=()):
    model = build(keras.optimizers.Adam(0.05), dropout=0.3)
    curves = fit(model, (x, y), validation_data=others, epochs=8, batch_size=6, patience=4,
                 checkpoint_dir=folder, callbacks=callbacks, verbose=0)
    np.savez(name, *model.get_weights(), epochs=curves["loss"], validation=curves["val_loss"])

if sys.argv[1] == "killed":
    run("unbroken.npz")
    run("never.npz", "kept", [Kill()])
else:
    run("resumed.npz", "kept")
    run("again.npz", "kept")  # of a finished run nothing is left but to take its weights
"""
)

MIRRORED = (
    MODEL
    + """
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)

def run(name, epochs, folder=None):
    model = build(keras.optimizers.SGD(0.1, momentum=0.9), dropout=0.0)
    curves = fit(model, (x, y), epochs=epochs, batch_size=12,  # the last batch is of four
                 checkpoint_dir=folder, verbose=0)
    np.savez(name, *model.get_weights(), epochs=curves["loss"])
    return model

run("one.npz", 3)
with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
    run("two.npz", 1, "kept")
    model = run("two.npz", 3, "kept")  # goes on from there
assert model.distribute_strategy.num_replicas_in_sync == 2
assert len(model.weights[0].value.values) == 2

def refused(model, batch_size, words):
    try:
        fit(model, (x, y), epochs=1, batch_size=batch_size)
    except ValueError as error:
        assert words in str(error)
    else:
        raise AssertionError("it was taken")

refused(model, 5, "2 devices share a batch evenly")
with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
    clipping = build(keras.optimizers.SGD(0.1, global_clipnorm=1.0), dropout=0.0)
refused(clipping, 12, "clips the gradients of each")
"""
)


def python(program, *arguments, folder):
    """Run a program in a process of its own; its return code."""
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=folder, capture_output=True, text=True
    )
    assert done.returncode in (0, KILLED), done.stderr
    return done.returncode


def build(learning_rate=0.1):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile(keras.optimizers.SGD(learning_rate), "mse")
    return model


def regression(count=24):
    """Targets that a linear layer can learn, and others that it can't."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(count, 3)).astype(np.float32)
    return (x, (x @ rng.normal(size=(3, 2))).astype(np.float32)), (x, -x[:, :2])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_killed_run_ends_with_the_weights_of_an_unbroken_one(tmp_path):
    """Bit for bit; with dropout, Adam, early stopping, and its best epoch before the kill."""
    assert python(RESUME, "killed", folder=tmp_path) == KILLED
    assert not (tmp_path / "never.npz").exists()
    assert python(RESUME, "resumed", folder=tmp_path) == 0
    unbroken = np.load(tmp_path / "unbroken.npz")
    assert np.argmin(unbroken["validation"]) < 3  # the kill was in the epoch of index 3
    assert len(unbroken["epochs"]) > 4
    for name in ("resumed.npz", "again.npz"):
        other = np.load(tmp_path / name)
        assert set(other) == set(unbroken)
        for key in unbroken:
            np.testing.assert_array_equal(other[key], unbroken[key], strict=True)


@pytest.mark.slow
def test_two_devices_give_the_result_of_one(tmp_path):
    """To 1e-5: in float32, two half sums added are not the whole sum to the last digit.

    One rounding is 6e-8; twelve steps with momentum add some up. A wrong mean, such as a gradient
    of twice the size, is off by more than 0.01.
    """
    python(MIRRORED, folder=tmp_path)
    one, two = np.load(tmp_path / "one.npz"), np.load(tmp_path / "two.npz")
    for key in one:
        np.testing.assert_allclose(two[key], one[key], rtol=0, atol=1e-5)


def test_the_order_is_a_function_of_seed_and_epoch():
    orders = {(s, e): tuple(np.asarray(order(50, s, e))) for s in (0, 1) for e in (0, 1)}
    assert len(set(orders.values())) == 4
    assert all(sorted(one) == list(range(50)) for one in orders.values())
    assert tuple(np.asarray(order(50, 0, 1))) == orders[0, 1]


def test_batches_begin_at_any_epoch():
    x, y = np.arange(10.0), np.arange(10)
    whole = [np.asarray(b[1]) for b in batches(x, y, 4, seed=3, first_epoch=0, epochs=3)]
    rest = [np.asarray(b[1]) for b in batches(x, y, 4, seed=3, first_epoch=1, epochs=3)]
    assert [len(b) for b in whole] == [4, 4, 2] * 3
    np.testing.assert_array_equal(np.concatenate(rest), np.concatenate(whole[3:]))


@pytest.mark.parametrize("epochs", [3, 30], ids=["epochs run out", "stopped"])
def test_early_stopping_takes_the_best_weights(epochs):
    data, unlearnable = regression()
    model = build()
    curves = fit(model, data, validation_data=unlearnable, epochs=epochs, patience=3, verbose=0)[
        "val_loss"
    ]
    assert len(curves) <= 4  # every step takes it further away
    assert np.argmin(curves) < len(curves) - 1
    best = model.evaluate(*unlearnable, verbose=0)
    assert best == pytest.approx(min(curves), rel=1e-5)


@pytest.mark.parametrize("lost", [{0}, {0, 2}, {1}])
def test_early_stopping_never_takes_an_epoch_without_a_number(lost):
    class Lost(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["val_loss"] = np.nan if epoch in lost else logs["val_loss"]
            seen.append((logs["val_loss"], self.model.get_weights()))

    seen = []
    rng = np.random.default_rng(1)
    x, others = rng.normal(size=(2, 20, 3)).astype(np.float32)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    fit(
        model, (x, x[:, :1]), validation_data=(others, others[:, :1]), epochs=4, patience=2,
        callbacks=[Lost()], verbose=0,
    )  # fmt: skip
    assert len(seen) == 4
    best = min((one for one in seen if np.isfinite(one[0])), key=lambda one: one[0])
    for now, then in zip(model.get_weights(), best[1], strict=True):
        np.testing.assert_array_equal(now, then)


def test_more_epochs_go_on_from_the_checkpoint(tmp_path):
    data, _ = regression()
    long, short = build(), build()
    curves = fit(long, data, epochs=4, verbose=0)
    fit(short, data, epochs=1, checkpoint_dir=tmp_path, verbose=0)
    new = build(learning_rate=5.0)  # the rate too is the checkpoint's
    assert fit(new, data, epochs=4, checkpoint_dir=tmp_path, verbose=0)["loss"] == pytest.approx(
        curves["loss"], rel=1e-6
    )
    np.testing.assert_allclose(new.get_weights()[0], long.get_weights()[0], rtol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"data": (np.ones((4, 3)), np.ones((5, 2)))}, "4 inputs and 5 targets"),
        ({"patience": 2}, "give validation_data"),
        ({"batch_size": 7}, "this one has .*'batch_size': 7"),
        ({"seed": 5}, "this one has .*'seed': 5"),
    ],
)
def test_what_does_not_fit_is_refused(change, message, tmp_path):
    settings = {"data": regression()[0], "epochs": 1, "checkpoint_dir": tmp_path, "verbose": 0}
    fit(build(), **settings)
    with pytest.raises(ValueError, match=message):
        fit(build(), **{**settings, **change})


def test_a_checkpoint_takes_numbers_that_numpy_counted(tmp_path):
    data, _ = regression()
    settings = {"data": data, "checkpoint_dir": tmp_path, "verbose": 0}
    numbers = {"seed": np.int64(3), "batch_size": np.int32(6)}
    fit(build(), epochs=1, **settings, **numbers)
    curves = fit(build(), epochs=2, **settings, seed=3, batch_size=6)
    assert len(curves["loss"]) == 2


@pytest.mark.parametrize(
    "change", [{"seed": None}, {"seed": 1.0}, {"batch_size": 0}, {"batch_size": 2.5}]
)
def test_a_seed_or_a_batch_size_that_is_none_is_refused(change):
    (name, value), *_ = change.items()
    with pytest.raises(ValueError, match=f"^{name} is {value}; give a whole number"):
        fit(build(), regression()[0], epochs=1, verbose=0, **change)


def test_everything_is_seeded_by_a_number_that_numpy_counted():
    drawn = [
        (seed_everything(seed), np.array(keras.random.uniform((3,))))[1]
        for seed in (3, np.int64(3))
    ]
    np.testing.assert_array_equal(*drawn)
    for none in (None, 3.0, True, -1):
        with pytest.raises(ValueError, match=f"^seed is {none}; give a whole number"):
            seed_everything(none)
    with pytest.raises(ValueError, match=f"^seed is {2**32}; the largest"):
        seed_everything(2**32)


def test_another_model_is_refused(tmp_path):
    data, _ = regression()
    fit(build(), data, epochs=1, checkpoint_dir=tmp_path, verbose=0)
    other = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(2)])
    other.compile("sgd", "mse")
    with pytest.raises(ValueError, match="of another model"):
        fit(other, data, epochs=2, checkpoint_dir=tmp_path, verbose=0)


def test_a_model_without_weights_is_refused():
    model = keras.Sequential([keras.layers.Dense(2)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="no weights yet"):
        fit(model, regression()[0], epochs=1)
