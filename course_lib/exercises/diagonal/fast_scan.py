"""Exercise: the scan with a gradient of its own, the fast form of `scan_backward`."""

import keras
import numpy as np
import tensorflow as tf

from course_lib.exercises.calling.guard import Unusable, with_article
from course_lib.exercises.diagonal.cases import turning
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
    gpu_report,
    kept_by_loops,
    nodes,
    own_twin,
    stumble,
    trace,
)
from course_lib.layers.by_hand.scan import fast_scan
from course_lib.scratch.scan import scan_backward, scan_loop

GRADIENTS = ("da", "db", "dh_0")


def sequence() -> Arrays:
    """Two sequences of five steps, three units; float64."""
    return {
        "dh": irregular(2, 5, 3, shift=5),
        "a": irregular(2, 5, 3),
        "b": irregular(2, 5, 3, shift=1),
        "h_0": irregular(2, 3, shift=2),
    }


def far_from_zero() -> Arrays:
    """All but what is kept of a state is large."""
    given = sequence()
    return {name: one if name == "a" else 100 * one for name, one in given.items()}


def that_turn() -> Arrays:
    """Complex numbers, four steps."""
    return {
        "dh": turning(2, 4, 3, shift=5),
        "a": turning(2, 4, 3),
        "b": turning(2, 4, 3, shift=1),
        "h_0": turning(2, 3, shift=2),
    }


def one_step() -> Arrays:
    """Sequences of a single step."""
    given = sequence()
    return {name: one if name == "h_0" else one[:, :1] for name, one in given.items()}


def forgetful() -> Arrays:
    """Units that forget everything at some steps: nothing may be divided by what is left."""
    given = sequence()
    given["a"][:, 1::2] = 0.0
    return given


def one_unit() -> Arrays:
    """One unit, two steps; only the second state is felt."""
    return {
        "dh": np.array([[[0.0], [1.0]]]),
        "a": np.array([[[2.0], [5.0]]]),
        "b": np.ones((1, 2, 1)),
        "h_0": np.array([[3.0]]),
    }


def there_and_back(function, dh, arguments) -> list:
    """States and gradients as tensors."""
    with tf.GradientTape() as tape:
        tape.watch(arguments)
        h = function(*arguments)
    if not tf.is_tensor(h):
        kind = with_article(type(h).__name__)
        raise Unusable(
            f"fast_scan returned {kind}; to whoever calls it, it gives the states alone, a tensor."
        )
    found = tape.gradient(h, arguments, output_gradients=dh)
    for name, gradient in zip(("a", "b", "h_0"), found, strict=True):
        if gradient is None:
            raise Unusable(f"No gradient comes back for {name}.")
    return [h, *found]


def both_passes(function, given: Arrays) -> Arrays:
    """The states, and what dh becomes on its way back; complex numbers in two parts."""
    dh, *arguments = (tf.constant(value) for value in given.values())
    found = there_and_back(function, dh, arguments)
    return {
        name: keras.ops.convert_to_numpy(value)
        for name, value in zip(("h", *GRADIENTS), found, strict=True)
    }


def with_own_twin(function, given: Arrays) -> Arrays:
    """`both_passes`; beside it, the learner's own NumPy."""
    outputs = both_passes(function, given)
    twin = own_twin(function, "scan_backward")
    if twin is not None:
        dh, a, _, h_0 = given.values()
        for name, value in zip(GRADIENTS, twin(dh, a, outputs["h"], h_0), strict=True):
            outputs[f"{name} by your twin"] = value
    return outputs


def in_numpy(given: Arrays) -> Arrays:
    """What the recurrence and scan_backward make of the same numbers."""
    dh, a, b, h_0 = given.values()
    h = scan_loop(a, b, h_0)
    return {"h": h, **dict(zip(GRADIENTS, scan_backward(dh, a, h, h_0), strict=True))}


