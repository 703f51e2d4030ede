"""What stops a trace has a name, and each trace counts."""

from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_lib.graphs.tracing import Counting, _expression, stumble, trace

SPEC = tf.TensorSpec((None, None, 3), tf.float64)


def scans_two(x):
    """By Keras's own scan; SPEC leaves their length open."""
    return keras.ops.scan(lambda h, now: (h + now[0], h * now[1]), x[0] * 0, (x, x))


def joins_two(x):
    return keras.ops.associative_scan(lambda p, q: (p[0] + q[0], p[1] * q[1]), (x, x), axis=0)


class JoinsTwo(keras.layers.Layer):
    def call(self, x):
        return keras.ops.associative_scan(
            lambda p, q: (p[0] + q[0], p[1] * q[1]),
            (x, x),
        )


def joins_and_asks(x):
    joined = keras.ops.associative_scan(lambda p, q: p + q, x, axis=0)
    return joined if tf.reduce_sum(joined) > 0 else x


def makes_a_variable(x):
    return x * tf.Variable(1.0, dtype=tf.float64)


def adds_a_weight(x):
    layer = keras.layers.Dense(2, dtype="float64")
    layer.build((None, 3))
    return x @ layer.add_weight(shape=(3, 2))


@pytest.mark.parametrize(
    ("function", "over"),
    [
        (tf.tanh, ""),
        (lambda x: np.tanh(x), "NumPy"),
        (lambda x: np.zeros((2, 3)) + np.asarray(x), "NumPy"),
        (lambda x: float(tf.reduce_sum(x)), "NumPy"),
        (lambda x: x.numpy(), "numbers"),
        (lambda x: x if tf.reduce_sum(x) > 0 else -x, "if"),
        (lambda x: x * (tf.reduce_sum(x) > 0 and 1.0), "if"),
        (lambda x: [row + 1 for row in x], "for"),
        (lambda x: [x[:, t] for t in range(x.shape[1])], "length"),
        (lambda x: [x[:, t] for t in range(tf.shape(x)[1])], "length"),
        (lambda x: tf.zeros((x.shape[0], 3)), "length"),
        (lambda x: tf.reshape(x, [x.shape[0], -1]), "length"),
        (lambda x: tf.tile(x[:1], [x.shape[0], 1, 1]), "length"),
        (lambda x: tf.fill((x.shape[0], 2), 0.0), "length"),
        (lambda x: tf.TensorArray(tf.float32, x.shape[1]).stack(), "length"),
        (lambda x: tf.range(x.shape[1]), "length"),
        (lambda x: x[:, : x.shape[1] // 2], "length"),
        (lambda x: x[:, : -x.shape[1] % 4], "length"),
        (lambda x: tf.reduce_sum(x) / x.shape[0], "length"),
        (lambda x: x[:, : min(4, x.shape[1])], "length"),
        (lambda x: tf.while_loop(lambda t: t < x.shape[1], lambda t: t + 1, (0,)), "length"),
        (lambda x: len(x) * x, "length"),
        (tf.unstack, "length"),
        (lambda x: tf.TensorArray(x.dtype, size=x.shape[1]).stack(), "length"),
        (scans_two, "scan"),
        (joins_two, "scan"),
        (JoinsTwo(), "scan"),
        (joins_and_asks, "if"),
        (makes_a_variable, "variable"),
        (lambda x: tf.Variable(2 * x) + 1, "variable"),
        (adds_a_weight, "variable"),
        (lambda x: x @ tf.ones((3, 2)), "dtype"),
    ],
)
def test_what_stops_a_trace_has_a_name(function, over):
    assert stumble(lambda: trace(function, SPEC)) == over


def test_the_name_is_found_in_a_step_of_the_learners_own_too():
    step = tf.function(lambda x: x.numpy())
    assert stumble(lambda: step(tf.ones(2))) == "numbers"


def test_what_fails_for_another_reason_fails_as_it_is():
    def broken(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        stumble(lambda: trace(broken, SPEC))


def test_a_none_that_is_no_size_fails_as_it_is():
    with pytest.raises(ValueError, match="None values"):
        trace(lambda x: tf.reduce_sum(x) * None, SPEC)


def test_counting_counts_traces_and_not_calls():
    counting = Counting(lambda x: x + 1)
    step = tf.function(counting, autograph=False)
    for _ in range(3):
        step(tf.ones(2))
    assert counting.times == 1


def test_counting_counts_two_calls_in_one_graph_as_one_trace():
    counting = Counting(lambda x: x + 1)
    step = tf.function(lambda x: counting(counting(x)), autograph=False)
    for size in (2, 3, 2):
        step(tf.ones(size))
    assert (counting.times, counting.traced) == (2, True)
    counting(counting(tf.ones(2)))
    assert (counting.times, counting.traced) == (4, False)


def test_counting_counts_the_branches_of_one_trace_as_one():
    counting = Counting(lambda x: x + 1)
    often = lambda x: tf.reduce_sum(x) > 0  # noqa: E731

    @tf.function(autograph=False)
    def step(x):
        return tf.cond(often(x), lambda: counting(counting(x)), lambda: counting(x)) + counting(x)

    for size in (2, 3, 2):
        step(tf.ones(size))
    assert counting.times == 2


@pytest.mark.parametrize("position", [(3, None, None, None), (None, None, None, None)])
def test_an_expression_is_unknown_where_python_keeps_no_positions(position):
    """As with ``-X no_debug_ranges``, and in code that was made by a program."""
    code = SimpleNamespace(co_filename=__file__, co_positions=lambda: [position])
    within = SimpleNamespace(tb_frame=SimpleNamespace(f_code=code), tb_lasti=0)
    assert _expression(within) == ""
    code.co_positions = lambda: [(1, 1, 0, 5)]
    assert _expression(within) == Path(__file__).read_text().splitlines(keepends=True)[0]
