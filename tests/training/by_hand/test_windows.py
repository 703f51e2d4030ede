"""The training step in windows: by hand, against NumPy, and against TensorFlow's own tape."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_lib.exercises.bptt.train_step_windows import WEIGHTS, Labeller, sequence
from course_lib.scratch.bptt import loss_and_gradients, truncated_bptt
from course_lib.scratch.clipping import clip_by_global_norm
from course_lib.training.by_hand import train_step_windows


def taken(given, optimizer, steps=1):
    """Loss, last state, norm and weights after some steps."""
    model = Labeller(given)
    step = train_step_windows(model, optimizer, given["window"], given["max_norm"])
    for _ in range(steps):
        found = step(*(tf.constant(given[name]) for name in ("x", "labels", "h_0")))
    weights = dict(zip(WEIGHTS, (w.numpy() for w in model.trainable_variables), strict=True))
    return *found, weights


def data(given):
    return given["x"], given["labels"], given["h_0"]


@pytest.mark.parametrize("window", [1, 3, 5, 20])
@pytest.mark.parametrize("max_norm", [0.02, 100.0])
def test_a_step_is_truncated_bptt_clipped(window, max_norm):
    given = {**sequence(), "window": window, "max_norm": max_norm}
    loss, h_last, norm, weights = taken(given, keras.optimizers.SGD(0.5))
    params = {name: given[name] for name in WEIGHTS}
    right, grads, state = truncated_bptt(params, *data(given), window)
    clipped, length = clip_by_global_norm(grads, max_norm)
    np.testing.assert_allclose([loss, norm], [right, length], rtol=1e-12)
    np.testing.assert_allclose(h_last, state, rtol=1e-12)
    for name in WEIGHTS:
        np.testing.assert_allclose(
            weights[name], params[name] - 0.5 * clipped[name], rtol=1e-10, atol=1e-12
        )


def test_several_steps_go_downhill_from_the_same_loss():
    given = sequence()
    params = {name: given[name] for name in WEIGHTS}
    start, _, _ = loss_and_gradients(params, *data(given))
    first, *_ = taken(given, keras.optimizers.SGD(0.5))
    fifth, *_ = taken(given, keras.optimizers.SGD(0.5), steps=5)
    np.testing.assert_allclose(first, start, rtol=1e-12)
    assert fifth < first


def test_weights_of_zero_by_hand():
    given = {name: 0 * value for name, value in sequence().items()}
    given |= {"labels": np.ones((2, 7), int), "window": 3, "max_norm": 100.0}
    loss, h_last, norm, weights = taken(given, keras.optimizers.SGD(1.0))
    np.testing.assert_allclose(loss, np.log(5))  # five classes, all as likely
    np.testing.assert_allclose(weights["b_y"], [-0.2, 0.8, -0.2, -0.2, -0.2])
    np.testing.assert_allclose(norm, np.sqrt(0.8))
    assert not np.any(h_last)
