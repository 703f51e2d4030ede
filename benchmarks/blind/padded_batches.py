"""Answers to `padded_batches`, written from its notebook alone; each cell is one, with what is wrong."""

import keras
import numpy as np
import tensorflow as tf


# %% single: the mask is read off the numbers: a real step of zeros is masked
def padded_batches(sequences, labels, batch_size, bounds, seed=0):
    steps = np.concatenate(sequences)
    ragged = tf.RaggedTensor.from_row_lengths(steps, [len(one) for one in sequences])
    data = tf.data.Dataset.from_tensor_slices((ragged, np.asarray(labels)))
    data = data.shuffle(len(sequences), seed=seed)
    data = data.map(lambda x, y: (x, tf.shape(x)[0], y))
    data = data.bucket_by_sequence_length(
        lambda x, length, y: length,
        bucket_boundaries=list(bounds),
        bucket_batch_sizes=[batch_size] * (len(bounds) + 1),
    )
    data = data.map(lambda x, length, y: ((x, tf.reduce_any(x != 0, axis=-1)), y))
    return data.prefetch(tf.data.AUTOTUNE)


# %% single: the same order in each pass
def padded_batches(sequences, labels, batch_size, bounds, seed=0):
    steps = np.concatenate(sequences)
    ragged = tf.RaggedTensor.from_row_lengths(steps, [len(one) for one in sequences])
    data = tf.data.Dataset.from_tensor_slices((ragged, np.asarray(labels)))
    data = data.shuffle(len(sequences), seed=seed, reshuffle_each_iteration=False)
    data = data.map(lambda x, y: (x, tf.shape(x)[0], y))
    data = data.bucket_by_sequence_length(
        lambda x, length, y: length,
        bucket_boundaries=list(bounds),
        bucket_batch_sizes=[batch_size] * (len(bounds) + 1),
    )
    data = data.map(lambda x, length, y: ((x, tf.sequence_mask(length)), y))
    return data.prefetch(tf.data.AUTOTUNE)


# %% single: batches that can't be filled are dropped
def padded_batches(sequences, labels, batch_size, bounds, seed=0):
    steps = np.concatenate(sequences)
    ragged = tf.RaggedTensor.from_row_lengths(steps, [len(one) for one in sequences])
    data = tf.data.Dataset.from_tensor_slices((ragged, np.asarray(labels)))
    data = data.shuffle(len(sequences), seed=seed)
    data = data.map(lambda x, y: (x, tf.shape(x)[0], y))
    data = data.bucket_by_sequence_length(
        lambda x, length, y: length,
        bucket_boundaries=list(bounds),
        bucket_batch_sizes=[batch_size] * (len(bounds) + 1),
        drop_remainder=True,
    )
    data = data.map(lambda x, length, y: ((x, tf.sequence_mask(length)), y))
    return data.prefetch(tf.data.AUTOTUNE)


# %% single: a length that equals a bound goes to the shorter range
def padded_batches(sequences, labels, batch_size, bounds, seed=0):
    steps = np.concatenate(sequences)
    ragged = tf.RaggedTensor.from_row_lengths(steps, [len(one) for one in sequences])
    data = tf.data.Dataset.from_tensor_slices((ragged, np.asarray(labels)))
    data = data.shuffle(len(sequences), seed=seed)
    data = data.map(lambda x, y: (x, tf.shape(x)[0], y))
    data = data.bucket_by_sequence_length(
        lambda x, length, y: length,
        bucket_boundaries=[bound + 1 for bound in bounds],
        bucket_batch_sizes=[batch_size] * (len(bounds) + 1),
    )
    data = data.map(lambda x, length, y: ((x, tf.sequence_mask(length)), y))
    return data.prefetch(tf.data.AUTOTUNE)


# %% single: the shuffle comes last: batches in a new order, always of the same sequences
def padded_batches(sequences, labels, batch_size, bounds, seed=0):
    steps = np.concatenate(sequences)
    ragged = tf.RaggedTensor.from_row_lengths(steps, [len(one) for one in sequences])
    data = tf.data.Dataset.from_tensor_slices((ragged, np.asarray(labels)))
    data = data.map(lambda x, y: (x, tf.shape(x)[0], y))
    data = data.bucket_by_sequence_length(
        lambda x, length, y: length,
        bucket_boundaries=list(bounds),
        bucket_batch_sizes=[batch_size] * (len(bounds) + 1),
    )
    data = data.map(lambda x, length, y: ((x, tf.sequence_mask(length)), y))
    data = data.shuffle(len(sequences), seed=seed)
    return data.prefetch(tf.data.AUTOTUNE)


