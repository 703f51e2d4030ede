"""MNIST read row by row with a gated cell: 28 steps of 28 pixels, then ten logits.

Early stopping looks at a validation split, which is taken from the training images. The test set is
looked at once, at the end, with the weights that the run has chosen.
"""

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from course_lib.training.experiments.vanilla_mnist import CURVES, learning_rate, split

if TYPE_CHECKING:
    import keras

    from course_lib.data import Mnist


@dataclass(frozen=True)
class Config:
    """What a run is made of; stored with its result."""

    cell: str = "lstm"  # a name in course_lib.layers.CELLS
    units: int = 128
    dropout: float = 0.0
    learning_rate: float = 3e-3
    decay: str = "cosine"  # of the learning rate, to zero over the whole run; or "none"
    clip_norm: float = 1.0  # of all gradients together
    batch_size: int = 100
    epochs: int = 12
    patience: int = 3  # stop after so many epochs without a lower validation loss
    validation: int = 5_000
    fraction: float = 1.0  # of the training images, after the validation split


QUICK = {"epochs": 1, "validation": 1_000, "units": 16}


def run(
    data: "Mnist", seed: int, quick: bool = False, verbose: int = 2, **settings: Any
) -> dict[str, Any]:
    """Train, and return the configuration, the curves, and a summary.

    Args:
        data: MNIST as `load_mnist` gives it.
        seed: seed of the split, of the weights, of the dropout and of the order of the batches.
        quick: one epoch of a small network.
        verbose: as in `keras.Model.fit`.
        settings: fields of `Config` that shall differ from its defaults.

    Returns:
        A dict with `config`, `curves` (a list with one number an epoch each) and `summary`.
    """
    config = replace(Config(**settings), **(QUICK if quick else {}))
    return train(data, seed, config, verbose)


def train(data: "Mnist", seed: int, config: Config, verbose: int = 2) -> dict[str, Any]:
    """One run with a given configuration; what is returned is as in `run`."""
    import numpy as np

    from course_lib.layers import compile_classifier, training_fraction
    from course_lib.training.fit import fit
    from course_lib.training.seeding import seed_everything

    chosen, validation = split(len(data.x_train), config.validation, seed)
    examples = training_fraction(
        data.x_train[chosen], data.y_train[chosen], config.fraction, seed=seed
    )
    seed_everything(seed)
    model = classifier(config, seed)
    rate = learning_rate(config, len(examples[0]))
    compile_classifier(model, rate, clip_norm=config.clip_norm, jit_compile=True)
    history = fit(
        model,
        examples,
        epochs=config.epochs,
        validation_data=(data.x_train[validation], data.y_train[validation]),
        batch_size=config.batch_size,
        seed=seed,
        patience=config.patience,
        verbose=verbose,
    )
    loss, accuracy = model.evaluate(data.x_test, data.y_test, batch_size=1_000, verbose=0)
    keys = ("loss", "accuracy", "val_loss", "val_accuracy")
    curves = {name: history[key] for name, key in zip(CURVES, keys, strict=True)}
    best = int(np.argmin(curves["validation_loss"]))
    return {
        "config": {
            **asdict(config),
            "optimizer": "Adam",
            "train": len(examples[0]),
            "test": len(data.x_test),
            "data": data.name,
            "parameters": model.count_params(),
        },
        "curves": {name: [round(float(value), 6) for value in c] for name, c in curves.items()},
        "summary": {
            "epochs_run": len(curves["train_loss"]),
            "chosen_epoch": best + 1,
            "validation_accuracy": round(float(curves["validation_accuracy"][best]), 4),
            "test_loss": round(float(loss), 6),
            "test_accuracy": round(float(accuracy), 4),
        },
    }


def classifier(config: Config, seed: int) -> "keras.Model":
    """The network of a configuration: built, not compiled."""
    from course_lib.layers import RecurrentClassifier

    model = RecurrentClassifier(
        cell=config.cell, units=config.units, dropout=config.dropout, seed=seed
    )
    model.build((None, 28, 28))
    return model
