"""Exercise, a bug hunt: a layer that never takes cuDNN's kernel, and doesn't say so."""

import keras
import numpy as np
import tensorflow as tf

from course_lib.exercises.calling.guard import Unusable, with_article
from course_lib.exercises.exercise import Arrays, Exercise, Hint, Problem, Rung
from course_lib.exercises.gated_cells.cases import GRU, weights
from course_lib.exercises.ladder.cell_calls import added, side_by_side
from course_lib.exercises.ladder.nothing_added import only_what_was_asked
from course_lib.exercises.ladder.rungs import irregular, matches
from course_lib.graphs import nodes, pretended_gpu, trace
from course_lib.layers.cudnn import gru_for_a_gpu
from course_lib.scratch.gated import gate

COLUMNS = "zrh"  # the order of Keras
RATE = 0.4
# Of sequences of a single step with three inputs, as many lose all three at most: 0.4 to the third
# is 6 %, with 400 of them give or take 1.2 %. At 0.6 it would be 22 %.
ALL_THREE = 0.13


def sizes() -> Arrays:
    """How many units the layer is to have, and how much it is to drop."""
    return {"units": 4, "dropout": RATE}


def sequence() -> Arrays:
    """Two sequences of five steps, and all weights of a GRU that resets after the product."""
    return {
        "x": irregular(2, 5, 3),
        "params": weights(GRU, 3, 4),
        "b_state": irregular(12, shift=5, scale=0.6),
    }


def ones() -> Arrays:
    """Many sequences of a single step, all of ones."""
    return {"x": np.ones((400, 1, 3))}


def layer_of(function, units, **settings):
    """The layer, in float64.

    Raises:
        Unusable: it is none, or gives all states.
    """
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float64")
    try:
        layer = function(units, **settings)
    finally:
        keras.config.set_dtype_policy(before)
    if not isinstance(layer, keras.layers.Layer):
        kind = with_article(type(layer).__name__)
        raise Unusable(f"gru_for_a_gpu returned {kind}; it returns a Keras layer.")
    if getattr(layer, "return_sequences", False):
        raise Unusable("The layer gives all states; it should give the last one only.")
    return layer


def chosen(function, given: Arrays) -> Arrays:
    """Whether Keras takes the kernel where there is a GPU; and what the layer was told."""
    layer = layer_of(function, given["units"], dropout=given["dropout"])
    outputs = {}
    for training in (False, True):
        with pretended_gpu():
            read = lambda x, training=training: layer(x, training=training)  # noqa: E731
            graph = trace(read, tf.TensorSpec((None, None, 3), tf.float64))
        kinds = {node.op for node in nodes(graph)}
        outputs["training" if training else "evaluation"] = any("Cudnn" in kind for kind in kinds)
    told = ("dropout", "recurrent_dropout", "reset_after", "use_bias", "use_cudnn")
    outputs["told"] = ", ".join(f"{name}={getattr(layer, name, None)}" for name in told)
    for name in ("activation", "recurrent_activation"):
        outputs[name] = called(getattr(layer, name, None))
    return outputs


def called(activation) -> str:
    """What Keras calls an activation. One that it doesn't know is the same under any name."""
    name = getattr(activation, "__name__", "none")
    known = getattr(keras.activations, name, None) is activation
    return name if known else "unknown to Keras"


def fused(_: Arrays, outputs: Arrays) -> Problem | None:
    """In training and at evaluation."""
    for when in ("evaluation", "training"):
        if not outputs[when]:
            return Problem(
                f"Traced as if there were a GPU, in {when}, the graph holds a loop over time and "
                "not cuDNN's kernel. Which of the kernel's conditions doesn't hold?"
            )
    return None


def able_to_run_here(layer):
    """The layer, told to do without cuDNN where there is no GPU if it insists on it.

    That Keras would take the kernel has been seen by then; its numbers are the same without.
    """
    for part in (layer, *getattr(layer, "layers", ())):
        if getattr(part, "use_cudnn", None) is True and not tf.config.list_physical_devices("GPU"):
            part.use_cudnn = "auto"
    return layer


