"""Exercise: one step of the LSTM."""

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.gated_cells.cases import (
    LOG_3,
    LSTM,
    OPEN,
    SHUT,
    one_unit_weights,
    step_inputs,
    weights,
)
from course_lib.exercises.ladder.rungs import by_hand, floating, holds, matches, shapes
from course_lib.scratch.gated import gate, lstm_step, sigmoid

RETURNS = {"h_t": "array", "c_t": "array", "cache": "mapping"}
CACHE = ("x_t", "h_prev", "c_prev", "i", "f", "o", "candidate", "c_t")


def small() -> Arrays:
    """Three sequences, two inputs, four units: no two sizes are alike."""
    return {**step_inputs(3, 2, 4, memory=True), "params": weights(LSTM, 2, 4)}


def one_unit() -> Arrays:
    """One input and one unit: i is 3/4, f 1/2, o 1/4."""
    return {
        "x_t": np.array([[0.3]]),
        "h_prev": np.array([[0.2]]),
        "c_prev": np.array([[0.8]]),
        "params": one_unit_weights(LSTM, b_i=LOG_3, b_o=-LOG_3, W_xc=2.0, W_hc=-1.0, b_c=0.1),
    }


def whole_numbers() -> Arrays:
    """Input, state and memory as integers."""
    x_t = np.array([[1, 0], [2, -1], [-1, 1]])
    return {**small(), "x_t": x_t, "h_prev": np.zeros((3, 4), int), "c_prev": np.ones((3, 4), int)}


def with_gates(**biases: float) -> Arrays:
    """The small case, a gate's bias set so that it is open or shut."""
    given = small()
    for letter, bias in biases.items():
        given["params"][f"b_{letter}"] = np.full(4, bias)
    return given


def a_large_memory_kept() -> Arrays:
    """Forget gates open, input gates shut, and a memory far beyond what one step can add."""
    given = with_gates(f=OPEN, i=SHUT)
    return {**given, "c_prev": 30 * given["c_prev"]}


def half_shown() -> Arrays:
    """The memory is the candidate; units 1 and 3 show it, units 0 and 2 don't."""
    given = with_gates(f=SHUT, i=OPEN)
    given["params"]["b_o"] = np.array([SHUT, OPEN, SHUT, OPEN])
    return given


def candidate_of(given: Arrays) -> np.ndarray:
    """The candidate: what a vanilla RNN would make its new state."""
    params = given["params"]
    return np.tanh(given["x_t"] @ params["W_xc"] + given["h_prev"] @ params["W_hc"] + params["b_c"])


def input_gate_of(given: Arrays) -> np.ndarray:
    """The input gate, written out."""
    p = given["params"]
    return 1 / (1 + np.exp(-(given["x_t"] @ p["W_xi"] + given["h_prev"] @ p["W_hi"] + p["b_i"])))


def results(function, given: Arrays) -> Arrays:
    """State and memory, without the cache."""
    h_t, c_t, _ = function(*given.values())
    return {"c_t": c_t, "h_t": h_t}


def in_order(function, given: Arrays) -> Arrays:
    """Everything in the order in which it is computed, so that the first fault is named first."""
    h_t, c_t, cache = function(*given.values())
    return {**{name: cache[name] for name in (*"ifo", "candidate")}, "c_t": c_t, "h_t": h_t}


def each_row_alone(function, given: Arrays) -> Arrays:
    """The batch at once, and its rows one by one."""
    *states, params = given.values()
    rows = [function(*(a[i : i + 1] for a in states), params) for i in range(3)]
    outputs = results(function, given)
    outputs["c_t expected"] = np.concatenate([c for _, c, _ in rows])
    outputs["h_t expected"] = np.concatenate([h for h, _, _ in rows])
    return outputs


