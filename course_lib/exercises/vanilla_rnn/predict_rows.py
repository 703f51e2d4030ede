"""Project: a vanilla RNN reads digits by rows."""

import numpy as np

from course_lib.exercises.exercise import Hint
from course_lib.exercises.projects import digits
from course_lib.exercises.projects.project import Project
from course_lib.scratch.projects import predict_rows
from course_lib.scratch.rnn import rnn_forward

MARKS = (0.91, 0.94, 0.96)


def advice(score: float) -> str:
    """What to try next."""
    if score < MARKS[0]:
        return (
            "Look at your curve: if it jumps, try clipping or a lower learning rate; if it is "
            "still falling, train for more epochs."
        )
    if score < MARKS[1]:
        return (
            "Compare with your accuracy on the training images. If it is much higher, show the "
            "network each image turned and moved a little, in a different way in every epoch."
        )
    if score < MARKS[2]:
        return "Let the learning rate fall to zero over the run, and use all of the budget."
    return "Do it with half of the units."


EXERCISE = Project(
    reference=predict_rows,
    title="Rows",
    goal="Train a vanilla RNN that reads digits row by row, and hand it in.",
    difficulty=3,
    minutes=90,
    returns={"logits": "array"},
    ladder=(),
    uses=("rnn_forward",),
    budget="90 seconds of training on two cores",
    marks=MARKS,
    chance=0.15,
    read=digits.read,
    layout={
        "W_xh": (28, "n"),
        "W_hh": ("n", "n"),
        "b_h": ("n",),
        "W_hy": ("n", 10),
        "b_y": (10,),
    },
    most_numbers=60_000,
    held_back=digits.held_back,
    outputs=digits.logits,
    measure=digits.measure,
    network=predict_rows,
    advice=advice,
    hints=(
        Hint(
            "Where do I begin?",
            "With the smallest thing that trains: few units, one epoch, a thousand images. Then "
            "look at what limits it: time, the training loss, or the gap to unseen images.",
        ),
        Hint(
            "It does well on my images, but worse in the check.",
            "The check turns, stretches and moves each digit a little. Does your training set hold "
            "such digits?",
        ),
        Hint(
            "The loss jumps.",
            "Look at the norm of the gradient, step by step. What bounds it? And how large is a "
            "step at the end of the run?",
        ),
    ),
)


def _states(weights, x):
    h_0 = np.zeros((len(x), len(weights["W_hh"])), dtype=x.dtype)
    return rnn_forward(x, h_0, *(weights[name] for name in ("W_xh", "W_hh", "b_h")))[0]


@EXERCISE.wrong_hand_in("no better than a guess")
def never_trained(weights):
    """The right shapes, and nothing learned."""
    rng = np.random.default_rng(1)
    return {k: 0.1 * rng.normal(size=v.shape) for k, v in weights.items()}, predict_rows


@EXERCISE.wrong_hand_in("W_xh has shape (2, 16); it should be (28, n)")
def of_another_network(weights):
    """What was trained to add numbers."""
    shapes = {"W_xh": (2, 16), "W_hh": (16, 16), "b_h": (16,), "W_hy": (16, 1), "b_y": (1,)}
    return {name: np.ones(shape) for name, shape in shapes.items()}, predict_rows


@EXERCISE.wrong_hand_in("labels, which is not part of the network")
def labels_stored(weights):
    """The answers in a place of their own."""
    (batch,) = digits.held_back("check", 0)

    def predict(weights, x):
        return np.eye(10)[weights["labels"][: len(x)]]

    return {**weights, "labels": batch.y}, predict


@EXERCISE.wrong_hand_in("computes something other than the network")
def guesses_from_the_ink(weights):
    """Another classifier behind the arrays of a network."""

    def predict(weights, x):
        return x.mean(axis=(1, 2))[:, None] * np.arange(10.0)

    return weights, predict


@EXERCISE.wrong_hand_in("the state after the first step")
def first_row_only(weights):
    """Reads the state after the first row."""

    def predict(weights, x):
        return predict_rows(weights, x[:, :1])

    return weights, predict


@EXERCISE.wrong_hand_in("are probabilities: return the network's logits")
def through_a_softmax(weights):
    """What the loss would have done."""

    def predict(weights, x):
        logits = predict_rows(weights, x)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    return weights, predict


