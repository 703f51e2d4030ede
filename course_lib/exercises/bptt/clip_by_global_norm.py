"""Exercise: clipping by global norm, which shortens a gradient and doesn't turn it."""

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.ladder.rungs import by_hand, holds, irregular, matches, shapes
from course_lib.scratch.clipping import clip_by_global_norm, clip_by_value


def small() -> Arrays:
    """Three arrays of different shape and size, far too long together."""
    return {
        "grads": {
            "W_hh": irregular(4, 4, shift=1, scale=50),
            "W_xh": irregular(2, 4, shift=2, scale=8),
            "b_h": irregular(4, shift=3, scale=0.5),
        },
        "max_norm": 5.0,
    }


def thirteen() -> Arrays:
    """3² + 4² + 12² = 13², twice as long as is allowed."""
    return {"grads": {"W": np.array([[3.0, -4.0]]), "b": np.array([12.0])}, "max_norm": 6.5}


def short_enough() -> Arrays:
    """The same gradients, and a norm of 200 allowed."""
    return {**thirteen(), "max_norm": 200.0}


def small_numbers() -> Arrays:
    """A joint norm far below 1, and still too long."""
    given = small()
    return {"grads": {name: 1e-6 * g for name, g in given["grads"].items()}, "max_norm": 5e-6}


def all_zero() -> Arrays:
    """Nothing to scale, and nothing to divide by."""
    return {"grads": {"W": np.zeros((2, 3)), "b": np.zeros(3)}, "max_norm": 1.0}


def as_they_are(given: Arrays) -> Arrays:
    """Unchanged gradients and their joint norm."""
    norm = np.sqrt(sum(np.sum(g**2) for g in given["grads"].values()))
    return {"clipped": given["grads"], "norm": norm}


def laid_end_to_end(arrays: Arrays) -> np.ndarray:
    """All entries as one long vector; a dict may hold the arrays in any order."""
    return np.concatenate([np.ravel(arrays[name]) for name in sorted(arrays)])


def direction_and_length(function, given: Arrays) -> Arrays:
    """Cosine of the angle between the gradients before and after, and the new length."""
    clipped, _ = function(given["grads"], given["max_norm"])
    before, after = laid_end_to_end(given["grads"]), laid_end_to_end(clipped).astype(float)
    cosine = before @ after / (np.linalg.norm(before) * np.linalg.norm(after))
    return {
        "the cosine of the angle": cosine,
        "the cosine of the angle expected": 1.0,
        "the norm after clipping, over max_norm,": np.linalg.norm(after) / given["max_norm"],
        "the norm after clipping, over max_norm, expected": 1.0,
    }


def entry_by_entry(given: Arrays) -> Arrays:
    """The definition, in plain loops."""
    total = 0.0
    for g in given["grads"].values():
        for entry in g.flat:
            total += float(entry) ** 2
    norm = total**0.5
    clipped = {name: np.zeros_like(g) for name, g in given["grads"].items()}
    for name, g in given["grads"].items():
        for index in np.ndindex(g.shape):
            too_long = norm > given["max_norm"]
            clipped[name][index] = g[index] * given["max_norm"] / norm if too_long else g[index]
    return {"clipped": clipped, "norm": norm}


