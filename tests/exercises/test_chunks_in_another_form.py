"""Mistakes in `chunked_trace` have their names in another form than the reference's, too."""

import pytest
import tensorflow as tf

from course_lib.exercises.checker import check_function
from course_lib.exercises.registry import get


def chunks(rest=True, first=1):
    """One chunk after the other by slices, the sizes asked of each slice."""

    def chunked_trace(E_0, v, d, credit, gamma, C):
        def chunk(E, dW, v, d, credit):
            n = tf.shape(v)[1]
            t = tf.range(n)
            lag = tf.cast(t - t[:, None], v.dtype)[:, :, None]
            table = tf.where(lag >= 0, tf.exp(-gamma * tf.maximum(lag, 0)), 0)
            dW += tf.einsum("bsp,bsi->pi", v, d * tf.einsum("sti,bti->bsi", table, credit))
            faded = tf.exp(-gamma * tf.cast(t + first, v.dtype)[:, None])
            dW += tf.reduce_sum(E * tf.reduce_sum(faded * credit, 1)[:, None], 0)
            left = d * tf.exp(-gamma * tf.cast(n - 1 - t, v.dtype)[:, None])
            gone = tf.exp(-gamma * tf.cast(n, v.dtype))
            return E * gone + tf.einsum("bsp,bsi->bpi", v, left), dW

        def body(k, E, dW):
            here = slice(k * C, (k + 1) * C)
            return k + 1, *chunk(E, dW, v[:, here], d[:, here], credit[:, here])

        full = tf.shape(v)[1] // C
        _, E, dW = tf.while_loop(lambda k, *_: k < full, body, (0, E_0, tf.zeros_like(E_0[0])))
        if rest:
            E, dW = chunk(E, dW, *(one[:, full * C :] for one in (v, d, credit)))
        return dW, E

    return chunked_trace


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer", "name"),
    [
        (chunks(), None),
        (chunks(rest=False), "full chunks only"),
        (chunks(first=0), "border not faded"),
    ],
)
def test_its_mistakes_are_recognised(answer, name):
    report = check_function(get("chunked_trace"), answer)
    assert (report.ok, report.mistake) == (name is None, name)
