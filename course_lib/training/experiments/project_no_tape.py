"""The reference of the project *No tape*: traces for the recurrent weights, and leaks of all kinds.

What is handed in is how learning begins: random weights, one leak a unit, and a rate. The rate is
chosen on streams of the run's own; all that counts is learned when it is judged.
"""

import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from course_lib.data import anbn_stream

if TYPE_CHECKING:
    from course_lib.data import Mnist

NEEDS_MNIST = False
FIRST_OWN_STREAM = 1 << 20  # seeds of the run's own streams; the judge draws its own, from far more


@dataclass(frozen=True)
class Config:
    """What a run is made of; stored with its result."""

    units: int = 32
    radius: float = 0.9  # of the recurrent weights
    leaks: tuple[float, float] = (0.05, 1.0)  # of the first and of the last unit
    rates: tuple[float, ...] = (0.003, 0.006, 0.012)
    trials: int = 3  # streams for each rate
    streams: int = 16
    steps: int = 2_000
    max_n: int = 6


QUICK = {"units": 8, "rates": (0.006,), "trials": 1, "steps": 200}


def run(
    data: "Mnist | None", seed: int, quick: bool = False, verbose: int = 2, **settings: Any
) -> dict[str, Any]:
    """Choose a rate, and hand in how learning begins.

    Args:
        data: not used; the streams are made on the spot.
        seed: seed of the weights and of the streams.
        quick: one short stream for a small network.
        verbose: 0 says nothing, 2 a line a rate.
        settings: fields of `Config` that shall differ from its defaults.

    Returns:
        A dict with `config`, `curves` (the mean bits a character, a hundred steps a point, at the
        rate that was chosen), `summary`, and `arrays`, what is handed in.
    """
    from course_lib.training.experiments.project_results import judged

    config = replace(Config(**settings), **(QUICK if quick else {}))
    began = time.process_time()
    tried = {}
    for rate in config.rates:
        start = beginning(config, rate, seed)
        curves = [
            bits(config, start, FIRST_OWN_STREAM + 100 * seed + n) for n in range(config.trials)
        ]
        tried[rate] = np.mean(curves, axis=0)
        if verbose:
            print(f"rate {rate}: {_late(tried[rate]):.4f} bits at the end", flush=True)
    rate = min(tried, key=lambda one: _late(tried[one]))
    seconds = time.process_time() - began
    curve = tried[rate][: len(tried[rate]) // 100 * 100].reshape(-1, 100).mean(axis=1)
    arrays = beginning(config, rate, seed) | {"curve": curve.astype(np.float32)}
    return {
        "config": asdict(config),
        "curves": {"bits": [round(float(one), 4) for one in curve]},
        "summary": {
            "cpu_seconds": round(seconds, 1),
            "rate": rate,
            "bytes": handed_on(config, rate, seed),
            **judged("predict_no_tape", arrays),
        },
        "arrays": arrays,
    }


def beginning(config: Config, rate: float, seed: int) -> dict[str, np.ndarray]:
    """Weights before anything was learned; see `predict_no_tape`."""
    rng = np.random.default_rng(seed)
    n = config.units
    orthogonal, _ = np.linalg.qr(rng.normal(size=(n, n)))
    from_x, from_h = 0.8 * rng.normal(size=(3, n)), config.radius * orthogonal
    leaks = np.geomspace(*config.leaks, n)
    return {
        "W": np.concatenate([from_x, from_h, np.zeros((1, n))]),
        "W_hy": np.zeros((n, 3)),
        "b_y": np.zeros(3),
        "gamma": -np.log(np.maximum(1 - leaks, 1e-6)),
        "rate": np.array(rate),
    }


def bits(config: Config, weights: dict[str, np.ndarray], seed: int) -> np.ndarray:
    """What it loses at each step of a stream while it learns, in bits a character, (steps,)."""
    from course_lib.scratch.losses import cross_entropy_from_logits
    from course_lib.scratch.projects import predict_no_tape

    x, y = anbn_stream(config.streams, config.steps, config.max_n, seed)
    lost = np.zeros(config.steps)
    for t in range(config.steps):
        logits, weights = predict_no_tape(weights, x[:, t])
        lost[t] = cross_entropy_from_logits(logits, y[:, t]) / np.log(2)
    return lost


def handed_on(config: Config, rate: float, seed: int) -> int:
    """Bytes that a step hands on to the next."""
    from course_lib.scratch.projects import predict_no_tape

    weights = beginning(config, rate, seed)
    for _ in range(2):
        _, weights = predict_no_tape(weights, np.eye(3)[np.zeros(config.streams, int)])
    return sum(array.nbytes for array in weights.values())


def _late(curve: np.ndarray) -> float:
    return float(np.mean(curve[-len(curve) // 4 :]))
