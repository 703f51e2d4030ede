"""Exercise: the loss from logits, finite whatever the scores."""

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint, Problem, Rung
from course_lib.exercises.ladder.rungs import by_hand, holds, irregular, matches, shapes
from course_lib.scratch.losses import cross_entropy_from_logits, softmax


def small() -> Arrays:
    """Three rows of four classes."""
    return {"logits": irregular(3, 4, scale=2), "labels": np.array([2, 0, 3])}


def two_classes() -> Arrays:
    """Logits 0 and log 3: probabilities 1/4 and 3/4."""
    return {
        "logits": np.array([[0.0, np.log(3.0)], [0.0, 0.0]]),
        "labels": np.array([1, 0]),
    }


def over_time() -> Arrays:
    """Two sequences of three steps, four classes: one label a step."""
    return {"logits": irregular(2, 3, 4, scale=2), "labels": np.array([[0, 1, 2], [3, 2, 1]])}


def far_apart() -> Arrays:
    """Float32 logits 200 apart: right answers and wrong ones, and scores far from zero."""
    logits = np.array([[200, 0, 0], [0, 200, 0], [-900, -1100, -1000], [900, 880, 890]])
    return {"logits": logits.astype(np.float32), "labels": np.array([0, 0, 0, 0])}


def further_apart() -> Arrays:
    """Logits 2000 apart, whose exponentials vanish in float64 too; the first row is right."""
    logits = [[0.0, -2000.0, -2000.0], [0.0, 2000.0, 0.0], [-2000.0, -4000.0, -3000.0]]
    return {"logits": np.array(logits), "labels": np.array([0, 0, 0])}


def one_label() -> Arrays:
    """A single row."""
    return {"logits": irregular(1, 4, shift=1, scale=2), "labels": np.array([3])}


def by_definition(given: Arrays) -> Arrays:
    """-log softmax of the right class, averaged; safe here because the scores are small."""
    logits, labels = given["logits"], given["labels"]
    right = np.take_along_axis(softmax(logits), labels[..., None], axis=-1)
    return {"loss": -np.log(right).mean()}


def shift_all_logits(function, given: Arrays) -> Arrays:
    """The loss with a constant added to the scores of a row."""
    logits, labels = given.values()
    moved = logits + np.array([[5.0], [-3.0], [40.0]])
    return {"loss": function(moved, labels), "loss expected": function(logits, labels)}


def all_rows_and_the_first(function, given: Arrays) -> Arrays:
    """A right answer alone loses next to nothing: what breaks there is the shift, not the log."""
    logits, labels = given.values()
    return {"loss": function(logits, labels), "loss of one": function(logits[:1], labels[:1])}


def both_stay_finite(given: Arrays, outputs: Arrays) -> Problem | None:
    """Both losses are finite and right."""
    first = {name: array[:1] for name, array in given.items()}
    return stays_finite(given, outputs) or stays_finite(first, {"loss": outputs["loss of one"]})


def stays_finite(given: Arrays, outputs: Arrays) -> Problem | None:
    """The one wrong answer costs what its logits are apart, the others next to nothing."""
    logits, labels = given["logits"].astype(float), given["labels"]
    apart = np.ptp(logits, axis=-1).max()
    loss = float(outputs["loss"])
    if np.isnan(loss) or np.isinf(loss):
        return Problem(
            f"The loss is {loss} for logits {apart:.0f} apart: exp overflowed or log met zero. "
            "Subtract the largest logit of each row first, and never take the log of a softmax.",
            {"logits": given["logits"], "labels": given["labels"]},
        )
    of_class = np.take_along_axis(logits, labels[:, None], axis=-1)[:, 0]
    right = (np.logaddexp.reduce(logits, axis=-1) - of_class).mean()
    if abs(loss - right) > 1e-3:
        return Problem(
            f"The loss is {loss:.6g} for logits {apart:.0f} apart; it should be {right:.6g}. Is "
            "something held back on the way? A small number inside the log hides how wrong a "
            "confident mistake is, and so does a logit or a probability that is clipped.",
            {"logits": given["logits"], "labels": given["labels"]},
        )
    return None


