"""Project: units that fade and turn read digits pixel by pixel."""

import numpy as np

from course_lib.data import load_mnist
from course_lib.exercises.exercise import Hint
from course_lib.exercises.projects import digits
from course_lib.exercises.projects.project import Project
from course_lib.scratch.diagonal import last_state
from course_lib.scratch.projects import predict_pixels

MARKS = (0.85, 0.93, 0.955)


def advice(score: float) -> str:
    """What to try next."""
    if score < MARKS[0]:
        return (
            "What can the last state know? Look at your eigenvalues: how many steps does each unit "
            "remember, how far does it turn in a row of 28 pixels, and does training move either?"
        )
    if score < MARKS[1]:
        return (
            "Compare with your accuracy on the training images. If it is much higher, show the "
            "network each image turned and moved a little, another way in every epoch."
        )
    if score < MARKS[2]:
        return (
            "If you show each image turned and moved already: let the learning rate fall to zero "
            "over the run, and try other phases to begin with."
        )
    return "Do it with 64 units."


EXERCISE = Project(
    reference=predict_pixels,
    title="Pixels",
    goal="Train units that fade and turn to read digits one pixel at a time, 784 steps, and hand "
    "them in.",
    difficulty=3,
    minutes=120,
    returns={"logits": "array"},
    ladder=(),
    uses=("last_state",),
    data=load_mnist,
    budget="90 seconds of training on two cores",
    marks=MARKS,
    chance=0.15,
    read=digits.read,
    layout={
        "nu_log": ("n",),
        "theta_log": ("n",),
        "gamma_log": ("n",),
        "W_re": ("n", "k"),
        "W_im": ("n", "k"),
        "b_h": ("k",),
        "W_hy": ("k", 10),
        "b_y": (10,),
    },
    most_numbers=100_000,
    held_back=digits.held_back,
    outputs=digits.logits,
    measure=digits.measure,
    views=digits.VIEWS,
    network=predict_pixels,
    advice=advice,
    hints=(
        Hint(
            "784 steps, and ninety seconds?",
            "Which of the 784 states do you need? Your `last_state` says how to get it without a "
            "loop, and TensorFlow can differentiate that by the parameters of lam.",
        ),
        Hint(
            "It gets only half of the digits right.",
            "Do the units turn? Units that only fade see how much ink there is, and roughly where. "
            "And for how many steps does the slowest unit remember the first row?",
        ),
        Hint(
            "It is good on my images, and worse when it is checked.",
            "The check turns, stretches and moves each digit a little. Does your training set hold "
            "such digits?",
        ),
    ),
)


def _with_parts(weights, x, scaled, shifted=True):
    """The network with something else between the last state and the hidden layer."""
    w = {name: array.astype(float) for name, array in weights.items()}
    lam = np.exp(-np.exp(w["nu_log"]) + 1j * np.exp(w["theta_log"]))
    z = last_state(x.reshape(len(x), -1, 1), lam, np.zeros((len(x), len(lam)), complex))
    z = np.exp(w["gamma_log"]) * z
    parts = np.concatenate([z.real, z.imag], axis=1)
    if shifted:
        parts = parts - parts.mean(axis=1, keepdims=True)
    hidden = scaled(parts) @ np.concatenate([w["W_re"], w["W_im"]]) + w["b_h"]
    return np.maximum(hidden, 0) @ w["W_hy"] + w["b_y"]


@EXERCISE.wrong_hand_in("no better than a guess")
def never_trained(weights):
    """The right shapes, and nothing learned."""
    rng = np.random.default_rng(1)
    random = {k: 0.1 * rng.normal(size=v.shape) for k, v in weights.items() if k[0] in "Wb"}
    return weights | random, predict_pixels


@EXERCISE.wrong_hand_in("W_hy has shape (28, 16); it should be (192, 10)")
def of_another_network(weights):
    """Another readout."""
    return weights | {"W_hy": np.ones((28, 16))}, predict_pixels


@EXERCISE.wrong_hand_in("labels, which is not part of the network")
def labels_stored(weights):
    """The answers in a place of their own."""
    (batch,) = digits.held_back("check", 0)

    def predict(weights, x):
        return np.eye(10)[weights["labels"][: len(x)]]

    return {**weights, "labels": batch.y}, predict


