"""Exercise: the last state of a diagonal layer, as one sum over all steps."""

import numpy as np

from course_lib.exercises.diagonal.cases import turning
from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.ladder.rungs import by_hand, holds, irregular, isolating, matches, shapes
from course_lib.scratch.diagonal import last_state

RETURNS = {"z_T": "complex"}


def small() -> Arrays:
    """Two sequences, five steps, three units that turn."""
    return {
        "b": turning(2, 5, 3),
        "lam": turning(3, shift=1, scale=0.7),
        "z_0": turning(2, 3, shift=2),
    }


def one_unit() -> Arrays:
    """One unit that halves its state, three steps."""
    return {
        "b": np.array([[[4.0], [2.0], [1.0]]]),
        "lam": np.array([0.5]),
        "z_0": np.array([[16.0]]),
    }


def told_the_same() -> Arrays:
    """All three units read the same six numbers."""
    return {
        "b": irregular(2, 6, 1),
        "lam": turning(3, shift=1, scale=0.7),
        "z_0": turning(2, 3, shift=2),
    }


def one_step() -> Arrays:
    """T = 1."""
    given = small()
    return {**given, "b": given["b"][:, :1]}


def forgetful() -> Arrays:
    """Units that forget nearly all at each of a hundred steps; real, as units are that only fade.

    One changes its sign at each step: the logarithm of a negative number is complex.
    """
    lam = np.array([1e-4, -1e-5, 1e-6])
    return {"b": turning(2, 100, 3), "lam": lam, "z_0": turning(2, 3, shift=2)}


def in_pieces(function, given: Arrays) -> Arrays:
    """Two steps, and the other three from where they ended."""
    b, lam, z_0 = given.values()
    middle = function(b[:, :2], lam, z_0)
    return {"z_T": function(b, lam, z_0), "z_T expected": function(b[:, 2:], lam, middle)}


def step_by_step(given: Arrays) -> Arrays:
    """The recurrence as it stands."""
    b, lam, z_t = given.values()
    for t in range(b.shape[1]):
        z_t = lam * z_t + b[:, t]
    return {"z_T": z_t}


EXERCISE = Exercise(
    reference=last_state,
    title="The last state in one product",
    goal="Read a whole sequence with one matrix product, where only the last state is needed.",
    difficulty=1,
    minutes=15,
    returns=RETURNS,
    ladder=(
        shapes(small, z_T=(2, 3)),
        matches("one step alone", one_step, step_by_step, "With T = 1:"),
        by_hand(
            one_unit,
            how="16 × 1/8 + 4 × 1/4 + 2 × 1/2 + 1 = 2 + 1 + 1 + 1 = 5",
            z_T=np.array([[5.0]]),
        ),
        *isolating(small, step_by_step, {"z_0": ("b",), "b": ("z_0",)}),
        matches(
            "all units told the same", told_the_same, step_by_step, "With b of shape (batch, T, 1):"
        ),
        matches(
            "right for units that forget at once",
            forgetful,
            step_by_step,
            "Over a hundred steps, each of which leaves next to nothing of the state:",
        ),
        holds(
            "two pieces are one",
            small,
            in_pieces,
            "Cut after two steps, with the state handed on, it must come to the same.",
        ),
        matches("equal to the recurrence, step by step", small, step_by_step),
    ),
    promises={
        "b: what is added": ("all units told the same", "equal to the recurrence, step by step"),
        "lam: shape": "equal to the recurrence, step by step",
        "z_0: state": "two pieces are one",
        "z_T: shape": "it runs, and the shapes are right",
    },
    hints=(
        Hint(
            "How does a number from step 3 get to the end?",
            "It was added to the state. How often has the state been multiplied by lam since "
            "then? And a number from the last step? From before the first?",
        ),
        Hint(
            "What are the shapes?",
            "One factor for each step and unit, (T, n). It meets b, (batch, T, n), and the steps "
            "are summed over.",
            fits=(
                "mean over the steps",
                "it runs, and the shapes are right",
                "all units told the same",
                "as real as b",
                "first unit for all",
            ),
        ),
        Hint(
            "How do I do without the loop?",
            "Every step only multiplies and adds, so each number travels to the end by itself, and "
            "the last state is the sum of all arrivals. How much of a number arrives depends on "
            "how many steps are still to come after it: all these powers can be made at once. "
            "z_0 travels too, and furthest of all.",
        ),
        Hint(
            "Show me the recipe.",
            "`powers = lam ** np.arange(T - 1, -1, -1)[:, None]`, then the sum over t of b times "
            "powers (`np.einsum('bti,ti->bi', …)`), plus `lam**T * z_0`.",
        ),
    ),
)


def _sum(b, powers, start):
    return start + np.einsum("bti,ti->bi", b, powers)


@EXERCISE.mistake(
    "The powers run the wrong way: the last step's number is as it came, the first one's has been "
    "multiplied most often."
)
def powers_turned_round(b, lam, z_0):
    """lam**t."""
    T = b.shape[1]
    return _sum(b, lam ** np.arange(T)[:, None], lam**T * z_0)


@EXERCISE.mistake(
    "Each number has one factor too many: what comes in at the last step is not multiplied any "
    "more."
)
def one_factor_too_many(b, lam, z_0):
    """lam**(T - t + 1)."""
    T = b.shape[1]
    return _sum(b, lam ** np.arange(T, 0, -1)[:, None], lam**T * z_0)


