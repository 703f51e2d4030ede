"""Exercise: a backward pass of one's own for TensorFlow's tape."""

import keras
import numpy as np
import tensorflow as tf

from course_lib.exercises.calling.guard import Unusable, with_article
from course_lib.exercises.exercise import Arrays, Exercise, Hint, Problem, Rung
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
    computed_by,
    gpu_report,
    kept_by_loops,
    nodes,
    own_twin,
    stumble,
    trace,
)
from course_lib.scratch.bptt import rnn_backward
from course_lib.scratch.rnn import rnn_forward
from course_lib.training.by_hand.bptt import bptt_gradient

GRADIENTS = ("dx", "dh_0", "dW_xh", "dW_hh", "db_h")


def sequence() -> Arrays:
    """Two sequences of five steps, three inputs, four units; float64."""
    return {
        "dh": irregular(2, 5, 4, shift=5),
        "x": irregular(2, 5, 3),
        "h_0": irregular(2, 4, shift=1, scale=0.6),
        "W_xh": irregular(3, 4, shift=2, scale=0.8),
        "W_hh": irregular(4, 4, shift=3, scale=0.7),
        "b_h": irregular(4, shift=4, scale=0.5),
    }


def one_step() -> Arrays:
    """Sequences of a single step: there is no future that anything could come back from."""
    given = sequence()
    return {**given, "dh": given["dh"][:, :1], "x": given["x"][:, :1]}


def last_state_only() -> Arrays:
    """Only the last state is felt."""
    given = sequence()
    given["dh"][:, :-1] = 0.0
    return given


def far_from_zero() -> Arrays:
    """What comes back is large."""
    given = sequence()
    return {**given, "dh": 1000 * given["dh"]}


def one_unit() -> Arrays:
    """One input, one unit, two steps; only the second state is felt."""
    return {
        "dh": np.array([[[0.0], [1.0]]]),
        "x": np.array([[[2.0], [1.0]]]),
        "h_0": np.array([[0.5]]),
        "W_xh": np.array([[0.5]]),
        "W_hh": np.array([[-1.0]]),
        "b_h": np.array([np.arctanh(0.6) - 0.5]),
    }


def both_passes(function, given: Arrays) -> Arrays:
    """The states, and what dh becomes on its way back to the arguments."""
    dh, *arguments = (tf.constant(value) for value in given.values())
    outputs = dict(zip(("h", *GRADIENTS), there_and_back(function, dh, arguments), strict=True))
    return {name: keras.ops.convert_to_numpy(value) for name, value in outputs.items()}


def there_and_back(function, dh, arguments) -> list:
    """States and gradients as tensors."""
    with tf.GradientTape() as tape:
        tape.watch(arguments)
        h = function(*arguments)
    if not tf.is_tensor(h):
        kind = with_article(type(h).__name__)
        raise Unusable(
            f"bptt_gradient returned {kind}; to its caller it returns only the states, one tensor."
        )
    found = tape.gradient(h, arguments, output_gradients=dh)
    names = ("x", "h_0", "W_xh", "W_hh", "b_h")
    for name, gradient in zip(names, found, strict=True):
        if gradient is None:
            raise Unusable(f"No gradient comes back for {name}.")
    return [h, *found]


def with_own_twin(function, given: Arrays) -> Arrays:
    """`both_passes`; beside it, the learner's own NumPy."""
    outputs = both_passes(function, given)
    twin = own_twin(function, "rnn_backward")
    if twin is not None:
        dh, x, h_0, W_xh, W_hh, _ = given.values()
        cache = (x, h_0, outputs["h"], W_xh, W_hh)
        for name, value in zip(GRADIENTS, twin(dh, cache), strict=True):
            outputs[f"{name} by your twin"] = value
    return outputs


def in_numpy(given: Arrays) -> Arrays:
    """What rnn_forward and rnn_backward make of the same numbers."""
    dh, *arguments = given.values()
    h, cache = rnn_forward(*arguments)
    return {"h": h, **dict(zip(GRADIENTS, rnn_backward(dh, cache), strict=True))}


def specs(given: Arrays, T=None) -> list:
    """The arguments with a batch of any size and T steps, dh first."""
    free = {"dh": (None, T), "x": (None, T), "h_0": (None,)}
    return [
        tf.TensorSpec((*free.get(name, ()), *value.shape[len(free.get(name, ())) :]), value.dtype)
        for name, value in given.items()
    ]