@EXERCISE.wrong_hand_in("The first mark is")
def only_fades(weights):
    """The same units, kept from turning."""
    return weights | {"theta_log": np.full_like(weights["theta_log"], -30.0)}, predict_pixels


@EXERCISE.wrong_hand_in("computes something other than the network")
def guesses_from_the_ink(weights):
    """Another classifier behind the arrays of a network."""

    def predict(weights, x):
        return x.mean(axis=(1, 2))[:, None] * np.arange(10.0)

    return weights, predict


@EXERCISE.mistake("You read the pixels column by column. They come row after row.")
def reads_columns(weights, x):
    """Exchanges the two axes of an image."""
    return predict_pixels(weights, x.swapaxes(1, 2))


@EXERCISE.mistake("You read backwards, from the last pixel to the first.")
def reads_backwards(weights, x):
    """Time runs the other way."""
    return predict_pixels(weights, x[:, ::-1, ::-1])


@EXERCISE.mistake(
    "Your states are one step late: the last pixel comes in whole, it hasn't faded or turned yet."
)
def a_step_late(weights, x):
    """One more step, in which nothing comes in."""
    pixels = np.pad(x.reshape(len(x), -1), ((0, 0), (0, 1)))
    return predict_pixels(weights, pixels)


@EXERCISE.mistake(
    "You shift and scale by mean and variance without the 0.001 that is added to the variance."
)
def without_the_small_number(weights, x):
    """Variance 1 exactly."""
    return _with_parts(weights, x, lambda a: a / a.std(axis=1, keepdims=True))


@EXERCISE.mistake("The 0.001 is added to the variance, before the root, not to what comes out.")
def small_number_outside_of_the_root(weights, x):
    """Added to the standard deviation."""
    return _with_parts(weights, x, lambda a: a / (a.std(axis=1, keepdims=True) + 0.001))


@EXERCISE.mistake(
    "You shift and scale real and imaginary parts apart. They have one mean and one variance, of "
    "both side by side."
)
def parts_scaled_apart(weights, x):
    """A mean and a variance of their own for each half."""

    def scaled(a):
        halves = np.split(a, 2, axis=1)
        halves = [one - one.mean(axis=1, keepdims=True) for one in halves]
        halves = [one / np.sqrt(one.var(axis=1, keepdims=True) + 0.001) for one in halves]
        return np.concatenate(halves, axis=1)

    return _with_parts(weights, x, scaled, shifted=False)


@EXERCISE.mistake("You don't shift and scale the parts of the state before the hidden layer.")
def neither_shifted_nor_scaled(weights, x):
    """The state as it is."""
    return _with_parts(weights, x, lambda a: a, shifted=False)


@EXERCISE.mistake(
    "Your imaginary parts have the other sign: the angle in lam is +exp(theta_log), and what "
    "`W_im` makes of them is added."
)
def turns_the_other_way(weights, x):
    """The conjugate of lam."""
    return predict_pixels(weights | {"W_im": -weights["W_im"]}, x)


@EXERCISE.mistake("`W_re` and `W_im` are exchanged: the first is for the real parts.")
def parts_exchanged(weights, x):
    """Imaginary parts first."""
    return predict_pixels(weights | {"W_re": weights["W_im"], "W_im": weights["W_re"]}, x)


digits.name_slips_of_scale(
    EXERCISE, up=False
)  # times 255, the 0.001 goes unnoticed, as where it is left out


@EXERCISE.right_hand_in
def step_by_step(weights):
    """The loop over 784 pixels, in real numbers."""

    def predict(weights, x):
        w = {name: array.astype(float) for name, array in weights.items()}
        left, turn = np.exp(-np.exp(w["nu_log"])), np.exp(w["theta_log"])
        cos, sin = left * np.cos(turn), left * np.sin(turn)
        re = im = np.zeros((len(x), len(left)))
        for pixel in x.reshape(len(x), -1).T:
            comes_in = np.exp(w["gamma_log"]) * pixel[:, None]
            re, im = cos * re - sin * im + comes_in, sin * re + cos * im
        both = np.hstack([re, im])
        both = both - both.mean(axis=1)[:, None]
        both = both / np.sqrt(np.mean(both**2, axis=1)[:, None] + 0.001)
        W = np.vstack([w["W_re"], w["W_im"]])
        return np.maximum(both @ W + w["b_h"], 0) @ w["W_hy"] + w["b_y"]

    return weights, predict
