"""Exercise: the loop over time moves from Python into the graph."""

from dataclasses import replace

import keras
import numpy as np
import tensorflow as tf

from course_lib.exercises.calling.guard import Unusable, with_article
from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.gated_cells.cases import LSTM, weights
from course_lib.exercises.ladder.beyond_one_case import large_numbers
from course_lib.exercises.ladder.cell_calls import (
    compiled,
    growing,
    set_weights,
    side_by_side,
    tracing,
)
from course_lib.exercises.ladder.graph_rungs import (
    compiles,
    equal_to_twin,
    fit_for_a_gpu,
    no_loop_over_time,
    reaches_every_weight,
    traceable,
)
from course_lib.exercises.ladder.nothing_added import zeros_are_numbers
from course_lib.exercises.ladder.rungs import by_hand, irregular, matches
from course_lib.graphs import gpu_report, gradient_sizes, own_twin, trace
from course_lib.layers.loops import looped, unrolled
from course_lib.scratch.gated import lstm_step
from course_lib.scratch.stacked import collect_outputs

COLUMNS = "ifco"  # the order of Keras


def sequence() -> Arrays:
    """Two sequences of five steps, three inputs, four units; float64."""
    return {"x": irregular(2, 5, 3), "params": weights(LSTM, 3, 4)}


def far_from_zero() -> Arrays:
    """The sequences with inputs up to 1,000, and as much smaller weights."""
    given = sequence()
    small = {n: w / 1000 if n.startswith("W_x") else w for n, w in given["params"].items()}
    return {"x": 1000 * given["x"], "params": small}


def from_a_state() -> Arrays:
    """A single step of one sequence, from a state and a memory that aren't zero."""
    given = sequence()
    x = given["x"][:1, :1]
    return {**given, "x": x, "h_0": irregular(1, 4, shift=1), "c_0": irregular(1, 4, shift=7)}


def sequence_from_a_state() -> Arrays:
    """Two sequences of five steps, from states that aren't zero."""
    return {**sequence(), "h_0": irregular(2, 4, shift=1), "c_0": irregular(2, 4, shift=7)}


def three_numbers() -> Arrays:
    """One sequence of three numbers, and what is there before them."""
    return {"x": np.array([[[1.0], [2.0], [4.0]]]), "before": np.array([[10.0]])}


def many_numbers() -> Arrays:
    """One sequence of 300 numbers."""
    return {"x": irregular(1, 300, 1), "before": np.array([[10.0]])}


def running_sum(x_t, states):
    """A cell that adds up; it shows twice what it carries."""
    total = states[0] + x_t
    return 2 * total, [total]


def lstm(given: Arrays):
    """Keras's own cell with the given weights."""
    x, params = given["x"], given["params"]
    cell = keras.layers.LSTMCell(len(params["W_hc"]), dtype=x.dtype.name)
    cell.build((None, x.shape[2]))
    set_weights(cell, side_by_side(params, COLUMNS))
    return cell


def run(function, cell, x, states):
    """Outputs and states, as tensors.

    Raises:
        Unusable: they aren't two things, or there are more states, or fewer, than came in.
    """
    result = function(cell, x, states)
    if result is None:
        raise Unusable("looped returned None: is the `return` missing?")
    if not isinstance(result, tuple | list) or len(result) != 2:
        kind = with_article(type(result).__name__)
        raise Unusable(f"looped returned {kind}; it returns two things: outputs, states.")
    outputs, after = result
    if not isinstance(after, tuple | list):
        after = [after]
    if len(after) != len(states):
        raise Unusable(f"{len(states)} states came in, and {len(after)} went out.")
    return outputs, list(after)


def reader(function, given: Arrays):
    """From a batch to all outputs of an LSTM, from zeros; by a graph where it is traced."""
    cell = lstm(given)
    width = len(given["params"]["W_hc"])

    def read(x):
        zeros = tf.zeros((tf.shape(x)[0], width), x.dtype)
        # A function of its own, so that a loop over tf.range may be written as a Python loop.
        inner = tf.function(function) if not tf.executing_eagerly() else function
        return run(inner, cell, x, [zeros, zeros])[0]

    return read, cell


