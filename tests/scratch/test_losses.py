"""The loss from logits: by hand, by its properties, by numerical gradient, against TensorFlow."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.scratch.gradcheck import gradient_check, numerical_gradient
from course_lib.scratch.losses import (
    cross_entropy_from_logits,
    cross_entropy_gradient,
    safe_loss,
    softmax,
)


def problem(shape, classes, scale=3.0, seed=0):
    rng = np.random.default_rng(seed)
    logits = scale * rng.normal(size=(*shape, classes))
    return logits, rng.integers(0, classes, size=shape)


def test_by_hand():
    logits, labels = np.array([[0.0, np.log(3.0)], [2.0, 2.0]]), np.array([1, 0])
    np.testing.assert_allclose(softmax(logits), [[0.25, 0.75], [0.5, 0.5]])
    expected = (np.log(4 / 3) + np.log(2)) / 2
    assert cross_entropy_from_logits(logits, labels) == pytest.approx(expected)
    gradient = [[0.25 / 2, -0.25 / 2], [-0.5 / 2, 0.5 / 2]]
    np.testing.assert_allclose(cross_entropy_gradient(logits, labels), gradient)
    loss, dlogits = safe_loss(logits, labels)
    assert loss == pytest.approx(expected)
    np.testing.assert_allclose(dlogits, gradient)


@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 6), st.floats(-1e3, 1e3))
@settings(max_examples=40)
def test_properties(batch, T, classes, shift):
    logits, labels = problem((batch, T), classes)
    loss = cross_entropy_from_logits(logits, labels)
    assert loss >= 0
    # A constant added to all logits changes nothing.
    assert cross_entropy_from_logits(logits + shift, labels) == pytest.approx(loss, abs=1e-9)
    # A mean over batch and time is a mean over all rows.
    flat = cross_entropy_from_logits(logits.reshape(-1, classes), labels.ravel())
    assert flat == pytest.approx(loss)
    gradient = cross_entropy_gradient(logits, labels)
    assert gradient.shape == logits.shape
    np.testing.assert_allclose(gradient.sum(axis=-1), 0, atol=1e-12)
    np.testing.assert_allclose(softmax(logits).sum(axis=-1), 1)


@pytest.mark.parametrize("shape", [(4,), (2, 3)])
def test_the_gradient_is_that_of_centred_differences(shape):
    logits, labels = problem(shape, 5)
    loss, dlogits = safe_loss(logits, labels)
    passed, errors = gradient_check(
        lambda: safe_loss(logits, labels)[0], {"logits": logits}, {"logits": dlogits}
    )
    assert passed, errors
    assert loss == pytest.approx(cross_entropy_from_logits(logits, labels), rel=1e-14)
    assert np.array_equal(dlogits, cross_entropy_gradient(logits, labels))


@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_equal_to_tensorflow(scale):
    import tensorflow as tf

    logits, labels = problem((6, 3), 10, scale)
    variable = tf.Variable(logits)
    with tf.GradientTape() as tape:
        theirs = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, variable))
    assert cross_entropy_from_logits(logits, labels) == pytest.approx(float(theirs), rel=1e-12)
    gradient = tape.gradient(theirs, variable).numpy()
    loss, dlogits = safe_loss(logits, labels)
    assert loss == pytest.approx(float(theirs), rel=1e-12)
    np.testing.assert_allclose(dlogits, gradient, atol=1e-12)


@pytest.mark.parametrize("gap", [87.0, 88.0, 104.0, 1000.0, 1e30])
def test_finite_in_float32_where_softmax_then_log_is_not(gap):
    logits = np.array([[gap, 0.0]], dtype=np.float32)
    right, wrong = np.array([0]), np.array([1])
    assert cross_entropy_from_logits(logits, right) == 0
    assert cross_entropy_from_logits(logits, wrong) == np.float32(gap)
    np.testing.assert_allclose(cross_entropy_gradient(logits, right), [[0, 0]], atol=1e-37)
    np.testing.assert_allclose(cross_entropy_gradient(logits, wrong), [[1, -1]])
    assert not np.signbit(safe_loss(logits, right)[0])  # 0, and prints as 0
    assert safe_loss(logits, wrong)[0] == np.float32(gap)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floating_type_is_kept(dtype):
    logits, labels = problem((2, 3), 4)
    logits = logits.astype(dtype)
    assert softmax(logits).dtype == dtype
    assert cross_entropy_from_logits(logits, labels).dtype == dtype
    assert cross_entropy_gradient(logits, labels).dtype == dtype
    assert safe_loss(logits, labels)[0].dtype == dtype


def test_softmax_then_log_fails_for_a_right_answer():
    """What the chapter says of the naive form holds where the tests run: NaN, from 104 on."""
    one_hot = np.array([[1.0, 0.0]], dtype=np.float32)
    with np.errstate(divide="ignore", invalid="ignore"):
        naive = [
            -np.sum(one_hot * np.log(softmax(np.array([[gap, 0.0]], dtype=np.float32))))
            for gap in (86.0, 104.0)
        ]
    assert naive[0] == 0
    assert np.isnan(naive[1])


@pytest.mark.parametrize(
    ("gap", "left"), [(10, 0.99993), (20, 0.67), (25, 0.014), (40, 4e-9)]
)  # fmt: skip
def test_a_small_number_in_the_log_kills_the_gradient_of_confident_mistakes(gap, left):
    """What the chapter says of log(p + 1e-9), by centred differences; and the safe loss."""
    logits, wrong = np.array([[float(gap), 0.0]]), np.array([1])

    def patched():
        return -np.log(softmax(logits)[0, 1] + 1e-9)

    assert -numerical_gradient(patched, logits)[0, 1] == pytest.approx(left, rel=0.06, abs=1e-8)
    assert safe_loss(logits, wrong)[1][0, 1] == pytest.approx(-1, abs=1e-4)
