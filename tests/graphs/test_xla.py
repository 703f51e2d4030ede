"""What XLA can't compile is told, and so is what it may get wrong."""

import numpy as np
import pytest
import tensorflow as tf

from course_lib.graphs.operations import lists_that_grow
from course_lib.graphs.tracing import trace
from course_lib.graphs.xla import _bytes, by_xla, xla_refusal


def test_xla_says_what_it_can_not_compile():
    def strings(x):
        return tf.strings.to_number(tf.strings.as_string(tf.reduce_sum(x)))

    def run(function):
        return lambda: tf.function(function, jit_compile=True)(tf.ones((2, 3)))

    assert xla_refusal(run(tf.tanh)) == ""
    assert "AsString" in xla_refusal(run(strings))


def test_what_is_printed_hides_nothing_from_xla():
    """Of a graph that prints XLA named the print alone, or it was all that it wouldn't do."""

    def printed(function):
        def run():
            def shown(x):
                tf.print("shape", tf.shape(x), output_stream="file:///dev/null")
                return function(x)

            tf.function(shown, jit_compile=True)(tf.ones((2, 3)))

        return run

    prints = tf.print
    assert xla_refusal(printed(tf.tanh)) == ""
    assert "AsString" in xla_refusal(printed(tf.strings.as_string))
    assert tf.print is prints


@pytest.mark.parametrize("grows", [True, False])
def test_a_list_that_grows_while_it_is_written(grows):
    """What XLA makes of it is the reason for telling: an empty array, without a word."""

    def collect(x):
        T = tf.shape(x)[0]
        kept = tf.TensorArray(x.dtype, 0 if grows else T, dynamic_size=grows)
        step = lambda t, kept: (t + 1, kept.write(t, 2 * x[t]))  # noqa: E731
        return tf.while_loop(lambda t, _: t < T, step, (0, kept))[1].stack()

    def make(**settings):
        return trace(collect, tf.TensorSpec((None,), tf.float32), **settings)

    assert lists_that_grow(make()) is grows
    found = by_xla(make, [np.ones(3, np.float32)], lambda y: {"y": y})
    if grows:
        assert found["y"].shape == (0,)
        np.testing.assert_array_equal(found["y without XLA"], [2, 2, 2])
    else:
        assert found["refused"] or found["y"].shape == (3,)


def growing(x):
    """Sums over ever longer pieces, joined: XLA can't know their sizes."""

    def join(reach, y):
        earlier = tf.concat([tf.zeros_like(y[:, :reach]), y[:, :-reach]], axis=1)
        return 2 * reach, y + earlier

    T, free = tf.shape(x)[1], tf.TensorShape((None, None))
    turns = (tf.TensorShape(()), free)
    return tf.while_loop(lambda reach, _: reach < T, join, (1, x), shape_invariants=turns)[1]


def test_beside_what_xla_may_get_wrong_stands_the_graph_itself():
    x = np.arange(1.0, 9).reshape(2, 4)

    def outputs(function):
        spec = tf.TensorSpec((None, None), tf.float64)
        return by_xla(lambda **s: trace(function, spec, **s), [x], lambda y: {"y": y})

    found = outputs(growing)
    np.testing.assert_allclose(found["y without XLA"], np.cumsum(x, axis=1))
    assert outputs(lambda x: tf.cumsum(x, axis=1)).keys() == {"refused", "y"}


@pytest.mark.parametrize(
    ("shapes", "size"),
    [
        ("s32[]", 4),
        ("f32[2,5,3]{2,1,0}", 2 * 5 * 3 * 4),
        ("f64[7], /*index=5*/pred[4], bf16[3], u8[5]", 7 * 8 + 4 + 3 * 2 + 5),
        ("f32[0,3]", 0),
    ],
)
def test_arrays_have_the_size_that_xla_writes(shapes, size):
    assert _bytes(shapes) == size