def adding(function, given: Arrays) -> Arrays:
    """The running sum."""
    x, before = (tf.constant(value) for value in given.values())
    outputs, (total,) = run(function, running_sum, x, [before])
    return {"outputs": outputs.numpy(), "the last state": total.numpy()}


def all_sums(given: Arrays) -> Arrays:
    """The running sums, by NumPy."""
    sums = given["before"][:, None] + np.cumsum(given["x"], axis=1)
    return {"outputs": 2 * sums, "the last state": sums[:, -1]}


def over_time(function, given: Arrays) -> Arrays:
    """All outputs from zeros; beside them, the learner's own NumPy."""
    read, _ = reader(function, given)
    outputs = {"h": read(tf.constant(given["x"])).numpy()}
    twin = own_twin(function, "collect_outputs")
    if twin is not None:
        outputs["h by your twin"] = twin(given["x"], given["params"])
    return outputs


def all_outputs(function, given: Arrays) -> Arrays:
    """All outputs from zeros."""
    read, _ = reader(function, given)
    return {"h": read(tf.constant(given["x"])).numpy()}


def in_numpy(given: Arrays) -> Arrays:
    """What collect_outputs makes of the same numbers."""
    return {"h": collect_outputs(given["x"], given["params"])}


def from_there(function, given: Arrays) -> Arrays:
    """All outputs, and both states at the end, from a given beginning; at a second call."""
    x, h_0, c_0 = (tf.constant(given[name]) for name in ("x", "h_0", "c_0"))
    run(function, lstm(given), x / 2, [c_0, h_0])
    outputs, (h, c) = run(function, lstm(given), x, [h_0, c_0])
    return {"outputs": outputs.numpy(), "h at the end": h.numpy(), "c at the end": c.numpy()}


def from_there_in_numpy(given: Arrays) -> Arrays:
    """The same by lstm_step."""
    x, params, h_t, c_t = given.values()
    outputs = []
    for t in range(x.shape[1]):
        h_t, c_t, _ = lstm_step(x[:, t], h_t, c_t, params)
        outputs.append(h_t)
    return {"outputs": np.stack(outputs, axis=1), "h at the end": h_t, "c at the end": c_t}


def traced(function, given: Arrays) -> Arrays:
    """Whether it can be traced before batch and T are known."""
    return tracing(reader(function, given)[0], given["x"])


def graph_sizes(function, given: Arrays) -> Arrays:
    """The graph's size for ten and for twenty steps."""
    return growing(reader(function, given)[0], given["x"])


def reached(function, given: Arrays) -> Arrays:
    """What reaches the weights of the cell, through the loop."""
    read, cell = reader(function, given)
    x = tf.constant(given["x"])
    in_graph = trace(read, tf.TensorSpec(x.shape, x.dtype))
    loss = lambda: tf.reduce_sum(tf.square(in_graph(x)))  # noqa: E731
    return {"gradients": gradient_sizes(loss, cell.trainable_variables)}


def way_back(function, given: Arrays) -> Arrays:
    """The gradient of a loss that feels every output and the last states, by all that comes in."""
    x, h_0, c_0 = (tf.constant(given[name]) for name in ("x", "h_0", "c_0"))
    cell = lstm(given)
    weights = {"kernel": cell.kernel, "recurrent kernel": cell.recurrent_kernel}
    sources = {"x": x, "h_0": h_0, "c_0": c_0, **{n: w.value for n, w in weights.items()}}
    with tf.GradientTape() as tape:
        tape.watch([x, h_0, c_0])
        outputs, last = run(function, cell, x, [h_0, c_0])
        loss = sum(tf.reduce_sum(one**2) for one in (outputs, *last))
    grads = tape.gradient(loss, sources, unconnected_gradients="zero")
    return {f"gradient by {name}": grad.numpy() for name, grad in grads.items()}


