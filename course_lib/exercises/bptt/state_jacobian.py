"""Exercise: the product of Jacobians, behind exploding and vanishing gradients."""

from dataclasses import replace
from functools import reduce

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.ladder.rungs import by_hand, holds, irregular, matches, shapes
from course_lib.scratch.bptt import rnn_backward, state_jacobian
from course_lib.scratch.gradcheck import numerical_gradient
from course_lib.scratch.rnn import rnn_forward


def small() -> Arrays:
    """One sequence of five steps, two inputs, three units."""
    return {
        "x": irregular(1, 5, 2),
        "h_0": irregular(1, 3, shift=1, scale=0.8),
        "W_xh": irregular(2, 3, shift=2),
        "W_hh": irregular(3, 3, shift=3),
        "b_h": irregular(3, shift=4, scale=0.5),
    }


def one_step() -> Arrays:
    """Two units and a single step."""
    return {"h": np.array([[0.6, 0.0]]), "W_hh": np.array([[1.0, 2.0], [3.0, 4.0]])}


def two_steps() -> Arrays:
    """Two units and two steps, in which the order of the product counts."""
    return {"h": np.array([[0.6, 0.0], [0.0, 0.8]]), "W_hh": np.array([[1.0, 0.0], [1.0, 2.0]])}


def without_recurrence() -> Arrays:
    """W_hh = 0."""
    return {"h": irregular(4, 3, scale=0.9), "W_hh": np.zeros((3, 3))}


def six_states() -> Arrays:
    """Six states of three units."""
    return {"h": irregular(6, 3, scale=0.9), "W_hh": irregular(3, 3, shift=3)}


def cut_in_two(function, given: Arrays) -> Arrays:
    """All the steps at once, and the last four after the first two."""
    h, W_hh = given.values()
    return {
        "jacobian": function(h, W_hh),
        "jacobian expected": function(h[2:], W_hh) @ function(h[:2], W_hh),
    }


def of_a_run(function, given: Arrays) -> Arrays:
    """The Jacobian along the states of a real run."""
    h, _ = rnn_forward(*given.values())
    return {"jacobian": function(h[0], given["W_hh"])}


def centred_differences(given: Arrays) -> Arrays:
    """Row j: the gradient of unit j of the last state with respect to h_0, measured."""
    h_0 = given["h_0"]

    def row(j):
        return numerical_gradient(lambda: rnn_forward(*given.values())[0][0, -1, j], h_0)[0]

    return {"jacobian": np.stack([row(j) for j in range(h_0.shape[1])])}


def from_bptt(given: Arrays) -> Arrays:
    """Row j: what BPTT brings back to h_0 when only unit j of the last state has a loss."""
    h, cache = rnn_forward(*given.values())
    rows = []
    for j in range(h.shape[2]):
        dh = np.zeros_like(h)
        dh[0, -1, j] = 1.0
        rows.append(rnn_backward(dh, cache)[1][0])
    return {"jacobian": np.stack(rows)}