def entry_by_entry(given: Arrays) -> Arrays:
    """The definition, unit by unit, in the order in which it is computed."""
    x_t, h_prev, c_prev, p = given.values()
    right = {name: np.zeros_like(c_prev) for name in ("i", "f", "o", "candidate", "c_t", "h_t")}
    for s, j in np.ndindex(c_prev.shape):
        a = {g: x_t[s] @ p[f"W_x{g}"][:, j] + h_prev[s] @ p[f"W_h{g}"][:, j] + p[f"b_{g}"][j]
             for g in LSTM}  # fmt: skip
        i, f, o = (1 / (1 + np.exp(-a[g])) for g in "ifo")
        candidate = np.tanh(a["c"])
        c = f * c_prev[s, j] + i * candidate
        for name, value in zip(right, (i, f, o, candidate, c, o * np.tanh(c)), strict=True):
            right[name][s, j] = value
    h_t = right.pop("h_t")
    cache = {"x_t": x_t, "h_prev": h_prev, "c_prev": c_prev, **right}
    return {"c_t": right["c_t"], "h_t": h_t, "cache": cache}


EXERCISE = Exercise(
    reference=lstm_step,
    title="One step of the LSTM",
    goal="Update the memory by forgetting and adding, and show a part of it as the state.",
    difficulty=2,
    minutes=20,
    returns=RETURNS,
    ladder=(
        shapes(
            small,
            h_t=(3, 4),
            c_t=(3, 4),
            cache={name: (3, 2) if name == "x_t" else (3, 4) for name in CACHE},
            more_in=("cache",),
        ),
        floating(whole_numbers, "h_t", "c_t"),
        by_hand(
            one_unit,
            how="i = sigmoid(log 3) = 0.75;  f = sigmoid(0) = 0.5;  o = sigmoid(-log 3) = 0.25;\n"
            "candidate = tanh(0.3 × 2 + 0.2 × (-1) + 0.1) = tanh(0.5) = 0.462117;\n"
            "c_t = 0.5 × 0.8 + 0.75 × 0.462117 = 0.746588;\n"
            "h_t = 0.25 × tanh(0.746588) = 0.158277",
            call=in_order,
            i=np.array([[0.75]]),
            f=np.array([[0.5]]),
            o=np.array([[0.25]]),
            candidate=np.array([[0.46211716]]),
            c_t=np.array([[0.74658787]]),
            h_t=np.array([[0.15827723]]),
        ),
        matches(
            "where f is 1 and i is 0 the memory stays",
            a_large_memory_kept,
            lambda given: {"c_t": given["c_prev"]},
            "With every forget gate at 1 and every input gate at 0, c_t must be c_prev.",
            results,
        ),
        matches(
            "where f is 0 the memory is forgotten",
            lambda: with_gates(f=SHUT),
            lambda given: {"c_t": input_gate_of(given) * candidate_of(given)},
            "With every forget gate at 0, only the gated candidate may be left in c_t.",
            results,
        ),
        matches(
            "where o is 0 nothing is shown, where it is 1 all of tanh(c_t)",
            half_shown,
            lambda given: {"h_t": np.array([0, 1, 0, 1]) * np.tanh(candidate_of(given))},
            "With o = 0 for units 0 and 2, and 1 for units 1 and 3, h_t must be 0 and tanh(c_t).",
            results,
        ),
        holds(
            "each sequence of the batch is on its own",
            small,
            each_row_alone,
            "A sequence's state or memory changed with what else is in the batch.",
        ),
        matches(
            "equal to the definition, unit by unit",
            small,
            lambda given: {k: v for k, v in entry_by_entry(given).items() if k != "cache"},
            call=results,
        ),
        matches(
            "the cache holds what the step back needs",
            small,
            lambda given: {"cache": entry_by_entry(given)["cache"]},
            "State and memory are right, but what the step back will find in the cache isn't.",
        ),
    ),
    promises={
        "The forget gate says": (
            "where f is 1 and i is 0 the memory stays",
            "where f is 0 the memory is forgotten",
        ),
        "The input gate says": "where o is 0 nothing is shown, where it is 1 all of tanh(c_t)",
        "x_t: input": "it runs, and the shapes are right",
        "h_prev: state": "it runs, and the shapes are right",
        "c_prev: memory": "it runs, and the shapes are right",
        "params: dict with": "equal to the definition, unit by unit",
        "params: Add nothing to b_f": "equal to the definition, unit by unit",
        "h_t: the new state": (
            "it runs, and the shapes are right",
            "equal to the definition, unit by unit",
        ),
        "c_t: the new memory": (
            "it runs, and the shapes are right",
            "equal to the definition, unit by unit",
        ),
        "cache: dict with": "the cache holds what the step back needs",
        "and c_t: what the step back needs": "the cache holds what the step back needs",
    },
    hints=(
        Hint(
            "What happens to the memory?",
            "Three things can be done with it: keep it, add to it, show it. Which gate is for "
            "which? Say aloud what happens with each of them at 0 and at 1.",
        ),
        Hint(
            "So many weights: which go where?",
            "The last letter of a key says what the weight computes: i, f, o, or c for the "
            "candidate. Each of the four takes x_t (batch, m) and h_prev (batch, n), and gives "
            "(batch, n). The memory isn't among what they see.",
            fits=(
                "it runs, and the shapes are right",
                "weights of i and f swapped",
                "input and output gate swapped",
                "one gate for all",
                "forget gate from the weights of i",
                "output gate from the weights of i",
                "output gate from the weights of f",
                "memory for state",
                "candidate sees the memory",
                "output gate sees the memory",
            ),
        ),
        Hint(
            "I get `NameError: name 'candidate' is not defined`, or one like it.",
            "The lines below yours put `i`, `f`, `o`, `candidate` and `c_t` into the cache, so "
            "your variables need these names.",
            fits=("the cache holds what the step back needs", "candidate kept gated"),
        ),
        Hint(
            "Show me the recipe.",
            'i, f and o are three calls of `gate`, with weights such as `params["W_xi"]`. The '
            "candidate is the vanilla RNN's step with the weights of letter c. `c_t` is f times "
            "`c_prev` plus i times the candidate; `h_t` is o times `np.tanh(c_t)`.",
        ),
    ),
)


