"""Which learning rate suits KeRNL on MNIST, and which BPTT: the same search for both.

A rate is that of the recurrent network; where the readout has one of its own, it stays. Each is
tried in short trainings, from seeds that no other run of `online_mnist` has. The lowest loss on
images that were split off the training set wins. The test set isn't looked at.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from course_lib.training.equal_search import search
from course_lib.training.experiments import online_mnist

if TYPE_CHECKING:
    from course_lib.data import Mnist


@dataclass(frozen=True)
class Config:
    """What the trials are made of; stored with their result."""

    task: str = "rows"
    rules: tuple[str, ...] = ("kernl", "bptt")
    rates: tuple[float, ...] = (5e-4, 2e-3, 8e-3)  # of Adam; see `equal_search`
    readout_rate: float | None = None  # None: that of the recurrent network
    trial_seeds: tuple[int, ...] = (100, 101)
    trial_epochs: int = 4
    trial_examples: int = 0  # images to train on; 0: all


TASKS: dict[str, dict[str, Any]] = {
    "rows": {},
    "pixels": {
        "rates": (4e-5, 1e-4, 2.5e-4),
        "readout_rate": 5e-3,
        "trial_epochs": 2,
        "trial_examples": 27_500,
    },
}
QUICK = {"rates": (2e-3,), "trial_seeds": (100,)}


def trial(
    config: Config, rule: str, rate: float, data: "Mnist", seed: int, quick: bool = False
) -> float:
    """The lowest validation loss of a short training.

    Args:
        config: of the search.
        rule: "kernl" or "bptt".
        rate: learning rate of the recurrent network, at the start.
        data: MNIST as `load_mnist` gives it.
        seed: as for `online_mnist.train`.
        quick: on a few images, read by rows.
    """
    settings = online_mnist.TASKS[config.task] | {
        "task": config.task,
        "rule": rule,
        "learning_rate": rate,
        "readout_speed": round((config.readout_rate or rate) / rate, 12),
        "epochs": config.trial_epochs,
        "examples": config.trial_examples,
    }
    one = replace(online_mnist.Config(**settings), **(online_mnist.QUICK if quick else {}))
    return min(online_mnist.train(one, data, seed, verbose=0)["val_loss"])


def run(
    data: "Mnist", seed: int, quick: bool = False, verbose: int = 2, **settings: Any
) -> dict[str, Any]:
    """Try the rates for each rule.

    Args:
        data: MNIST as `load_mnist` gives it.
        seed: added to each of the seeds in the configuration.
        quick: one rate, two epochs of a thousand images.
        verbose: 0 prints nothing.
        settings: fields of `Config` that shall differ from its defaults and from those of its task.

    Returns:
        A dict with `config`; `curves`, for each rule and rate the lowest validation loss of each
        trial; `summary`, for each rule its `learning_rate` and the mean losses, by rate.
    """
    task = TASKS[settings.get("task", "rows")]
    config = replace(Config(**{**task, **settings}), **(QUICK if quick else {}))
    config = replace(config, trial_seeds=tuple(seed + one for one in config.trial_seeds))
    curves: dict[str, dict[str, list[float]]] = {rule: {} for rule in config.rules}
    summary = {}
    for rule in config.rules:
        losses: dict[float, float] = {}
        rates, best = search(config.rates, losses)
        while best is None:
            for rate in rates:
                if rate in losses:
                    continue
                found = [
                    round(trial(config, rule, rate, data, one, quick), 6)
                    for one in config.trial_seeds
                ]
                curves[rule][f"{rate:g}"] = found
                losses[rate] = float(np.mean(found))
                if verbose:
                    print(rule, f"{rate:g}", found, flush=True)
            rates, best = search(config.rates, losses)
        summary[rule] = {
            "learning_rate": best,
            "trials": {f"{rate:g}": round(losses[rate], 6) for rate in rates},
        }
    return {"config": vars(config) | {"data": data.name}, "curves": curves, "summary": summary}
