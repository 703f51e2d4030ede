"""How β and γ are learned: slopes, a planted kernel, two ways to measure what noise moves."""

import numpy as np
import pytest
import tensorflow as tf

from course_lib.online.kernel import Fit, Kernel, fit_gradients, integrate, r_squared

C, P, N = 6, 3, 4


@pytest.fixture
def regression():
    """Noise, what it moved, and J as a function of β and γ, in NumPy."""
    rng = np.random.default_rng(0)
    noise, moved = rng.normal(size=(2, C, P, N))

    def J(beta, gamma, mask=None):
        omega, total = np.zeros((P, N)), 0.0
        for t in range(C):
            omega = np.exp(-gamma) * omega + noise[t]
            error = omega @ beta.T - moved[t]
            total += 0.5 * np.sum(error**2)
        return total

    beta, gamma = rng.normal(size=(N, N)), rng.uniform(0.05, 1, N)
    return noise, moved, J, beta, gamma


def fit(noise, moved, beta, gamma):
    decay = tf.constant(np.broadcast_to(np.exp(-gamma), (C, 1, N)))
    zero = tf.zeros((P, N), tf.float64)
    omega, gamma_sum = integrate(decay, tf.constant(noise), zero, zero)
    return fit_gradients(tf.constant(beta), omega, gamma_sum, tf.constant(moved))


def test_gradients_are_slopes(regression):
    noise, moved, J, beta, gamma = regression
    found = fit(noise, moved, beta, gamma)
    assert float(found.missed) == pytest.approx(2 * J(beta, gamma))
    h = 1e-6
    for i in range(N):
        unit = h * np.eye(N)[i]
        slope = (J(beta, gamma + unit) - J(beta, gamma - unit)) / (2 * h)
        assert float(found.gamma[i]) == pytest.approx(slope, rel=1e-6)
        for k in range(N):
            step = np.zeros((N, N))
            step[k, i] = h
            slope = (J(beta + step, gamma) - J(beta - step, gamma)) / (2 * h)
            assert float(found.beta[k, i]) == pytest.approx(slope, rel=1e-6)


def test_a_planted_kernel_is_found():
    rng = np.random.default_rng(1)
    true_beta, true_gamma = np.eye(N) + 0.3 * rng.normal(size=(N, N)), np.array([0.05, 0.1, 0.3, 1])
    kernel = Kernel(N, dtype="float64")
    kernel.start(1.0, 20.0, seed=3)
    steps, samples = 30, 20

    @tf.function
    def learn(noise, rate, moved):
        decay = tf.broadcast_to(kernel.decay, (steps, 1, N))
        zero = tf.zeros((samples, N), tf.float64)
        omega, gamma_sum = integrate(decay, noise, zero, zero)
        found = fit_gradients(tf.convert_to_tensor(kernel.beta), omega, gamma_sum, moved)
        for w, g in zip(kernel.weights, kernel.gradients(found), strict=True):
            w.assign_sub(rate * g)
        return r_squared(found)

    for _ in range(400):
        noise = rng.normal(size=(steps, samples, N))
        omega, moved = np.zeros((samples, N)), []
        for t in range(steps):
            omega = np.exp(-true_gamma) * omega + noise[t]
            moved.append(omega @ true_beta.T)
        r2 = learn(tf.constant(noise), tf.constant(0.8, tf.float64), tf.constant(np.array(moved)))
    assert float(r2) > 0.999
    np.testing.assert_allclose(kernel.beta.numpy(), true_beta, atol=0.02)
    np.testing.assert_allclose(kernel.gamma.numpy(), true_gamma, rtol=0.05)


