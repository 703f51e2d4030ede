"""Exercise: dropout whose probability fades in."""

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint, Problem, Rung
from course_lib.exercises.ladder.masks import on_their_own
from course_lib.exercises.ladder.rungs import drawn, holds, irregular, shapes
from course_lib.scratch.gradnets import gradual_dropout

# Which entries fall depends on how an answer uses the generator, and several ways are right. So
# the rungs look at what all right answers have in common: shares, factors, and what is the same.


def small() -> Arrays:
    """Two rows of four units."""
    return {"x": irregular(2, 4), "p": 0.5, "g": 0.6, "seed": 1, "training": True}


def one_in_five() -> Arrays:
    """p g = 0.8 × 0.25 = 0.2, over many entries of 4: one sequence, of two units."""
    x = np.full((1, 10_000, 2), 4.0)
    return {"x": x, "p": 0.8, "g": 0.25, "seed": 2, "training": True}


def three_in_ten() -> Arrays:
    """p g = 0.515 × 0.585, near 0.3 but not near enough to be cut to it; in training by default."""
    return {"x": np.full((100, 200), -2.0), "p": 0.515, "g": 0.585, "seed": 3}


def closed() -> Arrays:
    """g = 0."""
    return {**small(), "g": 0.0}


def evaluating() -> Arrays:
    """With the gate open, at evaluation."""
    return {**small(), "g": 1.0, "training": False}


def called(function, given: Arrays) -> Arrays:
    """The two results, with a generator made from the seed."""
    x, p, g, seed, *training = given.values()
    y, scale = function(x, p, g, np.random.default_rng(seed), *training)
    return {"y": y, "scale": scale}


def in_numbers(function, given: Arrays) -> Arrays:
    """What is left of entries that are all alike; the share to one digit, which no chance moves."""
    y = called(function, given)["y"]
    kept = y[y != 0]
    return {
        "the share of zeros": np.round(np.mean(y == 0), 1),
        "the smallest entry kept": kept.min(initial=np.inf) if kept.size else 0.0,
        "the largest entry kept": kept.max(initial=-np.inf) if kept.size else 0.0,
        "the mean of all entries is that of x, within 5%": bool(
            abs(np.mean(y) / given["x"].flat[0] - 1) < 0.05
        ),
    }


def shares_and_sizes(given: Arrays, outputs: Arrays) -> Problem | None:
    """The share p g is 0, and the rest is scaled so that the mean stays."""
    dropped, value = given["p"] * given["g"], given["x"].flat[0]
    share = float(outputs["the share of zeros"])
    sizes = {float(outputs[f"the {which} entry kept"]) for which in ("smallest", "largest")}
    details = {
        "with": {"x of shape": given["x"].shape, **{name: given[name] for name in ("p", "g")}},
        "by hand": f"p g = {given['p']} × {given['g']} = {dropped:.4g} of the entries are 0; the "
        f"rest, {1 - dropped:.4g}, are {value:g} / {1 - dropped:.4g} = {value / (1 - dropped):g}",
    }
    if abs(share - dropped) > 0.05:
        return Problem(
            f"About {share:.1f} of the entries are 0; it should be {dropped:.2g}, which is p g.",
            details,
        )
    if any(abs(size - value / (1 - dropped)) > 1e-4 * abs(value) for size in sizes):
        seen = " and ".join(f"{size:g}" for size in sorted(sizes))
        return Problem(
            f"An entry of {value:g} that is kept becomes {seen}; it should be "
            f"{value / (1 - dropped):g}, so that the mean of all entries stays {value:g}.",
            details,
        )
    return None


def changed_or_not(function, given: Arrays) -> Arrays:
    """Results where nothing may happen."""
    results = called(function, given)
    return {
        **results,
        "y expected": given["x"],
        "scale expected": np.ones_like(given["x"]),
    }


def product(function, given: Arrays) -> Arrays:
    """y, and x times the factor that comes with it."""
    results = called(function, given)
    difference = np.abs(results["y"] - given["x"] * results["scale"]).max()
    return {"largest |y - x × scale|": difference, "largest |y - x × scale| expected": 0.0}


def whatever_x_is(function, given: Arrays) -> Arrays:
    """Whether entries that are 0 have the factors that any others have.

    Which factors they are is chance where the generator isn't the one that is handed in.
    """
    zeros = called(function, {**given, "x": np.zeros_like(given["x"])})["scale"]
    return {
        "entries of 0 have the factors of any others": np.array_equal(
            zeros, called(function, given)["scale"]
        ),
        "entries of 0 have the factors of any others expected": True,
    }


