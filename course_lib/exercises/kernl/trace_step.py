"""Exercise: one step of the eligibility traces."""

from dataclasses import replace

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.ladder.rungs import (
    by_hand,
    floating,
    gradient,
    holds,
    irregular,
    matches,
    shapes,
)
from course_lib.scratch.kernl import trace_step

RETURNS = {"E_t": "array"}


def small() -> Arrays:
    """Two sequences, five entries of v, three units: no two sizes are alike."""
    return {
        "E_prev": irregular(2, 5, 3),
        "v_t": irregular(2, 5, shift=1),
        "d_t": irregular(2, 3, shift=2) ** 2,
        "gamma": np.array([0.0, 0.3, 1.2]),
    }


def one_weight() -> Arrays:
    """One weight, whose unit halves its traces at every step."""
    return {
        "E_prev": np.array([[[2.0]]]),
        "v_t": np.array([[3.0]]),
        "d_t": np.array([[0.5]]),
        "gamma": np.array([np.log(2)]),
    }


def two_rates() -> Arrays:
    """Two by two weights, nothing new comes in; the second unit's traces halve."""
    return {
        "E_prev": np.array([[[4.0, 4.0], [8.0, 8.0]]]),
        "v_t": np.zeros((1, 2)),
        "d_t": np.ones((1, 2)),
        "gamma": np.array([0.0, np.log(2)]),
    }


def whole_numbers() -> Arrays:
    """Traces and activity as integers."""
    return {**small(), "E_prev": np.zeros((2, 5, 3), int), "v_t": np.array([[1] * 5, [2] * 5])}


def several() -> Arrays:
    """A sequence of six steps with weights of its own, to differentiate by."""
    return {
        "v": irregular(1, 6, 4),
        "W": irregular(4, 3, shift=3, scale=0.7),
        "gamma": np.array([0.0, 0.3, 1.2]),
    }


def over_a_sequence(function, given: Arrays) -> Arrays:
    """The traces after the last step of a sequence."""
    v, W, gamma = given.values()
    E_t = np.zeros((1, *W.shape))
    for t in range(v.shape[1]):
        E_t = function(E_t, v[:, t], 1 - np.tanh(v[:, t] @ W) ** 2, gamma)
    return {"E_T": E_t[0]}


def leaky_sum(given: Arrays) -> float:
    """Each unit adds up what it puts out, faded; the trace is the derivative of that."""
    v, W, gamma = given.values()
    total = np.zeros(W.shape[1])
    for v_t in v[0]:
        total = np.exp(-gamma) * total + np.tanh(v_t @ W)
    return float(total.sum())


def faded_sum(given: Arrays) -> Arrays:
    """Every step's product, faded by the steps that follow it, in plain loops."""
    v, W, gamma = given.values()
    T = v.shape[1]
    right = np.zeros_like(W)
    for j, i in np.ndindex(W.shape):
        for s in range(T):
            slope = 1 - np.tanh(v[0, s] @ W[:, i]) ** 2
            right[j, i] += np.exp(-gamma[i] * (T - 1 - s)) * slope * v[0, s, j]
    return {"E_T": right}


def each_row_alone(function, given: Arrays) -> Arrays:
    """The batch at once, and the sequences one by one."""
    E_prev, v_t, d_t, gamma = given.values()
    rows = [function(E_prev[[b]], v_t[[b]], d_t[[b]], gamma) for b in range(len(v_t))]
    return {"E_t": function(*given.values()), "E_t expected": np.concatenate(rows)}


