"""A wrong answer gets a name on evidence only, and of two faults the first."""

import re
import time
import warnings

import numpy as np
import pytest

from course_lib.exercises import check
from course_lib.exercises.calling.guard.failure import _computed
from course_lib.exercises.exercise import Problem, Rung
from course_lib.exercises.ladder import climbing
from course_lib.exercises.ladder.climbing import Outcome
from course_lib.exercises.naming import recognition
from course_lib.exercises.naming.agreement import agree
from course_lib.exercises.naming.recognition import ELSEWHERE, MORE
from course_lib.exercises.naming.slips import can_be_said_of_some
from course_lib.exercises.naming.suspects import Fall, Lifted, Suspect
from course_lib.exercises.registry import get, ids
from course_lib.scratch.bptt import truncated_bptt
from course_lib.scratch.diagonal import lru_trace_gradient
from course_lib.scratch.stacked import collect_outputs, dropout_between_layers

pytestmark = pytest.mark.usefixtures("patient")


def products_the_wrong_way_round(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    da_t = dh_t * (1 - h_t**2)
    return W_xh.T @ da_t, da_t @ W_hh.T, x_t.T @ da_t, h_prev.T @ da_t, da_t.sum(0)


def shifted_by_the_mean(logits, labels):
    z = logits - logits.mean(-1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(-1, keepdims=True))
    return -np.take_along_axis(log_p, labels[..., None], -1).mean()


def shifted_by_the_smallest(logits, labels):
    z = (logits - logits.min(-1, keepdims=True)).astype(np.float64)
    return (np.log(np.exp(z).sum(-1)) - np.take_along_axis(z, labels[..., None], -1)[..., 0]).mean()


def softmax_then_log(logits, labels):
    exp = np.exp(logits)
    p = exp / exp.sum(-1, keepdims=True)
    return -np.log(np.take_along_axis(p, labels[..., None], -1)).mean()


def shifted_by_the_label(logits, labels):
    own = np.take_along_axis(logits, labels[..., None], axis=-1)
    return np.mean(np.log(np.exp(logits - own).sum(axis=-1)))


def softmax_by_a_power(logits, labels):
    z = logits - logits.max(-1, keepdims=True)
    p = np.exp(z) / np.sum(np.exp(z), axis=-1, keepdims=True)
    rows = p.reshape(-1, p.shape[-1])
    return np.mean([-np.log(row[k]) for row, k in zip(rows, labels.flat, strict=True)])


def test_what_overflows_is_not_what_vanishes():
    """Both are infinite for logits 200 apart in float32; for logits 100 apart one of them is."""
    said = check(shifted_by_the_label, "cross_entropy_from_logits").sentence
    assert "Softmax" not in said
    assert "exp overflows" in said
    assert check(softmax_by_a_power, "cross_entropy_from_logits").mistake == "log of softmax"


def test_two_products_that_fail_are_not_one_mistake():
    report = check(products_the_wrong_way_round, "rnn_step_backward")
    assert not report.ok
    assert "dW_xh and dW_hh" not in report.sentence
    assert "with `W_xh.T @ da_t` for `da_t @ W_xh.T`" in report.sentence


def gru_with_a_sigmoid_of_its_own(x_t, h_prev, params):
    p = params
    r, z = (
        1 / (1 + np.exp(-(x_t @ p[f"W_x{g}"] + h_prev @ p[f"W_h{g}"] + p[f"b_{g}"]))) for g in "rz"
    )
    candidate = np.tanh(x_t @ p["W_xh"] + p["b_h"] + r * (h_prev @ p["W_hh"]))
    return candidate + z * (h_prev - candidate)


def test_what_a_shut_gate_lets_through_is_nothing():
    # 2e-22 in this form of the sigmoid, and 0 in the mistake's
    assert check(gru_with_a_sigmoid_of_its_own, "gru_step").mistake == "reset after the product"


def relu_beyond_a_threshold(u, g):
    return np.where(u > g - 1, u, 0.0)


def relu_unless_shut(u, g):
    return u if g == 0 else np.maximum(u, 0.0)


def test_a_gate_that_moves_the_corner_is_no_plain_relu_and_one_that_is_ajar_no_switch_at_a_half():
    assert "whatever the gate" not in check(relu_beyond_a_threshold, "grelu").sentence
    assert "below one half" not in check(relu_unless_shut, "grelu").sentence


def slope_beyond_a_threshold(dy, u, g):
    return dy * np.where(u > g - 1, 1.0, 1 - g)


def nothing_near_the_corner(dy, u, g):
    return np.where(np.abs(u) < 0.1, 0.0, np.where(u > 0, dy, (1 - g) * dy))


def test_what_happens_around_a_corner_is_no_slip_at_the_corner():
    for answer in (slope_beyond_a_threshold, nothing_near_the_corner):
        assert "At u = 0" not in check(answer, "grelu_backward").sentence


def test_being_infinite_at_the_same_place_is_no_evidence():
    assert check(shifted_by_the_mean, "cross_entropy_from_logits").mistake is None
    by_the_smallest = check(shifted_by_the_smallest, "cross_entropy_from_logits")
    assert "with `logits.max` for `logits.min`" in by_the_smallest.sentence
    # But one that breaks for the same reason does so at every size, and is known.
    assert "exp overflows" in check(softmax_then_log, "cross_entropy_from_logits").sentence


def test_when_the_time_for_a_name_is_over_only_the_exercises_own_mistakes_have_one(monkeypatch):
    named = get("rnn_step_backward").mistakes[0]
    assert check(products_the_wrong_way_round, "rnn_step_backward").mistake
    monkeypatch.setattr(climbing, "NAMED_WITHIN", 0.0)
    report = check(products_the_wrong_way_round, "rnn_step_backward")
    assert (report.outcome, report.mistake) == ("not right yet", None)
    assert report.sentence == report.problem.sentence
    assert check(named.answer, "rnn_step_backward").mistake == named.name


def two_faults_of_its_own(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    da = dh_t * (1 - h_t**2)
    return da @ W_xh.T, da @ W_hh.T, x_t.T @ np.sin(da) + da[0], h_prev.T @ da, da.mean(axis=0)


def test_on_a_processor_that_does_other_work_the_search_ends_by_the_clock(monkeypatch):
    monkeypatch.setattr(climbing, "NAMED_BY", 0.2)
    monkeypatch.setattr(time, "process_time", lambda: 0.0)
    pairs = iter(get("rnn_step_backward").mistakes * 3_000)
    monkeypatch.setattr(recognition, "both", lambda first: pairs)
    assert not check(two_faults_of_its_own, "rnn_step_backward").ok
    assert next(pairs, None), "all of them were tried"


@pytest.mark.parametrize("expression", ["W_xh @ x_t", "np.matmul(W_xh, x_t)"])
def test_the_same_failure_on_the_same_operands_is_one_mistake(tmp_path, expression):
    path = tmp_path / "mine.py"
    path.write_text(
        "import numpy as np\n"
        "def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):\n"
        f"    inward = {expression}\n"
        "    return np.tanh(inward + W_hh @ h_prev + b_h)\n"
    )
    namespace = {}
    exec(compile(path.read_text(), str(path), "exec"), namespace)
    assert check(namespace["rnn_step"]).mistake == "weights first"


def test_an_equal_text_alone_is_not():
    def other_operands(x_t, h_prev, W_xh, W_hh, b_h):
        return np.tanh(x_t @ W_xh + W_hh @ h_prev + b_h)

    assert check(other_operands, "rnn_step").mistake != "weights first"


def one_for_each_lane(refusal):
    """A named mistake of carried_windows, in which a text that is too short is refused."""

    def carried_windows(codes, lanes, window):
        piece = len(codes) // lanes
        windows = (piece - 1) // window
        if windows < 1:
            raise refusal
        text = codes[: lanes * piece].reshape(lanes, piece)
        pair = text[:, : windows * window], text[:, 1 : windows * window + 1]
        return tuple(one.reshape(lanes, windows, -1).transpose(1, 0, 2) for one in pair)

    return carried_windows


def test_an_error_that_is_raised_on_purpose_may_have_words_of_its_own():
    name = "a last one for each lane"
    assert check(one_for_each_lane(ValueError("words of my own"))).mistake == name
    assert check(one_for_each_lane(KeyError("another error"))).mistake != name


def test_an_error_that_is_raised_on_purpose_is_no_evidence():
    raised = Outcome(None, "f raised ValueError: words", "raised", "raise ValueError")
    other = Outcome(None, "f raised ValueError: of another", "raised", "raise ValueError")
    assert agree(raised, other)
    rung = get("carried_windows").ladder[0]
    fall = Fall(rung, other, Problem("words"))
    suspect = Suspect(get("carried_windows"), get("carried_windows").mistakes[0], None)
    suspect.known = {(suspect.mistake.answer, rung): raised}
    assert not suspect.is_proven_by(fall)


def test_of_two_faults_the_first_is_named_and_more_is_said():
    def two(x_t, h_prev, W_xh, W_hh, b_h):
        return 2 * np.tanh(W_xh @ x_t + W_hh @ h_prev)

    report = check(two, "rnn_step")
    assert report.mistake == "weights first"
    assert report.sentence.endswith(MORE)


def test_small_numbers_must_agree_as_closely_as_large_ones():
    small = Outcome({"g": np.array([1e-7, 2e-7])})
    other = Outcome({"g": np.array([1e-7, 3e-7])})
    assert agree(small, small)
    assert not agree(small, other)


def test_operands_that_hold_themselves_or_raise_end_in_a_sentence():
    def in_itself(*_):
        held = []
        held.append(held)
        return held @ held

    class Own:
        shape = property(lambda self: 1 / 0)
        __matmul__ = property(lambda self: 1 / 0)

    assert "raised TypeError" in check(in_itself, "rnn_step").sentence
    assert "raised ZeroDivisionError" in check(lambda *_: Own() @ Own(), "rnn_step").sentence


def bias_subtracted(x_t, h_prev, W_xh, W_hh, b_h):
    total = x_t @ W_xh + np.dot(h_prev, W_hh)
    return np.tanh(total - b_h)


def relu_without_bias(x_t, h_prev, W_xh, W_hh, b_h):
    return np.maximum(x_t @ W_xh + h_prev @ W_hh, 0)


def two_slips(dh_t, x_t, h_prev, h_t, W_xh, W_hh):
    return dh_t @ W_xh.T, dh_t @ W_hh, x_t.T @ dh_t, h_prev.T @ dh_t, dh_t.sum(0)


def dh_next_forgotten(dh, cache):
    x, h_0, h, W_xh, W_hh = cache
    dx, dW_xh, dW_hh = (np.zeros_like(a) for a in (x, W_xh, W_hh))
    db_h = np.zeros(len(W_hh))
    for t in reversed(range(x.shape[1])):
        h_prev = h[:, t - 1] if t else h_0
        da = dh[:, t] * (1 - h[:, t] ** 2)
        dx[:, t], dh_0 = da @ W_xh.T, da @ W_hh.T
        dW_xh, dW_hh = dW_xh + x[:, t].T @ da, dW_hh + h_prev.T @ da
        db_h = db_h + da.sum(0)
    return dx, dh_0, dW_xh, dW_hh, db_h


def softmax_shifted_by_the_largest_of_all(logits, labels):
    exp = np.exp(logits - logits.max())
    p = exp / exp.sum(-1, keepdims=True)
    return -np.log(np.take_along_axis(p, labels[..., None], -1)).mean()


def test_a_slip_that_no_mistake_names_is_found_in_the_right_code():
    report = check(bias_subtracted, "rnn_step")
    assert "`-` for the `+` before `b_h`" in report.sentence
    assert report.mistake


def test_a_stub_that_only_other_numbers_reach_costs_no_verdict():
    seen = []

    def half_written(x_t, h_prev, W_xh, W_hh, b_h):
        seen.append(x_t)
        if abs(x_t.flat[0]) < 0.9 * abs(seen[0].flat[0]):
            raise NotImplementedError("IMPLEMENT-ME: the other half")
        return np.tanh(x_t @ W_xh + h_prev @ W_hh - b_h)

    assert not check(half_written, "rnn_step").ok


def test_a_slip_is_proven_by_finite_numbers_only():
    report = check(softmax_shifted_by_the_largest_of_all, "cross_entropy_from_logits")
    assert "the right code" not in report.sentence


def rflo_without_memory(v, squashed, dh, leak):
    return np.einsum("btp,btn->pn", v, leak * (1 - squashed**2) * dh)


def dropout_scaled_at_evaluation(x, p, g, rng, training=True):
    scale = np.full_like(x, 1 - p * g)
    if training:
        scale = np.where(rng.random(x.shape) < p * g, 0, 1 / (1 - p * g)).astype(x.dtype)
    return x * scale, scale


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [("rflo_gradient", rflo_without_memory), ("gradual_dropout", dropout_scaled_at_evaluation)],
)
def test_a_size_that_fits_by_chance_is_no_evidence(exercise, answer):
    sentence = check(answer, exercise).sentence
    assert "percent" not in sentence
    assert "half as large" not in sentence


def a_hundred_rows_at_once(network, x, labels, g_now, g_end, size=100):
    right = 0
    for start in range(0, len(x), 100):
        logits = network(x[start : start + 100], g_end, False)
        right += np.sum(logits.argmax(axis=-1) == labels[start : start + 100])
    return right / len(x)


def shifted_by_the_rows(logits, temperature, rng):
    if not 0 <= temperature < np.inf:
        raise ValueError
    if temperature == 0:
        return logits.argmax(axis=-1)
    p = np.exp((logits - logits.max(axis=0)) / temperature)
    p /= p.sum(axis=-1, keepdims=True)
    return (np.cumsum(p, axis=-1) < rng.random((len(logits), 1))).sum(axis=-1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        ("final_accuracy", a_hundred_rows_at_once),
        ("sample_with_temperature", shifted_by_the_rows),
    ],
)
def test_counts_that_are_alike_are_no_evidence_of_two_slips(exercise, answer):
    assert "two things changed" not in check(answer, exercise).sentence