EXERCISE = Exercise(
    reference=cross_entropy_from_logits,
    title="The loss from logits",
    goal="Compute the mean cross-entropy from the scores themselves, so that it is finite for any "
    "scores.",
    difficulty=2,
    minutes=20,
    returns={"loss": "number"},
    equivalent={
        "labels[..., None], axis=-1)[..., 0] -> labels[..., None])[..., 0]": (
            "the last axis is the default of np.take_along_axis"
        ),
        ", axis=-1)[..., 0] -> , axis=-1)[..., -1]": "the last axis has a single entry",
    },
    ladder=(
        shapes(small, loss=()),
        by_hand(
            two_classes,
            how="(-log(3/4) - log(1/2)) / 2 = (0.287682 + 0.693147) / 2 = 0.490415",
            loss=np.array(0.49041463),
        ),
        matches("equal to the definition where that is safe", small, by_definition),
        matches(
            "one label a step: the mean is over batch and time",
            over_time,
            by_definition,
            "With labels of shape (batch, T) the mean is over all of them.",
        ),
        matches("one label alone", one_label, by_definition, "With a single row:"),
        holds(
            "adding a constant to a row's scores changes nothing",
            small,
            shift_all_logits,
            "A constant added to all the scores of a row changed the loss.",
        ),
        Rung("finite and right for logits 200 apart in float32", far_apart, stays_finite),
        Rung(
            "finite and right for logits 2000 apart in float64",
            further_apart,
            both_stay_finite,
            all_rows_and_the_first,
        ),
    ),
    promises={
        "It stays finite, and right": (
            "equal to the definition where that is safe",
            "finite and right for logits 200 apart in float32",
            "finite and right for logits 2000 apart in float64",
        ),
        "logits: scores": "one label a step: the mean is over batch and time",
        "labels: right classes": "equal to the definition where that is safe",
        "loss: in nats": "one label a step: the mean is over batch and time",
    },
    hints=(
        Hint(
            "What is being averaged?",
            "How surprised is the network by the right class, if softmax gives its probability? "
            "And what is left of that probability in float32 when another logit is 110 larger?",
            fits=("mean over batch only",),
        ),
        Hint(
            "How do I pick the right class of every row?",
            "`labels` has one axis less than `logits`. `np.take_along_axis(logits, "
            "labels[..., None], axis=-1)[..., 0]` works for labels of any shape.",
            fits=(
                "index for a single axis",
                "classes on axis 1",
                "softmax down the batch",
                "mean over the classes",
                "one label a step: the mean is over batch and time",
            ),
        ),
        Hint(
            "I get inf or nan.",
            "In float32 the exponential of 88 is near the top and that of 89 is inf, and a "
            "probability that has become exactly 0 has no logarithm. The logarithm of a quotient "
            "is a difference: take it on paper, before anything vanishes. And a row of "
            "logits may be moved up or down together; what doesn't change?",
            fits=(
                "log of softmax",
                "no shift",
                "shifted by one class",
                "softmax in float64",
                "epsilon in the log",
                "right logit not shifted",
                "one maximum for all",
                "adding a constant to a row's scores changes nothing",
                "finite and right for logits 200 apart in float32",
                "finite and right for logits 2000 apart in float64",
            ),
        ),
        Hint(
            "Show me the recipe.",
            "Subtract each row's largest logit. The loss of a row is the logarithm of the sum of "
            "`exp` of what is left, minus the shifted logit of its label. Average over all rows.",
        ),
    ),
)


def _right(array, labels):
    return np.take_along_axis(array, labels[..., None], axis=-1)[..., 0]


@EXERCISE.mistake(
    "Only the largest score is compared with that of the label, so the loss is 0 as soon as the "
    "right class is ahead, however little: take the log of the sum of exp over all classes."
)
def gap_to_the_largest(logits, labels):
    """max - logits[label]."""
    return np.mean(logits.max(axis=-1) - _right(logits, labels))


@EXERCISE.mistake(
    "That is a sigmoid's loss for each class, added up, as if each class were a question of its "
    "own: here one class is right, and the softmax of a row is what it is right by."
)
def a_sigmoid_for_each_class(logits, labels):
    """Binary cross-entropy, summed over the classes."""
    one_hot = np.eye(logits.shape[-1])[labels]
    each = np.logaddexp(0, logits) - one_hot * logits
    return each.sum(axis=-1).mean()


