"""The adding problem and aⁿbⁿ, with every rule on the same net.

Each rule chooses its learning rate by short runs from seeds of their own, out of the same few
rates, and is then trained from several seeds. Of a run, the round with the lowest loss on
validation sequences counts; the test sequences are looked at once, with the weights of that round.
"""

import itertools
import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from course_lib.training.equal_search import Study
from course_lib.training.experiments.online_mnist import UNFINISHED
from course_lib.training.experiments.online_rules import cosine_with_bptt
from course_lib.training.pieces import Piece, finish

if TYPE_CHECKING:
    from course_lib.online import LeakyRNNCell, OnlineRNN

NEEDS_MNIST = False
VALIDATION, TEST = 10**9, 10**9 + 1  # seeds of the sequences that no batch is made of
DIVERGED = 100.0  # times the loss of a guess
# What a step costs, roughly, in steps of RFLO.
COSTS = {"hybrid": 3.0, "uoro": 2.5, "kernl": 2.0, "snap1": 2.0, "bptt": 1.5, "tbptt": 1.5}


@dataclass(frozen=True)
class Config:
    """What a run is made of; stored with its result."""

    task: str = "adding"
    problem: str = "adding"  # or "anbn"
    rules: tuple[str, ...] = ("kernl", "hybrid", "bptt", "snap1", "rflo", "one_step")
    lengths: tuple[int, ...] = (50, 100, 200)  # T of the adding problem
    max_n: int = 32  # of aⁿbⁿ
    units: int = 64
    activation: str = "relu"
    leak: float = 0.2
    noise: float = 1e-3  # on a W_hh that starts as identity
    rates: tuple[float, ...] = (1.5e-4, 5e-4, 1.5e-3)  # of Adam; see `equal_search`
    trial_rounds: int = 5  # of a short run, which helps to choose a rate
    trial_seeds: tuple[int, ...] = (100, 101)
    seeds: tuple[int, ...] = (0, 1, 2)
    batch_size: int = 50
    rounds: int = 25  # looks at the validation sequences, at most
    steps: int = 200  # between two looks
    solved: float = 0.02  # a run ends below this validation loss; 0: never
    update_every: int = 6  # steps between two updates, of a rule with "-online" behind it
    window: int = 10  # steps that truncated BPTT looks back
    held_back: int = 1_000  # sequences to validate, and as many to test
    cosine: bool = False  # with BPTT's gradient, at every look


ANBN = {
    "problem": "anbn",
    "units": 32,
    "rates": (1.5e-3, 5e-3, 1.5e-2),
    "batch_size": 20,
    "rounds": 15,
    "steps": 100,
    "solved": 0.0,
}
TASKS: dict[str, dict[str, Any]] = {
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
        "trial_rounds": 4,
        "solved": 0.0,
        "cosine": True,
    },
    "anbn": {**ANBN, "rules": ("kernl", "kernl-online", "snap1", "one_step", "bptt")},
    # Both change the weights inside the sequence, after every window of truncated BPTT.
    "inside": {**ANBN, "rules": ("kernl-online", "tbptt-online"), "window": 6},
}
QUICK = {"rounds": 1, "trial_rounds": 1, "steps": 2, "held_back": 20, "lengths": (5,)}
QUICK |= {"max_n": 3, "units": 4, "rates": (1e-3,), "trial_seeds": (100,), "seeds": (0,)}


def leaky_cell(config: Config) -> "LeakyRNNCell":
    """The units that add: each begins as a memory that hardly fades."""
    from course_lib.online import LeakyRNNCell

    return LeakyRNNCell(
        config.units,
        config.activation,
        leak=config.leak,
        recurrent="identity",
        noise=config.noise,
    )


def build_model(config: Config, rule: str, T: int, rate: float, seed: int) -> "OnlineRNN":
    """A compiled and built model for one run.

    Args:
        config: of the whole.
        rule: a rule; "-online" behind it means updates inside the sequence.
        T: steps.
        rate: learning rate of Adam.
        seed: of what the rule draws. The weights are drawn by Keras's own generator.
    """
    import keras

    from course_lib.layers import LSTMCell
    from course_lib.online import OnlineRNN

    rule, _, online = rule.partition("-")
    if config.problem == "anbn":
        model = OnlineRNN(LSTMCell(config.units), 3, return_sequences=True, mask_value=0.0)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.build((None, T, 3))
    else:
        model, loss = OnlineRNN(leaky_cell(config), 1), keras.losses.MeanSquaredError()
        model.build((None, T, 2))
    model.compile(
        keras.optimizers.Adam(rate, global_clipnorm=1.0),
        loss,
        rule=rule,
        update_every=config.update_every if online else None,
        chunk=config.window if rule == "tbptt" else "auto",
        seed=seed,
        jit_compile=False,
    )
    return model


