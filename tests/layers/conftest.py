"""What the tests of the cells share."""

import numpy as np
import pytest


@pytest.fixture
def assert_gradients_are_slopes():
    """A function that holds a float64 layer's gradients against centred differences."""

    def check(layer, x):
        import tensorflow as tf

        weights = layer.get_weights()
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(x) ** 2)
        gradients = tape.gradient(loss, layer.trainable_variables)

        def loss_at(moved):
            layer.set_weights(moved)
            return float(np.sum(np.asarray(layer(x)) ** 2))

        rng = np.random.default_rng(5)
        for number, (gradient, w) in enumerate(zip(gradients, weights, strict=True)):
            direction = rng.normal(size=w.shape)
            above, below = (
                loss_at([*weights[:number], w + step * direction, *weights[number + 1 :]])
                for step in (1e-5, -1e-5)
            )
            slope = np.sum(gradient * direction)
            assert (above - below) / 2e-5 == pytest.approx(slope, rel=1e-7, abs=1e-9)

    return check
