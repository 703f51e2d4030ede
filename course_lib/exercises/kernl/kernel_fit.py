"""Bug hunt: how the notebook of 2019 fitted its kernel."""

from dataclasses import replace

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.ladder.rungs import by_hand, gradient, irregular, matches, shapes
from course_lib.scratch.kernl import kernel_fit, kernel_gradients, perturbation_step

RETURNS = {"dbeta": "array", "dgamma": "array"}


def small() -> Arrays:
    """Two sequences of four steps, three units."""
    return {
        "h": irregular(2, 4, 3, scale=0.9),
        "W_hh": irregular(3, 3, shift=1),
        "beta": irregular(3, 3, shift=2),
        "gamma": np.array([0.1, 0.3, 1.2]),
        "psi": irregular(2, 4, 3, shift=3),
    }


def one_step() -> Arrays:
    """One sequence, one unit, one step: the nudge is all that has happened."""
    return {
        "h": np.array([[[0.5]]]),
        "W_hh": np.array([[1.0]]),
        "beta": np.array([[3.0]]),
        "gamma": np.array([0.0]),
        "psi": np.array([[[2.0]]]),
    }


def two_steps() -> Arrays:
    """A linear unit (its state is 0) that is nudged once and keeps half of it."""
    return {
        "h": np.zeros((1, 2, 1)),
        "W_hh": np.array([[0.5]]),
        "beta": np.array([[1.0]]),
        "gamma": np.array([0.0]),
        "psi": np.array([[[2.0], [0.0]]]),
    }


def perfect() -> Arrays:
    """Two linear units that forget at rates of their own: the kernel can be exact, and is."""
    gamma = np.array([0.2, 0.7])
    return {
        "h": np.zeros((3, 6, 2)),
        "W_hh": np.diag(np.exp(-gamma)),
        "beta": np.eye(2),
        "gamma": gamma,
        "psi": irregular(3, 6, 2),
    }


def loss(given: Arrays) -> float:
    """The mean over steps and sequences of half the squared error."""
    h, W_hh, beta, gamma, psi = given.values()
    tangent, Omega, Gamma = np.zeros((3, *h[:, 0].shape))
    total = 0.0
    for t in range(h.shape[1]):
        tangent, Omega, Gamma = perturbation_step(
            tangent, Omega, Gamma, h[:, t], W_hh, gamma, psi[:, t]
        )
        total += 0.5 * np.sum((Omega @ beta.T - tangent) ** 2)
    return float(total / h.shape[1] / len(h))


def step_by_step(given: Arrays) -> Arrays:
    """The mean of the gradients of each step's error."""
    h, W_hh, beta, gamma, psi = given.values()
    tangent, Omega, Gamma = np.zeros((3, *h[:, 0].shape))
    found = []
    for t in range(h.shape[1]):
        tangent, Omega, Gamma = perturbation_step(
            tangent, Omega, Gamma, h[:, t], W_hh, gamma, psi[:, t]
        )
        found.append(kernel_gradients(beta, tangent, Omega, Gamma))
    return {
        name: np.mean(steps, axis=0)
        for name, steps in zip(RETURNS, zip(*found, strict=True), strict=True)
    }


