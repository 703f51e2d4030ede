"""Exercise: a Keras cell of one's own, the fast form of `rnn_forward`."""

from dataclasses import replace

import keras
import numpy as np
import tensorflow as tf

from course_lib.exercises.calling.guard import Unusable, with_article
from course_lib.exercises.exercise import Arrays, Exercise, Hint, Problem, Rung
from course_lib.exercises.ladder.beyond_one_case import large_numbers
from course_lib.exercises.ladder.cell_calls import (
    added,
    ask_for_the_width,
    is_drawn,
    is_uniform,
    loaded,
    through_time,
)
from course_lib.exercises.ladder.graph_rungs import (
    compiles,
    equal_to_twin,
    fit_for_a_gpu,
    frozen,
    no_loop_over_time,
    reaches_every_weight,
    traceable,
)
from course_lib.exercises.ladder.made_again import same_when_loaded
from course_lib.exercises.ladder.nothing_added import only_what_was_asked, zeros_are_numbers
from course_lib.exercises.ladder.rungs import by_hand, irregular, matches
from course_lib.graphs import (
    gpu_report,
    gradient_sizes,
    nodes,
    own_twin,
    stumble,
    trace,
    xla_refusal,
)
from course_lib.layers.vanilla import VanillaRNNCell
from course_lib.scratch.bptt import rnn_backward
from course_lib.scratch.rnn import masked_rnn_forward, rnn_forward

MANY = 60  # units: enough of them to tell one way to begin from another


def sequence() -> Arrays:
    """Two sequences of five steps, three inputs, four units; float64."""
    return {
        "x": irregular(2, 5, 3),
        "W_xh": irregular(3, 4, shift=2),
        "W_hh": irregular(4, 4, shift=3, scale=0.7),
        "b_h": irregular(4, shift=4, scale=0.5),
    }


def one_unit() -> Arrays:
    """One input and one unit, one step from a state."""
    numbers = {"x_t": [[2.0]], "h_prev": [[0.5]], "W_xh": [[0.5]], "W_hh": [[-1.0]], "b_h": [0.3]}
    return {name: np.array(value, np.float32) for name, value in numbers.items()}


def far_from_zero() -> Arrays:
    """The sequences with inputs up to 20, and as much smaller weights."""
    given = sequence()
    return {**given, "x": 20 * given["x"], "W_xh": given["W_xh"] / 20}


def padded() -> Arrays:
    """The two sequences, of which the second ends after three steps."""
    mask = np.arange(5) < np.array([[5], [3]])
    return {**sequence(), "mask": mask}


def sizes() -> Arrays:
    """How many inputs and units a fresh cell is to have."""
    return {"m": 20, "n": MANY}


def layer_of(cell_class, given: Arrays, **settings):
    """The cell with the given weights inside keras.layers.RNN, as wide as the weights are."""
    dtype = given["x"].dtype.name
    cell = cell_class(given["W_hh"].shape[0], dtype=dtype)
    layer = keras.layers.RNN(cell, return_sequences=True, dtype=dtype, **settings)
    layer.build((None, None, given["x"].shape[2]))
    set_weights(layer, [given["W_xh"], given["W_hh"], given["b_h"]])
    ask_for_the_width(cell, given["W_hh"].shape[0])
    return layer


def set_weights(layer, weights) -> None:
    """Give a layer or a cell these weights."""
    if len(layer.get_weights()) != len(weights):
        raise Unusable("The cell doesn't have three weights.")
    layer.set_weights(weights)


def sequence_spec(given: Arrays, T=None):
    """Sequences of T steps, or of any number of them, in a batch of any size."""
    return tf.TensorSpec((None, T, given["x"].shape[2]), given["x"].dtype)


