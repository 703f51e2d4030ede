"""Exercise: the LSTM as a Keras cell, all gates in one product."""

from dataclasses import replace

import keras
import numpy as np
import tensorflow as tf

from course_lib.exercises.exercise import Arrays, Exercise, Hint, Problem, Rung
from course_lib.exercises.gated_cells.cases import LSTM, one_unit_weights, weights
from course_lib.exercises.gated_cells.cell_rungs import (
    begins_as_said,
    few_products,
    learns_from_all_steps,
)
from course_lib.exercises.ladder.beyond_one_case import large_numbers
from course_lib.exercises.ladder.cell_calls import (
    added,
    all_states,
    audited,
    compiled,
    gradients,
    growing,
    is_drawn,
    is_uniform,
    layer_of,
    loaded,
    products,
    returned,
    set_weights,
    side_by_side,
    through_time,
    tracing,
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
from course_lib.graphs import own_twin
from course_lib.layers.lstm import LSTMCell
from course_lib.scratch.gated import lstm_step

COLUMNS = "ifco"  # the order of Keras
STATES = ["h_t", "c_t"]


def sequence() -> Arrays:
    """Two sequences of five steps, three inputs, four units; float64."""
    return {"x": irregular(2, 5, 3), "params": weights(LSTM, 3, 4)}


def one_unit() -> Arrays:
    """One input and one unit; three gates are a quarter or three quarters open."""
    third = float(np.log(3.0))
    biases = {"b_i": -third, "b_f": third, "b_o": third, "b_c": float(np.arctanh(0.6))}
    return {
        "x_t": np.array([[1.0]]),
        "h_prev": np.array([[0.5]]),
        "c_prev": np.array([[0.8]]),
        "params": one_unit_weights(LSTM, **biases),
    }


def sizes() -> Arrays:
    """How many inputs and units a fresh cell is to have, and another start of the forget gate."""
    return {"m": 20, "n": 50, "forget_bias": 2.5}


def with_settings() -> Arrays:
    """The sequences, and another start of the forget gate; no decimal of it may be lost."""
    return {**sequence(), "forget_bias": 2.375}


def far_from_zero() -> Arrays:
    """Large inputs by small weights; gates nearly open, and a memory that grows for 14 steps."""
    params = {
        name: w / 20 if name.startswith("W_x") else w for name, w in weights(LSTM, 3, 4).items()
    }
    for name, more in {"b_i": 9.0, "b_f": 9.0, "b_c": 3.0}.items():
        params[name] = params[name] + more
    return {"x": irregular(2, 14, 3, scale=20.0), "params": params}


def laid_out(cell_class, given: Arrays, **settings):
    """The cell with the given weights in a layer over time."""
    x, params = given["x"], given["params"]
    cell = cell_class(len(params["W_hc"]), dtype=x.dtype.name)
    return layer_of(cell, side_by_side(params, COLUMNS), x.shape[2], x.dtype.name, **settings)


def fresh(cell_class, given: Arrays) -> Arrays:
    """What a cell knows of itself once it is built, and after a wider one was built.

    And what is built where the wider one was made in between.
    """
    cell, first = cell_class(given["n"]), cell_class(given["n"])
    cell.build((None, given["m"]))
    size = getattr(cell, "state_size", None)
    cell_class(given["n"] + 1).build((None, given["m"]))
    first.build((None, given["m"]))
    return {
        "state_size": widths_of_the_states(size),
        "shapes": ", ".join(str(tuple(w.shape)) for w in cell.weights),
        "made": len(cell.weights),
        "trained": len(cell.trainable_weights),
        "state_size beside a wider cell": widths_of_the_states(getattr(cell, "state_size", None)),
        "shapes beside a wider cell": ", ".join(str(tuple(w.shape)) for w in first.weights),
    }


def widths_of_the_states(size) -> str:
    """What Keras reads off a state_size, in words."""
    return "nothing" if size is None else str(list(np.ravel(size).tolist()))


def knows_itself(given: Arrays, outputs: Arrays) -> Problem | None:
    """Two states, and three weights of the right shapes, all of them trained."""
    m, n = given["m"], given["n"]
    if problem := frozen(outputs["made"], outputs["trained"]):
        return problem
    if outputs["shapes"] != ", ".join(map(str, [(m, 4 * n), (n, 4 * n), (4 * n,)])):
        return Problem(
            f"With m = {m} inputs and n = {n} units, build made these weights: "
            f"{outputs['shapes'] or 'none at all'}. It makes three, W_x (m, 4n), W_h (n, 4n) and "
            "b (4n,), in this order, and each by self.add_weight, or Keras doesn't know of it."
        )
    if outputs["state_size"] != str([n, n]):
        return Problem(
            "Keras asks every cell for its state_size, the width of each thing that it carries "
            f"from step to step. An LSTM carries two. With {n} units, yours says "
            f"{outputs['state_size']}."
        )
    if outputs["state_size beside a wider cell"] != str([n, n]):
        return Problem(
            f"A cell of {n} units says {outputs['state_size beside a wider cell']} for its "
            f"state_size, once another cell of {n + 1} was made: what belongs to one cell is kept "
            "on self, not on the class, which all cells share."
        )
    if outputs["shapes beside a wider cell"] != outputs["shapes"]:
        return Problem(
            f"A cell of {n} units makes weights of these shapes, if a cell of {n + 1} was made in "
            f"between: {outputs['shapes beside a wider cell']}. What belongs to one cell is kept "
            "on self, not on the class, which all cells share."
        )
    return None


def beginnings(cell_class, given: Arrays) -> Arrays:
    """Whether fresh weights are as they should be.

    They are drawn anew each time: with 4,000 of them the bounds are ten standard errors wide.
    """
    m, n = given["m"], given["n"]
    outputs = {}
    for bias, cell in {
        1.0: cell_class(n),
        given["forget_bias"]: cell_class(n, forget_bias=given["forget_bias"]),
        0.0: cell_class(n, forget_bias=0.0),
    }.items():
        cell.build((None, m))
        W_x, W_h, b = cell.get_weights()
        other = cell_class(n)
        other.build((None, m))
        seen = other.get_weights()
        glorot = np.sqrt(2 / (m + 4 * n))
        outputs |= {
            "W_x lies around 0 with a standard deviation of sqrt(2 / (m + 4n))": bool(
                abs(W_x.std() - glorot) < 0.15 * glorot and abs(W_x.mean()) < 0.2 * glorot
            ),
            "W_x is uniform, and so ends at sqrt(6 / (m + 4n)) from 0": is_uniform(W_x, glorot),
            "W_h is orthogonal": bool(np.abs(W_h @ W_h.T - np.eye(n)).max() < 1e-4),
            "W_h is drawn at random": is_drawn(W_h),
            "each cell draws a W_x of its own": not np.array_equal(W_x, seen[0]),
            "each cell draws a W_h of its own": not np.array_equal(W_h, seen[1]),
            f"b with forget_bias {bias:g}": b,
        }
    return outputs


def begins_well(given: Arrays, outputs: Arrays) -> Problem | None:
    """Glorot, orthogonal, and zero but for the forget gate."""
    for bias in (1.0, given["forget_bias"], 0.0):
        b = outputs[f"b with forget_bias {bias:g}"]
        if np.abs(b - np.repeat([0.0, bias, 0.0, 0.0], given["n"])).max() > 1e-6:
            means = ", ".join(f"{part.mean():.3g}" for part in np.split(b, 4))
            return Problem(
                f"With forget_bias {bias:g}, a fresh cell's b has these means in its four parts: "
                f"{means}. The forget gate's part, the second, begins at {bias:g} everywhere, the "
                "others at 0."
            )
    return begins_as_said(given, {k: v for k, v in outputs.items() if not k.startswith("b ")})


def call_once(cell_class, given: Arrays) -> Arrays:
    """One call of a cell that holds the given weights."""
    x_t, h_prev, c_prev, params = given.values()
    cell = cell_class(h_prev.shape[1], dtype=x_t.dtype.name)
    cell.build((None, x_t.shape[1]))
    set_weights(cell, side_by_side(params, COLUMNS))
    return returned(cell(x_t, [h_prev, c_prev]), STATES)


def one_step_in_numpy(given: Arrays) -> Arrays:
    """What lstm_step gives for the same numbers, under the names of `call_once`."""
    h_t, c_t, _ = lstm_step(*given.values())
    return {"output": h_t, "new h_t": h_t, "new c_t": c_t}


def all_and_the_last(cell_class, given: Arrays) -> Arrays:
    """What Keras gives for the sequences: all states, and the memory after the last step."""
    h, _, c_last = laid_out(cell_class, given, return_state=True)(given["x"])
    return {"h": keras.ops.convert_to_numpy(h), "c_last": keras.ops.convert_to_numpy(c_last)}


def unrolled(cell_class, given: Arrays) -> Arrays:
    """Keras runs the cell over the sequences; beside it, the learner's own NumPy."""
    x, params = given.values()
    layer = laid_out(cell_class, given, return_state=True)
    h, _, c_last = layer(x, training=True)  # which makes no difference here
    outputs = {"h": keras.ops.convert_to_numpy(h), "c_last": keras.ops.convert_to_numpy(c_last)}
    twin = own_twin(cell_class, "lstm_step")
    if twin is not None:
        h_t = c_t = np.zeros((len(x), len(params["W_hc"])))
        states = []
        for t in range(x.shape[1]):
            h_t, c_t, _ = twin(x[:, t], h_t, c_t, params)
            states.append(h_t)
        outputs |= {"h by your twin": np.stack(states, axis=1), "c_last by your twin": c_t}
    return outputs


def in_numpy(given: Arrays) -> Arrays:
    """What lstm_step makes of the same numbers, step by step."""
    x, params = given.values()
    h_t = c_t = np.zeros((len(x), len(params["W_hc"])))
    states = []
    for t in range(x.shape[1]):
        h_t, c_t, _ = lstm_step(x[:, t], h_t, c_t, params)
        states.append(h_t)
    return {"h": np.stack(states, axis=1), "c_last": c_t}


def states_in_numpy(given: Arrays) -> Arrays:
    """All states of `in_numpy`."""
    return {"h": in_numpy(given)["h"]}


def made_again(cell_class, given: Arrays) -> Arrays:
    """How a cell begins that is made from the configuration of another, and what it computes."""
    x, params, forget_bias = given.values()
    n, m = len(params["W_hc"]), x.shape[2]

    def look(again) -> Arrays:
        again.build((None, m))
        _, W_h, b = again.get_weights()
        outputs = {"units": len(W_h), "dtype": b.dtype.name}
        if len(W_h) != n:
            return outputs
        layer = layer_of(again, side_by_side(params, COLUMNS), m, x.dtype.name)
        return {**outputs, "forget_bias": b[n : 2 * n].mean(), "h": all_states(layer, x)}

    return loaded(cell_class(n, forget_bias=float(forget_bias), dtype=x.dtype.name), look)


def called_with(given: Arrays) -> Arrays:
    """What that cell is made with."""
    n = len(given["params"]["W_hc"])
    return {"units": n, "dtype": given["x"].dtype.name, "forget_bias": given["forget_bias"]}


def as_before(given: Arrays) -> Arrays:
    """`states_in_numpy`, whatever the forget gate's bias began at."""
    return states_in_numpy({"x": given["x"], "params": given["params"]})


def two_batches(cell_class, given: Arrays) -> Arrays:
    """The sequences after another batch."""
    layer = laid_out(cell_class, given)
    layer(-given["x"])
    return {"h": all_states(layer, given["x"])}


def beside_the_loss(cell_class, given: Arrays) -> Arrays:
    """What a training would move the weights by, beside the loss."""
    return added(laid_out(cell_class, given), given["x"])


def counted(cell_class, given: Arrays) -> Arrays:
    """The matrix products of one step."""
    x, params = given.values()
    n = len(params["W_hc"])
    cell = cell_class(n, dtype=x.dtype.name)
    cell.build((None, x.shape[2]))
    one, state = (tf.TensorSpec((None, width), x.dtype) for width in (x.shape[2], n))
    return {"One step": products(lambda x_t, h, c: cell(x_t, [h, c]), one, state, state)}


def traced(cell_class, given: Arrays) -> Arrays:
    """Whether it can be traced before the sizes are known."""
    return tracing(laid_out(cell_class, given), given["x"])


def graph_sizes(cell_class, given: Arrays) -> Arrays:
    """The graph's size for ten and for twenty steps."""
    return growing(laid_out(cell_class, given), given["x"])


def reached(cell_class, given: Arrays) -> Arrays:
    """What reaches each weight."""
    return gradients(laid_out(cell_class, given), given["x"])


def back(cell_class, given: Arrays) -> Arrays:
    """The gradient of a loss at all steps."""
    return through_time(laid_out(cell_class, given), given["x"])


def by_xla(cell_class, given: Arrays) -> Arrays:
    """The sequences read by a graph that XLA has compiled."""
    return compiled(laid_out(cell_class, given), given["x"])


def for_a_gpu(cell_class, given: Arrays) -> Arrays:
    """Both passes of a training step, in float32."""
    params = {name: w.astype(np.float32) for name, w in given["params"].items()}
    given = {"x": given["x"].astype(np.float32), "params": params}
    return audited(laid_out(cell_class, given), given["x"])


EXERCISE = Exercise(
    reference=LSTMCell,
    title="The fast LSTM cell",
    goal="Write your LSTM step as a Keras cell that needs two matrix products, not eight.",
    difficulty=2,
    minutes=40,
    kind="speed up",
    twin="lstm_step",
    returns={},
    ladder=(
        Rung("it has two states and three weights", sizes, knows_itself, fresh),
        replace(
            by_hand(
                one_unit,
                how="i = 1/4, f = o = 3/4, candidate 0.6: c_t = 3/4 × 0.8 + 1/4 × 0.6 = 0.75; "
                "h_t = 3/4 × tanh(0.75) = 0.476362",
                call=call_once,
                output=np.array([[0.47636176]]),
                **{"new h_t": np.array([[0.47636176]]), "new c_t": np.array([[0.75]])},
            ),
            right=one_step_in_numpy,
        ),
        equal_to_twin("lstm_step", sequence, in_numpy, unrolled),
        matches(
            "a batch is not affected by the one before",
            sequence,
            states_in_numpy,
            "After another batch, the sequences give a different result: a state was kept in the "
            "cell, but it comes in with `states` and goes out with the result.",
            call=two_batches,
        ),
        large_numbers(far_from_zero, in_numpy, all_and_the_last),
        zeros_are_numbers(sequence, states_in_numpy, two_batches),
        only_what_was_asked(sequence, beside_the_loss),
        Rung("the weights begin as they should", sizes, begins_well, beginnings),
        same_when_loaded("cell", with_settings, called_with, made_again, as_before),
        traceable(sequence, traced),
        no_loop_over_time(sequence, graph_sizes),
        few_products(sequence, {"One step": 2}, counted),
        reaches_every_weight(sequence, reached),
        learns_from_all_steps(sequence, states_in_numpy, COLUMNS, back),
        compiles(sequence, states_in_numpy, by_xla),
        fit_for_a_gpu(sequence, for_a_gpu),
    ),
    equivalent={
        "self.output_size = units -> pass": (
            "without it Keras takes the width of h_t, which is the same"
        ),
        "n = (input_shape[-1], self.units) -> n = (input_shape[1], self.units)": (
            "the shape of one step has two axes"
        ),
        "self.add_weight(name='…', shape=(…) -> self.add_weight(shape=(…)": (
            "names are for readers; the order tells the weights apart"
        ),
        "self.add_weight(name='…', shape=(…), initializer -> self.add_weight(shape=(…), "
        "initializer": "as above",
        "add_weight(name='…', shape=(… -> add_weight(name='…', shape=(…": "as above",
        "shape=(m, 4 * n), initializer='glorot_uniform') -> shape=(m, 4 * n))": (
            "Keras's default is the same"
        ),
        "n,), initializer=keras.initializers.Constant(start)) -> n,), initializer=start)": (
            "Keras makes a Constant of an array"
        ),
        "states, training=False): -> states, training=True):": "there is no dropout in it",
        "= keras.ops.add(keras.ops.matmul(x_t, self.W_x), self.b) -> = keras.ops.add(self.b, "
        "…": "the order of a sum is free",
        "self.units = units; self.forget_bias = forget_bias -> …": "neither depends on the other",
        "self.forget_bias = forget_bias; self.state_size = [units, units] -> …": "as above",
        "self.state_size = [units, units]; self.output_size = units -> …": "as above",
        "self.W_h = self.add_weight(…); start = np.repeat(…) -> …": "as above",
    },
    promises={
        "c_t = f * c_{t-1}": "equal to lstm_step, to 1e-10 in float64",
        "Wrap it in": "equal to lstm_step, to 1e-10 in float64",
        "Weights have the layout": "equal to lstm_step, to 1e-10 in float64",
        "So `get_weights`": "equal to lstm_step, to 1e-10 in float64",
        "Sources: ": "scaffold: where it comes from",
        "forget gate: Gers": "scaffold: where it comes from",
        "units: number": "it has two states and three weights",
        "forget_bias: where": "the weights begin as they should",
        "forget_bias: It is an initial": "equal to lstm_step, to 1e-10 in float64",
        "kwargs: what every": "equal to lstm_step, to 1e-10 in float64",
        "build: W_x starts": "the weights begin as they should",
        "build: input_shape": "TensorFlow can trace it, whatever the size of the batch",
        "build: input_shape: the batch": "TensorFlow can trace it, whatever the size of the batch",
        "call: x_t": "a case small enough to do by hand",
        "call: states": "a case small enough to do by hand",
        "call: training": "scaffold: `training` stands in the stub's signature",
        "call: The output": "a case small enough to do by hand",
    },
    hints=(
        Hint(
            "Where do I begin?",
            "Your NumPy step multiplies the input by four matrices, one after the other. What "
            "would come out if they stood side by side in one matrix?",
        ),
        Hint(
            "Which shapes go where?",
            "x_t (batch, m) times W_x (m, 4n) is (batch, 4n): n columns for each of i, f, "
            "candidate and o, in this order. `states` is a list of two tensors, h and c, each "
            "(batch, n), so the width of the state is a list of two numbers.",
            fits=(
                "it has two states and three weights",
                "CandidateLast",
                "CandidateSecond",
                "LaidOutAsInTensorFlow1",
                "ForgetFirst",
                "StatesTakenInTheWrongOrder",
                "StatesExchanged",
                "MemoryFirst",
                "OneState",
            ),
        ),
        Hint(
            "The forget gate begins wrong, or is too far open.",
            "`forget_bias` is the value that a weight *has* before training, like the zeros of the "
            "others; training moves it. What is added at each step is the weight. An initializer "
            "may be made from an array: `keras.initializers.Constant`.",
            fits=(
                "the weights begin as they should",
                "ForgetBiasAtEachStep",
                "ForgetBiasForgotten",
                "ForgetBiasEverywhere",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "In `build`: three `self.add_weight`, four times as wide as one gate; the start of b "
            "is `np.repeat([0, self.forget_bias, 0, 0], n)`. In `call`: `a` is `x_t` times W_x "
            "plus `states[0]` times W_h plus b; `keras.ops.split(a, 4, axis=1)` gives what goes "
            "into i, f, candidate and o. Then sigmoid, tanh, and the two lines of your NumPy step.",
        ),
    ),
)


class _Wrong(LSTMCell):
    """What the mistakes share: a call that uses another step."""

    def call(self, x_t, states, training=False):
        """The step of the mistake."""
        h_t, c_t = self.step(x_t, *states)
        return h_t, [h_t, c_t]

    def parts(self, x_t, h_prev):
        """What goes into i, f, candidate and o."""
        a = x_t @ self.W_x + h_prev @ self.W_h + self.b
        return keras.ops.split(a, 4, axis=1)


def _mixed(parts, c_prev):
    """State and memory from what goes into i, f, candidate and o."""
    i, f, candidate, o = parts
    c_t = keras.ops.sigmoid(f) * c_prev + keras.ops.sigmoid(i) * keras.ops.tanh(candidate)
    return keras.ops.sigmoid(o) * keras.ops.tanh(c_t), c_t


@EXERCISE.mistake(
    "The columns are cut in the order i, f, o, candidate: in Keras's layout the candidate stands "
    "before the output gate, i, f, candidate, o."
)
class CandidateLast(_Wrong):
    """The order of the text."""

    def step(self, x_t, h_prev, c_prev):
        """Candidate and output gate exchanged."""
        i, f, o, candidate = self.parts(x_t, h_prev)
        return _mixed((i, f, candidate, o), c_prev)


@EXERCISE.mistake(
    "Input and forget gate have changed places: the columns are i, f, candidate, o, in this order."
)
class ForgetFirst(_Wrong):
    """f, i, candidate, o."""

    def step(self, x_t, h_prev, c_prev):
        """f comes first."""
        f, i, candidate, o = self.parts(x_t, h_prev)
        return _mixed((i, f, candidate, o), c_prev)


@EXERCISE.mistake(
    "The columns are cut in the order i, candidate, f, o, as TensorFlow 1 had them. In Keras's "
    "layout the forget gate stands second: i, f, candidate, o."
)
class CandidateSecond(_Wrong):
    """Candidate and forget gate exchanged, but in call only."""

    def step(self, x_t, h_prev, c_prev):
        """The candidate comes second."""
        i, candidate, f, o = self.parts(x_t, h_prev)
        return _mixed((i, f, candidate, o), c_prev)


@EXERCISE.mistake(
    "The whole cell has the layout of TensorFlow 1: i, candidate, f, o, and forget_bias in the "
    "third quarter of b. In Keras's the forget gate is the second, in call and in b."
)
class LaidOutAsInTensorFlow1(CandidateSecond):
    """Candidate and forget gate exchanged everywhere."""

    def build(self, input_shape):
        """The third quarter of b."""
        super().build(input_shape)
        self.b.assign(np.repeat([0.0, 0.0, self.forget_bias, 0.0], self.units))


@EXERCISE.mistake(
    "forget_bias is added at each step, on top of the bias that training moves: it is where the "
    "forget gate's part of b *begins*, and belongs in build."
)
class ForgetBiasAtEachStep(_Wrong):
    """As the first cells of TensorFlow did it."""

    def step(self, x_t, h_prev, c_prev):
        """A constant in the gate."""
        i, f, candidate, o = self.parts(x_t, h_prev)
        return _mixed((i, f + self.forget_bias, candidate, o), c_prev)


@EXERCISE.mistake(
    "The forget gate begins half open: forget_bias never reached b. Its part of the bias begins at "
    "forget_bias, so that the memory lasts before anything is learned."
)
class ForgetBiasForgotten(LSTMCell):
    """b begins at zero."""

    def build(self, input_shape):
        """All zeros."""
        LSTMCell.build(self, input_shape)
        self.b.assign(np.zeros(4 * self.units))


@EXERCISE.mistake(
    "The whole bias begins at forget_bias; only the forget gate's quarter does, the second one, "
    "the rest begins at zero."
)
class ForgetBiasEverywhere(LSTMCell):
    """A constant initializer for the whole vector."""

    def build(self, input_shape):
        """All gates open."""
        LSTMCell.build(self, input_shape)
        self.b.assign(np.full(4 * self.units, self.forget_bias))


@EXERCISE.mistake(
    "The forget gate's part of b begins at 1, whatever forget_bias says: Keras's own cell begins "
    "there, but this one takes the value as an argument."
)
class ForgetBiasOfOne(LSTMCell):
    """As unit_forget_bias has it."""

    def build(self, input_shape):
        """One in the second quarter."""
        LSTMCell.build(self, input_shape)
        self.b.assign(np.repeat([0.0, 1.0, 0.0, 0.0], self.units))


@EXERCISE.mistake(
    "forget_bias stands in the first quarter of b, which is the input gate's: the forget gate's is "
    "the second."
)
class ForgetBiasInTheFirstQuarter(LSTMCell):
    """b[:n]."""

    def build(self, input_shape):
        """As if the forget gate came first."""
        LSTMCell.build(self, input_shape)
        self.b.assign(np.repeat([self.forget_bias, 0.0, 0.0, 0.0], self.units))


@EXERCISE.mistake(
    "The tanh of the candidate is missing: what is added to the memory then has no bound."
)
class CandidateNotSquashed(_Wrong):
    """Three sigmoids, no tanh."""

    def step(self, x_t, h_prev, c_prev):
        """A linear candidate."""
        i, f, candidate, o = self.parts(x_t, h_prev)
        c_t = keras.ops.sigmoid(f) * c_prev + keras.ops.sigmoid(i) * candidate
        return keras.ops.sigmoid(o) * keras.ops.tanh(c_t), c_t


@EXERCISE.mistake(
    "The candidate goes through a sigmoid here. Three of the four parts are gates, which do; the "
    "candidate goes through tanh."
)
class SigmoidForAll(_Wrong):
    """One nonlinearity for the whole product."""

    def step(self, x_t, h_prev, c_prev):
        """The candidate lies between 0 and 1."""
        i, f, candidate, o = (keras.ops.sigmoid(a) for a in self.parts(x_t, h_prev))
        c_t = f * c_prev + i * candidate
        return o * keras.ops.tanh(c_t), c_t


@EXERCISE.mistake(
    "The columns are cut as if the four parts of one unit stood side by side. Side by side are the "
    "n columns of one gate, then those of the next: cut the product as (batch, 4, n), not as "
    "(batch, n, 4)."
)
class UnitByUnit(_Wrong):
    """Reshaped to (batch, n, 4)."""

    def step(self, x_t, h_prev, c_prev):
        """Every fourth column belongs to one gate."""
        a = keras.ops.concatenate(self.parts(x_t, h_prev), axis=1)
        a = keras.ops.reshape(a, (-1, self.units, 4))
        return _mixed(keras.ops.unstack(a, axis=2), c_prev)


@EXERCISE.mistake(
    "The output is the gated memory itself; the memory goes through tanh first: o * tanh(c_t)."
)
class MemoryNotSquashed(_Wrong):
    """o * c_t."""

    def step(self, x_t, h_prev, c_prev):
        """Without the second tanh."""
        _, c_t = _mixed(self.parts(x_t, h_prev), c_prev)
        return keras.ops.sigmoid(self.parts(x_t, h_prev)[3]) * c_t, c_t


@EXERCISE.mistake(
    "The two states are taken from the list in the wrong order: h_{t-1} comes first, then c_{t-1}."
)
class StatesTakenInTheWrongOrder(LSTMCell):
    """c, h = states."""

    def call(self, x_t, states, training=False):
        """Each for the other."""
        return LSTMCell.call(self, x_t, states[::-1])


@EXERCISE.mistake(
    "The two states come back in the wrong order: Keras passes on what is in the list, which came "
    "in as h, c."
)
class StatesExchanged(LSTMCell):
    """[c_t, h_t]."""

    def call(self, x_t, states, training=False):
        """Memory and state exchanged."""
        h_t, (_, c_t) = LSTMCell.call(self, x_t, states)
        return h_t, [c_t, h_t]


@EXERCISE.mistake(
    "The memory is read from, and written to, the first place of the list. It stands second: what "
    "comes in and what goes out is h, c."
)
class MemoryFirst(LSTMCell):
    """c, h = states, and [c_t, h_t]."""

    def call(self, x_t, states, training=False):
        """Memory and state exchanged on both sides."""
        h_t, new = LSTMCell.call(self, x_t, states[::-1])
        return h_t, new[::-1]


@EXERCISE.mistake(
    "The output gate sees the memory, as with a peephole: in this cell every gate depends on x_t "
    "and h_{t-1} alone."
)
class OutputGateSeesTheMemory(_Wrong):
    """sigmoid(o + c_t)."""

    def step(self, x_t, h_prev, c_prev):
        """c_t in the output gate."""
        i, f, candidate, o = self.parts(x_t, h_prev)
        _, c_t = _mixed((i, f, candidate, o), c_prev)
        return keras.ops.sigmoid(o + c_t) * keras.ops.tanh(c_t), c_t


@EXERCISE.mistake(
    "The gates see the memory, as with peepholes: in this cell they depend on x_t and h_{t-1} "
    "alone."
)
class GatesSeeTheMemory(_Wrong):
    """c_{t-1} in i and f, c_t in o."""

    def step(self, x_t, h_prev, c_prev):
        """Peepholes of weight 1."""
        i, f, candidate, o = self.parts(x_t, h_prev)
        _, c_t = _mixed((i + c_prev, f + c_prev, candidate, o), c_prev)
        return keras.ops.sigmoid(o + c_t) * keras.ops.tanh(c_t), c_t


@EXERCISE.mistake(
    "The output of the step is the memory c_t: what the cell shows, and what the layer above "
    "reads, is the state h_t."
)
class MemoryShown(LSTMCell):
    """c_t as output."""

    def call(self, x_t, states, training=False):
        """The memory for all to see."""
        _, new = LSTMCell.call(self, x_t, states)
        return new[1], new


@EXERCISE.mistake(
    "The old memory is returned as the new one: c_t has to go into the list, or nothing that was "
    "added lasts."
)
class OldMemoryReturned(LSTMCell):
    """The memory never moves."""

    def call(self, x_t, states, training=False):
        """c_{t-1} again."""
        h_t, _ = LSTMCell.call(self, x_t, states)
        return h_t, [h_t, states[1]]


@EXERCISE.mistake(
    "The output is right, but both states go back as they came in: the list has to hold the new "
    "h_t and c_t, or every step begins where the first one did."
)
class OldStatesReturned(LSTMCell):
    """return h_t, states."""

    def call(self, x_t, states, training=False):
        """Nothing is carried."""
        h_t, _ = LSTMCell.call(self, x_t, states, training)
        return h_t, states


@EXERCISE.mistake(
    "Each gate has a product of its own, eight in one step: cut the wide matrix after the product, "
    "not before it."
)
class GateByGate(_Wrong):
    """As in NumPy."""

    def parts(self, x_t, h_prev):
        """The columns of one gate at a time."""
        n = self.units
        columns = [slice(k * n, (k + 1) * n) for k in range(4)]
        return [x_t @ self.W_x[:, one] + h_prev @ self.W_h[:, one] + self.b[one] for one in columns]

    def step(self, x_t, h_prev, c_prev):
        """Right, and slow."""
        return _mixed(self.parts(x_t, h_prev), c_prev)


@EXERCISE.mistake(
    "NumPy can't work inside call: when Keras compiles a model, tensors hold no numbers yet, so "
    "use keras.ops.sigmoid and keras.ops.tanh."
)
class NumPyInside(_Wrong):
    """Right as long as nothing is compiled."""

    def step(self, x_t, h_prev, c_prev):
        """The gates by NumPy."""
        i, f, candidate, o = (np.asarray(a) for a in self.parts(x_t, h_prev))
        c_t = c_prev / (1 + np.exp(-f)) + np.tanh(candidate) / (1 + np.exp(-i))
        return np.tanh(c_t) / (1 + np.exp(-o)), c_t


@EXERCISE.mistake(
    "The cell keeps the memory in an attribute of its own, so that each batch begins with what the "
    "last one remembered: it comes in with `states`, zero at the start of each sequence."
)
class MemoryOfItsOwn(LSTMCell):
    """Remembers by itself."""

    kept = None

    def call(self, x_t, states, training=False):
        """From the memory that it kept."""
        h_prev, c_prev = states
        h_t, new = LSTMCell.call(self, x_t, [h_prev, c_prev if self.kept is None else self.kept])
        self.kept = new[1]
        return h_t, new


@EXERCISE.mistake(
    "The cell keeps the first memory that it is given in an attribute of its own, and takes it at "
    "every later step: the memory of each step comes in with `states`."
)
class FirstMemoryForEver(LSTMCell):
    """Only where there is none yet is it taken from the states."""

    first = None

    def call(self, x_t, states, training=False):
        """The memory of the first call."""
        if self.first is None:
            self.first = states[1]
        return super().call(x_t, [states[0], self.first])


@EXERCISE.mistake(
    "No gradient goes back through the memory: tf.stop_gradient cuts the path by which an "
    "LSTM learns from the distant past."
)
class MemoryCutFromTheTape(_Wrong):
    """Right states, and the gradient ends one step back."""

    def step(self, x_t, h_prev, c_prev):
        """The old memory is a constant to the tape."""
        return _mixed(self.parts(x_t, h_prev), tf.stop_gradient(c_prev))


@EXERCISE.mistake(
    "state_size is one number, as for a cell with one state. This one carries two things from step "
    "to step, so it is a list of two widths."
)
class OneState(LSTMCell):
    """As in VanillaRNNCell."""

    def __init__(self, units, forget_bias=1.0, **kwargs):
        LSTMCell.__init__(self, units, forget_bias, **kwargs)
        self.state_size = units


@EXERCISE.mistake(
    'W_x has the right spread, but it isn\'t uniform, nor is what "glorot_normal" draws: take '
    '"glorot_uniform".'
)
class GlorotsNormal(LSTMCell):
    """The other of the two initialisers that have his name."""

    def build(self, input_shape):
        """W_x drawn again."""
        super().build(input_shape)
        self.W_x.assign(keras.initializers.GlorotNormal()(self.W_x.shape))


@EXERCISE.alternative
class WithOneProduct(_Wrong):
    """Input and state side by side, the weights stacked."""

    def step(self, x_t, h_prev, c_prev):
        """One product."""
        both = keras.ops.concatenate([x_t, h_prev], axis=1)
        a = both @ keras.ops.concatenate([self.W_x, self.W_h], axis=0) + self.b
        return _mixed(keras.ops.split(a, 4, axis=1), c_prev)


@EXERCISE.alternative
class KerasOwn(keras.layers.LSTMCell):
    """Keras's own cell, its bias as ours."""

    def __init__(self, units, forget_bias=1.0, **kwargs):
        start = keras.initializers.Constant(np.repeat([0.0, forget_bias, 0.0, 0.0], units))
        super().__init__(units, bias_initializer=start, unit_forget_bias=False, **kwargs)


@EXERCISE.alternative
class InTensorFlow(keras.layers.Layer):
    """TensorFlow's own operations, other names, slices in place of a split."""

    def __init__(self, units, forget_bias=1.0, **kwargs):
        super().__init__(**kwargs)
        self.n, self.open = units, forget_bias
        self.state_size = (units, units)

    def build(self, input_shape):
        """The bias by a function."""
        n = self.n
        self.u = self.add_weight(shape=(input_shape[1], 4 * n), initializer="GlorotUniform")
        self.w = self.add_weight(shape=(n, 4 * n), initializer=keras.initializers.Orthogonal())

        def start(shape, dtype=None):
            quarter = tf.zeros(shape[0] // 4, dtype)
            return tf.concat([quarter, quarter + self.open, quarter, quarter], axis=0)

        self.bias = self.add_weight(shape=(4 * n,), initializer=start)

    def call(self, inputs, states, **kwargs):
        """The sigmoid by tanh."""
        h, c = states
        n = self.n
        a = tf.nn.bias_add(tf.matmul(inputs, self.u) + tf.matmul(h, self.w), self.bias)
        kept = (1 + tf.tanh(a[:, n : 2 * n] / 2)) / 2
        c = kept * c + tf.sigmoid(a[:, :n]) * tf.tanh(a[:, 2 * n : 3 * n])
        h = tf.sigmoid(a[:, 3 * n :]) * tf.tanh(c)
        return h, (h, c)
