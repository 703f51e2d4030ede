"""Exercise, a bug hunt: dropout that goes on after training."""

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint, Problem, Rung
from course_lib.exercises.ladder.masks import on_their_own
from course_lib.exercises.ladder.rungs import drawn, irregular, matches, shapes
from course_lib.scratch.stacked import dropout_between_layers

# Large enough that the share of dropped entries is known to a few thousandths, and no more is
# asked: which entries are dropped is up to the one who draws.
BATCH, T, UNITS, RATE = 40, 25, 20, 0.7


def at_evaluation() -> Arrays:
    """A small case with dropout asked for, but not in training."""
    return {"h": irregular(2, 3, 4), "rate": RATE, "training": False, "seed": 0}


def without_dropout() -> Arrays:
    """In training, with a rate of zero."""
    return {"h": irregular(2, 3, 4), "rate": 0.0, "training": True, "seed": 0}


def in_training() -> Arrays:
    """In training; no entry is zero."""
    return {"h": 1.5 + irregular(BATCH, T, UNITS), "rate": RATE, "training": True, "seed": 0}


def more_gently() -> Arrays:
    """In training, with a rate of more digits than one: one that is cut to tenths shows."""
    return {**in_training(), "rate": 0.262, "seed": 1}


def drop(function, given: Arrays) -> Arrays:
    """The call, its generator made from the seed."""
    *arguments, seed = given.values()
    return {"h": function(*arguments, np.random.default_rng(seed))}


def drop_without_generator(function, given: Arrays) -> Arrays:
    """The call with None for the generator."""
    *arguments, _ = given.values()
    return {"h": function(*arguments, None)}


# What comes out of these calls are facts about what was dropped, not the random numbers.


def factors(function, given: Arrays) -> Arrays:
    """The numbers that entries were multiplied by."""
    return {"factors": np.unique(np.round(_factor(function, given), 3))[:10]}


def share(function, given: Arrays) -> Arrays:
    """The share of entries that were dropped, in steps of 0.02, between which chance can't move."""
    return {"share dropped": np.round(50 * np.mean(_factor(function, given) == 0)) / 50}


def share_and_factors(function, given: Arrays) -> Arrays:
    """Both."""
    return {**share(function, given), **factors(function, given)}


def sharing(function, given: Arrays) -> Arrays:
    """Along which axes the same entries were dropped everywhere."""
    dropped = _factor(function, given) == 0
    return {
        name: bool(np.all(dropped == np.take(dropped, [0], axis)))
        for axis, name in enumerate(("sequences", "steps", "units"))
    }


def dropped_by(function, given: Arrays, rng: np.random.Generator) -> np.ndarray:
    """Which entries a generator drops."""
    *arguments, _ = given.values()
    return np.asarray(function(*arguments, rng)) == 0


def masks(function, given: Arrays) -> Arrays:
    """What one generator drops, call after call."""
    rng = np.random.default_rng(given["seed"])
    return {"dropped": np.stack([dropped_by(function, given, rng) for _ in range(5)])}


def _factor(function, given: Arrays) -> np.ndarray:
    return np.asarray(drop(function, given)["h"]) / given["h"]


def judge_factors(given: Arrays, outputs: Arrays) -> Problem | None:
    """Zero, or one over the share that is kept."""
    kept = 1 / (1 - given["rate"])
    found = outputs["factors"]
    right = {0.0, round(kept, 3)}
    wrong = [value for value in found if value not in right]
    if wrong:
        return Problem(
            f"In training, with rate {given['rate']}, an entry was multiplied by {wrong[-1]:g}; it "
            f"should be 0 (dropped) or 1 / (1 - {given['rate']}) = {kept:.3f} (kept)."
        )
    if len(found) < 2:
        what = "dropped" if found[0] == 0 else "kept"
        return Problem(f"In training, with rate {given['rate']}, every entry was {what}.")
    return None


