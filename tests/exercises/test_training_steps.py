"""Training steps that are right but for one thing, and odd ones that are right."""

import pytest
import tensorflow as tf

from course_lib.exercises.checker import check_function
from course_lib.exercises.registry import get
from course_lib.layers.training_step import train_step as right_step
from course_lib.training.by_hand.windows import train_step_windows as right_windows

pytestmark = pytest.mark.slow


def verdict(function, name):
    """Without a search for a name: what the rung itself says."""
    function.__name__ = name
    return check_function(get(name), function, named=False)


def step_with(errors=None, apply=None, before=None):
    """A training step; its loss, its update, or what comes first are another's."""

    def train_step(model, optimizer):
        @tf.function(reduce_retracing=True)
        def step(x, y):
            if before:
                before(model, x)
            with tf.GradientTape() as tape:
                logits = model(x, training=True)
                loss = tf.reduce_mean(
                    errors(logits, y)
                    if errors
                    else tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits)
                )
            weights = model.trainable_variables
            (apply or type(optimizer).apply)(optimizer, tape.gradient(loss, weights), weights)
            return loss

        return step

    return train_step


def given_back(change):
    """The right step, of whose loss something else is made in Python."""

    def train_step(model, optimizer):
        step = right_step(model, optimizer)
        return lambda x, y: change(step(x, y))

    return train_step


def in_double(logits, y):
    """Whatever the logits are."""
    log_p = tf.nn.log_softmax(tf.cast(logits, tf.float64))
    return -tf.gather(log_p, y, axis=1, batch_dims=1)


def not_quite_zero(logits, y):
    """A small number, lest a logarithm be infinite."""
    return -tf.math.log(tf.gather(tf.nn.softmax(logits), y, axis=1, batch_dims=1) + 1e-9)


def as_deep_as_the_largest_label(logits, y):
    """The classes of this batch alone."""
    hot = tf.one_hot(y, tf.cast(tf.reduce_max(y) + 1, tf.int32), dtype=logits.dtype)
    return tf.nn.softmax_cross_entropy_with_logits(hot, logits)


def applied_twice(optimizer, gradients, weights):
    """One call too many."""
    optimizer.apply(gradients, weights)
    optimizer.apply(gradients, weights)


WRONG = {
    "in double precision": (step_with(in_double), "float64 comes out"),
    "not quite zero": (step_with(not_quite_zero), "a small number such as 1e-8 was added"),
    "too few classes": (step_with(as_deep_as_the_largest_label), "it should be"),
    "applied twice": (step_with(apply=applied_twice), "the optimizer has counted 2 steps"),
    "a number of Python's": (given_back(float), "The step returned a number of Python's"),
    "a number of NumPy's": (given_back(lambda loss: loss.numpy()), "go on with the tensor itself"),
}


def printed(model, x):
    """For a look."""
    tf.print("shape", tf.shape(tf.nest.flatten(x)[0]), output_stream="file:///dev/null")


RIGHT = {
    "it prints": step_with(before=printed),
    "it calls the model twice": step_with(before=lambda model, x: model(x, training=True)),
}


@pytest.mark.parametrize("what", RIGHT)
def test_an_odd_step_that_is_right(what):
    assert verdict(RIGHT[what], "train_step").ok


def windows(change=lambda results: results, copied=False):
    """A step in windows, of whose results something else is made."""

    def train_step_windows(model, optimizer, window, max_norm):
        if copied:
            optimizer = type(optimizer).from_config(optimizer.get_config())
        step = right_windows(model, optimizer, window, max_norm)
        return lambda *data: change(step(*data))

    return train_step_windows


IN_WINDOWS = {
    "a norm in double precision": (
        windows(lambda found: (*found[:2], tf.cast(found[2], tf.float64))),
        "float64 comes out",
    ),
    "another order": (
        windows(lambda found: (found[0], found[2], found[1])),
        "in place 3 of what the step returned: it returns the loss, h_last and the norm",
    ),
    "a copy of the optimizer": (
        windows(copied=True),
        "The optimizer that was handed in has counted no step",
    ),
    "a loss that meets a double": (
        windows(lambda found: (*found[:2], wide(found[2]))),
        "Numbers of float32 and float64 meet",
    ),
}


def wide(norm):
    """Times a number that is double, whatever the norm is."""
    return norm * tf.constant(1, tf.float64)


ANSWERS = {"train_step": WRONG, "train_step_windows": IN_WINDOWS}


@pytest.mark.parametrize(
    ("exercise", "what"), [(one, what) for one, wrong in ANSWERS.items() for what in wrong]
)
def test_a_step_that_is_right_but_for_one_thing(exercise, what):
    function, said = ANSWERS[exercise][what]
    report = verdict(function, exercise)
    assert not report.ok
    assert said in report.sentence
