"""What Keras's `fit` does around a step, it does around a rule that is exact: to rounding.

The same weights, data and settings, in `OnlineRNN`s and in a model of Keras alone: equal
afterwards, and equal reports. Nothing is traced, but where the test is about graphs.
"""

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_lib.layers import LSTMVariantCell
from course_lib.online import LeakyRNNCell, OnlineRNN

pytestmark = pytest.mark.usefixtures("wide")

SIZE, BATCH, T, M, N, C = 5, 3, 3, 2, 3, 2  # two batches, and the last one is smaller
F64 = {"dtype": "float64"}
LAYERS, CALLS, OPTIMIZERS = keras.layers, keras.callbacks, keras.optimizers
EXACT = "rtrl", "bptt"
EAGER = {"run_eagerly": True, "jit_compile": False}


def data(sequences, seed=0):
    """Inputs, targets, weights of samples. With a mask the last sequence is a short one."""
    rng = np.random.default_rng(seed)
    lead = (SIZE, T) if sequences else (SIZE,)
    x, y = rng.normal(size=(SIZE, T, M)), rng.normal(size=(*lead, C))
    x[-1, 2:] = 0
    return x, y, rng.uniform(0.2, 2, lead)


def leaky():
    return LeakyRNNCell(N, leak=0.6, **F64)


def dense():
    return LAYERS.Dense(C, **F64)


def two_layers():
    return keras.Sequential([LAYERS.Dense(3, "tanh", **F64), dense()])


def adam():
    return OPTIMIZERS.Adam(0.01)


def made(rule, sequences, cell, readout, front, masked):
    """A model with a rule, or of Keras alone, and the layers that have weights, from below."""
    layers = [*([LAYERS.Dense(4, "tanh", **F64)] if front else []), cell(), readout()]
    if rule is None:
        x = keras.Input((T, M), **F64)
        h = LAYERS.Masking(0.0, **F64)(x) if masked else x
        h = LAYERS.TimeDistributed(layers[0], **F64)(h) if front else h
        rnn = LAYERS.RNN(layers[-2], return_sequences=sequences, **F64)
        model = keras.Model(x, layers[-1](rnn(h)))
    else:
        mask_value = 0.0 if masked else None
        model = OnlineRNN(layers[:-1], layers[-1], sequences, mask_value=mask_value)
        model.build((None, T, M))
    rng = np.random.default_rng(5)
    for layer in layers:
        layer.set_weights([rng.uniform(0.1, 0.8, w.shape) for w in layer.weights])
    return model, layers


def equal(
    train,
    sequences,
    rules=EXACT,
    cell=leaky,
    readout=dense,
    front=False,
    masked=False,
    freeze=None,
    optimizer=adam,
    compiled=dict,
    how=EAGER,
):
    """See that training leaves all with the same weights, and reports the same.

    Args:
        train: takes a model and gives what it reported, a dictionary.
        sequences: whether there is an output at every step.
        rules: those that are compared with Keras.
        cell, readout, optimizer: make one.
        front: whether a layer stands below the cell.
        masked: whether steps of zeros are none.
        freeze: takes the layers that have weights, from below, and freezes what it likes.
        compiled: makes settings of `compile`.
        how: settings of `compile` too.
    """
    found = []
    for rule in (None, *rules):
        model, layers = made(rule, sequences, cell, readout, front, masked)
        if freeze is not None:
            freeze(layers)
        options = {} if rule is None else {"rule": rule}
        model.compile(optimizer(), keras.losses.MeanSquaredError(), **how, **options, **compiled())
        before = [w for layer in layers for w in layer.get_weights()]
        keras.utils.set_random_seed(3)
        reports = train(model)
        weights = [w for layer in layers for w in layer.get_weights()]
        moved = [np.any(a != b) for a, b in zip(before, weights, strict=True)]
        found.append((weights, moved, reports))
    expected, *others = found
    assert any(expected[1])
    for weights, moved, reports in others:
        assert moved == expected[1]  # what is frozen in one is frozen in the other
        for ours, theirs in zip(weights, expected[0], strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-9)
        assert reports.keys() == expected[2].keys()
        for name, value in reports.items():
            np.testing.assert_allclose(value, expected[2][name], rtol=1e-9, err_msg=name)


