"""Exercise: an activation layer whose gate is a variable, the fast form of `grelu`."""

import json

import keras
import numpy as np
import tensorflow as tf

from course_lib.exercises.calling.guard import Unusable
from course_lib.exercises.exercise import Arrays, Exercise, Hint, Problem, Rung
from course_lib.exercises.ladder.beyond_one_case import large_numbers
from course_lib.exercises.ladder.cell_calls import added, from_a_file, loaded
from course_lib.exercises.ladder.graph_rungs import (
    compiles,
    equal_to_twin,
    exactly,
    fit_for_a_gpu,
    traceable,
)
from course_lib.exercises.ladder.made_again import lost_by_keras, not_made_again
from course_lib.exercises.ladder.nothing_added import only_what_was_asked
from course_lib.exercises.ladder.rungs import by_hand, irregular, matches
from course_lib.graphs import gpu_report, own_twin, stumble, trace, xla_refusal
from course_lib.layers.gradnets import GradualActivation
from course_lib.scratch.gradnets import grelu, grelu_backward, interpolate

MADE_OPEN = "y of a layer that was made with g=1, and then shut to g=0.20,"


def half_open() -> Arrays:
    """Pre-activations of three rows, and a gate."""
    return {"u": irregular(3, 4, scale=2.0), "g": np.array(0.3)}


def far_from_zero() -> Arrays:
    """Pre-activations up to 200."""
    return {"u": irregular(3, 4, scale=200.0), "g": np.array(0.3)}


def one_row() -> Arrays:
    """Three units."""
    return {"u": np.array([[2.0, -4.0, 0.0]]), "g": np.array(0.25)}


def moving() -> Arrays:
    """A gate that opens in four steps, the first of which is where it was made."""
    return {"u": irregular(3, 4, shift=2, scale=2.0), "gates": np.array([0.0, 0.2, 0.7, 1.0])}


def many_axes() -> Arrays:
    """Sequences in place of rows."""
    return {"u": irregular(2, 3, 4, shift=1, scale=2.0), "g": np.array(0.6)}


def with_credit() -> Arrays:
    """Pre-activations, a gate, and the gradient that comes back."""
    return {**half_open(), "dy": irregular(3, 4, shift=5)}


def bare(layer_class, given: Arrays, *activation, dtype="float64"):
    """A layer at the given gate, to the last digit: initializers of Keras round to float32."""
    layer = layer_class(*activation, g=float(given["g"]), dtype=dtype)
    gate_of(layer).assign(given["g"])
    return layer


def computed(y) -> np.ndarray:
    """What a layer gave, in plain numbers."""
    if y is None:
        raise Unusable("call returned None: is the `return` missing?")
    return keras.ops.convert_to_numpy(y)


def gate_of(layer):
    """The layer's gate, which can be assigned to."""
    gate = getattr(layer, "g", None)
    if gate is None:
        raise Unusable("The layer has no attribute g: a callback looks for its gate there.")
    if not hasattr(gate, "assign"):
        raise Unusable(
            f"layer.g is of type {type(gate).__name__}, and has no `assign`. A graph keeps such a "
            "number as it was when it was traced. The gate has to be a variable."
        )
    if shape := tuple(gate.shape):
        raise Unusable(f"layer.g has shape {shape}. The gate is a single number, of shape ().")
    return gate


def once(layer_class, given: Arrays) -> Arrays:
    """The layer, called."""
    return {"y": computed(bare(layer_class, given)(given["u"]))}


def beside_the_twin(layer_class, given: Arrays) -> Arrays:
    """The layer, called; beside it, the learner's own NumPy."""
    outputs = once(layer_class, given)
    twin = own_twin(layer_class, "grelu")
    if twin is not None:
        outputs["y by your twin"] = np.asarray(twin(given["u"], float(given["g"])))
    return outputs


def in_numpy(given: Arrays) -> Arrays:
    """What grelu makes of the same numbers."""
    return {"y": grelu(given["u"], given["g"])}


