"""Exercise: the gradients of the kernel."""

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint
from course_lib.exercises.ladder.rungs import by_hand, gradient, irregular, matches, shapes
from course_lib.scratch.kernl import kernel_gradients, perturbation_step

RETURNS = {"dbeta": "array", "dgamma": "array"}


def small() -> Arrays:
    """Two sequences of three units; beta is far from symmetric."""
    return {
        "beta": irregular(3, 3),
        "tangent": irregular(2, 3, shift=1),
        "Omega": irregular(2, 3, shift=2),
        "Gamma": irregular(2, 3, shift=3),
    }


def two_units() -> Arrays:
    """One sequence and two units; unit 0 moves unit 1, not the other way round."""
    return {
        "beta": np.array([[1.0, 0.0], [2.0, 1.0]]),
        "tangent": np.array([[3.0, 4.0]]),
        "Omega": np.array([[1.0, 5.0]]),
        "Gamma": np.array([[-1.0, -3.0]]),
    }


def perfect() -> Arrays:
    """A kernel that predicts the tangent exactly."""
    given = small()
    return {**given, "tangent": given["Omega"] @ given["beta"].T}


def nudged() -> Arrays:
    """Four steps of a network that is nudged at each, and a kernel to judge by the last."""
    return {
        "beta": irregular(3, 3),
        "gamma": np.array([0.1, 0.3, 1.2]),
        "h": irregular(2, 4, 3, shift=1, scale=0.9),
        "W_hh": irregular(3, 3, shift=2),
        "psi": irregular(2, 4, 3, shift=3),
    }


def perturbed(given: Arrays) -> tuple:
    """The tangent and the two integrators after the last step."""
    _, gamma, h, W_hh, psi = given.values()
    tangent, Omega, Gamma = np.zeros((3, len(h), h.shape[2]))
    for t in range(h.shape[1]):
        tangent, Omega, Gamma = perturbation_step(
            tangent, Omega, Gamma, h[:, t], W_hh, gamma, psi[:, t]
        )
    return tangent, Omega, Gamma


def after_the_last_step(function, given: Arrays) -> Arrays:
    """The function's gradients after the last step."""
    results = function(given["beta"], *perturbed(given))
    return dict(zip(RETURNS, results, strict=True))


def loss(given: Arrays) -> float:
    """J: half the squared error of the prediction, averaged over the batch."""
    tangent, Omega, _ = perturbed(given)
    return float(0.5 * np.mean(np.sum((Omega @ given["beta"].T - tangent) ** 2, axis=1)))


def entry_by_entry(given: Arrays) -> Arrays:
    """The chain rule, unit by unit."""
    beta, tangent, Omega, Gamma = given.values()
    right = {"dbeta": np.zeros_like(beta), "dgamma": np.zeros(len(beta))}
    batch = len(tangent)
    for b in range(batch):
        for k in range(len(beta)):
            error = sum(beta[k, i] * Omega[b, i] for i in range(len(beta))) - tangent[b, k]
            for i in range(len(beta)):
                right["dbeta"][k, i] += error * Omega[b, i] / batch
                right["dgamma"][i] += error * beta[k, i] * Gamma[b, i] / batch
    return right


