"""Exercise: nudge the state, and keep the two integrators."""

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.ladder.rungs import by_hand, irregular, matches, shapes
from course_lib.scratch.gradcheck import numerical_gradient
from course_lib.scratch.kernl import perturbation_step
from course_lib.scratch.rnn import rnn_step

RETURNS = {"tangent": "array", "Omega": "array", "Gamma": "array"}


def small() -> Arrays:
    """Two sequences of three units."""
    return {
        "tangent": irregular(2, 3),
        "Omega": irregular(2, 3, shift=1),
        "Gamma": irregular(2, 3, shift=2),
        "h_t": irregular(2, 3, shift=3, scale=0.9),
        "W_hh": irregular(3, 3, shift=4),
        "gamma": np.array([0.0, 0.3, 1.2]),
        "psi_t": irregular(2, 3, shift=5),
    }


def one_unit() -> Arrays:
    """One unit whose integrators halve at every step."""
    return {
        "tangent": np.array([[2.0]]),
        "Omega": np.array([[4.0]]),
        "Gamma": np.array([[-1.0]]),
        "h_t": np.array([[0.6]]),
        "W_hh": np.array([[3.0]]),
        "gamma": np.array([np.log(2)]),
        "psi_t": np.array([[0.5]]),
    }


def at_rest() -> Arrays:
    """The first nudge: nothing has been nudged before."""
    zero = np.zeros((2, 3))
    return {**small(), "tangent": zero, "Omega": zero.copy(), "Gamma": zero.copy()}


def several() -> Arrays:
    """A network on five inputs, nudged at every step."""
    return {
        "x": irregular(2, 5, 2),
        "W_xh": irregular(2, 3, shift=2),
        "W_hh": irregular(3, 3, shift=3),
        "b_h": irregular(3, shift=4, scale=0.5),
        "gamma": np.array([0.1, 0.3, 1.2]),
        "psi": irregular(2, 5, 3, shift=5),
    }


def over_a_sequence(function, given: Arrays) -> Arrays:
    """All three after the last step."""
    x, W_xh, W_hh, b_h, gamma, psi = given.values()
    h_t = np.zeros((len(x), len(b_h)))
    tangent, Omega, Gamma = np.zeros((3, *h_t.shape))
    for t in range(x.shape[1]):
        h_t = rnn_step(x[:, t], h_t, W_xh, W_hh, b_h)
        tangent, Omega, Gamma = function(tangent, Omega, Gamma, h_t, W_hh, gamma, psi[:, t])
    return {"tangent": tangent, "Omega": Omega, "Gamma": Gamma}


def nudged_state(given: Arrays, size: float) -> np.ndarray:
    """The last state of the network when every state is nudged by size × psi."""
    x, W_xh, W_hh, b_h, _, psi = given.values()
    h_t = np.zeros((len(x), len(b_h)))
    for t in range(x.shape[1]):
        h_t = rnn_step(x[:, t], h_t, W_xh, W_hh, b_h) + size * psi[:, t]
    return h_t


def faded_nudges(given: Arrays) -> np.ndarray:
    """Omega by its definition: each nudge, faded by the steps that follow."""
    *_, gamma, psi = given.values()
    T = psi.shape[1]
    return sum(np.exp(-gamma * (T - 1 - s)) * psi[:, s] for s in range(T))


def measured(given: Arrays) -> Arrays:
    """The tangent by nudging up and down a little, Gamma by moving gamma up and down a little."""
    step = 1e-5
    tangent = (nudged_state(given, step) - nudged_state(given, -step)) / (2 * step)
    Gamma = np.zeros_like(tangent)
    for b in range(len(tangent)):  # Omega[b, i] depends on gamma[i] alone
        Gamma[b] = numerical_gradient(lambda b=b: faded_nudges(given)[b].sum(), given["gamma"])
    return {"tangent": tangent, "Omega": faded_nudges(given), "Gamma": Gamma}


def by_definition(given: Arrays) -> Arrays:
    """The sums behind the two integrators, and the chain rule unit by unit."""
    tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t = given.values()
    decay = np.exp(-gamma)
    right = {name: np.zeros_like(tangent) for name in RETURNS}
    for b, k in np.ndindex(tangent.shape):
        came = sum(tangent[b, i] * W_hh[i, k] for i in range(len(gamma)))
        right["tangent"][b, k] = (1 - h_t[b, k] ** 2) * came + psi_t[b, k]
        right["Omega"][b, k] = decay[k] * Omega[b, k] + psi_t[b, k]
        right["Gamma"][b, k] = decay[k] * (Gamma[b, k] - Omega[b, k])
    return right


