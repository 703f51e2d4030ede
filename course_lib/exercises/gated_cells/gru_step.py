"""Exercise: one step of the GRU."""

from dataclasses import replace

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.gated_cells.cases import (
    GRU,
    LOG_3,
    OPEN,
    SHUT,
    one_unit_weights,
    step_inputs,
    weights,
)
from course_lib.exercises.ladder.rungs import by_hand, floating, holds, matches, shapes
from course_lib.scratch.gated import gate, gru_step, sigmoid


def small() -> Arrays:
    """Three sequences, two inputs, four units: no two sizes are alike."""
    return {**step_inputs(3, 2, 4, memory=False), "params": weights(GRU, 2, 4)}


def one_unit() -> Arrays:
    """One input and one unit: the reset gate is half open, the update gate three quarters."""
    params = one_unit_weights(GRU, b_z=LOG_3, W_xh=3.0, W_hh=2.0, b_h=-0.5)
    return {"x_t": np.array([[0.2]]), "h_prev": np.array([[0.4]]), "params": params}


def whole_numbers() -> Arrays:
    """Input and state as integers."""
    x_t = np.array([[1, 0], [2, -1], [-1, 1]])
    return {**small(), "x_t": x_t, "h_prev": np.zeros((3, 4), int)}


def with_gates(r: float | None = None, z: float | None = None) -> Arrays:
    """The small case, a gate's bias set so that it is open or shut."""
    given = small()
    for letter, bias in (("r", r), ("z", z)):
        if bias is not None:
            given["params"][f"b_{letter}"] = np.full(4, bias)
    return given


def a_large_state_kept() -> Arrays:
    """Update gates open, and a state beyond 1, such as another network may have left."""
    given = with_gates(z=OPEN)
    return {**given, "h_prev": 3 * given["h_prev"]}


def two_units() -> Arrays:
    """Only unit 0 is let through by the reset gate; unit 1 listens to unit 0 and to nothing else.

    So it matters whether the old state is reset before or after it goes through W_hh.
    """
    params = {name: np.zeros_like(w) for name, w in weights(GRU, 1, 2).items()}
    params["b_r"], params["b_z"] = np.array([OPEN, SHUT]), np.array([SHUT, SHUT])
    params["W_hh"] = np.array([[0.0, 1.0], [0.0, 0.0]])
    return {"x_t": np.array([[0.5]]), "h_prev": np.array([[0.3, 0.9]]), "params": params}


def feed_forward(given: Arrays) -> Arrays:
    """What is left when both gates are shut: a layer that sees the input alone."""
    params = given["params"]
    return {"h_t": np.tanh(given["x_t"] @ params["W_xh"] + params["b_h"])}


def vanilla(given: Arrays) -> Arrays:
    """What is left when the reset gate is open and the update gate shut: a vanilla RNN."""
    params = given["params"]
    a = given["x_t"] @ params["W_xh"] + given["h_prev"] @ params["W_hh"] + params["b_h"]
    return {"h_t": np.tanh(a)}


def each_row_alone(function, given: Arrays) -> Arrays:
    """The batch at once, and its rows one by one."""
    x_t, h_prev, params = given.values()
    rows = [function(x_t[i : i + 1], h_prev[i : i + 1], params) for i in range(len(x_t))]
    return {"h_t": function(x_t, h_prev, params), "h_t expected": np.concatenate(rows)}


def entry_by_entry(given: Arrays) -> Arrays:
    """The definition, unit by unit."""
    x_t, h_prev, p = given.values()
    h_t = np.zeros_like(h_prev)
    for s, (x, h) in enumerate(zip(x_t, h_prev, strict=True)):
        r = [1 / (1 + np.exp(-(x @ p["W_xr"][:, j] + h @ p["W_hr"][:, j] + p["b_r"][j])))
             for j in range(len(h))]  # fmt: skip
        for j in range(len(h)):
            z = 1 / (1 + np.exp(-(x @ p["W_xz"][:, j] + h @ p["W_hz"][:, j] + p["b_z"][j])))
            seen = sum(r[k] * h[k] * p["W_hh"][k, j] for k in range(len(h)))
            candidate = np.tanh(x @ p["W_xh"][:, j] + seen + p["b_h"][j])
            h_t[s, j] = z * h[j] + (1 - z) * candidate
    return {"h_t": h_t}


