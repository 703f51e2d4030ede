"""The recursion by hand, and chunks against single steps."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.online import traces
from course_lib.online.engine import chunk_length


def by_hand(E, r, d, v, l):
    """The recursion as the docstring has it, in NumPy."""
    gradient = np.zeros(E.shape[1:])
    for t in range(len(d)):
        E = r[t][:, None, :] * E + np.einsum("bj,bi->bji", v[t], d[t])
        gradient += np.einsum("bji,bi->ji", E, l[t])
    return E, gradient


@settings(max_examples=25)
@given(
    steps=st.integers(1, 7),
    batch=st.integers(1, 3),
    rows=st.integers(1, 4),
    reads=st.integers(1, 4),
    alike=st.booleans(),
    seed=st.integers(0, 99),
)
def test_steps_and_chunks_are_the_recursion(steps, batch, rows, reads, alike, seed):
    rng = np.random.default_rng(seed)
    r = rng.uniform(0, 1, (steps, 1 if alike else batch, rows)) * rng.integers(0, 2, rows)
    E, d, v, l = (
        rng.normal(size=shape)
        for shape in (
            (batch, reads, rows),
            (steps, batch, rows),
            (steps, batch, reads),
            (steps, batch, rows),
        )
    )
    expected = by_hand(E, r, d, v, l)
    for way in (traces.per_step, traces.chunked):
        found = way(*(tf.constant(a) for a in (E, r, d, v, l)))
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-10)
        assert way(*(tf.constant(a) for a in (E, r, d, v)))[1] is None


@pytest.mark.parametrize("alike", [True, False])
def test_a_loss_at_the_end_alone_does_not_wait_for_the_trace(alike):
    rng = np.random.default_rng(3)
    steps, batch, rows, reads = 6, 3, 4, 5
    r = rng.uniform(0, 1, (steps, 1 if alike else batch, rows))
    r[2, :, 1] = 0  # there the trace forgets all
    E, d, v, l = (
        rng.normal(size=shape)
        for shape in (
            (batch, reads, rows),
            (steps, batch, rows),
            (steps, batch, reads),
            (batch, rows),
        )
    )
    at_the_end = np.concatenate([np.zeros((steps - 1, batch, rows)), l[None]])
    expected = by_hand(E, r, d, v, at_the_end)
    found = traces.closed(*map(tf.constant, (E, r, d, v, l)))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)


def test_two_steps_of_one_synapse():
    """E = 0.5 · (2 · 3) + 4 · 5 = 23; the gradient is 1 · 6 + 10 · 23."""
    r, d, v, l = (
        tf.constant(np.reshape(a, (2, 1, 1)))
        for a in ([0.5, 0.5], [2.0, 4.0], [3.0, 5.0], [1.0, 10.0])
    )
    E, gradient = traces.chunked(tf.zeros((1, 1, 1), tf.float64), r, d, v, l)
    assert float(E[0, 0, 0]) == 23
    assert float(gradient[0, 0]) == 236


def test_scan_both_ways():
    r = tf.constant([[[0.5]], [[0.1]], [[0.2]]])
    u = tf.constant([[[1.0]], [[2.0]], [[3.0]]])
    forward = traces.leaky_scan(r, u, tf.constant([[4.0]]))
    np.testing.assert_allclose(forward[:, 0, 0], [3, 2.3, 3.46], rtol=1e-6)
    backward = traces.leaky_scan(r, u, reverse=True)
    np.testing.assert_allclose(backward[:, 0, 0], [1 + 0.1 * 2.6, 2.6, 3], rtol=1e-6)


@pytest.mark.parametrize(("xla", "longest"), [(False, 128), (True, 64)])
@pytest.mark.parametrize("steps", [1, 7, 28, 64, 65, 97, 784, 1000, 4099])
def test_the_chunk_length_fits(steps, xla, longest):
    length = chunk_length(steps, xla)
    assert 1 <= length <= min(steps, longest)
    assert length >= min(steps, longest // 2)
    if steps == 784:
        assert 784 % length == 0


@pytest.mark.parametrize("sizes", [(2, 3, 5), (3, 3, 3), (1, 4, 2)])
def test_credit_is_summed_over_the_batch_alone(sizes):
    """Also where the trace is square, so that a sum over another axis has the right shape."""
    batch, _, rows = sizes
    rng = np.random.default_rng(1)
    E, l = rng.normal(size=sizes), rng.normal(size=(batch, rows))
    found = traces.credit(tf.constant(E), tf.constant(l))
    np.testing.assert_allclose(found, np.einsum("bpr,br->pr", E, l), atol=1e-12)
