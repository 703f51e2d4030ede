"""Exercise: one step back through the LSTM."""

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.gated_cells.cases import (
    LOG_3,
    LSTM,
    OPEN,
    one_unit_weights,
    step_inputs,
    weights,
)
from course_lib.exercises.ladder.rungs import by_hand, floating, holds, irregular, matches, shapes
from course_lib.scratch.gated import lstm_step, lstm_step_backward, sigmoid
from course_lib.scratch.gradcheck import numerical_gradient

RETURNS = {"dx_t": "array", "dh_prev": "array", "dc_prev": "array", "grads": "mapping"}


def small() -> Arrays:
    """Three sequences, two inputs, four units: no two sizes are alike."""
    return {
        "dh_t": irregular(3, 4, shift=5, scale=2),
        "dc_t": irregular(3, 4, shift=6, scale=2),
        **step_inputs(3, 2, 4, memory=True),
        "params": weights(LSTM, 2, 4),
    }


def one_unit() -> Arrays:
    """One input and one unit: i is 3/4, f 1/2, o 1/2; candidate 0.5 and tanh(c_t) 0.6."""
    candidate = 0.5
    c_t = np.arctanh(0.6)
    return {
        "dh_t": np.array([[2.0]]),
        "dc_t": np.array([[1.0]]),
        "x_t": np.array([[3.0]]),
        "h_prev": np.array([[-0.5]]),
        "c_prev": np.array([[(c_t - 0.75 * candidate) / 0.5]]),
        "params": one_unit_weights(
            LSTM, b_i=LOG_3, W_xc=0.5, W_hc=-2.0, b_c=np.arctanh(candidate) - 2.5
        ),
    }


def whole_numbers() -> Arrays:
    """Input and old state as integers."""
    x_t = np.array([[1, 0], [2, -1], [-1, 1]])
    return {**small(), "x_t": x_t, "h_prev": np.zeros((3, 4), int)}


def nothing_through_the_state() -> Arrays:
    """Nothing reaches h_t, and every forget gate is open: only the memory carries."""
    given = small()
    given["dh_t"] = np.zeros((3, 4))
    given["params"]["b_f"] = np.full(4, OPEN)
    return given


def nothing_through_the_memory() -> Arrays:
    """Nothing reaches c_t from the next step: the gradient comes through h_t alone."""
    return {**small(), "dc_t": np.zeros((3, 4))}


def back(function, given: Arrays) -> Arrays:
    """Forward, so that the cache belongs to the inputs, then the learner's step back."""
    dh_t, dc_t, *inputs, params = given.values()
    _, _, cache = lstm_step(*inputs, params)
    return dict(zip(RETURNS, function(dh_t, dc_t, cache, params), strict=True))


def memory_only(function, given: Arrays) -> Arrays:
    """Only dc_prev, the path through the memory."""
    return {"dc_prev": back(function, given)["dc_prev"]}


def each_row_alone(function, given: Arrays) -> Arrays:
    """The batch at once, and the sequences one by one, their weight gradients added up."""
    outputs = back(function, given)
    rows = []
    for i in range(3):
        one = {name: a[i : i + 1] for name, a in given.items() if name != "params"}
        rows.append(back(function, {**one, "params": given["params"]}))
    for name in ("dx_t", "dh_prev", "dc_prev"):
        outputs[f"{name} expected"] = np.concatenate([row[name] for row in rows])
    outputs["grads expected"] = {
        name: sum(row["grads"][name] for row in rows) for name in outputs["grads"]
    }
    return outputs


def loss(given: Arrays) -> float:
    """A loss whose gradients with respect to h_t and c_t are dh_t and dc_t."""
    dh_t, dc_t, *inputs = given.values()
    h_t, c_t, _ = lstm_step(*inputs)
    return float(np.sum(dh_t * h_t) + np.sum(dc_t * c_t))


def by_differences(given: Arrays) -> Arrays:
    """Centred differences for what comes in and for every weight."""

    def difference(array):
        return numerical_gradient(lambda: loss(given), array)

    return {
        "dc_prev": difference(given["c_prev"]),
        "grads": {name: difference(w) for name, w in given["params"].items()},
        "dx_t": difference(given["x_t"]),
        "dh_prev": difference(given["h_prev"]),
    }


