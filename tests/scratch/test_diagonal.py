"""LRU and minGRU three ways: by hand, centred differences, autodiff; their traces against BPTT."""

import numpy as np
import pytest

from course_lib.scratch import diagonal
from course_lib.scratch.gradcheck import numerical_gradient


def lru_case(T=6, batch=3, m=2, n=4, k=5, seed=0):
    """Parameters, inputs, a start state that is not zero, and a gradient for every state."""
    rng = np.random.default_rng(seed)
    params = diagonal.init_lru(m, n, k, seed, r_min=0.3, r_max=0.95)
    z_0 = rng.normal(size=(batch, n)) + 1j * rng.normal(size=(batch, n))
    dz = rng.normal(size=(batch, T, n)) + 1j * rng.normal(size=(batch, T, n))
    return params, rng.normal(size=(batch, T, m)), z_0, dz


def mingru_case(T=6, batch=3, m=2, n=4, seed=0):
    rng = np.random.default_rng(seed)
    params = diagonal.init_mingru(m, n, seed)
    params = {name: w + rng.normal(size=w.shape) for name, w in params.items()}
    x, h_0 = rng.normal(size=(batch, T, m)), rng.normal(size=(batch, n))
    return params, x, h_0, rng.normal(size=(batch, T, n))


def by_parts(loss, array):
    """Centred differences; of a complex array by its two parts: ∂L/∂Re + i ∂L/∂Im."""
    if not np.iscomplexobj(array):
        return numerical_gradient(loss, array)
    return numerical_gradient(loss, array.view(float)).view(complex)


def assert_same(got, expected, rtol=1e-10, atol=1e-12):
    assert got.keys() == expected.keys()
    for name, right in expected.items():
        np.testing.assert_allclose(got[name], right, rtol=rtol, atol=atol, err_msg=name)


# The ring


def test_ring_by_hand():
    # Half of the area of the ring 0.6 … 1 lies below the radius sqrt((0.36 + 1) / 2).
    nu_log, theta_log, gamma_log = diagonal.ring(
        np.array([0.5]), np.array([0.25]), 0.6, 1.0, 2 * np.pi
    )
    assert np.exp(-np.exp(nu_log)) == pytest.approx(np.sqrt(0.68))
    assert np.exp(theta_log) == pytest.approx(np.pi / 2)
    assert np.exp(gamma_log) == pytest.approx(np.sqrt(0.32))


def test_equal_areas_get_equally_many():
    u, v = np.random.default_rng(0).uniform(size=(2, 100_000))
    nu_log, theta_log, _ = diagonal.ring(u, v, 0.5, 1.0, np.pi)
    radius = np.exp(-np.exp(nu_log))
    assert radius.min() > 0.5
    assert radius.max() < 1
    inner = np.mean(radius < 0.75)
    assert inner == pytest.approx((0.75**2 - 0.5**2) / (1 - 0.5**2), abs=0.01)
    assert np.mean(np.exp(theta_log) < np.pi / 4) == pytest.approx(0.25, abs=0.01)


def test_a_new_lru_fills_its_ring():
    lam = diagonal.eigenvalues(diagonal.init_lru(1, 20_000, 1, seed=1))
    radius, angle = np.abs(lam), np.angle(lam) % (2 * np.pi)
    assert [radius.min(), radius.max()] == pytest.approx([0.9, 0.999], abs=1e-4)
    assert [angle.min(), angle.max()] == pytest.approx([0, 2 * np.pi], abs=1e-2)


def test_white_noise_comes_to_variance_one():
    rng = np.random.default_rng(0)
    params = diagonal.init_lru(1, 6, 1, 0, r_min=0.5, r_max=0.9)
    params["B"] = np.ones((1, 6), complex)
    x = rng.normal(size=(4_000, 60, 1))
    _, z = diagonal.lru_forward(x, np.zeros((4_000, 6), complex), params)
    np.testing.assert_allclose(np.mean(np.abs(z[:, -1]) ** 2, axis=0), 1, atol=0.1)


# LRU


def one_unit():
    """A quarter of a turn and a half left at each step."""
    return {
        "nu_log": np.log([np.log(2)]),
        "theta_log": np.log([np.pi / 2]),
        "gamma_log": np.log([3.0]),
        "B": np.array([[1.0 + 0j]]),
        "C": np.array([[2.0 - 1j]]),
        "D": np.array([[10.0]]),
    }


def test_lru_by_hand():
    # z_1 = 0.5i * 4 + 3 = 3 + 2i, z_2 = 0.5i (3 + 2i) + 0 = -1 + 1.5i; Re(z (2 - i)) = 2 Re + Im.
    y, z = diagonal.lru_forward(np.array([[[1.0], [0.0]]]), np.array([[4.0 + 0j]]), one_unit())
    np.testing.assert_allclose(z[0, :, 0], [3 + 2j, -1 + 1.5j])
    np.testing.assert_allclose(y[0, :, 0], [8 + 10, -0.5])


def test_no_parameter_makes_a_state_grow():
    for nu_log in (-20.0, 0.0, 3.0):
        params = {"nu_log": np.array([nu_log]), "theta_log": np.array([1.0])}
        assert np.abs(diagonal.eigenvalues(params)) < 1


def loss_of(params, x, z_0, dz):
    return float(np.sum(np.conj(dz) * diagonal.lru_forward(x, z_0, params)[1]).real)


def test_traces_by_hand():
    E_lam, E_x = diagonal.lru_trace_step(
        np.array([[2.0 + 0j]]), np.array([[[4.0 + 0j]]]), np.array([[1j]]), np.array([[3.0]]),
        np.array([0.5j]),
    )  # fmt: skip
    assert E_lam.item() == 2j
    assert E_x.item() == 3 + 2j


