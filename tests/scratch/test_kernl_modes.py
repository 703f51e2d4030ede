"""The kernel that turns: by hand, against the sum it stands for, and where it is exact."""

import numpy as np
import pytest

from course_lib.scratch import kernl_modes as modes
from course_lib.scratch.gradcheck import numerical_gradient
from course_lib.scratch.kernl import kernl_gradient, presynaptic

GAMMA, OMEGA = np.array([0.1, 0.5, 0.02]), np.array([0.7, 0.0, np.pi])


def case(batch=2, T=6, m=2, n=4, seed=0):
    """Random v, d, dh and sensitivities; no two sizes are equal."""
    rng = np.random.default_rng(seed)
    v, d, dh = rng.normal(size=(batch, T, m + n + 1)), *rng.normal(size=(2, batch, T, n))
    beta = rng.normal(size=(3, n, n)) + 1j * rng.normal(size=(3, n, n))
    return v, d, dh, beta


def spectrum(W):
    """Decays, angles and sensitivities with which the powers of W are exact, W being linear."""
    values, vectors = np.linalg.eig(W)
    back = np.linalg.inv(vectors)
    upper = values.imag >= -1e-12  # one of each conjugate pair
    twice = np.where(np.abs(values.imag[upper]) > 1e-12, 2, 1)
    beta = np.einsum("ir,rk->rki", vectors[:, upper] * twice, back[upper])
    return -np.log(np.abs(values[upper])), np.abs(np.angle(values[upper])), beta


def linear_net(batch=2, T=7, m=2, n=5, seed=3):
    """A network without tanh whose spectrum has pairs and real values, of either sign."""
    rng = np.random.default_rng(seed)
    W_hh = rng.normal(size=(n, n)) / np.sqrt(n)
    values = np.linalg.eigvals(W_hh)
    assert np.any(values.imag > 0.1)
    assert np.any(np.isreal(values))
    return rng.normal(size=(batch, T, m)), W_hh, rng.normal(size=(m, n)), rng.normal(size=n)


def run_linear(x, W):
    h = np.zeros((*x.shape[:2], W.shape[1]))
    h_t = np.zeros_like(h[:, 0])
    for t in range(x.shape[1]):
        h_t = np.hstack([x[:, t], h_t, np.ones((len(x), 1))]) @ W
        h[:, t] = h_t
    return h


def test_a_trace_that_turns_by_hand():
    """Half is left, a quarter turn: 4 goes to 2i, and 3 · 5 is added."""
    E = modes.modes_trace_step(
        np.array([[[[4.0 + 0j]]]]), np.array([[3.0]]), np.array([[5.0]]),
        np.log([2.0]), np.array([np.pi / 2]),
    )  # fmt: skip
    np.testing.assert_allclose(E, [[[[15 + 2j]]]], atol=1e-12)


def test_the_gradient_is_the_sum_that_it_stands_for():
    v, d, dh, beta = case()
    expected = np.zeros((v.shape[2], d.shape[2]))
    for t in range(v.shape[1]):
        for s in range(t + 1):
            turned = np.exp((-GAMMA + 1j * OMEGA) * (t - s))
            S = np.einsum("rki,r->ki", beta, turned).real
            expected += np.einsum("bk,ki,bi,bj->ji", dh[:, t], S, d[:, s], v[:, s])
    assert modes.modes_gradient(v, d, dh, beta, GAMMA, OMEGA) == pytest.approx(expected, abs=1e-12)


def test_one_fading_mode_is_kernl():
    v, d, dh, beta = case()
    gradient = modes.modes_gradient(v, d, dh, beta[:1].real, GAMMA[1:2], OMEGA[1:2])
    assert gradient == pytest.approx(
        kernl_gradient(v, d, dh, beta[0].real, np.full(4, GAMMA[1])), abs=1e-12
    )


def test_the_gradient_is_exact_where_the_kernel_is_the_truth():
    """A network whose states are the turning sums themselves, against centred differences."""
    v, _, dh, beta = case()
    W = np.random.default_rng(2).normal(size=(v.shape[2], 4)) / 3
    lam = np.exp(-GAMMA + 1j * OMEGA)[:, None, None]

    def loss():
        kept, total = np.zeros((3, len(v), 4), complex), 0.0
        for t in range(v.shape[1]):
            kept = lam * kept + np.tanh(v[:, t] @ W)
            total += np.sum(dh[:, t] * np.einsum("rki,rbi->bk", beta, kept).real)
        return total

    gradient = modes.modes_gradient(v, 1 - np.tanh(v @ W) ** 2, dh, beta, GAMMA, OMEGA)
    assert gradient == pytest.approx(numerical_gradient(loss, W), abs=1e-8)


