"""Exercise: an LRU layer."""

import numpy as np

from course_lib.exercises.diagonal.cases import lru_params, one_turning_unit, turning
from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.ladder.rungs import by_hand, holds, irregular, isolating, matches, shapes
from course_lib.scratch.diagonal import lru_forward
from course_lib.scratch.scan import scan, scan_loop

RETURNS = {"y": "array", "z": "complex"}


def small() -> Arrays:
    """Two sequences, four steps, two inputs, three units, five outputs."""
    return {"x": irregular(2, 4, 2), "z_0": turning(2, 3, shift=9), "params": lru_params()}


def one_unit() -> Arrays:
    """Two steps; the second has no input."""
    return {
        "x": np.array([[[1.0], [0.0]]]),
        "z_0": np.array([[4.0 + 0j]]),
        "params": one_turning_unit(),
    }


def far_out() -> Arrays:
    """Parameters that training might come to."""
    params = lru_params()
    params["nu_log"] = np.array([-30.0, 3.0, 0.0])
    return {"x": irregular(2, 40, 2), "z_0": turning(2, 3, shift=9), "params": params}


def in_pieces(function, given: Arrays) -> Arrays:
    """The last state of one piece is the first of the next."""
    x, z_0, params = given.values()
    y_1, z_1 = function(x[:, :1], z_0, params)
    y_2, z_2 = function(x[:, 1:], z_1[:, -1], params)
    y, z = function(x, z_0, params)
    return {
        "y": y,
        "z": z,
        "y expected": np.concatenate([y_1, y_2], axis=1),
        "z expected": np.concatenate([z_1, z_2], axis=1),
    }


def unit_by_unit(given: Arrays) -> Arrays:
    """Real numbers only: each unit as a damped rotation of the plane."""
    x, z_0, params = given.values()
    T, n = x.shape[1], len(params["nu_log"])
    z = np.zeros((len(x), T, n), complex)
    for i in range(n):
        left, angle = np.exp(-np.exp(params["nu_log"][i])), np.exp(params["theta_log"][i])
        re, im = z_0[:, i].real, z_0[:, i].imag
        for t in range(T):
            comes_in = np.exp(params["gamma_log"][i]) * (x[:, t] @ params["B"][:, i])
            re, im = (
                left * (np.cos(angle) * re - np.sin(angle) * im) + comes_in.real,
                left * (np.sin(angle) * re + np.cos(angle) * im) + comes_in.imag,
            )
            z[:, t, i] = re + 1j * im
    read = z.real @ params["C"].real - z.imag @ params["C"].imag
    return {"y": read + x @ params["D"], "z": z}


