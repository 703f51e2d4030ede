"""The learners' scan and layer against the course's own, and against TensorFlow's tape."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_lib.layers.by_hand import LRULayer, fast_scan
from course_lib.scratch.diagonal import lru_forward
from course_lib.scratch.scan import scan_loop


def numbers(dtype, *shape, seed=0):
    rng = np.random.default_rng(seed)
    real = rng.normal(size=shape)
    return (real + 1j * rng.normal(size=shape) if np.dtype(dtype).kind == "c" else real).astype(
        dtype
    )


@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
@pytest.mark.parametrize("T", [1, 2, 9])
def test_states_and_gradients_are_those_of_the_tape(dtype, T):
    a, b = (numbers(dtype, 2, T, 3, seed=s) for s in (1, 2))
    h_0, dh = numbers(dtype, 2, 3, seed=3), numbers(dtype, 2, T, 3, seed=4)
    inputs = [tf.constant(one) for one in (a, b, h_0)]
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(inputs)
        ours = fast_scan(*inputs)
        h, states = inputs[2], []
        for t in range(T):
            h = inputs[0][:, t] * h + inputs[1][:, t]
            states.append(h)
        theirs = tf.stack(states, axis=1)
    np.testing.assert_allclose(ours.numpy(), scan_loop(a, b, h_0), rtol=1e-12, atol=1e-14)
    for one, other in zip(
        tape.gradient(ours, inputs, output_gradients=tf.constant(dh)),
        tape.gradient(theirs, inputs, output_gradients=tf.constant(dh)),
        strict=True,
    ):
        np.testing.assert_allclose(one.numpy(), other.numpy(), rtol=1e-10, atol=1e-12)


def as_params(layer):
    """The layer's weights as NumPy has them."""
    weights = {w.name: w.numpy().astype(np.float64) for w in layer.weights}
    return {
        **{name: weights[name] for name in ("nu_log", "theta_log", "gamma_log", "D")},
        "B": weights["B_re"] + 1j * weights["B_im"],
        "C": weights["C_re"] + 1j * weights["C_im"],
    }


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-4)])
def test_the_layer_is_its_numpy_twin(dtype, tolerance):
    layer = LRULayer(4, 3, dtype=dtype)
    x = numbers(dtype, 2, 7, 5)
    y = layer(x)
    assert y.dtype == dtype
    right, _ = lru_forward(x, np.zeros((2, 4), complex), as_params(layer))
    np.testing.assert_allclose(y.numpy(), right, rtol=tolerance, atol=tolerance)


def test_the_layer_is_saved_and_loaded(tmp_path):
    model = keras.Sequential([keras.Input((None, 2)), LRULayer(3, 4), keras.layers.Dense(1)])
    model.save(tmp_path / "model.keras")
    x = numbers("float32", 2, 5, 2)
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(x).numpy(), model(x).numpy())


def test_the_seed_decides_how_it_begins():
    first = []
    for seed in (1, 1, 2):
        layer = LRULayer(3, 2, seed=seed)
        layer.build((None, None, 2))
        first.append(layer.get_weights()[0])
    np.testing.assert_array_equal(first[0], first[1])
    assert not np.array_equal(first[0], first[2])
    assert (first[0] < 0).all()  # slow units: exp(nu_log) below 1