EXERCISE = Exercise(
    reference=clip_by_global_norm,
    title="Clipping by global norm",
    goal="Shorten a gradient that is too long without turning it.",
    difficulty=1,
    minutes=10,
    returns={"clipped": "mapping", "norm": "number"},
    ladder=(
        shapes(small, clipped={"W_hh": (4, 4), "W_xh": (2, 4), "b_h": (4,)}, norm=()),
        by_hand(
            thirteen,
            how="norm = √(3² + 4² + 12²) = √169 = 13, twice the 6.5 that is allowed,\n"
            "so everything is halved: W = (1.5, -2), b = 6",
            clipped={"W": np.array([[1.5, -2.0]]), "b": np.array([6.0])},
            norm=np.array(13.0),
        ),
        matches(
            "a gradient that is short enough is left alone",
            short_enough,
            as_they_are,
            "The norm is 13 and 200 is allowed: nothing may change.",
        ),
        matches(
            "a gradient of zeros stays zero",
            all_zero,
            as_they_are,
            "All the gradients are 0, and 0 they must stay.",
        ),
        holds(
            "the direction is kept, and the new norm is max_norm",
            small_numbers,
            direction_and_length,
            "Clipping must shorten the gradient and not turn it.",
            known=True,
        ),
        matches("equal to the definition, entry by entry", small, entry_by_entry),
    ),
    equivalent={
        "max_norm / norm) if norm > 0 else 1.0 -> max_norm / norm)": (
            "a norm of 0 means gradients of zeros, which stay zeros whatever the factor"
        ),
        " norm) if norm > 0 else 1.0 ->  norm) if norm >= 0 else 1.0": (
            "a norm of 0 means gradients of zeros, which stay zeros whatever the factor"
        ),
        "norm) if norm > 0 else 1.0 -> norm) if norm > -1 else 1.0": (
            "a norm of 0 means gradients of zeros, which stay zeros whatever the factor"
        ),
        (
            "factor = min(1.0, max_norm / norm) if norm > 0 else -> factor = "
            "min(max_norm / norm, 1.0) if norm > 0 else"
        ): ("the smaller of two doesn't depend on their order"),
        "norm > 0 else 1.0 -> norm > 0 else 1.01": (
            "a norm of 0 means gradients of zeros, which stay zeros whatever the factor"
        ),
        "if norm > 0 else 1.0 -> if norm > 0 else 2.0": (
            "a norm of 0 means gradients of zeros, which stay zeros whatever the factor"
        ),
        "if norm > 0 else 1.0 -> if norm > 0 else -1.0": (
            "a norm of 0 means gradients of zeros, which stay zeros whatever the factor"
        ),
        "if norm > 0 else 1.0 -> if norm > 0 else 0.0": (
            "a norm of 0 means gradients of zeros, which stay zeros whatever the factor"
        ),
    },
    promises={
        "Source: ": "scaffold: where it comes from",
        "grads: dict": "equal to the definition, entry by entry",
        "grads: left as": "equal to the definition, entry by entry",
        "max_norm: the largest": "the direction is kept, and the new norm is max_norm",
        "clipped: a dict": "it runs, and the shapes are right",
        "clipped: unchanged": "a gradient that is short enough is left alone",
        "norm: the joint": "a case small enough to do by hand",
    },
    hints=(
        Hint(
            "What is the norm of several arrays together?",
            "Lay all arrays end to end, as one long vector. How long is that vector? One number "
            "for all of them, however many there are.",
        ),
        Hint(
            "Small gradients change too.",
            "What should happen to a gradient that is short enough? And to one that is zero "
            "everywhere? The factor must say so for both.",
            fits=(
                "always rescaled",
                "always rescaled even zeros",
                "a gradient that is short enough is left alone",
                "a gradient of zeros stays zero",
            ),
        ),
        Hint(
            "It says that I changed grads in place.",
            "`g *= factor` writes into the caller's array. `factor * g` makes a new one: collect "
            "those in a new dict.",
            fits=("in place",),
        ),
        Hint(
            "Show me the recipe.",
            "Square every entry, add up over all arrays, take one square root. The factor is "
            "`max_norm / norm`, but never more than 1, and 1 where the norm is 0. Each array "
            "times that factor goes into a new dict.",
        ),
    ),
)


def _norm(grads):
    return np.sqrt(sum(np.sum(g**2) for g in grads.values()))


def _scaled_to(grads, norm, max_norm):
    """Clipping with this norm; for mistakes that get the norm wrong."""
    return {name: min(1.0, max_norm / max(norm, 1e-12)) * g for name, g in grads.items()}, norm


