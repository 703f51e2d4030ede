"""The reference of the project *Remember*: short rows first, then longer and longer ones.

Orthogonal recurrent weights, gradients clipped by their global norm, and a length that grows by
half whenever the last one is solved. At the longest one the learning rate falls to zero.
"""

import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from course_lib.data import adding_problem
from course_lib.scratch.rnn import init_params

if TYPE_CHECKING:
    import keras

    from course_lib.data import Mnist

NEEDS_MNIST = False


@dataclass(frozen=True)
class Config:
    """What a run is made of; stored with its result."""

    units: int = 64
    input_scale: float = 0.3  # of the weights from the input, as a standard deviation
    learning_rate: float = 1e-3
    clip_norm: float = 0.1
    batch_size: int = 64
    batches: int = 64  # in a round; each round has fresh examples
    first_length: int = 10
    growth: float = 1.5
    solved: float = 0.006  # mean squared error of a round at which the rows get longer
    longest: int = 120
    last_rounds: int = 60  # at the longest length, over which the learning rate falls to zero
    seconds: float = 175.0  # of processor time, after which a run ends wherever it is


QUICK = {"units": 16, "batches": 2, "solved": 1.0, "longest": 15, "last_rounds": 1}


def run(
    data: "Mnist | None", seed: int, quick: bool = False, verbose: int = 2, **settings: Any
) -> dict[str, Any]:
    """Train at a growing length.

    Args:
        data: not used; the rows are made on the spot.
        seed: seed of the weights and of the rows.
        quick: two rounds of a small network.
        verbose: 0 says nothing, 2 a line a round.
        settings: fields of `Config` that shall differ from its defaults.

    Returns:
        A dict with `config`, `curves`, `summary`, and `arrays`, what is handed in.
    """
    from course_lib.training.experiments.project_results import judged

    config = replace(Config(**settings), **(QUICK if quick else {}))
    began = time.process_time()
    model = network(config, seed)
    length, losses, lengths, left = config.first_length, [], [], config.last_rounds
    while left and time.process_time() - began < config.seconds:
        model.optimizer.learning_rate = config.learning_rate * left / config.last_rounds
        rows = adding_problem(
            config.batches * config.batch_size, length, seed=10_000 * seed + len(losses)
        )
        history = model.fit(*rows, batch_size=config.batch_size, verbose=0).history
        losses.append(history["loss"][0])
        lengths.append(length)
        if verbose:
            print(f"length {length}: loss {losses[-1]:.5f}", flush=True)
        if length == config.longest:
            left -= 1
        elif losses[-1] < config.solved:
            length = min(int(length * config.growth), config.longest)
    seconds = time.process_time() - began
    names = ("W_xh", "W_hh", "b_h", "W_hy", "b_y")
    arrays = dict(zip(names, model.get_weights(), strict=True))
    arrays["curve"] = np.array(losses, np.float32)
    return {
        "config": {**asdict(config), "cell": "VanillaRNNCell", "optimizer": "Adam"},
        "curves": {"train_loss": [round(float(one), 6) for one in losses], "length": lengths},
        "summary": {
            "cpu_seconds": round(seconds, 1),
            "length": length,
            **judged("predict_remember", arrays),
        },
        "arrays": arrays,
    }


def network(config: Config, seed: int) -> "keras.Model":
    """A compiled model for rows of any length: vanilla units, and a readout of the last state."""
    import keras

    from course_lib.layers import VanillaRNNCell
    from course_lib.training.seeding import seed_everything

    seed_everything(seed)
    model = keras.Sequential(
        [
            keras.Input((None, 2)),
            keras.layers.RNN(VanillaRNNCell(config.units)),
            keras.layers.Dense(1),
        ]
    )
    start = init_params(2, config.units, 1, seed=seed, dtype=np.float32)
    start["W_xh"] *= config.input_scale * np.sqrt(2)
    start["b_y"] += 1  # the mean of the sums
    model.set_weights([start[name] for name in ("W_xh", "W_hh", "b_h", "W_hy", "b_y")])
    model.compile(
        optimizer=keras.optimizers.Adam(config.learning_rate, global_clipnorm=config.clip_norm),
        loss="mse",
        jit_compile=True,
    )
    return model