def test_a_slip_that_undoes_a_mistake_doesnt_bring_its_name():
    def forget_bias_for(steps, left=0.5):
        if not 0 < left < 1 or np.any(steps <= 0):
            raise ValueError
        return steps * np.log(left / (1 - left))

    assert "time is ignored" not in check(forget_bias_for).sentence


def test_a_mistake_with_a_slip_in_it_is_named_and_more_is_said():
    report = check(relu_without_bias, "rnn_step")
    assert report.mistake == "relu for tanh"
    assert report.sentence.endswith(MORE)


def test_two_slips_are_both_said():
    sentence = check(two_slips, "rnn_step_backward").sentence
    assert "two things changed" in sentence
    assert "(1 - h_t ** 2)" in sentence
    assert "da_t @ W_hh" in sentence


def test_the_dtype_of_whole_numbers_hides_no_other_fault():
    report = check(dh_next_forgotten, "rnn_backward")
    assert report.mistake == "dh next forgotten"
    assert report.sentence.endswith(MORE)


def test_a_slip_that_gives_no_arrays_explains_nothing():
    def ragged(given):
        return {"h": [np.zeros(2), np.zeros(3)]}

    rung = Rung("an oracle", dict, lambda *_: None, right=ragged)
    relative = get("rnn_step")
    lifted = Lifted(get("VanillaRNNCell"), relative.mistakes[0], len, relative)
    assert lifted.outcome(rung) is None
    assert not lifted.is_like(Fall(rung, Outcome({"h": np.zeros(2)}), Problem("wrong")))


