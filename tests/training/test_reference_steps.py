"""Every reference step runs where Keras's numbers are float64, and gives what float32 gives."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_lib.exercises.calling.frameworks import traced_gradients_forgotten
from course_lib.graphs import keras_in
from course_lib.training.reference_steps import STEPS


def built(name):
    keras.utils.set_random_seed(0)
    step = STEPS[name](6)
    if step.silence is not None:
        step.silence()
    return step


@pytest.fixture(autouse=True)
def graphs_forgotten_at_once():
    """Not at the end of the file only: there are many steps."""
    with traced_gradients_forgotten():
        yield


def loss_of_a_step(name, dtype, weights=None):
    """The loss, and the weights before the step: those given, or those that it begins with."""
    with keras_in(dtype):
        step = built(name)
        if weights is None:
            weights = [np.asarray(variable) for variable in step.variables]
        for variable, value in zip(step.variables, weights, strict=True):
            variable.assign(tf.cast(value, variable.dtype))
        x, y = tf.constant(step.x.astype(dtype)), tf.constant(step.y)
        return float(tf.function(step.take, autograph=False)(x, y)), weights


@pytest.mark.slow
@pytest.mark.parametrize("name", STEPS)
def test_in_float64_too(name):
    loss, weights = loss_of_a_step(name, "float32")
    again, _ = loss_of_a_step(name, "float64", weights)
    assert again == pytest.approx(loss, rel=1e-4)
