"""Exercise: GReLU, a ReLU that is faded in."""

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.ladder.rungs import by_hand, floating, holds, irregular, matches, shapes
from course_lib.scratch.gradnets import grelu


def small() -> Arrays:
    """Two rows of four units, a gate that is neither half nor whole."""
    return {"u": irregular(2, 4, scale=2), "g": 0.3}


def three_numbers() -> Arrays:
    """One number on each side of the corner, and the corner."""
    return {"u": np.array([-4.0, 0.0, 3.0]), "g": 0.75}


def whole_numbers() -> Arrays:
    """Pre-activations as integers."""
    return {"u": np.array([[-3, -1], [0, 2]]), "g": 0.5}


def positive() -> Arrays:
    """Nothing below 0."""
    return {"u": np.array([[0.5, 2.0], [3.0, 0.25]]), "g": 0.75}


def closed() -> Arrays:
    """g = 0."""
    return {**small(), "g": 0.0}


def opened() -> Arrays:
    """g = 1."""
    return {**small(), "g": 1.0}


def three_axes() -> Arrays:
    """Batch, time and units, some just beside the corner; a gate that is less than half open."""
    return {"u": irregular(2, 3, 4, shift=1, scale=2) ** 3 / 4, "g": 0.4}


def ten_times_as_large(function, given: Arrays) -> Arrays:
    """The function of 10 u, and 10 times the function of u."""
    u, g = given.values()
    return {"y": function(10 * u, g), "y expected": 10 * function(u, g)}


def general_form(given: Arrays) -> Arrays:
    """(1 - g) early + g late, entry by entry in plain Python."""
    u, g = given["u"], given["g"]
    y = np.zeros_like(u)
    for index in np.ndindex(u.shape):
        early, late = u[index], max(u[index], 0.0)
        y[index] = (1 - g) * early + g * late
    return {"y": y}


EXERCISE = Exercise(
    reference=grelu,
    title="Gradual ReLU",
    goal="Compute the activation that is the identity when the gate is closed and ReLU when it is "
    "open.",
    difficulty=1,
    minutes=5,
    returns={"y": "array"},
    equivalent={
        "y = np.where(u > 0, u, (1 - g) * -> y = np.where(u >= 0, u, (1 - g) *": (
            "at u = 0 both sides are 0"
        ),
    },
    ladder=(
        shapes(small, y=(2, 4)),
        floating(whole_numbers, "y"),
        by_hand(
            three_numbers,
            how="the slope below 0 is 1 - 0.75 = 0.25: -4 × 0.25 = -1;  0 stays 0;  3 stays 3",
            y=np.array([-1.0, 0.0, 3.0]),
        ),
        matches(
            "with the gate closed it is linear",
            closed,
            lambda given: {"y": given["u"]},
            "At g = 0 the layer must be linear: y = u.",
        ),
        matches(
            "with the gate open it is ReLU",
            opened,
            lambda given: {"y": np.maximum(given["u"], 0)},
            "At g = 1 the layer must be a plain ReLU layer.",
        ),
        matches(
            "numbers above 0 come through as they are",
            positive,
            lambda given: {"y": given["u"]},
            "To the right of 0 every mixture of u and ReLU is u.",
        ),
        holds(
            "ten times the input gives ten times the output",
            small,
            ten_times_as_large,
            "Both sides are straight lines through 0, so the size of u doesn't matter.",
        ),
        matches("equal to (1 - g) early + g late, for any shape", three_axes, general_form),
    ),
    promises={
        "A mixture of u and relu(u)": "equal to (1 - g) early + g late, for any shape",
        "Source: ": "scaffold: where it comes from",
        "u: pre-activations": "equal to (1 - g) early + g late, for any shape",
        "u: they may be whole numbers": "whole numbers in, floating point out",
        "g: the late gate": ("with the gate closed it is linear", "with the gate open it is ReLU"),
        "y: the shape": "it runs, and the shapes are right",
    },
    hints=(
        Hint(
            "I don't know where to begin.",
            "Take the two sides apart. Where u is positive, the identity and ReLU agree: what does "
            "any mixture of them give? Where u is negative, they don't: which of the two has "
            "something to add there, and how much does it weigh?",
        ),
        Hint(
            "It says that the truth value of an array is ambiguous.",
            "`if u > 0:` asks for one answer, and an array has many. `np.where(condition, a, b)` "
            "picks from a where the condition holds and from b elsewhere, entry by entry.",
            fits=("one branch for all", "one answer for all"),
        ),
        Hint(
            "Show me the recipe.",
            "`np.where` with `u > 0` chooses between u itself and `(1 - g) * u`.",
        ),
    ),
)


@EXERCISE.mistake(
    "g and 1 - g are swapped: g is the weight of the late network, so the negative side, which "
    "ReLU cuts off, has slope 1 - g and vanishes as the gate opens."
)
def gates_swapped(u, g):
    """A slope of g; the same as g early + (1 - g) late."""
    return np.where(u > 0, u, g * u)


