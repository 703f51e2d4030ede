"""Exercise: the GRU as a Keras cell, in both conventions."""

from dataclasses import replace

import keras
import numpy as np
import tensorflow as tf

from course_lib.exercises.exercise import Arrays, Exercise, Hint, Problem, Rung
from course_lib.exercises.gated_cells.cases import GRU, one_unit_weights, weights
from course_lib.exercises.gated_cells.cell_rungs import (
    begins_as_said,
    few_products,
    learns_from_all_steps,
)
from course_lib.exercises.ladder.beyond_one_case import large_numbers, own_settings
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
    exactly,
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
from course_lib.layers.gru import GRUCell
from course_lib.scratch.gated import gate, gru_step

COLUMNS = "zrh"  # the order of Keras


def sequence() -> Arrays:
    """Two sequences of five steps, three inputs, four units; float64."""
    return {"x": irregular(2, 5, 3), "params": weights(GRU, 3, 4)}


def sequence_of_both() -> Arrays:
    """The same, with a bias of its own for what comes from the state."""
    return {**sequence(), "b_state": irregular(12, shift=5, scale=0.6)}


def far_from_zero() -> Arrays:
    """Large inputs by small weights; of two gates, one is nearly open and one nearly shut."""
    params = {
        name: w / 20 if name.startswith("W_x") else w for name, w in weights(GRU, 3, 4).items()
    }
    params["b_z"], params["b_r"] = params["b_z"] + 9.0, params["b_r"] - 9.0
    return {"x": irregular(2, 14, 3, scale=20.0), "params": params}


def far_from_zero_with_two_biases() -> Arrays:
    """The same in the other convention."""
    return {**far_from_zero(), "b_state": irregular(12, shift=5, scale=0.6)}


def one_unit() -> Arrays:
    """One input and one unit: a quarter is kept, and the candidate hears half of the state."""
    params = one_unit_weights(GRU, b_z=-float(np.log(3.0)), W_hh=1.0, b_h=0.1)
    return {"x_t": np.array([[1.0]]), "h_prev": np.array([[0.8]]), "params": params}


def sizes() -> Arrays:
    """How many inputs and units a fresh cell is to have."""
    return {"m": 20, "n": 50}


def laid_out(cell_class, given: Arrays, **settings):
    """The cell with the given weights in a layer over time; with b_state, the other convention."""
    return in_a_layer(cell_for(cell_class, given), given, **settings)


def cell_for(cell_class, given: Arrays):
    """A cell of the size and the convention of the given weights."""
    n, dtype = len(given["params"]["W_hh"]), given["x"].dtype.name
    return cell_class(n, reset_after="b_state" in given, dtype=dtype)


def in_a_layer(cell, given: Arrays, **settings):
    """A cell with the given weights in a layer over time."""
    x = given["x"]
    kernel, recurrent, bias = side_by_side(given["params"], COLUMNS)
    if "b_state" in given:
        bias = np.stack([bias, given["b_state"]])
    return layer_of(cell, [kernel, recurrent, bias], x.shape[2], x.dtype.name, **settings)


def fresh(cell_class, given: Arrays) -> Arrays:
    """The shapes of a built cell's weights, in both conventions."""
    outputs = {}
    for after in (False, True):
        cell = cell_class(given["n"], reset_after=after)
        cell.build((None, given["m"]))
        outputs |= {
            f"reset_after={after}": ", ".join(str(tuple(w.shape)) for w in cell.weights),
            f"made with reset_after={after}": len(cell.weights),
            f"trained with reset_after={after}": len(cell.trainable_weights),
        }
    return outputs


def knows_itself(given: Arrays, outputs: Arrays) -> Problem | None:
    """Three weights of the right shapes in each convention, all of them trained."""
    m, n = given["m"], given["n"]
    for after, bias in {False: (3 * n,), True: (2, 3 * n)}.items():
        made, trained = (
            outputs[f"{what} with reset_after={after}"] for what in ("made", "trained")
        )
        if problem := frozen(made, trained):
            return problem
        there = outputs[f"reset_after={after}"]
        if there != ", ".join(map(str, [(m, 3 * n), (n, 3 * n), bias])):
            return Problem(
                f"With m = {m}, n = {n} and reset_after={after}, build made these weights: "
                f"{there or 'none at all'}. It makes W_x (m, 3n), W_h (n, 3n) and b "
                f"{'(2, 3n)' if after else '(3n,)'}, in this order, and each by self.add_weight."
            )
    return None


