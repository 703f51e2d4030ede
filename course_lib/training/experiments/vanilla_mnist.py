"""MNIST read row by row with a vanilla RNN: 28 steps of 28 pixels, then ten logits.

The test set is never used to choose anything: the epoch is the one with the lowest loss on a
validation split, which is taken from the training images. The accuracy on the test set is written
down after every epoch only to draw the curve.
"""

import math
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from course_lib.data import Mnist

CURVES = ("train_loss", "train_accuracy", "validation_loss", "validation_accuracy")


@dataclass(frozen=True)
class Config:
    """What a run is made of; stored with its result."""

    units: int = 150
    learning_rate: float = 1e-3
    decay: str = "cosine"  # of the learning rate, to zero over the whole run; or "none"
    batch_size: int = 150
    epochs: int = 12
    validation: int = 5_000


QUICK = {"epochs": 2, "validation": 1_000}


def build_model(
    units: int,
    learning_rate: "float | keras.optimizers.schedules.LearningRateSchedule",
    steps: int = 28,
) -> "keras.Model":
    """A compiled model: our own cell, run over the 28 rows, and a linear readout of the last state.

    Args:
        units: number of units, n.
        learning_rate: learning rate of Adam, or its schedule.
        steps: number of rows, T.

    Returns:
        A model from images (batch, T, 28) to logits (batch, 10).
    """
    import keras

    from course_lib.layers import VanillaRNNCell

    model = keras.Sequential(
        [
            keras.Input((steps, 28)),
            keras.layers.RNN(VanillaRNNCell(units)),
            keras.layers.Dense(10),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


def learning_rate(
    config: Config, examples: int
) -> "float | keras.optimizers.schedules.LearningRateSchedule":
    """The learning rate, or its schedule: half a cosine from its full size down to zero.

    Raises:
        ValueError: `config.decay` is neither "cosine" nor "none".
    """
    import keras

    if config.decay == "none":
        return config.learning_rate
    if config.decay != "cosine":
        raise ValueError(f'decay is {config.decay!r}; choose "cosine" or "none".')
    steps = config.epochs * math.ceil(examples / config.batch_size)
    return keras.optimizers.schedules.CosineDecay(config.learning_rate, steps)


def split(count: int, validation: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the training and of the validation examples: a seeded shuffle, cut once."""
    order = np.random.default_rng(seed).permutation(count)
    return order[validation:], order[:validation]


def run(
    data: "Mnist",
    seed: int,
    quick: bool = False,
    verbose: int = 2,
    strategy: "tf.distribute.Strategy | None" = None,
    **settings: Any,
) -> dict[str, Any]:
    """Train, and return the configuration, a curve for every quantity, and a summary.

    Args:
        data: MNIST as `load_mnist` gives it.
        seed: seed of the split, of the weights and of the order of the batches.
        quick: two epochs instead of twelve.
        verbose: as in `keras.Model.fit`.
        strategy: what joins this process to the other workers; without it there are none.
        settings: fields of `Config` that shall differ from its defaults.

    Returns:
        A dict with `config`, `curves` (a list with one number an epoch each) and `summary`.
    """
    import keras

    from course_lib.training.seeding import seed_everything

    config = replace(Config(**settings), **(QUICK if quick else {}))
    train, validation = split(len(data.x_train), config.validation, seed)
    x, y = data.x_train[train], data.y_train[train]
    common = {
        "batch_size": config.batch_size,
        "epochs": config.epochs,
        "validation_data": (data.x_train[validation], data.y_train[validation]),
    }
    test_accuracy: list[float] = []

    def build() -> "keras.Model":
        seed_everything(seed)
        return build_model(config.units, learning_rate(config, len(train)))

    if strategy is None:
        model = build()

        def test(epoch: int, logs: dict[str, float]) -> None:
            _, accuracy = model.evaluate(data.x_test, data.y_test, batch_size=1_000, verbose=0)
            test_accuracy.append(accuracy)

        callbacks = [keras.callbacks.LambdaCallback(on_epoch_end=test)]
        history = model.fit(x, y, callbacks=callbacks, verbose=verbose, **common).history
    else:
        from course_lib.training import multi_worker

        def test_together(loop: multi_worker.Loop) -> None:
            test_accuracy.append(loop.evaluate(data.x_test, data.y_test, 1_000)[1])

        model, history = multi_worker.train(
            strategy, build, (x, y), seed=seed, after_epoch=test_together, **common
        )

    keys = ("loss", "accuracy", "val_loss", "val_accuracy")
    curves = {curve: history[key] for curve, key in zip(CURVES, keys, strict=True)}
    curves["test_accuracy"] = test_accuracy
    chosen = int(np.argmin(curves["validation_loss"]))
    return {
        "config": {
            **asdict(config),
            "cell": "VanillaRNNCell",
            "optimizer": "Adam",
            "train": len(train),
            "test": len(data.x_test),
            "data": data.name,
            "parameters": model.count_params(),
        },
        "curves": {name: [round(float(value), 6) for value in c] for name, c in curves.items()},
        "summary": {
            "chosen_epoch": chosen + 1,
            "validation_accuracy": round(float(curves["validation_accuracy"][chosen]), 4),
            "test_accuracy": round(float(test_accuracy[chosen]), 4),
            "best_test_accuracy": round(float(max(test_accuracy)), 4),
            "best_test_epoch": int(np.argmax(test_accuracy)) + 1,
        },
    }
