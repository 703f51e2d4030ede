"""A GRU that reads five plays letter by letter, against n-grams of the same text.

Two ways to cut the text are compared: the state is carried over from window to window, or each
window begins with a state of zero. Both get the same learning rates. Short runs choose the rate;
the epoch is that of the lowest validation loss. The test part chooses nothing.
"""

import time
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from course_lib.data.text import Text, load_text
from course_lib.training.experiments.ngrams import NGrams

if TYPE_CHECKING:
    from course_lib.data import Mnist
    from course_lib.training.experiments.text_model import Reader

NEEDS_MNIST = False
STATES = ("carried", "reset")


@dataclass(frozen=True)
class Config:
    """What a run is made of; stored with its result."""

    units: int = 256
    lanes: int = 32  # pieces of the text, read side by side
    window: int = 64  # characters between two updates, which a gradient may go back
    epochs: int = 5
    learning_rates: tuple[float, ...] = (4e-3, 8e-3)  # of Adam; up, then down by half a cosine
    warm_up: int = 100  # updates until the rate is reached
    trial_epochs: int = 1  # of a run by which the rate is chosen
    clip_norm: float = 1.0  # of all gradients together
    ngrams: tuple[int, ...] = (1, 2, 3, 4, 5, 6)
    span: int = 256  # characters after a reset whose cost is looked at
    every: int = 32  # from so many places of the validation part
    sample: int = 300  # characters
    sample_after: tuple[int, ...] = (0, 1, 2, 5)  # epochs
    temperatures: tuple[float, ...] = (0.2, 0.5, 1.0, 1.5)
    passage: int = 600  # characters of the test part that are shown with what a unit says
    characters: int = 0  # of the text, from its beginning; 0: all


QUICK = {
    "units": 16,
    "epochs": 1,
    "learning_rates": (1e-2,),
    "characters": 20_000,
    "lanes": 4,
    "sample": 20,
    "sample_after": (0, 1),
    "every": 256,
}


def run(
    data: "Mnist | None", seed: int, quick: bool = False, verbose: int = 2, **settings: Any
) -> dict[str, Any]:
    """Count n-grams, train both ways, and look into the network whose state was carried over.

    Args:
        data: not used; the text comes with the course.
        seed: seed of the weights and of what is written.
        quick: one epoch of a small network on the text's beginning.
        verbose: 0 prints nothing.
        settings: fields of `Config` that shall differ from its defaults.

    Returns:
        A dict with `config`; `curves`: of each way, the validation bits after each epoch; what was
        written; the extra bits after a reset; a passage and what a unit says of it; and `summary`:
        bits a character of the n-grams and of both networks, the perplexity, and the score of the
        unit that follows a line's length.
    """
    config = replace(Config(**settings), **(QUICK if quick else {}))
    text = Text(load_text().characters[: config.characters or None])
    parts = {"validation": text.validation, "test": text.test}
    ngrams = {n: NGrams(text.train, n, len(text.vocabulary)) for n in config.ngrams}
    readers, curves, summary = {}, {}, {}
    for states in STATES:
        tried = {
            rate: _train(config, text, states, rate, config.trial_epochs, seed, verbose)
            for rate in config.learning_rates
        }
        rate = min(tried, key=lambda one: min(tried[one]["curve"]))
        best = _train(config, text, states, rate, config.epochs, seed, verbose)
        readers[states], curves[states] = best["reader"], best["curve"]
        summary[states] = {
            "learning_rate": rate,
            "chosen_epoch": int(np.argmin(best["curve"])) + 1,
            "seconds": best["seconds"],
            **{
                f"{name}_read_{read}": round(_bits(config, best["reader"], codes, read), 4)
                for name, codes in parts.items()
                for read in STATES
            },
        }
        curves["written"] = curves.get("written") or best["written"]
    reader = readers["carried"]
    curves["temperatures"] = {
        str(temperature): _write(config, text, reader, temperature, seed)
        for temperature in config.temperatures
    }
    curves["after_a_reset"] = _after_a_reset(config, text, reader)
    line_unit, curves["line_unit"] = _line_unit(config, text, reader, seed)
    return {
        "config": {
            **asdict(config),
            "optimizer": "Adam",
            "train": len(text.train),
            "validation": len(text.validation),
            "test": len(text.test),
            "vocabulary": len(text.vocabulary),
        },
        "curves": curves,
        "summary": {
            "ngrams": {
                str(n): {
                    name: round(float(grams.bits(codes).mean()), 4) for name, codes in parts.items()
                }
                for n, grams in ngrams.items()
            },
            "best_ngram": min(ngrams, key=lambda n: ngrams[n].bits(text.validation).mean()),
            **summary,
            "perplexity": round(2 ** summary["carried"]["test_read_carried"], 3),
            "line_unit": line_unit,
        },
    }


