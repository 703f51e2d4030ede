"""Of two faults at once the first is named, and nothing is said that the second makes untrue."""

import numpy as np
import pytest

from course_lib.exercises import check
from course_lib.exercises.ladder.climbing import Budget
from course_lib.exercises.naming.recognition import MORE
from course_lib.exercises.naming.repairs import repair
from course_lib.exercises.registry import get
from course_lib.scratch.bptt import loss_and_gradients
from course_lib.scratch.gradcheck import numerical_gradient

pytestmark = pytest.mark.usefixtures("patient")


def always_from_h_0_and_no_bias(x, h_0, W_xh, W_hh, b_h):
    h = np.zeros((*x.shape[:2], W_hh.shape[0]), dtype=np.result_type(x, h_0, W_hh, np.float32))
    h_t = h_0
    for t in range(x.shape[1]):
        h_t = np.tanh(x[:, t] @ W_xh + h_0 @ W_hh)
        h[:, t] = h_t
    return h, (x, h_0, h, W_xh, W_hh)


def transposed_and_a_mean(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    da = dh_t * (1 - h_t**2)
    return da @ W_xh.T, da @ W_hh, x_t.T @ da, h_prev.T @ da, da.mean(axis=0)


def in_full_and_from_h_0(params, x, labels, h_0, window):
    loss, h_last = 0.0, h_0
    grads = {name: np.zeros_like(w) for name, w in params.items()}
    for start in range(0, x.shape[1], window):
        part = slice(start, start + window)
        one, some, h_last = loss_and_gradients(params, x[:, part], labels[:, part], h_0)
        loss += one
        for name in grads:
            grads[name] += some[name]
    return loss, grads, h_last


@pytest.mark.parametrize(
    ("exercise", "answer", "mistake"),
    [
        ("rnn_forward", always_from_h_0_and_no_bias, "state not carried"),
        ("rnn_step_backward", transposed_and_a_mean, "batch mean in db"),
        ("truncated_bptt", in_full_and_from_h_0, "sum of windows"),
    ],
)
def test_what_is_left_but_for_a_small_change_is_named_and_more_is_said(exercise, answer, mistake):
    report = check(answer, exercise)
    assert report.mistake == mistake
    assert report.sentence.endswith(MORE)


def the_median(loss, params, grads, step=1e-5, tolerance=1e-6):
    errors = {}
    for name, w in params.items():
        a, b = numerical_gradient(loss, w, step), grads[name]
        errors[name] = float(np.median(np.abs(a - b) / np.maximum(np.abs(a) + np.abs(b), 1e-8)))
    return all(error <= tolerance for error in errors.values()), errors


def test_a_fault_that_is_near_a_mistake_is_not_that_mistake_and_more():
    assert "averaged" not in check(the_median, "gradient_check").sentence


def all_rows_for_every_batch(network, x, labels, g_now, g_end, size=100):
    right = 0
    for _ in range(0, len(x), size):
        right += np.sum(network(x, g_end, False).argmax(axis=-1) == labels)
    return float(right / len(x))


def test_who_may_have_made_two_faults_is_not_told_that_something_is_right():
    assert "is right" not in check(all_rows_for_every_batch, "final_accuracy").sentence


def only_the_input_is_masked(x, mask, h_0, W_xh, W_hh, b_h):
    h = np.zeros((*x.shape[:2], W_hh.shape[0]), dtype=np.result_type(x, h_0, W_hh, np.float32))
    h_t = h_0
    for t in range(x.shape[1]):
        h_t = np.tanh(np.where(mask[:, t, None], x[:, t], 0) @ W_xh + h_t @ W_hh + b_h)
        h[:, t] = h_t
    return h, h_t


def test_outputs_that_are_shown_in_the_padding_are_not_called_zero():
    report = check(only_the_input_is_masked, "masked_rnn_forward")
    assert not report.ok
    assert "outputs are zero" not in report.sentence


def the_second_half_left_out(x_t, h_prev, W_xh, W_hh, b_h):
    a = x_t @ W_xh + h_prev @ W_hh
    squashed = np.tanh(a)
    return squashed.copy()


def test_an_argument_that_nobody_reads_may_be_a_term():
    exercise = get("rnn_step")
    mended = repair(exercise, the_second_half_left_out, exercise.ladder[1], Budget(exercise))
    assert "+ b_h" in mended.sentence


def no_shift_and_one_draw(logits, temperature, rng):
    if not 0 <= temperature < np.inf:
        raise ValueError(f"temperature is {temperature}; take 0, or a positive number.")
    if temperature == 0:
        return logits.argmax(axis=-1)
    p = np.exp(logits / temperature)
    p = p / p.sum(axis=-1, keepdims=True)
    codes = (p.cumsum(axis=-1) < rng.random()).sum(axis=-1)
    return np.minimum(codes, logits.shape[-1] - 1)


def test_counts_that_are_alike_by_chance_show_no_mistake():
    report = check(no_shift_and_one_draw, "sample_with_temperature")
    assert "likeliest character comes at every" not in report.sentence


def test_dropout_at_another_gate_may_be_more_than_dropout():
    """With its dropout on, a network has another accuracy at another gate."""

    def final_accuracy(network, x, labels, g_now, g_end, size=100):
        right = 0
        for start in range(0, len(x), size):
            rows = slice(start, start + size)
            right += np.sum(network(x[rows], 1.0, True).argmax(axis=-1) == labels[rows])
        return right / len(x)

    assert check(final_accuracy).sentence.endswith(MORE)


def test_what_is_said_of_traces_is_true_of_one_of_them():
    """The trace of the inputs fades, even too much."""

    def lru_trace_step(E_lam, E_x, z_prev, x_t, lam):
        return E_lam + z_prev, lam * (E_x + x_t[:, :, None])

    assert "The traces" not in check(lru_trace_step).sentence
