"""BPTT three ways: by hand, against centred differences, against TensorFlow's autodiff."""

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.scratch import bptt
from course_lib.scratch.gradcheck import gradient_check, numerical_gradient
from course_lib.scratch.rnn import init_params, rnn_forward
from course_lib.sources import practical_2017

BATCHES, LENGTHS = (1, 3, 32), (1, 5, 50)
every_size = pytest.mark.parametrize(
    ("batch", "T"), [(batch, T) for batch in BATCHES for T in LENGTHS]
)


def case(batch=3, T=5, m=2, n=4, c=3, seed=0):
    """No two sizes are equal, the first state is not zero, and the biases are not either."""
    rng = np.random.default_rng(seed)
    params = init_params(m, n, c, seed=seed, radius=0.9)
    params["b_h"], params["b_y"] = rng.normal(size=n), rng.normal(size=c)
    x, h_0 = rng.normal(size=(batch, T, m)), rng.normal(size=(batch, n))
    return params, x, rng.integers(0, c, size=(batch, T)), h_0


def forward(params, x, h_0):
    return rnn_forward(x, h_0, params["W_xh"], params["W_hh"], params["b_h"])


def assert_equal_grads(grads, expected, rtol=1e-10):
    assert grads.keys() == expected.keys()
    for name, g in expected.items():
        assert relative(grads[name], g) < rtol, name


def relative(a, b):
    """Norm of the difference over that of b; 0 if both are zero."""
    assert a.shape == b.shape
    return np.linalg.norm(a - b) / max(np.linalg.norm(b), 1e-300)


# By hand


def test_step_by_hand():
    # One unit, h_t = 0.5: da = 2 * (1 - 0.25) = 1.5.
    one = np.ones((1, 1))
    dx, dh_prev, dW_xh, dW_hh, db_h = bptt.rnn_step_backward(
        2 * one, 3 * one, 0.1 * one, 0.5 * one, 4 * one, -1 * one
    )
    assert dx == pytest.approx(6.0)
    assert dh_prev == pytest.approx(-1.5)
    assert dW_xh == pytest.approx(4.5)
    assert dW_hh == pytest.approx(0.15)
    assert db_h == pytest.approx(np.array([1.5]))


def test_two_steps_by_hand():
    # The gradient enters at the last step only and reaches h_0 through both tanhs.
    x, w = np.zeros((1, 2, 1)), np.array([[0.5]])
    h_0 = np.array([[0.8]])
    h, cache = rnn_forward(x, h_0, np.ones((1, 1)), w, np.zeros(1))
    h_1, h_2 = np.tanh(0.4), np.tanh(0.5 * np.tanh(0.4))
    np.testing.assert_allclose(h.ravel(), [h_1, h_2])
    _, dh_0, _, dW_hh, db_h = bptt.rnn_backward(np.array([[[0.0], [1.0]]]), cache)
    da_2 = 1 - h_2**2
    da_1 = da_2 * 0.5 * (1 - h_1**2)
    assert dh_0[0, 0] == pytest.approx(0.5 * da_1)
    assert dW_hh[0, 0] == pytest.approx(h_1 * da_2 + 0.8 * da_1)
    assert db_h[0] == pytest.approx(da_1 + da_2)


def test_shapes():
    params, x, labels, h_0 = case(batch=3, T=5, m=2, n=4, c=3)
    h, cache = forward(params, x, h_0)
    shapes = [g.shape for g in bptt.rnn_backward(np.ones_like(h), cache)]
    assert shapes == [(3, 5, 2), (3, 4), (2, 4), (4, 4), (4,)]
    _, grads, h_last = bptt.loss_and_gradients(params, x, labels, h_0)
    assert {name: g.shape for name, g in grads.items()} == {
        name: w.shape for name, w in params.items()
    }
    assert h_last.shape == (3, 4)


def test_float32_stays_float32():
    params, x, labels, h_0 = case()
    params = {name: w.astype(np.float32) for name, w in params.items()}
    _, grads, _ = bptt.loss_and_gradients(
        params, x.astype(np.float32), labels, h_0.astype(np.float32)
    )
    assert {g.dtype for g in grads.values()} == {np.dtype(np.float32)}


