"""Exercise: the exact gradient from an LRU's traces."""

import numpy as np

from course_lib.exercises.diagonal.cases import by_parts, lru_params, turning
from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.ladder.rungs import by_hand, holds, irregular, matches, shapes
from course_lib.scratch.diagonal import (
    eigenvalues,
    lru_backward,
    lru_forward,
    lru_trace_gradient,
    lru_trace_step,
)

RETURNS = {"dnu_log": "array", "dtheta_log": "array", "dgamma_log": "array", "dB": "complex"}


def traced_params() -> Arrays:
    """The parameters that the states depend on."""
    return {name: w for name, w in lru_params().items() if name not in "CD"}


def small() -> Arrays:
    """Two sequences, two inputs, three units."""
    return {
        "dz_t": turning(2, 3, shift=8),
        "E_lam": turning(2, 3, shift=1),
        "E_x": turning(2, 2, 3, shift=2),
        "params": traced_params(),
    }


def one_unit() -> Arrays:
    """A loss that feels the real part of one unit, which has turned by a quarter."""
    return {
        "dz_t": np.array([[1.0 + 0j]]),
        "E_lam": np.array([[4.0 + 0j]]),
        "E_x": np.array([[[2.0 + 1j]]]),
        "params": {
            "nu_log": np.log([np.log(2)]),
            "theta_log": np.log([np.pi / 2]),
            "gamma_log": np.log([3.0]),
            "B": np.array([[1.0 + 1j]]),
        },
    }


def imaginary_part() -> Arrays:
    """The same, where the loss feels the imaginary part."""
    return {**one_unit(), "dz_t": np.array([[1j]])}


def sequence() -> Arrays:
    """A layer over five steps, with a gradient for the state of each."""
    return {
        "dz": turning(2, 5, 3, shift=8),
        "x": irregular(2, 5, 2),
        "z_0": turning(2, 3, shift=9),
        "params": traced_params(),
    }


def along(function, given: Arrays) -> Arrays:
    """The gradients of all steps, added up in one walk forward."""
    dz, x, z_t, params = given.values()
    lam, gamma = eigenvalues(params), np.exp(params["gamma_log"])
    E_lam, E_x = np.zeros_like(z_t), np.zeros((2, *params["B"].shape), complex)
    total = [0, 0, 0, 0]
    for t in range(x.shape[1]):
        E_lam, E_x = lru_trace_step(E_lam, E_x, z_t, x[:, t], lam)
        z_t = lam * z_t + gamma * (x[:, t] @ params["B"])
        now = function(dz[:, t], E_lam, E_x, params)
        total = [one + more for one, more in zip(total, now, strict=True)]
    return dict(zip(RETURNS, total, strict=True))


def each_row_alone(function, given: Arrays) -> Arrays:
    """The batch at once, and the sum of its sequences."""
    dz_t, E_lam, E_x, params = given.values()
    whole = function(*given.values())
    rows = [function(dz_t[[s]], E_lam[[s]], E_x[[s]], params) for s in range(len(dz_t))]
    outputs = dict(zip(RETURNS, whole, strict=True))
    for name, parts in zip(RETURNS, zip(*rows, strict=True), strict=True):
        outputs[f"{name} expected"] = sum(parts)
    return outputs


def _states(given: Arrays):
    """The layer's states; its readout plays no part."""
    _, x, z_0, params = given.values()
    n, m = len(params["nu_log"]), x.shape[2]
    readout = {"C": np.zeros((n, 1), complex), "D": np.zeros((m, 1))}
    return lru_forward(x, z_0, params | readout)[1]


def differences(given: Arrays) -> Arrays:
    """Centred differences of a loss whose gradient by the states is dz."""

    def loss():
        return float(np.sum(np.conj(given["dz"]) * _states(given)).real)

    return {f"d{name}": by_parts(loss, w) for name, w in given["params"].items()}


def by_bptt(given: Arrays) -> Arrays:
    """The scan that runs backwards."""
    dz, x, z_0, params = given.values()
    grads, _ = lru_backward(dz, x, z_0, _states(given), params)
    return {f"d{name}": gradient for name, gradient in grads.items()}


def in_real_numbers(given: Arrays) -> Arrays:
    """Everything by real and imaginary parts: how Re z and Im z move, times what each is worth."""
    dz_t, E_lam, E_x, params = given.values()
    lam, gamma = eigenvalues(params), np.exp(params["gamma_log"])
    nu, theta = np.exp(params["nu_log"]), np.exp(params["theta_log"])

    def worth(moved):
        return (dz_t.real * moved.real + dz_t.imag * moved.imag).sum(axis=0)

    dB = np.zeros(params["B"].shape, complex)
    for j in range(len(dB)):
        dB[j] = worth(gamma * E_x[:, j]) + 1j * worth(1j * gamma * E_x[:, j])
    return {
        "dnu_log": worth(E_lam * -nu * lam),
        "dtheta_log": worth(E_lam * 1j * theta * lam),
        "dgamma_log": worth(gamma * sum(E_x[:, j] * params["B"][j] for j in range(len(dB)))),
        "dB": dB,
    }