@EXERCISE.mistake(
    "Each array is clipped by a norm of its own, which turns the whole gradient: take one norm "
    "over all arrays together, and one factor for all."
)
def each_array_alone(grads, max_norm):
    """One norm an array."""
    clipped = {n: _scaled_to({n: g}, np.linalg.norm(g), max_norm)[0][n] for n, g in grads.items()}
    return clipped, _norm(grads)


@EXERCISE.mistake(
    "Each array has a norm and a factor of its own, and the last norm comes back: "
    "add up the squares of all arrays first, then take one root and one factor."
)
def each_array_and_the_last_norm(grads, max_norm):
    """The norm is overwritten in the loop."""
    clipped = {}
    for name, g in grads.items():
        one, norm = _scaled_to({name: g}, np.linalg.norm(g), max_norm)
        clipped |= one
    return clipped, norm


@EXERCISE.mistake(
    "Every entry is cut off by itself, which turns the gradient: scale all of them by one factor, "
    "max_norm over their joint norm."
)
def by_value(grads, max_norm):
    """Element-wise clipping, as in the old notebook."""
    return clip_by_value(grads, max_norm), _norm(grads)


@EXERCISE.mistake(
    "The gradient is always scaled to max_norm, short ones up as well: clipping only ever "
    "shortens, so don't let the factor go above 1."
)
def always_rescaled(grads, max_norm):
    """Normalising in place of clipping."""
    norm = _norm(grads)
    return {name: g * (max_norm / norm if norm > 0 else 1.0) for name, g in grads.items()}, norm


@EXERCISE.mistake(
    "The factor is max_norm / norm for every gradient, also for short ones and for zeros, whose "
    "norm of 0 is divided by: let the factor never be above 1, and don't divide by 0."
)
def always_rescaled_even_zeros(grads, max_norm):
    """Normalising, with NaN where there is nothing to normalise."""
    norm = _norm(grads)
    return {name: g * (np.float64(max_norm) / norm) for name, g in grads.items()}, norm


@EXERCISE.mistake(
    "The square root is missing: the norm is the root of the sum of squares, so take np.sqrt once, "
    "at the end."
)
def square_root_missing(grads, max_norm):
    """The squared norm."""
    return _scaled_to(grads, _norm(grads) ** 2, max_norm)


@EXERCISE.mistake(
    "The norms of the arrays are added up: norms don't add, their squares do, so add the squares "
    "and take one root."
)
def norms_added(grads, max_norm):
    """5 + 12 in place of 13."""
    return _scaled_to(grads, sum(np.linalg.norm(g) for g in grads.values()), max_norm)


@EXERCISE.mistake(
    "That is the root of the mean of the squares, which hardly grows with the number of weights: "
    "the L2 norm takes their sum."
)
def mean_of_squares(grads, max_norm):
    """RMS."""
    return _scaled_to(grads, np.sqrt(np.mean(laid_end_to_end(grads) ** 2)), max_norm)


@EXERCISE.mistake(
    "That is the sum of the absolute values, the L1 norm: the L2 norm is the root of the sum of "
    "the squares."
)
def absolute_values_added(grads, max_norm):
    """L1."""
    return _scaled_to(grads, np.abs(laid_end_to_end(grads)).sum(), max_norm)


@EXERCISE.mistake(
    "What is too long is scaled to a norm of 1: it may keep a norm of max_norm, so the factor is "
    "max_norm / norm."
)
def scaled_to_one(grads, max_norm):
    """g / norm."""
    norm = _norm(grads)
    return {name: g / norm if norm > max_norm else g for name, g in grads.items()}, norm


@EXERCISE.mistake(
    "The norm is that of the last array only, since each turn of the loop overwrites it: add up "
    "the squares of all the arrays before you take the root."
)
def norm_of_the_last_array(grads, max_norm):
    """norm = … in the loop."""
    return _scaled_to(grads, np.linalg.norm(list(grads.values())[-1]), max_norm)


