"""Exercise: a minGRU whose two forms disagree. A bug hunt."""

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.ladder.rungs import by_hand, holds, irregular, matches, shapes
from course_lib.scratch.diagonal import mingru_forward, mingru_step
from course_lib.scratch.gated import sigmoid
from course_lib.scratch.scan import scan

RETURNS = {"h": "array"}


def small() -> Arrays:
    """Two sequences, five steps, three inputs, four units; the first state isn't zero."""
    return {
        "x": irregular(2, 5, 3),
        "h_0": irregular(2, 4, shift=1),
        "params": {
            "W_g": irregular(3, 4, shift=2),
            "b_g": irregular(4, shift=3),
            "W_c": irregular(3, 4, shift=4),
            "b_c": irregular(4, shift=5),
        },
    }


def from_zero() -> Arrays:
    """The same, from a state of zero."""
    return {**small(), "h_0": np.zeros((2, 4))}


def one_step() -> Arrays:
    """T = 1."""
    given = small()
    return {**given, "x": given["x"][:, :1]}


def one_unit() -> Arrays:
    """A gate of a quarter, and a candidate of 8; two steps."""
    return {
        "x": np.array([[[3.0], [3.0]]]),
        "h_0": np.array([[4.0]]),
        "params": {
            "W_g": np.array([[0.0]]),
            "b_g": np.array([-np.log(3)]),
            "W_c": np.array([[2.0]]),
            "b_c": np.array([2.0]),
        },
    }


def shut() -> Arrays:
    """Gates that are shut: whatever comes in, the first state stays."""
    given = small()
    given["params"] |= {"W_g": np.zeros((3, 4)), "b_g": np.full(4, -800.0)}
    return given


def wide_open() -> Arrays:
    """Gates that are wide open: of every state nothing is left."""
    given = small()
    given["params"] |= {"W_g": np.zeros((3, 4)), "b_g": np.full(4, 800.0)}
    return given


def step_by_step(given: Arrays) -> Arrays:
    """`mingru_step`, one step after the other."""
    x, h_t, params = given.values()
    h = []
    for t in range(x.shape[1]):
        h_t = mingru_step(x[:, t], h_t, params)
        h.append(h_t)
    return {"h": np.stack(h, axis=1)}


def in_pieces(function, given: Arrays) -> Arrays:
    """The last state of one piece is the first of the next."""
    x, h_0, params = given.values()
    early = function(x[:, :2], h_0, params)
    late = function(x[:, 2:], early[:, -1], params)
    return {"h": function(x, h_0, params), "h expected": np.concatenate([early, late], axis=1)}


EXERCISE = Exercise(
    reference=mingru_forward,
    title="Two forms that disagree",
    goal="Find out why a minGRU gives one result step by step and another all at once, and mend "
    "it.",
    difficulty=2,
    minutes=20,
    returns=RETURNS,
    uses=("scan", "combine"),
    ladder=(
        shapes(small, h=(2, 5, 4)),
        matches("from a state of zero", from_zero, step_by_step, "From h_0 = 0:"),
        by_hand(
            one_unit,
            how="g = 1 / (1 + 3) = 0.25, c = 2 × 3 + 2 = 8;  h_1 = 0.75 × 4 + 0.25 × 8 = 5;  "
            "h_2 = 0.75 × 5 + 2 = 5.75",
            h=np.array([[[5.0], [5.75]]]),
        ),
        matches("one step alone", one_step, step_by_step, "With T = 1:"),
        matches(
            "where the gates are shut, the first state stays",
            shut,
            step_by_step,
            "With all gates shut nothing comes in, and nothing is lost.",
        ),
        matches(
            "where the gates are wide open, nothing is left of the past",
            wide_open,
            step_by_step,
            "With all gates open, where cumulated products would be 0/0:",
        ),
        holds(
            "two pieces are one",
            small,
            in_pieces,
            "Cut after two steps, with the state handed on, it must give the same states.",
        ),
        matches("equal to mingru_step, step by step", small, step_by_step),
    ),
    promises={
        "x: inputs": "it runs, and the shapes are right",
        "x: T is 1": "one step alone",
        "h_0: state": ("from a state of zero", "equal to mingru_step, step by step"),
        "params: dict": "equal to mingru_step, step by step",
        "h: what": "equal to mingru_step, step by step",
    },
    hints=(
        Hint(
            "When do the two agree?",
            "Try it: h_0 = 0, a longer sequence, gates that are all open, gates that are all shut. "
            "Where do they first differ, at the first step or later?",
        ),
        Hint(
            "Write down the first state.",
            "By the step: h_1 = (1 - g_1) h_0 + g_1 c_1. By the code: what is added before the "
            "scan, and what does the scan then multiply it by?",
            fits=(
                "start state dropped",
                "start state through the gate",
                "start state twice",
                "start state at every step",
                "start state never fades",
                "gate turned round",
                "candidate not gated",
                "one step alone",
            ),
        ),
    ),
)


def _parts(x, params):
    g = sigmoid(x @ params["W_g"] + params["b_g"])
    return g, x @ params["W_c"] + params["b_c"]


@EXERCISE.hunt(
    "Step by step and all at once agree only if the state before the first step is zero."
)
def mingru_forward_from_zero(x, h_0, params):
    """A minGRU over a whole sequence, by a scan.

    Args:
        x: inputs, shape (batch, T, m); T is 1 or more.
        h_0: state before the first step, shape (batch, n), zero or not.
        params: dict of `init_mingru`.

    Returns:
        h: what `mingru_step` gives step by step, shape (batch, T, n).
    """
    g = sigmoid(x @ params["W_g"] + params["b_g"])
    c = x @ params["W_c"] + params["b_c"]
    b = g * c
    b[:, 0] += h_0
    return scan(1 - g, b, np.zeros_like(h_0))


