"""Exercise: a Keras cell of one's own."""

import numpy as np

import course_lib.quiet  # noqa: F401  (first: TensorFlow is loaded without its chatter)

# isort: split
import keras
import tensorflow as tf

from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.guard import Unusable, with_article
from course_lib.exercises.rungs import by_hand, irregular, matches, shapes
from course_lib.layers.vanilla import VanillaRNNCell
from course_lib.scratch.rnn import rnn_forward, rnn_step


def one_step() -> Arrays:
    """Two sequences, three inputs, four units; one step."""
    return {
        "x_t": irregular(2, 3).astype(np.float32),
        "h_prev": irregular(2, 4, shift=1, scale=0.8).astype(np.float32),
        "W_xh": irregular(3, 4, shift=2).astype(np.float32),
        "W_hh": irregular(4, 4, shift=3, scale=0.7).astype(np.float32),
        "b_h": irregular(4, shift=4, scale=0.5).astype(np.float32),
    }


def one_unit() -> Arrays:
    """One input and one unit."""
    numbers = {"x_t": [[2.0]], "h_prev": [[0.5]], "W_xh": [[0.5]], "W_hh": [[-1.0]], "b_h": [0.3]}
    return {name: np.array(value, np.float32) for name, value in numbers.items()}


def sequence() -> Arrays:
    """Two sequences of five steps."""
    given = one_step()
    del given["x_t"], given["h_prev"]
    return {"x": irregular(2, 5, 3).astype(np.float32), **given}


def call_once(cell_class, given: Arrays) -> Arrays:
    """One call of a cell that holds the given weights."""
    x_t, h_prev, *weights = given.values()
    cell = cell_class(h_prev.shape[1])
    cell.build(x_t.shape)
    cell.set_weights(weights)
    output, state = _output_and_state(cell(x_t, [h_prev]))
    if keras.ops.ndim(output) == 3:
        raise Unusable(
            f"output has shape {tuple(output.shape)}, an axis too many: states is a list that "
            "holds the tensor, so take states[0]."
        )
    return {
        "output": keras.ops.convert_to_numpy(output),
        "new state": keras.ops.convert_to_numpy(state),
    }


def _output_and_state(returned):
    """What `call` returned, apart; the state may stand in a list or by itself, as for Keras."""
    if returned is None:
        raise Unusable("call returned None: is the `return` missing?")
    if not isinstance(returned, tuple | list) or len(returned) != 2:
        kind = with_article(type(returned).__name__)
        raise Unusable(
            f"call returned {kind}; it returns two things: h_t, and the list of new states, [h_t]."
        )
    output, states = returned
    if not isinstance(states, tuple | list):
        return output, states
    if len(states) != 1:
        raise Unusable(f"call returned {len(states)} new states; a vanilla RNN has one: [h_t].")
    return output, states[0]


def run_layer(cell_class, given: Arrays) -> Arrays:
    """The cell inside keras.layers.RNN, over a sequence."""
    x, *weights = given.values()
    layer = keras.layers.RNN(
        cell_class(weights[1].shape[0]), return_sequences=True, return_state=True
    )
    layer.build(x.shape)
    layer.set_weights(weights)
    h, h_last = layer(x)
    return {"h": keras.ops.convert_to_numpy(h), "h_last": keras.ops.convert_to_numpy(h_last)}


def compiled(cell_class, given: Arrays) -> Arrays:
    """The cell compiled into a graph, as `fit` does it."""
    x, *weights = given.values()
    layer = keras.layers.RNN(cell_class(weights[1].shape[0]), return_sequences=True)
    layer.build(x.shape)
    layer.set_weights(weights)
    try:
        graph = tf.function(layer, autograph=False).get_concrete_function(tf.TensorSpec(x.shape))
    except NotImplementedError:  # how TensorFlow refuses
        raise Unusable(
            "call makes a NumPy array of a tensor, which Keras can't do when it compiles a model: "
            "call then runs once without any numbers, to see what is computed."
        ) from None
    return {"h": keras.ops.convert_to_numpy(graph(tf.constant(x)))}


def numpy_step(given: Arrays) -> Arrays:
    """What rnn_step makes of the same numbers."""
    h_t = rnn_step(*given.values())
    return {"output": h_t, "new state": h_t}


def numpy_sequence(given: Arrays) -> Arrays:
    """What rnn_forward makes of the same numbers."""
    x, *weights = given.values()
    h, _ = rnn_forward(x, np.zeros((len(x), weights[1].shape[0])), *weights)
    return {"h": h, "h_last": h[:, -1]}


def simple_rnn(given: Arrays) -> Arrays:
    """Keras's own layer with the same weights."""
    x, *weights = given.values()
    layer = keras.layers.SimpleRNN(weights[1].shape[0], return_sequences=True, return_state=True)
    layer.build(x.shape)
    layer.set_weights(weights)
    h, h_last = layer(x)
    return {"h": keras.ops.convert_to_numpy(h), "h_last": keras.ops.convert_to_numpy(h_last)}


EXERCISE = Exercise(
    reference=VanillaRNNCell,
    title="A Keras cell of your own",
    goal="Write the same step for Keras, which unrolls it over time, compiles it and trains it.",
    difficulty=2,
    minutes=15,
    returns={},
    kind="speed up",
    ladder=(
        shapes(one_step, call=call_once, output=(2, 4), **{"new state": (2, 4)}),
        by_hand(
            one_unit,
            how="tanh(2 × 0.5 + 0.5 × (-1) + 0.3) = tanh(0.8) = 0.664037",
            call=call_once,
            output=np.array([[0.66403677]]),
            **{"new state": np.array([[0.66403677]])},
        ),
        matches("equal to your NumPy step", one_step, numpy_step, call=call_once),
        matches(
            "unrolled by Keras, equal to rnn_forward", sequence, numpy_sequence, call=run_layer
        ),
        matches(
            "equal to keras.layers.SimpleRNN with the same weights",
            sequence,
            simple_rnn,
            call=run_layer,
        ),
        matches(
            "compiled, as Keras does to train it, still the same",
            sequence,
            lambda given: {"h": simple_rnn(given)["h"]},
            call=compiled,
        ),
    ),
    hints=(
        Hint(
            "What is `states`?",
            "A list, because some cells have two states (an LSTM does). Here it holds one tensor: "
            "`states[0]` is h_{t-1}.",
        ),
        Hint(
            "Can I use NumPy inside call?",
            "No: Keras compiles `call` into a graph, on the GPU if there is one. Use "
            "`keras.ops.matmul`, `keras.ops.tanh` and plain `+`.",
        ),
        Hint(
            "Why return h_t twice?",
            "Once as the output of the step, once inside a list as the new state. In the vanilla "
            "RNN they are the same tensor.",
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
    "W_hh is applied transposed: with states as rows the product is matmul(h_prev, W_hh)."
)
class TransposedRecurrence(_Wrong):
    """W_hh.T."""

    def step(self, x_t, h_prev):
        """The transposed recurrence."""
        W_hh = keras.ops.transpose(self.W_hh)
        return keras.ops.tanh(x_t @ self.W_xh + h_prev @ W_hh + self.b_h)


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