EXERCISE = Exercise(
    reference=gru_step,
    title="One step of the GRU",
    goal="Mix the old state with a candidate: one gate says how much of the old state is kept, the "
    "other how much of it the candidate sees.",
    difficulty=2,
    minutes=20,
    returns={"h_t": "array"},
    ladder=(
        shapes(small, h_t=(3, 4)),
        floating(whole_numbers, "h_t"),
        by_hand(
            one_unit,
            how="r = sigmoid(0) = 0.5;  z = sigmoid(log 3) = 0.75;\n"
            "candidate = tanh(0.2 × 3 + (0.5 × 0.4) × 2 - 0.5) = tanh(0.5) = 0.462117;\n"
            "h_t = 0.75 × 0.4 + 0.25 × 0.462117 = 0.415529",
            h_t=np.array([[0.41552929]]),
        ),
        matches(
            "where z is 1 the old state is kept",
            a_large_state_kept,
            lambda given: {"h_t": given["h_prev"]},
            "With every update gate at 1 the new state must be the old one.",
        ),
        matches(
            "with z at 0 and r at 1 it is a vanilla RNN",
            lambda: with_gates(r=OPEN, z=SHUT),
            vanilla,
            "With z = 0 and r = 1 only tanh(x_t W_xh + h_prev W_hh + b_h) may be left.",
        ),
        matches(
            "with both gates at 0 the old state has no effect",
            lambda: with_gates(r=SHUT, z=SHUT),
            feed_forward,
            "With z = 0 and r = 0 only tanh(x_t W_xh + b_h) may be left.",
        ),
        replace(
            by_hand(
                two_units,
                how="z is 0 for both units, so h_t is the candidate. r is 1 for unit 0 and 0 for "
                "unit 1. Unit 1 listens to unit 0 only, whose state 0.3 passes the reset gate: "
                "tanh(0.3) = 0.291313",
                h_t=np.array([[0.0, 0.29131261]]),
            ),
            name="two units by hand: each resets what it passes on",
        ),
        holds(
            "each sequence of the batch is on its own",
            small,
            each_row_alone,
            "A sequence's state changed with what else is in the batch.",
        ),
        matches("equal to the definition, unit by unit", small, entry_by_entry),
    ),
    promises={
        "The reset gate says": "two units by hand: each resets what it passes on",
        "The update gate says": "where z is 1 the old state is kept",
        "The reset is applied before": "two units by hand: each resets what it passes on",
        "cuDNN applies it after": "two units by hand: each resets what it passes on",
        "x_t: input": "it runs, and the shapes are right",
        "h_prev: state": "it runs, and the shapes are right",
        "params: dict with": "equal to the definition, unit by unit",
        "h_t: the new state": (
            "it runs, and the shapes are right",
            "equal to the definition, unit by unit",
        ),
    },
    hints=(
        Hint(
            "What do the two gates decide?",
            "One is about what is *kept*, the other about what is *heard*. Which of the two acts "
            "before the new part of the state is computed, and which after?",
            fits=("gates swapped",),
        ),
        Hint(
            "So many weights: which go where?",
            "The last letter of a key says what the weight computes: r, z, or h for the candidate. "
            "Each of the three takes x_t (batch, m) and a state (batch, n), and gives (batch, n).",
            fits=(
                "it runs, and the shapes are right",
                "one gate for both",
                "weights of z in the candidate",
            ),
        ),
        Hint(
            "It fails where z is 1, or at the case by hand.",
            "The candidate is a step of the vanilla RNN whose old state is dampened first. Ask "
            "what z multiplies: in this course's convention, and in Keras's, z = 1 keeps all of "
            "the old state. Some papers have it the other way round.",
            fits=(
                "a case small enough to do by hand",
                "where z is 1 the old state is kept",
                "with z at 0 and r at 1 it is a vanilla RNN",
                "two units by hand: each resets what it passes on",
                "update gate backwards",
                "reset after the product",
                "candidate reset",
                "both conventions turned round",
            ),
        ),
        Hint(
            "Show me the recipe.",
            'r and z are two calls of `gate`, each with its weights, such as `params["W_xr"]`. '
            "The candidate is `np.tanh` of x_t times W_xh, plus `r * h_prev` times W_hh, plus b_h. "
            "The new state is z times the old one plus 1 - z times the candidate.",
        ),
    ),
)


