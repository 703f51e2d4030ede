"""Bug hunt: a "gradient norm" that is a mean of signed entries, and leaves layers out."""

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint, Problem, Rung
from course_lib.exercises.ladder.rungs import by_hand, floating, holds, irregular, matches
from course_lib.scratch.clipping import clip_by_global_norm
from course_lib.scratch.gradnets import gradient_norms


def small() -> Arrays:
    """Four layers: six inputs, four units, two classes; the gradient shrinks on its way down."""
    sizes, scales = (6, 4, 4, 4, 2), (1e-3, 0.02, 0.3, 5.0)
    return {
        f"layer {i}": {
            "W": irregular(m, n, shift=i, scale=scale),
            "b": irregular(n, shift=i + 0.5, scale=scale),
        }
        for i, (m, n, scale) in enumerate(zip(sizes[:-1], sizes[1:], scales, strict=True), 1)
    }


def three_layers() -> Arrays:
    """3² + 4² + 12² = 13²; opposite signs that cancel in a mean; 2² + 1² + 2² = 3²."""
    return {
        "layer 1": {"W": np.array([[3.0], [-4.0]]), "b": np.array([12.0])},
        "layer 2": {"W": np.array([[5.0, -5.0]]), "b": np.array([-5.0, 5.0])},
        "layer 3": {"W": np.array([[-2.0], [1.0]]), "b": np.array([2.0])},
    }


def one_layer() -> Arrays:
    """A single layer."""
    return {"layer 1": small()["layer 1"]}


def whole_numbers() -> Arrays:
    """Gradients as integers."""
    one = {"W": np.array([[1, 2], [-3, 4]]), "b": np.array([1, -2])}
    return {f"layer {l}": {name: l * g for name, g in one.items()} for l in (1, 2, 3)}


def called(function, given: Arrays) -> Arrays:
    """The layers as a list."""
    return {"norms": function(list(given.values()))}


def one_a_layer(given: Arrays, outputs: Arrays) -> Problem | None:
    """As many norms as layers."""
    shape = outputs["norms"].shape
    if shape == (len(given),):
        return None
    sentence = f"norms has shape {shape}; there are {len(given)} layers, so it should be (4,)."
    if shape == ():
        sentence += " A single number can't say in which layer a gradient is lost."
    elif shape == (len(given) - 2,):
        sentence += " The first layer and the last are left out."
    return Problem(sentence)


def turned_round(function, given: Arrays) -> Arrays:
    """The norms of the gradients, and of minus the gradients."""
    grads = list(given.values())
    other = [{name: -g for name, g in layer.items()} for layer in grads]
    return {"norms": function(other), "norms expected": function(grads)}


def all_together(function, given: Arrays) -> Arrays:
    """The layers' norms put together, and the norm that clipping uses."""
    grads = list(given.values())
    joint = {f"{l} {name}": g for l, layer in enumerate(grads) for name, g in layer.items()}
    _, norm = clip_by_global_norm(joint, 1.0)
    together = np.sqrt(np.sum(np.square(function(grads))))
    return {"the norm of the norms": together, "the norm of the norms expected": norm}


def entry_by_entry(given: Arrays) -> Arrays:
    """The definition, in plain loops."""
    norms = []
    for layer in given.values():
        total = 0.0
        for g in layer.values():
            for entry in g.flat:
                total += float(entry) ** 2
        norms.append(total**0.5)
    return {"norms": np.array(norms)}


