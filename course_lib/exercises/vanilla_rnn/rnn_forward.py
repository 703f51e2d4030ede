"""Exercise: the whole sequence."""

import numpy as np

from course_lib.exercises.calling.guard import Unusable
from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.ladder.rungs import by_hand, floating, holds, irregular, matches, shapes
from course_lib.scratch.rnn import rnn_forward, rnn_step

CHANGED = 3  # the step whose input the causality rung changes


def small() -> Arrays:
    """Two sequences of five steps, three inputs, four units."""
    return {
        "x": irregular(2, 5, 3),
        "h_0": irregular(2, 4, shift=1, scale=0.8),
        "W_xh": irregular(3, 4, shift=2),
        "W_hh": irregular(4, 4, shift=3, scale=0.7),
        "b_h": irregular(4, shift=4, scale=0.5),
    }


def one_unit() -> Arrays:
    """One unit that sees 1, then nothing, then -1."""
    return {
        "x": np.array([[[1.0], [0.0], [-1.0]]]),
        "h_0": np.array([[0.0]]),
        "W_xh": np.array([[0.5]]),
        "W_hh": np.array([[2.0]]),
        "b_h": np.array([0.0]),
    }


def whole_numbers() -> Arrays:
    """Inputs, first state and weights as integers."""
    return {
        "x": np.arange(30).reshape(2, 5, 3) % 4 - 1,
        "h_0": np.zeros((2, 4), int),
        "W_xh": np.array([[1, 0, -1, 1], [0, 1, 1, -1], [-1, 1, 0, 0]]),
        "W_hh": np.array([[0, 1, 0, -1], [1, 0, 1, 0], [0, -1, 1, 0], [1, 0, 0, 1]]),
        "b_h": np.array([0, 1, -1, 0]),
    }


def one_step() -> Arrays:
    """Sequences of a single step."""
    given = small()
    return {**given, "x": given["x"][:, :1]}


def as_one_step(given: Arrays) -> Arrays:
    """What rnn_step makes of a single step."""
    x, h_0, *weights = given.values()
    return {"h": rnn_step(x[:, 0], h_0, *weights)[:, None]}


def change_one_input(function, given: Arrays) -> Arrays:
    """The states before a changed input, and the same states without the change."""
    x, *rest = given.values()
    changed = x.copy()
    changed[:, CHANGED] += 1.0
    h, _ = function(x, *rest)
    h_changed, _ = function(changed, *rest)
    return {
        "h before the change": h_changed[:, :CHANGED],
        "h before the change expected": h[:, :CHANGED],
    }


def split_in_two(function, given: Arrays) -> Arrays:
    """The sequence at once, and in two parts with the state carried from one to the other."""
    x, h_0, *weights = given.values()
    first, _ = function(x[:, :2], h_0, *weights)
    second, _ = function(x[:, 2:], first[:, -1], *weights)
    h, _ = function(x, h_0, *weights)
    return {"h": h, "h expected": np.concatenate([first, second], axis=1)}


def cached(function, given: Arrays) -> Arrays:
    """What BPTT will find in the cache."""
    h, cache = function(*given.values())
    if not isinstance(cache, tuple | list) or len(cache) != 5:
        raise Unusable("The cache must be a tuple of five, (x, h_0, h, W_xh, W_hh).")
    found = dict(zip(("x", "h_0", "h", "W_xh", "W_hh"), cache, strict=True))
    right = {"x": given["x"], "h_0": given["h_0"], "h": h}
    right |= {"W_xh": given["W_xh"], "W_hh": given["W_hh"]}
    return {f"cache {k}": np.array(v) for k, v in found.items()} | {
        f"cache {k} expected": v for k, v in right.items()
    }


def step_by_step(given: Arrays) -> Arrays:
    """The definition: h_t from h_{t-1}, one step after the other."""
    x, h_t, *weights = given.values()
    states = []
    for t in range(x.shape[1]):
        h_t = rnn_step(x[:, t], h_t, *weights)
        states.append(h_t)
    return {"h": np.stack(states, axis=1)}


