"""Project: a hundred layers without skip connections."""

import numpy as np

from course_lib.data import load_mnist
from course_lib.exercises.exercise import Hint
from course_lib.exercises.projects import digits
from course_lib.exercises.projects.arrays import BadArrays
from course_lib.exercises.projects.project import Project, Weights
from course_lib.scratch.gradnets import grelu
from course_lib.scratch.projects import predict_depth

LAYERS = 100
MARKS = (0.6, 0.85, 0.92)
LEAST_G = 0.1  # below it, a hundred layers are nearly a linear one
BENT = 0.05  # share of a layer's pre-activations on either side of zero, at least
DRAWN_ON = 2.0  # inputs that the middle unit of a layer draws on, at least
LOOKED_AT = 200  # digits


def rules(weights: Weights) -> None:
    """See that all hundred layers work: none is linear, and none just hands its input on.

    Raises:
        BadArrays: one doesn't; the message says which and why.
    """
    g = float(weights["g"])
    if not LEAST_G <= g <= 1:
        raise BadArrays(
            f"g is {g:.3g}; it should lie between {LEAST_G} and 1, where a layer bends."
        )
    h = load_mnist().x_test[:LOOKED_AT].reshape(LOOKED_AT, -1)
    layers = [weights["W_in"], *weights["W"]]
    for number, (W, b) in enumerate(zip(layers, weights["b"], strict=True), 1):
        if not W.any():
            raise BadArrays(f"Layer {number} hands nothing on: all of its weights are 0.")
        squares = W.astype(float) ** 2
        drawn_on = squares.sum(axis=0) ** 2 / np.maximum((squares**2).sum(axis=0), 1e-300)
        if np.median(drawn_on) < DRAWN_ON:
            raise BadArrays(
                f"Layer {number} passes its input on: each of its units draws on one unit of the "
                "layer below. That is a skip connection by another name."
            )
        u = h @ W + b
        positive = np.mean(u > 0)
        if not BENT <= positive <= 1 - BENT:
            raise BadArrays(
                f"Layer {number} doesn't bend: {positive:.0%} of its pre-activations are positive, "
                f"so it is a linear layer. At least {BENT:.0%} must lie on either side of zero."
            )
        h = np.where(u > 0, u, (1 - g) * u)


def advice(score: float) -> str:
    """What to try next."""
    if score < MARKS[0]:
        return (
            "Before you train: send two digits through your hundred layers. What is the angle "
            "between them at the end, and what is the norm of the gradient at the start?"
        )
    if score < MARKS[1]:
        return "What does the slope of the leaky side have to do with the number of layers?"
    if score < MARKS[2]:
        return (
            "It trains. Now whatever helps a shallow network helps: more epochs, moved digits, a "
            "schedule."
        )
    return "How deep can you go before it breaks? Try two hundred."


EXERCISE = Project(
    reference=predict_depth,
    title="Depth",
    goal="Train a hundred layers without a single skip connection.",
    difficulty=3,
    minutes=120,
    returns={"logits": "array"},
    ladder=(),
    uses=("grelu",),
    data=load_mnist,
    budget="5 minutes of training on two cores",
    marks=MARKS,
    chance=0.15,
    read=digits.read,
    layout={
        "W_in": (784, "n"),
        "W": (LAYERS - 1, "n", "n"),
        "b": (LAYERS, "n"),
        "W_hy": ("n", 10),
        "b_y": (10,),
        "g": (),
    },
    rules=rules,
    most_numbers=500_000,
    held_back=digits.held_back,
    outputs=digits.logits,
    measure=digits.measure,
    views=digits.VIEWS,
    network=predict_depth,
    advice=advice,
    hints=(
        Hint(
            "The loss stays at 2.30.",
            "That is ln 10: every digit gets the same answer. `propagate` shows at which layer "
            "they become alike. What decides how fast that happens?",
        ),
        Hint(
            "With g = 0 the signal gets through, and the net is linear.",
            "Both are true. Is there a g in between, at which a hundred layers still tell digits "
            "apart? The chapter finds one for every depth.",
        ),
        Hint(
            "It trains, and then the loss is NaN.",
            "A step that is harmless in one layer is taken a hundred times here. What limits it?",
        ),
    ),
)


def _identity(n: int) -> np.ndarray:
    return np.tile(np.eye(n, dtype=np.float32), (LAYERS - 1, 1, 1))


@EXERCISE.wrong_hand_in("no better than a guess")
def never_trained(weights):
    """A plain ReLU net as it begins."""
    rng = np.random.default_rng(0)
    n = weights["W"].shape[-1]
    fresh = {
        "W_in": rng.normal(size=(784, n)) * np.sqrt(2 / 784),
        "W": rng.normal(size=(LAYERS - 1, n, n)) * np.sqrt(2 / n),
        "g": np.array(0.9),
    }
    return weights | fresh, predict_depth


@EXERCISE.wrong_hand_in("Layer 2 passes its input on")
def one_layer_and_copies(weights):
    """The identity, ninety-nine times."""
    n = weights["W"].shape[-1]
    return weights | {"W": _identity(n)}, predict_depth


@EXERCISE.wrong_hand_in("Layer 51 hands nothing on")
def one_layer_of_zeros(weights):
    """Never written to."""
    W = weights["W"].copy()
    W[49] = 0
    return weights | {"W": W}, predict_depth


@EXERCISE.wrong_hand_in("it should lie between 0.1 and 1")
def all_linear(weights):
    """A hundred linear layers are one."""
    return weights | {"g": np.array(0.0)}, predict_depth


