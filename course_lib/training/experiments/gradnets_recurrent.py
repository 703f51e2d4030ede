"""An experiment of our own: a recurrent cell whose tanh is faded in, on the adding task.

Three cells of one size, the same data, batches, optimiser and budget; for each the learning rate
whose run ends with the lowest validation loss. The gate is fully open for the last half.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any

import keras
import numpy as np

from course_lib.data.generated import adding_problem, adding_problem_chance
from course_lib.layers.gate_schedule import GateSchedule
from course_lib.layers.gradnets import GradualRNNCell
from course_lib.training.seeding import seed_everything

NEEDS_MNIST = False

# cell -> its recurrent weights at first, and whether its gate moves or is open from the start
CELLS: dict[str, tuple[str, bool]] = {
    "tanh-orthogonal": ("orthogonal", False),
    "tanh-identity": ("identity", False),
    "gradual": ("identity", True),
}


@dataclass(frozen=True)
class Config:
    """What a run is made of; stored with its result."""

    T: int = 50
    units: int = 50
    batch_size: int = 100
    train: int = 20_000
    validation: int = 2_000
    test: int = 2_000
    epochs: int = 20
    anneal_epochs: int = 10
    clipnorm: float = 1.0
    rates: tuple[float, ...] = (0.003, 0.001, 0.0003)
    seeds: tuple[int, ...] = (0, 1, 2)


QUICK = {"T": 10, "train": 400, "validation": 200, "test": 200, "epochs": 2, "anneal_epochs": 1}


def build_model(cell: str, config: Config, rate: float) -> keras.Model:
    """A compiled model from sequences (batch, T, 2) to sums (batch, 1)."""
    initializer, gradual = CELLS[cell]
    model = keras.Sequential(
        [
            keras.Input((config.T, 2)),
            keras.layers.RNN(
                GradualRNNCell(
                    config.units,
                    g=0.0 if gradual else 1.0,
                    recurrent_initializer=initializer,
                )
            ),
            keras.layers.Dense(1),
        ]
    )
    optimizer = keras.optimizers.Adam(rate, clipnorm=config.clipnorm)
    model.compile(optimizer, loss="mse", jit_compile=True)
    return model


def run(data: None, seed: int, quick: bool = False) -> dict[str, Any]:
    """Train each cell with each rate from one seed, then the best rate from the others.

    Args:
        data: not used: the task is generated.
        seed: added to the seeds of the configuration.
        quick: short sequences, two epochs, one seed.

    Returns:
        A dict with `config`, `curves` (for each cell a list of runs with the mean squared error on
        training and validation sequences after every epoch) and `summary` (for each cell the
        rate, and for each seed the error on test sequences, at the open gate).
    """
    config = replace(Config(), **(QUICK if quick else {}))
    sets = [
        adding_problem(size, config.T, 1_000 * seed + number)
        for number, size in enumerate((config.train, config.validation, config.test))
    ]
    curves: dict[str, list[dict[str, Any]]] = {}
    summary = {}
    first, *others = config.seeds[: 1 if quick else None]
    for cell in CELLS:
        runs = [_train(cell, config, sets, rate, seed + first) for rate in config.rates]
        best = min(runs, key=lambda one: one["validation_loss"][-1])
        runs += [_train(cell, config, sets, best["rate"], seed + other) for other in others]
        curves[cell] = runs
        summary[cell] = {
            "learning_rate": best["rate"],
            "test_loss": [one["test_loss"] for one in runs if one["rate"] == best["rate"]],
        }
        print(cell, summary[cell], flush=True)
    return {
        "config": {**asdict(config), "chance": adding_problem_chance(), "optimizer": "Adam"},
        "curves": curves,
        "summary": summary,
    }


def _train(cell: str, config: Config, sets: list, rate: float, seed: int) -> dict[str, Any]:
    seed_everything(seed)
    model = build_model(cell, config, rate)
    training, validation, test = sets
    steps = config.train // config.batch_size
    gate = model.layers[0].cell
    callbacks = [GateSchedule([gate], config.anneal_epochs * steps)] if CELLS[cell][1] else []
    history = model.fit(
        training.x,
        training.y,
        batch_size=config.batch_size,
        epochs=config.epochs,
        validation_data=(validation.x, validation.y),
        validation_batch_size=1_000,
        callbacks=callbacks,
        verbose=0,
    ).history
    if float(gate.g) != 1:
        raise RuntimeError(f"The gate ends at {float(gate.g)}: the cell is not the one to compare.")
    return {
        "rate": rate,
        "seed": seed,
        "train_loss": _rounded(history["loss"]),
        "validation_loss": _rounded(history["val_loss"]),
        "test_loss": round(float(model.evaluate(test.x, test.y, batch_size=1_000, verbose=0)), 5),
    }


def _rounded(values: list[float]) -> list[float]:
    """To five digits after the point; a run that diverged has a loss that is no number."""
    return [round(v, 5) if np.isfinite(v) else float("inf") for v in map(float, values)]
