"""The same wrong numbers may come about in another way: what is said is true of that way too."""

import random

import numpy as np
import pytest

from course_lib.exercises.checker import check_function
from course_lib.exercises.registry import get
from course_lib.scratch.gradcheck import numerical_gradient
from course_lib.scratch.rnn import rnn_step


def drawn_by_python(logits, temperature, rng):
    """Python's own generator, and none of NumPy's."""
    if not 0 <= temperature < np.inf:
        raise ValueError(temperature)
    if temperature == 0:
        return logits.argmax(axis=1)
    weights = np.exp((logits - logits.max(axis=1, keepdims=True)) / temperature)
    return np.array([random.choices(range(len(row)), row)[0] for row in weights])


def overflows_to_no_sum(logits, temperature, rng):
    """NaN made 0: no division by the sum helps."""
    if not 0 <= temperature < np.inf:
        raise ValueError(temperature)
    if temperature == 0:
        return logits.argmax(axis=1)
    with np.errstate(all="ignore"):
        p = np.exp(logits / temperature)
        p = np.nan_to_num(p / p.sum(axis=1, keepdims=True))
    return np.array([rng.choice(len(row), p=row) for row in p])


def closed_by_hand(codes, lanes, window):
    """A ring of characters without np.roll."""
    steps = (len(codes) - 1) // (lanes * window) * window
    if steps <= 0:
        raise ValueError("too short")
    read = codes[: lanes * steps]
    following = np.concatenate([read[1:], read[:1]])
    return tuple(one.reshape(lanes, -1, window).transpose(1, 0, 2) for one in (read, following))


def nan_made_zero(loss, params, grads, step=1e-5, tolerance=1e-6):
    """No comparison loses the NaN."""
    errors = {}
    for name, w in params.items():
        a, b = grads[name], numerical_gradient(loss, w, step)
        with np.errstate(all="ignore"):
            errors[name] = float(np.nan_to_num(np.abs(a - b) / (np.abs(a) + np.abs(b))).max())
    return all(e <= tolerance for e in errors.values()), errors


def skips_where_one_has_padding(x, mask, h_0, W_xh, W_hh, b_h):
    """The loop goes through all steps."""
    h, h_last = np.zeros((*mask.shape, len(b_h))), h_0
    for t in range(x.shape[1]):
        if mask[:, t].all():
            h_last = rnn_step(x[:, t], h_last, W_xh, W_hh, b_h)
            h[:, t] = h_last
    return h, h_last


@pytest.mark.parametrize(
    ("exercise", "answer", "untrue", "said"),
    [
        ("sample_with_temperature", drawn_by_python, "come from np.random", "Python's random"),
        ("sample_with_temperature", overflows_to_no_sum, "\0", "overflowed"),
        ("carried_windows", closed_by_hand, "np.roll turns", "as if"),
        ("gradient_check", nan_made_zero, "error > worst", "NaN"),
        ("masked_rnn_forward", skips_where_one_has_padding, "The loop ends", "every sequence"),
    ],
)
def test_a_name_is_true_of_other_causes_too(exercise, answer, untrue, said):
    sentence = check_function(get(exercise), answer).sentence
    assert untrue not in sentence
    assert said in sentence