@EXERCISE.wrong_hand_in("doesn't bend")
def lifted_above_zero(weights):
    """Biases so large that no unit is ever negative."""
    return weights | {"b": weights["b"] + 1e4}, predict_depth


@EXERCISE.wrong_hand_in("W has shape (9,")
def ten_layers(weights):
    """Ninety layers too few."""
    return weights | {"W": weights["W"][:9]}, predict_depth


@EXERCISE.wrong_hand_in("computes something other than the network")
def with_a_skip_connection(weights):
    """Adds the input of each layer to its output."""

    def predict(weights, x):
        h = np.maximum(x.reshape(len(x), -1) @ weights["W_in"] + weights["b"][0], 0)
        for W, b in zip(weights["W"], weights["b"][1:], strict=True):
            h = h + 0.1 * np.maximum(h @ W + b, 0)
        return h @ weights["W_hy"] + weights["b_y"]

    return weights, predict


@EXERCISE.mistake("`g` bends the other way: the leaky side has the slope 1 - g, not g.")
def slope_of_the_other_side(weights, x):
    """Takes g for the slope."""
    return predict_depth(weights | {"g": 1 - weights["g"]}, x)


@EXERCISE.mistake("Your layers leave out their biases `b`.")
def without_biases(weights, x):
    """Forgets b."""
    return predict_depth(weights | {"b": np.zeros_like(weights["b"])}, x)


@EXERCISE.mistake("Each layer takes the bias of its neighbour: `b[0]` belongs to `W_in`.")
def biases_moved_on(weights, x):
    """Off by one layer."""
    return predict_depth(weights | {"b": np.roll(weights["b"], 1, axis=0)}, x)


@EXERCISE.mistake("The last of the hundred layers doesn't bend: each ends in a `grelu`.")
def last_layer_linear(weights, x):
    """Ninety-nine that bend."""
    w = weights
    h = grelu(x.reshape(len(x), -1) @ w["W_in"] + w["b"][0], w["g"])
    for W, b in zip(w["W"][:-1], w["b"][1:-1], strict=True):
        h = grelu(h @ W + b, w["g"])
    return (h @ w["W"][-1] + w["b"][-1]) @ w["W_hy"] + w["b_y"]


@EXERCISE.mistake("The first of the hundred layers doesn't bend: each ends in a `grelu`.")
def first_layer_linear(weights, x):
    """Bends from the second layer on."""
    w = weights
    h = x.reshape(len(x), -1) @ w["W_in"] + w["b"][0]
    for W, b in zip(w["W"], w["b"][1:], strict=True):
        h = grelu(h @ W + b, w["g"])
    return h @ w["W_hy"] + w["b_y"]


@EXERCISE.mistake("The layers stand in the wrong order: `W[0]` comes after `W_in`, `W[-1]` last.")
def layers_backwards(weights, x):
    """From the last to the first."""
    w = weights
    return predict_depth(w | {"W": w["W"][::-1]}, x)


@EXERCISE.mistake("The weights of the layers stand transposed: it is `h @ W[l]`.")
def weights_transposed(weights, x):
    """As for units in columns."""
    return predict_depth(weights | {"W": weights["W"].swapaxes(1, 2)}, x)


@EXERCISE.mistake(
    "Your layers add their input to their output; this network has no skip connections."
)
def with_skip_connections(weights, x):
    """A residual network."""
    w = weights
    h = grelu(x.reshape(len(x), -1) @ w["W_in"] + w["b"][0], w["g"])
    for W, b in zip(w["W"], w["b"][1:], strict=True):
        h = h + grelu(h @ W + b, w["g"])
    return h @ w["W_hy"] + w["b_y"]


@EXERCISE.mistake("You read the pixels column by column. They come row after row.")
def reads_columns(weights, x):
    """Exchanges the two axes of an image."""
    return predict_depth(weights, x.swapaxes(1, 2))


@EXERCISE.mistake("Your layers are plain ReLUs: the leaky side has the slope 1 - g, not 0.")
def plain_rectifiers(weights, x):
    """As if g were 1."""
    return predict_depth(weights | {"g": np.ones_like(weights["g"])}, x)


@EXERCISE.mistake("You go through 99 layers: `W` holds those after the first, so there are 100.")
def without_the_last_layer(weights, x):
    """Stops one too early."""
    return predict_depth(weights | {"W": weights["W"][:-1], "b": weights["b"][:-1]}, x)


@EXERCISE.mistake(
    "You multiply each layer's output by a gain. The layers have none: multiply weights and "
    "biases by it before you save them."
)
def with_a_gain(weights, x):
    """Of the kind that keeps the size of a signal."""
    w = weights
    factor = np.sqrt(2 / (1 + (1 - w["g"]) ** 2))
    h = factor * grelu(x.reshape(len(x), -1) @ w["W_in"] + w["b"][0], w["g"])
    for W, b in zip(w["W"], w["b"][1:], strict=True):
        h = factor * grelu(h @ W + b, w["g"])
    return h @ w["W_hy"] + w["b_y"]


digits.name_slips_of_scale(EXERCISE)


@EXERCISE.right_hand_in
def with_a_leaky_relu(weights):
    """Without grelu: the same bend, written as a maximum, in float64."""

    def predict(weights, x):
        w = {name: array.astype(float) for name, array in weights.items()}
        h = x.reshape(len(x), -1).astype(float)
        for W, b in zip([w["W_in"], *w["W"]], w["b"], strict=True):
            u = h @ W + b
            h = np.maximum(u, (1 - w["g"]) * u)
        return h @ w["W_hy"] + w["b_y"]

    return weights, predict
