"""Exercise, a bug hunt: the outputs of a layer, side by side where time should run."""

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.gated_cells.cases import LSTM, one_unit_weights, weights
from course_lib.exercises.ladder.rungs import by_hand, floating, holds, irregular, matches, shapes
from course_lib.scratch.gated import lstm_step
from course_lib.scratch.stacked import collect_outputs


def small() -> Arrays:
    """Two sequences of five steps, three inputs, four units: no two sizes are alike."""
    return {"x": irregular(2, 5, 3, scale=2), "params": weights(LSTM, 3, 4)}


def one_unit() -> Arrays:
    """One sequence of two steps; every gate is half open and the candidate is 0.6."""
    params = one_unit_weights(LSTM, b_c=float(np.arctanh(0.6)))
    return {"x": np.array([[[1.0], [-1.0]]]), "params": params}


def one_step() -> Arrays:
    """One step only."""
    return {**small(), "x": small()["x"][:, :1]}


def whole_numbers() -> Arrays:
    """Inputs as integers."""
    return {**small(), "x": np.arange(30).reshape(2, 5, 3) % 4}


def later_changed(function, given: Arrays) -> Arrays:
    """The first three steps, before and after the last two inputs are changed."""
    x, params = given.values()
    changed = np.concatenate([x[:, :3], 3 - x[:, 3:]], axis=1)
    return {"h": function(changed, params)[:, :3], "h expected": function(x, params)[:, :3]}


def each_row_alone(function, given: Arrays) -> Arrays:
    """The batch at once, and its sequences one by one."""
    x, params = given.values()
    rows = [function(x[i : i + 1], params) for i in range(len(x))]
    return {"h": function(x, params), "h expected": np.concatenate(rows)}


def first_step(given: Arrays) -> Arrays:
    """lstm_step, from zeros."""
    x, params = given.values()
    zeros = np.zeros((2, 4))
    return {"h": lstm_step(x[:, 0], zeros, zeros, params)[0][:, None]}


def step_by_step(given: Arrays) -> Arrays:
    """Every state written to its place."""
    x, params = given.values()
    h = np.zeros((2, 5, 4))
    for s in range(2):
        h_t = c_t = np.zeros((1, 4))
        for t in range(5):
            h_t, c_t, _ = lstm_step(x[s : s + 1, t], h_t, c_t, params)
            h[s, t] = h_t[0]
    return {"h": h}


EXERCISE = Exercise(
    reference=collect_outputs,
    title="What the next layer reads",
    goal="Run one LSTM layer over sequences and pass on its state at every step.",
    difficulty=1,
    minutes=10,
    returns={"h": "array"},
    uses=("lstm_step",),
    equivalent={
        "params['W_hc'].shape[0] -> params['W_hc'].shape[…1]": "W_hc is square",
        "h_t = c_t = np.zeros((batch, -> h_t = c_t = -np.zeros((batch,": "minus zero is zero",
        "zeros((batch, n), dtype=params['W_hc'].dtype) -> zeros((batch, n))": (
            "for float32 inputs only the dtype changes, and float32 out isn't promised"
        ),
    },
    ladder=(
        shapes(small, h=(2, 5, 4)),
        floating(whole_numbers, "h"),
        by_hand(
            one_unit,
            how="Each gate is sigmoid(0) = 0.5. c_1 = 0.5 × 0 + 0.5 × 0.6 = 0.3; "
            "c_2 = 0.5 × 0.3 + 0.5 × 0.6 = 0.45;\n"
            "h_1 = 0.5 × tanh(0.3) = 0.145656;  h_2 = 0.5 × tanh(0.45) = 0.210950",
            h=np.array([[[0.14565631], [0.21094951]]]),
        ),
        matches("one step is lstm_step from zeros", one_step, first_step),
        holds(
            "no step sees a later one",
            small,
            later_changed,
            "The last two inputs were changed, and a state before them changed too.",
        ),
        holds(
            "each sequence of the batch is on its own",
            small,
            each_row_alone,
            "A sequence's states changed with what else is in the batch.",
        ),
        matches("equal to the states, each written to its place", small, step_by_step),
    ),
    promises={
        "State and memory are zero": "one step is lstm_step from zeros",
        "x: inputs": "it runs, and the shapes are right",
        "params: the layer's": "a case small enough to do by hand",
        "h: the states": "equal to the states, each written to its place",
    },
    hints=(
        Hint(
            "I can't see anything wrong.",
            "The loop is right: T states of shape (batch, n) are in the list. Print the shape "
            "of what is returned. Where has time gone?",
        ),
        Hint(
            "What is the difference between concatenate and stack?",
            "`np.concatenate` joins arrays along an axis that they have; `np.stack` makes a new "
            "one. Time is an axis that a single step doesn't have.",
            fits=("under each other", "cut as if by units", "cut into units first"),
        ),
        Hint(
            "The shape is right, but the numbers are in the wrong place.",
            "`reshape` never moves a number. Which axis runs fastest in what you reshape? With "
            "`np.stack` and the right `axis` you don't need it.",
            fits=("reshaped from time first",),
        ),
    ),
)


