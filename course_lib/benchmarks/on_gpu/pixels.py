"""Pixel MNIST of chapter 6 on the GPU, for as many epochs as there is time for."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from course_lib.benchmarks.on_gpu.devices import on
from course_lib.benchmarks.on_gpu.part import Task

EPOCHS = 10  # of the chapter
PROBE = {"epochs": 2, "examples": 2_000, "validation": 1_000}
SHARE = 0.75  # of the time that is left; the rest is for what an epoch takes longer


def tasks(device: str, quick: bool, seconds: float) -> Iterator[Task]:
    """One task."""
    yield {"run": "lru-pixels"}, lambda: trained(device, quick, time.monotonic() + seconds)


def trained(device: str, quick: bool, until: float) -> dict[str, Any]:
    """Train with the settings of the chapter; the epoch is chosen on validation images.

    Without a file of the full MNIST it trains on the bundled subset, and says so.

    Args:
        device: the GPU.
        quick: the small network of quick runs.
        until: of `time.monotonic`; the number of epochs is what fits, ten at most.
    """
    import numpy as np

    from course_lib.data import load_mnist
    from course_lib.data.mnist import find_full_mnist
    from course_lib.training import EXPERIMENTS
    from course_lib.training.experiments.scanned_mnist import QUICK, Config, train

    full = find_full_mnist() is not None and not quick
    data = load_mnist("full" if full else "subset", fallback=False)
    config = Config(**EXPERIMENTS["lru-pixels"][1])
    if quick:
        config = replace(config, **QUICK)
    with on(device):
        if not quick:
            probe = train(replace(config, **PROBE), data, seed=0, verbose=0)
            images = len(data.x_train) - config.validation
            an_epoch = probe["seconds"][-1] * images / PROBE["examples"]
            left = SHARE * (until - time.monotonic())
            config = replace(config, epochs=int(np.clip(left // an_epoch, 1, EPOCHS)))
        curves = train(config, data, seed=0, verbose=0)
    chosen = int(np.argmin(curves["validation_loss"]))
    return {
        "data": data.name,
        "epochs": config.epochs,
        "chosen_epoch": chosen + 1,
        "validation_accuracy": round(curves["validation_accuracy"][chosen], 4),
        "test_accuracy": round(curves["test_accuracy"][chosen], 4),
        # The first has what is compiled in it.
        "seconds_an_epoch": round(float(np.median(curves["seconds"][1:] or curves["seconds"])), 2),
        "curves": curves,
    }
