"""The reference of *Pixels*: its fast gradient is the one of the traces, pixel by pixel."""

import numpy as np
import pytest

from course_lib.scratch.diagonal import lru_online_gradient
from course_lib.training.experiments.project_pixels import PIXELS, Config, network


def test_the_product_with_powers_has_the_gradient_of_the_traces():
    import tensorflow as tf

    n = 4
    model = network(Config(units=n, hidden=3, epochs=1), examples=10, seed=0)
    layer = model.layers[0]
    rng = np.random.default_rng(1)
    x = rng.uniform(size=(2, PIXELS))
    dre, dim = rng.normal(size=(2, 2, n))
    with tf.GradientTape() as tape:
        parts = layer(tf.constant(x, tf.float32))
        loss = tf.reduce_sum(parts * np.concatenate([dre, dim], axis=1).astype(np.float32))
    fast = tape.gradient(loss, [weight.value for weight in layer.trainable_weights])
    names = ("nu_log", "theta_log", "gamma_log")
    weights = (w.astype(float) for w in layer.get_weights())
    params = dict(zip(names, weights, strict=True)) | {"B": np.ones((1, n), complex)}
    dz = np.zeros((2, PIXELS, n), complex)
    dz[:, -1] = dre + 1j * dim
    by_traces = lru_online_gradient(dz, x[..., None], np.zeros((2, n), complex), params)
    for name, gradient in zip(names, fast, strict=True):
        scale = np.abs(by_traces[name]).max()
        assert gradient.numpy() == pytest.approx(by_traces[name], abs=1e-3 * scale), name
