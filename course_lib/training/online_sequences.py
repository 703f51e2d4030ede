"""The adding problem and aⁿbⁿ, with every rule on the same net.

A part of a run is one rule on one task. What a part gave is kept as soon as it is done, so that a
run that was killed begins with the next part.
"""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course_lib.training.online_mnist import UNFINISHED
from course_lib.training.online_rules import cosine_with_bptt

if TYPE_CHECKING:
    from course_lib.online import OnlineRNN

NEEDS_MNIST = False


@dataclass(frozen=True)
class Config:
    """What a run is made of; stored with its result."""

    task: str = "adding"
    rules: tuple[str, ...] = ("kernl", "hybrid", "bptt", "snap1", "rflo", "one_step")
    lengths: tuple[int, ...] = (50, 100, 200)  # T of the adding problem
    max_n: int = 32  # of aⁿbⁿ
    units: int = 64
    activation: str = "relu"
    leak: float = 0.2
    noise: float = 1e-3  # on a W_hh that starts as identity
    learning_rate: float = 5e-4
    batch_size: int = 50
    rounds: int = 25  # of the test, at most
    steps: int = 200  # between two tests
    solved: float = 0.02  # adding: the run ends below it
    update_every: int = 6  # steps between two updates, of a rule with "-online" behind it
    window: int = 10  # steps that truncated BPTT looks back
    test: int = 1_000
    cosine: bool = False  # with BPTT's gradient, at every test


TASKS = {
    "adding": {},
    # The adding problem once more, with a look at the gradients. RTRL is left out: its gradient is
    # BPTT's, at many times the cost.
    "side-by-side": {
        "rules": (
            *("one_step", "rflo", "rflo_random", "eprop", "snap1", "kernl", "hybrid"),
            *("uoro", "tbptt", "bptt"),
        ),
        "lengths": (50,),
        "units": 32,
        "rounds": 10,
        "solved": 0.0,
        "cosine": True,
    },
    "anbn": {
        "rules": ("kernl", "kernl-online", "snap1", "one_step", "bptt"),
        "lengths": (0,),
        "units": 32,
        "learning_rate": 5e-3,
        "batch_size": 20,
        "rounds": 15,
        "steps": 100,
    },
}
QUICK = {"rounds": 1, "steps": 2, "test": 20, "lengths": (5,), "max_n": 3, "units": 4}


def build_model(config: Config, rule: str, T: int) -> "OnlineRNN":
    """A compiled and built model for a part.

    Args:
        config: of the run.
        rule: a rule; "-online" behind it means updates inside the sequence.
        T: steps.
    """
    import keras

    from course_lib.layers import LSTMCell
    from course_lib.online import LeakyRNNCell, OnlineRNN

    rule, _, online = rule.partition("-")
    if config.task == "anbn":
        model = OnlineRNN(LSTMCell(config.units), 3, return_sequences=True, mask_value=0.0)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.build((None, T, 3))
    else:
        cell = LeakyRNNCell(
            config.units,
            config.activation,
            leak=config.leak,
            recurrent="identity",
            noise=config.noise,
        )
        model, loss = OnlineRNN(cell, 1), keras.losses.MeanSquaredError()
        model.build((None, T, 2))
    model.compile(
        keras.optimizers.Adam(config.learning_rate, global_clipnorm=1.0),
        loss,
        rule=rule,
        update_every=config.update_every if online else None,
        chunk=config.window if rule == "tbptt" else "auto",
        jit_compile=False,
    )
    return model


def examples(config: Config, T: int, count: int, seed: int) -> tuple[Any, Any]:
    """Inputs and targets of a task."""
    from course_lib.data import adding_problem, anbn

    if config.task == "anbn":
        return tuple(anbn(count, config.max_n, seed))[:2]
    return tuple(adding_problem(count, T, seed))[:2]


