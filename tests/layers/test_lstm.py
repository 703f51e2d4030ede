"""The LSTM cell: equal to Keras's own and to the NumPy step; its two options by hand."""

import keras
import numpy as np
import pytest

from course_lib.layers import LSTMCell, LSTMVariantCell
from course_lib.scratch.gated import init_lstm_params, lstm_step, sigmoid

ATOL = {"float32": 1e-6, "float64": 1e-12}
both_types = pytest.mark.parametrize("dtype", ATOL)


def sequences(dtype, batch=4, T=9, m=3):
    return np.random.default_rng(0).normal(size=(batch, T, m)).astype(dtype)


def layer(dtype="float64", n=6, peepholes=False, layer_norm=False, **settings):
    """Our cell in an RNN, no weight zero."""
    options = {"peepholes": peepholes, "layer_norm": layer_norm}
    if any(options.values()):
        cell = LSTMVariantCell(n, **options, dtype=dtype)
    else:
        cell = LSTMCell(n, dtype=dtype)
    made = keras.layers.RNN(cell, dtype=dtype, **settings)
    made.build((None, None, 3))
    rng = np.random.default_rng(1)
    made.set_weights([0.5 * rng.normal(size=w.shape) for w in made.get_weights()])
    return made


def pair(dtype, **settings):
    """Our cell and keras.layers.LSTM with the same weights."""
    ours = layer(dtype, **settings)
    theirs = keras.layers.LSTM(6, dtype=dtype, **settings)
    theirs.build((None, None, 3))
    theirs.set_weights(ours.get_weights())
    return ours, theirs


@both_types
def test_equal_to_keras(dtype):
    ours, theirs = pair(dtype, return_sequences=True, return_state=True)
    x = sequences(dtype)
    for a, b in zip(ours(x), theirs(x), strict=True):
        assert a.dtype == dtype
        np.testing.assert_allclose(a, b, rtol=0, atol=ATOL[dtype])


def test_gradients_equal_to_keras():
    import tensorflow as tf

    x, gradients = tf.constant(sequences("float64")), []
    for one in pair("float64"):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(one(x) ** 2)
        gradients.append(tape.gradient(loss, [x, *one.trainable_variables]))
    for a, b in zip(*gradients, strict=True):
        assert np.linalg.norm(a - b) < 1e-10 * np.linalg.norm(b)


@both_types
def test_equal_to_the_numpy_step(dtype):
    params = init_lstm_params(3, 6, seed=2)
    for g in "ifoc":
        params[f"b_{g}"] += np.random.default_rng(3).normal(size=6)
    params = {name: w.astype(dtype) for name, w in params.items()}
    ours = layer(dtype, return_sequences=True, return_state=True)
    ours.set_weights(
        [
            np.concatenate([params[f"{kind}{g}"] for g in "ifco"], axis=-1)
            for kind in ("W_x", "W_h", "b_")
        ]
    )
    x, h, c = sequences(dtype), np.zeros((4, 6), dtype), np.zeros((4, 6), dtype)
    outputs, _, memory = (np.asarray(a) for a in ours(x))
    for t in range(9):
        h, c, _ = lstm_step(x[:, t], h, c, params)
        np.testing.assert_allclose(outputs[:, t], h, rtol=0, atol=ATOL[dtype])
    np.testing.assert_allclose(memory, c, rtol=0, atol=ATOL[dtype])


@pytest.mark.parametrize("forget_bias", [1.0, 0.0, 2.5])
def test_only_the_forget_gate_has_a_bias(forget_bias):
    cell = LSTMCell(3, forget_bias=forget_bias)
    cell.build((None, 2))
    expected = [0.0] * 3 + [forget_bias] * 3 + [0.0] * 6
    assert np.asarray(cell.b).tolist() == expected
    theirs = keras.layers.LSTM(3)  # one is what Keras starts with too
    theirs.build((None, None, 2))
    same = np.array_equal(theirs.get_weights()[2], cell.b)
    assert same == (forget_bias == 1.0)


# The options


def test_peepholes_start_as_the_plain_cell():
    plain = layer()
    peeping = keras.layers.RNN(LSTMVariantCell(6, peepholes=True, dtype="float64"), dtype="float64")
    peeping.build((None, None, 3))
    peeping.set_weights(plain.get_weights() + peeping.get_weights()[3:])
    x = sequences("float64")
    np.testing.assert_array_equal(plain(x), peeping(x))


def normalised(a, gain, shift):
    """Layer norm with Keras's epsilon."""
    variance = a.var(axis=-1, keepdims=True)
    return gain * (a - a.mean(axis=-1, keepdims=True)) / np.sqrt(variance + 1e-3) + shift


@pytest.mark.parametrize("layer_norm", [False, True])
@pytest.mark.parametrize("peepholes", [False, True])
def test_options_equal_the_equations(peepholes, layer_norm):
    ours = layer(peepholes=peepholes, layer_norm=layer_norm, return_sequences=True)
    w = dict(zip([v.path.split("/", 2)[-1] for v in ours.weights], ours.get_weights(), strict=True))
    assert len(w) == 3 + 3 * peepholes + 6 * layer_norm
    x, h, c = sequences("float64"), np.zeros((4, 6)), np.zeros((4, 6))

    def norm(a, name):
        return normalised(a, w[f"{name}/gamma"], w[f"{name}/beta"]) if layer_norm else a

    outputs = np.asarray(ours(x))
    for t in range(9):
        a = norm(x[:, t] @ w["W_x"], "norm_x") + norm(h @ w["W_h"], "norm_h") + w["b"]
        p = [w.get(name, 0.0) for name in ("p_i", "p_f", "p_o")]
        i, f = sigmoid(a[:, :6] + p[0] * c), sigmoid(a[:, 6:12] + p[1] * c)
        c = f * c + i * np.tanh(a[:, 12:18])
        h = sigmoid(a[:, 18:] + p[2] * c) * np.tanh(norm(c, "norm_c"))
        np.testing.assert_allclose(outputs[:, t], h, rtol=0, atol=1e-12)


@pytest.mark.parametrize("option", ["peepholes", "layer_norm"])
def test_gradients_of_the_options_equal_centred_differences(option, assert_gradients_are_slopes):
    assert_gradients_are_slopes(layer(**{option: True}), sequences("float64", T=3))


def test_layer_norm_does_not_see_the_scale_of_the_input():
    ours, x = layer(layer_norm=True), 100 * sequences("float64")
    np.testing.assert_allclose(ours(x), ours(3 * x), rtol=0, atol=1e-4)
    plain = layer()
    assert np.abs(plain(x) - plain(3 * x)).max() > 1e-2


def test_config():
    cell = LSTMVariantCell(5, forget_bias=2.0, peepholes=True, layer_norm=True, name="mine")
    again = LSTMVariantCell.from_config(cell.get_config())
    assert again.get_config() == cell.get_config()
    assert (again.units, again.forget_bias, again.peepholes) == (5, 2.0, True)
    assert (again.layer_norm, again.name) == (True, "mine")
