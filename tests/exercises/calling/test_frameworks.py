"""What TensorFlow would keep of a graph for as long as the process lives."""

import gc
import weakref

import pytest
import tensorflow as tf
from tensorflow.python.framework import ops

from course_lib.exercises.calling.frameworks import traced_gradients_forgotten


@tf.custom_gradient
def thrice(x):
    """The identity, with a slope that nobody would guess."""
    return tf.identity(x), lambda g: 3.0 * g


def looped(x):
    return tf.while_loop(lambda i, x: i < 2, lambda i, x: (i + 1, thrice(x)), (0, x))[1]


def branched(x):
    return tf.cond(x > 0, lambda: thrice(x), lambda: x)


def slope(function):
    def found(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = function(x)
        return tape.gradient(y, x)

    return found


@pytest.mark.parametrize("function", [thrice, looped, branched])
@pytest.mark.parametrize("what", [lambda f: f, slope], ids=["forward", "its gradient"])
def test_no_graph_outlives_those_who_hold_it(function, what):
    before = set(ops.gradient_registry.list())
    with traced_gradients_forgotten():
        traced = tf.function(what(function), autograph=False)
        graph = weakref.ref(traced.get_concrete_function(tf.TensorSpec(())).graph)
        del traced
        assert set(ops.gradient_registry.list()) > before  # else nothing is to be done any more
    assert set(ops.gradient_registry.list()) == before
    gc.collect()
    assert graph() is None


def test_what_was_traced_before_keeps_its_gradient():
    with traced_gradients_forgotten():
        traced = tf.function(thrice, autograph=False)
        traced(tf.constant(2.0))
        with traced_gradients_forgotten():
            tf.function(looped, autograph=False)(tf.constant(2.0))
        assert float(slope(traced)(tf.constant(2.0))) == 3.0
        assert float(slope(looped)(tf.constant(2.0))) == 9.0