def fresh(cell_class, given: Arrays) -> Arrays:
    """What a cell knows of itself once it is built, and after a wider one was built.

    And what is built where the wider one was made in between.
    """
    cell, first = cell_class(given["n"]), cell_class(given["n"])
    size = getattr(cell, "state_size", None)
    cell.build((None, given["m"]))
    cell_class(given["n"] + 1).build((None, given["m"]))
    first.build((None, given["m"]))
    return {
        "state_size": width_of_the_state(size),
        "shapes": ", ".join(str(w.shape) for w in cell.get_weights()),
        "made": len(cell.weights),
        "trained": len(cell.trainable_weights),
        "state_size beside a wider cell": width_of_the_state(getattr(cell, "state_size", None)),
        "shapes beside a wider cell": ", ".join(str(w.shape) for w in first.get_weights()),
    }


def width_of_the_state(size) -> str:
    """What Keras reads off a state_size, in words."""
    return str(list(size) if isinstance(size, list | tuple) else [size])


def knows_itself(given: Arrays, outputs: Arrays) -> Problem | None:
    """A state size, and three weights of the right shapes, all of them trained."""
    m, n = given["m"], given["n"]
    if problem := frozen(outputs["made"], outputs["trained"]):
        return problem
    if outputs["shapes"] != ", ".join(map(str, [(m, n), (n, n), (n,)])):
        there = outputs["shapes"] or "none at all"
        return Problem(
            f"With m = {m} inputs and n = {n} units, build made these weights: {there}. It makes "
            "W_xh (m, n), W_hh (n, n) and b_h (n,), in this order, and each by self.add_weight, or "
            "Keras doesn't know of it."
        )
    if outputs["state_size"] != str([n]):
        return Problem(
            f"Keras asks every cell for its state_size, the width of what it carries from step to "
            f"step. For {n} units yours says {outputs['state_size'].strip('[]')}."
        )
    if outputs["state_size beside a wider cell"] != str([n]):
        return Problem(
            f"A cell of {n} units says {outputs['state_size beside a wider cell'].strip('[]')} for "
            f"its state_size, once another cell of {n + 1} was made: what belongs to one cell is "
            "kept on self, not on the class, which all cells share."
        )
    if outputs["shapes beside a wider cell"] != outputs["shapes"]:
        return Problem(
            f"A cell of {n} units makes weights of these shapes, if a cell of {n + 1} was made in "
            f"between: {outputs['shapes beside a wider cell']}. What belongs to one cell is kept "
            "on self, not on the class, which all cells share."
        )
    return None


def beginnings(cell_class, given: Arrays) -> Arrays:
    """Whether the weights of a fresh cell are spread as they should be.

    They are drawn anew each time: with 1,200 of them, the bounds are seven standard errors wide.
    """
    cell, other = cell_class(given["n"]), cell_class(given["n"])
    cell.build((None, given["m"]))
    other.build((None, given["m"]))
    W_xh, W_hh, b_h = cell.get_weights()
    glorot = np.sqrt(2 / (given["m"] + given["n"]))
    return {
        "W_xh like Glorot's": bool(
            abs(W_xh.std() - glorot) < 0.15 * glorot and abs(W_xh.mean()) < 0.2 * glorot
        ),
        "W_xh uniform": is_uniform(W_xh, glorot),
        "W_hh orthogonal": bool(np.abs(W_hh.T @ W_hh - np.eye(given["n"])).max() < 1e-4),
        "W_hh drawn": is_drawn(W_hh),
        "b_h zero": not b_h.any(),
        "W_xh anew": not np.array_equal(W_xh, other.get_weights()[0]),
        "W_hh anew": not np.array_equal(W_hh, other.get_weights()[1]),
    }


BEGINNINGS = {
    "W_xh like Glorot's": "W_xh doesn't start as Glorot's initialisation does: around zero, with a "
    "standard deviation of sqrt(2 / (m + n)), whatever the numbers of inputs and units.",
    "W_xh uniform": "W_xh has the right standard deviation, but it isn't uniform: some numbers lie "
    "further from zero than sqrt(6 / (m + n)), where a uniform distribution ends.",
    "W_hh orthogonal": "W_hh doesn't begin orthogonal. Only an orthogonal matrix keeps the "
    "length of every state that it is applied to, however many steps there are.",
    "W_hh drawn": "W_hh is orthogonal, but many of its numbers are equal, as in the identity: they "
    'aren\'t drawn at random, as the initializer `"orthogonal"` draws them.',
    "b_h zero": "b_h doesn't begin at zero.",
    "W_xh anew": "Two cells begin with the same W_xh: it is drawn with a seed of its own, or once "
    "for all cells. Nobody gave a seed, so each cell draws its own numbers.",
    "W_hh anew": "Two cells begin with the same W_hh: it is drawn with a seed of its own, or once "
    "for all cells. Nobody gave a seed, so each cell draws its own numbers.",
}


