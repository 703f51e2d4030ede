"""The gated cells: by hand, against centred differences, against TensorFlow's autodiff."""

import numpy as np
import pytest

from course_lib.scratch import gated
from course_lib.scratch.gradcheck import gradient_check, numerical_gradient

LOG_3 = np.log(3.0)  # sigmoid of it is 3/4, of its negative 1/4
SHUT, OPEN = -50.0, 50.0  # biases of a gate: 0 and 1 to the last digit of float64


def one_unit(letters, **given):
    """One input, one unit; every weight zero but the given ones."""
    params = {}
    for g in letters:
        params |= {f"W_x{g}": np.zeros((1, 1)), f"W_h{g}": np.zeros((1, 1)), f"b_{g}": np.zeros(1)}
    for name, value in given.items():
        params[name] += value
    return params


def case(letters, batch=3, m=2, n=4, seed=0, dtype=np.float64):
    """No two sizes are equal; biases and states are not zero."""
    rng = np.random.default_rng(seed)
    make = gated.init_gru_params if letters == "rzh" else gated.init_lstm_params
    params = make(m, n, seed=seed, dtype=dtype)
    for g in letters:
        params[f"b_{g}"] += rng.normal(size=n).astype(dtype)
    arrays = [rng.normal(size=(batch, k)).astype(dtype) for k in (m, n, n)]
    return params, *arrays


def relative(a, b):
    assert a.shape == b.shape
    return np.linalg.norm(a - b) / np.linalg.norm(b)


# By hand


