"""A wrong answer that is one small change away from a right one is told which."""

import ast
import inspect
import linecache
import re
from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from course_lib.exercises import check
from course_lib.exercises.exercise import Problem
from course_lib.exercises.ladder.climbing import Budget
from course_lib.exercises.naming import repairs
from course_lib.exercises.naming.by_chance import by_chance
from course_lib.exercises.naming.change_in_words import simply
from course_lib.exercises.naming.changes import changes
from course_lib.exercises.naming.order_of_changes import likeliest_first
from course_lib.exercises.naming.recognition import MORE
from course_lib.exercises.naming.repairs import _lines, changed, repair
from course_lib.exercises.naming.slips import is_contradicted
from course_lib.exercises.naming.trees import tree_of
from course_lib.exercises.naming.ways_back import ways_back
from course_lib.exercises.registry import get
from course_lib.instructor.sandbox.remote_function import Remote
from course_lib.scratch.bptt import loss_and_gradients
from course_lib.scratch.diagonal import eigenvalues
from course_lib.scratch.gated import sigmoid
from course_lib.scratch.gradcheck import numerical_gradient
from course_lib.scratch.gradnets import cosine_map, layer_backward, layer_forward, mean_cosine
from course_lib.scratch.kernl import kernel_gradients, perturbation_step
from course_lib.scratch.scan import combine

pytestmark = pytest.mark.usefixtures("patient")


def masked_rnn_forward(x, mask, h_0, W_xh, W_hh, b_h):
    h, h_last = np.zeros((*x.shape[:2], len(W_hh))), h_0
    for t in range(x.shape[1]):
        new = np.tanh(x[:, t] @ W_xh + h_last @ W_hh + b_h)
        real = mask[:, min(t + 1, x.shape[1] - 1), None]
        h_last = np.where(real, new, h_last)
        h[:, t] = np.where(real, new, 0)
    return h, h_last


def rnn_backward(dh, cache):
    x, h_0, h, W_xh, W_hh = cache
    dx, dh_next = np.zeros_like(x, dtype=h.dtype), 0
    dW_xh, dW_hh, db_h = 0, 0, 0
    for t in reversed(range(x.shape[1])):
        h_prev = h[:, t - 1] if t else h_0
        da = (dh[:, t] + dh_next) * (1 - h[:, t] ** 2)
        dx[:, t], dh_next = da @ W_xh.T, da @ W_hh.T
        dW_xh = dW_xh + x[:, t].T @ da
        dW_hh = dW_hh + h_prev.T @ da
        db_h = db_h + dh[:, t].sum(axis=0)
    return dx, dh_next, dW_xh, dW_hh, db_h


def gru_step(x_t, h_prev, p):
    r, z = (
        1 / (1 + np.exp(-(x_t @ p["W_x" + g] + h_prev @ p["W_h" + g] + p["b_" + g]))) for g in "rz"
    )
    c = np.tanh(x_t @ p["W_xh"] + (r * h_prev) @ p["W_hz"] + p["b_h"])
    return z * h_prev + (1 - z) * c


def lru_forward(x, z_0, params):
    lam = np.exp(np.exp(params["nu_log"]) + 1j * np.exp(params["theta_log"]))
    z, z_t = [], z_0
    for t in range(x.shape[1]):
        z_t = lam * z_t + np.exp(params["gamma_log"]) * (x[:, t] @ params["B"])
        z.append(z_t)
    z = np.stack(z, axis=1)
    return (z @ params["C"]).real + x @ params["D"], z


# fmt: off
def stop_gate(depth, eta=0.9):
    def last(g):
        c = 0.0
        for _ in range(depth): c = cosine_map(c, 1 - g)  # noqa: E701
        return c

    if last(1.0) <= eta: return 1.0  # noqa: E701
    low, high = 0.0, 1.0
    for _ in range(50):
        g = (low + high) / 2
        if last(g) <= 0.9: low = g  # noqa: E701
        else: high = g  # noqa: E701
    return low
# fmt: on


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (masked_rnn_forward, "without `+ 1`, in the line `real = mask[:, min(t + 1, x.shape[1] - "),
        (rnn_backward, "with `da` for `dh[:, t]`, in the line `db_h = db_h + dh[:, t].sum(axis=0)"),
        (lru_forward, "with `-np.exp(params['nu_log'])` for `np.exp(params['nu_log'])`"),
    ],
)
def test_one_change_away_from_right_it_is_told_which(answer, words):
    report = check(answer)
    assert report.sentence.startswith(f"Your code passes every check {words}")
    assert report.mistake


def test_what_equals_the_solution_with_one_change_is_told_in_the_solutions_names():
    """A shut gate lets 2e-22 through here and nothing there: that is no difference."""
    assert check(gru_step).sentence == (
        "Your code behaves exactly like the right code with `r * h_prev @ params['W_hz']` for "
        "`r * h_prev @ params['W_hh']`. `params` is a name in the solution of gru_step."
    )


def gate(x_t, h_prev, W_x, W_h, b):
    return 1 / (1 + np.exp(-(x_t @ W_x + h_prev @ W_h + b)))


def weight_of_the_gate_above(x_t, h_prev, params):
    r = gate(x_t, h_prev, params["W_xr"], params["W_hr"], params["b_r"])
    z = gate(x_t, h_prev, params["W_xz"], params["W_hr"], params["b_z"])
    new = x_t @ params["W_xh"] + (r * h_prev) @ params["W_hh"] + params["b_h"]
    return z * h_prev + (1 - z) * np.tanh(new)


