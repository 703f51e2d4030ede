"""Exercise: the practical's classifier, from its parts."""

import keras
import numpy as np
import tensorflow as tf

from course_lib.exercises.calling.guard import Unusable, with_article
from course_lib.exercises.exercise import Arrays, Exercise, Hint, Problem, Rung
from course_lib.exercises.gated_cells.cases import LSTM, weights
from course_lib.exercises.ladder.beyond_one_case import large_numbers
from course_lib.exercises.ladder.cell_calls import side_by_side
from course_lib.exercises.ladder.graph_rungs import (
    compiles,
    equal_to_twin,
    fit_for_a_gpu,
    reaches_every_weight,
    traceable,
)
from course_lib.exercises.ladder.rungs import irregular, matches
from course_lib.graphs import (
    by_xla,
    gpu_report,
    gradient_sizes,
    keras_in,
    own_twin,
    stumble,
    trace,
)
from course_lib.layers.classifier import recurrent_classifier
from course_lib.scratch.stacked import stacked_forward

COLUMNS = "ifco"  # the order of Keras
# As many pixels a step as units: one cell in two layers would fit, and nobody would notice.
STEPS = 5
PIXELS = 4
UNITS = 4
CLASSES = 3
RATE = 0.25
WITH_GRU = "penalty with cells of keras.layers.GRUCell, all of whose weights are 1"
WITH_OTHERS = "penalty with cells whose weights are called W_x, W_h and bias, and are 1"


def two_layers() -> Arrays:
    """Two images, and the weights of two layers and a readout; float64."""
    return {
        "images": irregular(2, STEPS * PIXELS),
        "lower": weights(LSTM, PIXELS, UNITS),
        "upper": weights(LSTM, UNITS, UNITS, shift=40),
        "readout": {"W_hy": irregular(UNITS, CLASSES, shift=1), "b_y": irregular(CLASSES, shift=2)},
    }


def one_layer() -> Arrays:
    """A single image whose last row is blank, as a digit's is, and no upper layer."""
    given = {name: value for name, value in two_layers().items() if name != "upper"}
    given["images"][:, -PIXELS:] = 0
    return {**given, "images": given["images"][:1]}


def far_from_zero() -> Arrays:
    """One image with pixels up to 20, read with as much smaller weights."""
    given = one_layer()
    small = {n: w / 20 if n.startswith("W_x") else w for n, w in given["lower"].items()}
    return {**given, "images": 20 * given["images"], "lower": small}


def penalised() -> Arrays:
    """The two layers, and the weight of the penalty, of which no digit may be lost."""
    return {**two_layers(), "l2": 0.3125}


def sizes() -> Arrays:
    """Sizes of a model with three layers."""
    return {"units": 4, "layers": 3, "steps": 5, "pixels": 6, "classes": 3}


def many() -> Arrays:
    """Enough images that the share of what is dropped is known to a few hundredths."""
    return {"images": irregular(1200, STEPS * PIXELS, scale=2)}


def cell(units):
    """Keras's own LSTM cell, in the dtype that the model has."""
    return keras.layers.LSTMCell(units)


def made(function, layers=2, classes=CLASSES, cell=cell, wide=None, **settings):
    """A model of the learner's; in float64 only where `keras_in` stands around it.

    Args:
        function, layers, classes, cell, settings: what makes it, and its arguments.
        wide: how many times as wide as a state a cell's first matrix is, if that is to be seen.

    Raises:
        Unusable: it is none, or has no weights yet, or those of other cells.
    """
    sized = {"steps": STEPS, "pixels": PIXELS, "classes": classes}
    model = usable(function(cell, UNITS, layers=layers, **sized, **settings))
    there = tuple(model.weights[0].shape)
    if wide and there != (PIXELS, wide * UNITS):
        raise Unusable(
            f"The model was made with cells whose first weight has the shape "
            f"{(PIXELS, wide * UNITS)}, and its own has the shape {there}: each layer runs a cell "
            "that `cell(units)` makes."
        )
    return model