EXERCISE = Exercise(
    reference=gradient_norms,
    title="A norm that isn't one",
    goal="Make the curve called `gradient norm` show what it is there for: in which layer the "
    "gradient vanishes or explodes.",
    difficulty=2,
    minutes=20,
    returns={"norms": "array"},
    ladder=(
        Rung("one norm per layer", small, one_a_layer, called),
        floating(whole_numbers, "norms", call=called),
        by_hand(
            three_layers,
            how="layer 1: √(3² + 4² + 12²) = √169 = 13\n"
            "layer 2: √(4 × 5²) = √100 = 10, though the entries' mean is 0\n"
            "layer 3: √(2² + 1² + 2²) = √9 = 3",
            call=called,
            norms=np.array([13.0, 10.0, 3.0]),
        ),
        holds(
            "the sign of the gradient doesn't matter",
            small,
            turned_round,
            "Minus the gradient is just as long as the gradient.",
        ),
        holds(
            "all layers together give the norm that clipping uses",
            small,
            all_together,
            "The squares of the layers' norms must add up to the square of the whole gradient's.",
        ),
        matches("equal to the definition, entry by entry", small, entry_by_entry, call=called),
        matches("one layer alone", one_layer, entry_by_entry, "With one layer:", called),
    ),
    promises={
        "grads: a list": "equal to the definition, entry by entry",
        "grads: left as": "one norm per layer",
        "norms: shape": "one norm per layer",
        "norms: Entry l": "all layers together give the norm that clipping uses",
        "norms: never": "the sign of the gradient doesn't matter",
    },
    hints=(
        Hint(
            "What is wrong with it? It runs.",
            "Ask three things of the code. Can what it returns be negative? What does it give for "
            "the entries 1000 and -1000? And which gradients does it never look at?",
        ),
        Hint(
            "What should it return, then?",
            "One number per layer, because one number for the network can't say *where* a gradient "
            "vanishes. For a layer: square all its entries, those of the weights and those of the "
            "biases, add them up, and take one root.",
            fits=(
                "a case small enough to do by hand",
                "all layers together give the norm that clipping uses",
                "one norm for all",
                "signed mean of all layers",
                "weights alone",
                "norms added",
                "root mean square",
                "root forgotten",
            ),
        ),
        Hint(
            "My shape is (2,), or (0,), where there are more layers.",
            "`grads[1:-1]` leaves out the first layer and the last. They are the interesting ones: "
            "compare them and you see what is lost on the way.",
            fits=("hidden layers alone",),
        ),
    ),
)


@EXERCISE.hunt(
    "This still gives one number for the whole network, and it can be negative or 0 while the "
    "gradients are huge. No length is negative. What becomes of entries with opposite signs, and "
    "which layers are never looked at?"
)
def mean_of_signed_entries(grads):
    """Length of each layer's gradient: does it vanish or explode, and where?

    Args:
        grads: a list with one dict of gradient arrays for each layer in order:
            "W", shape (m, n), and "b", shape (n,).

    Returns:
        norms: shape (number of layers,). Entry l is the L2 norm of all entries
            of layer l's arrays together, weights and biases; never below 0.
    """
    weights = [layer["W"] for layer in grads[1:-1]]
    norms = np.mean(np.concatenate([W.ravel() for W in weights]))
    return norms


def _entries(layer):
    return np.concatenate([np.ravel(g) for g in layer.values()])


def _by_layer(grads, size):
    """Another measure of a layer's gradient; for mistakes."""
    return np.array([float(size(_entries(layer))) for layer in grads])


@EXERCISE.mistake(
    "One mean per layer, but still of signed entries, which cancel: square them before you add "
    "them up, and take the root at the end."
)
def signed_mean_of_each_layer(grads):
    """np.mean, by layer."""
    return _by_layer(grads, np.mean)


@EXERCISE.mistake(
    "The sign is taken off the mean, not off the entries, so those of opposite sign still cancel: "
    "square each entry first."
)
def absolute_value_of_the_mean(grads):
    """abs(np.mean)."""
    return _by_layer(grads, lambda entries: abs(entries.mean()))


@EXERCISE.mistake("The signed entries are added up, and cancel: square each entry before the sum.")
def signed_sum(grads):
    """np.sum, by layer."""
    return _by_layer(grads, np.sum)


@EXERCISE.mistake(
    "That is the mean of the absolute values: a good measure of size, but not the L2 norm that "
    "clipping uses, which is the root of the sum of the squares."
)
def mean_of_absolute_values(grads):
    """mean |g|."""
    return _by_layer(grads, lambda entries: np.abs(entries).mean())


@EXERCISE.mistake(
    "That is the sum of the absolute values, the L1 norm: the L2 norm is the root of the sum of "
    "the squares."
)
def sum_of_absolute_values(grads):
    """L1."""
    return _by_layer(grads, lambda entries: np.abs(entries).sum())


@EXERCISE.mistake(
    "That is the root of the mean of the squares: it divides by the number of entries, so that it "
    "no longer adds up to the norm that clipping uses. Take the sum."
)
def root_mean_square(grads):
    """RMS."""
    return _by_layer(grads, lambda entries: np.sqrt(np.mean(entries**2)))


@EXERCISE.mistake("The root is missing: the norm is the root of the sum of squares.")
def root_forgotten(grads):
    """The squared norm."""
    return _by_layer(grads, lambda entries: np.sum(entries**2))


@EXERCISE.mistake(
    "That is the largest entry of each layer; the L2 norm is the root of the sum of all squares."
)
def largest_entry(grads):
    """max |g|."""
    return _by_layer(grads, lambda entries: np.abs(entries).max())