def bias_of_the_gate_above(x_t, h_prev, params):
    r = gate(x_t, h_prev, params["W_xr"], params["W_hr"], params["b_r"])
    z = gate(x_t, h_prev, params["W_xz"], params["W_hz"], params["b_r"])
    new = x_t @ params["W_xh"] + (r * h_prev) @ params["W_hh"] + params["b_h"]
    return z * h_prev + (1 - z) * np.tanh(new)


def forget_gate_with_a_weight_of_the_input_gate(x_t, h_prev, c_prev, params):
    i = gate(x_t, h_prev, params["W_xi"], params["W_hi"], params["b_i"])
    f = gate(x_t, h_prev, params["W_xf"], params["W_hi"], params["b_f"])
    o = gate(x_t, h_prev, params["W_xo"], params["W_ho"], params["b_o"])
    new = np.tanh(x_t @ params["W_xc"] + h_prev @ params["W_hc"] + params["b_c"])
    c_t = f * c_prev + i * new
    cache = {"x_t": x_t, "h_prev": h_prev, "c_prev": c_prev, "i": i, "f": f, "o": o}
    return o * np.tanh(c_t), c_t, cache | {"candidate": new, "c_t": c_t}


@pytest.mark.parametrize(
    ("name", "answer", "right", "wrong"),
    [
        ("gru_step", weight_of_the_gate_above, "W_hz", "W_hr"),
        ("gru_step", bias_of_the_gate_above, "b_z", "b_r"),
        ("lstm_step", forget_gate_with_a_weight_of_the_input_gate, "W_hf", "W_hi"),
    ],
)
def test_a_key_that_was_copied_is_told(name, answer, right, wrong):
    said = f"with `params['{wrong}']` for `params['{right}']`"
    assert check(answer, name).sentence == f"Your code behaves exactly like the right code {said}."
    exercise = get(name)
    mended = repair(exercise, answer, exercise.ladder[0], Budget(exercise))
    said = f"with `params['{right}']` for `params['{wrong}']`, in the line"
    assert mended.sentence.startswith(f"Your code passes every check {said}")


def long_lines(x_t, h_prev, params):
    p = params
    r = (
        1
        / (1 + np.exp(-(x_t @ p["W_xr"] + h_prev @ params["W_hr"] + p["b_r"])))
        * np.ones_like(h_prev)
    )
    z = (
        1
        / (1 + np.exp(-(x_t @ p["W_xz"] + h_prev @ params["W_hr"] + p["b_z"])))
        * np.ones_like(h_prev)
    )
    new = np.tanh(x_t @ p["W_xh"] + (r * h_prev) @ p["W_hh"] + p["b_h"])
    return z * h_prev + (1 - z) * new


def test_of_a_long_line_the_beginning_says_where_it_is():
    exercise = get("gru_step")
    mended = repair(exercise, long_lines, exercise.ladder[0], Budget(exercise))
    said = "for `h_prev @ params['W_hr']`, in the line that begins with `z = 1 / (1 + np.exp("
    assert said in mended.sentence


def begin_alike(x_t, h_prev, params):
    p = params
    gates = {}
    gates["z"] = np.asarray(
        1 / (1 + np.exp(-(x_t @ p["W_xz"] + h_prev @ params["W_hz"] + p["b_z"])))
    )
    gates["r"] = np.asarray(
        1 / (1 + np.exp(-(x_t @ p["W_xr"] + h_prev @ params["W_hz"] + p["b_r"])))
    )
    gate = np.asarray(1 / (1 + np.exp(-(x_t @ p["W_xr"] + h_prev @ p["W_hr"] + p["b_r"])))) * 0 + 1
    gate = np.asarray(1 / (1 + np.exp(-(x_t @ p["W_xr"] + h_prev @ p["W_hh"] + p["b_r"])))) * gate
    new = np.tanh(x_t @ p["W_xh"] + (gate * h_prev) @ p["W_hh"] + p["b_h"])
    return gates["z"] * h_prev + (1 - gates["z"]) * new


def test_of_lines_that_begin_alike_the_number_says_which():
    """In begin_alike it is the second line of `gate =`, the 11th from `def`."""
    exercise = get("gru_step")
    mended = repair(exercise, begin_alike, exercise.ladder[0], Budget(exercise))
    assert "W_hr" in mended.sentence
    said = (
        "in line 11 of it, where the first is the one with `def` or `class`: it begins with `gate"
    )
    assert said in mended.sentence


def test_the_change_does_what_the_sentence_says():
    exercise = get("rnn_backward")
    mended = repair(exercise, rnn_backward, exercise.ladder[0], Budget(exercise))
    assert check(mended.answer, exercise.id).ok


def test_two_faults_are_no_change_away():
    def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
        return np.tanh(h_prev @ W_xh.T + x_t @ W_hh) + np.tanh(b_h)

    exercise = get("rnn_step")
    assert repair(exercise, rnn_step, exercise.ladder[0], Budget(exercise)) is None


def test_what_has_no_source_of_its_own_is_left_alone():
    exercise = get("rnn_step")
    made = {}
    exec("def rnn_step(*_):\n    return 0", made)
    remote = Remote.__new__(Remote)
    for answer in (made["rnn_step"], lambda *_: 0, np.tanh, remote):
        assert repair(exercise, answer, exercise.ladder[0], Budget(exercise)) is None


