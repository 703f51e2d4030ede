"""Exercise: a loss that is finite for any logits, with a gradient that is right for any."""

import numpy as np

from course_lib.exercises.exercise import Arrays, Exercise, Hint, Problem, Rung
from course_lib.exercises.rungs import (
    by_hand,
    gradient,
    holds,
    irregular,
    matches,
    shapes,
    unlike,
)
from course_lib.scratch.losses import safe_loss, softmax


def small() -> Arrays:
    """Three rows of four classes."""
    return {"logits": irregular(3, 4, scale=2), "labels": np.array([2, 0, 3])}


def two_classes() -> Arrays:
    """Logits 0 and log 3: probabilities 1/4 and 3/4."""
    return {"logits": np.array([[0.0, np.log(3.0)], [0.0, 0.0]]), "labels": np.array([1, 0])}


def over_time() -> Arrays:
    """Two sequences of three steps, four classes: one label a step."""
    return {"logits": irregular(2, 3, 4, scale=2), "labels": np.array([[0, 1, 2], [3, 2, 1]])}


def confident_and_right() -> Arrays:
    """Float32 logits 200 apart, all of them right: where the notebook of 2015 went NaN."""
    logits = np.array([[200, 0, 0], [-1100, -900, -1000]], dtype=np.float32)
    return {"logits": logits, "labels": np.array([0, 1])}


def confident_and_wrong() -> Arrays:
    """Wrong by 10, 25, 40 and 2000 logits."""
    logits = np.array([[10.0, 0.0], [25.0, 0.0], [40.0, 0.0], [0.0, -2000.0]])
    return {"logits": logits, "labels": np.array([1, 1, 1, 1])}


def definition(logits: np.ndarray, labels: np.ndarray) -> float:
    """-log softmax of the right class, averaged; safe where the scores are small."""
    right = np.take_along_axis(softmax(logits), labels[..., None], axis=-1)
    return float(-np.log(right).mean())


def with_logaddexp(given: Arrays) -> Arrays:
    """Loss and gradient in float64 from NumPy's own safe log of a sum of exponentials."""
    logits, labels = given["logits"].astype(float), given["labels"]
    log_p = logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)
    one_hot = np.eye(logits.shape[-1])[labels]
    loss = -np.sum(one_hot * log_p) / labels.size
    return {"loss": loss, "dlogits": (np.exp(log_p) - one_hot) / labels.size}


def stays_calm(given: Arrays, outputs: Arrays) -> Problem | None:
    """Nothing to lose and nothing to learn, and no NaN."""
    problem = unlike(outputs, with_logaddexp(given))
    if problem is None:
        return None
    sentence = "All answers are right, and at least 100 logits ahead, so there is nothing to learn."
    if not all(np.isfinite(value).all() for value in outputs.values()):
        sentence += " exp has overflowed, or 0 was multiplied with log 0."
    return Problem(f"{sentence} {problem.sentence}", {"logits": given["logits"]} | problem.details)


def pushes_with_full_force(given: Arrays, outputs: Arrays) -> Problem | None:
    """However wrong a row is, its gradient is 1 over the number of rows."""
    expected = with_logaddexp(given)
    problem = unlike(outputs, expected)
    if problem is None:
        return None
    loss = float(outputs["loss"])
    if not np.isfinite(loss):
        sentence = "A row is so wrong that its probability is exactly 0, and the log meets it."
    elif loss < expected["loss"] - 1:
        sentence = (
            "Something caps the loss, such as a small number inside the log or a clipped "
            "probability, so that a sure mistake costs no more than an ordinary one."
        )
    else:
        sentence = "Each row is wrong by 10 logits or more, and needs the full push."
    return Problem(f"{sentence} {problem.sentence}", {"logits": given["logits"]} | problem.details)


def row_sums(function, given: Arrays) -> Arrays:
    """The sum of each row of the gradient."""
    _, dlogits = function(*given.values())
    sums = dlogits.sum(axis=-1)
    return {"the sum of a row of dlogits": sums, "the sum of a row of dlogits expected": 0 * sums}


def gradient_alone(function, given: Arrays) -> Arrays:
    """Without the loss, which has had its rung."""
    return {"dlogits": function(*given.values())[1]}


