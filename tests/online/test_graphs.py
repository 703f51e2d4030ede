"""In a graph each rule finds what it finds outside of one, whatever is known of the shapes."""

import numpy as np
import pytest
import tensorflow as tf

from course_lib.layers import LSTMCell
from course_lib.online import OTHER_RULES, RULES, LeakyRNNCell, SparseRNNCell

CELLS = {
    "leaky": lambda: LeakyRNNCell(5, leak=0.4, dtype="float64"),
    "sparse": lambda: SparseRNNCell(5, 1, leak=0.4, dtype="float64"),
    "lstm": lambda: LSTMCell(3, dtype="float64"),
}
CASES = [
    *((rule, "leaky") for rule in (*RULES, *OTHER_RULES) if rule != "snap2"),
    ("snap2", "sparse"),
    ("kernl", "lstm"),
    ("snap1", "lstm"),
    ("tbptt", "lstm"),
]


@pytest.mark.parametrize(("rule", "cell"), CASES)
@pytest.mark.parametrize(
    ("known", "sequences", "lengths"),
    [(False, True, [9, 5, 1]), (True, False, None)],
    ids=["sizes unknown, masked, a loss at each step", "sizes known, a loss at the end"],
)
def test_a_graph_finds_what_is_found_outside_of_it(make, rule, cell, known, sequences, lengths):
    """With a last chunk that is shorter than the others."""
    gradients = make(sequences=sequences, lengths=lengths, cell=CELLS[cell]())
    chunk = {} if rule in ("bptt", "uoro") else {"chunk": 4}
    x, y = tf.constant(gradients.x), tf.constant(gradients.y)
    signature = [
        tf.TensorSpec(x.shape if known else (None, None, x.shape[2]), x.dtype),
        tf.TensorSpec(y.shape if known else [None] * len(y.shape), y.dtype),
    ]
    found = []
    for how in (tf.function(input_signature=signature, autograph=False), lambda take: take):
        gradients.compile(rule, seed=4, **chunk)  # anew: the same noise
        parts = tf.nest.flatten(how(gradients.model.gradients)(x, y))
        found.append([tf.convert_to_tensor(a).numpy() for a in parts if a is not None])
    inside, outside = found
    assert len(inside) == len(outside) > 2
    for a, b in zip(inside, outside, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
    assert max(np.abs(a).max() for a in outside[2:]) > 1e-3