def begins_well(_: Arrays, outputs: Arrays) -> Problem | None:
    """Glorot, orthogonal, zero."""
    return next((Problem(BEGINNINGS[name]) for name, well in outputs.items() if not well), None)


def call_once(cell_class, given: Arrays) -> Arrays:
    """One call of a cell that holds the given weights."""
    x_t, h_prev, *weights = given.values()
    cell = cell_class(h_prev.shape[1])
    cell.build((None, x_t.shape[1]))
    set_weights(cell, weights)
    output, state = output_and_state(cell(x_t, [h_prev]))
    if keras.ops.ndim(output) == 3:
        raise Unusable(
            f"output has shape {tuple(output.shape)}, an axis too many: states is a list that "
            "holds the tensor, so take states[0]."
        )
    return {
        "output": keras.ops.convert_to_numpy(output),
        "new state": keras.ops.convert_to_numpy(state),
    }


def output_and_state(returned):
    """What `call` returned, apart; the state may stand in a list or by itself, as for Keras."""
    if returned is None:
        raise Unusable("call returned None: is the `return` missing?")
    if not isinstance(returned, tuple | list) or len(returned) != 2:
        kind = with_article(type(returned).__name__)
        raise Unusable(
            f"call returned {kind}; it returns two things: h_t, and the list of new states, [h_t]."
        )
    output, states = returned
    if isinstance(output, tuple | list):
        raise Unusable("call returned a list first; h_t comes first, the list of states second.")
    if not isinstance(states, tuple | list):
        return output, states
    if len(states) != 1:
        raise Unusable(f"call returned {len(states)} new states; a vanilla RNN has one: [h_t].")
    return output, states[0]


def unrolled(cell_class, given: Arrays) -> Arrays:
    """Keras runs the cell over the sequences; beside it, the learner's own NumPy."""
    layer = layer_of(cell_class, given, return_state=True)
    h, h_last = layer(given["x"], training=True)  # which makes no difference here
    outputs = {"h": keras.ops.convert_to_numpy(h), "h_last": keras.ops.convert_to_numpy(h_last)}
    twin = own_twin(cell_class, "rnn_forward")
    if twin is not None:
        h_0 = np.zeros((len(given["x"]), given["W_hh"].shape[0]))
        outputs["h by your twin"], _ = twin(
            given["x"], h_0, given["W_xh"], given["W_hh"], given["b_h"]
        )
    return outputs


def in_numpy(given: Arrays) -> Arrays:
    """What rnn_forward makes of the same numbers."""
    x, *weights = given.values()
    h, _ = rnn_forward(x, np.zeros((len(x), weights[1].shape[0])), *weights)
    return {"h": h, "h_last": h[:, -1]}


def states_in_numpy(given: Arrays) -> Arrays:
    """All states of `in_numpy`."""
    return {"h": in_numpy(given)["h"]}


def two_batches(cell_class, given: Arrays) -> Arrays:
    """The sequences after another batch."""
    layer = layer_of(cell_class, given)
    layer(-given["x"])
    return {"h": keras.ops.convert_to_numpy(layer(given["x"]))}


def beside_the_loss(cell_class, given: Arrays) -> Arrays:
    """What a training would move the weights by, beside the loss."""
    return added(layer_of(cell_class, given), given["x"])


def with_mask(cell_class, given: Arrays) -> Arrays:
    """Keras skips the padding of shorter sequences."""
    layer = layer_of(cell_class, given, return_state=True)
    _, h_last = layer(given["x"], mask=given["mask"])
    return {"h_last": keras.ops.convert_to_numpy(h_last)}


