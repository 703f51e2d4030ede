"""Exercise: one step of the vanilla RNN."""

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.ladder.rungs import (
    by_hand,
    floating,
    holds,
    irregular,
    isolating,
    matches,
    shapes,
)
from course_lib.scratch.rnn import rnn_step


def small() -> Arrays:
    """Two sequences, three inputs, four units: no two sizes are alike."""
    return {
        "x_t": irregular(2, 3),
        "h_prev": irregular(2, 4, shift=1, scale=0.8),
        "W_xh": irregular(3, 4, shift=2),
        "W_hh": irregular(4, 4, shift=3),
        "b_h": irregular(4, shift=4, scale=0.5),
    }


def one_unit() -> Arrays:
    """One input and one unit, so that each number can be followed."""
    return {
        "x_t": np.array([[2.0]]),
        "h_prev": np.array([[0.5]]),
        "W_xh": np.array([[0.5]]),
        "W_hh": np.array([[-1.0]]),
        "b_h": np.array([0.3]),
    }


def far_out() -> Arrays:
    """One unit whose sum is about 2000, -2000 and 1 in three sequences."""
    x_t = np.array([[4000.0], [-4000.0], [2.0]])
    return {**one_unit(), "x_t": x_t, "h_prev": np.full((3, 1), 0.5)}


def whole_numbers() -> Arrays:
    """Inputs as integers, the way that the old notebook fed them."""
    return {**small(), "x_t": np.array([[0, 1, 2], [3, 4, 5]]), "h_prev": np.zeros((2, 4), int)}


def without_recurrence() -> Arrays:
    """W_hh = 0: what is left is a feed-forward layer."""
    return {**small(), "W_hh": np.zeros((4, 4))}


def feed_forward(given: Arrays) -> Arrays:
    """The layer that is left without recurrence."""
    return {"h_t": np.tanh(given["x_t"] @ given["W_xh"] + given["b_h"])}


def each_row_alone(function, given: Arrays) -> Arrays:
    """The batch at once, and its rows one by one."""
    x_t, h_prev, *weights = given.values()
    rows = [function(x_t[i : i + 1], h_prev[i : i + 1], *weights) for i in range(len(x_t))]
    return {"h_t": function(x_t, h_prev, *weights), "h_t expected": np.concatenate(rows)}


def entry_by_entry(given: Arrays) -> Arrays:
    """The definition, as plain loops over batch, units and inputs."""
    x_t, h_prev, W_xh, W_hh, b_h = given.values()
    h_t = np.zeros_like(h_prev)
    for b in range(len(x_t)):
        for j in range(len(b_h)):
            total = b_h[j]
            total += sum(x_t[b, i] * W_xh[i, j] for i in range(x_t.shape[1]))
            total += sum(h_prev[b, i] * W_hh[i, j] for i in range(len(b_h)))
            h_t[b, j] = np.tanh(total)
    return {"h_t": h_t}


