"""Pixel MNIST by diagonal layers: 784 steps of one pixel, and a guess after the last.

One layer and a stack learn by BPTT: Keras differentiates the layers as they stand. Where only the
last state is read, that is a product with powers of the eigenvalues, whose gradient is the one that
exact traces give; a test holds it against them over all 784 steps. By exact traces the same layer
learns in memory that doesn't grow with the steps. Online its weights change inside the sequence.
The epoch is the one with the lowest loss on images that were split off the training set.
"""

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from course_lib.training.experiments.vanilla_mnist import split

if TYPE_CHECKING:
    import keras

    from course_lib.data import Mnist

STEPS = 784
KINDS = ("one", "traces", "online", "stack")
CURVES = {
    "loss": "train_loss",
    "val_loss": "validation_loss",
    "val_accuracy": "validation_accuracy",
    "test_accuracy": "test_accuracy",
    "seconds": "seconds",
}


@dataclass(frozen=True)
class Config:
    """What a run is made of; stored with its result."""

    kind: str = "one"  # "one" layer, by "traces", "online", or a "stack"
    order: str = "rows"  # of the pixels; "permuted": all images in one random order
    units: int = 256  # complex ones, in the first layer
    timescales: tuple[float, float] = (3.0, 1500.0)
    max_phase: float = float(np.pi / 10)
    hidden: int = 256  # of the readout; in a stack, what goes from block to block
    blocks: int = 2  # of a stack, above its first layer
    block_units: int = 128
    every: int = 28  # steps of the first layer to one of the blocks
    update_every: int = 28  # steps, online
    ramp: float = 0.0  # online: a guess after step t counts (t / 784)^ramp
    clock_speed: float = 1.0  # online: of the learning of decays and angles, against all else
    dropout: float = 0.0
    learning_rate: float = 2e-3  # of Adam, down to zero over the run, half a cosine
    batch_size: int = 100
    epochs: int = 12
    seeds: tuple[int, ...] = (0, 1, 2)
    validation: int = 5_000
    examples: int = 0  # images to train on; 0: all

    def __post_init__(self) -> None:
        """See that there is such a kind and such an order.

        Raises:
            ValueError: there isn't.
        """
        if self.kind not in KINDS:
            raise ValueError(f"kind is {self.kind!r}; choose {' or '.join(map(repr, KINDS))}.")
        if self.order not in ("rows", "permuted"):
            raise ValueError(f'order is {self.order!r}; choose "rows" or "permuted".')


QUICK = {
    "epochs": 2,
    "seeds": (0,),
    "validation": 1_000,
    "examples": 1_000,
    "units": 32,
    "hidden": 32,
    "block_units": 16,
}


def network(config: Config, seed: int) -> "keras.Model":
    """The network of a run, from (batch, 784, 1) to logits."""
    import keras

    from course_lib.layers import LRU, ResidualBlock
    from course_lib.online import OnlineScan

    first = LRU(
        config.units,
        timescales=config.timescales,
        max_phase=config.max_phase,
        seed=seed,
        return_sequences=config.kind == "stack",
        every=config.every if config.kind == "stack" else 1,
    )
    layers = [first]
    if config.kind == "stack":
        layers += [keras.layers.LayerNormalization(), keras.layers.Dense(config.hidden)]
        for number in range(1, config.blocks + 1):
            recurrence = LRU(
                config.block_units,
                timescales=(1.0, STEPS / config.every),
                seed=seed + 100 * number,
                return_sequences=number < config.blocks,
            )
            layers.append(ResidualBlock(recurrence, config.dropout, seed + 100 * number))
    if config.kind in ("traces", "online"):
        model = OnlineScan(first, readout(config))
        model.build((None, STEPS, 1))
        return model
    return keras.Sequential([keras.Input((STEPS, 1)), *layers, readout(config)])


def readout(config: Config) -> "keras.Model":
    """What makes logits of the last state."""
    import keras

    return keras.Sequential(
        [
            keras.layers.LayerNormalization(),
            keras.layers.Dense(config.hidden, activation="gelu"),
            keras.layers.Dropout(config.dropout),
            keras.layers.Dense(10),
        ]
    )