def test_a_rung_that_still_fails_is_not_called_passed():
    exercise = get("rnn_step")
    first = exercise.ladder[0]
    xla = replace(first, judge=lambda *_: Problem("no"), in_a_graph=True, right=dict)
    exercise = replace(exercise, ladder=(first, xla))
    assert repair(exercise, exercise.reference, xla, Budget(exercise)) is None


def test_the_likeliest_change_is_tried_first():
    own = "db = tf.reduce_mean(da, [0, 1])"
    tree = ast.parse(own)
    found = likeliest_first(
        list(changes(tree, ways_back(get("rnn_step").reference))),
        own,
        "db = tf.reduce_sum(da, [0, 1])",
    )
    with found[0].made():
        assert "reduce_sum" in ast.unparse(tree)


def test_a_counter_is_no_cure():
    """It is zero there, and so would be right by chance; what is too much is told instead."""

    def final_accuracy(network, x, labels, g_now, g_end, size=100):
        hits = 0
        for start in range(0, len(x) - size + 1, size):
            logits = network(x[start : start + size], g_end, False)
            hits += int((np.argmax(logits, 1) == labels[start : start + size]).sum())
        return hits / len(x)

    sentence = check(final_accuracy).sentence
    assert "hits" not in sentence.partition(", in the line")[0]
    assert "size" in sentence


def test_what_was_tried_leaves_nothing_behind():
    before = set(linecache.cache)
    exercise = get("rnn_backward")
    repair(exercise, rnn_backward, exercise.ladder[0], Budget(exercise))
    assert not [one for one in set(linecache.cache) - before if "mutant" in one]


def test_a_mistake_that_may_not_be_all_is_no_more_than_that():
    assert "may be" in MORE


@pytest.mark.slow
def test_a_class_of_a_cell_is_mended_too(tmp_path):
    import keras

    path = tmp_path / "cell.py"  # no module: as in a notebook, where Python finds no source
    source = inspect.getsource(get("VanillaRNNCell").reference)
    source = source.replace("return h_t, [h_t]", "return 2 * h_t, [h_t]")
    assert "2 * h_t" in source
    path.write_text(source)
    namespace = {"keras": keras, "__name__": "nowhere"}
    exec(compile(source, str(path), "exec"), namespace)
    assert check(namespace["VanillaRNNCell"]).mistake


def test_a_condition_is_left_out_rather_than_bent_until_it_always_holds():
    def rnn_forward(x, h_0, W_xh, W_hh, b_h):
        h = np.zeros((*x.shape[:2], len(b_h)))
        state = h_0
        for t in range(x.shape[1]):
            state = np.tanh(x[:, t] @ W_xh + state @ W_hh + b_h)
            if t + 1 < x.shape[1]:
                h[:, t] = state
        return h, (x, h_0, h, W_xh, W_hh)

    exercise = get("rnn_forward")
    mended = repair(exercise, rnn_forward, exercise.ladder[1], Budget(exercise))
    assert mended.called == "without the condition `if t + 1 < x.shape[1]`"


def test_a_comparison_that_never_holds_is_not_bent_but_said():
    def final_accuracy(network, x, labels, g_now, g_end, size=100):
        guesses = [
            network(x[a : a + size], g_end, a > 0).argmax(axis=1) for a in range(0, len(x), size)
        ]
        return float((np.concatenate(guesses) == labels).mean())

    assert "with `False` for `a > 0`" in check(final_accuracy).sentence


def test_a_line_too_many_is_left_out_rather_than_its_call_cut_short():
    def rnn_forward(x, h_0, W_xh, W_hh, b_h):
        states = [h_0]
        for t in range(x.shape[1]):
            states.append(np.tanh(x[:, t] @ W_xh + states[-1] @ W_hh + b_h))
        states.append(states[-1])
        h = np.stack(states[1:], axis=1)
        return h, (x, h_0, h, W_xh, W_hh)

    exercise = get("rnn_forward")
    mended = repair(exercise, rnn_forward, exercise.ladder[0], Budget(exercise))
    assert mended.called == "without the line `states.append(states[-1])`"


def test_a_line_too_many_is_left_out_rather_than_its_result_put_elsewhere():
    def truncated_bptt(params, x, labels, h_0, window):
        T = x.shape[1]
        loss, h_last = 0.0, h_0
        grads = {name: np.zeros_like(w) for name, w in params.items()}
        params = dict(params)
        for start in range(0, T, window):
            now = slice(start, min(start + window, T))
            share = (now.stop - now.start) / T
            part, step, h_last = loss_and_gradients(params, x[:, now], labels[:, now], h_last)
            loss += share * part
            for name in grads:
                grads[name] += share * step[name]
                params[name] = params[name] - 0.1 * step[name]
        return loss, grads, h_last

    exercise = get("truncated_bptt")
    mended = repair(exercise, truncated_bptt, exercise.ladder[3], Budget(exercise))
    line = "params[name] = params[name] - 0.1 * step[name]"
    # Either is what is wrong here; another array in its place only hides it.
    assert mended.called in {f"without the line `{line}`", "without `- (0.1 * step[name])`"}