@EXERCISE.mistake(
    "Each row is asked for the labels of all rows, since an index such as [:, labels] picks all of "
    "them in every row: a row has one label, which np.take_along_axis picks."
)
def labels_of_all_rows(logits, labels):
    """logits[:, labels]."""
    flat = logits.reshape(-1, logits.shape[-1])
    log_sum = np.logaddexp.reduce(flat, axis=1)
    return log_sum.mean() - flat[:, labels.ravel()].mean()


@EXERCISE.mistake(
    "The largest logit of each row, and the sum, have lost the axis of the classes, so NumPy lines "
    "up rows with classes: with keepdims=True an axis of length 1 stays there."
)
def axis_lost(logits, labels):
    """No keepdims."""
    z = logits - logits.max(axis=-1)
    return -_right(z - np.log(np.exp(z).sum(axis=-1)), labels).mean()


@EXERCISE.mistake(
    "Softmax first, log after: for logits far apart the probability of the right class becomes "
    "exactly 0 and the loss infinite. Work with log-sum-exp of the logits."
)
def log_of_softmax(logits, labels):
    """The old notebooks' way."""
    return -np.log(_right(softmax(logits), labels)).mean()


@EXERCISE.mistake(
    "The softmax is computed in float64 before its log is taken: that only moves the point where a "
    "probability vanishes, from logits about 100 apart to about 740. Take the log on paper: work "
    "with log-sum-exp."
)
def softmax_in_float64(logits, labels):
    """More digits, and the log of a softmax all the same."""
    return -np.log(_right(softmax(logits.astype(np.float64)), labels)).mean()


@EXERCISE.mistake(
    "The logarithm of the sum is to base 2, and the exponentials are to base e: the two don't "
    "cancel. In nats both belong to e, so take np.log."
)
def sum_in_bits(logits, labels):
    """log2 of a sum of exp."""
    z = logits - logits.max(axis=-1, keepdims=True)
    return np.mean(np.log2(np.exp(z).sum(axis=-1)) - _right(z, labels))


@EXERCISE.mistake(
    "That is 1 minus the probability of the right class, which is never more than 1: the surprise "
    "is minus its logarithm, which has no bound."
)
def one_minus_the_probability(logits, labels):
    """1 - p for -log p."""
    return np.mean(1 - _right(softmax(logits), labels))


@EXERCISE.mistake(
    "The largest logit is not subtracted: exp overflows. Shift every row by its largest logit "
    "first."
)
def no_shift(logits, labels):
    """Log-sum-exp without the shift."""
    return (np.log(np.exp(logits).sum(axis=-1)) - _right(logits, labels)).mean()


@EXERCISE.mistake(
    "Each row is shifted by the logit of one class, as of its label, and exp overflows where "
    "another lies far above it: shift by the row's largest logit, whichever class that is."
)
def shifted_by_one_class(logits, labels):
    """log of the sum of exp(z - z of the label)."""
    return np.log(np.exp(logits - _right(logits, labels)[..., None]).sum(axis=-1)).mean()


@EXERCISE.mistake(
    "A small number inside the log keeps the loss finite, but caps it: a confident mistake costs "
    "no more than an ordinary one, and its gradient vanishes. Work from the logits."
)
def epsilon_in_the_log(logits, labels):
    """log(p + 1e-9)."""
    return -np.log(_right(softmax(logits), labels) + 1e-9).mean()


@EXERCISE.mistake(
    "That is the sum over the rows; take the mean, or the step size will depend on the batch size."
)
def sum_for_mean(logits, labels):
    """Sum over all rows."""
    return cross_entropy_from_logits(logits, labels) * labels.size


@EXERCISE.mistake(
    "That is the sum over the steps and the mean over the batch alone; with one label a step the "
    "mean is over both."
)
def mean_over_batch_only(logits, labels):
    """Divides by the batch size."""
    return cross_entropy_from_logits(logits, labels) * labels.size / len(labels)


