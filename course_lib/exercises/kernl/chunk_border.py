"""Exercise: a chunk of steps at once, exact across its borders."""

from dataclasses import replace

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint, Problem, Rung
from course_lib.exercises.ladder.rungs import by_hand, gradient, holds, irregular, matches, shapes
from course_lib.exercises.ladder.watched import watched
from course_lib.scratch.kernl import chunk_border, trace_step

RETURNS = {"dW": "array", "E_C": "array"}


def small() -> Arrays:
    """Two sequences, four steps, five entries of v, three units."""
    return {
        "E_0": irregular(2, 5, 3),
        "v": irregular(2, 4, 5, shift=1),
        "d": irregular(2, 4, 3, shift=2) ** 2,
        "credit": irregular(2, 4, 3, shift=3),
        "gamma": np.array([0.0, 0.3, 1.2]),
    }


def one_step() -> Arrays:
    """A chunk of one step: nothing to gain, and nothing may change."""
    given = small()
    return {**given, **{name: given[name][:, :1] for name in ("v", "d", "credit")}}


def one_weight() -> Arrays:
    """One weight, two steps, and a trace of 8 that comes in; half is left at every step."""
    return {
        "E_0": np.array([[[8.0]]]),
        "v": np.array([[[2.0], [3.0]]]),
        "d": np.array([[[1.0], [1.0]]]),
        "credit": np.array([[[10.0], [100.0]]]),
        "gamma": np.array([np.log(2)]),
    }


def first_chunk() -> Arrays:
    """No trace comes in."""
    return {**small(), "E_0": np.zeros((2, 5, 3))}


def silent_chunk() -> Arrays:
    """Nothing happens in the chunk but a loss at its last step: all credit goes to E_0."""
    given = small()
    credit = np.zeros_like(given["credit"])
    credit[:, -1] = irregular(2, 3, shift=7)
    return {**given, "v": np.zeros_like(given["v"]), "credit": credit}


def forgetful() -> Arrays:
    """Units that forget at once, in a long chunk: nothing may be divided by what is left."""
    steps = {"v": (2, 32, 5), "d": (2, 32, 3), "credit": (2, 32, 3)}
    long = {name: irregular(*shape, shift=k) for k, (name, shape) in enumerate(steps.items())}
    return {**small(), **long, "gamma": np.array([0.01, 30.0, 700.0])}


def kernel_network() -> Arrays:
    """A network in which the kernel is the truth, with weights to differentiate by."""
    return {
        "v": irregular(2, 5, 4),
        "credit": irregular(2, 5, 3, shift=1),
        "gamma": np.array([0.0, 0.3, 1.2]),
        "W": irregular(4, 3, shift=3, scale=0.7),
    }


def as_one_chunk(function, given: Arrays) -> Arrays:
    """The gradient of a whole sequence, as one chunk that no trace comes into."""
    v, credit, gamma, W = given.values()
    d = 1 - np.tanh(v @ W) ** 2
    dW, _ = function(np.zeros((len(v), *W.shape)), v, d, credit, gamma)
    return {"dW": dW}


def loss(given: Arrays) -> float:
    """The loss of that network: its states are faded sums."""
    v, credit, gamma, W = given.values()
    total, kept = 0.0, np.zeros((len(v), W.shape[1]))
    for t in range(v.shape[1]):
        kept = np.exp(-gamma) * kept + np.tanh(v[:, t] @ W)
        total += np.sum(credit[:, t] * kept)
    return float(total)


def in_two_chunks(function, given: Arrays) -> Arrays:
    """Four steps at once, and one step followed by three."""
    E_0, v, d, credit, gamma = given.values()
    first, E_1 = function(E_0, v[:, :1], d[:, :1], credit[:, :1], gamma)
    second, E_2 = function(E_1, v[:, 1:], d[:, 1:], credit[:, 1:], gamma)
    dW, E_C = function(*given.values())
    return {"dW": dW, "E_C": E_C, "dW expected": first + second, "E_C expected": E_2}


def step_by_step(given: Arrays) -> Arrays:
    """The traces built at every step, and each step's gradient from them."""
    E_t, v, d, credit, gamma = given.values()
    dW = np.zeros(E_t.shape[1:])
    for t in range(v.shape[1]):
        E_t = trace_step(E_t, v[:, t], d[:, t], gamma)
        dW += np.einsum("bi,bji->ji", credit[:, t], E_t)
    return {"dW": dW, "E_C": E_t}