def on_a_gpu_alone(_: Arrays, outputs: Arrays) -> str:
    """What a layer that insists on cuDNN does elsewhere."""
    if "use_cudnn=True" not in outputs["told"]:
        return ""
    return (
        "With use_cudnn=True Keras raises an error where there is no GPU; left at "
        '"auto", the same layer runs everywhere.'
    )


def last_state(function, given: Arrays) -> Arrays:
    """The last state, with the given weights."""
    x, params, b_state = given.values()
    layer = able_to_run_here(layer_of(function, len(params["W_hh"])))
    layer.build((None, None, x.shape[2]))
    kernel, recurrent, bias = side_by_side(params, COLUMNS)
    values = [kernel, recurrent, np.stack([bias, b_state])]
    own, wanted = ([np.shape(w) for w in some] for some in (layer.get_weights(), values))
    if own != wanted:
        raise Unusable(
            f"The layer's weights have the shapes {', '.join(map(str, own))}; cuDNN's GRU has "
            f"{', '.join(map(str, wanted))}."
        )
    layer.set_weights(values)
    return {"h_last": keras.ops.convert_to_numpy(layer(x))}


def reset_after(given: Arrays) -> Arrays:
    """cuDNN's GRU, step by step in NumPy."""
    x, params, b_state = given.values()
    b_z, b_r, b_h = np.split(b_state, 3)
    h_t = np.zeros((len(x), len(params["W_hh"])))
    for t in range(x.shape[1]):
        x_t = x[:, t]
        r = gate(x_t, h_t, params["W_xr"], params["W_hr"], params["b_r"] + b_r)
        z = gate(x_t, h_t, params["W_xz"], params["W_hz"], params["b_z"] + b_z)
        heard = r * (h_t @ params["W_hh"] + b_h)
        h_t = z * h_t + (1 - z) * np.tanh(x_t @ params["W_xh"] + params["b_h"] + heard)
    return {"h_last": h_t}


def beside_the_loss(function, given: Arrays) -> Arrays:
    """What a training would move the weights by, beside the loss."""
    return added(able_to_run_here(layer_of(function, 4)), given["x"])


def dropping(function, given: Arrays) -> Arrays:
    """Whether what is read is dropped in training, and in training only.

    With one step from zeros, nothing inside the recurrence can matter.
    """
    layer = able_to_run_here(layer_of(function, 4, dropout=RATE))
    at_rest, again, in_training = (
        np.asarray(layer(given["x"], training=training)) for training in (False, False, True)
    )
    return {
        "at rest": np.array_equal(at_rest, again),
        "in training": not np.allclose(at_rest, in_training),
        "what comes out": some_units_only(in_training),
        "too often": float(np.mean(np.all(in_training == 0, axis=1))) > ALL_THREE,
    }


def by_default(function, given: Arrays) -> Arrays:
    """Whether a layer drops anything that was made without a word about it."""
    layer = able_to_run_here(layer_of(function, 4))
    at_rest, in_training = (np.asarray(layer(given["x"], training=now)) for now in (False, True))
    return {"drops": not np.allclose(at_rest, in_training)}


def drops_unasked(_: Arrays, outputs: Arrays) -> Problem | None:
    """It shouldn't."""
    if not outputs["drops"]:
        return None
    return Problem(
        "Nobody has asked for dropout, and in training the layer drops some of what it reads: "
        "unless told, its rate is 0."
    )


def some_units_only(state: np.ndarray) -> bool:
    """Whether units are zero beside others that aren't; where all input is dropped, all are."""
    zero = state == 0
    return bool(np.any(zero.any(axis=1) & ~zero.all(axis=1)))