def test_an_argument_that_was_made_anew_is_left_as_it_came_rather_than_made_anew_too_late():
    def dropout_between_layers(h, rate, training, rng):
        if not training:
            return h
        rng = np.random.default_rng(0)
        kept = rng.random(h.shape) >= rate
        return np.where(kept, h / (1 - rate), 0.0)

    sentence = check(dropout_between_layers).sentence
    line = "rng = np.random.default_rng(0)"
    assert sentence == f"Your code passes every check without the line `{line}`."


def test_an_array_too_many_is_not_made_one_of_no_rows():
    def identity_recurrence(W_xh):
        n = W_xh.shape[1]
        return np.r_[W_xh, np.identity(n), np.zeros((1, n))]

    assert "zeros((0" not in check(identity_recurrence).sentence


def test_what_an_array_is_made_alike_to_is_not_put_through_a_function():
    def trace_step(E_prev, v_t, d_t, gamma):
        E_t = np.empty_like(E_prev)
        for b in range(len(E_prev)):
            E_t[b] = np.exp(-gamma) * E_prev[b] + np.multiply.outer(v_t[b], d_t[b])
        return E_t

    sentence = check(trace_step).sentence
    assert "np.empty_like(np.exp(" not in sentence
    assert "rounds to whole numbers" in sentence or "dtype" in sentence


def test_a_call_too_many_is_left_out_rather_than_made_to_do_nothing():
    def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
        from_input = np.matmul(x_t, W_xh)
        from_past = np.matmul(np.tanh(h_prev), W_hh)
        return np.tanh(from_input + from_past + b_h)

    assert "with `h_prev` for `np.tanh(h_prev)`" in check(rnn_step).sentence


def test_a_mended_range_is_written_as_a_person_writes_it():
    def identity_recurrence(W_xh):
        m, n = W_xh.shape
        W = np.zeros((m + n, n))
        W[:m] = W_xh
        for i in range(n - 1):
            W[m + i, i] = 1
        return W

    assert "with `range(n)` for `range(n - 1)`" in check(identity_recurrence).sentence


def test_a_loop_too_many_is_called_a_loop():
    def grelu_backward(dy, u, g):
        du = dy * np.where(u > 0, 1.0, 1.0 - g)
        while du.ndim > u.ndim:
            du = du.sum(axis=0)
        return du

    assert "without the loop `while du.ndim > u.ndim:`" in check(grelu_backward).sentence


def test_an_axis_is_never_minus_nought():
    def cross_entropy_from_logits(logits, labels):
        z = logits - logits.max(axis=0, keepdims=True)
        rest = np.log(np.exp(z).sum(axis=-1))
        return np.mean(rest - np.take_along_axis(z, labels[..., None], -1)[..., 0])

    sentence = check(cross_entropy_from_logits).sentence
    assert "axis=0" in sentence
    assert "-0" not in sentence


@pytest.mark.parametrize(
    ("source", "number", "line"),
    [
        ("if wide: low = m", 1, "if wide: low = m"),
        ("for t in steps: a = 1; b = 2", 1, "for t in steps: a = 1; b = 2"),
        ("a = 1; b = 2", 1, "a = 1; b = 2"),
        ("if (a and\n    b): c = 1", 2, "if a and b: c = 1"),
        ("if a: b = f(\n    c)", 2, "b = f(c)"),
        ("while a:\n    b = 1", 1, "while a:"),
        ("while a:\n    b = 1", 2, "b = 1"),
        ("try: a = 1\nexcept E: b = 2", 2, "b = 2"),
        ("if a:\n    b = 1\nelse: c = 2", 3, "c = 2"),
        ("def f(a,\n      b=1): return a", 2, "def f(a, b=1): return a"),
    ],
)
def test_the_line_that_is_named_is_the_whole_line(source, number, line):
    assert _lines(ast.parse(source))[number] == line


def test_a_slip_in_a_short_if_is_not_laid_to_the_block_behind_it():
    report = check(stop_gate)
    assert "with `last(g) <= eta` for `last(g) <= 0.9`" in report.sentence
    assert "in the line `if last(g) <= 0.9: low = g`" in report.sentence


def test_an_attribute_that_is_nowhere_is_no_cure(patient):
    """`val_loss` is a word of the right code; as an attribute it only gives the default."""

    class EarlyStopping(get("EarlyStopping").reference):
        def on_train_begin(self, logs=None):
            kept = getattr(self, "kept", None)
            super().on_train_begin(logs)
            self.kept = kept

    exercise = get("EarlyStopping")
    (rung,) = (one for one in exercise.ladder if one.name == "a second training begins anew")
    mended = repair(exercise, EarlyStopping, rung, Budget(exercise))
    assert mended.sentence.endswith("without the line `self.kept = kept`.")


def test_a_factor_too_many_is_left_out_rather_than_made_1():
    def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
        from_input = np.matmul(x_t, W_xh)
        return np.tanh(0.25 * from_input + np.matmul(h_prev, W_hh) + b_h)

    assert "without `0.25 *`" in check(rnn_step).sentence