def _parts(x_t, h_prev, p):
    """The gates i, f, o and the candidate; for mistakes that get them right."""
    gates = [gate(x_t, h_prev, p[f"W_x{g}"], p[f"W_h{g}"], p[f"b_{g}"]) for g in "ifo"]
    return *gates, np.tanh(_sum(x_t, h_prev, p))


def _sum(x_t, h_prev, p):
    """What goes into the candidate's tanh."""
    return x_t @ p["W_xc"] + h_prev @ p["W_hc"] + p["b_c"]


def _answer(x_t, h_prev, c_prev, i, f, o, candidate, c_t=None, h_t=None):
    """State, memory and cache, as the lines around the learner's own return them."""
    c_t = f * c_prev + i * candidate if c_t is None else c_t
    h_t = o * np.tanh(c_t) if h_t is None else h_t
    cache = (x_t, h_prev, c_prev, i, f, o, candidate, c_t)
    return h_t, c_t, dict(zip(CACHE, cache, strict=True))


@EXERCISE.mistake(
    "Input and forget gate have changed places: f multiplies the old memory c_prev, i multiplies "
    "the candidate."
)
def input_and_forget_gate_swapped(x_t, h_prev, c_prev, params):
    """c_t = i * c_prev + f * candidate."""
    i, f, o, new = _parts(x_t, h_prev, params)
    return _answer(x_t, h_prev, c_prev, i, f, o, new, c_t=i * c_prev + f * new)


@EXERCISE.mistake(
    "The gates i and f were computed with each other's weights: W_xi, W_hi and b_i make i, and "
    "W_xf, W_hf and b_f make f."
)
def weights_of_i_and_f_swapped(x_t, h_prev, c_prev, params):
    """The same network, the names of two gates exchanged from the start."""
    f, i, o, new = _parts(x_t, h_prev, params)
    return _answer(x_t, h_prev, c_prev, i, f, o, new)