def masked_in_numpy(given: Arrays) -> Arrays:
    """What masked_rnn_forward makes of the same numbers."""
    x, W_xh, W_hh, b_h, mask = given.values()
    _, h_last = masked_rnn_forward(x, mask, np.zeros((len(x), len(b_h))), W_xh, W_hh, b_h)
    return {"h_last": h_last}


def traced(cell_class, given: Arrays) -> Arrays:
    """Whether the graph can be made before batch and number of steps are known."""
    layer = layer_of(cell_class, given)
    return {"stumbles over": stumble(lambda: trace(layer, sequence_spec(given)))}


def graph_sizes(cell_class, given: Arrays) -> Arrays:
    """How many operations the graph has for ten and for twenty steps."""
    layer = layer_of(cell_class, given)
    return {
        f"operations at T={T}": len(nodes(trace(layer, sequence_spec(given, T)))) for T in (10, 20)
    }


def gradients(cell_class, given: Arrays) -> Arrays:
    """What reaches each weight from a loss at all steps."""
    layer = layer_of(cell_class, given)
    sizes = gradient_sizes(
        lambda: tf.reduce_sum(tf.square(layer(given["x"]))), layer.trainable_variables
    )
    return {"gradients": sizes}


def back(cell_class, given: Arrays) -> Arrays:
    """The gradient of a loss at all steps."""
    return through_time(layer_of(cell_class, given), given["x"], ("dW_xh", "dW_hh", "db_h"))


def backward_in_numpy(given: Arrays) -> Arrays:
    """The same by rnn_backward; the gradient of half a square is the state itself."""
    x, *weights = given.values()
    h, cache = rnn_forward(x, np.zeros((len(x), weights[1].shape[0])), *weights)
    return dict(zip(("dW_xh", "dW_hh", "db_h"), rnn_backward(h, cache)[2:], strict=True))


def by_xla(cell_class, given: Arrays) -> Arrays:
    """The sequences read by a graph that XLA has compiled."""
    layer = layer_of(cell_class, given)
    outputs = {}

    def run():
        compiled = trace(layer, sequence_spec(given), jit_compile=True)
        outputs["h"] = compiled(tf.constant(given["x"])).numpy()

    return {"refused": xla_refusal(run), **outputs}


def for_a_gpu(cell_class, given: Arrays) -> Arrays:
    """The graph of a training step's two passes."""
    given = {name: value.astype(np.float32) for name, value in given.items()}
    layer = layer_of(cell_class, given)

    def both_passes(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(layer(x)))
        return tape.gradient(loss, [w.value for w in layer.trainable_weights])

    return gpu_report(trace(both_passes, sequence_spec(given)))


def made_again(cell_class, given: Arrays) -> Arrays:
    """A cell from the configuration of another; how wide it is, and in which dtype."""

    def look(again) -> Arrays:
        again.build((None, given["m"]))
        weights = again.get_weights()
        return {"units": weights[-1].size, "dtype": weights[0].dtype.name}

    return loaded(cell_class(given["n"], dtype="float64"), look)


def called_with(given: Arrays) -> Arrays:
    """What that cell is made with."""
    return {"units": given["n"], "dtype": "float64"}


