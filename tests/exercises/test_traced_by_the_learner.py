"""A right answer stays right where the learner has put tf.function above it."""

import math

import pytest
import tensorflow as tf

from course_lib.exercises import check
from course_lib.exercises.bptt import checkpointed
from course_lib.exercises.kernl.update_inside import by_autograph
from course_lib.exercises.registry import get, ids
from course_lib.exercises.tensorflow_only import loads_tensorflow

pytestmark = pytest.mark.slow

# What tf.function can't stand above, by what it gives or takes: a graph knows tensors alone.
KNOWS_MORE_THAN_TENSORS = {
    "train_step": "gives a function",
    "train_step_windows": "gives a function",
    "padded_batches": "takes lists of different lengths, and gives a dataset",
    "recurrent_classifier": "gives a model",
    "gru_for_a_gpu": "gives a layer",
}


def functions_of_tensorflow():
    """The exercises whose answer is a function that works on tensors."""
    return [
        one
        for one in ids()
        if not isinstance(get(one).reference, type)
        and loads_tensorflow(get(one).reference.__module__)
        and one not in KNOWS_MORE_THAN_TENSORS
    ]


def test_those_that_are_left_out_can_not_be_below_tf_function():
    for name in KNOWS_MORE_THAN_TENSORS:
        report = check(tf.function(get(name).reference), name)
        assert "tf.function" in report.sentence or "symbolic" in report.sentence


@pytest.mark.parametrize("name", functions_of_tensorflow())
def test_every_right_answer_below_tf_function(name):
    report = check(tf.function(get(name).reference), name)
    assert report.ok, report.sentence


@pytest.mark.parametrize("mistake", get("checkpointed").mistakes, ids=lambda m: m.name)
def test_a_wrong_one_stays_wrong_below_tf_function(mistake):
    assert not check(tf.function(mistake.answer), "checkpointed").ok


def in_pieces_of(length):
    """The answer whose pieces have this length, read by a loop without a bound."""

    @tf.recompute_grad
    @tf.function
    def read(x, h, W_xh, W_hh, b_h):
        for t in tf.range(tf.shape(x)[1]):
            h = tf.tanh(x[:, t] @ W_xh + h @ W_hh + b_h)
        return h

    @tf.function
    def checkpointed(x, h_0, *weights):
        T, h = x.shape[1], h_0
        for start in range(0, T, length(T)):
            h = read(x[:, start : start + length(T)], h, *weights)
        return h

    return checkpointed


def test_a_loop_that_xla_has_no_size_for_is_right_where_its_states_are_few():
    report = check(in_pieces_of(lambda T: math.isqrt(T - 1) + 1 if T > 1 else 1), "checkpointed")
    assert report.ok, report.sentence


def test_and_wrong_where_they_are_many():
    report = check(in_pieces_of(lambda T: (T + 1) // 2), "checkpointed")
    assert report.failed == "memory grows with the root of T"
    assert "there at once" in report.sentence


@pytest.mark.parametrize("outer", [tf.function, lambda function: function])
def test_a_tf_function_inside_with_or_without_one_around_it(outer):
    @tf.recompute_grad
    @tf.function
    def read(x, h, W_xh, W_hh, b_h):
        by_time = tf.transpose(x @ W_xh + b_h, (1, 0, 2))
        return tf.foldl(lambda h, a: tf.tanh(a + h @ W_hh), by_time, h)

    @outer
    def checkpointed(x, h_0, *weights):
        T, h = x.shape[1], h_0
        piece = math.isqrt(T - 1) + 1
        for start in range(0, T, piece):
            h = read(x[:, start : start + piece], h, *weights)
        return h

    report = check(checkpointed, "checkpointed")
    assert report.ok, report.sentence


@pytest.mark.parametrize("name", ["bptt_gradient", "update_inside", "fast_scan"])
def test_one_that_is_traced_as_seldom_as_can_be(name):
    assert check(tf.function(get(name).reference, reduce_retracing=True), name).ok


def memory_of(answer):
    """What is said of the memory that an answer to `checkpointed` needs."""
    given = checkpointed.wide()
    return checkpointed.grows_with_the_root(given, checkpointed.sizes(answer, given))


def hidden(answer):
    """The same, in a function that XLA can't see through."""
    return lambda *arguments: tf.function(answer)(*arguments)


@pytest.mark.parametrize("below", [tf.function, hidden])
def test_what_stands_in_one_array_is_seen_below_tf_function(below):
    wrong = {one.name: one.answer for one in get("checkpointed").mistakes}
    for name, words in (("two halves", "stand in one array"), ("ten pieces", "in one array")):
        assert words in memory_of(below(wrong[name])).sentence


@pytest.mark.parametrize("below", [tf.function, hidden])
def test_memory_is_measured_below_tf_function(below, monkeypatch):
    # What stands in one array is told first; here it is the memory itself that is to be seen.
    monkeypatch.setattr(checkpointed, "most_in_one_array", lambda *_: 0)
    exercise = get("checkpointed")
    wrong = {one.name: one.answer for one in exercise.mistakes}
    assert memory_of(below(exercise.reference)) is None
    for name, words in (
        ("two halves", "there at once"),
        ("one piece", "there at once"),
        ("all states kept", "are kept until the way back"),
    ):
        assert words in memory_of(below(wrong[name])).sentence


def test_a_loop_that_autograph_makes_in_a_graph_of_the_learners():
    """Its graphs outlive the weights of the rung that they were made for."""
    assert check(tf.function(by_autograph), "update_inside").ok


def test_a_loop_that_nobody_translates_is_told_so():
    def fast_scan(a, b, h_0):
        h = [h_0]
        for t in tf.range(tf.shape(a)[1]):
            h.append(a[:, t] * h[-1] + b[:, t])
        return tf.stack(h[1:], axis=1)

    report = check(fast_scan)
    assert report.failed == "TensorFlow can trace it, whatever the size of the batch"
    assert "without AutoGraph" in report.sentence