def dropped_by(function, given: Arrays, rng: np.random.Generator) -> np.ndarray:
    """Which entries a generator drops."""
    x, p, g, *_ = given.values()
    return np.asarray(function(x, p, g, rng)[1]) == 0


def masks(function, given: Arrays) -> Arrays:
    """What one generator drops, call after call."""
    rng = np.random.default_rng(given["seed"])
    return {"dropped": np.stack([dropped_by(function, given, rng) for _ in range(5)])}


def after_one_draw_each(given: Arrays) -> set[float]:
    """The number that comes next, where one was drawn for each entry, of either precision."""
    found = set()
    for dtype in (np.float64, np.float32):
        rng = np.random.default_rng(given["seed"])
        rng.random(given["x"].shape, dtype=dtype)
        found.add(rng.random())
    return found


def at_every_gate(function, given: Arrays) -> Arrays:
    """Where the generator stands after a call, and whether a wider gate drops what a narrower did.

    The generator is asked for its next number.
    """
    next_ones, dropped = [], []
    for g in (0.0, 0.3, 1.0):
        rng = np.random.default_rng(given["seed"])
        dropped.append(np.asarray(function(given["x"], given["p"], g, rng)[1]) == 0)
        next_ones.append(rng.random())
    draws = np.random.default_rng(given["seed"]).random(given["x"].shape)
    return {
        "moved alike": len(set(next_ones)) == 1,
        "one draw each": set(next_ones) <= after_one_draw_each(given),
        "dropped again": bool(np.all(dropped[1] <= dropped[2])),
        # It tells one way to use the draws from another.
        "mean draw where g = 0.3 drops": np.round(
            draws[dropped[1]].sum() / max(1, dropped[1].sum()), 1
        ),
    }


def the_same_draws(_: Arrays, outputs: Arrays) -> Problem | None:
    """One draw an entry, whatever the gate, and each entry compared alike."""
    if not outputs["moved alike"]:
        return Problem(
            "After a call at g = 0 the generator stands elsewhere than after one at a wider gate: "
            "one number is drawn for each entry at every gate, also where nothing can be dropped."
        )
    if not outputs["one draw each"]:
        return Problem(
            "After a call the generator stands elsewhere than after one uniform number for each "
            "entry of x: draw as many numbers as x has entries, by rng.random, no more and no less."
        )
    if not outputs["dropped again"]:
        return Problem(
            "From the same seed, an entry that is dropped at g = 0.3 is kept at g = 1: compare the "
            "same draws in the same way at every gate."
        )
    return None


def rows_and_columns(function, given: Arrays) -> Arrays:
    """Whether every entry falls on its own."""
    dropped = called(function, given)["scale"] == 0
    return {
        "all rows drop the same entries": bool((dropped == dropped[:1]).all()),
        "all rows drop the same entries expected": np.array(False),
        "all columns drop the same entries": bool((dropped == dropped[:, :1]).all()),
        "all columns drop the same entries expected": np.array(False),
    }