def judge_share(given: Arrays, outputs: Arrays) -> Problem | None:
    """As many as `rate` says."""
    found, rate = float(outputs["share dropped"]), given["rate"]
    if abs(found - rate) < 0.015:
        return None
    return Problem(f"With rate {rate}, about {found:g} of the entries were dropped.")


def judge_both(given: Arrays, outputs: Arrays) -> Problem | None:
    """As many as `rate` says, and the rest scaled for just this rate."""
    return judge_share(given, outputs) or judge_factors(given, outputs)


def judge_sharing(_: Arrays, outputs: Arrays) -> Problem | None:
    """Each entry on its own."""
    same = [name for name, shared in outputs.items() if shared]
    if not same:
        return None
    return Problem(
        f"The same entries are dropped for all {' and all '.join(same)}: each entry is dropped or "
        "kept on its own."
    )


EXERCISE = Exercise(
    reference=dropout_between_layers,
    title="Dropout that ends",
    goal="Drop entries on their way from one layer to the next, but only in training.",
    difficulty=1,
    minutes=10,
    returns={"h": "array"},
    equivalent={
        "random(h.shape) >= rate -> random(h.shape) > rate": (
            "a draw of float64 equals the probability once in 2**53"
        ),
    },
    ladder=(
        shapes(in_training, call=drop, h=(BATCH, T, UNITS)),
        matches(
            "at evaluation nothing happens",
            at_evaluation,
            lambda given: {"h": given["h"]},
            "With training=False what goes in must come out.",
            drop,
        ),
        matches(
            "at evaluation no generator is needed",
            at_evaluation,
            lambda given: {"h": given["h"]},
            "With training=False and rng=None what goes in must come out.",
            drop_without_generator,
        ),
        matches(
            "with a rate of zero nothing happens",
            without_dropout,
            lambda given: {"h": given["h"]},
            "With rate 0 what goes in must come out, in training too.",
            drop,
        ),
        Rung(
            "in training an entry is dropped, or kept and scaled up",
            in_training,
            judge_factors,
            factors,
        ),
        Rung("each entry is dropped on its own", in_training, judge_sharing, sharing),
        Rung("in training the share that is dropped is rate", in_training, judge_share, share),
        Rung("and so for another rate", more_gently, judge_both, share_and_factors),
        drawn(in_training, dropped_by),
        on_their_own(in_training, masks, lambda given: given["rate"]),
    ),
    promises={
        "In training each entry is dropped": (
            "each entry is dropped on its own",
            "no entry says what becomes of another",
            "in training the share that is dropped is rate",
        ),
        "what is kept is divided": "in training an entry is dropped, or kept and scaled up",
        "At evaluation nothing": "at evaluation nothing happens",
        "Source: ": "scaffold: where it comes from",
        "between layers only": "scaffold: where it comes from",
        "h: states of the layer": "it runs, and the shapes are right",
        "rate: probability": (
            "in training the share that is dropped is rate",
            "and so for another rate",
            "with a rate of zero nothing happens",
        ),
        "training: True in": "at evaluation nothing happens",
        "rng: a generator": "the generator decides, and nothing else",
        "rng: at evaluation it may": "at evaluation no generator is needed",
        "What the layer above": "it runs, and the shapes are right",
    },
    hints=(
        Hint(
            "I can't see anything wrong.",
            "In training there is nothing wrong. Which of the four arguments is never used?",
        ),
        Hint(
            "Must I scale something at evaluation?",
            "No. What is kept in training is divided by 1 - rate, so the mean is the same with "
            "dropout and without. (Older texts scale at evaluation instead.)",
            fits=(
                "not scaled",
                "scaled at evaluation",
                "scaled in both",
                "scaled down",
                "divided by rate",
                "rate taken for keep prob",
                "rate is what is kept",
            ),
        ),
    ),
)


