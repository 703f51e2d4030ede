"""Exercise: the gain, which makes a half-open layer keep the size of its signal."""

from dataclasses import replace

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.rungs import by_hand, irregular, matches, shapes
from course_lib.scratch.gradnets import gain


def one_slope() -> Arrays:
    """The slope of a gate that is 0.4 open."""
    return {"alpha": 0.6}


def relu() -> Arrays:
    """A negative side that is cut off."""
    return {"alpha": 0.0}


def three_slopes() -> Arrays:
    """Slopes whose squares are easy."""
    return {"alphas": np.array([0.0, 0.5, 1.0])}


def many_slopes() -> Arrays:
    """From ReLU to the identity."""
    return {"alphas": np.linspace(0, 1, 9)}


def signal() -> Arrays:
    """Numbers of which each stands there with both signs, like draws from a normal variable."""
    u = irregular(50, scale=2)
    return {"u": np.concatenate([u, -u]), "alphas": np.array([0.0, 0.2, 0.6, 0.9, 1.0])}


def at_each(function, given: Arrays) -> Arrays:
    """The gain at each of the slopes."""
    return {"factor": np.array([float(function(alpha.item())) for alpha in given["alphas"]])}


def mean_square_after(function, given: Arrays) -> Arrays:
    """Mean square of the leaky ReLU of u, times the gain, for each slope."""
    u, alphas = given.values()
    layers = [float(function(a.item())) * np.where(u > 0, u, a.item() * u) for a in alphas]
    return {"the mean square behind the layer": np.array([np.mean(y**2) for y in layers])}


def mean_square_before(given: Arrays) -> Arrays:
    """What the mean square must be: that of u, for any slope."""
    u, alphas = given.values()
    return {"the mean square behind the layer": np.full(len(alphas), np.mean(u**2))}


def by_integration(given: Arrays) -> Arrays:
    """One over the root of E[leaky(u)²] for normal u, by quadrature."""
    u, weights = np.polynomial.hermite_e.hermegauss(40)
    weights = weights / weights.sum()
    left = [weights @ np.where(u > 0, u, alpha * u) ** 2 for alpha in given["alphas"]]
    return {"factor": 1 / np.sqrt(left)}


EXERCISE = Exercise(
    reference=gain,
    title="The gain",
    goal="Compute the factor with which a leaky ReLU passes on the mean square that it gets.",
    difficulty=2,
    minutes=10,
    returns={"factor": "number"},
    ladder=(
        shapes(one_slope, factor=()),
        by_hand(
            relu,
            how="a mean square of 1 is half on each side; ReLU keeps the positive half, 1/2, "
            "so the factor is √2 = 1.414214",
            factor=np.array(np.sqrt(2)),
        ),
        replace(
            by_hand(
                three_slopes,
                how="(1 + 0²)/2 = 1/2 is left: factor √2 = 1.414214\n"
                "(1 + 0.5²)/2 = 0.625 is left: factor √1.6 = 1.264911\n"
                "(1 + 1²)/2 = 1 is left, nothing is lost: factor 1",
                call=at_each,
                factor=np.sqrt([2.0, 1.6, 1.0]),
            ),
            name="three slopes by hand",
        ),
        matches(
            "the mean square behind the layer is that before it",
            signal,
            mean_square_before,
            "With its gain the layer must neither amplify nor weaken the signal, whatever alpha.",
            mean_square_after,
        ),
        matches(
            "equal to the integral over a normal variable",
            many_slopes,
            by_integration,
            call=at_each,
        ),
    ),
    hints=(
        Hint(
            "Where does the formula come from?",
            "Let u be symmetric around 0 with a mean square of 1: each side carries 1/2 of it. The "
            "positive half passes. The negative half is multiplied by alpha, so its *square* is "
            "multiplied by alpha². What is the sum of the two?",
        ),
        Hint(
            "I have what is left of the mean square. What is the factor?",
            "A factor f multiplies the mean square by f². You want f² times what is left to be 1.",
        ),
    ),
)


@EXERCISE.mistake(
    "The slope isn't squared: the negative side is multiplied by alpha, so its mean square is "
    "multiplied by alpha²."
)
def square_forgotten(alpha):
    """1 + alpha."""
    return np.sqrt(2 / (1 + alpha))


