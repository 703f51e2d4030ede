"""Exercise: one step of an LRU's traces."""

from dataclasses import replace

import numpy as np

from course_lib.exercises.diagonal.cases import by_parts, turning
from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.ladder.rungs import by_hand, irregular, isolating, matches, shapes
from course_lib.scratch.diagonal import lru_trace_step

RETURNS = {"E_lam": "complex", "E_x": "complex"}


def small() -> Arrays:
    """Two sequences, four inputs, three units."""
    return {
        "E_lam": turning(2, 3),
        "E_x": turning(2, 4, 3, shift=1),
        "z_prev": turning(2, 3, shift=2),
        "x_t": irregular(2, 4, shift=3),
        "lam": turning(3, shift=4, scale=0.7),
    }


def one_unit() -> Arrays:
    """One input and one unit that turns by a quarter and keeps a half."""
    return {
        "E_lam": np.array([[2.0 + 0j]]),
        "E_x": np.array([[[4.0 + 0j]]]),
        "z_prev": np.array([[10.0 + 1j]]),
        "x_t": np.array([[3.0]]),
        "lam": np.array([0.5j]),
    }


def several() -> Arrays:
    """A layer of its own over five steps, to differentiate by."""
    return {
        "lam": turning(3, shift=4, scale=0.7),
        "B": turning(4, 3, shift=1),
        "x": irregular(2, 5, 4, shift=3),
        "z_0": turning(2, 3, shift=2),
    }


def over_a_sequence(function, given: Arrays) -> Arrays:
    """Both traces after the last step."""
    lam, B, x, z_t = given.values()
    E_lam, E_x = np.zeros_like(z_t), np.zeros((2, *B.shape), complex)
    for t in range(x.shape[1]):
        E_lam, E_x = function(E_lam, E_x, z_t, x[:, t], lam)
        z_t = lam * z_t + x[:, t] @ B
    return {"E_lam": E_lam, "E_x": E_x}


def differences(given: Arrays) -> Arrays:
    """How each last state moves with lam and with its own weights: they are derivatives."""
    lam, B, x, z_0 = given.values()

    def part(sequence, unit, of):
        z_t = z_0[sequence]
        for x_t in x[sequence]:
            z_t = lam * z_t + x_t @ B
        return float(of(z_t[unit]))

    E_lam, E_x = np.zeros((2, 3), complex), np.zeros((2, 4, 3), complex)
    for s, i in np.ndindex(2, 3):
        # By the real part of what is moved alone: the derivative is complex, and the same each way.
        for of, factor in ((np.real, 1), (np.imag, 1j)):
            E_lam[s, i] += factor * by_parts(lambda s=s, i=i, of=of: part(s, i, of), lam)[i].real
            E_x[s, :, i] += factor * by_parts(lambda s=s, i=i, of=of: part(s, i, of), B)[:, i].real
    return {"E_lam": E_lam, "E_x": E_x}


def faded_sums(given: Arrays) -> Arrays:
    """The sums over all steps, by their definitions."""
    lam, B, x, z_0 = given.values()
    T, z_t = x.shape[1], z_0
    E_lam, E_x = 0, 0
    for t in range(T):
        left = lam ** (T - 1 - t)
        E_lam = E_lam + left * z_t
        E_x = E_x + left * x[:, t, :, None]
        z_t = lam * z_t + x[:, t] @ B
    return {"E_lam": E_lam, "E_x": E_x}


def one_by_one(given: Arrays) -> Arrays:
    """Entry by entry."""
    E_lam, E_x, z_prev, x_t, lam = given.values()
    right = {"E_lam": np.zeros_like(E_lam), "E_x": np.zeros_like(E_x)}
    for s, i in np.ndindex(E_lam.shape):
        right["E_lam"][s, i] = lam[i] * E_lam[s, i] + z_prev[s, i]
        for j in range(x_t.shape[1]):
            right["E_x"][s, j, i] = lam[i] * E_x[s, j, i] + x_t[s, j]
    return right