@EXERCISE.mistake(
    "The gates are in another order than i, f, o: input and output gate have changed places. Take "
    "each gate's weights by its letter."
)
def input_and_output_gate_swapped(x_t, h_prev, c_prev, params):
    """o, f, i."""
    o, f, i, new = _parts(x_t, h_prev, params)
    return _answer(x_t, h_prev, c_prev, i, f, o, new)


@EXERCISE.mistake(
    "Forget and output gate have changed places: f multiplies the old memory, o what is shown of "
    "the new one."
)
def forget_and_output_gate_swapped(x_t, h_prev, c_prev, params):
    """i, o, f."""
    i, o, f, new = _parts(x_t, h_prev, params)
    return _answer(x_t, h_prev, c_prev, i, f, o, new)


@EXERCISE.mistake(
    "The output gate and the candidate have changed places, as where weights in Keras's order, "
    "i, f, c, o, are taken for i, f, o, c: the letter o is the output gate, and c the candidate."
)
def output_gate_and_candidate_swapped(x_t, h_prev, c_prev, params):
    """o from the weights of c, the candidate from those of o."""
    letters = {"W_xo": "W_xc", "W_ho": "W_hc", "b_o": "b_c"}
    turned = letters | {c: o for o, c in letters.items()}
    swapped = {name: params[turned.get(name, name)] for name in params}
    return _answer(x_t, h_prev, c_prev, *_parts(x_t, h_prev, swapped))


@EXERCISE.mistake(
    "The forget gate works backwards, as in a slip of the old practical: f = 1 keeps all of the "
    "old memory and f = 0 none, so it is f * c_prev."
)
def forget_gate_backwards(x_t, h_prev, c_prev, params):
    """(1 - f) * c_prev."""
    i, f, o, new = _parts(x_t, h_prev, params)
    return _answer(x_t, h_prev, c_prev, i, f, o, new, c_t=(1 - f) * c_prev + i * new)


@EXERCISE.mistake(
    "The tanh around c_t is missing in h_t: the memory has no bounds, so it is squashed before it "
    "is shown, o * tanh(c_t)."
)
def no_tanh_of_the_memory(x_t, h_prev, c_prev, params):
    """h_t = o * c_t."""
    i, f, o, new = _parts(x_t, h_prev, params)
    c_t = f * c_prev + i * new
    return _answer(x_t, h_prev, c_prev, i, f, o, new, c_t, o * c_t)


@EXERCISE.mistake(
    "The output gate acts before the tanh: squash the memory first, then multiply, o * tanh(c_t)."
)
def output_gate_before_the_tanh(x_t, h_prev, c_prev, params):
    """h_t = tanh(o * c_t)."""
    i, f, o, new = _parts(x_t, h_prev, params)
    c_t = f * c_prev + i * new
    return _answer(x_t, h_prev, c_prev, i, f, o, new, c_t, np.tanh(o * c_t))


@EXERCISE.mistake(
    "The memory itself was squashed: c_t is the plain sum, and the tanh is applied only to what is "
    "shown as h_t. A tanh at every step would wear the memory away, and its gradient."
)
def memory_squashed(x_t, h_prev, c_prev, params):
    """c_t = tanh(…), h_t = o * c_t."""
    i, f, o, new = _parts(x_t, h_prev, params)
    c_t = np.tanh(f * c_prev + i * new)
    return _answer(x_t, h_prev, c_prev, i, f, o, new, c_t, o * c_t)


@EXERCISE.mistake(
    "There is a tanh too many: c_t is the plain sum, and only h_t sees it through tanh."
)
def memory_squashed_twice(x_t, h_prev, c_prev, params):
    """c_t = tanh(…), h_t = o * tanh(c_t)."""
    i, f, o, new = _parts(x_t, h_prev, params)
    return _answer(x_t, h_prev, c_prev, i, f, o, new, np.tanh(f * c_prev + i * new))