EXERCISE = Exercise(
    reference=kernel_fit,
    title="Why does the kernel not learn?",
    goal="The old notebook nudged its network and fitted a kernel to what happened, but the kernel "
    "predicted no better afterwards. Find out why.",
    difficulty=2,
    minutes=30,
    returns=RETURNS,
    uses=("perturbation_step", "kernel_gradients"),
    equivalent={
        "Omega = Gamma = np.zeros_like(h[ -> Omega = Gamma = -np.zeros_like(h[": (
            "minus zero is zero"
        ),
        "np.zeros_like(h[:, 0]) -> np.zeros_like(h[::-1, 0])": "only the shape is taken from it",
        "= np.zeros_like(h[:, 0]) -> = np.zeros_like(W_hh[:, 0])": (
            "zeros of shape (n,) are spread over the batch at the first step"
        ),
        "zeros_like(h[:, 0]) -> zeros_like(h[:, -1])": "only the shape is taken from it",
    },
    ladder=(
        shapes(small, dbeta=(3, 3), dgamma=(3,)),
        by_hand(
            one_step,
            how="tangent = Omega = psi = 2, Gamma = 0;  prediction 3 × 2 = 6, error 6 - 2 = 4\n"
            "dbeta = 4 × 2 = 8;  dgamma = 4 × 3 × 0 = 0",
            dbeta=np.array([[8.0]]),
            dgamma=np.array([0.0]),
        ),
        replace(
            by_hand(
                two_steps,
                how="step 1: tangent = Omega = 2, error 0\n"
                "step 2: tangent 1, Omega 2, Gamma -2, error 1: dbeta 1 × 2, dgamma 1 × 1 × (-2)\n"
                "the mean over the two steps: 1 and -1",
                dbeta=np.array([[1.0]]),
                dgamma=np.array([-1.0]),
            ),
            name="two steps by hand: every step is a sample",
        ),
        matches(
            "a kernel that is right has nothing to learn",
            perfect,
            lambda given: {"dbeta": np.zeros((2, 2)), "dgamma": np.zeros(2)},
            "Where the prediction is exact, every gradient is zero.",
        ),
        gradient(small, loss, dbeta="beta", dgamma="gamma"),
        matches("equal to the mean over the steps", small, step_by_step),
    ),
    promises={
        "h: states": "equal to the mean over the steps",
        "W_hh: hidden": "equal to the mean over the steps",
        "beta, gamma: the kernel": "equal to centred differences of the loss",
        "psi: nudges": "equal to the mean over the steps",
        "dbeta (n, n) and": (
            "two steps by hand: every step is a sample",
            "equal to the mean over the steps",
        ),
    },
    hints=(
        Hint(
            "Where do I begin to look?",
            "Take one unit and one step, and do it on paper. What does `error` hold, and what does "
            "beta have to be multiplied by so that the error changes?",
        ),
        Hint(
            "Can I use what I have written?",
            "Yes: `kernel_gradients` is right, and takes the place of the lines that are not. At "
            "which moments?",
            fits=(
                "only beta mended",
                "formulas mended",
                "every step but Gamma",
                "gamma by the later unit",
                "summed over the batch",
                "beta summed over the batch",
                "beta turned over",
                "batch divided out twice",
            ),
        ),
        Hint(
            "My gradients are those of the last step.",
            "Every step shows how far the nudges of the past have moved the network: call "
            "`kernel_gradients` inside the loop, and take the mean over the T steps.",
            fits=(
                "last step only",
                "summed over the steps",
                "averaged too early",
                "asked before the step",
                "divided again and again",
            ),
        ),
    ),
)


@EXERCISE.hunt(
    "The kernel can't learn from this: after one nudge of 2, a kernel that predicts 6 where the "
    "state moved by 2 gets a gradient of 0 for beta, as if nothing were wrong."
)
def the_old_fit(h, W_hh, beta, gamma, psi):
    """Gradients of the kernel's error over a whole sequence.

    Args:
        h: states of the network, shape (batch, T, n).
        W_hh: hidden-to-hidden weights, shape (n, n).
        beta, gamma: the kernel, shapes (n, n) and (n,).
        psi: nudges of each step, shape (batch, T, n).

    Returns:
        dbeta (n, n) and dgamma (n,): of half the squared error, summed over
        the units; the mean over batch and steps.
    """
    tangent = Omega = Gamma = np.zeros_like(h[:, 0])
    for t in range(h.shape[1]):
        tangent, Omega, Gamma = perturbation_step(
            tangent, Omega, Gamma, h[:, t], W_hh, gamma, psi[:, t]
        )
    error = Omega @ beta.T - tangent
    dbeta = error.T @ Gamma
    dgamma = np.mean(error * (Gamma @ beta.T), axis=0)
    return dbeta, dgamma


def _over(h, W_hh, beta, gamma, psi, gradients):
    """The mean over the steps of what `gradients` says."""
    tangent = Omega = Gamma = np.zeros_like(h[:, 0])
    found = []
    for t in range(h.shape[1]):
        tangent, Omega, Gamma = perturbation_step(
            tangent, Omega, Gamma, h[:, t], W_hh, gamma, psi[:, t]
        )
        found.append(gradients(beta, tangent, Omega, Gamma))
    return tuple(np.mean(steps, axis=0) for steps in zip(*found, strict=True))