EXERCISE = Exercise(
    reference=safe_loss,
    title="The safe loss",
    goal="Compute the mean cross-entropy and its gradient so that neither fails, however sure the "
    "network is, and however wrong.",
    difficulty=2,
    minutes=20,
    returns={"loss": "number", "dlogits": "array"},
    ladder=(
        shapes(small, loss=(), dlogits=(3, 4)),
        by_hand(
            two_classes,
            how="loss = (-log(3/4) - log(1/2)) / 2 = (0.287682 + 0.693147) / 2 = 0.490415\n"
            "row 0: (1/4 - 0, 3/4 - 1) / 2 = (0.125, -0.125)\n"
            "row 1: (1/2 - 1, 1/2 - 0) / 2 = (-0.25, 0.25)",
            loss=np.array(0.49041463),
            dlogits=np.array([[0.125, -0.125], [-0.25, 0.25]]),
        ),
        holds(
            "each row of the gradient adds up to 0",
            small,
            row_sums,
            "A constant added to all the scores of a row changes nothing, so a row's gradients "
            "must cancel.",
        ),
        gradient(
            small,
            lambda given: definition(given["logits"], given["labels"]),
            gradient_alone,
            dlogits="logits",
        ),
        matches(
            "one label a step: the mean is over batch and time",
            over_time,
            with_logaddexp,
            "With labels of shape (batch, T) there are batch × T rows.",
        ),
        Rung("sure and right: loss 0 and gradient 0, not NaN", confident_and_right, stays_calm),
        Rung(
            "sure and wrong: the gradient is as large as it should be",
            confident_and_wrong,
            pushes_with_full_force,
        ),
    ),
    hints=(
        Hint(
            "My loss or my gradient is nan or inf.",
            "Three places can do it: `exp` overflows (subtract each row's largest logit first), "
            "`log` meets an exact 0 (never take the log of a probability: log p_k = z_k - "
            "log-sum-exp), or 0 × log 0 (pick the right class; don't multiply by zeros).",
        ),
        Hint(
            "What is the gradient?",
            "Softmax and log cancel most of each other: for one row it is `p - onehot`, the "
            "probabilities with 1 taken off the right class. The loss is a mean over the rows, and "
            "so is the gradient.",
        ),
        Hint(
            "How do I pick, or mark, the right class of every row?",
            "`np.arange(c) == labels[..., None]` is True at the right class of each row: as an "
            "index it picks, in a sum it counts as 1.",
        ),
    ),
)


def _one_hot(logits, labels):
    return np.eye(logits.shape[-1], dtype=logits.dtype)[labels]


@EXERCISE.mistake(
    "0 × log 0 is NaN: the probability of a wrong class becomes exactly 0, its log -inf, and the "
    "loss NaN although the answer is right. That is what the notebook of 2015 died of. Compute "
    "log p from the logits, and pick the right class."
)
def one_hot_times_log(logits, labels):
    """-sum(y * log(softmax)), as in the notebook."""
    p, y = softmax(logits), _one_hot(logits, labels)
    return -np.sum(y * np.log(p)) / labels.size, (p - y) / labels.size


@EXERCISE.mistake(
    "The gradient goes back through log and softmax one after the other, and -1/p meets a p of "
    "exactly 0. Put the two together first: what is left of them is p - onehot."
)
def back_through_log_and_softmax(logits, labels):
    """The notebook's gradient, as a tape would compute it."""
    p, y = softmax(logits), _one_hot(logits, labels)
    dp = -y / p / labels.size
    dlogits = p * (dp - np.sum(dp * p, axis=-1, keepdims=True))
    return -np.sum(y * np.log(p)) / labels.size, dlogits


@EXERCISE.mistake(
    "Softmax first, log after: when the network is sure and wrong, the probability of the right "
    "class is exactly 0 and the loss infinite. log p_k is z_k minus log-sum-exp of the logits."
)
def log_of_softmax(logits, labels):
    """-log(p[label])."""
    p, y = softmax(logits), _one_hot(logits, labels)
    right = np.take_along_axis(p, labels[..., None], axis=-1)
    return -np.log(right).mean(), (p - y) / labels.size


@EXERCISE.mistake(
    "The largest logit isn't subtracted, so exp overflows and inf/inf is NaN: shift every row by "
    "its own largest logit first; loss and gradient stay the same."
)
def no_shift(logits, labels):
    """exp of the bare logits."""
    exp = np.exp(logits)
    total = exp.sum(axis=-1, keepdims=True)
    right = np.take_along_axis(logits, labels[..., None], axis=-1)
    return np.mean(np.log(total) - right), (exp / total - _one_hot(logits, labels)) / labels.size


@EXERCISE.mistake(
    "A small number inside the log keeps the loss finite, and kills the gradient of exactly those "
    "rows that need it most: wrong by 25 logits, they get 1 % of their push. Work from the logits, "
    "where nothing needs to be added."
)
def epsilon_in_the_log(logits, labels):
    """log(p + 1e-9), and its true gradient."""
    p, y = softmax(logits), _one_hot(logits, labels)
    right = np.sum(y * p, axis=-1, keepdims=True)
    share = right / (right + 1e-9)
    return -np.log(right + 1e-9).mean(), share * (p - y) / labels.size