def test_with_the_true_spectrum_of_a_linear_network_it_is_exact():
    x, W_hh, W_xh, b_h = linear_net()
    W = np.vstack([W_xh, W_hh, b_h])
    dh = np.random.default_rng(4).normal(size=(*x.shape[:2], len(W_hh)))
    h = run_linear(x, W)
    v = presynaptic(x, np.zeros_like(h[:, 0]), h)
    gamma, omega, beta = spectrum(W_hh)
    gradient = modes.modes_gradient(v, np.ones_like(h), dh, beta, gamma, omega)
    slope = numerical_gradient(lambda: np.sum(dh * run_linear(x, W)), W)
    assert gradient == pytest.approx(slope, abs=1e-6)


def test_nudging_a_linear_network_finds_its_sensitivities():
    _, W_hh, _, _ = linear_net()
    gamma, omega, beta = spectrum(W_hh)
    psi = np.random.default_rng(5).normal(size=(20, 10, len(W_hh)))
    tangent = modes.nudged(np.zeros_like(psi), W_hh, psi)
    found = modes.fit_modes(psi, tangent, gamma, omega)
    assert found.real == pytest.approx(beta.real, abs=1e-8)
    turns = (omega > 1e-6) & (omega < np.pi - 1e-6)
    assert found.imag[turns] == pytest.approx(beta.imag[turns], abs=1e-8)
    assert modes.modes_explained(psi, tangent, found, gamma, omega) == pytest.approx(1)


def test_the_fit_is_the_best_there_is():
    """Any other sensitivities explain less."""
    rng = np.random.default_rng(6)
    psi, tangent = rng.normal(size=(2, 8, 9, 3))
    best = modes.fit_modes(psi, tangent, GAMMA, OMEGA)
    r2 = modes.modes_explained(psi, tangent, best, GAMMA, OMEGA)
    assert 0 < r2 < 1
    for _ in range(10):
        other = best + 1e-3 * (rng.normal(size=best.shape) + 1j * rng.normal(size=best.shape))
        assert modes.modes_explained(psi, tangent, other, GAMMA, OMEGA) < r2
    assert np.abs(best.imag[1]).max() == 0  # it fades: no sine


def test_the_tangent_is_that_of_a_nudged_network():
    rng = np.random.default_rng(7)
    W_hh, x, psi = rng.normal(size=(3, 3)), *rng.normal(size=(2, 2, 5, 3))

    def states(size):
        h, all_h = np.zeros((2, 3)), []
        for t in range(5):
            h = np.tanh(x[:, t] + h @ W_hh) + size * psi[:, t]
            all_h.append(h)
        return np.stack(all_h, axis=1)

    moved = (states(1e-6) - states(-1e-6)) / 2e-6
    assert modes.nudged(states(0), W_hh, psi) == pytest.approx(moved, abs=1e-7)


@pytest.mark.parametrize("count", [2, 4, 7])
def test_one_mode_fades_slowly_and_the_others_turn(count):
    gamma, omega = modes.spread_modes(count, steps=50)
    assert omega == pytest.approx(np.pi * np.arange(count) / (count - 1))
    assert gamma[0] == 1 / 50
    assert gamma[1:] == pytest.approx(modes.WIDTH * np.pi / (count - 1))
    lags = np.exp((-gamma + 1j * omega) * np.arange(2 * count - 2)[:, None])
    shapes = np.hstack([lags.real, lags.imag[:, 1:-1]])
    assert np.linalg.matrix_rank(shapes) == 2 * count - 2  # of 2M - 2 steps they take any shape


def test_no_mode_forgets_more_slowly_than_the_sequence_is_long():
    gamma, omega = modes.spread_modes(1, steps=50)
    assert (gamma, omega) == (1 / 50, 0)
    assert np.all(modes.spread_modes(100, steps=20)[0] == 1 / 20)
