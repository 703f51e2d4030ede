"""Exercise: back through GReLU."""

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.ladder.rungs import by_hand, gradient, irregular, matches, shapes
from course_lib.scratch.gradnets import grelu, grelu_backward


def around_the_corner() -> np.ndarray:
    """Two rows of four units, of both signs, some just beside the corner."""
    return irregular(2, 4, shift=2, scale=2) ** 3 / 4


def small() -> Arrays:
    """Signs of dy and u differ in places."""
    return {"dy": irregular(2, 4, shift=1), "u": around_the_corner(), "g": 0.3}


def three_numbers() -> Arrays:
    """One number on each side of the corner, and the corner; gradients of both signs."""
    return {
        "dy": np.array([2.0, 8.0, -5.0]),
        "u": np.array([-4.0, 0.0, 3.0]),
        "g": 0.75,
    }


def positive() -> Arrays:
    """Nothing below 0 in the forward pass."""
    return {"dy": irregular(2, 4, shift=1), "u": np.abs(around_the_corner()), "g": 0.75}


def closed() -> Arrays:
    """g = 0."""
    return {**small(), "g": 0.0}


def opened() -> Arrays:
    """g = 1."""
    return {**small(), "g": 1.0}


def several_gradients() -> Arrays:
    """Three gradients for one forward pass, on an axis in front."""
    return {"dy": irregular(3, 2, 4, shift=2), "u": around_the_corner(), "g": 0.6}


def two_axes_in_front() -> Arrays:
    """Six gradients for one row of units, on two axes in front."""
    return {"dy": irregular(2, 3, 4, shift=2), "u": around_the_corner()[0], "g": 0.6}


def whole_numbers() -> Arrays:
    """Integers in the forward pass, as `grelu` takes them."""
    u = np.array([[-4, 0, 3, -1], [2, -3, 0, 1]])
    return {"dy": irregular(3, 2, 4, shift=3), "u": u, "g": 0.6}


def loss(given: Arrays) -> float:
    """A loss whose gradient with respect to y is dy."""
    return float(np.sum(given["dy"] * grelu(given["u"], given["g"])))


def entry_by_entry(given: Arrays) -> Arrays:
    """Each gradient times the slope at its own u."""
    dy, u, g = given.values()
    du = np.zeros_like(dy)
    for place in np.ndindex(dy.shape):
        slope = 1.0 if u[place[dy.ndim - u.ndim :]] > 0 else 1 - g
        du[place] = dy[place] * slope
    return {"du": du}