def beginnings(cell_class, given: Arrays) -> Arrays:
    """Whether fresh weights are as they should be.

    They are drawn anew each time: with 3,000 of them the bounds are ten standard errors wide.
    """
    m, n = given["m"], given["n"]
    outputs = {}
    for after in (False, True):
        cell = cell_class(n, reset_after=after)
        cell.build((None, m))
        W_x, W_h, b = cell.get_weights()
        other = cell_class(n, reset_after=after)
        other.build((None, m))
        seen = other.get_weights()
        glorot = np.sqrt(2 / (m + 3 * n))
        outputs |= {
            "W_x lies around 0 with a standard deviation of sqrt(2 / (m + 3n))": bool(
                abs(W_x.std() - glorot) < 0.15 * glorot and abs(W_x.mean()) < 0.2 * glorot
            ),
            "W_x is uniform, and so ends at sqrt(6 / (m + 3n)) from 0": is_uniform(W_x, glorot),
            "W_h is orthogonal": bool(np.abs(W_h @ W_h.T - np.eye(n)).max() < 1e-4),
            "W_h is drawn at random": is_drawn(W_h),
            "each cell draws a W_x of its own": not np.array_equal(W_x, seen[0]),
            "each cell draws a W_h of its own": not np.array_equal(W_h, seen[1]),
            f"b is 0 with reset_after={after}": not b.any(),
        }
    return outputs


def call_once(cell_class, given: Arrays) -> Arrays:
    """One call of a cell that holds the given weights."""
    x_t, h_prev, params = given.values()
    cell = cell_class(h_prev.shape[1], dtype=x_t.dtype.name)
    cell.build((None, x_t.shape[1]))
    set_weights(cell, side_by_side(params, COLUMNS))
    return returned(cell(x_t, [h_prev]), ["h_t"])


def one_step_in_numpy(given: Arrays) -> Arrays:
    """What gru_step gives for the same numbers, under the names of `call_once`."""
    h_t = gru_step(*given.values())
    return {"output": h_t, "new h_t": h_t}


def unrolled(cell_class, given: Arrays) -> Arrays:
    """Keras runs the cell over the sequences; beside it, the learner's own NumPy."""
    x, params = given.values()
    layer = laid_out(cell_class, given)
    outputs = {"h": all_states(layer, x, training=True)}  # which makes no difference here
    twin = own_twin(cell_class, "gru_step")
    if twin is not None:
        h_t = np.zeros((len(x), len(params["W_hh"])))
        states = []
        for t in range(x.shape[1]):
            h_t = twin(x[:, t], h_t, params)
            states.append(h_t)
        outputs["h by your twin"] = np.stack(states, axis=1)
    return outputs


def in_numpy(given: Arrays) -> Arrays:
    """What gru_step makes of the same numbers, step by step."""
    x, params = given.values()
    h_t = np.zeros((len(x), len(params["W_hh"])))
    states = []
    for t in range(x.shape[1]):
        h_t = gru_step(x[:, t], h_t, params)
        states.append(h_t)
    return {"h": np.stack(states, axis=1)}


def reset_after(given: Arrays) -> Arrays:
    """The other convention, written out: the reset gate multiplies the product and its bias."""
    x, params, b_state = given.values()
    n = len(params["W_hh"])
    b_z, b_r, b_h = np.split(b_state, 3)
    h_t = np.zeros((len(x), n))
    states = []
    for t in range(x.shape[1]):
        x_t = x[:, t]
        r = gate(x_t, h_t, params["W_xr"], params["W_hr"], params["b_r"] + b_r)
        z = gate(x_t, h_t, params["W_xz"], params["W_hz"], params["b_z"] + b_z)
        heard = r * (h_t @ params["W_hh"] + b_h)
        h_t = z * h_t + (1 - z) * np.tanh(x_t @ params["W_xh"] + params["b_h"] + heard)
        states.append(h_t)
    return {"h": np.stack(states, axis=1)}


def states_of(cell_class, given: Arrays) -> Arrays:
    """All states."""
    return {"h": all_states(laid_out(cell_class, given), given["x"])}


