"""A right answer stays right where the learner has put tf.function above it."""

import pytest
import tensorflow as tf

from course_lib.exercises import check
from course_lib.exercises.kernl.update_inside import by_autograph
from course_lib.exercises.registry import get

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("retracing", [False, True])
@pytest.mark.parametrize("name", ["bptt_gradient", "update_inside", "fast_scan"])
def test_a_right_answer_below_tf_function(name, retracing):
    assert check(tf.function(get(name).reference, reduce_retracing=retracing), name).ok


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