def test_code_that_is_right_where_a_slip_would_be_made_is_mended_where_it_is_wrong():
    """Of one step's shape this is the same number, but `x[:, steps]` is what belongs here."""

    def truncated_bptt(params, x, labels, h_0, window):
        T = x.shape[1]
        loss, grads = 0.0, {name: np.zeros_like(value) for name, value in params.items()}
        h_last = h_0
        for start in range(0, T, window):
            steps = slice(start, start + window)
            share = x[:, steps].shape[-1] / T
            window_loss, window_grads, h_last = loss_and_gradients(
                params, x[:, steps], labels[:, steps], h_last
            )
            loss += share * window_loss
            for name, gradient in window_grads.items():
                grads[name] += share * gradient
        return loss, grads, h_last

    sentence = check(truncated_bptt).sentence
    assert sentence == (
        "Your code behaves exactly like the right code with `x[:, steps].shape[2]` for "
        "`x[:, steps].shape[1]`."
    )
    # What else does the same stands in this code as it should.
    exercise, elsewhere = get("truncated_bptt"), "with `x` for `x[:, steps], labels[:, steps]`"
    assert is_contradicted(exercise, elsewhere.replace("`x`", "`x, y`"), truncated_bptt)
    assert not is_contradicted(exercise, "with `T` for `window / T`", truncated_bptt)


def test_an_array_at_all_steps_is_taken_at_one():
    def state_jacobian(h, W_hh):
        product = np.eye(len(W_hh))
        for t in reversed(range(len(h))):  # noqa: B007
            product = product @ np.diag(1 - h**2) @ W_hh.T
        return product

    words = "with `np.diag(1 - h[t] ** 2)` for `np.diag(1 - h ** 2)`"
    assert words in check(state_jacobian).sentence


def grelu_with_two_rests(u, g):
    return np.maximum(u, (1 - g) * (1 - u))


def gradient_with_a_sum_twice(dh, a, h, h_0):
    before = np.concatenate([h_0[:, None], h[:, :-1]], axis=1)
    g = dh.astype(np.result_type(a, dh))
    for t in range(a.shape[1] - 2, -1, -1):
        g[:, t] += g[:, t] + a[:, t + 1].conj() * g[:, t + 1]
    return g * before.conj(), g, a[:, 0].conj() * g[:, 0]


def gradient_of_the_last_sequence(beta, tangent, Omega, Gamma):
    dbeta, dgamma = np.zeros_like(beta), np.zeros(len(Gamma[0]))
    for target, now, slope in zip(tangent, Omega, Gamma, strict=True):  # noqa: B007
        error = beta @ now - target
        dbeta += np.outer(error, now) / len(tangent)
    dgamma += beta.T @ error * slope / len(tangent)
    return dbeta, dgamma


def ring_with_a_fourth_power(u, v, r_min, r_max, max_phase):
    radius_squared = r_min**2 + u * (r_max**4 - r_min**2)
    nu_log = np.log(-0.5 * np.log(radius_squared))
    return nu_log, np.log(max_phase * v), 0.5 * np.log(1 - radius_squared)


def squares_for_roots(grads):
    return np.array([np.square(sum(np.sum(g**2) for g in layer.values())) for layer in grads])


def sampled_by_the_least_likely(logits, temperature, rng):
    if not 0 <= temperature < np.inf:
        raise ValueError(temperature)
    if temperature == 0:
        return np.argmin(logits, axis=-1)
    shifted = logits - np.max(logits, axis=-1, keepdims=True)
    with np.errstate(all="ignore"):
        return np.argmax(shifted / temperature + rng.gumbel(size=shifted.shape), axis=-1)


def drawn_by_gumbel_or_the_least_likely(logits, temperature, rng):
    if not 0 <= temperature < np.inf:
        raise ValueError("bad")
    if temperature == 0:
        return np.argmin(logits, axis=-1)
    z = logits - np.max(logits, axis=-1, keepdims=True)
    noise = rng.gumbel(size=np.shape(z))
    return np.argmax(z / temperature + noise, axis=-1)


def modes_by_a_rough_rank(psi, tangent, gamma, omega):
    batch, T, n = psi.shape
    lam, M = np.exp(-gamma + 1j * omega)[:, None, None], len(gamma)
    z, rows = np.zeros((M, batch, n)), []
    for t in range(T):
        z = lam * z + psi[:, t]
        rows.append(np.concatenate([z.real, -z.imag]))
    A = np.array(rows).transpose(0, 2, 1, 3).reshape(T * batch, 2 * M * n)
    Y = tangent.transpose(1, 0, 2).reshape(T * batch, n)
    solution, *_ = np.linalg.lstsq(A, Y, rcond=0.3)
    both = solution.reshape(2, M, n, n).transpose(0, 1, 3, 2)
    return both[0] + 1j * both[1]


def cache_with_the_new_memory(x_t, h_prev, c_prev, params):
    i, f, o = (
        sigmoid(x_t @ params["W_x" + g] + h_prev @ params["W_h" + g] + params["b_" + g])
        for g in "ifo"
    )
    candidate = np.tanh(x_t @ params["W_xc"] + h_prev @ params["W_hc"] + params["b_c"])
    c_t = f * c_prev + i * candidate
    h_t = o * np.tanh(c_t)
    cache = {"x_t": x_t, "h_prev": h_prev, "c_prev": c_t, "i": i, "f": f, "o": o}
    return h_t, c_t, cache | {"candidate": candidate, "c_t": c_t}