@EXERCISE.hunt(
    "Still the old symptom: the trained network is asked twice about the same "
    "image, and gives two answers."
)
def also_at_evaluation(h, rate, training, rng):
    """Dropout on the way from one layer to the next.

    In training each entry is dropped, that is, set to zero, with probability
    `rate`, on its own; what is kept is divided by 1 - rate, so that the mean
    stays what it was. At evaluation nothing happens.

    Args:
        h: states of the layer below, shape (batch, T, n).
        rate: probability to drop an entry, from 0 to below 1.
        training: True in training, False at evaluation.
        rng: a generator, as `np.random.default_rng(seed)` gives it; at
            evaluation it may be None.

    Returns:
        What the layer above reads, shape (batch, T, n).
    """
    kept = rng.random(h.shape) >= rate
    return np.where(kept, h / (1 - rate), 0.0)


@EXERCISE.mistake(
    "The condition is reversed: entries are dropped at evaluation and all kept in training. "
    "Return h as it is when not training."
)
def only_at_evaluation(h, rate, training, rng):
    """if training: return h."""
    return h if training else also_at_evaluation(h, rate, True, rng)


@EXERCISE.mistake(
    "Now nothing is ever dropped, so nothing is regularised: return h as it is only when not "
    "training."
)
def never(h, rate, training, rng):
    """Dropout removed."""
    return h


@EXERCISE.mistake(
    "What is kept isn't scaled: with entries missing the layer above gets smaller sums in training "
    "than at evaluation. Divide by 1 - rate."
)
def not_scaled(h, rate, training, rng):
    """Zeros, and no more."""
    return h * (rng.random(h.shape) >= rate) if training else h


@EXERCISE.mistake(
    "h is scaled at evaluation, as in the first paper on dropout: here what is kept is divided by "
    "1 - rate in training, and evaluation leaves h alone."
)
def scaled_at_evaluation(h, rate, training, rng):
    """Not inverted."""
    return h * (rng.random(h.shape) >= rate) if training else h * (1 - rate)


@EXERCISE.mistake(
    "What is kept is divided by 1 - rate in training, which is right, and then h is multiplied by "
    "it at evaluation too: one of the two is enough, so let evaluation leave h alone."
)
def scaled_in_both(h, rate, training, rng):
    """Old and new dropout at once."""
    if not training:
        return h * (1 - rate)
    return np.where(rng.random(h.shape) >= rate, h / (1 - rate), 0.0)


@EXERCISE.mistake(
    "Evaluation is fine now, but in training what is kept is multiplied by 1 - rate: divide by it, "
    "so that the mean stays what it was."
)
def scaled_down(h, rate, training, rng):
    """* for /."""
    return np.where(rng.random(h.shape) >= rate, h * (1 - rate), 0.0) if training else h


@EXERCISE.mistake(
    "Random numbers are drawn at evaluation too, although nothing is dropped there: return "
    "before you draw, since rng may be None."
)
def drawn_at_evaluation(h, rate, training, rng):
    """Draws first, asks afterwards."""
    kept = rng.random(h.shape) >= rate
    return np.where(kept, h / (1 - rate), 0.0) if training else h


@EXERCISE.mistake(
    "An entry is kept with probability rate, so rate is taken for the old notebook's keep_prob: "
    "drop where the random number is below rate, and keep the rest."
)
def rate_taken_for_keep_prob(h, rate, training, rng):
    """Keeps a share of `rate`, and scales for it."""
    if not training or rate == 0:
        return h
    return np.where(rng.random(h.shape) < rate, h / rate, 0.0)


@EXERCISE.mistake(
    "With a rate of 0 everything is dropped: rate is taken for the share that is kept. Drop where "
    "the random number is below rate, and divide what is kept by 1 - rate."
)
def rate_is_what_is_kept(h, rate, training, rng):
    """The same at a rate of zero, where nothing is kept."""
    if not training:
        return h
    with np.errstate(all="ignore"):
        return np.where(rng.random(h.shape) < rate, h / rate, 0.0)


