"""Answers to `train_step_windows`, written from its notebook alone; each cell is one, with what is wrong."""

import keras
import numpy as np
import tensorflow as tf


# %% single: each window's mean counts the same, the shorter one too
def train_step_windows(model, optimizer, window, max_norm):
    @tf.function(reduce_retracing=True)
    def step(x, labels, h_0):
        T = x.shape[1]
        weights = model.trainable_variables
        total = [tf.zeros_like(w) for w in weights]
        h, loss = h_0, 0.0
        for start in range(0, T, window):
            piece = slice(start, min(start + window, T))
            share = 1 / -(-T // window)
            with tf.GradientTape() as tape:
                logits, h = model(x[:, piece], h)
                part = share * tf.reduce_mean(
                    tf.nn.sparse_softmax_cross_entropy_with_logits(
                        labels=labels[:, piece], logits=logits
                    )
                )
            grads = tape.gradient(part, weights)
            total = [t + g for t, g in zip(total, grads)]
            loss += part
        total, norm = tf.clip_by_global_norm(total, max_norm)
        optimizer.apply(total, weights)
        return loss, h, norm

    return step


# %% single: every window starts from h_0
def train_step_windows(model, optimizer, window, max_norm):
    @tf.function(reduce_retracing=True)
    def step(x, labels, h_0):
        T = x.shape[1]
        weights = model.trainable_variables
        total = [tf.zeros_like(w) for w in weights]
        h, loss = h_0, 0.0
        for start in range(0, T, window):
            piece = slice(start, min(start + window, T))
            share = (piece.stop - piece.start) / T
            with tf.GradientTape() as tape:
                logits, h = model(x[:, piece], h_0)
                part = share * tf.reduce_mean(
                    tf.nn.sparse_softmax_cross_entropy_with_logits(
                        labels=labels[:, piece], logits=logits
                    )
                )
            grads = tape.gradient(part, weights)
            total = [t + g for t, g in zip(total, grads)]
            loss += part
        total, norm = tf.clip_by_global_norm(total, max_norm)
        optimizer.apply(total, weights)
        return loss, h, norm

    return step


# %% single: one tape over all windows: the gradient goes back to the first step
def train_step_windows(model, optimizer, window, max_norm):
    @tf.function(reduce_retracing=True)
    def step(x, labels, h_0):
        T = x.shape[1]
        weights = model.trainable_variables
        h, parts = h_0, []
        with tf.GradientTape() as tape:
            for start in range(0, T, window):
                logits, h = model(x[:, start : start + window], h)
                parts.append(
                    tf.nn.sparse_softmax_cross_entropy_with_logits(
                        labels=labels[:, start : start + window],
                        logits=logits,
                    )
                )
            loss = tf.reduce_mean(tf.concat(parts, axis=1))
        grads, norm = tf.clip_by_global_norm(tape.gradient(loss, weights), max_norm)
        optimizer.apply(grads, weights)
        return loss, h, norm

    return step


# %% single: each weight's gradient is limited by itself
def train_step_windows(model, optimizer, window, max_norm):
    @tf.function(reduce_retracing=True)
    def step(x, labels, h_0):
        T = x.shape[1]
        weights = model.trainable_variables
        total = [tf.zeros_like(w) for w in weights]
        h, loss = h_0, 0.0
        for start in range(0, T, window):
            piece = slice(start, min(start + window, T))
            share = (piece.stop - piece.start) / T
            with tf.GradientTape() as tape:
                logits, h = model(x[:, piece], h)
                part = share * tf.reduce_mean(
                    tf.nn.sparse_softmax_cross_entropy_with_logits(
                        labels=labels[:, piece], logits=logits
                    )
                )
            grads = tape.gradient(part, weights)
            total = [t + g for t, g in zip(total, grads)]
            loss += part
        norm = tf.linalg.global_norm(total)
        total = [tf.clip_by_norm(g, max_norm) for g in total]
        optimizer.apply(total, weights)
        return loss, h, norm

    return step


# %% single: an update after each window
def train_step_windows(model, optimizer, window, max_norm):
    @tf.function(reduce_retracing=True)
    def step(x, labels, h_0):
        T = x.shape[1]
        weights = model.trainable_variables
        total = [tf.zeros_like(w) for w in weights]
        h, loss = h_0, 0.0
        for start in range(0, T, window):
            piece = slice(start, min(start + window, T))
            share = (piece.stop - piece.start) / T
            with tf.GradientTape() as tape:
                logits, h = model(x[:, piece], h)
                part = share * tf.reduce_mean(
                    tf.nn.sparse_softmax_cross_entropy_with_logits(
                        labels=labels[:, piece], logits=logits
                    )
                )
            grads = tape.gradient(part, weights)
            loss += part
            grads, norm = tf.clip_by_global_norm(grads, max_norm)
            optimizer.apply(grads, weights)
        return loss, h, norm

    return step


# %% single: the norm that is returned is the limited one
def train_step_windows(model, optimizer, window, max_norm):
    @tf.function(reduce_retracing=True)
    def step(x, labels, h_0):
        T = x.shape[1]
        weights = model.trainable_variables
        total = [tf.zeros_like(w) for w in weights]
        h, loss = h_0, 0.0
        for start in range(0, T, window):
            piece = slice(start, min(start + window, T))
            share = (piece.stop - piece.start) / T
            with tf.GradientTape() as tape:
                logits, h = model(x[:, piece], h)
                part = share * tf.reduce_mean(
                    tf.nn.sparse_softmax_cross_entropy_with_logits(
                        labels=labels[:, piece], logits=logits
                    )
                )
            grads = tape.gradient(part, weights)
            total = [t + g for t, g in zip(total, grads)]
            loss += part
        total, norm = tf.clip_by_global_norm(total, max_norm)
        optimizer.apply(total, weights)
        return loss, h, tf.linalg.global_norm(total)

    return step


# %% double: the last window is dropped where it is shorter, and the norm is given after clipping
def train_step_windows(model, optimizer, window, max_norm):
    @tf.function(reduce_retracing=True)
    def step(x, labels, h_0):
        T = x.shape[1]
        weights = model.trainable_variables
        total = [tf.zeros_like(w) for w in weights]
        h, loss = h_0, 0.0
        for start in range(0, T - window + 1, window):
            piece = slice(start, min(start + window, T))
            share = (piece.stop - piece.start) / T
            with tf.GradientTape() as tape:
                logits, h = model(x[:, piece], h)
                part = share * tf.reduce_mean(
                    tf.nn.sparse_softmax_cross_entropy_with_logits(
                        labels=labels[:, piece], logits=logits
                    )
                )
            grads = tape.gradient(part, weights)
            total = [t + g for t, g in zip(total, grads)]
            loss += part
        total, norm = tf.clip_by_global_norm(total, max_norm)
        optimizer.apply(total, weights)
        return loss, h, tf.minimum(norm, max_norm)

    return step


# %% right: as the hints say
def train_step_windows(model, optimizer, window, max_norm):
    @tf.function(reduce_retracing=True)
    def step(x, labels, h_0):
        T = x.shape[1]
        weights = model.trainable_variables
        total = [tf.zeros_like(w) for w in weights]
        h, loss = h_0, 0.0
        for start in range(0, T, window):
            piece = slice(start, min(start + window, T))
            share = (piece.stop - piece.start) / T
            with tf.GradientTape() as tape:
                logits, h = model(x[:, piece], h)
                part = share * tf.reduce_mean(
                    tf.nn.sparse_softmax_cross_entropy_with_logits(
                        labels=labels[:, piece], logits=logits
                    )
                )
            grads = tape.gradient(part, weights)
            total = [t + g for t, g in zip(total, grads)]
            loss += part
        total, norm = tf.clip_by_global_norm(total, max_norm)
        optimizer.apply(total, weights)
        return loss, h, norm

    return step


# %% right: one tape over all windows, states cut by stop_gradient, clipped by hand
def train_step_windows(model, optimizer, window, max_norm):
    def step(x, labels, h_0):
        steps = x.shape[1]
        h, costs = h_0, []
        with tf.GradientTape() as tape:
            for begin in range(0, steps, window):
                end = begin + window
                logits, h = model(x[:, begin:end], tf.stop_gradient(h))
                surprise = -tf.gather(
                    tf.nn.log_softmax(logits),
                    labels[:, begin:end],
                    axis=-1,
                    batch_dims=2,
                )
                costs.append(surprise)
            loss = tf.reduce_mean(tf.concat(costs, axis=1))
        grads = tape.gradient(loss, model.trainable_variables)
        norm = tf.sqrt(tf.add_n([tf.reduce_sum(g * g) for g in grads]))
        factor = max_norm / tf.maximum(norm, tf.cast(max_norm, norm.dtype))
        optimizer.apply([factor * g for g in grads], model.trainable_variables)
        return loss, h, norm

    return tf.function(step, reduce_retracing=True)
