"""The same wrong numbers may come about in another way: what is said is true of that way too."""

import random

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_lib.exercises.checker import check_function
from course_lib.exercises.registry import get
from course_lib.scratch.bptt import loss_and_gradients
from course_lib.scratch.gradcheck import numerical_gradient
from course_lib.scratch.gradnets import cosine_map, grelu
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


def one_array_for_all_states(x, h_0, W_xh, W_hh, b_h):
    """Appended inside the loop, where it was overwritten."""
    state, states = np.array(h_0, np.result_type(h_0, W_hh, np.float32)), []
    for t in range(x.shape[1]):
        state[:] = rnn_step(x[:, t], state, W_xh, W_hh, b_h)
        states.append(state)
    h = np.stack(states, axis=1)
    return h, (x, h_0, h, W_xh, W_hh)


def put_back_too_early(loss, w, step=1e-5):
    """No copy, but nothing is moved while loss is called."""
    gradient = np.zeros_like(w)
    for index in np.ndindex(w.shape):
        kept, values = w[index], []
        for sign in (1, -1):
            w[index] = kept + sign * step
            w[index] = kept
            values.append(loss())
        gradient[index] = (values[0] - values[1]) / (2 * step)
    return gradient


def puts_one_entry_of_a_row_back(loss, w, step=1e-5):
    """Not by += and -=, and no digit is lost."""
    gradient = np.zeros_like(w)
    for index in np.ndindex(w.shape):
        kept, values = w[index], []
        for sign in (1, -1):
            w[index[0]] = kept + sign * step
            values.append(loss())
        w[index] = kept
        gradient[index] = (values[0] - values[1]) / (2 * step)
    return gradient


def breaks_off_each_sequence(x, mask, h_0, W_xh, W_hh, b_h):
    """The loop that ends is that of one sequence, whatever the others have there."""
    h, h_last = np.zeros((*mask.shape, len(b_h))), np.array(h_0, float)
    for b in range(len(x)):
        for t in range(x.shape[1]):
            if not mask[b, t]:
                break
            h_last[b] = rnn_step(x[b : b + 1, t], h_last[b : b + 1], W_xh, W_hh, b_h)[0]
            h[b, t] = h_last[b]
    return h, h_last


def takes_the_least_likely(logits, temperature, rng):
    """At 0 alone."""
    if not 0 <= temperature < np.inf:
        raise ValueError(temperature)
    if temperature == 0:
        return np.argmin(logits, axis=-1)
    shifted = logits - np.max(logits, axis=-1, keepdims=True)
    with np.errstate(all="ignore"):  # without the line above, NaN would be taken for the largest
        return np.argmax(shifted / temperature + rng.gumbel(size=shifted.shape), axis=-1)


def keeps_a_share_of_leak(v, squashed, dh, leak):
    """Without a logarithm, and without a gamma."""
    trace, dW = 0, 0
    for t in range(v.shape[1]):
        slopes = leak * (1 - squashed[:, t, None] ** 2)
        trace = leak * trace + v[:, t, :, None] * slopes
        dW = dW + np.einsum("bn,bpn->pn", dh[:, t], trace)
    return dW


def scales_what_is_positive(u, g):
    """Nothing is the smaller of two."""
    return (1 - g) * np.maximum(u, 0) + np.minimum(u, 0)


def asks_once(u, g):
    """The late part isn't missing where all of u is positive."""
    return 1.0 * u if np.all(u > 0) else (1 - g) * u


def divides_by_the_size_of_the_sum(loss, params, grads, step=1e-5, tolerance=1e-6):
    """|a - b| / |a + b|, and 0 where nothing is left to divide by."""
    errors = {}
    for name, w in params.items():
        a, b = grads[name], numerical_gradient(loss, w, step)
        bottom = np.abs(a + b)
        parts = np.divide(np.abs(a - b), bottom, out=np.zeros_like(a), where=bottom != 0)
        errors[name] = float(parts.max())
    return all(e <= tolerance for e in errors.values()), errors


def takes_the_narrow_for_the_wide(depth, eta=0.9):
    """cosine_map gets the slope."""

    def behind_the_last(g):
        c = 0.0
        for _ in range(depth):
            c = cosine_map(c, 1 - g)
        return c

    low, high = 0.0, 1.0
    if behind_the_last(high) >= eta:
        return high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if behind_the_last(middle) <= eta else (low, middle)
    return low


def rises_by_a_little(dy, u, g):
    """A difference to the right: no comparison at all."""
    return dy * (grelu(u + 1e-7, g) - grelu(u, g)) / 1e-7


@pytest.mark.parametrize(
    ("exercise", "answer", "untrue", "said"),
    [
        ("rflo_gradient", keeps_a_share_of_leak, "makes the traces", "keep a share of leak"),
        ("grelu", scales_what_is_positive, "is taken", "The wrong side"),
        ("grelu", asks_once, "missing", "One answer"),
        ("grelu_backward", rises_by_a_little, "not u >= 0", "u > 0"),
        ("stop_gate", takes_the_narrow_for_the_wide, "in its place", "the right way round"),
        ("numerical_gradient", puts_one_entry_of_a_row_back, "rounding", "all of its row"),
        ("masked_rnn_forward", breaks_off_each_sequence, "all sequences", "first padded step"),
        ("sample_with_temperature", takes_the_least_likely, "without", "argmax"),
        ("sample_with_temperature", drawn_by_python, "come from np.random", "Python's random"),
        ("sample_with_temperature", overflows_to_no_sum, "\0", "overflowed"),
        ("carried_windows", closed_by_hand, "np.roll turns", "as if"),
        ("gradient_check", nan_made_zero, "error > worst", "NaN"),
        ("gradient_check", divides_by_the_size_of_the_sum, "sizes are compared", "-2 and 4"),
        ("rnn_forward", one_array_for_all_states, "Only the last", "overwritten"),
        ("numerical_gradient", put_back_too_early, "\0", "while it is called"),
        ("masked_rnn_forward", skips_where_one_has_padding, "The loop ends", "every sequence"),
    ],
)
def test_a_name_is_true_of_other_causes_too(exercise, answer, untrue, said):
    sentence = check_function(get(exercise), answer).sentence
    assert untrue not in sentence
    assert said in sentence


