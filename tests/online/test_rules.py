"""Every rule against another way to the same numbers."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.layers import LSTMCell
from course_lib.layers.gradnets import GradualRNNCell
from course_lib.online import OTHER_RULES, RULES, LeakyRNNCell, OnlineRNN

CELLS = [
    {"activation": "tanh"},
    {"activation": "relu"},
    {"activation": "tanh", "leak": 0.4},
    {"activation": "tanh", "leak": (0.9, 0.1)},
]
LENGTHS = [None, [9, 5, 1]]


def assert_equal(a, b, atol=1e-10):
    for one, other in zip(a, b, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=atol)


@pytest.mark.slow
@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("cell", CELLS)
def test_rtrl_is_bptt(make, cell, sequences, lengths):
    gradients = make(sequences=sequences, lengths=lengths, **cell)
    exact = gradients("bptt")
    assert_equal(gradients("rtrl", chunk=4), exact)
    assert_equal(gradients("tbptt", chunk=9), exact)
    assert np.abs(gradients("tbptt", chunk=4)[0] - exact[0]).max() > 1e-6


@pytest.mark.parametrize("sequences", [False, True])
def test_a_gap_is_no_bridge_between_two_windows(make, sequences):
    """A masked step where a window begins: the tape is cut at the next real one."""
    gradients = make(steps=6, sequences=sequences, lengths=[6, 6, 6])
    gradients.x[:, 3] = 0  # the first step of the second window
    found = gradients("tbptt", chunk=3)
    gradients.x[:, 3:5] = gradients.x[:, 4:]  # the same steps without a gap, cut where they begin
    gradients.x[:, 5] = 0
    if sequences:
        gradients.y[:, 3:5] = gradients.y[:, 4:].copy()
    assert_equal(found, gradients("tbptt", chunk=3))
    assert np.abs(found[0] - gradients("bptt")[0]).max() > 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("rule", ["kernl", "snap1"])
def test_chunks_of_any_length_are_single_steps(make, rule, sequences, lengths):
    gradients = make(sequences=sequences, lengths=lengths, leak=0.7)
    one = gradients(rule, chunk=9, trace="per_step")
    for chunk in (1, 4, 9):
        assert_equal(gradients(rule, chunk=chunk), one)


@settings(max_examples=4)
@given(
    units=st.integers(1, 4),
    steps=st.integers(1, 6),
    batch=st.integers(1, 3),
    chunk=st.integers(1, 7),
    sequences=st.booleans(),
    data=st.data(),
)
@pytest.mark.slow
def test_sizes_masks_and_chunks(make_static, units, steps, batch, chunk, sequences, data):
    lengths = data.draw(st.none() | st.lists(st.integers(1, steps), min_size=batch, max_size=batch))
    gradients = make_static(units, steps, batch, 2, sequences, lengths)
    assert_equal(gradients("rtrl", chunk=chunk), gradients("bptt"))
    one = gradients("kernl", chunk=steps, trace="per_step")
    assert_equal(gradients("kernl", chunk=chunk), one)


@pytest.fixture(scope="module")
def make_static():
    """`make` for hypothesis, which wants no fixture that begins anew with every test."""
    from importlib.util import module_from_spec, spec_from_file_location
    from pathlib import Path

    spec = spec_from_file_location("shared", Path(__file__).with_name("conftest.py"))
    shared = module_from_spec(spec)
    spec.loader.exec_module(shared)
    return shared.make.__wrapped__()


def test_kernl_with_identity_and_the_leak_is_rflo(make):
    gradients = make(sequences=True, leak=0.3)
    expected = gradients("rflo")
    log_gamma = np.full(5, np.log(-np.log(1 - 0.3)))
    gradients.kernel = {"beta": np.eye(5), "log_gamma": log_gamma}
    assert_equal(gradients("kernl"), expected)


def test_the_exact_kernel_gives_the_exact_gradient(make):
    """Without recurrence a leaky cell has the kernel (1 - leak)^τ, β = I: RFLO is exact then."""
    gradients = make(leak=0.3)
    gradients.model.cell.W_hh.assign(np.zeros((5, 5)))
    assert_equal(gradients("rflo"), gradients("bptt"))
    assert np.abs(gradients("one_step")[0] - gradients("bptt")[0]).max() > 1e-4


def test_a_kernel_from_the_leak_is_exact_without_recurrence(make):
    """The same, with a leak of its own for every unit, and KeRNL told to begin there."""
    gradients = make(leak=(0.6, 0.05))
    gradients.model.cell.W_hh.assign(np.zeros((5, 5)))
    exact = gradients("bptt")
    assert_equal(gradients("rflo"), exact)
    assert_equal(gradients("kernl", timescales="leak"), exact, atol=1e-7)  # log γ is float32
    assert np.abs(gradients("kernl")[0] - exact[0]).max() > 1e-4


def test_snap1_is_exact_for_units_that_hear_only_themselves(make):
    gradients = make(sequences=True)
    W = gradients.model.cell.W_hh
    W.assign(np.diag([0.9, -0.5, 0.3, 0.7, 1.1]))
    for snap, exact in zip(gradients("snap1"), gradients("bptt"), strict=True):
        if snap.shape == (5, 5) and exact.shape == W.shape:
            snap, exact = np.diag(snap), np.diag(exact)
        np.testing.assert_allclose(snap, exact, rtol=0, atol=1e-10)


@pytest.mark.parametrize("cell", [None, GradualRNNCell(3, g=0.4, dtype="float64")])
def test_uoro_is_right_in_the_mean(make, cell):
    """Over 20,000 draws the error of the mean is that which the scatter of the draws leaves."""
    gradients = make(units=3, steps=4, batch=1, cell=cell)
    exact = np.concatenate([np.ravel(g) for g in gradients("bptt")])
    model = gradients.model
    gradients.compile("uoro")
    x, y = np.repeat(gradients.x, 2000, 0), np.repeat(gradients.y, 2000)
    draw = tf.function(model.gradients, autograph=False)
    means = [
        np.concatenate([np.ravel(g) for g in draw(tf.constant(x), tf.constant(y))[2]])
        for _ in range(10)
    ]
    error = np.mean(means, 0) - exact
    expected = np.std(means, 0, ddof=1) / np.sqrt(10)
    noisy = expected > 1e-12  # the readout's gradient has no noise
    assert noisy.sum() == 3 * 3 + 2 * 3 + 3
    assert np.abs(error[~noisy]).max() < 1e-10
    assert np.abs(error[noisy] / expected[noisy]).max() < 6
    assert np.linalg.norm(error) < 0.1 * np.linalg.norm(exact)


def test_random_feedback_changes_the_cell_alone(make):
    gradients = make(sequences=True)
    symmetric, random = gradients("snap1"), gradients("eprop")
    assert_equal(symmetric[3:], random[3:])
    assert np.abs(symmetric[0] - random[0]).max() > 1e-4


def test_lstm_without_recurrence_is_exact_where_the_kernel_is(make):
    """With W_h = 0 and a constant forget gate f, c has the kernel f^τ and β = I."""
    cell = LSTMCell(4, dtype="float64")
    gradients = make(units=4, sequences=True, lengths=[9, 5, 1], cell=cell)
    cell.W_h.assign(np.zeros((4, 16)))
    W_x = cell.W_x.numpy()
    W_x[:, 4:8] = 0
    cell.W_x.assign(W_x)
    bias = cell.b.numpy()
    f = 1 / (1 + np.exp(-bias[4:8]))
    gradients.kernel = {"beta": np.eye(4), "log_gamma": np.log(-np.log(f))}
    exact = gradients("bptt")
    assert_equal(gradients("kernl", chunk=4), exact)
    assert_equal(gradients("snap1"), exact)


class Doubled(GradualRNNCell):
    """A cell with another step."""

    def call(self, x_t, states, training=False):
        h, states = super().call(x_t, states)
        return 2 * h, states


def test_what_can_not_be_is_said():
    model = OnlineRNN(Doubled(3), 2)
    model.build((1, 4, 2))
    with pytest.raises(TypeError, match="Doubled"):
        model.compile(loss="mse")
    model = OnlineRNN(LSTMCell(3), 2)
    model.build((1, 4, 2))
    with pytest.raises(TypeError, match="rtrl"):
        model.compile(loss="mse", rule="rtrl")
    with pytest.raises(ValueError, match="kernl"):
        model.compile(loss="mse", rule="kernel")
    with pytest.raises(ValueError, match="return_sequences"):
        model.compile(loss="mse", rule="kernl", update_every=2)
    with pytest.raises(ValueError, match="timescales"):
        model.compile(loss="mse", rule="kernl", timescales="long")
    for leak in (0, 1.1, (0.1, 0.9), (0.5, 0)):
        with pytest.raises(ValueError, match="leak"):
            LeakyRNNCell(3, leak=leak)
    assert set(OTHER_RULES).isdisjoint(RULES)