def usable(model):
    """The model, if it is one."""
    if not isinstance(model, keras.Model):
        kind = with_article(type(model).__name__) if model is not None else "None"
        raise Unusable(f"recurrent_classifier returned {kind}; it returns a Keras model.")
    if not model.built or not model.weights:
        raise Unusable(
            "The model has no weights yet. Give it the shape of an image with keras.Input, or "
            "build it, before you return it."
        )
    return model


def with_weights(model, given: Arrays):
    """The model with the given weights."""
    stack = [given[name] for name in ("lower", "upper") if name in given]
    values = [w for params in stack for w in side_by_side(params, COLUMNS)]
    values += list(given["readout"].values())
    own, wanted = ([np.shape(w) for w in some] for some in (model.get_weights(), values))
    if own != wanted:
        raise Unusable(
            f"A model of {len(stack)} LSTM layers has these weights: "
            f"{', '.join(map(str, own)) or 'none'}. It should have, layer by layer from the "
            f"lowest, and the readout's last: {', '.join(map(str, wanted))}."
        )
    model.set_weights(values)
    return model


def fresh(function, given: Arrays) -> Arrays:
    """The shapes of the weights, and how many are trained."""
    sized = {name: given[name] for name in ("layers", "steps", "pixels", "classes")}
    model = usable(function(cell, given["units"], **sized))
    return {
        "shapes": ", ".join(str(tuple(w.shape)) for w in model.trainable_weights),
        "logits": str(tuple(model.output_shape)) if hasattr(model, "output_shape") else "",
    }


def has_its_weights(given: Arrays, outputs: Arrays) -> Problem | None:
    """Three weights a layer, two of the readout, none shared."""
    n, layers, m, c = (given[name] for name in ("units", "layers", "pixels", "classes"))
    needed = [s for k in range(layers) for s in ((n if k else m, 4 * n), (n, 4 * n), (4 * n,))]
    needed = ", ".join(map(str, [*needed, (n, c), (c,)]))
    if outputs["shapes"] == needed:
        return None
    return Problem(
        f"With {layers} layers, the weights that are trained have these shapes: "
        f"{outputs['shapes'] or 'none'}. They should be, from the lowest layer to the readout: "
        f"{needed}."
    )


def shared(function, given: Arrays) -> Arrays:
    """How many weights there are where a cell could be in two layers without an error.

    And how many matrices begin with the same numbers in two models.
    """
    one, other = made(function), made(function)
    pairs = zip(one.get_weights(), other.get_weights(), strict=True)
    alike = sum(np.ndim(a) == 2 and np.array_equal(a, b) for a, b in pairs)
    return {"weights": len(one.trainable_weights), "alike": int(alike)}


def none_shared(given: Arrays, outputs: Arrays) -> Problem | None:
    """Eight: three a layer and two."""
    there = outputs["weights"]
    if there == 8 and outputs["alike"]:
        return Problem(
            f"Two models begin with the same numbers in {outputs['alike']} of their matrices, as "
            "if a seed had been set. Nobody gave one: each model draws its own."
        )
    if there == 8:
        return None
    return Problem(
        f"Two LSTM layers and a readout have 8 weights; here there are {there}. One cell object "
        "means one set of weights, however often it is used: make a cell for each layer."
    )


def logits(function, given: Arrays) -> Arrays:
    """At evaluation; beside them, the learner's own NumPy."""
    images = given["images"]
    layers = 2 if "upper" in given else 1
    with keras_in("float64"):
        model = with_weights(made(function, layers=layers), given)
        outputs = {"logits": keras.ops.convert_to_numpy(model(images, training=False))}
    twin = own_twin(function, "stacked_forward")
    if twin is not None:
        stack = [given[name] for name in ("lower", "upper") if name in given]
        x = images.reshape(len(images), STEPS, PIXELS)
        outputs["logits by your twin"] = twin(x, stack, given["readout"])
    return outputs


