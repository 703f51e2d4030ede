"""KeRNL three ways: by hand, against centred differences, against BPTT and plain loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.scratch import kernl
from course_lib.scratch.bptt import rnn_backward, rnn_step_backward
from course_lib.scratch.gradcheck import numerical_gradient
from course_lib.scratch.rnn import init_params, rnn_forward


def case(batch=3, T=6, m=2, n=4, seed=0, **init):
    """A network, its states, and a gradient that reaches every state; no two sizes are equal."""
    rng = np.random.default_rng(seed)
    params = init_params(m, n, 2, seed=seed, **init)
    params["b_h"] = 0.3 * rng.normal(size=n)
    x, h_0 = rng.normal(size=(batch, T, m)), 0.5 * rng.normal(size=(batch, n))
    h, cache = rnn_forward(x, h_0, params["W_xh"], params["W_hh"], params["b_h"])
    return params, x, h_0, h, cache, rng.normal(size=h.shape)


def kernel(n=4, seed=1):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, n)), rng.uniform(0, 1, size=n)


def bptt(dh, cache):
    return np.vstack(rnn_backward(dh, cache)[2:])


# By hand


def test_trace_step_by_hand():
    # Two units, one forgets nothing and one halves: (2, 2) -> (2, 1), plus 3 * (0.5, 1).
    trace = kernl.trace_step(
        np.array([[[2.0, 2.0]]]), np.array([[3.0]]), np.array([[0.5, 1.0]]), np.log([1.0, 2.0])
    )
    assert trace == pytest.approx(np.array([[[3.5, 4.0]]]))


def test_weight_gradient_by_hand():
    # Unit 0 moved unit 1 five times as much as unit 1 itself: 10 * 1 + 1 * 5 and 10 * 0 + 1 * 1.
    dW = kernl.weight_gradient(
        np.array([[10.0, 1.0]]), np.array([[1.0, 0.0], [5.0, 1.0]]), np.array([[[2.0, 3.0]]])
    )
    assert dW == pytest.approx(np.array([[30.0, 3.0]]))


def test_presynaptic_pairs_each_input_with_the_state_before_it():
    _, x, h_0, h, _, _ = case()
    v = kernl.presynaptic(x, h_0, h)
    assert np.array_equal(v[:, 0], np.hstack([x[:, 0], h_0, np.ones((3, 1))]))
    assert np.array_equal(v[:, 4], np.hstack([x[:, 4], h[:, 3], np.ones((3, 1))]))


def test_states_are_what_the_stacked_weights_give():
    params, x, h_0, h, _, _ = case()
    W = np.vstack([params["W_xh"], params["W_hh"], params["b_h"]])
    assert np.tanh(kernl.presynaptic(x, h_0, h) @ W) == pytest.approx(h, abs=1e-14)


def test_along_states_it_is_the_gradient_of_what_came_before_each_synapse():
    _, x, h_0, h, _, dh = case()
    beta, gamma = kernel()
    dW = kernl.forward_gradient(x, h_0, h, dh, beta, gamma)
    right = kernl.kernl_gradient(kernl.presynaptic(x, h_0, h), 1 - h**2, dh, beta, gamma)
    assert dW == pytest.approx(right, abs=1e-12)


# Against BPTT, where the kernel is exact


@pytest.mark.parametrize("batch", [1, 3])
def test_one_step_is_exact(batch):
    _, x, h_0, h, cache, dh = case(batch=batch, T=1)
    dW = kernl.kernl_gradient(kernl.presynaptic(x, h_0, h), 1 - h**2, dh, np.eye(4), np.ones(4))
    assert dW == pytest.approx(bptt(dh, cache), abs=1e-12)


def test_without_recurrence_a_kernel_that_forgets_is_exact():
    params, x, h_0, _, _, dh = case()
    weights = params["W_xh"], np.zeros((4, 4)), params["b_h"]
    h, cache = rnn_forward(x, h_0, *weights)
    v, forgets = kernl.presynaptic(x, h_0, h), np.full(4, 800.0)  # exp(-800) is 0
    dW = kernl.kernl_gradient(v, 1 - h**2, dh, np.eye(4), forgets)
    assert dW == pytest.approx(bptt(dh, cache), abs=1e-12)


def test_the_gradient_of_the_last_step_is_its_immediate_part():
    params, x, h_0, h, _, dh = case()
    v, forgets = kernl.presynaptic(x, h_0, h), np.full(4, 800.0)
    only_last = np.zeros_like(dh)
    only_last[:, -1] = dh[:, -1]
    dW = kernl.kernl_gradient(v, 1 - h**2, only_last, np.eye(4), forgets)
    _, _, *right = rnn_step_backward(
        dh[:, -1], x[:, -1], h[:, -2], h[:, -1], params["W_xh"], params["W_hh"]
    )
    assert dW == pytest.approx(np.vstack(right), abs=1e-12)


# Against centred differences


def test_gradient_is_exact_for_a_network_in_which_the_kernel_is_the_truth():
    _, x, h_0, h, _, dh = case()
    v, (beta, gamma) = kernl.presynaptic(x, h_0, h), kernel()
    W = np.random.default_rng(2).normal(size=(7, 4)) / 3

    def loss():
        kept, total = 0.0, 0.0
        for t in range(v.shape[1]):
            kept = np.exp(-gamma) * kept + np.tanh(v[:, t] @ W)
            total += np.sum(dh[:, t] * (kept @ beta.T))
        return total

    dW = kernl.kernl_gradient(v, 1 - np.tanh(v @ W) ** 2, dh, beta, gamma)
    assert dW == pytest.approx(numerical_gradient(loss, W), abs=1e-8)


def test_tangent_is_the_derivative_of_a_nudged_network():
    params, x, h_0, h, _, psi = case()

    def last(size):
        h_t = h_0
        for t in range(x.shape[1]):
            h_t = np.tanh(x[:, t] @ params["W_xh"] + h_t @ params["W_hh"] + params["b_h"])
            h_t = h_t + size * psi[:, t]
        return h_t

    tangent = Omega = Gamma = np.zeros_like(h_0)
    for t in range(x.shape[1]):
        tangent, Omega, Gamma = kernl.perturbation_step(
            tangent, Omega, Gamma, h[:, t], params["W_hh"], np.ones(4), psi[:, t]
        )
    assert tangent == pytest.approx((last(1e-5) - last(-1e-5)) / 2e-5, abs=1e-8)


def test_kernel_fit_is_the_gradient_of_the_mean_error():
    params, _, _, h, _, psi = case()
    beta, gamma = kernel()

    def loss():
        tangent = Omega = Gamma = np.zeros_like(h[:, 0])
        total = 0.0
        for t in range(h.shape[1]):
            tangent, Omega, Gamma = kernl.perturbation_step(
                tangent, Omega, Gamma, h[:, t], params["W_hh"], gamma, psi[:, t]
            )
            total += 0.5 * np.sum((Omega @ beta.T - tangent) ** 2) / h.shape[0] / h.shape[1]
        return total

    dbeta, dgamma = kernl.kernel_fit(h, params["W_hh"], beta, gamma, psi)
    assert dbeta == pytest.approx(numerical_gradient(loss, beta), abs=1e-8)
    assert dgamma == pytest.approx(numerical_gradient(loss, gamma), abs=1e-8)


# A planted kernel is found again


def test_learning_recovers_a_planted_kernel():
    gamma = np.array([0.1, 0.3, 0.6])
    h = np.zeros((16, 30, 3))  # where the tanh is a straight line
    W_hh = np.diag(np.exp(-gamma))
    found_beta, found_gamma = kernl.learn_kernel(
        h, W_hh, 0.5 * np.eye(3), np.full(3, 0.3), 400, np.random.default_rng(0)
    )
    assert found_beta == pytest.approx(np.eye(3), abs=0.02)
    assert found_gamma == pytest.approx(gamma, abs=0.02)
    psi = np.random.default_rng(1).normal(size=h.shape)
    assert kernl.explained(h, W_hh, np.eye(3), gamma, psi) == pytest.approx(1)
    assert kernl.explained(h, W_hh, found_beta, found_gamma, psi) > 0.99
    assert kernl.explained(h, W_hh, np.zeros((3, 3)), gamma, psi) == 0


def test_learning_leaves_its_start_alone_and_gamma_above_zero():
    beta, gamma = np.eye(2), np.zeros(2)
    _, found = kernl.learn_kernel(
        np.zeros((2, 5, 2)), 1.1 * np.eye(2), beta, gamma, 20, np.random.default_rng(0)
    )
    assert np.array_equal(beta, np.eye(2))
    assert not gamma.any()
    assert (found >= 0).all()


# Chunks


@given(T=st.integers(1, 12), C=st.integers(1, 13), batch=st.integers(1, 3), seed=st.integers(0, 9))
@settings(max_examples=40)
def test_chunks_of_any_length_change_nothing(T, C, batch, seed):
    _, x, h_0, h, _, dh = case(batch=batch, T=T, seed=seed)
    v, d, (beta, gamma) = kernl.presynaptic(x, h_0, h), 1 - h**2, kernel(seed=seed)
    E, dW = np.zeros((batch, 7, 4)), np.zeros((7, 4))
    for start in range(0, T, C):
        now = slice(start, start + C)
        part, E = kernl.chunk_border(E, v[:, now], d[:, now], dh[:, now] @ beta, gamma)
        dW += part
    E_T = np.zeros_like(E)
    for t in range(T):
        E_T = kernl.trace_step(E_T, v[:, t], d[:, t], gamma)
    assert dW == pytest.approx(kernl.kernl_gradient(v, d, dh, beta, gamma), abs=1e-10)
    assert np.allclose(E, E_T, rtol=0, atol=1e-10)


# Relatives


def test_rflo_is_exact_without_recurrent_weights():
    _, x, h_0, _, _, dh = case()
    W = np.random.default_rng(3).normal(size=(7, 4))
    W[2:6] = 0.0
    h, squashed = kernl.leaky_forward(x, h_0, W, 0.3)
    # Moving a recurrent weight away from zero changes the states, too: all of W is compared.
    measured = numerical_gradient(lambda: np.sum(dh * kernl.leaky_forward(x, h_0, W, 0.3)[0]), W)
    rflo = kernl.rflo_gradient(kernl.presynaptic(x, h_0, h), squashed, dh, 0.3)
    assert rflo == pytest.approx(measured, abs=1e-8)


def test_a_leak_of_one_is_the_vanilla_network():
    params, x, h_0, h, _, _ = case()
    W = np.vstack([params["W_xh"], params["W_hh"], params["b_h"]])
    assert kernl.leaky_forward(x, h_0, W, 1.0)[0] == pytest.approx(h, abs=1e-14)


def test_identity_recurrence_keeps_a_state():
    W = kernl.identity_recurrence(np.ones((2, 3)))
    h = np.array([0.1, -0.2, 0.3])
    assert np.array_equal(np.concatenate([np.zeros(2), h]) @ W, h)


def test_float32_stays_float32_and_float64_stays_float64():
    for dtype in (np.float32, np.float64):
        _, x, h_0, h, _, dh = (a.astype(dtype) if hasattr(a, "astype") else a for a in case())
        beta, gamma = (a.astype(dtype) for a in kernel())
        v = kernl.presynaptic(x, h_0, h)
        assert kernl.kernl_gradient(v, 1 - h**2, dh, beta, gamma).dtype == dtype
