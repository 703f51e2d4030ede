"""What Keras's own model does in `fit` beside the gradient, the rules' models do too."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_lib.layers import LRU
from course_lib.online import LeakyRNNCell, OnlineRNN, OnlineScan

B, T, M, N = 4, 5, 2, 3
REAL = np.arange(T) < np.array([5, 3, 2, 0])[:, None]


def data():
    rng = np.random.default_rng(0)
    return rng.normal(size=(B, T, M)) * REAL[..., None], rng.normal(size=(B, T))


def model_of(rule, readout=1, units=N, **settings):
    keras.utils.set_random_seed(1)
    cell = LeakyRNNCell(units, leak=0.5, dtype="float64")
    model = OnlineRNN(cell, readout, return_sequences=True, mask_value=0.0)
    model.compile("sgd", "mse", rule=rule, run_eagerly=True, **settings)
    return model


def normed():
    return keras.layers.BatchNormalization(momentum=0.0, dtype="float64")


@pytest.mark.filterwarnings("ignore:Layer .* was passed an input with a mask")
@pytest.mark.parametrize(("rule", "folded"), [("rtrl", False), ("tbptt", False), ("kernl", True)])
def test_a_batch_norm_of_the_readout_counts_real_steps_alone(rule, folded):
    readout = normed()
    if folded:
        readout.build((None, N))
        readout = keras.Sequential([keras.Input((N,), dtype="float64"), readout])
    model, x = model_of(rule, readout), data()[0]
    model.build(x.shape)
    h = keras.ops.convert_to_numpy(model.rnn(x, mask=REAL))[REAL]
    model.train_on_batch(x, np.zeros((B, T, N)))
    mean, variance = (w.numpy() for w in model.readout.non_trainable_weights)
    # Keras adds its epsilon to the number of steps.
    np.testing.assert_allclose(mean, h.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(variance, h.var(axis=0), rtol=1e-6)


@pytest.mark.parametrize("scans", [False, True])
def test_weighted_metrics_take_the_weights_of_the_loss(scans):
    x, y = data()
    weight = np.array([1.0, 2.0, 0.5, 0.0])
    given = {"weighted_metrics": ["mse"]}
    if scans:
        model = OnlineScan(LRU(N, return_sequences=True, seed=0), 1)
        model.compile("sgd", "mse", run_eagerly=True, **given)
        real = np.ones_like(REAL)
    else:
        model, real = model_of("snap1", **given), REAL
    counts = real * weight[:, None]
    model.build(x.shape)
    error = (model.predict(x, verbose=0)[..., 0] - y) ** 2
    wanted = np.sum(error * counts) / np.sum(counts)
    for look in (model.test_on_batch, model.train_on_batch):
        found = look(x, y, sample_weight=weight, return_dict=True)["mse"]
        np.testing.assert_allclose(found, wanted, rtol=1e-5)
        model.reset_metrics()


@pytest.mark.parametrize("scans", [False, True])
def test_it_can_be_evaluated_before_it_was_trained(scans):
    x, y = data()
    if scans:
        model = OnlineScan(LRU(N, return_sequences=True), 1)
        model.compile("sgd", "mse", run_eagerly=True)
    else:
        model = model_of("snap1")
    assert np.isfinite(model.evaluate(x, y, verbose=0))


@pytest.mark.parametrize("several", [lambda x: [x, x], lambda x: {"x": x}])
def test_several_inputs_are_one_sentence(several):
    x, y = data()
    with pytest.raises(ValueError, match="one array"):
        model_of("snap1").fit(several(x), y, verbose=0)


def test_a_lone_unit_reads_sequences_of_any_length():
    model = model_of("snap1", readout=2, units=1)
    model.build((B, None, M))
    x, y = (tf.TensorSpec((B, None, 2), "float64") for _ in range(2))
    # As a stream does it, whose graph serves pieces of any length.
    graph = tf.function(lambda x, y: model.gradients(x, y)[2], autograph=False)
    found = graph.get_concrete_function(x, y).structured_outputs
    assert [g.shape for g in found] == [w.shape for w in model.trainable_variables]


def shapes_in_turn():
    """Batches whose weights are of sequences or of steps, with targets with and without axis."""
    x, y = data()
    by_step = np.random.default_rng(1).random((B, T))
    return [(x, y, by_step[:, 0]), (x, y, by_step), (x, y[..., None], by_step), (x, y, None)]


@pytest.mark.parametrize("scans", [False, True])
def test_weights_and_targets_may_have_more_axes_in_the_next_call(scans):
    def trained(steps, eagerly):
        keras.utils.set_random_seed(1)
        if scans:
            model = OnlineScan(LRU(N, return_sequences=True, seed=0, dtype="float64"), 1)
        else:
            model = OnlineRNN(LeakyRNNCell(N, dtype="float64"), 1, return_sequences=True)
        given = {} if scans else {"rule": "snap1"}
        model.compile("sgd", "mse", run_eagerly=eagerly, jit_compile=False, **given)
        for x, y, weight in steps:
            model.train_on_batch(x, y, weight)
        last = model.evaluate(x, y, sample_weight=shapes_in_turn()[0][2], verbose=0)
        return [*model.get_weights(), last, model.evaluate(x, y, verbose=0)]

    both = (trained(shapes_in_turn(), eagerly) for eagerly in (True, False))
    for a, b in zip(*both, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("given", [{"chunk": 2}, {"update_every": 2}])
@pytest.mark.parametrize("rule", ["snap1", "tbptt", "exact"])
def test_a_weight_of_a_sequence_may_have_an_axis_of_its_own(rule, given):
    x, y = data()
    weight, found = np.arange(1.0, B + 1), []
    for counts in (weight, weight[:, None], np.repeat(weight[:, None], T, axis=1)):
        keras.utils.set_random_seed(1)
        if rule == "exact":
            model = OnlineScan(LRU(N, return_sequences=True, seed=0, dtype="float64"), 1)
        else:
            model = OnlineRNN(LeakyRNNCell(N, dtype="float64"), 1, return_sequences=True)
        mse = keras.losses.MeanSquaredError(dtype="float64")
        model.compile("sgd", mse, rule=rule, jit_compile=False, **given)
        loss = model.train_on_batch(x, y, counts)
        found.append([loss, model.test_on_batch(x, y, counts), *model.get_weights()])
    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("scans", [False, True])
def test_validation_may_have_other_axes(scans):
    x, y = data()
    if scans:
        model = OnlineScan(LRU(N, return_sequences=True, seed=0), 1)
        model.compile("sgd", "mse")
    else:
        model = OnlineRNN(LeakyRNNCell(N), 1, return_sequences=True)
        model.compile("sgd", "mse", rule="snap1")
    shorter = (x[:, :3], y[:, :3], np.ones((B, 3)))
    found = model.fit(x, y, epochs=2, validation_data=shorter, verbose=0).history
    assert np.all(np.isfinite(found["loss"]))
    assert len(found["val_loss"]) == 2


def test_a_stream_takes_weights_of_sequences_and_of_steps():
    def learned(eagerly):
        model = model_of("snap1", jit_compile=False)
        model.build((B, T, M))
        stream = model.stream(B)
        tf.config.run_functions_eagerly(eagerly)
        try:
            for x, y, weight in shapes_in_turn():
                stream.learn(x, y, weight)
        finally:
            tf.config.run_functions_eagerly(False)
        return [w.numpy() for w in model.trainable_variables]

    for a, b in zip(learned(True), learned(False), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-12)
