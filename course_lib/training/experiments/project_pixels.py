"""The reference of the project *Pixels*: an LRU on digits that differ in every epoch.

Only the last of 784 states is read, so the layer is one matrix product, images times powers of its
eigenvalues, and the tape differentiates that. Settings were chosen on the subset's test images; the
project's held-back ones are looked at once.
"""

import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from course_lib.training.experiments.project_digits import (
    as_result,
    compile_classifier,
    train_on_warps,
)

if TYPE_CHECKING:
    import keras

    from course_lib.data import Mnist

DATA = "subset"
PIXELS = 784


@dataclass(frozen=True)
class Config:
    """What a run is made of; stored with its result."""

    units: int = 192
    hidden: int = 192
    times: tuple[float, float] = (100.0, 1_500.0)  # steps until 1/e is left, log-uniform
    max_phase: float = 0.6  # radians a step, uniform
    learning_rate: float = 3e-3  # falls to zero, half a cosine
    batch_size: int = 50
    epochs: int = 40


QUICK = {"units": 16, "hidden": 16, "epochs": 1}


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
    names = ("nu_log", "theta_log", "gamma_log", "W", "b_h", "W_hy", "b_y")
    arrays = dict(zip(names, model.get_weights(), strict=True))
    arrays["W_re"], arrays["W_im"] = np.split(arrays.pop("W"), 2)
    made_of = {**asdict(config), "optimizer": "Adam"}
    return as_result("predict_pixels", trained, arrays, made_of)


def network(config: Config, examples: int, seed: int) -> "keras.Model":
    """A compiled model: the last state of units that fade and turn, and one hidden layer."""
    import keras
    import tensorflow as tf

    from course_lib.training.seeding import seed_everything

    class LastState(keras.layers.Layer):
        """From pixels (batch, 784) to real and imaginary parts (batch, 2n) of the last state."""

        def __init__(self, first: tuple[np.ndarray, ...]):
            super().__init__()
            names = ("nu_log", "theta_log", "gamma_log")
            for name, values in zip(names, first, strict=True):
                weight = self.add_weight(name=name, shape=values.shape, initializer="zeros")
                weight.assign(values)
                setattr(self, name, weight)

        def call(self, x):
            """One product with the powers of the eigenvalues."""
            left = tf.range(PIXELS - 1, -1, -1, dtype=x.dtype)[:, None]
            size = tf.exp(self.gamma_log - left * tf.exp(self.nu_log))
            angle = left * tf.exp(self.theta_log)
            return tf.concat([x @ (size * tf.cos(angle)), x @ (size * tf.sin(angle))], axis=1)

    seed_everything(seed)
    model = keras.Sequential(
        [
            keras.Input((PIXELS,)),
            LastState(beginning(config, seed)),
            keras.layers.LayerNormalization(center=False, scale=False, epsilon=1e-3),
            keras.layers.Dense(config.hidden, activation="relu"),
            keras.layers.Dense(10),
        ]
    )
    compile_classifier(model, config, examples)
    return model


def beginning(config: Config, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """nu_log, theta_log and gamma_log before training, shape (units,)."""
    rng = np.random.default_rng(seed)
    times = np.exp(rng.uniform(*np.log(config.times), config.units))
    phases = config.max_phase * rng.uniform(size=config.units)
    return -np.log(times), np.log(phases), 0.5 * np.log1p(-np.exp(-2 / times))