@EXERCISE.mistake(
    "The norm is that of the longest array: the others lengthen the joint gradient too, so add up "
    "the squares of all of them before you take the root."
)
def norm_of_the_longest_array(grads, max_norm):
    """The largest of the arrays' norms."""
    return _scaled_to(grads, max(np.linalg.norm(g) for g in grads.values()), max_norm)


@EXERCISE.mistake(
    "The largest entry is taken for the norm: the L2 norm is the root of the sum of all squares."
)
def largest_entry_for_the_norm(grads, max_norm):
    """The maximum norm."""
    return _scaled_to(grads, np.abs(laid_end_to_end(grads)).max(), max_norm)


@EXERCISE.mistake(
    "The norm that comes back is the one after clipping, which hides an explosion: return the norm "
    "that the gradient had before."
)
def norm_after_clipping(grads, max_norm):
    """min(norm, max_norm)."""
    return clip_by_global_norm(grads, max_norm)[0], min(_norm(grads), max_norm)


@EXERCISE.mistake(
    "The caller's gradients are overwritten: *= works in place, so write factor * g into a new "
    "dict."
)
def in_place(grads, max_norm):
    """g *= factor."""
    norm = _norm(grads)
    for g in grads.values():
        g *= min(1.0, max_norm / max(norm, 1e-12))
    return grads, norm


@EXERCISE.mistake(
    "A small number is added to the norm, as some libraries do. What is clipped then comes out "
    "shorter than is allowed, and far too short where max_norm is as small as that number: take "
    "the norm as it is, and treat a norm of 0 apart."
)
def a_small_number_added(grads, max_norm):
    """1e-6 in the divisor."""
    norm = _norm(grads)
    return {name: min(1.0, max_norm / (norm + 1e-6)) * g for name, g in grads.items()}, norm


@EXERCISE.mistake(
    "The factor is max_norm over the square of the norm, without the root, so that the new norm "
    "is max_norm over the old one: take the root first."
)
def divided_by_the_square(grads, max_norm):
    """The norm that comes back is right."""
    norm = _norm(grads)
    return _scaled_to(grads, norm**2, max_norm)[0], norm


@EXERCISE.mistake(
    "The entries are added up as they are, so that positive and negative ones cancel: square each "
    "entry before you add, and take one root at the end."
)
def entries_added(grads, max_norm):
    """|Σ g|."""
    return _scaled_to(grads, abs(float(sum(g.sum() for g in grads.values()))), max_norm)


@EXERCISE.alternative
def as_one_long_vector(grads, max_norm):
    """np.linalg.norm of all the entries; divides only where it must."""
    norm = np.linalg.norm(laid_end_to_end(grads))
    if norm <= max_norm:
        return {name: g.copy() for name, g in grads.items()}, norm
    return {name: g / norm * max_norm for name, g in grads.items()}, norm


@EXERCISE.alternative
def norm_of_the_norms(grads, max_norm):
    """The norm of the arrays' norms; the larger of two as the divisor."""
    norm = np.linalg.norm([np.linalg.norm(g) for g in grads.values()])
    return {name: max_norm * g / np.maximum(norm, max_norm) for name, g in grads.items()}, norm


@EXERCISE.alternative
def as_a_python_float(grads, max_norm):
    """The factor and the norm are Python's own numbers."""
    norm = sum(float(np.vdot(g, g)) for g in grads.values()) ** 0.5
    factor = max_norm / norm if norm > max_norm else 1.0
    return dict(zip(grads, (np.multiply(g, factor) for g in grads.values()), strict=True)), norm


@EXERCISE.alternative
def in_place_on_copies(grads, max_norm):
    """Works on copies of its own, with einsum."""
    clipped = {name: g.copy() for name, g in grads.items()}
    norm = np.sqrt(sum(np.einsum("i,i->", g.ravel(), g.ravel()) for g in clipped.values()))
    if norm > max_norm:
        for g in clipped.values():
            g *= max_norm
            g /= norm
    return clipped, norm