@pytest.mark.slow
def test_in_another_style_a_graph_has_other_sizes_and_the_mistake_is_the_same():
    import keras

    from course_lib.layers.lstm import LSTMCell as Right

    class LSTMCell(Right):
        def call(self, x_t, states, training=False):
            h_prev, c_prev = states
            both = keras.ops.concatenate([self.W_x, self.W_h], axis=0)
            a = keras.ops.concatenate([x_t, h_prev], axis=1) @ both
            i, f, o, candidate = keras.ops.split(a + self.b, 4, axis=1)
            c_t = keras.ops.sigmoid(f) * c_prev + keras.ops.sigmoid(i) * keras.ops.tanh(candidate)
            h_t = keras.ops.sigmoid(o) * keras.ops.tanh(c_t)
            return h_t, [h_t, c_t]

    assert check(LSTMCell).mistake == "CandidateLast"


@pytest.mark.slow
def test_the_fast_form_is_told_what_is_known_of_its_twin():
    import keras

    from course_lib.layers.lstm import LSTMCell as Right

    class LSTMCell(Right):
        def call(self, x_t, states, training=False):
            h_prev, c_prev = states
            a = x_t @ self.W_x + h_prev @ self.W_h + self.b
            i, f, candidate, o = keras.ops.split(a, 4, axis=1)
            c_t = keras.ops.sigmoid(f) * c_prev + keras.ops.sigmoid(i) * keras.ops.tanh(candidate)
            h_t = keras.ops.sigmoid(o) * keras.ops.tanh(c_prev)
            return h_t, [h_t, c_t]

    assert check(LSTMCell).mistake == "old memory shown"  # of lstm_step