def fading_tanh(layer_class, given: Arrays) -> Arrays:
    """A layer that becomes a tanh, by name and by function, and one that is made without a gate."""
    first = bare(layer_class, given, "tanh")
    return {
        "by name": computed(first(given["u"])),
        "by function": computed(bare(layer_class, given, keras.ops.tanh)(given["u"])),
        "without a word": computed(layer_class(dtype="float64")(given["u"])),
        "by name, once there are other layers": computed(first(given["u"])),
    }


def tanh_in_numpy(given: Arrays) -> Arrays:
    """(1 - g) u + g tanh(u)."""
    u, g = given.values()
    tanh = interpolate(u, np.tanh(u), g)
    names = ("by name", "by function", "by name, once there are other layers")
    return dict.fromkeys(names, tanh) | {"without a word": u}


def variables(layer_class, given: Arrays) -> Arrays:
    """What there is to train in the layer, and what there is to save."""
    layer = layer_class(g=float(given["g"]), dtype="float64")
    layer(given["u"])
    gate_of(layer)
    return {
        "trained": len(layer.trainable_weights),
        "saved": len(layer.weights),
        "size": sum(int(np.prod(weight.shape)) for weight in layer.weights),
        "gate": np.asarray(layer.g).reshape(-1).astype(float)[:1],
    }


def one_gate(given: Arrays, outputs: Arrays) -> Problem | None:
    """One number, saved, and not trained."""
    if outputs["trained"]:
        return Problem(
            f"The optimizer finds {outputs['trained']} weight to train in the layer. The gate is "
            "moved by a clock: gradient descent must not change it."
        )
    if outputs["saved"] != 1:
        return Problem(
            f"Keras knows of {outputs['saved']} variables of the layer; there is one, its gate. "
            "Only what Keras knows about is saved with the network, and loaded again."
        )
    if outputs["size"] != 1:
        return Problem(
            f"The gate has {outputs['size']} entries; it is one number for the whole layer."
        )
    if not np.allclose(outputs["gate"], given["g"]):
        return Problem(f"Made with g={given['g']}, the layer's gate is {outputs['gate'][0]:g}.")
    return None


def moved(layer_class, given: Arrays) -> Arrays:
    """The outputs of one graph while somebody else moves the gate."""
    layer = layer_class(dtype="float64")
    graph = trace(layer, signature(given))
    outputs = {}
    for g in given["gates"]:
        gate_of(layer).assign(g)
        outputs[f"y at g={g:.2f}"] = computed(graph(tf.constant(given["u"])))
    opened = layer_class(g=1.0, dtype="float64")
    gate_of(opened).assign(given["gates"][1])
    outputs[MADE_OPEN] = computed(opened(given["u"]))
    return outputs


def moved_in_numpy(given: Arrays) -> Arrays:
    """grelu at each of the gates."""
    expected = {f"y at g={g:.2f}": grelu(given["u"], g) for g in given["gates"]}
    return {**expected, MADE_OPEN: grelu(given["u"], given["gates"][1])}


def gradient(layer_class, given: Arrays) -> Arrays:
    """What goes back through the layer."""
    layer, u = bare(layer_class, given), tf.constant(given["u"])
    with tf.GradientTape() as tape:
        tape.watch(u)
        y = layer(u)
    du = tape.gradient(y, u, output_gradients=tf.constant(given["dy"]))
    if du is None:
        raise Unusable("No gradient goes back to u: something in call has cut the tape.")
    return {"du": computed(du)}


def gradient_in_numpy(given: Arrays) -> Arrays:
    """grelu_backward."""
    u, g, dy = given.values()
    return {"du": grelu_backward(dy, u, g)}


def beside_the_loss(layer_class, given: Arrays) -> Arrays:
    """What a training would move the weights by, beside the loss."""
    return added(bare(layer_class, given), given["u"])


def signature(given: Arrays):
    """Rows, any number of them."""
    return tf.TensorSpec((None, given["u"].shape[-1]), given["u"].dtype)


