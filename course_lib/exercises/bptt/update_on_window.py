"""Bug hunt: an update whose formulas are all right, and which doesn't follow the gradient."""

import copy

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.ladder.rungs import by_hand, holds, irregular, matches, shapes
from course_lib.exercises.vanilla_rnn.cases import classifier
from course_lib.scratch.bptt import (
    loss_and_gradients,
    rnn_backward,
    truncated_bptt,
    update_on_window,
)
from course_lib.scratch.gradcheck import numerical_gradient
from course_lib.scratch.losses import cross_entropy_from_logits, cross_entropy_gradient
from course_lib.scratch.rnn import rnn_forward

RETURNS = {"moved": "mapping", "loss": "number", "h_last": "array"}


def small() -> Arrays:
    """Two sequences, a window of four steps, and a rate that moves the weights a long way."""
    return {
        "params": classifier(),
        "x": irregular(2, 4, 3),
        "labels": np.array([[4, 0, 2, 1], [1, 3, 3, 0]]),
        "h_0": irregular(2, 4, shift=1, scale=0.8),
        "rate": 0.5,
    }


def one_step() -> Arrays:
    """A window of one step."""
    given = small()
    return {**given, "x": given["x"][:, :1], "labels": given["labels"][:, :1]}


def one_sequence() -> Arrays:
    """A single sequence, of more steps."""
    labels = np.array([[0, 3, 1, 4, 2, 2, 0]])
    return {**small(), "x": irregular(1, 7, 3), "labels": labels, "h_0": irregular(1, 4, shift=1)}


def unheard() -> Arrays:
    """The readout doesn't listen to the one unit: it says 1/4 and 3/4, whatever the state is."""
    return {
        "params": {
            "W_xh": np.array([[0.0]]),
            "W_hh": np.array([[0.0]]),
            "b_h": np.array([np.arctanh(0.5)]),
            "W_hy": np.array([[0.0, 0.0]]),
            "b_y": np.array([0.0, np.log(3.0)]),
        },
        "x": np.array([[[1.0]]]),
        "labels": np.array([[0]]),
        "h_0": np.array([[0.25]]),
        "rate": 2.0,
    }


def down_the_slope(given: Arrays) -> Arrays:
    """The loss and its centred differences, all at the weights that came in."""
    params, x, labels, h_0, rate = given.values()

    def loss() -> float:
        return loss_and_gradients(params, x, labels, h_0)[0]

    slopes = {name: numerical_gradient(loss, w) for name, w in params.items()}
    h, _ = rnn_forward(x, h_0, params["W_xh"], params["W_hh"], params["b_h"])
    return {
        "moved": {name: w - rate * slopes[name] for name, w in params.items()},
        "loss": loss(),
        "h_last": h[:, -1],
    }


def at_other_rates(function, given: Arrays) -> Arrays:
    """Where small rates lead, beside the same share of the way that a large one goes."""
    params, x, labels, h_0, _ = given.values()

    def moved(rate: float) -> Arrays:
        return function(copy.deepcopy(params), x, labels, h_0, rate)[0]

    far, outputs = moved(10.0), {}
    for rate in (0.1, 1.0):
        for name, w in moved(rate).items():
            outputs[f"{name} with rate {rate}"] = w
            share = params[name] + rate / 10.0 * (far[name] - params[name])
            outputs[f"{name} with rate {rate} expected"] = share
    return outputs


def before_and_after(function, given: Arrays) -> Arrays:
    """What is in params when the function has returned."""
    params, *others = given.values()
    before = copy.deepcopy(params)
    function(params, *others)
    return {"params after the call": params, "params after the call expected": before}


