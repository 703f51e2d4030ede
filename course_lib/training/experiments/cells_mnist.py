"""Three cells on MNIST by rows: with little data and with all of it, with and without dropout."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from course_lib.training.experiments.gated_mnist import QUICK, Config, train

if TYPE_CHECKING:
    from course_lib.data import Mnist

CELLS = ("vanilla", "gru", "lstm")
# Of the training images -> epochs at most. Less data gets more epochs, and fewer updates all the
# same: early stopping ends what no longer helps.
EPOCHS = {0.01: 40, 0.1: 15, 1.0: 5}
DROPOUT = (0.0, 0.3)
PATIENCE = 5
UNITS = 64


def run(data: "Mnist", seed: int, quick: bool = False, verbose: int = 2) -> dict[str, Any]:
    """Train every cell on every part of the data, without and with dropout.

    Args:
        data: MNIST as `load_mnist` gives it.
        seed: seed of every run. A smaller part of the data is inside each larger one.
        quick: one epoch of small networks.
        verbose: as in `keras.Model.fit`; the runs' summaries are printed unless it is 0.

    Returns:
        A dict with `config`; `curves`, for each run, named as "lstm 0.1 dropout 0.3", the
        validation accuracy after each epoch; and `summary`, for each run its examples, the epoch
        that was chosen and its validation and test accuracy.
    """
    curves, summary = {}, {}
    for fraction, epochs in EPOCHS.items():
        for cell in CELLS:
            for dropout in DROPOUT:
                config = Config(
                    cell=cell,
                    dropout=dropout,
                    fraction=fraction,
                    patience=PATIENCE,
                    **({"epochs": epochs, "units": UNITS} | (QUICK if quick else {})),
                )
                one = train(data, seed, config, verbose=0)
                name = run_name(cell, fraction, dropout)
                curves[name] = one["curves"]["validation_accuracy"]
                summary[name] = {"train": one["config"]["train"], **one["summary"]}
                if verbose:
                    print(name, summary[name], flush=True)
    shared = asdict(config)
    for varied in ("cell", "dropout", "fraction", "epochs"):
        del shared[varied]
    return {
        "config": {
            **shared,
            "cells": CELLS,
            "dropout": DROPOUT,
            "epochs": {str(fraction): epochs for fraction, epochs in EPOCHS.items()},
            "optimizer": "Adam",
            "test": len(data.x_test),
            "data": data.name,
        },
        "curves": curves,
        "summary": summary,
    }


def run_name(cell: str, fraction: float, dropout: float) -> str:
    """The key of a run in the stored result."""
    return f"{cell} {fraction:g} dropout {dropout:g}"
