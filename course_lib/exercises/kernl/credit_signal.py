"""Bug hunt: the credit signal of the notebook of 2019."""

from dataclasses import replace

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.rungs import by_hand, gradient, irregular, matches
from course_lib.scratch.kernl import credit_signal, trace_step

RETURNS = {"credit": "array"}


def small() -> Arrays:
    """Three sequences, five entries of v, four units, and their traces."""
    return {
        "dh_t": irregular(3, 4),
        "W": irregular(5, 4, shift=1),
        "beta": irregular(4, 4, shift=2),
        "E_t": irregular(3, 5, 4, shift=3),
    }


def square() -> Arrays:
    """Three units and three entries of v: here no shape can tell the two axes apart."""
    return {
        "dh_t": irregular(2, 3),
        "W": irregular(3, 3, shift=1),
        "beta": irregular(3, 3, shift=2),
        "E_t": irregular(2, 3, 3, shift=3),
    }


def two_units() -> Arrays:
    """One sequence, two units, one entry of v."""
    return {
        "dh_t": np.array([[10.0, 1.0]]),
        "W": np.array([[7.0, 7.0]]),
        "beta": np.array([[1.0, 0.0], [5.0, 1.0]]),
        "E_t": np.array([[[2.0, 3.0]]]),
    }


def opposed() -> Arrays:
    """Two sequences that want the opposite, and traces of opposite sign: they agree."""
    return {
        "dh_t": np.array([[1.0], [-1.0]]),
        "W": np.array([[1.0]]),
        "beta": np.array([[1.0]]),
        "E_t": np.array([[[2.0]], [[-2.0]]]),
    }


def several() -> Arrays:
    """A network in which the kernel is the truth, six steps."""
    return {
        "v": irregular(2, 6, 4),
        "dh": irregular(2, 6, 3, shift=1),
        "beta": irregular(3, 3, shift=2),
        "gamma": np.array([0.0, 0.3, 1.2]),
        "W": irregular(4, 3, shift=3, scale=0.7),
    }


def times_traces(function, given: Arrays) -> Arrays:
    """What the credit is for: times the traces, summed over the batch."""
    dh_t, W, beta, E_t = given.values()
    return {"dW": (np.ones_like(E_t) * function(dh_t, W, beta) * E_t).sum(axis=0)}


def over_a_sequence(function, given: Arrays) -> Arrays:
    """The gradient of a sequence, with the function's credit at every step."""
    v, dh, beta, gamma, W = given.values()
    E_t, dW = np.zeros((len(v), *W.shape)), np.zeros(W.shape)
    for t in range(v.shape[1]):
        E_t = trace_step(E_t, v[:, t], 1 - np.tanh(v[:, t] @ W) ** 2, gamma)
        dW = dW + (function(dh[:, t], W, beta) * E_t).sum(axis=0)
    return {"dW": dW}


def loss(given: Arrays) -> float:
    """The loss of a network whose states are exactly what the kernel says."""
    v, dh, beta, gamma, W = given.values()
    total, kept = 0.0, np.zeros((len(v), W.shape[1]))
    for t in range(v.shape[1]):
        kept = np.exp(-gamma) * kept + np.tanh(v[:, t] @ W)
        total += np.sum(dh[:, t] * (kept @ beta.T))
    return float(total)


def entry_by_entry(given: Arrays) -> Arrays:
    """The definition, as plain loops."""
    dh_t, _, beta, E_t = given.values()
    dW = np.zeros(E_t.shape[1:])
    for b, j, i in np.ndindex(E_t.shape):
        dW[j, i] += sum(dh_t[b, k] * beta[k, i] for k in range(len(beta))) * E_t[b, j, i]
    return {"dW": dW}