@EXERCISE.mistake(
    "The candidate goes through a sigmoid, so it could only ever add to the memory, and never take "
    "from it: the three gates take sigmoid, the candidate takes tanh."
)
def sigmoid_candidate(x_t, h_prev, c_prev, params):
    """`gate` for all four."""
    i, f, o, _ = _parts(x_t, h_prev, params)
    return _answer(x_t, h_prev, c_prev, i, f, o, sigmoid(_sum(x_t, h_prev, params)))


@EXERCISE.mistake(
    "The candidate's tanh is missing: without it a single large input could swamp the memory."
)
def linear_candidate(x_t, h_prev, c_prev, params):
    """The sum alone."""
    i, f, o, _ = _parts(x_t, h_prev, params)
    return _answer(x_t, h_prev, c_prev, i, f, o, _sum(x_t, h_prev, params))


@EXERCISE.mistake(
    "A bracket is closed too early, as in the old practical: the candidate is the tanh of the "
    "whole sum, both products and the bias."
)
def bracket_closed_early(x_t, h_prev, c_prev, params):
    """tanh(h W) + x W + b."""
    i, f, o, _ = _parts(x_t, h_prev, params)
    new = np.tanh(h_prev @ params["W_hc"]) + x_t @ params["W_xc"] + params["b_c"]
    return _answer(x_t, h_prev, c_prev, i, f, o, new)


@EXERCISE.mistake(
    "The input gate is tied to the forget gate, as in the GRU: the LSTM has a gate i of its own, "
    "so it can keep and add at once."
)
def input_gate_tied(x_t, h_prev, c_prev, params):
    """1 - f of the candidate."""
    i, f, o, new = _parts(x_t, h_prev, params)
    return _answer(x_t, h_prev, c_prev, i, f, o, new, c_t=f * c_prev + (1 - f) * new)


@EXERCISE.mistake(
    "The input gate isn't used: the candidate enters the memory through i * candidate."
)
def no_input_gate(x_t, h_prev, c_prev, params):
    """The whole candidate is added."""
    i, f, o, new = _parts(x_t, h_prev, params)
    return _answer(x_t, h_prev, c_prev, i, f, o, new, c_t=f * c_prev + new)


@EXERCISE.mistake(
    "Nothing is forgotten: that is the LSTM of 1997. Today the old memory is multiplied by "
    "the forget gate, f * c_prev."
)
def no_forget_gate(x_t, h_prev, c_prev, params):
    """c_t = c_prev + i * candidate."""
    i, f, o, new = _parts(x_t, h_prev, params)
    return _answer(x_t, h_prev, c_prev, i, f, o, new, c_t=c_prev + i * new)


@EXERCISE.mistake(
    "The old memory is missing from c_t: add f * c_prev, or nothing is remembered from step to "
    "step."
)
def no_old_memory(x_t, h_prev, c_prev, params):
    """c_t = i * candidate."""
    i, f, o, new = _parts(x_t, h_prev, params)
    return _answer(x_t, h_prev, c_prev, i, f, o, new, c_t=i * new)


@EXERCISE.mistake(
    "The old state stands where the old memory belongs: what f keeps is c_prev, not h_prev."
)
def state_for_memory(x_t, h_prev, c_prev, params):
    """c_t = f * h_prev + …."""
    i, f, o, new = _parts(x_t, h_prev, params)
    return _answer(x_t, h_prev, c_prev, i, f, o, new, c_t=f * h_prev + i * new)


@EXERCISE.mistake(
    "The gates and the candidate look at the memory where they should look at the state: what they "
    "see of the past is h_prev; c_prev only enters c_t."
)
def memory_for_state(x_t, h_prev, c_prev, params):
    """c_prev goes through the weights."""
    return _answer(x_t, h_prev, c_prev, *_parts(x_t, c_prev, params))


@EXERCISE.mistake(
    "The output gate shows the candidate: h_t is a view of the whole memory, o * tanh(c_t)."
)
def candidate_shown(x_t, h_prev, c_prev, params):
    """h_t = o * candidate."""
    i, f, o, new = _parts(x_t, h_prev, params)
    return _answer(x_t, h_prev, c_prev, i, f, o, new, h_t=o * new)