def one_list_the_wrong_way_round(x, weights, g, form, bias=0.0):
    hs, us = [x], []
    for W in weights:
        h, u = layer_forward(hs[-1], W, g, form, bias)
        hs.append(h)
        us.append(u)
    n = hs[-1].shape[-1]
    dh = np.broadcast_to(np.eye(n, dtype=hs[-1].dtype)[:, None], (n, *hs[-1].shape))
    backward = [1.0]
    for u, W in zip(us, weights[::-1], strict=True):
        dh = layer_backward(dh, u, W, g, form)
        backward.insert(0, np.sqrt(np.mean(np.sum(dh**2, axis=0))))
    rms = np.array([np.sqrt(np.mean(h**2)) for h in hs])
    return rms, np.array([mean_cosine(h) for h in hs]), np.array(backward)


def layer_with_half_of_B(x, z_0, params):
    lam, gain = eigenvalues(params), np.exp(params["gamma_log"])
    z, states = z_0, []
    for t in range(x.shape[1]):
        z = lam * z + gain * (x[:, t] @ params["B"].real)
        states.append(z)
    z = np.stack(states, axis=1)
    return np.real(z @ params["C"]) + x @ params["D"], z


def gate_of_six_digits(depth, eta=0.9):
    def last(g):
        c = 0.0
        for _ in range(depth):
            c = cosine_map(c, 1 - g)
        return c

    low, high = 0.0, 1.0
    for _ in range(60):
        g = (low + high) / 2
        low, high = (g, high) if last(g) <= eta else (low, g)
    return round(low, 6)


def scan_of_powers_of_two(a, b, h_0, join=combine):
    T, reach = a.shape[1], 1
    assert T & (T - 1) == 0
    while reach < T:
        span = join((a[:, :-reach], b[:, :-reach]), (a[:, reach:], b[:, reach:]))
        a = np.concatenate([a[:, :reach], span[0]], axis=1)
        b = np.concatenate([b[:, :reach], span[1]], axis=1)
        reach *= 2
    return a * h_0[:, None] + b


def gradient_as_a_share(x, weights, g, form, bias=0.0):
    depth = len(weights)
    rms, cosines, backward = np.zeros((3, depth + 1))
    h, sums = x, []
    rms[0], cosines[0] = np.sqrt(np.mean(h**2)), mean_cosine(h)
    for l in range(depth):
        h, u = layer_forward(h, weights[l], g, form, bias)
        sums.append(u)
        rms[l + 1], cosines[l + 1] = np.sqrt(np.mean(h**2)), mean_cosine(h)
    n = h.shape[-1]
    dh = np.broadcast_to(np.eye(n, dtype=h.dtype)[:, None], (n, *h.shape))
    for l in range(depth, -1, -1):
        backward[l] = np.sqrt(np.mean(np.sum(dh**2, axis=0)))
        if l > 0:
            dh = layer_backward(dh, sums[l - 1], weights[l - 1], g, form)
    return rms, cosines, backward / backward[0]


def last_state_of_the_scan(a, b, h_0, join=combine):
    T, reach = a.shape[1], 1
    while reach < T:
        span = join((a[:, :-reach], b[:, :-reach]), (a[:, reach:], b[:, reach:]))
        a = np.concatenate([a[:, :reach], span[0]], axis=1)
        b = np.concatenate([b[:, :reach], span[1]], axis=1)
        reach *= 2
    return (a * h_0[:, None] + b)[:, -1:]


def kernel_by_the_next_nudge(h, W_hh, beta, gamma, psi):
    T = h.shape[1]
    tangent = Omega = Gamma = np.zeros_like(h[:, 0])
    dbeta, dgamma = np.zeros_like(beta), np.zeros_like(gamma)
    for t in range(T):
        tangent, Omega, Gamma = perturbation_step(
            tangent, Omega, Gamma, h[:, t], W_hh, gamma, psi[:, (t + 1) % T]
        )
        by_beta, by_gamma = kernel_gradients(beta, tangent, Omega, Gamma)
        dbeta += by_beta / T
        dgamma += by_gamma / T
    return dbeta, dgamma


def kernel_without_its_first_step(h, W_hh, beta, gamma, psi):
    tangent = Omega = Gamma = np.zeros_like(h[:, 0])
    dbeta = dgamma = 0.0
    for t in range(1, h.shape[1]):
        tangent, Omega, Gamma = perturbation_step(
            tangent, Omega, Gamma, h[:, t], W_hh, gamma, psi[:, t]
        )
        by_beta, by_gamma = kernel_gradients(beta, tangent, Omega, Gamma)
        dbeta += by_beta
        dgamma += by_gamma
    return dbeta / h.shape[1], dgamma / h.shape[1]


def sampled_by_the_exp_of_a_minus(logits, temperature, rng):
    if not 0 <= temperature < np.inf:
        raise ValueError(temperature)
    if temperature == 0:
        return logits.argmax(axis=1)
    scaled = (logits - logits.max(axis=1, keepdims=True)) / temperature
    p = np.exp(-scaled)
    p /= p.sum(axis=1, keepdims=True)
    return np.array([rng.choice(len(row), p=row) for row in p])


