"""Sequences of different length on their way to a network."""

import functools
from functools import partial

import numpy as np
import tensorflow as tf

from course_lib.layers.sizes import (
    checked_function,
    checked_seed,
    checked_units,
)


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


def _checked_sequences(sequences):
    """A list of arrays (T_i, m) of one float dtype."""
    try:
        found = [np.asarray(one) for one in sequences]
    except (TypeError, ValueError):
        found = []
    widths = {(one.ndim, one.shape[-1:], one.dtype) for one in found}
    if len(widths) != 1 or found[0].ndim != 2 or found[0].dtype.kind != "f":
        raise ValueError(
            "sequences are no list of arrays (T_i, m) of one float dtype: "
            "give one array for each sequence, all of the same m."
        )
    return found


def _checked_labels(labels):
    """As many integers as they are; how many, is seen with the sequences."""
    try:
        found = np.asarray(labels)
    except (TypeError, ValueError, OverflowError):
        found = np.asarray(None)
    if found.ndim != 1 or found.dtype.kind not in "iu":
        raise ValueError(
            "labels are no list of whole numbers: give one for each sequence."
        )
    return list(labels) if isinstance(labels, tuple) else labels


def _checked_bounds(bounds):
    """Increasing lengths, as ints."""
    try:
        found = [checked_units(one) for one in bounds]
    except (TypeError, ValueError):
        found = None
    if found is None or found != sorted(set(found)):
        raise ValueError(
            f"bounds is {bounds!r}; give a list of lengths, whole numbers "
            "above 0, each larger than the one before."
        )
    return found


def _of_one_number(make):
    """The same, of as many labels as there are sequences."""

    def checked(sequences, labels, *args, **kwargs):
        if len(sequences) != len(labels):
            raise ValueError(
                f"There are {len(sequences)} sequences and {len(labels)} "
                "labels: give one for each."
            )
        return make(sequences, labels, *args, **kwargs)

    return functools.wraps(make)(checked)


# Out here, since learners write the function.
padded_batches = checked_function(
    _of_one_number(padded_batches),
    sequences=_checked_sequences,
    labels=_checked_labels,
    batch_size=partial(checked_units, name="batch_size"),
    bounds=_checked_bounds,
    seed=checked_seed,
)