def made_again(cell_class, given: Arrays) -> Arrays:
    """What a cell is and computes that is made from the configuration of another."""

    def look(again) -> Arrays:
        again.build((None, given["x"].shape[2]))
        _, W_h, b = again.get_weights()
        after = b.ndim == 2
        outputs = {"units": len(W_h), "reset_after": after, "dtype": b.dtype.name}
        if not after or len(W_h) != len(given["params"]["W_hh"]):
            return outputs
        return {**outputs, "h": all_states(in_a_layer(again, given), given["x"])}

    return loaded(cell_for(cell_class, given), look)


def called_with(given: Arrays) -> Arrays:
    """What that cell is made with."""
    n = len(given["params"]["W_hh"])
    return {"units": n, "reset_after": True, "dtype": given["x"].dtype.name}


def two_batches(cell_class, given: Arrays) -> Arrays:
    """The sequences after another batch."""
    layer = laid_out(cell_class, given)
    layer(-given["x"])
    return {"h": all_states(layer, given["x"])}


def beside_another(cell_class, given: Arrays) -> Arrays:
    """The sequences, after a cell of the other convention was made."""
    layer = laid_out(cell_class, given)
    cell_class(len(given["params"]["W_hh"]), reset_after="b_state" not in given)
    return {"h": all_states(layer, given["x"])}


def beside_the_loss(cell_class, given: Arrays) -> Arrays:
    """What a training would move the weights by, beside the loss."""
    return added(laid_out(cell_class, given), given["x"])