def traced(layer_class, given: Arrays) -> Arrays:
    """Whether the graph can be made before the numbers are known."""
    layer = bare(layer_class, given)
    return {"stumbles over": stumble(lambda: trace(layer, signature(given)))}


@keras.saving.register_keras_serializable("course_check")
def bent(u):
    """An activation of one's own, of which Keras has been told."""
    return u / (1 + keras.ops.abs(u))


def remade(layer_class, given: Arrays) -> Arrays:
    """A layer from the configuration of another, of which json has made text, and its weights."""
    layer = bare(layer_class, given, "tanh")

    def look(again) -> Arrays:
        kept = gate_of(again).dtype == "float64"
        outputs = {"y": computed(again(given["u"])), "float64 kept": kept}
        gate_of(layer).assign(0.75)
        again.set_weights(layer.get_weights())
        begun = np.asarray(gate_of(from_a_file(layer))).reshape(-1).astype(float)
        return {**outputs, "y loaded": computed(again(given["u"])), "gate begun with": begun}

    outputs = {"no text": no_text(layer.get_config()), **loaded(layer, look)}
    own = bare(layer_class, given, bent)
    lost = loaded(own, lambda again: {"y by a function": computed(again(given["u"]))})
    return {**outputs, **lost, "refused": outputs["refused"], "function lost": lost["refused"]}


def no_text(config: dict | None) -> str:
    """What json can't make text of, in words; "" if it can of all, or there is nothing."""
    for name, value in (config or {}).items():
        try:
            json.dumps(value)
        except (TypeError, ValueError):
            kind = "a function" if callable(value) else f"an object of type {type(value).__name__}"
            return f"{kind} under `{name}`"
    return ""


def remade_well(given: Arrays, outputs: Arrays) -> Problem | None:
    """The same late activation and the same first gate; then the gate that was saved."""
    u, g = given.values()
    if outputs["refused"]:
        return not_made_again("layer", outputs["refused"])
    if not np.allclose(outputs["y"], interpolate(u, np.tanh(u), g), atol=1e-7):
        return Problem(
            f"A tanh layer with g={g} is saved, and made again from what get_config holds. It is a "
            "different layer then: get_config must hold everything that the class was called "
            "with, and the activation in a form that a file can hold."
        )
    if outputs["no text"]:
        return Problem(
            f"get_config holds {outputs['no text']}. A file holds text and plain numbers, so make "
            "text of it here; `keras.activations.serialize` does that for an activation. (Keras "
            "may do it for you when it saves a whole network; whoever writes the configuration "
            "into a file of their own has nobody.)"
        )
    if outputs["function lost"]:
        return Problem(
            "A layer whose activation is a function of one's own, which Keras was told about, is "
            "saved, and can't be made again from what get_config holds: the name alone doesn't "
            "say where the function is found."
        )
    by_function = interpolate(u, u / (1 + np.abs(u)), g)
    if not np.allclose(outputs["y by a function"], by_function, atol=1e-7):
        return Problem(
            "A layer whose activation is a function of one's own is saved and made again, and has "
            "another activation then."
        )
    if not outputs["float64 kept"]:
        return lost_by_keras("layer", "dtype")
    if not outputs["name kept"]:
        return lost_by_keras("layer", "name")
    if not np.allclose(outputs["y loaded"], interpolate(u, np.tanh(u), 0.75), atol=1e-7):
        return Problem("The gate was moved and the weights were saved; loaded, it is elsewhere.")
    if not np.allclose(outputs["gate begun with"], g):
        return Problem(
            f"A layer that was made with g={g} has its gate moved to 0.75. What get_config holds "
            "then makes a layer that begins at 0.75: it must hold what the class was called with; "
            "where the gate stands now is saved with the weights."
        )
    return None


def half_precision(layer_class, given: Arrays) -> Arrays:
    """Under Keras's mixed precision: in which numbers the layer answers, and keeps its gate."""
    layer = bare(layer_class, given, dtype="mixed_float16")
    y = layer(given["u"])
    return {
        "y": keras.backend.standardize_dtype(y.dtype),
        "gate": keras.backend.standardize_dtype(gate_of(layer).dtype),
    }


