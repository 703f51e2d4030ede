"""MNIST as a sequence, by rows or by pixels, with the online rules and with BPTT on the same net.

The rule is all that differs between two runs of a task. The test set is never used to choose
anything: the epoch is the one with the lowest loss on images that were split off the training set.
"""

import hashlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from course_lib.training.experiments.vanilla_mnist import split

if TYPE_CHECKING:
    from course_lib.data import Mnist
    from course_lib.online import OnlineRNN

# A run that was killed goes on from here. It is removed when the run is done.
UNFINISHED = Path("benchmarks") / "unfinished"
CURVES = {
    "loss": "train_loss",
    "accuracy": "train_accuracy",
    "kernel_r2": "kernel_r2",
    "val_loss": "validation_loss",
    "val_accuracy": "validation_accuracy",
    "test_accuracy": "test_accuracy",
    "seconds": "seconds",
}


@dataclass(frozen=True)
class Config:
    """What a run is made of; stored with its result."""

    rule: str = "kernl"
    task: str = "rows"
    pixels: int = 28  # in a step; T = 784 / pixels
    units: int = 128
    activation: str = "tanh"
    leak: float | tuple[float, float] = 0.5  # two: the fastest and the slowest unit
    recurrent: float = 1.0  # W_hh starts as so many times identity
    noise: float = 1e-3  # and this much noise
    readout_speed: float = 1.0  # of its learning, against that of the cell
    gain: float = 1.0  # what a pixel, from 0 to 1, is multiplied by
    standardise: int = (
        0  # images whose last states, at the start, set mean and scale of the readout's inputs
    )
    learning_rate: float = 2e-3  # of Adam, down to zero over the run, half a cosine
    kernel_learning_rate: float = 0.02
    clip: float = 1.0  # of the norm of all gradients together
    samples: int = 64  # sequences that are disturbed, of a batch
    timescales: str | tuple[float, float] | None = None  # 1/gamma at the start; None: T/2 and T
    trained: str = "all"  # or "readout", which leaves the recurrent net as it was drawn
    batch_size: int = 100
    epochs: int = 20
    examples: int = 0  # images to train on; 0: all
    validation: int = 5_000


# A task is settings beside those above.
TASKS = {
    "rows": {},
    "pixels": {
        "pixels": 1,
        "leak": (1.0, 0.003),
        "recurrent": 0.0,
        "noise": 0.09,
        "gain": 10.0,
        "standardise": 1_000,
        "timescales": "leak",
        "readout_speed": 50.0,
        "learning_rate": 1e-4,
        "samples": 16,
        "epochs": 10,
    },
}
QUICK = {"epochs": 2, "validation": 1_000, "examples": 1_000, "pixels": 28}