def counted(cell_class, given: Arrays) -> Arrays:
    """The matrix products of one step, in both conventions."""
    x, params = given.values()
    n = len(params["W_hh"])
    outputs = {}
    for after in (False, True):
        cell = cell_class(n, reset_after=after, dtype=x.dtype.name)
        cell.build((None, x.shape[2]))
        one, state = (tf.TensorSpec((None, width), x.dtype) for width in (x.shape[2], n))
        step = lambda x_t, h, cell=cell: cell(x_t, [h])  # noqa: E731
        outputs[f"One step with reset_after={after}"] = products(step, one, state)
    return outputs


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
    reference=GRUCell,
    title="The fast GRU cell",
    goal="Write your GRU step as a Keras cell, in the text's convention and in cuDNN's.",
    difficulty=3,
    minutes=45,
    kind="speed up",
    twin="gru_step",
    returns={},
    ladder=(
        Rung("its weights have the right shapes", sizes, knows_itself, fresh),
        replace(
            by_hand(
                one_unit,
                how="z = 1/4, r = 1/2, candidate tanh(0.1 + 0.5 × 0.8) = 0.462117: "
                "h_t = 1/4 × 0.8 + 3/4 × 0.462117 = 0.546588",
                call=call_once,
                output=np.array([[0.54658787]]),
                **{"new h_t": np.array([[0.54658787]])},
            ),
            right=one_step_in_numpy,
        ),
        equal_to_twin("gru_step", sequence, in_numpy, unrolled),
        exactly(
            matches(
                "with reset_after it is the other GRU",
                sequence_of_both,
                reset_after,
                "With reset_after=True the reset gate comes after the product, and multiplies the "
                "second row of b with it, as in keras.layers.GRU.",
                call=states_of,
            )
        ),
        matches(
            "a batch is not affected by the one before",
            sequence,
            in_numpy,
            "After another batch, the sequences give a different result: a state was kept in the "
            "cell, but it comes in with `states` and goes out with the result.",
            call=two_batches,
        ),
        large_numbers(far_from_zero, in_numpy, states_of),
        replace(
            large_numbers(far_from_zero_with_two_biases, reset_after, states_of),
            name="large numbers count in full with reset_after",
        ),
        own_settings(sequence_of_both, reset_after, beside_another),
        zeros_are_numbers(sequence, in_numpy, two_batches),
        only_what_was_asked(sequence, beside_the_loss),
        Rung("the weights begin as they should", sizes, begins_as_said, beginnings),
        same_when_loaded("cell", sequence_of_both, called_with, made_again, reset_after),
        traceable(sequence, traced),
        no_loop_over_time(sequence, graph_sizes),
        few_products(
            sequence,
            {"One step with reset_after=False": 3, "One step with reset_after=True": 2},
            counted,
        ),
        reaches_every_weight(sequence_of_both, reached),
        learns_from_all_steps(sequence, in_numpy, COLUMNS, back),
        replace(
            learns_from_all_steps(sequence_of_both, reset_after, COLUMNS, back),
            name="so it does with reset_after",
        ),
        compiles(sequence_of_both, reset_after, by_xla),
        fit_for_a_gpu(sequence, for_a_gpu),
    ),
    equivalent={
        "self.reset_after = reset_after -> self.reset_after = -reset_after": (
            "where it is asked whether it is true, -1 is as true as 1"
        ),
        "self.output_size = units -> pass": (
            "without it Keras takes the width of the state, which is the same"
        ),
        "n = (input_shape[-1], self.units) -> n = (input_shape[1], self.units)": (
            "the shape of one step has two axes"
        ),
        "self.add_weight(name='…', shape=(…) -> self.add_weight(shape=(…)": (
            "names are for readers; the order tells the weights apart"
        ),
        "self.add_weight(name='b', shape=shape, initializer -> self.add_weight(shape=shape, "
        "initializer": "as above",
        "add_weight(name='…', shape=(… -> add_weight(name='…', shape=(…": "as above",
        "add_weight(name='b', shape=shape, initializer -> add_weight(name='…', shape=shape, "
        "initializer": "as above",
        "shape=(m, 3 * n), initializer='glorot_uniform') -> shape=(m, 3 * n))": (
            "Keras's default is the same"
        ),
        "states, training=False): -> states, training=True):": "there is no dropout in it",
        "= keras.ops.add(keras.ops.matmul(…), self.b…) -> = keras.ops.add(self.b…, "
        "keras.ops.matmul(…))": "the order of a sum is free",
        "self.units = units; self.reset_after = reset_after -> …": "neither depends on the other",
        "self.reset_after = reset_after; self.state_size = units -> …": "as above",
        "self.state_size = units; self.output_size = units -> …": "as above",
        "self.W_h = self.add_weight(…); shape = … -> …": "as above",
        "h_prev, n = (states[0], self.units) -> h_prev, n = (states[-1], self.units)": (
            "the list holds one state"
        ),
    },
    promises={
        "h_t = z * h_{t-1}": "equal to gru_step, to 1e-10 in float64",
        "Wrap it in": "equal to gru_step, to 1e-10 in float64",
        "The two conventions": "with reset_after it is the other GRU",
        "They differ in where": (
            "equal to gru_step, to 1e-10 in float64",
            "with reset_after it is the other GRU",
            "no product is computed in pieces",
        ),
        "Weights have the layout": (
            "equal to gru_step, to 1e-10 in float64",
            "with reset_after it is the other GRU",
        ),
        "So `get_weights`": "with reset_after it is the other GRU",
        "Source: ": "scaffold: where it comes from",
        "units: number": "its weights have the right shapes",
        "reset_after: the convention": "with reset_after it is the other GRU",
        "kwargs: what every": "equal to gru_step, to 1e-10 in float64",
        "build: The first row": "with reset_after it is the other GRU",
        "build: W_x starts": "the weights begin as they should",
        "build: input_shape": "TensorFlow can trace it, whatever the size of the batch",
        "call: x_t": "a case small enough to do by hand",
        "call: states": "a case small enough to do by hand",
        "call: training": "scaffold: `training` stands in the stub's signature",
        "call: The output": "a case small enough to do by hand",
    },
    hints=(
        Hint(
            "How few products can it be?",
            "What must be known before the candidate can hear the state? In which of the two "
            "conventions do you have to wait for it before you multiply?",
        ),
        Hint(
            "Which shapes go where?",
            "x_t times W_x is (batch, 3n): n columns each for z, r and the candidate, in this "
            "order. If the reset comes first, W_h is used in two pieces, its first 2n columns and "
            "its last n. If it comes after, b has two rows, one for each product.",
            fits=("its weights have the right shapes", "ResetFirst"),
        ),
        Hint(
            "It is right in one convention only.",
            "`reset_after=False`: the old state is dampened, then multiplied. `reset_after=True`: "
            "it is multiplied, the second row of the bias is added, and the sum is dampened, bias "
            "included. What comes from the input is never dampened.",
            fits=(
                "with reset_after it is the other GRU",
                "AlwaysAfter",
                "AlwaysBefore",
                "BiasNotReset",
                "BiasRowsExchanged",
                "SecondBiasForgotten",
                "SecondBiasForTheCandidateOnly",
                "NoReset",
                "InputReset",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "`from_x` is `x_t` times W_x plus its bias. With reset_after, `from_h` is the state "
            "times all of W_h plus `b[1]`; z and r are the sigmoid of the first 2n columns of the "
            "sum, and the candidate is tanh of the last n of `from_x` plus r times the last n of "
            "`from_h`. Without it, multiply the state by `W_h[:, :2n]` for z and r, and r times "
            "the state by `W_h[:, 2n:]`. Then mix the old state and the candidate by z.",
        ),
    ),
)


