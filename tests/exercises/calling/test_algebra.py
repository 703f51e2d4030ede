"""Least squares of what isn't finite: an error, where LAPACK may never return."""

import numpy as np
import pytest

from course_lib.exercises.calling.algebra import ENDLESS, finite_algebra
from course_lib.exercises.checker import check_function
from course_lib.exercises.registry import get

# LAPACK's dgelsd and dgesdd turn round in this for ever.
ENDLESS_MATRIX = np.array(
    [
        [2.7182818284590451, 2.7182818284590451, -0.0, -0.0],
        [15.154262241479259, 0.21007865766787, -0.0, -0.977684488],
        [3814279.1047601793, 0.60995563810, -0.0, -0.0643060068],
        [np.inf, 0.92367216739, -0.0, -0.290770934],
    ]
)


@pytest.mark.parametrize("name", ENDLESS)
@pytest.mark.parametrize(
    "given", [ENDLESS_MATRIX, ENDLESS_MATRIX.tolist(), np.full((2, 2), np.nan)]
)
def test_what_is_not_finite_is_refused(name, given):
    right = (np.ones((len(given), 1)),) if name == "lstsq" else ()
    with (
        finite_algebra(),
        pytest.raises(np.linalg.LinAlgError, match=f"np.linalg.{name} was given inf or NaN"),
    ):
        getattr(np.linalg, name)(given, *right)


@pytest.mark.parametrize("name", ENDLESS)
def test_what_is_finite_is_solved_and_all_is_as_before(name):
    before, given = getattr(np.linalg, name), np.array([[2.0, 1.0], [1.0, 3.0]])
    right = (np.ones(2),) if name == "lstsq" else ()
    with finite_algebra():
        inside = getattr(np.linalg, name)(given, *right, **({"rcond": None} if right else {}))
    assert getattr(np.linalg, name) is before
    outside = before(given, *right, **({"rcond": None} if right else {}))
    for one, other in zip(inside, outside, strict=True):
        np.testing.assert_array_equal(one, other)


def test_an_answer_that_diverges_gets_a_verdict():
    def fit_modes(psi, tangent, gamma, omega):
        return np.linalg.lstsq(ENDLESS_MATRIX, np.ones((4, 1)), rcond=None)[0]

    verdict = check_function(get("fit_modes"), fit_modes)
    assert not verdict.passed
    assert "inf or NaN" in str(verdict)