def way_back_unrolled(given: Arrays) -> Arrays:
    """The same through a loop of Python's."""
    return way_back(unrolled, given)


def by_xla(function, given: Arrays) -> Arrays:
    """The sequences read by a graph that XLA has compiled."""
    return compiled(reader(function, given)[0], given["x"])


def for_a_gpu(function, given: Arrays) -> Arrays:
    """Both passes, in float32."""
    params = {name: w.astype(np.float32) for name, w in given["params"].items()}
    given = {"x": given["x"].astype(np.float32), "params": params}
    read, cell = reader(function, given)

    def both_passes(x):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(read(x)))
        return tape.gradient(loss, [w.value for w in cell.trainable_weights])

    return gpu_report(trace(both_passes, tf.TensorSpec((None, None, 3), tf.float32)))


EXERCISE = Exercise(
    reference=looped,
    title="A loop in the graph",
    goal="Run a cell over sequences of any length by a loop that TensorFlow records only once.",
    difficulty=3,
    minutes=40,
    kind="speed up",
    twin="collect_outputs",
    returns={},
    ladder=(
        by_hand(
            three_numbers,
            how="The cell adds up, starting from 10, and shows twice the sum: 11, 13, 17 are the "
            "states, 22, 26, 34 the outputs",
            call=adding,
            outputs=np.array([[[22.0], [26.0], [34.0]]]),
            **{"the last state": np.array([[17.0]])},
        ),
        equal_to_twin("collect_outputs", sequence, in_numpy, over_time),
        matches(
            "it starts from the states that it is given, and returns the last ones",
            from_a_state,
            from_there_in_numpy,
            call=from_there,
        ),
        matches(
            "a long sequence is read to its end",
            many_numbers,
            all_sums,
            "The cell adds up 300 numbers, and shows twice the sum.",
            call=adding,
        ),
        large_numbers(far_from_zero, in_numpy, all_outputs),
        zeros_are_numbers(sequence, in_numpy, all_outputs),
        traceable(sequence, traced),
        no_loop_over_time(sequence, graph_sizes),
        reaches_every_weight(sequence, reached),
        # Without an oracle for recognition: what differs here alone differs in nothing else.
        replace(
            matches(
                "the gradient goes back through all steps",
                sequence_from_a_state,
                way_back_unrolled,
                "The outputs are right, but training follows a gradient that is not theirs: "
                "something in the loop is kept from the tape.",
                call=way_back,
            ),
            right=None,
        ),
        compiles(sequence, in_numpy, by_xla),
        fit_for_a_gpu(sequence, for_a_gpu),
    ),
    promises={
        "So does `keras.layers.RNN`": "scaffold: what else there is",
        "cell: called as": "a case small enough to do by hand",
        "cell: gives the output": "a case small enough to do by hand",
        "cell: A Keras cell, or": (
            "a case small enough to do by hand",
            "equal to collect_outputs, to 1e-10 in float64",
        ),
        "x: inputs": (
            "equal to collect_outputs, to 1e-10 in float64",
            "a long sequence is read to its end",
        ),
        "x: batch and T": "TensorFlow can trace it, whatever the size of the batch",
        "states: the states before": "it starts from the states that it is given, and returns the "
        "last ones",
        "outputs: of every step": "equal to collect_outputs, to 1e-10 in float64",
        "states: the list of states after": "it starts from the states that it is given, and "
        "returns the last ones",
    },
    hints=(
        Hint(
            "Why isn't my `for` good enough?",
            "While TensorFlow traces, Python runs: how often does it run the body of your loop, "
            "and what is recorded each time? What if the number of steps isn't known yet?",
        ),
        Hint(
            "What goes into an iteration, and what comes out?",
            "Three things change from one iteration to the next: the number t, the list of "
            "states, and what has been collected. Each keeps its shape and type throughout. A "
            "Python list can't grow in a graph; `tf.TensorArray` is TensorFlow's kind of list.",
            fits=(
                "it starts from the states that it is given, and returns the last ones",
                "nothing carried",
                "states collected",
                "from zeros",
                "old states returned",
                "last output only",
                "float32 collected",
            ),
        ),
        Hint(
            "Batch and time are mixed up.",
            "A TensorArray is indexed along the first axis. So time has to come first on the way "
            "in, and must go back to second place on the way out.",
            fits=("time first", "reshaped"),
        ),
        Hint(
            "Show me the recipe.",
            "`T = tf.shape(x)[1]`. Transpose x to (T, batch, m) and `unstack` it into a "
            "`tf.TensorArray(x.dtype, T)`; make another for the outputs. `tf.while_loop(lambda t, "
            "*_: t < T, step, (0, outputs, states))`, where `step` reads x_t, calls the cell, and "
            "returns `t + 1`, the TensorArray that `write` gives, and the new states. At the end "
            "`stack` and transpose. Or, in a `tf.function`, a `for t in tf.range(T)`; or "
            "`tf.scan`.",
        ),
    ),
)