class _Wrong(GRUCell):
    """What the mistakes share: a call that uses another step."""

    def call(self, x_t, states, training=False):
        """The step of the mistake."""
        h_t = self.step(x_t, states[0])
        return h_t, [h_t]

    def biases(self):
        """What is added to the product of the input, and to that of the state."""
        return (self.b[0], self.b[1]) if self.reset_after else (self.b, 0.0 * self.b)

    def parts(self, x_t, h_prev):
        """What comes from the input and from the state, each for z, r and the candidate."""
        b_x, b_h = self.biases()
        from_x = keras.ops.split(x_t @ self.W_x + b_x, 3, axis=1)
        return from_x, keras.ops.split(h_prev @ self.W_h + b_h, 3, axis=1)

    def heard(self, h_prev, r, from_h):
        """What the candidate hears of the state."""
        if self.reset_after:
            return r * from_h[2]
        return (r * h_prev) @ self.W_h[:, 2 * self.units :]


@EXERCISE.mistake(
    "r and z have changed places: in Keras's layout the update gate's columns come first, then the "
    "reset gate's, then the candidate's."
)
class ResetFirst(_Wrong):
    """The order of the text, r, z."""

    def step(self, x_t, h_prev):
        """r from z's columns."""
        (xr, xz, xh), from_h = self.parts(x_t, h_prev)
        r, z = keras.ops.sigmoid(xr + from_h[0]), keras.ops.sigmoid(xz + from_h[1])
        candidate = keras.ops.tanh(xh + self.heard(h_prev, r, from_h))
        return z * h_prev + (1 - z) * candidate


@EXERCISE.mistake(
    "z and 1 - z have changed places: where z is 1, the old state is kept. (Some papers have it "
    "the other way round; this course and Keras don't.)"
)
class UpdateGateReversed(_Wrong):
    """As in Chung et al."""

    def step(self, x_t, h_prev):
        """(1 - z) of the old state."""
        (xz, xr, xh), from_h = self.parts(x_t, h_prev)
        z, r = keras.ops.sigmoid(xz + from_h[0]), keras.ops.sigmoid(xr + from_h[1])
        candidate = keras.ops.tanh(xh + self.heard(h_prev, r, from_h))
        return (1 - z) * h_prev + z * candidate


@EXERCISE.mistake(
    "The reset gate dampens the old state for good, also where z mixes it with the candidate: only "
    "the candidate hears r * h; z keeps a part of the state as it came in."
)
class ResetStateKept(_Wrong):
    """h = r * h, and from there on."""

    def step(self, x_t, h_prev):
        """The state that is mixed has been through the reset gate."""
        (xz, xr, xh), from_h = self.parts(x_t, h_prev)
        z, r = keras.ops.sigmoid(xz + from_h[0]), keras.ops.sigmoid(xr + from_h[1])
        candidate = keras.ops.tanh(xh + self.heard(h_prev, r, from_h))
        return z * (r * h_prev) + (1 - z) * candidate


@EXERCISE.mistake(
    "No gradient goes back through the old state that the gate keeps: tf.stop_gradient cuts the "
    "path by which a GRU learns from the distant past."
)
class KeptStateCutFromTheTape(_Wrong):
    """Right states."""

    def step(self, x_t, h_prev):
        """What is kept is a constant to the tape."""
        (xz, xr, xh), from_h = self.parts(x_t, h_prev)
        z, r = keras.ops.sigmoid(xz + from_h[0]), keras.ops.sigmoid(xr + from_h[1])
        candidate = keras.ops.tanh(xh + self.heard(h_prev, r, from_h))
        return z * tf.stop_gradient(h_prev) + (1 - z) * candidate