def in_numpy(given: Arrays) -> Arrays:
    """What stacked_forward makes of the same numbers."""
    stack = [given[name] for name in ("lower", "upper") if name in given]
    x = given["images"].reshape(len(given["images"]), STEPS, PIXELS)
    return {"logits": stacked_forward(x, stack, given["readout"])}


@keras_in("float64")
def answers(function, given: Arrays) -> Arrays:
    """Whether a model with dropout gives one answer to one question, asked at evaluation."""
    model = made(function, dropout=RATE)
    first, again = (np.asarray(model(given["images"], training=False)) for _ in range(2))
    return {"the same twice": np.array_equal(first, again)}


def gives_one_answer(_: Arrays, outputs: Arrays) -> Problem | None:
    """Dropout is off."""
    if outputs["the same twice"]:
        return None
    return Problem(
        "Asked twice at evaluation, with training=False, the model gives two different answers to "
        "the same question."
    )


@keras_in("float64")
def dropping(function, given: Arrays) -> Arrays:
    """Facts about dropout, seen through a readout that adds one to each number of the state.

    Two layers pass on what they read, so that what reaches the readout has been through both
    dropouts. Of 4,800 numbers a share is dropped; the bounds are six standard errors wide.
    """
    images = given["images"]
    outputs = {}
    for layers, one, wide in ((1, cell, 4), (2, Passing, 1)):
        model = made(function, layers, classes=UNITS, dropout=RATE, cell=one, wide=wide)
        *below, W_hy, b_y = model.get_weights()
        if one is Passing:
            passes = np.eye(UNITS), np.zeros((UNITS, UNITS)), np.zeros(UNITS)
            below = [passes[k % 3] for k in range(len(below))]  # of however many layers there are
        model.set_weights([*below, np.eye(len(W_hy)), np.ones(len(b_y))])
        at_rest, in_training, again = (
            keras.ops.convert_to_numpy(model(images, training=training)) - 1
            for training in (False, True, True)
        )
        kept = in_training != 0
        unchanged = np.isclose(in_training[kept] * (1 - RATE), at_rest[kept], atol=1e-9).all()
        outputs |= {
            f"layers {layers}: acts": not np.allclose(in_training, at_rest),
            f"layers {layers}: drawn anew": not np.allclose(in_training, again),
            f"layers {layers}: share": bool(abs(kept.mean() - (1 - RATE) ** layers) < 0.045),
            # What else it may be, in steps so wide that chance doesn't reach the next (what it
            # should be is eight standard errors from both ends of its own): it tells faults apart.
            f"layers {layers}: fifths": round(5 * (1 - float(kept.mean()))),
            f"layers {layers}: nothing else moved": bool(unchanged),
            f"layers {layers}: scaled": bool(
                np.isclose(in_training[kept] * (1 - RATE) ** layers, at_rest[kept], atol=1e-9).all()
            ),
        }
    return outputs


def drops_well(_: Arrays, outputs: Arrays) -> Problem | None:
    """In training, after every layer, and nowhere else."""
    for layers in (1, 2):
        acts, anew, share, unmoved = (
            outputs[f"layers {layers}: {name}"]
            for name in ("acts", "drawn anew", "share", "nothing else moved")
        )
        if not acts:
            where = "a single layer" if layers == 1 else "two layers"
            return Problem(
                f"With {where}, dropout={RATE} and training=True, nothing is dropped: there is to "
                "be dropout after each layer, the top one too."
            )
        if not anew:
            return Problem(
                "Two calls in training give the same result: the dropout doesn't draw new numbers."
            )
        if outputs[f"layers {layers}: fifths"] == 0:
            return Problem(
                "In training the logits move, but of the last state nothing is dropped on its way "
                "into the readout: there is to be dropout after each layer, the top one too."
            )
        if layers == 2 and unmoved:
            return Problem(
                "With two layers, the upper one reads the same in training as at evaluation: there "
                "is no dropout between the layers."
            )
        if layers == 2 and not share:
            return Problem(
                f"With dropout={RATE}, two layers that pass on what they read should let "
                f"{1 - RATE} × {1 - RATE} = {(1 - RATE) ** 2:.4g} of it through to the readout, "
                "and it is another share: each layer is followed by one dropout, of this rate."
            )
        if not share:
            return Problem(
                f"With dropout={RATE}, the share of the last state that is dropped on its way into "
                f"the readout is not {RATE}. (Keras's rate says what is dropped, not what is kept.)"
            )
        if layers == 1 and not unmoved:
            return Problem(
                "With one layer, what isn't dropped should be the state of evaluation, divided by "
                "the share that is kept. Here it is different: something was dropped before the "
                "layer, or inside it."
            )
        if layers == 2 and not outputs["layers 2: scaled"]:
            return Problem(
                "With two layers that pass on what they read, what isn't dropped should be what "
                "went in, divided twice by the share that is kept. Here it is different: something "
                "else is done to it between the layers."
            )
    return None