@pytest.mark.parametrize(
    ("exercise", "answer", "words"),
    [
        ("stop_gate", gate_of_six_digits, "with `low` for `round(low, 6)`"),
        ("propagate", gradient_as_a_share, "without `/ backward[0]`"),
        ("scan", scan_of_powers_of_two, "without the line `assert T & T - 1 == 0`"),
        ("scan", last_state_of_the_scan, "with `a * h_0[:, None] + b` for `(a * h_0"),
        ("kernel_fit", kernel_by_the_next_nudge, "without `+ 1`, in the line"),
        ("kernel_fit", kernel_without_its_first_step, "with `range(0, h.shape[1])` for `range(1,"),
        (
            "sample_with_temperature",
            sampled_by_the_exp_of_a_minus,
            "with the sign of `scaled` turned round",
        ),
        ("sample_with_temperature", sampled_by_the_least_likely, "with `np.argmax` for"),
        (
            "sample_with_temperature",
            drawn_by_gumbel_or_the_least_likely,
            "with `np.argmax` for `np.argmin`",
        ),
        ("fit_modes", modes_by_a_rough_rank, "with `np.linalg.lstsq(A, Y, rcond=None)` for"),
        ("lstm_step", cache_with_the_new_memory, "with `'c_prev': c_prev` for `'c_prev': c_t`"),
        ("propagate", one_list_the_wrong_way_round, "with `zip(us[::-1], weights[::-1]"),
        ("lru_forward", layer_with_half_of_B, "with `params['B']` for `params['B'].real`"),
        ("grelu", grelu_with_two_rests, "with `u` for `1 - u`, in the line"),
        ("scan_backward", gradient_with_a_sum_twice, "without `g[:, t] +`, in the line"),
        (
            "kernel_gradients",
            gradient_of_the_last_sequence,
            "with `dgamma += beta.T @ error * slope / len(tangent)` inside the loop before it.",
        ),
        ("ring", ring_with_a_fourth_power, "with `r_max ** 2 - r_min ** 2` for `r_max ** 4"),
        ("gradient_norms", squares_for_roots, "with `np.sqrt("),
    ],
)
def test_the_change_that_is_said_is_the_one_that_a_person_would_make(
    monkeypatch, exercise, answer, words
):
    monkeypatch.setattr(repairs, "PATIENCE", 60.0)  # each is found; the last takes eight seconds
    assert check(answer, exercise).sentence.startswith(f"Your code passes every check {words}")


def test_a_way_back_may_be_the_other_end_of_a_range_a_part_or_another_method():
    def said(code, exercise):
        tree = ast.parse(code)
        return {change.words for change in changes(tree, ways_back(get(exercise).reference))}

    assert "with `min(low, 1.0)` for `max(low, 1.0)`" in said("max(low, 1.0)", "stop_gate")
    assert "with `f(z.real)` for `f(z)`" in said("f(z)", "fit_modes")
    layer = "class L:\n def f(self):\n  self.a, self.b = 1, 2\n  return g(self.a)"
    assert "with `self.b` for `self.a`" in said(layer, "LRULayer")
    assert "with `rows.append` for `rows.extend`" in said("rows.extend(a)", "fit_modes")


def test_a_call_for_its_effect_is_left_out_as_a_line():
    twice = "def f(a):\n    rows = []\n    rows.append(g(a))\n    return rows"
    tree = ast.parse(twice)
    means_nothing = by_chance(tree)
    found = [c for c in changes(tree, None) if c.words == "with `g(a)` for `rows.append(g(a))`"]
    assert found
    assert all(map(means_nothing, found))


def clipped_by_a_number_of_python(grads, max_norm):
    norm = float(np.sqrt(sum(np.sum(g**2) for g in grads.values())))
    factor = min(1.0, max_norm / norm)
    return {name: factor * g for name, g in grads.items()}, norm


def test_to_divide_by_zero_with_a_warning_is_no_repair():
    sentence = check(clipped_by_a_number_of_python, "clip_by_global_norm").sentence
    assert "ZeroDivisionError" in sentence
    assert "passes every check" not in sentence


def only_the_last_error_is_kept(loss, params, grads, step=1e-5, tolerance=1e-6):
    errors = {}
    for name, w in params.items():
        a, b = numerical_gradient(loss, w, step), grads[name]
        size = np.maximum(np.abs(a) + np.abs(b), 1e-8)
    ratio = np.abs(a - b) / size
    errors[name] = float(ratio.max())
    passed = all(error <= tolerance for error in errors.values())
    return passed, errors


def one_error_and_the_verdict(loss, params, grads, step=1e-5, tolerance=1e-6):
    errors = {}
    for name, w in params.items():
        a, b = numerical_gradient(loss, w, step), grads[name]
        size = np.maximum(np.abs(a) + np.abs(b), 1e-8)
        errors[name] = float(np.max(np.abs(a - b) / size))
        passed = all(error <= tolerance for error in errors.values())
        return passed, errors


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (only_the_last_error_is_kept, "and `errors[name] = float(ratio.max())` inside the loop"),
        (one_error_and_the_verdict, "with the `return` after the loop, not in it"),
    ],
)
def test_lines_that_stand_too_far_to_one_side_are_named(answer, words):
    assert words in check(answer, "gradient_check").sentence


def test_a_line_that_stands_before_the_loop_is_not_said_to_be_in_it():
    exercise = get("gradient_check")
    assert is_contradicted(
        exercise, "with `errors = {}` inside the loop", one_error_and_the_verdict
    )