@EXERCISE.mistake(
    "That is one loss for each row: the loss of a batch is their mean, a single number."
)
def mean_forgotten(logits, labels):
    """No reduction."""
    return -np.log(_right(softmax(logits), labels))


@EXERCISE.mistake(
    "The mean is taken over the classes too, where all but one hold a zero: pick the right class "
    "of each row, or sum over the classes, and take the mean over the rows."
)
def mean_over_the_classes(logits, labels):
    """np.mean of one-hot times log-probability."""
    return cross_entropy_from_logits(logits, labels) / logits.shape[-1]


@EXERCISE.mistake(
    "The sum uses the shifted logits, but the logit of the right class is taken from before the "
    "shift: use the shifted ones for both, or the maximum doesn't cancel."
)
def right_logit_not_shifted(logits, labels):
    """z for the one, logits for the other."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return np.mean(np.log(np.exp(shifted).sum(axis=-1)) - _right(logits, labels))


@EXERCISE.mistake(
    "One maximum is subtracted from all the rows: a row whose scores lie far below another row's "
    "loses all its exp, so take each row's own, with axis=-1 and keepdims=True."
)
def one_maximum_for_all(logits, labels):
    """logits.max()."""
    shifted = logits - logits.max()
    return np.mean(np.log(np.exp(shifted).sum(axis=-1)) - _right(shifted, labels))


@EXERCISE.mistake(
    "logits[np.arange(batch), labels] picks the right class only if labels have a single axis: "
    "np.take_along_axis works for (batch, T) too."
)
def index_for_a_single_axis(logits, labels):
    """Fancy indexing with one arange."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    right = shifted[np.arange(len(logits)), labels]
    return np.mean(np.log(np.exp(shifted).sum(axis=-1)) - right)


@EXERCISE.mistake(
    "This is written for one label a sequence: in logits of shape (batch, T, c) axis 1 is time, "
    "and one np.arange picks along a single axis. Use axis=-1, and np.take_along_axis."
)
def for_two_axes_alone(logits, labels):
    """axis=1 and one arange."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -np.mean(log_p[np.arange(len(labels)), labels])


@EXERCISE.mistake(
    "The classes are taken to be axis 1, which is time in logits of shape (batch, T, c): they are "
    "the last axis, axis=-1."
)
def classes_on_axis_1(logits, labels):
    """axis=1 for axis=-1."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -np.mean(_right(log_p, labels))


@EXERCISE.mistake(
    "The softmax runs down the batch, along axis 0, so that the rows share out one probability "
    "between them: it is each row's own, over its classes, which are the last axis."
)
def softmax_down_the_batch(logits, labels):
    """axis=0 for axis=-1."""
    shifted = logits - logits.max(axis=0, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=0, keepdims=True))
    return -np.mean(_right(log_p, labels))


@EXERCISE.mistake(
    "That is the probability of the right class, with a minus: the surprise is minus its logarithm."
)
def probability_for_its_log(logits, labels):
    """No log."""
    return -_right(softmax(logits), labels).mean()


@EXERCISE.mistake("The sign is reversed: the loss is minus the log-probability, never below 0.")
def sign_turned(logits, labels):
    """Mean log-likelihood."""
    return -cross_entropy_from_logits(logits, labels)


@EXERCISE.alternative
def with_logaddexp(logits, labels):
    """NumPy's own safe log of a sum of exponentials."""
    return np.mean(np.logaddexp.reduce(logits, axis=-1) - _right(logits, labels))


@EXERCISE.alternative
def with_one_hot(logits, labels):
    """The right class picked by a product with one-hot labels; a plain float returned."""
    z = logits - logits.max(axis=-1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))
    one_hot = np.eye(logits.shape[-1], dtype=logits.dtype)[labels]
    return float(-(one_hot * log_p).sum(axis=-1).mean())


@EXERCISE.alternative
def row_by_row(logits, labels):
    """A loop over the rows, and softplus-like differences to the right class."""
    rows = logits.reshape(-1, logits.shape[-1]).astype(float)
    total = 0.0
    for row, label in zip(rows, labels.ravel(), strict=True):
        difference = row - row[label]
        top = difference.max()
        total += top + np.log(np.exp(difference - top).sum())
    return total / len(rows)
