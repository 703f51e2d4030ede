"""The reference of the project *Few labels*: half of them, a plan, and a search that follows it.

The plan: what limits a network here is how few digits it sees, so each is shown turned, stretched
and moved, another way each time. What it reads at a step, and dropout, are chosen on labels that
are set apart; then the choice is trained with all of its labels.
"""

import itertools
import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from course_lib.data.warped import warped

if TYPE_CHECKING:
    import keras

    from course_lib.data import Mnist

DATA = "subset"


@dataclass(frozen=True)
class Config:
    """What a run is made of; stored with its result."""

    labels: int = 250  # of the 500
    apart: int = 50  # of those, in the search
    pixels: tuple[int, ...] = (28, 56)  # that a step reads
    dropout: tuple[float, ...] = (0.0, 0.3)
    units: int = 96
    strength: float = 2.5  # of the warps
    learning_rate: float = 3e-3  # falls to zero, half a cosine
    clip_norm: float = 1.0
    batch_size: int = 50
    rounds: int = 30  # each digit is seen `looks` times in a round
    looks: int = 20
    trial_rounds: int = 5
    expected: float = 0.93


QUICK = {"units": 8, "rounds": 1, "trial_rounds": 1, "looks": 2, "pixels": (56,)}


def run(
    data: "Mnist", seed: int, quick: bool = False, verbose: int = 2, **settings: Any
) -> dict[str, Any]:
    """Search, then train.

    Args:
        data: the subset of MNIST as `load_mnist` gives it; its first labels are used.
        seed: seed of the weights, the warps and the order of the batches.
        quick: small networks, for a moment.
        verbose: 0 says nothing, 2 a line a round.
        settings: fields of `Config` that shall differ from its defaults.

    Returns:
        A dict with `config`, `curves`, `summary`, and `arrays`, what is handed in.
    """
    from course_lib.training.experiments.project_results import judged

    config = replace(Config(**settings), **(QUICK if quick else {}))
    began = time.process_time()
    x, y = data.x_train[: config.labels], data.y_train[: config.labels]
    apart = warped(x[-config.apart :], seed), y[-config.apart :]
    search = {}
    for pixels, dropout in itertools.product(config.pixels, config.dropout):
        few = x[: -config.apart], y[: -config.apart]
        model, _ = train(config, few, pixels, dropout, config.trial_rounds, seed)
        loss = model.evaluate(_steps(apart[0], pixels), apart[1], verbose=0)
        search[f"{pixels} pixels, dropout {dropout}"] = round(float(loss), 4)
        if verbose:
            print(f"{pixels} pixels, dropout {dropout}: loss {loss:.4f}", flush=True)
    choices = list(itertools.product(config.pixels, config.dropout))
    pixels, dropout = choices[int(np.argmin(list(search.values())))]
    model, losses = train(config, (x, y), pixels, dropout, config.rounds, seed)
    seconds = time.process_time() - began
    arrays = _by_gate(*model.get_weights())
    arrays |= {"curve": np.array(losses, np.float32), "expected": np.array(config.expected)}
    return {
        "config": {**asdict(config), "cell": "GRUCell", "optimizer": "Adam"},
        "curves": {"train_loss": [round(float(one), 6) for one in losses]},
        "summary": {
            "cpu_seconds": round(seconds, 1),
            "search": search,
            "pixels": pixels,
            "dropout": dropout,
            **judged("predict_few_labels", arrays),
        },
        "arrays": arrays,
    }


def train(
    config: Config,
    few: tuple[np.ndarray, np.ndarray],
    pixels: int,
    dropout: float,
    rounds: int,
    seed: int,
) -> tuple["keras.Model", list[float]]:
    """A trained network, and its loss in each round."""
    x, y = few
    model = network(config, pixels, dropout, rounds * config.looks * len(x), seed)
    losses = []
    for turn in range(rounds):
        shown = warped(np.tile(x, (config.looks, 1, 1)), 1_000 * seed + turn, config.strength)
        history = model.fit(
            _steps(shown, pixels), np.tile(y, config.looks), batch_size=config.batch_size, verbose=0
        )
        losses.append(history.history["loss"][0])
    return model, losses


def network(config: Config, pixels: int, dropout: float, examples: int, seed: int) -> "keras.Model":
    """A compiled model: our GRU over so many pixels a step, dropout, and a linear readout."""
    import keras

    from course_lib.layers import GRUCell
    from course_lib.training.seeding import seed_everything

    seed_everything(seed)
    model = keras.Sequential(
        [
            keras.Input((784 // pixels, pixels)),
            keras.layers.RNN(GRUCell(config.units)),
            keras.layers.Dropout(dropout),
            keras.layers.Dense(10),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(
                config.learning_rate, examples // config.batch_size
            ),
            global_clipnorm=config.clip_norm,
        ),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=True,
    )
    return model


def _steps(x: np.ndarray, pixels: int) -> np.ndarray:
    return x.reshape(len(x), -1, pixels)


def _by_gate(W_x, W_h, b, W_hy, b_y) -> dict[str, np.ndarray]:
    """Keras's fused arrays, columns z, r and candidate, under the names of `gru_step`."""
    arrays = {"W_hy": W_hy, "b_y": b_y}
    for gate, part in zip("zrh", range(3), strict=True):
        arrays[f"W_x{gate}"] = np.split(W_x, 3, axis=1)[part]
        arrays[f"W_h{gate}"] = np.split(W_h, 3, axis=1)[part]
        arrays[f"b_{gate}"] = np.split(b, 3)[part]
    return arrays