def _loop(cell, x, states, first=None, last=None, dtype=None, shown=None, begin=0):
    """The reference, with one thing or another changed."""
    T = tf.shape(x)[1] if last is None else tf.shape(x)[1] + last
    inputs = tf.TensorArray(x.dtype, tf.shape(x)[1]).unstack(tf.transpose(x, [1, 0, 2]))
    collected = tf.TensorArray(dtype or x.dtype, T)

    def step(t, collected, states):
        h_t, states = cell(inputs.read(t), states)
        return t + 1, collected.write(t, h_t if shown is None else shown(h_t, states)), states

    states = list(states) if first is None else first(states)
    _, collected, states = tf.while_loop(lambda t, *_: t < T, step, (begin, collected, states))
    return tf.transpose(collected.stack(), [1, 0, 2]), states


@EXERCISE.mistake(
    "The loop is still Python's: it needs the number of steps while the graph is made, and writes "
    "every one of them down. The loop itself has to be an operation: tf.while_loop, tf.scan, or a "
    "`for` over tf.range in a tf.function."
)
def loop_of_python(cell, x, states):
    """Unrolled, as it was."""
    outputs = []
    for t in range(x.shape[1]):
        h_t, states = cell(x[:, t], states)
        outputs.append(h_t)
    return tf.stack(outputs, axis=1), states


@EXERCISE.mistake(
    "The outputs are joined along an axis that they have, and time is gone: (batch, T·n). Time is "
    "a new axis, between batch and units."
)
def joined_side_by_side(cell, x, states):
    """tf.concat, as the notebook of 2018 recommends."""
    outputs, states = loop_of_python(cell, x, states)
    return tf.concat(tf.unstack(outputs, axis=1), axis=1), states


@EXERCISE.mistake(
    "Time comes out as the first axis, (T, batch, n): that is where a TensorArray stacks, so it "
    "has to be moved behind the batch."
)
def time_first(cell, x, states):
    """Not transposed back."""
    outputs, states = _loop(cell, x, states)
    return tf.transpose(outputs, [1, 0, 2]), states


@EXERCISE.mistake(
    "The shape is right, but sequences and steps are mixed up: tf.reshape doesn't move any "
    "numbers. To exchange two axes, use a transpose."
)
def reshaped(cell, x, states):
    """reshape where a transpose is needed."""
    outputs, states = _loop(cell, x, states)
    return tf.reshape(tf.transpose(outputs, [1, 0, 2]), tf.shape(outputs)), states