@EXERCISE.mistake(
    "The reset comes after the product in both conventions. With reset_after=False it dampens the "
    "state before it is multiplied, which is why that one can't be done in two products."
)
class AlwaysAfter(_Wrong):
    """One product for all, whatever was asked for."""

    def step(self, x_t, h_prev):
        """r * (h W_h)."""
        (xz, xr, xh), from_h = self.parts(x_t, h_prev)
        z, r = keras.ops.sigmoid(xz + from_h[0]), keras.ops.sigmoid(xr + from_h[1])
        candidate = keras.ops.tanh(xh + r * from_h[2])
        return z * h_prev + (1 - z) * candidate


@EXERCISE.mistake(
    "The reset comes before the product in both conventions. With reset_after=True it multiplies "
    "what came out of the product, bias included: that is what cuDNN computes."
)
class AlwaysBefore(_Wrong):
    """reset_after has no effect on the candidate."""

    def step(self, x_t, h_prev):
        """(r * h) W_h + b."""
        (xz, xr, xh), from_h = self.parts(x_t, h_prev)
        z, r = keras.ops.sigmoid(xz + from_h[0]), keras.ops.sigmoid(xr + from_h[1])
        b_h = self.biases()[1][2 * self.units :]
        heard = (r * h_prev) @ self.W_h[:, 2 * self.units :] + b_h
        return z * h_prev + (1 - z) * keras.ops.tanh(xh + heard)


@EXERCISE.mistake(
    "The reset comes before the product in both conventions, and the candidate hears nothing of "
    "the second row of b. With reset_after=True it multiplies what came out of the product, with "
    "this row already added."
)
class AlwaysBeforeWithoutBias(_Wrong):
    """reset_after changes the gates alone."""

    def step(self, x_t, h_prev):
        """(r * h) W_h."""
        (xz, xr, xh), from_h = self.parts(x_t, h_prev)
        z, r = keras.ops.sigmoid(xz + from_h[0]), keras.ops.sigmoid(xr + from_h[1])
        heard = (r * h_prev) @ self.W_h[:, 2 * self.units :]
        return z * h_prev + (1 - z) * keras.ops.tanh(xh + heard)


@EXERCISE.mistake(
    "With reset_after=True, the second row of the bias stands outside the reset gate: it belongs "
    "to the product of the state, and is dampened with it."
)
class BiasNotReset(_Wrong):
    """r * (h W_h) + b."""

    def step(self, x_t, h_prev):
        """The bias past the gate."""
        (xz, xr, xh), from_h = self.parts(x_t, h_prev)
        z, r = keras.ops.sigmoid(xz + from_h[0]), keras.ops.sigmoid(xr + from_h[1])
        heard = self.heard(h_prev, r, from_h)
        if self.reset_after:
            heard = heard + (1 - r) * self.b[1, 2 * self.units :]
        return z * h_prev + (1 - z) * keras.ops.tanh(xh + heard)


@EXERCISE.mistake(
    "With reset_after=True, the two rows of the bias have changed places: the first belongs to x, "
    "the second to h, where the reset gate dampens it."
)
class BiasRowsExchanged(_Wrong):
    """b[1] with x, b[0] with h."""

    def biases(self):
        """The other way round."""
        b_x, b_h = super().biases()
        return (b_h, b_x) if self.reset_after else (b_x, b_h)

    def step(self, x_t, h_prev):
        """Right, from the wrong rows."""
        (xz, xr, xh), from_h = self.parts(x_t, h_prev)
        z, r = keras.ops.sigmoid(xz + from_h[0]), keras.ops.sigmoid(xr + from_h[1])
        return z * h_prev + (1 - z) * keras.ops.tanh(xh + self.heard(h_prev, r, from_h))


@EXERCISE.mistake(
    "With reset_after=True, the second row of the bias is never used: it is added to what comes "
    "from the state, before the reset gate."
)
class SecondBiasForgotten(_Wrong):
    """b[0] alone."""

    def biases(self):
        """Nothing for the state."""
        b_x, b_h = super().biases()
        return b_x, 0 * b_h

    def step(self, x_t, h_prev):
        """Right, but for the bias."""
        (xz, xr, xh), from_h = self.parts(x_t, h_prev)
        z, r = keras.ops.sigmoid(xz + from_h[0]), keras.ops.sigmoid(xr + from_h[1])
        return z * h_prev + (1 - z) * keras.ops.tanh(xh + self.heard(h_prev, r, from_h))