EXERCISE = Exercise(
    reference=lru_trace_gradient,
    title="The exact gradient, online",
    goal="Turn the loss of a step into the exact gradient of every parameter, with the traces "
    "alone.",
    difficulty=3,
    minutes=50,
    returns=RETURNS,
    ladder=(
        shapes(small, dnu_log=(3,), dtheta_log=(3,), dgamma_log=(3,), dB=(2, 3)),
        by_hand(
            one_unit,
            how="lam = 0.5 i, so z moves by 4 × 0.5 i × (-log 2) with nu_log: its real part stands "
            "still, 0\nwith theta_log by 4 × i × pi/2 × 0.5 i = -pi: -3.141593\n"
            "with gamma_log by 3 × (2 + i)(1 + i) = 3 + 9 i: 3\n"
            "with Re B by 3 (2 + i), with Im B by 3 i (2 + i) = -3 + 6 i: dB = 6 - 3 i",
            dnu_log=np.array([0.0]),
            dtheta_log=np.array([-np.pi]),
            dgamma_log=np.array([3.0]),
            dB=np.array([[6.0 - 3j]]),
        ),
        matches(
            "a loss that feels the imaginary part",
            imaginary_part,
            in_real_numbers,
            "With dz_t = i, the loss grows with the imaginary part of the state.",
        ),
        holds(
            "a batch is the sum of its sequences",
            small,
            each_row_alone,
            "Sequences together must give the sum of their gradients.",
        ),
        matches(
            "equal to centred differences of the loss",
            sequence,
            differences,
            "Added up over five steps, moving each number a little gives a different gradient.",
            along,
        ),
        matches(
            "equal to BPTT",
            sequence,
            by_bptt,
            "Added up over five steps it must be the gradient that BPTT gives.",
            along,
        ),
        matches("equal to the same in real numbers", small, in_real_numbers),
    ),
    promises={
        "dz_t: ∂L/∂Re": ("a loss that feels the imaginary part", "equal to BPTT"),
        "E_lam, E_x: traces": "equal to BPTT",
        "params: dict": "equal to the same in real numbers",
        "dnu_log, dtheta_log, dgamma_log: real": "a batch is the sum of its sequences",
        "dB: complex": "equal to centred differences of the loss",
    },
    hints=(
        Hint(
            "What is the gradient of something complex?",
            "Think of z as two real numbers. dz_t holds what each is worth, one as its real part, "
            "one as its imaginary part. If z moves by a complex amount s, how much does the loss "
            "change? Write it with dz_t and s, once in parts, once with a conjugate.",
        ),
        Hint(
            "How does z move with nu_log?",
            "By way of lam: E_lam says how z moves with lam. Now differentiate lam = "
            "exp(-exp(nu_log) + i exp(theta_log)) by each of the two. What they share is lam.",
            fits=(
                "fading for turning",
                "inner derivative missing",
                "lam missing",
                "parts exchanged",
                "turning without i",
            ),
        ),
        Hint(
            "It is right for real numbers, and wrong for complex ones.",
            "For a real parameter it is Re(conj(dz) × how z moves). For a complex one, dB, the "
            "conjugate is on the other factor: dz × conj(how z moves).",
            fits=(
                "dz not conjugated",
                "trace not conjugated",
                "conjugate of dB",
                "nothing conjugated",
                "real parts in dgamma",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "`along = sum over the batch of conj(dz_t) * E_lam, times lam`. dnu_log is "
            "`-exp(nu_log) * along.real`, dtheta_log `-exp(theta_log) * along.imag`. With "
            "`gamma = np.exp(gamma_log)`, dgamma_log is gamma times the real part of the batch sum "
            "of conj(dz_t) times the sum over j of `E_x[:, j] * B[j]`; dB is gamma times the batch "
            "sum of dz_t times conj(E_x).",
        ),
    ),
)


def _from(dz_t, E_lam, E_x, params, conj=np.conj, conj_x=np.conj, batch=np.sum):
    """The reference with one of its parts replaced; for mistakes."""
    lam, gamma = eigenvalues(params), np.exp(params["gamma_log"])
    along = batch(conj(dz_t) * E_lam, axis=0) * lam
    by_gamma = np.einsum("bji,ji->bi", E_x, params["B"])
    return (
        -np.exp(params["nu_log"]) * along.real,
        -np.exp(params["theta_log"]) * along.imag,
        gamma * batch(conj(dz_t) * by_gamma, axis=0).real,
        gamma * batch(dz_t[:, None] * conj_x(E_x), axis=0),
    )


@EXERCISE.mistake(
    "dz_t is not conjugated where a real parameter is asked for: Re(dz s) would subtract what the "
    "imaginary parts are worth. It is Re(conj(dz) s)."
)
def dz_not_conjugated(dz_t, E_lam, E_x, params):
    """dz as it is."""
    return _from(dz_t, E_lam, E_x, params, conj=lambda z: z)


@EXERCISE.mistake(
    "E_lam isn't conjugated on the way from dz_t to lam: how z moves with lam is a factor that the "
    "loss comes back through, so it is dz_t times conj(E_lam)."
)
def trace_of_lam_not_conjugated(dz_t, E_lam, E_x, params):
    """dlam = dz E_lam."""
    return _from(dz_t, np.conj(E_lam), E_x, params)


@EXERCISE.mistake(
    "The trace is not conjugated in dB: a factor f on the way forward is conj(f) on the way back."
)
def trace_not_conjugated(dz_t, E_lam, E_x, params):
    """E_x as it is."""
    return _from(dz_t, E_lam, E_x, params, conj_x=lambda z: z)


@EXERCISE.mistake(
    "nu_log and theta_log have changed places: nu_log changes the size of lam, along lam itself; "
    "theta_log turns it, at right angles."
)
def fading_for_turning(dz_t, E_lam, E_x, params):
    """Swapped."""
    dnu, dtheta, *others = _from(dz_t, E_lam, E_x, params)
    return dtheta, dnu, *others


@EXERCISE.mistake(
    "The inner derivatives are missing: lam depends on nu_log by way of exp(nu_log), and on "
    "theta_log by way of exp(theta_log), so each is a factor."
)
def inner_derivative_missing(dz_t, E_lam, E_x, params):
    """By nu and theta themselves."""
    dnu, dtheta, *others = _from(dz_t, E_lam, E_x, params)
    return dnu / np.exp(params["nu_log"]), dtheta / np.exp(params["theta_log"]), *others


@EXERCISE.mistake(
    "lam isn't conjugated on the way from dlam to nu_log and theta_log: the conjugate belongs to "
    "every factor that the loss comes back through, and lam is one of them."
)
def lam_not_conjugated(dz_t, E_lam, E_x, params):
    """dlam * lam."""
    along = np.sum(dz_t * np.conj(E_lam), axis=0) * eigenvalues(params)
    _, _, *others = _from(dz_t, E_lam, E_x, params)
    return (
        -np.exp(params["nu_log"]) * along.real,
        np.exp(params["theta_log"]) * along.imag,
        *others,
    )


@EXERCISE.mistake(
    "lam is missing as a factor: the derivative of an exponential is the exponential itself, so "
    "∂lam/∂nu_log = -exp(nu_log) lam."
)
def lam_missing(dz_t, E_lam, E_x, params):
    """As if lam were its exponent."""
    dot = np.sum(np.conj(dz_t) * E_lam, axis=0)
    _, _, *others = _from(dz_t, E_lam, E_x, params)
    return (
        -np.exp(params["nu_log"]) * dot.real,
        -np.exp(params["theta_log"]) * dot.imag,
        *others,
    )


@EXERCISE.mistake(
    "gamma is missing in dB: the inputs were multiplied by it before they reached the state."
)
def no_gamma_in_dB(dz_t, E_lam, E_x, params):
    """Without gamma."""
    *others, dB = _from(dz_t, E_lam, E_x, params)
    return *others, dB / np.exp(params["gamma_log"])


@EXERCISE.mistake(
    "dgamma_log is that of gamma: gamma = exp(gamma_log), so its derivative, gamma, is a factor."
)
def gradient_of_gamma_itself(dz_t, E_lam, E_x, params):
    """Without gamma."""
    dnu, dtheta, dgamma, dB = _from(dz_t, E_lam, E_x, params)
    return dnu, dtheta, dgamma / np.exp(params["gamma_log"]), dB


@EXERCISE.mistake(
    "Only the real part of the state is felt: the loss may depend on both parts, and dz_t says how "
    "much on each."
)
def imaginary_part_ignored(dz_t, E_lam, E_x, params):
    """dz.real."""
    return _from(dz_t.real + 0j, E_lam, E_x, params)


@EXERCISE.mistake(
    "Loss and traces are summed over the batch before they meet: a sequence's loss is then blamed "
    "on another one's traces. Multiply first, and sum after."
)
def batch_summed_before(dz_t, E_lam, E_x, params):
    """As if the batch were one sequence."""
    summed = (one.sum(axis=0, keepdims=True) for one in (dz_t, E_lam, E_x))
    return _from(*summed, params)


@EXERCISE.mistake(
    "The gradients are means over the batch: if the loss is a mean, that division is in dz_t "
    "already, so only add up."
)
def batch_mean(dz_t, E_lam, E_x, params):
    """np.mean."""
    return _from(dz_t, E_lam, E_x, params, batch=np.mean)


@EXERCISE.mistake(
    "In dB the conjugate stands on the wrong factor: in the convention of dz_t, ∂L/∂Re + i ∂L/∂Im, "
    "what comes from the loss stays as it is, and the trace is conjugated."
)
def conjugate_of_dB(dz_t, E_lam, E_x, params):
    """conj(dz) E_x."""
    *others, dB = _from(dz_t, E_lam, E_x, params)
    return *others, np.conj(dB)


@EXERCISE.mistake(
    "Real and imaginary part have changed places: nu_log acts along lam, so it takes the real part "
    "of conj(dz_t) lam E_lam; theta_log acts across, and takes the imaginary part."
)
def parts_exchanged(dz_t, E_lam, E_x, params):
    """.imag for .real, .real for .imag."""
    dnu, dtheta, *others = _from(dz_t, E_lam, E_x, params)
    nu, theta = np.exp(params["nu_log"]), np.exp(params["theta_log"])
    return dtheta / theta * nu, dnu / nu * theta, *others


@EXERCISE.mistake(
    "dB has lost its imaginary part: B is complex, and both of its parts move the state."
)
def dB_made_real(dz_t, E_lam, E_x, params):
    """dB.real."""
    *others, dB = _from(dz_t, E_lam, E_x, params)
    return *others, dB.real


@EXERCISE.mistake(
    "The i is missing in dtheta_log: theta turns lam, so ∂lam/∂theta_log = i exp(theta_log) lam, "
    "at right angles to lam itself."
)
def turning_without_i(dz_t, E_lam, E_x, params):
    """The real part for both."""
    dnu, _, *others = _from(dz_t, E_lam, E_x, params)
    nu, theta = np.exp(params["nu_log"]), np.exp(params["theta_log"])
    return dnu, -dnu / nu * theta, *others


@EXERCISE.mistake(
    "B is missing in dgamma_log: gamma multiplies x B, so what it has brought into the state is "
    "the sum over the inputs of E_x B."
)
def gamma_without_B(dz_t, E_lam, E_x, params):
    """The traces of the inputs, added up."""
    dnu, dtheta, _, dB = _from(dz_t, E_lam, E_x, params)
    by_gamma = E_x.sum(axis=1)
    return dnu, dtheta, np.exp(params["gamma_log"]) * np.sum(dz_t.conj() * by_gamma, 0).real, dB


@EXERCISE.mistake(
    "Nothing is conjugated. For a real parameter it is Re(conj(dz) s), where s is how z moves with "
    "it; for the complex B it is dz times the conjugate of what B was multiplied by."
)
def nothing_conjugated(dz_t, E_lam, E_x, params):
    """dz and E_x as they are."""
    return _from(dz_t, E_lam, E_x, params, conj=lambda z: z, conj_x=lambda z: z)


@EXERCISE.mistake(
    "dgamma_log leaves out the imaginary parts: Re(conj(dz) s) is the product of the two real "
    "parts and also that of the two imaginary ones."
)
def real_parts_in_dgamma(dz_t, E_lam, E_x, params):
    """Re dz Re s."""
    dnu, dtheta, _, dB = _from(dz_t, E_lam, E_x, params)
    by_gamma = np.exp(params["gamma_log"]) * np.einsum("bji,ji->bi", E_x, params["B"])
    return dnu, dtheta, np.sum(dz_t.real * by_gamma.real, axis=0), dB


@EXERCISE.alternative
def in_parts(dz_t, E_lam, E_x, params):
    """Real and imaginary parts."""
    return tuple(
        in_real_numbers({"dz_t": dz_t, "E_lam": E_lam, "E_x": E_x, "params": params}).values()
    )


@EXERCISE.alternative
def by_sequences(dz_t, E_lam, E_x, params):
    """A loop over the batch, with conjugates at the end."""
    lam = np.exp(-np.exp(params["nu_log"]) + 1j * np.exp(params["theta_log"]))
    nu, theta, gamma = (np.exp(params[name]) for name in ("nu_log", "theta_log", "gamma_log"))
    dlam, dgamma, dB = 0, 0, 0
    for dz, e, E in zip(dz_t, E_lam, E_x, strict=True):
        dlam = dlam + dz * np.conj(e)
        dgamma = dgamma + np.real(np.conj(dz) * (E * params["B"]).sum(axis=0))
        dB = dB + dz * np.conj(gamma * E)
    return (
        np.real(np.conj(dlam) * -nu * lam),
        np.real(np.conj(dlam) * 1j * theta * lam),
        gamma * dgamma,
        dB,
    )
