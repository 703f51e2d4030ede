"""UORO's mean over all signs is RTRL's gradient, and what doesn't exist adds no noise."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_lib.layers import VanillaRNNCell
from course_lib.online import LeakyRNNCell, OnlineRNN, SparseRNNCell
from course_lib.online.cells import dynamics_of
from course_lib.online.uoro import UORO

T, N, INPUTS = 3, 3, 2
F64 = {"dtype": "float64"}
CELLS = {
    "vanilla": lambda: VanillaRNNCell(N, **F64),
    "leaky": lambda: LeakyRNNCell(N, leak=0.6, **F64),
    "sparse": lambda: SparseRNNCell(N, 1, leak=0.6, **F64),
    "no biases": lambda: keras.layers.SimpleRNNCell(N, use_bias=False, **F64),
}


@pytest.fixture(params=CELLS)
def model(request):
    model = OnlineRNN(CELLS[request.param](), 2)
    model.build((None, None, INPUTS))
    rng = np.random.default_rng(2)
    for w in model.trainable_variables:
        w.assign(0.7 * rng.normal(size=w.shape))
    return model


def test_the_mean_over_all_signs_is_the_exact_gradient(model, monkeypatch):
    """Each of the 512 rows of signs once, on copies of one sequence: no error is left to chance."""
    rows = np.array(list(itertools.product([-1.0, 1.0], repeat=T * N)))
    signs = tf.constant(rows.reshape(-1, T, N).transpose(1, 0, 2))
    monkeypatch.setattr(UORO, "signs", lambda self, like: signs)
    x = np.repeat(np.random.default_rng(3).normal(size=(1, T, INPUTS)), len(rows), 0)
    y, found = np.zeros((len(rows), 2)), []
    for rule in ("uoro", "rtrl"):
        model.compile("sgd", keras.losses.MeanSquaredError(**F64), rule=rule, jit_compile=False)
        found.append([tf.convert_to_tensor(g) for g in model.gradients(x, y)[2]])
    for mean, exact in zip(*found, strict=True):
        np.testing.assert_allclose(mean, exact, rtol=0, atol=1e-12)


def test_both_parts_are_as_long_and_count_what_exists(model):
    """After a step s and θ are as long as each other, and θ is 0 where there is no weight."""
    dynamics = dynamics_of(model.cell)
    rule = UORO(dynamics, keras.random.SeedGenerator(0))
    x = tf.constant(np.random.default_rng(3).normal(size=(1, 2, INPUTS)))
    state = (tf.constant([[0.5, -0.3, 0.8], [0.1, 0.9, -0.4]], tf.float64),)
    chunk = dynamics.run(state, x)
    (s, theta), _ = rule.advance(rule.zero(2, INPUTS), chunk)
    np.testing.assert_allclose(tf.norm(s, axis=1), tf.norm(theta, axis=(1, 2)), rtol=1e-10)
    there = np.ones(theta.shape[1:], bool)
    if isinstance(model.cell, SparseRNNCell):
        there[:N] = model.cell.heard
    if isinstance(model.cell, keras.layers.SimpleRNNCell):
        there[-1] = False
    np.testing.assert_array_equal(theta != 0, np.broadcast_to(there, theta.shape))


def test_sixteen_bits_know_a_smallest_length():
    """1e-30 is 0 in them: at the first step the noise would be divided by nothing."""
    found, x = [], np.random.default_rng(0).normal(size=(4, 20, INPUTS))
    for dtype in ("float32", "float16"):
        keras.utils.set_random_seed(0)
        model = OnlineRNN(VanillaRNNCell(N, dtype=dtype), 2)
        model.build(x.shape)
        rng = np.random.default_rng(1)
        for w in model.trainable_variables:
            w.assign(0.5 * rng.normal(size=w.shape))
        model.compile("sgd", keras.losses.MeanSquaredError(), rule="uoro", jit_compile=False)
        gradients = model.gradients(x.astype(dtype), np.ones((4, 2), dtype))[2]
        found.append(np.concatenate([np.ravel(tf.cast(g, "float64")) for g in gradients]))
    exact, half = found
    assert exact @ half / np.linalg.norm(exact) / np.linalg.norm(half) > 0.98