@EXERCISE.mistake(
    "Now the state before the first step has no effect at all: it comes in through the first step, "
    "as (1 - g_1) h_0."
)
def start_state_dropped(x, h_0, params):
    """From zero."""
    g, c = _parts(x, params)
    return scan(1 - g, g * c, np.zeros_like(h_0))


@EXERCISE.mistake(
    "The state before the first step is let in by the gate, as g_1 h_0: the gate lets in the new, "
    "and what is kept of the old is 1 - g_1."
)
def start_state_through_the_gate(x, h_0, params):
    """g_1 h_0."""
    g, c = _parts(x, params)
    b = g * c
    b[:, 0] += g[:, 0] * h_0
    return scan(1 - g, b, np.zeros_like(h_0))


@EXERCISE.mistake(
    "The state before the first step counts twice: it is in the first b, and it is handed to the "
    "scan as well."
)
def start_state_twice(x, h_0, params):
    """Both ways."""
    g, c = _parts(x, params)
    b = g * c
    b[:, 0] += (1 - g[:, 0]) * h_0
    return scan(1 - g, b, h_0)


@EXERCISE.mistake(
    "The state before the first step is added to all states, unfaded: at each step only 1 - g is "
    "kept of it."
)
def start_state_never_fades(x, h_0, params):
    """+ h_0 at the end."""
    g, c = _parts(x, params)
    return scan(1 - g, g * c, np.zeros_like(h_0)) + h_0[:, None]


@EXERCISE.mistake(
    "What is left of the state before the first step has the factors of the whole sequence in it: "
    "by step t it has met the first t of them only. Take their running product."
)
def start_state_through_all_steps(x, h_0, params):
    """The product over the whole sequence."""
    g, c = _parts(x, params)
    kept = np.prod(1 - g, axis=1, keepdims=True)
    return scan(1 - g, g * c, np.zeros_like(h_0)) + kept * h_0[:, None]


@EXERCISE.mistake(
    "The first b is replaced by the share of h_0: what the first step lets in, g_1 c_1, is missing "
    "then. Both belong to the first state."
)
def first_step_replaced(x, h_0, params):
    """= for +=."""
    g, c = _parts(x, params)
    b = g * c
    b[:, 0] = (1 - g[:, 0]) * h_0
    return scan(1 - g, b, np.zeros_like(h_0))


@EXERCISE.mistake(
    "The gate is turned round: g lets in the new and 1 - g keeps the old, as mingru_step has it."
)
def gate_turned_round(x, h_0, params):
    """g h + (1 - g) c."""
    g, c = _parts(x, params)
    return scan(g, (1 - g) * c, h_0)


@EXERCISE.mistake("What comes in is the candidate itself: the gate decides how much of it, g c.")
def candidate_not_gated(x, h_0, params):
    """c alone."""
    g, c = _parts(x, params)
    return scan(1 - g, c, h_0)


@EXERCISE.mistake(
    "The state before the first step comes in at every step: it acts on the first state alone, "
    "and reaches the later ones through that."
)
def start_state_at_every_step(x, h_0, params):
    """b + (1 - g) h_0 for all steps."""
    g, c = _parts(x, params)
    return scan(1 - g, g * c + (1 - g) * h_0[:, None], np.zeros_like(h_0))


@EXERCISE.mistake(
    "The states are a step late: h_0 comes first, and the last one is missing. What is returned "
    "begins with h_1."
)
def states_a_step_late(x, h_0, params):
    """h_0 … h_(T-1)."""
    g, c = _parts(x, params)
    return np.concatenate([h_0[:, None], scan(1 - g, g * c, h_0)[:, :-1]], axis=1)


@EXERCISE.mistake(
    "The state before the first step stands in front of the others: what is returned begins with "
    "h_1, and has T states."
)
def start_state_in_front(x, h_0, params):
    """h_0 … h_T."""
    g, c = _parts(x, params)
    return np.concatenate([h_0[:, None], scan(1 - g, g * c, h_0)], axis=1)


@EXERCISE.mistake(
    "What comes in is divided by the product of all factors so far, to be multiplied by a later "
    "one: where a gate is wide open that product is 0, or too small for a float, and 0/0 is no "
    "number. The scan only multiplies."
)
def divided_by_products(x, h_0, params):
    """cumprod, and a cumulative sum."""
    g, c = _parts(x, params)
    with np.errstate(all="ignore"):
        products = np.cumprod(1 - g, axis=1)
        return products * (h_0[:, None] + np.cumsum(g * c / products, axis=1))


@EXERCISE.alternative
def by_a_loop(x, h_0, params):
    """Step by step."""
    return step_by_step({"x": x, "h_0": h_0, "params": params})["h"]


@EXERCISE.alternative
def start_state_as_a_step_of_its_own(x, h_0, params):
    """A step before the first that keeps nothing and adds h_0, taken off at the end."""
    g, c = _parts(x, params)
    a = np.concatenate([np.zeros_like(g[:, :1]), 1 - g], axis=1)
    b = np.concatenate([h_0[:, None], g * c], axis=1)
    return scan(a, b, np.zeros_like(h_0))[:, 1:]
