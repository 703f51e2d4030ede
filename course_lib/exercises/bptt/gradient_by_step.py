"""Exercise: what reaches every state, by TensorFlow's tape."""

import keras
import numpy as np
import tensorflow as tf

from course_lib.exercises.calling.guard import Unusable, with_article
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
from course_lib.graphs import by_xla, gpu_report, nodes, own_twin, stumble, trace
from course_lib.scratch.bptt import state_jacobian
from course_lib.scratch.rnn import rnn_forward
from course_lib.training.by_hand.bptt import gradient_by_step


def sequence() -> Arrays:
    """Two sequences of five steps, three inputs, four units; each state counts, squared."""
    return {
        "x": irregular(2, 5, 3),
        "h_0": irregular(2, 4, shift=1, scale=0.6),
        "W_xh": irregular(3, 4, shift=2, scale=0.8),
        "W_hh": irregular(4, 4, shift=3, scale=0.7),
        "b_h": irregular(4, shift=4, scale=0.5),
        "felt": 0.5 + 0.5 * np.abs(irregular(2, 5, 4, shift=5)),
    }


def far_from_zero() -> Arrays:
    """Large inputs by small weights, and a loss in which each state counts for much."""
    given = sequence()
    own = {"x": 20 * given["x"], "W_xh": given["W_xh"] / 20, "felt": 1000 * given["felt"]}
    return {**given, **own}


def last_only() -> Arrays:
    """Only the last state counts."""
    given = sequence()
    given["felt"][:, :-1] = 0.0
    return given


def middle_only() -> Arrays:
    """Only the third of five states counts."""
    given = sequence()
    given["felt"][:, [0, 1, 3, 4]] = 0.0
    return given


def without_recurrence() -> Arrays:
    """W_hh = 0: no state has a say in the next."""
    return {**sequence(), "W_hh": np.zeros((4, 4))}


def one_unit() -> Arrays:
    """One input, one unit, two steps, 0.6 and 0.28; half of each state's square counts."""
    return {
        "x": np.array([[[0.0], [np.arctanh(0.28) + 1.2 - np.arctanh(0.6)]]]),
        "h_0": np.array([[0.0]]),
        "W_xh": np.array([[1.0]]),
        "W_hh": np.array([[-2.0]]),
        "b_h": np.array([np.arctanh(0.6)]),
        "felt": np.full((1, 2, 1), 0.5),
    }


def loss_of(felt):
    """A loss of the states: their squares, each times how much it is felt."""
    return lambda h: tf.reduce_sum(felt * tf.square(h))


def sum_of(felt):
    """A loss that adds the states up, each times how much it is felt: their signs matter."""
    return lambda h: tf.reduce_sum(felt * h)


def watched(function, given: Arrays, loss=loss_of) -> Arrays:
    """What reaches every state."""
    *arguments, felt = (tf.constant(value) for value in given.values())
    dh = function(*arguments, loss(felt))
    if dh is None:
        raise Unusable(
            "gradient_by_step returned None. Is the `return` missing, or did the tape find no path "
            "from the loss to what you asked about?"
        )
    if not (tf.is_tensor(dh) or isinstance(dh, np.ndarray)):
        kind = with_article(type(dh).__name__)
        raise Unusable(f"gradient_by_step returned {kind}; it gives one tensor, (batch, T, n).")
    return {"dh": keras.ops.convert_to_numpy(dh)}


def watched_from_a_sum(function, given: Arrays) -> Arrays:
    """What reaches every state of a loss that isn't the same for states of the other sign."""
    return watched(function, given, sum_of)


def watched_to_the_middle(function, given: Arrays) -> Arrays:
    """What reaches every state, also of sequences that end with the first."""
    alone = {**given, "x": given["x"][:, :1], "felt": 1 - given["felt"][:, :1]}
    return watched(function, given) | {"dh for T = 1": watched(function, alone)["dh"]}


def with_own_twin(function, given: Arrays) -> Arrays:
    """`watched`; beside it, the same from the learner's own Jacobians in NumPy."""
    outputs = watched(function, given)
    twin = own_twin(function, "state_jacobian")
    if twin is not None:
        x, h, W_xh, W_hh, b_h, felt = given.values()
        states = []
        for t in range(x.shape[1]):
            h = np.tanh(x[:, t] @ W_xh + h @ W_hh + b_h)
            states.append(h)
        h = np.stack(states, axis=1)
        direct = 2 * felt * h
        outputs["dh by your twin"] = np.stack(
            [
                [
                    sum(
                        direct[b, t] @ twin(h[b, k + 1 : t + 1], W_hh) for t in range(k, x.shape[1])
                    )
                    for k in range(x.shape[1])
                ]
                for b in range(len(x))
            ]
        )
    return outputs