def test_inputs_are_left_alone():
    params, x, labels, h_0 = case()
    before = [a.copy() for a in (*params.values(), x, labels, h_0)]
    bptt.truncated_bptt(params, x, labels, h_0, 2)
    after = (*params.values(), x, labels, h_0)
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


# Against centred differences


@pytest.mark.parametrize(("batch", "T"), [(1, 1), (1, 5), (3, 5), (4, 2)])
def test_gradient_check(batch, T):
    params, x, labels, h_0 = case(batch, T)
    _, grads, _ = bptt.loss_and_gradients(params, x, labels, h_0)
    passed, errors = gradient_check(
        lambda: bptt.loss_and_gradients(params, x, labels, h_0)[0], params, grads
    )
    assert passed, errors


def test_gradients_of_inputs_and_first_state():
    params, x, _, h_0 = case()
    weights = np.random.default_rng(1).normal(size=(3, 5, 4))
    _, cache = forward(params, x, h_0)
    dx, dh_0, *_ = bptt.rnn_backward(weights, cache)

    def loss():
        return float(np.sum(weights * forward(params, x, h_0)[0]))

    assert relative(dx, numerical_gradient(loss, x)) < 1e-8
    assert relative(dh_0, numerical_gradient(loss, h_0)) < 1e-8


# Against autodiff


@functools.cache
def tensorflow():
    import tensorflow as tf

    return tf


def autodiff(params, x, labels, h_0):
    """Loss, gradients of params, x and h_0 and the states, by TensorFlow in float64."""
    tf = tensorflow()
    w = {name: tf.constant(value) for name, value in params.items()}
    inputs, h_start = tf.constant(x), tf.constant(h_0)
    with tf.GradientTape() as tape:
        tape.watch([*w.values(), inputs, h_start])
        h, losses = h_start, []
        for t in range(x.shape[1]):
            h = tf.tanh(inputs[:, t] @ w["W_xh"] + h @ w["W_hh"] + w["b_h"])
            losses.append(
                tf.nn.sparse_softmax_cross_entropy_with_logits(
                    labels[:, t], h @ w["W_hy"] + w["b_y"]
                )
            )
        loss = tf.reduce_mean(losses)
    grads, dx, dh_0 = tape.gradient(loss, (w, inputs, h_start))
    return float(loss), {k: g.numpy() for k, g in grads.items()}, dx.numpy(), dh_0.numpy()


@every_size
def test_equals_autodiff(batch, T):
    params, x, labels, h_0 = case(batch, T)
    loss, grads, _ = bptt.loss_and_gradients(params, x, labels, h_0)
    expected_loss, expected, _, _ = autodiff(params, x, labels, h_0)
    assert loss == pytest.approx(expected_loss, rel=1e-12)
    assert_equal_grads(grads, expected)


@every_size
def test_inputs_and_first_state_equal_autodiff(batch, T):
    params, x, labels, h_0 = case(batch, T)
    h, cache = forward(params, x, h_0)
    dlogits = bptt.cross_entropy_gradient(h @ params["W_hy"] + params["b_y"], labels)
    dx, dh_0, *_ = bptt.rnn_backward(dlogits @ params["W_hy"].T, cache)
    _, _, expected_dx, expected_dh_0 = autodiff(params, x, labels, h_0)
    assert relative(dx, expected_dx) < 1e-10
    assert relative(dh_0, expected_dh_0) < 1e-10


