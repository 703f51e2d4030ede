"""The scan: both ways to compute it equal the loop, forward, gradient, gradient of the gradient."""

import importlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.graphs import nodes, trace
from course_lib.layers.scan import METHODS, RUNS, scan
from course_lib.scratch import scan as scratch

MODULE = importlib.import_module("course_lib.layers.scan")  # the package has the function
both_methods = pytest.mark.parametrize("method", ["loop", "log"])
both_types = pytest.mark.parametrize("dtype", ["float64", "complex128"])
both_ways = pytest.mark.parametrize("reverse", [False, True])


def numbers(*shape, dtype="float64", seed=0, most=None):
    """Random numbers, complex ones in all directions; with `most`, of at most this size."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=shape) + (1j * rng.normal(size=shape) if "complex" in dtype else 0)
    if most is not None:
        x = most * rng.uniform(0.3, 1, shape) * x / np.abs(x)
    return x.astype(dtype)


def by_hand(a, b, start, reverse=False):
    """Step by step in NumPy."""
    a, h = np.broadcast_to(a, b.shape), np.broadcast_to(start, b[:, 0].shape)
    out = np.zeros_like(b)
    for t in range(b.shape[1])[:: -1 if reverse else 1]:
        h = a[:, t] * h + b[:, t]
        out[:, t] = h
    return out


def taped(a, b, start, reverse=False):
    """Step by step in TensorFlow, each step on the tape."""
    a = tf.broadcast_to(a, b.shape)
    h, out = tf.broadcast_to(start, b[:, 0].shape), []
    for t in range(b.shape[1])[:: -1 if reverse else 1]:
        h = a[:, t] * h + b[:, t]
        out.append(h)
    return tf.stack(out[:: -1 if reverse else 1], axis=1)


def gradients(run, arguments, weight):
    """Of a real number that hears of every h, squared, so that it isn't linear in b."""
    arguments = [tf.constant(x) for x in arguments]
    with tf.GradientTape() as tape:
        tape.watch(arguments)
        h = run(*arguments)
        loss = tf.reduce_sum(tf.math.real(weight * h * h))
    return tape.gradient(loss, arguments)


def test_four_numbers_by_hand():
    h = scan([[[0.5], [2.0], [0.0], [-1.0]]], [[[1.0], [1.0], [3.0], [1.0]]], [[4.0]])
    np.testing.assert_array_equal(h[0, :, 0], [3, 7, 3, -2])
    back = scan(
        [[[0.5], [2.0], [0.0], [-1.0]]], [[[1.0], [1.0], [3.0], [1.0]]], [[4.0]], reverse=True
    )
    np.testing.assert_array_equal(back[0, :, 0], [4.5, 7, 3, -3])


@both_methods
@both_types
@both_ways
@pytest.mark.parametrize("T", [1, 2, 3, 7, 8, 50])
def test_equal_to_the_loop(method, dtype, reverse, T):
    a, b = numbers(3, T, 4, dtype=dtype, most=1), numbers(3, T, 4, dtype=dtype, seed=1)
    start = numbers(3, 4, dtype=dtype, seed=2)
    h = scan(a, b, start, reverse=reverse, method=method)
    np.testing.assert_allclose(h, by_hand(a, b, start, reverse), rtol=0, atol=1e-12)
    first = scan(*(np.swapaxes(x, 0, 1) for x in (a, b)), start, 0, reverse, method)
    np.testing.assert_array_equal(np.swapaxes(first, 0, 1), h)
    zero = scan(a, b, reverse=reverse, method=method)
    np.testing.assert_allclose(zero, by_hand(a, b, 0 * start, reverse), rtol=0, atol=1e-12)


@both_methods
@both_types
@both_ways
@pytest.mark.parametrize(
    ("shape", "start"),
    [((2, 6, 3), (2, 3)), ((1, 6, 3), (1, 3)), ((2, 1, 3), (3,)), ((3,), ()), ((1, 6, 1), (2, 1))],
)
def test_gradients_equal_the_tape(method, dtype, reverse, shape, start):
    """Of all three, also where one number stands for many."""
    arguments = numbers(*shape, dtype=dtype, most=1), numbers(2, 6, 3, dtype=dtype, seed=1)
    arguments = *arguments, numbers(*start, dtype=dtype, seed=2)
    weight = numbers(2, 6, 3, dtype=dtype, seed=3)
    ours = gradients(lambda *x: scan(*x, reverse=reverse, method=method), arguments, weight)
    theirs = gradients(lambda *x: taped(*x, reverse=reverse), arguments, weight)
    for one, other in zip(ours, theirs, strict=True):
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-12 * np.abs(other).max())


