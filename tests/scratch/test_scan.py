"""The scan three ways: by hand, against centred differences, against TensorFlow's autodiff."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.scratch.gradcheck import numerical_gradient
from course_lib.scratch.scan import combine, scan, scan_backward, scan_loop

LENGTHS = (1, 2, 3, 4, 5, 7, 8, 9, 33)


def case(T=5, turning=False, batch=3, n=4, seed=0):
    """No two sizes are equal, and the first state is not zero."""
    rng = np.random.default_rng(seed)

    def numbers(*shape):
        real = rng.normal(size=shape)
        return real + 1j * rng.normal(size=shape) if turning else real

    return numbers(batch, T, n), numbers(batch, T, n), numbers(batch, n)


def by_parts(loss, array):
    """Centred differences; of a complex array by its two parts: ∂L/∂Re + i ∂L/∂Im."""
    if not np.iscomplexobj(array):
        return numerical_gradient(loss, array)
    return numerical_gradient(loss, array.view(float)).view(complex)


def test_four_numbers_by_hand():
    # Half is kept, then nothing, then all of it: 8 -> 4 + 1 = 5 -> 2 -> 2 + 3 = 5 -> -5 + 1 = -4.
    a = np.array([0.5, 0.0, 1.0, -1.0])[None, :, None]
    b = np.array([1.0, 2.0, 3.0, 1.0])[None, :, None]
    expected = np.array([5.0, 2.0, 5.0, -4.0])[None, :, None]
    for way in (scan, scan_loop):
        np.testing.assert_array_equal(way(a, b, np.array([[8.0]])), expected)


def test_a_number_that_turns_by_hand():
    # A quarter of a turn at each step: 1 -> i -> -1 -> -i.
    a, b = np.full((1, 3, 1), 1j), np.zeros((1, 3, 1))
    np.testing.assert_allclose(scan(a, b, np.ones((1, 1)))[0, :, 0], [1j, -1, -1j])


def test_gradient_by_hand():
    # h_1 = 2 * 3 + 1 = 7, h_2 = 5 * 7 + 1 = 36, and only h_2 has a loss.
    a, b, h_0 = np.array([[[2.0], [5.0]]]), np.ones((1, 2, 1)), np.array([[3.0]])
    dh = np.array([[[0.0], [1.0]]])
    da, db, dh_0 = scan_backward(dh, a, scan(a, b, h_0), h_0)
    assert da.ravel().tolist() == [15.0, 7.0]  # 5 * 3, and h_1
    assert db.ravel().tolist() == [5.0, 1.0]
    assert dh_0.item() == 10.0


def test_two_spans_do_what_their_joint_span_does():
    (a, b, h), (c, d, _) = case(), case(seed=1)
    joint = combine((a[:, 0], b[:, 0]), (c[:, 0], d[:, 0]))
    step = c[:, 0] * (a[:, 0] * h + b[:, 0]) + d[:, 0]
    np.testing.assert_allclose(joint[0] * h + joint[1], step)


@pytest.mark.parametrize("turning", [False, True])
@pytest.mark.parametrize("T", LENGTHS)
def test_equal_to_the_loop(T, turning):
    a, b, h_0 = case(T, turning)
    np.testing.assert_allclose(scan(a, b, h_0), scan_loop(a, b, h_0), rtol=1e-9, atol=1e-12)


@settings(max_examples=30)
@given(T=st.integers(1, 40), n=st.integers(1, 4), seed=st.integers(0, 99))
def test_any_length(T, n, seed):
    a, b, h_0 = case(T, True, n=n, seed=seed)
    np.testing.assert_allclose(scan(a, b, h_0), scan_loop(a, b, h_0), rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("T", LENGTHS)
def test_join_is_called_once_a_round(T):
    calls = []

    def counting(first, second):
        calls.append(first[0].shape)
        return combine(first, second)

    scan(*case(T), counting)
    assert len(calls) == int(np.ceil(np.log2(T)))


@pytest.mark.parametrize("turning", [False, True])
@pytest.mark.parametrize("T", [1, 2, 5])
def test_gradient_check(T, turning):
    a, b, h_0 = case(T, turning)
    dh = case(T, turning, seed=7)[1]

    def loss():
        return float(np.sum(np.conj(dh) * scan(a, b, h_0)).real)

    grads = scan_backward(dh, a, scan(a, b, h_0), h_0)
    for got, array in zip(grads, (a, b, h_0), strict=True):
        np.testing.assert_allclose(got, by_parts(loss, array), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("turning", [False, True])
def test_gradient_is_that_of_tensorflow(turning):
    import tensorflow as tf

    a, b, h_0 = case(6, turning)
    dh = case(6, turning, seed=7)[1]
    inputs = [tf.constant(one) for one in (a, b, h_0)]
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        h_t, states = inputs[2], []
        for t in range(6):
            h_t = inputs[0][:, t] * h_t + inputs[1][:, t]
            states.append(h_t)
        h = tf.stack(states, axis=1)
    expected = tape.gradient(h, inputs, output_gradients=tf.constant(dh))
    got = scan_backward(dh, a, h.numpy(), h_0)
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_allclose(one, other.numpy(), rtol=1e-10, atol=1e-12)


def test_dtypes_and_inputs_are_kept():
    a, b, h_0 = (one.astype(np.float32) for one in case())
    before = [one.copy() for one in (a, b, h_0)]
    h = scan(a, b, h_0)
    assert h.dtype == np.float32
    assert {one.dtype for one in scan_backward(h, a, h, h_0)} == {np.dtype(np.float32)}
    assert all(np.array_equal(one, kept) for one, kept in zip((a, b, h_0), before, strict=True))


def test_a_complex_start_state_meets_real_numbers():
    a, b, _ = case()
    h_0 = case(turning=True)[2]
    np.testing.assert_allclose(scan(a, b, h_0), scan_loop(a, b, h_0))
