"""Exercise: fit a kernel whose modes fade and turn, by regression."""

from dataclasses import replace

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.ladder.rungs import by_hand, holds, irregular, matches, shapes
from course_lib.scratch.kernl_modes import fit_modes, nudged

RETURNS = {"beta": "complex"}


def small() -> Arrays:
    """Four sequences of seven steps, three units; the tangents are no kernel's."""
    return {
        "psi": irregular(4, 7, 3),
        "tangent": irregular(4, 7, 3, shift=1),
        "gamma": np.array([0.1, 0.4]),
        "omega": np.array([0.0, 1.1]),
    }


def two_modes() -> Arrays:
    """One unit, nudged once: what it does later is 2, plus an oscillation that halves."""
    return {
        "psi": np.array([[[1.0], [0.0], [0.0], [0.0]]]),
        "tangent": np.array([[[6.0], [6.0], [1.0], [1.0]]]),
        "gamma": np.log([1.0, 2.0]),
        "omega": np.array([0.0, np.pi / 2]),
    }


def one_way() -> Arrays:
    """Two units; a nudge of unit 0 moves unit 1, and nothing moves unit 0 but its own nudges."""
    psi = irregular(3, 6, 2)
    return {
        "psi": psi,
        "tangent": nudged(np.zeros_like(psi), np.array([[0.5, 0.8], [0.0, 0.5]]), psi),
        "gamma": np.array([np.log(2)]),
        "omega": np.array([0.0]),
    }


def turning_network() -> Arrays:
    """A linear network of two units that turn together: its powers are one mode."""
    turn = np.exp(-0.2) * np.array([[np.cos(0.9), np.sin(0.9)], [-np.sin(0.9), np.cos(0.9)]])
    psi = irregular(3, 6, 2)
    return {
        "psi": psi,
        "tangent": nudged(np.zeros_like(psi), turn, psi),
        "gamma": np.array([0.2]),
        "omega": np.array([0.9]),
    }


def one_hardly_nudged() -> Arrays:
    """Of the three units, the last is nudged a hundredth as far as the others."""
    given = small()
    return {**given, "psi": given["psi"] * np.array([1.0, 1.0, 0.01])}


def whole_numbers() -> Arrays:
    """Nudges of whole numbers, as a coin gives them."""
    given = two_modes()
    return {**given, "psi": given["psi"].astype(int), "tangent": given["tangent"].astype(int)}


def powers(given: Arrays) -> np.ndarray:
    """λ^τ of each mode and lag, complex, shape (M, T)."""
    lags = np.arange(given["psi"].shape[1])
    return np.exp((-given["gamma"] + 1j * given["omega"])[:, None] * lags)


def by_normal_equations(given: Arrays) -> Arrays:
    """The definition: every regressor as a sum over lags, and the normal equations, unit by unit.

    A mode without a sine has no column for it.
    """
    psi, tangent, _, omega = given.values()
    batch, T, n = psi.shape
    lam = powers(given)
    columns, places = [], []
    for r in range(len(omega)):
        for part in ("real", "imag") if 0 < omega[r] < np.pi else ("real",):
            for i in range(n):
                column = np.zeros((batch, T))
                for t in range(T):
                    for s in range(t + 1):
                        column[:, t] += getattr(lam[r, t - s], part) * psi[:, s, i]
                columns.append(column.ravel())
                places.append((r, i, 1 if part == "real" else -1j))
    A = np.stack(columns, axis=1)
    beta = np.zeros((len(omega), n, n), dtype=complex)
    for k in range(n):
        solved = np.linalg.solve(A.T @ A, A.T @ tangent[:, :, k].ravel())
        for (r, i, unit), value in zip(places, solved, strict=True):
            beta[r, k, i] += unit * value
    return {"beta": beta}


def predicted(given: Arrays, beta: np.ndarray) -> np.ndarray:
    """What a kernel says that the nudges have moved, (batch, T, n)."""
    psi, lam = given["psi"], powers(given)
    S = np.einsum("rki,rt->tki", beta, lam).real
    moved = np.zeros(psi.shape)
    for t in range(psi.shape[1]):
        for s in range(t + 1):
            moved[:, t] += psi[:, s] @ S[t - s].T
    return moved


