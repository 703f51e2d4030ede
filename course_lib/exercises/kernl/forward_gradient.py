"""Bug hunt: a rule whose two parts are right, and that is a step late."""

from dataclasses import replace

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.ladder.rungs import by_hand, gradient, irregular, matches, shapes
from course_lib.scratch.kernl import forward_gradient, presynaptic, trace_step, weight_gradient

RETURNS = {"dW": "array"}


def small() -> Arrays:
    """Two sequences of five steps, three inputs, four units."""
    return {
        "x": irregular(2, 5, 3),
        "h_0": irregular(2, 4, shift=1, scale=0.8),
        "h": irregular(2, 5, 4, shift=2, scale=0.8),
        "dh": irregular(2, 5, 4, shift=3),
        "beta": irregular(4, 4, shift=4),
        "gamma": np.array([0.0, 0.3, 1.2, 0.1]),
    }


def one_step() -> Arrays:
    """One unit, one step: there is nothing to remember."""
    return {
        "x": np.array([[[3.0]]]),
        "h_0": np.array([[0.5]]),
        "h": np.array([[[-0.6]]]),
        "dh": np.array([[[2.0]]]),
        "beta": np.array([[5.0]]),
        "gamma": np.array([0.7]),
    }


def last_loss() -> Arrays:
    """The loss is felt at the last of three steps only, and half of a trace is left after one."""
    return {
        "x": np.array([[[1.0], [2.0], [4.0]]]),
        "h_0": np.array([[0.0]]),
        "h": np.array([[[0.5], [-0.5], [0.0]]]),
        "dh": np.array([[[0.0], [0.0], [1.0]]]),
        "beta": np.array([[1.0]]),
        "gamma": np.array([np.log(2)]),
    }


def nothing_remembered() -> Arrays:
    """Traces that are gone at the next step: each loss is about its own step."""
    given = small()
    W = irregular(8, 4, shift=5, scale=0.5)
    h = np.zeros_like(given["h"])
    before, one = given["h_0"], np.ones((2, 1))
    for t in range(h.shape[1]):
        before = h[:, t] = np.tanh(np.hstack([given["x"][:, t], before, one]) @ W)
    return {**given, "h": h, "beta": np.eye(4), "gamma": np.full(4, 60.0), "W": W}


def without_weights(function, given: Arrays) -> Arrays:
    """The gradient; the weights are there for the loss alone."""
    return {"dW": function(*[value for name, value in given.items() if name != "W"])}


def own_losses(given: Arrays) -> float:
    """The losses, in which the states before each step stay where they were."""
    v = presynaptic(given["x"], given["h_0"], given["h"])
    return float(np.sum(given["dh"] * np.tanh(v @ given["W"])))


def every_pair_of_steps(given: Arrays) -> Arrays:
    """The definition: what step s did, as far as it is left at t, times the credit there."""
    x, h_0, h, dh, beta, gamma = given.values()
    batch, T, n = h.shape
    dW = np.zeros((x.shape[2] + n + 1, n))
    for b, t in np.ndindex(batch, T):
        credit = dh[b, t] @ beta
        for s in range(t + 1):
            v = np.concatenate([x[b, s], h[b, s - 1] if s else h_0[b], [1.0]])
            dW += np.outer(v, credit * np.exp(-gamma * (t - s)) * (1 - h[b, s] ** 2))
    return {"dW": dW}