@EXERCISE.mistake(
    "The biases are still left out: a layer's gradient is that of all its parameters, so take "
    "every array in layer.values()."
)
def weights_alone(grads):
    """norm of layer["W"]."""
    return np.array([np.linalg.norm(layer["W"]) for layer in grads])


@EXERCISE.mistake(
    "The norms of weights and biases are added: norms don't add, their squares do, so add the "
    "squares of all the layer's entries and take one root."
)
def norms_added(grads):
    """|W| + |b|."""
    return np.array([sum(np.linalg.norm(g) for g in layer.values()) for layer in grads])


@EXERCISE.mistake(
    "np.linalg.norm(W, 2) is the largest singular value of a matrix, not the root of the sum of "
    "squares: leave out the 2, or flatten the matrix first."
)
def spectral_norm(grads):
    """ord=2 of a matrix."""
    return np.array(
        [np.sqrt(sum(np.linalg.norm(g, 2) ** 2 for g in layer.values())) for layer in grads]
    )


@EXERCISE.mistake(
    "The first and the last layer are still left out: they are the two that show what is lost on "
    "the way. Go through all of grads."
)
def hidden_layers_alone(grads):
    """grads[1:-1]."""
    return gradient_norms(grads[1:-1])


@EXERCISE.mistake(
    "That is one norm for the whole network: it can explode in one layer and vanish in another, "
    "and this number shows neither. Give one norm per layer."
)
def one_norm_for_all(grads):
    """The global norm."""
    return np.linalg.norm(gradient_norms(grads))


@EXERCISE.mistake(
    "Every layer gets the same number, the norm of the whole network: entry l is made of layer l's "
    "arrays alone."
)
def norm_of_the_whole_for_each(grads):
    """The global norm, as often as there are layers."""
    return np.full(len(grads), np.linalg.norm(gradient_norms(grads)))


@EXERCISE.mistake(
    "A mean over all layers, the first and last included, is still a mean of signed entries and "
    "still one number: give one norm per layer, the root of the sum of its squares."
)
def signed_mean_of_all_layers(grads):
    """np.mean of everything."""
    return np.mean(np.concatenate([_entries(layer) for layer in grads]))


@EXERCISE.mistake(
    "The norms come from the last layer to the first; return them in the order of grads."
)
def from_the_top(grads):
    """In the order of the backward pass."""
    return gradient_norms(grads)[::-1]


@EXERCISE.mistake(
    "One mean of the weights' entries a layer: signed entries still cancel, and the biases are "
    "left out. Take the root of the sum of the squares of everything in the layer."
)
def signed_mean_of_the_weights(grads):
    """np.mean of W, by layer."""
    return np.array([np.mean(layer["W"]) for layer in grads])


@EXERCISE.mistake(
    "That is the root mean square of the weights: the L2 norm takes the sum, not the mean, and the "
    "biases belong to it."
)
def root_mean_square_of_the_weights(grads):
    """RMS of W, by layer."""
    return np.array([np.sqrt(np.mean(layer["W"] ** 2)) for layer in grads])


@EXERCISE.mistake(
    "That is the mean of the absolute values of the weights: the L2 norm is the root of the sum of "
    "the squares, and the biases belong to it."
)
def mean_absolute_value_of_the_weights(grads):
    """mean |W|, by layer."""
    return np.array([np.mean(np.abs(layer["W"])) for layer in grads])


@EXERCISE.mistake(
    "W has two axes and b has one, so they can't be laid end to end as they are: flatten each with "
    "ravel() first."
)
def not_flattened(grads):
    """np.concatenate([W, b])."""
    return np.array([np.linalg.norm(np.concatenate(list(layer.values()))) for layer in grads])


@EXERCISE.alternative
def with_numpys_norm(grads):
    """np.linalg.norm of all the entries in a row."""
    return np.array([np.linalg.norm(_entries(layer)) for layer in grads])


@EXERCISE.alternative
def norm_of_the_norms(grads):
    """The norm of the arrays' norms; filled in one by one."""
    norms = np.zeros(len(grads))
    for l, layer in enumerate(grads):
        norms[l] = np.linalg.norm([np.linalg.norm(g) for g in layer.values()])
    return norms


@EXERCISE.alternative
def the_bias_as_another_row(grads):
    """W with b below it, and NumPy's norm of a matrix, which is that of all its entries."""
    return np.array([np.linalg.norm(np.vstack([layer["W"], layer["b"]])) for layer in grads])


@EXERCISE.alternative
def with_vdot(grads):
    """Scalar products of each array with itself."""
    squares = [sum(float(np.vdot(g, g)) for g in layer.values()) for layer in grads]
    return np.sqrt(squares)