def of_its_own_prediction(function, given: Arrays) -> Arrays:
    """Fit, predict, and fit to the prediction: the same kernel must come out."""
    first = function(*given.values())
    again = {**given, "tangent": predicted(given, np.asarray(first))}
    second = function(*again.values())
    return {"beta": second, "beta expected": first}


def what_is_left(function, given: Arrays) -> Arrays:
    """What the prediction misses has nothing to do with any faded nudge any more."""
    left = given["tangent"] - predicted(given, np.asarray(function(*given.values())))
    lam = powers(given)
    psi, T = given["psi"], given["psi"].shape[1]
    z = np.zeros((len(lam), *psi.shape), dtype=complex)
    for t in range(T):
        for s in range(t + 1):
            z[:, :, t] += lam[:, t - s, None, None] * psi[:, s]
    # As of float32, for answers in float32: their digits are judged by a rung of its own.
    overlap = np.einsum("rbti,btk->rki", z, left).astype(np.complex64)
    return {"overlap": overlap, "overlap expected": np.zeros_like(overlap)}


EXERCISE = Exercise(
    reference=fit_modes,
    title="Fit a kernel that turns",
    goal="Find the sensitivities of modes that fade and turn, from the effect of the nudges.",
    difficulty=3,
    minutes=50,
    returns=RETURNS,
    equivalent={
        "batch, T, n = psi.shape -> batch, T, n = tangent.shape": "they have one shape",
        "z = np.zeros((len(gamma -> z = -np.zeros((len(gamma": "it is zero still",
        "= np.zeros((len(gamma), batch, n)) -> = np.zeros((len(omega), batch, n))": (
            "there are as many"
        ),
        "solved.reshape(2, len(gamma), n, n).swapaxes -> solved.reshape(2, len(omega), n, n)"
        ".swapaxes": "there are as many",
        "rows.append(np.hstack([*z -> rows.extend(np.hstack([*z": (
            "the rows are put under each other afterwards, one by one or step by step"
        ),
        "tangent.swapaxes(0, 1)) -> tangent.swapaxes(1, 0))": "the same two axes",
        " n, n).swapaxes(2, 3) ->  n, n).swapaxes(3, 2)": "the same two axes",
        "vstack(rows), targets, rcond=None)[0] -> vstack(rows), targets)[0]": (
            "the same, from NumPy 2 on"
        ),
        " targets, rcond=None)[0] ->  targets, rcond=0)[0]": (
            "it only says how near to zero a column counts as zero"
        ),
    },
    promises={
        "Every step of every sequence": "nothing is left that a better fit would find",
        "counts in full at its own step": "a case small enough to do by hand",
        "A nudge of unit i moves": "its own prediction gives the same kernel",
        "nudges, shape": "a case small enough to do by hand",
        "how far all nudges so far": (
            "equal to the normal equations, column by column",
            "a unit that is hardly nudged is fitted like the others",
        ),
        "decay and angle of each mode": "a network that turns is one mode, exactly",
        "complex, shape (M, n, n)": "it runs, and the shapes are right",
        "Where omega[r] is 0 or pi": "modes that only fade or alternate have real sensitivities",
    },
    ladder=(
        shapes(small, beta=(2, 3, 3)),
        by_hand(
            two_modes,
            how="the first mode stays: 1, 1, 1, 1\n"
            "the second turns by a quarter and halves: 1, i/2, -1/4, -i/8\n"
            "6, 6, 1, 1 = 2 × (1, 1, 1, 1) + 4 × (1, 0, -1/4, 0) + 8 × (0, 1/2, 0, -1/8)\n"
            "so the first has 2, the second 4 for its cosine and 8 for its sine:\n"
            "Re((4 - 8i)(i/2)) = 4, so beta = 4 - 8i",
            beta=np.array([[[2.0]], [[4.0 - 8.0j]]]),
        ),
        matches(
            "the later unit is the row",
            one_way,
            by_normal_equations,
            "A nudge of unit 0 moves unit 1, and not the other way round.",
        ),
        matches(
            "a network that turns is one mode, exactly",
            turning_network,
            lambda given: {"beta": np.array([[[1, 1j], [-1j, 1]]])},
            "Each unit moves itself by the cosine and the other by the sine, with either sign.",
        ),
        matches(
            "whole numbers in, floating point out",
            whole_numbers,
            lambda given: {"beta": np.array([[[2.0]], [[4.0 - 8.0j]]])},
            "Nudges of whole numbers are nudges like others.",
        ),
        replace(
            holds(
                "",
                small,
                what_is_left,
                "What a fit by least squares misses has no overlap with any of its regressors.",
                known=True,
            ),
            name="nothing is left that a better fit would find",
        ),
        holds(
            "its own prediction gives the same kernel",
            small,
            of_its_own_prediction,
            "Tangents that a kernel predicts are explained by that kernel.",
        ),
        matches("equal to the normal equations, column by column", small, by_normal_equations),
        matches(
            "a unit that is hardly nudged is fitted like the others",
            one_hardly_nudged,
            by_normal_equations,
            "The last of three units was nudged a hundredth as far as the other two.",
        ),
        holds(
            "modes that only fade or alternate have real sensitivities",
            lambda: {**small(), "omega": np.array([0.0, np.pi])},
            lambda function, given: {
                "imaginary part": np.imag(function(*given.values())),
                "imaginary part expected": np.zeros((2, 3, 3)),
            },
            "A mode with omega 0 or pi has no sine.",
            known=True,
        ),
    ),
    hints=(
        Hint(
            "What is the regression here?",
            "What is known of a step, what is to be explained, and what is to be found? How many "
            "samples does one sequence of T steps give?",
        ),
        Hint(
            "Which shapes meet?",
            "To be explained: (batch × T, n). Known: the M faded and turned sums of the nudges, "
            "each with a real and an imaginary part: (batch × T, 2 M n). To be found: what leads "
            "from the one to the other, (2 M n, n).",
            fits=(
                "later unit in the column",
                "cut in another order",
                "mode by mode",
                "each unit by itself",
                "mean of the fits",
                "running sums",
                "it runs, and the shapes are right",
                "the later unit is the row",
            ),
        ),
        Hint(
            "How do complex numbers come into a real regression?",
            "The real part of (a + ib) z is a times the real part of z minus b times its imaginary "
            "part. So the real and the imaginary part of each sensitivity are two real unknowns.",
            fits=("sine turned round", "cosines alone", "complex regression"),
        ),
        Hint(
            "Show me the recipe.",
            "At each step `z = lam * z + psi[:, t]`. Put `z.real` and `-z.imag` side by side, one "
            "row for each sequence and step, and give all rows and all tangents to "
            "`np.linalg.lstsq`. Then cut what comes out into blocks, and transpose each, so that "
            "the later unit is the row.",
        ),
    ),
)