@EXERCISE.mistake(
    "With reset_after=True, z and r hear the first row of the bias only: the second row goes with "
    "the state's product wherever that is used, for the two gates as for the candidate."
)
class SecondBiasForTheCandidateOnly(_Wrong):
    """Only where the reset gate makes a difference."""

    def step(self, x_t, h_prev):
        """The gates without b[1]."""
        (xz, xr, xh), from_h = self.parts(x_t, h_prev)
        if self.reset_after:
            b_z, b_r, _ = keras.ops.split(self.b[1], 3)
            xz, xr = xz - b_z, xr - b_r
        z, r = keras.ops.sigmoid(xz + from_h[0]), keras.ops.sigmoid(xr + from_h[1])
        return z * h_prev + (1 - z) * keras.ops.tanh(xh + self.heard(h_prev, r, from_h))


@EXERCISE.mistake(
    "The candidate doesn't listen to the reset gate: it hears the whole old state, as in a vanilla "
    "RNN."
)
class NoReset(_Wrong):
    """r unused."""

    def step(self, x_t, h_prev):
        """A candidate like a vanilla unit's."""
        (xz, _, xh), from_h = self.parts(x_t, h_prev)
        z = keras.ops.sigmoid(xz + from_h[0])
        return z * h_prev + (1 - z) * keras.ops.tanh(xh + from_h[2])


@EXERCISE.mistake(
    "Everything that the candidate sums was dampened, the input too: the reset gate multiplies "
    "only what comes from the old state."
)
class InputReset(_Wrong):
    """r * (x W_x + h W_h)."""

    def step(self, x_t, h_prev):
        """A gate on the input."""
        (xz, xr, xh), from_h = self.parts(x_t, h_prev)
        z, r = keras.ops.sigmoid(xz + from_h[0]), keras.ops.sigmoid(xr + from_h[1])
        candidate = keras.ops.tanh(r * xh + self.heard(h_prev, r, from_h))
        return z * h_prev + (1 - z) * candidate


@EXERCISE.mistake(
    "A sigmoid was applied to all three parts: two of them are gates, but the candidate goes "
    "through tanh."
)
class SigmoidForAll(_Wrong):
    """One nonlinearity for all."""

    def step(self, x_t, h_prev):
        """The candidate lies between 0 and 1."""
        (xz, xr, xh), from_h = self.parts(x_t, h_prev)
        z, r = keras.ops.sigmoid(xz + from_h[0]), keras.ops.sigmoid(xr + from_h[1])
        candidate = keras.ops.sigmoid(xh + self.heard(h_prev, r, from_h))
        return z * h_prev + (1 - z) * candidate


@EXERCISE.mistake(
    "The old state is returned as the new one: the list must hold h_t, or nothing is carried to "
    "the next step."
)
class OldStateReturned(GRUCell):
    """The state never moves."""

    def call(self, x_t, states, training=False):
        """Right output, old state."""
        h_t, _ = GRUCell.call(self, x_t, states)
        return h_t, [states[0]]


@EXERCISE.mistake(
    "z and r each have products of their own: cut the wide matrix after the product, not before it."
)
class GateByGate(_Wrong):
    """As in NumPy."""

    def parts(self, x_t, h_prev):
        """The columns of one gate at a time."""
        n = self.units
        b_x, b_h = self.biases()
        columns = [slice(k * n, (k + 1) * n) for k in range(3)]
        from_x = [x_t @ self.W_x[:, one] + b_x[one] for one in columns]
        return from_x, [h_prev @ self.W_h[:, one] + b_h[one] for one in columns]

    def step(self, x_t, h_prev):
        """Right, and slow."""
        (xz, xr, xh), from_h = self.parts(x_t, h_prev)
        z, r = keras.ops.sigmoid(xz + from_h[0]), keras.ops.sigmoid(xr + from_h[1])
        candidate = keras.ops.tanh(xh + self.heard(h_prev, r, from_h))
        return z * h_prev + (1 - z) * candidate


