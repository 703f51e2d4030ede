"""Figures of chapter 6: what they measure is right, and each of them draws."""

import numpy as np
import pytest

from course_lib.figures import diagonal as figures
from course_lib.scratch.scan import scan_loop


def digits(count=40):
    """Smooth pictures, which a few numbers tell apart."""
    rng = np.random.default_rng(0)
    place = np.arange(784) / 784
    waves = [np.sin(2 * np.pi * (k * place + rng.uniform(size=(count, 1)))) for k in range(1, 5)]
    return sum(rng.normal(size=(count, 1)) * wave for wave in waves)


@pytest.mark.parametrize("kind", figures.KINDS)
def test_an_image_times_the_powers_is_the_last_state(kind):
    P = figures.units(kind, 8)
    assert P.shape == (784, 8)
    np.testing.assert_allclose(np.linalg.norm(P, axis=0)[P.any(axis=0)], 1)
    image = digits(1)[0]
    if kind == "fading":
        lam = np.exp(-1 / np.geomspace(*figures.TIMES[kind], 8))
        h = scan_loop(np.tile(lam, (1, 784, 1)), np.tile(image[None, :, None], 8), np.zeros((1, 8)))
        raw = np.linalg.norm(lam ** np.arange(783, -1, -1)[:, None], axis=0)
        np.testing.assert_allclose(image @ P, h[0, -1] / raw, rtol=1e-9)


def test_more_numbers_see_more_where_they_turn():
    images = digits(400)
    train, test = images[:300], images[300:]
    missed = {
        (kind, n): figures.missed(test, figures.seen(train, test, kind, n))
        for kind in figures.KINDS
        for n in (8, 64)
    }
    assert missed["turning", 64] < missed["turning", 8]
    assert missed["turning", 64] < missed["fading", 64]


def test_fading_units_resemble_each_other():
    fading, turning = (figures.singular_values(kind, 32) for kind in figures.KINDS)
    assert fading[0] == turning[0] == 1
    assert np.sum(fading > 1e-3) < np.sum(turning > 1e-3)


def test_a_readout_reads_what_the_state_tells():
    images = digits(400)
    labels = (images @ np.cos(np.arange(784) / 60) > 0).astype(int)
    train, test = (images[:300], labels[:300]), (images[300:], labels[300:])
    assert figures.read(train, test, "turning", 64) > 0.9
    nonsense = figures.read(train, (test[0], 1 - test[1]), "turning", 64)
    assert nonsense < 0.1


def test_traces_are_exact_in_memory_that_does_not_grow():
    found = figures.memory((32, 256))
    assert max(found["difference"]) < 1e-10
    assert found["traces"][1] < 1.1 * found["traces"][0]
    assert found["BPTT"][1] > 4 * found["BPTT"][0]


def test_a_layer_on_top_that_forgets_costs_nothing():
    assert figures.stacked_cosine(1e-6, seed=0) == pytest.approx(1, abs=1e-6)
    assert figures.stacked_cosine(0.9, seed=0) < 0.999


def test_only_the_direct_path_is_left_of_a_layer_that_forgets_nothing():
    """The factor of its input is almost zero, so all credit comes through D, at the same step."""
    longest = 1 - 1e-9
    assert figures.stacked_cosine(longest, seed=0) == pytest.approx(1, abs=1e-3)
    assert figures.stacked_cosine(longest, seed=0, direct=False) < 0.9
    without_d = [figures.stacked_cosine(size, seed=0, direct=False) for size in (0.01, 0.9, 0.99)]
    assert without_d == sorted(without_d, reverse=True)


def test_every_figure_draws(assert_drawn):
    images = digits(20)
    for figure in (
        figures.wiring(),
        figures.rings(50),
        figures.rounds(8),
        figures.spectra(16),
        figures.memory_by_length((32, 64), {"BPTT": [1.0, 2.0], "traces": [0.1, 0.1]}),
        figures.credit_through_depth(
            (0.1, 0.9), {0.1: [1.0, 1.0], 0.9: [0.8, 0.6]}, {0.1: [0.9, 0.8], 0.9: [0.5, -0.1]}
        ),
    ):
        assert_drawn(figure)
    unit = figures.one_unit_slider((0, 18, 180))
    assert "a turn in 20 steps" in unit.alts[1]
    assert "changes its sign" in unit.alts[2]
    eye = figures.eye_slider(images, images[:6], (8, 16))
    assert eye.values == ["8 numbers", "16 numbers"]


def test_the_upper_layer_of_a_stack_has_the_memory_that_was_asked_for(monkeypatch):
    """And its inputs the size that keeps a state at their own scale."""
    seen, forward = [], figures.lru_forward

    def noted(x, start, params):
        seen.append(params)
        return forward(x, start, params)

    monkeypatch.setattr(figures, "lru_forward", noted)
    figures.stacked_cosine(0.6, seed=0, T=2, n=3)
    upper = seen[-1]
    np.testing.assert_allclose(np.exp(-np.exp(upper["nu_log"])), 0.6)
    np.testing.assert_allclose(np.exp(upper["gamma_log"]), 0.8)


def test_credit_through_depth_is_held_against_the_true_derivative(monkeypatch):
    """Of the lower layer's eigenvalues, by differences of the loss that `stacked_cosine` says."""
    found, backward = [], figures.lru_backward

    def noted(dz, x, start, states, params):
        result = backward(dz, x, start, states, params)
        found.append((params, result[0]))
        return result

    monkeypatch.setattr(figures, "lru_backward", noted)
    figures.stacked_cosine(0.6, seed=0, T=5, n=3)
    (upper, _), (lower, exact), _ = found
    rng = np.random.default_rng(0)
    x, dy = rng.normal(size=(8, 5, 3)), rng.normal(size=(8, 5, 2))

    def loss(**changed):
        start = np.zeros((8, 3), complex)
        h = np.tanh(figures.lru_forward(x, start, lower | changed)[0])
        return np.sum(dy * figures.lru_forward(h, start, upper)[0])

    for name in ("nu_log", "theta_log"):
        for unit, step in enumerate(1e-5 * np.eye(3)):
            up, down = (loss(**{name: lower[name] + one}) for one in (step, -step))
            assert exact[name][unit] == pytest.approx((up - down) / 2e-5, rel=1e-6)
