"""MNIST pixel by pixel, read by units that turn: by a rule, by BPTT, and by a readout alone.

A scan of an image by rows repeats itself every 28 steps, more or less. So each pair of units turns
near a multiple of a 28th of a full turn: it sees how the ink is spread over the columns, and by how
far it is off the multiple, how that changes from row to row. The units are squashed, and W_hh lets
them drive each other; it starts at zero, and all weights are trained.
"""

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from course_lib.training.experiments.vanilla_mnist import split

if TYPE_CHECKING:
    from course_lib.data import Mnist
    from course_lib.online import OnlineRNN


@dataclass(frozen=True)
class Config:
    """What a run is made of; stored with its result."""

    rule: str = "kernl_modes"
    trained: str = "all"  # or "readout", which leaves the recurrent net as it was drawn
    units: int = 64
    memory: tuple[float, float] = (400.0, 1500.0)  # shortest and longest 1/gamma, in steps
    multiples: int = 5  # of a 28th of a turn: 0 to 4 of them
    spread: float = 4.0  # how far a pair may be off, in turns over the whole image
    gain: float = 1.0
    hidden: int = 128  # units of the readout, which has two layers
    rates: tuple[float, ...] = (1e-3, 3e-3)  # of Adam, down to zero, half a cosine
    trial_examples: int = 4_000  # images that the rate is chosen with
    trial_epochs: int = 1
    kernel_learning_rate: float = 0.05
    samples: int = 16  # sequences that are disturbed, of a batch
    batch_size: int = 100
    epochs: int = 2
    examples: int = 0  # images to train on; 0: all
    validation: int = 5_000
    row: int = 28  # pixels
    seeds: int = 3


QUICK = {"examples": 200, "trial_examples": 100, "trial_epochs": 1, "epochs": 1, "seeds": 1}
QUICK |= {"units": 8, "validation": 100, "rates": (1e-3,)}


def sequences(images: np.ndarray) -> np.ndarray:
    """Images as (count, 784, 1), a pixel a step, with mean and scale of MNIST's pixels."""
    return ((images.reshape(len(images), -1, 1) - 0.1307) / 0.3081).astype(np.float32)


def build_model(
    config: Config, rate: float, steps: int, images: np.ndarray, seed: int
) -> "OnlineRNN":
    """A compiled and built model.

    Args:
        config: of the run.
        rate: learning rate of Adam, at the start.
        steps: of the optimizer.
        images: some of the training set as sequences; their last states at the start set mean and
            scale of the readout's inputs.
        seed: of the units.
    """
    import keras

    from course_lib.online import OnlineRNN, TurningRNNCell

    rng = np.random.default_rng(seed)
    pairs, T = config.units // 2, images.shape[1]
    gamma = np.exp(-rng.uniform(*np.log(config.memory), pairs))
    turns = np.arange(pairs) % config.multiples * T / config.row
    omega = np.abs(turns + rng.uniform(-config.spread, config.spread, pairs)) * 2 * np.pi / T
    cell = TurningRNNCell(gamma, omega, config.gain, seed=seed)
    h = keras.ops.convert_to_numpy(keras.layers.RNN(cell)(images))
    readout = keras.Sequential(
        [
            keras.layers.Normalization(mean=h.mean(axis=0), variance=h.var(axis=0)),
            keras.layers.Dense(config.hidden, "gelu"),
            keras.layers.Dense(10),
        ]
    )
    model = OnlineRNN(cell, readout)
    model.build((None, T, 1))
    turning = config.rule == "kernl_modes"
    model.compile(
        keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(rate, steps), global_clipnorm=1.0
        ),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        rule=config.rule,
        kernel_optimizer=keras.optimizers.SGD(config.kernel_learning_rate) if turning else None,
        modes="cell" if turning else None,
        samples=config.samples,
        jit_compile=False,
    )
    return model


def states(model: "OnlineRNN", x: np.ndarray) -> np.ndarray:
    """The last states of many sequences, (count, n)."""
    import keras

    layers = [keras.Input(x.shape[1:]), model.rnn]
    return keras.Sequential(layers).predict(x, batch_size=1_000, verbose=0)


def readout_of(model: "OnlineRNN") -> Any:
    """The readout as a model of its own, compiled as the whole was."""
    model.readout.compile(optimizer=model.optimizer, loss=model.loss, metrics=["accuracy"])
    return model.readout


