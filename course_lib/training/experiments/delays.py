"""Recurrent cells on the adding and the copy problem, at growing delays.

One network a task, delay and cell: the cell, and a linear readout. All get the same examples, the
same number of updates and the same choice of learning rates; which one is taken is decided on a
validation set. The test set is looked at once, with the weights of the lowest validation loss.

A recurrence that is made to be scanned sees no state in its gates, so it stands between layers that
see one step: "lru" and "mingru" are such a block. "keras-lstm" is Keras's layer, which one kernel
computes on a GPU. "kernl" and "leaky" are chapter 5's leaky units, which learn with KeRNL and by
backpropagation through time.
"""

from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from course_lib.data import (
    adding_problem,
    adding_problem_chance,
    copy_memory,
    copy_memory_chance,
)

if TYPE_CHECKING:
    import keras

    from course_lib.data import Mnist
    from course_lib.online import OnlineRNN

CELLS = ("vanilla", "gru", "lstm")
SCANNED = ("lru", "mingru")
RULES = {"kernl": "kernl", "leaky": "bptt"}  # how the leaky units learn
NEEDS_MNIST = False


@dataclass(frozen=True)
class Config:
    """What a comparison is made of; stored with its result."""

    task: str = "adding"  # or "copy"
    cells: tuple[str, ...] = CELLS
    forget_bias: float = 1.0  # the LSTM's first one
    chrono: bool = False  # in its place: for memories from two steps to the whole sequence
    delays: tuple[int, ...] = (10, 25, 50, 100)  # adding: steps in all; copy: steps to wait
    units: int = 32
    examples: int = 10_000
    epochs: int = 10
    batch_size: int = 50
    learning_rates: tuple[float, ...] = (3e-3, 1e-2)
    clip_norm: float = 1.0  # of all gradients together
    validation: int = 1_000
    test: int = 1_000
    symbols: int = 8  # of the copy problem
    length: int = 3  # of the copy problem: symbols to recall


QUICK = {"delays": (5,), "units": 8, "examples": 200, "epochs": 1, "learning_rates": (1e-3,)}


def run(
    data: "Mnist | None", seed: int, quick: bool = False, verbose: int = 2, **settings: Any
) -> dict[str, Any]:
    """Train the cells at every delay.

    Args:
        data: not used; the examples are made on the spot.
        seed: seed of the examples, of the weights and of the order of the batches.
        quick: one epoch of small networks at one short delay.
        verbose: as in `keras.Model.fit`.
        settings: fields of `Config` that shall differ from its defaults.

    Returns:
        A dict with `config`; `curves`, for each cell and delay, as "lstm 50", the validation loss
        after each epoch at the learning rate that was chosen; and `summary`: the loss of a guess
        for each delay, and for each cell and delay that rate, the test loss, and the test loss as
        a part of the guess's.
    """
    config = replace(Config(**settings), **(QUICK if quick else {}))
    curves, runs = {}, {}
    guess = {str(delay): chance(config, delay) for delay in config.delays}
    for delay in config.delays:
        for cell in config.cells:
            tried = [
                train(config, cell, delay, rate, seed, verbose) for rate in config.learning_rates
            ]
            best = min(tried, key=lambda one: min(one["curve"]))
            name = f"{cell} {delay}"
            curves[name] = best.pop("curve")
            runs[name] = {**best, "of_guess": round(best["test_loss"] / guess[str(delay)], 4)}
            if verbose:
                print(name, runs[name], flush=True)
    return {
        "config": {**asdict(config), "optimizer": "Adam"},
        "curves": curves,
        "summary": {"guess": {d: round(g, 6) for d, g in guess.items()}, "runs": runs},
    }