class OtherNames(keras.layers.Layer):
    """A cell that is none of Keras's, and calls no weight a kernel."""

    def __init__(self, units):
        super().__init__()
        self.units = self.state_size = units

    def build(self, input_shape):
        """Two matrices and a bias."""
        self.W_x = self.add_weight(name="W_x", shape=(input_shape[-1], self.units))
        self.W_h = self.add_weight(name="W_h", shape=(self.units, self.units))
        self.bias = self.add_weight(name="bias", shape=(self.units,))

    def call(self, x_t, states, training=False):
        """A vanilla RNN."""
        h_t = keras.ops.tanh(x_t @ self.W_x + states[0] @ self.W_h + self.bias)
        return h_t, [h_t]


class Passing(OtherNames):
    """A linear cell: with the unit matrix and zeros for weights it passes on what it reads."""

    def call(self, x_t, states, training=False):
        """Without the tanh."""
        h_t = x_t @ self.W_x + states[0] @ self.W_h + self.bias
        return h_t, [h_t]


@keras_in("float64")
def penalty(function, given: Arrays) -> Arrays:
    """The sum of what models add to their loss.

    The second has biases in two rows, as for cuDNN; in the third no weight of a cell is a kernel.
    """
    model = with_weights(made(function, l2=given["l2"]), given)
    gru = made(function, l2=given["l2"], cell=keras.layers.GRUCell, wide=3)
    others = made(function, l2=given["l2"], cell=OtherNames, wide=1)
    for one in (gru, others):
        one.set_weights([np.ones(w.shape) for w in one.weights])
    found = {}
    for name, one in (("penalty", model), (WITH_GRU, gru), (WITH_OTHERS, others)):
        one(given["images"])
        found[name] = float(sum(float(part) for part in one.losses))
    return found


def all_matrices(given: Arrays) -> Arrays:
    """l2 / 2 times the sum of the squares of all matrices, and of no bias."""
    matrices = [
        w
        for params in (given["lower"], given["upper"], given["readout"])
        for name, w in params.items()
        if name.startswith("W")
    ]
    # Of two cells and the readout; a GRU has each of its cells' matrices three times.
    entries = {k: UNITS * (k * PIXELS + 3 * k * UNITS + CLASSES) for k in (1, 3)}
    return {
        "penalty": given["l2"] / 2 * sum(np.sum(w**2) for w in matrices),
        WITH_GRU: given["l2"] / 2 * entries[3],
        WITH_OTHERS: given["l2"] / 2 * entries[1],
    }


def spec(dtype):
    """A batch of any size."""
    return tf.TensorSpec((None, STEPS * PIXELS), dtype)


@keras_in("float64")
def traced(function, given: Arrays) -> Arrays:
    """Whether the graph can be made before the batch is known."""
    model = made(function)
    return {"stumbles over": stumble(lambda: trace(model, spec("float64")))}


@keras_in("float64")
def reached(function, given: Arrays) -> Arrays:
    """What reaches each weight."""
    model = with_weights(made(function), given)
    loss = lambda: tf.reduce_sum(tf.square(model(given["images"])))  # noqa: E731
    return {"gradients": gradient_sizes(loss, model.trainable_variables)}