def drops(_: Arrays, outputs: Arrays) -> Problem | None:
    """Both."""
    if not outputs["at rest"]:
        return Problem("At evaluation the layer gives two answers to the same question.")
    if not outputs["in training"]:
        return Problem(
            f"With dropout={RATE}, nothing is dropped in training of what the layer reads: the "
            "dropout has to stay."
        )
    if outputs["what comes out"]:
        return Problem(
            f"With dropout={RATE}, units of the last state are zero in training: what comes out of "
            "the layer is dropped. It is what the layer reads that is to be dropped."
        )
    if outputs["too often"]:
        return Problem(
            f"With dropout={RATE}, more is dropped of what the layer reads than this share: "
            "`dropout` is the rate of what is dropped, not of what is kept."
        )
    return None


EXERCISE = Exercise(
    reference=gru_for_a_gpu,
    title="A kernel that is never used",
    goal="Find out why Keras would never hand this layer to cuDNN on a GPU, and fix it.",
    difficulty=2,
    minutes=20,
    returns={},
    ladder=(
        Rung(
            "where there is a GPU, Keras takes cuDNN's kernel",
            sizes,
            fused,
            chosen,
            remark=on_a_gpu_alone,
        ),
        matches(
            "it is the GRU that cuDNN computes",
            sequence,
            reset_after,
            "With copied weights, the last state is different.",
            call=last_state,
        ),
        Rung("what it reads is dropped in training", ones, drops, dropping),
        Rung("unless told, it drops nothing", ones, drops_unasked, by_default),
        only_what_was_asked(ones, beside_the_loss),
    ),
    promises={
        "units: number": "it is the GRU that cuDNN computes",
        "dropout: rate": ("what it reads is dropped in training", "unless told, it drops nothing"),
        "layer: from sequences": (
            "where there is a GPU, Keras takes cuDNN's kernel",
            "it is the GRU that cuDNN computes",
        ),
    },
    equivalent={
        "gru_for_a_gpu(units, dropout=0.0): -> gru_for_a_gpu(units, dropout=1.0):": (
            "Keras drops nothing at a rate of 1, either"
        ),
    },
    hints=(
        Hint(
            "It gives right numbers. What is wrong with it?",
            "Keras checks several conditions before it hands a layer to cuDNN, and says nothing "
            "if one is not met. What must be true of everything that the layer computes inside?",
        ),
        Hint(
            "I have fixed one thing, and nothing changed.",
            "One condition that isn't met is enough, and there may be more than one. Compare each "
            "argument with the table of conditions on the page about GPUs, line by line.",
            fits=("dropout inside", "both dropouts", "reset before", "hard gates", "without bias"),
        ),
        Hint(
            "But it *is* a tanh.",
            "Keras can't look into a function of yours. It compares by identity: only its own "
            "tanh, or TensorFlow's, is known to be one.",
            fits=("a tanh of its own",),
        ),
    ),
)


def _squash(a):
    """A tanh that Keras doesn't know."""
    return keras.ops.tanh(a)


@EXERCISE.hunt(
    "Still the old symptom: traced as if there were a GPU, the graph holds a loop over time, and "
    "cuDNN's kernel is nowhere in it."
)
def step_by_step(units, dropout=0.0):
    """A GRU layer that cuDNN can run.

    Args:
        units: number of units, n.
        dropout: rate of the dropout on what the layer reads, in training.

    Returns:
        layer: from sequences (batch, T, m) to the last state (batch, n): a
            GRU with tanh, sigmoid gates, a bias, and its reset gate where
            cuDNN has it.
    """
    return keras.layers.GRU(
        units,
        activation=lambda a: keras.ops.tanh(a),
        reset_after=False,
        recurrent_dropout=dropout,
    )


@EXERCISE.mistake(
    "The activation is a tanh that Keras doesn't recognise: it compares functions by identity. "
    'Leave it out, or write "tanh".'
)
def a_tanh_of_its_own(units, dropout=0.0):
    """All else is mended."""
    return keras.layers.GRU(units, activation=_squash, dropout=dropout)