def entry_by_entry(given: Arrays) -> Arrays:
    """The chain rule through every single weight, in plain loops."""
    dh_t, dc_t, *inputs, p = given.values()
    x_t, h_prev, c_prev = inputs
    _, _, cache = lstm_step(*inputs, p)
    right = {
        "dc_prev": np.zeros_like(c_prev),
        "grads": {name: np.zeros_like(w) for name, w in p.items()},
        "dx_t": np.zeros_like(x_t),
        "dh_prev": np.zeros_like(h_prev),
    }
    for s, j in np.ndindex(c_prev.shape):
        i, f, o, new, c = (cache[name][s, j] for name in ("i", "f", "o", "candidate", "c_t"))
        dc = dc_t[s, j] + dh_t[s, j] * o / np.cosh(c) ** 2
        da = {
            "i": dc * new * i * (1 - i),
            "f": dc * c_prev[s, j] * f * (1 - f),
            "o": dh_t[s, j] * np.tanh(c) * o * (1 - o),
            "c": dc * i * (1 - new) * (1 + new),
        }
        right["dc_prev"][s, j] = dc * f
        for g in LSTM:
            right["grads"][f"b_{g}"][j] += da[g]
            right["grads"][f"W_x{g}"][:, j] += x_t[s] * da[g]
            right["grads"][f"W_h{g}"][:, j] += h_prev[s] * da[g]
            right["dx_t"][s] += p[f"W_x{g}"][:, j] * da[g]
            right["dh_prev"][s] += p[f"W_h{g}"][:, j] * da[g]
    return right


_HOW = """i = 0.75, f = 0.5, o = 0.5, candidate = 0.5, tanh(c_t) = 0.6;
dc = 1 + 2 × 0.5 × (1 - 0.36) = 1.64;  dc_prev = 1.64 × 0.5 = 0.82;
da["i"] = 1.64 × 0.5 × 0.75 × 0.25 = 0.15375;
da["f"] = 1.64 × c_prev × 0.5 × 0.5, with c_prev = 0.636294: 0.260881;
da["o"] = 2 × 0.6 × 0.5 × 0.5 = 0.3;
da["c"] = 1.64 × 0.75 × (1 - 0.25) = 0.9225;  dx_t = 0.9225 × 0.5;  dh_prev = 0.9225 × (-2)"""