def _gates(x_t, h_prev, p):
    """The two gates; for mistakes that get them right."""
    return (gate(x_t, h_prev, p[f"W_x{g}"], p[f"W_h{g}"], p[f"b_{g}"]) for g in "rz")


def _sum(x_t, h, p):
    """What goes into the candidate's tanh."""
    return x_t @ p["W_xh"] + h @ p["W_hh"] + p["b_h"]


@EXERCISE.mistake(
    "The update gate works backwards: in this convention z is the share of the old state, so it is "
    "z * h_prev + (1 - z) * candidate. With weights trained for one form, the other is a different "
    "network."
)
def update_gate_backwards(x_t, h_prev, params):
    """(1 - z) of the old state, as in some papers."""
    r, z = _gates(x_t, h_prev, params)
    return (1 - z) * h_prev + z * np.tanh(_sum(x_t, r * h_prev, params))


@EXERCISE.mistake(
    "The reset is applied after the product with W_hh: that is the other GRU, Keras's "
    "reset_after=True. Here the candidate sees (r * h_prev) @ W_hh."
)
def reset_after_the_product(x_t, h_prev, params):
    """The GRU that cuDNN computes."""
    r, z = _gates(x_t, h_prev, params)
    a = x_t @ params["W_xh"] + r * (h_prev @ params["W_hh"]) + params["b_h"]
    return z * h_prev + (1 - z) * np.tanh(a)


@EXERCISE.mistake(
    "The reset gate multiplies the input and the bias too: it acts on the old state only, inside "
    "the candidate's sum."
)
def everything_reset(x_t, h_prev, params):
    """r times the whole sum."""
    r, z = _gates(x_t, h_prev, params)
    return z * h_prev + (1 - z) * np.tanh(r * _sum(x_t, h_prev, params))


@EXERCISE.mistake(
    "The reset gate multiplies both products, that of the input too: it acts on the old state "
    "only, before that meets W_hh."
)
def both_products_reset(x_t, h_prev, params):
    """r * (x W + h W) + b."""
    r, z = _gates(x_t, h_prev, params)
    products = x_t @ params["W_xh"] + h_prev @ params["W_hh"]
    return z * h_prev + (1 - z) * np.tanh(r * products + params["b_h"])


@EXERCISE.mistake(
    "The reset gate acts on the finished candidate: it belongs inside the tanh, on the old state "
    "that the candidate sees."
)
def candidate_reset(x_t, h_prev, params):
    """r times the candidate."""
    r, z = _gates(x_t, h_prev, params)
    return z * h_prev + (1 - z) * r * np.tanh(_sum(x_t, h_prev, params))


@EXERCISE.mistake(
    "The reset gate is never used: the candidate must see r * h_prev in place of h_prev, or the "
    "cell can't start afresh."
)
def no_reset(x_t, h_prev, params):
    """The candidate of a vanilla RNN."""
    _, z = _gates(x_t, h_prev, params)
    return z * h_prev + (1 - z) * np.tanh(_sum(x_t, h_prev, params))


@EXERCISE.mistake(
    "The two gates have changed places: r acts inside the candidate, on the old state; z mixes the "
    "old state with the candidate."
)
def gates_swapped(x_t, h_prev, params):
    """z resets, r updates."""
    z, r = _gates(x_t, h_prev, params)
    return z * h_prev + (1 - z) * np.tanh(_sum(x_t, r * h_prev, params))


@EXERCISE.mistake(
    "The old state is reset in the mixture too: the reset gate acts inside the candidate only, and "
    "outside it is z * h_prev."
)
def reset_in_the_mixture_too(x_t, h_prev, params):
    """h_prev is overwritten with r * h_prev."""
    r, z = _gates(x_t, h_prev, params)
    return z * (r * h_prev) + (1 - z) * np.tanh(_sum(x_t, r * h_prev, params))


@EXERCISE.mistake(
    "The candidate goes through a sigmoid, so it could never be negative: the two gates take "
    "sigmoid, the candidate takes tanh."
)
def sigmoid_candidate(x_t, h_prev, params):
    """`gate` for all three."""
    r, z = _gates(x_t, h_prev, params)
    return z * h_prev + (1 - z) * sigmoid(_sum(x_t, r * h_prev, params))


