"""What watches a run: which layer lost a number, what a checkpoint survives, curves to look at."""

import gc

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_lib.layers import RecurrentClassifier, compile_classifier
from course_lib.training import callbacks
from course_lib.training.callbacks import NonFiniteError
from course_lib.training.fit import fit, order


@pytest.fixture(autouse=True)
def collected():
    """Free a run's graphs and iterators at once.

    Left to Python, one collection of many runs' garbage stalled for some 35 s here; the cause was
    not found.
    """
    yield
    gc.collect()


@keras.saving.register_keras_serializable("test")
class Bad(keras.layers.Layer):
    """Passes x on, but for its output where x is large, or for its gradient everywhere."""

    def __init__(self, what, **kwargs):
        super().__init__(**kwargs)
        self.what = what

    def build(self, shape):
        self.scale = self.add_weight(shape=(), initializer="ones", name="scale")

    def call(self, x):
        y = x * self.scale
        if self.what == "output":
            return y + tf.exp(y - 100.0)
        return y + tf.sqrt(y - y)  # √0 is 0, but its slope is infinite


def data(bad_at=13, count=20):
    x = np.random.default_rng(0).random((count, 3), np.float32)
    if bad_at is not None:
        x[bad_at] = 1000.0
    return x, x[:, :2].copy()


def model(*layers, loss="mse", learning_rate=1e-3):
    keras.utils.set_random_seed(0)
    made = keras.Sequential([keras.Input((3,)), *layers])
    made.compile(keras.optimizers.SGD(learning_rate), loss)
    return made


def stopped(made, examples, finite=True, **settings):
    with pytest.raises(NonFiniteError) as caught:
        fit(made, examples, epochs=4, batch_size=4, verbose=0, **settings)
    assert all(np.isfinite(w).all() for w in made.get_weights()) == finite
    return caught.value


def dense(name):
    return keras.layers.Dense(2, kernel_initializer="ones", name=name)


@pytest.mark.parametrize("what", ["output", "gradient"])
def test_the_layer_is_named(what):
    """The middle one, though the update has spread the NaN over all."""
    error = stopped(model(dense("first"), Bad(what, name="bad"), dense("last")), data())
    assert (error.layer, error.epoch) == ("bad", 1)
    assert f"in the {what} of" in str(error)
    assert f"epoch 1, step {error.step}" in str(error)


def test_a_learning_rate_that_is_too_large():
    error = stopped(model(dense("only"), learning_rate=1e30), data(bad_at=None))
    message = str(error)
    assert "the output of layer 'only' reaches" in message
    assert "a smaller learning rate (it was 1e+30)" in message
    assert "global_clipnorm=1.0" in message
    assert "from_logits=True" in message


