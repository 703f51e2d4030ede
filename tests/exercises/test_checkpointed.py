"""What `checkpointed` is told, however long its pieces are."""

import numpy as np
import pytest
import tensorflow as tf

from course_lib.exercises.checker import check_function
from course_lib.exercises.registry import get


def piece(x, h, W_xh, W_hh, b_h):
    """All states of a piece, time first."""
    by_time = tf.transpose(x, (1, 0, 2))
    return tf.scan(lambda h, x_t: tf.tanh(x_t @ W_xh + h @ W_hh + b_h), by_time, h)


def in_pieces(length_of, rest=True, carry=lambda h, h_0: h, gathered=False):
    """An answer with pieces of some length."""

    def checkpointed(x, h_0, *weights):
        T = x.shape[1]
        length, h, states = length_of(T), h_0, []
        again = tf.recompute_grad(lambda *inputs: piece(*inputs))
        end = T if rest else T // length * length
        for start in range(0, end, length):
            states.append(again(x[:, start : start + length], carry(h, h_0), *weights))
            h = states[-1][-1]
        return tf.concat(states, axis=0)[-1] if gathered else h

    return checkpointed


def of_one_length(length):
    """An answer whose pieces hold little but their loop, so that many make a small graph."""

    def checkpointed(x, h, *weights):
        @tf.recompute_grad
        def last_of(x, h, W_xh, W_hh, b_h):
            by_time = tf.transpose(x, (1, 0, 2))
            return tf.foldl(lambda h, x_t: tf.tanh(x_t @ W_xh + h @ W_hh + b_h), by_time, h)

        for start in range(0, x.shape[1], length):
            h = last_of(x[:, start : start + length], h, *weights)
        return h

    return checkpointed


def rounded_down(T):
    """Another length than the reference has."""
    return int(np.sqrt(T))


def stopped(h, h_0):
    """As in truncated BPTT."""
    return h if h is h_0 else tf.stop_gradient(h)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (in_pieces(rounded_down, rest=False), "the state after step 20, so the steps after it are"),
        (in_pieces(lambda T: -(-T // 3), carry=stopped), "no gradient comes to the first 2 steps"),
        (
            in_pieces(lambda T: -(-T // 3), carry=lambda h, h_0: h_0),
            "the last 2 steps give from h_0",
        ),
    ],
)
def test_the_cause_is_said_whatever_the_length_of_the_pieces(answer, said):
    assert said in check_function(get("checkpointed"), answer).sentence


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (in_pieces(rounded_down, gathered=True), "for each of 36 steps"),
        (in_pieces(lambda T: -(-T // 20)), "as fast as the sequence does"),
        (of_one_length(8), "the pieces don't get longer"),
        (of_one_length(16), "the pieces don't get longer"),
        (in_pieces(rounded_down), ""),
    ],
)
def test_memory_beside_the_loops_counts(answer, said):
    report = check_function(get("checkpointed"), answer)
    assert report.ok == (not said)
    told = report.sentence + str(report.problem and report.problem.details)
    assert said in told
