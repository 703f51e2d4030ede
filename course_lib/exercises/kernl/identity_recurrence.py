"""Bug hunt: the identity of the notebook of 2019, which is a shift register."""

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.ladder.rungs import by_hand, holds, irregular, matches, shapes
from course_lib.scratch.kernl import identity_recurrence

RETURNS = {"W": "array"}


def small() -> Arrays:
    """Two inputs, three units."""
    return {"W_xh": irregular(2, 3)}


def pixel() -> Arrays:
    """One input, as in the old notebook, and two units; whole numbers would keep the 1 of 1.5."""
    return {"W_xh": np.array([[1.5, -0.25]])}


def a_run() -> Arrays:
    """One pulse, then eight silent steps, with three units."""
    return {"W_xh": irregular(1, 3)}


def wide() -> Arrays:
    """More inputs than units."""
    return {"W_xh": irregular(4, 2)}


def after_silence(function, given: Arrays) -> Arrays:
    """A linear network gets one input and then nothing: the state must stay."""
    W = function(given["W_xh"])
    m, n = given["W_xh"].shape
    h_t = np.concatenate([np.ones(m), np.zeros(n)]) @ W
    states = [h_t]
    for _ in range(8):
        states.append(np.concatenate([np.zeros(m), states[-1]]) @ W)
    return {
        "h after eight steps": states[8],
        "h after eight steps expected": states[0],
        "h after one step": states[1],
        "h after one step expected": states[0],
    }


def inputs_come_in(function, given: Arrays) -> Arrays:
    """From a zero state, the inputs go through W_xh."""
    W = function(given["W_xh"])
    x = irregular(5, given["W_xh"].shape[0], shift=3)
    return {
        "h_1": np.hstack([x, np.zeros((5, W.shape[1]))]) @ W,
        "h_1 expected": x @ given["W_xh"],
    }


def block_by_block(given: Arrays) -> Arrays:
    """Weights of the inputs above, and below one weight of 1 from each unit to itself."""
    m, n = given["W_xh"].shape
    W = np.zeros((m + n, n))
    for j in range(m):
        W[j] = given["W_xh"][j]
    for i in range(n):
        W[m + i, i] = 1.0
    return {"W": W}


EXERCISE = Exercise(
    reference=identity_recurrence,
    title="An identity that forgets",
    goal="The old notebook wanted each unit to keep its own state. But after a while, nothing is "
    "left of an input in its network. Find out why.",
    difficulty=1,
    minutes=15,
    returns=RETURNS,
    ladder=(
        shapes(small, W=(5, 3)),
        holds(
            "what came in once is still there after eight silent steps",
            a_run,
            after_silence,
            "A linear network with the identity as recurrence keeps its state.",
        ),
        by_hand(
            pixel,
            how="row 0 is the input's weights; row 1 leads from unit 0 to unit 0, row 2 from unit "
            "1 to unit 1",
            W=np.array([[1.5, -0.25], [1.0, 0.0], [0.0, 1.0]]),
        ),
        holds(
            "the inputs go through W_xh",
            small,
            inputs_come_in,
            "From a zero state the new state is x_t @ W_xh.",
        ),
        matches("more inputs than units", wide, block_by_block),
    ),
    promises={
        "Source of": "scaffold: where it comes from",
        "W_xh: input": ("the inputs go through W_xh", "more inputs than units"),
        "W: shape": (
            "it runs, and the shapes are right",
            "what came in once is still there after eight silent steps",
        ),
    },
    hints=(
        Hint(
            "It says eye, so is it not the identity?",
            "Print it for one input and three units. Row 0 belongs to the input. Which unit does "
            "row 1, which belongs to unit 0, lead to?",
        ),
        Hint(
            "The ones are in the wrong place.",
            "Only the lower n rows are the recurrence, and only they should be the identity. What "
            "belongs above them came in as an argument.",
        ),
    ),
)


@EXERCISE.hunt(
    "Nothing is kept: one input comes in, and eight silent steps later every unit is at zero."
)
def shift_register(W_xh):
    """Stacked weights of a network that keeps its state where it is.

    Args:
        W_xh: input-to-hidden weights, shape (m, n).

    Returns:
        W: shape (m + n, n), to be used as [x_t, h_{t-1}] @ W.
    """
    m, n = W_xh.shape
    return np.eye(m + n, n)


