"""Answers to `gradient_by_step`, written from its notebook alone; each cell is one, with what is wrong."""

import keras
import numpy as np
import tensorflow as tf


# %% single: the gradient for the array of all states: the direct path only
def gradient_by_step(x, h_0, W_xh, W_hh, b_h, loss):
    a = tf.transpose(x @ W_xh + b_h, (1, 0, 2))
    h = tf.scan(lambda h, a_t: tf.tanh(a_t + h @ W_hh), a, h_0)
    h = tf.transpose(h, (1, 0, 2))
    with tf.GradientTape() as tape:
        tape.watch(h)
        J = loss(h)
    return tape.gradient(J, h)


# %% single: the zeros are added inside the tanh: gradient of the sums, not the states
def gradient_by_step(x, h_0, W_xh, W_hh, b_h, loss):
    a = tf.transpose(x @ W_xh + b_h, (1, 0, 2))
    with tf.GradientTape() as tape:
        zeros = tf.zeros_like(a)
        tape.watch(zeros)
        h = tf.scan(
            lambda h, now: tf.tanh(now[0] + h @ W_hh + now[1]),
            (a, zeros),
            h_0,
        )
        J = loss(tf.transpose(h, (1, 0, 2)))
    return tf.transpose(tape.gradient(J, zeros), (1, 0, 2))


# %% single: the zeros are added behind the loop
def gradient_by_step(x, h_0, W_xh, W_hh, b_h, loss):
    a = tf.transpose(x @ W_xh + b_h, (1, 0, 2))
    with tf.GradientTape() as tape:
        zeros = tf.zeros_like(a)
        tape.watch(zeros)
        h = tf.scan(lambda h, a_t: tf.tanh(a_t + h @ W_hh), a, h_0) + zeros
        J = loss(tf.transpose(h, (1, 0, 2)))
    return tf.transpose(tape.gradient(J, zeros), (1, 0, 2))


# %% single: time stays first in what is returned
def gradient_by_step(x, h_0, W_xh, W_hh, b_h, loss):
    a = tf.transpose(x @ W_xh + b_h, (1, 0, 2))
    with tf.GradientTape() as tape:
        zeros = tf.zeros_like(a)
        tape.watch(zeros)
        h = tf.scan(
            lambda h, now: tf.tanh(now[0] + h @ W_hh) + now[1],
            (a, zeros),
            h_0,
        )
        J = loss(tf.transpose(h, (1, 0, 2)))
    return tape.gradient(J, zeros)


# %% single: a Python loop over the steps
def gradient_by_step(x, h_0, W_xh, W_hh, b_h, loss):
    T = x.shape[1]
    h, states = h_0, []
    with tf.GradientTape() as tape:
        for t in range(T):
            h = tf.tanh(x[:, t] @ W_xh + h @ W_hh + b_h)
            tape.watch(h)
            states.append(h)
        J = loss(tf.stack(states, axis=1))
    return tf.stack(tape.gradient(J, states), axis=1)


# %% single: the loss sees the states time first
def gradient_by_step(x, h_0, W_xh, W_hh, b_h, loss):
    a = tf.transpose(x @ W_xh + b_h, (1, 0, 2))
    with tf.GradientTape() as tape:
        zeros = tf.zeros_like(a)
        tape.watch(zeros)
        h = tf.scan(
            lambda h, now: tf.tanh(now[0] + h @ W_hh) + now[1],
            (a, zeros),
            h_0,
        )
        J = loss(h)
    return tf.transpose(tape.gradient(J, zeros), (1, 0, 2))


# %% double: inside the tanh, and the bias is forgotten
def gradient_by_step(x, h_0, W_xh, W_hh, b_h, loss):
    a = tf.transpose(x @ W_xh, (1, 0, 2))
    with tf.GradientTape() as tape:
        zeros = tf.zeros_like(a)
        tape.watch(zeros)
        h = tf.scan(
            lambda h, now: tf.tanh(now[0] + h @ W_hh + now[1]),
            (a, zeros),
            h_0,
        )
        J = loss(tf.transpose(h, (1, 0, 2)))
    return tf.transpose(tape.gradient(J, zeros), (1, 0, 2))


# %% right: as the hints say
def gradient_by_step(x, h_0, W_xh, W_hh, b_h, loss):
    a = tf.transpose(x @ W_xh + b_h, (1, 0, 2))
    with tf.GradientTape() as tape:
        zeros = tf.zeros_like(a)
        tape.watch(zeros)
        h = tf.scan(
            lambda h, now: tf.tanh(now[0] + h @ W_hh) + now[1],
            (a, zeros),
            h_0,
        )
        J = loss(tf.transpose(h, (1, 0, 2)))
    return tf.transpose(tape.gradient(J, zeros), (1, 0, 2))


# %% right: the direct gradient from a tape, then the recursion backwards
def gradient_by_step(x, h_0, W_xh, W_hh, b_h, loss):
    heard = tf.einsum("btm,mn->tbn", x, W_xh) + b_h
    h = tf.scan(
        lambda old, new: tf.math.tanh(tf.matmul(old, W_hh) + new),
        heard,
        initializer=h_0,
    )
    h = tf.einsum("tbn->btn", h)
    with tf.GradientTape() as tape:
        tape.watch(h)
        number = loss(h)
    direct = tape.gradient(number, h, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    def back(later, now):
        direct_t, h_next = now
        through = later * (1 - tf.square(h_next))
        return direct_t + tf.matmul(through, W_hh, transpose_b=True)

    following = tf.concat([h[:, 1:], tf.ones_like(h[:, :1])], axis=1)
    turned = [tf.einsum("btn->tbn", one) for one in (direct, following)]
    total = tf.scan(back, tuple(turned), tf.zeros_like(h_0), reverse=True)
    return tf.einsum("tbn->btn", total)