EXERCISE = Exercise(
    reference=rnn_forward,
    title="The whole sequence, with its cache",
    goal="Unroll the network over a sequence: the same step, the same weights, the state carried "
    "along.",
    difficulty=2,
    minutes=15,
    returns={"h": "array", "cache": "anything"},
    uses=("rnn_step",),
    equivalent={
        "h = np.zeros((batch, -> h = -np.zeros((batch,": (
            "it is zero still, and every entry is overwritten"
        ),
        "h = np.zeros((batch, T, W_hh -> h = np.ones((batch, T, W_hh": "every entry is overwritten",
        "zeros((batch, T, W_hh.shape[0]), dtype -> zeros((batch, T, b_h.shape[0]), dtype": (
            "b_h has n entries too"
        ),
        "batch, T, W_hh.shape[0]), dtype=np.result_type -> batch, T, W_hh.shape[…1]), "
        "dtype=np.result_type": "W_hh is square",
        "…np.float32)) -> T, W_hh.shape[0]))": (
            "for float32 inputs only the dtype changes, and float32 out isn't promised"
        ),
        ", W_hh, np.float32)) -> , W_hh, np.float64))": (
            "for float32 inputs only the dtype changes, and float32 out isn't promised"
        ),
        "dtype=np.result_type(x, h_0, W_hh, np.float -> dtype=np.result_type(h_0, x, W_hh, "
        "np.float": "the common dtype of several arrays doesn't depend on their order",
        "np.result_type(x, h_0, W_hh, np.float32)) -> np.result_type(x, W_hh, h_0, np.float32))": (
            "the common dtype of several arrays doesn't depend on their order"
        ),
        "result_type(x, h_0, W_hh, np.float32)) -> result_type(x, h_0, np.float32, W_hh))": (
            "the common dtype of several arrays doesn't depend on their order"
        ),
        "np.result_type(x, h_0, W_hh, np.float -> np.result_type(x, W_xh, W_hh, np.float": (
            "x, h_0 and the weights share one precision, so that any of them says which"
        ),
        "result_type(x, h_0, W_hh, np.float32)) -> result_type(x, h_0, b_h, np.float32))": (
            "x, h_0 and the weights share one precision, so that any of them says which"
        ),
        "dtype=np.result_type(x, h_0, W_hh, np.float -> dtype=np.result_type(h_0, h_0, W_hh, "
        "np.float": "x, h_0 and the weights share one precision, so that any of them says which",
    },
    ladder=(
        shapes(small, h=(2, 5, 4)),
        floating(whole_numbers, "h"),
        by_hand(
            one_unit,
            how="tanh(0.5) = 0.462117;  tanh(2 × 0.462117) = 0.727894;  "
            "tanh(-0.5 + 2 × 0.727894) = 0.742393",
            h=np.array([[[0.46211716], [0.72789440], [0.74239256]]]),
        ),
        matches("one step long, it is rnn_step", one_step, as_one_step),
        holds(
            "a state never depends on a later input",
            small,
            change_one_input,
            f"Changing x at t = {CHANGED} changed an earlier state: a step must not see the "
            "future.",
        ),
        holds(
            "cut in two and carried on, it is the same",
            small,
            split_in_two,
            "Two halves with the state carried over differ from the whole.",
        ),
        matches("equal to the definition, step by step", small, step_by_step),
        holds(
            "the cache holds what BPTT needs",
            small,
            cached,
            "The cache must be (x, h_0, h, W_xh, W_hh).",
            known=True,
        ),
    ),
    promises={
        "x: inputs": "it runs, and the shapes are right",
        "h_0: state before": ("a case small enough to do by hand", "one step long, it is rnn_step"),
        "W_xh, W_hh, b_h: the weights": "equal to the definition, step by step",
        "h: the states": "equal to the definition, step by step",
        "cache: the tuple": "the cache holds what BPTT needs",
    },
    hints=(
        Hint(
            "Where does the state live between two steps?",
            "`rnn_step` remembers nothing. So who does, from one step to the next, and what is it "
            "before the first one?",
        ),
        Hint(
            "My shapes come out as (T, batch, n).",
            "The batch is the first axis and time the second: step t reads `x[:, t]`, of shape "
            "(batch, m), and writes `h[:, t]`, of shape (batch, n).",
            fits=(
                "last state only",
                "last state everywhere",
                "nothing stored",
                "reshaped for swapped",
                "it runs, and the shapes are right",
            ),
        ),
        Hint(
            "Every step but the first is wrong.",
            "Look at what you pass to `rnn_step` as `h_prev`: it must be the state that the "
            "previous iteration of the loop returned, not `h_0` again.",
            fits=("state not carried",),
        ),
        Hint(
            "Show me the recipe.",
            "Before the loop, a variable holds `h_0`. For each t, overwrite it with "
            "`rnn_step(x[:, t], …)` of itself and the weights, and store it in `h[:, t]`.",
        ),
    ),
)