def by_jacobians(given: Arrays, of_squares: bool = True) -> Arrays:
    """Each later loss, sent back through the Jacobians between."""
    *arguments, felt = given.values()
    h, (_, _, _, _, W_hh) = rnn_forward(*arguments)
    dh = np.zeros_like(h)
    direct = 2 * felt * h if of_squares else felt
    batch, T, _ = h.shape
    for b in range(batch):
        for k in range(T):
            for t in range(k, T):
                dh[b, k] += direct[b, t] @ state_jacobian(h[b, k + 1 : t + 1], W_hh)
    return {"dh": dh}


def by_jacobians_from_a_sum(given: Arrays) -> Arrays:
    """The same for `watched_from_a_sum`."""
    return by_jacobians(given, of_squares=False)


def by_jacobians_to_the_middle(given: Arrays) -> Arrays:
    """The same for `watched_to_the_middle`."""
    alone = {**given, "x": given["x"][:, :1], "felt": 1 - given["felt"][:, :1]}
    return by_jacobians(given) | {"dh for T = 1": by_jacobians(alone)["dh"]}


def specs(given: Arrays, T=None) -> list:
    """The arguments with a batch of any size and T steps."""
    free = {"felt": (None, T), "x": (None, T), "h_0": (None,)}
    return [
        tf.TensorSpec((*free.get(name, ()), *value.shape[len(free.get(name, ())) :]), value.dtype)
        for name, value in given.items()
    ]


def graph_of(function, given: Arrays, T=None, **settings):
    """The graph, with all inputs as arguments."""

    def run(*arguments):
        *arguments, felt = arguments
        return function(*arguments, loss_of(felt))

    return trace(run, *specs(given, T), **settings)


def traced(function, given: Arrays) -> Arrays:
    """Whether it can be traced before batch and number of steps are known."""
    return {"stumbles over": stumble(lambda: graph_of(function, given))}


def graph_sizes(function, given: Arrays) -> Arrays:
    """How many operations the graph has for ten and for twenty steps."""
    return {f"operations at T={T}": len(nodes(graph_of(function, given, T))) for T in (10, 20)}


def compiled(function, given: Arrays) -> Arrays:
    """The same, by XLA."""

    def make(**settings):
        return graph_of(function, given, **settings)

    return by_xla(make, given.values(), lambda dh: {"dh": dh})


def for_a_gpu(function, given: Arrays) -> Arrays:
    """The graph in float32."""
    given = {name: value.astype(np.float32) for name, value in given.items()}
    return gpu_report(graph_of(function, given))


