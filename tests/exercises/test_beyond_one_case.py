"""What passed while all numbers were small, or one object was alone, or one seed was tried."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from changed_reference import with_changes

from course_lib.exercises import check
from course_lib.exercises.registry import get

pytestmark = pytest.mark.slow
LARGE = "large numbers count in full"
OWN = "its settings are its own"
MORE = {"keras": keras, "np": np, "tf": tf}


def report_of(name, before, after):
    """The check of a reference with other code in one place, under a name that Keras has free."""
    renamed = ('serializable("course_lib")', 'serializable("changed")')
    renames = [renamed] if is_registered(name) else []
    return check(with_changes(name, (before, after), *renames, **MORE))


def is_registered(name):
    """Whether the reference is registered in Keras."""
    reference = get(name).reference
    return isinstance(reference, type) and keras.saving.get_registered_name(reference) != name


CLIPPED = {
    "VanillaRNNCell": ("h_t = keras.ops.tanh(\n", "x_t = keras.ops.clip(x_t, -5, 5)"),
    "LSTMCell": ("i, f, candidate, o = keras.ops.split(a", "a = keras.ops.clip(a, -6, 6)"),
    "GRUCell": ("z, r = keras.ops.split(", "gates = keras.ops.clip(gates, -6.0, 6.0)"),
    "LRULayer": ("y = tf.math.real(z)", "x = tf.clip_by_value(x, -5.0, 5.0)"),
    "GradualActivation": ("y = (1 - self.g) * u", "u = keras.ops.clip(u, -30, 30)"),
    "GradualDropout": ("y = keras.ops.where", "x = keras.ops.clip(x, -20, 20)"),
    "bptt_gradient": ("before = tf.concat", "da = tf.clip_by_value(da, -50.0, 50.0)"),
    "gradient_by_step": ("by_time = tf", "x = tf.clip_by_value(x, -5.0, 5.0)"),
    "chunked_trace": ("C = tf.minimum(C, T)", "v = tf.clip_by_value(v, -10.0, 10.0)"),
    "fast_scan": ("h = tf.scan", "b = b if b.dtype.is_complex else tf.clip_by_value(b, -9.0, 9.0)"),
    "update_inside": ("loss = tf.reduce_sum", "error = tf.clip_by_value(error, -9.0, 9.0)"),
    "train_step_windows": ("errors = tf.nn", "logits = tf.clip_by_value(logits, -20.0, 20.0)"),
    "looped": ("T = tf.shape(x)[1]", "x = tf.clip_by_value(x, -500.0, 500.0)"),
    "KernlModel": ("dW, _ = chunked_trace", "dh = tf.clip_by_value(dh, -5.0, 5.0)"),
}


def in_front(before, line):
    """The same code after one more statement on its line."""
    return f"{line}; {before}"


@pytest.mark.parametrize("name", CLIPPED)
def test_what_is_clipped_is_seen_where_numbers_are_large(name):
    before, line = CLIPPED[name]
    report = report_of(name, before, in_front(before, line))
    assert report.failed == LARGE
    assert "Some of the numbers that came in are large." in report.sentence or report.mistake


@pytest.mark.parametrize("most", [3, 10])
def test_a_memory_that_is_limited(most):
    before = "h_t = keras.ops.sigmoid(o)"
    line = f"c_t = keras.ops.clip(c_t, -{most}, {most})"
    assert report_of("LSTMCell", before, in_front(before, line)).failed == LARGE


def test_gates_that_are_clipped_in_the_other_convention_alone():
    before = "gates = from_x[:, : 2 * n] + from_h[:, : 2 * n]"
    report = report_of("GRUCell", before, f"gates = keras.ops.clip({before[8:]}, -6.0, 6.0)")
    assert report.failed == f"{LARGE} with reset_after"


ON_THE_CLASS = [
    ("GateSchedule", "self.gates, self.start, self.end = gates, start, end", "gates start end"),
    ("GateSchedule", "self.first, self.last = first, last", "first last"),
    ("GradualDropout", "self.rate = rate", "rate"),
    ("KernlModel", "self.beta = tf.constant(beta, self.dtype)", "beta"),
    ("KernlModel", "self.gamma = tf.constant(gamma, self.dtype)", "gamma"),
    ("GRUCell", "self.reset_after = reset_after", "reset_after"),
    ("LRULayer", "self.units, self.outputs, self.seed = units, outputs, seed", "seed"),
]


@pytest.mark.parametrize(
    ("name", "before", "setting"),
    [(name, before, one) for name, before, those in ON_THE_CLASS for one in those.split()],
)
def test_a_setting_that_is_kept_on_the_class(name, before, setting):
    after = re.sub(rf"self\.{setting}\b", f"type(self).{setting}", before)
    report = report_of(name, before, after)
    assert report.failed == OWN
    assert "not on the class" in report.sentence


@pytest.mark.parametrize("name", ["VanillaRNNCell", "LSTMCell"])
def test_units_that_are_kept_on_the_class(name):
    report = report_of(name, "self.units = units", "type(self).units = units")
    assert report.failed == get(name).ladder[0].name
    assert re.search(r"if a cell of \d+ was made in between: \(", report.sentence)


@pytest.mark.parametrize("name", ["VanillaRNNCell", "LSTMCell", "GRUCell"])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"orthogonal"', "keras.initializers.Orthogonal(seed=1)"),
        ('"glorot_uniform"', "keras.initializers.GlorotUniform(seed=1)"),
    ],
)
def test_weights_that_are_drawn_with_a_seed_of_their_own(name, before, after):
    report = report_of(name, f"initializer={before}", f"initializer={after}")
    assert report.failed == "the weights begin as they should"
    assert re.search("begin with the same W_|each cell draws a W_. of its own", report.sentence)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("cell(units)", "(keras.utils.set_random_seed(3), cell(units))[1]"),
        ("Dense(classes)",
         "Dense(classes, kernel_initializer=keras.initializers.Orthogonal(seed=2))"),
    ],
    ids=["of everything", "of the readout"],
)  # fmt: skip
def test_a_model_that_sets_a_seed(before, after):
    report = report_of("recurrent_classifier", before, after)
    assert "begin with the same numbers" in report.sentence


def in_float32(code):
    """What a cast to float32 and back leaves of it."""
    return f"keras.ops.cast(keras.ops.cast({code}, 'float32'), 'float64')"


RELU_ALONE = "self.activation(u) if self.activation is keras.activations.relu else "
NARROW = [
    ("GradualActivation", "self.activation(u)",
     f"({RELU_ALONE}{in_float32('self.activation(u)')})", "it fades in any activation"),
    ("GradualDropout", "self.rate * g", in_float32("self.rate * g"), LARGE),
    ("GradualDropout", "x / (1 - drop)", in_float32("x / (1 - drop)"), LARGE),
    ("train_step_windows", "tf.clip_by_global_norm(gradients, max_norm)",
     "(tf.clip_by_global_norm(gradients, max_norm)[0], tf.linalg.global_norm(gradients))\n"
     "        limited = [g * tf.minimum(max_norm / (norm + 1e-6), 1.0) for g in gradients]",
     "a gradient that is too long is shortened as a whole"),
    ("LSTMCell", '"forget_bias": self.forget_bias',
     '"forget_bias": round(self.forget_bias, 1)', "saved and loaded, it is the same cell"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "before", "after", "rung"), NARROW)
def test_digits_that_are_lost_in_one_place(name, before, after, rung):
    report = report_of(name, before, after)
    assert not report.ok
    assert report.failed == rung


@pytest.mark.parametrize(
    ("before", "after", "rung"),
    [
        ("(ragged, labels)", "(ragged, np.asarray(labels, np.int16))",
         "every sequence once per pass, with its label"),
        ("seed=seed)", "seed=seed or 1)", "another order by another seed"),
    ],
)  # fmt: skip
def test_labels_and_seeds_of_a_pipeline(before, after, rung):
    assert report_of("padded_batches", before, after).failed == rung


def test_a_loop_that_ends_at_a_step_of_zeros():
    something = "tf.reduce_any(x[:, tf.minimum(t, T - 1)] != 0)"
    report = report_of("looped", "*_: t < T", f"*_: (t < T) & {something}")
    assert report.failed == "a step of zeros counts like any other"


def test_a_layer_that_says_it_is_frozen():
    report = report_of(
        "GradualDropout", "self.built = True", "self.built = True; self.trainable = False"
    )
    assert report.failed == "nothing is added that nobody asked for"


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("looped", "T = tf.shape(x)[1]", "x = tf.clip_by_value(x, -5.0, 5.0)"),
        ("update_inside", "loss = tf.reduce_sum", "W.assign(tf.clip_by_value(W, -9.0, 9.0))"),
        ("gradient_by_step", "value = loss", "h = tf.clip_by_value(h, -0.9, 0.9)"),
        ("chunked_trace", "C = tf.minimum(C, T)", "E_0 = tf.clip_by_value(E_0, -10.0, 10.0)"),
        ("checkpointed", "T = x.shape[1]", "x = tf.clip_by_value(x, -5.0, 5.0)"),
        (
            "recurrent_classifier",
            "for layer in range(layers)",
            "model.add(keras.layers.Lambda(lambda x: keras.ops.clip(x, -5, 5)))\n    ",
        ),
    ],
)
def test_what_else_is_clipped(name, before, after):
    line = f"{after}{before}" if after.endswith(" ") else in_front(before, after)
    assert not report_of(name, before, line).ok


@pytest.mark.parametrize(
    "setting",
    ['kernel_regularizer="l2"', 'recurrent_constraint="non_neg"', "trainable=False"],
)
def test_a_layer_of_keras_with_more_than_was_asked(setting):
    report = report_of("gru_for_a_gpu", "dropout=dropout)", f"dropout=dropout, {setting})")
    assert report.failed == "nothing is added that nobody asked for"


def test_a_penalty_that_is_rounded():
    report = report_of("recurrent_classifier", "L2(l2 / 2)", "L2(round(l2 / 2, 2))")
    assert report.failed == "the penalty is on all matrices, and on nothing else"