@EXERCISE.mistake(
    "The gradient is right, but the loss is capped near 20 by the small number inside the log: it "
    "is no longer the loss that belongs to this gradient. Take log p from the logits."
)
def epsilon_in_the_loss_alone(logits, labels):
    """log(p + 1e-9) beside p - onehot."""
    return epsilon_in_the_log(logits, labels)[0], safe_loss(logits, labels)[1]


@EXERCISE.mistake(
    "Probabilities are cut off at a smallest value: below it the loss is flat, and a sure mistake "
    "gets no gradient at all. Work from the logits, where nothing must be cut off."
)
def clipped_probability(logits, labels):
    """np.clip(p, 1e-7, 1), with its true gradient."""
    p, y = softmax(logits), _one_hot(logits, labels)
    right = np.sum(y * p, axis=-1, keepdims=True)
    moves = right > 1e-7
    return -np.log(np.clip(right, 1e-7, 1)).mean(), moves * (p - y) / labels.size


@EXERCISE.mistake(
    "Loss and gradient are sums over the rows, which multiplies the step size by the batch size: "
    "in the notebook of 2015 a rate of 0.01 worked like 0.5. Divide both by the number of rows."
)
def sum_for_mean(logits, labels):
    """The notebook's reduce_sum."""
    loss, dlogits = safe_loss(logits, labels)
    return loss * labels.size, dlogits * labels.size


@EXERCISE.mistake(
    "The loss is a mean, its gradient isn't: divide p - onehot by the number of rows too, or the "
    "step size grows with the batch."
)
def gradient_not_divided(logits, labels):
    """p - onehot."""
    loss, dlogits = safe_loss(logits, labels)
    return loss, dlogits * labels.size


@EXERCISE.mistake(
    "The gradient is that of the mean, the loss is the sum: take np.mean over the rows."
)
def loss_not_divided(logits, labels):
    """np.sum of the losses."""
    loss, dlogits = safe_loss(logits, labels)
    return loss * labels.size, dlogits


@EXERCISE.mistake(
    "Loss and gradient are divided by the batch size alone: with one label a step there are "
    "batch × T rows, labels.size."
)
def divided_by_the_batch(logits, labels):
    """len(labels)."""
    loss, dlogits = safe_loss(logits, labels)
    return loss * labels.size / len(labels), dlogits * labels.size / len(labels)


@EXERCISE.mistake(
    "The gradient alone is divided by the batch size, len(labels), where there are labels.size "
    "rows: with one label a step those are batch × T."
)
def gradient_divided_by_the_batch(logits, labels):
    """np.mean for the loss, len(labels) for the gradient."""
    loss, dlogits = safe_loss(logits, labels)
    return loss, dlogits * labels.size / len(labels)


@EXERCISE.mistake(
    "The gradient is divided by the number of classes as well: p - onehot is divided by the number "
    "of rows, logits.size / c."
)
def divided_by_the_classes(logits, labels):
    """/ logits.size."""
    loss, dlogits = safe_loss(logits, labels)
    return loss, dlogits / logits.shape[-1]


@EXERCISE.mistake(
    "The gradient points downhill: onehot - p is the step that lowers the loss, the gradient is "
    "p - onehot, and the training loop will subtract it."
)
def sign_turned(logits, labels):
    """onehot - p."""
    loss, dlogits = safe_loss(logits, labels)
    return loss, -dlogits


@EXERCISE.mistake(
    "The loss is negative: log p is at most 0, and the loss is minus the log-probability."
)
def negative_loss(logits, labels):
    """The log-likelihood."""
    loss, dlogits = safe_loss(logits, labels)
    return -loss, dlogits


@EXERCISE.mistake(
    "The right class isn't taken off: dlogits is p - onehot, so that the right logit is pushed up "
    "and the others down."
)
def one_hot_not_subtracted(logits, labels):
    """p / N."""
    return safe_loss(logits, labels)[0], softmax(logits) / labels.size


@EXERCISE.mistake(
    "Only the right class gets a gradient: the other logits stand in the sum of the softmax, so "
    "each of them gets its p."
)
def right_class_alone(logits, labels):
    """(p - 1) at the label, 0 elsewhere."""
    loss, dlogits = safe_loss(logits, labels)
    return loss, dlogits * _one_hot(logits, labels)


@EXERCISE.mistake(
    "One maximum is subtracted from all the rows: a row that lies far below another loses all its "
    "exp. Take each row's own, with axis=-1 and keepdims=True."
)
def one_maximum_for_all(logits, labels):
    """logits.max()."""
    shifted = logits - logits.max()
    total = np.exp(shifted).sum(axis=-1, keepdims=True)
    right = np.take_along_axis(shifted, labels[..., None], axis=-1)
    p = np.exp(shifted) / total
    return np.mean(np.log(total) - right), (p - _one_hot(logits, labels)) / labels.size