@EXERCISE.mistake(
    "The recurrence is the identity now, but the inputs have no weights: the upper m rows are W_xh."
)
def inputs_left_out(W_xh):
    """The diagonal moved down."""
    m, n = W_xh.shape
    return np.eye(m + n, n, k=-m)


@EXERCISE.mistake(
    "W_xh is written into a matrix of whole numbers, which keeps only the whole part of each "
    "weight: leave out dtype=int, or take the dtype of W_xh."
)
def whole_numbers(W_xh):
    """np.eye with dtype=int, then W_xh above."""
    m, n = W_xh.shape
    W = np.eye(m + n, n, k=-m, dtype=int)
    W[:m] = W_xh
    return W


@EXERCISE.mistake(
    "The two blocks are in the wrong order: the product is with [x_t, h_{t-1}], so the inputs' "
    "rows come first."
)
def state_first(W_xh):
    """[h, x]."""
    return np.vstack([np.eye(W_xh.shape[1]), W_xh])


@EXERCISE.mistake(
    "The inputs' weights are there, but below them the diagonal still begins at the top of the "
    "whole matrix: the recurrence is np.eye(n), by itself."
)
def still_shifted(W_xh):
    """W_xh written over the first rows."""
    m, n = W_xh.shape
    W = np.eye(m + n, n)
    W[:m] = W_xh
    return W


@EXERCISE.mistake(
    "The inputs' weights are there, but the diagonal below them is moved to the right, not down: "
    "the first row of the recurrence has its 1 in the first column. np.eye(n), by itself, has it."
)
def moved_to_the_right(W_xh):
    """k=m for k=-m."""
    m, n = W_xh.shape
    W = np.eye(m + n, n, k=m)
    W[:m] = W_xh
    return W


@EXERCISE.mistake(
    "W_xh was added to the matrix as it was: the ones are still on the diagonal of the whole, in "
    "the inputs' rows too. Above stands W_xh alone, below it the identity of n rows."
)
def added_to_the_old(W_xh):
    """eye(m + n, n) + W_xh above."""
    m, n = W_xh.shape
    W = np.eye(m + n, n)
    W[:m] += W_xh
    return W


@EXERCISE.mistake(
    "The diagonal of the recurrence runs the other way: unit i's row must lead to unit i, so the "
    "ones go down to the right."
)
def other_diagonal(W_xh):
    """Turned over."""
    return np.vstack([W_xh, np.eye(W_xh.shape[1])[::-1]])


@EXERCISE.mistake(
    "The recurrence is all ones: every unit then gets the sum of all, and the state explodes. Only "
    "the diagonal is 1."
)
def all_ones(W_xh):
    """np.ones."""
    n = W_xh.shape[1]
    return np.vstack([W_xh, np.ones((n, n))])


@EXERCISE.mistake(
    "The inputs' weights are there, but nothing comes from the state before: the lower n rows are "
    "the identity, not zeros."
)
def no_recurrence(W_xh):
    """np.zeros below."""
    n = W_xh.shape[1]
    return np.vstack([W_xh, np.zeros((n, n))])


@EXERCISE.mistake(
    "The blocks stand side by side: the weights are stacked, one row for each entry of "
    "[x_t, h_{t-1}]."
)
def side_by_side(W_xh):
    """hstack of the transposes."""
    return np.hstack([W_xh.T, np.eye(W_xh.shape[1])])


@EXERCISE.mistake(
    "The recurrence is right, but above it stands another identity: the upper m rows are what the "
    "inputs are multiplied by, and that is W_xh."
)
def identity_for_the_inputs_too(W_xh):
    """np.eye twice."""
    m, n = W_xh.shape
    return np.vstack([np.eye(m, n), np.eye(n)])


@EXERCISE.mistake(
    "The diagonal is moved down by one row, which is right for a single input: the recurrence "
    "begins below the m rows of the inputs."
)
def moved_down_by_one(W_xh):
    """k=-1 for k=-m."""
    m, n = W_xh.shape
    W = np.eye(m + n, n, k=-1)
    W[:m] = W_xh
    return W


@EXERCISE.alternative
def filled_in(W_xh):
    """Zeros, then the two blocks."""
    m, n = W_xh.shape
    W = np.zeros((m + n, n))
    W[:m] = W_xh
    W[m:][np.diag_indices(n)] = 1
    return W


@EXERCISE.alternative
def with_padding(W_xh):
    """W_xh padded below, plus a diagonal that begins below it."""
    m, n = W_xh.shape
    return np.pad(W_xh, ((0, n), (0, 0))) + np.eye(m + n, n, -m)