def kept_precise(_: Arrays, outputs: Arrays) -> Problem | None:
    """float16 outside, float32 inside."""
    if outputs["y"] != "float16":
        return Problem(
            f"In mixed precision the layer answers in {outputs['y']}, not in float16: something "
            "in it has a dtype of its own, and slows down all that follows."
        )
    if outputs["gate"] == "float16":
        return Problem(
            "In mixed precision the gate is kept in float16; variables are kept in float32, or "
            "small moves are rounded away."
        )
    if outputs["gate"] != "float32":
        return Problem(
            f"In mixed precision the gate is kept in {outputs['gate']}, and all other variables in "
            "float32: leave its dtype to add_weight, which takes the layer's."
        )
    return None


def by_xla(layer_class, given: Arrays) -> Arrays:
    """A graph that XLA has compiled before the gate is moved."""
    layer = layer_class(dtype="float64")
    outputs = {}

    def run():
        compiled = trace(layer, signature(given), jit_compile=True)
        gate_of(layer).assign(given["g"])
        outputs["y"] = compiled(tf.constant(given["u"])).numpy()

    return {"refused": xla_refusal(run), **outputs}


def for_a_gpu(layer_class, given: Arrays) -> Arrays:
    """The graph of both passes."""
    layer = bare(layer_class, given, dtype="float32")

    def both_passes(u):
        with tf.GradientTape() as tape:
            tape.watch(u)
            loss = tf.reduce_sum(tf.square(layer(u)))
        return tape.gradient(loss, u)

    return gpu_report(trace(both_passes, tf.TensorSpec((None, 4), tf.float32)))


MOVED = "a graph sees the gate move"
TANH = "it fades in any activation"
MADE_AGAIN = "saved and loaded, it is the same layer"