EXERCISE = Exercise(
    reference=update_on_window,
    title="Downhill, but not along the gradient",
    goal="Make an update follow the gradient: its loss falls, but its direction is a little off.",
    difficulty=2,
    minutes=25,
    returns=RETURNS,
    uses=("rnn_backward",),
    ladder=(
        shapes(
            small,
            moved={"W_xh": (3, 4), "W_hh": (4, 4), "b_h": (4,), "W_hy": (4, 5), "b_y": (5,)},
            loss=(),
            h_last=(2, 4),
        ),
        by_hand(
            unheard,
            how="h_1 = tanh(b_h) = 0.5; the probabilities are 1/4 and 3/4, and the label is 0\n"
            "loss = log 4; dlogits = (1/4 - 1, 3/4) = (-0.75, 0.75)\n"
            "W_hy: 0 - 2 × 0.5 × (-0.75, 0.75) = (0.75, -0.75)\n"
            "b_y: (0, 1.098612) - 2 × (-0.75, 0.75) = (1.5, -0.401388)\n"
            "W_hy was 0 when the loss was computed, so W_xh, W_hh and b_h had no influence on it",
            moved={
                "W_xh": np.array([[0.0]]),
                "W_hh": np.array([[0.0]]),
                "b_h": np.array([np.arctanh(0.5)]),
                "W_hy": np.array([[0.75, -0.75]]),
                "b_y": np.array([1.5, np.log(3.0) - 1.5]),
            },
            loss=np.array(np.log(4.0)),
            h_last=np.array([[0.5]]),
        ),
        matches(
            "a window of one step",
            one_step,
            down_the_slope,
            "With K = 1 there is no earlier step.",
        ),
        holds(
            "ten times the rate, ten times the step",
            small,
            at_other_rates,
            "How far a weight moves, divided by the rate, is minus its gradient. That doesn't "
            "depend on the rate, so a step of rate 10 tells where smaller ones lead.",
        ),
        matches(
            "down the slope that centred differences find",
            small,
            down_the_slope,
            "By centred differences of the loss, at params:",
        ),
        matches("a single sequence, and a longer window", one_sequence, down_the_slope),
        holds(
            "params stays as it is",
            small,
            before_and_after,
            "The caller may still need the arrays in params.",
            known=True,
        ),
    ),
    promises={
        "params: dict with": "down the slope that centred differences find",
        "its arrays stay": "params stays as it is",
        "x, labels: inputs": "a single sequence, and a longer window",
        "h_0: state before": "a window of one step",
        "no gradient goes there": "scaffold: nothing that is returned could hold it",
        "rate: the learning rate": "ten times the rate, ten times the step",
        "moved: weights with": "it runs, and the shapes are right",
        "They differ from `params`": "down the slope that centred differences find",
        "loss: mean cross-entropy": "a case small enough to do by hand",
        "h_last: the state": "down the slope that centred differences find",
    },
    hints=(
        Hint(
            "Each line is a formula of the chapter, and the loss falls.",
            "True. So measure: from the weights before and after one call you can compute the "
            "gradient that it has followed, with one division. Compare it with centred differences "
            "of the loss, once for a rate of 1 and once for a rate of 0.01. What does it mean that "
            "the error shrinks with the rate?",
        ),
        Hint(
            "The gradient is nearly right for a small rate.",
            "Draw the way back, from the loss to the first step, and beside each arrow the weights "
            "that the credit passes through. Then write down, for each arrow, whether these are "
            "the weights that the states and the loss were computed with.",
            fits=(
                "readout moved first",
                "a window of one step",
                "ten times the rate, ten times the step",
            ),
        ),
        Hint(
            "The weights are right, but h_last is not.",
            "W holds other numbers at the end than at the top. With which of them has the window "
            "been read whose last state you return, and which does the docstring ask for?",
            fits=("state after the step",),
        ),
        Hint(
            "My caller's weights change too.",
            "`-=` writes into an array that is there, and a new dict may still hold the old "
            "arrays. Which line makes new ones?",
            fits=("nothing copied", "params itself moved", "params stays as it is"),
        ),
    ),
)