EXERCISE = Exercise(
    reference=trace_step,
    title="One step of the traces",
    goal="Let every weight remember how much it has had to do with its unit's state, and forget it "
    "slowly.",
    difficulty=1,
    minutes=15,
    returns=RETURNS,
    ladder=(
        shapes(small, E_t=(2, 5, 3)),
        floating(whole_numbers, "E_t"),
        by_hand(
            one_weight,
            how="the old trace fades to 2 × exp(-ln 2) = 1; the new part is 3 × 0.5 = 1.5: "
            "together 2.5",
            E_t=np.array([[[2.5]]]),
        ),
        replace(
            by_hand(
                two_rates,
                how="column 0 leads to unit 0, which forgets nothing: 4, 8\n"
                "column 1 leads to unit 1, which halves: 2, 4",
                E_t=np.array([[[4.0, 2.0], [8.0, 4.0]]]),
            ),
            name="two rates by hand: a trace fades with the unit that its weight leads to",
        ),
        holds(
            "each sequence of the batch has its own traces",
            small,
            each_row_alone,
            "A sequence's traces changed with what else is in the batch.",
        ),
        gradient(several, leaky_sum, over_a_sequence, E_T="W"),
        matches("equal to the faded sum, entry by entry", several, faded_sum, "", over_a_sequence),
    ),
    promises={
        "E_prev: traces": "it runs, and the shapes are right",
        "v_t: what": "it runs, and the shapes are right",
        "d_t: derivative": "it runs, and the shapes are right",
        "d_t: 1 - h_t²": "equal to centred differences of the loss",
        "gamma: decay rate": (
            "two rates by hand: a trace fades with the unit that its weight leads to"
        ),
        "E_t: the traces": "it runs, and the shapes are right",
        "E_t: Entry": "equal to the faded sum, entry by entry",
    },
    hints=(
        Hint(
            "What does a trace remember?",
            "It is one number for each weight. At every step something new goes in, and "
            "something old is still there. Which of the two has had time to fade?",
        ),
        Hint(
            "My shapes don't fit.",
            "The traces are (batch, p, n). `v_t` is (batch, p) and `d_t` (batch, n): give each "
            "the axis that it lacks, and NumPy broadcasts them. gamma, of shape (n,), meets the "
            "last axis: a"
            " trace fades with the unit that its weight leads *to*.",
            fits=(
                "fades by the presynaptic side",
                "axes exchanged",
                "batch mixed",
                "it runs, and the shapes are right",
                "two rates by hand: a trace fades with the unit that its weight leads to",
            ),
        ),
        Hint(
            "My trace is too small by a constant factor.",
            "What is new at this step has had no time to fade. Only the old trace fades.",
            fits=("new part faded too", "wrong part fades", "running average"),
        ),
        Hint(
            "Show me the recipe.",
            "`E_prev` times `np.exp(-gamma)`, plus the product of `v_t[:, :, None]` and `d_t[:, "
            "None, :]`.",
        ),
    ),
)


@EXERCISE.mistake(
    "The new part is faded too: what happens at this step has had no time to fade, so only E_prev "
    "is multiplied by exp(-gamma)."
)
def new_part_faded_too(E_prev, v_t, d_t, gamma):
    """A bracket too wide."""
    return np.exp(-gamma) * (E_prev + v_t[:, :, None] * d_t[:, None, :])


@EXERCISE.mistake("The old traces don't fade: multiply E_prev by exp(-gamma) first.")
def never_forgets(E_prev, v_t, d_t, gamma):
    """A running sum."""
    return E_prev + v_t[:, :, None] * d_t[:, None, :]


@EXERCISE.mistake(
    "The old traces are missing: without E_prev only the last step gets credit, which is "
    "truncation to one step."
)
def one_step_only(E_prev, v_t, d_t, gamma):
    """No memory."""
    return v_t[:, :, None] * d_t[:, None, :]


@EXERCISE.mistake(
    "The traces grow instead of fading: the factor is exp(-gamma), with a minus, which is at most "
    "1."
)
def grows(E_prev, v_t, d_t, gamma):
    """The sign."""
    return E_prev * np.exp(gamma) + v_t[:, :, None] * d_t[:, None, :]


