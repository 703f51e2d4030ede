"""The bias of a forget gate: by hand, by what a gate leaves, and in exact arithmetic."""

from decimal import Decimal, getcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_lib.scratch.gated import forget_bias_for, sigmoid


def test_by_hand():
    assert forget_bias_for(1, 0.75) == pytest.approx(np.log(3), abs=1e-12)
    assert forget_bias_for(2, 1 / 9) == pytest.approx(-np.log(2), abs=1e-12)
    assert forget_bias_for(1) == pytest.approx(0, abs=1e-12)


@given(st.floats(0.5, 500), st.floats(0.01, 0.99))
def test_a_gate_leaves_that_share(steps, left):
    assert sigmoid(forget_bias_for(steps, left)) ** steps == pytest.approx(left, rel=1e-9)


@pytest.mark.parametrize("steps", [1, 10**6, 10**15])
def test_equal_to_sixty_digits(steps):
    getcontext().prec = 60
    gate = (Decimal("0.3").ln() / steps).exp()
    exact = float((gate / (1 - gate)).ln())
    assert forget_bias_for(steps, 0.3) == pytest.approx(exact, rel=1e-13)


@pytest.mark.parametrize(
    "wrong", [{"left": 0}, {"left": 1}, {"steps": 0}, {"steps": np.array([3, -1])}]
)
def test_what_has_no_answer_is_refused(wrong):
    with pytest.raises(ValueError, match="left lies between 0 and 1"):
        forget_bias_for(**{"steps": 3, **wrong})