@keras_in("float64")
def compiled(function, given: Arrays) -> Arrays:
    """The images read by a graph that XLA has compiled."""
    model = with_weights(made(function), given)

    def make(**settings):
        return trace(lambda images: model(images, training=False), spec("float64"), **settings)

    return by_xla(make, [given["images"]], lambda logits: {"logits": logits})


def for_a_gpu(function, given: Arrays) -> Arrays:
    """Both passes of a training step, with dropout and penalty, in float32."""
    model = made(function, dropout=RATE, l2=0.1)

    def both_passes(images):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(model(images, training=True)))
            loss += tf.add_n(model.losses or [0.0])
        return tape.gradient(loss, [w.value for w in model.trainable_weights])

    return gpu_report(trace(both_passes, spec("float32")))


EXERCISE = Exercise(
    reference=recurrent_classifier,
    title="The practical's classifier",
    goal="Build a model that reads images step by step: a stack, dropout, a penalty, a readout.",
    difficulty=3,
    minutes=40,
    kind="speed up",
    twin="stacked_forward",
    returns={},
    ladder=(
        Rung("it has the weights that it should", sizes, has_its_weights, fresh),
        Rung("no two layers share a weight", two_layers, none_shared, shared),
        equal_to_twin("stacked_forward", one_layer, in_numpy, logits),
        matches(
            "two layers, at evaluation",
            two_layers,
            in_numpy,
            "At evaluation, with copied weights, two layers give something else.",
            call=logits,
        ),
        large_numbers(far_from_zero, in_numpy, logits),
        Rung("at evaluation it gives one answer", two_layers, gives_one_answer, answers),
        Rung("dropout acts in training, after each layer", many, drops_well, dropping),
        matches(
            "the penalty is on all matrices, and on nothing else",
            penalised,
            all_matrices,
            call=penalty,
        ),
        traceable(two_layers, traced),
        reaches_every_weight(two_layers, reached),
        compiles(two_layers, in_numpy, compiled),
        fit_for_a_gpu(two_layers, for_a_gpu),
    ),
    promises={
        "`RecurrentClassifier` is": "scaffold: what else there is",
        "cell: makes": "no two layers share a weight",
        "units: number": "it has the weights that it should",
        "layers: how many": "it has the weights that it should",
        "layers: each reads": "two layers, at evaluation",
        "dropout: rate": (
            "dropout acts in training, after each layer",
            "at evaluation it gives one answer",
        ),
        "l2: weight of": "the penalty is on all matrices, and on nothing else",
        "l2: biases": "the penalty is on all matrices, and on nothing else",
        "steps: how many": "equal to stacked_forward, to 1e-10 in float64",
        "pixels: how many": "equal to stacked_forward, to 1e-10 in float64",
        "classes: number": "it has the weights that it should",
        "model: from images": "equal to stacked_forward, to 1e-10 in float64",
        "model: Its weights": "it has the weights that it should",
        "model: its penalty": "the penalty is on all matrices, and on nothing else",
    },
    hints=(
        Hint(
            "What does the practical get wrong?",
            "Its stack is `[cell] * num_layers`, its dropout is set once and for all, its penalty "
            "is on the readout alone, and the readout begins with weights that are far "
            "too large. Which object may be used twice, and which may not?",
        ),
        Hint(
            "Which shapes go from layer to layer?",
            "Images (batch, T·m) → sequences (batch, T, m) → states at every step (batch, T, n), "
            "once for each layer but the top one → its last state (batch, n) → logits (batch, c).",
            fits=("mean over time", "cut into columns", "always one layer"),
        ),
        Hint(
            "How does a penalty reach the weights of a cell that knows nothing about it?",
            "Every Keras weight has an attribute `regularizer`, which you may set once the weight "
            "exists; `model.losses` then has one entry for each. A bias can be recognised by its "
            "name, in any cell. `keras.regularizers.L2(a)` is a times the sum of squares.",
            fits=(
                "the penalty is on all matrices, and on nothing else",
                "readout penalised only",
                "biases penalised",
                "penalty not halved",
                "recurrent kernels free",
                "no penalty",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "A `keras.Sequential` with `keras.Input((steps * pixels,))` and "
            "`keras.layers.Reshape((steps, pixels))`. In a loop over the layers add "
            "`keras.layers.RNN(cell(units), return_sequences=…)`, True for all but the last, and "
            "`keras.layers.Dropout(dropout)`. Then `keras.layers.Dense(classes)`. For every "
            "weight of `model.trainable_weights` whose name isn't that of a bias, set "
            "`w.regularizer = keras.regularizers.L2(l2 / 2)`.",
        ),
    ),
)


def _model(
    cell,
    units,
    layers,
    dropout,
    l2,
    steps,
    pixels,
    classes,
    *,
    shared=False,
    before=(),
    after=(),
    noise=None,
    below=False,
    between=True,
    above=True,
    sequences=False,
    read=(),
    penalty=None,
    punish=lambda w, readout: w.name[0] != "b",
):
    """The reference, with one thing or another changed."""
    noise = noise or keras.layers.Dropout
    one = cell(units) if shared else None
    parts = [keras.Input((steps * pixels,)), *(before or [keras.layers.Reshape((steps, pixels))])]
    for k in range(layers):
        last = k == layers - 1
        used = one if shared else cell(units)
        if below:
            parts.append(noise(dropout))
        parts.append(keras.layers.RNN(used, return_sequences=sequences or not last))
        if above if last else between:
            parts.append(noise(dropout))
    readout = keras.layers.Dense(classes)
    model = keras.Sequential([*parts, *read, readout, *after])
    for w in model.trainable_weights:
        if punish(w, any(w is own for own in readout.weights)):
            w.regularizer = penalty or keras.regularizers.L2(l2 / 2)
    return model


@EXERCISE.mistake(
    "All layers have the same cell, and with it the same weights, as in the practical: call "
    "`cell(units)` once for each layer."
)
def one_cell_for_all(cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10):
    """[cell] * num_layers."""
    return _model(cell, units, layers, dropout, l2, steps, pixels, classes, shared=True)


class _Always(keras.layers.Dropout):
    """Dropout that never ends."""

    def call(self, inputs, training=False):
        """In training, whatever is said."""
        return super().call(inputs, training=True)


@EXERCISE.mistake(
    "Dropout acts at evaluation too, so the model gives two answers to the same question: let "
    "keras.layers.Dropout find out whether this is training."
)
def dropout_at_evaluation(
    cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10
):
    """training=True for ever."""
    return _model(cell, units, layers, dropout, l2, steps, pixels, classes, noise=_Always)


@EXERCISE.mistake(
    "There is no dropout at all: it belongs after each recurrent layer, where the next layer or "
    "the readout reads."
)
def no_dropout(cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10):
    """The argument unused."""
    return _model(
        cell, units, layers, dropout, l2, steps, pixels, classes, between=False, above=False
    )


@EXERCISE.mistake(
    "There is no dropout between the layers, only before the readout: it belongs after each layer."
)
def dropout_above_only(cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10):
    """Once, at the end."""
    return _model(cell, units, layers, dropout, l2, steps, pixels, classes, between=False)


@EXERCISE.mistake(
    "There is dropout between the layers, and none before the readout: it belongs after each "
    "layer, the top one too."
)
def dropout_between_only(
    cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10
):
    """Nothing above the top layer."""
    return _model(cell, units, layers, dropout, l2, steps, pixels, classes, above=False)


@EXERCISE.mistake(
    "Dropout comes before each recurrent layer: so pixels are dropped, and what the readout gets "
    "is whole. It belongs after each layer, the top one too."
)
def dropout_below(cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10):
    """One line too early."""
    sized = (cell, units, layers, dropout, l2, steps, pixels, classes)
    return _model(*sized, below=True, between=False, above=False)


@EXERCISE.mistake(
    "The rate was taken for the share that is kept, as in the practical's dropout_keep_prob: "
    "keras.layers.Dropout takes the share that is dropped."
)
def rate_reversed(cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10):
    """1 - dropout."""
    return _model(cell, units, layers, 1 - dropout, l2, steps, pixels, classes)


@EXERCISE.mistake(
    "These are probabilities: return the logits and leave the softmax to the loss, which computes "
    "it safely."
)
def softmax_at_the_end(cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10):
    """As in the notebook of 2018."""
    after = [keras.layers.Softmax()]
    return _model(cell, units, layers, dropout, l2, steps, pixels, classes, after=after)


@EXERCISE.mistake(
    "These are logarithms of probabilities: return the logits as the readout gives them. The loss "
    "does the rest."
)
def log_softmax_at_the_end(
    cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10
):
    """The activation that torch's nll_loss wants."""
    after = [keras.layers.Activation("log_softmax")]
    return _model(cell, units, layers, dropout, l2, steps, pixels, classes, after=after)


@EXERCISE.mistake(
    "The mean over all steps is read; the class is read from the top layer's last state, which has "
    "seen the whole image."
)
def mean_over_time(cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10):
    """Pooling."""
    read = [keras.layers.GlobalAveragePooling1D()]
    sized = (cell, units, layers, dropout, l2, steps, pixels, classes)
    return _model(*sized, sequences=True, read=read)


@EXERCISE.mistake(
    "The image is cut the other way: each step gets pixels that lie far apart. A reshape to "
    "(steps, pixels) keeps neighbours together; nothing has to be transposed."
)
def cut_into_columns(cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10):
    """Columns in place of rows."""
    before = [keras.layers.Reshape((pixels, steps)), keras.layers.Permute((2, 1))]
    return _model(cell, units, layers, dropout, l2, steps, pixels, classes, before=before)


@EXERCISE.mistake(
    "The penalty is on the readout only, as in the practical: the cells' matrices hold most of the "
    "weights, and belong to it too."
)
def readout_penalised_only(
    cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10
):
    """kernel_regularizer of Dense alone."""
    punish = lambda w, readout: readout and w.name.endswith("kernel")  # noqa: E731
    return _model(cell, units, layers, dropout, l2, steps, pixels, classes, punish=punish)


@EXERCISE.mistake(
    "The penalty is on the biases too: a bias moves a threshold and makes nothing steeper, so it "
    "is left out."
)
def biases_penalised(cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10):
    """Every weight."""
    punish = lambda w, readout: True  # noqa: E731
    return _model(cell, units, layers, dropout, l2, steps, pixels, classes, punish=punish)


@EXERCISE.mistake(
    "The penalty is twice as large as it should be: it is l2 / 2 times the sum of squares, and "
    "keras.regularizers.L2 has no half in it."
)
def penalty_not_halved(cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10):
    """L2(l2)."""
    whole = keras.regularizers.L2(l2)
    return _model(cell, units, layers, dropout, l2, steps, pixels, classes, penalty=whole)


@EXERCISE.mistake(
    "The penalty adds up absolute values, as keras.regularizers.L1 does: it is about the squares, "
    "which is what the 2 of L2 says."
)
def absolute_values(cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10):
    """L1(l2 / 2)."""
    one_norm = keras.regularizers.L1(l2 / 2)
    return _model(cell, units, layers, dropout, l2, steps, pixels, classes, penalty=one_norm)


@EXERCISE.mistake(
    "The penalty is about the mean of the squares in each matrix, so it is smaller the larger the "
    "matrix: add the squares up."
)
def mean_squares(cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10):
    """ops.mean."""

    def mean(w):
        return l2 / 2 * keras.ops.mean(keras.ops.square(w))

    return _model(cell, units, layers, dropout, l2, steps, pixels, classes, penalty=mean)


@EXERCISE.mistake(
    "The matrices from state to state have no penalty: they are weights like those that read the "
    "input, and belong to it too."
)
def recurrent_kernels_free(
    cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10
):
    """kernel_regularizer without recurrent_regularizer."""
    punish = lambda w, readout: w.name == "kernel"  # noqa: E731
    return _model(cell, units, layers, dropout, l2, steps, pixels, classes, punish=punish)


@EXERCISE.mistake(
    "The readout's matrix has no penalty: it is a weight matrix of the model, like those of the "
    "cells."
)
def readout_free(cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10):
    """The cells alone."""
    punish = lambda w, readout: w.name[0] != "b" and not readout  # noqa: E731
    return _model(cell, units, layers, dropout, l2, steps, pixels, classes, punish=punish)


@EXERCISE.mistake(
    "Whatever has two axes is taken for a matrix. The bias of Keras's GRU cell has two as well, "
    "and is penalised here. Go by the name of a weight, or by its place."
)
def matrices_by_their_axes(
    cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10
):
    """len(w.shape) == 2."""
    punish = lambda w, readout: len(w.shape) == 2  # noqa: E731
    return _model(cell, units, layers, dropout, l2, steps, pixels, classes, punish=punish)


@EXERCISE.mistake(
    "Matrices are recognised by the name `kernel`, which Keras's own cells give them. Cells of "
    "your own, with a W_xh and a W_hh, go without a penalty: take all but the biases."
)
def kernels_alone(cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10):
    """Whatever has the word in its name."""
    punish = lambda w, readout: "kernel" in w.name  # noqa: E731
    return _model(cell, units, layers, dropout, l2, steps, pixels, classes, punish=punish)


@EXERCISE.mistake("There is no penalty: `l2` has to reach the loss, by way of `model.losses`.")
def no_penalty(cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10):
    """The argument unused."""
    punish = lambda w, readout: False  # noqa: E731
    return _model(cell, units, layers, dropout, l2, steps, pixels, classes, punish=punish)


@EXERCISE.mistake(
    "A recurrent layer is missing, or the number of layers is ignored: there are as many as "
    "`layers` says, and the readout besides."
)
def always_one_layer(cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10):
    """No loop."""
    return _model(cell, units, 1, dropout, l2, steps, pixels, classes)


@EXERCISE.mistake(
    "The two sizes have changed places: the image is cut into `pixels` steps of `steps` pixels. "
    "Time comes first, (steps, pixels)."
)
def sizes_exchanged(cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10):
    """Reshape((pixels, steps))."""
    return _model(cell, units, layers, dropout, l2, pixels, steps, classes)


@EXERCISE.alternative
def functional(cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10):
    """Keras's functional style; the penalty tells matrices by their name."""
    images = keras.Input(shape=(steps * pixels,))
    h = keras.layers.Reshape((-1, pixels))(images)
    for k in range(layers):
        h = keras.layers.RNN(cell(units), return_sequences=True)(h)
        if k == layers - 1:
            h = h[:, -1]
        h = keras.layers.Dropout(dropout)(h)
    model = keras.Model(images, keras.layers.Dense(classes)(h))
    for w in model.weights:
        if "kernel" in w.name or w.name[0] == "W":
            w.regularizer = keras.regularizers.L2(0.5 * l2)
    return model


@EXERCISE.alternative
def with_stacked_cells(cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10):
    """Many layers, each with its own noise; the readout's penalty given at once."""
    strength = keras.regularizers.L2(l2 / 2)
    recurrent = [keras.layers.RNN(cell(units), return_sequences=True) for _ in range(layers - 1)]
    recurrent.append(keras.layers.RNN(cell(units)))
    noisy = [part for layer in recurrent for part in (layer, keras.layers.Dropout(dropout))]
    model = keras.Sequential(
        [
            keras.layers.Reshape((steps, pixels)),
            *noisy,
            keras.layers.Dense(classes, activation=None, kernel_regularizer=strength),
        ]
    )
    model.build((None, steps * pixels))
    for layer in recurrent:
        for w in layer.cell.trainable_weights[:2]:
            w.regularizer = strength
    return model
