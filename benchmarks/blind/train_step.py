"""Answers to `train_step`, written from its notebook alone; each cell is one, with what is wrong."""

import keras
import numpy as np
import tensorflow as tf


# %% single: the model isn't told that it is trained
def train_step(model, optimizer):
    @tf.function(reduce_retracing=True)
    def step(x, y):
        with tf.GradientTape() as tape:
            logits = model(x)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
            loss = tf.reduce_mean(losses)
        weights = model.trainable_variables
        optimizer.apply(tape.gradient(loss, weights), weights)
        return loss

    return step


# %% single: all weights are trained, frozen ones too
def train_step(model, optimizer):
    @tf.function(reduce_retracing=True)
    def step(x, y):
        with tf.GradientTape() as tape:
            logits = model(x, training=True)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
            loss = tf.reduce_mean(losses)
        weights = [w for w in model.variables if w.dtype.startswith("float")]
        optimizer.apply(tape.gradient(loss, weights), weights)
        return loss

    return step


# %% single: no reduce_retracing: traced again for each size
def train_step(model, optimizer):
    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            logits = model(x, training=True)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
            loss = tf.reduce_mean(losses)
        weights = model.trainable_variables
        optimizer.apply(tape.gradient(loss, weights), weights)
        return loss

    return step


# %% single: the sum over the batch in place of the mean
def train_step(model, optimizer):
    @tf.function(reduce_retracing=True)
    def step(x, y):
        with tf.GradientTape() as tape:
            logits = model(x, training=True)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
            loss = tf.reduce_sum(losses)
        weights = model.trainable_variables
        optimizer.apply(tape.gradient(loss, weights), weights)
        return loss

    return step


# %% single: the logarithm of the softmax: not finite where logits are far apart
def train_step(model, optimizer):
    @tf.function(reduce_retracing=True)
    def step(x, y):
        with tf.GradientTape() as tape:
            logits = model(x, training=True)
            p = tf.gather(tf.nn.softmax(logits), y, axis=1, batch_dims=1)
            losses = -tf.math.log(p)
            loss = tf.reduce_mean(losses)
        weights = model.trainable_variables
        optimizer.apply(tape.gradient(loss, weights), weights)
        return loss

    return step


# %% single: the loss is computed again, after the update
def train_step(model, optimizer):
    @tf.function(reduce_retracing=True)
    def step(x, y):
        with tf.GradientTape() as tape:
            logits = model(x, training=True)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
            loss = tf.reduce_mean(losses)
        weights = model.trainable_variables
        optimizer.apply(tape.gradient(loss, weights), weights)
        after = tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels=y, logits=model(x, training=True)
        )
        return tf.reduce_mean(after)

    return step


# %% double: Python runs at every batch (no tf.function), and training isn't said
def train_step(model, optimizer):
    def step(x, y):
        with tf.GradientTape() as tape:
            logits = model(x)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
            loss = tf.reduce_mean(losses)
        weights = model.trainable_variables
        optimizer.apply(tape.gradient(loss, weights), weights)
        return loss

    return step


# %% right: as the hints say
def train_step(model, optimizer):
    @tf.function(reduce_retracing=True)
    def step(x, y):
        with tf.GradientTape() as tape:
            logits = model(x, training=True)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits)
            loss = tf.reduce_mean(losses)
        weights = model.trainable_variables
        optimizer.apply(tape.gradient(loss, weights), weights)
        return loss

    return step


# %% right: log-softmax and one-hot labels by hand, apply_gradients, a class in place of a closure
class _Step:
    def __init__(self, model, optimizer):
        self.model, self.optimizer = model, optimizer
        self.graph = tf.function(self.run, reduce_retracing=True)

    def run(self, x, y):
        weights = self.model.trainable_weights
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([w.value for w in weights])
            log_p = tf.nn.log_softmax(self.model(x, training=True), axis=-1)
            right = tf.gather(log_p, y, axis=1, batch_dims=1)
            loss = -tf.reduce_mean(right)
        gradients = tape.gradient(loss, weights)
        self.optimizer.apply_gradients(zip(gradients, weights))
        return loss

    def __call__(self, x, y):
        return self.graph(x, y)


def train_step(model, optimizer):
    return _Step(model, optimizer)


# %% right: written as wrong; but in a graph Keras goes from probabilities back to logits
def train_step(model, optimizer):
    @tf.function(reduce_retracing=True)
    def step(x, y):
        with tf.GradientTape() as tape:
            logits = model(x, training=True)
            losses = keras.losses.sparse_categorical_crossentropy(y, tf.nn.softmax(logits))
            loss = tf.reduce_mean(losses)
        weights = model.trainable_variables
        optimizer.apply(tape.gradient(loss, weights), weights)
        return loss

    return step