def _after_the_last(h, W_hh, beta, gamma, psi):
    """The tangent and the integrators after the last step."""
    tangent = Omega = Gamma = np.zeros_like(h[:, 0])
    for t in range(h.shape[1]):
        tangent, Omega, Gamma = perturbation_step(
            tangent, Omega, Gamma, h[:, t], W_hh, gamma, psi[:, t]
        )
    return tangent, Omega, Gamma


@EXERCISE.mistake(
    "Right, but for the last step only: every step is a sample of how nudges fade, and you throw "
    "away T - 1 of them in each sequence. Move it into the loop and take the mean over the steps."
)
def last_step_only(h, W_hh, beta, gamma, psi):
    """kernel_gradients after the loop."""
    return kernel_gradients(beta, *_after_the_last(h, W_hh, beta, gamma, psi))


@EXERCISE.mistake(
    "dbeta is made with Omega now, but it is still a sum over the batch, and dgamma is still "
    "wrong: gamma belongs to the unit that was nudged, so the error goes back through beta, (error "
    "@ beta) * Gamma. And only the last step is used."
)
def only_beta_mended(h, W_hh, beta, gamma, psi):
    """Half way: the regressor."""
    tangent, Omega, Gamma = _after_the_last(h, W_hh, beta, gamma, psi)
    error = Omega @ beta.T - tangent
    return error.T @ Omega, np.mean(error * (Gamma @ beta.T), axis=0)


@EXERCISE.mistake(
    "The formulas are right, but dbeta is a sum over the batch and dgamma a mean, and only the "
    "last step is used: take the mean of both, over batch and steps."
)
def formulas_mended(h, W_hh, beta, gamma, psi):
    """Half way: both formulas."""
    tangent, Omega, Gamma = _after_the_last(h, W_hh, beta, gamma, psi)
    error = Omega @ beta.T - tangent
    return error.T @ Omega, np.mean((error @ beta) * Gamma, axis=0)


@EXERCISE.mistake(
    "Every step is used, but beta is still fitted to Gamma: the prediction is Omega @ beta.T, so "
    "what dbeta needs is Omega."
)
def every_step_but_Gamma(h, W_hh, beta, gamma, psi):
    """Moved into the loop, nothing else."""

    def gradients(beta, tangent, Omega, Gamma):
        error = Omega @ beta.T - tangent
        return error.T @ Gamma, np.mean(error * (Gamma @ beta.T), axis=0)

    return _over(h, W_hh, beta, gamma, psi, gradients)


@EXERCISE.mistake(
    "dgamma is indexed by the later unit: gamma belongs to the unit that was nudged, so the error "
    "goes back through beta first, (error @ beta) * Gamma."
)
def gamma_by_the_later_unit(h, W_hh, beta, gamma, psi):
    """Everything but the index of gamma."""

    def gradients(beta, tangent, Omega, Gamma):
        error = Omega @ beta.T - tangent
        return error.T @ Omega / len(error), np.mean(error * (Gamma @ beta.T), axis=0)

    return _over(h, W_hh, beta, gamma, psi, gradients)


@EXERCISE.mistake(
    "The gradients are summed over the steps: take the mean, or a longer sequence takes larger "
    "steps."
)
def summed_over_the_steps(h, W_hh, beta, gamma, psi):
    """No division by T."""
    return tuple(h.shape[1] * g for g in kernel_fit(h, W_hh, beta, gamma, psi))


@EXERCISE.mistake(
    "The gradients are summed over the batch: J is a mean over the sequences, so both are means."
)
def summed_over_the_batch(h, W_hh, beta, gamma, psi):
    """No division by the batch size."""
    return tuple(len(h) * g for g in kernel_fit(h, W_hh, beta, gamma, psi))


@EXERCISE.mistake(
    "The mean over the batch is taken twice: kernel_gradients has taken it, so what it gives is "
    "only divided by the number of steps."
)
def batch_divided_out_twice(h, W_hh, beta, gamma, psi):
    """Divided by batch and steps."""
    return tuple(g / len(h) for g in kernel_fit(h, W_hh, beta, gamma, psi))