def build_model(config: Config, steps: int, images: np.ndarray, seed: int) -> "OnlineRNN":
    """A compiled and built model for images (batch, T, pixels).

    Args:
        config: of the run.
        steps: of the optimizer, over the whole run.
        images: those of the training set, to begin from.
        seed: of what the rule draws. The weights are drawn by Keras's own generator.
    """
    import keras

    from course_lib.online import LeakyRNNCell, OnlineRNN

    cell = LeakyRNNCell(
        config.units,
        config.activation,
        leak=config.leak,
        recurrent=config.recurrent,
        noise=config.noise,
    )
    readout = keras.layers.Dense(10)
    if config.standardise:
        # A slow unit moves little: without this the readout would hardly hear it. Adam moves every
        # weight alike, so the readout learns as many times as fast as its inputs are larger.
        h = keras.layers.RNN(cell)(images[: config.standardise])
        h = keras.ops.convert_to_numpy(h)
        scale = keras.layers.Normalization(
            mean=h.mean(axis=0), variance=h.var(axis=0) / config.readout_speed**2
        )
        readout = keras.Sequential([scale, keras.layers.Dense(10, kernel_initializer="zeros")])
    model = OnlineRNN(cell, readout)
    model.build((None, 784 // config.pixels, config.pixels))
    cell.trainable = config.trained == "all"
    decay = keras.optimizers.schedules.CosineDecay
    model.compile(
        keras.optimizers.Adam(decay(config.learning_rate, steps), global_clipnorm=config.clip),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        rule=config.rule,
        kernel_optimizer=keras.optimizers.SGD(config.kernel_learning_rate),
        timescales=config.timescales,
        samples=config.samples,
        seed=seed,
        jit_compile=False,
    )
    return model


def unfinished(config: Config, seed: int) -> Path:
    """Where a run is kept until it is done: two that differ in any setting have a folder each."""
    made_of = hashlib.sha256(repr(config).encode()).hexdigest()[:8]
    return UNFINISHED / f"mnist-{config.task}-{config.rule}-{seed}-{made_of}"


def parts(config: Config, data: "Mnist", seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the images to train on, and of those that are held back to choose by."""
    train, validation = split(len(data.x_train), config.validation, seed)
    return train[: config.examples or None], validation


def sequences(config: Config, images: np.ndarray) -> np.ndarray:
    """Images as (count, T, pixels), so many pixels a step."""
    return config.gain * images.reshape(-1, 784 // config.pixels, config.pixels)


def train(
    config: Config,
    data: "Mnist",
    seed: int,
    folder: Path | None = None,
    callbacks: tuple = (),
    verbose: int = 2,
) -> dict[str, list[float]]:
    """Train one net; the test set isn't looked at.

    Args:
        config: of the run.
        data: MNIST as `load_mnist` gives it.
        seed: seed of the split, of the weights and of the order of the batches.
        folder: where the run is kept while it isn't done; None: nowhere.
        callbacks: Keras's, for what else is to be measured.
        verbose: as in `keras.Model.fit`.

    Returns:
        The history of `fit`: a list with one number an epoch each.
    """
    from course_lib.training.fit import fit
    from course_lib.training.seeding import seed_everything

    train, validation = parts(config, data, seed)
    seed_everything(seed)
    x_train = sequences(config, data.x_train[train])
    steps = config.epochs * -(-len(train) // config.batch_size)
    return fit(
        build_model(config, steps, x_train, seed),
        (x_train, data.y_train[train]),
        epochs=config.epochs,
        validation_data=(sequences(config, data.x_train[validation]), data.y_train[validation]),
        batch_size=config.batch_size,
        seed=seed,
        checkpoint_dir=folder,
        callbacks=list(callbacks),
        verbose=verbose,
    )


def run(
    data: "Mnist", seed: int, quick: bool = False, verbose: int = 2, **settings: Any
) -> dict[str, Any]:
    """Train, and return the configuration, a curve for every quantity, and a summary.

    Args:
        data: MNIST as `load_mnist` gives it.
        seed: seed of the split, of the weights and of the order of the batches.
        quick: two epochs of a thousand images, read by rows.
        verbose: as in `keras.Model.fit`.
        settings: fields of `Config` that shall differ from its defaults.

    Returns:
        A dict with `config`, `curves` (a list with one number an epoch each) and `summary`.
    """
    import shutil

    from course_lib.training.callbacks import TestAccuracy

    task = TASKS[settings.get("task", "rows")]
    config = replace(Config(**{**task, **settings}), **(QUICK if quick else {}))
    folder = None if quick else unfinished(config, seed)
    test = TestAccuracy(sequences(config, data.x_test), data.y_test)
    history = train(config, data, seed, folder, (test,), verbose)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
    curves = {new: history[old] for old, new in CURVES.items() if old in history}
    chosen = int(np.argmin(curves["validation_loss"]))
    return {
        "config": {
            **asdict(config),
            "cell": "LeakyRNNCell",
            "optimizer": "Adam",
            "train": len(parts(config, data, seed)[0]),
            "test": len(data.x_test),
            "data": data.name,
            "steps": 784 // config.pixels,
        },
        "curves": {name: [round(float(v), 6) for v in c] for name, c in curves.items()},
        "summary": {
            "chosen_epoch": chosen + 1,
            "validation_accuracy": round(float(curves["validation_accuracy"][chosen]), 4),
            "test_accuracy": round(float(curves["test_accuracy"][chosen]), 4),
            "seconds_an_epoch": round(float(np.median(curves["seconds"])), 2),
        },
    }