@EXERCISE.mistake(
    "Each step begins from the states that came in, so nothing is carried: each iteration has to "
    "pass the new states to the next."
)
def nothing_carried(cell, x, states):
    """The states are no loop variables."""
    T = tf.shape(x)[1]
    inputs = tf.TensorArray(x.dtype, T).unstack(tf.transpose(x, [1, 0, 2]))
    collected = tf.TensorArray(x.dtype, T)

    def step(t, collected, last):
        h_t, last = cell(inputs.read(t), states)
        return t + 1, collected.write(t, h_t), last

    _, collected, last = tf.while_loop(lambda t, *_: t < T, step, (0, collected, list(states)))
    return tf.transpose(collected.stack(), [1, 0, 2]), last


@EXERCISE.mistake(
    "Only the first of the states is carried on: an LSTM has two, and its memory is that of the "
    "beginning at every step. Each iteration has to pass on the whole list."
)
def first_state_only(cell, x, states):
    """[h, *states[1:]]."""
    others = list(states[1:])

    def step(x_t, carried):
        h_t, new = cell(x_t, [*carried, *others])
        return h_t, new[:1]

    outputs, last = _loop(step, x, states, first=lambda s: s[:1])
    return outputs, [*last, *others]


@EXERCISE.mistake(
    "The states of every step come back, one above the other: `tf.scan` keeps them all, and only "
    "the last of each, `[-1]`, is the state after the sequence."
)
def states_of_every_step(cell, x, states):
    """What tf.scan gives, as it is."""
    by_step = tf.transpose(x, [1, 0, 2])
    shown, _ = cell(by_step[0], states)

    def step(before, x_t):
        h_t, new = cell(x_t, list(before[1]))
        return h_t, list(new)

    outputs, history = tf.scan(step, by_step, initializer=(tf.zeros_like(shown), list(states)))
    return tf.transpose(outputs, [1, 0, 2]), history


@EXERCISE.mistake(
    "The number of steps is asked of Python, `x.shape[1]`, where it is None while the graph is "
    "made for sequences of any length. The loop itself is right: ask the tensor, `tf.shape(x)[1]`."
)
def length_of_python(cell, x, states):
    """A loop of TensorFlow, and its end from Python."""
    collected = tf.TensorArray(x.dtype, size=x.shape[1])

    def step(t, collected, states):
        h_t, states = cell(x[:, t], states)
        return t + 1, collected.write(t, h_t), states

    states = list(states)
    _, collected, states = tf.while_loop(lambda t, *_: t < x.shape[1], step, (0, collected, states))
    return tf.transpose(collected.stack(), [1, 0, 2]), states


@EXERCISE.mistake(
    "You collect the state, not the output of the step. Here they differ: a cell may show "
    "something other than what it carries."
)
def states_collected(cell, x, states):
    """states[0] in place of h_t."""
    return _loop(cell, x, states, shown=lambda h_t, new: new[0])


@EXERCISE.mistake(
    "What `write` returns is thrown away: in a graph it is a new TensorArray, and the old one "
    "stays empty. Pass on to the next iteration what `write` gives."
)
def written_and_thrown_away(cell, x, states):
    """Works as long as nothing is traced."""
    T = tf.shape(x)[1]
    collected = tf.TensorArray(x.dtype, T)

    def step(t, collected, states):
        h_t, states = cell(x[:, t], states)
        collected.write(t, h_t)
        return t + 1, collected, states

    _, collected, states = tf.while_loop(lambda t, *_: t < T, step, (0, collected, list(states)))
    return tf.transpose(collected.stack(), [1, 0, 2]), states


@EXERCISE.mistake(
    "The first step is taken twice: the loop begins from the states that a call before it gave, "
    "and reads the first input again. A call that only asks what the outputs look like leaves "
    "`states` as they came in."
)
def first_step_twice(cell, x, states):
    """A call for the shape, and its states."""
    return _loop(cell, x, cell(x[:, 0], states)[1])


@EXERCISE.mistake(
    "It begins from zeros, whatever comes in: `states` is where the previous sequence ended."
)
def from_zeros(cell, x, states):
    """The argument unused."""
    return _loop(cell, x, states, first=lambda s: [tf.zeros_like(one) for one in s])