def _unroll(x, h_0, W_xh, W_hh, b_h, previous):
    """The sequence, with `previous` choosing the state that goes into step t; for mistakes."""
    h = np.zeros((x.shape[0], x.shape[1], W_hh.shape[0]))
    for t in range(x.shape[1]):
        h[:, t] = rnn_step(x[:, t], previous(h, t), W_xh, W_hh, b_h)
    return h, (x, h_0, h, W_xh, W_hh)


@EXERCISE.mistake(
    "Every step starts again from h_0: pass rnn_step the state of the previous step, or the "
    "network forgets everything at once."
)
def state_not_carried(x, h_0, W_xh, W_hh, b_h):
    """h_0 at each step."""
    return _unroll(x, h_0, W_xh, W_hh, b_h, lambda h, t: h_0)


@EXERCISE.mistake(
    "No step sees a state, neither h_0 nor that of the step before: its product with W_hh is left "
    "out, or it is read from a place that is still empty, h[:, t] for h[:, t - 1]."
)
def no_state_seen(x, h_0, W_xh, W_hh, b_h):
    """h[:, t] before it is written."""
    return _unroll(x, h_0, W_xh, W_hh, b_h, lambda h, t: h[:, t])


@EXERCISE.mistake("Each step gets the input of the first one, x[:, 0]: step t reads x[:, t].")
def first_input_at_each_step(x, h_0, W_xh, W_hh, b_h):
    """x[:, 0] for x[:, t]."""
    h, _ = rnn_forward(np.broadcast_to(x[:, :1], x.shape), h_0, W_xh, W_hh, b_h)
    return h, (x, h_0, h, W_xh, W_hh)


@EXERCISE.mistake(
    "The first step ignores h_0 and starts from zeros (as h[:, t - 1] does, which at t = 0 is the "
    "last place, still empty): the caller decides where the state begins."
)
def h_0_ignored(x, h_0, W_xh, W_hh, b_h):
    """Starts from zeros."""
    return _unroll(x, h_0, W_xh, W_hh, b_h, lambda h, t: h[:, t - 1] if t else 0 * h_0)


@EXERCISE.mistake(
    "The sequence is read backwards: run t from 0 upwards, so that each state follows from the "
    "one before."
)
def read_backwards(x, h_0, W_xh, W_hh, b_h):
    """From the last step to the first."""
    h, _ = rnn_forward(x[:, ::-1], h_0, W_xh, W_hh, b_h)
    return h[:, ::-1], (x, h_0, h[:, ::-1], W_xh, W_hh)


@EXERCISE.mistake(
    "Every place holds the last state: h is written after the loop, or one array is overwritten "
    "and stands at all places. Put each step's own state into h[:, t], inside the loop."
)
def last_state_everywhere(x, h_0, W_xh, W_hh, b_h):
    """The final state, repeated."""
    h, _ = rnn_forward(x, h_0, W_xh, W_hh, b_h)
    h = np.repeat(h[:, -1:], x.shape[1], axis=1)
    return h, (x, h_0, h, W_xh, W_hh)


@EXERCISE.mistake(
    "Only the state of one step is returned, (batch, n), where the states of all steps belong: "
    "write each into h[:, t], and keep the running state under another name."
)
def last_state_only(x, h_0, W_xh, W_hh, b_h):
    """h = rnn_step(…) in the loop."""
    h = h_0
    for t in range(x.shape[1]):
        h = rnn_step(x[:, t], h, W_xh, W_hh, b_h)
    return h, (x, h_0, h, W_xh, W_hh)


@EXERCISE.mistake(
    "The states are computed but never stored, so h is still zero: write h[:, t] = h_t inside the "
    "loop."
)
def nothing_stored(x, h_0, W_xh, W_hh, b_h):
    """The empty h."""
    h = np.zeros((x.shape[0], x.shape[1], W_hh.shape[0]))
    return h, (x, h_0, h, W_xh, W_hh)