EXERCISE = Exercise(
    reference=rnn_step,
    title="One step",
    goal="Compute the new state of the network from this step's input and the state before it.",
    difficulty=1,
    minutes=10,
    returns={"h_t": "array"},
    ladder=(
        shapes(small, h_t=(2, 4)),
        floating(whole_numbers, "h_t"),
        by_hand(
            one_unit,
            how="tanh(2 × 0.5 + 0.5 × (-1) + 0.3) = tanh(0.8) = 0.664037",
            h_t=np.array([[0.66403677]]),
        ),
        *isolating(
            small,
            entry_by_entry,
            {
                "x_t @ W_xh": ("W_hh", "b_h"),
                "h_prev @ W_hh": ("W_xh", "b_h"),
                "b_h": ("W_xh", "W_hh"),
            },
        ),
        matches(
            "without recurrence it is a feed-forward layer",
            without_recurrence,
            feed_forward,
            "With W_hh = 0 only tanh(x_t W_xh + b_h) may be left.",
        ),
        matches(
            "a sum far from zero is squashed too",
            far_out,
            entry_by_entry,
            "Two of the sums are about 2000 and -2000, where the tanh is as good as 1 and -1.",
        ),
        holds(
            "each sequence of the batch is on its own",
            small,
            each_row_alone,
            "A sequence's state changed with what else is in the batch.",
        ),
        matches("equal to the definition, entry by entry", small, entry_by_entry),
    ),
    promises={
        "x_t: input": "it runs, and the shapes are right",
        "h_prev: state": "it runs, and the shapes are right",
        "W_xh: input-to-hidden": "only x_t @ W_xh matters",
        "W_hh: hidden-to-hidden": "only h_prev @ W_hh matters",
        "b_h: bias": "only b_h matters",
        "h_t: the new state": (
            "equal to the definition, entry by entry",
            "a sum far from zero is squashed too",
        ),
    },
    hints=(
        Hint(
            "What has to come in?",
            "What does the network know at this step, and from where? Two things reach it, and "
            "each has weights of its own.",
        ),
        Hint(
            "I don't know which way round the products go.",
            "Write the shapes under the names: `x_t` is (batch, m) and `W_xh` is (m, n). Only one "
            "order of the two gives (batch, n). The same holds for `h_prev` and `W_hh`. The bias "
            "has shape (n,); NumPy adds it to every row by itself.",
            fits=(
                "weights first",
                "entry wise product",
                "transposed recurrence",
                "it runs, and the shapes are right",
                "only x_t @ W_xh matters",
                "only h_prev @ W_hh matters",
                "only b_h matters",
            ),
        ),
        Hint(
            "My numbers are larger than 1.",
            "Everything that reaches a unit is added up first, the bias too. Then the sum is "
            "squashed, once, so that no state grows without bound.",
            fits=("no tanh", "tanh of each", "bias outside the tanh", "no bias", "relu for tanh"),
        ),
        Hint(
            "Show me the recipe.",
            "`np.tanh` of the sum of `x_t @ W_xh`, `h_prev @ W_hh` and `b_h`.",
        ),
    ),
)


@EXERCISE.mistake(
    "The tanh is missing: without it the network is linear, and its state can grow without bound."
)
def no_tanh(x_t, h_prev, W_xh, W_hh, b_h):
    """Leaves out the nonlinearity."""
    return x_t @ W_xh + h_prev @ W_hh + b_h


@EXERCISE.mistake(
    "The old state is missing: h_prev @ W_hh has to be added before the tanh, or nothing is "
    "remembered from step to step."
)
def no_recurrence(x_t, h_prev, W_xh, W_hh, b_h):
    """A feed-forward layer."""
    return np.tanh(x_t @ W_xh + b_h)


@EXERCISE.mistake("The bias b_h is missing from the sum inside the tanh.")
def no_bias(x_t, h_prev, W_xh, W_hh, b_h):
    """Forgets the bias."""
    return np.tanh(x_t @ W_xh + h_prev @ W_hh)


@EXERCISE.mistake(
    "W_hh is applied transposed: with states as rows the product is h_prev @ W_hh, and entry "
    "[i, j] is the weight from unit i to unit j."
)
def transposed_recurrence(x_t, h_prev, W_xh, W_hh, b_h):
    """Uses W_hh.T."""
    return np.tanh(x_t @ W_xh + h_prev @ W_hh.T + b_h)


@EXERCISE.mistake(
    "The tanh is applied to the two products separately: add everything up first, then squash the "
    "sum once."
)
def tanh_of_each(x_t, h_prev, W_xh, W_hh, b_h):
    """tanh before the sum."""
    return np.tanh(x_t @ W_xh) + np.tanh(h_prev @ W_hh + b_h)


@EXERCISE.mistake(
    "The bias is added after the tanh: it belongs inside, with the two products, or the state "
    "leaves the range from -1 to 1."
)
def bias_outside_the_tanh(x_t, h_prev, W_xh, W_hh, b_h):
    """A bracket closed too early."""
    return np.tanh(x_t @ W_xh + h_prev @ W_hh) + b_h


