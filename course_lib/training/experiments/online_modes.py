"""Orthogonal networks, in which a fading kernel fails, trained with kernels that turn.

Three small tasks: adding, copy and aⁿbⁿ. Every rule is tried with the same learning rates for a
few batches, and is trained with the one that was best on validation sequences. At every look the
rule's gradient is compared with BPTT's, in the network as it is then.
"""

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from course_lib.online import OnlineRNN

NEEDS_MNIST = False
VALIDATION, TEST = 10**6, 10**6 + 1  # seeds of the sequences that no batch is made of


@dataclass(frozen=True)
class Config:
    """What a run is made of; stored with its result."""

    task: str = "adding"
    T: int = 20  # of the adding problem
    delay: int = 8  # of the copy problem
    symbols: int = 4  # of the copy problem
    length: int = 3  # of the copy problem: symbols to recall
    max_n: int = 8  # of aⁿbⁿ
    units: int = 32
    rules: tuple[str, ...] = ("one_step", "kernl", "kernl_modes-4", "kernl_modes-8", "bptt")
    rates: tuple[float, ...] = (1e-3, 3e-3)  # of Adam, down to zero, half a cosine
    trial: int = 200  # batches of a trial
    batches: int = 1_000
    look: int = 100  # batches between two looks
    batch_size: int = 50
    samples: int = 16  # sequences that are disturbed, of a batch
    kernel_learning_rate: float = 0.05
    held_back: int = 1_000  # sequences to validate, and as many to test


QUICK = {"units": 4, "trial": 2, "batches": 2, "look": 1, "batch_size": 4, "held_back": 8}
QUICK |= {"rates": (1e-3,), "rules": ("kernl_modes-4", "bptt")}