def moved_in_place(sign=-1, too_early=False):
    """An update of the caller's arrays, by a step of its own."""

    def update_on_window(params, x, labels, h_0, rate):
        if too_early:
            params["W_hy"] *= 1 - rate
        loss, grads, h_last = loss_and_gradients(params, x, labels, h_0)
        for name in params:
            params[name] += sign * rate * grads[name]
        return params, loss, h_last

    return update_on_window


def moved_in_the_dict(params, x, labels, h_0, rate):
    """New arrays, and the caller's dict gets them."""
    loss, grads, h_last = loss_and_gradients(params, x, labels, h_0)
    params.update({name: w - rate * grads[name] for name, w in params.items()})
    return params, loss, h_last


def test_a_changed_argument_hides_no_other_fault():
    """Nothing was seen but that it had changed, and the step was called right."""
    exercise = get("update_on_window")
    assert check_function(exercise, moved_in_place()).mistake == "params itself moved"
    for wrong in (moved_in_place(sign=1), moved_in_place(too_early=True)):
        report = check_function(exercise, wrong)
        assert report.mistake is None
        assert "changed its argument params in place" in report.sentence


def test_of_a_changed_dict_nobody_says_that_its_arrays_were_written_into():
    report = check_function(get("update_on_window"), moved_in_the_dict)
    assert report.mistake == "params itself moved"
    assert "made in the arrays" not in report.sentence


@pytest.mark.slow
def test_a_step_after_each_window_is_counted():
    """Whatever it says the norm is, here the largest of the windows'."""

    def train_step_windows(model, optimizer, window, max_norm):
        @tf.function(reduce_retracing=True, autograph=False)
        def step(x, labels, h):
            loss, norms = 0.0, []
            for start in range(0, x.shape[1], window):
                with tf.GradientTape() as tape:
                    logits, h = model(x[:, start : start + window], h)
                    errors = tf.nn.sparse_softmax_cross_entropy_with_logits(
                        labels[:, start : start + window], logits
                    )
                    part = tf.reduce_sum(errors) / tf.cast(tf.size(labels), errors.dtype)
                gradients = tape.gradient(part, model.trainable_variables)
                gradients, norm = tf.clip_by_global_norm(gradients, max_norm)
                optimizer.apply(gradients, model.trainable_variables)
                loss, norms = loss + part, [*norms, norm]
            return loss, h, tf.reduce_max(norms)

        return step

    report = check_function(get("train_step_windows"), train_step_windows)
    assert not report.ok
    assert "has counted 3 steps" in report.sentence


def dropout(made):
    """A layer that makes this of x, the rate of the moment, a seed and whether it trains."""

    class GradualDropout(get("GradualDropout").reference):
        def call(self, x, g, training=False):
            return made(x, self.rate * g, self.seed_generator, training)

    return GradualDropout


def scaled_at_evaluation(x, rate, seed, training):
    """As dropout once was: the mean is the same in training and at evaluation."""
    if not training:
        return (1 - rate) * x
    noise = keras.random.uniform(keras.ops.shape(x), dtype=x.dtype, seed=seed)
    return keras.ops.where(noise >= rate, x, 0.0)


def dropped_by_keras(x, rate, seed, training):
    """The `if` is Keras's own."""
    return keras.random.dropout(x, rate, seed=seed) if training else x


@pytest.mark.slow
def test_of_dropout_nothing_is_said_that_is_true_of_one_way_alone():
    once = check_function(get("GradualDropout"), dropout(scaled_at_evaluation)).sentence
    assert "isn't scaled up" in once
    assert "another at evaluation" not in once
    assert "keras.random.dropout" in (
        check_function(get("GradualDropout"), dropout(dropped_by_keras)).sentence
    )


def activation(stopped=False, **settings):
    """A layer whose gate is made with other settings, and may be kept from the tape."""

    class GradualActivation(get("GradualActivation").reference):
        def __init__(self, activation="relu", g=0.0, **kwargs):
            keras.layers.Layer.__init__(self, **kwargs)
            self.activation, self.start = keras.activations.get(activation), float(g)
            begins = keras.initializers.Constant(self.start)
            self.g = self.add_weight(shape=(), initializer=begins, **settings)

        def call(self, u):
            g = tf.stop_gradient(self.g.value) if stopped else self.g
            return (1 - g) * u + g * self.activation(u)

    return GradualActivation


@pytest.mark.slow
def test_of_a_gate_nothing_is_said_that_is_true_of_one_kind_alone():
    trained = check_function(get("GradualActivation"), activation(stopped=True)).sentence
    assert "weight decay" in trained
    double = activation(trainable=False, dtype="float64")
    said = check_function(get("GradualActivation"), double).sentence
    assert "kept in float64" in said
    assert "rounded away" not in said