EXERCISE = Exercise(
    reference=gradual_dropout,
    title="Gradual dropout",
    goal="Drop entries with a probability that grows with the gate, and keep the mean.",
    difficulty=2,
    minutes=20,
    returns={"y": "array", "scale": "array"},
    equivalent={
        "random(x.shape) >= p * g -> random(x.shape) > p * g": (
            "a draw of float64 equals the probability once in 2**53"
        ),
        "scale = keep.astype(x.dtype) / (1 - p * g) -> scale = keep / (1 - p * g)": (
            "for float32 inputs only the dtype changes, and float32 out isn't promised"
        ),
    },
    ladder=(
        shapes(small, called, y=(2, 4), scale=(2, 4)),
        holds(
            "nothing happens at evaluation",
            evaluating,
            changed_or_not,
            "With training=False y is x and scale is 1 everywhere, whatever p and g.",
        ),
        holds(
            "nothing happens while the gate is closed",
            closed,
            changed_or_not,
            "At g = 0 no entry is dropped.",
        ),
        Rung(
            "the share p g is dropped, the rest scaled up",
            one_in_five,
            shares_and_sizes,
            in_numbers,
        ),
        Rung(
            "and so for other p and g, in training by default",
            three_in_ten,
            shares_and_sizes,
            in_numbers,
        ),
        holds(
            "y is x times scale",
            three_in_ten,
            product,
            "The backward pass will be dy * scale, so scale must be what x was multiplied by.",
        ),
        drawn(three_in_ten, dropped_by),
        holds(
            "an entry of 0 has a factor too",
            small,
            whatever_x_is,
            "What becomes of an entry is chance, and has nothing to do with the entry.",
        ),
        Rung("the same draws at every gate", three_in_ten, the_same_draws, at_every_gate),
        holds(
            "every entry is on its own",
            three_in_ten,
            rows_and_columns,
            "Draw one number for each entry, rng.random(x.shape).",
        ),
        on_their_own(three_in_ten, masks, lambda given: given["p"] * given["g"]),
    ),
    promises={
        "Inverted scaling": (
            "the share p g is dropped, the rest scaled up",
            "nothing happens at evaluation",
        ),
        "Source: ": "scaffold: where it comes from",
        "x: any shape": (
            "it runs, and the shapes are right",
            "the share p g is dropped, the rest scaled up",
        ),
        "p: probability": "and so for other p and g, in training by default",
        "g: the late gate": "nothing happens while the gate is closed",
        "rng: a numpy": "the generator decides, and nothing else",
        "rng: one uniform": "the same draws at every gate",
        "rng: From the same seed": "the same draws at every gate",
        "training: False": "nothing happens at evaluation",
        "y: the shape": "it runs, and the shapes are right",
        "scale: what x": ("y is x times scale", "an entry of 0 has a factor too"),
        "scale: the backward": "y is x times scale",
    },
    hints=(
        Hint(
            "How do I drop with a given probability?",
            "A number from `rng.random` is below q in the share q of all draws. So "
            "`rng.random(x.shape) >= q` is True for what is kept.",
            fits=("kept and dropped swapped", "share that is kept"),
        ),
        Hint(
            "My mean gets smaller.",
            "If the share q is dropped, 1 - q is left. Divide what is kept by 1 - q. What is q "
            "here, when the gate is g?",
            fits=(
                "not scaled",
                "scaled down",
                "scaled at evaluation",
                "scaled for an open gate",
                "divided by what is dropped",
                "gate ignored",
                "gate alone",
                "fading out",
            ),
        ),
        Hint(
            "What is scale for?",
            "It holds both things that happen to an entry: 0 if it is dropped, 1/(1 - q) if it is "
            "kept. Then `y = x * scale` in the forward pass, and `dx = dy * scale` in the backward "
            "pass. At evaluation it stays at the ones that it begins with.",
            fits=(
                "scale without the factor",
                "active at evaluation",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "Only in training: q is `p * g`, and scale is `rng.random(x.shape) >= q`, as numbers "
            "of the dtype of x, over `1 - q`.",
        ),
    ),
)


def _dropout(x, rng, dropped, factor, training=True):
    """Dropout with a probability and a factor of its own; for mistakes."""
    scale = np.ones_like(x)
    if training:
        scale = np.where(rng.random(x.shape) >= dropped, factor, 0.0)
    return x * scale, scale


@EXERCISE.mistake(
    "Entries are dropped at evaluation too: test for training, and leave scale at 1 when it is "
    "False. The old notebooks had this bug."
)
def active_at_evaluation(x, p, g, rng, training=True):
    """Ignores training."""
    return _dropout(x, rng, p * g, 1 / (1 - p * g))


@EXERCISE.mistake(
    "What is kept isn't scaled up, so the next layer gets a smaller signal in training than at "
    "evaluation: divide by 1 - p g."
)
def not_scaled(x, p, g, rng, training=True):
    """The mask alone."""
    return _dropout(x, rng, p * g, 1.0, training)


@EXERCISE.mistake(
    "The gate is left out: p is the probability at the end, now it is p g, in the mask and in the "
    "factor."
)
def gate_ignored(x, p, g, rng, training=True):
    """p from the first step."""
    return _dropout(x, rng, p, 1 / (1 - p), training)


@EXERCISE.mistake(
    "The probability fades out: it should be none at first and p in the end, p g, so the early, "
    "easy network is the one without noise."
)
def fading_out(x, p, g, rng, training=True):
    """p (1 - g)."""
    return _dropout(x, rng, p * (1 - g), 1 / (1 - p * (1 - g)), training)


@EXERCISE.mistake(
    "The share that is dropped is right, p g, but what is kept is divided by 1 - p, as if the gate "
    "were open: divide by 1 - p g."
)
def scaled_for_an_open_gate(x, p, g, rng, training=True):
    """1 / (1 - p)."""
    return _dropout(x, rng, p * g, 1 / (1 - p), training)


@EXERCISE.mistake(
    "What is kept is multiplied by 1 - p g, which makes the signal smaller still: divide by it."
)
def scaled_down(x, p, g, rng, training=True):
    """* for /."""
    return _dropout(x, rng, p * g, 1 - p * g, training)


@EXERCISE.mistake(
    "What is kept is divided by p g, the share that is dropped: divide by the share that is kept, "
    "1 - p g."
)
def divided_by_what_is_dropped(x, p, g, rng, training=True):
    """1 / (p g)."""
    return _dropout(x, rng, p * g, 1 / (p * g) if p * g else 1.0, training)


@EXERCISE.mistake(
    "Kept and dropped are swapped: a draw is below p g with probability p g, and that is when the "
    "entry is dropped. Keep it where the draw is at least p g."
)
def kept_and_dropped_swapped(x, p, g, rng, training=True):
    """rng.random < p g keeps."""
    scale = np.ones_like(x)
    if training:
        scale = (rng.random(x.shape) < p * g) / (1 - p * g)
    return x * scale, scale


@EXERCISE.mistake(
    "The mask keeps the share p g and drops the rest: p g is the probability to be *dropped*, "
    "1 - p g the one to be kept."
)
def share_that_is_kept(x, p, g, rng, training=True):
    """rng.random >= 1 - p g."""
    return _dropout(x, rng, 1 - p * g, 1 / (1 - p * g), training)


@EXERCISE.mistake(
    "The signal is scaled down at evaluation, with nothing scaled up in training: here evaluation "
    "does nothing at all, so divide by 1 - p g in training."
)
def scaled_at_evaluation(x, p, g, rng, training=True):
    """The way of the first dropout paper."""
    if training:
        return _dropout(x, rng, p * g, 1.0)
    scale = np.full_like(x, 1 - p * g)
    return x * scale, scale


@EXERCISE.mistake(
    "That mixes x with its dropout, (1 - g) x + g dropout(x), so that a dropped entry is only made "
    "smaller: dropout is faded in by its probability, p g."
)
def interpolated(x, p, g, rng, training=True):
    """The general form, taken literally."""
    y, scale = _dropout(x, rng, p, 1 / (1 - p), training)
    return (1 - g) * x + g * y, (1 - g) + g * scale


@EXERCISE.mistake(
    "scale holds the mask without the factor: y is right, but the backward pass, dy * scale, would "
    "be too small. Put the 1/(1 - p g) into scale."
)
def scale_without_the_factor(x, p, g, rng, training=True):
    """Returns the mask."""
    y, scale = _dropout(x, rng, p * g, 1 / (1 - p * g), training)
    return y, (scale > 0).astype(float)


@EXERCISE.mistake(
    "scale is worked out from y and x, which says nothing where x is 0: an entry of 0 is kept with "
    "the same probability as any other, and its factor is 1/(1 - p g) then."
)
def scale_from_the_result(x, p, g, rng, training=True):
    """y / x, where x isn't 0."""
    y, _ = _dropout(x, rng, p * g, 1 / (1 - p * g), training)
    return y, np.divide(y, x, out=np.zeros_like(y), where=x != 0)


@EXERCISE.mistake(
    "The random numbers come from np.random, not from the rng that was passed in: nobody can "
    "repeat your run."
)
def another_generator(x, p, g, rng, training=True):
    """np.random."""
    return _dropout(x, np.random.default_rng(), p * g, 1 / (1 - p * g), training)


@EXERCISE.mistake(
    "Nothing is drawn while the gate is shut, so that the generator stands elsewhere afterwards: "
    "draw one number for each entry whatever g is."
)
def no_draw_while_shut(x, p, g, rng, training=True):
    """A way out for g = 0."""
    if g == 0:
        return x.copy(), np.ones_like(x)
    return _dropout(x, rng, p * g, 1 / (1 - p * g), training)


@EXERCISE.mistake(
    "The generator is made anew from a fixed seed at each call, so the same entries are dropped "
    "every time and are never trained: draw from the rng that was passed in."
)
def always_the_same(x, p, g, rng, training=True):
    """default_rng(0) inside."""
    return _dropout(x, np.random.default_rng(0), p * g, 1 / (1 - p * g), training)


@EXERCISE.mistake(
    "All the rows lose the same units: one number was drawn for each column. Draw one for each "
    "entry, rng.random(x.shape)."
)
def the_same_for_all_rows(x, p, g, rng, training=True):
    """rng.random(x.shape[-1])."""
    scale = np.ones_like(x)
    if training:
        scale = scale * (rng.random(x.shape[-1]) >= p * g) / (1 - p * g)
    return x * scale, scale


@EXERCISE.mistake(
    "One draw decides for all the entries, so everything is dropped or nothing is: draw one number "
    "for each entry, rng.random(x.shape)."
)
def all_or_nothing(x, p, g, rng, training=True):
    """rng.random()."""
    scale = np.ones_like(x)
    if training:
        scale = scale * (rng.random() >= p * g) / (1 - p * g)
    return x * scale, scale


@EXERCISE.mistake(
    "rng.normal draws from a bell curve, of which about half lies below any small p g: rng.random "
    "draws evenly from 0 to 1."
)
def normal_draws(x, p, g, rng, training=True):
    """rng.normal(size=x.shape) >= p g."""
    scale = np.ones_like(x)
    if training:
        scale = (rng.normal(size=x.shape) >= p * g) / (1 - p * g)
    return x * scale, scale


@EXERCISE.mistake(
    "p g is used as the probability to keep: it is the probability to drop, so the share 1 - p g "
    "is kept, and divided by 1 - p g."
)
def probability_to_keep(x, p, g, rng, training=True):
    """rng.random < p g keeps, / (p g)."""
    return _dropout(x, rng, 1 - p * g, 1 / (p * g) if p * g else 1.0, training)


@EXERCISE.mistake(
    "training is tested the wrong way round: dropout happens in training, and nothing at "
    "evaluation."
)
def training_upside_down(x, p, g, rng, training=True):
    """if not training."""
    return _dropout(x, rng, p * g, 1 / (1 - p * g), not training)


@EXERCISE.mistake(
    "p is left out: the gate goes to 1, and with it everything would be dropped in the end. The "
    "probability is p g."
)
def gate_alone(x, p, g, rng, training=True):
    """g for p g."""
    return _dropout(x, rng, g, 1 / (1 - g) if g < 1 else 1.0, training)


@EXERCISE.mistake("The two results are swapped: y comes first, then scale.")
def results_swapped(x, p, g, rng, training=True):
    """return scale, y."""
    y, scale = _dropout(x, rng, p * g, 1 / (1 - p * g), training)
    return scale, y


@EXERCISE.mistake(
    "Whole rows are dropped: one number was drawn for each row. Draw one for each entry, "
    "rng.random(x.shape)."
)
def whole_rows(x, p, g, rng, training=True):
    """rng.random((len(x), 1))."""
    scale = np.ones_like(x)
    if training:
        scale = scale * (rng.random((len(x), 1)) >= p * g) / (1 - p * g)
    return x * scale, scale


@EXERCISE.mistake(
    "rng.random takes the shape as one argument, rng.random(x.shape): the star is for np.random's "
    "old rand."
)
def starred_shape(x, p, g, rng, training=True):
    """rng.random(*x.shape)."""
    return x * rng.random(*x.shape), x


@EXERCISE.alternative
def the_other_tail(x, p, g, rng, training=True):
    """Keeps what is drawn low."""
    if not training:
        return x.copy(), np.ones_like(x)
    kept = 1 - p * g
    scale = (rng.random(size=x.shape) < kept) / kept
    return x * scale, scale


@EXERCISE.mistake(
    "What a narrow gate drops, a wider one keeps: at one gate it is the small draws that fall, at "
    "another the large ones. (rng.binomial turns its draws round at a probability of one half.) "
    "Draw rng.random(x.shape), and compare that with p g at every gate."
)
def with_binomial(x, p, g, rng, training=True):
    """Zeros and ones from the generator."""
    scale = rng.binomial(1, 1 - p * g, size=x.shape) / (1 - p * g) if training else x * 0 + 1
    return scale * x, scale


@EXERCISE.alternative
def with_choice(x, p, g, rng, training=True):
    """The two factors drawn with their probabilities."""
    if not training:
        p = 0
    scale = rng.choice([0.0, 1 / (1 - p * g)], size=x.shape, p=[p * g, 1 - p * g])
    return np.multiply(x, scale), scale


@EXERCISE.alternative
def entry_by_entry(x, p, g, rng, training=True):
    """A plain loop."""
    scale = np.ones(x.shape)
    for index in np.ndindex(x.shape):
        if training:
            scale[index] = 0.0 if rng.uniform() < p * g else 1 / (1 - p * g)
    return x * scale, scale