@pytest.mark.parametrize("T", [1, 6])
def test_lru_gradient_check(T):
    params, x, z_0, dz = lru_case(T)
    _, z = diagonal.lru_forward(x, z_0, params)
    grads, dx = diagonal.lru_backward(dz, x, z_0, z, params)
    for name, got in (*grads.items(), ("x", dx)):
        array = x if name == "x" else params[name]
        right = by_parts(lambda: loss_of(params, x, z_0, dz), array)
        np.testing.assert_allclose(got, right, rtol=1e-5, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("T", [1, 2, 6, 33])
def test_lru_traces_are_exact(T):
    params, x, z_0, dz = lru_case(T)
    _, z = diagonal.lru_forward(x, z_0, params)
    exact, _ = diagonal.lru_backward(dz, x, z_0, z, params)
    assert_same(diagonal.lru_online_gradient(dz, x, z_0, params), exact)


def test_lru_gradient_is_that_of_tensorflow():
    import tensorflow as tf

    params, x, z_0, dz = lru_case()
    w = {name: tf.constant(value) for name, value in params.items()}
    with tf.GradientTape() as tape:
        tape.watch(w)
        turn = tf.complex(-tf.exp(w["nu_log"]), tf.exp(w["theta_log"]))
        lam, z_t, states = tf.exp(turn), tf.constant(z_0), []
        gamma = tf.cast(tf.exp(w["gamma_log"]), tf.complex128)
        for t in range(x.shape[1]):
            z_t = lam * z_t + gamma * (tf.cast(x[:, t], tf.complex128) @ w["B"])
            states.append(z_t)
        z = tf.stack(states, axis=1)
        y = tf.math.real(z @ w["C"]) + x @ w["D"]
        loss = tf.reduce_sum(tf.math.real(tf.constant(np.conj(dz)) * z))
    expected = tape.gradient(loss, {name: w[name] for name in ("nu_log", "theta_log", "B")})
    got_y, got_z = diagonal.lru_forward(x, z_0, params)
    np.testing.assert_allclose(got_z, z.numpy(), rtol=1e-10)
    np.testing.assert_allclose(got_y, y.numpy(), rtol=1e-10)
    grads = diagonal.lru_online_gradient(dz, x, z_0, params)
    assert_same(
        {name: grads[name] for name in expected}, {n: g.numpy() for n, g in expected.items()}
    )


def test_last_state():
    params, x, z_0, _ = lru_case(T=7)
    lam = diagonal.eigenvalues(params)
    b = x @ params["B"]
    right = diagonal.scan(np.broadcast_to(lam, b.shape), b, z_0)[:, -1]
    np.testing.assert_allclose(diagonal.last_state(b, lam, z_0), right)
    same = np.repeat(x[:, :, :1], 4, axis=2)
    np.testing.assert_allclose(
        diagonal.last_state(x[:, :, :1], lam, z_0), diagonal.last_state(same, lam, z_0)
    )


# minGRU


def test_mingru_by_hand():
    # A gate of 1/4 and a candidate of 8: 4 * 3/4 + 8/4 = 5.
    params = {
        "W_g": np.array([[0.0]]), "b_g": np.array([-np.log(3)]),
        "W_c": np.array([[2.0]]), "b_c": np.array([2.0]),
    }  # fmt: skip
    assert diagonal.mingru_step(np.array([[3.0]]), np.array([[4.0]]), params).item() == (
        pytest.approx(5.0)
    )


@pytest.mark.parametrize("start", [0.0, 1.0])
@pytest.mark.parametrize("T", [1, 2, 5, 33])
def test_mingru_step_by_step_and_at_once_agree(T, start):
    params, x, h_0, _ = mingru_case(T)
    h_t, states = start * h_0, []
    for t in range(T):
        h_t = diagonal.mingru_step(x[:, t], h_t, params)
        states.append(h_t)
    h = diagonal.mingru_forward(x, start * h_0, params)
    np.testing.assert_allclose(h, np.stack(states, axis=1), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("T", [1, 6])
def test_mingru_gradient_check(T):
    params, x, h_0, dh = mingru_case(T)

    def loss():
        return float(np.sum(dh * diagonal.mingru_forward(x, h_0, params)))

    h = diagonal.mingru_forward(x, h_0, params)
    grads, dx, dh_0 = diagonal.mingru_backward(dh, x, h_0, h, params)
    for got, array in ((dx, x), (dh_0, h_0), *((grads[n], w) for n, w in params.items())):
        np.testing.assert_allclose(got, by_parts(loss, array), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("T", [1, 6, 33])
def test_mingru_traces_are_exact(T):
    params, x, h_0, dh = mingru_case(T)
    h = diagonal.mingru_forward(x, h_0, params)
    exact, *_ = diagonal.mingru_backward(dh, x, h_0, h, params)
    assert_same(diagonal.mingru_online_gradient(dh, x, h_0, params), exact)


def test_float32_stays_single():
    params, x, z_0, _ = lru_case()
    single = {
        name: w.astype(np.complex64 if np.iscomplexobj(w) else np.float32)
        for name, w in params.items()
    }
    y, z = diagonal.lru_forward(x.astype(np.float32), z_0.astype(np.complex64), single)
    assert (y.dtype, z.dtype) == (np.float32, np.complex64)
    params, x, h_0, _ = mingru_case()
    single = {name: w.astype(np.float32) for name, w in params.items()}
    h = diagonal.mingru_forward(x.astype(np.float32), h_0.astype(np.float32), single)
    assert h.dtype == np.float32