@EXERCISE.mistake(
    "1 - gamma is the decay for a small gamma only, and negative for a large one: use exp(-gamma)."
)
def linear_decay(E_prev, v_t, d_t, gamma):
    """First order of the exponential."""
    return E_prev * (1 - gamma) + v_t[:, :, None] * d_t[:, None, :]


@EXERCISE.mistake(
    "gamma itself is used as the factor: it is a rate, and what is left after one step is "
    "exp(-gamma)."
)
def rate_as_factor(E_prev, v_t, d_t, gamma):
    """gamma * E."""
    return E_prev * gamma + v_t[:, :, None] * d_t[:, None, :]


@EXERCISE.mistake(
    "gamma is laid along the axis of v: a trace fades with the unit that its weight leads to, the "
    "last axis, so don't turn gamma."
)
def fades_by_the_presynaptic_side(E_prev, v_t, d_t, gamma):
    """exp(-gamma) as a column."""
    return E_prev * np.exp(-gamma)[:, None] + v_t[:, :, None] * d_t[:, None, :]


@EXERCISE.mistake(
    "The two axes are exchanged: entry [b, j, i] is about the weight from entry j of v to unit i, "
    "so v_t goes down and d_t across."
)
def axes_exchanged(E_prev, v_t, d_t, gamma):
    """(batch, n, p)."""
    return E_prev * np.exp(-gamma) + v_t[:, None, :] * d_t[:, :, None]


@EXERCISE.mistake(
    "d_t is missing: a unit that is saturated can't be moved by its weights now, so the new part "
    "is v_t times d_t."
)
def without_the_derivative(E_prev, v_t, d_t, gamma):
    """As if the squashing were a straight line."""
    return E_prev * np.exp(-gamma) + v_t[:, :, None] * np.ones_like(d_t)[:, None, :]


@EXERCISE.mistake(
    "1 - d_t² differentiates a second time: d_t is the derivative of the squashing already."
)
def derivative_twice(E_prev, v_t, d_t, gamma):
    """Takes d_t for the state."""
    return E_prev * np.exp(-gamma) + v_t[:, :, None] * (1 - d_t**2)[:, None, :]


@EXERCISE.mistake(
    "That is a running average, with 1 - exp(-gamma) before the new part: a trace is a sum, and "
    "the new part counts in full."
)
def running_average(E_prev, v_t, d_t, gamma):
    """Exponential average."""
    decay = np.exp(-gamma)
    return E_prev * decay + (1 - decay) * v_t[:, :, None] * d_t[:, None, :]


@EXERCISE.mistake(
    "The new part is summed over the batch before it goes into the traces: every sequence has "
    "traces of its own until its loss has met them."
)
def batch_mixed(E_prev, v_t, d_t, gamma):
    """v_t.T @ d_t, the habit of BPTT."""
    return E_prev * np.exp(-gamma) + v_t.T @ d_t


@EXERCISE.mistake(
    "The wrong part fades: E_prev stays as it is, and what is new is multiplied by exp(-gamma). It "
    "is E_prev that has had a step's time to fade."
)
def wrong_part_fades(E_prev, v_t, d_t, gamma):
    """exp(-gamma) on the other term."""
    return E_prev + v_t[:, :, None] * (np.exp(-gamma) * d_t)[:, None, :]


@EXERCISE.alternative
def with_einsum(E_prev, v_t, d_t, gamma):
    """The outer product named by its letters."""
    return np.einsum("bj,bi->bji", v_t, d_t) + np.einsum("bji,i->bji", E_prev, np.exp(-gamma))


@EXERCISE.alternative
def weight_by_weight(E_prev, v_t, d_t, gamma):
    """Plain loops."""
    E_t = np.zeros(E_prev.shape)
    for b, j, i in np.ndindex(E_prev.shape):
        E_t[b, j, i] = E_prev[b, j, i] / np.exp(gamma[i]) + v_t[b, j] * d_t[b, i]
    return E_t
