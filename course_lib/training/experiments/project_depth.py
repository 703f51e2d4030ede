"""The reference of the project *Depth*: a hundred layers with a leaky ReLU that fits their number.

Orthogonal weights, the slope that keeps a hundred layers from making all digits alike, and the gain
that keeps the norm. It learns like a shallow net from the first step on.
"""

import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from course_lib.scratch.gradnets import gain, stop_gate
from course_lib.training.experiments.project_digits import (
    as_result,
    compile_classifier,
    train_on_warps,
)

if TYPE_CHECKING:
    import keras

    from course_lib.data import Mnist

DATA = "subset"
LAYERS = 100


@dataclass(frozen=True)
class Config:
    """What a run is made of; stored with its result."""

    units: int = 32
    learning_rate: float = 5e-4  # falls to zero, half a cosine
    clip_norm: float = 1.0
    batch_size: int = 100
    epochs: int = 25


QUICK = {"units": 10, "epochs": 1}


def run(
    data: "Mnist", seed: int, quick: bool = False, verbose: int = 2, **settings: Any
) -> dict[str, Any]:
    """Train on the bundled images, turned and moved anew in each epoch.

    Args:
        data: the subset of MNIST as `load_mnist` gives it.
        seed: seed of the weights, the warps and the order of the batches.
        quick: one epoch of a narrow network.
        verbose: 0 says nothing, 2 a line an epoch.
        settings: fields of `Config` that shall differ from its defaults.

    Returns:
        A dict with `config`, `curves`, `summary`, and `arrays`, what is handed in.
    """
    config = replace(Config(**settings), **(QUICK if quick else {}))
    began = time.process_time()
    g = stop_gate(LAYERS)
    model = network(config, g, len(data.x_train), seed)
    trained = train_on_warps(model, data, config, seed, began, verbose)
    arrays = _stacked(model.get_weights(), g)
    made_of = {**asdict(config), "layers": LAYERS, "optimizer": "Adam", "g": round(g, 4)}
    return as_result("predict_depth", trained, arrays, made_of)


def network(config: Config, g: float, examples: int, seed: int) -> "keras.Model":
    """A compiled model: a hundred layers of the same kind, and a linear readout."""
    import keras

    from course_lib.layers.gradnets import GReLUDense
    from course_lib.training.seeding import seed_everything

    seed_everything(seed)
    x = h = keras.Input((784,))
    for _ in range(LAYERS):
        h = GReLUDense(config.units, "gain")(h, g=g)
    model = keras.Model(x, keras.layers.Dense(10)(h))
    compile_classifier(model, config, examples, config.clip_norm, jit_compile=True)
    return model


def _stacked(weights: list[np.ndarray], g: float) -> dict[str, np.ndarray]:
    """Keras's arrays under the names of `predict_depth`; the gain goes into weights and biases."""
    *hidden, W_hy, b_y = weights
    hidden = [np.float32(gain(1 - g)) * array for array in hidden]
    return {
        "W_in": hidden[0],
        "W": np.stack(hidden[2::2]),
        "b": np.stack(hidden[1::2]),
        "W_hy": W_hy,
        "b_y": b_y,
        "g": np.array(g, np.float32),
    }
