"""What a GPU can't run is found, and nothing else."""

import numpy as np
import pytest
import tensorflow as tf

from course_lib.graphs.gpu import gpu_report
from course_lib.graphs.tracing import trace

SPEC = tf.TensorSpec((None, None, 3), tf.float64)


def test_gpu_report_of_what_fits_and_what_does_not():
    fits = gpu_report(trace(lambda x: tf.tanh(x), SPEC))
    assert (fits["without a kernel"], fits["in Python"]) == ("", "")

    def strings(x):
        return tf.strings.to_number(tf.strings.as_string(x))

    def python(x):
        return tf.numpy_function(np.tanh, [x], tf.float64)

    assert "AsString" in gpu_report(trace(strings, SPEC))["without a kernel"]
    assert gpu_report(trace(python, SPEC))["in Python"] == "PyFunc"


def test_a_rule_of_a_kernel_about_something_else_than_numbers_does_not_count():
    def picked(x):
        return tf.gather_nd(x, tf.zeros((1, 1), tf.int64))  # the rule: what a bad index does

    assert gpu_report(trace(picked, SPEC))["without a kernel"] == ""


def test_sizes_and_positions_may_be_worked_on_by_the_host():
    def halves(x, kind):
        first, _ = tf.split(tf.cast(tf.shape(x), kind), [1, 2])
        return x * tf.cast(tf.nn.relu(first[0] - 2), x.dtype)

    def report(kind):
        return gpu_report(trace(lambda x: halves(x, kind), SPEC))

    assert report(tf.int32)["without a kernel"] == ""  # of Relu, too
    assert "Split" in report(tf.int64)["without a kernel"]

    def counted(x):  # out of what lies on the GPU
        return x * tf.cast(tf.nn.relu(tf.cast(x > 0, tf.int32)), x.dtype)

    assert "Relu" in gpu_report(trace(counted, SPEC))["without a kernel"]

    def python(x):
        return tf.cast(tf.numpy_function(np.abs, [tf.shape(x)], tf.int32)[0], x.dtype) * x

    assert gpu_report(trace(python, SPEC))["in Python"] == "PyFunc"


@pytest.mark.parametrize("factor", [1.0, "an argument", "a variable"])
def test_double_precision_that_comes_out_where_none_goes_in(factor):
    specs = [tf.TensorSpec((None, 3), tf.float32)]
    scale = tf.Variable(2.0, dtype=tf.float64) if factor == "a variable" else factor
    if factor == "an argument":
        specs.append(tf.TensorSpec((), tf.float64))

    def wide(x, factor=scale):
        return tf.cast(x, tf.float64) * factor

    assert gpu_report(trace(wide, *specs))["widened"] == (factor == 1.0)
    inside = gpu_report(trace(lambda x, *f: tf.cast(wide(x, *f), tf.float32), *specs))
    assert not inside["widened"]


def test_gpu_report_names_what_writes_to_a_file(tmp_path):
    writer = tf.summary.create_file_writer(str(tmp_path))

    def written(x):
        with writer.as_default(step=tf.constant(0, tf.int64)):
            tf.summary.write("x", x)
        return x

    report = gpu_report(trace(written, SPEC))
    assert "WriteSummary" in report["on the host"]
    assert report["without a kernel"] == ""
    assert gpu_report(trace(lambda x: tf.tanh(x), SPEC))["on the host"] == ""
