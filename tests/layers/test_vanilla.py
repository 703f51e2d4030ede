"""The Keras cell: equal to SimpleRNN and to the NumPy loop, saved, masked, trained."""

import keras
import numpy as np
import pytest

from course_lib.layers import VanillaRNNCell
from course_lib.scratch.rnn import masked_rnn_forward, rnn_forward


def sequences(batch=4, T=9, m=3):
    rng = np.random.default_rng(0)
    return rng.normal(size=(batch, T, m)).astype(np.float32)


def pair(n=6, **settings):
    """Our cell and SimpleRNN with the same weights, none of them zero."""
    ours = keras.layers.RNN(VanillaRNNCell(n), **settings)
    theirs = keras.layers.SimpleRNN(n, **settings)
    for layer in (ours, theirs):
        layer.build((None, None, 3))
    rng = np.random.default_rng(1)
    weights = [0.5 * rng.normal(size=w.shape).astype(np.float32) for w in theirs.get_weights()]
    for layer in (ours, theirs):
        layer.set_weights(weights)
    return ours, theirs, weights


@pytest.mark.parametrize("unroll", [False, True])
def test_equal_to_simple_rnn(unroll):
    ours, theirs, _ = pair(return_sequences=True, return_state=True, unroll=unroll)
    for a, b in zip(ours(sequences()), theirs(sequences()), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_equal_to_the_loop():
    ours, _, weights = pair(return_sequences=True)
    x = sequences()
    h, _ = rnn_forward(x, np.zeros((4, 6), np.float32), *weights)
    np.testing.assert_allclose(ours(x), h, atol=1e-6)


def test_equal_gradients():
    import tensorflow as tf

    ours, theirs, _ = pair()
    gradients = []
    for layer in (ours, theirs):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(sequences()) ** 2)
        gradients.append(tape.gradient(loss, layer.trainable_variables))
    for a, b in zip(*gradients, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)  # sums over 36 steps


def test_masked():
    ours, _, weights = pair(return_sequences=True, return_state=True, zero_output_for_mask=True)
    x, mask = sequences(), np.arange(9) < np.array([[9], [1], [4], [6]])
    expected = masked_rnn_forward(x, mask, np.zeros((4, 6), np.float32), *weights)
    for a, b in zip(ours(x, mask=mask), expected, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_saved_and_loaded(tmp_path):
    model = keras.Sequential([keras.Input((None, 3)), keras.layers.RNN(VanillaRNNCell(5))])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    x = sequences()
    np.testing.assert_array_equal(model(x), loaded(x))
    assert VanillaRNNCell.from_config(VanillaRNNCell(5).get_config()).units == 5


@pytest.mark.slow
def test_it_learns():
    """The sign of the first input is asked for five steps later; a coin toss costs log 2 = 0.69."""
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(512, 6, 1)).astype(np.float32)
    y = (x[:, 0, 0] > 0).astype(np.int64)
    model = keras.Sequential(
        [keras.Input((6, 1)), keras.layers.RNN(VanillaRNNCell(16)), keras.layers.Dense(2)]
    )
    model.compile(
        keras.optimizers.Adam(0.01),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    losses = model.fit(x, y, batch_size=64, epochs=12, verbose=0).history["loss"]
    assert losses[-1] < 0.2
