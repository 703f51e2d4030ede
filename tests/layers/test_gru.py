"""The GRU cell: both conventions equal Keras's own, the text's equals the NumPy step."""

import keras
import numpy as np
import pytest

from course_lib.layers import GRUCell
from course_lib.scratch.gated import gru_step, init_gru_params

ATOL = {"float32": 1e-6, "float64": 1e-12}
both_types = pytest.mark.parametrize("dtype", ATOL)
both_conventions = pytest.mark.parametrize("reset_after", [False, True])


def sequences(dtype, batch=4, T=9, m=3):
    return np.random.default_rng(0).normal(size=(batch, T, m)).astype(dtype)


def pair(reset_after, dtype, n=6, **settings):
    """Our cell and keras.layers.GRU with the same weights, none of them zero."""
    ours = keras.layers.RNN(GRUCell(n, reset_after, dtype=dtype), dtype=dtype, **settings)
    theirs = keras.layers.GRU(n, reset_after=reset_after, dtype=dtype, **settings)
    rng = np.random.default_rng(1)
    for layer in (ours, theirs):
        layer.build((None, None, 3))
    theirs.set_weights([0.5 * rng.normal(size=w.shape) for w in theirs.get_weights()])
    ours.set_weights(theirs.get_weights())
    return ours, theirs


@both_types
@both_conventions
def test_equal_to_keras(reset_after, dtype):
    ours, theirs = pair(reset_after, dtype, return_sequences=True, return_state=True)
    x = sequences(dtype)
    for a, b in zip(ours(x), theirs(x), strict=True):
        assert a.dtype == dtype
        np.testing.assert_allclose(a, b, rtol=0, atol=ATOL[dtype])


@both_conventions
def test_gradients_equal_to_keras(reset_after):
    import tensorflow as tf

    layers = pair(reset_after, "float64")
    x, gradients = tf.constant(sequences("float64")), []
    for layer in layers:
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(layer(x) ** 2)
        gradients.append(tape.gradient(loss, [x, *layer.trainable_variables]))
    for a, b in zip(*gradients, strict=True):
        assert np.linalg.norm(a - b) < 1e-10 * np.linalg.norm(b)


@both_types
def test_equal_to_the_numpy_step(dtype):
    params = init_gru_params(3, 6, seed=2)
    for g in "rzh":
        params[f"b_{g}"] += np.random.default_rng(3).normal(size=6)
    params = {name: w.astype(dtype) for name, w in params.items()}
    layer = keras.layers.RNN(GRUCell(6, dtype=dtype), return_sequences=True, dtype=dtype)
    layer.build((None, None, 3))
    layer.set_weights(
        [
            np.concatenate([params[f"{kind}{g}"] for g in "zrh"], axis=-1)
            for kind in ("W_x", "W_h", "b_")
        ]
    )
    x, h = sequences(dtype), np.zeros((4, 6), dtype)
    outputs = np.asarray(layer(x))
    for t in range(9):
        h = gru_step(x[:, t], h, params)
        np.testing.assert_allclose(outputs[:, t], h, rtol=0, atol=ATOL[dtype])


def test_the_conventions_are_two_models():
    text, _ = pair(False, "float64")
    cudnn, _ = pair(True, "float64")
    W_x, W_h, b = text.get_weights()
    x = sequences("float64")
    cudnn.set_weights([W_x, W_h, np.stack([b, np.zeros_like(b)])])
    assert np.abs(text(x) - cudnn(x)).max() > 0.01
    # Without recurrent weights to the candidate the place of the reset gate can't matter.
    W_h[:, 12:] = 0
    text.set_weights([W_x, W_h, b])
    cudnn.set_weights([W_x, W_h, np.stack([b, np.zeros_like(b)])])
    np.testing.assert_allclose(text(x), cudnn(x), rtol=0, atol=1e-14)


@both_conventions
def test_gradients_equal_centred_differences(reset_after, assert_gradients_are_slopes):
    layer, _ = pair(reset_after, "float64")
    assert_gradients_are_slopes(layer, sequences("float64", T=3))


def test_config():
    cell = GRUCell(5, reset_after=True, name="mine")
    again = GRUCell.from_config(cell.get_config())
    assert (again.units, again.reset_after, again.name) == (5, True, "mine")