@EXERCISE.mistake(
    "An entry is kept with probability `rate` here, and 1 - rate is what the factor is for: a "
    "random number is below rate with probability rate, and then the entry is dropped."
)
def comparison_turned_round(h, rate, training, rng):
    """Keeps a share of `rate`, scaled for 1 - rate."""
    if not training or rate == 0:
        return h
    return np.where(rng.random(h.shape) < rate, h / (1 - rate), 0.0)


@EXERCISE.mistake(
    "An entry is kept with probability `rate`, so that a rate of 0 drops everything: `rate` is the "
    "probability to drop it. A random number lies below rate with that probability, so drop there."
)
def comparison_turned_round_for_every_rate(h, rate, training, rng):
    """The same without a way out at a rate of zero."""
    if not training:
        return h
    return np.where(rng.random(h.shape) < rate, h / (1 - rate), 0.0)


@EXERCISE.mistake(
    "All steps of a sequence share one mask: that is another method (variational dropout). Here "
    "each entry is on its own, so draw as many numbers as h has entries."
)
def one_mask_for_all_steps(h, rate, training, rng):
    """One draw for each sequence and unit."""
    if not training:
        return h
    return h * (rng.random((len(h), 1, h.shape[2])) >= rate) / (1 - rate)


@EXERCISE.mistake(
    "All sequences of the batch share one mask: each entry is dropped on its own, so draw as many "
    "numbers as h has entries."
)
def one_mask_for_the_batch(h, rate, training, rng):
    """h.shape[1:]."""
    return h * (rng.random(h.shape[1:]) >= rate) / (1 - rate) if training else h


@EXERCISE.mistake(
    "The random numbers don't come from rng, so the run can't be repeated: draw with "
    "rng.random(h.shape)."
)
def another_generator(h, rate, training, rng):
    """np.random for rng."""
    if not training:
        return h
    return np.where(np.random.default_rng().random(h.shape) >= rate, h / (1 - rate), 0.0)


@EXERCISE.mistake(
    "Everything is dropped or everything is kept, by one random number: draw as many numbers as h "
    "has entries, rng.random(h.shape)."
)
def one_draw_for_all(h, rate, training, rng):
    """rng.random() without a shape."""
    return h * (rng.random() >= rate) / (1 - rate) if training else h


@EXERCISE.mistake(
    "A unit is dropped for all steps of all sequences: each entry is dropped on its own, so draw "
    "as many numbers as h has entries, rng.random(h.shape)."
)
def one_draw_for_each_unit(h, rate, training, rng):
    """rng.random(n)."""
    return h * (rng.random(h.shape[-1]) >= rate) / (1 - rate) if training else h


@EXERCISE.mistake(
    "What is kept is divided by rate: a share of 1 - rate is kept, so divide by 1 - rate."
)
def divided_by_rate(h, rate, training, rng):
    """h / rate."""
    return np.where(rng.random(h.shape) >= rate, h / rate, 0.0) if training else h


@EXERCISE.mistake(
    "Everything is scaled and nothing is dropped: the mean effect of dropout isn't dropout. Set "
    "entries to zero, at random."
)
def scaled_without_dropping(h, rate, training, rng):
    """h * (1 - rate)."""
    return h * (1 - rate) if training else h


@EXERCISE.alternative
def with_a_binomial(h, rate, training, rng):
    """A mask of zeros and ones."""
    if training:
        h = h * rng.binomial(1, 1 - rate, size=h.shape) / (1 - rate)
    return h


@EXERCISE.alternative
def step_by_step(h, rate, training, rng):
    """Another order of the draws, and the mask built in place."""
    if training is False:
        return h.copy()
    mask = np.ones(h.shape)
    for t in range(h.shape[1]):
        mask[:, t][rng.uniform(size=mask[:, t].shape) < rate] = 0
    return h * mask / (1 - rate)