EXERCISE = Exercise(
    reference=gradient_by_step,
    title="What reaches every state",
    goal="Find out, for any loss, how much of its gradient arrives at each step.",
    difficulty=3,
    minutes=40,
    kind="speed up",
    twin="state_jacobian",
    uses=("state_jacobian",),
    returns={},
    ladder=(
        by_hand(
            one_unit,
            how="h_1 = tanh(artanh 0.6) = 0.6, h_2 = 0.28; the loss is (0.36 + 0.0784) / 2\n"
            "h_2 gets 0.28, along its direct path\n"
            "h_1 gets 0.6 along its direct path, and through h_2: 0.28 × (1 - 0.28²) × (-2) = "
            "-0.516096, together 0.083904",
            call=watched,
            dh=np.array([[[0.083904], [0.28]]]),
        ),
        matches(
            "without recurrence each state has only its direct path",
            without_recurrence,
            by_jacobians,
            "With W_hh = 0 no state moves a later one.",
            watched,
        ),
        matches(
            "only the last state is felt",
            last_only,
            by_jacobians_from_a_sum,
            "When the loss sees the last state alone, and adds up its units, the others reach it "
            "through the states after them.",
            watched_from_a_sum,
        ),
        matches(
            "what comes later gets nothing",
            middle_only,
            by_jacobians_to_the_middle,
            "The loss sees the third state alone.",
            watched_to_the_middle,
        ),
        equal_to_twin("state_jacobian", sequence, by_jacobians, with_own_twin),
        large_numbers(far_from_zero, by_jacobians, watched),
        traceable(sequence, traced),
        no_loop_over_time(sequence, graph_sizes),
        compiles(sequence, by_jacobians, compiled),
        fit_for_a_gpu(sequence, for_a_gpu),
    ),
    equivalent={
        "nudges = tf.zeros_like(by_time -> nudges = -tf.zeros_like(by_time": "it is zero still",
    },
    promises={
        "Sizes of batch": "TensorFlow can trace it, whatever the size of the batch",
        "x: inputs": "equal to state_jacobian, to 1e-10 in float64",
        "x: What comes in": "equal to state_jacobian, to 1e-10 in float64",
        "h_0: state": "equal to state_jacobian, to 1e-10 in float64",
        "W_xh, W_hh, b_h": "equal to state_jacobian, to 1e-10 in float64",
        "loss: a function": "only the last state is felt",
        "dh: shape": "a case small enough to do by hand",
        "dh: dh[:, t]": (
            "what comes later gets nothing",
            "equal to state_jacobian, to 1e-10 in float64",
        ),
    },
    hints=(
        Hint(
            "I have h, (batch, T, n), and I ask the tape for its gradient.",
            "What does that answer? The tape knows how the loss was made from `h`, the array with "
            "all states side by side. Do the states *inside* that array move one another?",
        ),
        Hint(
            "Which tensor do I have to watch?",
            "One of shape (batch, T, n), of which entry t moves the state of step t, *before* that "
            "state is handed to the next step. Where in your loop is this moment?",
            fits=("of what goes into the tanh", "one step early"),
        ),
        Hint(
            "There is no such tensor.",
            "Then make one. A number that is added and happens to be zero changes no state, and "
            "its gradient is that of what it was added to. Or think of it backwards: what comes "
            "along a state's direct path, you can ask for; the rest is a recursion that you know.",
            fits=("through later states only", "one step far"),
        ),
        Hint(
            "Show me the recipe.",
            "Make zeros of the shape of all states and `tape.watch` them. In the loop, `tf.scan` "
            "over the pairs of `x @ W_xh + b_h` and the zeros, time first, each turn gives "
            "`tf.tanh(a_t + h @ W_hh) + zero_t`. Under the tape take `loss` of the states, batch "
            "first. The gradient with respect to the zeros is the answer.",
        ),
    ),
)


def _nudged(x, h_0, W_xh, W_hh, b_h, loss, inside=False):
    """States with a nudge at each step, inside the tanh or outside; for mistakes."""
    by_time = tf.transpose(x @ W_xh + b_h, (1, 0, 2))
    nudges = tf.zeros_like(by_time)

    def turn(h, now):
        if inside:
            return tf.tanh(now[0] + h @ W_hh + now[1])
        return tf.tanh(now[0] + h @ W_hh) + now[1]

    with tf.GradientTape() as tape:
        tape.watch(nudges)
        h = tf.scan(turn, (by_time, nudges), h_0)
        value = loss(tf.transpose(h, (1, 0, 2)))
    return tf.transpose(tape.gradient(value, nudges), (1, 0, 2))


@EXERCISE.mistake(
    "That is only each state's direct path to the loss: in h the states lie side by side, after "
    "the loop, and changing an entry there changes no later state. Ask about something inside the "
    "loop."
)
def own_way_only(x, h_0, W_xh, W_hh, b_h, loss):
    """The gradient with respect to the stacked states."""
    with tf.GradientTape() as tape:
        by_time = tf.transpose(x @ W_xh + b_h, (1, 0, 2))
        h = tf.scan(lambda h, a: tf.tanh(a + h @ W_hh), by_time, h_0)
        h = tf.transpose(h, (1, 0, 2))
        tape.watch(h)
        value = loss(h)
    return tape.gradient(value, h)


@EXERCISE.mistake(
    "That is the gradient of the tanh's input: move the state itself, after the tanh."
)
def of_what_goes_into_the_tanh(x, h_0, W_xh, W_hh, b_h, loss):
    """da in place of dh."""
    return _nudged(x, h_0, W_xh, W_hh, b_h, loss, inside=True)


@EXERCISE.mistake(
    "The loop over time is Python's: while TensorFlow traces the code, T may be unknown, and if it "
    "is known, every step is written out. Put the loop into the graph."
)
def loop_in_python(x, h_0, W_xh, W_hh, b_h, loss):
    """A list of states, each of them watched."""
    with tf.GradientTape() as tape:
        h, states = h_0, []
        for t in range(x.shape[1]):
            h = tf.tanh(x[:, t] @ W_xh + h @ W_hh + b_h)
            tape.watch(h)
            states.append(h)
        value = loss(tf.stack(states, axis=1))
    return tf.stack(tape.gradient(value, states, unconnected_gradients="zero"), axis=1)