EXERCISE = Exercise(
    reference=lru_forward,
    title="A layer that fades and turns",
    goal="Run a linear recurrent unit over a batch of sequences, by a scan.",
    difficulty=2,
    minutes=25,
    returns=RETURNS,
    uses=("scan", "combine"),
    ladder=(
        shapes(small, y=(2, 4, 5), z=(2, 4, 3)),
        by_hand(
            one_unit,
            how="lam = 0.5 i;  z_1 = 0.5 i × 4 + 3 × 1 = 3 + 2 i;  z_2 = 0.5 i (3 + 2 i) = "
            "-1 + 1.5 i\nRe(z (2 - i)) = 2 Re z + Im z;  y_1 = 8 + 10 × 1 = 18;  y_2 = -0.5",
            y=np.array([[[18.0], [-0.5]]]),
            z=np.array([[[3 + 2j], [-1 + 1.5j]]]),
        ),
        *isolating(
            small,
            unit_by_unit,
            {
                "x_t D": ("params.C",),
                "what is left of z_0": ("x",),
                "Re(z_t C)": ("params.D", "z_0"),
            },
            of={"x_t D": "y", "Re(z_t C)": "y"},
        ),
        holds(
            "two pieces are one",
            small,
            in_pieces,
            "Cut after the first step, with the state handed on, it must give the same.",
        ),
        matches(
            "no parameter makes a state grow",
            far_out,
            unit_by_unit,
            "With nu_log from -30 to 3, over forty steps:",
        ),
        matches("equal to rotations of the plane, unit by unit", small, unit_by_unit),
    ),
    promises={
        "z_t = lam z_{t-1}": "equal to rotations of the plane, unit by unit",
        "x: inputs": "it runs, and the shapes are right",
        "z_0: complex": ("only what is left of z_0 matters", "two pieces are one"),
        "params: dict": "equal to rotations of the plane, unit by unit",
        "y: real": "equal to rotations of the plane, unit by unit",
        "z: complex": "equal to rotations of the plane, unit by unit",
    },
    hints=(
        Hint(
            "What do I need before any step is taken?",
            "Two things don't depend on the state at all: the factor that each unit multiplies "
            "it by, and what comes in at each step. What are their shapes?",
        ),
        Hint(
            "How can a state never grow?",
            "exp(nu_log) is positive, whatever nu_log is. Then what is the size of exp(-exp(nu_log)"
            " + i something)? The imaginary part changes only the direction.",
            fits=(
                "unstable",
                "never turns",
                "real part of the factor",
                "logarithms as they are",
                "no parameter makes a state grow",
            ),
        ),
        Hint(
            "y should be real.",
            "The output is a real part of a product, not a product of real parts: Re(z C) has a "
            "share of both imaginary parts.",
            fits=("real parts first", "only Re(z_t C) matters"),
        ),
        Hint(
            "Show me the recipe.",
            "`lam = eigenvalues(params)`; what comes in is `np.exp(gamma_log) * (x @ B)`; give lam "
            "its shape with `np.broadcast_to`, and `scan` from z_0. Then `(z @ C).real + x @ D`.",
        ),
    ),
)


def _run(x, z_0, params, lam=None, gain=None, read=None, states=scan):
    """The layer with one of its parts replaced; for mistakes.

    By a scan, as most write it: where a state grows beyond all bounds, a loop ends elsewhere.
    """
    nu, theta = np.exp(params["nu_log"]), np.exp(params["theta_log"])
    lam = np.exp(-nu + 1j * theta) if lam is None else lam
    gain = np.exp(params["gamma_log"]) if gain is None else gain
    b = gain * (x @ params["B"])
    z = states(np.broadcast_to(lam, b.shape), b, z_0)
    return ((z @ params["C"]).real if read is None else read(z)) + x @ params["D"], z


@EXERCISE.mistake(
    "gamma is missing: what comes in is multiplied by exp(gamma_log), so that slow units are not "
    "louder than fast ones."
)
def no_gamma(x, z_0, params):
    """x B alone."""
    return _run(x, z_0, params, gain=1.0)


@EXERCISE.mistake(
    "gamma_log is used as it is: it is a logarithm, so the factor is exp(gamma_log), which is "
    "never negative."
)
def gamma_without_exp(x, z_0, params):
    """gamma_log (x B)."""
    return _run(x, z_0, params, gain=params["gamma_log"])


@EXERCISE.mistake(
    "nu_log is used without its exponential: where it is negative, |lam| is above 1 and the state "
    "grows without end. exp(nu_log) is positive whatever training does."
)
def unstable(x, z_0, params):
    """exp(-nu_log + …)."""
    lam = np.exp(-params["nu_log"] + 1j * np.exp(params["theta_log"]))
    return _run(x, z_0, params, lam=lam)


@EXERCISE.mistake(
    "theta_log is used without its exponential: the angle of a step is exp(theta_log)."
)
def angle_without_exp(x, z_0, params):
    """i theta_log."""
    lam = np.exp(-np.exp(params["nu_log"]) + 1j * params["theta_log"])
    return _run(x, z_0, params, lam=lam)


@EXERCISE.mistake(
    "The units fade and don't turn: the imaginary part of the exponent, exp(theta_log), is what "
    "turns them."
)
def never_turns(x, z_0, params):
    """|lam|."""
    return _run(x, z_0, params, lam=np.exp(-np.exp(params["nu_log"])))


