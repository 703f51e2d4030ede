"""Which layer cuDNN can run, asked of us and of Keras; the weights of our cells fit both."""

import importlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_lib.benchmarks.on_gpu.devices import on
from course_lib.graphs import pretended_gpu, without_tf32
from course_lib.layers import (
    CELLS,
    GRUCell,
    LSTMCell,
    LSTMVariantCell,
    RecurrentClassifier,
    VanillaRNNCell,
    cudnn_refusals,
    fused_layer,
    stacked_rnn,
)

FUSED = {"lstm": keras.layers.LSTM, "gru_reset_after": keras.layers.GRU}


def sequences(dtype="float32"):
    return np.random.default_rng(0).normal(size=(4, 7, 3)).astype(dtype)


def randomised(model):
    rng = np.random.default_rng(1)
    model.set_weights([0.5 * rng.normal(size=w.shape) for w in model.get_weights()])
    return model


# The conditions

TAKEN = [
    keras.layers.LSTM(4),
    keras.layers.LSTM(4, return_sequences=True, go_backwards=True, dropout=0.3),
    keras.layers.LSTM(4, unit_forget_bias=False, kernel_regularizer="l2"),
    keras.layers.GRU(4),
    keras.layers.GRU(4, activation=keras.ops.tanh, recurrent_activation=tf.sigmoid),
    keras.layers.LSTM(4, activation=tf.tanh, recurrent_activation=keras.ops.sigmoid),
    keras.layers.Bidirectional(keras.layers.LSTM(4)),
]
REFUSED = {
    "activation is not a tanh": keras.layers.LSTM(4, activation="relu"),
    "no sigmoid that Keras knows": keras.layers.GRU(4, recurrent_activation="hard_sigmoid"),
    "a tanh that Keras knows": keras.layers.GRU(4, activation=lambda a: keras.ops.tanh(a)),
    "dropout inside": keras.layers.LSTM(4, recurrent_dropout=0.1),
    "unrolled": keras.layers.LSTM(4, unroll=True),
    "no bias": keras.layers.GRU(4, use_bias=False),
    "use_cudnn=False": keras.layers.LSTM(4, use_cudnn=False),
    "reset gate stands before": keras.layers.GRU(4, reset_after=False),
    "not for RNN with LSTMCell": keras.layers.RNN(LSTMCell(4)),
    "not for SimpleRNN with SimpleRNNCell": keras.layers.SimpleRNN(4),
    "has no bias": keras.layers.Bidirectional(keras.layers.GRU(4, use_bias=False)),
    "Dense is no recurrent layer": keras.layers.Dense(4),
}


def taken_by_keras(layer):
    """Whether Keras puts the kernel of cuDNN into the graph, where it sees a GPU."""
    layer.build((None, 7, 3))
    with pretended_gpu():
        graph = tf.function(lambda x: layer(x)).get_concrete_function(tf.TensorSpec((4, 7, 3)))
    return "CudnnRNNV3" in {node.op for node in graph.graph.as_graph_def().node}


@pytest.mark.parametrize("layer", TAKEN)
def test_what_cudnn_can_run(layer):
    assert cudnn_refusals(layer) == []
    assert taken_by_keras(layer)


@pytest.mark.parametrize("reason", REFUSED)
def test_what_it_can_not_run_and_why(reason):
    (why,) = cudnn_refusals(REFUSED[reason])
    assert reason in why
    assert not taken_by_keras(REFUSED[reason])


def test_every_reason_is_given():
    layer = keras.layers.GRU(4, activation="relu", unroll=True, reset_after=False)
    assert len(cudnn_refusals(layer)) == 3


def test_the_pretence_ends():
    rnn = importlib.import_module("keras.src.backend.tensorflow.rnn")
    asks = rnn._is_gpu_available
    for there in (False, True):
        with pretended_gpu(there):
            assert rnn._is_gpu_available() == there
        assert rnn._is_gpu_available is asks
    with pytest.raises(RuntimeError, match="on purpose"), pretended_gpu():
        raise RuntimeError("on purpose")
    assert rnn._is_gpu_available is asks


# Our cells


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (LSTMVariantCell(4, peepholes=True), "no peepholes"),
        (LSTMVariantCell(4, layer_norm=True), "no layer norm"),
        (GRUCell(4), "reset_after=True"),
        (VanillaRNNCell(4), "not for VanillaRNNCell"),
    ],
)
def test_a_cell_that_can_not_be_fused_says_why(cell, reason):
    with pytest.raises(ValueError, match=f"can't be fused.*{reason}"):
        fused_layer(cell)


