"""How numbers stand in a page's text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_lib.figures import numbers


@pytest.mark.parametrize(
    ("values", "form", "written"),
    [
        ([0.84, 0.87, 0.87], ".2f", "0.86 (0.84 to 0.87)"),
        (np.array([97.41, 98.06]), ".1f", "97.7 (97.4 to 98.1)"),
        ([0.00123, 0.0456], ".2g", "0.023 (0.0012 to 0.046)"),
        ([110.4, 95.0], ".2g", "100 (95 to 110)"),
        ([0.1, 0.299], ".2g", "0.20 (0.10 to 0.30)"),
        ([0.0, 0.0], ".2g", "0"),
        ([0.5, 0.5, 0.5], ".2f", "0.50"),
        ([0.7], ".2f", "0.70"),
    ],
)
def test_a_mean_over_seeds(values, form, written):
    assert numbers.over_seeds(values, form) == written


@pytest.mark.parametrize(
    ("number", "written"),
    [(41, "41.0"), (133.8, "134"), (1681, "1680"), (4.658, "4.66"), (2e-5, "2.00e-05"), (0, "0")],
)
def test_significant_digits_keep_the_zeros_at_their_end(number, written):
    assert numbers.significant(number, 3) == written


@pytest.mark.parametrize(
    ("number", "written"),
    [(1.0, "1"), (0.0849, "0.085"), (116.4, "120"), (5204, "5,200"), (1e-14, "10⁻¹⁴"),
     (3.14e-12, "3~×~10⁻¹²"), (5.2e6, "5~×~10⁶")],
)  # fmt: skip
def test_a_number_is_told_briefly(number, written):
    assert numbers.brief(number) == written.replace("~", "\N{NO-BREAK SPACE}")


def test_no_seed_no_mean():
    with pytest.raises(ValueError, match="no mean over none"):
        numbers.over_seeds([])


def test_numbers_are_kept_as_they_shall_stand(monkeypatch):
    kept = {}
    monkeypatch.setattr("myst_nb.glue", lambda name, value, display: kept.update({name: value}))
    numbers.keep(low="3e-05", high="2e+06", shape=(3, 4))
    assert kept == {"low": "3e-5", "high": "2e+6", "shape": "(3, 4)"}
    numbers.keep(low=np.int64(7), high=np.float32(0.5), shape=None)
    assert kept == {"low": 7, "high": 0.5, "shape": None}
    assert type(kept["low"]) is int
    assert type(kept["high"]) is float


@pytest.mark.parametrize(
    ("number", "form", "most", "least"),
    [
        (1.2500000000000142, ".1f", "1.3", "1.2"),
        (100 * 11 / 12, ".0f", "92", "91"),
        (100 * 0.0003, ".2f", "0.03", "0.03"),
        (np.float32(0.5), ".1f", "0.5", "0.5"),
        (-0.06, ".1f", "0.0", "-0.1"),
        (1.4e-16, ".0e", "2e-16", "1e-16"),
        (9.6e-7, ".0e", "1e-6", "9e-7"),
        (0.0, ".0e", "0e+0", "0e+0"),
    ],
)
def test_a_bound_is_rounded_to_the_side_that_holds(number, form, most, least):
    assert numbers.at_most(number, form) == most
    assert numbers.at_least(number, form) == least


@given(st.floats(-1e6, 1e6), st.sampled_from([".0f", ".1f", ".3f", ".0e", ".2e"]))
def test_a_bound_holds_and_one_of_the_two_is_the_nearest(number, form):
    most, least = (float(f(number, form)) for f in (numbers.at_most, numbers.at_least))
    slack = 1e-8 * abs(number)
    assert least - slack <= number <= most + slack
    assert min(most - number, number - least) <= abs(float(f"{number:{form}}") - number) + slack
