"""Exercise: the gradient of the weights from their traces."""

from dataclasses import replace

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.ladder.rungs import by_hand, gradient, holds, irregular, matches, shapes
from course_lib.scratch.bptt import rnn_step_backward
from course_lib.scratch.kernl import trace_step, weight_gradient
from course_lib.scratch.rnn import rnn_step

RETURNS = {"dW": "array"}


def small() -> Arrays:
    """Two sequences, five entries of v, three units: no two sizes are alike."""
    return {
        "dh_t": irregular(2, 3),
        "beta": irregular(3, 3, shift=1),
        "E_t": irregular(2, 5, 3, shift=2),
    }


def two_units() -> Arrays:
    """Two units and one entry of v; unit 1 feels what unit 0 did, not the other way round."""
    return {
        "dh_t": np.array([[10.0, 1.0]]),
        "beta": np.array([[1.0, 0.0], [5.0, 1.0]]),
        "E_t": np.array([[[2.0, 3.0]]]),
    }


def two_sequences() -> Arrays:
    """Two sequences whose means are all zero."""
    return {
        "dh_t": np.array([[1.0], [-1.0]]),
        "beta": np.array([[1.0]]),
        "E_t": np.array([[[2.0]], [[-2.0]]]),
    }


def one_step() -> Arrays:
    """A network at its first step: the traces are this step's alone."""
    return {
        "dh_t": irregular(3, 4, shift=5),
        "x_t": irregular(3, 2),
        "h_prev": irregular(3, 4, shift=1, scale=0.8),
        "W_xh": irregular(2, 4, shift=2),
        "W_hh": irregular(4, 4, shift=3),
        "b_h": irregular(4, shift=4, scale=0.5),
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


def each_row_alone(function, given: Arrays) -> Arrays:
    """The batch at once, and the sum of its sequences."""
    dh_t, beta, E_t = given.values()
    rows = [function(dh_t[[b]], beta, E_t[[b]]) for b in range(len(dh_t))]
    return {"dW": function(*given.values()), "dW expected": sum(rows)}


def at_the_first_step(function, given: Arrays) -> Arrays:
    """One step, no fading yet, and every unit stands for itself."""
    dh_t, x_t, h_prev, *weights = given.values()
    h_t = rnn_step(x_t, h_prev, *weights)
    v_t = np.hstack([x_t, h_prev, np.ones((len(x_t), 1))])
    n = h_t.shape[1]
    E_t = trace_step(np.zeros((len(x_t), v_t.shape[1], n)), v_t, 1 - h_t**2, np.zeros(n))
    return {"dW": function(dh_t, np.eye(n), E_t)}


def one_step_of_bptt(given: Arrays) -> Arrays:
    """The exact gradient of one step, stacked."""
    dh_t, x_t, h_prev, W_xh, W_hh, b_h = given.values()
    h_t = rnn_step(x_t, h_prev, W_xh, W_hh, b_h)
    _, _, *grads = rnn_step_backward(dh_t, x_t, h_prev, h_t, W_xh, W_hh)
    return {"dW": np.vstack(grads)}


def over_a_sequence(function, given: Arrays) -> Arrays:
    """The sum over the steps of a sequence."""
    v, dh, beta, gamma, W = given.values()
    E_t = np.zeros((len(v), *W.shape))
    dW = np.zeros(W.shape)
    for t in range(v.shape[1]):
        E_t = trace_step(E_t, v[:, t], 1 - np.tanh(v[:, t] @ W) ** 2, gamma)
        dW = dW + function(dh[:, t], beta, E_t)
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
    """The definition, as plain loops over sequences, units and weights."""
    dh_t, beta, E_t = given.values()
    dW = np.zeros(E_t.shape[1:])
    for b, j, i in np.ndindex(E_t.shape):
        dW[j, i] += sum(dh_t[b, k] * beta[k, i] for k in range(len(beta))) * E_t[b, j, i]
    return {"dW": dW}


EXERCISE = Exercise(
    reference=weight_gradient,
    title="The gradient from the traces",
    goal="Turn the loss's gradient for the states of this step into its gradient for every "
    "weight, with the traces alone.",
    difficulty=2,
    minutes=20,
    returns=RETURNS,
    ladder=(
        shapes(small, dW=(5, 3)),
        by_hand(
            two_units,
            how="credit of unit 0: 10 × 1 + 1 × 5 = 15; of unit 1: 10 × 0 + 1 × 1 = 1\n"
            "dW = (15 × 2, 1 × 3)",
            dW=np.array([[30.0, 3.0]]),
        ),
        replace(
            by_hand(
                two_sequences,
                how="1 × 2 + (-1) × (-2) = 4; the product of the means would be 0",
                dW=np.array([[4.0]]),
            ),
            name="two sequences by hand: multiply first, then sum",
        ),
        holds(
            "a batch is the sum of its sequences",
            small,
            each_row_alone,
            "Sequences together must give the sum of their gradients.",
        ),
        matches(
            "at the first step it is the gradient of BPTT",
            one_step,
            one_step_of_bptt,
            "With one step and beta the identity, KeRNL is exact.",
            at_the_first_step,
        ),
        gradient(several, loss, over_a_sequence, dW="W"),
        matches("equal to the definition, entry by entry", small, entry_by_entry),
    ),
    promises={
        "dh_t: gradient": "at the first step it is the gradient of BPTT",
        "beta: sensitivity": "equal to the definition, entry by entry",
        "beta: row k": "equal to the definition, entry by entry",
        "E_t: traces": "it runs, and the shapes are right",
        "dW: shape": ("it runs, and the shapes are right", "a batch is the sum of its sequences"),
    },
    hints=(
        Hint(
            "Which unit is to blame for what?",
            "The loss speaks about the units of this step. beta says how far each earlier unit "
            "has moved them. A trace says how far a weight has moved the unit that it leads to. "
            "In which order do you walk back from the loss to the weight?",
        ),
        Hint(
            "I don't know which way round beta goes.",
            "Row k is the later unit, which feels the loss; column i the earlier one, which is to"
            " get the credit. `dh_t` is about later units, so it meets the rows, and (batch, n) "
            "comes out.",
            fits=("beta transposed", "traces mixed"),
        ),
        Hint(
            "My gradient is right for one sequence, but not for two.",
            "Multiply each sequence's credit by its own traces first, and sum over the batch "
            "last. No division: if the loss is a mean, it is in `dh_t` already.",
            fits=(
                "means multiplied",
                "sums multiplied",
                "batch mean",
                "no batch sum",
                "two sequences by hand: multiply first, then sum",
                "a batch is the sum of its sequences",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "The credit is `dh_t @ beta`. Multiply `credit[:, None, :]` with `E_t`, and sum over "
            "the first axis.",
        ),
    ),
)


@EXERCISE.mistake(
    "beta is transposed: dh_t is about the later units, which are the rows, so the credit is "
    "dh_t @ beta."
)
def beta_transposed(dh_t, beta, E_t):
    """dh_t @ beta.T."""
    return np.einsum("bi,bji->ji", dh_t @ beta.T, E_t)


@EXERCISE.mistake(
    "beta is not used: what the loss says about unit k also concerns every unit i that moves k "
    "later, and beta says how much."
)
def beta_left_out(dh_t, beta, E_t):
    """RFLO's credit."""
    return np.einsum("bi,bji->ji", dh_t, E_t)


@EXERCISE.mistake(
    "The batch is averaged before credit and trace meet: the product of two means is not the mean "
    "of the products, so multiply first and sum last."
)
def means_multiplied(dh_t, beta, E_t):
    """One of the old notebook's faults."""
    return (dh_t @ beta).mean(axis=0) * E_t.mean(axis=0)


@EXERCISE.mistake(
    "The batch is summed before credit and trace meet: one sequence's loss then changes weights by "
    "another's traces. Multiply first and sum last."
)
def sums_multiplied(dh_t, beta, E_t):
    """The same with sums."""
    return (dh_t @ beta).sum(axis=0) * E_t.sum(axis=0)


@EXERCISE.mistake(
    "The gradient is divided by the batch size: if the loss is a mean, that division is in dh_t "
    "already, so only add up."
)
def batch_mean(dh_t, beta, E_t):
    """Mean over the batch."""
    return weight_gradient(dh_t, beta, E_t) / len(dh_t)


@EXERCISE.mistake(
    "The batch axis is still there: every sequence uses the same weights, so sum over it last."
)
def no_batch_sum(dh_t, beta, E_t):
    """(batch, p, n)."""
    return (dh_t @ beta)[:, None, :] * E_t


@EXERCISE.mistake(
    "The credit is laid along the axis of v: it belongs to the unit that a weight leads to, the "
    "last axis of the traces."
)
def along_the_presynaptic_axis(dh_t, beta, E_t):
    """credit[:, :, None]."""
    return ((dh_t @ beta)[:, :, None] * E_t).sum(axis=0)


@EXERCISE.mistake(
    "dW came out transposed: it has the shape of the stacked weights, (p, n), like a trace."
)
def transposed(dh_t, beta, E_t):
    """(n, p)."""
    return weight_gradient(dh_t, beta, E_t).T


@EXERCISE.mistake(
    "Only the diagonal of beta is used: a unit then gets credit through itself alone, and nothing "
    "through the units that it has moved. Take the whole product, dh_t @ beta."
)
def diagonal_of_beta(dh_t, beta, E_t):
    """np.diag(beta)."""
    return np.einsum("bi,bji->ji", dh_t * np.diag(beta), E_t)


@EXERCISE.mistake(
    "The columns of beta are summed before they meet the loss: every later unit then counts with "
    "the loss of the earlier one. Unit k's own dh_t[k] goes with beta[k, i], and then the sum."
)
def columns_summed(dh_t, beta, E_t):
    """einsum("bi,ki,bji->ji")."""
    return np.einsum("bi,ki,bji->ji", dh_t, beta, E_t)


@EXERCISE.mistake(
    "beta mixes the traces: column i then holds what the weights of other units did. It belongs "
    "between the loss and the units, dh_t @ beta, and each trace stays in its unit's column."
)
def traces_mixed(dh_t, beta, E_t):
    """E_t @ beta."""
    return np.einsum("bi,bji->ji", dh_t, E_t @ beta)


@EXERCISE.alternative
def with_broadcasting(dh_t, beta, E_t):
    """Multiply, then sum."""
    return ((dh_t @ beta)[:, None, :] * E_t).sum(axis=0)


@EXERCISE.alternative
def sequence_by_sequence(dh_t, beta, E_t):
    """A loop over the batch, credit written as a sum."""
    dW = np.zeros(E_t.shape[1:])
    for dh, E in zip(dh_t, E_t, strict=True):
        dW += E * sum(dh[k] * beta[k] for k in range(len(beta)))
    return dW


@EXERCISE.alternative
def one_einsum(dh_t, beta, E_t):
    """All three sums at once."""
    return np.einsum("bk,ki,bji->ji", dh_t, beta, E_t)