@EXERCISE.mistake(
    "The weights stand on the left, which is for states as columns: here each row is a sequence, "
    "so it is x_t @ W_xh and h_prev @ W_hh."
)
def weights_first(x_t, h_prev, W_xh, W_hh, b_h):
    """W x, as many textbooks write it."""
    return np.tanh(W_xh @ x_t + W_hh @ h_prev + b_h)


@EXERCISE.mistake(
    "* multiplies entry by entry, so the shapes must be alike: the matrix product is @, as in "
    "x_t @ W_xh."
)
def entry_wise_product(x_t, h_prev, W_xh, W_hh, b_h):
    """* for @."""
    return np.tanh(x_t * W_xh + h_prev * W_hh + b_h)


@EXERCISE.mistake(
    "That is the ReLU, which cuts off below 0: this cell uses tanh, between -1 and 1."
)
def relu_for_tanh(x_t, h_prev, W_xh, W_hh, b_h):
    """The usual choice in feed-forward nets."""
    return np.maximum(0, x_t @ W_xh + h_prev @ W_hh + b_h)


@EXERCISE.mistake(
    "That is the logistic sigmoid, between 0 and 1; this cell uses tanh, between -1 and 1."
)
def sigmoid_for_tanh(x_t, h_prev, W_xh, W_hh, b_h):
    """The other squashing function."""
    return 1 / (1 + np.exp(-(x_t @ W_xh + h_prev @ W_hh + b_h)))


@EXERCISE.mistake(
    "That is a sigmoid stretched to the range from -1 to 1, which is the tanh of half the sum: "
    "either take np.tanh, or twice the sum in the sigmoid."
)
def stretched_sigmoid(x_t, h_prev, W_xh, W_hh, b_h):
    """2 sigmoid(a) - 1."""
    return 2 / (1 + np.exp(-(x_t @ W_xh + h_prev @ W_hh + b_h))) - 1


@EXERCISE.mistake(
    "The tanh is made of np.exp, which is infinite where a sum is large, and infinity over "
    "infinity is no number: np.tanh takes a sum of any size."
)
def tanh_that_overflows(x_t, h_prev, W_xh, W_hh, b_h):
    """(e^a - e^-a) / (e^a + e^-a)."""
    a = x_t @ W_xh + h_prev @ W_hh + b_h
    with np.errstate(all="ignore"):
        return (np.exp(a) - np.exp(-a)) / (np.exp(a) + np.exp(-a))


@EXERCISE.mistake(
    "Each unit hears only itself: of W_hh the diagonal alone is used. Every unit hears all units' "
    "old states, so it is the product of matrices, h_prev @ W_hh."
)
def diagonal_only(x_t, h_prev, W_xh, W_hh, b_h):
    """h_prev * np.diag(W_hh)."""
    return np.tanh(x_t @ W_xh + h_prev * np.diag(W_hh) + b_h)


@EXERCISE.mistake(
    "The sum is squashed by an arc tangent, which goes up to 1.57: a state lies between -1 and 1. "
    "np.arctan is another function than np.tanh."
)
def arctan_for_tanh(x_t, h_prev, W_xh, W_hh, b_h):
    """np.arctan."""
    return np.arctan(x_t @ W_xh + h_prev @ W_hh + b_h)


@EXERCISE.alternative
def with_one_product(x_t, h_prev, W_xh, W_hh, b_h):
    """One product of the two inputs side by side with the two weights stacked."""
    return np.tanh(np.hstack([x_t, h_prev]) @ np.vstack([W_xh, W_hh]) + b_h)


@EXERCISE.alternative
def with_einsum(x_t, h_prev, W_xh, W_hh, b_h):
    """Sums written as einsum, in another order."""
    a_t = b_h + np.einsum("bj,jn->bn", h_prev, W_hh)
    return np.tanh(a_t + np.einsum("bi,in->bn", x_t, W_xh))


@EXERCISE.alternative
def in_place_on_a_copy(x_t, h_prev, W_xh, W_hh, b_h):
    """Builds the result up in an array of its own."""
    h_t = np.array(h_prev, dtype=float) @ W_hh
    h_t += x_t @ W_xh
    h_t += b_h
    return np.tanh(h_t, out=h_t)
