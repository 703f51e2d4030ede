"""`keras.Model.fit` with all that a run needs that shall not be lost."""

import math
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from course_lib.layers.sizes import checked_seed, checked_units
from course_lib.training.callbacks import (
    Checkpoint,
    EarlyStopping,
    LearningCurves,
    TerminateOnNaN,
)

Examples = tuple[np.ndarray, np.ndarray]


def fit(
    model: keras.Model,
    data: Examples,
    *,
    epochs: int,
    validation_data: Examples | None = None,
    batch_size: int = 32,
    seed: int = 0,
    patience: int | None = None,
    checkpoint_dir: str | Path | None = None,
    tensorboard_dir: str | Path | None = None,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    verbose: int | str = "auto",
) -> dict[str, list[float]]:
    """Train a compiled and built model.

    With a `checkpoint_dir`, a run that was killed at any moment goes on when the same script is
    started again: from the end of the last epoch that was done, to the weights of an unbroken run.
    To the last bit only if TensorFlow's own sums are repeatable; on CPU
    `tf.config.experimental.enable_op_determinism()` makes them so.

    For several devices, build and compile the model in the scope of a
    `tf.distribute.MirroredStrategy`.

    Args:
        model: its loss may have any name; with several devices it gives the mean over a batch.
        data: inputs (N, ...) and targets (N, ...).
        epochs: number of epochs of the whole run, with those before a kill.
        validation_data: inputs and targets that the weights are not fitted to.
        batch_size: examples in a step, of all devices together.
        seed: seed of the order of the examples, which is another one in every epoch.
        patience: stop when the validation loss has not fallen for so many epochs. Whether that
            happens or not, the model ends with the weights of the lowest validation loss. Without
            it, with those of the last epoch.
        checkpoint_dir: a folder for this run alone.
        tensorboard_dir: a folder for learning curves that TensorBoard can draw.
        callbacks: more of them. What they themselves remember is not in a checkpoint.
        verbose: as in `keras.Model.fit`.

    Returns:
        The learning curves: for each quantity one number per epoch, those before a kill included.

    Raises:
        ValueError: the batch size or the seed is no whole number, the sizes of the data don't fit
            each other or the devices, there is a patience but nothing to validate on, or the
            checkpoint is of another run.
        course_lib.training.callbacks.NonFiniteError: a step gave a NaN or an infinite number.
    """
    x, y = data
    batch_size = checked_units(batch_size, "batch_size")
    seed = checked_seed(seed, optional=False)
    _check(model, x, y, batch_size, patience, validation_data)

    def batch_of(epoch: int, step: int) -> tuple[np.ndarray, np.ndarray]:
        chosen = np.asarray(order(len(x), seed, epoch))[step * batch_size :][:batch_size]
        return x[chosen], y[chosen]

    watchers: list[keras.callbacks.Callback] = [TerminateOnNaN(batch_of)]
    early_stopping = None
    if patience is not None:
        early_stopping = EarlyStopping("val_loss", patience=patience, restore_best_weights=True)
        watchers.append(early_stopping)
    checkpoint, first_epoch = None, 0
    if checkpoint_dir is not None:
        settings = {"examples": len(x), "batch_size": batch_size, "seed": seed}
        checkpoint = Checkpoint(checkpoint_dir, settings, early_stopping)
        first_epoch, stopped = checkpoint.restore(model)
        if stopped:
            first_epoch = epochs  # nothing is left but to take the best weights
        watchers.append(checkpoint)
    if tensorboard_dir is not None:
        watchers.append(LearningCurves(tensorboard_dir))

    history = model.fit(
        batches(x, y, batch_size, seed, first_epoch, epochs),
        steps_per_epoch=math.ceil(len(x) / batch_size),
        initial_epoch=first_epoch,
        epochs=epochs,
        validation_data=validation_data,
        validation_batch_size=batch_size,
        shuffle=False,  # `batches` has done it
        callbacks=[*callbacks, *watchers],
        verbose=verbose,
    ).history
    return checkpoint.curves if checkpoint else history


def order(count: int, seed: int, epoch: int | tf.Tensor) -> tf.Tensor:
    """The order of the examples in an epoch, shape (count,): a function of seed and epoch alone.

    An order that depends on how often a generator was asked before could not be had again in a run
    that begins in the middle.
    """
    seeds = tf.stack([tf.cast(seed, tf.int64), tf.cast(epoch, tf.int64)])
    return tf.random.experimental.stateless_shuffle(tf.range(count), seed=seeds)


def batches(
    x: np.ndarray, y: np.ndarray, batch_size: int, seed: int, first_epoch: int, epochs: int
) -> tf.data.Dataset:
    """The batches (x, y) of the epochs first_epoch, ..., epochs - 1, one epoch after the other."""

    def indices(epoch: tf.Tensor) -> tf.data.Dataset:
        return tf.data.Dataset.from_tensor_slices(order(len(x), seed, epoch)).batch(batch_size)

    with tf.device("CPU:0"):  # the whole set stays in the host's memory
        x, y = tf.constant(x), tf.constant(y)
        return (
            tf.data.Dataset.range(first_epoch, epochs)
            .flat_map(indices)
            .map(lambda chosen: (tf.gather(x, chosen), tf.gather(y, chosen)))
            .prefetch(2)
        )


def _check(
    model: keras.Model,
    x: np.ndarray,
    y: np.ndarray,
    batch_size: int,
    patience: int | None,
    validation_data: Examples | None,
) -> None:
    if len(x) != len(y) or not len(x):
        raise ValueError(f"There are {len(x)} inputs and {len(y)} targets; give as many of both.")
    if patience is not None and validation_data is None:
        raise ValueError("Early stopping looks at the validation loss: give validation_data.")
    if not model.built:
        raise ValueError("The model has no weights yet: give it a keras.Input, or call it once.")
    devices = model.distribute_strategy.num_replicas_in_sync
    clips = ("clipnorm", "global_clipnorm", "clipvalue")
    if devices > 1 and any(getattr(model.optimizer, clip, None) for clip in clips):
        # A share of the gradient is smaller than the whole: it would be clipped too late.
        raise ValueError(
            "With several devices, Keras clips the gradients of each before it adds them up, which"
            " is not what one device does. Take one device, or leave the clipping out; with several"
            " workers, course_lib.training.multi_worker clips the sum."
        )
    if batch_size % devices or len(x) % devices:
        # A device's share counts as much as another's in the mean, whatever its size.
        raise ValueError(
            f"{devices} devices share a batch evenly: choose a batch size (now {batch_size}) and a"
            f" number of examples (now {len(x)}) that {devices} divides."
        )