@EXERCISE.mistake(
    "arange(batch) beside labels picks one entry a row only if labels have a single axis: mark the "
    "right classes with np.arange(c) == labels[..., None], or use np.take_along_axis."
)
def index_for_a_single_axis(logits, labels):
    """[np.arange(len(labels)), labels]."""
    rows = np.arange(len(labels))
    shifted = logits - logits.max(axis=-1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    dlogits = np.exp(log_p)
    dlogits[rows, labels] -= 1
    return -np.mean(log_p[rows, labels]), dlogits / len(labels)


@EXERCISE.mistake(
    "exp of the bare logits, then softmax, then its log: exp overflows to inf/inf, and what "
    "survives meets log 0. Shift every row by its largest logit, and compute log p from the logits."
)
def no_shift_and_log_of_softmax(logits, labels):
    """The formula as it stands in books."""
    exp = np.exp(logits)
    p, y = exp / exp.sum(axis=-1, keepdims=True), _one_hot(logits, labels)
    right = np.take_along_axis(p, labels[..., None], axis=-1)
    return -np.log(right).mean(), (p - y) / labels.size


@EXERCISE.mistake(
    "The softmax runs over the batch: the classes are the last axis, so take maximum and sum with "
    "axis=-1."
)
def softmax_over_the_batch(logits, labels):
    """axis=0."""
    exp = np.exp(logits - logits.max(axis=0))
    p = exp / exp.sum(axis=0)
    right = np.take_along_axis(p, labels[..., None], axis=-1)
    return -np.log(right).mean(), (p - _one_hot(logits, labels)) / labels.size


@EXERCISE.mistake(
    "The mean of the loss is taken over the classes too, where all but one hold a zero: sum over "
    "the classes, and take the mean over the rows."
)
def mean_over_the_classes(logits, labels):
    """np.mean of one-hot times log p."""
    loss, dlogits = safe_loss(logits, labels)
    return loss / logits.shape[-1], dlogits / logits.shape[-1]


@EXERCISE.mistake(
    "The sum is taken from shifted logits and the right logit from those before the shift: take "
    "both from the same, or the maximum doesn't cancel."
)
def right_logit_not_shifted(logits, labels):
    """shifted for the one, logits for the other."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    right = np.take_along_axis(logits, labels[..., None], axis=-1)[..., 0]
    loss = np.mean(np.log(np.exp(shifted).sum(axis=-1)) - right)
    return loss, safe_loss(logits, labels)[1]


@EXERCISE.mistake(
    "What comes back as the gradient are the probabilities: take 1 off each row's right class, and "
    "divide by the number of rows."
)
def probabilities_for_the_gradient(logits, labels):
    """softmax(z)."""
    return safe_loss(logits, labels)[0], softmax(logits)


@EXERCISE.mistake(
    "One number a row, of shape (batch,), doesn't line up with (batch, c): it needs an axis of its "
    "own, keepdims=True for a row's maximum or sum, labels[..., None] for its label (which isn't "
    "one-hot yet)."
)
def axis_of_the_rows_lost(logits, labels):
    """logits - logits.max(axis=-1), or p - labels."""
    return safe_loss(logits - logits.max(axis=-1), labels)


@EXERCISE.alternative
def row_by_row(logits, labels):
    """A loop over the rows; differences to the right logit."""
    rows = logits.reshape(-1, logits.shape[-1]).astype(float)
    total, dlogits = 0.0, np.zeros_like(rows)
    for i, label in enumerate(labels.ravel()):
        difference = rows[i] - rows[i, label]
        top = difference.max()
        exp = np.exp(difference - top)
        total += top + np.log(exp.sum())
        dlogits[i] = exp / exp.sum()
        dlogits[i, label] -= 1
    return total / len(rows), (dlogits / len(rows)).reshape(logits.shape)


@EXERCISE.alternative
def on_a_copy_of_the_probabilities(logits, labels):
    """1 taken off in place; NumPy's logaddexp for the loss."""
    log_sum = np.logaddexp.reduce(logits, axis=-1, keepdims=True)
    where = np.expand_dims(labels, -1)
    dlogits = np.exp(logits - log_sum)
    np.put_along_axis(dlogits, where, np.take_along_axis(dlogits, where, -1) - 1, -1)
    losses = log_sum - np.take_along_axis(logits, where, -1)
    return float(losses.mean()), dlogits / losses.size


@EXERCISE.alternative
def softmax_and_log_softmax(logits, labels):
    """The two computed apart, both from shifted logits."""
    z = logits - np.max(logits, axis=-1)[..., None]
    log_p = z - np.log(np.sum(np.exp(z), axis=-1))[..., None]
    y = _one_hot(logits, labels)
    return np.mean(-(y * log_p).sum(axis=-1)), (softmax(logits) - y) / labels.size
