"""The adding and the copy problem over a thousand steps: scanned layers, an LSTM, and KeRNL.

Each network chooses its learning rate by short runs on examples of their own, then it is trained
from three seeds. The test set is looked at once a run, with the weights of the lowest validation
loss.
"""

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from course_lib.training.experiments import delays

if TYPE_CHECKING:
    from course_lib.data import Mnist

NEEDS_MNIST = False
TRIAL_SEED = 100


@dataclass(frozen=True)
class Config(delays.Config):
    """What a comparison is made of; stored with its result."""

    cells: tuple[str, ...] = ("lru", "mingru", "keras-lstm")
    delays: tuple[int, ...] = (1_000,)  # one
    units: int = 64
    epochs: int = 8
    learning_rates: tuple[float, ...] = (1e-3, 3e-3, 1e-2)
    trial_epochs: int = 1
    seeds: tuple[int, ...] = (0, 1, 2)
    length: int = 10


QUICK = {**delays.QUICK, "length": 2, "seeds": (0,)}


def run(
    data: "Mnist | None", seed: int, quick: bool = False, verbose: int = 2, **settings: Any
) -> dict[str, Any]:
    """Train each cell from each seed, at the rate that it chose.

    Args:
        data: not used; the examples are made on the spot.
        seed: added to the seeds of the configuration.
        quick: one epoch of small networks over a few steps, one seed.
        verbose: 0 prints nothing.
        settings: fields of `Config` that shall differ from its defaults.

    Returns:
        A dict with `config`; `curves`, for each cell the validation loss after each epoch, a list a
        seed; and `summary`: `guess`, the loss of one who has seen nothing, and for each cell
        `learning_rate`, `of_guess` (the test loss as a part of that loss, a number a seed) and its
        `mean_of_guess`. A seed that diverged has None in place of its curve and its number, and the
        mean is None too.
    """
    config = replace(Config(**settings), **(QUICK if quick else {}))
    (delay,) = config.delays
    guess = delays.chance(config, delay)
    curves: dict[str, list[list[float]]] = {}
    summary: dict[str, Any] = {"guess": round(guess, 6)}
    for cell in config.cells:
        rate = _rate(config, cell, delay)
        runs = [_train(config, cell, delay, rate, seed + one) for one in config.seeds]
        curves[cell] = [one and one["curve"] for one in runs]
        of_guess = [one and round(one["test_loss"] / guess, 4) for one in runs]
        summary[cell] = {
            "learning_rate": rate,
            "of_guess": of_guess,
            "mean_of_guess": None if None in of_guess else round(float(np.mean(of_guess)), 4),
        }
        if verbose:
            print(cell, summary[cell], flush=True)
    return {
        "config": {**asdict(config), "optimizer": "Adam"},
        "curves": curves,
        "summary": summary,
    }


def _train(config: Config, cell: str, delay: int, rate: float, seed: int) -> dict[str, Any] | None:
    """As `delays.train` does it; None: it diverged."""
    from course_lib.training.callbacks import NonFiniteError

    try:
        one = delays.train(config, cell, delay, rate, seed, verbose=0)
    except NonFiniteError:
        return None
    return one if np.isfinite([*one["curve"], one["test_loss"]]).all() else None


def _rate(config: Config, cell: str, delay: int) -> float:
    """The rate whose short run comes to the lowest validation loss; of one, there is no choice."""
    if len(config.learning_rates) == 1:
        return config.learning_rates[0]
    short = replace(config, epochs=config.trial_epochs)

    def end(rate: float) -> float:
        one = _train(short, cell, delay, rate, TRIAL_SEED)
        return np.inf if one is None else min(one["curve"])

    return min(config.learning_rates, key=end)