def _sums(psi, gamma, omega, fresh=True):
    """z of every step, (M, batch, T, n); `fresh`: the nudge of a step counts in full."""
    lam = np.exp(-gamma + 1j * omega)[:, None, None]
    z = np.zeros((len(gamma), *psi[:, 0].shape), dtype=complex)
    out = []
    for t in range(psi.shape[1]):
        z = lam * z + psi[:, t] if fresh else lam * (z + psi[:, t])
        out.append(z)
    return np.stack(out, axis=2)


def _least_squares(rows, wanted):
    return np.linalg.lstsq(rows, wanted)[0]


def _solved(z, tangent, solve=_least_squares):
    """A regression on given sums; `solve`: from regressors and tangents to what they weigh."""
    M, batch, T, n = z.shape
    rows = np.concatenate([z.real, -z.imag]).transpose(1, 2, 0, 3).reshape(batch * T, -1)
    solved = solve(rows, tangent.reshape(-1, n))
    solved = solved.reshape(2, M, n, n).swapaxes(2, 3)
    return solved[0] + 1j * solved[1]


@EXERCISE.mistake(
    "The sensitivities are transposed: in beta[r, k, i] the row k is the later unit, which is "
    "explained, and the column i the one that was nudged."
)
def later_unit_in_the_column(psi, tangent, gamma, omega):
    """The blocks as they come out of lstsq."""
    return fit_modes(psi, tangent, gamma, omega).swapaxes(1, 2)