@EXERCISE.mistake(
    "The states that come back are those from before the first step: return those that the last "
    "iteration passed on."
)
def old_states_returned(cell, x, states):
    """The argument again."""
    return _loop(cell, x, states)[0], list(states)


@EXERCISE.mistake(
    "The last step isn't taken, and its place among the outputs is left as it was: go on while "
    "t < T."
)
def last_output_empty(cell, x, states):
    """t < T - 1, with room for T outputs."""
    T = tf.shape(x)[1]
    collected = tf.TensorArray(x.dtype, T)

    def step(t, collected, states):
        h_t, states = cell(x[:, t], states)
        return t + 1, collected.write(t, h_t), states

    states = list(states)
    _, collected, states = tf.while_loop(lambda t, *_: t < T - 1, step, (0, collected, states))
    return tf.transpose(collected.stack(), [1, 0, 2]), states


@EXERCISE.mistake(
    "The output of a step is handed to the next one as its first state: a cell gives its new "
    "states apart, in a list, and they need not hold what it shows."
)
def output_for_state(cell, x, states):
    """[h_t, *states[1:]]."""

    def step(x_t, carried):
        h_t, new = cell(x_t, carried)
        return h_t, [h_t, *new[1:]]

    return _loop(step, x, states)


@EXERCISE.mistake("The last step is missing: t runs from 0 to T - 1, so go on while t < T.")
def a_step_short(cell, x, states):
    """t < T - 1."""
    return _loop(cell, x, states, last=-1)


@EXERCISE.mistake(
    "The outputs go through float32, as in a TensorArray made for it, although x is float64: take "
    "the dtype from x."
)
def float32_collected(cell, x, states):
    """tf.TensorArray(tf.float32, …)."""
    cast = lambda h_t, _: tf.cast(h_t, tf.float32)  # noqa: E731
    outputs, states = _loop(cell, x, states, dtype=tf.float32, shown=cast)
    return tf.cast(outputs, x.dtype), states


@EXERCISE.mistake(
    "Only the last output comes back: that is enough for a readout, but the layer above needs the "
    "output of every step."
)
def last_output_only(cell, x, states):
    """outputs[:, -1]."""
    outputs, states = _loop(cell, x, states)
    return outputs[:, -1], states


@EXERCISE.mistake(
    "No gradient comes back through the loop: something in it cuts the tape. Leave the outputs as "
    "tensors, without .numpy(), tf.constant or tf.stop_gradient."
)
def tape_cut(cell, x, states):
    """The outputs are right, and that is all."""
    outputs, states = _loop(cell, x, states)
    return tf.stop_gradient(outputs), states


@EXERCISE.mistake(
    "The gradient ends at the step that it comes from: the states are cut from the tape on their "
    "way to the next one, so what an early step has done for a late one is never learned."
)
def states_cut(cell, x, states):
    """As truncated BPTT does between its windows, but at every step."""

    def step(x_t, states):
        h_t, states = cell(x_t, states)
        return h_t, [tf.stop_gradient(state) for state in states]

    return _loop(step, x, states)


@EXERCISE.mistake(
    "The new states that the cell gives are thrown away: every step begins from those that came "
    "in, and they come back in the end. Each iteration has to pass on what the cell returned."
)
def new_states_thrown_away(cell, x, states):
    """h_t, _ = cell(x_t, states)."""
    return _loop(lambda x_t, now: (cell(x_t, now)[0], now), x, states)


@EXERCISE.mistake(
    "The first step is never taken: t begins at 1, so x_1 is not read, and zeros stand at its "
    "place in the outputs. In TensorFlow too the first index is 0."
)
def begins_at_one(cell, x, states):
    """(1, collected, states)."""
    return _loop(cell, x, states, begin=1)


@EXERCISE.mistake(
    "Every step reads the first input of the sequence: step t reads the one at its own place, "
    "x[:, t]."
)
def first_input_for_all(cell, x, states):
    """x[:, 0]."""
    return _loop(lambda x_t, now: cell(x[:, 0], now), x, states)