EXERCISE = Exercise(
    reference=lstm_step_backward,
    title="One step back through the LSTM",
    goal="Take the two gradients that arrive, at the state and at the memory, back through one "
    "step.",
    difficulty=3,
    minutes=45,
    returns=RETURNS,
    equivalent={
        "for g in 'ifoc': -> for g in reversed(list('ifoc')):": (
            "each gate has its own three gradients"
        ),
        "dx_t = sum((da[g] @ params[f'W_x{g}'].T for g in 'ifoc')); dh_prev = … -> dh_prev = …": (
            "the two lines don't need each other"
        ),
        "grads[f'W_x{g}'] = cache['x_t'].T @ da[g]; grads[f'W_h{g}'] = … -> grads[f'W_h{g}'] = "
        "…": "the two lines don't need each other",
        "grads[f'W_h{g}'] = cache['h_prev'].T @ da[g]; grads[f'b_{g}'] = … -> grads[f'b_{g}'] "
        "= …": "the two lines don't need each other",
    },
    ladder=(
        shapes(
            small,
            back,
            dx_t=(3, 2),
            dh_prev=(3, 4),
            dc_prev=(3, 4),
            grads={name: w.shape for name, w in weights(LSTM, 2, 4).items()},
        ),
        floating(whole_numbers, "dx_t", "dh_prev", "dc_prev", call=back),
        by_hand(
            one_unit,
            how=_HOW,
            call=back,
            dc_prev=np.array([[0.82]]),
            grads={
                "b_i": np.array([0.15375]),
                "b_f": np.array([0.26088066]),
                "b_o": np.array([0.3]),
                "b_c": np.array([0.9225]),
            },
            dx_t=np.array([[0.46125]]),
            dh_prev=np.array([[-1.845]]),
        ),
        matches(
            "through an open forget gate the gradient passes whole",
            nothing_through_the_state,
            lambda given: {"dc_prev": given["dc_t"]},
            "With f = 1 and dh_t = 0, dc_prev must be dc_t: so an LSTM can learn what to remember.",
            memory_only,
        ),
        matches(
            "what arrives at h_t reaches the memory too",
            nothing_through_the_memory,
            lambda given: {"dc_prev": by_differences(given)["dc_prev"]},
            "With dc_t = 0 the loss still depends on c_t, through h_t = o * tanh(c_t).",
            memory_only,
        ),
        holds(
            "a batch is the sum of its sequences",
            small,
            each_row_alone,
            "Three sequences together must give the sum of their weight gradients, and each "
            "sequence its own dx_t, dh_prev and dc_prev.",
        ),
        matches(
            "equal to centred differences of the loss",
            small,
            by_differences,
            "Moving each number up and down a little gives a different gradient.",
            back,
        ),
        matches("equal to the chain rule, entry by entry", small, entry_by_entry, call=back),
    ),
    promises={
        "dh_t: gradient": "what arrives at h_t reaches the memory too",
        "dc_t: gradient": "through an open forget gate the gradient passes whole",
        "dc_t: what comes through h_t": "what arrives at h_t reaches the memory too",
        "cache: the dict": "equal to centred differences of the loss",
        "params: the weights": "equal to centred differences of the loss",
        "dx_t (batch, m), dh_prev": (
            "it runs, and the shapes are right",
            "equal to centred differences of the loss",
        ),
    },
    hints=(
        Hint(
            "Why do two gradients come in?",
            "The step passes two things to the next one, and each comes back with a gradient. "
            "Along how many paths does the memory `c_t` affect a loss?",
        ),
        Hint(
            "What is `da`?",
            "The lines below yours show it: a dict with the letters i, f, o and c as keys, each "
            "(batch, n). `da[g]` is the gradient at the sum *inside* the sigmoid, or for c the "
            "tanh, of letter g: what arrives at its result, times the slope there.",
            fits=(
                "it runs, and the shapes are right",
                "no slopes of the sigmoids",
                "no slope of the candidate",
                "no batch sum in the biases",
                "order of the letters",
            ),
        ),
        Hint(
            "Some of it is right, and some isn't.",
            "Go back along the two lines of the step. In `h_t = o * tanh(c_t)` there are two "
            "factors, and the gradient of each is what arrives times the *other*. So the gradient "
            "of o depends only on that of h_t. All the others depend on that of the memory, which "
            "comes along two paths, and these add up. The slope of a sigmoid follows from its "
            "value g: g (1 - g); that of a tanh is 1 - g².",
            fits=(
                "equal to centred differences of the loss",
                "equal to the chain rule, entry by entry",
                "output gate from dc",
                "output gate times the memory",
                "output gate without its factor",
                "forget gate times the new memory",
                "forget gate without its factor",
                "input gate without its factor",
                "factors of i and f swapped",
                "no output gate on the way back",
                "no slope of the tanh",
                "slope from the memory",
                "gates from dc t alone",
                "the two added as they are",
                "slope for both",
                "slopes of tanh at the gates",
                "slope of tanh at the input gate",
                "slope of tanh at the forget gate",
                "slope of tanh at the output gate",
                "slope of a sigmoid at the candidate",
                "candidate without its gate",
                "square forgotten at the memory",
                "square forgotten at the candidate",
                "tanh of the candidate twice",
                "slope of the memory at the candidate",
                "forget gate missing on the way back",
                "input gate for forget gate",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "`dc = dc_t + dh_t * o * (1 - tanh_c**2)`. What arrives: at i, dc times the candidate; "
            "at f, dc times `c_prev`; at o, `dh_t` times `tanh_c`; at the candidate, dc times i. "
            "Each times its slope is its entry of `da`. And `dc_prev` is dc times f.",
        ),
    ),
)


def _back(da, dc_prev, cache, params):
    """What the lines below the learner's own make of da and dc_prev."""
    dx_t = sum(da[g] @ params[f"W_x{g}"].T for g in LSTM)
    dh_prev = sum(da[g] @ params[f"W_h{g}"].T for g in LSTM)
    grads = {}
    for g in LSTM:
        grads[f"W_x{g}"] = cache["x_t"].T @ da[g]
        grads[f"W_h{g}"] = cache["h_prev"].T @ da[g]
        grads[f"b_{g}"] = da[g].sum(axis=0)
    return dx_t, dh_prev, dc_prev, grads


def _all_that_reaches_c(dh_t, dc_t, cache):
    return dc_t + dh_t * cache["o"] * (1 - np.tanh(cache["c_t"]) ** 2)


def _da(dh_t, dc, cache):
    """The four gradients at the sums, from all that reaches the memory."""
    i, f, o, new = (cache[name] for name in ("i", "f", "o", "candidate"))
    return {
        "i": dc * new * i * (1 - i),
        "f": dc * cache["c_prev"] * f * (1 - f),
        "o": dh_t * np.tanh(cache["c_t"]) * o * (1 - o),
        "c": dc * i * (1 - new**2),
    }


def _with_dc(dc, dh_t, cache, params):
    """The answer of a learner whose only fault is dc."""
    return _back(_da(dh_t, dc, cache), dc * cache["f"], cache, params)


def _with_da(dh_t, dc_t, cache, params, **wrong):
    """The answer of a learner whose only fault is one entry of da."""
    dc = _all_that_reaches_c(dh_t, dc_t, cache)
    return _back({**_da(dh_t, dc, cache), **wrong}, dc * cache["f"], cache, params)


def _with_dc_prev(dc_prev, dh_t, dc_t, cache, params):
    """The answer of a learner whose only fault is dc_prev."""
    dc = _all_that_reaches_c(dh_t, dc_t, cache)
    return _back(_da(dh_t, dc, cache), dc_prev, cache, params)


@EXERCISE.mistake(
    "The memory gets a gradient through h_t as well: h_t = o * tanh(c_t), so add "
    "dh_t * o * (1 - tanh(c_t)²) to dc_t before anything else."
)
def nothing_through_h(dh_t, dc_t, cache, params):
    """dc = dc_t."""
    return _with_dc(dc_t, dh_t, cache, params)


@EXERCISE.mistake(
    "What comes back from the next step's memory was left out: dc is dc_t plus what comes through "
    "h_t. Without dc_t no gradient goes along the memory from step to step."
)
def nothing_from_the_next_memory(dh_t, dc_t, cache, params):
    """dc without dc_t."""
    return _with_dc(_all_that_reaches_c(dh_t, 0, cache), dh_t, cache, params)


@EXERCISE.mistake(
    "The output gate is missing on the way from h_t to c_t: h_t = o * tanh(c_t), so dh_t is "
    "multiplied by o and by 1 - tanh(c_t)²."
)
def no_output_gate_on_the_way_back(dh_t, dc_t, cache, params):
    """dc_t + dh_t (1 - tanh²)."""
    dc = dc_t + dh_t * (1 - np.tanh(cache["c_t"]) ** 2)
    return _with_dc(dc, dh_t, cache, params)


@EXERCISE.mistake(
    "The slope of the tanh is missing on the way from h_t to c_t: multiply dh_t * o by "
    "1 - tanh(c_t)²."
)
def no_slope_of_the_tanh(dh_t, dc_t, cache, params):
    """dc_t + dh_t o."""
    return _with_dc(dc_t + dh_t * cache["o"], dh_t, cache, params)


@EXERCISE.mistake(
    "1 - c_t² takes the argument of the tanh where its value belongs: the slope is 1 - tanh(c_t)²."
)
def slope_from_the_memory(dh_t, dc_t, cache, params):
    """1 - c²."""
    return _with_dc(dc_t + dh_t * cache["o"] * (1 - cache["c_t"] ** 2), dh_t, cache, params)


@EXERCISE.mistake(
    "dc_prev is dc itself: c_prev was multiplied by the forget gate on the way forward, so its "
    "gradient is too, dc * f."
)
def forget_gate_missing_on_the_way_back(dh_t, dc_t, cache, params):
    """dc_prev = dc."""
    dc = _all_that_reaches_c(dh_t, dc_t, cache)
    return _with_dc_prev(dc, dh_t, dc_t, cache, params)


@EXERCISE.mistake(
    "dc_prev is made from dc_t alone: what came through h_t reaches the old memory as well, so it "
    "is dc * f."
)
def old_memory_from_dc_t_alone(dh_t, dc_t, cache, params):
    """dc_prev = dc_t f."""
    return _with_dc_prev(dc_t * cache["f"], dh_t, dc_t, cache, params)


@EXERCISE.mistake(
    "The path through the memory is dropped, dc_prev is 0: c_prev stands in c_t = f * c_prev + …, "
    "so its gradient is dc * f. This path is what the LSTM was made for."
)
def memory_path_dropped(dh_t, dc_t, cache, params):
    """dc_prev = 0."""
    return _with_dc_prev(np.zeros_like(dc_t), dh_t, dc_t, cache, params)


@EXERCISE.mistake(
    "dc_prev is multiplied by the input gate: beside c_prev stands the forget gate, so it is "
    "dc * f."
)
def input_gate_for_forget_gate(dh_t, dc_t, cache, params):
    """dc_prev = dc i."""
    dc = _all_that_reaches_c(dh_t, dc_t, cache)
    return _with_dc_prev(dc * cache["i"], dh_t, dc_t, cache, params)


@EXERCISE.mistake(
    "The gradient of the output gate is made from dc: o doesn't touch the memory, only what is "
    "shown of it, so da['o'] starts from dh_t."
)
def output_gate_from_dc(dh_t, dc_t, cache, params):
    """dc tanh(c) o (1 - o)."""
    dc, o = _all_that_reaches_c(dh_t, dc_t, cache), cache["o"]
    return _with_da(dh_t, dc_t, cache, params, o=dc * np.tanh(cache["c_t"]) * o * (1 - o))


@EXERCISE.mistake(
    "In da['o'] the tanh is missing: o was multiplied by tanh(c_t) on the way forward, so that is "
    "its factor on the way back."
)
def output_gate_times_the_memory(dh_t, dc_t, cache, params):
    """dh c o (1 - o)."""
    o = cache["o"]
    return _with_da(dh_t, dc_t, cache, params, o=dh_t * cache["c_t"] * o * (1 - o))


@EXERCISE.mistake(
    "In da['f'] the new memory stands where the old one belongs: f was multiplied by c_prev."
)
def forget_gate_times_the_new_memory(dh_t, dc_t, cache, params):
    """dc c_t f (1 - f)."""
    dc, f = _all_that_reaches_c(dh_t, dc_t, cache), cache["f"]
    return _with_da(dh_t, dc_t, cache, params, f=dc * cache["c_t"] * f * (1 - f))


@EXERCISE.mistake(
    "In da['i'] and da['f'] the factors have changed places: i was multiplied by the candidate, f "
    "by c_prev."
)
def factors_of_i_and_f_swapped(dh_t, dc_t, cache, params):
    """i with c_prev, f with the candidate."""
    dc, i, f = _all_that_reaches_c(dh_t, dc_t, cache), cache["i"], cache["f"]
    return _with_da(
        dh_t,
        dc_t,
        cache,
        params,
        i=dc * cache["c_prev"] * i * (1 - i),
        f=dc * cache["candidate"] * f * (1 - f),
    )


@EXERCISE.mistake(
    "The gates' slopes are missing: da is the gradient at the sum inside the sigmoid, so multiply "
    "by i (1 - i), f (1 - f) and o (1 - o)."
)
def no_slopes_of_the_sigmoids(dh_t, dc_t, cache, params):
    """The gradient at the gates themselves."""
    dc = _all_that_reaches_c(dh_t, dc_t, cache)
    wrong = {
        "i": dc * cache["candidate"],
        "f": dc * cache["c_prev"],
        "o": dh_t * np.tanh(cache["c_t"]),
    }
    return _with_da(dh_t, dc_t, cache, params, **wrong)


@EXERCISE.mistake(
    "The gates' slopes are those of tanh: for a sigmoid with value g the slope is g (1 - g), not "
    "1 - g²."
)
def slopes_of_tanh_at_the_gates(dh_t, dc_t, cache, params):
    """1 - g²."""
    dc = _all_that_reaches_c(dh_t, dc_t, cache)
    i, f, o = (cache[g] for g in "ifo")
    wrong = {
        "i": dc * cache["candidate"] * (1 - i**2),
        "f": dc * cache["c_prev"] * (1 - f**2),
        "o": dh_t * np.tanh(cache["c_t"]) * (1 - o**2),
    }
    return _with_da(dh_t, dc_t, cache, params, **wrong)


@EXERCISE.mistake(
    "The slope in da['i'] is that of a tanh: i came out of a sigmoid, so it is i (1 - i), not "
    "1 - i²."
)
def slope_of_tanh_at_the_input_gate(dh_t, dc_t, cache, params):
    """1 - i²."""
    dc = _all_that_reaches_c(dh_t, dc_t, cache)
    return _with_da(dh_t, dc_t, cache, params, i=dc * cache["candidate"] * (1 - cache["i"] ** 2))


@EXERCISE.mistake(
    "The slope in da['f'] is that of a tanh: f came out of a sigmoid, so it is f (1 - f), not "
    "1 - f²."
)
def slope_of_tanh_at_the_forget_gate(dh_t, dc_t, cache, params):
    """1 - f²."""
    dc = _all_that_reaches_c(dh_t, dc_t, cache)
    return _with_da(dh_t, dc_t, cache, params, f=dc * cache["c_prev"] * (1 - cache["f"] ** 2))


@EXERCISE.mistake(
    "The slope in da['o'] is that of a tanh: o came out of a sigmoid, so it is o (1 - o), not "
    "1 - o²."
)
def slope_of_tanh_at_the_output_gate(dh_t, dc_t, cache, params):
    """1 - o²."""
    tanh_c = np.tanh(cache["c_t"])
    return _with_da(dh_t, dc_t, cache, params, o=dh_t * tanh_c * (1 - cache["o"] ** 2))


@EXERCISE.mistake(
    "The gates go through the sigmoid a second time: i, f and o in the cache are values of it "
    "already, so the slope is g (1 - g), not sigmoid(g) (1 - sigmoid(g))."
)
def sigmoid_of_the_gates_twice(dh_t, dc_t, cache, params):
    """A function of what goes into a sigmoid, called with what comes out."""
    dc = _all_that_reaches_c(dh_t, dc_t, cache)
    slopes = {g: sigmoid(cache[g]) * (1 - sigmoid(cache[g])) for g in "ifo"}
    wrong = {
        "i": dc * cache["candidate"] * slopes["i"],
        "f": dc * cache["c_prev"] * slopes["f"],
        "o": dh_t * np.tanh(cache["c_t"]) * slopes["o"],
    }
    return _with_da(dh_t, dc_t, cache, params, **wrong)


@EXERCISE.mistake(
    "The candidate's slope is that of a sigmoid: it went through tanh, so it is 1 - candidate²."
)
def slope_of_a_sigmoid_at_the_candidate(dh_t, dc_t, cache, params):
    """candidate (1 - candidate)."""
    dc, new = _all_that_reaches_c(dh_t, dc_t, cache), cache["candidate"]
    return _with_da(dh_t, dc_t, cache, params, c=dc * cache["i"] * new * (1 - new))


@EXERCISE.mistake(
    "The candidate's slope is missing in da['c']: it went through tanh, so multiply by "
    "1 - candidate²."
)
def no_slope_of_the_candidate(dh_t, dc_t, cache, params):
    """dc i."""
    dc = _all_that_reaches_c(dh_t, dc_t, cache)
    return _with_da(dh_t, dc_t, cache, params, c=dc * cache["i"])


@EXERCISE.mistake(
    "The input gate is missing in da['c']: the candidate entered the memory as i * candidate, so "
    "its gradient is dc * i, times the slope."
)
def candidate_without_its_gate(dh_t, dc_t, cache, params):
    """dc (1 - candidate²)."""
    dc, new = _all_that_reaches_c(dh_t, dc_t, cache), cache["candidate"]
    return _with_da(dh_t, dc_t, cache, params, c=dc * (1 - new**2))


@EXERCISE.mistake(
    "The candidate has been through its tanh already: the slope is 1 - candidate², not "
    "1 - tanh(candidate)²."
)
def tanh_of_the_candidate_twice(dh_t, dc_t, cache, params):
    """1 - tanh(candidate)²."""
    dc = _all_that_reaches_c(dh_t, dc_t, cache)
    wrong = dc * cache["i"] * (1 - np.tanh(cache["candidate"]) ** 2)
    return _with_da(dh_t, dc_t, cache, params, c=wrong)


@EXERCISE.mistake(
    "The letters are in another order than i, f, o, c: candidate and output gate have changed "
    "places. Keras orders i, f, c, o; here the keys of da say which is which."
)
def order_of_the_letters(dh_t, dc_t, cache, params):
    """i, f, c, o."""
    da = _da(dh_t, _all_that_reaches_c(dh_t, dc_t, cache), cache)
    return _with_da(dh_t, dc_t, cache, params, o=da["c"], c=da["o"])


@EXERCISE.mistake(
    "The biases' gradients aren't added up over the batch: every sequence uses the same bias, so "
    "it is da[g].sum(axis=0), of shape (n,)."
)
def no_batch_sum_in_the_biases(dh_t, dc_t, cache, params):
    """One row a sequence."""
    *arrays, grads = lstm_step_backward(dh_t, dc_t, cache, params)
    da = _da(dh_t, _all_that_reaches_c(dh_t, dc_t, cache), cache)
    return *arrays, {**grads, **{f"b_{g}": da[g] for g in LSTM}}


@EXERCISE.mistake(
    "The weights' gradients are divided by the batch size: if the loss is a mean, that division is "
    "in dh_t and dc_t already, so only add up."
)
def batch_mean(dh_t, dc_t, cache, params):
    """Mean for all the weights."""
    *arrays, grads = lstm_step_backward(dh_t, dc_t, cache, params)
    return *arrays, {name: g / len(dh_t) for name, g in grads.items()}


@EXERCISE.mistake(
    "A bracket too many: only what comes through h_t goes through the tanh, so dc_t is added "
    "without the slope, dc_t + dh_t * o * (1 - tanh(c_t)²)."
)
def slope_for_both(dh_t, dc_t, cache, params):
    """(dc_t + dh_t o)(1 - tanh²)."""
    dc = (dc_t + dh_t * cache["o"]) * (1 - np.tanh(cache["c_t"]) ** 2)
    return _with_dc(dc, dh_t, cache, params)


@EXERCISE.mistake("In dc the square is missing: the slope of the tanh is 1 - tanh(c_t)².")
def square_forgotten_at_the_memory(dh_t, dc_t, cache, params):
    """1 - tanh(c)."""
    dc = dc_t + dh_t * cache["o"] * (1 - np.tanh(cache["c_t"]))
    return _with_dc(dc, dh_t, cache, params)


@EXERCISE.mistake(
    "dh_t is added to dc_t as it is: on its way from h_t = o * tanh(c_t) to c_t it is multiplied "
    "by o and by 1 - tanh(c_t)²."
)
def the_two_added_as_they_are(dh_t, dc_t, cache, params):
    """dc_t + dh_t."""
    return _with_dc(dc_t + dh_t, dh_t, cache, params)


@EXERCISE.mistake(
    "da is made from dc_t: what came through h_t reaches the gates i and f and the candidate as "
    "well, so add it first, and use the sum dc everywhere."
)
def gates_from_dc_t_alone(dh_t, dc_t, cache, params):
    """The part through h_t added too late."""
    dc = _all_that_reaches_c(dh_t, dc_t, cache)
    return _back(_da(dh_t, dc_t, cache), dc * cache["f"], cache, params)


@EXERCISE.mistake(
    "dc_prev is multiplied by the slope of the forget gate: that belongs to da['f']. Beside c_prev "
    "stands f itself, so it is dc * f."
)
def slope_of_the_forget_gate_in_the_memory(dh_t, dc_t, cache, params):
    """dc f (1 - f)."""
    dc, f = _all_that_reaches_c(dh_t, dc_t, cache), cache["f"]
    return _with_dc_prev(dc * f * (1 - f), dh_t, dc_t, cache, params)


@EXERCISE.mistake("dc_prev is made from dh_t: it is what reaches the memory, dc, times f.")
def old_memory_from_dh(dh_t, dc_t, cache, params):
    """dh_t f."""
    return _with_dc_prev(dh_t * cache["f"], dh_t, dc_t, cache, params)


@EXERCISE.mistake(
    "In da['f'] the old memory is missing: f was multiplied by c_prev on the way forward, so that "
    "is its factor on the way back."
)
def forget_gate_without_its_factor(dh_t, dc_t, cache, params):
    """dc f (1 - f)."""
    dc, f = _all_that_reaches_c(dh_t, dc_t, cache), cache["f"]
    return _with_da(dh_t, dc_t, cache, params, f=dc * f * (1 - f))


@EXERCISE.mistake(
    "In da['i'] the candidate is missing: i was multiplied by it on the way forward, so that is "
    "its factor on the way back."
)
def input_gate_without_its_factor(dh_t, dc_t, cache, params):
    """dc i (1 - i)."""
    dc, i = _all_that_reaches_c(dh_t, dc_t, cache), cache["i"]
    return _with_da(dh_t, dc_t, cache, params, i=dc * i * (1 - i))


@EXERCISE.mistake(
    "In da['o'] the factor is missing: o was multiplied by tanh(c_t) on the way forward, so it is "
    "dh_t * tanh(c_t) * o * (1 - o)."
)
def output_gate_without_its_factor(dh_t, dc_t, cache, params):
    """dh o (1 - o)."""
    return _with_da(dh_t, dc_t, cache, params, o=dh_t * cache["o"] * (1 - cache["o"]))


@EXERCISE.mistake(
    "The candidate's slope is 1 - candidate without the square: for a tanh with value v it is "
    "1 - v²."
)
def square_forgotten_at_the_candidate(dh_t, dc_t, cache, params):
    """1 - candidate."""
    dc = _all_that_reaches_c(dh_t, dc_t, cache)
    return _with_da(dh_t, dc_t, cache, params, c=dc * cache["i"] * (1 - cache["candidate"]))


@EXERCISE.mistake(
    "da['c'] takes the slope of the memory's tanh: the candidate has a tanh of its own, with slope "
    "1 - candidate²."
)
def slope_of_the_memory_at_the_candidate(dh_t, dc_t, cache, params):
    """1 - tanh(c_t)² for the candidate."""
    dc = _all_that_reaches_c(dh_t, dc_t, cache)
    wrong = dc * cache["i"] * (1 - np.tanh(cache["c_t"]) ** 2)
    return _with_da(dh_t, dc_t, cache, params, c=wrong)


@EXERCISE.mistake(
    "dc_t goes past the gates: dc_prev has it, but da is made of what comes through h_t alone. The "
    "sum of both is the gradient of the memory, for i, f and the candidate as well."
)
def next_memory_for_the_old_one_alone(dh_t, dc_t, cache, params):
    """da from dh_t, dc_prev from both."""
    through_h = _all_that_reaches_c(dh_t, 0, cache)
    return _back(_da(dh_t, through_h, cache), (through_h + dc_t) * cache["f"], cache, params)


@EXERCISE.alternative
def in_the_order_of_the_chain_rule(dh_t, dc_t, cache, params):
    """Gates first, slopes afterwards."""
    t = np.tanh(cache["c_t"])
    dc = dc_t + cache["o"] * dh_t - cache["o"] * dh_t * t * t
    arrives = {
        "i": dc * cache["candidate"],
        "f": dc * cache["c_prev"],
        "o": dh_t * t,
        "c": dc * cache["i"],
    }
    slope = {g: cache[g] - cache[g] ** 2 for g in "ifo"}
    slope["c"] = (1 - cache["candidate"]) * (1 + cache["candidate"])
    return _back({g: arrives[g] * slope[g] for g in LSTM}, cache["f"] * dc, cache, params)


@EXERCISE.alternative
def with_stacked_weights(dh_t, dc_t, cache, params):
    """The four side by side: one product each way."""
    dc = _all_that_reaches_c(dh_t, dc_t, cache)
    parts = _da(dh_t, dc, cache)
    da = np.hstack([parts[g] for g in LSTM])
    W_x, W_h = (np.hstack([params[f"{kind}{g}"] for g in LSTM]) for kind in ("W_x", "W_h"))
    stacked = {"W_x": cache["x_t"].T @ da, "W_h": cache["h_prev"].T @ da, "b_": da.sum(axis=0)}
    grads = {
        f"{kind}{g}": part
        for kind, whole in stacked.items()
        for g, part in zip(LSTM, np.split(whole, 4, axis=-1), strict=True)
    }
    return da @ W_x.T, da @ W_h.T, dc * cache["f"], grads


@EXERCISE.alternative
def row_by_row(dh_t, dc_t, cache, params):
    """One sequence after the other, the results put together."""
    rows = []
    for s in range(len(dh_t)):
        own = {name: a[s : s + 1] for name, a in cache.items()}
        rows.append(lstm_step_backward(dh_t[s : s + 1], dc_t[s : s + 1], own, params))
    arrays = [np.concatenate([row[k] for row in rows]) for k in range(3)]
    return *arrays, {name: sum(row[3][name] for row in rows) for name in params}
