"""Exercise: weights that change in the middle of a sequence."""

import functools

import numpy as np
import tensorflow as tf

from course_lib.exercises.calling.guard import Unusable
from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.ladder.beyond_one_case import large_numbers
from course_lib.exercises.ladder.graph_rungs import (
    compiles,
    equal_to_twin,
    fit_for_a_gpu,
    no_loop_over_time,
    traceable,
)
from course_lib.exercises.ladder.rungs import by_hand, irregular, matches
from course_lib.graphs import (
    by_xla,
    gpu_report,
    nodes,
    own_twin,
    reads_before_writes,
    stumble,
    trace,
)
from course_lib.online.by_hand.inside import update_inside
from course_lib.scratch.kernl import trace_step, weight_gradient


def sequence() -> Arrays:
    """Three sequences of six steps, two inputs, four units, two outputs.

    The rate is one that float32 holds exactly: `tf.cast(rate, x.dtype)` takes a number of Python
    there by way of float32, and nobody who keeps the dtypes apart in this way has made a mistake.
    """
    return {
        "W": irregular(7, 4, scale=0.6),
        "R": irregular(4, 2, shift=1),
        "x": irregular(3, 6, 2, shift=2),
        "y": irregular(3, 6, 2, shift=3),
        "beta": np.eye(4) + irregular(4, 4, shift=4, scale=0.5),
        "gamma": np.array([0.0, 0.1, 0.5, 1.2]),
        "rate": 0.3125,
    }


def far_from_zero() -> Arrays:
    """Small inputs by large weights, and targets out of reach; the rate is small."""
    given = sequence()
    W, x, y = given["W"].copy(), given["x"] / 40, 50 * given["y"]
    W[:2] *= 40
    return {**given, "W": W, "x": x, "y": y, "rate": 0.0009765625}


def single_step() -> Arrays:
    """Sequences of one step."""
    given = sequence()
    return {**given, "x": given["x"][:, :1], "y": given["y"][:, :1]}


def many_steps() -> Arrays:
    """Two hundred steps, at a small rate."""
    x, y = irregular(2, 200, 2, shift=2), irregular(2, 200, 2, shift=3)
    return {**sequence(), "x": x, "y": y, "rate": 0.0078125}


def no_rate() -> Arrays:
    """Weights that stay."""
    return {**sequence(), "rate": 0.0}


def no_memory() -> Arrays:
    """Traces of which nothing is left after a step."""
    return {**sequence(), "gamma": np.full(4, 700.0)}


def one_unit() -> Arrays:
    """One unit, two steps, weights of zero; half of a trace is left after a step."""
    return {
        "W": np.zeros((3, 1)),
        "R": np.array([[1.0]]),
        "x": np.array([[[2.0], [1.0]]]),
        "y": np.array([[[-1.0], [0.0]]]),
        "beta": np.array([[1.0]]),
        "gamma": np.array([np.log(2)]),
        "rate": 0.1,
    }


@functools.cache
def handed_out() -> list:
    """All variables that answers were called with.

    A tf.function of the learner's keeps the graph that it made for one of them, and TensorFlow
    refuses to run it inside another graph once that variable is gone.
    """
    return []


def variable(given: Arrays):
    """The weights in a variable of their own, which stays."""
    handed_out().append(tf.Variable(given["W"]))
    return handed_out()[-1]


def read(function, W, given: Arrays) -> np.ndarray:
    """The losses of a call with the weights in a variable."""
    _, *arrays, rate = given.values()
    losses = function(W, *map(tf.constant, arrays), float(rate))
    if losses is None:
        raise Unusable("update_inside returned None: is the `return` missing?")
    return np.asarray(losses)


def eagerly(function, given: Arrays) -> Arrays:
    """Losses and weights, as Python runs it."""
    W = variable(given)
    return {"losses": read(function, W, given), "W after": W.numpy()}


def twice(function, given: Arrays) -> Arrays:
    """The same sequences again, with the weights that the first time has left."""
    W = variable(given)
    read(function, W, given)
    return {"losses": read(function, W, given), "W after": W.numpy()}


def beside_the_twin(function, given: Arrays) -> Arrays:
    """The same as `eagerly`; beside it, with the learner's own NumPy."""
    outputs = eagerly(function, given)
    twin = own_twin(function, "weight_gradient")
    if twin is not None:
        mine = online(given, with_decay, twin)
        outputs |= {f"{name} by your twin": value for name, value in mine.items()}
    return outputs