EXERCISE = Exercise(
    reference=kernel_gradients,
    title="Learn the kernel",
    goal="Let the kernel predict how far the nudged network has moved, and find how beta and gamma "
    "must change to predict it better.",
    difficulty=2,
    minutes=30,
    returns=RETURNS,
    ladder=(
        shapes(small, dbeta=(3, 3), dgamma=(3,)),
        by_hand(
            two_units,
            how="prediction: (1 × 1, 2 × 1 + 1 × 5) = (1, 7);  error: (1 - 3, 7 - 4) = (-2, 3)\n"
            "dbeta[k, i] = error[k] × Omega[i] = ((-2, -10), (3, 15))\n"
            "error by source unit: (-2 × 1 + 3 × 2, -2 × 0 + 3 × 1) = (4, 3)\n"
            "dgamma = (4 × (-1), 3 × (-3)) = (-4, -9)",
            dbeta=np.array([[-2.0, -10.0], [3.0, 15.0]]),
            dgamma=np.array([-4.0, -9.0]),
        ),
        matches(
            "a kernel that is right has nothing to learn",
            perfect,
            lambda given: {"dbeta": np.zeros((3, 3)), "dgamma": np.zeros(3)},
            "Where the prediction is exact, every gradient is zero.",
        ),
        gradient(nudged, loss, after_the_last_step, dbeta="beta", dgamma="gamma"),
        matches("equal to the chain rule, entry by entry", small, entry_by_entry),
    ),
    promises={
        "The kernel predicts": "a kernel that is right has nothing to learn",
        "J is half": "equal to centred differences of the loss",
        "beta: sensitivity": "equal to centred differences of the loss",
        "tangent, Omega, Gamma: from": "equal to centred differences of the loss",
        "dbeta (n, n) and": (
            "it runs, and the shapes are right",
            "equal to centred differences of the loss",
        ),
    },
    hints=(
        Hint(
            "How does the kernel predict?",
            "Unit i was nudged by Omega[i], faded. It moves unit k by beta[k, i] times that, and "
            "the parts add up over i. Which product does that for all sequences at once, and how "
            "far is it from the tangent?",
        ),
        Hint(
            "My dbeta has the right numbers in the wrong places.",
            "Entry [k, i] is error[k] times Omega[i]: the later unit is the row. Then the mean "
            "over the batch.",
            fits=("dbeta transposed", "beta by Gamma", "summed over the batch", "a sum and a mean"),
        ),
        Hint(
            "How does gamma come into J?",
            "Only through Omega, and ∂Omega[i]/∂gamma[i] is Gamma[i]. First find the gradient of "
            "J by Omega, of shape (batch, n).",
            fits=(
                "gamma by Omega",
                "gamma by the later unit",
                "gamma through beta transposed",
                "gamma without beta",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "The error is `Omega @ beta.T - tangent`. dbeta is `error.T @ Omega` over the batch "
            "size; dgamma is the mean over the batch of `error @ beta` times `Gamma`.",
        ),
    ),
)


def _error(beta, tangent, Omega):
    return Omega @ beta.T - tangent


@EXERCISE.mistake(
    "The prediction uses beta the other way round: unit k's part is the sum over i of beta[k, i] "
    "Omega[i], so it is Omega @ beta.T."
)
def beta_transposed(beta, tangent, Omega, Gamma):
    """Omega @ beta."""
    error = Omega @ beta - tangent
    return error.T @ Omega / len(error), np.mean((error @ beta) * Gamma, axis=0)


@EXERCISE.mistake(
    "The error has the wrong sign: it is prediction minus tangent, or the kernel learns to be "
    "worse."
)
def error_turned_round(beta, tangent, Omega, Gamma):
    """tangent - prediction."""
    dbeta, dgamma = kernel_gradients(beta, tangent, Omega, Gamma)
    return -dbeta, -dgamma


@EXERCISE.mistake(
    "The squared error goes back, halved, where its derivative belongs: that of error² / 2 is the "
    "error itself, with its sign."
)
def squares_go_back(beta, tangent, Omega, Gamma):
    """error² / 2 for the error."""
    error = (Omega @ beta.T - tangent) ** 2 / 2
    return error.T @ Omega / len(Omega), np.mean((error @ beta) * Gamma, axis=0)


@EXERCISE.mistake(
    "dbeta is made with Gamma: what beta is multiplied by in the prediction is Omega, so its "
    "gradient is error.T @ Omega. Gamma is for gamma."
)
def beta_by_Gamma(beta, tangent, Omega, Gamma):
    """The old notebook's regressor."""
    error = _error(beta, tangent, Omega)
    return error.T @ Gamma / len(error), np.mean((error @ beta) * Gamma, axis=0)


@EXERCISE.mistake(
    "dbeta is transposed: entry [k, i] is error[k] times Omega[i], so it is error.T @ Omega."
)
def dbeta_transposed(beta, tangent, Omega, Gamma):
    """Omega.T @ error."""
    dbeta, dgamma = kernel_gradients(beta, tangent, Omega, Gamma)
    return dbeta.T, dgamma


@EXERCISE.mistake(
    "dgamma is made with Omega: gamma acts through Omega, and what counts is how Omega moves with "
    "it, which is Gamma."
)
def gamma_by_Omega(beta, tangent, Omega, Gamma):
    """The last factor."""
    error = _error(beta, tangent, Omega)
    return error.T @ Omega / len(error), np.mean((error @ beta) * Omega, axis=0)


@EXERCISE.mistake(
    "dgamma is indexed by the later unit: gamma belongs to the unit that was nudged, so the error "
    "goes back through beta first, (error @ beta) * Gamma."
)
def gamma_by_the_later_unit(beta, tangent, Omega, Gamma):
    """error * (Gamma @ beta.T): right only for a diagonal beta."""
    error = _error(beta, tangent, Omega)
    return error.T @ Omega / len(error), np.mean(error * (Gamma @ beta.T), axis=0)


@EXERCISE.mistake(
    "dgamma goes back through beta transposed: the error is about later units, beta's rows, so it "
    "is error @ beta."
)
def gamma_through_beta_transposed(beta, tangent, Omega, Gamma):
    """error @ beta.T."""
    error = _error(beta, tangent, Omega)
    return error.T @ Omega / len(error), np.mean((error @ beta.T) * Gamma, axis=0)


@EXERCISE.mistake(
    "dgamma leaves beta out: unit i's nudge moves unit k by beta[k, i], so the error goes back "
    "through beta before it meets Gamma."
)
def gamma_without_beta(beta, tangent, Omega, Gamma):
    """error * Gamma."""
    error = _error(beta, tangent, Omega)
    return error.T @ Omega / len(error), np.mean(error * Gamma, axis=0)


@EXERCISE.mistake(
    "Both gradients are summed over the batch: J is a mean over it, so divide by the batch size."
)
def summed_over_the_batch(beta, tangent, Omega, Gamma):
    """No division."""
    dbeta, dgamma = kernel_gradients(beta, tangent, Omega, Gamma)
    return len(tangent) * dbeta, len(tangent) * dgamma


@EXERCISE.mistake(
    "Both gradients are twice as large as J's: J is half the squared error, and that half cancels "
    "the 2 which the square gives."
)
def half_forgotten(beta, tangent, Omega, Gamma):
    """That of the squared error itself."""
    dbeta, dgamma = kernel_gradients(beta, tangent, Omega, Gamma)
    return 2 * dbeta, 2 * dgamma


@EXERCISE.mistake(
    "Both gradients are averaged over the units too: J is the sum over them, so divide by no n."
)
def averaged_over_the_units(beta, tangent, Omega, Gamma):
    """Divided by n."""
    dbeta, dgamma = kernel_gradients(beta, tangent, Omega, Gamma)
    return dbeta / len(beta), dgamma / len(beta)


@EXERCISE.mistake("dbeta is summed over the batch and dgamma averaged: J is a mean, so both are.")
def a_sum_and_a_mean(beta, tangent, Omega, Gamma):
    """What the old notebook did."""
    dbeta, dgamma = kernel_gradients(beta, tangent, Omega, Gamma)
    return len(tangent) * dbeta, dgamma


@EXERCISE.alternative
def with_einsum(beta, tangent, Omega, Gamma):
    """Sums by their letters."""
    error = np.einsum("ki,bi->bk", beta, Omega) - tangent
    batch = len(error)
    return (
        np.einsum("bk,bi->ki", error, Omega) / batch,
        np.einsum("bk,ki,bi->i", error, beta, Gamma) / batch,
    )


@EXERCISE.alternative
def sequence_by_sequence(beta, tangent, Omega, Gamma):
    """Outer products, one after the other."""
    dbeta, dgamma = np.zeros(beta.shape), np.zeros(len(beta))
    for moved, nudge, slope in zip(tangent, Omega, Gamma, strict=True):
        error = beta @ nudge - moved
        dbeta += np.outer(error, nudge) / len(tangent)
        dgamma += beta.T @ error * slope / len(tangent)
    return dbeta, dgamma