def train(
    config: Config, cell: str, delay: int, rate: float, seed: int, verbose: int
) -> dict[str, Any]:
    """One network at one learning rate: that rate, the validation curve and the test loss."""
    import keras

    from course_lib.training.fit import fit
    from course_lib.training.seeding import seed_everything

    sizes = (config.examples, config.validation, config.test)
    training, validation, test = (
        examples(config, size, delay, 3 * seed + part) for part, size in enumerate(sizes)
    )
    seed_everything(seed)
    model = network(config, cell, training[0].shape[1:])
    if config.chrono and cell == "lstm":
        start_chrono(model.layers[0].layers[0].cell, training[0].shape[1], seed)
    steps = config.epochs * -(-config.examples // config.batch_size)
    model.compile(
        optimizer=keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(rate, steps), global_clipnorm=config.clip_norm
        ),
        loss=(
            "mse"
            if config.task == "adding"
            else keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        ),
        jit_compile=cell != "keras-lstm",  # XLA would take its fused kernel apart
        **({"rule": RULES[cell], "seed": seed} if cell in RULES else {}),
    )
    history = fit(
        model,
        training,
        epochs=config.epochs,
        validation_data=validation,
        batch_size=config.batch_size,
        seed=seed,
        patience=config.epochs,  # all epochs, and the best weights at the end
        verbose=0,
    )
    loss = model.evaluate(*test, batch_size=config.batch_size, verbose=0)
    curve = [round(float(value), 6) for value in history["val_loss"]]
    keras.backend.clear_session()
    return {"learning_rate": rate, "test_loss": round(float(loss), 6), "curve": curve}


def examples(config: Config, size: int, delay: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """So many examples of the task, inputs and targets.

    Raises:
        ValueError: the task is neither "adding" nor "copy".
    """
    if config.task == "adding":
        return tuple(adding_problem(size, delay, seed=seed))
    if config.task == "copy":
        return tuple(copy_memory(size, delay, config.symbols, config.length, seed=seed))
    raise ValueError(f'task is {config.task!r}; choose "adding" or "copy".')


def chance(config: Config, delay: int) -> float:
    """The test loss of one who knows the task and has seen nothing of the input."""
    if config.task == "adding":
        return adding_problem_chance()
    return copy_memory_chance(delay, config.symbols, config.length)


def network(config: Config, cell: str, shape: tuple[int, int]) -> "keras.Model":
    """The cell and a readout: of the last state for adding, of every state for copy."""
    import keras

    copy = config.task == "copy"
    outputs = config.symbols + 1 if copy else 1
    if cell in RULES:
        return leaky(config.units, outputs, shape, return_sequences=copy)
    readout = keras.layers.Dense(outputs)
    layers = recurrence(config, cell, shape[0], return_sequences=copy)
    return keras.Sequential([keras.Input(shape), *layers, readout])


def leaky(units: int, outputs: int, shape: tuple[int, int], return_sequences: bool) -> "OnlineRNN":
    """The units and the readout with which chapter 5 compares its rules on the adding problem."""
    from course_lib.online import OnlineRNN
    from course_lib.training.experiments import online_sequences

    cell = online_sequences.leaky_cell(online_sequences.Config(units=units))
    model = OnlineRNN(cell, outputs, return_sequences=return_sequences)
    model.build((None, *shape))
    return model


def start_chrono(cell: "keras.layers.Layer", span: int, seed: int) -> None:
    """Give an LSTM cell the biases of `chrono_biases`; the rest of its weights stays."""
    from course_lib.scratch.gated import chrono_biases

    b_i, b_f = chrono_biases(cell.units, span, seed)
    cell.b.assign(np.concatenate([b_i, b_f, np.zeros(2 * cell.units)]))


def recurrence(
    config: Config, cell: str, steps: int, return_sequences: bool
) -> "list[keras.layers.Layer]":
    """The layers between the input and the readout."""
    import keras

    from course_lib.layers import LRU, LSTMCell, MinGRU, ResidualBlock, stacked_rnn

    every = {"return_sequences": return_sequences}
    if cell in SCANNED:
        make = {"lru": LRU, "mingru": MinGRU}[cell]
        scanned = make(config.units, timescales=(1.0, 2.0 * steps), **every)
        return [keras.layers.Dense(config.units, activation="gelu"), ResidualBlock(scanned)]
    if cell == "keras-lstm":
        return [keras.layers.LSTM(config.units, **every)]
    make = partial(LSTMCell, forget_bias=config.forget_bias) if cell == "lstm" else cell
    return [stacked_rnn(make, config.units, **every)]