def with_decay(E_t, v_t, d_t, gamma):
    """A step of the traces."""
    return E_t * np.exp(-gamma) + v_t[:, :, None] * d_t[:, None, :]


def online(given: Arrays, trace, gradient) -> Arrays:
    """The loop in NumPy, with these two functions of the chapter."""
    W, R, x, y, beta, gamma, rate = given.values()
    batch, n = len(x), W.shape[1]
    W, losses = W.copy(), []
    h_t, E_t, one = np.zeros((batch, n)), np.zeros((batch, *W.shape)), np.ones((batch, 1))
    for t in range(x.shape[1]):
        v_t = np.hstack([x[:, t], h_t, one])
        h_t = np.tanh(v_t @ W)
        E_t = trace(E_t, v_t, 1 - h_t**2, gamma)
        error = h_t @ R - y[:, t]
        losses.append(np.sum(error**2) / 2 / batch)
        W -= rate * gradient(error @ R.T / batch, beta, E_t)
    return {"losses": np.array(losses), "W after": W}


def in_numpy(given: Arrays) -> Arrays:
    """By trace_step and weight_gradient."""
    return online(given, trace_step, weight_gradient)


def twice_in_numpy(given: Arrays) -> Arrays:
    """The second of two readings."""
    return in_numpy({**given, "W": in_numpy(given)["W after"]})


def graph(function, W, given: Arrays, T=None, **settings):
    """The graph, for a batch of any size; as tf.function makes it, with AutoGraph.

    Keras, which makes graphs without, never calls this function.
    """
    _, R, x, y, beta, gamma, rate = given.values()
    signature = [
        tf.TensorSpec(R.shape, R.dtype),
        tf.TensorSpec((None, T, x.shape[2]), R.dtype),
        tf.TensorSpec((None, T, y.shape[2]), R.dtype),
        tf.TensorSpec(beta.shape, R.dtype),
        tf.TensorSpec(gamma.shape, R.dtype),
    ]

    def run(*tensors):
        return function(W, *tensors, float(rate))

    return trace(run, *signature, autograph=True, **settings)


def traced(function, given: Arrays) -> Arrays:
    """Whether it can be traced before batch and number of steps are known."""
    W = variable(given)
    return {"stumbles over": stumble(lambda: graph(function, W, given))}


def graph_sizes(function, given: Arrays) -> Arrays:
    """How many operations there are for ten and for twenty steps."""
    W = variable(given)
    return {f"operations at T={T}": len(nodes(graph(function, W, given, T))) for T in (10, 20)}


def in_a_graph(function, given: Arrays) -> Arrays:
    """Losses and weights, as the graph runs it."""
    W = variable(given)
    _, *arrays, _ = given.values()
    with reads_before_writes():
        losses = graph(function, W, given)(*map(tf.constant, arrays))
    return {"losses": np.asarray(losses), "W after": W.numpy()}


def compiled(function, given: Arrays) -> Arrays:
    """The same, by XLA."""
    _, *arrays, _ = given.values()

    def make(**settings):
        return graph(function, variable(given), given, **settings)

    def results(losses):
        return {"losses": losses, "W after": handed_out()[-1].read_value()}

    return by_xla(make, arrays, results)


def for_a_gpu(function, given: Arrays) -> Arrays:
    """The graph in float32."""
    small = {
        name: value if name == "rate" else value.astype(np.float32) for name, value in given.items()
    }
    return gpu_report(graph(function, variable(small), small))