def run(
    data: "Mnist", seed: int, quick: bool = False, verbose: int = 2, **settings: Any
) -> dict[str, Any]:
    """Train from each seed, and return the configuration, curves and a summary.

    Args:
        data: MNIST as `load_mnist` gives it.
        seed: added to the seeds of the configuration: of the split, of the weights and of the
            order of the batches.
        quick: two epochs of a thousand images, a small network, one seed.
        verbose: as in `keras.Model.fit`.
        settings: fields of `Config` that shall differ from its defaults.

    Returns:
        A dict with `config`, `curves` (of each seed, one number an epoch) and `summary`: lists of
        one number a seed, and `mean_test_accuracy`.
    """
    config = replace(Config(**settings), **(QUICK if quick else {}))
    runs = [train(config, data, seed + one, verbose) for one in config.seeds]
    chosen = [int(np.argmin(curves["validation_loss"])) for curves in runs]

    def at_chosen(name: str) -> list[float]:
        found = zip(runs, chosen, strict=True)
        return [round(float(curves[name][epoch]), 4) for curves, epoch in found]

    accuracies = at_chosen("test_accuracy")
    return {
        "config": {
            **asdict(config),
            "optimizer": "Adam",
            "train": config.examples or len(data.x_train) - config.validation,
            "test": len(data.x_test),
            "data": data.name,
            "steps": STEPS,
        },
        "curves": {
            f"seed {seed + one}": curves for one, curves in zip(config.seeds, runs, strict=True)
        },
        "summary": {
            "chosen_epoch": [epoch + 1 for epoch in chosen],
            "validation_accuracy": at_chosen("validation_accuracy"),
            "test_accuracy": accuracies,
            "mean_test_accuracy": round(float(np.mean(accuracies)), 4),
            "seconds_an_epoch": round(float(np.median([c["seconds"] for c in runs])), 1),
        },
    }


def train(config: Config, data: "Mnist", seed: int, verbose: int) -> dict[str, list[float]]:
    """One run; its curves, with the test accuracy after each epoch, which chooses nothing."""
    import keras

    from course_lib.training.callbacks import TestAccuracy
    from course_lib.training.fit import fit
    from course_lib.training.seeding import seed_everything

    train, validation = split(len(data.x_train), config.validation, seed)
    train = train[: config.examples or None]
    mean, scale = data.x_train[train].mean(), data.x_train[train].std()
    order = np.arange(STEPS)
    if config.order == "permuted":
        order = np.random.default_rng(0).permutation(STEPS)

    def sequences(images: np.ndarray) -> np.ndarray:
        pixels = images.reshape(-1, STEPS)[:, order, None]
        return ((pixels - mean) / scale).astype(np.float32)

    seed_everything(seed)
    x_train, x_test = sequences(data.x_train[train]), sequences(data.x_test)
    steps = config.epochs * -(-len(train) // config.batch_size)
    traces = {"rule": "exact"} if config.kind in ("traces", "online") else {}
    if config.kind == "online":
        traces |= {
            "update_every": config.update_every,
            "ramp": config.ramp,
            "clock_speed": config.clock_speed,
        }
        steps *= -(-STEPS // config.update_every)
    model = network(config, seed)
    decay = keras.optimizers.schedules.CosineDecay(config.learning_rate, steps)
    model.compile(
        keras.optimizers.Adam(decay, global_clipnorm=1.0),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=bool(traces),  # a loop is worth it, a scan in one product is not
        **traces,
    )

    history = fit(
        model,
        (x_train, data.y_train[train]),
        epochs=config.epochs,
        validation_data=(sequences(data.x_train[validation]), data.y_train[validation]),
        batch_size=config.batch_size,
        seed=seed,
        callbacks=[TestAccuracy(x_test, data.y_test)],
        verbose=verbose,
    )
    keras.backend.clear_session()
    return {
        new: [round(float(v), 6) for v in history[old]]
        for old, new in CURVES.items()
        if old in history
    }
