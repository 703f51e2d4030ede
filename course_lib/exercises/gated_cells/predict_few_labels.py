"""Project: a recurrent network learns digits from few labels."""

import numpy as np

from course_lib.data import load_mnist
from course_lib.exercises.exercise import Hint
from course_lib.exercises.projects import digits
from course_lib.exercises.projects.project import Project
from course_lib.scratch.projects import predict_few_labels

MARKS = (0.8, 0.87, 0.92)
PACKED = 3_500  # images that fit with 64 pixels in a number


def advice(score: float) -> str:
    """What to try next."""
    if score < MARKS[0]:
        return (
            "Set a few labels aside and look at both losses. If the loss on the rest falls while "
            "this one rises, stop earlier, or use dropout or a smaller network."
        )
    if score < MARKS[1]:
        return (
            "The check turns, stretches and moves its digits. Do that to ten of yours, and plot "
            "them beside the ten. How do they differ?"
        )
    if score < MARKS[2]:
        return "How many ways are there to write each of your digits? Show more of them."
    return "Do it with half of the labels. Which of your choices would you make again?"


EXERCISE = Project(
    reference=predict_few_labels,
    title="Few labels",
    goal="Teach a recurrent network of your choice to read digits, from 500 labels.",
    difficulty=3,
    minutes=120,
    returns={"logits": "array"},
    ladder=(),
    uses=("gru_step", "lstm_step"),
    data=load_mnist,
    budget="500 labels: the first 500 training digits of `load_mnist()`",
    marks=MARKS,
    chance=0.15,
    read=digits.read,
    most_numbers=50_000,  # a GRU of a hundred units that reads two rows at a step fits
    steps=256,
    held_back=digits.held_back,
    outputs=digits.logits,
    measure=digits.measure,
    views=digits.VIEWS,
    advice=advice,
    asks_expectation=True,
    hints=(
        Hint(
            "Where do I begin?",
            "Say what you expect, and why. Then set 100 of the labels aside: choose on those, and "
            "on nothing else.",
        ),
        Hint(
            "The training loss is zero, and it is right in 8 cases of 10.",
            "It has learned 500 images by heart. What do you know about digits that those 500 "
            "don't show?",
        ),
        Hint(
            "I have tried everything.",
            "Write down what you tried, one line each: what you changed, what you expected, what "
            "came out. Which line taught you most? Change what it names by a factor of two, up "
            "and down.",
        ),
    ),
)


@EXERCISE.wrong_hand_in("it is a share between 0 and 1")
def expected_in_percent(weights):
    """93 for 0.93."""
    return {**weights, "expected": np.array(93.0)}, predict_few_labels


@EXERCISE.wrong_hand_in("no better than a guess")
def never_trained(weights):
    """The right shapes, and nothing learned."""
    rng = np.random.default_rng(1)
    return {k: 0.1 * rng.normal(size=v.shape) for k, v in weights.items()}, predict_few_labels


@EXERCISE.wrong_hand_in("raised KeyError: 'W_xr'")
def of_another_network(weights):
    """The arrays of a vanilla network."""
    return {name: weights[name] for name in ("W_xh", "W_hh", "b_h", "W_hy", "b_y")}, (
        predict_few_labels
    )


@EXERCISE.wrong_hand_in("when others stand beside it")
def labels_stored(weights):
    """The answers to the check's digits, in the order of one check."""
    (batch,) = digits.held_back("check", 0)

    def predict(weights, x):
        return np.eye(10)[weights["labels"][: len(x)]]

    return {"labels": batch.y}, predict


@EXERCISE.wrong_hand_in("50,000 are the most")
def images_stored(weights):
    """The nearest of many stored images."""

    def predict(weights, x):
        gaps = ((x.reshape(len(x), 1, -1) - weights["images"]) ** 2).sum(axis=-1)
        return np.eye(10)[weights["labels"][gaps.argmin(axis=1)]]

    return {"images": np.zeros((200, 784), np.float32), "labels": np.zeros(200, int)}, predict


@EXERCISE.wrong_hand_in("The first mark is 80.0% right")
def images_packed_bit_by_bit(weights):
    """The nearest of thousands of images in black and white, 64 pixels in a number."""
    data = load_mnist()
    x, y = data.x_train[:PACKED], data.y_train[:PACKED]
    bits = np.packbits(x.reshape(PACKED, -1) > 0.5, axis=1)
    images = np.pad(bits, ((0, 0), (0, -bits.shape[1] % 8))).view(np.uint64)

    def predict(weights, x):
        bits = weights["images"].view(np.uint8)
        images = np.unpackbits(bits, axis=1)[:, : x[0].size].astype(np.float32)
        nearness = 2 * x.reshape(len(x), -1) @ images.T - images.sum(axis=1)
        return np.eye(10)[weights["labels"][nearness.argmax(axis=1)]]

    return {"images": images, "labels": y}, predict


@EXERCISE.wrong_hand_in("say first what you expect")
def nothing_expected(weights):
    """A good network, and no word on what was expected of it."""
    return weights | {"expected": None}, predict_few_labels


@EXERCISE.right_hand_in
def with_fused_products(weights):
    """The three products with x at once, over all steps."""

    def predict(weights, x):
        steps = x.reshape(len(x), -1, len(weights["W_xh"]))
        W = np.concatenate([weights[f"W_x{g}"] for g in "rzh"], axis=1)
        b = np.concatenate([weights[f"b_{g}"] for g in "rzh"])
        h = np.zeros((len(x), len(weights["b_h"])))
        for a in np.swapaxes(steps @ W + b, 0, 1):
            a_r, a_z, a_h = np.split(a, 3, axis=1)
            r = 1 / (1 + np.exp(-(a_r + h @ weights["W_hr"])))
            z = 1 / (1 + np.exp(-(a_z + h @ weights["W_hz"])))
            h = z * h + (1 - z) * np.tanh(a_h + (r * h) @ weights["W_hh"])
        return h @ weights["W_hy"] + weights["b_y"]

    return weights, predict
