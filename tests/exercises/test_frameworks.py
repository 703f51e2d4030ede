"""What TensorFlow would keep of a graph for as long as the process lives."""

import gc
import weakref

import keras
import pytest
import tensorflow as tf
from tensorflow.python.framework import ops

from course_lib.exercises.checker import check_function
from course_lib.exercises.frameworks import traced_gradients_forgotten
from course_lib.exercises.guard import Unusable, see_that_it_is_of_ones_own
from course_lib.exercises.registry import get, ids


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


class UnderAnotherName(keras.layers.SimpleRNNCell):
    def get_config(self):
        return super().get_config()


class WithAStepOfItsOwn(keras.layers.SimpleRNNCell):
    def call(self, inputs, states, training=False):
        return inputs, states


@pytest.mark.parametrize("cell", [keras.layers.SimpleRNNCell, UnderAnotherName])
def test_a_class_of_keras_under_another_name_is_no_answer(cell):
    report = check_function(get("VanillaRNNCell"), cell)
    assert report.sentence == (
        "VanillaRNNCell leaves all the work to SimpleRNNCell, which comes with Keras: write its "
        "methods yourself."
    )
    with pytest.raises(Unusable):
        see_that_it_is_of_ones_own("VanillaRNNCell", cell)


def test_a_class_that_does_something_is_ones_own():
    for one in ids():
        if isinstance(made := get(one).reference, type):
            see_that_it_is_of_ones_own(one, made)
    see_that_it_is_of_ones_own("VanillaRNNCell", WithAStepOfItsOwn)