@EXERCISE.mistake("The candidate's tanh is missing: without it the state can grow without bound.")
def no_tanh(x_t, h_prev, params):
    """A linear candidate."""
    r, z = _gates(x_t, h_prev, params)
    return z * h_prev + (1 - z) * _sum(x_t, r * h_prev, params)


@EXERCISE.mistake(
    "A bracket is closed too early: the tanh takes the whole sum of the candidate, the input's "
    "product and the bias included."
)
def bracket_closed_early(x_t, h_prev, params):
    """tanh((r * h) W_hh) + x W_xh + b."""
    r, z = _gates(x_t, h_prev, params)
    outside = x_t @ params["W_xh"] + params["b_h"]
    return z * h_prev + (1 - z) * (np.tanh((r * h_prev) @ params["W_hh"]) + outside)


@EXERCISE.mistake(
    "The candidate is added whole: take only 1 - z of it, or the state isn't a mixture and can "
    "leave the range from -1 to 1."
)
def candidate_added_whole(x_t, h_prev, params):
    """Without 1 - z."""
    r, z = _gates(x_t, h_prev, params)
    return z * h_prev + np.tanh(_sum(x_t, r * h_prev, params))


@EXERCISE.mistake(
    "The old state is missing from the mixture: add z * h_prev. This path around the tanh is what "
    "lets the state, and the gradient, last."
)
def no_old_state(x_t, h_prev, params):
    """Only the candidate's share."""
    r, z = _gates(x_t, h_prev, params)
    return (1 - z) * np.tanh(_sum(x_t, r * h_prev, params))


@EXERCISE.mistake(
    "That is the candidate itself: it has to be mixed with the old state, z * h_prev + "
    "(1 - z) * candidate."
)
def candidate_returned(x_t, h_prev, params):
    """The update gate is left out."""
    r, _ = _gates(x_t, h_prev, params)
    return np.tanh(_sum(x_t, r * h_prev, params))


@EXERCISE.mistake(
    "The gates have no biases: b_r and b_z are missing from the sums inside their sigmoids. By its "
    "bias a gate is held open or shut."
)
def no_bias_in_the_gates(x_t, h_prev, params):
    """Forgets b_r and b_z."""
    without = {**params, "b_r": 0.0, "b_z": 0.0}
    r, z = _gates(x_t, h_prev, without)
    return z * h_prev + (1 - z) * np.tanh(_sum(x_t, r * h_prev, params))


@EXERCISE.mistake("The bias b_h is missing from the sum inside the candidate's tanh.")
def no_bias_in_the_candidate(x_t, h_prev, params):
    """Forgets b_h."""
    r, z = _gates(x_t, h_prev, params)
    a = x_t @ params["W_xh"] + (r * h_prev) @ params["W_hh"]
    return z * h_prev + (1 - z) * np.tanh(a)


@EXERCISE.mistake(
    "The whole new state goes through tanh: only the candidate does. Squashing the old state at "
    "every step is how the vanilla RNN forgets."
)
def tanh_of_the_mixture(x_t, h_prev, params):
    """tanh around everything."""
    r, z = _gates(x_t, h_prev, params)
    return np.tanh(z * h_prev + (1 - z) * _sum(x_t, r * h_prev, params))


@EXERCISE.mistake(
    "Both gates use the weights of one: take W_xz, W_hz and b_z for z, and W_xr, W_hr and b_r for "
    "r."
)
def one_gate_for_both(x_t, h_prev, params):
    """A line copied, its letters kept."""
    r, _ = _gates(x_t, h_prev, params)
    return r * h_prev + (1 - r) * np.tanh(_sum(x_t, r * h_prev, params))


@EXERCISE.mistake(
    "The bias is reset together with the old state's product: the candidate's sum is "
    "x_t W_xh + (r * h_prev) W_hh + b_h, with r on h_prev alone."
)
def reset_of_product_and_bias(x_t, h_prev, params):
    """r * (h W_hh + b), as one other library has it."""
    r, z = _gates(x_t, h_prev, params)
    a = x_t @ params["W_xh"] + r * (h_prev @ params["W_hh"] + params["b_h"])
    return z * h_prev + (1 - z) * np.tanh(a)