@EXERCISE.hunt(
    "Still the old symptom: the loss falls from call to call, but how far a weight moves, divided "
    "by the rate, is not its gradient, and the larger the rate, the further it is off."
)
def update_with_moving_weights(params, x, labels, h_0, rate):
    """One step of gradient descent, on one window of longer sequences.

    Args:
        params: dict with W_xh (m, n), W_hh (n, n), b_h (n,), W_hy (n, c) and
            b_y (c,); its arrays stay as they are.
        x, labels: inputs of the window (batch, K, m), and the right class of
            each step, integers of shape (batch, K).
        h_0: state before the window, shape (batch, n); no gradient goes there.
        rate: the learning rate, above 0.

    Returns:
        moved: weights with the keys and shapes of `params`. From `params` to
            them it is -rate times the gradient of the loss at `params`.
        loss: mean cross-entropy over batch and window, at `params`.
        h_last: the state after the window, at `params`, shape (batch, n).
    """
    W = {name: w.copy() for name, w in params.items()}
    h, cache = rnn_forward(x, h_0, W["W_xh"], W["W_hh"], W["b_h"])
    logits = h @ W["W_hy"] + W["b_y"]
    loss = cross_entropy_from_logits(logits, labels)
    dlogits = cross_entropy_gradient(logits, labels)
    W["W_hy"] -= rate * np.einsum("btn,btc->nc", h, dlogits)
    W["b_y"] -= rate * dlogits.sum(axis=(0, 1))
    _, _, dW_xh, dW_hh, db_h = rnn_backward(dlogits @ W["W_hy"].T, cache)
    W["W_xh"] -= rate * dW_xh
    W["W_hh"] -= rate * dW_hh
    W["b_h"] -= rate * db_h
    h, _ = rnn_forward(x, h_0, W["W_xh"], W["W_hh"], W["b_h"])
    return W, loss, h[:, -1]


@EXERCISE.mistake(
    "The state is right now, but the readout still moves first: credit goes to the states through "
    "a W_hy that has moved, and the loss was computed with the one before."
)
def readout_moved_first(params, x, labels, h_0, rate):
    """Half way: W_hy."""
    h, cache = rnn_forward(x, h_0, params["W_xh"], params["W_hh"], params["b_h"])
    loss, grads, h_last = loss_and_gradients(params, x, labels, h_0)
    moved = params["W_hy"] - rate * grads["W_hy"]
    dlogits = cross_entropy_gradient(h @ params["W_hy"] + params["b_y"], labels)
    through_moved = rnn_backward(dlogits @ moved.T, cache)[2:]
    grads |= dict(zip(("W_xh", "W_hh", "b_h"), through_moved, strict=True))
    return {name: w - rate * grads[name] for name, w in params.items()}, loss, h_last


def _into(params, moved):
    """The caller's arrays, with the numbers of others."""
    for name, w in params.items():
        w[...] = moved[name]
    return params


@EXERCISE.mistake(
    "The arrays of params themselves move, so the caller's weights do. And credit still passes "
    "through weights that have moved. A new dict alone still holds the old arrays: copy these."
)
def nothing_copied(params, x, labels, h_0, rate):
    """W = params.copy()."""
    moved, loss, h_last = update_with_moving_weights(params, x, labels, h_0, rate)
    return _into(params, moved), loss, h_last


@EXERCISE.mistake(
    "The step is right, but params doesn't stay as it is: the caller's weights have moved too. "
    "Put the new weights into new arrays; a new dict alone still holds the old ones."
)
def params_itself_moved(params, x, labels, h_0, rate):
    """-= in the caller's arrays."""
    moved, loss, h_last = update_on_window(params, x, labels, h_0, rate)
    return _into(params, moved), loss, h_last


@EXERCISE.mistake(
    "The weights go uphill: the gradient points to where the loss grows, so the step has a minus."
)
def uphill(params, x, labels, h_0, rate):
    """+."""
    return update_on_window(params, x, labels, h_0, -rate)


@EXERCISE.mistake(
    "These are the gradients. Return the weights after the step, params - rate * gradient."
)
def gradients_alone(params, x, labels, h_0, rate):
    """No step."""
    loss, grads, h_last = loss_and_gradients(params, x, labels, h_0)
    return grads, loss, h_last


@EXERCISE.mistake("The rate is left out: each step is as long as with a rate of 1.")
def rate_ignored(params, x, labels, h_0, rate):
    """rate = 1."""
    return update_on_window(params, x, labels, h_0, 1.0)


@EXERCISE.mistake(
    "Nothing comes back from later steps: inside a window, what a state does to the next one has "
    "to be credited, too."
)
def nothing_from_later_steps(params, x, labels, h_0, rate):
    """Windows of one step."""
    loss, grads, h_last = truncated_bptt(params, x, labels, h_0, 1)
    return {name: w - rate * grads[name] for name, w in params.items()}, loss, h_last