def test_the_weights_are_those_from_before_the_step():
    made = model(dense("only"), learning_rate=1e30)
    before = made.get_weights()
    stopped(made, (np.full((4, 3), 1e30, np.float32), np.zeros((4, 2), np.float32)))
    for now, then in zip(made.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_the_loss_itself():
    """The logarithm of a probability that has become 0: no layer is to blame."""

    def careless(y_true, y_pred):
        return -tf.math.log(tf.nn.softmax(y_pred * [0.0, 1e4])[:, :1])

    error = stopped(model(dense("only"), loss=careless), data(None))
    assert error.layer is None
    assert "with a loss of inf" in str(error)
    advice = [line for line in str(error).splitlines() if line.startswith("- ")]
    assert "from logits" in advice[1]


class Own(keras.Model):
    """A model whose `call` alone says what happens, with a layer inside a layer."""

    def __init__(self, *layers):
        super().__init__()
        self.inner = keras.Sequential(layers)

    def call(self, x, training=False):
        return self.inner(x, training=training)


@pytest.mark.parametrize("what", ["output", "gradient"])
def test_a_model_that_is_no_chain_of_layers(what):
    made = Own(dense("first"), Bad(what, name="bad"), dense("last"))
    made.compile(keras.optimizers.SGD(1e-3), "mse")
    made(np.ones((1, 3), np.float32))
    error = stopped(made, data())
    assert (error.layer, error.epoch) == ("bad", 1)
    assert f"in the {what} of" in str(error)
    assert "call" not in vars(made.layers[0])  # nobody listens any longer


@pytest.mark.slow
@pytest.mark.parametrize(("bias", "where"), [(np.nan, "output"), (np.inf, "b of layer")])
def test_the_cell_in_the_classifier_is_named(bias, where):
    """The upper one of two. An infinite bias shuts the gates: only the weight itself shows it."""
    keras.utils.set_random_seed(0)
    made = RecurrentClassifier(3, 1, "gru", units=4, layers=2, classes=2)
    compile_classifier(made, jit_compile=False)
    x, y = data(None)[0], np.zeros(20, np.int64)
    made(x)
    upper = made.rnn.layers[1].cell
    upper.b.assign(np.full(12, bias))
    error = stopped(made, (x, y), finite=False)
    assert error.layer == upper.name
    assert where in str(error)


def test_a_layer_that_is_used_twice():
    keras.utils.set_random_seed(0)
    twice, x = keras.layers.Dense(2, name="twice"), keras.Input((2,))
    made = keras.Model(x, twice(twice(x)))
    made.compile(keras.optimizers.SGD(1.0), "mse")
    y = np.zeros((4, 2), np.float32)
    assert stopped(made, (y + 1e30, y)).epoch == 1


def test_steps_that_ran_as_one_are_not_told_apart():
    """The second one has a target of NaN: not the third, the last of the three, nor a layer."""
    x, y = data(bad_at=None)
    y[np.asarray(order(len(x), 0, 0))[4]] = np.nan
    made = model(dense("only"))
    error = stopped(made, (x, y))
    assert (error.step, error.layer) == (2, None)
    assert "step 2, with" in str(error)
    made = model(dense("only"))
    made.compile("sgd", "mse", steps_per_execution=3)
    error = stopped(made, (x, y))
    assert (error.step, error.layer) == (3, None)
    assert "one of the steps 1 to 3" in str(error)
    assert "steps_per_execution=1" in str(error)


def test_a_finite_run_goes_through():
    assert len(fit(model(dense("only")), data(None), epochs=2, verbose=0)["loss"]) == 2


def test_a_kill_while_the_checkpoint_is_written(tmp_path, monkeypatch):
    """The last whole one stays, and the run can go on from it."""
    fit(model(dense("only")), data(None), epochs=1, checkpoint_dir=tmp_path, verbose=0)
    whole = (tmp_path / "checkpoint.npz").read_bytes()

    def killed(file, **arrays):
        file.write(b"half")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(callbacks.np, "savez", killed)
        with pytest.raises(KeyboardInterrupt):
            fit(model(dense("only")), data(None), epochs=2, checkpoint_dir=tmp_path, verbose=0)
    assert (tmp_path / "checkpoint.npz").read_bytes() == whole
    curves = fit(model(dense("only")), data(None), epochs=3, checkpoint_dir=tmp_path, verbose=0)
    assert len(curves["loss"]) == 3


def test_curves_for_tensorboard(tmp_path):
    curves = fit(
        model(dense("only")), data(None), validation_data=data(None), epochs=2,
        tensorboard_dir=tmp_path, verbose=0,
    )  # fmt: skip
    for part, name in (("train", "loss"), ("validation", "val_loss")):
        (file,) = (tmp_path / part).iterdir()
        events = [e for e in tf.compat.v1.train.summary_iterator(str(file)) if e.summary.value]
        assert [e.step for e in events] == [0, 1]
        values = [e.summary.value[0] for e in events]
        assert {v.tag for v in values} == {"epoch_loss"}
        assert {v.metadata.plugin_data.plugin_name for v in values} <= {"scalars", ""}
        assert [float(tf.make_ndarray(v.tensor)) for v in values] == pytest.approx(curves[name])


# Early stopping


def stopped_by(numbers, **settings):
    """The epochs that were run, and the one whose weights are left."""
    early = callbacks.EarlyStopping("value", restore_best_weights=True, **settings)
    dense = model(keras.layers.Dense(2))
    early.set_model(dense)
    early.on_train_begin()
    for epoch, number in enumerate(numbers):
        dense.set_weights([np.full(w.shape, epoch) for w in dense.get_weights()])
        early.on_epoch_end(epoch, {"value": number})
        if dense.stop_training:
            break
    early.on_train_end()
    return epoch + 1, dense.get_weights()[0].flat[0]


@pytest.mark.parametrize(("mode", "sign"), [("min", -1), ("max", 1)])
@pytest.mark.parametrize("lost", [{0}, {0, 1}, {2}])
def test_nan_is_the_worst_whichever_way_is_better(mode, sign, lost):
    numbers = [np.nan if epoch in lost else sign * epoch / 10 for epoch in range(5)]
    assert stopped_by(numbers, mode=mode, patience=2) == (5, 4)


# What a checkpoint holds


def checkpoint_of(folder, early):
    kept = callbacks.Checkpoint(folder, {"seed": 1}, early)
    kept.set_model(model(keras.layers.Dense(2)))
    return kept


@pytest.mark.parametrize("weights", [None, [np.ones((2, 3)), np.full(3, 2.0)]])
def test_a_checkpoint_gives_early_stopping_its_best_weights_back(weights, tmp_path):
    early = keras.callbacks.EarlyStopping("val_loss", patience=2, restore_best_weights=True)
    early.on_train_begin()
    early.best, early.wait, early.best_epoch, early.best_weights = 0.25, 1, 3, weights
    checkpoint_of(tmp_path, early).on_epoch_end(4, {"loss": 0.5})

    fresh = keras.callbacks.EarlyStopping("val_loss", patience=2, restore_best_weights=True)
    fresh.on_train_begin()
    again = checkpoint_of(tmp_path, fresh)
    assert again.restore(again.model) == (5, False)
    again.on_train_begin()
    assert (fresh.best, fresh.wait, fresh.best_epoch) == (0.25, 1, 3)
    assert again.curves == {"loss": [0.5]}
    if weights is None:
        assert fresh.best_weights is None
    else:
        for found, expected in zip(fresh.best_weights, weights, strict=True):
            np.testing.assert_array_equal(found, expected)