EXERCISE = Exercise(
    reference=state_jacobian,
    title="The product of Jacobians",
    goal="Compute how much the last state depends on the state before the first step.",
    difficulty=2,
    minutes=20,
    returns={"jacobian": "array"},
    ladder=(
        shapes(six_states, jacobian=(3, 3)),
        by_hand(
            one_step,
            how="1 - h² = (0.64, 1) and entry [j, i] = (1 - h[j]²) × W_hh[i, j]\n"
            "row 0: 0.64 × (1, 3) = (0.64, 1.92);  row 1: 1 × (2, 4) = (2, 4)",
            jacobian=np.array([[0.64, 1.92], [2.0, 4.0]]),
        ),
        replace(
            by_hand(
                two_steps,
                how="J_1 = [[0.64, 0.64], [0, 2]] and J_2 = [[1, 1], [0, 0.72]]\n"
                "J_2 J_1 = [[0.64 + 0, 0.64 + 2], [0, 0.72 × 2]]",
                jacobian=np.array([[0.64, 2.64], [0.0, 1.44]]),
            ),
            name="two steps by hand: the order matters",
        ),
        matches(
            "without recurrence nothing is left of h_0",
            without_recurrence,
            lambda given: {"jacobian": np.zeros((3, 3))},
            "With W_hh = 0 no state depends on the one before.",
        ),
        holds(
            "cut in two, it is the later part times the earlier",
            six_states,
            cut_in_two,
            "J_6 … J_3 times J_2 J_1 must be the whole product.",
        ),
        matches(
            "equal to centred differences of the last state",
            small,
            centred_differences,
            "Moving each unit of h_0 a little moves the last state by a different amount.",
            of_a_run,
        ),
        matches(
            "equal to what BPTT brings back, unit by unit",
            small,
            from_bptt,
            "rnn_backward brings a different gradient back to h_0.",
            of_a_run,
        ),
    ),
    equivalent={
        "eye(W_hh.shape[0], dtype=W_hh.dtype) -> eye(W_hh.shape[0])": (
            "float64 is promised for float64 alone, and it is the default"
        ),
        ("np.eye(W_hh.shape[0], dtype=W_hh.dtype -> np.eye(W_hh.shape[1], dtype=W_hh.dtype"): (
            "W_hh is square"
        ),
        ("np.eye(W_hh.shape[0], dtype=W_hh.dtype -> np.eye(W_hh.shape[-1], dtype=W_hh.dtype"): (
            "W_hh is square"
        ),
    },
    promises={
        "With J_t": "two steps by hand: the order matters",
        "Its singular values": "scaffold: what it is good for",
        "h: the states": "it runs, and the shapes are right",
        "W_hh: hidden": "it runs, and the shapes are right",
        "∂h_T/∂h_0": "equal to centred differences of the last state",
        "row j is about": "equal to what BPTT brings back, unit by unit",
    },
    hints=(
        Hint(
            "What is the Jacobian of a single step?",
            "How does h_t[j] move when h_{t-1}[i] is moved a little? Follow the path: through one "
            "weight, then through the slope of one tanh. Which of the two has the index of the "
            "row?",
        ),
        Hint(
            "One step is right, two are wrong.",
            "The order matters. h_1 moves with h_0, then h_2 with h_1: on which side of your "
            "product so far does the later step go? And it is a matrix product, not one entry by "
            "entry.",
            fits=(
                "order reversed",
                "entry wise product",
                "sum for product",
                "last step only",
                "two steps by hand: the order matters",
                "cut in two, it is the later part times the earlier",
            ),
        ),
        Hint(
            "My result comes out transposed.",
            "Row j is about unit j of the last state, column i about unit i of h_0. But in "
            "`h_prev @ W_hh` states are rows, and `W_hh[i, j]` is the weight *from* i *to* j.",
            fits=("W hh not transposed", "result transposed", "each jacobian transposed"),
        ),
        Hint(
            "Show me the recipe.",
            "`J_t` is `W_hh.T` with each row j times `1 - h_t[j]**2`: bring the slopes into the "
            "shape (n, 1). For each state in turn, `product` becomes `J_t @ product`.",
        ),
    ),
)


def _product(h, W_hh, jacobian):
    """J_T … J_1 with another J_t; for mistakes."""
    return reduce(lambda product, h_t: jacobian(h_t) @ product, h, np.eye(len(W_hh)))


@EXERCISE.mistake(
    "The slope of the tanh is missing: each step multiplies by diag(1 - h_t²) too, which is what "
    "makes gradients vanish in saturated units."
)
def no_tanh_derivative(h, W_hh):
    """Powers of W_hh.T."""
    return _product(h, W_hh, lambda h_t: W_hh.T)


@EXERCISE.mistake(
    "W_hh isn't transposed: W_hh[i, j] is the weight from unit i to unit j, and stands where the "
    "one from j to i belongs, so use W_hh.T."
)
def W_hh_not_transposed(h, W_hh):
    """diag(1 - h²) @ W_hh."""
    return _product(h, W_hh, lambda h_t: (1 - h_t**2)[:, None] * W_hh)


@EXERCISE.mistake(
    "Only the slopes of the last state are in the product, the other steps pass W_hh alone: every "
    "step has a tanh of its own, and so slopes of its own."
)
def slopes_of_the_last_state_alone(h, W_hh):
    """The slopes once, in front of a power of W_hh.T."""
    return (1 - h[-1] ** 2)[:, None] * np.linalg.matrix_power(W_hh.T, len(h))


@EXERCISE.mistake(
    "The slopes scale the columns: the tanh belongs to the unit that comes out, which is the row, "
    "so use (1 - h_t**2)[:, None]."
)
def slope_on_the_columns(h, W_hh):
    """Broadcasting along the wrong axis."""
    return _product(h, W_hh, lambda h_t: (1 - h_t**2) * W_hh.T)


@EXERCISE.mistake(
    "The product is in the wrong order: the later step is on the left, J_T … J_2 J_1, so "
    "multiply from the left, J_t @ product, beginning with the first step."
)
def order_reversed(h, W_hh):
    """product @ J_t."""
    return _product(h[::-1], W_hh, lambda h_t: (1 - h_t**2)[:, None] * W_hh.T)


@EXERCISE.mistake(
    "The result is transposed: that is ∂h_T/∂h_0 with the units of h_0 as rows, so take the "
    "transpose, or build it from J_t = diag(1 - h_t²) @ W_hh.T."
)
def result_transposed(h, W_hh):
    """W_hh diag(1 - h_1²) W_hh diag(1 - h_2²) …"""
    return state_jacobian(h, W_hh).T


