"""The reference of the project *Rows*: a vanilla RNN on digits that differ in every epoch.

Settings were chosen on the subset's test images; the project's held-back ones are looked at once.
"""

import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from course_lib.training.experiments.project_digits import (
    as_result,
    compile_classifier,
    train_on_warps,
)

if TYPE_CHECKING:
    import keras

    from course_lib.data import Mnist

DATA = "subset"


@dataclass(frozen=True)
class Config:
    """What a run is made of; stored with its result."""

    units: int = 128
    learning_rate: float = 2e-3  # falls to zero, half a cosine
    clip_norm: float = 1.0
    batch_size: int = 64
    epochs: int = 36


QUICK = {"units": 16, "epochs": 1}


def run(
    data: "Mnist", seed: int, quick: bool = False, verbose: int = 2, **settings: Any
) -> dict[str, Any]:
    """Train on the bundled images, turned and moved anew in each epoch.

    Args:
        data: the subset of MNIST as `load_mnist` gives it.
        seed: seed of the weights, the warps and the order of the batches.
        quick: one epoch of a small network.
        verbose: 0 says nothing, 2 a line an epoch.
        settings: fields of `Config` that shall differ from its defaults.

    Returns:
        A dict with `config`, `curves`, `summary`, and `arrays`, what is handed in.
    """
    config = replace(Config(**settings), **(QUICK if quick else {}))
    began = time.process_time()
    model = network(config, len(data.x_train), seed)
    trained = train_on_warps(model, data, config, seed, began, verbose)
    names = ("W_xh", "W_hh", "b_h", "W_hy", "b_y")
    arrays = dict(zip(names, model.get_weights(), strict=True))
    made_of = {**asdict(config), "cell": "VanillaRNNCell", "optimizer": "Adam"}
    return as_result("predict_rows", trained, arrays, made_of)


def network(config: Config, examples: int, seed: int) -> "keras.Model":
    """A compiled model: our own cell over the 28 rows, and a linear readout of the last state."""
    import keras

    from course_lib.layers import VanillaRNNCell
    from course_lib.training.seeding import seed_everything

    seed_everything(seed)
    model = keras.Sequential(
        [
            keras.Input((28, 28)),
            keras.layers.RNN(VanillaRNNCell(config.units)),
            keras.layers.Dense(10),
        ]
    )
    compile_classifier(model, config, examples, config.clip_norm)
    return model