EXERCISE = Exercise(
    reference=perturbation_step,
    title="Nudge the state",
    goal="Take a nudged copy of the network one step further, together with the two sums that the "
    "kernel is learned from.",
    difficulty=2,
    minutes=25,
    returns=RETURNS,
    ladder=(
        shapes(small, tangent=(2, 3), Omega=(2, 3), Gamma=(2, 3)),
        by_hand(
            one_unit,
            how="decay = 0.5;  Gamma = 0.5 × (-1) - 0.5 × 4 = -2.5;  Omega = 0.5 × 4 + 0.5 = 2.5;\n"
            "tangent = 2 × 3 × (1 - 0.36) + 0.5 = 4.34",
            tangent=np.array([[4.34]]),
            Omega=np.array([[2.5]]),
            Gamma=np.array([[-2.5]]),
        ),
        matches(
            "the first nudge moves the state by itself",
            at_rest,
            lambda given: {
                "tangent": given["psi_t"],
                "Omega": given["psi_t"],
                "Gamma": np.zeros((2, 3)),
            },
            "psi_t is added after the tanh, and has had no time to fade.",
        ),
        matches(
            "equal to centred differences: of the nudged network, and of Omega by gamma",
            several,
            measured,
            "Moving each number up and down a little gives a different result.",
            over_a_sequence,
        ),
        matches("equal to the definition, entry by entry", small, by_definition),
    ),
    promises={
        "tangent: how far": (
            "equal to centred differences: of the nudged network, and of Omega by gamma"
        ),
        "Omega: faded": "equal to the definition, entry by entry",
        "Gamma: ∂Omega": (
            "equal to centred differences: of the nudged network, and of Omega by gamma"
        ),
        "h_t: the state": "equal to the definition, entry by entry",
        "W_hh: hidden": "equal to the definition, entry by entry",
        "gamma: decay": "equal to the definition, entry by entry",
        "psi_t: new nudges": "the first nudge moves the state by itself",
        "tangent, Omega, Gamma after": "it runs, and the shapes are right",
    },
    hints=(
        Hint(
            "What is the tangent?",
            "Nudge the state by a tiny amount ε psi. The tangent is the difference to the state "
            "without nudges, divided by ε. What does one step of the network do to a small "
            "difference?",
        ),
        Hint(
            "What is Gamma?",
            "Write down how Omega after the step comes from Omega before it, and differentiate by"
            " gamma. gamma appears twice: in the exponential, and inside the old Omega.",
            fits=(
                "sign of the exponential",
                "half of the product rule",
                "Gamma of a linear decay",
                "Omega without decay",
                "new nudge faded",
            ),
        ),
        Hint(
            "My Gamma isn't zero after the first nudge.",
            "It needs Omega as it was *before* this step. Compute Gamma first, then overwrite "
            "Omega.",
            fits=("Gamma from the new Omega",),
        ),
        Hint(
            "Show me the recipe.",
            "`Gamma = decay * Gamma - decay * Omega`; then `Omega = decay * Omega + psi_t`. The "
            "tangent goes through `W_hh`, is multiplied by the slope of the tanh, `1 - h_t**2`, "
            "and `psi_t` is added.",
        ),
    ),
)


def _right(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t):
    """The reference's results in a dict, for mistakes that get one of them wrong."""
    results = perturbation_step(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t)
    return dict(zip(RETURNS, results, strict=True))


@EXERCISE.mistake(
    "Gamma is computed from the new Omega: differentiate decay * Omega + psi_t, where Omega is the "
    "one before this step."
)
def Gamma_from_the_new_Omega(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t):
    """Overwritten too early."""
    right = _right(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t)
    decay = np.exp(-gamma)
    return right["tangent"], right["Omega"], decay * Gamma - decay * right["Omega"]