@tf.custom_gradient
def fast_scan(a, b, h_0):
    a, b = tf.transpose(a, (1, 0, 2)), tf.transpose(b, (1, 0, 2))
    h = tf.scan(lambda h, now: now[0] * h + now[1], (a, b), tf.zeros_like(h_0))

    def backward(dh):
        later = tf.math.conj(tf.concat([a[1:], tf.zeros_like(a[:1])], 0))
        back = later, tf.transpose(dh, (1, 0, 2))
        db = tf.scan(lambda g, now: now[0] * g + now[1], back, 0 * h_0, reverse=True)
        da = db * tf.math.conj(tf.concat([h_0[None], h[:-1]], 0))
        dh_0 = tf.math.conj(a[0]) * db[0]
        return tf.transpose(da, (1, 0, 2)), tf.transpose(db, (1, 0, 2)), dh_0

    return tf.transpose(h, (1, 0, 2)), backward


def test_what_was_decorated_below_its_code_is_not_changed():
    """What would be changed is the code alone, and would do something else anyway."""
    right = get("fast_scan").reference
    assert next(changed(fast_scan, right), None) is not None
    assert next(changed(tf.function(fast_scan), right), None) is None


def test_what_decorates_an_answer_stays():
    """Without the decorator, the scan gives a pair."""
    exercise = get("fast_scan")
    mended = repair(exercise, fast_scan, exercise.ladder[0], Budget(exercise))
    assert mended.called == "with `h_0` for `tf.zeros_like(h_0)`"


def test_an_exercise_does_not_get_changed_copies_of_its_answers():
    """A named mistake that nobody recognises is looked at like any answer: its list grew then."""
    exercise = get("log_gradients")
    mistakes, alternatives = list(exercise.mistakes), list(exercise.alternatives)
    for answer in (mistakes[0].answer, alternatives[0]):
        assert next(changed(answer, exercise.reference), None) is not None
    assert exercise.mistakes == mistakes
    assert exercise.alternatives == alternatives


def test_no_axis_changes_places_with_itself():
    tree = ast.parse("def turned(x):\n    return x.swapaxes(0, 1) + np.moveaxis(x, 2, 1)")
    words = [change.words for change in changes(tree, None)]
    assert "with `x` for `x.swapaxes(0, 1)`" in words
    said = [re.search(r"with `(.+)` for ", one) for one in words]
    assert not [one for one in said if one and re.search(r"[(, ](\d), \1\)", one[1])]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("f ** 1", "f"),
        ("T * 1", "T"),
        ("a - 1 + 1", "a"),
        ("f ** 10", "f ** 10"),
        ("-0", "0"),
        ("min(l, l - 1)", "l - 1"),
        ("max(l - 1, l)", "l"),
        ("max(l, l + 1)", "l + 1"),
        ("min(l, n - 1)", "min(l, n - 1)"),
        ("reversed(list(layers[:0:-1]))", "layers[1:]"),
        ("reversed(list(layers[::-1]))", "layers"),
        ("reversed(list(layers[:0:-2]))", "reversed(list(layers[:0:-2]))"),
        ("reversed(list(layers[3::-1]))", "reversed(list(layers[3::-1]))"),
        ("reversed(list(layers[:-1]))", "reversed(list(layers[:-1]))"),
    ],
)
def test_changed_code_is_said_as_a_person_writes_it(code, said):
    assert simply(ast.parse(code, mode="eval").body) == said


SIGNS = ["+", "-", "*", "/", "//", "%", "**", "@", "&", "|", "^", "<<", ">>"]


@pytest.mark.parametrize("sign", SIGNS)
def test_code_with_any_operator_can_be_changed(sign):
    tree = ast.parse(f"def f(a, b):\n    return a {sign} b")
    assert f"without `{sign} b`" in [change.words for change in changes(tree, None)]


def half_of_the_old_state(x_t, h_prev, W_xh, W_hh, b_h):
    new = np.tanh(x_t @ W_xh + h_prev @ W_hh + b_h)
    return 0.5 * (new + h_prev)


def test_nobody_is_told_to_add_something_to_itself():
    said = check(half_of_the_old_state, "rnn_step").sentence
    assert "with `new` for `0.5 * (new + h_prev)`" in said


def test_the_sign_of_what_is_added_to_is_no_cure_for_a_second_name():
    def kernel_fit(h, W_hh, beta, gamma, psi):
        tangent = Omega = Gamma = np.zeros_like(h[:, 0])
        dbeta = np.zeros_like(beta)
        dgamma = dbeta[0]
        for t in range(h.shape[1]):
            tangent, Omega, Gamma = perturbation_step(
                tangent, Omega, Gamma, h[:, t], W_hh, gamma, psi[:, t]
            )
            by_beta, by_gamma = kernel_gradients(beta, tangent, Omega, Gamma)
            dbeta += by_beta / h.shape[1]
            dgamma += by_gamma / h.shape[1]
        return dbeta, dgamma

    words = check(kernel_fit).mistake
    assert words in {
        "with `dbeta[0].copy()` for `dbeta[0]`",
        "with `np.zeros_like(dbeta[0])` for `dbeta[0]`",
    }


def test_a_class_without_source_is_not_taken_for_the_reference_whose_name_it_has():
    """A change of the reference that changes nothing was said to make the learner's code right."""
    reference = get("GateSchedule").reference
    code = "class GateSchedule:\n    def on_train_end(self, logs=None):\n        return 1\n"
    names = {"__name__": reference.__module__}
    exec(compile(code, "<nowhere>", "exec"), names)
    with pytest.raises(OSError, match="none of its methods has a source"):
        tree_of(names["GateSchedule"])
    assert list(changed(names["GateSchedule"], reference)) == []
    assert tree_of(reference).body[0].name == "GateSchedule"