def part(config: Config, rule: str, T: int, seed: int, verbose: int) -> dict[str, Any]:
    """Train one rule on one task.

    Returns:
        Curves of `steps`, `train_loss`, `test_loss`, of the kernel's `r2`, and of the `cosine` with
        BPTT's gradient if the config asks for it; `seconds_a_step`. Losses are mean squared errors,
        for aⁿbⁿ bits a character.
    """
    import time

    import numpy as np

    from course_lib.training.seeding import seed_everything

    seed_everything(seed)
    steps = T or 2 * config.max_n + 2
    model = build_model(config, rule, steps)
    unit = float(np.log(2)) if config.task == "anbn" else 1.0
    x_test, y_test = examples(config, steps, config.test, seed=10**6)
    curves: dict[str, list[float]] = {"steps": [], "train_loss": [], "test_loss": [], "r2": []}
    if config.cosine:
        curves["cosine"] = []
    seconds = []
    for number in range(config.rounds):
        count = config.steps * config.batch_size
        x, y = examples(config, steps, count, seed=1 + number + 1_000 * seed)
        began = time.perf_counter()
        logs = model.fit(x, y, batch_size=config.batch_size, shuffle=False, verbose=0).history
        seconds.append((time.perf_counter() - began) / config.steps)
        test = model.evaluate(x_test, y_test, batch_size=500, verbose=0) / unit
        curves["steps"].append((number + 1) * config.steps)
        curves["train_loss"].append(round(logs["loss"][0] / unit, 6))
        curves["test_loss"].append(round(float(test), 6))
        curves["r2"].append(round(float(logs.get("kernel_r2", [0])[0]), 4))
        if config.cosine:
            few = slice(0, config.batch_size)
            curves["cosine"].append(round(cosine_with_bptt(model, x_test[few], y_test[few]), 4))
        if verbose:
            print(rule, T, {name: c[-1] for name, c in curves.items()}, flush=True)
        if config.task != "anbn" and test < config.solved:
            break
    return {**curves, "seconds_a_step": round(float(np.median(seconds)), 4)}


def run(
    data: None, seed: int, quick: bool = False, verbose: int = 2, **settings: Any
) -> dict[str, Any]:
    """Train all parts, and return the configuration, the curves, and a summary.

    Args:
        data: nothing; the tasks are made on the spot.
        seed: seed of the weights and of the sequences.
        quick: two steps of a tiny net.
        verbose: 0 prints nothing.
        settings: fields of `Config` that shall differ from its defaults and from those of its task.

    Returns:
        A dict with `config`, `curves` (for each part, as "kernl-50", what `part` returns) and
        `summary`: the lowest loss on test sequences of each part, chance, and for the adding
        problem the largest T that each rule solved.
    """
    from course_lib import data as tasks

    task = TASKS[settings.get("task", "adding")]
    config = replace(Config(**{**task, **settings}), **(QUICK if quick else {}))
    if config.task == "anbn":
        config = replace(config, lengths=(0,))
    kept: Path | None = None if quick else UNFINISHED / f"{config.task}-{seed}.json"
    done: dict[str, Any] = {"config": json.loads(json.dumps(asdict(config))), "parts": {}}
    if kept is not None and kept.exists():
        stored = json.loads(kept.read_text(encoding="utf-8"))
        # A part knows nothing of the others: which of them are asked for may change.
        if _of_a_part(stored["config"]) == _of_a_part(done["config"]):
            done["parts"] = stored["parts"]
    for T in config.lengths:
        for rule in config.rules:
            name = f"{rule}-{T}" if T else rule
            if name in done["parts"]:
                continue
            done["parts"][name] = part(config, rule, T, seed, verbose)
            if kept is not None:
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.write_text(json.dumps(done), encoding="utf-8")
    wanted = [f"{rule}-{T}" if T else rule for T in config.lengths for rule in config.rules]
    parts = {name: done["parts"][name] for name in wanted}
    best = {name: min(curves["test_loss"]) for name, curves in parts.items()}
    summary: dict[str, Any] = {"test_loss": best}
    if config.task == "anbn":
        summary["chance"] = round(tasks.anbn_chance(config.max_n), 4)
        summary["floor"] = round(tasks.anbn_floor(config.max_n), 4)
    else:
        summary["chance"] = round(tasks.adding_problem_chance(), 4)
        summary["largest_solved"] = {
            rule: max((T for T in config.lengths if best[f"{rule}-{T}"] < config.solved), default=0)
            for rule in config.rules
        }
    if kept is not None:
        kept.unlink(missing_ok=True)
    return {"config": done["config"], "curves": parts, "summary": summary}


def _of_a_part(config: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in config.items() if name not in ("rules", "lengths")}
