"""What watches a run: it stops when a number is lost, and it keeps what a killed run needs."""

import contextlib
import functools
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

SCALARS = tf.compat.v1.SummaryMetadata(
    plugin_data=tf.compat.v1.SummaryMetadata.PluginData(plugin_name="scalars")
)
SMALLER_STEP = "a smaller learning rate (it was {rate:g})"
CLIP = "gradients clipped by their global norm: global_clipnorm=1.0 in the optimizer"
LOGITS = "the loss from logits: no softmax in the last layer, from_logits=True in the loss"


class NonFiniteError(ArithmeticError):
    """A training step gave a number that is NaN or infinite.

    Attributes:
        epoch, step: where, counted from 1; of steps that ran as one, the last.
        layer: name of the layer where it began; None if that is no layer, but the loss, or if
            several steps ran as one.
    """

    def __init__(self, message: str, epoch: int, step: int, layer: str | None) -> None:
        super().__init__(message)
        self.epoch, self.step, self.layer = epoch, step, layer


class TerminateOnNaN(keras.callbacks.Callback):
    """Stop at the first step that loses a number, and say where it began and what to try.

    Keras's callback of this name looks at the loss alone. By then the update has spread the NaN
    over all weights, and no layer can be told from another. This one looks at the weights too, and
    keeps those from before each step. With them it takes the bad step again, slowly, and looks at
    every layer. The model is left with the weights from before that step. Steps that ran as one,
    with `steps_per_execution`, can't be told apart: the message then says so, and no layer.

    Args:
        batch: from an epoch and a step, both counted from 0, to the step's batch (x, y).

    Raises:
        NonFiniteError: in `fit`, at the end of such a step.
    """

    def __init__(self, batch: Callable[[int, int], tuple[Any, Any]]) -> None:
        super().__init__()
        self.batch = batch
        self.epoch = self.taken = 0

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Keep the weights that the run begins with."""
        self.weights = [w for w in self.model.weights if keras.backend.is_float_dtype(w.dtype)]
        self.before = self._values()
        # Traced here: a function that is traced anew in each run makes TensorFlow warn of it.
        self.all_finite = tf.function(_all_finite).get_concrete_function(self.before)

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Note the epoch, which Keras does not tell at the end of a step."""
        self.epoch, self.taken = epoch, 0

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Look at the loss and at the new weights."""
        first, self.taken = self.taken, batch + 1
        loss, after = float((logs or {}).get("loss", 0.0)), self._values()
        if np.isfinite(loss) and bool(self.all_finite(after)):
            self.before = after
            return
        for weight, value in zip(self.weights, self.before, strict=True):
            weight.assign(value)
        if batch > first:
            steps, earlier = f"one of the steps {first + 1} to {batch + 1}", "all of these"
            layer = None
            where = "in one of these, which ran as one: steps_per_execution=1 shows in which layer"
        else:
            steps, earlier = f"step {batch + 1}", "that step"
            layer, where = self._began(after, *self.batch(self.epoch, batch))
        rate = float(self.model.optimizer.learning_rate.numpy())
        tries = [SMALLER_STEP.format(rate=rate), *([CLIP, LOGITS] if layer else [LOGITS, CLIP])]
        raise NonFiniteError(
            f"Training stopped in epoch {self.epoch + 1}, {steps}, with a loss of"
            f" {loss:g}. The first number that is not finite is {where}.\nTry:\n"
            + "\n".join(f"- {advice}" for advice in tries)
            + f"\nThe model has the weights from before {earlier}.",
            self.epoch + 1,
            batch + 1,
            layer,
        )

    def _values(self) -> list[tf.Tensor]:
        return [tf.identity(weight.value) for weight in self.weights]

    def _began(self, after: list[tf.Tensor], x: Any, y: Any) -> tuple[str | None, str]:
        """The layer, and in words the place, of the first number that is not finite.

        The order is that of the step itself: layers forward, loss, gradients backward, update.
        """
        loudest = ""
        with tf.GradientTape() as tape, _heard(self.model) as outputs:
            loss = self.model.compute_loss(x, y, self.model(x, training=True))
        for layer, parts in outputs:
            if not _all_finite(parts):
                return layer.name, f"in the output of layer {layer.name!r}"
            size = max(float(tf.reduce_max(tf.abs(part))) for part in parts)
            loudest = f"; the output of layer {layer.name!r} reaches {size:g}"
        if not _all_finite([loss]):
            return None, f"the loss itself{loudest}"
        trainable = self.model.trainable_variables
        gradients = tape.gradient(loss, [weight.value for weight in trainable])
        for weight, gradient in reversed(list(zip(trainable, gradients, strict=True))):
            if gradient is not None and not _all_finite([gradient]):
                name = _layer_of(self.model, weight)
                return name, f"in the gradient of {weight.name} in layer {name!r}"
        for weight, value in zip(self.weights, after, strict=True):
            if not _all_finite([value]):
                name = _layer_of(self.model, weight)
                return name, f"in {weight.name} of layer {name!r}, after the update"
        return None, "the loss; it does not come back when the step is taken again"


class EarlyStopping(keras.callbacks.EarlyStopping):
    """Keras's own, but NaN is the worst there is, in the first epoch too.

    Keras takes the first epoch for the best one whatever its number is, and nothing is below NaN,
    nor above it.
    """

    def get_monitor_value(self, logs: dict | None) -> float | None:
        """The number that it judges by."""
        value = super().get_monitor_value(logs)
        if value is None or not np.isnan(value):
            return value
        return np.inf if bool(self.monitor_op(0.0, 1.0)) else -np.inf


class Checkpoint(keras.callbacks.Callback):
    """Keep at the end of every epoch all that the rest of the run depends on.

    That is more than `keras.callbacks.BackupAndRestore` keeps: also the state of early stopping
    with its best weights, that of the generators behind dropout, and the learning curves. It is one
    file, which is replaced in one go, so that a kill at any moment leaves a whole one.

    Args:
        folder: where to keep it.
        settings: what must be the same when the run goes on.
        early_stopping: the run's early stopping; it must come before this in the list of callbacks.
    """

    def __init__(
        self,
        folder: str | Path,
        settings: dict[str, Any],
        early_stopping: keras.callbacks.EarlyStopping | None = None,
    ) -> None:
        super().__init__()
        self.file = Path(folder) / "checkpoint.npz"
        self.settings = settings
        self.early_stopping = early_stopping
        self.curves: dict[str, list[float]] = {}
        self._early_state: dict[str, Any] = {}

    def restore(self, model: keras.Model) -> tuple[int, bool]:
        """Put a model and its optimizer where the last checkpoint left them.

        Returns:
            The number of epochs that are done, and whether early stopping has ended the run.

        Raises:
            ValueError: the checkpoint is of another model or of a run with other settings.
        """
        if not self.file.exists():
            return 0, False
        with np.load(self.file) as stored:
            kept = json.loads(str(stored["kept"]))
            values = [stored[f"variable_{i}"] for i in range(kept["variables"])]
            best = [stored[f"best_{i}"] for i in range(kept["best_weights"])]
        if kept["settings"] != self.settings:
            raise ValueError(
                f"{self.file} is of a run with {kept['settings']}, this one has {self.settings}."
                " Choose another folder, or remove that one."
            )
        variables = _state(model)
        if [value.shape for value in values] != [tuple(v.shape) for v in variables]:
            raise ValueError(f"{self.file} is of another model. Choose another folder.")
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        self.curves = kept["curves"]
        self._early_state = {**kept["early_stopping"], "best_weights": best or None}
        return kept["epoch"], kept["stopped"]

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Give early stopping its state back, which it has just cleared."""
        if self.early_stopping is not None:
            vars(self.early_stopping).update(self._early_state)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Write the checkpoint beside the old one, then put it in its place."""
        for name, value in (logs or {}).items():
            self.curves.setdefault(name, []).append(float(value))
        early, early_state, best = self.early_stopping, {}, []
        if early is not None:
            early_state = {
                "best": None if early.best is None else float(early.best),
                "wait": early.wait,
                "best_epoch": early.best_epoch,
            }
            best = early.best_weights or []
        values = [variable.numpy() for variable in _state(self.model)]
        kept = {
            "settings": self.settings,
            "epoch": epoch + 1,
            "stopped": bool(self.model.stop_training),
            "curves": self.curves,
            "early_stopping": early_state,
            "variables": len(values),
            "best_weights": len(best),
        }
        arrays = {f"variable_{i}": value for i, value in enumerate(values)}
        arrays |= {f"best_{i}": value for i, value in enumerate(best)}
        self.file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.file.with_suffix(".unfinished")
        with unfinished.open("wb") as file:
            np.savez(file, kept=json.dumps(kept), **arrays)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, self.file)


class TestAccuracy(keras.callbacks.Callback):
    """Add to the logs of each epoch its seconds, and then the accuracy on data that choose nothing.

    What is in the logs is in the history, and in a checkpoint's curves too.

    Args:
        x, y: the test set.
    """

    __test__ = False  # for pytest, which takes the name for a test's

    def __init__(self, x: Any, y: Any) -> None:
        super().__init__()
        self.x, self.y = x, y

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Look at the clock."""
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Add `seconds` and `test_accuracy`."""
        logs["seconds"] = time.perf_counter() - self.began
        found = self.model.evaluate(self.x, self.y, batch_size=1_000, verbose=0, return_dict=True)
        logs["test_accuracy"] = found["accuracy"]


class LearningCurves(keras.callbacks.Callback):
    """Write the learning curves for TensorBoard, which only their reader needs to have installed.

    Args:
        folder: it gets a folder `train` and a folder `validation`, as Keras makes them, so that
            TensorBoard draws both curves of a quantity in one picture.
    """

    def __init__(self, folder: str | Path) -> None:
        super().__init__()
        self.folder = Path(folder)

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Open both files."""
        self.writers = {
            part: tf.summary.create_file_writer(str(self.folder / part))
            for part in ("train", "validation")
        }

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Add a point to every curve."""
        for name, value in (logs or {}).items():
            part = "validation" if name.startswith("val_") else "train"
            tag = f"epoch_{name.removeprefix('val_')}"
            with self.writers[part].as_default(step=epoch):
                tf.summary.write(tag, tf.constant(value, tf.float32), metadata=SCALARS)
        for writer in self.writers.values():
            writer.flush()

    def on_train_end(self, logs: dict | None = None) -> None:
        """Close both files."""
        for writer in self.writers.values():
            writer.close()


def _all_finite(tensors: list[tf.Tensor]) -> tf.Tensor:
    return tf.reduce_all([tf.reduce_all(tf.math.is_finite(tensor)) for tensor in tensors])


@contextlib.contextmanager
def _heard(model: keras.Model) -> Iterator[list[tuple[keras.Layer, list[tf.Tensor]]]]:
    """Listen to every layer of a model, at any depth: a list of each with the floats it gave.

    The order is that in which they are done, so that a cell comes before the layer around it.
    """
    heard: list[tuple[keras.Layer, list[tf.Tensor]]] = []

    def listening(layer: keras.Layer, call: Callable) -> Callable:
        @functools.wraps(call)
        def listen(*arguments: Any, **options: Any) -> Any:
            output = call(*arguments, **options)
            parts = [
                part
                for part in tf.nest.flatten(output)
                if tf.is_tensor(part) and part.dtype.is_floating and tf.size(part) > 0
                if not tf.is_symbolic_tensor(part)  # in a graph of its own: nothing to see
            ]
            if parts:
                heard.append((layer, parts))
            return output

        return listen

    layers = list(model._flatten_layers(include_self=False))
    for layer in layers:
        vars(layer)["call"] = listening(layer, layer.call)
    try:
        yield heard
    finally:
        for layer in layers:
            del vars(layer)["call"]


def _layer_of(model: keras.Model, weight: keras.Variable) -> str:
    """The innermost layer that has the weight."""

    def size(layer: keras.Layer) -> tuple[int, int]:
        # An RNN has as many weights as its cell, but one layer more.
        return len(layer.weights), len(list(layer._flatten_layers()))

    layers = model._flatten_layers()
    return min((r for r in layers if any(w is weight for w in r.weights)), key=size).name


def _state(model: keras.Model) -> list[keras.Variable]:
    """All variables that a run carries from step to step: weights, generators, optimizer.

    Metrics are left out: they begin anew with every epoch.
    """
    with model.distribute_strategy.scope():
        model.optimizer.build(model.trainable_variables)  # nothing, if they are there already
    metrics = {id(variable) for variable in model.metrics_variables}
    return [
        variable
        for variable in (*model.variables, *model.optimizer.variables)
        if id(variable) not in metrics
    ]