@both_methods
@both_types
def test_the_gradient_has_a_gradient(method, dtype):
    arguments = [numbers(2, 5, 3, dtype=dtype, most=1), numbers(2, 5, 3, dtype=dtype, seed=1)]
    arguments.append(numbers(2, 3, dtype=dtype, seed=2))
    weight = numbers(2, 5, 3, dtype=dtype, seed=3)

    def of_gradients(run):
        def inner(*x):
            return tf.concat([tf.reshape(g, [-1]) for g in gradients_of(run, x)], 0)

        def gradients_of(run, x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                h = run(*x)
                loss = tf.reduce_sum(tf.math.real(weight * h * h))
            return tape.gradient(loss, x)

        x = [tf.constant(one) for one in arguments]
        with tf.GradientTape() as tape:
            tape.watch(x)
            flat = inner(*x)
            loss = tf.reduce_sum(tf.math.real(numbers(len(flat), dtype=dtype, seed=4) * flat))
        return tape.gradient(loss, x)

    ours, theirs = of_gradients(lambda *x: scan(*x, method=method)), of_gradients(taped)
    for one, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-11 * np.abs(other).max())


@pytest.mark.slow
@both_methods
@both_ways
def test_gradients_equal_centred_differences(method, reverse):
    """TensorFlow's own check, complex numbers too."""
    for dtype in ("float64", "complex128"):
        x = numbers(2, 3, 2, dtype=dtype, most=1), numbers(2, 3, 2, dtype=dtype, seed=1)
        x = *x, numbers(2, 2, dtype=dtype, seed=2)
        theory, numeric = tf.test.compute_gradient(
            lambda *x: scan(*x, reverse=reverse, method=method), x, delta=1e-5
        )
        for one, other in zip(theory, numeric, strict=True):
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-8)


@settings(max_examples=30)
@given(
    st.integers(1, 4), st.integers(1, 40), st.integers(1, 4), st.integers(0, 39), st.integers(0, 99)
)
def test_two_pieces_give_the_whole(batch, T, n, cut, seed):
    cut = cut % T
    a, b = numbers(batch, T, n, most=1, seed=seed), numbers(batch, T, n, seed=seed + 1)
    start = numbers(batch, n, seed=seed + 2)
    for method in ("loop", "log"):
        whole = scan(a, b, start, method=method)
        head = scan(a[:, :cut], b[:, :cut], start, method=method)
        between = head[:, -1] if cut else start
        tail = scan(a[:, cut:], b[:, cut:], between, method=method)
        np.testing.assert_allclose(tf.concat([head, tail], 1), whole, rtol=0, atol=1e-12)


@both_methods
def test_no_steps_no_states(method):
    a = b = np.zeros((2, 0, 3))
    weight, start = b, np.ones((2, 3))
    assert scan(a, b, start, method=method).shape == (2, 0, 3)
    da, db, dstart = gradients(lambda *x: scan(*x, method=method), (a, b, start), weight)
    assert da.shape == db.shape == (2, 0, 3)
    np.testing.assert_array_equal(dstart, np.zeros((2, 3)))


@both_methods
@pytest.mark.parametrize("dtype", ["float32", "complex64"])
@pytest.mark.parametrize("shape", [(None, None, 4), (3, 13, 4), (3, 1, 4), (3, None, 4)])
def test_compiles_with_xla_at_any_length(method, dtype, shape):
    def take(a, b, start):
        with tf.GradientTape() as tape:
            tape.watch([a, b, start])
            h = scan(a, b, start, method=method)
            loss = tf.reduce_sum(tf.math.real(h * h))
        return h, *tape.gradient(loss, [a, b, start])

    T = shape[1] or 13
    signature = [tf.TensorSpec(s, dtype) for s in (shape, shape, (shape[0], 4))]
    arguments = numbers(3, T, 4, dtype=dtype, most=1), numbers(3, T, 4, dtype=dtype, seed=1)
    arguments = [tf.constant(x) for x in (*arguments, numbers(3, 4, dtype=dtype, seed=2))]
    compiled = tf.function(take, input_signature=signature, jit_compile=True)(*arguments)
    for one, other in zip(compiled, take(*arguments), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-5 * max(1, np.abs(other).max()))


@both_methods
def test_the_graph_does_not_grow_with_time(method):
    def size(T):
        def take(a, b):
            with tf.GradientTape() as tape:
                tape.watch([a, b])
                loss = tf.reduce_sum(scan(a, b, method=method) ** 2)
            return tape.gradient(loss, [a, b])

        return len(nodes(trace(take, *[tf.TensorSpec((2, T, 3))] * 2)))

    assert size(10) == size(20)