EXERCISE = Exercise(
    reference=forward_gradient,
    title="A step late",
    goal="Your two functions have been combined into a rule that runs along a sequence. Each of "
    "them is right, but the rule's gradient is wrong. Find out why.",
    difficulty=2,
    minutes=20,
    returns=RETURNS,
    ladder=(
        shapes(small, dW=(8, 4)),
        by_hand(
            one_step,
            how="credit 2 × 5 = 10, slope 1 - 0.6² = 0.64, product 6.4\n"
            "times what the weights were multiplied by, 3, 0.5 and 1: 19.2, 3.2, 6.4",
            dW=np.array([[19.2], [3.2], [6.4]]),
        ),
        replace(
            by_hand(
                last_loss,
                how="left at step 3 of the steps 1, 2, 3: 1/4, 1/2, 1; slopes 3/4, 3/4, 1\n"
                "x: 1 × 3/16 + 2 × 3/8 + 4 = 4.9375\n"
                "state before: 0 × 3/16 + 0.5 × 3/8 - 0.5 = -0.3125\n"
                "bias: 3/16 + 3/8 + 1 = 1.5625",
                dW=np.array([[4.9375], [-0.3125], [1.5625]]),
            ),
            name="three steps by hand: what fades, and what doesn't yet",
        ),
        gradient(nothing_remembered, own_losses, without_weights, dW="W"),
        matches("equal to the definition, for every pair of steps", small, every_pair_of_steps),
    ),
    uses=("trace_step", "weight_gradient"),
    equivalent={
        "batch, T, n = h.shape -> batch, T, n = dh.shape": "h and dh have one shape",
        "E_t = np.zeros((batch, -> E_t = -np.zeros((batch,": "minus zero is zero",
        "dW = np.zeros(E_t.shape -> dW = -np.zeros(E_t.shape": "minus zero is zero",
    },
    promises={
        "x: inputs": "it runs, and the shapes are right",
        "h_0: state": "equal to centred differences of the loss",
        "h: states": "equal to the definition, for every pair of steps",
        "h: the network is tanh": "equal to centred differences of the loss",
        "dh: gradient": "equal to centred differences of the loss",
        "beta, gamma: the kernel": "equal to the definition, for every pair of steps",
        "dW: shape": (
            "it runs, and the shapes are right",
            "equal to the definition, for every pair of steps",
        ),
    },
    hints=(
        Hint(
            "Where do I begin to look?",
            "With a sequence of one step. What should its gradient be, and what do you get? Which "
            "of the things that are handed over exist at that moment, and from which step?",
        ),
        Hint(
            "What does it look like?",
            "Draw step t as an arrow from h_{t-1} to h_t. Write at its two ends, and along it, "
            "what the step reads, what it multiplies, where its tanh is, and where its loss is "
            "measured. Then see which of these each line of the code takes.",
            fits=(
                "new state as input",
                "slope of the old state",
                "always from the start",
            ),
        ),
        Hint(
            "I have mended one thing, and it is still wrong.",
            "There are three questions. Does the trace include a step by the time that step's "
            "loss is used? Which state were the weights of a step multiplied by? And which "
            "state is the slope of that step's tanh taken at?",
            fits=(
                "two faults left",
                "input mended alone",
                "slope mended alone",
            ),
        ),
    ),
)


def _along(x, h_0, h, dh, beta, gamma, late=False, new_state=False, old_slope=False):
    """The rule, with the faults that are asked for."""
    states = np.concatenate([h_0[:, None], h], axis=1)
    E_t = np.zeros((len(x), x.shape[2] + h.shape[2] + 1, h.shape[2]))
    dW, one = np.zeros(E_t.shape[1:]), np.ones((len(x), 1))
    for t in range(h.shape[1]):
        if late:
            dW += weight_gradient(dh[:, t], beta, E_t)
        v_t = np.hstack([x[:, t], states[:, t + 1 if new_state else t], one])
        slope_at = states[:, t if old_slope else t + 1]
        E_t = trace_step(E_t, v_t, 1 - slope_at**2, gamma)
        if not late:
            dW += weight_gradient(dh[:, t], beta, E_t)
    return dW


@EXERCISE.hunt(
    "The gradient of a sequence of one step is 0 here, whatever its loss; and that isn't all."
)
def the_rule_put_together(x, h_0, h, dh, beta, gamma):
    """KeRNL along a sequence, from the states that the network went through.

    Args:
        x: inputs, shape (batch, T, m).
        h_0: state before the first step, shape (batch, n).
        h: states after each step, shape (batch, T, n); the network is tanh.
        dh: gradient that reaches each state from its own step, (batch, T, n).
        beta, gamma: the kernel, shapes (n, n) and (n,).

    Returns:
        dW: shape (m + n + 1, n), the sum over the steps and the batch.
    """
    batch, T, n = h.shape
    E_t = np.zeros((batch, x.shape[2] + n + 1, n))
    dW = np.zeros(E_t.shape[1:])
    h_prev = h_0
    for t in range(T):
        dW += weight_gradient(dh[:, t], beta, E_t)
        v_t = np.hstack([x[:, t], h[:, t], np.ones((batch, 1))])
        E_t = trace_step(E_t, v_t, 1 - h_prev**2, gamma)
        h_prev = h[:, t]
    return dW


@EXERCISE.mistake(
    "The traces now include a step before its loss is used. Two things are left: which state a "
    "step's weights are multiplied by, and at which state the slope of its tanh is taken."
)
def two_faults_left(x, h_0, h, dh, beta, gamma):
    """The order alone is mended."""
    return _along(x, h_0, h, dh, beta, gamma, new_state=True, old_slope=True)


@EXERCISE.mistake(
    "The loss of a step is still used before the traces include that step: it can only blame "
    "earlier ones. Update the traces first."
)
def asked_too_early(x, h_0, h, dh, beta, gamma):
    """States and slopes are mended."""
    return _along(x, h_0, h, dh, beta, gamma, late=True)


