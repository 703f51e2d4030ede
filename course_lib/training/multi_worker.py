"""Training by several processes: the loop of `fit`, written out.

Every worker holds the whole model and takes its share of each batch; the gradients are added over
all workers, so that all take the same step. `tf.distribute.MultiWorkerMirroredStrategy` carries the
numbers. `keras.Model.fit` does not run under it (Keras 3.15), hence a loop of our own.

`course reproduce NAME --workers 2` starts the processes on this machine, on its CPUs. On several
machines, or with a GPU for each worker, give the same command on each, with TF_CONFIG set as
TensorFlow's guide to distributed training says; the first worker stores the result.
"""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from course_lib.training.fit import Examples, order


class Loop:
    """A model in training on all workers; every worker makes one and calls its methods alike.

    Args:
        strategy: with one device a worker. `tf.distribute.get_strategy()` is that of one process.
        build: makes a compiled and built model from inputs to logits (batch, c). It must give all
            workers the same weights, so it sets the seed.

    Raises:
        ValueError: a worker has more devices than one.
    """

    def __init__(self, strategy: tf.distribute.Strategy, build: Callable[[], keras.Model]) -> None:
        cluster = strategy.cluster_resolver
        self.rank = cluster.task_id if cluster else 0
        self.workers = len(cluster.cluster_spec().as_dict()["worker"]) if cluster else 1
        if strategy.num_replicas_in_sync != self.workers:
            raise ValueError(
                f"{self.workers} workers have {strategy.num_replicas_in_sync} devices; let each see"
                " one: set CUDA_VISIBLE_DEVICES."
            )
        self.strategy = strategy
        with strategy.scope():
            self.model = build()
            self.model.optimizer.build(self.model.trainable_variables)
        # The length of a share differs in the last batch: one graph for all.
        self._step = tf.function(self._step_of_all, reduce_retracing=True)
        self._measure = tf.function(self._measured_here, reduce_retracing=True)
        self._add = tf.function(self._added_over_all)

    def train(self, x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
        """Take one step.

        Args:
            x: the inputs of the whole batch; the worker takes its share of them.
            y: the labels, integers of shape (batch,).

        Returns:
            The mean loss of the batch and the share that was right, before the update.

        Raises:
            ValueError: there are more workers than examples.
        """
        if len(x) < self.workers:
            raise ValueError(
                f"A batch of {len(x)} has no share for each of {self.workers} workers: choose a"
                " batch size that leaves a larger rest, or fewer workers."
            )
        mine = slice(self.rank, None, self.workers)
        share = np.float32(len(x[mine]) / len(x))
        loss, right = self._step(tf.constant(x[mine]), tf.constant(y[mine]), tf.constant(share))
        return float(loss), float(right) / len(x)

    def evaluate(self, x: np.ndarray, y: np.ndarray, batch_size: int) -> tuple[float, float]:
        """Mean loss and accuracy on examples that the workers share."""
        sums = np.zeros(2, np.float32)
        for start in range(self.rank * batch_size, len(x), self.workers * batch_size):
            part = slice(start, start + batch_size)
            loss, right = self._measure(tf.constant(x[part]), tf.constant(y[part]))
            sums += [float(loss) * len(x[part]), float(right)]
        (sums,) = self._add([tf.constant(sums)])
        loss, right = sums.numpy() / len(x)
        return float(loss), float(right)

    def _step_of_all(self, x: tf.Tensor, y: tf.Tensor, share: tf.Tensor) -> list[tf.Tensor]:
        return self.strategy.run(self._step_here, args=(x, y, share))

    def _step_here(self, x: tf.Tensor, y: tf.Tensor, share: tf.Tensor) -> list[tf.Tensor]:
        model, weights = self.model, self.model.trainable_variables
        with tf.GradientTape() as tape:
            logits = model(x, training=True)
            # Keras divides the loss by the number of workers. A worker's mean counts as much as
            # its share of the batch.
            loss = model.compute_loss(x, y, logits) * self.workers * share
        gradients = tape.gradient(loss, [weight.value for weight in weights])
        loss, right, *gradients = self._sum([loss, _right(y, logits), *gradients])
        # The optimizer clips what it is given, and only then adds up over the workers. So it is
        # given the sum, clipped, in as many equal parts.
        gradients = model.optimizer._clip_gradients(gradients)
        model.optimizer.apply([gradient / self.workers for gradient in gradients], weights)
        return [loss, right]

    def _measured_here(self, x: tf.Tensor, y: tf.Tensor) -> list[tf.Tensor]:
        logits = self.model(x, training=False)
        return [self.model.compute_loss(x, y, logits, training=False), _right(y, logits)]

    def _added_over_all(self, tensors: list[tf.Tensor]) -> list[tf.Tensor]:
        return self.strategy.run(self._sum, args=(tensors,))

    def _sum(self, tensors: list[tf.Tensor]) -> list[tf.Tensor]:
        # What came in from outside has no device yet; a copy made here has this worker's.
        tensors = [tf.identity(tensor) for tensor in tensors]
        return tf.distribute.get_replica_context().all_reduce("sum", tensors)


def train(
    strategy: tf.distribute.Strategy,
    build: Callable[[], keras.Model],
    data: Examples,
    *,
    epochs: int,
    validation_data: Examples | None = None,
    batch_size: int = 32,
    seed: int = 0,
    after_epoch: Callable[[Loop], None] = lambda loop: None,
) -> tuple[keras.Model, dict[str, list[float]]]:
    """Train a classifier; all workers call this alike, with the same arguments.

    Batches and their order are those of `course_lib.training.fit.fit`, and the result is that of
    one process, but for rounding: sums are added in another order.

    Args:
        strategy, build: as `Loop` takes them.
        data: inputs (N, ...) and integer labels (N,).
        epochs: number of epochs.
        validation_data: likewise; not trained on.
        batch_size: examples in a step, of all workers together.
        seed: of the order of the examples.
        after_epoch: called at the end of each, by all workers.

    Returns:
        The model and its learning curves, one number an epoch: `loss` and `accuracy` of the batches
        as they were trained on, `val_loss` and `val_accuracy` at the end of the epoch.

    Raises:
        ValueError: a batch has no share for each worker, or a worker has more devices than one.
        ArithmeticError: the loss of a step is NaN or infinite.
    """
    x, y = data
    loop = Loop(strategy, build)
    curves: dict[str, list[float]] = {}
    for epoch in range(epochs):
        shuffled, sums = np.asarray(order(len(x), seed, epoch)), np.zeros(2)
        for start in range(0, len(x), batch_size):
            batch = shuffled[start : start + batch_size]
            loss, accuracy = loop.train(x[batch], y[batch])
            if not np.isfinite(loss):
                raise ArithmeticError(
                    f"The loss is {loss} in epoch {epoch + 1}, step {start // batch_size + 1}."
                    " Train with one process to be told where it began."
                )
            sums += np.array([loss, accuracy]) * len(batch)
        points = dict(zip(("loss", "accuracy"), sums / len(x), strict=True))
        if validation_data is not None:
            measured = loop.evaluate(*validation_data, batch_size)
            points |= zip(("val_loss", "val_accuracy"), measured, strict=True)
        for name, value in points.items():
            curves.setdefault(name, []).append(float(value))
        after_epoch(loop)
    return loop.model, curves


def _right(y: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """How many labels have the largest logit."""
    return tf.reduce_sum(tf.cast(tf.argmax(logits, axis=-1) == tf.cast(y, tf.int64), tf.float32))