@pytest.mark.parametrize("T", LENGTHS)
def test_state_jacobian_equals_autodiff(T):
    tf = tensorflow()
    params, x, _, h_0 = case(batch=1, T=T)
    h, _ = forward(params, x, h_0)
    start = tf.constant(h_0[0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(start)
        state = start[None]
        for t in range(T):
            state = tf.tanh(x[:, t] @ params["W_xh"] + state @ params["W_hh"] + params["b_h"])
        last = state[0]
    expected = tape.jacobian(last, start, experimental_use_pfor=False).numpy()
    assert relative(bptt.state_jacobian(h[0], params["W_hh"]), expected) < 1e-10


# The Jacobian


def test_jacobian_is_not_transposed():
    # Unit 1 listens to unit 0 and not the other way: W_hh[0, 1] is the weight from 0 to 1.
    W_hh = np.array([[0.0, 2.0], [0.0, 0.0]])
    jacobian = bptt.state_jacobian(np.zeros((1, 2)), W_hh)
    assert np.array_equal(jacobian, [[0.0, 0.0], [2.0, 0.0]])  # row 1: h_1 depends on h_0


@given(T=st.integers(1, 6), n=st.integers(1, 5), seed=st.integers(0, 100))
@settings(max_examples=30)
def test_jacobian_is_what_bptt_multiplies_with(T, n, seed):
    params, x, _, h_0 = case(batch=1, T=T, n=n, seed=seed)
    h, cache = forward(params, x, h_0)
    dh = np.zeros_like(h)
    dh[:, -1] = np.random.default_rng(seed).normal(size=n)
    _, dh_0, *_ = bptt.rnn_backward(dh, cache)
    assert relative(dh[0, -1] @ bptt.state_jacobian(h[0], params["W_hh"]), dh_0[0]) < 1e-10


@given(T=st.integers(1, 8), radius=st.floats(0.1, 2.0), seed=st.integers(0, 100))
@settings(max_examples=30)
def test_jacobian_is_within_the_bound(T, radius, seed):
    rng = np.random.default_rng(seed)
    W_hh = init_params(2, 4, 3, seed=seed, recurrent="gaussian", radius=radius)["W_hh"]
    jacobian = bptt.state_jacobian(rng.uniform(-1, 1, size=(T, 4)), W_hh)
    bound = np.linalg.norm(W_hh, 2) ** T
    assert np.linalg.norm(jacobian, 2) <= bound * (1 + 1e-12)


# Properties


@given(
    batch=st.integers(1, 4),
    T=st.integers(1, 6),
    m=st.integers(1, 4),
    n=st.integers(1, 5),
    seed=st.integers(0, 100),
)
@settings(max_examples=40)
def test_batch_is_a_sum_of_sequences(batch, T, m, n, seed):
    params, x, _, h_0 = case(batch, T, m, n, seed=seed)
    h, cache = forward(params, x, h_0)
    dh = np.random.default_rng(seed).normal(size=h.shape)
    dx, dh_0, *weights = bptt.rnn_backward(dh, cache)
    sums = [np.zeros_like(w) for w in weights]
    for i in range(batch):
        one = slice(i, i + 1)
        _, cache_i = forward(params, x[one], h_0[one])
        dx_i, dh_0_i, *weights_i = bptt.rnn_backward(dh[one], cache_i)
        np.testing.assert_allclose(dx_i, dx[one], atol=1e-12)
        np.testing.assert_allclose(dh_0_i, dh_0[one], atol=1e-12)
        sums = [total + w for total, w in zip(sums, weights_i, strict=True)]
    for total, w in zip(sums, weights, strict=True):
        np.testing.assert_allclose(total, w, atol=1e-10)


@given(T=st.integers(2, 6), t=st.integers(0, 4), seed=st.integers(0, 100))
@settings(max_examples=30)
def test_no_credit_from_a_loss_to_later_steps(T, t, seed):
    t = min(t, T - 2)
    params, x, _, h_0 = case(T=T, seed=seed)
    h, cache = forward(params, x, h_0)
    dh = np.zeros_like(h)
    dh[:, t] = 1.0
    dx, *_ = bptt.rnn_backward(dh, cache)
    assert np.all(dx[:, t + 1 :] == 0)
    assert np.all(np.abs(dx[:, : t + 1]).sum(axis=-1) > 0)


def test_readout_gradient_needs_its_own_step_only():
    params, x, labels, h_0 = case(T=6)
    other = labels.copy()
    other[:, :5] = (other[:, :5] + 1) % 3  # all losses but the last are changed
    h, _ = forward(params, x, h_0)
    _, grads, _ = bptt.loss_and_gradients(params, x, labels, h_0)
    _, changed, _ = bptt.loss_and_gradients(params, x, other, h_0)
    difference = bptt.cross_entropy_gradient(h @ params["W_hy"] + params["b_y"], labels)
    difference -= bptt.cross_entropy_gradient(h @ params["W_hy"] + params["b_y"], other)
    expected = sum(h[:, t].T @ difference[:, t] for t in range(5))
    assert relative(grads["W_hy"] - changed["W_hy"], expected) < 1e-10


# Truncation


@pytest.mark.parametrize("window", [7, 8, 100])
def test_a_window_over_all_steps_is_full_bptt(window):
    data = case(T=7)
    loss, grads, h_last = bptt.loss_and_gradients(*data)
    cut_loss, cut, cut_last = bptt.truncated_bptt(*data, window)
    assert cut_loss == pytest.approx(loss, rel=1e-14)
    assert_equal_grads(cut, grads, rtol=1e-14)
    assert np.array_equal(cut_last, h_last)


@given(
    T=st.integers(1, 9),
    window=st.integers(1, 10),
    batch=st.integers(1, 3),
    seed=st.integers(0, 100),
)
@settings(max_examples=40)
def test_loss_and_state_do_not_depend_on_the_window(T, window, batch, seed):
    data = case(batch=batch, T=T, seed=seed)
    loss, grads, h_last = bptt.loss_and_gradients(*data)
    cut_loss, cut, cut_last = bptt.truncated_bptt(*data, window)
    assert cut_loss == pytest.approx(loss, rel=1e-12)
    np.testing.assert_allclose(cut_last, h_last, atol=1e-14)
    for name in ("W_hy", "b_y"):  # the readout needs its own step only
        np.testing.assert_allclose(cut[name], grads[name], atol=1e-12)


def test_truncation_truncates():
    # The last window sees the carried state as a constant: the same as a fresh start from there.
    params, x, labels, h_0 = case(T=6)
    _, _, h_4 = bptt.loss_and_gradients(params, x[:, :4], labels[:, :4], h_0)
    _, first, _ = bptt.loss_and_gradients(params, x[:, :4], labels[:, :4], h_0)
    _, second, _ = bptt.loss_and_gradients(params, x[:, 4:], labels[:, 4:], h_4)
    _, cut, _ = bptt.truncated_bptt(params, x, labels, h_0, 4)
    expected = {name: (4 * first[name] + 2 * second[name]) / 6 for name in first}
    assert_equal_grads(cut, expected, rtol=1e-13)
    _, full, _ = bptt.loss_and_gradients(params, x, labels, h_0)
    assert relative(cut["W_hh"], full["W_hh"]) > 0.01


def test_window_of_one_gives_no_credit_to_earlier_steps():
    params, x, labels, h_0 = case(T=4)
    h, _ = forward(params, x, h_0)
    dlogits = bptt.cross_entropy_gradient(h @ params["W_hy"] + params["b_y"], labels)
    da = dlogits @ params["W_hy"].T * (1 - h**2)
    _, cut, _ = bptt.truncated_bptt(params, x, labels, h_0, 1)
    assert relative(cut["W_xh"], np.einsum("btm,btn->mn", x, da)) < 1e-12


@pytest.mark.parametrize("rate", [0.01, 10.0])
def test_an_update_follows_the_gradient_at_the_weights_that_came_in(rate):
    params, x, labels, h_0 = case()
    before = {name: w.copy() for name, w in params.items()}
    loss, grads, h_last = bptt.loss_and_gradients(params, x, labels, h_0)
    moved, said, state = bptt.update_on_window(params, x, labels, h_0, rate)
    assert (said, state.tolist()) == (loss, h_last.tolist())
    assert_equal_grads({name: (before[name] - moved[name]) / rate for name in grads}, grads)
    assert all(np.array_equal(params[name], before[name]) for name in params)


# The practical of 2017


def test_final_state_of_the_practical():
    params, x, labels, h_0 = practical_2017.network()
    h, _ = forward(params, x, h_0)
    correct = np.array([[0.19868001, 0.98286478, 0.76491549, -0.91578737]])
    error = np.abs(h[:, -1] - correct) / (np.abs(h[:, -1]) + np.abs(correct))
    assert error.max() < 2e-8
    assert labels.tolist() == [[1, 0, 0, 1, 0]]


def test_losses_of_the_practical():
    params, x, labels, h_0 = practical_2017.network()
    loss = practical_2017.total_loss(params, x, labels, h_0)
    assert loss == pytest.approx(14.9716978358, abs=1e-9)
    narrow = practical_2017.narrow(params)
    loss = practical_2017.total_loss(narrow, x, labels, h_0)
    assert loss == pytest.approx(4.4852320518, abs=1e-9)