def graph_of_both(function, given: Arrays, T=None, **settings):
    """The graph of both passes."""

    def both(dh, *arguments):
        return there_and_back(function, dh, list(arguments))

    return trace(both, *specs(given, T), **settings)


def traced(function, given: Arrays) -> Arrays:
    """Whether both passes can be traced before batch and number of steps are known."""
    return {"stumbles over": stumble(lambda: graph_of_both(function, given))}


def kept(function, given: Arrays) -> Arrays:
    """What a loop lays aside for a backward pass of TensorFlow's; are states computed twice?"""
    laid_aside = kept_by_loops(graph_of_both(function, given))
    if laid_aside == 0:
        return {"kept": 0}
    dh, *arguments = (tf.constant(value) for value in given.values())
    computed = computed_by("Tanh", lambda: there_and_back(function, dh, arguments))
    return {"kept": laid_aside, "computed again": computed >= 2 * given["dh"].size}


def way_back_is_own(_: Arrays, outputs: Arrays) -> Problem | None:
    """TensorFlow went back through no loop."""
    if outputs["kept"] == 0:
        return None
    if outputs["computed again"]:
        return Problem(
            "The numbers are right, but they are TensorFlow's: on the way back all states are "
            f"computed once more under a tape, which stores {outputs['kept']} tensors at each step "
            "and goes back through the loop by itself. Write down what you derived: it needs dh "
            "and the states that are there already."
        )
    return Problem(
        "The numbers are right, but they are TensorFlow's: at each step its tape stores "
        f"{outputs['kept']} tensors, and then goes back through the loop by itself. Your own "
        "derivation needs no tape, only the states."
    )


def graph_sizes(function, given: Arrays) -> Arrays:
    """How many operations both passes have for ten and for twenty steps."""
    return {f"operations at T={T}": len(nodes(graph_of_both(function, given, T))) for T in (10, 20)}


def compiled(function, given: Arrays) -> Arrays:
    """Both passes, by XLA."""

    def make(**settings):
        return graph_of_both(function, given, **settings)

    names = "h", *GRADIENTS
    return by_xla(make, given.values(), lambda found: dict(zip(names, found, strict=True)))


def for_a_gpu(function, given: Arrays) -> Arrays:
    """The graph of both passes, in float32."""
    given = {name: value.astype(np.float32) for name, value in given.items()}
    return gpu_report(graph_of_both(function, given))


