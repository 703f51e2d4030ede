"""Answers to `looped`, written from its notebook alone; each cell is one, with what is wrong."""

import keras
import numpy as np
import tensorflow as tf


# %% single: a Python loop: one copy a step
def looped(cell, x, states):
    outputs = []
    for t in range(x.shape[1]):
        output, states = cell(x[:, t], states)
        outputs.append(output)
    return tf.stack(outputs, axis=1), states


# %% single: the states aren't passed on
def looped(cell, x, states):
    T = tf.shape(x)[1]
    inputs = tf.TensorArray(x.dtype, T).unstack(tf.transpose(x, (1, 0, 2)))
    outputs = tf.TensorArray(x.dtype, T)

    def step(t, outputs, states):
        out, _ = cell(inputs.read(t), states)
        return t + 1, outputs.write(t, out), list(states)

    _, outputs, states = tf.while_loop(lambda t, *_: t < T, step, (0, outputs, list(states)))
    return tf.transpose(outputs.stack(), (1, 0, 2)), states


# %% single: time stays first
def looped(cell, x, states):
    T = tf.shape(x)[1]
    inputs = tf.TensorArray(x.dtype, T).unstack(tf.transpose(x, (1, 0, 2)))
    outputs = tf.TensorArray(x.dtype, T)

    def step(t, outputs, states):
        out, states = cell(inputs.read(t), states)
        return t + 1, outputs.write(t, out), list(states)

    _, outputs, states = tf.while_loop(lambda t, *_: t < T, step, (0, outputs, list(states)))
    return outputs.stack(), states


# %% single: batch and time are swapped by a reshape
def looped(cell, x, states):
    T = tf.shape(x)[1]
    inputs = tf.TensorArray(x.dtype, T).unstack(tf.transpose(x, (1, 0, 2)))
    outputs = tf.TensorArray(x.dtype, T)

    def step(t, outputs, states):
        out, states = cell(inputs.read(t), states)
        return t + 1, outputs.write(t, out), list(states)

    _, outputs, states = tf.while_loop(lambda t, *_: t < T, step, (0, outputs, list(states)))
    return tf.reshape(outputs.stack(), (tf.shape(x)[0], T, -1)), states


# %% single: the states of the first call come back
def looped(cell, x, states):
    T, first = tf.shape(x)[1], states
    inputs = tf.TensorArray(x.dtype, T).unstack(tf.transpose(x, (1, 0, 2)))
    outputs = tf.TensorArray(x.dtype, T)

    def step(t, outputs, states):
        out, states = cell(inputs.read(t), states)
        return t + 1, outputs.write(t, out), list(states)

    _, outputs, states = tf.while_loop(lambda t, *_: t < T, step, (0, outputs, list(states)))
    return tf.transpose(outputs.stack(), (1, 0, 2)), first


# %% single: the last step isn't run
def looped(cell, x, states):
    T = tf.shape(x)[1]
    inputs = tf.TensorArray(x.dtype, T).unstack(tf.transpose(x, (1, 0, 2)))
    outputs = tf.TensorArray(x.dtype, T)

    def step(t, outputs, states):
        out, states = cell(inputs.read(t), states)
        return t + 1, outputs.write(t, out), list(states)

    _, outputs, states = tf.while_loop(lambda t, *_: t < T - 1, step, (0, outputs, list(states)))
    return tf.transpose(outputs.stack(), (1, 0, 2)), states


# %% single: the length is fixed at tracing
def looped(cell, x, states):
    T = x.shape[1]
    inputs = tf.TensorArray(x.dtype, T).unstack(tf.transpose(x, (1, 0, 2)))
    outputs = tf.TensorArray(x.dtype, T)

    def step(t, outputs, states):
        out, states = cell(inputs.read(t), states)
        return t + 1, outputs.write(t, out), list(states)

    _, outputs, states = tf.while_loop(lambda t, *_: t < T, step, (0, outputs, list(states)))
    return tf.transpose(outputs.stack(), (1, 0, 2)), states


# %% double: the loop runs from the end, and time stays first
def looped(cell, x, states):
    T = tf.shape(x)[1]
    inputs = tf.TensorArray(x.dtype, T).unstack(tf.transpose(x, (1, 0, 2)))
    outputs = tf.TensorArray(x.dtype, T)

    def step(t, outputs, states):
        out, states = cell(inputs.read(T - 1 - t), states)
        return t + 1, outputs.write(t, out), list(states)

    _, outputs, states = tf.while_loop(lambda t, *_: t < T, step, (0, outputs, list(states)))
    return outputs.stack(), states


# %% right: as the hints say
def looped(cell, x, states):
    T = tf.shape(x)[1]
    inputs = tf.TensorArray(x.dtype, T).unstack(tf.transpose(x, (1, 0, 2)))
    outputs = tf.TensorArray(x.dtype, T)

    def step(t, outputs, states):
        out, states = cell(inputs.read(t), states)
        return t + 1, outputs.write(t, out), list(states)

    _, outputs, states = tf.while_loop(lambda t, *_: t < T, step, (0, outputs, list(states)))
    return tf.transpose(outputs.stack(), (1, 0, 2)), states


# %% right: tf.scan over time, the last states cut out at the end
def looped(cell, x, states):
    first = list(states)

    def step(carried, x_t):
        _, states = carried
        output, states = cell(x_t, list(states))
        return output, tuple(states)

    time_first = tf.einsum("btm->tbm", x)
    output, _ = cell(x[:, 0], first)
    outputs, history = tf.scan(step, time_first, (tf.zeros_like(output), tuple(first)))
    return tf.einsum("tbn->btn", outputs), [one[-1] for one in history]