@EXERCISE.mistake(
    "The weights of step t were multiplied by the state *before* it, h_(t-1): h_t is what "
    "came of it."
)
def new_state_as_input(x, h_0, h, dh, beta, gamma):
    """v has h_t."""
    return _along(x, h_0, h, dh, beta, gamma, new_state=True)


@EXERCISE.mistake(
    "The slope of the squashing is taken at the state before the step. What the step squashed is "
    "h_t, so its slope is 1 - h_t²."
)
def slope_of_the_old_state(x, h_0, h, dh, beta, gamma):
    """d from h_{t-1}."""
    return _along(x, h_0, h, dh, beta, gamma, old_slope=True)


@EXERCISE.mistake(
    "The state that goes into a step is right now. But the loss is still used before the traces "
    "include its step, and the slope is that of the state before."
)
def input_mended_alone(x, h_0, h, dh, beta, gamma):
    """Late, and with the old slope."""
    return _along(x, h_0, h, dh, beta, gamma, late=True, old_slope=True)


@EXERCISE.mistake(
    "The slope is right now. But the loss is still used before the traces include its step, and "
    "the weights were multiplied by the state before the step, not by the new one."
)
def slope_mended_alone(x, h_0, h, dh, beta, gamma):
    """Late, and with the new state."""
    return _along(x, h_0, h, dh, beta, gamma, late=True, new_state=True)


@EXERCISE.mistake(
    "h_0 stands in for the state before every step: only the first begins there, each later one "
    "where the step before it ended."
)
def always_from_the_start(x, h_0, h, dh, beta, gamma):
    """h_prev never moves."""
    E_t = np.zeros((len(x), x.shape[2] + h.shape[2] + 1, h.shape[2]))
    dW, one = np.zeros(E_t.shape[1:]), np.ones((len(x), 1))
    for t in range(h.shape[1]):
        E_t = trace_step(E_t, np.hstack([x[:, t], h_0, one]), 1 - h[:, t] ** 2, gamma)
        dW += weight_gradient(dh[:, t], beta, E_t)
    return dW


@EXERCISE.mistake(
    "Before the first step the state is taken for zero: it was h_0, and the first step's weights "
    "were multiplied by it."
)
def zero_before_the_first(x, h_0, h, dh, beta, gamma):
    """h_0 never used."""
    return _along(x, np.zeros_like(h_0), h, dh, beta, gamma)


@EXERCISE.mistake(
    "Before the first step stands the last state of the sequence, as index -1 and np.roll give it. "
    "The state before the first step is h_0."
)
def rolled_round(x, h_0, h, dh, beta, gamma):
    """np.roll(h, 1, axis=1)."""
    return _along(x, h[:, -1], h, dh, beta, gamma)


@EXERCISE.mistake(
    "Only the loss of the last step is used: add up the parts of every step's loss, each with "
    "the traces of its moment."
)
def last_step_only(x, h_0, h, dh, beta, gamma):
    """The gradient after the loop."""
    return _along(x, h_0, h, dh * (np.arange(h.shape[1]) == h.shape[1] - 1)[:, None], beta, gamma)


@EXERCISE.mistake(
    "The mean over the steps is taken. dW is the sum over the steps: if the loss is a mean, that "
    "division is in dh already."
)
def mean_over_steps(x, h_0, h, dh, beta, gamma):
    """Divided by T."""
    return _along(x, h_0, h, dh, beta, gamma) / h.shape[1]


@EXERCISE.alternative
def with_presynaptic(x, h_0, h, dh, beta, gamma):
    """What the weights are multiplied by, for all steps at once; a sum of a generator."""
    v = presynaptic(x, h_0, h)

    def along():
        E_t = np.zeros((len(x), v.shape[2], h.shape[2]))
        for v_t, h_t, dh_t in zip(*(np.swapaxes(a, 0, 1) for a in (v, h, dh)), strict=True):
            E_t = trace_step(E_t, v_t, 1 - h_t**2, gamma)
            yield weight_gradient(dh_t, beta, E_t)

    return sum(along())


@EXERCISE.alternative
def backwards_in_time(x, h_0, h, dh, beta, gamma):
    """The same sum, asked from the causes: no traces at all."""
    v, d, credit = presynaptic(x, h_0, h), 1 - h**2, dh @ beta
    later, dW = np.zeros_like(h_0), 0.0
    for t in reversed(range(h.shape[1])):
        later = credit[:, t] + np.exp(-gamma) * later
        dW = dW + v[:, t].T @ (later * d[:, t])
    return dW