@EXERCISE.mistake(
    "Gamma has the wrong sign in one term: the derivative of exp(-gamma) by gamma is -exp(-gamma)."
)
def sign_of_the_exponential(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t):
    """Plus for minus."""
    right = _right(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t)
    return right["tangent"], right["Omega"], np.exp(-gamma) * (Gamma + Omega)


@EXERCISE.mistake(
    "Gamma forgets that the old Omega depends on gamma as well: by the product rule there is also "
    "decay * Gamma."
)
def half_of_the_product_rule(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t):
    """-decay * Omega only."""
    right = _right(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t)
    return right["tangent"], right["Omega"], -np.exp(-gamma) * Omega


@EXERCISE.mistake(
    "Gamma subtracts the whole Omega: the derivative of exp(-gamma) is -exp(-gamma), so the old "
    "Omega is faded there too. (1 - gamma for the decay would give this.)"
)
def Gamma_of_a_linear_decay(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t):
    """The derivative of 1 - gamma."""
    right = _right(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t)
    return right["tangent"], right["Omega"], np.exp(-gamma) * Gamma - Omega


@EXERCISE.mistake(
    "The nudge goes through the step: add psi_t after the tanh, to the new state, or Omega counts "
    "at full strength what the network has already moved on."
)
def nudged_before_the_step(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t):
    """Where the old notebook put it."""
    right = _right(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t)
    return ((tangent + psi_t) @ W_hh) * (1 - h_t**2), right["Omega"], right["Gamma"]


@EXERCISE.mistake(
    "The tangent skips the tanh: a saturated unit passes little on, so multiply by 1 - h_t² before "
    "you add the nudge."
)
def without_the_tanh(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t):
    """A linear network."""
    right = _right(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t)
    return tangent @ W_hh + psi_t, right["Omega"], right["Gamma"]


@EXERCISE.mistake(
    "1 - h_t² multiplies the nudge as well: psi_t is added after the tanh, so it is not squashed."
)
def nudge_squashed(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t):
    """A bracket too wide."""
    right = _right(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t)
    return (tangent @ W_hh + psi_t) * (1 - h_t**2), right["Omega"], right["Gamma"]


@EXERCISE.mistake(
    "The tangent goes through W_hh transposed, as on the way back: it travels forward with the "
    "state, so it is tangent @ W_hh."
)
def backwards_through_W_hh(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t):
    """W_hh.T."""
    right = _right(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t)
    return (tangent @ W_hh.T) * (1 - h_t**2) + psi_t, right["Omega"], right["Gamma"]


@EXERCISE.mistake("Omega doesn't fade: multiply the old one by exp(-gamma) before you add psi_t.")
def Omega_without_decay(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t):
    """A running sum."""
    right = _right(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t)
    return right["tangent"], Omega + psi_t, right["Gamma"]


@EXERCISE.mistake(
    "The new nudge is faded in Omega: it has had no time to, so only the old Omega is multiplied "
    "by exp(-gamma)."
)
def new_nudge_faded(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t):
    """A bracket too wide."""
    right = _right(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t)
    return right["tangent"], np.exp(-gamma) * (Omega + psi_t), right["Gamma"]


@EXERCISE.mistake(
    "The slope is taken before W_hh: 1 - h_t² belongs to the units that the product leads to, so "
    "multiply by W_hh first."
)
def slope_before_W_hh(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t):
    """(tangent * slope) @ W_hh."""
    right = _right(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t)
    return (tangent * (1 - h_t**2)) @ W_hh + psi_t, right["Omega"], right["Gamma"]


@EXERCISE.alternative
def in_one_dict(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t):
    """New names, so that nothing is overwritten."""
    left = 1 / np.exp(gamma)
    moved = np.einsum("bi,ik->bk", tangent, W_hh)
    return psi_t + moved - moved * h_t * h_t, left * Omega + psi_t, left * (Gamma - Omega)


@EXERCISE.alternative
def two_by_two(tangent, Omega, Gamma, h_t, W_hh, gamma, psi_t):
    """Omega and Gamma as one linear system."""
    step = np.exp(-gamma) * np.array([[1, 0], [-1, 1]])[:, :, None]
    Omega_new, Gamma_new = np.einsum("pqn,qbn->pbn", step, np.stack([Omega, Gamma]))
    return tangent @ (W_hh) * (1 - h_t) * (1 + h_t) + psi_t, Omega_new + psi_t, Gamma_new
