"""The loop in the graph: by hand, equal to Python's loop and to Keras's, and its gradient."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_lib.graphs import nodes, trace
from course_lib.layers import LSTMCell
from course_lib.layers.loops import looped, unrolled


def running_sum(x_t, states):
    total = states[0] + x_t
    return 2 * total, [total]


def parts():
    """A cell, sequences and states that aren't zero; float64."""
    rng = np.random.default_rng(0)
    cell = LSTMCell(4, dtype="float64")
    cell.build((None, 3))
    cell.set_weights([0.5 * rng.normal(size=w.shape) for w in cell.get_weights()])
    states = [tf.constant(rng.normal(size=(2, 4))) for _ in range(2)]
    return cell, tf.constant(rng.normal(size=(2, 5, 3))), states


def test_by_hand():
    outputs, (total,) = looped(running_sum, tf.constant([[[1.0], [2.0]]]), [tf.constant([[10.0]])])
    assert outputs.numpy().tolist() == [[[22.0], [26.0]]]
    assert total.numpy().tolist() == [[13.0]]


def test_equal_to_the_loop_in_python_and_to_keras():
    cell, x, states = parts()
    outputs, after = looped(cell, x, states)
    layer = keras.layers.RNN(cell, return_sequences=True, return_state=True, dtype="float64")
    by_keras, *states_of_keras = layer(x, initial_state=states)
    for other, last in (unrolled(cell, x, states), (by_keras, states_of_keras)):
        np.testing.assert_allclose(outputs, other, rtol=0, atol=1e-14)
        for mine, theirs in zip(after, last, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=0, atol=1e-14)


@pytest.mark.parametrize("run", [looped, unrolled])
def test_gradients_equal_centred_differences(run):
    cell, x, states = parts()

    def loss(x):
        outputs, after = run(cell, x, states)
        return tf.reduce_sum(outputs**2) + tf.reduce_sum(after[1])

    with tf.GradientTape() as tape:
        tape.watch(x)
        value = loss(x)
    gradient = tape.gradient(value, x).numpy()
    for at in ((0, 0, 0), (1, 2, 1), (0, 4, 2)):
        nudge = np.zeros(x.shape)
        nudge[at] = 1e-5
        slope = (loss(x + nudge) - loss(x - nudge)) / 2e-5
        assert gradient[at] == pytest.approx(float(slope), rel=1e-6, abs=1e-9)


def test_the_graph_is_as_long_as_one_step():
    cell, _, _ = parts()
    sizes = {}
    for run in (looped, unrolled):
        for T in (10, 20):
            zeros = [tf.zeros((2, 4), tf.float64)] * 2
            graph = trace(
                lambda x, run=run, zeros=zeros: run(cell, x, zeros)[0],
                tf.TensorSpec((2, T, 3), tf.float64),
            )
            sizes[run.__name__, T] = len(nodes(graph))
    assert sizes["looped", 10] == sizes["looped", 20]
    assert sizes["unrolled", 20] > 1.5 * sizes["unrolled", 10]