EXERCISE = Exercise(
    reference=credit_signal,
    title="Who is to blame?",
    goal="Find what is wrong with the credit that the old notebook multiplied its traces with; its "
    "gradient was at right angles to the true one.",
    difficulty=2,
    minutes=20,
    returns=RETURNS,
    ladder=(
        by_hand(
            two_units,
            how="credit of unit 0: 10 × 1 + 1 × 5 = 15; of unit 1: 10 × 0 + 1 × 1 = 1\n"
            "times the traces 2 and 3: 30 and 3",
            call=times_traces,
            dW=np.array([[30.0, 3.0]]),
        ),
        replace(
            by_hand(
                opposed,
                how="1 × 2 + (-1) × (-2) = 4",
                call=times_traces,
                dW=np.array([[4.0]]),
            ),
            name="two sequences by hand: each has a loss of its own",
        ),
        matches("as many units as entries of v", square, entry_by_entry, "", times_traces),
        gradient(several, loss, over_a_sequence, dW="W"),
        matches("equal to the definition, entry by entry", small, entry_by_entry, "", times_traces),
    ),
    hints=(
        Hint(
            "Where do I begin to look?",
            "Write the shape behind every line. Which of its axes does a trace (batch, p, n) need, "
            "and which index of a trace is the unit that is to be blamed?",
        ),
        Hint(
            "It runs for every size, so what can be wrong?",
            "Three things. Which argument is never used? Which axis is gone before the traces come "
            "in? And is it the unit that a weight leads to that gets the credit?",
        ),
        Hint(
            "I have (batch, n), and the product with the traces fails.",
            "The credit belongs to the last axis of a trace, and is the same for all weights that "
            "lead to one unit: give it an axis of 1 between, `[:, None, :]`.",
        ),
    ),
)


@EXERCISE.hunt(
    "This gradient has little to do with the true one: with one sequence, two units and numbers "
    "that you can follow by hand it comes out as 154 and 231, where it should be 30 and 3."
)
def the_old_credit(dh_t, W, beta):
    """What the traces (batch, p, n) are multiplied with before the batch sum.

    Args:
        dh_t: gradient that reaches h_t from its own loss, shape (batch, n).
        W: stacked weights, shape (p, n).
        beta: sensitivity, shape (n, n); row k is the later unit.
    """
    error = dh_t.mean(axis=0)
    return (W @ error)[None, :, None]


@EXERCISE.mistake(
    "Better: each sequence has its own error now. But W says how the input of a step moves its "
    "units; how a unit moves later ones is what beta has learned, so the credit is dh_t @ beta."
)
def each_its_own_error(dh_t, W, beta):
    """Without the batch mean."""
    return (dh_t @ W.T)[:, :, None]


@EXERCISE.mistake(
    "beta is used, but the batch is averaged first: one sequence's error is then multiplied with "
    "another's traces, and what they have in common is lost. Keep the batch axis."
)
def mean_over_the_batch_first(dh_t, W, beta):
    """beta, postsynaptic, but averaged."""
    return (dh_t.mean(axis=0) @ beta)[None, None, :]


@EXERCISE.mistake(
    "beta is used, but transposed: dh_t is about the later units, which are beta's rows, so the "
    "credit is dh_t @ beta."
)
def beta_transposed(dh_t, W, beta):
    """beta @ dh."""
    return (dh_t @ beta.T)[:, None, :]


@EXERCISE.mistake(
    "The credit is laid along the axis of v: blame belongs to the unit that a weight leads to, the "
    "last axis of a trace."
)
def along_the_presynaptic_axis(dh_t, W, beta):
    """[:, :, None]."""
    return (dh_t @ beta)[:, :, None]


@EXERCISE.mistake(
    "The error itself is not the credit: a unit is also to blame for what it did to others since, "
    "and beta says how much. Use dh_t @ beta."
)
def error_as_credit(dh_t, W, beta):
    """No beta."""
    return dh_t[:, None, :]


@EXERCISE.mistake(
    "The credit is (batch, n) and meets the wrong axes of the traces (batch, p, n): put an axis of "
    "1 in the middle, [:, None, :]."
)
def axis_of_v_missing(dh_t, W, beta):
    """(batch, n)."""
    return dh_t @ beta


@EXERCISE.alternative
def with_einsum(dh_t, W, beta):
    """The sum over later units by its letters."""
    return np.expand_dims(np.einsum("bk,ki->bi", dh_t, beta), 1)


@EXERCISE.alternative
def for_every_weight(dh_t, W, beta):
    """The same credit, written out for every weight."""
    return np.repeat((dh_t @ beta)[:, None], len(W), axis=1)