@EXERCISE.mistake(
    "The reset gate multiplies the input's product: it acts on the old state, (r * h_prev) @ W_hh."
)
def input_reset(x_t, h_prev, params):
    """r * (x W_xh)."""
    r, z = _gates(x_t, h_prev, params)
    a = r * (x_t @ params["W_xh"]) + h_prev @ params["W_hh"] + params["b_h"]
    return z * h_prev + (1 - z) * np.tanh(a)


@EXERCISE.mistake(
    "The reset gate works backwards: r = 1 shows the candidate all of the old state, so it is "
    "r * h_prev, not (1 - r) * h_prev."
)
def reset_gate_backwards(x_t, h_prev, params):
    """(1 - r) * h."""
    r, z = _gates(x_t, h_prev, params)
    return z * h_prev + (1 - z) * np.tanh(_sum(x_t, (1 - r) * h_prev, params))


@EXERCISE.mistake(
    "The candidate doesn't see the old state at all: add (r * h_prev) @ W_hh inside its tanh."
)
def candidate_of_the_input_alone(x_t, h_prev, params):
    """tanh(x W_xh + b)."""
    _, z = _gates(x_t, h_prev, params)
    return z * h_prev + (1 - z) * np.tanh(x_t @ params["W_xh"] + params["b_h"])


@EXERCISE.mistake(
    "The candidate is made with the update gate's weights: it has its own, W_xh, W_hh and b_h."
)
def weights_of_z_in_the_candidate(x_t, h_prev, params):
    """A line copied, its letters kept."""
    r, z = _gates(x_t, h_prev, params)
    a = x_t @ params["W_xz"] + (r * h_prev) @ params["W_hz"] + params["b_z"]
    return z * h_prev + (1 - z) * np.tanh(a)


@EXERCISE.mistake(
    "The gates go through tanh, so they could be negative: r and z are gates, so call `gate`; only "
    "the candidate takes tanh."
)
def tanh_gates(x_t, h_prev, params):
    """tanh for all three."""
    p = params
    r, z = (np.tanh(x_t @ p[f"W_x{g}"] + h_prev @ p[f"W_h{g}"] + p[f"b_{g}"]) for g in "rz")
    return z * h_prev + (1 - z) * np.tanh(_sum(x_t, r * h_prev, params))


@EXERCISE.mistake(
    "The update gate sees the reset state: both gates look at h_prev as it came in; r * h_prev is "
    "for the candidate only."
)
def update_gate_sees_the_reset_state(x_t, h_prev, params):
    """z from r * h."""
    r, _ = _gates(x_t, h_prev, params)
    _, z = _gates(x_t, r * h_prev, params)
    return z * h_prev + (1 - z) * np.tanh(_sum(x_t, r * h_prev, params))


@EXERCISE.mistake(
    "The old state is added whole: keep only z of it, or the state isn't a mixture and can leave "
    "the range from -1 to 1."
)
def old_state_added_whole(x_t, h_prev, params):
    """h + (1 - z) * candidate."""
    r, z = _gates(x_t, h_prev, params)
    return h_prev + (1 - z) * np.tanh(_sum(x_t, r * h_prev, params))


@EXERCISE.mistake(
    "W_hh is applied transposed in the candidate: with states as rows it is (r * h_prev) @ W_hh."
)
def transposed_recurrence(x_t, h_prev, params):
    """W_hh.T."""
    r, z = _gates(x_t, h_prev, params)
    a = x_t @ params["W_xh"] + (r * h_prev) @ params["W_hh"].T + params["b_h"]
    return z * h_prev + (1 - z) * np.tanh(a)


@EXERCISE.mistake(
    "Two conventions are reversed at once: z is the share of the old state here, and the reset "
    "comes before the product, (r * h_prev) @ W_hh."
)
def both_conventions_turned_round(x_t, h_prev, params):
    """(1 - z) of the old state, and the reset after the product."""
    r, z = _gates(x_t, h_prev, params)
    a = x_t @ params["W_xh"] + r * (h_prev @ params["W_hh"]) + params["b_h"]
    return (1 - z) * h_prev + z * np.tanh(a)


@EXERCISE.mistake(
    "The bias is missing from the reset gate: b_r belongs to its sum, as b_z does to that of the "
    "update gate."
)
def reset_gate_without_its_bias(x_t, h_prev, params):
    """Forgets b_r."""
    r, z = _gates(x_t, h_prev, {**params, "b_r": np.zeros(h_prev.shape[1])})
    return z * h_prev + (1 - z) * np.tanh(_sum(x_t, r * h_prev, params))