@EXERCISE.mistake(
    "The parts that come through later states are counted, but the state's direct path isn't: what "
    "reaches a state is the sum of both."
)
def through_later_states_only(x, h_0, W_xh, W_hh, b_h, loss):
    """Without what comes directly."""
    arguments = (x, h_0, W_xh, W_hh, b_h, loss)
    return _nudged(*arguments) - own_way_only(*arguments)


@EXERCISE.mistake(
    "The loss and the state's gradient are one step apart: what is here for step t belongs to the "
    "state *before* it."
)
def one_step_early(x, h_0, W_xh, W_hh, b_h, loss):
    """What goes back out of each step, in place of what reaches it."""
    da = _nudged(x, h_0, W_xh, W_hh, b_h, loss, inside=True)
    return da @ tf.transpose(W_hh)


@EXERCISE.mistake(
    "Each state is followed for one step only: it moves the next one, and that the one after it, "
    "to the end of the sequence."
)
def one_step_far(x, h_0, W_xh, W_hh, b_h, loss):
    """The tape is cut between any two steps."""
    by_time = tf.transpose(x @ W_xh + b_h, (1, 0, 2))
    h = tf.scan(lambda h, a: tf.tanh(a + h @ W_hh), by_time, h_0)
    h = tf.transpose(h, (1, 0, 2))
    with tf.GradientTape() as tape:
        tape.watch(h)
        value = loss(h)
    direct = tape.gradient(value, h)
    sent = (direct * (1 - h**2)) @ tf.transpose(W_hh)
    return direct + tf.concat([sent[:, 1:], tf.zeros_like(sent[:, :1])], axis=1)


@EXERCISE.mistake(
    "The states in the loop have lost the tape: `.numpy()` takes the numbers out, and while "
    "TensorFlow traces the code there are none."
)
def numbers_taken_out(x, h_0, W_xh, W_hh, b_h, loss):
    """The recursion in NumPy."""
    direct = own_way_only(x, h_0, W_xh, W_hh, b_h, loss).numpy()
    by_time = tf.transpose(x @ W_xh + b_h, (1, 0, 2))
    h = tf.scan(lambda h, a: tf.tanh(a + h @ W_hh), by_time, h_0).numpy()
    W = W_hh.numpy()
    for t in range(len(h) - 2, -1, -1):
        direct[:, t] += (direct[:, t + 1] * (1 - h[t + 1] ** 2)) @ W.T
    return tf.constant(direct)


@EXERCISE.mistake(
    "The sequence is read from a state of zero: h_0 is what was there before the first step, so "
    "begin the loop with it."
)
def start_state_ignored(x, h_0, W_xh, W_hh, b_h, loss):
    """From zero."""
    return _nudged(x, tf.zeros_like(h_0), W_xh, W_hh, b_h, loss)


@EXERCISE.mistake(
    "What comes back is divided by the number of sequences, as a mean would be: each has its own "
    "states, and each state its own gradient."
)
def averaged_over_the_batch(x, h_0, W_xh, W_hh, b_h, loss):
    """Divided by the size of the batch."""
    dh = _nudged(x, h_0, W_xh, W_hh, b_h, loss)
    return dh / tf.cast(tf.shape(x)[0], dh.dtype)


@EXERCISE.mistake(
    "On the way from step t + 1 to step t, the slope of step t is taken: what goes back passes the "
    "tanh that it came out of, so the slope is that of the later state."
)
def slope_of_the_earlier_state(x, h_0, W_xh, W_hh, b_h, loss):
    """(dh_{t+1} * (1 - h_t²)) @ W_hh.T."""
    h = tf.scan(
        lambda h, x_t: tf.tanh(x_t @ W_xh + h @ W_hh + b_h), tf.transpose(x, (1, 0, 2)), h_0
    )
    with tf.GradientTape() as tape:
        tape.watch(h)
        value = loss(tf.transpose(h, (1, 0, 2)))

    def back(later, now):
        return now[0] + (later * (1 - now[1] ** 2)) @ tf.transpose(W_hh)

    direct = tape.gradient(value, h, unconnected_gradients="zero")
    dh = tf.scan(back, (direct, h), tf.zeros_like(h_0), reverse=True)
    return tf.transpose(dh, (1, 0, 2))


