"""Of two faults at once the first is named, and nothing is said that the second makes untrue."""

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from course_lib.exercises import check
from course_lib.exercises.checker import check_function
from course_lib.exercises.ladder.climbing import Budget
from course_lib.exercises.naming import recognition
from course_lib.exercises.naming.recognition import MORE
from course_lib.exercises.naming.repairs import repair
from course_lib.exercises.registry import get
from course_lib.layers.early_stopping import EarlyStopping
from course_lib.scratch.bptt import loss_and_gradients
from course_lib.scratch.gated import gate
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


def backwards_and_from_the_reset_state(x_t, h_prev, params):
    r = gate(x_t, h_prev, params["W_xr"], params["W_hr"], params["b_r"])
    seen = r * h_prev
    z = gate(x_t, seen, params["W_xz"], params["W_hz"], params["b_z"])
    candidate = np.tanh(x_t @ params["W_xh"] + seen @ params["W_hh"] + params["b_h"])
    return h_prev + z * (candidate - h_prev)


def test_what_explains_a_part_of_what_another_mistake_explains_is_not_named():
    """Where z is 1 a mixture turned round is the candidate; where z is 0 it is the old state."""
    assert "candidate itself" not in check(backwards_and_from_the_reset_state, "gru_step").sentence


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


def test_one_character_for_all_rows_is_not_the_likeliest():
    def sample_with_temperature(logits, temperature, rng):
        if not 0 <= temperature < np.inf:
            raise ValueError(temperature)
        if temperature == 0:
            return logits.argmax(axis=1)
        p = np.exp((logits - logits.max(axis=1, keepdims=True)) / temperature)
        p /= p.sum(axis=1, keepdims=True)
        return np.array([np.random.default_rng(1).choice(len(row), p=row) for row in p])

    report = check(sample_with_temperature)
    assert not report.ok
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


@pytest.fixture
def no_repairs(monkeypatch):
    """Each change of code in TensorFlow takes a moment, and none makes two faults right."""
    monkeypatch.setattr(recognition, "changed", lambda *_: iter(()))


def two_faults_on_the_way_back(memory=lambda h_0, h: h, from_h_0=lambda da, W_hh: da):
    def bptt_gradient(x, h_0, W_xh, W_hh, b_h):
        @tf.custom_gradient
        def states(x, h_0, W_xh, W_hh, b_h):
            by_time = tf.transpose(x @ W_xh + b_h, (1, 0, 2))
            h = tf.scan(lambda h, a: tf.tanh(a + h @ W_hh), by_time, h_0)

            def backward(dh):
                dh = tf.transpose(dh, (1, 0, 2))
                da = tf.scan(
                    lambda da, now: (now[0] + da @ tf.transpose(W_hh)) * (1 - now[1] ** 2),
                    (dh, h),
                    tf.zeros_like(h_0),
                    reverse=True,
                )
                return (
                    tf.transpose(da @ tf.transpose(W_xh), (1, 0, 2)),
                    from_h_0(da[0], W_hh),
                    tf.einsum("btm,tbn->mn", x, da),
                    tf.einsum("tbk,tbn->kn", memory(h_0, h), da),
                    tf.reduce_sum(da, axis=(0, 1)),
                )

            return tf.transpose(h, (1, 0, 2)), backward

        return states(x, h_0, W_xh, W_hh, b_h)

    return bptt_gradient


@pytest.mark.slow
@pytest.mark.usefixtures("no_repairs")
def test_of_two_faults_of_a_fast_form_one_is_named_if_all_that_it_makes_wrong_is_wrong_alike():
    report = check(two_faults_on_the_way_back(), "bptt_gradient")
    assert report.mistake == "states after the step"
    assert report.sentence.endswith(MORE)


@pytest.mark.slow
@pytest.mark.usefixtures("no_repairs")
def test_what_is_wrong_in_other_numbers_is_not_that_mistake():
    """dW_hh is made with states that are neither those before the step nor those after it."""
    answer = two_faults_on_the_way_back(memory=lambda h_0, h: h / 2)
    assert check(answer, "bptt_gradient").mistake == "h 0 without W hh"


class TooLateAndTheWrongSide(EarlyStopping):
    """Where min_delta is 0 it only waits too long; elsewhere the second fault changes the first."""

    def on_epoch_end(self, epoch, logs=None):
        if logs["val_loss"] < self.best + self.min_delta:
            self.best, self.waited = logs["val_loss"], 0
            self.kept = self.model.get_weights()
        else:
            self.waited += 1
            if self.waited > self.patience:
                self.model.stop_training = True


@pytest.mark.slow
@pytest.mark.usefixtures("no_repairs")
def test_a_mistake_that_is_seen_alone_on_several_rungs_is_named():
    report = check(TooLateAndTheWrongSide, "EarlyStopping")
    assert report.mistake == "OneTooMany"
    assert report.sentence.endswith(MORE)


class TooLateWithoutMinDelta(EarlyStopping):
    """It waits too long only where min_delta is 0; and it refuses nothing."""

    def __init__(self, patience=3, min_delta=0.0):
        super().__init__()
        self.patience, self.min_delta = patience, min_delta

    def on_epoch_end(self, epoch, logs=None):
        super().on_epoch_end(epoch, logs)
        if not self.min_delta:
            self.model.stop_training = self.waited > self.patience


@pytest.mark.slow
@pytest.mark.usefixtures("no_repairs")
def test_a_mistake_is_not_named_where_what_it_makes_wrong_is_right():
    assert check(TooLateWithoutMinDelta, "EarlyStopping").mistake is None


class NeverPatientAgainNorBack(EarlyStopping):
    """The count is never set back to 0, and no weights are put back."""

    def on_epoch_end(self, epoch, logs=None):
        waited = self.waited
        super().on_epoch_end(epoch, logs)
        self.waited = max(waited, self.waited)

    def on_train_end(self, logs=None):
        pass


@pytest.mark.slow
@pytest.mark.usefixtures("no_repairs")
def test_who_stops_at_a_wrong_time_is_not_told_that_it_is_the_right_one():
    assert "the right time" not in check(NeverPatientAgainNorBack, "EarlyStopping").sentence


def the_forget_gate_like_the_input_gate(x_t, h_prev, c_prev, params):
    i, f, o = (gate(x_t, h_prev, *(params[k + g] for k in ("W_x", "W_h", "b_"))) for g in "iio")
    candidate = np.tanh(x_t @ params["W_xc"] + h_prev @ params["W_hc"] + params["b_c"])
    c_t = f * c_prev + i * candidate
    kept = {"x_t": x_t, "h_prev": h_prev, "c_prev": c_prev, "c_t": c_t}
    return o * np.tanh(c_t), c_t, {**kept, "i": i, "f": f, "o": o, "candidate": candidate}


def test_a_mistake_of_which_a_part_is_right_is_not_named_beside_another():
    exercise = get("lstm_step")
    one = [mistake for mistake in exercise.mistakes if mistake.name == "one gate for all"]
    report = check_function(replace(exercise, mistakes=one), the_forget_gate_like_the_input_gate)
    assert "All three" not in report.sentence