def fitted(sequences, callbacks=list, weighted=False, validated=False, **settings):
    """`fit` of a `tf.data.Dataset`."""

    def train(model):
        x, y, weight = data(sequences)
        parts = (x, y, weight) if weighted else (x, y)
        batches = tf.data.Dataset.from_tensor_slices(parts).batch(BATCH)
        options = {"callbacks": callbacks(), "verbose": 0, **settings}
        if validated:
            options["validation_data"] = data(sequences, seed=9)[:2]
        return model.fit(batches, **options).history

    return train


def stepped(sequences, steps=1):
    """Batches one by one: as `fit`, without what is around it."""

    def train(model):
        x, y, _ = data(sequences)
        cuts = [slice(number * BATCH, (number + 1) * BATCH) for number in range(steps)]
        return {"loss": [model.train_on_batch(x[cut], y[cut]) for cut in cuts]}

    return train


at_the_end_or_at_every_step = pytest.mark.parametrize("sequences", [False, True])


@at_the_end_or_at_every_step
def test_datasets_with_a_partial_batch(sequences):
    """Of single outputs as they are, of all with masks and weights of samples too."""

    def compiled():
        return {"metrics": ["mae"], "weighted_metrics": ["mse"]}

    train = fitted(sequences, weighted=sequences, validated=True)
    equal(train, sequences, masked=sequences, compiled=compiled)


@pytest.mark.slow
def test_in_a_graph():
    """Two steps in one, and compiled with XLA."""
    how = {"jit_compile": True, "steps_per_execution": 2}
    equal(fitted(True, weighted=True), True, ("rtrl",), masked=True, how=how)


def stops():
    best = CALLS.EarlyStopping("val_loss", patience=0, mode="max", restore_best_weights=True)
    return [best, CALLS.LearningRateScheduler(lambda epoch, rate: 0.5 * rate)]


def swapped():
    return [CALLS.SwapEMAWeights()]


def averaged():
    return OPTIMIZERS.Adam(0.01, use_ema=True, ema_momentum=0.5)


@pytest.mark.parametrize("callbacks", [stops, swapped])
def test_callbacks(callbacks):
    train = fitted(False, callbacks, validated=True, epochs=2)
    equal(train, False, ("rtrl",), optimizer=averaged)


def test_a_run_ends_where_the_loss_does():
    def train(model):
        asked = fitted(True, lambda: [CALLS.TerminateOnNaN()], epochs=3)
        return {"steps": len(asked(model)["loss"]), "at": int(model.optimizer.iterations)}

    equal(train, True, ("rtrl",), optimizer=lambda: OPTIMIZERS.SGD(1e200))


class _Interrupted(Exception):
    pass


