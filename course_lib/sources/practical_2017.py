"""The network of a practical of 2017, rebuilt, and its six bugs, each in a few lines of our own.

Practical 4 of the Deep Learning Indaba 2017: one sequence of five steps, eight inputs, four units,
two classes. Its numbers come from NumPy's legacy generator, seed 1234.
The functions named `wrong_…` are wrong on purpose: a page of the book asks what is wrong, and
measures it.
"""

import numpy as np

from course_lib.scratch.bptt import loss_and_gradients, rnn_backward, rnn_step_backward
from course_lib.scratch.clipping import clip_by_value
from course_lib.scratch.gradcheck import gradient_check, numerical_gradient
from course_lib.scratch.losses import softmax
from course_lib.scratch.rnn import rnn_forward

INPUTS, UNITS, CLASSES, STEPS = 8, 4, 2, 5
STEP, TOLERANCE = 1e-3, 1e-2  # of the practical's gradient check
LIMIT = 5.0  # where the practical cuts each entry of its gradients


def network(seed=1234):
    """Return (params, x, labels, h_0) of the practical, drawn in its order.

    The readout has its bug: 8 columns for 2 classes. Another size would use up fewer random numbers
    and so change the data that come after it.
    """
    rng = np.random.RandomState(seed)  # the legacy generator: the printed numbers are its
    params = {
        "W_xh": rng.standard_normal((INPUTS, UNITS)) / np.sqrt(INPUTS / 2),
        "W_hh": rng.standard_normal((UNITS, UNITS)) / np.sqrt(UNITS / 2),
        "W_hy": wrong_readout(rng, INPUTS, UNITS, CLASSES),
        "b_h": np.zeros(UNITS),
        "b_y": np.zeros(INPUTS),
    }
    x = rng.standard_normal((STEPS, INPUTS))[None]
    labels = rng.randint(0, CLASSES, size=STEPS)[None]
    return params, x, labels, np.zeros((1, UNITS))


def narrow(params):
    """Repair the readout: as many columns as classes."""
    return {**params, "W_hy": params["W_hy"][:, :CLASSES], "b_y": params["b_y"][:CLASSES]}


def total_loss(params, x, labels, h_0):
    """Return the practical's loss: the sum over the steps, not the mean."""
    return x.shape[1] * loss_and_gradients(params, x, labels, h_0)[0]


def total_gradients(params, x, labels, h_0):
    """Return the gradients of `total_loss`."""
    grads = loss_and_gradients(params, x, labels, h_0)[1]
    return {name: x.shape[1] * g for name, g in grads.items()}


def check(grads, params, x, labels, h_0, step=STEP, tolerance=TOLERANCE):
    """Check gradients of `total_loss` as the practical does; return (passed, errors)."""
    return gradient_check(
        lambda: total_loss(params, x, labels, h_0), params, grads, step, tolerance
    )


# Bug 1 of 6


def wrong_readout(rng, m, n, c):
    """Draw W_hy, from n units to c classes."""
    return rng.standard_normal((n, m)) / np.sqrt(c / 2)


def impossible_probability():
    """Return the probability on classes that do not exist, for each step, shape (STEPS,)."""
    params, x, _, h_0 = network()
    h, _ = rnn_forward(x, h_0, params["W_xh"], params["W_hh"], params["b_h"])
    return softmax(h @ params["W_hy"] + params["b_y"])[0, :, CLASSES:].sum(axis=-1)


# Bug 2 of 6


def wrong_mean(params, x, labels, h_0):
    """Return mean loss and gradients."""
    loss = total_loss(params, x, labels, h_0) / x.shape[1]
    grads = total_gradients(params, x, labels, h_0)
    return loss, grads


def mean_errors():
    """Return the errors of the check against the mean that is returned, and against the sum."""
    params, x, labels, h_0 = network()
    _, grads = wrong_mean(params, x, labels, h_0)
    _, errors = gradient_check(
        lambda: wrong_mean(params, x, labels, h_0)[0], params, grads, STEP, TOLERANCE
    )
    return errors, check(grads, params, x, labels, h_0)[1]


# Bug 3 of 6