@EXERCISE.mistake(
    "The recursion runs forward in time: what reaches a state comes from the steps after it, so "
    "begin at the last one, as tf.scan does with reverse=True."
)
def forward_in_time(x, h_0, W_xh, W_hh, b_h, loss):
    """tf.scan without reverse=True."""
    h = tf.scan(
        lambda h, x_t: tf.tanh(x_t @ W_xh + h @ W_hh + b_h), tf.transpose(x, (1, 0, 2)), h_0
    )
    with tf.GradientTape() as tape:
        tape.watch(h)
        value = loss(tf.transpose(h, (1, 0, 2)))

    def back(later, now):
        return now[0] + (later * now[1]) @ tf.transpose(W_hh)

    direct = tape.gradient(value, h, unconnected_gradients="zero")
    slopes = tf.concat([1 - h[1:] ** 2, tf.zeros_like(h[:1])], axis=0)
    dh = tf.scan(back, (direct, slopes), tf.zeros_like(h_0))
    return tf.transpose(dh, (1, 0, 2))


@EXERCISE.mistake(
    "The steps are in the order in which they were found, the last one first: dh[:, 0] belongs to "
    "the first state, so turn them round."
)
def last_step_first(x, h_0, W_xh, W_hh, b_h, loss):
    """As the way back goes."""
    return tf.reverse(_nudged(x, h_0, W_xh, W_hh, b_h, loss), axis=[1])


@EXERCISE.alternative
def by_your_own_recursion(x, h_0, W_xh, W_hh, b_h, loss):
    """The tape for the own way, the chapter's recursion for the rest."""
    h = tf.scan(
        lambda h, x_t: tf.tanh(x_t @ W_xh + h @ W_hh + b_h), tf.transpose(x, (1, 0, 2)), h_0
    )
    with tf.GradientTape() as tape:
        tape.watch(h)
        value = loss(tf.transpose(h, (1, 0, 2)))
    direct = tape.gradient(value, h)

    def back(carried, now):
        dh, _ = carried
        direct_t, slope_after = now
        return direct_t + (dh * slope_after) @ tf.transpose(W_hh), slope_after

    slope_after = tf.concat([1 - h[1:] ** 2, tf.zeros_like(h[:1])], axis=0)
    start = (tf.zeros_like(h_0), tf.zeros_like(h_0))
    dh, _ = tf.scan(back, (direct, slope_after), start, reverse=True)
    return tf.transpose(dh, (1, 0, 2))


@EXERCISE.alternative
def by_a_loop_with_arrays(x, h_0, W_xh, W_hh, b_h, loss):
    """Nudges batch first, a while loop, the time index written out."""
    batch, T = tf.shape(x)[0], tf.shape(x)[1]
    nudges = tf.zeros((batch, T, W_hh.shape[0]), x.dtype)
    with tf.GradientTape() as tape:
        tape.watch(nudges)

        def turn(t, h, states):
            a_t = tf.matmul(x[:, t], W_xh) + tf.matmul(h, W_hh) + b_h
            h = tf.math.tanh(a_t) + nudges[:, t]
            return t + 1, h, states.write(t, h)

        states = tf.TensorArray(x.dtype, T)
        _, _, states = tf.while_loop(
            lambda t, *_: t < T, turn, (0, h_0, states), maximum_iterations=T
        )
        value = loss(tf.transpose(states.stack(), (1, 0, 2)))
    return tape.gradient(value, nudges)


@EXERCISE.alternative
def a_loop_without_bounds(x, h_0, W_xh, W_hh, b_h, loss):
    """Nobody says how often it turns at most; XLA would like to know."""
    T = tf.shape(x)[1]
    nudges = tf.zeros((tf.shape(x)[0], T, tf.shape(h_0)[1]), x.dtype)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(nudges)

        def turn(t, h, states):
            h = tf.tanh(x[:, t] @ W_xh + h @ W_hh + b_h) + nudges[:, t]
            return t + 1, h, states.write(t, h)

        start = (0, h_0, tf.TensorArray(x.dtype, T))
        _, _, states = tf.while_loop(lambda t, *_: t < T, turn, start)
        value = loss(tf.transpose(states.stack(), (1, 0, 2)))
    return tape.gradient(value, nudges)


@EXERCISE.alternative
def by_what_goes_into_the_tanh(x, h_0, W_xh, W_hh, b_h, loss):
    """What reaches the next sum, one matrix back, and the own way."""
    own = own_way_only(x, h_0, W_xh, W_hh, b_h, loss)
    sent = _nudged(x, h_0, W_xh, W_hh, b_h, loss, inside=True) @ tf.transpose(W_hh)
    return own + tf.pad(sent[:, 1:], [[0, 0], [0, 1], [0, 0]])