def long() -> Arrays:
    """Twelve steps, and sizes that can't be taken for one another."""
    return {
        "E_0": irregular(3, 7, 11),
        "v": irregular(3, 12, 7, shift=1),
        "d": irregular(3, 12, 11, shift=2) ** 2,
        "credit": irregular(3, 12, 11, shift=3),
        "gamma": 0.1 + irregular(11, shift=4) ** 2,
    }


def traces_built(function, given: Arrays) -> Arrays:
    """Whether something as large as all traces is made at each step, or for all steps at once.

    Facts and no counts, so that two ways to do the same are told the same.
    """
    E_0, v, d, credit, gamma = given.values()
    times, largest = [], 0
    for steps in (v.shape[1] // 2, v.shape[1]):
        sizes: list[int] = []
        now = (one[:, :steps] for one in (v, d, credit))
        function(*watched(sizes, E_0, *now, gamma))
        times.append(sizes.count(E_0.size))
        of_weights = [size for size in sizes if size % (v.shape[2] * d.shape[2]) == 0]
        largest = max(of_weights, default=0)
    at_once = largest >= E_0.size * v.shape[1]
    return {
        "step by step": not at_once and times[1] - times[0] >= v.shape[1] // 2,
        "at once": at_once,
    }


def as_many_for_any_chunk(given: Arrays, outputs: Arrays) -> Problem | None:
    """A longer chunk makes no more traces."""
    if outputs["at once"]:
        return Problem(
            "The numbers are right, but one array holds something for each weight, sequence *and* "
            "step: that is as large as the traces of all steps. Let one product sum over the steps."
        )
    if outputs["step by step"]:
        return Problem(
            "The numbers are right, but twice as many steps make twice as many arrays as large as "
            "all traces: traces are built step by step, as before. Ask at each step which losses "
            "it causes, and only vectors are left inside."
        )
    return None


EXERCISE = Exercise(
    reference=chunk_border,
    title="A chunk at once",
    goal="Get the same gradient and the same trace as step by step, without building a trace at "
    "every step.",
    difficulty=3,
    minutes=50,
    returns=RETURNS,
    equivalent={
        "C = v.shape[1] -> C = d.shape[1]": "v and d have the same steps",
        "later = np.zeros_like(credit -> later = -np.zeros_like(credit": (
            "it is zero still, and every entry is overwritten"
        ),
        "later = np.zeros_like(credit) -> later = np.ones_like(credit)": (
            "every entry is overwritten"
        ),
    },
    ladder=(
        shapes(small, dW=(5, 3), E_C=(2, 5, 3)),
        matches(
            "a chunk of one step is one step",
            one_step,
            step_by_step,
            "With C = 1 it is trace_step, and the credit times the new trace.",
        ),
        by_hand(
            one_weight,
            how="traces: 8 × 0.5 + 2 = 6, then 6 × 0.5 + 3 = 6;  dW = 10 × 6 + 100 × 6 = 660\n"
            "or: later = (10 + 0.5 × 100, 100) = (60, 100);  inside: 60 × 2 + 100 × 3 = 420;\n"
            "from E_0: 0.5 × 60 × 8 = 240;  together 660;  E_C = 0.25 × 8 + 0.5 × 2 + 3 = 6",
            dW=np.array([[660.0]]),
            E_C=np.array([[[6.0]]]),
        ),
        matches(
            "the first chunk, where no trace comes in",
            first_chunk,
            step_by_step,
            "With E_0 = 0 all credit goes to weights used inside the chunk.",
        ),
        replace(
            matches(
                "",
                silent_chunk,
                step_by_step,
                "With v = 0 in the chunk only the traces that came in can get credit.",
            ),
            name="a silent chunk: a late loss still reaches what came before",
        ),
        gradient(kernel_network, loss, as_one_chunk, dW="W"),
        holds(
            "two chunks are one",
            small,
            in_two_chunks,
            "Cutting the same steps elsewhere must not change anything.",
        ),
        matches("equal to the traces, step by step", small, step_by_step),
        matches(
            "right for units that forget at once",
            forgetful,
            step_by_step,
            "With gamma up to 700 and a chunk of 32 steps:",
        ),
        Rung(
            "no trace is built between the first and the last",
            long,
            as_many_for_any_chunk,
            traces_built,
            by_verdict=True,
        ),
    ),
    promises={
        "Equal to C times": (
            "equal to the traces, step by step",
            "no trace is built between the first and the last",
        ),
        "E_0: traces": "a silent chunk: a late loss still reaches what came before",
        "v: what": "it runs, and the shapes are right",
        "d: derivatives": "it runs, and the shapes are right",
        "credit: dh": "equal to centred differences of the loss",
        "gamma: decay": (
            "equal to the traces, step by step",
            "right for units that forget at once",
        ),
        "dW: shape": (
            "it runs, and the shapes are right",
            "equal to centred differences of the loss",
        ),
        "E_C: the traces": ("two chunks are one", "equal to the traces, step by step"),
    },
    hints=(
        Hint(
            "How can I get a gradient without traces?",
            "Change the order of the two sums. Step by step you ask, at each loss, which earlier "
            "steps caused it. Ask at each step instead which losses it causes: this step's, and "
            "all later ones of the chunk, each faded by the distance. That is `later[:, t]`, n "
            "numbers, and it follows from `later[:, t + 1]`.",
        ),
        Hint(
            "My gradient is right for the first chunk, but not for the second.",
            "What came in has faded once when the chunk's first step sees it. So E_0 gets the "
            "credit `decay * later[:, 0]`, sequence by sequence.",
            fits=(
                "credit stops at the border",
                "border not faded",
                "a silent chunk: a late loss still reaches what came before",
            ),
        ),
        Hint(
            "My outgoing trace is wrong.",
            "E_0 fades at all C steps: `decay**C`. What step t puts in fades at the C - 1 - t "
            "steps that follow it; the last step's part does not fade.",
            fits=(
                "trace starts afresh",
                "E 0 faded once",
                "fading turned round",
                "one decay too many",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "Walk back from the end: `later[:, t] = credit[:, t] + decay * later[:, t + 1]`. "
            "dW is the sum over batch and steps of v by `later * d`, plus that over the batch of "
            "E_0 times `decay * later[:, 0]`. E_C is `decay**C * E_0`, plus the sum over the steps "
            "of v times d times `decay**(C - 1 - t)`.",
        ),
    ),
)


def _later(credit, gamma):
    """The right credit of each step and what follows, for mistakes that get the rest wrong."""
    later = credit.copy()
    for t in reversed(range(credit.shape[1] - 1)):
        later[:, t] += np.exp(-gamma) * later[:, t + 1]
    return later


def _with(later, E_0, v, d, gamma, from_E_0=None):
    """The gradient from a given `later`, and the right trace."""
    decay = np.exp(-gamma)
    from_E_0 = decay * later[:, 0] if from_E_0 is None else from_E_0
    dW = np.einsum("btj,bti->ji", v, later * d) + np.einsum("bi,bji->ji", from_E_0, E_0)
    return dW, chunk_border(E_0, v, d, np.zeros_like(later), gamma)[1]


@EXERCISE.mistake(
    "The traces that come in get no credit: a loss in this chunk also concerns what happened "
    "before it. Add decay * later[:, 0] times E_0, summed over the batch."
)
def credit_stops_at_the_border(E_0, v, d, credit, gamma):
    """Truncation at the chunk."""
    return _with(_later(credit, gamma), E_0, v, d, gamma, from_E_0=np.zeros_like(credit[:, 0]))


@EXERCISE.mistake(
    "The traces that come in are not faded before the chunk's first step sees them: their credit "
    "is decay * later[:, 0]."
)
def border_not_faded(E_0, v, d, credit, gamma):
    """later[:, 0] as it is."""
    later = _later(credit, gamma)
    return _with(later, E_0, v, d, gamma, from_E_0=later[:, 0])


@EXERCISE.mistake(
    "Each step gets credit for its own loss only: it also gets that of the later steps of the "
    "chunk, faded. Walk back and add decay * later[:, t + 1]."
)
def own_loss_only(E_0, v, d, credit, gamma):
    """later = credit."""
    return _with(credit, E_0, v, d, gamma)


@EXERCISE.mistake(
    "A step's own credit is left out of `later`: its loss concerns what the step itself did as "
    "well, so add credit[:, t] before later[:, t] is kept."
)
def own_loss_left_out(E_0, v, d, credit, gamma):
    """later[:, t] kept before the step's own credit is added."""
    return _with(_later(credit, gamma) - credit, E_0, v, d, gamma)


@EXERCISE.mistake(
    "A step's own credit fades as well: only the credit of later steps has a way to go, so it is "
    "credit[:, t] + decay * later[:, t + 1]."
)
def own_credit_fades(E_0, v, d, credit, gamma):
    """decay * (credit[:, t] + later[:, t + 1])."""
    return _with(np.exp(-gamma) * _later(credit, gamma), E_0, v, d, gamma)


@EXERCISE.mistake(
    "The credit runs forward in time: a step would get the blame for losses *before* it. Walk from "
    "the last step of the chunk to its first."
)
def credit_runs_forward(E_0, v, d, credit, gamma):
    """The loop in the wrong direction."""
    return _with(_later(credit[:, ::-1], gamma)[:, ::-1], E_0, v, d, gamma)


@EXERCISE.mistake(
    "Later credit arrives without fading: on each step back it is multiplied by exp(-gamma)."
)
def later_credit_not_faded(E_0, v, d, credit, gamma):
    """A plain sum of what follows."""
    return _with(np.cumsum(credit[:, ::-1], axis=1)[:, ::-1], E_0, v, d, gamma)


@EXERCISE.mistake(
    "The trace starts afresh in every chunk: E_0 is part of what goes out, faded C times."
)
def trace_starts_afresh(E_0, v, d, credit, gamma):
    """E_C without E_0."""
    dW, E_C = chunk_border(E_0, v, d, credit, gamma)
    return dW, E_C - np.exp(-gamma) ** v.shape[1] * E_0


@EXERCISE.mistake(
    "E_0 fades once in the outgoing trace: it goes through all C steps of the chunk, so it is "
    "multiplied by decay**C."
)
def E_0_faded_once(E_0, v, d, credit, gamma):
    """decay * E_0."""
    dW, E_C = chunk_border(E_0, v, d, credit, gamma)
    decay = np.exp(-gamma)
    return dW, E_C + (decay - decay ** v.shape[1]) * E_0


@EXERCISE.mistake(
    "In the outgoing trace the early steps fade least: it is the other way round, step t fades at "
    "the C - 1 - t steps that follow it."
)
def fading_turned_round(E_0, v, d, credit, gamma):
    """decay**t."""
    dW, _ = chunk_border(E_0, v, d, credit, gamma)
    C, decay = v.shape[1], np.exp(-gamma)
    inside = np.einsum("btj,bti->bji", v, decay ** np.arange(C)[:, None] * d)
    return dW, decay**C * E_0 + inside


@EXERCISE.mistake(
    "The outgoing trace fades once too often: the last step's part goes out as it is, so step t "
    "fades C - 1 - t times."
)
def one_decay_too_many(E_0, v, d, credit, gamma):
    """decay**(C - t)."""
    dW, _ = chunk_border(E_0, v, d, credit, gamma)
    C, decay = v.shape[1], np.exp(-gamma)
    inside = np.einsum("btj,bti->bji", v, decay ** np.arange(C, 0, -1)[:, None] * d)
    return dW, decay**C * E_0 + inside


@EXERCISE.mistake(
    "d is missing inside the chunk: what a weight did at step t is v[t] times d[t], so later is "
    "multiplied by d."
)
def derivative_left_out(E_0, v, d, credit, gamma):
    """later without d."""
    _, E_C = chunk_border(E_0, v, d, credit, gamma)
    return _with(_later(credit, gamma), E_0, v, np.ones_like(d), gamma)[0], E_C


@EXERCISE.mistake(
    "d is missing in the outgoing trace: what step t adds to it is v[t] times d[t], or a saturated "
    "unit leaves as much behind as any other."
)
def derivative_left_out_of_the_trace(E_0, v, d, credit, gamma):
    """E_C without d."""
    dW, _ = chunk_border(E_0, v, d, credit, gamma)
    return dW, chunk_border(E_0, v, np.ones_like(d), credit, gamma)[1]


@EXERCISE.mistake(
    "A trace is built at every step, which is what a chunk is meant to avoid. Change the order of "
    "the two sums: ask at each step which losses it causes, this one and all later ones of the "
    "chunk, each faded by the distance. That takes a vector of n, not a trace."
)
def step_after_step(E_0, v, d, credit, gamma):
    """trace_step at every step; the numbers are right."""
    results = step_by_step({"E_0": E_0, "v": v, "d": d, "credit": credit, "gamma": gamma})
    return results["dW"], results["E_C"]


@EXERCISE.mistake(
    "The powers of decay are divided by each other: where a unit forgets at once they vanish, and "
    "0 / 0 is no number. Walk from step to step, or use powers of distances, never negative ones."
)
def divided_by_powers(E_0, v, d, credit, gamma):
    """cumsum(credit * powers) / powers."""
    C, decay = v.shape[1], np.exp(-gamma)
    powers = decay ** np.arange(1, C + 1)[:, None]
    later = np.cumsum((credit * powers)[:, ::-1], axis=1)[:, ::-1] / powers
    dW = np.einsum("btj,bti->ji", v, later * d)
    dW = dW + np.einsum("bi,bji->ji", decay * later[:, 0], E_0)
    return dW, decay**C * E_0 + np.einsum("btj,bti->bji", v, decay**C / powers * d)


@EXERCISE.mistake(
    "The outer products of v and d are made for all steps at once, or the traces themselves: that "
    "takes as much memory as a trace at every step. Sum over the steps with `np.einsum` or `@`, of "
    "v and one factor for each unit, and neither is made."
)
def all_outer_products(E_0, v, d, credit, gamma):
    """v[..., None] * d[..., None, :]; the numbers are right."""
    C, later = v.shape[1], _later(credit, gamma)
    outer = v[..., None] * d[:, :, None]
    dW = (outer * later[:, :, None]).sum(axis=(0, 1))
    dW += (E_0 * (np.exp(-gamma) * later[:, 0])[:, None]).sum(axis=0)
    left = np.exp(-gamma * np.arange(C)[::-1, None])
    return dW, np.exp(-gamma * C) * E_0 + (outer * left[:, None]).sum(axis=1)


@EXERCISE.mistake(
    "d stands inside the walk back, so that it piles up from step to step: credit only fades on "
    "its way to an earlier step. d is a factor of that step's own v alone."
)
def slopes_pile_up(E_0, v, d, credit, gamma):
    """later = d * (credit + decay * later)."""
    later, decay = d * credit, np.exp(-gamma)
    for t in reversed(range(credit.shape[1] - 1)):
        later[:, t] += d[:, t] * decay * later[:, t + 1]
    return _with(later, E_0, v, np.ones_like(d), gamma)[0], chunk_border(E_0, v, d, credit, gamma)[
        1
    ]


@EXERCISE.mistake(
    "`later` is divided by powers of decay. Where a unit forgets at once they are 0, and 0 / 0 is "
    "no number. Walk back from step to step: only multiplications are needed."
)
def later_divided_by_powers(E_0, v, d, credit, gamma):
    """A cumulative sum, then a division; the outgoing trace is right."""
    C = v.shape[1]
    powers = np.exp(-gamma * np.arange(1, C + 1)[:, None])
    faded = credit * powers
    later = np.cumsum(faded[:, ::-1], axis=1)[:, ::-1] / powers
    return _with(later, E_0, v, d, gamma, from_E_0=faded.sum(axis=1))


@EXERCISE.mistake(
    "The fading is undone by exp(gamma * t): for a unit that forgets at once that is infinite, and "
    "0 times infinity is no number. Walk from step to step, or use powers of distances, which only "
    "get smaller."
)
def fading_undone(E_0, v, d, credit, gamma):
    """exp(-gamma t), and exp(gamma t) to take it back."""
    with np.errstate(all="ignore"):
        t = np.arange(1, v.shape[1] + 1)[:, None]
        down, up = np.exp(-gamma * t), np.exp(gamma * t)
        later = np.cumsum((credit * down)[:, ::-1], axis=1)[:, ::-1] * up
        dW, _ = _with(later, E_0, v, d, gamma, from_E_0=np.sum(credit * down, axis=1))
        return dW, down[-1] * (E_0 + np.einsum("btj,bti->bji", v, up * d))


@EXERCISE.alternative
def joined_at_the_end(E_0, v, d, credit, gamma):
    """The steps' credit in a list; products of all steps in place of einsum."""
    after, back = np.zeros_like(credit[:, 0]), []
    for now in np.moveaxis(credit, 1, 0)[::-1]:
        after = now + np.exp(-gamma) * after
        back.append(after)
    later = np.stack(back[::-1], axis=1)
    inside = np.tensordot(v, d * later, axes=((0, 1), (0, 1)))
    before = np.sum(E_0 * (np.exp(-gamma) * later[:, 0])[:, None], axis=0)
    to_the_end = np.arange(v.shape[1])[::-1, None]
    left = np.swapaxes(v, 1, 2) @ (d * np.exp(-gamma * to_the_end))
    return inside + before, np.exp(-gamma * v.shape[1]) * E_0 + left


@EXERCISE.alternative
def with_a_matrix_of_powers(E_0, v, d, credit, gamma):
    """No loop at all: every pair of steps at once."""
    C = v.shape[1]
    lag = np.arange(C) - np.arange(C)[:, None]  # [s, t]: how long after s is t
    powers = np.where(lag[..., None] >= 0, np.exp(-gamma * np.maximum(lag, 0)[..., None]), 0)
    later = np.einsum("sti,bti->bsi", powers, credit)
    dW = np.einsum("bsj,bsi->ji", v, later * d)
    dW += ((np.exp(-gamma) * later[:, 0])[:, None] * E_0).sum(axis=0)
    E_C = np.exp(-gamma * C) * E_0 + np.einsum("bsj,bsi->bji", v, powers[:, -1] * d)
    return dW, E_C