def specs(given: Arrays, T=None) -> list:
    """The arguments with a batch of any size and T steps, dh first."""
    return [
        tf.TensorSpec((None, *([T] if name != "h_0" else []), value.shape[-1]), value.dtype)
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
    """What the forward loop lays aside for a backward pass of TensorFlow's."""
    return {"kept": kept_by_loops(graph_of_both(function, given))}


def way_back_is_own(_: Arrays, outputs: Arrays) -> Problem | None:
    """TensorFlow went back through no loop."""
    if outputs["kept"] == 0:
        return None
    return Problem(
        "The numbers are right, but they are TensorFlow's: at each turn of the loop its tape lays "
        "tensors aside, and then goes back through the loop by itself. Your own derivation needs "
        "no tape, only the states."
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
    """The graph of both passes, in complex64."""
    given = {name: value.astype(np.complex64) for name, value in given.items()}
    return gpu_report(graph_of_both(function, given))


EXERCISE = Exercise(
    reference=fast_scan,
    title="A scan that TensorFlow can go back through",
    goal="Write the scan for TensorFlow, and give it the gradient that you derived.",
    difficulty=3,
    minutes=45,
    kind="speed up",
    twin="scan_backward",
    uses=("scan_backward",),
    returns={},
    ladder=(
        by_hand(
            one_unit,
            how="h_1 = 2 × 3 + 1 = 7, h_2 = 5 × 7 + 1 = 36;  db = (5 × 1, 1);  da = (5 × 3, 7);  "
            "dh_0 = 2 × 5 = 10",
            call=both_passes,
            **in_numpy(one_unit()),
        ),
        matches("one step alone", one_step, in_numpy, "With T = 1:", both_passes),
        matches(
            "where nothing is kept",
            forgetful,
            in_numpy,
            "With a = 0 at every second step, where cumulated products would be 0/0:",
            both_passes,
        ),
        equal_to_twin("scan_backward", sequence, in_numpy, with_own_twin),
        large_numbers(far_from_zero, in_numpy, both_passes),
        matches("numbers that turn", that_turn, in_numpy, "With complex numbers:", both_passes),
        traceable(sequence, traced),
        no_loop_over_time(sequence, graph_sizes),
        Rung(
            "TensorFlow keeps nothing for the way back",
            sequence,
            way_back_is_own,
            kept,
            in_a_graph=True,
        ),
        compiles(that_turn, in_numpy, compiled),
        fit_for_a_gpu(that_turn, for_a_gpu),
    ),
    equivalent={
        "concat([a[1:], tf.zeros_like(a[:1])], axis -> concat([a[1:], tf.ones_like(a[:1])], "
        "axis": "the loop back begins with 0, so that its first factor doesn't matter",
        "tf.concat([a[1:], tf.zeros_like(a[:1])], axis=0) -> tf.concat([a[1:], a[:1]], "
        "axis=0)": "as above",
        ", tf.zeros_like(a[:1])], axis=0) -> , tf.zeros_like(b[:1])], axis=0)": (
            "zeros of one shape"
        ),
        "a_next), dh), tf.zeros_like(h_0), reverse -> a_next), dh), tf.ones_like(h_0), "
        "reverse": "the first factor of the loop back is 0, so that its beginning doesn't matter",
        "conj(a_next), dh), tf.zeros_like(h_0), reverse=True) -> conj(a_next), dh), h_0, "
        "reverse=True)": "as above",
    },
    promises={
        "Real or complex": ("equal to scan_backward, to 1e-10 in float64", "numbers that turn"),
        "Sizes of batch and T": "TensorFlow can trace it, whatever the size of the batch",
        "a: what is kept": "equal to scan_backward, to 1e-10 in float64",
        "b: what is added": "equal to scan_backward, to 1e-10 in float64",
        "h_0: state": "equal to scan_backward, to 1e-10 in float64",
        "h: states": "one step alone",
        "h: A tape": "TensorFlow keeps nothing for the way back",
    },
    hints=(
        Hint(
            "What does TensorFlow do without me?",
            "Its tape stores several tensors at each step of the loop, and goes back through "
            "the loop with them. What did your scan_backward need, all in all?",
        ),
        Hint(
            "How does TensorFlow learn a gradient from me?",
            "A function under `@tf.custom_gradient` returns two things: its value, and a function "
            "that takes what comes back for the value and gives what goes back to each argument, "
            "in their order.",
            fits=("no gradient of its own", "TensorFlow keeps nothing for the way back"),
        ),
        Hint(
            "How do I loop without a `for`?",
            "`tf.scan` walks over the first axis, with `reverse=True` from its end. So put time "
            "first for the loop, and batch first again when you return.",
            fits=(
                "forward in time",
                "loop in python",
                "TensorFlow can trace it, whatever the size of the batch",
                "the graph doesn't grow with the number of time steps",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "Inside the decorated function: transpose a, b to time first; `tf.scan(lambda h, now: "
            "now[0] * h + now[1], (a, b), h_0)`. In `backward`: the factors of the next steps, "
            "`tf.concat([a[1:], tf.zeros_like(a[:1])], 0)`, conjugated; the same scan over them "
            "and dh with `reverse=True` from zeros; da and dh_0 as in NumPy; transpose all back.",
        ),
    ),
)


def _time_first(x):
    return tf.transpose(x, (1, 0, 2))


def _with_gradient(
    a,
    b,
    h_0,
    factors=lambda a: tf.concat([a[1:], tf.zeros_like(a[:1])], axis=0),
    conj=tf.math.conj,
    conj_h=tf.math.conj,
    before=lambda h, h_0: tf.concat([h_0[None], h[:-1]], axis=0),
    reverse=True,
    start=lambda a, db: tf.math.conj(a[0]) * db[0],
    begin=tf.identity,
):
    """The reference with one of its parts replaced; for mistakes."""

    @tf.custom_gradient
    def states(a, b, h_0):
        a, b = _time_first(a), _time_first(b)
        h = tf.scan(lambda h, now: now[0] * h + now[1], (a, b), begin(h_0))

        def backward(dh):
            db = tf.scan(
                lambda db, now: now[0] * db + now[1],
                (conj(factors(a)), _time_first(dh)),
                tf.zeros_like(h_0),
                reverse=reverse,
            )
            da = db * conj_h(before(h, h_0))
            return _time_first(da), _time_first(db), start(a, db)

        return _time_first(h), backward

    return states(a, b, h_0)


@EXERCISE.mistake(
    "The way back is TensorFlow's own: its tape keeps tensors at every step and goes back through "
    "the loop. Give it the gradient that you derived."
)
def no_gradient_of_its_own(a, b, h_0):
    """tf.scan alone."""
    h = tf.scan(lambda h, now: now[0] * h + now[1], (_time_first(a), _time_first(b)), h_0)
    return _time_first(h)


@EXERCISE.mistake(
    "Nothing is conjugated on the way back: with real numbers it makes no difference, with complex "
    "ones it does."
)
def nothing_conjugated(a, b, h_0):
    """a and h as they are."""
    return _with_gradient(
        a, b, h_0, conj=tf.identity, conj_h=tf.identity, start=lambda a, db: a[0] * db[0]
    )


@EXERCISE.mistake(
    "The states are conjugated, the factors are not: on the way back, what h_t does to h_{t+1} is "
    "multiplied by the conjugate of a_{t+1}, and dh_0 by that of a_1."
)
def factors_not_conjugated(a, b, h_0):
    """a as it is."""
    return _with_gradient(a, b, h_0, conj=tf.identity, start=lambda a, db: a[0] * db[0])


@EXERCISE.mistake(
    "On the way back step t has the factor a_t: what h_t does to h_{t+1} goes through a_{t+1}."
)
def factor_of_the_same_step(a, b, h_0):
    """a_t."""
    return _with_gradient(a, b, h_0, factors=lambda a: a)


@EXERCISE.mistake(
    "The states begin from zeros, whatever h_0 is: the loop is to begin from h_0, the state before "
    "the first step."
)
def from_zeros(a, b, h_0):
    """The way back knows h_0."""
    return _with_gradient(a, b, h_0, begin=tf.zeros_like)


@EXERCISE.mistake(
    "h_0 isn't used: the states begin from it, and it is an argument like the others, so a "
    "gradient goes back to it."
)
def h_0_unused(a, b, h_0):
    """Zeros in its place, on both ways."""
    return _with_gradient(
        *(a, b, h_0),
        begin=tf.zeros_like,
        before=lambda h, h_0: tf.concat([tf.zeros_like(h[:1]), h[:-1]], axis=0),
        start=lambda a, db: tf.zeros_like(db[0]),
    )


@EXERCISE.mistake(
    "The way back runs forward in time: `reverse=True` makes tf.scan begin at the end."
)
def forward_in_time(a, b, h_0):
    """No reverse."""
    return _with_gradient(a, b, h_0, reverse=False)


@EXERCISE.mistake("da is made with the state after the step: a_t is multiplied by h_{t-1}.")
def state_after_the_step(a, b, h_0):
    """h_t."""
    return _with_gradient(a, b, h_0, before=lambda h, h_0: h)


@EXERCISE.mistake(
    "The gradients come back in another order: TensorFlow hands the first to a and the second to "
    "b, as the arguments stand, so return da, db, dh_0."
)
def db_before_da(a, b, h_0):
    """What goes back changes places, on a way of its own."""

    @tf.custom_gradient
    def exchanged(a, b):
        return (a, b), lambda da, db: (db, da)

    return _with_gradient(*exchanged(a, b), h_0)


@EXERCISE.mistake("dh_0 lacks its factor: h_0 comes in as a_1 h_0.")
def dh_0_without_its_factor(a, b, h_0):
    """db_1."""
    return _with_gradient(a, b, h_0, start=lambda a, db: db[0])


@EXERCISE.mistake(
    "Nothing goes back to h_0: it is an argument like the others, and came in as a_1 h_0, so "
    "conj(a_1) db_1 goes back to it."
)
def nothing_for_h_0(a, b, h_0):
    """Zeros."""
    return _with_gradient(a, b, h_0, start=lambda a, db: tf.zeros_like(db[0]))


@EXERCISE.mistake(
    "The loop over time is Python's: each step is written out while the code is traced, and T must "
    "be known then."
)
def loop_in_python(a, b, h_0):
    """A `for` over T."""

    @tf.custom_gradient
    def states(a, b, h_0):
        h, before = [], h_0
        for t in range(a.shape[1]):
            before = a[:, t] * before + b[:, t]
            h.append(before)
        h = tf.stack(h, axis=1)

        def backward(dh):
            later, db = tf.zeros_like(h_0), []
            for t in reversed(range(a.shape[1])):
                later = dh[:, t] + later
                db.insert(0, later)
                later = tf.math.conj(a[:, t]) * later
            db = tf.stack(db, axis=1)
            return db * tf.math.conj(tf.concat([h_0[:, None], h[:, :-1]], 1)), db, later

        return h, backward

    return states(a, b, h_0)


@EXERCISE.alternative
def by_while_loops(a, b, h_0):
    """tf.while_loop with arrays of its own."""

    def run(factors, added, first, start, step, size):
        states = tf.TensorArray(added.dtype, size, element_shape=first.shape)

        def body(t, h, states):
            h = factors[:, t] * h + added[:, t]
            return t + step, h, states.write(t, h)

        _, _, states = tf.while_loop(
            lambda t, h, states: (t >= 0) & (t < size), body, (start, first, states)
        )
        return _time_first(states.stack())

    @tf.custom_gradient
    def states(a, b, h_0):
        T = tf.shape(a)[1]
        h = run(a, b, h_0, 0, 1, T)

        def backward(dh):
            later = tf.concat([tf.math.conj(a)[:, 1:], tf.zeros_like(a[:, :1])], axis=1)
            g = run(later, dh, tf.zeros_like(h_0), T - 1, -1, T)
            return (
                g * tf.math.conj(tf.concat([h_0[:, None], h[:, :-1]], axis=1)),
                g,
                g[:, 0] * tf.math.conj(a[:, 0]),
            )

        return h, backward

    return states(a, b, h_0)


@EXERCISE.alternative
def by_turning_time_round(a, b, h_0):
    """One loop for both ways."""

    def forward(a, b, h_0):
        h = tf.scan(
            lambda h, now: tf.add(tf.multiply(now[0], h), now[1]),
            (_time_first(a), _time_first(b)),
            h_0,
        )
        return _time_first(h)

    @tf.custom_gradient
    def states(a, b, h_0):
        h = forward(a, b, h_0)

        def backward(dh):
            factors = tf.math.conj(tf.roll(a, -1, axis=1))
            turned = [tf.reverse(one, [1]) for one in (factors, dh)]
            g = tf.reverse(forward(*turned, tf.zeros_like(h_0)), [1])
            before = tf.concat([tf.expand_dims(h_0, 1), h[:, :-1]], 1)
            return tf.math.conj(before) * g, g, tf.math.conj(a[:, 0]) * g[:, 0]

        return h, backward

    return states(a, b, h_0)


@EXERCISE.alternative
def by_doubling(a, b, h_0):
    """In log T rounds, of slices that grow: XLA can't know their sizes."""

    def run(a, b):
        def join(reach, a, b):
            earlier_a = tf.concat([tf.ones_like(a[:reach]), a[:-reach]], axis=0)
            earlier_b = tf.concat([tf.zeros_like(b[:reach]), b[:-reach]], axis=0)
            return 2 * reach, earlier_a * a, a * earlier_b + b

        free = tf.TensorShape((None, None, None))
        T = tf.shape(a)[0]
        _, _, h = tf.while_loop(
            lambda reach, *_: reach < T,
            join,
            (1, a, b),
            shape_invariants=(tf.TensorShape(()), free, free),
        )
        return tf.ensure_shape(h, b.shape)

    @tf.custom_gradient
    def states(a, b, h_0):
        a, b = _time_first(a), _time_first(b)
        h = run(a, tf.concat([(a[0] * h_0 + b[0])[None], b[1:]], axis=0))

        def backward(dh):
            later = tf.concat([tf.math.conj(a[1:]), tf.zeros_like(a[:1])], axis=0)
            db = tf.reverse(run(later[::-1], _time_first(dh)[::-1]), [0])
            da = db * tf.math.conj(tf.concat([h_0[None], h[:-1]], axis=0))
            return _time_first(da), _time_first(db), tf.math.conj(a[0]) * db[0]

        return _time_first(h), backward

    return states(a, b, h_0)