def only_fading_in_one_trace(E_lam, E_x, z_prev, x_t, lam):
    return lam * E_lam + z_prev, np.abs(lam) * E_x + x_t[:, :, None]


def conjugated_in_one_trace(E_lam, E_x, z_prev, x_t, lam):
    return np.conj(lam) * E_lam + z_prev, lam * E_x + x_t[:, :, None]


def one_inner_derivative_missing(dz_t, E_lam, E_x, params):
    dnu, *others = lru_trace_gradient(dz_t, E_lam, E_x, params)
    return (dnu / np.exp(params["nu_log"]), *others)


@pytest.mark.parametrize(
    ("answer", "exercise", "mistake", "where"),
    [
        (only_fading_in_one_trace, "lru_trace_step", "only fading", "E_x"),
        (conjugated_in_one_trace, "lru_trace_step", "lam conjugated", "E_lam"),
        (
            one_inner_derivative_missing,
            "lru_trace_gradient",
            "inner derivative missing",
            "dnu_log",
        ),
    ],
)
def test_a_mistake_that_was_made_in_one_result_only_is_said_of_that_one(
    answer, exercise, mistake, where
):
    report = check(answer, exercise)
    assert report.mistake == mistake
    assert report.sentence.endswith(f"Only {where} is wrong in this way.")


