"""Equal runs give equal bits: no step of the optimizer overtakes what reads a weight."""

import keras
import numpy as np
import pytest

from course_lib.layers import LRU
from course_lib.online import LeakyRNNCell, OnlineRNN, OnlineScan

AGAIN = 12  # of the runs of a model that did not wait, one in four had other bits
B, T, M, N = 4, 5, 2, 3


def scan():
    return OnlineScan(LRU(N, return_sequences=True, seed=0, dtype="float64"), 1)


def rnn():
    return OnlineRNN(LeakyRNNCell(N, dtype="float64"), 1, return_sequences=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("made", "given"),
    [
        (scan, {"rule": "exact", "chunk": 2}),
        (scan, {"rule": "exact", "update_every": 2}),
        (rnn, {"rule": "kernl", "update_every": 2}),
        (rnn, {"rule": "kernl"}),
    ],
)
def test_the_optimizer_waits_for_whoever_reads_a_weight(made, given):
    x = np.random.default_rng(0).normal(size=(B, T, M))
    y = np.random.default_rng(1).normal(size=(B, T))
    found = set()
    for _ in range(AGAIN):  # each with a graph of its own: what waits for what is decided there
        keras.utils.set_random_seed(1)
        model = made()
        model.compile("sgd", "mse", jit_compile=False, **given)
        for _ in range(2):
            model.train_on_batch(x, y)
        found.add(b"".join(w.numpy().tobytes() for w in model.trainable_variables))
    assert len(found) == 1
