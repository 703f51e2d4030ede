"""Exercise: where the eigenvalues of an LRU start."""

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.ladder.rungs import by_hand, irregular, matches, shapes
from course_lib.scratch.diagonal import ring

RETURNS = {"nu_log": "array", "theta_log": "array", "gamma_log": "array"}


def small() -> Arrays:
    """Five units on a ring, two of them at its edges; so little is more than rounding."""
    u, v = (0.5 + 0.45 * irregular(5, shift=shift) for shift in (0, 1))
    u[[1, 3]] = 1e-5, 1 - 1e-5
    v[[0, 4]] = 1e-5, 1 - 1e-5
    return {
        "u": u,
        "v": v,
        "r_min": 0.6,
        "r_max": 0.95,
        "max_phase": 2.5,
    }


def one_unit() -> Arrays:
    """Half-way through the area of the ring from 0.6 to 1, and a quarter of the way round."""
    return {
        "u": np.array([0.5]),
        "v": np.array([0.25]),
        "r_min": 0.6,
        "r_max": 1.0,
        "max_phase": 2 * np.pi,
    }


def many_units() -> Arrays:
    """Evenly spread numbers for four thousand units; a wide ring."""
    return {
        "u": (np.arange(4_000) + 0.5) / 4_000,
        "v": (np.arange(4_000) * 0.618033988749895 + 0.25) % 1,
        "r_min": 0.2,
        "r_max": 0.9,
        "max_phase": 3.0,
    }


def whole_disc() -> Arrays:
    """From r_min = 0 to r_max = 1 and a tiny phase: the whole disc, cut to a thin slice."""
    return {**small(), "r_min": 0.0, "r_max": 1.0, "max_phase": 0.1}


def lam_of(nu_log, theta_log):
    """The eigenvalues that two parameters stand for."""
    return np.exp(-np.exp(nu_log) + 1j * np.exp(theta_log))


def eigenvalues(function, given: Arrays) -> Arrays:
    """Radii and phases of the learner's units."""
    nu_log, theta_log, _ = function(*given.values())
    lam = lam_of(nu_log, theta_log)
    return {"|lam|": np.abs(lam), "phase": np.angle(lam)}


def where_they_belong(given: Arrays) -> Arrays:
    """The radius at which the area inside is the share u of the ring's; the phase is v's share."""
    u, v, r_min, r_max, max_phase = given.values()
    inside = np.pi * r_min**2 + u * (np.pi * r_max**2 - np.pi * r_min**2)
    return {"|lam|": np.sqrt(inside / np.pi), "phase": v * max_phase}


def shares(function, given: Arrays) -> Arrays:
    """What part of the units lies in each of four rings of equal area."""
    nu_log, theta_log, _ = function(*given.values())
    squares = np.abs(lam_of(nu_log, theta_log)) ** 2
    edges = np.linspace(given["r_min"] ** 2, given["r_max"] ** 2, 5)
    counts, _ = np.histogram(squares, edges)
    return {"share of the units": counts / len(squares)}


def a_quarter_each(_: Arrays) -> Arrays:
    """Equal areas, equal shares."""
    return {"share of the units": np.full(4, 0.25)}


def loudness(function, given: Arrays) -> Arrays:
    """E|z|² of a unit that reads white noise: the sum of what is left of each earlier step."""
    nu_log, theta_log, gamma_log = function(*given.values())
    square = np.abs(lam_of(nu_log, theta_log)) ** 2
    total, left = np.zeros_like(square), np.ones_like(square)
    for _step in range(2_000):
        total += left
        left = left * square
    return {"E|z|²": np.exp(gamma_log) ** 2 * total}


def one_each(given: Arrays) -> Arrays:
    """Every unit comes to 1."""
    return {"E|z|²": np.ones_like(given["u"])}