@EXERCISE.mistake(
    "The output gate shows the old memory: h_t is made from the new one, after it was updated, "
    "o * tanh(c_t)."
)
def old_memory_shown(x_t, h_prev, c_prev, params):
    """h_t = o * tanh(c_prev)."""
    i, f, o, new = _parts(x_t, h_prev, params)
    return _answer(x_t, h_prev, c_prev, i, f, o, new, h_t=o * np.tanh(c_prev))


@EXERCISE.mistake(
    "The output gate isn't used: h_t is o * tanh(c_t), so that not everything that is remembered "
    "is shown."
)
def no_output_gate(x_t, h_prev, c_prev, params):
    """h_t = tanh(c_t)."""
    i, f, o, new = _parts(x_t, h_prev, params)
    return _answer(x_t, h_prev, c_prev, i, f, o, new, h_t=np.tanh(f * c_prev + i * new))


@EXERCISE.mistake(
    "One is added to the forget gate's bias at each step: here the bias only starts at one, where "
    "the weights are made, and is used as it is from then on."
)
def forget_bias_added_each_step(x_t, h_prev, c_prev, params):
    """As the cells of TensorFlow 1 did."""
    return lstm_step(x_t, h_prev, c_prev, {**params, "b_f": params["b_f"] + 1})


@EXERCISE.mistake("State and memory are returned in the wrong order: it is h_t, c_t, cache.")
def state_and_memory_exchanged(x_t, h_prev, c_prev, params):
    """c_t, h_t."""
    h_t, c_t, cache = lstm_step(x_t, h_prev, c_prev, params)
    return c_t, h_t, cache


@EXERCISE.mistake("The bias b_c is missing from the sum inside the candidate's tanh.")
def no_bias_in_the_candidate(x_t, h_prev, c_prev, params):
    """Forgets b_c."""
    i, f, o, _ = _parts(x_t, h_prev, params)
    new = np.tanh(x_t @ params["W_xc"] + h_prev @ params["W_hc"])
    return _answer(x_t, h_prev, c_prev, i, f, o, new)


@EXERCISE.mistake(
    "The gates go through tanh, so they could be negative: i, f and o are gates, so call `gate`; "
    "only the candidate takes tanh."
)
def tanh_gates(x_t, h_prev, c_prev, params):
    """tanh for all four."""
    p = params
    gates = [np.tanh(x_t @ p[f"W_x{g}"] + h_prev @ p[f"W_h{g}"] + p[f"b_{g}"]) for g in "ifo"]
    return _answer(x_t, h_prev, c_prev, *gates, np.tanh(_sum(x_t, h_prev, params)))


@EXERCISE.mistake(
    "All three gates use the weights of one: each gate has its own, with its letter at the end of "
    "the key."
)
def one_gate_for_all(x_t, h_prev, c_prev, params):
    """A line copied, its letters kept."""
    i, _, _, new = _parts(x_t, h_prev, params)
    return _answer(x_t, h_prev, c_prev, i, i, i, new)


@EXERCISE.mistake(
    "The forget gate is made with the input gate's weights: its own have the letter f at the end, "
    "W_xf, W_hf and b_f."
)
def forget_gate_from_the_weights_of_i(x_t, h_prev, c_prev, params):
    """The line of i copied, its letters kept."""
    i, _, o, new = _parts(x_t, h_prev, params)
    return _answer(x_t, h_prev, c_prev, i, i, o, new)


@EXERCISE.mistake(
    "The output gate is made with the input gate's weights: its own have the letter o at the end, "
    "W_xo, W_ho and b_o."
)
def output_gate_from_the_weights_of_i(x_t, h_prev, c_prev, params):
    """The line of i copied, its letters kept."""
    i, f, _, new = _parts(x_t, h_prev, params)
    return _answer(x_t, h_prev, c_prev, i, f, i, new)


