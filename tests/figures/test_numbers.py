"""How numbers stand in a page's text."""

import numpy as np
import pytest

from course_lib.figures import numbers


@pytest.mark.parametrize(
    ("values", "form", "written"),
    [
        ([0.84, 0.87, 0.87], ".2f", "0.86 (0.84 to 0.87)"),
        (np.array([97.41, 98.06]), ".1f", "97.7 (97.4 to 98.1)"),
        ([0.00123, 0.0456], ".2g", "0.023 (0.0012 to 0.046)"),
        ([110.4, 95.0], ".2g", "100 (95 to 110)"),
        ([0.5, 0.5, 0.5], ".2f", "0.50"),
        ([0.7], ".2f", "0.70"),
    ],
)
def test_a_mean_over_seeds(values, form, written):
    assert numbers.over_seeds(values, form) == written


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
