"""What traces leave out in a stack of scanned layers: the cosine with BPTT, layer by layer.

Three layers of linear recurrent units read MNIST, four pixels a step. Of the top recurrence the
traces have the whole gradient. Of a lower one they lack what its states did to a later loss by way
of an upper memory, across the border of a window. Compared are the weights of the recurrences.
"""

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from course_lib.data import Mnist
    from course_lib.online import OnlineScan

DATA = "subset"


@dataclass(frozen=True)
class Config:
    """What a run is made of; stored with its result."""

    pixels: int = 4  # in a step; T = 784 / pixels
    layers: int = 3
    units: int = 32  # complex ones, of each layer
    width: int = 32  # of what goes from layer to layer
    windows: tuple[int, ...] = (1, 28, 196)
    updates: int = 200  # of BPTT, between the two measurements
    batch_size: int = 50
    measured: int = 200  # images whose gradients are compared
    learning_rate: float = 2e-3  # of Adam
    seeds: tuple[int, ...] = (0, 1, 2)


QUICK = {"updates": 2, "measured": 8, "seeds": (0,), "pixels": 28, "windows": (1, 7, 28)}


def run(
    data: "Mnist", seed: int, quick: bool = False, verbose: int = 2, **settings: Any
) -> dict[str, Any]:
    """Measure before and after some training by BPTT.

    Args:
        data: MNIST as `load_mnist` gives it.
        seed: added to the seeds of the configuration.
        quick: a few updates of sequences of rows, one seed.
        verbose: 0 prints nothing.
        settings: fields of `Config` that shall differ from its defaults.

    Returns:
        A dict with `config`; `curves`, of each seed: "start" and "trained", for every length of a
        window the cosine of each layer, from below; and `summary`: their means over the seeds.
    """
    config = replace(Config(**settings), **(QUICK if quick else {}))
    curves = {}
    for one in config.seeds:
        curves[f"seed {seed + one}"] = found = _measure(config, data, seed + one)
        if verbose:
            print(f"seed {seed + one}", found, flush=True)
    return {
        "config": {**asdict(config), "data": data.name, "steps": 784 // config.pixels},
        "curves": curves,
        "summary": {
            when: {
                window: np.mean([c[when][window] for c in curves.values()], axis=0)
                .round(4)
                .tolist()
                for window in map(str, config.windows)
            }
            for when in ("start", "trained")
        },
    }


def network(config: Config, seed: int) -> "OnlineScan":
    """The stack: a layer that widens the input, then residual blocks."""
    from course_lib.layers import LRU, ResidualBlock
    from course_lib.online import OnlineScan

    steps = 784 / config.pixels

    def lru(number: int, **more: Any) -> LRU:
        own = seed + 100 * number
        return LRU(config.units, timescales=(1.0, steps), max_phase=1.0, seed=own, **more)

    layers = [lru(0, outputs=config.width, return_sequences=True)]
    layers += [
        ResidualBlock(lru(number, return_sequences=number < config.layers - 1))
        for number in range(1, config.layers)
    ]
    return OnlineScan(layers, 10)


def gradients_by(model: "OnlineScan", rule: str, x: Any, y: Any, loss: Any, **chosen: Any) -> Any:
    """A function that gives a rule's gradients of a batch, from the weights that there are then.

    It is traced once; the model may be compiled anew after it.
    """
    import tensorflow as tf

    model.compile("sgd", loss, rule=rule, jit_compile=False, **chosen)
    graph = tf.function(model.gradients, autograph=False).get_concrete_function(x, y)
    return lambda: graph(x, y)[2]


def cosines(model: "OnlineScan", one: list, other: list) -> list[float]:
    """Between two gradients, for each recurrence from below."""
    of = [
        {id(w): g for w, g in zip(model.trainable_variables, found, strict=True)}
        for found in (one, other)
    ]

    def flat(gradients: dict[int, Any], layer: Any) -> np.ndarray:
        weights = getattr(layer, "recurrence", layer).trainable_variables
        return np.concatenate([np.ravel(gradients[id(w)]) for w in weights])

    pairs = [[flat(gradients, layer) for gradients in of] for layer in model.stack]
    return [round(float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)), 6) for a, b in pairs]


def _measure(config: Config, data: "Mnist", seed: int) -> dict[str, dict[str, list[float]]]:
    import keras
    import tensorflow as tf

    from course_lib.training.fit import order
    from course_lib.training.seeding import seed_everything

    seed_everything(seed)
    model = network(config, seed)
    images = data.x_train.reshape(len(data.x_train), -1, config.pixels)
    images = (images - images.mean()) / images.std()
    model.build((None, *images.shape[1:]))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    x, y = (tf.constant(a[: config.measured]) for a in (images, data.y_train))
    exact = {w: gradients_by(model, "exact", x, y, loss, chunk=w) for w in config.windows}
    bptt = gradients_by(model, "bptt", x, y, loss)
    found = {}
    for when in ("start", "trained"):
        true = bptt()
        found[when] = {str(w): cosines(model, walk(), true) for w, walk in exact.items()}
        if when == "start":
            model.compile(keras.optimizers.Adam(config.learning_rate), loss, rule="bptt")
            chosen = np.asarray(order(len(images), seed, 0))
            chosen = np.resize(chosen, config.updates * config.batch_size)
            model.fit(
                images[chosen],
                data.y_train[chosen],
                batch_size=config.batch_size,
                shuffle=False,
                verbose=0,
            )
    return found