@EXERCISE.mistake(
    "dbeta is still a sum over the batch, while dgamma is a mean: divide the product by the number "
    "of sequences too."
)
def beta_summed_over_the_batch(h, W_hh, beta, gamma, psi):
    """error.T @ Omega, as it stands."""
    dbeta, dgamma = kernel_fit(h, W_hh, beta, gamma, psi)
    return len(h) * dbeta, dgamma


@EXERCISE.mistake(
    "dbeta is turned over: beta[k, i] leads from the nudged unit i to the later unit k, so rows go "
    "with the error and columns with Omega."
)
def beta_turned_over(h, W_hh, beta, gamma, psi):
    """Omega.T @ error."""
    dbeta, dgamma = kernel_fit(h, W_hh, beta, gamma, psi)
    return dbeta.T, dgamma


@EXERCISE.mistake(
    "The tangents and the integrators are averaged over the steps, and then multiplied: the "
    "product of means is not the mean of the products. Take the gradients at each step."
)
def averaged_too_early(h, W_hh, beta, gamma, psi):
    """One gradient, of means."""
    state = (np.zeros_like(h[:, 0]),) * 3
    states = []
    for t in range(h.shape[1]):
        state = perturbation_step(*state, h[:, t], W_hh, gamma, psi[:, t])
        states.append(state)
    return kernel_gradients(beta, *np.mean(states, axis=0))


@EXERCISE.mistake(
    "Each gradient is taken before its step: the first is that of zeros, and the last step is "
    "never used. Let the step come first."
)
def asked_before_the_step(h, W_hh, beta, gamma, psi):
    """kernel_gradients at the top of the loop."""
    state = (np.zeros_like(h[:, 0]),) * 3
    found = []
    for t in range(h.shape[1]):
        found.append(kernel_gradients(beta, *state))
        state = perturbation_step(*state, h[:, t], W_hh, gamma, psi[:, t])
    return tuple(np.mean(steps, axis=0) for steps in zip(*found, strict=True))


@EXERCISE.mistake(
    "The division is inside the loop, so what the first steps gave is divided again and again: add "
    "up over all steps, and divide by their number once, after the loop."
)
def divided_again_and_again(h, W_hh, beta, gamma, psi):
    """A running mean that isn't one."""
    state = (np.zeros_like(h[:, 0]),) * 3
    dbeta, dgamma = np.zeros_like(beta), np.zeros_like(gamma)
    for t in range(h.shape[1]):
        state = perturbation_step(*state, h[:, t], W_hh, gamma, psi[:, t])
        more = kernel_gradients(beta, *state)
        dbeta, dgamma = (dbeta + more[0]) / (t + 1), (dgamma + more[1]) / (t + 1)
    return dbeta, dgamma


@EXERCISE.mistake(
    "Both gradients are twice as large as J's: J is half the squared error, and that half cancels "
    "the 2 which the square gives."
)
def half_forgotten(h, W_hh, beta, gamma, psi):
    """That of the squared error itself."""
    dbeta, dgamma = kernel_fit(h, W_hh, beta, gamma, psi)
    return 2 * dbeta, 2 * dgamma


@EXERCISE.mistake(
    "Both gradients are averaged over the units too: J is the sum over them, so divide by no n."
)
def averaged_over_the_units(h, W_hh, beta, gamma, psi):
    """Divided by n."""
    dbeta, dgamma = kernel_fit(h, W_hh, beta, gamma, psi)
    return dbeta / len(beta), dgamma / len(beta)


@EXERCISE.alternative
def with_lists(h, W_hh, beta, gamma, psi):
    """Collected, then averaged."""
    return _over(h, W_hh, beta, gamma, psi, kernel_gradients)


@EXERCISE.alternative
def all_steps_in_one_product(h, W_hh, beta, gamma, psi):
    """Record the three, then one product over batch and time together."""
    batch, T, n = h.shape
    tangent, Omega, Gamma = np.zeros((3, batch, n))
    record = []
    for t in range(T):
        tangent, Omega, Gamma = perturbation_step(
            tangent, Omega, Gamma, h[:, t], W_hh, gamma, psi[:, t]
        )
        record.append((tangent, Omega, Gamma))
    tangent, Omega, Gamma = np.array(record).transpose(1, 0, 2, 3).reshape(3, batch * T, n)
    error = Omega @ beta.T - tangent
    return error.T @ Omega / (batch * T), ((error @ beta) * Gamma).mean(axis=0)