def examples(config: Config, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets of a task.

    Raises:
        ValueError: there is no such task.
    """
    from course_lib.data import adding_problem, anbn, copy_memory

    if config.task == "adding":
        return tuple(adding_problem(count, config.T, seed))[:2]
    if config.task == "copy":
        sizes = config.delay, config.symbols, config.length
        return tuple(copy_memory(count, *sizes, seed=seed))[:2]
    if config.task == "anbn":
        return tuple(anbn(count, config.max_n, seed))[:2]
    raise ValueError(f'task is {config.task!r}; choose "adding", "copy" or "anbn".')


def chance(config: Config) -> float:
    """The loss of an answer that remembers nothing; bits a character for aⁿbⁿ."""
    from course_lib import data

    if config.task == "adding":
        return data.adding_problem_chance()
    if config.task == "copy":
        return data.copy_memory_chance(config.delay, config.symbols, config.length)
    return data.anbn_chance(config.max_n)


def fading_modes(count: int, steps: int) -> list[tuple[float, float]]:
    """Modes that don't turn: (γ, ω), from one that lasts all steps to one that lasts half a step.

    They have to differ in γ, and are spread evenly over its orders of magnitude.
    """
    return [(float(gamma), 0.0) for gamma in np.geomspace(1 / steps, 2.0, count)]


def build_model(config: Config, rule: str, rate: float, steps: int, shape: tuple) -> "OnlineRNN":
    """A compiled and built model: tanh units, W_hh orthogonal.

    Args:
        config: of the run.
        rule: a rule; "kernl_modes-4" is "kernl_modes" with four modes, "kernl_modes-4-fading" with
            four that don't turn.
        rate: of Adam, at the start.
        steps: of the optimizer.
        shape: of a batch of inputs.
    """
    import keras

    from course_lib.online import LeakyRNNCell, OnlineRNN

    name, modes, fading = [*rule.split("-"), "", ""][:3]
    every_step, classes = config.task != "adding", {"copy": config.symbols + 1, "anbn": 3}
    model = OnlineRNN(
        LeakyRNNCell(config.units),
        classes.get(config.task, 1),
        return_sequences=every_step,
        mask_value=0.0 if config.task == "anbn" else None,
    )
    model.build((None, *shape[1:]))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(
        keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(rate, steps), global_clipnorm=1.0
        ),
        loss if every_step else keras.losses.MeanSquaredError(),
        rule=name,
        modes=fading_modes(int(modes), shape[1]) if fading else int(modes) if modes else None,
        samples=config.samples,
        kernel_optimizer=keras.optimizers.SGD(config.kernel_learning_rate),
        jit_compile=False,
    )
    return model


def train(config: Config, rule: str, rate: float, batches: int, seed: int, held: int) -> dict:
    """Train with one rule, and look at it every so many batches.

    Args:
        config: of the run.
        rule, rate: as in `build_model`.
        batches: of the training.
        seed: of the weights and of the sequences.
        held: seed of the sequences that are held back.

    Returns:
        Curves: steps, test_loss (mean squared error, or nats; bits for aⁿbⁿ), and at the same looks
        cosine, with BPTT's gradient, and r2, of the kernel.
    """
    from course_lib.training.experiments.online_rules import cosine_with_bptt
    from course_lib.training.seeding import seed_everything

    seed_everything(seed)
    x_held, y_held = examples(config, config.held_back, held)
    model = build_model(config, rule, rate, batches, x_held.shape)
    unit = float(np.log(2)) if config.task == "anbn" else 1.0
    few = slice(0, config.batch_size)
    curves: dict[str, list[float]] = {"steps": [], "test_loss": [], "cosine": [], "r2": []}
    for done in range(0, batches, config.look):
        count = min(config.look, batches - done)
        x, y = examples(config, count * config.batch_size, 1 + done + 100_000 * seed)
        logs = model.fit(x, y, batch_size=config.batch_size, shuffle=False, verbose=0).history
        loss = model.evaluate(x_held, y_held, batch_size=500, verbose=0) / unit
        curves["steps"].append(done + count)
        curves["test_loss"].append(round(float(loss), 6))
        curves["cosine"].append(round(cosine_with_bptt(model, x_held[few], y_held[few]), 4))
        curves["r2"].append(round(float(logs.get("kernel_r2", [0.0])[0]), 4))
    return curves


def run(
    data: None, seed: int, quick: bool = False, verbose: int = 2, **settings: Any
) -> dict[str, Any]:
    """Choose a rate for each rule, train all rules, and return what came of it.

    Args:
        data: nothing; the tasks are made on the spot.
        seed: of the weights and of the sequences.
        quick: two batches of a tiny net.
        verbose: 0 prints nothing.
        settings: fields of `Config` that shall differ from its defaults.

    Returns:
        A dict with `config`, `curves` (rule to what `train` returns) and `summary`: for each rule
        its learning rate, its loss on test sequences after the last batch, the median and the
        lowest cosine with BPTT over the looks; chance; and for aⁿbⁿ the floor.
    """
    from course_lib.data import anbn_floor

    config = replace(Config(**settings), **(QUICK if quick else {}))
    curves, summary = {}, {}
    for rule in config.rules:
        trials = {
            rate: train(config, rule, rate, config.trial, seed, VALIDATION)["test_loss"][-1]
            for rate in config.rates
        }
        rate = min(trials, key=lambda rate: np.nan_to_num(trials[rate], nan=np.inf))
        curves[rule] = found = train(config, rule, rate, config.batches, seed, TEST)
        summary[rule] = {
            "learning_rate": rate,
            "test_loss": found["test_loss"][-1],
            "median_cosine": round(float(np.median(found["cosine"])), 4),
            "lowest_cosine": min(found["cosine"]),
        }
        if verbose:
            print(config.task, rule, summary[rule], flush=True)
    summary["chance"] = round(chance(config), 4)
    if config.task == "anbn":
        summary["floor"] = round(anbn_floor(config.max_n), 4)
    return {"config": asdict(config), "curves": curves, "summary": summary}