EXERCISE = Exercise(
    reference=grelu_backward,
    title="Back through GReLU",
    goal="Bring a gradient back through the activation, whatever the gate.",
    difficulty=1,
    minutes=10,
    returns={"du": "array"},
    ladder=(
        shapes(small, du=(2, 4)),
        by_hand(
            three_numbers,
            how="the slopes are 0.25, 0.25 and 1 (at u = 0 that of the negative side counts):\n"
            "2 × 0.25 = 0.5;  8 × 0.25 = 2;  -5 × 1 = -5",
            du=np.array([0.5, 2.0, -5.0]),
        ),
        matches(
            "with the gate closed every gradient passes",
            closed,
            lambda given: {"du": given["dy"]},
            "At g = 0 the layer is y = u, and the gradient comes back as it went in.",
        ),
        matches(
            "with the gate open it passes where ReLU does",
            opened,
            lambda given: {"du": given["dy"] * (given["u"] > 0)},
            "At g = 1 the gradient passes where u > 0 and stops elsewhere.",
        ),
        matches(
            "where u is above 0 every gradient passes",
            positive,
            lambda given: {"du": given["dy"]},
            "To the right of 0 the slope is 1 for any gate.",
        ),
        gradient(small, loss, du="u"),
        matches(
            "several gradients at once, on an axis in front",
            several_gradients,
            entry_by_entry,
            "dy may have more axes in front than u; each gradient is treated alike.",
        ),
        matches(
            "and so for any number of axes in front",
            two_axes_in_front,
            entry_by_entry,
            "dy has two more axes in front than u, which has one.",
        ),
        matches(
            "where u holds whole numbers the slopes don't",
            whole_numbers,
            entry_by_entry,
            "u holds integers here, and 1 - g is no whole number.",
        ),
    ),
    promises={
        "dy: gradient": "equal to centred differences of the loss",
        "dy: or with more axes": (
            "several gradients at once, on an axis in front",
            "and so for any number of axes in front",
        ),
        "u: the pre-activations": (
            "equal to centred differences of the loss",
            "where u holds whole numbers the slopes don't",
        ),
        "g: the late gate": (
            "with the gate closed every gradient passes",
            "with the gate open it passes where ReLU does",
        ),
        "du: the shape": "it runs, and the shapes are right",
        "du: At u = 0": "a case small enough to do by hand",
    },
    hints=(
        Hint(
            "What do I multiply dy by?",
            "With the slope of `grelu` at u: draw the function, for a gate half open. What is the "
            "slope to the right of 0, and what is it to the left?",
        ),
        Hint(
            "It fails when dy has more axes than u.",
            "Don't index with a mask of u's shape, `du[u < 0] = …`: dy has another shape. "
            "`np.where(u > 0, dy, …)` broadcasts, and so does a product with an array of slopes.",
            fits=(
                "mask of another shape",
                "one branch for all",
                "one answer for all",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "`np.where` with `u > 0` chooses between dy itself and `(1 - g) * dy`.",
        ),
    ),
)


def _slopes(u, right, left):
    return np.where(u > 0, right, left)


@EXERCISE.mistake(
    "Nothing comes back where u is negative: that is ReLU's gradient. As long as the gate isn't "
    "fully open the negative side has slope 1 - g, and that is what keeps early training easy."
)
def negative_side_forgotten(dy, u, g):
    """dy where u > 0, else 0."""
    return dy * (u > 0)


@EXERCISE.mistake(
    "The slope of the negative side is 1 - g, not g: with the gate closed the layer is linear and "
    "every gradient passes."
)
def gates_swapped(dy, u, g):
    """A slope of g."""
    return dy * _slopes(u, 1, g)


@EXERCISE.mistake(
    "That is the slope alone: the chain rule multiplies it by the gradient that arrives, dy."
)
def slope_without_dy(dy, u, g):
    """Forgets the gradient from above."""
    return _slopes(u, 1.0, 1 - g)


@EXERCISE.mistake(
    "The side is chosen by the sign of dy, as if dy went through GReLU itself: it is u that chose "
    "the side in the forward pass, whatever gradient comes back later."
)
def sign_of_dy(dy, u, g):
    """np.where(dy > 0, …)."""
    return dy * np.where(dy > 0, 1, 1 - g)


@EXERCISE.mistake(
    "That is dy times the activation itself: the chain rule needs its slope at u, 1 or 1 - g, not "
    "its value."
)
def value_for_slope(dy, u, g):
    """dy * grelu(u)."""
    return dy * np.where(u > 0, u, (1 - g) * u)


@EXERCISE.mistake(
    "The positive side is scaled by g: there early and late both have slope 1, and "
    "(1 - g) × 1 + g × 1 = 1."
)
def positive_side_scaled(dy, u, g):
    """g on the right."""
    return dy * _slopes(u, g, 1 - g)


@EXERCISE.mistake(
    "Everything is scaled by 1 - g, the positive side too: where u > 0 the slope is 1 for any gate."
)
def early_part_only(dy, u, g):
    """(1 - g) dy."""
    return (1 - g) * dy


@EXERCISE.mistake(
    "The gradient comes back as it went in: that is right where u > 0, but where u is negative it "
    "is multiplied by 1 - g."
)
def gate_ignored(dy, u, g):
    """dy."""
    return dy + 0 * u


@EXERCISE.mistake(
    "At u = 0 you let the whole gradient through: there is no derivative there, and this course "
    "takes that of the negative side, as TensorFlow does for ReLU. The positive side is u > 0."
)
def corner_on_the_right(dy, u, g):
    """>= for >."""
    return np.where(u >= 0, dy, (1 - g) * dy)


@EXERCISE.mistake(
    "A mask of u's shape can't index dy when dy has more axes in front: multiply with slopes, or "
    "use np.where, which broadcast."
)
def mask_of_another_shape(dy, u, g):
    """du[u <= 0] *= …"""
    du = dy.copy()
    du[u <= 0] *= 1 - g
    return du


@EXERCISE.mistake(
    "dy is taken to have one axis in front, and u two axes: there may be any number of both, so "
    "leave the axes in front to broadcasting."
)
def one_axis_in_front(dy, u, g):
    """A letter for each axis."""
    slopes = _slopes(u, 1.0, 1 - g)
    return np.einsum("kbn,bn->kbn", dy, slopes) if dy.ndim > u.ndim else dy * slopes


@EXERCISE.mistake(
    "The slopes are kept in an array of u's dtype, as np.ones_like(u) makes it: where u holds "
    "whole numbers, 1 - g is cut off to 0. Give the array dy's dtype, or let np.where make it."
)
def slopes_in_whole_numbers(dy, u, g):
    """slopes = np.ones_like(u)."""
    slopes = np.ones_like(u)
    slopes[u <= 0] = 1 - g
    return dy * slopes


@EXERCISE.mistake(
    "if needs one answer, and u > 0 gives one for every entry: np.where(u > 0, …, …) chooses entry "
    "by entry."
)
def one_branch_for_all(dy, u, g):
    """if u > 0."""
    return dy if u > 0 else (1 - g) * dy


@EXERCISE.mistake(
    "One answer is taken for the whole array: as soon as a single u isn't above 0, every gradient "
    "is multiplied by 1 - g. Each entry has a side of its own, so let np.where choose."
)
def one_answer_for_all(dy, u, g):
    """if np.all(u > 0)."""
    return dy + 0 * u if np.all(u > 0) else (1 - g) * dy


@EXERCISE.mistake(
    "That is the forward pass: u stands where dy belongs. What comes back is dy, times the slope "
    "at u, 1 or 1 - g."
)
def forward_again(dy, u, g):
    """grelu(u, g)."""
    return grelu(u, g)


@EXERCISE.mistake(
    "At u = 0 nothing comes back: u > 0 and u < 0 both leave that entry out, so let one of the "
    "sides have it. Here it is the negative one, with slope 1 - g."
)
def corner_on_no_side(dy, u, g):
    """(u > 0) + (1 - g) (u < 0)."""
    return dy * ((u > 0) + (1 - g) * (u < 0))


@EXERCISE.mistake(
    "At u = 0 the slope is the mean of the two sides', as np.sign makes it: this course takes that "
    "of the negative side there, 1 - g."
)
def corner_halfway(dy, u, g):
    """1 - g (1 - sign(u)) / 2."""
    return dy * (1 - g * (1 - np.sign(u)) / 2)


@EXERCISE.mistake(
    "The negative side gets a minus: its slope is 1 - g, which is positive, not g - 1."
)
def minus_on_the_left(dy, u, g):
    """g - 1."""
    return dy * _slopes(u, 1, g - 1)


@EXERCISE.mistake(
    "On the negative side stands the slope alone: dy belongs on both sides, dy and (1 - g) * dy."
)
def dy_forgotten_on_the_left(dy, u, g):
    """np.where(u > 0, dy, 1 - g)."""
    return np.where(u > 0, dy, 1 - g)


@EXERCISE.mistake(
    "That is the late part alone, g times ReLU's gradient: add the early part, (1 - g) dy, which "
    "comes back on both sides."
)
def late_part_only(dy, u, g):
    """g dy where u > 0."""
    return g * dy * (u > 0)


@EXERCISE.alternative
def as_a_product(dy, u, g):
    """dy times an array of slopes."""
    return dy * (1 - g * (u <= 0))


@EXERCISE.alternative
def the_general_form(dy, u, g):
    """(1 - g) of the identity's gradient and g of ReLU's."""
    return (1 - g) * dy + g * (dy * (u > 0))


@EXERCISE.alternative
def with_sign(dy, u, g):
    """The slope from np.heaviside."""
    return np.multiply(dy, 1 - g + g * np.heaviside(u, 0.0))