def _constant(right, number):
    """Results of the same form, all of them one number."""
    if isinstance(right, tuple):
        return tuple(_constant(one, number) for one in right)
    return np.full_like(right, number)


@pytest.mark.parametrize("number", [0.0, 1.0])
@pytest.mark.parametrize("name", ["trace_step", "rnn_step"])
def test_what_takes_no_notice_of_its_arguments_is_no_slip(name, number):
    exercise = get(name)

    def deaf(*arguments, **named):
        return _constant(exercise.reference(*arguments, **named), number)

    report = check(deaf, name)
    assert report.mistake in (None, *(mistake.name for mistake in exercise.mistakes))


def test_a_network_that_is_always_open_is_no_missing_loop():
    report = check(lambda depth, eta=0.9: 1.0, "stop_gate")
    assert report.mistake == "always open"


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("name", ["grelu", "dropout_between_layers"])
def test_what_came_in_and_goes_out_again_is_no_slip(name, sign):
    exercise = get(name)
    report = check(lambda *arguments, **_: sign * arguments[0], name)
    assert report.mistake in (None, *(mistake.name for mistake in exercise.mistakes))


@pytest.mark.slow
def test_a_single_result_that_stays_zero_is_no_slip_but_for_a_missing_line():
    def zero(position, reference):
        def answer(*arguments, **named):
            results = list(reference(*arguments, **named))
            results[position] = np.zeros_like(results[position])
            return tuple(results)

        return answer

    hidden = check(zero(1, get("lru_trace_gradient").reference), "lru_trace_gradient")
    assert hidden.mistake is None
    report = check(zero(2, get("rnn_backward").reference), "rnn_backward")
    assert report.mistake == "without the line `dW_xh += dW_xh_t`"


def only_x_side_by_side(codes, lanes, window):
    steps = (len(codes) - 1) // (lanes * window) * window
    if steps <= 0:
        raise ValueError
    x, y = codes[: lanes * steps], codes[1 : lanes * steps + 1]
    return x.reshape(-1, lanes, window), y.reshape(lanes, -1, window).swapaxes(0, 1)


def test_a_symptom_of_the_whole_is_not_said_of_one_result():
    report = check(only_x_side_by_side, "carried_windows")
    assert not report.ok
    assert "y is what follows" not in report.sentence


def the_state_after_the_first_window(params, x, labels, h_0, window):
    loss, grads, _ = truncated_bptt(params, x, labels, h_0, window)
    return loss, grads, truncated_bptt(params, x[:, :window], labels[:, :window], h_0, window)[2]