def _steps(x, params):
    """The list of the states, each (batch, n)."""
    h_t = c_t = np.zeros((len(x), len(params["W_hc"])))
    outputs = []
    for t in range(x.shape[1]):
        h_t, c_t, _ = lstm_step(x[:, t], h_t, c_t, params)
        outputs.append(h_t)
    return outputs


@EXERCISE.hunt(
    "Still the old symptom: the layer above expects (batch, T, n), and gets one "
    "long row for each sequence, without any time."
)
def side_by_side(x, params):
    """Run one LSTM layer over sequences and collect its state at every step.

    State and memory are zero before the first step.

    Args:
        x: inputs, shape (batch, T, m).
        params: the layer's weights, a dict as for `lstm_step`.

    Returns:
        h: the states h_1 … h_T, shape (batch, T, n): what the layer above
            reads.
    """
    batch, T, _ = x.shape
    n = params["W_hc"].shape[0]
    h_t = c_t = np.zeros((batch, n), dtype=params["W_hc"].dtype)
    outputs = []
    for t in range(T):
        h_t, c_t, _ = lstm_step(x[:, t], h_t, c_t, params)
        outputs.append(h_t)
    return np.concatenate(outputs, axis=1)


@EXERCISE.mistake(
    "Time has become the first axis, (T, batch, n): the course has batch first, time second, so "
    "stack along axis 1."
)
def time_first(x, params):
    """np.stack without an axis, or np.array."""
    return np.stack(_steps(x, params))


@EXERCISE.mistake(
    "Time has become the last axis, (batch, n, T): it stands between batch and units, so stack "
    "along axis 1."
)
def time_last(x, params):
    """axis=-1."""
    return np.stack(_steps(x, params), axis=-1)


@EXERCISE.mistake(
    "The batch has grown to T times its size: np.concatenate along axis 0 puts the steps under "
    "each other as if they were sequences. A new axis for time is needed."
)
def under_each_other(x, params):
    """Concatenated along the batch."""
    return np.concatenate(_steps(x, params), axis=0)


@EXERCISE.mistake(
    "The shape is right, but sequences and steps are mixed up: reshape turned (T, batch, n) into "
    "(batch, T, n) without moving a number. Stack along axis 1."
)
def reshaped_from_time_first(x, params):
    """reshape where a transpose is needed."""
    batch, T, _ = x.shape
    return np.stack(_steps(x, params)).reshape(batch, T, -1)


@EXERCISE.mistake(
    "The shape is right, but units and steps are mixed up: the row was laid out step by step, and "
    "was cut as if it were laid out unit by unit. Stack along axis 1."
)
def cut_as_if_by_units(x, params):
    """reshape to (batch, n, T), then transposed."""
    batch, T, _ = x.shape
    row = np.concatenate(_steps(x, params), axis=1)
    return row.reshape(batch, -1, T).transpose(0, 2, 1)


@EXERCISE.mistake(
    "Only the last state is returned: that is what a readout needs, but the layer above reads one "
    "state per step."
)
def last_state_only(x, params):
    """h_T."""
    return _steps(x, params)[-1]


@EXERCISE.mistake(
    "Every step reads the first input again: x[:, 0] stays where it is, and step t needs x[:, t]."
)
def first_input_at_each_step(x, params):
    """x[:, 0] for x[:, t]."""
    return np.stack(_steps(np.repeat(x[:, :1], x.shape[1], axis=1), params), axis=1)