EXERCISE = Exercise(
    reference=bptt_gradient,
    title="Your backward pass on TensorFlow's tape",
    goal="Teach TensorFlow the gradient that you derived, so that it uses yours in place of its "
    "own.",
    difficulty=3,
    minutes=60,
    kind="speed up",
    twin="rnn_backward",
    uses=("rnn_backward",),
    returns={},
    ladder=(
        by_hand(
            one_unit,
            how="h_1 = tanh(0.5 × 2 - 1 × 0.5 + b_h) = tanh(artanh(0.6)) = 0.6; "
            "a_2 = 0.5 × 1 - 0.6 + 0.193147 = 0.093147, h_2 = 0.092879\n"
            "back: da_2 = 1 × (1 - 0.092879²) = 0.991374, da_1 = -1 × 0.991374 × (1 - 0.6²) "
            "= -0.634479\n"
            "dx = 0.5 × (da_1, da_2), dh_0 = -1 × da_1, dW_xh = 2 × da_1 + 1 × da_2, "
            "dW_hh = 0.5 × da_1 + 0.6 × da_2, db_h = da_1 + da_2",
            call=both_passes,
            **in_numpy(one_unit()),
        ),
        matches("one step alone", one_step, in_numpy, "With T = 1:", both_passes),
        matches(
            "the last state is felt through all the others",
            last_state_only,
            in_numpy,
            "When only the last state is felt, all that comes to earlier steps has come through "
            "the states after them.",
            both_passes,
        ),
        equal_to_twin("rnn_backward", sequence, in_numpy, with_own_twin),
        large_numbers(far_from_zero, in_numpy, both_passes),
        traceable(sequence, traced),
        no_loop_over_time(sequence, graph_sizes),
        Rung("TensorFlow derives nothing itself", sequence, way_back_is_own, kept, by_verdict=True),
        compiles(sequence, in_numpy, compiled),
        fit_for_a_gpu(sequence, for_a_gpu),
    ),
    equivalent={
        "reduce_sum(da, axis=(0, 1))) -> reduce_sum(da, axis=(1, 0)))": "the same two axes",
    },
    promises={
        "Sizes of batch": "TensorFlow can trace it, whatever the size of the batch",
        "x: What comes in": "equal to rnn_backward, to 1e-10 in float64",
        "x: inputs": "equal to rnn_backward, to 1e-10 in float64",
        "h_0: state": "equal to rnn_backward, to 1e-10 in float64",
        "W_xh, W_hh, b_h": "equal to rnn_backward, to 1e-10 in float64",
        "h: the states": "equal to rnn_backward, to 1e-10 in float64",
        "h: A tape": (
            "equal to rnn_backward, to 1e-10 in float64",
            "TensorFlow derives nothing itself",
        ),
    },
    hints=(
        Hint(
            "Where do I begin?",
            "Your `rnn_backward` gets two things: `dh`, and a cache. Who passes them in when "
            "TensorFlow asks for the gradient? Look at the `softplus` of *TensorFlow in twenty "
            "minutes*: who calls `backward`, and what can it see besides its argument?",
        ),
        Hint(
            "What can be done at once, and what can't?",
            "Only `da_t` needs the step after it. Once all of them are there, (batch, T, n), each "
            "weight's gradient is one product over batch *and* time. You also need the states "
            "*before* each step: `h_0` and all of `h` but the last.",
            fits=("future forgotten", "forwards in time", "states after the step"),
        ),
        Hint(
            "The numbers are right, but it can't be traced, or the graph grows.",
            "A Python loop is written out step by step. TensorFlow's loops are part of the graph: "
            "`tf.scan` goes over the first axis of what it is given, and passes on what the last "
            "iteration returned; `reverse=True` begins at the end. Time is the second axis here, "
            "so it has to be brought to the front.",
            fits=(
                "loop in python",
                "numpy inside",
                "TensorFlow can trace it, whatever the size of the batch",
                "the graph doesn't grow with the number of time steps",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "Inside, a function under `@tf.custom_gradient` with all five arguments. Its forward "
            "half: `tf.scan` over the transposed `x @ W_xh + b_h`, from `h_0`. Its `backward(dh)`: "
            "a `tf.scan` with `reverse=True` over the pairs of dh and h, from zeros, each turn "
            "`(dh_t + da @ tf.transpose(W_hh)) * (1 - h_t ** 2)`; then the five gradients with "
            '`tf.einsum`, such as `"btm,btn->mn"`. It returns the states and `backward`.',
        ),
    ),
)


def _with(
    arguments,
    da_t=None,
    gradients=None,
    before=None,
    reverse=True,
    turned=lambda da: da,
    first=lambda da, W_hh: da @ tf.transpose(W_hh),
):
    """The reference with one of its parts replaced; for mistakes."""
    da_t = da_t or (lambda da, dh, h, W: (dh + da @ tf.transpose(W)) * (1 - h**2))

    @tf.custom_gradient
    def states(x, h_0, W_xh, W_hh, b_h):
        h = tf.scan(
            lambda h, a: tf.tanh(a + h @ W_hh), tf.transpose(x @ W_xh + b_h, (1, 0, 2)), h_0
        )

        def backward(dh):
            da = tf.scan(
                lambda da, now: da_t(da, *now, W_hh),
                (tf.transpose(dh, (1, 0, 2)), h),
                tf.zeros_like(h_0),
                reverse=reverse,
            )
            old = h if before == "after" else tf.concat([h_0[None], h[:-1]], axis=0)
            dh_0 = first(da[0], W_hh)
            da = turned(da)
            right = {
                "dx": tf.transpose(da @ tf.transpose(W_xh), (1, 0, 2)),
                "dh_0": dh_0,
                "dW_xh": tf.einsum("btm,tbn->mn", x, da),
                "dW_hh": tf.einsum("tbk,tbn->kn", old, da),
                "db_h": tf.reduce_sum(da, axis=(0, 1)),
            }
            return tuple({**right, **(gradients(right) if gradients else {})}.values())

        return tf.transpose(h, (1, 0, 2)), backward

    return states(*arguments)


@EXERCISE.mistake(
    "The gradient is still TensorFlow's own: nothing here says what your derivation is, so its "
    "tape keeps every step and derives the loop itself. tf.custom_gradient is where yours goes in."
)
def no_custom_gradient(x, h_0, W_xh, W_hh, b_h):
    """The forward pass alone."""
    by_time = tf.transpose(x @ W_xh + b_h, (1, 0, 2))
    h = tf.scan(lambda h, a: tf.tanh(a + h @ W_hh), by_time, h_0)
    return tf.transpose(h, (1, 0, 2))


@EXERCISE.mistake(
    "The way back asks a tape inside: it computes all states once more and derives the loop "
    "itself, so the derivation is still TensorFlow's. Yours begins with dh and the states that are "
    "there already."
)
def a_tape_inside(*arguments):
    """tf.custom_gradient around what needs none."""

    @tf.custom_gradient
    def states(*inputs):
        def backward(dh):
            with tf.GradientTape() as tape:
                tape.watch(inputs)
                h = no_custom_gradient(*inputs)
            return tape.gradient(h, inputs, output_gradients=dh)

        return no_custom_gradient(*inputs), backward

    return states(*arguments)


@EXERCISE.mistake(
    "Nothing comes back from the future: what reaches a state is dh of its own step and, through "
    "W_hh, what has reached the step after it."
)
def future_forgotten(*arguments):
    """Each step for itself."""
    return _with(arguments, lambda da, dh, h, W: dh * (1 - h**2) + 0 * da)


@EXERCISE.mistake("On the way back the tanh was skipped: each step's derivative is 1 - h².")
def no_tanh_derivative(*arguments):
    """As if the network were linear."""
    return _with(arguments, lambda da, dh, h, W: dh + da @ tf.transpose(W))


@EXERCISE.mistake(
    "The derivative is 1 - h without the square: that of the tanh is 1 - tanh², and h is the tanh "
    "already, so square h."
)
def square_forgotten(*arguments):
    """1 - h."""
    return _with(arguments, lambda da, dh, h, W: (dh + da @ tf.transpose(W)) * (1 - h))


@EXERCISE.mistake(
    "The derivative of the tanh is taken of the step's own dh only; what comes back from the "
    "future goes through the same tanh, so add first and multiply then."
)
def tanh_derivative_of_one_part(*arguments):
    """A bracket in the wrong place."""
    return _with(arguments, lambda da, dh, h, W: dh * (1 - h**2) + da @ tf.transpose(W))


@EXERCISE.mistake(
    "On the way back W_hh is applied as on the way forward: a gradient goes back through its "
    "transpose."
)
def W_hh_not_transposed(*arguments):
    """da @ W_hh."""
    return _with(arguments, lambda da, dh, h, W: (dh + da @ W) * (1 - h**2))


@EXERCISE.mistake(
    "The way back runs from the first step to the last: what comes back is known at the end, so "
    "begin there."
)
def forwards_in_time(*arguments):
    """reverse=True is missing."""
    return _with(arguments, reverse=False)


@EXERCISE.mistake(
    "dW_hh is made with the states after each step: W_hh met the state *before*, h_0 at the first."
)
def states_after_the_step(*arguments):
    """h where the states before belong."""
    return _with(arguments, before="after")


@EXERCISE.mistake(
    "The argument dh is not used: your backward pass must begin with it, because it says how the "
    "loss depends on the states."
)
def dh_ignored(*arguments):
    """The gradient of a sum."""
    return _with(
        arguments, lambda da, dh, h, W: (tf.ones_like(dh) + da @ tf.transpose(W)) * (1 - h**2)
    )


@EXERCISE.mistake(
    "h_0 gets no gradient: it is an argument like the others, and the first step sends back to it "
    "through W_hh."
)
def nothing_for_h_0(*arguments):
    """Zeros, as if it were a constant."""
    return _with(arguments, gradients=lambda right: {"dh_0": 0 * right["dh_0"]})


@EXERCISE.mistake(
    "h_0 gets the gradient of what went into the first tanh: h_0 came there through W_hh, and its "
    "gradient goes back through W_hh as well."
)
def h_0_without_W_hh(*arguments):
    """da[0] as it is."""
    return _with(arguments, first=lambda da, W_hh: da)


@EXERCISE.mistake(
    "The way back ends one step too early: the first step, t = 0, is a step like the others, with "
    "a gradient for x, h_0 and each of the weights. Go on while t >= 0."
)
def first_step_left_out(x, h_0, W_xh, W_hh, b_h):
    """t > 0."""

    @tf.custom_gradient
    def states(x, h_0, W_xh, W_hh, b_h):
        h = no_custom_gradient(x, h_0, W_xh, W_hh, b_h)

        def backward(dh):
            def back(t, dh_next, dx, dW_xh, dW_hh, db_h):
                da = (dh[:, t] + dh_next) * (1 - h[:, t] ** 2)
                dx = dx.write(t, da @ tf.transpose(W_xh))
                dW_xh += tf.transpose(x[:, t]) @ da
                dW_hh += tf.transpose(h[:, t - 1]) @ da
                return t - 1, da @ tf.transpose(W_hh), dx, dW_xh, dW_hh, db_h + tf.reduce_sum(da, 0)

            T = tf.shape(x)[1]
            sums = [tf.zeros_like(one) for one in (W_xh, W_hh, b_h)]
            start = (T - 1, tf.zeros_like(h_0), tf.TensorArray(x.dtype, T), *sums)
            _, dh_0, dx, *sums = tf.while_loop(lambda t, *_: t > 0, back, start)
            return tf.transpose(dx.stack(), (1, 0, 2)), dh_0, *sums

        return h, backward

    return states(x, h_0, W_xh, W_hh, b_h)


@EXERCISE.mistake(
    "The gradients come in the order in which the loop met them, last step first, and are used as "
    "if the first came first: turn them round before they meet x and the states."
)
def not_turned_round(*arguments):
    """Reversed before the loop, not after it."""
    return _with(arguments, turned=lambda da: tf.reverse(da, axis=[0]))


@EXERCISE.mistake(
    "The inputs get no gradient: they are an argument like the others, and a layer below this one "
    "would learn nothing. Each went in through W_xh, and its gradient comes back that way."
)
def nothing_for_x(*arguments):
    """Zeros, as if the inputs were data for ever."""
    return _with(arguments, gradients=lambda right: {"dx": 0 * right["dx"]})


@EXERCISE.mistake(
    "The weights' gradients are divided by the number of sequences: if the loss is a mean, that "
    "division is in dh already."
)
def mean_over_the_batch(*arguments):
    """Divides once too often."""
    size = tf.cast(tf.shape(arguments[0])[0], arguments[0].dtype)
    return _with(
        arguments,
        gradients=lambda right: {n: right[n] / size for n in ("dW_xh", "dW_hh", "db_h")},
    )


@EXERCISE.mistake(
    "The loop over time is Python's: while TensorFlow traces the code, T may be unknown, and if it "
    "is known, every step is written out. tf.scan puts the loop into the graph, once."
)
def loop_in_python(x, h_0, W_xh, W_hh, b_h):
    """The NumPy of this chapter with other names."""

    @tf.custom_gradient
    def states(x, h_0, W_xh, W_hh, b_h):
        before = [h_0]
        for t in range(x.shape[1]):
            before.append(tf.tanh(x[:, t] @ W_xh + before[-1] @ W_hh + b_h))

        def backward(dh):
            dx, dW_xh, dW_hh = [], 0 * W_xh, 0 * W_hh
            da = 0 * h_0
            db_h = 0 * b_h
            for t in reversed(range(x.shape[1])):
                da = (dh[:, t] + da @ tf.transpose(W_hh)) * (1 - before[t + 1] ** 2)
                dx.insert(0, da @ tf.transpose(W_xh))
                dW_xh += tf.transpose(x[:, t]) @ da
                dW_hh += tf.transpose(before[t]) @ da
                db_h += tf.reduce_sum(da, axis=0)
            return tf.stack(dx, axis=1), da @ tf.transpose(W_hh), dW_xh, dW_hh, db_h

        return tf.stack(before[1:], axis=1), backward

    return states(x, h_0, W_xh, W_hh, b_h)


@EXERCISE.mistake(
    "The backward pass is your NumPy one: while TensorFlow traces the code, dh holds no numbers, "
    "so write it with TensorFlow's operations."
)
def numpy_inside(x, h_0, W_xh, W_hh, b_h):
    """Works as long as nothing is traced."""

    @tf.custom_gradient
    def states(x, h_0, W_xh, W_hh, b_h):
        h = no_custom_gradient(x, h_0, W_xh, W_hh, b_h)

        def backward(dh):
            cache = tuple(np.array(one) for one in (x, h_0, h, W_xh, W_hh))
            return tuple(tf.constant(one) for one in rnn_backward(np.array(dh), cache))

        return h, backward

    return states(x, h_0, W_xh, W_hh, b_h)


@EXERCISE.mistake(
    "No gradient comes back for W_xh. Is it an argument of the function that has the gradient, or "
    "taken from around it? `backward` answers for arguments alone: hand in all five, and give back "
    "five gradients."
)
def weights_from_around(x, h_0, W_xh, W_hh, b_h):
    """Only x and h_0 are arguments."""

    @tf.custom_gradient
    def states(x, h_0):
        h = bptt_gradient(x, h_0, W_xh, W_hh, b_h)

        def backward(dh):
            with tf.GradientTape() as tape:
                tape.watch((x, h_0))
                again = bptt_gradient(x, h_0, W_xh, W_hh, b_h)
            return tape.gradient(again, (x, h_0), output_gradients=dh)

        return h, backward

    return states(x, h_0)


@EXERCISE.alternative
@tf.custom_gradient
def decorated_itself(x, h_0, W_xh, W_hh, b_h):
    """No function inside; loops with TensorArrays; the sums grow in the loop."""
    T = tf.shape(x)[1]
    states = tf.TensorArray(x.dtype, T)

    def forth(t, h, states):
        h = tf.nn.tanh(tf.matmul(x[:, t], W_xh) + tf.matmul(h, W_hh) + b_h)
        return t + 1, h, states.write(t, h)

    _, _, states = tf.while_loop(lambda t, *_: t < T, forth, (0, h_0, states), maximum_iterations=T)
    h = tf.transpose(states.stack(), (1, 0, 2))

    def backward(dh):
        before = tf.concat([h_0[:, None], h[:, :-1]], axis=1)

        def back(t, dh_next, dx, *sums):
            h_t = h[:, t]
            da_t = (dh[:, t] + dh_next) * (1 + h_t) * (1 - h_t)
            more = (
                tf.matmul(x[:, t], da_t, transpose_a=True),
                tf.matmul(before[:, t], da_t, transpose_a=True),
                tf.reduce_sum(da_t, 0),
            )
            sums = [one + other for one, other in zip(sums, more, strict=True)]
            dx = dx.write(t, tf.matmul(da_t, W_xh, transpose_b=True))
            return t - 1, tf.matmul(da_t, W_hh, transpose_b=True), dx, *sums

        start = (
            *(T - 1, tf.zeros_like(h_0), tf.TensorArray(x.dtype, T)),
            *(tf.zeros_like(one) for one in (W_xh, W_hh, b_h)),
        )
        _, dh_0, dx, *sums = tf.while_loop(lambda t, *_: t >= 0, back, start, maximum_iterations=T)
        return tf.transpose(dx.stack(), (1, 0, 2)), dh_0, *sums

    return h, backward


@EXERCISE.alternative
def one_matrix_for_both(x, h_0, W_xh, W_hh, b_h):
    """Input and old state side by side, and the tape for the products alone."""

    @tf.custom_gradient
    def states(x, h_0, W_xh, W_hh, b_h):
        a = tf.einsum("bti,in->tbn", x, W_xh) + b_h
        h = tf.scan(lambda h, a: tf.math.tanh(tf.linalg.matmul(h, W_hh) + a), a, h_0)
        h = tf.einsum("tbn->btn", h)

        def backward(dh):
            slope = 1 - tf.square(h)
            pairs = tf.reverse(tf.stack([dh, slope]), axis=[2])
            turn = tf.transpose(pairs, (2, 0, 1, 3))
            da = tf.scan(
                lambda da, one: one[1] * (one[0] + tf.linalg.matmul(da, W_hh, transpose_b=True)),
                turn,
                tf.zeros_like(h_0),
            )
            da = tf.reverse(tf.transpose(da, (1, 0, 2)), axis=[1])
            both = tf.concat([x, tf.concat([h_0[:, None], h[:, :-1]], 1)], axis=2)
            weights = tf.tensordot(both, da, axes=[[0, 1], [0, 1]])
            dx = tf.tensordot(da, W_xh, axes=[[2], [1]])
            m = tf.shape(W_xh)[0]
            dh_0 = tf.linalg.matvec(W_hh, da[:, 0])
            return dx, dh_0, weights[:m], weights[m:], tf.reduce_sum(da, [0, 1])

        return h, backward

    return states(x, h_0, W_xh, W_hh, b_h)