EXERCISE = Exercise(
    reference=lru_trace_step,
    title="Traces that leave nothing out",
    goal="Carry forward, exactly, how much a state depends on its eigenvalue and on its input "
    "weights.",
    difficulty=2,
    minutes=20,
    returns=RETURNS,
    ladder=(
        shapes(small, E_lam=(2, 3), E_x=(2, 4, 3)),
        by_hand(
            one_unit,
            how="E_lam = 0.5 i × 2 + 10 + i = 10 + 2 i;  E_x = 0.5 i × 4 + 3 = 3 + 2 i",
            E_lam=np.array([[10 + 2j]]),
            E_x=np.array([[[3 + 2j]]]),
        ),
        *isolating(
            small,
            one_by_one,
            {"z_prev": ("E_lam",), "x_t": ("E_x",), "what was there before": ("z_prev", "x_t")},
            of={"z_prev": "E_lam", "x_t": "E_x"},
        ),
        matches(
            "equal to centred differences of the last state",
            several,
            differences,
            "Move lam, or a weight of B, a little, and see how the last state moves.",
            over_a_sequence,
        ),
        replace(
            matches("", several, faded_sums, "Over five steps:", over_a_sequence),
            name="equal to the sums over all steps",
        ),
        matches("equal to the definition, entry by entry", small, one_by_one),
    ),
    promises={
        "E_lam: ∂z_{t-1}/∂lam before": "equal to centred differences of the last state",
        "E_x: the inputs": "equal to the sums over all steps",
        "z_prev: state": "only z_prev matters",
        "x_t: input": "only x_t matters",
        "lam: shape": "only what was there before matters",
        "E_lam, E_x: after": "it runs, and the shapes are right",
    },
    hints=(
        Hint(
            "How do I get a trace for lam?",
            "z_t = lam z_{t-1} + something. Differentiate by lam: it appears twice, once "
            "directly and once inside z_{t-1}. That is the product rule.",
        ),
        Hint(
            "And for B?",
            "Entry (j, i) of B meets x_t[j] alone, and moves z[i] alone. What it moved at the step "
            "before has been multiplied by lam[i] since.",
            fits=("new input fades", "only x_t matters"),
        ),
        Hint(
            "My shapes don't fit.",
            "E_x has an axis for the input and one for the unit, (batch, m, n). x_t has the first "
            "of them, lam the last.",
            fits=("it runs, and the shapes are right",),
        ),
        Hint(
            "Show me the recipe.",
            "`E_lam = lam * E_lam + z_prev` and `E_x = lam * E_x + x_t[:, :, None]`.",
        ),
    ),
)


@EXERCISE.mistake(
    "What is new in E_lam has a factor lam too many: the step multiplies lam by z_{t-1}, so "
    "z_{t-1} is what is new, as it is."
)
def new_state_fades(E_lam, E_x, z_prev, x_t, lam):
    """lam z_prev, which is z_t where nothing comes in."""
    return lam * E_lam + lam * z_prev, lam * E_x + x_t[:, :, None]


@EXERCISE.mistake(
    "What is new in E_x fades at once: only what was there before is multiplied by lam."
)
def new_input_fades(E_lam, E_x, z_prev, x_t, lam):
    """lam (E_x + x)."""
    return lam * E_lam + z_prev, lam * (E_x + x_t[:, :, None])


@EXERCISE.mistake(
    "E_lam forgets all but the last step: lam also stands inside z_{t-1}, so the old trace goes "
    "on, multiplied by lam."
)
def lam_counts_once(E_lam, E_x, z_prev, x_t, lam):
    """z_prev alone."""
    return z_prev + 0 * E_lam, lam * E_x + x_t[:, :, None]


@EXERCISE.mistake(
    "The traces fade and don't turn: the state turns, and what it has to do with a weight turns "
    "with it. Multiply by lam, not by its size."
)
def only_fading(E_lam, E_x, z_prev, x_t, lam):
    """|lam|."""
    return np.abs(lam) * E_lam + z_prev, np.abs(lam) * E_x + x_t[:, :, None]


@EXERCISE.mistake(
    "lam is missing: the share of earlier steps fades and turns with the state, so the old traces "
    "are multiplied by lam."
)
def plain_sums(E_lam, E_x, z_prev, x_t, lam):
    """No lam."""
    return E_lam + z_prev, E_x + x_t[:, :, None]


@EXERCISE.mistake(
    "lam is conjugated: traces walk forward with the state, so it is lam itself. The conjugate "
    "belongs to the way back, where the loss comes in."
)
def lam_conjugated(E_lam, E_x, z_prev, x_t, lam):
    """conj(lam)."""
    return np.conj(lam) * E_lam + z_prev, np.conj(lam) * E_x + x_t[:, :, None]


@EXERCISE.mistake(
    "The trace of the inputs has lost its imaginary part: the input is real, but what is left of "
    "earlier ones has turned with the unit, and is complex."
)
def inputs_made_real(E_lam, E_x, z_prev, x_t, lam):
    """.real."""
    return lam * E_lam + z_prev, (lam * E_x).real + x_t[:, :, None]


@EXERCISE.mistake(
    "The inputs of all sequences go into every trace: each sequence of the batch has traces of its "
    "own, and its own row of x_t goes into them."
)
def batch_added_up(E_lam, E_x, z_prev, x_t, lam):
    """x_t.sum(axis=0)."""
    return lam * E_lam + z_prev, lam * E_x + x_t.sum(axis=0)[:, None]


@EXERCISE.alternative
def in_place_of_copies(E_lam, E_x, z_prev, x_t, lam):
    """On copies, with +=."""
    E_lam, E_x = E_lam * lam[None], E_x * lam[None, None]
    E_lam += z_prev
    E_x += x_t[..., np.newaxis]
    return E_lam, E_x


@EXERCISE.alternative
def with_einsum(E_lam, E_x, z_prev, x_t, lam):
    """Every product by its letters."""
    ones = np.ones(len(lam))
    return (
        np.einsum("bi,i->bi", E_lam, lam) + z_prev,
        np.einsum("bji,i->bji", E_x, lam) + np.einsum("bj,i->bji", x_t, ones),
    )
