"""A right answer stays right where the learner has put tf.function above it."""

import pytest
import tensorflow as tf

from course_lib.exercises import check
from course_lib.exercises.bptt import checkpointed
from course_lib.exercises.kernl.update_inside import by_autograph
from course_lib.exercises.registry import get

pytestmark = pytest.mark.slow


# The others return functions, or pipelines and models, which TensorFlow doesn't let out of a graph.
RETURN_TENSORS = ("bptt_gradient", "checkpointed", "gradient_by_step", "looped", "log_gradients",
                  "chunked_trace", "update_inside", "fast_scan")  # fmt: skip


@pytest.mark.parametrize("name", RETURN_TENSORS)
def test_a_right_answer_below_tf_function(name):
    report = check(tf.function(get(name).reference), name)
    assert report.ok, report


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
def test_memory_is_measured_below_tf_function(below):
    exercise = get("checkpointed")
    wrong = {one.name: one.answer for one in exercise.mistakes}
    assert memory_of(below(exercise.reference)) is None
    for name in ("two halves", "one piece", "all states kept"):
        assert "kept" in (said := memory_of(below(wrong[name])).sentence) or "at once" in said


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