@EXERCISE.mistake(
    "The negative side is 0 whatever the gate, as in a plain ReLU: as long as the gate isn't fully "
    "open it has slope 1 - g. Mix u with relu(u), and cut nothing off the mixture."
)
def plain_relu(u, g):
    """Ignores g."""
    return np.maximum(u, 0.0)


@EXERCISE.mistake(
    "Only the late part is there: with the gate closed nothing would come through at all. Add the "
    "early part, (1 - g) u."
)
def late_part_only(u, g):
    """g relu(u)."""
    return g * np.maximum(u, 0)


@EXERCISE.mistake(
    "The positive side is scaled too: there early and late are both u, and (1 - g) u + g u is u. "
    "Only the negative side changes with the gate."
)
def positive_side_scaled(u, g):
    """g on one side, 1 - g on the other."""
    return np.where(u > 0, g * u, (1 - g) * u)


@EXERCISE.mistake(
    "The early part keeps its full weight, so what comes out is not between the two: it must go "
    "down by as much as the late part goes up, (1 - g) early + g late."
)
def early_part_not_faded(u, g):
    """u + g relu(u)."""
    return u + g * np.maximum(u, 0)


@EXERCISE.mistake(
    "The whole layer is scaled by 1 - g, so nothing is left of it with the gate open: the late "
    "part, g relu(u), is missing."
)
def early_part_only(u, g):
    """(1 - g) u."""
    return (1 - g) * u


@EXERCISE.mistake(
    "The gate shifts the corner to u = g: the corner stays at 0, and g sets the slope to its left."
)
def gate_as_threshold(u, g):
    """u where it is above g."""
    return np.where(u > g, u, (1 - g) * u)


@EXERCISE.mistake(
    "The negative side comes out positive: its slope is 1 - g, which is positive, so a negative u "
    "gives a negative y."
)
def absolute_value(u, g):
    """(1 - g) |u| on the left."""
    return np.where(u > 0, u, (1 - g) * np.abs(u))


@EXERCISE.mistake(
    "if and Python's max need one answer, and u > 0 gives one for every entry: np.where and "
    "np.maximum work entry by entry."
)
def one_branch_for_all(u, g):
    """if u > 0."""
    return u if u > 0 else (1 - g) * u


@EXERCISE.mistake(
    "The slope on the negative side is the same for every gate: it is 1 - g, so that the function "
    "bends while the gate opens."
)
def fixed_slope(u, g):
    """The usual leaky ReLU."""
    return np.where(u > 0, u, 0.01 * u)


@EXERCISE.mistake(
    "One answer is taken for the whole array: as soon as a single u isn't above 0, all of them are "
    "multiplied by 1 - g. Each entry has a side of its own, so let np.where choose."
)
def one_answer_for_all(u, g):
    """if np.all(u > 0)."""
    return np.asarray(u) if np.all(u > 0) else (1 - g) * u


@EXERCISE.mistake(
    "The wrong side is bent, as it is by the smaller of the two lines: a positive u stays u, and a "
    "negative one is multiplied by 1 - g."
)
def smaller_of_two(u, g):
    """np.minimum for np.maximum."""
    return np.minimum(u, (1 - g) * u)


@EXERCISE.mistake("The negative side is a constant: 1 - g is its slope, to be multiplied by u.")
def slope_without_u(u, g):
    """1 - g."""
    return np.where(u > 0, u, 1 - g)


@EXERCISE.mistake(
    "u is divided by 1 - g where it should be multiplied by it: the negative side becomes "
    "flatter as the gate opens, not steeper."
)
def divided(u, g):
    """u / (1 - g)."""
    return np.where(u > 0, u, u / np.float64(1 - g))


@EXERCISE.mistake(
    "The gate is used as a switch: it can stand anywhere between 0 and 1, and then y is a mixture, "
    "(1 - g) u + g relu(u)."
)
def switch_for_gate(u, g):
    """The ReLU at g = 1, else u."""
    return np.maximum(u, 0) if g >= 1 else u


@EXERCISE.mistake(
    "The gate decides which of the two comes out, the identity below one half and ReLU above: in "
    "between they are mixed, in the shares 1 - g and g."
)
def one_or_the_other(u, g):
    """A switch for a mixture."""
    return u if g < 0.5 else np.maximum(u, 0.0)


@EXERCISE.alternative
def the_general_form(u, g):
    """(1 - g) early + g late."""
    return (1 - g) * u + g * np.maximum(u, 0)


@EXERCISE.alternative
def the_larger_of_two(u, g):
    """The steeper line wins on the right, the flatter on the left."""
    return np.maximum(u, (1 - g) * u)


@EXERCISE.alternative
def what_relu_takes_away(u, g):
    """u minus g times its negative part."""
    return u - g * np.minimum(u, 0)


@EXERCISE.alternative
def in_place_on_a_copy(u, g):
    """A mask, on floats of its own."""
    y = np.array(u, dtype=float)
    y[y < 0] *= 1 - g
    return y
