"""KeRNL as learners write it: by hand, against the traces, against centred differences."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_lib.graphs import written
from course_lib.online import traces
from course_lib.online.by_hand import KernlModel, chunked_trace, update_inside
from course_lib.scratch.gradcheck import numerical_gradient
from course_lib.scratch.kernl import forward_gradient, trace_step, weight_gradient
from course_lib.scratch.rnn import rnn_forward


def sequence(T=11, seed=0):
    """Traces, v, d, credit and gamma."""
    rng = np.random.default_rng(seed)
    E_0, v, credit = (rng.normal(size=size) for size in ((2, 5, 3), (2, T, 5), (2, T, 3)))
    return E_0, v, rng.uniform(size=(2, T, 3)), credit, np.array([0.0, 0.3, 1.2])


@pytest.mark.parametrize("C", [1, 3, 11, 20])
@pytest.mark.parametrize("compiled", [None, False, True])
def test_chunks_give_what_the_steps_give(C, compiled):
    E_0, v, d, credit, gamma = sequence()
    function = chunked_trace
    if compiled is not None:
        function = tf.function(function, autograph=False, jit_compile=compiled)
    dW, E_T = function(*map(tf.constant, (E_0, v, d, credit, gamma)), C)
    first = [np.moveaxis(a, 1, 0) for a in (v, d, credit)]
    r = np.broadcast_to(np.exp(-gamma), (11, 1, 3))
    right_E, right = traces.per_step(*map(tf.constant, (E_0, r, first[1], first[0], first[2])))
    np.testing.assert_allclose(dW, right, rtol=1e-10)
    np.testing.assert_allclose(E_T, right_E, rtol=1e-10)


@pytest.mark.parametrize("sizes", [(1, 3, 4), (2, 1, 4), (2, 3, 1), (1, 1, 1)])
@pytest.mark.parametrize("compiled", [False, True])
def test_sizes_of_one_in_a_graph(sizes, compiled):
    """What is known to be one may be stretched, so TensorFlow forgets it, and a loop may not."""
    batch, p, n = sizes
    rng = np.random.default_rng(3)
    shapes = ((batch, p, n), (batch, 7, p), (batch, 7, n), (batch, 7, n), (n,))
    given = [tf.constant(rng.uniform(size=shape)) for shape in shapes]
    traced = tf.function(chunked_trace, autograph=False, jit_compile=compiled)
    for mine, right in zip(traced(*given, 3), chunked_trace(*given, 3), strict=True):
        np.testing.assert_allclose(mine, right, rtol=1e-12)


def test_chunks_are_the_gradient_where_the_kernel_is_the_truth():
    _, v, _, credit, gamma = sequence()
    W = np.random.default_rng(1).normal(size=(5, 3))

    def loss():
        total, kept = 0.0, np.zeros((2, 3))
        for t in range(v.shape[1]):
            kept = np.exp(-gamma) * kept + np.tanh(v[:, t] @ W)
            total += np.sum(credit[:, t] * kept)
        return total

    d = 1 - np.tanh(v @ W) ** 2
    dW, _ = chunked_trace(*map(tf.constant, (np.zeros((2, 5, 3)), v, d, credit, gamma)), 4)
    np.testing.assert_allclose(dW, numerical_gradient(loss, W), rtol=1e-6, atol=1e-8)


def test_one_weight_by_hand():
    arrays = ([[[8.0]]], [[[2.0], [3.0]]], [[[1.0], [1.0]]], [[[10.0], [100.0]]], [np.log(2)])
    dW, E_T = chunked_trace(*(tf.constant(a, tf.float64) for a in arrays), 2)
    assert (dW.numpy().item(), E_T.numpy().item()) == pytest.approx((660, 6))


def test_what_is_written_counts_every_turn_of_a_loop():
    counted = tf.function(
        lambda: tf.while_loop(lambda i, _: i < 5, lambda i, a: (i + 1, a + 1.0), (0, tf.ones(7)))
    )
    assert written(counted).count((7,)) >= 5
    assert not tf.config.functions_run_eagerly()


def test_the_weights_change_inside():
    rng = np.random.default_rng(0)
    W, R, x, y = (rng.normal(size=s) for s in ((6, 3), (3, 2), (2, 7, 2), (2, 7, 2)))
    beta, gamma, rate = rng.normal(size=(3, 3)), np.array([0.0, 0.3, 1.2]), 0.1
    variable = tf.Variable(W)
    arguments = map(tf.constant, (R, x, y, beta, gamma))
    losses = tf.function(update_inside, autograph=False)(variable, *arguments, rate)
    h, E, right = np.zeros((2, 3)), np.zeros((2, 6, 3)), []
    for t in range(7):
        v = np.hstack([x[:, t], h, np.ones((2, 1))])
        h = np.tanh(v @ W)
        E = trace_step(E, v, 1 - h**2, gamma)
        error = h @ R - y[:, t]
        right.append(np.sum(error**2) / 4)
        W = W - rate * weight_gradient(error @ R.T / 2, beta, E)
    np.testing.assert_allclose(losses, right, rtol=1e-10)
    np.testing.assert_allclose(variable, W, rtol=1e-10)


def test_a_step_of_the_model_is_the_step_by_numpy():
    """The RNN's by KeRNL, the readout's exact; and each number that is reported counts it."""
    rng = np.random.default_rng(2)
    x, y, beta = (rng.normal(size=s) for s in ((2, 7, 2), (2, 7, 4), (3, 3)))
    gamma, rate = np.array([0.0, 0.3, 1.2]), 0.125  # exact in float32, as Keras keeps it
    model = KernlModel(3, 4, beta, gamma, C=3, dtype="float64")
    loss = keras.losses.MeanSquaredError(dtype="float64")
    model.compile(keras.optimizers.SGD(rate), loss, metrics=["mae"], run_eagerly=True)
    model.build((None, None, 2))
    for weight in model.trainable_variables:
        weight.assign(rng.normal(size=weight.shape))
    W_xh, W_hh, b_h, W_hy, b_y = (w.numpy() for w in model.trainable_variables)
    found = model.train_step((tf.constant(x), tf.constant(y)))

    h = rnn_forward(x, np.zeros((2, 3)), W_xh, W_hh, b_h)[0]
    error = h @ W_hy + b_y - y
    d_out = 2 * error / error.size
    dW = forward_gradient(x, np.zeros((2, 3)), h, d_out @ W_hy.T, beta, gamma)
    gradients = (dW[:2], dW[2:5], dW[5], np.einsum("bth,btc->hc", h, d_out), d_out.sum((0, 1)))
    moved = zip(model.trainable_variables, (W_xh, W_hh, b_h, W_hy, b_y), gradients, strict=True)
    for now, before, gradient in moved:
        np.testing.assert_allclose(now, before - rate * gradient, rtol=1e-10)
    assert float(found["loss"]) == pytest.approx(np.mean(error**2))
    assert float(found["mae"]) == pytest.approx(np.mean(np.abs(error)), rel=1e-5)


@pytest.mark.slow
def test_fit_trains_by_the_rule():
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 10, 1)).astype(np.float32)
    model = KernlModel(8, 1, np.eye(8), np.full(8, 0.5), C=4)
    model.compile(keras.optimizers.Adam(0.01), "mse", metrics=["mae"])
    history = model.fit(x, np.cumsum(x, axis=1) / 3, epochs=15, verbose=0).history
    assert history["loss"][-1] < history["loss"][0] / 2
    assert set(history) == {"loss", "mae"}


@pytest.mark.slow
@pytest.mark.parametrize(("batch", "units"), [(1, 8), (2, 1), (1, 1)])
def test_fit_with_one_of_something(batch, units):
    x = np.random.default_rng(0).normal(size=(2, 10, 1)).astype(np.float32)
    model = KernlModel(units, 1, np.eye(units), np.full(units, 0.5), C=4)
    model.compile(keras.optimizers.Adam(0.01), "mse")
    data = tf.data.Dataset.from_tensor_slices((x, x)).batch(batch, drop_remainder=True)
    assert np.isfinite(model.fit(data, epochs=2, verbose=0).history["loss"]).all()
