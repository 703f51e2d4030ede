import inspect

import numpy as np
import pytest

from course_lib.figures import kernl_modes as figures
from course_lib.scratch.kernl_modes import spread_modes


def test_modes_help_where_one_fading_kernel_fails(assert_drawn):
    quality = figures.quality((1, 4), range(2), n=12)
    orthogonal, near = quality["orthogonal"], quality["near identity"]
    assert np.mean(orthogonal[4]) > np.mean(orthogonal[1]) + 0.15
    assert np.mean(near[1]) > 0.8
    assert_drawn(figures.by_modes(quality))


def test_as_many_sequences_are_nudged_in_a_batch_of_any_size(monkeypatch):
    shapes = []
    monkeypatch.setattr(figures, "fit_modes", lambda psi, *_: shapes.append(psi.shape))
    for batch in (1, 16, 64):
        net = {"h": np.zeros((batch, 3, 2)), "W_hh": np.eye(2)}
        figures.fitted(net, *spread_modes(2, 3))
    assert shapes == 3 * [(figures.SAMPLES, 3, 2)]


def test_sensitivities_of_more_modes_are_nearer_to_the_truth():
    few, many = figures.sensitivity(1), figures.sensitivity(6)
    assert few["itself"][0] == pytest.approx(1)
    for unit in ("itself", "other"):
        np.testing.assert_array_equal(few[unit], many[unit])
        off = [np.abs(lines[f"{unit} kernel"] - lines[unit]).mean() for lines in (few, many)]
        assert off[1] < off[0]
    assert many["cosine"] > few["cosine"] + 0.15


def test_how_well_modes_tell_an_age_from_others():
    """As many features as ages tell all apart if there is no ridge; one mode can't tell two."""
    told = figures.told_apart(*spread_modes(8, 14), 14, ridge=0)
    np.testing.assert_allclose(told, 1, atol=1e-9)
    one, two = np.array([0.0]), np.array([np.pi])
    np.testing.assert_allclose(figures.told_apart(one, one, 5, ridge=0), 1 / 5)
    np.testing.assert_allclose(figures.told_apart(one, two, 5, ridge=0), 1 / 5)
    # A feature that is always 1 and one that is 1 or -1 have products 5, 1 and 5 over five ages.
    even_and_odd = np.zeros(2), np.array([0, np.pi])
    for ridge in (0, 0.4):
        even, odd = 2 / (6 + 5 * ridge), 2 / (4 + 5 * ridge)
        told = figures.told_apart(*even_and_odd, 5, ridge)
        np.testing.assert_allclose(told, [even, odd, even, odd, even])


def test_an_age_is_told_with_the_ridge_of_the_engine():
    from course_lib.online.modes import RIDGE

    default = inspect.signature(figures.told_apart).parameters["ridge"].default
    assert default == RIDGE


def test_a_reader_chooses_the_number_of_modes():
    chosen = figures.modes_slider((1, 2), start=1)
    assert chosen.values == ["1", "2"]
    assert "1 mode." in chosen.alts[0]
    assert "2 modes." in chosen.alts[1]
    assert all("cosine with BPTT is" in alt for alt in chosen.alts)


def test_trainings_are_drawn(assert_drawn):
    curves = {"steps": [1, 2], "cosine": [0.5, 0.8], "test_loss": [0.2, 0.1]}
    assert_drawn(figures.through_training({"a": [curves, curves], "b": [curves]}, 0.17))
    result = {"curves": {"0": {"test_accuracy": [0.9, 0.95]}, "1": {"test_accuracy": [0.8, 0.9]}}}
    figure = figures.accuracies({"a": result})
    mean = figure.axes[0].lines[0].get_ydata()
    np.testing.assert_allclose(mean, [0.85, 0.925])
    assert_drawn(figure)


def test_how_much_modes_explain_at_each_age():
    found = [figures.explained(*spread_modes(count, 12), 0, 12, 6) for count in (1, 8)]
    for one in found:
        assert one["r2"].shape == one["part"].shape == (12,)
        assert one["part"].sum() == pytest.approx(1)
        assert one["r2"].max() <= 1
    one, eight = (x["r2"] @ x["part"] for x in found)
    assert one < 0.5 < eight
    # With as many features as ages nothing is left but the ridge.
    every = figures.explained(np.zeros(3), np.array([0.0, np.pi / 2, np.pi]), 0, 4, 5)
    few = figures.explained(np.zeros(1), np.zeros(1), 0, 4, 5)
    assert every["r2"] @ every["part"] > few["r2"] @ few["part"]
    # A nudge that is new has moved its own unit by itself, whatever the sequence.
    assert every["r2"][0] == pytest.approx(1, abs=0.01)


def test_where_there_are_as_many_features_as_ages_it_does_not_matter_which():
    turning = np.pi * np.arange(5) / 4  # with 5 cosines and 3 sines
    steady, fading = (
        figures.explained(np.full(5, rate), turning, 0, 8, 5)["r2"] for rate in (0.0, 0.1)
    )
    np.testing.assert_allclose(steady, fading, atol=1e-3)