def train(
    config: Config, rate: float, epochs: int, sets: dict[str, tuple], seed: int, verbose: int
) -> dict[str, Any]:
    """Train one net.

    Args:
        config: of the run.
        rate, seed: as for `build_model`.
        epochs: of the training.
        sets: "train", "validation" and perhaps "test" to images and labels.
        verbose: 0 prints nothing.

    Returns:
        Curves, one number an epoch: train_accuracy, validation_loss, validation_accuracy,
        test_accuracy, kernel_r2, seconds; and the cosine with BPTT, for rules that are not BPTT.
    """
    import time

    from course_lib.training.experiments.online_rules import cosine_with_bptt
    from course_lib.training.seeding import seed_everything

    seed_everything(seed)
    x, y = sequences(sets["train"][0]), sets["train"][1]
    steps = epochs * -(-len(x) // config.batch_size)
    model = build_model(config, rate, steps, x[:500], seed)
    held = {
        name: (sequences(images), labels)
        for name, (images, labels) in sets.items()
        if name != "train"
    }
    x_few, y_few = (part[: config.batch_size] for part in held["validation"])
    if config.trained == "readout":  # the states stay as they are: found once
        x = states(model, x)
        held = {name: (states(model, images), labels) for name, (images, labels) in held.items()}
        model = readout_of(model)
    curves: dict[str, list[float]] = {}
    for _ in range(epochs):
        began = time.perf_counter()
        logs = model.fit(x, y, batch_size=config.batch_size, verbose=0).history
        seconds = time.perf_counter() - began
        found = {name: model.evaluate(*held[name], batch_size=1_000, verbose=0) for name in held}
        now = {
            "train_accuracy": logs["accuracy"][0],
            "validation_loss": found["validation"][0],
            "validation_accuracy": found["validation"][1],
            "seconds": seconds,
        }
        if "test" in found:
            now["test_accuracy"] = found["test"][1]
        if "kernel_r2" in logs:
            now["kernel_r2"] = logs["kernel_r2"][0]
            now["cosine"] = cosine_with_bptt(model, x_few, y_few, traced=True)
        for name, value in now.items():
            curves.setdefault(name, []).append(round(float(value), 4))
        if verbose:
            print(config.rule, config.trained, rate, seed, now, flush=True)
    return curves


def run(
    data: "Mnist", seed: int, quick: bool = False, verbose: int = 2, **settings: Any
) -> dict[str, Any]:
    """Choose a learning rate, then train from three seeds.

    The rate is the one that is best on validation images after a short training, from the first
    seed. Of each training, the epoch with the lowest loss on validation images counts.

    Args:
        data: MNIST as `load_mnist` gives it.
        seed: the first of the three, of the split, the weights and the order of the batches.
        quick: a tiny net on a few images.
        verbose: 0 prints nothing.
        settings: fields of `Config` that shall differ from its defaults.

    Returns:
        A dict with `config`, `curves` (one for each seed, what `train` returns) and `summary`.
    """
    config = replace(Config(**settings), **(QUICK if quick else {}))

    def sets(seed: int, examples: int) -> dict[str, tuple]:
        train, validation = split(len(data.x_train), config.validation, seed)
        parts = {"train": train[: examples or None], "validation": validation}
        return {name: (data.x_train[part], data.y_train[part]) for name, part in parts.items()}

    tried = sets(seed, config.trial_examples)
    trials = {
        rate: train(config, rate, config.trial_epochs, tried, seed, verbose)["validation_loss"][-1]
        for rate in config.rates
    }
    rate = min(trials, key=lambda rate: np.nan_to_num(trials[rate], nan=np.inf))
    curves, tests, chosen = {}, [], []
    for number in range(seed, seed + config.seeds):
        whole = sets(number, config.examples) | {"test": (data.x_test, data.y_test)}
        found = train(config, rate, config.epochs, whole, number, verbose)
        epoch = int(np.argmin(found["validation_loss"]))
        curves[str(number)] = found
        tests.append(found["test_accuracy"][epoch])
        chosen.append(epoch + 1)
    of_kernel = [c["cosine"] for c in curves.values() if "cosine" in c]
    return {
        "config": {**asdict(config), "data": data.name, "steps": data.x_train[0].size},
        "curves": curves,
        "summary": {
            "learning_rate": rate,
            "trials": {str(rate): loss for rate, loss in trials.items()},
            "chosen_epochs": chosen,
            "test_accuracies": tests,
            "mean_test_accuracy": round(float(np.mean(tests)), 4),
            **({"lowest_cosine": float(np.min(of_kernel))} if of_kernel else {}),
        },
    }