def _train(
    config: Config,
    text: Text,
    states: str,
    rate: float,
    epochs: int,
    seed: int,
    verbose: int,
) -> dict[str, Any]:
    """One network at one rate, with the weights of its best epoch; what it wrote on the way."""
    import keras

    from course_lib.scratch.text import carried_windows
    from course_lib.training.experiments.text_model import CharacterModel, Reader, training_step
    from course_lib.training.seeding import seed_everything

    began = time.perf_counter()
    seed_everything(seed)
    model = CharacterModel(len(text.vocabulary), config.units)
    model(text.train[None, :2], model.begin(1))
    reader = Reader(model)
    x, y = carried_windows(text.train, config.lanes, config.window)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0,
        max(1, epochs * len(x) - config.warm_up),
        warmup_target=rate,
        warmup_steps=config.warm_up,
    )
    step = training_step(model, keras.optimizers.Adam(schedule), config.clip_norm)
    curve, best, written = [], model.get_weights(), {}
    for epoch in range(epochs + 1):
        if epoch:  # 0 is the network before any training
            h = model.begin(config.lanes)
            for window, following in zip(x, y, strict=True):
                _, after = step(window, following, h)
                h = after if states == "carried" else h
            curve.append(round(_bits(config, reader, text.validation, states), 6))
            if curve[-1] == min(curve):
                best = model.get_weights()
            if verbose:
                print(f"{states}, rate {rate:g}, epoch {epoch}: {curve[-1]:.3f}", flush=True)
        if epoch in config.sample_after and states == "carried":
            written[str(epoch)] = _write(config, text, reader, 1.0, seed)
    model.set_weights(best)
    return {
        "reader": reader,
        "curve": curve,
        "written": written,
        "seconds": round(time.perf_counter() - began),
    }


def _bits(config: Config, reader: "Reader", codes: np.ndarray, states: str) -> float:
    """Mean cost of a part of the text, in bits a character."""
    costs = reader.bits(codes, config.lanes, config.window, states == "carried")
    return float(costs.mean())


def _write(config: Config, text: Text, reader: "Reader", temperature: float, seed: int) -> str:
    """What the network writes after an empty line, where someone begins to speak."""
    rng = np.random.Generator(np.random.PCG64(seed))
    codes = reader.write(text.encode("\n\n"), config.sample, temperature, rng)
    return text.decode(codes)


def _after_a_reset(config: Config, text: Text, reader: "Reader") -> dict[str, list[float]]:
    """What characters cost more for having been read from a state of zero, by how many were read.

    Compared with the same characters, read with the state of all that came before.
    """
    codes = text.validation
    fresh = reader.bits_from_zero(codes, config.span, config.every)
    carried = reader.bits(codes, 1, config.window)[0]
    starts = np.arange(0, len(codes) - config.span, config.every)
    rows = starts[:, None] + np.arange(config.span)
    known = rows[:, -1] < len(carried)
    extra = (fresh[known] - carried[rows[known]]).mean(axis=0)
    borders = 2 ** np.arange(int(np.log2(config.span)) + 1) - 1  # read: 1, 2-3, 4-7, ...
    return {
        "read": [int(b) + 1 for b in borders[:-1]],
        "extra_bits": [round(float(e.mean()), 4) for e in np.split(extra, borders)[1:-1]],
    }


def _line_unit(
    config: Config, text: Text, reader: "Reader", seed: int
) -> tuple[dict[str, float], dict[str, Any]]:
    """The unit that follows the length of a line best: its score, and what it says of a passage.

    It is chosen on the validation part and scored on the test part, by the size of its correlation
    with `line_position`. So that a good one among many is no surprise, the same search is made
    among the units of a network that was never trained.
    """
    from course_lib.training.experiments.text_model import CharacterModel, Reader
    from course_lib.training.seeding import seed_everything

    seed_everything(seed)
    untrained = Reader(CharacterModel(len(text.vocabulary), config.units))
    validation, test = (line_position(text.decode(codes)) for codes in (text.validation, text.test))
    scores, traces = {}, {}
    for name, one in (("trained", reader), ("untrained", untrained)):
        unit = int(np.argmax(np.abs(_correlation(one.states(text.validation), validation))))
        states = one.states(text.test)[:, [unit]]
        scores[name] = round(abs(float(_correlation(states, test)[0])), 4)
        traces[name] = states[: config.passage, 0].round(3).tolist()
    passage = text.decode(text.test[: config.passage])
    return scores, {"passage": passage, "state": traces["trained"]}


def line_position(text: str) -> np.ndarray:
    """How many characters of the line have been read, (T,); 0 at the end of a line."""
    counts, count = [], 0
    for character in text:
        count = 0 if character == "\n" else count + 1
        counts.append(count)
    return np.array(counts, float)


def _correlation(states: np.ndarray, feature: np.ndarray) -> np.ndarray:
    """Of every unit (T, n) with a feature (T,): (n,), 0 for what never changes."""
    states, feature = states - states.mean(axis=0), feature - feature.mean()
    product = np.sqrt((states**2).sum(axis=0) * (feature**2).sum())
    return np.divide(feature @ states, product, out=np.zeros(states.shape[1]), where=product > 0)