EXERCISE = Exercise(
    reference=ring,
    title="A ring to start on",
    goal="Choose how units fade and turn at the start, so that no unit is louder than another "
    "and no part of the ring is crowded.",
    difficulty=2,
    minutes=25,
    returns=RETURNS,
    ladder=(
        shapes(small, nu_log=(5,), theta_log=(5,), gamma_log=(5,)),
        by_hand(
            one_unit,
            how="|lam|² lies half-way between 0.36 and 1: 0.68, so |lam| = 0.824621; "
            "nu_log = log(-log 0.824621) = -1.645979\n"
            "phase = 0.25 × 2 pi, theta_log = log(1.570796) = 0.451583;  "
            "gamma_log = log(sqrt(1 - 0.68)) = -0.569717",
            nu_log=np.log(-np.log(np.sqrt([0.68]))),
            theta_log=np.log([np.pi / 2]),
            gamma_log=np.log(np.sqrt([0.32])),
        ),
        matches(
            "radii and phases are where u and v say",
            small,
            where_they_belong,
            "With lam = exp(-exp(nu_log) + i exp(theta_log)):",
            eigenvalues,
        ),
        matches(
            "a disc is a ring too",
            whole_disc,
            where_they_belong,
            "With r_min = 0, r_max = 1 and phases up to 0.1:",
            eigenvalues,
        ),
        matches(
            "equal areas get equally many units",
            many_units,
            a_quarter_each,
            "Cut the ring into four rings of the same area:",
            shares,
        ),
        matches(
            "white noise makes every unit equally loud",
            small,
            one_each,
            "Fed with white noise of variance 1 for a long time:",
            loudness,
        ),
    ),
    promises={
        "With lam = exp": "radii and phases are where u and v say",
        "Source: ": "scaffold: where it comes from",
        "u: numbers": "radii and phases are where u and v say",
        "u: |lam| grows": "radii and phases are where u and v say",
        "v: numbers": "radii and phases are where u and v say",
        "v: the phase grows": "radii and phases are where u and v say",
        "r_min, r_max": ("a disc is a ring too", "a case small enough to do by hand"),
        "max_phase: the largest": "radii and phases are where u and v say",
        "max_phase: the smallest": "a disc is a ring too",
        "nu_log, theta_log, gamma_log: shape": "it runs, and the shapes are right",
        "nu_log, theta_log, gamma_log: The lam": "equal areas get equally many units",
        "nu_log, theta_log, gamma_log: With exp(": "white noise makes every unit equally loud",
    },
    hints=(
        Hint(
            "Why not simply a uniform radius?",
            "Draw two thin rings of the same width, one close to the centre and one far out. "
            "Which has the larger area? Which quantity has to be uniform so that both are filled "
            "equally densely?",
        ),
        Hint(
            "I have the radius. What is nu_log?",
            "|lam| = exp(-exp(nu_log)). Undo the two exponentials, one after the other, and mind "
            "the minus sign: the logarithm of a number below 1 is negative.",
            fits=("one logarithm short", "square for the radius"),
        ),
        Hint(
            "How loud is a unit?",
            "Call the input's factor f, which is exp(gamma_log). At each step noise of variance f² "
            "comes in, and |lam|² of the variance that was there is kept. When does it no longer "
            "change?",
            fits=(
                "no root in gamma",
                "gamma for a steady input",
                "square forgotten in gamma",
                "white noise makes every unit equally loud",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "`radius_squared = r_min**2 + u * (r_max**2 - r_min**2)`. nu_log is the log of minus "
            "half the log of `radius_squared`; theta_log the log of `max_phase * v`; gamma_log "
            "half the log of `1 - radius_squared`.",
        ),
    ),
)


def _from(radius, phase):
    """The three parameters of a radius and a phase."""
    return np.log(-np.log(radius)), np.log(phase), 0.5 * np.log(1 - radius**2)


def _radius(u, r_min, r_max):
    return np.sqrt(r_min**2 + u * (r_max**2 - r_min**2))


@EXERCISE.mistake(
    "The radius is uniform, so the inner part of the ring is crowded: it has less area for the "
    "same width. Let the square of the radius be uniform."
)
def uniform_radius(u, v, r_min, r_max, max_phase):
    """r_min + u (r_max - r_min)."""
    return _from(r_min + u * (r_max - r_min), max_phase * v)


@EXERCISE.mistake(
    "The root is taken of u alone, which is right for a disc, where r_min is 0: in a ring the "
    "square of the radius starts at r_min², so add that before you take the root."
)
def root_of_the_share(u, v, r_min, r_max, max_phase):
    """r_min + sqrt(u) (r_max - r_min)."""
    return _from(r_min + np.sqrt(u) * (r_max - r_min), max_phase * v)


@EXERCISE.mistake(
    "nu_log is -log|lam| itself: it is the logarithm of that, since |lam| = exp(-exp(nu_log))."
)
def one_logarithm_short(u, v, r_min, r_max, max_phase):
    """-log r."""
    _, theta_log, gamma_log = ring(u, v, r_min, r_max, max_phase)
    return -np.log(_radius(u, r_min, r_max)), theta_log, gamma_log


@EXERCISE.mistake(
    "theta_log is given as the phase itself: the phase is exp(theta_log), so take its logarithm."
)
def phase_without_its_logarithm(u, v, r_min, r_max, max_phase):
    """max_phase v."""
    nu_log, _, gamma_log = ring(u, v, r_min, r_max, max_phase)
    return nu_log, max_phase * v, gamma_log


@EXERCISE.mistake(
    "The square of the radius is taken for the radius: |lam| is its root, so half of its logarithm."
)
def square_for_the_radius(u, v, r_min, r_max, max_phase):
    """The half is missing."""
    _, theta_log, gamma_log = ring(u, v, r_min, r_max, max_phase)
    return np.log(-2 * np.log(_radius(u, r_min, r_max))), theta_log, gamma_log


@EXERCISE.mistake(
    "exp(gamma_log) is 1 - |lam|², without the root. But it multiplies the input, so its square is "
    "the variance that comes in."
)
def no_root_in_gamma(u, v, r_min, r_max, max_phase):
    """log(1 - r²)."""
    nu_log, theta_log, gamma_log = ring(u, v, r_min, r_max, max_phase)
    return nu_log, theta_log, 2 * gamma_log


@EXERCISE.mistake(
    "exp(gamma_log) is 1 - |lam|: that makes a steady input come to 1, but noise adds up by its "
    "variance, and of that the square of |lam| is left at each step."
)
def gamma_for_a_steady_input(u, v, r_min, r_max, max_phase):
    """log(1 - r)."""
    nu_log, theta_log, _ = ring(u, v, r_min, r_max, max_phase)
    return nu_log, theta_log, np.log(1 - _radius(u, r_min, r_max))


@EXERCISE.mistake(
    "exp(gamma_log) is a root, but of 1 - |lam|: noise adds up by its variance, and of that the "
    "square of |lam| is left at each step."
)
def square_forgotten_in_gamma(u, v, r_min, r_max, max_phase):
    """log(sqrt(1 - r))."""
    nu_log, theta_log, _ = ring(u, v, r_min, r_max, max_phase)
    return nu_log, theta_log, 0.5 * np.log(1 - _radius(u, r_min, r_max))


@EXERCISE.mistake(
    "The phases go once round the whole circle: the largest one is max_phase, and v is the share "
    "of it."
)
def whole_circle(u, v, r_min, r_max, max_phase):
    """2 pi v."""
    return _from(_radius(u, r_min, r_max), 2 * np.pi * v)


@EXERCISE.mistake(
    "The phase is the size of max_phase (2 v - 1), as if units could turn either way: theta_log is "
    "a logarithm, so they turn one way, and the phase is the share v of max_phase."
)
def phases_on_both_sides(u, v, r_min, r_max, max_phase):
    """max_phase (2 v - 1)."""
    return _from(_radius(u, r_min, r_max), np.abs(max_phase * (2 * v - 1)))


@EXERCISE.mistake(
    "The difference of the radii is squared: what grows evenly is the square of the radius, from "
    "r_min² to r_max², so it is the difference of the squares."
)
def difference_squared(u, v, r_min, r_max, max_phase):
    """(r_max - r_min)²."""
    radius_squared = r_min**2 + u * (r_max - r_min) ** 2
    return (
        np.log(-0.5 * np.log(radius_squared)),
        np.log(max_phase * v),
        0.5 * np.log(1 - radius_squared),
    )


@EXERCISE.alternative
def by_complex_numbers(u, v, r_min, r_max, max_phase):
    """The eigenvalues first, their parameters from them."""
    radius = ((1 - u) * r_min**2 + u * r_max**2) ** 0.5
    lam = radius * np.exp(1j * max_phase * v)
    return (
        np.log(-np.log(np.abs(lam))),
        np.log(max_phase) + np.log(v),
        np.log(np.sqrt((1 - np.abs(lam)) * (1 + np.abs(lam)))),
    )


@EXERCISE.alternative
def unit_by_unit(u, v, r_min, r_max, max_phase):
    """A loop."""
    rows = []
    for one, turn in zip(u, v, strict=True):
        square = r_min * r_min + one * (r_max + r_min) * (r_max - r_min)
        rows.append(
            [
                np.log(-np.log(square) / 2),
                np.log(max_phase * turn),
                np.log1p(-square) / 2,
            ]
        )
    return tuple(np.array(rows).T)