@EXERCISE.mistake(
    "The units turn the other way: the sign of i exp(theta_log) is plus. Learned B and C could "
    "make up for it, but these parameters were made for plus."
)
def turns_the_other_way(x, z_0, params):
    """conj(lam)."""
    lam = np.exp(-np.exp(params["nu_log"]) - 1j * np.exp(params["theta_log"]))
    return _run(x, z_0, params, lam=lam)


@EXERCISE.mistake(
    "The real part is taken before the product: Re(z) Re(C) leaves out what the two imaginary "
    "parts make together."
)
def real_parts_first(x, z_0, params):
    """z.real @ C.real."""
    return _run(x, z_0, params, read=lambda z: z.real @ params["C"].real)


@EXERCISE.mistake(
    "The way past the units, x_t D, is missing: add it to what is read from the states."
)
def no_way_past(x, z_0, params):
    """Re(z C)."""
    y, z = _run(x, z_0, params)
    return y - x @ params["D"], z


@EXERCISE.mistake(
    "The state before the first step has no effect: the sequence may be a piece of a longer one, "
    "and z_0 is what the piece before left."
)
def begins_at_zero(x, z_0, params):
    """z_0 = 0."""
    return _run(x, 0 * z_0, params)


@EXERCISE.mistake(
    "gamma is applied to the states: it is a factor of what comes in, and what is left of z_0 has "
    "nothing to do with it."
)
def gamma_after_the_scan(x, z_0, params):
    """gamma z."""
    _, z = _run(x, z_0, params, gain=1.0)
    z = np.exp(params["gamma_log"]) * z
    return (z @ params["C"]).real + x @ params["D"], z


@EXERCISE.mistake(
    "The output comes a step late: y_t is made of z_t, which has read x_t, not of the state before "
    "it."
)
def output_a_step_late(x, z_0, params):
    """Re(z_{t-1} C)."""
    _, z = _run(x, z_0, params)
    before = np.concatenate([z_0[:, None], z[:, :-1]], axis=1)
    return (before @ params["C"]).real + x @ params["D"], z


@EXERCISE.mistake(
    "nu_log and theta_log are both used as they are: they are logarithms, so fading and turning "
    "are exp(nu_log) and exp(theta_log). `eigenvalues` has it right."
)
def logarithms_as_they_are(x, z_0, params):
    """exp(-nu_log + i theta_log)."""
    return _run(x, z_0, params, lam=np.exp(-params["nu_log"] + 1j * params["theta_log"]))


@EXERCISE.mistake(
    "Of the factor only the real part is used: then a unit fades by another rate and doesn't turn. "
    "The factor is complex, with the cosine of the angle as one part and the sine as the other."
)
def real_part_of_the_factor(x, z_0, params):
    """|lam| cos(angle)."""
    lam = np.exp(-np.exp(params["nu_log"])) * np.cos(np.exp(params["theta_log"]))
    return _run(x, z_0, params, lam=lam)


@EXERCISE.alternative
def by_a_loop(x, z_0, params):
    """Step by step."""
    return _run(x, z_0, params, states=scan_loop)


@EXERCISE.alternative
def by_powers(x, z_0, params):
    """Each state as a sum over all earlier steps, with powers of lam."""
    lam = np.exp(1j * np.exp(params["theta_log"])) * np.exp(-np.exp(params["nu_log"]))
    b = np.einsum("btj,ji->bti", x, params["B"]) * np.exp(params["gamma_log"])
    T = x.shape[1]
    lag = np.arange(T)[:, None] - np.arange(T)
    powers = np.where((lag >= 0)[..., None], lam ** np.maximum(lag, 0)[..., None], 0)
    z = np.einsum("tsi,bsi->bti", powers, b)
    z = z + lam ** np.arange(1, T + 1)[:, None] * z_0[:, None]
    return np.real(z @ params["C"]) + x @ params["D"], z
