"""The loop over time: in Python, and in the graph."""

from course_lib.layers.backend import tensorflow_for

tf = tensorflow_for("looped", instead="keras.layers.RNN")


def unrolled(cell, x, states):
    """Run a cell over time by a Python loop; called like `looped`."""
    outputs = []
    for t in range(x.shape[1]):
        h_t, states = cell(x[:, t], states)
        outputs.append(h_t)
    return tf.stack(outputs, axis=1), states


def looped(cell, x, states):
    """Run a cell over time by a loop that is part of the graph.

    So does `keras.layers.RNN`, which also handles masks, and much else.

    Args:
        cell: called as cell(x_t, states) with x_t (batch, m); gives the output
            of the step, (batch, n), and the list of new states. A Keras cell,
            or a function.
        x: inputs, shape (batch, T, m); batch and T may be unknown when the
            graph is made.
        states: the states before the first step, a list of tensors.

    Returns:
        outputs: of every step, shape (batch, T, n).
        states: the list of states after the last step.
    """
    # IMPLEMENT-ME: the outputs and the last states are those of the loop in
    # Python, but TensorFlow has recorded its body only once, however long the
    # sequences are
    T = tf.shape(x)[1]
    inputs = tf.TensorArray(x.dtype, T).unstack(tf.transpose(x, [1, 0, 2]))
    collected = tf.TensorArray(x.dtype, T)

    def step(t, collected, states):
        h_t, states = cell(inputs.read(t), states)
        return t + 1, collected.write(t, h_t), states

    _, collected, states = tf.while_loop(
        lambda t, *_: t < T, step, (0, collected, states)
    )
    outputs = tf.transpose(collected.stack(), [1, 0, 2])
    # END IMPLEMENT-ME
    return outputs, states
