"""Sequences of different length on their way to a network."""

import numpy as np
import tensorflow as tf


def padded_batches(sequences, labels, batch_size, bounds, seed=0):
    """Batches of sequences of different length: shuffled, padded, masked.

    Each pass gives every sequence once, with its own label, in a new order and
    in new batches; all orders follow from the seed. The lengths in a batch lie
    between the same two bounds, so that little of it is padding. Batches that
    can't be filled are smaller. No line of Python runs while the batches are
    made: the next one is ready when the network asks for it.

    Args:
        sequences: a list of N arrays (T_i, m) of one float dtype.
        labels: N integers.
        batch_size: how many sequences a full batch has.
        bounds: where one range of lengths ends and the next begins, a list of
            increasing lengths; a length that equals a bound belongs to the
            longer range.
        seed: of the shuffling.

    Returns:
        batches: a `tf.data.Dataset` of ((x, mask), y). x (batch, T, m) in the
            dtype of the sequences, zero in the padding at the end of each; T
            is the length of the longest in the batch. mask (batch, T) is True
            where a step is real, whatever numbers stand there. y (batch,).
    """
    # IMPLEMENT-ME: all that a network trains on, each time in a new order;
    # nothing is missing, no label is swapped, and little is padding
    ragged = tf.RaggedTensor.from_row_lengths(
        np.concatenate(sequences), [len(one) for one in sequences]
    )
    batches = (
        tf.data.Dataset.from_tensor_slices((ragged, labels))
        .shuffle(len(sequences), seed=seed)
        .map(lambda x, y: (x, tf.shape(x)[0], y))
        .bucket_by_sequence_length(
            lambda x, length, y: length,
            bounds,
            [batch_size] * (len(bounds) + 1),
        )
        .map(lambda x, length, y: ((x, tf.sequence_mask(length)), y))
        .prefetch(tf.data.AUTOTUNE)
    )
    # END IMPLEMENT-ME
    return batches