def test_of_what_was_read_nobody_is_told_that_it_was_not():
    report = check(the_state_after_the_first_window, "truncated_bptt")
    assert not report.ok
    assert "is read" not in report.sentence


@pytest.mark.parametrize("name", [name for name in ids() if len(get(name).returns) > 1])
def test_of_a_mistake_in_one_result_nothing_is_said_about_the_others(name):
    exercise = get(name)
    for mistake in exercise.mistakes:
        spoken_of = set(re.findall(r"\w+", mistake.sentence))
        for result in exercise.returns:
            if can_be_said_of_some(exercise, mistake, {result}):
                assert not spoken_of & (exercise.returns.keys() - {result})
                assert not spoken_of & {"both", "Both", "two", "nothing", "Nothing", "read"}
                assert mistake.answer is not exercise.start


@pytest.mark.slow
def test_a_mistake_of_the_twin_that_changes_nothing_here_is_no_name():
    import keras
    import tensorflow as tf

    def train_step(model, optimizer):
        @tf.function(reduce_retracing=True)
        def step(x, y):
            with tf.GradientTape() as tape:
                loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(
                    y, model(x, training=True)
                )
            weights = model.trainable_variables
            optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
            return float(loss)  # AutoGraph makes it float32

        return step

    report = check(train_step)
    assert "float32" in report.sentence
    assert report.mistake is None


@pytest.mark.slow
def test_a_mistake_in_one_of_two_cases_is_named_with_a_word_on_the_others():
    import keras

    class GRUCell(get("GRUCell").reference):
        def call(self, x_t, states, training=False):
            if not self.reset_after:
                return super().call(x_t, states)
            from_x = keras.ops.split(x_t @ self.W_x + self.b[0], 3, axis=1)
            from_h = keras.ops.split(states[0] @ self.W_h + self.b[1], 3, axis=1)
            r, z = (keras.ops.sigmoid(from_x[k] + from_h[k]) for k in (0, 1))
            h_t = z * states[0] + (1 - z) * keras.ops.tanh(from_x[2] + r * from_h[2])
            return h_t, [h_t]

    report = check(GRUCell)
    assert report.mistake == "ResetFirst"
    assert report.sentence.endswith(ELSEWHERE)


@pytest.mark.slow
def test_a_slip_of_a_fast_form_is_found_in_its_right_code():
    class GradualActivation(get("GradualActivation").reference):
        def call(self, u):
            return (1 + self.g) * u + self.g * self.activation(u)

    assert "`+` for the `-`" in check(GradualActivation).sentence


@pytest.mark.slow
def test_a_cell_with_a_mistake_on_the_way_forth_is_told_what_its_numpy_step_would_be():
    import keras

    class VanillaRNNCell(get("VanillaRNNCell").reference):
        def call(self, x_t, states, training=False):
            h_t = keras.ops.relu(x_t @ self.W_xh + states[0] @ self.W_hh + self.b_h)
            return h_t, [h_t]

    assert check(VanillaRNNCell).mistake == "relu for tanh"


@pytest.mark.slow
def test_facts_that_several_faults_share_are_no_evidence():
    import keras

    def recurrent_classifier(
        cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10
    ):
        parts = [keras.Input((steps * pixels,)), keras.layers.Reshape((steps, pixels))]
        for k in range(layers):
            parts.append(keras.layers.Dropout(dropout))
            parts.append(keras.layers.RNN(cell(units), return_sequences=k < layers - 1))
        return keras.Sequential([*parts, keras.layers.Dense(classes)])

    report = check(recurrent_classifier)
    assert "dropped" in report.sentence
    assert "what is kept" not in report.sentence, "no rate is wrong here"
    assert report.mistake != "rate reversed"


@pytest.mark.parametrize(
    ("name", "seems"),
    [("grelu", "plain relu"), ("gradual_dropout", "with binomial")],
)
def test_what_agrees_in_some_cases_alone_gets_no_name_that_speaks_of_all(name, seems):
    def grelu(u, g):
        return np.where(u > 0, u, (1 - round(g)) * u)

    def gradual_dropout(x, p, g, rng, training=True):
        if not training:
            return x * 1, np.ones_like(x)
        scale = ((rng.random(x.shape) + g) % 1 >= p * g) / (1 - p * g)
        return x * scale, scale

    report = check({"grelu": grelu, "gradual_dropout": gradual_dropout}[name])
    assert not report.ok
    assert report.mistake != seems