EXERCISE = Exercise(
    reference=GradualActivation,
    title="An activation with a gate of its own",
    goal="Write the activation as a layer of Keras, whose gate a callback can move while a "
    "compiled network trains.",
    difficulty=2,
    minutes=35,
    kind="speed up",
    twin="grelu",
    returns={},
    ladder=(
        by_hand(
            one_row,
            how="0.75 × 2 + 0.25 × 2 = 2; 0.75 × (-4) + 0.25 × 0 = -3; 0",
            call=once,
            y=np.array([[2.0, -3.0, 0.0]]),
        ),
        equal_to_twin("grelu", half_open, in_numpy, beside_the_twin),
        exactly(matches(TANH, half_open, tanh_in_numpy, call=fading_tanh)),
        large_numbers(far_from_zero, in_numpy, once),
        matches("any number of axes", many_axes, in_numpy, call=once),
        Rung("its gate is saved, and not trained", half_open, one_gate, variables),
        matches(
            "equal to grelu_backward, going back", with_credit, gradient_in_numpy, call=gradient
        ),
        only_what_was_asked(half_open, beside_the_loss),
        traceable(half_open, traced),
        matches(
            MOVED,
            moving,
            moved_in_numpy,
            "The graph was traced at g=0, and then the gate was assigned other values.",
            call=moved,
        ),
        Rung(MADE_AGAIN, half_open, remade_well, remade),
        Rung("it works in mixed precision", half_open, kept_precise, half_precision),
        compiles(half_open, in_numpy, by_xla),
        fit_for_a_gpu(half_open, for_a_gpu),
    ),
    equivalent={
        "self.start = float(g) -> self.start = g": "g is a number as it comes",
        "self.add_weight(name='g', shape=(), initializer -> self.add_weight(shape=(), "
        "initializer": "names are for readers; there is one weight",
        "add_weight(name='g', shape=(), initializer -> add_weight(name='…', shape=(), "
        "initializer": "as above",
        "add_weight(name='g', shape=(), initializer=keras -> add_weight(name='g', "
        "initializer=keras": "Keras's default is the same",
        "self.activation = keras.activations.get(activation); self.start = float(g) -> …": (
            "the order is free"
        ),
        "self.g = self.add_weight(…); self.built = True -> self.built = True; …": (
            "the order is free"
        ),
        "self.built = True -> pass": "Keras sets it at the first call; there is nothing to build",
        "self.built = True -> self.built = False": "as above",
    },
    promises={
        "The late gate g is a variable": "its gate is saved, and not trained",
        "Whoever trains the network moves it": MOVED,
        "no gradient changes it": ("its gate is saved, and not trained", MADE_AGAIN),
        "activation: what the layer becomes": TANH,
        "g: the late gate until": ("equal to grelu, to 1e-10 in float64", TANH),
        "kwargs: what every layer": "equal to grelu, to 1e-10 in float64",
        "call: u": "any number of axes",
        "call: y": ("any number of axes", "it works in mixed precision"),
    },
    hints=(
        Hint(
            "Where does a number live that changes while a compiled network trains?",
            "TensorFlow traces the layer once and then runs the graph. What of the layer does it "
            "look at again at every step, and what did it copy when it was traced?",
        ),
        Hint(
            "What should the gate look like?",
            "It is a single number, so its shape is (). Keras has to know of it, or it isn't saved "
            "with the network; and the optimizer must leave it alone. `layer.weights` has one "
            "entry, `layer.trainable_weights` none.",
            fits=("Trainable", "VariableOfTensorFlow", "VariableThatIsCast"),
        ),
        Hint(
            "How do I take an activation by name?",
            "`keras.activations` has a function that turns a name, or a function, into the "
            "function; and another that turns it back into something that a file can hold.",
            fits=(
                "it fades in any activation",
                "saved and loaded, it is the same layer",
                "AlwaysReLU",
                "NothingStored",
                "FunctionStored",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "In `__init__`, keep `keras.activations.get(activation)` and `float(g)`, and make the "
            'gate with `self.add_weight(name="g", shape=(), initializer=…, trainable=False)` '
            "from `keras.initializers.Constant`. In `call` mix u and the activation of u with "
            "weights `1 - self.g` and `self.g`. `get_config` adds "
            "`keras.activations.serialize(self.activation)` and the first gate, under the names "
            "of the arguments.",
        ),
    ),
)


class _Wrong(GradualActivation):
    """What the mistakes share: a call that uses another mixture."""

    def call(self, u):
        """The mixture of the mistake."""
        return self.mix(u, self.activation(u))


@EXERCISE.mistake(
    "The gate is a Python number. The graph copies it when it is traced, and keeps it for good: "
    "the gate has to be a variable, which is read at every step."
)
class NumberOfPython(GradualActivation):
    """self.g = g."""

    def __init__(self, activation="relu", g=0.0, **kwargs):
        keras.layers.Layer.__init__(self, **kwargs)
        self.activation, self.start = keras.activations.get(activation), float(g)
        self.g = self.start


@EXERCISE.mistake(
    "The gate counts among the weights to train, as all do unless one says otherwise: gradient "
    "descent, or weight decay, would move it. The schedule alone opens it."
)
class Trainable(GradualActivation):
    """Without trainable=False."""

    def __init__(self, activation="relu", g=0.0, **kwargs):
        keras.layers.Layer.__init__(self, **kwargs)
        self.activation, self.start = keras.activations.get(activation), float(g)
        self.g = self.add_weight(
            name="g", shape=(), initializer=keras.initializers.Constant(self.start)
        )


@EXERCISE.mistake(
    "Keras doesn't know of a tf.Variable in a layer's attribute, so the gate isn't saved with the "
    "network, and isn't cast in mixed precision: make it with self.add_weight, and Keras does both."
)
class VariableOfTensorFlow(GradualActivation):
    """tf.Variable."""

    def __init__(self, activation="relu", g=0.0, **kwargs):
        keras.layers.Layer.__init__(self, **kwargs)
        self.activation, self.start = keras.activations.get(activation), float(g)
        self.g = tf.Variable(self.start, trainable=False, dtype=self.variable_dtype)


@EXERCISE.mistake(
    "Keras doesn't know of a tf.Variable in a layer's attribute. It is cast as it should be, but "
    "it isn't saved with the network: make the gate with self.add_weight."
)
class VariableThatIsCast(VariableOfTensorFlow):
    """tf.Variable, and tf.cast in call."""

    def call(self, u):
        """In the numbers of u."""
        u = tf.convert_to_tensor(u)
        g = tf.cast(self.g, u.dtype)
        return (1 - g) * u + g * self.activation(u)


@EXERCISE.mistake(
    "The number is taken out of the variable with float() or .numpy() in call. A graph has none to "
    "take out while it is traced: compute with the variable itself."
)
class NumberTakenOut(GradualActivation):
    """float(self.g)."""

    def call(self, u):
        """A number in place of the variable."""
        g = float(self.g.numpy())
        return (1 - g) * u + g * self.activation(u)


@EXERCISE.mistake(
    "The gate is read in __init__, when the layer is made, and call uses what was read then. Read "
    "the variable in call."
)
class ReadTooEarly(GradualActivation):
    """1 - g, kept as a number."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.open, self.shut = self.start, 1 - self.start

    def call(self, u):
        """With the numbers of __init__."""
        return self.shut * u + self.open * self.activation(u)


@EXERCISE.mistake(
    "The activation is kept on the class, which all layers share: the layer that is made last "
    "decides for the others too. Keep it on self."
)
class ActivationOfTheClass(GradualActivation):
    """The class is written where self belongs."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        ActivationOfTheClass.shared = staticmethod(self.activation)

    def call(self, u):
        """With the activation of the last layer that was made."""
        return (1 - self.g) * u + self.g * ActivationOfTheClass.shared(u)


@EXERCISE.mistake(
    "g is the weight of the late computation: at g = 0 the layer leaves u alone, at g = 1 it is "
    "the activation. Here it is the other way round."
)
class OtherWayRound(_Wrong):
    """The early and the late one exchanged."""

    def mix(self, early, late):
        """g early + (1 - g) late."""
        return self.g * early + (1 - self.g) * late


@EXERCISE.mistake(
    "The early part keeps its full weight while the late one is added: the weights are 1 - g and "
    "g, so that at the end nothing of the early one is left."
)
class EarlyPartStays(_Wrong):
    """u + g f(u)."""

    def mix(self, early, late):
        """A sum in place of a mixture."""
        return early + self.g * late


@EXERCISE.mistake(
    "The activation is always a ReLU, whatever the layer was asked for: apply the one that came "
    "in as an argument."
)
class AlwaysReLU(GradualActivation):
    """ReLU is written into call."""

    def call(self, u):
        """A leaky ReLU of slope 1 - g."""
        return keras.ops.where(u > 0, u, (1 - self.g) * u)


@EXERCISE.mistake(
    "The activation is applied to what is already mixed with the gate, f(g u): mix after the "
    "activation, not inside it."
)
class GateInside(GradualActivation):
    """f(g u)."""

    def call(self, u):
        """The gate inside the late part."""
        return (1 - self.g) * u + self.activation(self.g * u)


@EXERCISE.mistake(
    "get_config stores none of the layer's own settings, so a saved network comes back with ReLU "
    "and a shut gate: it must hold `activation` and `g` as well."
)
class NothingStored(GradualActivation):
    """Only what every layer stores."""

    def get_config(self):
        """Without the layer's own."""
        return keras.layers.Layer.get_config(self)


@EXERCISE.mistake(
    "get_config holds the variable itself, which no file can hold. The number that the class was "
    "called with goes in; where the gate stands now is saved with the weights."
)
class VariableStored(GradualActivation):
    """The variable in place of the number."""

    def get_config(self):
        """g is the variable."""
        return {**super().get_config(), "g": self.g}


@EXERCISE.mistake(
    "get_config holds the activation itself, which is a function: a file holds text. "
    "`keras.activations.serialize` gives the name that __init__ takes again."
)
class FunctionStored(GradualActivation):
    """The function in place of its name."""

    def get_config(self):
        """As it is kept."""
        return {**super().get_config(), "activation": self.activation}


@EXERCISE.mistake(
    "get_config holds the bare name of the activation's function. Keras finds its own functions by "
    "that, but not one of yours: `keras.activations.serialize` says all that it takes to find it."
)
class BareName(GradualActivation):
    """activation.__name__."""

    def get_config(self):
        """The function's name."""
        return {**super().get_config(), "activation": self.activation.__name__}


@EXERCISE.mistake(
    "The gate is kept in float32, whatever the layer's dtype: in a network of float64 it is off "
    "from the eighth digit on. `add_weight` takes the layer's dtype by itself."
)
class Float32Gate(GradualActivation):
    """dtype="float32" for the gate."""

    def __init__(self, activation="relu", g=0.0, **kwargs):
        keras.layers.Layer.__init__(self, **kwargs)
        self.activation, self.start = keras.activations.get(activation), float(g)
        first = keras.initializers.Constant(self.start)
        self.g = self.add_weight(
            name="g", shape=(), initializer=first, trainable=False, dtype="float32"
        )


@EXERCISE.mistake(
    "A layer that is made with an open gate stays the plain activation, wherever the gate is "
    "moved: what it was made with decides in call. The mixture alone is right at g = 1 too."
)
class OpenForGood(GradualActivation):
    """A shortcut for layers that are made open."""

    def call(self, u):
        """By the first gate."""
        if self.start >= 1:
            return self.activation(u)
        return (1 - self.g) * u + self.g * self.activation(u)


@EXERCISE.mistake(
    "get_config leaves out what every layer stores, its dtype among it: begin with what "
    "super().get_config() gives, and add the layer's own."
)
class OnlyItsOwn(GradualActivation):
    """Without super().get_config()."""

    def get_config(self):
        """The two arguments alone."""
        return {"activation": keras.activations.serialize(self.activation), "g": self.start}


@EXERCISE.mistake(
    "Something in call is made float32, so a network in float64, or in mixed precision, gets "
    "other numbers than it asked for: leave the dtype to Keras."
)
class Float32Inside(GradualActivation):
    """Casts what comes in."""

    def call(self, u):
        """A cast too many."""
        u, g = keras.ops.cast(u, "float32"), keras.ops.cast(self.g, "float32")
        return (1 - g) * u + g * self.activation(u)


@EXERCISE.mistake(
    "An `if` on the gate is decided once, when the graph is traced, and a tensor has no value "
    "then: no case is needed, for at g = 0 and g = 1 the mixture is right by itself."
)
class IfOnTheGate(GradualActivation):
    """A shortcut for the shut gate."""

    def call(self, u):
        """Saves the activation while the gate is shut."""
        if self.g == 0:
            return u
        return (1 - self.g) * u + self.g * self.activation(u)


@EXERCISE.alternative
class WithCasts(GradualActivation):
    """The gate cast by hand, and u plus a share of the way to the late one."""

    def call(self, u):
        """u + g (f(u) - u)."""
        g = keras.ops.cast(self.g, u.dtype)
        return u + g * (self.activation(u) - u)


@EXERCISE.alternative
class InTensorFlow(keras.layers.Layer):
    """Other names, a gate made in build, TensorFlow's operations, an update of the config."""

    def __init__(self, activation="relu", g=0.0, **kwargs):
        super().__init__(**kwargs)
        self.function = keras.activations.get(activation)
        self.g_0 = g
        self.g = self.add_weight(shape=(), initializer="zeros", trainable=False)
        self.g.assign(g)

    def call(self, inputs):
        """A multiplication by tf."""
        g = tf.convert_to_tensor(self.g)
        return tf.add(tf.multiply(inputs, 1 - g), tf.multiply(self.function(inputs), g))

    def get_config(self):
        """The gate where it stands now."""
        config = super().get_config()
        config.update(activation=keras.activations.serialize(self.function), g=self.g_0)
        return config