@EXERCISE.mistake(
    "There is still dropout inside the recurrence: it would have to act between two steps, "
    "inside cuDNN. Drop what the layer reads instead: `dropout`."
)
def dropout_inside(units, dropout=0.0):
    """recurrent_dropout."""
    return keras.layers.GRU(units, recurrent_dropout=dropout)


@EXERCISE.mistake(
    "The reset gate still acts before the product; in cuDNN it acts after: reset_after=True, which "
    "is Keras's default."
)
def reset_before(units, dropout=0.0):
    """The text's GRU."""
    return keras.layers.GRU(units, reset_after=False, dropout=dropout)


@EXERCISE.mistake(
    "The dropout is gone: the kernel is taken, but the layer does less than it should. Dropout on "
    "what the layer *reads* doesn't disturb cuDNN."
)
def without_dropout(units, dropout=0.0):
    """The argument unused."""
    return keras.layers.GRU(units)


@EXERCISE.mistake(
    "The dropout stands behind the layer and acts on what comes out of it. It belongs before: the "
    "argument `dropout` of the layer drops what the layer reads."
)
def dropout_behind(units, dropout=0.0):
    """A Dropout layer at the end."""
    return keras.Sequential([keras.layers.GRU(units), keras.layers.Dropout(dropout)])


@EXERCISE.mistake(
    "Inside the recurrence dropout still acts as well: cuDNN can't do that. Leave out "
    "`recurrent_dropout`; `dropout` alone, on what the layer reads, is no hindrance."
)
def both_dropouts(units, dropout=0.0):
    """One added, and none taken away."""
    return keras.layers.GRU(units, dropout=dropout, recurrent_dropout=dropout)


@EXERCISE.mistake(
    "The rate is taken for the share that is kept: `dropout` says how much is dropped, here and in "
    "Keras alike, so hand it on as it is."
)
def rate_to_keep(units, dropout=0.0):
    """As the first versions of TensorFlow had it."""
    return keras.layers.GRU(units, dropout=1 - dropout if dropout else 0.0)


@EXERCISE.mistake(
    "A cell in keras.layers.RNN runs step by step, whatever the cell: only the layers "
    "keras.layers.GRU and keras.layers.LSTM know cuDNN."
)
def a_cell_in_an_rnn(units, dropout=0.0):
    """keras.layers.RNN."""
    return keras.layers.RNN(keras.layers.GRUCell(units, dropout=dropout))


@EXERCISE.mistake("The bias is gone, and cuDNN's GRU has one: leave `use_bias` as it is.")
def without_bias(units, dropout=0.0):
    """use_bias=False."""
    return keras.layers.GRU(units, use_bias=False, dropout=dropout)


@EXERCISE.mistake(
    "The gates are squashed by something other than the sigmoid that cuDNN knows: leave "
    "`recurrent_activation` as it is."
)
def hard_gates(units, dropout=0.0):
    """As the first versions of Keras had it."""
    return keras.layers.GRU(units, recurrent_activation="hard_sigmoid", dropout=dropout)


@EXERCISE.alternative
def in_words(units, dropout=0.0):
    """Every setting said."""
    return keras.layers.GRU(
        units,
        activation="tanh",
        recurrent_activation=keras.activations.sigmoid,
        use_bias=True,
        reset_after=True,
        recurrent_dropout=0.0,
        dropout=dropout,
        use_cudnn="auto",
    )


@EXERCISE.alternative
def cudnn_or_nothing(units, dropout=0.0):
    """An error where there is no GPU."""
    return keras.layers.GRU(units, dropout=dropout, use_cudnn=True)


@EXERCISE.alternative
def dropout_in_front(units, dropout=0.0):
    """A layer of its own that drops what the GRU reads."""
    return keras.Sequential([keras.layers.Dropout(dropout), keras.layers.GRU(units)])


@EXERCISE.alternative
def by_tensorflow(units, dropout=0.0):
    """TensorFlow's own tanh, which Keras knows too."""
    return keras.layers.GRU(units, activation=tf.tanh, dropout=dropout)