@EXERCISE.mistake("The sine has the wrong sign: Re((a + ib) z) is a times Re z minus b times Im z.")
def sine_turned_round(psi, tangent, gamma, omega):
    """The conjugate."""
    return fit_modes(psi, tangent, gamma, omega).conj()


@EXERCISE.mistake(
    "The sine is left out: what comes a quarter turn later than the cosine can't be explained by "
    "it. Give the imaginary part of each sum to the regression too."
)
def cosines_alone(psi, tangent, gamma, omega):
    """The real part of z as the only regressor."""
    z = _sums(psi, gamma, omega)
    return _solved(z.real + 0j, tangent)


@EXERCISE.mistake(
    "Only the last step of each sequence is used: every step is a sample of the regression."
)
def last_step_alone(psi, tangent, gamma, omega):
    """One row a sequence."""
    z = _sums(psi, gamma, omega)
    return _solved(z[:, :, -1:], tangent[:, -1:])


@EXERCISE.mistake(
    "Each mode is fitted as if it were alone, so what two modes have in common is counted twice: "
    "fit all of them in one regression."
)
def mode_by_mode(psi, tangent, gamma, omega):
    """One regression a mode."""
    z = _sums(psi, gamma, omega)
    return np.concatenate([_solved(z[r : r + 1], tangent) for r in range(len(gamma))])


@EXERCISE.mistake(
    "Each unit is explained by its own nudges alone: units move each other, so all nudges belong "
    "in one regression."
)
def each_unit_by_itself(psi, tangent, gamma, omega):
    """A diagonal kernel."""
    z, n = _sums(psi, gamma, omega), psi.shape[2]
    beta = np.zeros((len(gamma), n, n), dtype=complex)
    for i in range(n):
        beta[:, i, i] = _solved(z[..., i : i + 1], tangent[..., i : i + 1])[:, 0, 0]
    return beta


@EXERCISE.mistake(
    "The nudge of a step has faded and turned already when it is compared with the tangent of the "
    "same step: it is added after lam has been applied."
)
def new_nudge_turned(psi, tangent, gamma, omega):
    """A bracket too wide."""
    return _solved(_sums(psi, gamma, omega, fresh=False), tangent)


@EXERCISE.mistake(
    "The sums neither fade nor turn: before a nudge is added, the old sum is multiplied by lam."
)
def running_sums(psi, tangent, gamma, omega):
    """lam left out."""
    return _solved(_sums(psi, 0 * gamma, 0 * omega), tangent)


@EXERCISE.mistake(
    "A regression is made for each sequence, and the results are averaged: the mean of the best "
    "fits is not the best fit of all. Stack the rows of all sequences."
)
def mean_of_the_fits(psi, tangent, gamma, omega):
    """One regression a sequence."""
    fits = [fit_modes(psi[b : b + 1], tangent[b : b + 1], gamma, omega) for b in range(len(psi))]
    return np.mean(fits, axis=0)


@EXERCISE.mistake(
    "The overlap of nudges and tangents is taken for the solution: it has to be divided by the "
    "overlap of the regressors with each other, which are not independent."
)
def overlap_for_solution(psi, tangent, gamma, omega):
    """Features transposed times tangents, over the number of samples."""
    z = _sums(psi, gamma, omega)
    return np.einsum("rbti,btk->rki", z.conj(), tangent) / (psi.shape[0] * psi.shape[1])