@EXERCISE.mistake(
    "h[:, 0] is h_0, and the first input is never read: h_0 is the state before the first step, "
    "so h[:, 0] is rnn_step of x[:, 0] and h_0."
)
def first_input_skipped(x, h_0, W_xh, W_hh, b_h):
    """The loop starts at t = 1."""
    rest, _ = rnn_forward(x[:, 1:], h_0, W_xh, W_hh, b_h)
    h = np.concatenate([h_0[:, None], rest], axis=1)
    return h, (x, h_0, h, W_xh, W_hh)


@EXERCISE.mistake(
    "In the cache h_0 is the last state, because the loop stored its running state under that "
    "name: BPTT needs the h_0 that came in, so take another name in the loop."
)
def h_0_overwritten(x, h_0, W_xh, W_hh, b_h):
    """h_0 = rnn_step(…, h_0, …)."""
    h, _ = rnn_forward(x, h_0, W_xh, W_hh, b_h)
    return h, (x, h[:, -1], h, W_xh, W_hh)


@EXERCISE.mistake(
    "The states are one step late: h[:, 0] must be the state after the first input, not h_0."
)
def states_shifted(x, h_0, W_xh, W_hh, b_h):
    """h_0 … h_{T-1} where h_1 … h_T belong."""
    h, _ = rnn_forward(x, h_0, W_xh, W_hh, b_h)
    h = np.concatenate([h_0[:, None], h[:, :-1]], axis=1)
    return h, (x, h_0, h, W_xh, W_hh)


@EXERCISE.mistake(
    "Sequences and steps are mixed up: what was collected step by step is (T, batch, n), and "
    "reshape only cuts it up anew. Exchange the axes, with np.stack(states, axis=1) or swapaxes."
)
def reshaped_for_swapped(x, h_0, W_xh, W_hh, b_h):
    """np.array(states).reshape(batch, T, n)."""
    h, _ = rnn_forward(x, h_0, W_xh, W_hh, b_h)
    h = h.swapaxes(0, 1).reshape(h.shape)
    return h, (x, h_0, h, W_xh, W_hh)


@EXERCISE.mistake(
    "h begins with h_0 and holds T + 1 states: it is for the states after each of the T inputs, "
    "and h_0 has a place of its own in the cache."
)
def h_0_among_the_states(x, h_0, W_xh, W_hh, b_h):
    """T + 1 states."""
    h, _ = rnn_forward(x, h_0, W_xh, W_hh, b_h)
    h = np.concatenate([h_0[:, None], h], axis=1)
    return h, (x, h_0, h, W_xh, W_hh)


@EXERCISE.mistake(
    "x.reshape(T, batch, m) only cuts the inputs up anew, so that a step reads inputs of other "
    "steps: step t reads x[:, t]. To have time first, exchange the axes, with swapaxes."
)
def inputs_reshaped(x, h_0, W_xh, W_hh, b_h):
    """A reshape for the transpose of the inputs."""
    batch, T, m = x.shape
    mixed = x.reshape(T, batch, m).swapaxes(0, 1)
    h, _ = rnn_forward(mixed, h_0, W_xh, W_hh, b_h)
    return h, (x, h_0, h, W_xh, W_hh)


@EXERCISE.alternative
def inputs_first(x, h_0, W_xh, W_hh, b_h):
    """All input products in one go, then only the recurrence in the loop."""
    a = np.einsum("bti,in->btn", x, W_xh) + b_h
    h_t, states = h_0, []
    for t in range(x.shape[1]):
        h_t = np.tanh(a[:, t] + h_t @ W_hh)
        states.append(h_t)
    h = np.stack(states, axis=1)
    return h, (x, h_0, h, W_xh, W_hh)


@EXERCISE.alternative
def recursively(x, h_0, W_xh, W_hh, b_h):
    """The last step follows from the sequence without it."""
    if x.shape[1] == 0:
        h = np.zeros((x.shape[0], 0, W_hh.shape[0]))
    else:
        h, _ = recursively(x[:, :-1], h_0, W_xh, W_hh, b_h)
        h_prev = h[:, -1] if h.shape[1] else h_0
        h = np.append(h, rnn_step(x[:, -1], h_prev, W_xh, W_hh, b_h)[:, None], axis=1)
    return h, (x, h_0, h, W_xh, W_hh)