@pytest.mark.parametrize("name", FUSED)
def test_a_fused_layer_is_what_cudnn_can_run(name):
    layer = fused_layer(CELLS[name](4), return_sequences=True)
    assert type(layer) is FUSED[name]
    assert layer.return_sequences
    assert cudnn_refusals(layer) == []
    assert taken_by_keras(layer)


@pytest.mark.parametrize("name", FUSED)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_weights_fit_both_ways(name, dtype):
    cell = CELLS[name](5, dtype=dtype)
    ours = keras.layers.RNN(cell, return_sequences=True, return_state=True, dtype=dtype)
    fused = fused_layer(cell, return_sequences=True, return_state=True)
    for layer in (ours, fused):
        layer.build((None, 7, 3))
    x, atol = sequences(dtype), {"float32": 1e-6, "float64": 1e-12}[dtype]
    for giver, taker in ((ours, fused), (fused, ours)):
        randomised(giver)
        taker.set_weights(giver.get_weights())
        for a, b in zip(giver(x), taker(x), strict=True):
            assert a.dtype == b.dtype == dtype
            np.testing.assert_allclose(a, b, rtol=0, atol=atol)


@pytest.mark.parametrize("forget_bias", [1.0, 0.0, 2.5])
def test_a_fused_lstm_starts_with_the_same_bias(forget_bias, tmp_path):
    cell = LSTMCell(3, forget_bias=forget_bias)
    model = keras.Sequential([keras.Input((7, 2)), fused_layer(cell)])
    cell.build((None, 2))
    np.testing.assert_array_equal(model.get_weights()[2], cell.b)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras").layers[0]
    np.testing.assert_array_equal(loaded.bias_initializer((12,)), cell.b)


# The stack and the classifier


@pytest.mark.parametrize("name", FUSED)
@without_tf32()
def test_a_fused_stack_is_the_same_model(name):
    settings = {"layers": 2, "dropout": 0.5, "seed": 3}
    plain, fused = stacked_rnn(name, 5, **settings), stacked_rnn(name, 5, fused=True, **settings)
    kinds = [type(layer) for layer in fused.layers]
    assert kinds == [FUSED[name], keras.layers.Dropout, FUSED[name]]
    x = sequences()
    for model in (plain, fused):
        model(x)
    randomised(plain)
    fused.set_weights(plain.get_weights())
    for training in (False, True):
        a, b = plain(x, training=training), fused(x, training=training)
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-6)
    mask = np.arange(7) < np.array([[7], [1], [4], [6]])
    np.testing.assert_allclose(plain(x, mask=mask), fused(x, mask=mask), rtol=0, atol=1e-6)


def test_a_stack_that_can_not_be_fused():
    with pytest.raises(ValueError, match="can't be fused"):
        stacked_rnn("lstm_peepholes", 5, fused=True)


def test_a_fused_classifier(tmp_path):
    x = sequences()
    models = [
        RecurrentClassifier(7, 3, "lstm", 5, layers=2, l2=0.1, classes=3, fused=fused)
        for fused in (False, True)
    ]
    plain, fused = models
    for model in models:
        model(x)
    fused.set_weights(randomised(plain).get_weights())
    np.testing.assert_allclose(plain(x), fused(x), rtol=0, atol=1e-6)
    assert len(fused.kernels()) == 5  # two of each layer, and the readout's
    np.testing.assert_allclose(sum(plain.losses), sum(fused.losses), rtol=1e-6)
    fused.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert [type(layer) for layer in loaded.rnn.layers] == [keras.layers.LSTM] * 2
    np.testing.assert_array_equal(fused(x), loaded(x))


# Where there is a GPU


@pytest.mark.gpu
@pytest.mark.parametrize(
    ("name", "fused"), [*((name, False) for name in CELLS), *((name, True) for name in FUSED)]
)
def test_gpu_and_cpu_give_the_same(name, fused, gpu):
    """To 1e-4: a GPU adds in another order, and the gradient goes through seven steps."""
    x, results, weights = sequences(), {}, None
    for device in ("CPU:0", gpu):
        with on(device):
            model = RecurrentClassifier(7, 3, name, 5, layers=2, classes=3, fused=fused)
            model(x)
            weights = randomised(model).get_weights() if weights is None else weights
            model.set_weights(weights)
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(model(x) ** 2)
            results[device] = [loss, *tape.gradient(loss, model.trainable_variables)]
    for a, b in zip(*results.values(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)
