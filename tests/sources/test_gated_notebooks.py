"""The slips of two old notebooks are wrong in the way that the book says."""

import numpy as np
import pytest

from course_lib.sources import gated_notebooks as old


def test_the_bracket_lets_the_input_past_the_tanh():
    rng = np.random.default_rng(0)
    x_t, h, W_x, W_h = (rng.normal(size=s) for s in ((5, 3), (5, 4), (3, 4), (4, 4)))
    assert np.abs(old.right_candidate(x_t, h, W_x, W_h, 0)).max() <= 1
    wrong, moved = (old.wrong_candidate(x, h, W_x, W_h, 0) for x in (x_t, x_t + 100))
    np.testing.assert_allclose(moved - wrong, 100 * np.ones((5, 3)) @ W_x)


def test_the_penalty_sees_the_readout_alone():
    readout = np.full((2, 3), 2.0)
    assert old.wrong_penalty([np.ones((9, 9))], readout, weight=0.1) == pytest.approx(1.2)
    assert old.wrong_penalty([], readout, weight=0.1) == pytest.approx(1.2)
    assert old.wrong_readout(np.random.default_rng(0), 400).std() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(
    ("losses", "stop"), [([3, 2, 2.5, 1], 3), ([3, 2, 2, 1], 3), ([3, 2, 1], 3), ([3], 1)]
)
def test_the_practical_stops_at_the_first_bump(losses, stop):
    assert old.wrong_stop(losses) == (stop, stop)


def test_the_printed_times_contradict_the_text():
    assert old.SECONDS_AN_EPOCH > old.SECONDS_OF_BASIC_CELL
