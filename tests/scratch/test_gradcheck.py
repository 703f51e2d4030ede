import numpy as np
import pytest

from course_lib.scratch.gradcheck import gradient_check, numerical_gradient
from course_lib.sources import practical_2017


def cube(w):
    return lambda: float(np.sum(w**3))


def test_numerical_gradient_by_hand():
    w = np.array([[1.0, -2.0], [0.5, 0.0]])
    np.testing.assert_allclose(numerical_gradient(cube(w), w), 3 * w**2, atol=1e-9)


def test_differences_are_centred():
    # (w+s)³ - (w-s)³ over 2s is 3w² + s²; a one-sided difference would have the error 3ws.
    w = np.array([1.0])
    assert numerical_gradient(cube(w), w, step=0.1)[0] == pytest.approx(3 + 0.01)


def test_weights_are_put_back_to_the_bit():
    w = np.random.default_rng(0).normal(size=(3, 4))
    before = w.copy()
    numerical_gradient(cube(w), w, step=0.3)
    assert np.array_equal(w, before)


def test_right_gradients_pass():
    params = {"a": np.array([1.0, -2.0]), "b": np.array([[3.0]])}
    grads = {name: 3 * w**2 for name, w in params.items()}
    passed, errors = gradient_check(lambda: sum(cube(w)() for w in params.values()), params, grads)
    assert passed is True
    assert errors.keys() == params.keys()
    assert max(errors.values()) < 1e-8


@pytest.mark.parametrize("wrong", [27.1, -27.0, 0.0, np.nan, np.inf])
def test_one_wrong_entry_fails(wrong):
    w = np.array([1.0, 3.0])
    with np.errstate(invalid="ignore"):
        passed, errors = gradient_check(cube(w), {"w": w}, {"w": np.array([3.0, wrong])})
    assert passed is False
    assert not errors["w"] <= 1e-6


def test_two_zeros_agree():
    w = np.zeros(2)
    with np.errstate(all="raise"):
        passed, errors = gradient_check(lambda: 1.0, {"w": w}, {"w": np.zeros(2)})
    assert passed is True
    assert errors["w"] == 0.0


def test_error_is_the_documented_formula():
    w = np.array([2.0])  # gradient 12
    _, errors = gradient_check(cube(w), {"w": w}, {"w": np.array([4.0])})
    assert errors["w"] == pytest.approx(8 / 16)


def test_largest_errors_of_the_practical():
    data = practical_2017.network()
    passed, errors = practical_2017.check(practical_2017.total_gradients(*data), *data)
    assert passed is True
    documented = {"W_xh": 7.4e-5, "W_hh": 2.8e-6, "W_hy": 3.0e-7, "b_h": 7.6e-6, "b_y": 7.0e-8}
    for name, error in documented.items():
        assert error / 2 < errors[name] < error * 2, name


def test_clipping_inside_fails_the_check_on_other_seeds():
    clipped, whole = practical_2017.errors_by_seed(range(10))
    limit = practical_2017.TOLERANCE
    failed = {s: sorted(n for n, e in errors.items() if e > limit) for s, errors in clipped.items()}
    assert {seed: names for seed, names in failed.items() if names} == {
        2: ["W_xh"],
        4: ["b_h"],
        5: ["W_xh", "b_h"],
        7: ["W_xh", "b_h"],
    }
    assert all(max(errors.values()) < 2e-4 for errors in whole.values())