@EXERCISE.mistake(
    "That is the gain for a slope of 1 - alpha: alpha is the slope itself, 1 - g, so don't take it "
    "from 1 again. It must be 1 for the identity, alpha = 1, and √2 for ReLU, alpha = 0."
)
def gain_of_the_gate(alpha):
    """Takes its argument for g, or g for the slope."""
    return np.sqrt(2 / (1 + (1 - alpha) ** 2))


@EXERCISE.mistake(
    "The root is missing: a factor f multiplies the mean square by f², so f is the root of "
    "2 / (1 + alpha²)."
)
def root_forgotten(alpha):
    """2 / (1 + alpha²)."""
    return 2 / (1 + alpha**2)


@EXERCISE.mistake(
    "That is what the layer leaves of the signal; the gain makes up for it, so it is one over that."
)
def upside_down(alpha):
    """sqrt((1 + alpha²) / 2)."""
    return np.sqrt((1 + alpha**2) / 2)


@EXERCISE.mistake(
    "That is what the layer leaves of the mean square: the gain is one over its root."
)
def mean_square_that_is_left(alpha):
    """(1 + alpha²) / 2."""
    return (1 + alpha**2) / 2


@EXERCISE.mistake(
    "√2 is the gain of ReLU alone: a leaky ReLU loses less, since alpha² of the negative half "
    "passes too, and the identity loses nothing."
)
def gain_of_relu(alpha):
    """He's factor, whatever the slope."""
    return np.sqrt(2.0)


@EXERCISE.mistake(
    "Each side carries only half of the mean square: 1 + alpha² counts both in full. What is left "
    "is (1 + alpha²) / 2, and the 2 goes into the numerator."
)
def half_forgotten(alpha):
    """1 / sqrt(1 + alpha²)."""
    return 1 / np.sqrt(1 + alpha**2)


@EXERCISE.mistake(
    "That keeps the mean of |u|, not its mean square: square the slope before you average the two "
    "sides, and take the root at the end."
)
def mean_absolute_value(alpha):
    """2 / (1 + alpha)."""
    return 2 / (1 + alpha)


@EXERCISE.mistake(
    "The sign is wrong: what passes on the negative side adds to what passes on the positive one, "
    "1 + alpha²."
)
def minus_for_plus(alpha):
    """1 - alpha²."""
    return np.sqrt(2 / np.float64(1 - alpha**2))


@EXERCISE.mistake(
    "That keeps the standard deviation: it takes off the mean that the layer gives its output. The "
    "signal's size is its mean square, the mean included."
)
def standard_deviation(alpha):
    """1 / std of the leaky ReLU."""
    return 1 / np.sqrt((1 + alpha**2) / 2 - (1 - alpha) ** 2 / (2 * np.pi))


@EXERCISE.mistake(
    "The 2 stands outside the root, the sum inside: what is left of the mean square is "
    "(1 + alpha²) / 2, all of it under one root."
)
def two_outside_the_root(alpha):
    """2 / sqrt(1 + alpha²)."""
    return 2 / np.sqrt(1 + alpha**2)


@EXERCISE.mistake(
    "The root is taken of the 2 alone: the sum 1 + alpha² is part of the mean square, so it "
    "belongs under the root too."
)
def root_of_the_two_alone(alpha):
    """sqrt(2) / (1 + alpha²)."""
    return np.sqrt(2) / (1 + alpha**2)


@EXERCISE.mistake(
    "The sum is squared, not the slope: the two sides are apart, so it is 1² + alpha², not "
    "(1 + alpha)²."
)
def sum_squared(alpha):
    """sqrt(2 / (1 + alpha)²)."""
    return np.sqrt(2 / (1 + alpha) ** 2)


@EXERCISE.mistake(
    "That is a mixture of the two ends, √2 for ReLU and 1 for the identity: in between the mean "
    "square follows alpha², not a straight line."
)
def straight_line_between_the_ends(alpha):
    """alpha + (1 - alpha) sqrt(2)."""
    return alpha + (1 - alpha) * np.sqrt(2)


@EXERCISE.alternative
def as_one_over_a_root(alpha):
    """1 / rms."""
    return 1 / np.sqrt(0.5 + 0.5 * alpha * alpha)


@EXERCISE.alternative
def as_a_power(alpha):
    """Plain Python."""
    return ((1 + alpha**2) / 2) ** -0.5


@EXERCISE.alternative
def with_hypot(alpha):
    """√2 over the length of (1, alpha)."""
    return np.sqrt(2) / np.hypot(1, alpha)
