"""Ways back through a vanilla RNN: by hand, by centred differences, against TensorFlow's tape."""

import numpy as np
import pytest
import tensorflow as tf

from course_lib.exercises.ladder.rungs import irregular
from course_lib.graphs import kept_by_loops, loop_bytes, trace
from course_lib.scratch.bptt import rnn_backward, state_jacobian
from course_lib.scratch.gradcheck import numerical_gradient
from course_lib.scratch.rnn import rnn_forward
from course_lib.training.by_hand import bptt_gradient, checkpointed, gradient_by_step


def arguments(batch=3, T=6, m=2, n=4):
    """x, h_0, W_xh, W_hh and b_h, no two sizes alike."""
    return [
        irregular(batch, T, m),
        irregular(batch, n, shift=1, scale=0.7),
        irregular(m, n, shift=2),
        irregular(n, n, shift=3, scale=0.8),
        irregular(n, shift=4, scale=0.5),
    ]


def by_tensorflow(x, h_0, W_xh, W_hh, b_h):
    """The same states by a Python loop, derived by TensorFlow."""
    h, states = h_0, []
    for t in range(x.shape[1]):
        h = tf.tanh(x[:, t] @ W_xh + h @ W_hh + b_h)
        states.append(h)
    return tf.stack(states, axis=1)


def gradients(function, given, upstream):
    """What a function gives, and what comes back to its arguments."""
    given = [tf.constant(one) for one in given]
    with tf.GradientTape() as tape:
        tape.watch(given)
        value = function(*given)
    return value, tape.gradient(value, given, output_gradients=tf.constant(upstream))


def last_of(states):
    return lambda *given: states(*given)[:, -1]


def test_two_steps_of_one_unit_by_hand():
    given = [np.array([[[2.0], [1.0]]]), np.array([[0.5]])]
    given += [np.array([[0.5]]), np.array([[-1.0]]), np.array([np.arctanh(0.6) - 0.5])]
    h, found = gradients(bptt_gradient, given, np.array([[[0.0], [1.0]]]))
    h_2 = np.tanh(0.5 - 0.6 + np.arctanh(0.6) - 0.5)
    da_2 = 1 - h_2**2
    da_1 = -da_2 * (1 - 0.36)
    np.testing.assert_allclose(np.ravel(h), [0.6, h_2], rtol=1e-12)
    right = [0.5 * da_1, 0.5 * da_2, -da_1, 2 * da_1 + da_2, 0.5 * da_1 + 0.6 * da_2, da_1 + da_2]
    np.testing.assert_allclose(np.concatenate([np.ravel(g) for g in found]), right, rtol=1e-12)


@pytest.mark.parametrize(("batch", "T"), [(1, 1), (3, 6), (2, 9)])
def test_states_and_gradients_are_those_of_numpy_and_of_the_tape(batch, T):
    given = arguments(batch, T)
    dh = irregular(batch, T, 4, shift=6)
    h, found = gradients(bptt_gradient, given, dh)
    right, cache = rnn_forward(*given)
    _, oracle = gradients(by_tensorflow, given, dh)
    np.testing.assert_allclose(h, right, rtol=1e-12)
    for own, numpy, tape in zip(found, rnn_backward(dh, cache), oracle, strict=True):
        np.testing.assert_allclose(own, numpy, rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(own, tape, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("function", [last_of(bptt_gradient), checkpointed])
def test_gradients_are_those_of_centred_differences(function):
    given = arguments(batch=2, T=5)
    weight = irregular(2, 4, shift=7)
    _, found = gradients(function, given, weight)

    def loss():
        h, _ = rnn_forward(*given)
        return float(np.sum(weight * h[:, -1]))

    for own, moved in zip(found, given, strict=True):
        np.testing.assert_allclose(own, numerical_gradient(loss, moved), atol=1e-8)


@pytest.mark.parametrize("T", [1, 2, 4, 7, 9])
def test_recomputing_changes_no_number(T):
    given = arguments(T=T)
    weight = irregular(3, 4, shift=7)
    h_last, found = gradients(checkpointed, given, weight)
    right, oracle = gradients(last_of(by_tensorflow), given, weight)
    np.testing.assert_allclose(h_last, right, rtol=1e-12)
    for own, tape in zip(found, oracle, strict=True):
        np.testing.assert_allclose(own, tape, rtol=1e-10, atol=1e-12)


def both_passes(function):
    def run(*given):
        with tf.GradientTape() as tape:
            tape.watch(given)
            loss = tf.reduce_sum(function(*given))
        return tape.gradient(loss, given)

    return run


def test_tensorflow_derives_no_loop():
    def scanned(x, h_0, W_xh, W_hh, b_h):
        by_time = tf.transpose(x @ W_xh + b_h, (1, 0, 2))
        return tf.scan(lambda h, a: tf.tanh(a + h @ W_hh), by_time, h_0)

    given = [tf.constant(one) for one in arguments()]
    specs = [tf.TensorSpec.from_tensor(one) for one in given]
    assert kept_by_loops(trace(both_passes(scanned), *specs)) > 0
    assert kept_by_loops(trace(both_passes(bptt_gradient), *specs)) == 0


@pytest.mark.slow  # traces six segments of a sequence
def test_memory_grows_with_the_root():
    def size(function, T):
        given = (tf.constant(one) for one in arguments(T=T, m=1, n=16))
        return loop_bytes(both_passes(function), *given)

    assert size(bptt_gradient, 36) / size(bptt_gradient, 9) > 3
    assert size(checkpointed, 36) / size(checkpointed, 9) < 2.5


def test_what_reaches_a_state_are_later_losses_through_the_jacobians():
    given = arguments()
    felt = irregular(3, 6, 4, shift=8)
    dh = gradient_by_step(*map(tf.constant, given), lambda h: tf.reduce_sum(felt * h))
    h, _ = rnn_forward(*given)
    for b in range(3):
        for k in range(6):
            right = sum(
                felt[b, t] @ state_jacobian(h[b, k + 1 : t + 1], given[3]) for t in range(k, 6)
            )
            np.testing.assert_allclose(dh[b, k], right, rtol=1e-10, atol=1e-12)


def test_what_reaches_a_state_is_what_moving_it_does():
    x, h_0, *weights = arguments(batch=1, T=5)
    felt = irregular(1, 5, 4, shift=8)
    dh = gradient_by_step(*map(tf.constant, (x, h_0, *weights)), lambda h: tf.reduce_sum(felt * h))
    states, _ = rnn_forward(x, h_0, *weights)
    moved = states[:, 1].copy()

    def loss():
        later, _ = rnn_forward(x[:, 2:], moved, *weights)
        return float(np.sum(felt[:, 1] * moved) + np.sum(felt[:, 2:] * later))

    np.testing.assert_allclose(dh[:, 1], numerical_gradient(loss, moved), atol=1e-8)


def test_a_step_of_one_unit_by_hand():
    h = gradient_by_step(
        *map(tf.constant, ([[[0.0], [0.0]]], [[0.0]], [[1.0]], [[2.0]], [0.0])),
        lambda h: tf.reduce_sum(h),
    )
    np.testing.assert_allclose(np.ravel(h), [1 + 2, 1])  # tanh is a straight line at 0