EXERCISE = Exercise(
    reference=VanillaRNNCell,
    title="A Keras cell of your own",
    goal="Write the step of chapter 1 as a cell that Keras can run over time, compile, train and "
    "save.",
    difficulty=2,
    minutes=35,
    kind="speed up",
    twin="rnn_forward",
    returns={},
    ladder=(
        Rung("it has a state size and three weights", sizes, knows_itself, fresh),
        by_hand(
            one_unit,
            how="tanh(2 × 0.5 + 0.5 × (-1) + 0.3) = tanh(0.8) = 0.664037",
            call=call_once,
            output=np.array([[0.66403677]]),
            **{"new state": np.array([[0.66403677]])},
        ),
        equal_to_twin("rnn_forward", sequence, in_numpy, unrolled),
        matches(
            "a batch is not affected by the one before",
            sequence,
            states_in_numpy,
            "After another batch, the sequences give a different result: a state was kept in the "
            "cell, but it comes in with `states` and goes out with the result.",
            call=two_batches,
        ),
        traceable(sequence, traced),
        no_loop_over_time(sequence, graph_sizes),
        reaches_every_weight(sequence, gradients),
        replace(  # the way back is that of a tanh: it knows nothing of a mistake on the way there
            matches(
                "the gradient goes back through all steps",
                sequence,
                backward_in_numpy,
                "The states are right, but not their gradient: something on the way stops it.",
                call=back,
            ),
            right=None,
        ),
        large_numbers(far_from_zero, states_in_numpy, two_batches),
        zeros_are_numbers(sequence, states_in_numpy, two_batches),
        only_what_was_asked(sequence, beside_the_loss),
        matches("padding is skipped", padded, masked_in_numpy, call=with_mask),
        Rung("the weights begin as they should", sizes, begins_well, beginnings),
        same_when_loaded("cell", sizes, called_with, made_again),
        compiles(sequence, states_in_numpy, by_xla),
        fit_for_a_gpu(sequence, for_a_gpu),
    ),
    equivalent={
        "n = (input_shape[-1], self.units) -> n = (input_shape[1], self.units)": (
            "the shape of one step has two axes"
        ),
        "self.add_weight(name=…, initializer -> self.add_weight(shape=…, initializer": (
            "names are for readers; the order tells the weights apart"
        ),
        "add_weight(name='…', shape=(…), -> add_weight(name='…', shape=(…),": "as above",
        "add_weight(name='b_h', shape=(n,), initializer -> add_weight(name='…', shape=(n,), "
        "initializer": "as above",
        "W_xh', shape=(m, n), initializer='glorot_uniform') -> W_xh', shape=(m, n))": (
            "Keras's default is the same"
        ),
        "states, training=False): -> states, training=True):": "there is no dropout in it",
        "h_prev = states[0] -> h_prev = states[-1]": "the list holds one state",
        "self.units = units; self.state_size = units -> self.state_size = units; self.units = "
        "units": "neither depends on the other",
    },
    promises={
        "h_t = tanh": "equal to rnn_forward, to 1e-10 in float64",
        "Wrap it in": "equal to rnn_forward, to 1e-10 in float64",
        "units: number": "it has a state size and three weights",
        "kwargs: what every layer": "equal to rnn_forward, to 1e-10 in float64",
        "build: W_xh (m, n) starts": "the weights begin as they should",
        "build: input_shape": "TensorFlow can trace it, whatever the size of the batch",
        "call: x_t": "a case small enough to do by hand",
        "call: states": "a case small enough to do by hand",
        "call: training": "scaffold: `training` stands in the stub's signature",
        "call: The output of the step": "a case small enough to do by hand",
    },
    hints=(
        Hint(
            "Where do I begin?",
            "Who calls what, and when? Keras makes the cell first, then says how wide the input "
            "is, then feeds it one step after the other, and at the end it stores it. "
            "There is one method for each of these moments. What is known in each?",
        ),
        Hint(
            "Which shapes go where?",
            "`input_shape` is (batch, m), and only m matters. Inside `call`, x_t is (batch, m); "
            "`states` is a *list* with one tensor (batch, n), because some cells have two states. "
            "What is returned has the same form: (batch, n), and a list with one tensor.",
            fits=(
                "NoRecurrence",
                "OldStateReturned",
                "StateOfItsOwn",
                "a case small enough to do by hand",
                "a batch is not affected by the one before",
            ),
        ),
        Hint(
            "It is right in the first checks, but not when it is traced.",
            "To compile a model, Keras runs `call` once with tensors that hold no numbers, and "
            "records the operations. NumPy, `.numpy()`, `if` and `for` on a tensor need numbers at "
            "that moment. Operations of `keras.ops` or TensorFlow don't. And a variable made in "
            "`call` would be made anew at every trace.",
            fits=(
                "NumPyInside",
                "NumbersTakenOut",
                "IfOnATensor",
                "VariableInCall",
                "TensorFlow can trace it, whatever the size of the batch",
                "compiles with XLA, and stays right",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "In `__init__` keep `units`, and set `self.state_size` to it. In `build` call "
            "`self.add_weight(name=…, shape=…, initializer=…)` three times, with "
            '`"glorot_uniform"`, `"orthogonal"` and `"zeros"`. In `call` write your `rnn_step` '
            "with `keras.ops.matmul` and `keras.ops.tanh`, from `states[0]`, and return the new "
            "state and a list that holds it. In `get_config` add `units` to the dict that "
            "`super().get_config()` gives.",
        ),
    ),
)


class _Wrong(VanillaRNNCell):
    """What the mistakes share: a call that uses another step."""

    def call(self, x_t, states, training=False):
        """The step of the mistake as output and as state."""
        h_t = self.step(x_t, states[0])
        return h_t, [h_t]


@EXERCISE.mistake("The tanh is missing from the Keras cell: without it the network is linear.")
class NoTanh(_Wrong):
    """A linear cell."""

    def step(self, x_t, h_prev):
        """The sum alone."""
        return x_t @ self.W_xh + h_prev @ self.W_hh + self.b_h


@EXERCISE.mistake(
    "What is handed on to the next step is the sum before the tanh: the new state is h_t itself, "
    "as the output is."
)
class SumHandedOn(_Wrong):
    """The tanh for the output alone."""

    def call(self, x_t, states, training=False):
        """The sum as state."""
        a_t = x_t @ self.W_xh + states[0] @ self.W_hh + self.b_h
        return keras.ops.tanh(a_t), [a_t]


@EXERCISE.mistake(
    "The cell doesn't use states[0]: the old state has to go through W_hh into the sum."
)
class NoRecurrence(_Wrong):
    """A feed-forward cell."""

    def step(self, x_t, h_prev):
        """Only the input."""
        return keras.ops.tanh(x_t @ self.W_xh + self.b_h)


@EXERCISE.mistake(
    "NumPy can't work inside call: when Keras compiles a model, x_t holds no numbers yet, so use "
    "keras.ops.matmul and keras.ops.tanh."
)
class NumPyInside(_Wrong):
    """Right as long as nothing is compiled."""

    def step(self, x_t, h_prev):
        """The step of chapter 1, as it was in NumPy."""
        return np.tanh(x_t @ self.W_xh + h_prev @ self.W_hh + self.b_h)


@EXERCISE.mistake(
    "`.numpy()` takes the numbers out of a tensor. While Keras compiles a model there are none "
    "yet, and what is computed from them has no gradient: go on with the tensor itself."
)
class NumbersTakenOut(_Wrong):
    """Takes the numbers out, to go on in NumPy."""

    def step(self, x_t, h_prev):
        """In NumPy, and back."""
        a_t = (x_t @ self.W_xh + h_prev @ self.W_hh + self.b_h).numpy()
        return tf.constant(np.tanh(a_t))


@EXERCISE.mistake(
    "The cell need not care about padding: an `if` on a tensor would be decided once, while the "
    "graph is made, for all steps and sequences. keras.layers.RNN skips the padding by its mask."
)
class IfOnATensor(_Wrong):
    """Leaves the state alone where the input is all zeros."""

    def step(self, x_t, h_prev):
        """One decision for the whole batch."""
        if keras.ops.max(keras.ops.abs(x_t)) == 0:
            return h_prev
        return VanillaRNNCell.call(self, x_t, [h_prev])[0]


@EXERCISE.mistake(
    "A variable is made in call, which runs at every step, so each graph would make one after "
    "another: make weights once, in build. What is computed from them is a tensor, and needs none."
)
class VariableInCall(_Wrong):
    """The sum goes into a variable."""

    def step(self, x_t, h_prev):
        """As one keeps numbers in plain Python."""
        a_t = tf.Variable(x_t @ self.W_xh + h_prev @ self.W_hh + self.b_h)
        return keras.ops.tanh(a_t)


@EXERCISE.mistake(
    "The bias is added to the tanh, not inside it: tanh takes the sum of both products and b_h."
)
class BiasOutsideTheTanh(_Wrong):
    """A bracket closed too early."""

    def step(self, x_t, h_prev):
        """tanh(…) + b_h."""
        return keras.ops.tanh(x_t @ self.W_xh + h_prev @ self.W_hh) + self.b_h


@EXERCISE.mistake("The bias b_h is built but never added: put it into the sum inside the tanh.")
class NoBias(_Wrong):
    """A cell without bias."""

    def step(self, x_t, h_prev):
        """No bias."""
        return keras.ops.tanh(x_t @ self.W_xh + h_prev @ self.W_hh)


@EXERCISE.mistake(
    "The old state is returned as the new one: the list must hold h_t, or nothing is carried to "
    "the next step."
)
class OldStateReturned(VanillaRNNCell):
    """The state never moves."""

    def call(self, x_t, states, training=False):
        """Right output, old state."""
        h_t, _ = super().call(x_t, states)
        return h_t, [states[0]]


@EXERCISE.mistake(
    "Input and state, side by side, meet the two matrices in the other order: what stands first in "
    "[x_t, h_prev] is multiplied by the upper rows, so these are W_xh."
)
class StackedTheWrongWay(_Wrong):
    """[x_t, h_prev] @ [W_hh; W_xh]."""

    def step(self, x_t, h_prev):
        """One product."""
        rows = keras.ops.concatenate([self.W_hh, self.W_xh], axis=0)
        return keras.ops.tanh(keras.ops.concatenate([x_t, h_prev], axis=1) @ rows + self.b_h)


@EXERCISE.mistake(
    "W_hh is applied transposed: with states as rows the product is matmul(h_prev, W_hh)."
)
class TransposedRecurrence(_Wrong):
    """W_hh.T."""

    def step(self, x_t, h_prev):
        """The transposed recurrence."""
        W_hh = keras.ops.transpose(self.W_hh)
        return keras.ops.tanh(x_t @ self.W_xh + h_prev @ W_hh + self.b_h)


@EXERCISE.mistake(
    "The cell keeps the state in an attribute, so each batch begins where the last one ended: the "
    "old state comes in with `states`, zero at the start of each sequence."
)
class StateOfItsOwn(VanillaRNNCell):
    """Remembers the state by itself."""

    kept = None

    def call(self, x_t, states, training=False):
        """From the state that it kept."""
        h_t, _ = super().call(x_t, [states[0] if self.kept is None else self.kept])
        self.kept = h_t
        return h_t, [h_t]


@EXERCISE.mistake(
    "`units` is kept on the class, which all cells share: the cell that is made last decides for "
    "the others too. Keep it on self."
)
class UnitsOfTheClass(VanillaRNNCell):
    """The class is written where self belongs."""

    def __init__(self, units, **kwargs):
        super().__init__(units, **kwargs)
        UnitsOfTheClass.kept = units

    @property
    def state_size(self):
        """That of the cell which was made last."""
        return UnitsOfTheClass.kept

    @state_size.setter
    def state_size(self, _):
        """What the right cell says of itself is not kept."""


@EXERCISE.mistake(
    "The gradient stops at each step, so that nothing is learned about what came earlier: the "
    "state is not to be taken out of the tape, by tf.stop_gradient or otherwise."
)
class GradientStopped(_Wrong):
    """Cuts the recurrence out of the tape."""

    def step(self, x_t, h_prev):
        """Right states."""
        return VanillaRNNCell.call(self, x_t, [tf.stop_gradient(h_prev)])[0]


@EXERCISE.mistake(
    "Something in the step is made in float32 while the layer computes in float64: take the dtype "
    "from the layer, self.compute_dtype, or leave it to Keras."
)
class Float32Inside(_Wrong):
    """Casts what comes in, as many examples on the web do."""

    def step(self, x_t, h_prev):
        """A cast too many."""
        x_t = keras.ops.cast(keras.ops.cast(x_t, "float32"), self.compute_dtype)
        return VanillaRNNCell.call(self, x_t, [h_prev])[0]


@EXERCISE.mistake(
    "W_hh doesn't begin as an orthogonal matrix. It is applied at every step, and only an "
    "orthogonal one makes no state longer or shorter each time."
)
class AnyStart(VanillaRNNCell):
    """Keras's default for all weights."""

    def build(self, input_shape):
        """Without a word on how they begin."""
        m, n = input_shape[-1], self.units
        self.W_xh = self.add_weight(name="W_xh", shape=(m, n))
        self.W_hh = self.add_weight(name="W_hh", shape=(n, n))
        self.b_h = self.add_weight(name="b_h", shape=(n,), initializer="zeros")


@EXERCISE.mistake(
    'W_xh has the right spread, but it isn\'t uniform, nor is what "glorot_normal" draws: take '
    '"glorot_uniform".'
)
class GlorotsNormal(VanillaRNNCell):
    """The other of the two initialisers that have his name."""

    def build(self, input_shape):
        """W_xh drawn again."""
        super().build(input_shape)
        self.W_xh.assign(keras.initializers.GlorotNormal()(self.W_xh.shape))


@EXERCISE.mistake(
    "get_config stores none of the cell's own settings, so the cell can't be recreated from a "
    "file: it must hold `units`, besides what super().get_config() gives."
)
class UnitsNotStored(VanillaRNNCell):
    """Only what every layer stores."""

    def get_config(self):
        """Without units."""
        return keras.layers.Layer.get_config(self)


@EXERCISE.mistake(
    "When the cell is built, Keras knows of no weight in it, so no optimizer will find one: make "
    "them in build, by self.add_weight, which also gives them a name and a place in the saved file."
)
class WeightsThatAreNone(_Wrong):
    """Random tensors in place of weights."""

    def build(self, input_shape):
        """Made once, but no variables."""
        m, n = input_shape[-1], self.units
        self.W_xh = keras.random.normal((m, n), stddev=(2 / (m + n)) ** 0.5)
        self.W_hh = keras.initializers.Orthogonal()((n, n))
        self.b_h = keras.ops.zeros(n)

    def step(self, x_t, h_prev):
        """Right, with weights that stay as they are."""
        return keras.ops.tanh(x_t @ self.W_xh + h_prev @ self.W_hh + self.b_h)


@EXERCISE.alternative
class WithOneProduct(_Wrong):
    """Input and state side by side, the weights stacked."""

    def step(self, x_t, h_prev):
        """One product."""
        both = keras.ops.concatenate([x_t, h_prev], axis=1)
        weights = keras.ops.concatenate([self.W_xh, self.W_hh], axis=0)
        return keras.ops.tanh(both @ weights + self.b_h)


@EXERCISE.alternative
class WithEinsum(_Wrong):
    """Sums written as einsum."""

    def step(self, x_t, h_prev):
        """The same sum in another order."""
        a_t = self.b_h + keras.ops.einsum("bj,jn->bn", h_prev, self.W_hh)
        return keras.ops.tanh(a_t + keras.ops.einsum("bi,in->bn", x_t, self.W_xh))


@EXERCISE.alternative
class InTensorFlow(keras.layers.Layer):
    """TensorFlow's own operations, other names, initialisers as objects, a state without list."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.n = units

    @property
    def state_size(self):
        """As a list, one entry a state."""
        return [self.n]

    def build(self, input_shape):
        """Glorot's limit written out."""
        limit = (6 / (input_shape[1] + self.n)) ** 0.5
        start = keras.initializers.RandomUniform(-limit, limit)
        self.u = self.add_weight(shape=(input_shape[1], self.n), initializer=start)
        self.w = self.add_weight(
            shape=(self.n, self.n), initializer=keras.initializers.Orthogonal()
        )
        self.b = self.add_weight(shape=(self.n,), initializer="zeros")

    def call(self, inputs, states, **kwargs):
        """Keras takes a single state by itself as well."""
        (state,) = states
        state = tf.math.tanh(tf.nn.bias_add(tf.matmul(inputs, self.u) + state @ self.w, self.b))
        return state, state

    def get_config(self):
        """An update in place of an unpacking."""
        config = super().get_config()
        config.update(units=self.n)
        return config


@EXERCISE.alternative
class KerasOwn(keras.layers.SimpleRNNCell):
    """Keras's own cell."""