EXERCISE = Exercise(
    reference=update_inside,
    title="Learn while the sequence runs",
    goal="Change the weights after every step of a sequence, in a loop that is part of a graph.",
    difficulty=3,
    minutes=45,
    kind="speed up",
    twin="weight_gradient",
    returns={},
    ladder=(
        by_hand(
            one_unit,
            how="step 1: h = tanh(0) = 0, error 0 + 1 = 1, loss 0.5; the traces are (2, 0, 1), and "
            "so is dW; W becomes (-0.2, 0, -0.1)\n"
            "step 2: h = tanh(-0.2 × 1 - 0.1) = -0.291313, which is the error, loss 0.042432",
            call=eagerly,
            **in_numpy(one_unit()),
        ),
        matches("one step alone", single_step, in_numpy, "With T = 1:", eagerly),
        matches(
            "at a rate of zero nothing moves",
            no_rate,
            in_numpy,
            "With a rate of zero the losses are those of the network as it is.",
            eagerly,
        ),
        matches(
            "no memory: each step's own loss alone",
            no_memory,
            in_numpy,
            "With a gamma of 700 nothing is left of a trace after a step.",
            eagerly,
        ),
        equal_to_twin("weight_gradient", sequence, in_numpy, beside_the_twin),
        large_numbers(far_from_zero, in_numpy, eagerly),
        matches(
            "a second reading goes on from the weights that the first has left",
            sequence,
            twice_in_numpy,
            "Read again: the weights go on, state and traces begin at zero.",
            twice,
        ),
        matches(
            "a long sequence is read to its end", many_steps, in_numpy, "With T = 200:", eagerly
        ),
        traceable(sequence, traced),
        no_loop_over_time(sequence, graph_sizes),
        matches(
            "in a graph too, a step reads the weights that the last one left",
            sequence,
            in_numpy,
            "Run as a graph it gives something else than run by Python.",
            in_a_graph,
        ),
        compiles(sequence, in_numpy, compiled),
        fit_for_a_gpu(sequence, for_a_gpu),
    ),
    promises={
        "The network is tanh": "a case small enough to do by hand",
        "y is compared": "a case small enough to do by hand",
        "The loss of a step": "a case small enough to do by hand",
        "The traces go on": "equal to weight_gradient, to 1e-10 in float64",
        "All tensors have": (
            "equal to weight_gradient, to 1e-10 in float64",
            "nothing in it keeps it from a GPU",
        ),
        "Sizes of batch": "TensorFlow can trace it, whatever the size of the batch",
        "W: a tf.Variable": "a case small enough to do by hand",
        "W: changed in place": (
            "a second reading goes on from the weights that the first has left",
            "one step alone",
        ),
        "R: readout": "a case small enough to do by hand",
        "R: stays": "scaffold: a tensor can't be changed",
        "x: inputs": (
            "a case small enough to do by hand",
            "a long sequence is read to its end",
        ),
        "y: targets": "a case small enough to do by hand",
        "beta: sensitivity": "one step alone",
        "beta: row k": "one step alone",
        "gamma: decay": "equal to weight_gradient, to 1e-10 in float64",
        "rate: learning": ("at a rate of zero nothing moves", "one step alone"),
        "losses: shape": "a case small enough to do by hand",
    },
    hints=(
        Hint(
            "Where do I begin?",
            "Write down one step: what does it read, and what does it leave behind for the next? "
            "Three things are carried from step to step. Two of them are tensors. What is the "
            "third, and who keeps it?",
        ),
        Hint(
            "Which shapes are carried?",
            "The state, (batch, n), and the traces, (batch, p, n), go round in the loop; the loss "
            "of each step is one number, and a `tf.TensorArray` collects them. The weights don't "
            "go round: they stay in their variable.",
            fits=(
                "traces begin anew",
                "loop in python",
                "TensorFlow can trace it, whatever the size of the batch",
                "the graph doesn't grow with the number of time steps",
            ),
        ),
        Hint(
            "The losses are those of weights that never change.",
            "A variable used as a tensor is read at the place where it is used. Read before the "
            "loop, it gives the old weights at every step, for ever. And `W = W - …` only gives "
            "the name W to another tensor.",
            fits=(
                "read before the loop",
                "another tensor",
                "carried but not assigned",
                "a second reading goes on from the weights that the first has left",
                "in a graph too, a step reads the weights that the last one left",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "`tf.while_loop(lambda t, *_: t < T, step, (0, h_0, E_0, losses))`, T from "
            "`tf.shape(x)[1]`. In `step`: v_t by `tf.concat`; the new state with `W` itself; the "
            "traces as in `trace_step`; the error; `losses.write(t, loss)`; dh_t = error @ Rᵀ / "
            "batch; dW as in `weight_gradient`, with `tf.einsum`; `W.assign_sub(rate * dW)`. "
            "Return `losses.stack()`.",
        ),
    ),
)


def _loop(W, R, x, y, beta, gamma, rate, **other):
    """A loop in the graph of which parts can be replaced, for mistakes and alternatives.

    weights: gives the weights that a step reads; credit, traces: of the step; change: what an
    update does; seen: what the traces take for v; parts: what v is put together from; slope: of the
    tanh; late: the change is made with the traces from before the step; again: the state
    that goes on is computed once more after it; array: what collects the losses; ones: what
    stands for the bias in v.
    """
    weights = other.get("weights", lambda: W)
    credit = other.get("credit", lambda dh: dh @ beta)
    traces = other.get("traces", lambda E, v, d: E * tf.exp(-gamma) + v * d)
    change = other.get("change", lambda dW: W.assign_sub(rate * dW))
    seen = other.get("seen", lambda v, h: v)
    parts = other.get("parts", lambda x_t, h: (x_t, h))
    slope = other.get("slope", lambda h_before, h: 1 - h**2)
    batch, T = tf.shape(x)[0], tf.shape(x)[1]
    size = tf.cast(batch, x.dtype)
    share = other.get("share", 1 / size)
    ones = other.get("ones", [tf.ones((batch, 1), x.dtype)])

    def step(t, h, E, losses):
        v = tf.concat([*parts(x[:, t], h), *ones], axis=1)
        now = weights()
        h_before, h = h, tf.tanh(v @ now)
        E_before, E = E, traces(E, seen(v, h)[:, :, None], slope(h_before, h)[:, None, :])
        error = h @ R - y[:, t]
        loss = tf.reduce_sum(error**2) / 2 / size
        used = E_before if "late" in other else E
        change(tf.einsum("bi,bji->ji", credit(error @ tf.transpose(R) * share), used))
        if "after" in other:
            loss = tf.reduce_sum((tf.tanh(v @ W) @ R - y[:, t]) ** 2) / 2 / size
        if "again" in other:
            h = tf.tanh(v @ W)
        return t + 1, h, E, losses.write(t, loss)

    h, E = tf.zeros((batch, W.shape[1]), x.dtype), tf.zeros((batch, *W.shape), x.dtype)
    array = other.get("array") or tf.TensorArray(x.dtype, T, element_shape=())
    return tf.while_loop(lambda t, *_: t < T, step, (0, h, E, array))[-1].stack()


@EXERCISE.mistake(
    "v_t lacks its last entry: W ends with the row of the bias, and a 1 is multiplied by it, "
    "v_t = [x_t, h_{t-1}, 1]."
)
def without_the_ones(W, R, x, y, beta, gamma, rate):
    """[x_t, h_{t-1}]."""
    return _loop(W, R, x, y, beta, gamma, rate, ones=[])


@EXERCISE.mistake(
    "Every step runs with the weights of the beginning: they are read before the loop, or changed "
    "only after it. Read the variable inside the step, and change it there."
)
def read_before_the_loop(W, R, x, y, beta, gamma, rate):
    """A tensor in place of the variable."""
    fixed = tf.convert_to_tensor(W)
    return _loop(W, R, x, y, beta, gamma, rate, weights=lambda: fixed)


@EXERCISE.mistake(
    "The variable never changes: `W = W - …` gives the name to a new tensor. Change the variable "
    "itself."
)
def another_tensor(W, R, x, y, beta, gamma, rate):
    """Nothing is assigned."""
    return _loop(W, R, x, y, beta, gamma, rate, change=lambda dW: W - rate * dW)


@EXERCISE.mistake(
    "The losses are right, but W is as it was: what learns is a copy of it, which goes round in "
    "the loop or is a variable of its own. Assign to W: it is changed in place."
)
def carried_but_not_assigned(W, R, x, y, beta, gamma, rate):
    """A copy learns."""
    learner = tf.Variable(W) if tf.executing_eagerly() else W
    return _loop(learner, R, x, y, beta, gamma, rate)


@EXERCISE.mistake(
    "The mean is taken over the outputs too: half the squared error is summed over the outputs, "
    "and the mean is over the batch alone."
)
def mean_over_the_outputs(W, R, x, y, beta, gamma, rate):
    """Of all numbers."""
    outputs = R.shape[1]
    share = 1 / tf.cast(outputs * tf.shape(x)[0], x.dtype)
    return _loop(W, R, x, y, beta, gamma, rate, share=share) / outputs


@EXERCISE.mistake(
    "W learns as it should, but what is reported is a mean over the outputs as well: the losses "
    "are summed over the outputs, and the mean is over the batch alone."
)
def mean_reported(W, R, x, y, beta, gamma, rate):
    """The losses alone."""
    return _loop(W, R, x, y, beta, gamma, rate) / R.shape[1]


@EXERCISE.mistake(
    "The gradient is that of the mean over all outputs, while the losses are right: the loss is "
    "summed over the outputs, so dh_t is the error @ Rᵀ, divided by the batch alone."
)
def gradient_of_the_mean_over_outputs(W, R, x, y, beta, gamma, rate):
    """Divided once too often."""
    share = 1 / tf.cast(R.shape[1] * tf.shape(x)[0], x.dtype)
    return _loop(W, R, x, y, beta, gamma, rate, share=share)


@EXERCISE.mistake(
    "The loss is the whole squared error: half of it is asked for, so that its gradient is the "
    "error itself."
)
def without_the_half(W, R, x, y, beta, gamma, rate):
    """The loss alone; its gradient is right."""
    return 2 * _loop(W, R, x, y, beta, gamma, rate)


@EXERCISE.mistake(
    "The change is made with the traces from before the step: take this step into the traces "
    "first, since its own loss depends on it most."
)
def traces_a_step_late(W, R, x, y, beta, gamma, rate):
    """dW before the traces."""
    return _loop(W, R, x, y, beta, gamma, rate, late=True)


@EXERCISE.mistake(
    "The slope of the tanh is missing from the traces: this step adds v_t times 1 - h_t²."
)
def without_the_slope(W, R, x, y, beta, gamma, rate):
    """As if the units were linear."""

    def traces(E, v, d):
        return E * tf.exp(-gamma) + v * tf.ones_like(d)

    return _loop(W, R, x, y, beta, gamma, rate, traces=traces)


@EXERCISE.mistake(
    "The weights go up the loss, not down: subtract the gradient, or take the output minus the "
    "target as the error."
)
def uphill(W, R, x, y, beta, gamma, rate):
    """The wrong sign."""
    return _loop(W, R, x, y, beta, gamma, -rate)


@EXERCISE.mistake("beta is not used: the credit of the units is dh_t @ beta.")
def no_beta(W, R, x, y, beta, gamma, rate):
    """dh alone."""
    return _loop(W, R, x, y, beta, gamma, rate, credit=lambda dh: dh)


@EXERCISE.mistake(
    "beta is transposed: its rows are the later units, which dh_t is about, so it is dh_t @ beta."
)
def beta_transposed(W, R, x, y, beta, gamma, rate):
    """beta.T."""
    return _loop(W, R, x, y, beta, gamma, rate, credit=lambda dh: dh @ tf.transpose(beta))


@EXERCISE.mistake(
    "The gradient is summed over the batch, but the loss is a mean: divide by the number of "
    "sequences."
)
def sum_over_the_batch(W, R, x, y, beta, gamma, rate):
    """dh without the mean."""
    return _loop(W, R, x, y, beta, gamma, rate, share=1.0)


@EXERCISE.mistake(
    "The traces begin anew after each change of the weights: they go on, a little stale, or no "
    "loss could reach back."
)
def traces_begin_anew(W, R, x, y, beta, gamma, rate):
    """Only this step."""
    return _loop(W, R, x, y, beta, gamma, rate, traces=lambda E, v, d: v * d)


@EXERCISE.mistake(
    "The traces are multiplied by gamma at each step: gamma is the rate at which they fade, and "
    "what is left of them is exp(-gamma)."
)
def gamma_itself_is_left(W, R, x, y, beta, gamma, rate):
    """gamma * E."""
    return _loop(W, R, x, y, beta, gamma, rate, traces=lambda E, v, d: gamma * E + v * d)


@EXERCISE.mistake(
    "The traces don't fade: from step to step exp(-gamma) is left of each, by the unit that its "
    "weight leads to."
)
def traces_never_fade(W, R, x, y, beta, gamma, rate):
    """A plain sum."""
    return _loop(W, R, x, y, beta, gamma, rate, traces=lambda E, v, d: E + v * d)


@EXERCISE.mistake(
    "The new part of the trace fades at once: only the old trace is multiplied by exp(-gamma)."
)
def new_part_fades_too(W, R, x, y, beta, gamma, rate):
    """A bracket too wide."""
    return _loop(W, R, x, y, beta, gamma, rate, traces=lambda E, v, d: (E + v * d) * tf.exp(-gamma))


@EXERCISE.mistake(
    "The trace takes in the state after the step; what the weights were multiplied by is the "
    "state before it."
)
def state_after_the_step(W, R, x, y, beta, gamma, rate):
    """The new h in v."""
    m = x.shape[2]

    def seen(v, h):
        return tf.concat([v[:, :m], h, v[:, -1:]], axis=1)

    return _loop(W, R, x, y, beta, gamma, rate, seen=seen)


@EXERCISE.mistake(
    "The slope is 1 - h_t without the square: that of the tanh is 1 - tanh², and h_t is the tanh "
    "already, so square h_t."
)
def square_forgotten(W, R, x, y, beta, gamma, rate):
    """1 - h_t."""
    return _loop(W, R, x, y, beta, gamma, rate, slope=lambda h_before, h: 1 - h)


@EXERCISE.mistake(
    "The slope of the tanh is taken at the state before the step: what the step has squashed is "
    "the new state, so it is 1 - h_t², with h_t from after the tanh."
)
def slope_of_the_state_before(W, R, x, y, beta, gamma, rate):
    """The traces before h is the new one."""
    return _loop(W, R, x, y, beta, gamma, rate, slope=lambda h_before, h: 1 - h_before**2)


@EXERCISE.mistake(
    "The 1 stands first in v_t, and the row of the bias last in W: v_t = [x_t, h_{t-1}, 1]."
)
def ones_on_top(W, R, x, y, beta, gamma, rate):
    """[1, x_t, h_{t-1}]."""

    def parts(x_t, h):
        return tf.ones_like(x_t[:, :1]), x_t, h

    return _loop(W, R, x, y, beta, gamma, rate, parts=parts, ones=[])


@EXERCISE.mistake(
    "v has the state before the inputs: W has the inputs' rows on top, so it is [x_t, h_{t-1}, 1]."
)
def state_on_top(W, R, x, y, beta, gamma, rate):
    """[h, x, 1]."""
    return _loop(W, R, x, y, beta, gamma, rate, parts=lambda x_t, h: (h, x_t))


@EXERCISE.mistake(
    "The loss is taken after the change: it is the one that the change was made for, with the "
    "weights before it."
)
def loss_after_the_change(W, R, x, y, beta, gamma, rate):
    """The same step again."""
    return _loop(W, R, x, y, beta, gamma, rate, after=True)


@EXERCISE.mistake(
    "The state that goes on to the next step is computed once more, with the weights after the "
    "change: the network has been in the state that the loss was taken at, and goes on from it."
)
def state_after_the_change(W, R, x, y, beta, gamma, rate):
    """The same step again, for the next one."""
    return _loop(W, R, x, y, beta, gamma, rate, again=True)


@EXERCISE.mistake(
    "The loop over time is Python's: the number of steps isn't known when the graph is made, and "
    "if it were, each step would be written out."
)
def loop_in_python(W, R, x, y, beta, gamma, rate):
    """A `for` over T."""
    h, E = tf.zeros_like(x[:, 0, :1]) * W[0], tf.zeros_like(x[:, 0, :1, None]) * W
    size, losses = tf.cast(tf.shape(x)[0], x.dtype), []
    for t in range(x.shape[1]):
        v = tf.concat([x[:, t], h, tf.ones_like(h[:, :1])], axis=1)
        h = tf.tanh(v @ W)
        E = E * tf.exp(-gamma) + v[:, :, None] * (1 - h**2)[:, None, :]
        error = h @ R - y[:, t]
        losses.append(tf.reduce_sum(error**2) / 2 / size)
        credit = error @ tf.transpose(R) / size @ beta
        W.assign_sub(rate * tf.reduce_sum(E * credit[:, None], axis=0))
    return tf.stack(losses)


@EXERCISE.alternative
def by_scan(W, R, x, y, beta, gamma, rate):
    """TensorFlow's scan, over time first; the new weights are assigned as a whole."""
    size = tf.cast(tf.shape(x)[0], x.dtype)

    def step(carried, now):
        h, E, _ = carried
        x_t, y_t = now
        v = tf.concat([x_t, h, tf.ones_like(h[:, :1])], axis=-1)
        h = tf.math.tanh(tf.matmul(v, W))
        E = tf.exp(-gamma) * E + tf.einsum("bj,bi->bji", v, 1 - tf.square(h))
        error = tf.matmul(h, R) - y_t
        loss = 0.5 * tf.reduce_mean(tf.reduce_sum(tf.square(error), axis=1))
        dh = tf.matmul(error, R, transpose_b=True) / size
        W.assign(W - rate * tf.reduce_sum(E * tf.matmul(dh, beta)[:, None, :], axis=0))
        return h, E, loss

    first = tf.zeros_like(x[:, 0, :1])
    start = (first * W[0], first[:, :, None] * W, tf.zeros((), x.dtype))
    over = (tf.transpose(x, (1, 0, 2)), tf.transpose(y, (1, 0, 2)))
    return tf.scan(step, over, start)[2]


@EXERCISE.alternative
def as_a_function_of_its_own(W, R, x, y, beta, gamma, rate):
    """Compiled by the learner, with a loop that AutoGraph makes."""

    @tf.function
    def run(x, y):
        T, size = tf.shape(x)[1], tf.cast(tf.shape(x)[0], x.dtype)
        losses = tf.TensorArray(x.dtype, T, element_shape=())
        h = tf.zeros((tf.shape(x)[0], W.shape[1]), x.dtype)
        E = tf.zeros((tf.shape(x)[0], *W.shape), x.dtype)
        for t in tf.range(T):
            v = tf.concat([x[:, t], h, tf.ones_like(h[:, :1])], axis=1)
            h = tf.tanh(v @ W)
            E = E * tf.exp(-gamma) + v[:, :, None] * (1 - h**2)[:, None, :]
            error = h @ R - y[:, t]
            losses = losses.write(t, tf.reduce_sum(error**2) / 2 / size)
            credit = error @ tf.transpose(R) @ beta / size
            W.assign_sub(rate * tf.einsum("bi,bji->ji", credit, E))
        return losses.stack()

    return run(x, y)


@EXERCISE.alternative
def in_the_dtype_of_the_weights(W, R, x, y, beta, gamma, rate):
    """The rate cast to the dtype; the new weights go round, and are assigned once at the end."""
    rate = tf.cast(rate, x.dtype)
    batch, T = tf.shape(x)[0], tf.shape(x)[1]

    def step(t, w, h, E, losses):
        v = tf.concat([x[:, t], h, tf.ones([batch, 1], x.dtype)], axis=1)
        h = tf.tanh(v @ w)
        E = tf.exp(-gamma) * E + v[..., None] * (1 - h * h)[:, None]
        error = h @ R - y[:, t]
        loss = tf.reduce_mean(tf.reduce_sum(error * error, axis=1)) / 2
        dh = error @ tf.transpose(R) / tf.cast(batch, x.dtype)
        dW = tf.reduce_sum((dh @ beta)[:, None] * E, axis=0)
        return t + 1, w - rate * dW, h, E, losses.write(t, loss)

    h, E = tf.zeros([batch, R.shape[0]], x.dtype), tf.zeros([batch, *W.shape], x.dtype)
    losses = tf.TensorArray(x.dtype, size=T, element_shape=())
    start = (0, W.read_value(), h, E, losses)
    _, w, _, _, losses = tf.while_loop(lambda t, *_: t < T, step, start)
    W.assign(w)
    return losses.stack()


@EXERCISE.alternative
def by_autograph(W, R, x, y, beta, gamma, rate):
    """A for over tf.range, of which AutoGraph makes a loop wherever there is a graph."""
    rows, stays = tf.shape(x)[0], tf.exp(-gamma)
    told = tf.TensorArray(x.dtype, size=tf.shape(x)[1], element_shape=[])
    state, trace = tf.zeros([rows, R.shape[0]], x.dtype), tf.zeros([rows, *W.shape], x.dtype)
    for t in tf.range(tf.shape(x)[1]):
        seen = tf.concat((x[:, t, :], state, tf.ones([rows, 1], x.dtype)), -1)
        state = tf.nn.tanh(tf.linalg.matmul(seen, W))
        slope = 1 - tf.square(state)
        trace = stays * trace + seen[..., tf.newaxis] * slope[:, tf.newaxis]
        miss = tf.linalg.matmul(state, R) - y[:, t, :]
        told = told.write(t, tf.nn.l2_loss(miss) / tf.cast(rows, x.dtype))
        blame = tf.linalg.matmul(tf.linalg.matmul(miss, R, transpose_b=True), beta)
        W.assign_sub(rate * tf.reduce_mean(trace * blame[:, tf.newaxis], axis=0))
    return told.stack()


@EXERCISE.alternative
def in_an_array_that_grows(W, R, x, y, beta, gamma, rate):
    """The losses are appended; XLA alone would lose them, without a word."""
    array = tf.TensorArray(x.dtype, size=0, dynamic_size=True, element_shape=())
    return _loop(W, R, x, y, beta, gamma, rate, array=array)