@pytest.mark.parametrize(
    ("missed", "moved", "expected"), [(0, 4, 1), (1, 4, 0.75), (4, 4, 0), (8, 4, -1), (0, 0, 1)]
)
def test_r_squared_is_the_part_of_the_movement_that_is_explained(missed, moved, expected):
    sums = {name: tf.constant(0, tf.float64) for name in Fit._fields}
    sums |= {"missed": tf.constant(missed, tf.float64), "moved": tf.constant(moved, tf.float64)}
    assert float(r_squared(Fit(**sums))) == expected


@pytest.mark.slow
@pytest.mark.parametrize("lengths", [None, [9, 4, 1]])
@pytest.mark.parametrize("chunk", [4, 9])
def test_a_finite_disturbance_comes_to_the_tangent(make, chunk, lengths):
    gradients = make(lengths=lengths, leak=0.6)
    fits = []
    for size in (0.0, 1e-5, 2e-5):
        # Compiled anew: the same noise.
        gradients.compile("kernl", disturbance=size, chunk=chunk, seed=4)
        model = gradients.model
        model._seeds.state.assign((4, 0))
        found = model.gradients(tf.constant(gradients.x), tf.constant(gradients.y))[3]
        fits.append(np.concatenate([np.ravel(a) for a in found]))
    exact, small, larger = fits
    assert np.abs(small - exact).max() < 1e-3
    # The error is of first order: twice the size, twice the error.
    np.testing.assert_allclose(larger - exact, 2 * (small - exact), atol=1e-6)


def test_chunks_do_not_show_in_the_fit(make):
    """With noise that is drawn chunk by chunk the fits differ; with the same noise they are one."""
    rng = np.random.default_rng(0)
    noise, moved = rng.normal(size=(2, C, P, N))
    beta, gamma = rng.normal(size=(N, N)), rng.uniform(0.05, 1, N)
    whole = fit(noise, moved, beta, gamma)
    zero = tf.zeros((P, N), tf.float64)
    sums, parts = (zero, zero), []
    for piece in (slice(0, 4), slice(4, 6)):
        steps = noise[piece].shape[0]
        decay = tf.constant(np.broadcast_to(np.exp(-gamma), (steps, 1, N)))
        omega, gamma_sum = integrate(decay, tf.constant(noise[piece]), *sums)
        parts.append(fit_gradients(tf.constant(beta), omega, gamma_sum, tf.constant(moved[piece])))
        sums = omega[-1], gamma_sum[-1]
    for a, b, both in zip(*parts, whole, strict=True):
        np.testing.assert_allclose(a + b, both, rtol=1e-10)


@pytest.mark.parametrize("masked", [False, True])
def test_both_sums_are_the_recursion(masked):
    """Ω and Γ step by step, from where the last chunk left them, with real steps and others."""
    rng = np.random.default_rng(2)
    noise, (omega, gamma_sum) = rng.normal(size=(C, P, N)), rng.normal(size=(2, P, N))
    decay = np.exp(-np.array([0.001, 0.1, 1.0, 20.0]))
    mask = rng.random((C, P, 1)) < 0.6 if masked else np.ones((C, P, 1), bool)
    found = integrate(
        tf.constant(np.broadcast_to(decay, (C, 1, N))),
        *map(tf.constant, (noise, omega, gamma_sum)),
        tf.constant(mask) if masked else None,
    )
    for t in range(C):
        gamma_sum = np.where(mask[t], decay * (gamma_sum - omega), gamma_sum)
        omega = np.where(mask[t], decay * omega + noise[t], omega)
        np.testing.assert_allclose(found[0][t], omega, rtol=0, atol=1e-13)
        np.testing.assert_allclose(found[1][t], gamma_sum, rtol=0, atol=1e-13)


def test_gamma_stays_above_zero():
    kernel = Kernel(3, dtype="float64")
    kernel.log_gamma.assign([-50.0, 0.0, 3.0])
    assert np.all(kernel.gamma.numpy() > 0)
    assert np.all(kernel.decay.numpy() <= 1)
    with pytest.raises(ValueError, match="timescales"):
        kernel.start(5, 2, 0)