def test_a_size_that_is_unknown_may_be_one():
    @tf.function(input_signature=[tf.TensorSpec((None, None, 3)), tf.TensorSpec((None, None, 3))])
    def take(a, b):
        with tf.GradientTape() as tape:
            tape.watch(a)
            h = scan(a, b)
            loss = tf.reduce_sum(h)
        return h, tape.gradient(loss, a)

    a, b = numbers(1, 1, 3, dtype="float32", most=1), numbers(2, 5, 3, dtype="float32")
    h, da = take(a, b)
    np.testing.assert_allclose(h, by_hand(a, b, 0 * b[:, 0]), rtol=1e-5, atol=1e-6)
    assert da.shape == (1, 1, 3)


@both_methods
@both_types
def test_it_is_what_numpy_has(method, dtype):
    """The chapter's own scan, and its gradient."""
    a, b = numbers(2, 9, 3, dtype=dtype, most=1), numbers(2, 9, 3, dtype=dtype, seed=1)
    start, dh = numbers(2, 3, dtype=dtype, seed=2), numbers(2, 9, 3, dtype=dtype, seed=3)
    x = [tf.constant(one) for one in (a, b, start)]
    with tf.GradientTape() as tape:
        tape.watch(x)
        h = scan(*x, method=method)
    found = [h, *tape.gradient(h, x, dh)]
    true = scratch.scan(a, b, start)
    for one, other in zip(found, [true, *scratch.scan_backward(dh, a, true, start)], strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-12)


def test_it_is_what_keras_has():
    a, b = numbers(2, 9, 3, most=1), numbers(2, 9, 3, seed=1)

    def join(one, two):
        return two[0] * one[0], two[0] * one[1] + two[1]

    _, h = keras.ops.associative_scan(join, (tf.constant(a), tf.constant(b)), axis=1)
    np.testing.assert_allclose(scan(a, b), h, rtol=0, atol=1e-12)


def test_nothing_grows_where_the_parts_would():
    """A decay of zero in front of numbers that are too large, and infinite products before it."""
    a = np.array([1e300, 1e300, 0.0, 0.5])[None, :, None]
    b = np.array([0.0, 0.0, 1.0, 1.0])[None, :, None]
    np.testing.assert_array_equal(scan(a, b, method="loop")[0, :, 0], [0, 0, 1, 1.5])


def test_auto_asks_whether_there_is_an_accelerator(monkeypatch):
    taken = []
    for name in ("loop", "log"):
        forth, back = RUNS[name]
        spy = lambda *x, name=name, forth=forth: taken.append(name) or forth(*x)  # noqa: E731
        monkeypatch.setitem(RUNS, name, (spy, back))
    for there in (False, True):
        monkeypatch.setattr(MODULE, "sees_accelerator", lambda there=there: there)
        scan(np.ones(3), np.ones((2, 4, 3)))
    assert taken == ["loop", "log"]


@pytest.mark.parametrize(
    ("error", "message", "arguments"),
    [
        (ValueError, "three axes", (np.ones(3), np.ones((4, 3)))),
        (ValueError, "as many decays", (np.ones((2, 5, 3)), np.ones((2, 4, 3)))),
        (ValueError, "as many decays", (np.ones((4, 3)), np.ones((2, 4, 3)))),
        (ValueError, "as many decays", (np.ones(2), np.ones((2, 4, 3)))),
        (
            ValueError,
            r"start has the shape \(4, 3\)",
            (np.ones(3), np.ones((2, 4, 3)), np.ones((4, 3))),
        ),
        (ValueError, "start has the shape", (np.ones(3), np.ones((2, 4, 3)), np.ones((1, 2, 3)))),
        (ValueError, "axis is 2", (np.ones(3), np.ones((2, 4, 3)), None, 2)),
        (
            ValueError,
            "choose one of auto, loop, log",
            (np.ones(3), np.ones((2, 4, 3)), None, 1, False, "fast"),
        ),
        (TypeError, "b is of type int", (np.ones(3), np.ones((2, 4, 3), int))),
        (
            TypeError,
            "a must be of b's type, float32",
            (tf.ones(3, tf.complex64), tf.ones((2, 4, 3))),
        ),
        (
            TypeError,
            "start must be of b's type",
            (tf.ones(3), tf.ones((2, 4, 3)), tf.ones((2, 3), tf.float64)),
        ),
    ],
)
def test_bad_input_gets_a_sentence(error, message, arguments):
    with pytest.raises(error, match=message):
        scan(*arguments)


def test_methods():
    assert set(METHODS) == {"auto", *RUNS}