@EXERCISE.mistake(
    "That is a regression of complex numbers: it asks the whole sum of beta z to be the tangent, "
    "its imaginary part to be zero, but only the real part counts. Make it real: Re z and -Im z "
    "side by side, and twice as many unknowns."
)
def complex_regression(psi, tangent, gamma, omega):
    """lstsq of z itself."""
    z = _sums(psi, gamma, omega)
    M, batch, T, n = z.shape
    rows = z.transpose(1, 2, 0, 3).reshape(batch * T, -1)
    solved = np.linalg.lstsq(rows, tangent.reshape(-1, n).astype(complex))[0]
    return solved.reshape(M, n, n).swapaxes(1, 2)


@EXERCISE.mistake(
    "The regression has an intercept, a column of ones: it explains a part of the tangents by "
    "nothing that was nudged. Without a nudge nothing moves, so leave the column out."
)
def intercept(psi, tangent, gamma, omega):
    """A column of ones beside the others."""

    def solve(rows, wanted):
        return _least_squares(np.column_stack([rows, np.ones(len(rows))]), wanted)[:-1]

    return _solved(_sums(psi, gamma, omega), tangent, solve)


@EXERCISE.mistake(
    "Large sensitivities are punished, as in a ridge regression: what was asked for is plain least "
    "squares, so nothing is added to the overlap of the regressors."
)
def ridge(psi, tangent, gamma, omega):
    """A thousandth on the diagonal."""

    def solve(rows, wanted):
        return np.linalg.solve(rows.T @ rows + 1e-3 * np.eye(rows.shape[1]), rows.T @ wanted)

    return _solved(_sums(psi, gamma, omega), tangent, solve)


@EXERCISE.mistake(
    "What lstsq gives is cut up in another order than its columns were laid in: if all cosines "
    "come before all sines, its blocks are (2, M, n, n), and not (M, 2, n, n)."
)
def cut_in_another_order(psi, tangent, gamma, omega):
    """reshape(M, 2, n, n)."""
    beta = fit_modes(psi, tangent, gamma, omega).swapaxes(1, 2)
    M, n, _ = beta.shape
    blocks = np.concatenate([beta.real, beta.imag]).reshape(M, 2, n, n)
    return (blocks[:, 0] + 1j * blocks[:, 1]).swapaxes(1, 2)


@EXERCISE.alternative
def with_a_pseudo_inverse(psi, tangent, gamma, omega):
    """All lags at once, real columns only where they are not zero, and pinv."""
    batch, T, n = psi.shape
    lag = np.arange(T)[:, None] - np.arange(T)
    lam = np.exp(-gamma + 1j * omega)[:, None, None]
    powers = np.where(lag >= 0, lam ** np.maximum(lag, 0), 0)
    z = np.einsum("rts,bsi->btri", powers, psi)
    columns = np.concatenate([z.real, z.imag], axis=2).reshape(batch * T, -1)
    solved = np.linalg.pinv(columns) @ tangent.reshape(batch * T, n)
    re, im = solved.reshape(2, len(gamma), n, n)
    return np.transpose(re - 1j * im, (0, 2, 1))


@EXERCISE.alternative
def unit_by_unit(psi, tangent, gamma, omega):
    """One regression for each later unit, with the cosines and sines named."""
    batch, T, n = psi.shape
    M = len(gamma)
    cosine, sine = np.zeros((2, M, batch, T, n))
    for t in range(T):
        for s in range(t + 1):
            faded = np.exp(-gamma * (t - s))
            angle = omega * (t - s)
            cosine[:, :, t] += (faded * np.cos(angle))[:, None, None] * psi[:, s]
            sine[:, :, t] += (faded * np.sin(angle))[:, None, None] * psi[:, s]
    A = np.concatenate([cosine, sine]).transpose(1, 2, 0, 3).reshape(batch * T, 2 * M * n)
    beta = np.zeros((M, n, n), dtype=complex)
    for k in range(n):
        w, *_ = np.linalg.lstsq(A, tangent[..., k].ravel())
        w = w.reshape(2, M, n)
        beta[:, k] = w[0] - 1j * w[1]
    return beta