@EXERCISE.mistake(
    "The bias is missing from the update gate: b_z belongs to its sum, as b_r does to that of the "
    "reset gate."
)
def update_gate_without_its_bias(x_t, h_prev, params):
    """Forgets b_z."""
    r, z = _gates(x_t, h_prev, {**params, "b_z": np.zeros(h_prev.shape[1])})
    return z * h_prev + (1 - z) * np.tanh(_sum(x_t, r * h_prev, params))


@EXERCISE.mistake(
    "The update gate looks at the input alone: a gate sees the old state as well, so add "
    "h_prev @ W_hz."
)
def update_gate_of_the_input_alone(x_t, h_prev, params):
    """sigmoid(x W_xz + b_z)."""
    r, _ = _gates(x_t, h_prev, params)
    z = sigmoid(x_t @ params["W_xz"] + params["b_z"])
    return z * h_prev + (1 - z) * np.tanh(_sum(x_t, r * h_prev, params))


@EXERCISE.mistake(
    "The reset gate looks at the input alone: a gate sees the old state as well, so add "
    "h_prev @ W_hr."
)
def reset_gate_of_the_input_alone(x_t, h_prev, params):
    """sigmoid(x W_xr + b_r)."""
    _, z = _gates(x_t, h_prev, params)
    r = sigmoid(x_t @ params["W_xr"] + params["b_r"])
    return z * h_prev + (1 - z) * np.tanh(_sum(x_t, r * h_prev, params))


@EXERCISE.mistake(
    "The gates go through a straight line that is cut off at 0 and 1, the hard sigmoid of older "
    "versions of Keras: here they take the sigmoid itself, 1 / (1 + exp(-a))."
)
def hard_sigmoid(x_t, h_prev, params):
    """clip(0.2 a + 0.5, 0, 1)."""
    p = params
    a = (x_t @ p[f"W_x{g}"] + h_prev @ p[f"W_h{g}"] + p[f"b_{g}"] for g in "rz")
    r, z = (np.clip(0.2 * one + 0.5, 0, 1) for one in a)
    return z * h_prev + (1 - z) * np.tanh(_sum(x_t, r * h_prev, params))


@EXERCISE.mistake(
    "The mixture goes through a tanh of its own: the candidate has been through its tanh, and what "
    "is kept of the old state is kept as it is."
)
def mixture_squashed_again(x_t, h_prev, params):
    """One tanh for the candidate, and one around everything."""
    return np.tanh(gru_step(x_t, h_prev, params))


@EXERCISE.alternative
def as_a_correction(x_t, h_prev, params):
    """The old state and a step towards the candidate."""
    r, z = _gates(x_t, h_prev, params)
    candidate = np.tanh(_sum(x_t, r * h_prev, params))
    return h_prev + (1 - z) * (candidate - h_prev)


@EXERCISE.alternative
def with_stacked_weights(x_t, h_prev, params):
    """One product for both gates, split afterwards."""
    n = h_prev.shape[1]
    both = np.concatenate([x_t, h_prev], axis=1)
    stacked = np.vstack([
        np.hstack([params["W_xr"], params["W_xz"]]),
        np.hstack([params["W_hr"], params["W_hz"]]),
    ])  # fmt: skip
    gates = 1 / (1 + np.exp(-(both @ stacked + np.hstack([params["b_r"], params["b_z"]]))))
    r, z = gates[:, :n], gates[:, n:]
    seen = np.concatenate([x_t, np.multiply(r, h_prev)], axis=1)
    candidate = np.tanh(seen @ np.vstack([params["W_xh"], params["W_hh"]]) + params["b_h"])
    return candidate - z * candidate + z * h_prev


@EXERCISE.alternative
def without_the_gate_function(x_t, h_prev, params):
    """Everything written out, with einsum for the candidate."""
    r = sigmoid(x_t @ params["W_xr"] + h_prev @ params["W_hr"] + params["b_r"])
    z = sigmoid(x_t @ params["W_xz"] + h_prev @ params["W_hz"] + params["b_z"])
    seen = np.einsum("bk,bk,kn->bn", r, h_prev, params["W_hh"])
    return z * h_prev + (1 - z) * np.tanh(x_t @ params["W_xh"] + seen + params["b_h"])