def test_a_mistake_that_is_only_seen_in_yes_or_no_says_what_is_seen():
    """Others come to the same in one such case: the sentence has to be true of them too."""

    def sample_with_temperature(logits, temperature, rng):
        if not 0 <= temperature < np.inf:
            raise ValueError(temperature)
        if temperature == 0:
            return np.zeros(len(logits), int)
        ends = np.cumsum(np.exp((logits - logits.max(1, keepdims=True)) / temperature), axis=1)
        return (rng.random((len(logits), 1)) * ends[:, -1:] >= ends).sum(axis=1)

    assert "the first character comes" in check(sample_with_temperature).sentence

    from course_lib.scratch.gated import init_lstm_params

    calls = []

    def fresh_cells(m, n, layers, seed=0):
        calls.append(layers)
        first = seed + 9 * len(calls)
        return [init_lstm_params(n if k else m, n, first + k) for k in range(layers)]

    assert "kept between calls" in check(fresh_cells).sentence

    def lru_trace_step(E_lam, E_x, z_prev, x_t, lam):
        return lam * (z_prev + E_lam), lam * E_x + x_t[..., None]

    assert "a factor lam too many" in check(lru_trace_step).sentence


def the_top_layer_for_the_lowest(x, layers, readout, rate=0.0, training=False, rng=None):
    h = collect_outputs(x, layers[-1])
    for params in layers[1:]:
        h = collect_outputs(dropout_between_layers(h, rate, training, rng), params)
    return h[:, -1] @ readout["W_hy"] + readout["b_y"]


def the_top_layer_for_all_others(x, layers, readout, rate=0.0, training=False, rng=None):
    h = collect_outputs(x, layers[0])
    for _ in layers[1:]:
        h = dropout_between_layers(h, rate, training, rng)
        h = collect_outputs(h, layers[-1])
    return h[:, -1] @ readout["W_hy"] + readout["b_y"]


def the_top_layer_for_the_lowest_and_doubled(*arguments, **named):
    return 2 * the_top_layer_for_the_lowest(*arguments, **named)


@pytest.mark.parametrize(
    "answer",
    [
        the_top_layer_for_the_lowest,
        the_top_layer_for_all_others,
        the_top_layer_for_the_lowest_and_doubled,
    ],
)
def test_layers_that_fail_at_the_same_place_are_not_all_reversed(answer):
    """The sizes don't fit in either: the numbers of layers that are alike have to agree too."""
    report = check(answer, "stacked_forward")
    assert report.failed == "it runs, and the shapes are right"
    assert "from the top down" not in report.sentence
    assert "reversed" not in report.sentence


def test_looking_for_the_cause_of_a_failure_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert _computed(lambda: np.array([1 + 1j]).astype(float)) == 1


def at_evaluation_unless_told(x, p, g, rng, training=False):
    scale = np.ones_like(x)
    if training:
        scale = (rng.random(x.shape) >= p * g).astype(x.dtype) / (1 - p * g)
    return x * scale, scale


def test_another_default_is_not_a_test_the_wrong_way_round():
    report = check(at_evaluation_unless_told, "gradual_dropout")
    assert report.sentence == (
        "Your code behaves exactly like the right code with `training=False` for `training=True`."
    )


def every_step_twice(psi, tangent, gamma, omega):
    batch, T, n = psi.shape
    lam = np.exp(-gamma + 1j * omega)[:, None, None]
    z, rows = np.zeros((len(gamma), batch, n)), []
    for t in range(T):
        z = lam * z + psi[:, t]
        rows.append(np.hstack([*z.real, *-z.imag]))
        rows.append(np.hstack([*z.real, *-z.imag]))
    targets = np.vstack(tangent.swapaxes(0, 1))
    solved = np.linalg.lstsq(np.vstack(rows), targets, rcond=None)[0]
    parts = solved.reshape(2, len(gamma), n, n).swapaxes(2, 3)
    return parts[0] + 1j * parts[1]


def test_too_many_rows_are_not_too_few():
    """The same line fails where the loop begins a step late, on other operands."""
    assert "list(range(T))[1:]" not in check(every_step_twice, "fit_modes").sentence