@EXERCISE.mistake(
    "The state before the first step is added as it is: it has been multiplied at every one of the "
    "T steps."
)
def start_state_whole(b, lam, z_0):
    """z_0."""
    return _sum(b, lam ** np.arange(b.shape[1] - 1, -1, -1)[:, None], z_0)


@EXERCISE.mistake(
    "The state before the first step has been multiplied once too seldom: there are T steps, and "
    "each multiplies it."
)
def start_state_a_step_late(b, lam, z_0):
    """lam**(T - 1) z_0."""
    T = b.shape[1]
    return _sum(b, lam ** np.arange(T - 1, -1, -1)[:, None], lam ** (T - 1) * z_0)


@EXERCISE.mistake("The state before the first step is left out: what is left of it is lam**T z_0.")
def start_state_ignored(b, lam, z_0):
    """From zero."""
    return _sum(b, lam ** np.arange(b.shape[1] - 1, -1, -1)[:, None], 0 * z_0)


@EXERCISE.mistake(
    "The units fade and don't turn: the power of a complex number turns with it, so keep lam "
    "itself, not its size."
)
def only_fading(b, lam, z_0):
    """|lam|."""
    T, size = b.shape[1], np.abs(lam)
    return _sum(b, size ** np.arange(T - 1, -1, -1)[:, None], size**T * z_0)


@EXERCISE.mistake(
    "What came in is averaged over the steps: all that is left of it adds up, so take the sum."
)
def mean_over_the_steps(b, lam, z_0):
    """mean for sum."""
    T = b.shape[1]
    return _sum(b / T, lam ** np.arange(T - 1, -1, -1)[:, None], lam**T * z_0)


@EXERCISE.mistake(
    "Each number is divided by a power of lam, to be multiplied by a larger one later. Over many "
    "steps that power is too small for a float, and what is divided by 0 is gone for good: start "
    "from the power that is left, T - t, which is never negative."
)
def divided_by_powers(b, lam, z_0):
    """lam**T (z_0 + sum of b_t / lam**t)."""
    T = b.shape[1]
    with np.errstate(all="ignore"):
        powers = lam ** np.arange(1, T + 1)[:, None]
        return lam**T * (z_0 + np.sum(b / powers, axis=1))


@EXERCISE.mistake(
    "The powers go through the logarithm of lam, which for a negative real number is NaN, and such "
    "a unit changes its sign at each step: take lam ** t, or make lam complex first."
)
def logarithm_of_a_real_number(b, lam, z_0):
    """exp(t log lam)."""
    T = b.shape[1]
    with np.errstate(all="ignore"):
        log = np.log(lam)
        powers = np.exp(log * np.arange(T - 1, -1, -1)[:, None])
        return _sum(b, powers, np.exp(T * log) * z_0)


@EXERCISE.mistake(
    "The result has been given the dtype of b. Where b is real, and lam turns, half of each state "
    "is lost: the state is as complex as lam."
)
def as_real_as_b(b, lam, z_0):
    """np.zeros(…, b.dtype), filled."""
    T = b.shape[1]
    z_T = _sum(b, lam ** np.arange(T - 1, -1, -1)[:, None], lam**T * z_0)
    return z_T if np.iscomplexobj(b) else np.real(z_T)


@EXERCISE.mistake(
    "What comes in at the last step is left out: nothing is left to multiply it by, and so it is "
    "added as it is, with the power 0."
)
def last_step_left_out(b, lam, z_0):
    """All steps but the last."""
    T = b.shape[1]
    return _sum(b[:, :-1], lam ** np.arange(T - 1, 0, -1)[:, None], lam**T * z_0)


@EXERCISE.mistake(
    "The real part is all that comes back: where lam turns, the state is complex, and the next "
    "steps need its imaginary part too."
)
def real_part_only(b, lam, z_0):
    """.real at the end."""
    T = b.shape[1]
    return np.real(_sum(b, lam ** np.arange(T - 1, -1, -1)[:, None], lam**T * z_0))


@EXERCISE.mistake(
    "Every unit gets what comes in at the first one: b[:, :, 0] is right only where all get the "
    "same. Multiply b by the powers, and NumPy broadcasts a last axis of 1 by itself."
)
def first_unit_for_all(b, lam, z_0):
    """b[:, :, 0] @ powers."""
    T = b.shape[1]
    return _sum(b[:, :, :1], lam ** np.arange(T - 1, -1, -1)[:, None], lam**T * z_0)


@EXERCISE.alternative
def from_the_end(b, lam, z_0):
    """A growing factor, from the last step to the first."""
    total, factor = 0, np.ones_like(lam)
    for t in reversed(range(b.shape[1])):
        total, factor = total + factor * b[:, t], factor * lam
    return total + factor * z_0


@EXERCISE.alternative
def by_logarithms(b, lam, z_0):
    """exp of multiples of log lam, and a broadcast product."""
    T = b.shape[1]
    weights = np.exp(np.log(lam.astype(complex)) * np.arange(T)[::-1, None])
    return (b * weights).sum(axis=1) + np.exp(T * np.log(lam.astype(complex))) * z_0
