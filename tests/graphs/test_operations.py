"""What is said of a graph's operations is true of them."""

import pytest
import tensorflow as tf

from course_lib.graphs.operations import nodes, pipeline_operations, slices_that_change
from course_lib.graphs.tracing import trace

SPEC = tf.TensorSpec((None, None, 3), tf.float64)


def unrolled(x):
    h = tf.zeros_like(x[:, 0])
    for t in range(x.shape[1]):
        h = tf.tanh(x[:, t] + h)
    return h


def nested(x):
    def body(i, y):
        return i + 1, tf.while_loop(lambda j, _: j < 2, lambda j, y: (j + 1, tf.sin(y)), [0, y])[1]

    return tf.while_loop(lambda i, _: i < 2, body, [0, x])[1]


def count(function, T):
    return len(nodes(trace(function, tf.TensorSpec((None, T, 3), tf.float64))))


def test_a_loop_in_the_graph_is_counted_once_and_one_of_pythons_grows():
    def summed(x):
        return tf.scan(lambda h, x_t: tf.tanh(h + x_t), tf.transpose(x, [1, 0, 2]))

    assert count(summed, 10) == count(summed, 20)
    assert count(unrolled, 20) > count(unrolled, 10)


def test_bodies_of_loops_inside_loops_are_seen():
    assert "Sin" in {node.op for node in nodes(trace(nested, SPEC))}


def cut_in_a_loop(cut):
    def function(x):
        return tf.while_loop(
            lambda i, _: i < 3, lambda i, y: (i + 1, y + tf.reduce_sum(cut(x, i))), (1, 0.0)
        )[1]

    return trace(function, tf.TensorSpec((None, 9), tf.float32))


@pytest.mark.parametrize(
    ("cut", "changes"),
    [
        (lambda x, i: x[:, :i], True),
        (lambda x, i: x[i:], True),
        (lambda x, i: tf.slice(x, [0, 0], [1, i]), True),
        (lambda x, i: x[:, i], False),
        (lambda x, i: x[:, 1:-1], False),
        (lambda x, i: tf.slice(x, [0, i], [1, 2]), False),
        (lambda x, i: tf.gather(x, i, axis=1), False),
    ],
)
def test_slices_in_a_loop_whose_size_changes(cut, changes):
    assert slices_that_change(cut_in_a_loop(cut)) is changes


def test_slices_outside_of_loops_have_one_size_each_time():
    graph = trace(lambda x: x[: tf.shape(x)[0] - 1], tf.TensorSpec((None, 9), tf.float32))
    assert not slices_that_change(graph)


def test_a_pipeline_shows_the_python_in_it():
    form = tf.TensorSpec((), tf.int64)
    generated = tf.data.Dataset.from_generator(lambda: iter([1, 2]), output_signature=form)
    assert "PyFunc" in pipeline_operations(generated.map(lambda i: i + 1))
    assert "PyFunc" not in pipeline_operations(tf.data.Dataset.range(3).shuffle(3))