def test_sigmoid_by_hand():
    a = np.array([0.0, LOG_3, -LOG_3])
    np.testing.assert_allclose(gated.sigmoid(a), [0.5, 0.75, 0.25], rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sigmoid_never_overflows(dtype):
    with np.errstate(all="raise"):
        far = gated.sigmoid(np.array([-1e30, -1000, 1000, 1e30], dtype))
    assert far.tolist() == [0, 0, 1, 1]
    assert far.dtype == dtype


def test_gate_by_hand():
    one = np.ones((1, 1))
    # 2 * 3 - 1 * 5 - 1 + log 3 = log 3
    g_t = gated.gate(2 * one, -one, 3 * one, 5 * one, np.array([LOG_3 - 1]))
    assert g_t == pytest.approx(0.75)


def test_gru_by_hand():
    # r = 1/2, z = 3/4; the candidate sees 3 * 0.2 + 2 * (r * 0.4) - 0.5.
    params = one_unit("rzh", b_z=LOG_3, W_xh=3.0, W_hh=2.0, b_h=-0.5)
    h_t = gated.gru_step(np.array([[0.2]]), np.array([[0.4]]), params)
    assert h_t == pytest.approx(0.75 * 0.4 + 0.25 * np.tanh(0.5))


def test_gru_resets_before_the_weights():
    # Only unit 0 is kept by the reset gate; unit 1 listens to unit 0 and to nothing else.
    params, x_t, *_ = case("rzh", m=1, n=2)
    params = {name: np.zeros_like(w) for name, w in params.items()}
    params["b_r"], params["b_z"] = np.array([OPEN, SHUT]), np.array([SHUT, SHUT])
    params["W_hh"] = np.array([[0.0, 1.0], [0.0, 0.0]])
    h_t = gated.gru_step(x_t[:1], np.array([[0.3, 0.9]]), params)
    np.testing.assert_allclose(h_t, [[0.0, np.tanh(0.3)]], atol=1e-15)


def test_gru_gates_at_their_ends():
    params, x_t, h_prev, _ = case("rzh")
    params["b_z"] = np.full(4, OPEN)
    np.testing.assert_allclose(gated.gru_step(x_t, h_prev, params), h_prev, atol=1e-14)
    params["b_z"] = params["b_r"] = np.full(4, SHUT)
    fresh = np.tanh(x_t @ params["W_xh"] + params["b_h"])  # the old state has no say
    np.testing.assert_allclose(gated.gru_step(x_t, h_prev, params), fresh, atol=1e-14)


def test_lstm_by_hand():
    # i = 3/4, f = 1/2, o = 1/4; the candidate sees 2 * 0.3 - 0.2 + 0.1.
    params = one_unit("ifoc", b_i=LOG_3, b_o=-LOG_3, W_xc=2.0, W_hc=-1.0, b_c=0.1)
    h_t, c_t, cache = gated.lstm_step(*(np.array([[v]]) for v in (0.3, 0.2, 0.8)), params)
    memory = 0.5 * 0.8 + 0.75 * np.tanh(0.5)
    assert c_t == pytest.approx(memory)
    assert h_t == pytest.approx(0.25 * np.tanh(memory))
    gates = [float(cache[name][0, 0]) for name in ("i", "f", "o", "candidate")]
    assert gates == pytest.approx([0.75, 0.5, 0.25, np.tanh(0.5)])


def test_lstm_step_back_by_hand():
    # The step above with dh = 2, dc = 3; each factor written out.
    params = one_unit("ifoc", b_i=LOG_3, b_o=-LOG_3, W_xc=2.0, W_hc=-1.0, b_c=0.1)
    _, c_t, cache = gated.lstm_step(*(np.array([[v]]) for v in (0.3, 0.2, 0.8)), params)
    dx, dh_prev, dc_prev, grads = gated.lstm_step_backward(
        np.array([[2.0]]), np.array([[3.0]]), cache, params
    )
    tanh_c, candidate = np.tanh(c_t[0, 0]), np.tanh(0.5)
    dc = 3 + 2 * 0.25 * (1 - tanh_c**2)
    da_c = dc * 0.75 * (1 - candidate**2)
    assert dc_prev == pytest.approx(0.5 * dc)
    assert dx == pytest.approx(2 * da_c)
    assert dh_prev == pytest.approx(-da_c)
    assert grads["b_o"][0] == pytest.approx(2 * tanh_c * 0.25 * 0.75)
    assert grads["b_i"][0] == pytest.approx(dc * candidate * 0.75 * 0.25)
    assert grads["W_xf"][0, 0] == pytest.approx(0.3 * dc * 0.8 * 0.25)
    assert grads["W_hc"][0, 0] == pytest.approx(0.2 * da_c)


def test_lstm_forgets_where_the_gate_is_zero():
    """The practical of 2017 says the opposite in one place."""
    params, x_t, h_prev, c_prev = case("ifoc")
    params["b_i"] = np.full(4, SHUT)
    params["b_f"] = np.full(4, OPEN)
    _, kept, _ = gated.lstm_step(x_t, h_prev, c_prev, params)
    np.testing.assert_allclose(kept, c_prev, atol=1e-14)
    params["b_f"] = np.full(4, SHUT)
    _, forgotten, _ = gated.lstm_step(x_t, h_prev, c_prev, params)
    np.testing.assert_allclose(forgotten, 0, atol=1e-14)


def test_an_open_memory_hands_the_gradient_back_whole():
    params, x_t, h, c = case("ifoc")
    params["b_f"] = np.full(4, OPEN)
    caches = []
    for _ in range(200):
        h, c, cache = gated.lstm_step(x_t, h, c, params)
        caches.append(cache)
    start = dc = np.random.default_rng(1).normal(size=c.shape)
    for cache in reversed(caches):
        _, _, dc, _ = gated.lstm_step_backward(np.zeros_like(h), dc, cache, params)
    np.testing.assert_allclose(dc, start, rtol=1e-12)


# Shapes and types


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_shapes_and_types(dtype):
    params, x_t, h_prev, _ = case("rzh", dtype=dtype)
    h_t = gated.gru_step(x_t, h_prev, params)
    assert (h_t.shape, h_t.dtype) == ((3, 4), dtype)
    params, *inputs = case("ifoc", dtype=dtype)
    h_t, c_t, cache = gated.lstm_step(*inputs, params)
    *back, grads = gated.lstm_step_backward(h_t, c_t, cache, params)
    assert [a.shape for a in back] == [(3, 2), (3, 4), (3, 4)]
    assert {name: g.shape for name, g in grads.items()} == {
        name: w.shape for name, w in params.items()
    }
    assert {a.dtype for a in (h_t, c_t, *cache.values(), *back, *grads.values())} == {
        np.dtype(dtype)
    }


def test_inputs_are_left_alone():
    params, *inputs = case("ifoc")
    before = [a.copy() for a in (*params.values(), *inputs)]
    h_t, c_t, cache = gated.lstm_step(*inputs, params)
    gated.lstm_step_backward(h_t, c_t, cache, params)
    after = (*params.values(), *inputs)
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_first_weights():
    params = gated.init_lstm_params(3, 5, seed=7)
    assert {name for name in params if name[0] == "b" and params[name].any()} == {"b_f"}
    assert np.array_equal(params["b_f"], np.ones(5))
    assert np.array_equal(gated.init_lstm_params(3, 5, forget_bias=0.0)["b_f"], np.zeros(5))
    for name in ("W_hi", "W_hf", "W_ho", "W_hc"):
        np.testing.assert_allclose(params[name] @ params[name].T, np.eye(5), atol=1e-14)
    again, other = (gated.init_lstm_params(3, 5, seed=s)["W_hi"] for s in (7, 8))
    assert np.array_equal(params["W_hi"], again)
    assert not np.allclose(params["W_hi"], other)
    shapes = {name: w.shape for name, w in gated.init_gru_params(3, 5).items()}
    assert shapes == {
        f"{kind}{g}": shape
        for g in "rzh"
        for kind, shape in (("W_x", (3, 5)), ("W_h", (5, 5)), ("b_", (5,)))
    }


# Against centred differences


def through_time(params, x, h, c):
    """States of all steps, shape (batch, T, n), the last memory, and the caches."""
    states, caches = [], []
    for t in range(x.shape[1]):
        h, c, cache = gated.lstm_step(x[:, t], h, c, params)
        states.append(h)
        caches.append(cache)
    return np.stack(states, axis=1), c, caches


def back_through_time(weights, dc, caches, params):
    """Gradient of sum(weights * h) + sum(dc * c_T): dx, dh_0, dc_0, grads."""
    dh, dx = np.zeros_like(dc), []
    total = {name: np.zeros_like(w) for name, w in params.items()}
    for t in reversed(range(len(caches))):
        dx_t, dh, dc, grads = gated.lstm_step_backward(weights[:, t] + dh, dc, caches[t], params)
        dx.insert(0, dx_t)
        total = {name: total[name] + grads[name] for name in total}
    return np.stack(dx, axis=1), dh, dc, total


def sequence_case(batch, T):
    params, _, h_0, c_0 = case("ifoc", batch)
    rng = np.random.default_rng(2)
    return (
        params, rng.normal(size=(batch, T, 2)), h_0, c_0,
        rng.normal(size=(batch, T, 4)), rng.normal(size=(batch, 4)),
    )  # fmt: skip


@pytest.mark.parametrize(("batch", "T"), [(1, 1), (3, 1), (2, 4)])
def test_gradient_check(batch, T):
    params, x, h_0, c_0, weights, dc = sequence_case(batch, T)

    def loss():
        h, c, _ = through_time(params, x, h_0, c_0)
        return float(np.sum(weights * h) + np.sum(dc * c))

    *_, caches = through_time(params, x, h_0, c_0)
    *back, grads = back_through_time(weights, dc, caches, params)
    passed, errors = gradient_check(loss, params, grads)
    assert passed, errors
    for gradient, array in zip(back, (x, h_0, c_0), strict=True):
        assert relative(gradient, numerical_gradient(loss, array)) < 1e-8


# Against autodiff


@pytest.mark.parametrize(("batch", "T"), [(1, 1), (3, 1), (3, 20)])
def test_equals_autodiff(batch, T):
    import tensorflow as tf

    params, x, h_0, c_0, weights, dc = sequence_case(batch, T)
    h_states, _, caches = through_time(params, x, h_0, c_0)
    *back, grads = back_through_time(weights, dc, caches, params)
    w = {name: tf.constant(value) for name, value in params.items()}
    inputs, h_start, c_start = (tf.constant(a) for a in (x, h_0, c_0))
    with tf.GradientTape() as tape:
        tape.watch([*w.values(), inputs, h_start, c_start])
        h, c, loss = h_start, c_start, 0.0
        for t in range(T):
            a = {g: inputs[:, t] @ w[f"W_x{g}"] + h @ w[f"W_h{g}"] + w[f"b_{g}"] for g in "ifoc"}
            c = tf.sigmoid(a["f"]) * c + tf.sigmoid(a["i"]) * tf.tanh(a["c"])
            h = tf.sigmoid(a["o"]) * tf.tanh(c)
            loss += tf.reduce_sum(weights[:, t] * h)
        loss += tf.reduce_sum(dc * c)
    expected, *expected_back = tape.gradient(loss, [w, inputs, h_start, c_start])
    np.testing.assert_allclose(h_states[:, -1], h, atol=1e-12)
    for name, gradient in grads.items():
        assert relative(gradient, expected[name].numpy()) < 1e-10, name
    for gradient, right in zip(back, expected_back, strict=True):
        assert relative(gradient, right.numpy()) < 1e-10