@pytest.mark.slow
def test_a_run_that_was_cut_off_goes_on(tmp_path):
    """From a backup, and from the best model that was stored; the weights in between are lost."""

    class CutsOff(CALLS.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                raise _Interrupted

    def train(model):
        own = tmp_path / model.name

        def kept():
            best = CALLS.ModelCheckpoint(own / "best.keras", "val_loss", save_best_only=True)
            last = CALLS.ModelCheckpoint(own / "last.weights.h5", save_weights_only=True)
            return [CALLS.BackupAndRestore(own / "backup"), best, last]

        settings = {"validated": True, "epochs": 2}
        with pytest.raises(_Interrupted):
            fitted(True, lambda: [*kept(), CutsOff()], **settings)(model)
        for w in model.trainable_variables:
            w.assign(0 * w)
        report = fitted(True, kept, **settings)(model)
        x, y, _ = data(True)
        best = keras.models.load_model(own / "best.keras")
        best.run_eagerly = True
        best.train_on_batch(x, y)  # with the optimizer as it was
        report["best"] = best.predict_on_batch(x)
        model.load_weights(own / "last.weights.h5")
        return report

    equal(train, True, ("rtrl",))


def all_of(number):
    def freeze(layers):
        layers[number].trainable = False

    return freeze


def one_weight(number, name):
    def freeze(layers):
        getattr(layers[number], name).trainable = False

    return freeze


def part_of_the_readout(layers):
    layers[-1].layers[0].trainable = False


@pytest.mark.parametrize(
    ("sequences", "freeze", "more"),
    [
        (False, all_of(0), {}),
        (True, all_of(0), {}),
        (False, all_of(1), {}),
        (True, all_of(1), {}),
        (False, one_weight(0, "W_hh"), {}),
        (True, one_weight(0, "W_xh"), {}),
        (False, one_weight(0, "b_h"), {}),
        (True, one_weight(1, "kernel"), {}),
        (False, part_of_the_readout, {"readout": two_layers}),
        (True, all_of(0), {"front": True}),  # below a cell rtrl is not exact, and says so
    ],
)
def test_what_is_frozen(sequences, freeze, more):
    equal(stepped(sequences), sequences, freeze=freeze, **more)


@pytest.mark.parametrize("freeze", [all_of(0), all_of(1), all_of(2), one_weight(1, "p_i")])
def test_what_is_frozen_below_and_in_other_cells(freeze):
    def cell():
        return LSTMVariantCell(N, peepholes=True, **F64)

    equal(stepped(False), False, ("bptt",), cell, front=True, freeze=freeze)


HOW = {
    "gradients of two batches": lambda: OPTIMIZERS.Adam(0.01, gradient_accumulation_steps=2),
    "short gradients": lambda: OPTIMIZERS.SGD(0.5, global_clipnorm=0.01),
    "average": lambda: OPTIMIZERS.SGD(0.1, use_ema=True, ema_overwrite_frequency=2),
    "decay of weights": lambda: OPTIMIZERS.AdamW(0.01, weight_decay=0.1),
    "schedule": lambda: OPTIMIZERS.SGD(OPTIMIZERS.schedules.ExponentialDecay(0.1, 1, 0.5)),
    "fixed scale": lambda: OPTIMIZERS.SGD(0.1, loss_scale_factor=128.0),
    "scale": lambda: OPTIMIZERS.LossScaleOptimizer(OPTIMIZERS.SGD(0.1), dynamic_growth_steps=1),
}


@pytest.mark.parametrize("how", list(HOW))
def test_optimizers(how):
    equal(stepped(True, steps=2), True, ("rtrl",), optimizer=HOW[how])


@pytest.mark.slow
@at_the_end_or_at_every_step
def test_calls_of_all_kinds_in_turn(sequences):
    def train(model):
        x, y, weight = data(sequences)
        return {
            "one": model.train_on_batch(x[:3], y[:3]),
            "two": model.evaluate(x[3:], y[3:], batch_size=BATCH, verbose=0),
            "three": model.predict(x, batch_size=BATCH, verbose=0),
            "four": model.train_on_batch(x[3:], y[3:], sample_weight=weight[3:]),
            "five": model.test_on_batch(x[3:], y[3:], sample_weight=weight[3:]),
            "six": model.predict_on_batch(x),
            "seven": model.train_on_batch(x[:4], y[:4]),
        }

    equal(train, sequences)


def bounded():
    return LAYERS.SimpleRNNCell(
        N,
        kernel_regularizer="l2",
        recurrent_regularizer="l1",
        kernel_constraint=keras.constraints.MaxNorm(0.3),
        recurrent_constraint=keras.constraints.UnitNorm(),
        **F64,
    )


def normed():
    return keras.Sequential([LAYERS.BatchNormalization(**F64), dense()])


@at_the_end_or_at_every_step
@pytest.mark.parametrize("more", [{"cell": bounded}, {"readout": normed}])
def test_penalties_bounds_and_statistics(sequences, more):
    equal(stepped(sequences), sequences, **more)