# %% single: the seed is not used
def padded_batches(sequences, labels, batch_size, bounds, seed=0):
    steps = np.concatenate(sequences)
    ragged = tf.RaggedTensor.from_row_lengths(steps, [len(one) for one in sequences])
    data = tf.data.Dataset.from_tensor_slices((ragged, np.asarray(labels)))
    data = data.shuffle(len(sequences))
    data = data.map(lambda x, y: (x, tf.shape(x)[0], y))
    data = data.bucket_by_sequence_length(
        lambda x, length, y: length,
        bucket_boundaries=list(bounds),
        bucket_batch_sizes=[batch_size] * (len(bounds) + 1),
    )
    data = data.map(lambda x, length, y: ((x, tf.sequence_mask(length)), y))
    return data.prefetch(tf.data.AUTOTUNE)


# %% double: the mask is read off the numbers, and each pass has the same order
def padded_batches(sequences, labels, batch_size, bounds, seed=0):
    steps = np.concatenate(sequences)
    ragged = tf.RaggedTensor.from_row_lengths(steps, [len(one) for one in sequences])
    data = tf.data.Dataset.from_tensor_slices((ragged, np.asarray(labels)))
    data = data.shuffle(len(sequences), seed=seed, reshuffle_each_iteration=False)
    data = data.map(lambda x, y: (x, tf.shape(x)[0], y))
    data = data.bucket_by_sequence_length(
        lambda x, length, y: length,
        bucket_boundaries=list(bounds),
        bucket_batch_sizes=[batch_size] * (len(bounds) + 1),
    )
    data = data.map(lambda x, length, y: ((x, x[..., 0] != 0), y))
    return data.prefetch(tf.data.AUTOTUNE)


# %% double: shuffled with a buffer of one batch only, bounds ignored
def padded_batches(sequences, labels, batch_size, bounds, seed=0):
    steps = np.concatenate(sequences)
    ragged = tf.RaggedTensor.from_row_lengths(steps, [len(one) for one in sequences])
    data = tf.data.Dataset.from_tensor_slices((ragged, np.asarray(labels)))
    data = data.shuffle(batch_size, seed=seed)
    data = data.map(lambda x, y: (x, tf.shape(x)[0], y))
    data = data.bucket_by_sequence_length(
        lambda x, length, y: length,
        bucket_boundaries=[],
        bucket_batch_sizes=[batch_size],
    )
    data = data.map(lambda x, length, y: ((x, tf.sequence_mask(length)), y))
    return data.prefetch(tf.data.AUTOTUNE)


# %% right: as the hints say
def padded_batches(sequences, labels, batch_size, bounds, seed=0):
    steps = np.concatenate(sequences)
    ragged = tf.RaggedTensor.from_row_lengths(steps, [len(one) for one in sequences])
    data = tf.data.Dataset.from_tensor_slices((ragged, np.asarray(labels)))
    data = data.shuffle(len(sequences), seed=seed)
    data = data.map(lambda x, y: (x, tf.shape(x)[0], y))
    data = data.bucket_by_sequence_length(
        lambda x, length, y: length,
        bucket_boundaries=list(bounds),
        bucket_batch_sizes=[batch_size] * (len(bounds) + 1),
    )
    data = data.map(lambda x, length, y: ((x, tf.sequence_mask(length)), y))
    return data.prefetch(tf.data.AUTOTUNE)


# %% right: order drawn by indices; group_by_window and padded_batch by hand
def padded_batches(sequences, labels, batch_size, bounds, seed=0):
    count = len(sequences)
    lengths = np.array([len(one) for one in sequences])
    ends = np.cumsum(lengths)
    all_steps = tf.constant(np.concatenate(sequences, axis=0))
    begins = tf.constant(ends - lengths, tf.int64)
    ends = tf.constant(ends, tf.int64)
    answers = tf.constant(np.asarray(labels))
    bucket = tf.constant(
        np.searchsorted(np.asarray(bounds, int), lengths, side="right"),
        tf.int64,
    )

    def fetch(i):
        x = all_steps[begins[i] : ends[i]]
        real = tf.ones(tf.shape(x)[:1], tf.bool)
        return (x, real), answers[i]

    def pad(key, indices):
        return indices.map(fetch).padded_batch(batch_size)

    order = tf.data.Dataset.range(count).shuffle(count, seed=seed, reshuffle_each_iteration=True)
    grouped = order.group_by_window(lambda i: bucket[i], pad, window_size=batch_size)
    return grouped.prefetch(1)
