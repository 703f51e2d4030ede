"""Project: a vanilla RNN reads digits by rows."""

import numpy as np

from course_lib.data import load_mnist
from course_lib.exercises.exercise import Hint
from course_lib.exercises.projects import digits
from course_lib.exercises.projects.project import Project
from course_lib.exercises.projects.vanilla_slips import name_vanilla_slips
from course_lib.scratch.projects import predict_rows

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
        return (
            "Two things help: digits that are turned and moved a little, in a different way in "
            "every epoch, and a learning rate that falls to zero over the run. Take both, and use "
            "all of the budget."
        )
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
    data=load_mnist,
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
    views=digits.VIEWS,
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


name_vanilla_slips(EXERCISE, step="row")
digits.name_slips_of_scale(EXERCISE)


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