@EXERCISE.mistake(
    "The Jacobian of each step is transposed: in W_hh * (1 - h_t**2) the row is about the old "
    "state. Here it is about the new one, so take the transpose before you multiply."
)
def each_jacobian_transposed(h, W_hh):
    """J_t.T @ product."""
    return _product(h, W_hh, lambda h_t: W_hh * (1 - h_t**2))


@EXERCISE.mistake(
    "The slope is 1 - h_t without the square: d tanh(a)/da = 1 - tanh(a)², so square the state."
)
def square_forgotten(h, W_hh):
    """1 - h."""
    return _product(h, W_hh, lambda h_t: (1 - h_t)[:, None] * W_hh.T)


@EXERCISE.mistake(
    "The tanh is applied a second time: the states have been through it already, so the slope is "
    "1 - h_t², not 1 - tanh(h_t)²."
)
def tanh_twice(h, W_hh):
    """1 - tanh(h)²."""
    return _product(h, W_hh, lambda h_t: (1 - np.tanh(h_t) ** 2)[:, None] * W_hh.T)


@EXERCISE.mistake(
    "That is the Jacobian of the last step alone: multiply those of all the steps, product = "
    "J_t @ product, so that it reaches back to h_0."
)
def last_step_only(h, W_hh):
    """product = J_t."""
    return state_jacobian(h[-1:], W_hh)


@EXERCISE.mistake(
    "The slope is taken at the state before the step: h[t] is the output of its own step, so J_t "
    "uses 1 - h[t]², with no shift."
)
def slope_of_the_old_state(h, W_hh):
    """1 - h_{t-1}², wrapping around at the first step."""
    return state_jacobian(np.roll(h, 1, axis=0), W_hh)


@EXERCISE.mistake(
    "The Jacobians are multiplied entry by entry: a chain of steps is a matrix product, so use @ "
    "in place of *."
)
def entry_wise_product(h, W_hh):
    """* for @."""
    product = np.eye(len(W_hh))
    for h_t in h:
        product = (1 - h_t**2)[:, None] * W_hh.T * product
    return product


@EXERCISE.mistake(
    "The Jacobians are added up: a chain of steps multiplies them, and that is why gradients "
    "explode or vanish."
)
def sum_for_product(h, W_hh):
    """A sum over time."""
    return np.eye(len(W_hh)) + sum((1 - h_t**2)[:, None] * W_hh.T for h_t in h)


@EXERCISE.mistake(
    "The first step is left out: h[0] is h_1, the output of a step that starts at h_0, so T states "
    "mean T factors."
)
def first_step_left_out(h, W_hh):
    """T - 1 factors."""
    return state_jacobian(h[1:], W_hh)


@EXERCISE.mistake(
    "The Jacobians are multiplied entry by entry: how a unit moves goes through all units of the "
    "step between, so it is the product of matrices, @."
)
def entry_by_entry(h, W_hh):
    """* in place of @."""
    product = np.ones_like(W_hh)
    for h_t in h:
        product = (1 - h_t**2)[:, None] * W_hh.T * product
    return product


@EXERCISE.mistake(
    "The slopes of all steps are multiplied first, and W_hh.T is taken to the power of T: matrices "
    "can't change places, so each step's slopes stand between its W_hh.T and the next one's."
)
def slopes_before_the_power(h, W_hh):
    """∏ (1 - h_t²) times a power."""
    slopes = np.prod(1 - h**2, axis=0)
    return slopes[:, None] * np.linalg.matrix_power(W_hh.T, len(h))


@EXERCISE.mistake(
    "That is the sum of the Jacobians of all steps. To get from h_0 to h_T one goes through every "
    "step, and what each does to the one before is a product."
)
def sum_without_a_start(h, W_hh):
    """sum(J_t)."""
    return sum((1 - h_t**2)[:, None] * W_hh.T for h_t in h)


@EXERCISE.alternative
def from_the_last_step(h, W_hh):
    """The way of BPTT: from the last step backwards, multiplying from the right."""
    product = np.eye(len(W_hh))
    for t in reversed(range(len(h))):
        product = product @ np.diag(1 - h[t] ** 2) @ W_hh.T
    return product


@EXERCISE.alternative
def with_einsum(h, W_hh):
    """All J_t at once, then reduce."""
    jacobians = np.einsum("tj,ij->tji", 1 - h * h, W_hh)
    return reduce(lambda product, J_t: np.einsum("ij,jk->ik", J_t, product), jacobians)


@EXERCISE.alternative
def pushing_unit_vectors_forward(h, W_hh):
    """Rows of the transpose: what becomes of a small change to each unit of h_0."""
    changes = np.identity(W_hh.shape[0])
    for h_t in h:
        changes = (changes @ W_hh) * (1 - h_t) * (1 + h_t)
    return changes.T