@EXERCISE.mistake(
    "The output gate is made with the forget gate's weights: its own have the letter o at the end, "
    "W_xo, W_ho and b_o."
)
def output_gate_from_the_weights_of_f(x_t, h_prev, c_prev, params):
    """The line of f copied, its letters kept."""
    i, f, _, new = _parts(x_t, h_prev, params)
    return _answer(x_t, h_prev, c_prev, i, f, f, new)


@EXERCISE.mistake(
    "The forget gate multiplies the new part too: f acts on the old memory alone, "
    "f * c_prev + i * candidate."
)
def what_is_new_is_forgotten_too(x_t, h_prev, c_prev, params):
    """f * (c_prev + i * candidate)."""
    i, f, o, new = _parts(x_t, h_prev, params)
    return _answer(x_t, h_prev, c_prev, i, f, o, new, c_t=f * (c_prev + i * new))


@EXERCISE.mistake(
    "The two parts of the memory are multiplied: they are added. The sum is what lets the gradient "
    "through."
)
def product_for_sum(x_t, h_prev, c_prev, params):
    """f * c_prev * i * candidate."""
    i, f, o, new = _parts(x_t, h_prev, params)
    return _answer(x_t, h_prev, c_prev, i, f, o, new, c_t=f * c_prev * i * new)


@EXERCISE.mistake(
    "What is shown of the memory goes through a sigmoid: it is o * tanh(c_t), so that the state "
    "can be negative."
)
def sigmoid_of_the_memory(x_t, h_prev, c_prev, params):
    """o * sigmoid(c_t)."""
    i, f, o, new = _parts(x_t, h_prev, params)
    h_t = o * sigmoid(f * c_prev + i * new)
    return _answer(x_t, h_prev, c_prev, i, f, o, new, h_t=h_t)


@EXERCISE.mistake(
    "The candidate looks at the memory: what goes through W_hc is the old state h_prev, as in the "
    "gates."
)
def candidate_sees_the_memory(x_t, h_prev, c_prev, params):
    """c_prev @ W_hc."""
    i, f, o, _ = _parts(x_t, h_prev, params)
    return _answer(x_t, h_prev, c_prev, i, f, o, np.tanh(_sum(x_t, c_prev, params)))


@EXERCISE.mistake(
    "The output gate looks at the new memory: all three gates look at x_t and h_prev. (With "
    "peepholes they look at the memory as well, but through weights of its own.)"
)
def output_gate_sees_the_memory(x_t, h_prev, c_prev, params):
    """gate(x_t, c_t, …) for o."""
    i, f, _, new = _parts(x_t, h_prev, params)
    o = gate(x_t, f * c_prev + i * new, params["W_xo"], params["W_ho"], params["b_o"])
    return _answer(x_t, h_prev, c_prev, i, f, o, new)


@EXERCISE.mistake(
    "The output gate looks at the old memory: what goes through W_ho is the old state h_prev, as "
    "in the other gates."
)
def output_gate_sees_the_old_memory(x_t, h_prev, c_prev, params):
    """gate(x_t, c_prev, …) for o."""
    i, f, _, new = _parts(x_t, h_prev, params)
    o = gate(x_t, c_prev, params["W_xo"], params["W_ho"], params["b_o"])
    return _answer(x_t, h_prev, c_prev, i, f, o, new)


@EXERCISE.mistake(
    "Two things at once: f and i have changed places in c_t, and the tanh around c_t is missing in "
    "h_t."
)
def swapped_and_no_tanh(x_t, h_prev, c_prev, params):
    """i * c_prev + f * candidate, and o * c_t."""
    i, f, o, new = _parts(x_t, h_prev, params)
    c_t = i * c_prev + f * new
    return _answer(x_t, h_prev, c_prev, i, f, o, new, c_t, o * c_t)