def wrong_backward(dh, cache, dh_next=None):
    """Return dW_hh and db_h by BPTT."""
    x, h_0, h, _, W_hh = cache
    if dh_next is None:
        dh_next = np.zeros((1, h[:, -1].shape[0]))
    dW_hh, db_h = np.zeros_like(W_hh), np.zeros((1, len(W_hh)))
    for t in reversed(range(x.shape[1])):
        da_t = (dh[:, t] + dh_next) * (1 - h[:, t] ** 2)
        dW_hh = dW_hh + (h[:, t - 1] if t else h_0).T @ da_t
        db_h = db_h + da_t
        dh_next = da_t @ W_hh.T
    return dW_hh, db_h


def states(batch, seed=0):
    """Return (dh, cache) of the practical's weights on `batch` random sequences of STEPS steps."""
    params = network()[0]
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(batch, STEPS, INPUTS))
    h, cache = rnn_forward(
        x, np.zeros((batch, UNITS)), params["W_xh"], params["W_hh"], params["b_h"]
    )
    return rng.normal(size=h.shape), cache


def backward_by_batch(batch):
    """Return what `wrong_backward` does on a batch.

    Returns:
        message: of the error it raises, "" if none.
        difference: largest from `rnn_backward` in dW_hh; where it raises, that of the next try.
        shape: of db_h. The next try starts with dh_next of the shape of h_0.
    """
    dh, cache = states(batch)
    message = ""
    try:
        dW_hh, db_h = wrong_backward(dh, cache)
    except ValueError as error:
        message = str(error).strip()
        dW_hh, db_h = wrong_backward(dh, cache, dh_next=np.zeros_like(cache[1]))
    difference = float(np.abs(dW_hh - rnn_backward(dh, cache)[3]).max())
    return message, difference, db_h.shape


# Bug 4 of 6


def wrong_clipped_gradients(params, x, labels, h_0):
    """Return gradients, safe from explosion."""
    grads = total_gradients(params, x, labels, h_0)
    return clip_by_value(grads, LIMIT)


def errors_by_seed(seeds=range(10)):
    """Largest errors of the check over all parameters, with and without the clipping inside.

    Returns:
        clipped, whole: dicts from seed to the dict of errors.
    """
    clipped, whole = {}, {}
    for seed in seeds:
        data = network(seed)
        clipped[seed] = check(wrong_clipped_gradients(*data), *data)[1]
        whole[seed] = check(total_gradients(*data), *data)[1]
    return clipped, whole


# Bug 5 of 6


def wrong_check(gradient, numerical, tolerance=TOLERANCE):
    """Return True if two gradients agree."""
    for a, b in zip(gradient.flat, numerical.flat, strict=True):
        error = np.abs(a - b) / (np.abs(a) + np.abs(b))
        if error > tolerance:
            return False
    return True


def nan_verdicts():
    """Return (entries, wrong, right): how many are 0/0, and what each check says of a NaN gradient.

    The first input is set to zero, so that its row of W_xh has gradient zero, both ways. Then
    the same row of the gradient is made NaN, as by a bug, and both checks judge it.
    """
    params, x, labels, h_0 = network()
    x[..., 0] = 0.0
    grads = total_gradients(params, x, labels, h_0)
    numerical = numerical_gradient(lambda: total_loss(params, x, labels, h_0), params["W_xh"], STEP)
    entries = int(np.sum((grads["W_xh"] == 0) & (numerical == 0)))
    grads["W_xh"][0] = np.nan
    with np.errstate(invalid="ignore"):
        wrong = wrong_check(grads["W_xh"], numerical)
    right, _ = check(grads, params, x, labels, h_0)
    return entries, wrong, right


# Bug 6 of 6


def wrong_truncated_bptt(dh, cache, window):
    """Return dW_hh by truncated BPTT."""
    x, h_0, h, W_xh, W_hh = cache
    dW_hh, dh_next = np.zeros_like(W_hh), np.zeros_like(h_0)
    for t in reversed(range(x.shape[1])):
        h_prev = h[:, t - 1] if t else h_0
        _, dh_next, _, dW_hh_t, _ = rnn_step_backward(
            dh[:, t] + dh_next, x[:, t], h_prev, h[:, t], W_xh, W_hh
        )
        dW_hh += dW_hh_t
    return dW_hh