@EXERCISE.mistake("You read columns: step t reads row t of the image, `x[:, t]`.")
def reads_columns(weights, x):
    """Exchanges the two axes of an image."""
    return predict_rows(weights, x.swapaxes(1, 2))


@EXERCISE.mistake(
    "You read backwards, from the last row to the first: `x[:, 0]` is the first to be read."
)
def reads_backwards(weights, x):
    """Time runs the other way."""
    return predict_rows(weights, x[:, ::-1])


@EXERCISE.mistake(
    "You hand the readout the mean of all states. The network answers with its last state alone."
)
def mean_of_the_states(weights, x):
    """Averages over time."""
    w, h = weights, _states(weights, x)
    return h.mean(axis=1) @ w["W_hy"] + w["b_y"]


@EXERCISE.mistake(
    "You hand the readout the state after the first step. It is the last that counts."
)
def state_after_the_first_step(weights, x):
    """Index 0 for -1."""
    return predict_rows(weights, x[:, :1])


@EXERCISE.mistake(
    "Your units don't remember: `W_hh` brings nothing of the state before into the next one."
)
def forgets_the_state_before(weights, x):
    """Each step by itself."""
    return predict_rows(weights | {"W_hh": np.zeros_like(weights["W_hh"])}, x)


@EXERCISE.mistake(
    "You hand the readout the sum of all states. The network answers with its last state alone."
)
def sum_of_the_states(weights, x):
    """Adds up over time."""
    w, h = weights, _states(weights, x)
    return h.sum(axis=1) @ w["W_hy"] + w["b_y"]


@EXERCISE.mistake("`W_hh` stands transposed: a row of states is multiplied by it from the right.")
def recurrent_weights_transposed(weights, x):
    """As for states in columns."""
    return predict_rows(weights | {"W_hh": weights["W_hh"].T}, x)


@EXERCISE.mistake("Your units leave out `b_h`, the bias inside the tanh.")
def without_the_bias_of_the_units(weights, x):
    """Forgets b_h."""
    return predict_rows(weights | {"b_h": np.zeros_like(weights["b_h"])}, x)


@EXERCISE.mistake("You leave out the last step: the state that counts comes after the last row.")
def without_the_last_step(weights, x):
    """One step too few, at the end."""
    return predict_rows(weights, x[:, :-1])


@EXERCISE.mistake("You leave out the first step: begin with `x[:, 0]`.")
def without_the_first_step(weights, x):
    """One step too few, at the beginning."""
    return predict_rows(weights, x[:, 1:])


@EXERCISE.mistake("Your states start at one. Before the first step there is nothing: at zero.")
def starts_at_one(weights, x):
    """Another state to begin with."""
    w = weights
    h_0 = np.ones((len(x), len(w["W_hh"])), dtype=x.dtype)
    h, _ = rnn_forward(x, h_0, w["W_xh"], w["W_hh"], w["b_h"])
    return h[:, -1] @ w["W_hy"] + w["b_y"]


@EXERCISE.mistake("Your units are ReLUs; those that were asked for are vanilla ones, with a tanh.")
def rectified_units(weights, x):
    """Another nonlinearity."""
    w, h = weights, np.zeros((len(x), len(weights["W_hh"])))
    for t in range(x.shape[1]):
        h = np.maximum(x[:, t] @ w["W_xh"] + h @ w["W_hh"] + w["b_h"], 0)
    return h @ w["W_hy"] + w["b_y"]


@EXERCISE.mistake("You divide by 255, but the pixels come as numbers from 0 to 1 already.")
def divides_by_255(weights, x):
    """As if the pixels were bytes."""
    return predict_rows(weights, x / 255)


@EXERCISE.mistake("You multiply by 255, but the network is to read the pixels as they come.")
def multiplies_by_255(weights, x):
    """As if the network had been trained on bytes."""
    return predict_rows(weights, x * 255)


@EXERCISE.right_hand_in
def in_the_learners_own_loop(weights):
    """Without rnn_forward, in float64, with the states of the batch in columns."""

    def predict(weights, x):
        w = {name: array.astype(float) for name, array in weights.items()}
        h = np.zeros((len(w["b_h"]), len(x)))
        for t in range(x.shape[1]):
            h = np.tanh(w["W_xh"].T @ x[:, t].T + w["W_hh"].T @ h + w["b_h"][:, None])
        return (w["W_hy"].T @ h).T + w["b_y"]

    return weights, predict
