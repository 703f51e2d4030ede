"""A step of a training loop: against the hand-written gradient, and against `fit`."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_lib.layers import VanillaRNNCell
from course_lib.layers.training_step import train_step


def reader(dtype="float64"):
    keras.utils.set_random_seed(1)
    recurrent = keras.layers.RNN(VanillaRNNCell(5, dtype=dtype), dtype=dtype)
    readout = keras.layers.Dense(3, dtype=dtype)
    return keras.Sequential([keras.Input((None, 2), dtype=dtype), recurrent, readout])


def batch(rows=6, steps=4):
    rng = np.random.default_rng(3)
    return tf.constant(rng.normal(size=(rows, steps, 2))), tf.constant(rng.integers(0, 3, rows))


@pytest.mark.slow
def test_the_step_goes_down_the_numerical_gradient():
    model, (x, y) = reader(), batch()

    def loss():
        logits = model(x).numpy()
        log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return -log_p[np.arange(len(y)), y.numpy()].mean()

    weights = model.get_weights()
    numerical = []
    for number, weight in enumerate(weights):
        gradient = np.zeros_like(weight)
        for at in np.ndindex(weight.shape):
            sides = []
            for move in (1e-5, -1e-5):
                moved = [w.copy() for w in weights]
                moved[number][at] += move
                model.set_weights(moved)
                sides.append(loss())
            gradient[at] = (sides[0] - sides[1]) / 2e-5
        numerical.append(gradient)
    model.set_weights(weights)
    before = loss()
    step = train_step(model, keras.optimizers.SGD(1.0))
    assert float(step(x, y)) == pytest.approx(before, abs=1e-12)
    for old, new, gradient in zip(weights, model.get_weights(), numerical, strict=True):
        np.testing.assert_allclose(old - new, gradient, atol=1e-8)


class Told(keras.layers.Layer):
    """Passes on what it gets, and notes whether it was told that this is training."""

    def call(self, x, training=None):
        self.training_was = training
        return x


def test_the_model_is_told_that_it_trains():
    """Else a dropout in it would leave out nothing."""
    told = Told()
    model = keras.Sequential([keras.Input((4,)), told, keras.layers.Dense(3)])
    train_step(model, keras.optimizers.SGD(0.1))(tf.ones((2, 4)), tf.constant([0, 1]))
    assert told.training_was is True


@pytest.mark.slow
def test_it_is_what_fit_does():
    x, y = batch()
    ours, theirs = reader(), reader()
    step = train_step(ours, keras.optimizers.Adam(0.01))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, dtype="float64")
    theirs.compile(keras.optimizers.Adam(0.01), loss)
    for _ in range(3):
        step(x, y)
        theirs.train_on_batch(x, y)
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-7)


def test_after_a_second_size_it_is_not_traced_again():
    model = reader()
    step = train_step(model, keras.optimizers.SGD(0.1))
    for rows, steps in ((6, 4), (5, 3), (4, 6)):
        step(*batch(rows, steps))
    traces = step.experimental_get_tracing_count()
    for rows, steps in ((2, 7), (3, 5), (7, 2)):
        step(*batch(rows, steps))
    assert step.experimental_get_tracing_count() == traces