@EXERCISE.mistake(
    "The cache holds a candidate that the input gate has multiplied already, perhaps by *=: the "
    "step back needs the candidate as it came out of the tanh, so keep the product apart."
)
def candidate_kept_gated(x_t, h_prev, c_prev, params):
    """candidate *= i."""
    h_t, c_t, cache = lstm_step(x_t, h_prev, c_prev, params)
    return h_t, c_t, {**cache, "candidate": cache["i"] * cache["candidate"]}


@EXERCISE.mistake(
    "The input gate is made from the forget gate, 1 - f, and its own weights W_xi, W_hi and b_i "
    "are never used: in the LSTM each of the two decides for itself."
)
def input_gate_from_the_forget_gate(x_t, h_prev, c_prev, params):
    """i = 1 - f."""
    _, f, o, new = _parts(x_t, h_prev, params)
    return _answer(x_t, h_prev, c_prev, 1 - f, f, o, new)


@EXERCISE.mistake(
    "The forget gate looks at the memory: what goes through W_hf is the old state h_prev, as in "
    "the other gates."
)
def forget_gate_sees_the_memory(x_t, h_prev, c_prev, params):
    """gate(x_t, c_prev, …) for f."""
    i, _, o, new = _parts(x_t, h_prev, params)
    f = gate(x_t, c_prev, params["W_xf"], params["W_hf"], params["b_f"])
    return _answer(x_t, h_prev, c_prev, i, f, o, new)


@EXERCISE.mistake(
    "The cache holds the candidate as it was before its tanh: the step back needs it as it came "
    "out, as it went into the memory."
)
def candidate_kept_before_its_tanh(x_t, h_prev, c_prev, params):
    """The sum in the cache, its tanh in the memory."""
    h_t, c_t, cache = lstm_step(x_t, h_prev, c_prev, params)
    return h_t, c_t, {**cache, "candidate": _sum(x_t, h_prev, params)}


@EXERCISE.alternative
def with_one_product(x_t, h_prev, c_prev, params):
    """All four at once, split afterwards, as fast code does it."""
    W_x, W_h = (np.hstack([params[f"{kind}{g}"] for g in LSTM]) for kind in ("W_x", "W_h"))
    a = x_t @ W_x + h_prev @ W_h + np.concatenate([params[f"b_{g}"] for g in LSTM])
    a_i, a_f, a_o, a_c = np.split(a, 4, axis=1)
    i, f, o = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o)
    return _answer(x_t, h_prev, c_prev, i, f, o, np.tanh(a_c))


@EXERCISE.alternative
def with_a_loop_over_the_letters(x_t, h_prev, c_prev, params):
    """A dict of what goes in, then the squashing."""
    a = {g: h_prev @ params[f"W_h{g}"] + x_t @ params[f"W_x{g}"] + params[f"b_{g}"] for g in LSTM}
    cache = {g: 1 / (1 + np.exp(-a[g])) for g in "ifo"}
    cache |= {"x_t": x_t, "h_prev": h_prev, "c_prev": c_prev, "candidate": np.tanh(a["c"])}
    c_t = np.add(np.multiply(cache["i"], cache["candidate"]), np.multiply(cache["f"], c_prev))
    return np.tanh(c_t) * cache["o"], c_t, {**cache, "c_t": c_t}


@EXERCISE.alternative
def more_in_the_cache(x_t, h_prev, c_prev, params):
    """What the step back computes again is kept beside what it needs."""
    h_t, c_t, cache = lstm_step(x_t, h_prev, c_prev, params)
    return h_t, c_t, {**cache, "tanh_c": np.tanh(c_t)}


@EXERCISE.alternative
def in_place_on_a_copy(x_t, h_prev, c_prev, params):
    """Builds the memory up in an array of its own."""
    i, f, o, candidate = _parts(x_t, h_prev, params)
    c_t = np.array(c_prev, dtype=float)
    c_t *= f
    c_t += i * candidate
    h_t = np.tanh(c_t)
    h_t *= o
    return _answer(x_t, h_prev, c_prev, i, f, o, candidate, c_t, h_t)
