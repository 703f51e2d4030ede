"""Gradients that don't arrive are told from those that are zero."""

import numpy as np
import tensorflow as tf

from course_lib.graphs.gradients import gradient_sizes


def test_gradients_that_do_not_arrive_are_nan():
    w = [tf.Variable(2.0, name=name) for name in ("used", "zero", "cut", "used")]
    sizes = gradient_sizes(lambda: w[0] * 3 + 0 * w[1] + tf.stop_gradient(w[2]) + w[3] ** 2, w)
    assert sizes["used"] == 3
    assert sizes["zero"] == 0
    assert np.isnan(sizes["cut"])
    assert sizes["used (3)"] == 4