def examples(config: Config, T: int, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets of the problem."""
    from course_lib.data import adding_problem, anbn

    if config.problem == "anbn":
        return tuple(anbn(count, config.max_n, seed))[:2]
    return tuple(adding_problem(count, T, seed))[:2]


def chance(config: Config) -> float:
    """The loss of a guess: of the mean, or from the character before alone."""
    from course_lib import data

    anbn = config.problem == "anbn"
    return data.anbn_chance(config.max_n) if anbn else data.adding_problem_chance()


def train(config: Config, rule: str, T: int, rate: float, seed: int) -> dict[str, Any]:
    """A run that counts.

    Returns:
        The curves of `fit`; `chosen`, the index of the round with the lowest validation loss; and
        the `test_loss` of that round.
    """
    import keras

    model, found = fit(config, rule, T, rate, seed)
    test = loss_on(config, model, *examples(config, T, config.held_back, TEST))
    keras.backend.clear_session()  # the next run has this process too
    return {**found, "test_loss": test}


def trial(config: Config, rule: str, T: int, rate: float, seed: int) -> float:
    """The lowest validation loss of a short run."""
    import keras

    short = replace(config, rounds=config.trial_rounds, solved=0.0, cosine=False)
    _, found = fit(short, rule, T, rate, seed)
    keras.backend.clear_session()
    return found["validation_loss"][found["chosen"]]


def fit(
    config: Config, rule: str, T: int, rate: float, seed: int
) -> tuple["OnlineRNN", dict[str, Any]]:
    """Train one net until it has solved the problem, has diverged, or had all its rounds.

    Returns:
        The model, with the weights of the round with the lowest validation loss; and the curves of
        `steps`, `train_loss`, `validation_loss`, of the kernel's `r2`, and of the `cosine` with
        BPTT's gradient if the config asks for it, with `chosen` and `seconds_a_step`. Losses are
        mean squared errors, for aⁿbⁿ bits a character.
    """
    import time

    from course_lib.training.seeding import seed_everything

    seed_everything(seed)
    model = build_model(config, rule, T, rate, seed)
    held_back = examples(config, T, config.held_back, VALIDATION)
    few = [part[: config.batch_size] for part in held_back]
    names = ("steps", "train_loss", "validation_loss", "r2", *(["cosine"] * config.cosine))
    curves: dict[str, list[float]] = {name: [] for name in names}
    seconds, chosen, weights = [], 0, model.get_weights()
    for number in range(config.rounds):
        count = config.steps * config.batch_size
        x, y = examples(config, T, count, seed=1 + number + 1_000 * seed)
        began = time.perf_counter()
        logs = model.fit(x, y, batch_size=config.batch_size, shuffle=False, verbose=0).history
        seconds.append((time.perf_counter() - began) / config.steps)
        loss = loss_on(config, model, *held_back)
        curves["steps"].append((number + 1) * config.steps)
        curves["train_loss"].append(round(logs["loss"][0] / unit(config), 6))
        curves["validation_loss"].append(loss)
        curves["r2"].append(round(float(logs.get("kernel_r2", [0])[0]), 4))
        if config.cosine:
            curves["cosine"].append(round(cosine_with_bptt(model, *few), 4))
        if number == 0 or loss < curves["validation_loss"][chosen]:
            chosen, weights = number, model.get_weights()
        if loss < config.solved or not loss < DIVERGED * chance(config):
            break
    model.set_weights(weights)
    return model, {
        **curves,
        "chosen": chosen,
        "seconds_a_step": round(float(np.median(seconds)), 4),
    }


def loss_on(config: Config, model: "OnlineRNN", x: np.ndarray, y: np.ndarray) -> float:
    """The mean loss on these sequences."""
    loss = model.evaluate(x, y, batch_size=500, verbose=0)
    return round(float(loss) / unit(config), 6)


def unit(config: Config) -> float:
    """Of the losses that are reported: a bit, for aⁿbⁿ."""
    return math.log(2) if config.problem == "anbn" else 1.0


def run(
    data: None,
    seed: int,
    quick: bool = False,
    verbose: int = 2,
    processes: int | None = None,
    **settings: Any,
) -> dict[str, Any]:
    """Choose a rate for each rule and length, train all, and return what came of it.

    Args:
        data: nothing; the tasks are made on the spot.
        seed: added to each of the seeds in the configuration.
        quick: two steps of a tiny net.
        verbose: 0 prints nothing.
        processes: that work side by side; None: one for each core that we may use. The result
            doesn't depend on it.
        settings: fields of `Config` that shall differ from its defaults and from those of its task.

    Returns:
        A dict with `config`; `curves`, for each rule and length, as "kernl-50", the lowest
        validation loss of each rate in `trials`, and in `runs` what `train` gives for each seed;
        `summary`, for each of them its `learning_rate`, `test_loss` of each seed and their mean,
        after how many batches that was, how many seeds solved the problem, and the median cosine;
        the loss of a guess, and for aⁿbⁿ the floor.
    """
    from course_lib.data import anbn_floor

    task = TASKS[settings.get("task", "adding")]
    config = replace(Config(**{**task, **settings}), **(QUICK if quick else {}))
    if config.problem == "anbn":  # the longest, with a newline before and after
        config = replace(config, lengths=(2 * config.max_n + 2,))
    config = replace(
        config,
        seeds=tuple(seed + one for one in config.seeds),
        trial_seeds=tuple(seed + one for one in config.trial_seeds),
    )
    file: Path | None = None if quick else UNFINISHED / f"{config.task}-{seed}.json"
    study = _study(config)
    done = finish(
        study.plan,
        file,
        made_of=_of_one_run(config),
        processes=processes,
        say=_say if verbose else None,
    )
    trials = {name: study.losses(name, done) for name in study.names}
    runs = {name: study.runs(name, done) for name in study.names}
    summary: dict[str, Any] = {
        name: {"learning_rate": study.rate(name, done), **_summary(config, runs[name])}
        for name in study.names
    }
    summary["chance"] = round(chance(config), 4)
    if config.problem == "anbn":
        summary["floor"] = round(anbn_floor(config.max_n), 4)
    if file is not None:
        file.unlink(missing_ok=True)
    found = {
        "config": asdict(config),
        "curves": {
            "trials": {
                name: {f"{rate:g}": round(loss, 6) for rate, loss in losses.items()}
                for name, losses in trials.items()
            },
            "runs": runs,
        },
        "summary": summary,
    }
    return _plain(found)


def _plain(value: Any) -> Any:
    """With None for what is no number, which JSON doesn't know: the loss of a run that diverged."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_plain(one) for one in value)
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _study(config: Config) -> Study:
    parts = {
        rule if config.problem == "anbn" else f"{rule}-{T}": (rule, T)
        for T, rule in itertools.product(config.lengths, config.rules)
    }

    def piece(kind: str, function: Any, rounds: int) -> Any:
        def make(name: str, rate: float, seed: int) -> Piece:
            rule, T = parts[name]
            cost = COSTS.get(rule.partition("-")[0], 1.0) * T * rounds
            title = f"{name}, rate {rate:g}, seed {seed}{kind}"
            return Piece(title, function, (config, rule, T, rate, seed), cost)

        return make

    return Study(
        names=tuple(parts),
        grid=config.rates,
        trial_seeds=config.trial_seeds,
        seeds=config.seeds,
        trial=piece(", trial", trial, config.trial_rounds),
        run=piece("", train, config.rounds),
    )


def _summary(config: Config, runs: list[dict[str, Any]]) -> dict[str, Any]:
    """What counts of the runs of one rule and length, one number a seed."""
    test = [run["test_loss"] for run in runs]
    found = {
        "test_loss": test,
        "mean_test_loss": round(float(np.mean(test)), 6),
        "batches": [run["steps"][run["chosen"]] for run in runs],
    }
    if config.solved:
        ends = [run["validation_loss"][-1] for run in runs]
        found["seeds_that_solved"] = sum(loss < config.solved for loss in ends)
    if config.cosine:
        found["median_cosine"] = [round(float(np.median(run["cosine"])), 4) for run in runs]
    return found


def _of_one_run(config: Config) -> dict[str, Any]:
    """The settings that a run depends on. Which others there are may change."""
    others = ("rules", "lengths", "rates", "seeds", "trial_seeds")
    return {name: value for name, value in asdict(config).items() if name not in others}


def _say(name: str, gave: Any) -> None:
    found = gave if isinstance(gave, float) else gave["test_loss"]
    print(f"{name}: {found:.6f}", flush=True)
