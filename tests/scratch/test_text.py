"""Windows with a carried state, and characters drawn at a temperature."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_lib.scratch.losses import softmax
from course_lib.scratch.text import carried_windows, sample_with_temperature

sizes = given(st.integers(2, 200), st.integers(1, 6), st.integers(1, 9))


@sizes
def test_too_few_characters_have_no_window(length, lanes, window):
    codes = np.arange(min(length, lanes * window))
    with pytest.raises(ValueError, match="no window"):
        carried_windows(codes, lanes, window)


@sizes
def test_each_lane_reads_its_piece_from_end_to_end(length, lanes, window):
    length = max(length, lanes * window + 1)
    codes = np.arange(length)
    x, y = carried_windows(codes, lanes, window)
    assert x.shape == y.shape == (x.shape[0], lanes, window)
    np.testing.assert_array_equal(y, x + 1)
    read = x.transpose(1, 0, 2).reshape(-1)  # lane by lane
    np.testing.assert_array_equal(read, np.arange(len(read)))
    assert length - 1 - len(read) < lanes * window  # no further window in every lane


def test_a_network_with_its_state_carried_reads_as_in_one_go():
    """What the windows are for: the states of a lane are those of its piece read at once."""
    codes = np.arange(25) * 7 % 5
    x, _ = carried_windows(codes, 2, 3)
    state, states = np.zeros(2), []
    for window in x:
        for t in range(3):
            state = np.tanh(0.9 * state + window[:, t])
            states.append(state)
    alone, h = [], 0.0
    for code in codes[12:24]:
        h = np.tanh(0.9 * h + code)
        alone.append(h)
    np.testing.assert_allclose(np.array(states)[:, 1], alone)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_characters_come_as_often_as_the_temperature_wants(temperature):
    logits = np.array([2.0, 0.0, -1.0, 1.0])
    many = np.tile(logits, (50_000, 1))
    drawn = sample_with_temperature(many, temperature, np.random.default_rng(0))
    shares = np.bincount(drawn, minlength=4) / len(many)
    np.testing.assert_allclose(shares, softmax(logits / temperature), atol=0.01)


def test_zero_is_the_likeliest_and_the_limit_of_small_ones():
    logits = np.random.default_rng(0).normal(size=(30, 6)) * 1000
    zero = sample_with_temperature(logits, 0, np.random.default_rng(1))
    np.testing.assert_array_equal(zero, logits.argmax(axis=1))
    tiny = sample_with_temperature(logits, 1e-300, np.random.default_rng(1))
    np.testing.assert_array_equal(tiny, zero)


@pytest.mark.parametrize("temperature", [-0.1, np.inf, np.nan])
def test_what_is_no_temperature_is_refused(temperature):
    with pytest.raises(ValueError, match="temperature is"):
        sample_with_temperature(np.zeros((1, 2)), temperature, np.random.default_rng(0))