@EXERCISE.mistake(
    "An `if` on r would be decided once, while the graph is made, for all units, but r has numbers "
    "only when the graph runs. reset_after is a plain True or False, and an `if` on it is fine."
)
class IfOnAGate(_Wrong):
    """Skips the reset where nothing is reset."""

    def step(self, x_t, h_prev):
        """One decision for the whole batch."""
        (_, xr, _), from_h = self.parts(x_t, h_prev)
        if keras.ops.min(keras.ops.sigmoid(xr + from_h[1])) > 2:
            return h_prev
        return GRUCell.call(self, x_t, [h_prev])[0]


@EXERCISE.mistake(
    "b begins at one, as if it were the LSTM's forget gate: here it begins at zero, z at a half."
)
class OpenBias(GRUCell):
    """Copied from the LSTM."""

    def build(self, input_shape):
        """Ones."""
        GRUCell.build(self, input_shape)
        self.b.assign(np.ones(self.b.shape))


@EXERCISE.mistake(
    'W_x has the right spread, but it isn\'t uniform, nor is what "glorot_normal" draws: take '
    '"glorot_uniform".'
)
class GlorotsNormal(GRUCell):
    """The other of the two initialisers that have his name."""

    def build(self, input_shape):
        """W_x drawn again."""
        super().build(input_shape)
        self.W_x.assign(keras.initializers.GlorotNormal()(self.W_x.shape))


@EXERCISE.alternative
class StackedForTheGates(_Wrong):
    """Input and state side by side for the gates."""

    def step(self, x_t, h_prev):
        """The candidate by products of its own."""
        n = self.units
        b_x, b_h = self.biases()
        if not self.reset_after:
            both = keras.ops.concatenate([x_t, h_prev], axis=1)
            wide = keras.ops.concatenate([self.W_x, self.W_h], axis=0)
            z, r = keras.ops.split(keras.ops.sigmoid(both @ wide[:, : 2 * n] + b_x[: 2 * n]), 2, 1)
            heard = (r * h_prev) @ self.W_h[:, 2 * n :]
            candidate = keras.ops.tanh(x_t @ self.W_x[:, 2 * n :] + b_x[2 * n :] + heard)
        else:
            from_x, from_h = x_t @ self.W_x + b_x, h_prev @ self.W_h + b_h
            z = keras.ops.sigmoid((from_x + from_h)[:, :n])
            r = keras.ops.sigmoid((from_x + from_h)[:, n : 2 * n])
            candidate = keras.ops.tanh(from_x[:, 2 * n :] + r * from_h[:, 2 * n :])
        return candidate + z * (h_prev - candidate)


@EXERCISE.alternative
class KerasOwn(keras.layers.GRUCell):
    """Keras's own cell."""

    def __init__(self, units, reset_after=False, **kwargs):
        super().__init__(units, reset_after=reset_after, **kwargs)


@EXERCISE.alternative
class InTensorFlow(keras.layers.Layer):
    """TensorFlow's own operations and other names."""

    def __init__(self, units, reset_after=False, **kwargs):
        super().__init__(**kwargs)
        self.n = self.state_size = units
        self.after = reset_after

    def build(self, input_shape):
        """Initialisers as objects."""
        n = self.n
        self.u = self.add_weight(shape=(input_shape[-1], 3 * n), initializer="GlorotUniform")
        self.w = self.add_weight(shape=(n, 3 * n), initializer=keras.initializers.Orthogonal())
        rows = 2 if self.after else 1
        shape = (rows, 3 * n) if self.after else (3 * n,)
        self.v = self.add_weight(shape=shape, initializer=keras.initializers.Zeros())

    def call(self, inputs, states, **kwargs):
        """Slices in place of splits."""
        n, h = self.n, states[0]
        bias = tf.convert_to_tensor(self.v)
        x = tf.matmul(inputs, self.u) + (bias[0] if self.after else bias)
        if self.after:
            s = tf.matmul(h, self.w) + bias[1]
            gates = tf.sigmoid(x[:, : 2 * n] + s[:, : 2 * n])
            new = tf.tanh(x[:, 2 * n :] + gates[:, n:] * s[:, 2 * n :])
        else:
            w = tf.convert_to_tensor(self.w)
            gates = tf.sigmoid(x[:, : 2 * n] + tf.matmul(h, w[:, : 2 * n]))
            new = tf.tanh(x[:, 2 * n :] + tf.matmul(gates[:, n:] * h, w[:, 2 * n :]))
        h = gates[:, :n] * h + (1 - gates[:, :n]) * new
        return h, h