@EXERCISE.mistake(
    "The step is that of the summed loss: the loss is a mean over batch and window, so its "
    "gradient is a mean, too. cross_entropy_gradient has divided already."
)
def step_of_the_sum(params, x, labels, h_0, rate):
    """Times batch and steps."""
    moved, _, _ = update_on_window(params, x, labels, h_0, rate * labels.size)
    return moved, *update_on_window(params, x, labels, h_0, rate)[1:]


@EXERCISE.mistake(
    "The mean over the batch is taken twice: cross_entropy_gradient has divided by the number of "
    "sequences and of steps."
)
def batch_divided_out_twice(params, x, labels, h_0, rate):
    """Divided by the batch again."""
    moved, _, _ = update_on_window(params, x, labels, h_0, rate / len(x))
    return moved, *update_on_window(params, x, labels, h_0, rate)[1:]


@EXERCISE.mistake(
    "The loss is computed with the weights after the step. Return the one before it, whose "
    "gradient was taken."
)
def loss_after_the_step(params, x, labels, h_0, rate):
    """At moved."""
    moved, _, h_last = update_on_window(params, x, labels, h_0, rate)
    return moved, loss_and_gradients(moved, x, labels, h_0)[0], h_last


@EXERCISE.mistake(
    "The step is right now, but the window is read a second time, with the weights after it, and "
    "h_last is the state of that reading. Return the state at params."
)
def state_after_the_step(params, x, labels, h_0, rate):
    """h_last at moved."""
    moved, loss, _ = update_on_window(params, x, labels, h_0, rate)
    return moved, loss, loss_and_gradients(moved, x, labels, h_0)[2]


@EXERCISE.mistake(
    "The biases stay where they are: b_h and b_y have gradients like the other weights."
)
def biases_left_behind(params, x, labels, h_0, rate):
    """Matrices only."""
    moved, loss, h_last = update_on_window(params, x, labels, h_0, rate)
    return {**moved, "b_h": params["b_h"], "b_y": params["b_y"]}, loss, h_last


@EXERCISE.alternative
def gradient_first(params, x, labels, h_0, rate):
    """A way back of one's own: all gradients, then all steps."""
    h, _ = rnn_forward(x, h_0, params["W_xh"], params["W_hh"], params["b_h"])
    logits = h @ params["W_hy"] + params["b_y"]
    loss = cross_entropy_from_logits(logits, labels)
    dlogits = cross_entropy_gradient(logits, labels)
    grads = {name: np.zeros_like(w) for name, w in params.items()}
    grads["W_hy"] += np.einsum("btn,btc->nc", h, dlogits)
    grads["b_y"] += dlogits.sum(axis=(0, 1))
    dh = dlogits @ params["W_hy"].T
    dh_next = np.zeros_like(h_0)
    for t in reversed(range(x.shape[1])):
        h_prev = h[:, t - 1] if t > 0 else h_0
        da_t = (dh[:, t] + dh_next) * (1 - h[:, t] ** 2)
        grads["W_xh"] += x[:, t].T @ da_t
        grads["W_hh"] += h_prev.T @ da_t
        grads["b_h"] += da_t.sum(axis=0)
        dh_next = da_t @ params["W_hh"].T
    return {name: w - rate * grads[name] for name, w in params.items()}, loss, h[:, -1]


@EXERCISE.alternative
def credit_before_the_readout_moves(params, x, labels, h_0, rate):
    """The same lines, two of them in another order, and the state of the first reading."""
    W = {name: w.copy() for name, w in params.items()}
    h, cache = rnn_forward(x, h_0, W["W_xh"], W["W_hh"], W["b_h"])
    logits = h @ W["W_hy"] + W["b_y"]
    dlogits = cross_entropy_gradient(logits, labels)
    _, _, dW_xh, dW_hh, db_h = rnn_backward(dlogits @ W["W_hy"].T, cache)
    W["W_hy"] -= rate * np.einsum("btn,btc->nc", h, dlogits)
    W["b_y"] -= rate * dlogits.sum(axis=(0, 1))
    W["W_xh"] -= rate * dW_xh
    W["W_hh"] -= rate * dW_hh
    W["b_h"] -= rate * db_h
    return W, cross_entropy_from_logits(logits, labels), h[:, -1]