@EXERCISE.mistake(
    "What is collected is the memory c_t: it stays inside the cell, and the layer above reads the "
    "state h_t."
)
def memory_collected(x, params):
    """outputs.append(c_t)."""
    h_t = c_t = np.zeros((len(x), len(params["W_hc"])))
    outputs = []
    for t in range(x.shape[1]):
        h_t, c_t, _ = lstm_step(x[:, t], h_t, c_t, params)
        outputs.append(c_t)
    return np.stack(outputs, axis=1)


@EXERCISE.mistake(
    "What is collected is tanh(c_t), the whole memory: the state h_t is the part of it that the "
    "output gate shows, and lstm_step returns it first."
)
def output_gate_left_out(x, params):
    """outputs.append(np.tanh(c_t))."""
    return np.tanh(memory_collected(x, params))


@EXERCISE.mistake(
    "State and memory start from zero at every step: they are set to zero once, before the loop, "
    "and then carried from step to step."
)
def nothing_carried(x, params):
    """Zeros inside the loop."""
    return np.concatenate([np.stack(_steps(x[:, t : t + 1], params), axis=1)
                           for t in range(x.shape[1])], axis=1)  # fmt: skip


@EXERCISE.mistake("The steps come back in reverse order: the first one comes first.")
def newest_first(x, params):
    """outputs.insert(0, h_t)."""
    return np.stack(_steps(x, params)[::-1], axis=1)


@EXERCISE.mistake(
    "The states before the steps are collected, h_0 and not h_T: append h_t after the step was "
    "taken."
)
def old_states_collected(x, params):
    """append before lstm_step."""
    states = _steps(x, params)
    return np.stack([np.zeros_like(states[0]), *states[:-1]], axis=1)


@EXERCISE.mistake(
    "There is a step too many: h_0 isn't an output. Begin with an empty list, and append a state "
    "after each step."
)
def first_state_collected_too(x, params):
    """h_0 … h_T."""
    states = _steps(x, params)
    return np.stack([np.zeros_like(states[0]), *states], axis=1)


@EXERCISE.mistake(
    "Every step shows the last state: it is put there after the loop, or the list holds one array "
    "many times, and each step writes over it. Each step's own state belongs there."
)
def one_array_written_over(x, params):
    """h_t[...] = …."""
    steps = _steps(x, params)
    return np.stack([steps[-1]] * len(steps), axis=1)


@EXERCISE.mistake(
    "The memory is carried but the state isn't: h_t goes on from step to step like c_t, so take "
    "both from lstm_step."
)
def state_not_carried(x, params):
    """h = 0 at each step."""
    h_0 = c_t = np.zeros((len(x), len(params["W_hc"])))
    outputs = []
    for t in range(x.shape[1]):
        h_t, c_t, _ = lstm_step(x[:, t], h_0, c_t, params)
        outputs.append(h_t)
    return np.stack(outputs, axis=1)


@EXERCISE.mistake(
    "The state is carried but the memory isn't: c_t goes on from step to step like h_t, so take "
    "both from lstm_step."
)
def memory_not_carried(x, params):
    """c = 0 at each step."""
    h_t = c_0 = np.zeros((len(x), len(params["W_hc"])))
    outputs = []
    for t in range(x.shape[1]):
        h_t, _, _ = lstm_step(x[:, t], h_t, c_0, params)
        outputs.append(h_t)
    return np.stack(outputs, axis=1)


@EXERCISE.mistake(
    "Units and steps have changed places: the last axis is for the units. np.stack(…, axis=1) puts "
    "time where it belongs."
)
def cut_into_units_first(x, params):
    """reshape to (batch, n, T)."""
    batch, T, _ = x.shape
    return np.concatenate(_steps(x, params), axis=1).reshape(batch, -1, T)


@EXERCISE.alternative
def with_a_row_cut_up(x, params):
    """The old code's row, cut where it was joined."""
    batch, T, _ = x.shape
    return np.concatenate(_steps(x, params), axis=1).reshape(batch, T, -1)


@EXERCISE.alternative
def with_an_array_filled(x, params):
    """As rnn_forward does it."""
    batch, T, _ = x.shape
    h = np.zeros((batch, T, len(params["b_c"])))
    h_t, c_t = h[:, 0], np.zeros((batch, len(params["b_c"])))
    for t in range(T):
        h_t, c_t, _ = lstm_step(x[:, t], h_t, c_t, params)
        h[:, t] = h_t
    return h


@EXERCISE.alternative
def with_a_transpose(x, params):
    """Time first, then moved."""
    return np.moveaxis(np.array(_steps(x, params)), 0, 1)