@EXERCISE.mistake(
    "All outputs are written to the first place, each over the one before: the output of step t "
    "belongs to place t."
)
def all_at_the_first_place(cell, x, states):
    """write(0, h_t)."""
    T = tf.shape(x)[1]
    collected = tf.TensorArray(x.dtype, T)

    def step(t, collected, states):
        h_t, states = cell(x[:, t], states)
        return t + 1, collected.write(0, h_t), states

    states = list(states)
    _, collected, states = tf.while_loop(lambda t, *_: t < T, step, (0, collected, states))
    return tf.transpose(collected.stack(), [1, 0, 2]), states


@EXERCISE.mistake(
    "Each step reads numbers of several steps: x was brought into the order (T, batch, m) by a "
    "reshape, which leaves all numbers in their order. A transpose exchanges the two axes."
)
def read_by_a_reshape(cell, x, states):
    """Right for a batch of one."""
    sizes = tf.shape(x)
    mixed = tf.reshape(x, [sizes[1], sizes[0], x.shape[2]])
    return _loop(cell, tf.transpose(mixed, [1, 0, 2]), states)


@EXERCISE.alternative
def by_autograph(cell, x, states):
    """A for over tf.range; AutoGraph makes a loop of it."""
    T = tf.shape(x)[1]
    outputs = tf.TensorArray(x.dtype, size=T)
    states = list(states)
    for t in tf.range(T):
        h_t, states = cell(x[:, t], states)
        outputs = outputs.write(t, h_t)
    return tf.transpose(outputs.stack(), [1, 0, 2]), states


@EXERCISE.alternative
def into_a_list_that_grows(cell, x, states):
    """Right, and the idiom of many examples; XLA alone makes nothing of it."""

    def step(t, outputs, states):
        h_t, states = cell(tf.gather(x, t, axis=1), states)
        return t + 1, outputs.write(t, h_t), states

    kept = tf.TensorArray(x.dtype, size=0, dynamic_size=True)
    _, kept, states = tf.while_loop(lambda t, *_: t < tf.shape(x)[1], step, (0, kept, states))
    return tf.einsum("tbn->btn", kept.stack()), states


@EXERCISE.alternative
def a_tensor_that_grows(cell, x, states):
    """Right, if wasteful: each step copies what was there, and its size may change."""
    shown, states = cell(x[:, 0], states)
    states = list(states)

    def step(t, outputs, states):
        h_t, states = cell(x[:, t], states)
        return t + 1, tf.concat([outputs, h_t[:, None]], axis=1), list(states)

    grows = tf.TensorShape([None, None, shown.shape[-1]])
    shapes = (tf.TensorShape([]), grows, [state.shape for state in states])
    first = (1, shown[:, None], states)
    _, outputs, states = tf.while_loop(
        lambda t, *_: t < tf.shape(x)[1], step, first, shape_invariants=shapes
    )
    return outputs, states


@EXERCISE.alternative
def by_scan(cell, x, states):
    """tf.scan keeps everything of every step."""
    first, _ = cell(x[:, 0], states)

    def step(before, x_t):
        return cell(x_t, list(before[1]))

    outputs, kept = tf.scan(step, tf.transpose(x, [1, 0, 2]), (tf.zeros_like(first), list(states)))
    return tf.transpose(outputs, [1, 0, 2]), [one[-1] for one in kept]


@EXERCISE.alternative
def by_keras(cell, x, states):
    """Keras's own operation for it, the step's input cut out of x by its number."""
    T = tf.shape(x)[1]
    collected = tf.TensorArray(x.dtype, T)

    def go_on(t, *_):
        return t < T

    def step(t, kept, *now):
        output, new = cell(tf.gather(x, t, axis=1), list(now))
        return (t + 1, kept.write(t, output), *new)

    _, collected, *last = tf.while_loop(go_on, step, (tf.constant(0), collected, *states))
    return tf.einsum("tbn->btn", collected.stack()), last
