import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_lib.scratch.clipping import clip_by_global_norm, clip_by_value


def norm_of(grads):
    return np.linalg.norm(np.concatenate([g.ravel() for g in grads.values()]))


def test_by_hand():
    clipped, norm = clip_by_global_norm({"W": np.array([[3.0]]), "b": np.array([4.0])}, 1.0)
    assert norm == 5.0
    assert clipped["W"] == pytest.approx(np.array([[0.6]]))
    assert clipped["b"] == pytest.approx(np.array([0.8]))


def test_norm_is_joint_not_per_array():
    # Each array alone has norm 3, below the limit; together they have sqrt(18), above it.
    grads = {"W": np.array([3.0]), "b": np.array([3.0])}
    clipped, norm = clip_by_global_norm(grads, 4.0)
    assert norm == pytest.approx(np.sqrt(18))
    assert norm_of(clipped) == pytest.approx(4.0)


def test_small_gradients_stay_to_the_bit():
    grads = {"W": np.array([[0.1, -0.2]]), "b": np.array([0.3])}
    clipped, _ = clip_by_global_norm(grads, 10.0)
    assert all(np.array_equal(clipped[name], grads[name]) for name in grads)


def test_zero_gradients_stay_zero():
    with np.errstate(all="raise"):
        clipped, norm = clip_by_global_norm({"W": np.zeros((2, 3))}, 1.0)
    assert norm == 0
    assert np.array_equal(clipped["W"], np.zeros((2, 3)))


def test_input_is_left_alone():
    grads = {"W": np.array([30.0, 40.0])}
    clip_by_global_norm(grads, 1.0)
    clip_by_value(grads, 1.0)
    assert np.array_equal(grads["W"], [30.0, 40.0])


@given(
    rows=st.integers(1, 4),
    columns=st.integers(1, 4),
    max_norm=st.floats(0.01, 100),
    seed=st.integers(0, 1000),
)
def test_keeps_direction_and_bounds_norm(rows, columns, max_norm, seed):
    rng = np.random.default_rng(seed)
    grads = {"W": rng.normal(size=(rows, columns)), "b": rng.normal(size=columns)}
    clipped, norm = clip_by_global_norm(grads, max_norm)
    assert norm == pytest.approx(norm_of(grads))
    assert norm_of(clipped) == pytest.approx(min(norm, max_norm))
    factor = norm_of(clipped) / norm
    for name, g in grads.items():
        np.testing.assert_allclose(clipped[name], factor * g, rtol=1e-12)


def test_clip_by_value_bounds_entries_and_turns():
    clipped = clip_by_value({"W": np.array([4.0, 1.0, -7.0])}, 2.0)["W"]
    assert np.array_equal(clipped, [2.0, 1.0, -2.0])
    assert clipped[0] / clipped[1] != 4.0
