"""With RTRL, every loss has the gradient that Keras itself has for it, or is refused."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras.src.backend import set_keras_mask

from course_lib.online import LeakyRNNCell, OnlineRNN, losses

B, T, M, N, C = 3, 5, 2, 3, 4
LENGTHS = [5, 3, 1]


def scalar(y, out):
    return tf.reduce_mean(tf.square(y - out) * tf.cast(tf.size(out), out.dtype))


def elementwise(y, out):
    return tf.square(y - out)


def over_time(y, out):
    """Looks at all steps together."""
    return tf.reduce_logsumexp(tf.square(y - out), axis=1)


@keras.saving.register_keras_serializable("tests")
class Cubic(keras.losses.Loss):
    def call(self, y, out):
        return keras.ops.mean(keras.ops.abs(y - out) ** 3, axis=-1)


CLASSES = ["SparseCategoricalCrossentropy", "CategoricalCrossentropy", "BinaryCrossentropy"]
LOGITS = [*CLASSES, "BinaryFocalCrossentropy", "CategoricalFocalCrossentropy"]
KINDS = sorted(
    name
    for name, kind in vars(keras.losses).items()
    if isinstance(kind, type)
    and issubclass(kind, keras.losses.Loss)
    and kind is not keras.losses.Loss
)


def made(name, /, **settings):
    if name in LOGITS:
        settings = {"from_logits": True, **settings}
    return getattr(keras.losses, name)(dtype="float64", **settings)


def targets(loss, sequences, seed=3):
    """Targets that a loss can take, (B, ...) or (B, T, ...)."""
    rng = np.random.default_rng(seed)
    shape = (B, T) if sequences else (B,)
    name = getattr(loss, "name", "")
    if "sparse" in name or name in ("circle", "categorical_generalized_cross_entropy"):
        return rng.integers(0, C, shape)
    if name == "ctc":
        return rng.integers(1, C, (B, 2))
    return rng.uniform(0.1, 0.9, (*shape, C))


@pytest.fixture(scope="module")
def nets():
    """By the kind of net: the model, and the same weights in a model of Keras alone."""
    found = {}

    def get(sequences, masked, readout=None, outputs=C):
        keras.utils.set_random_seed(1)
        cell = LeakyRNNCell(N, leak=0.6, dtype="float64")
        readout = (
            readout()
            if readout
            else keras.layers.Dense(outputs, activation="softplus", dtype="float64")
        )
        model = OnlineRNN(cell, readout, sequences, mask_value=0.0 if masked else None)
        model.build((None, T, M))
        x = keras.Input((T, M), dtype="float64")
        h = keras.layers.Masking(0.0, dtype="float64")(x) if masked else x
        rnn = keras.layers.RNN(cell, return_sequences=sequences, dtype="float64")
        plain = keras.Model(x, readout(rnn(h)))
        return model, plain

    def cached(*key):
        if key not in found:
            found[key] = get(*key)
        return found[key]

    return cached


def inputs(masked):
    x = np.random.default_rng(2).normal(size=(B, T, M)) + 3
    return x * (np.arange(T) < np.array(LENGTHS)[:, None])[..., None] if masked else x


def of_keras(model, plain, loss, x, y, weight, **settings):
    """Loss and gradients by Keras alone, which says what it accepts."""
    plain.compile("sgd", loss, **settings)
    with tf.GradientTape() as tape:
        value = plain.compute_loss(x, y, plain(x, training=True), weight)
    return value, tape.gradient(value, [w.value for w in model.trainable_variables])


def by_rtrl(model, loss, x, y, weight, **settings):
    """Loss and gradients by RTRL, for the same weights."""
    model.compile("sgd", loss, rule="rtrl", chunk=2, jit_compile=False, **settings)
    found = model.gradients(x, y, weight)
    return found[0], found[2]


def holds(model, plain, loss, x, y, weight=None, **settings):
    """RTRL's gradient is Keras's."""
    given = loss, x, y, weight
    value, exact = of_keras(model, plain, *given, **settings)
    found, gradients = by_rtrl(model, *given, **settings)
    np.testing.assert_allclose(found, value, rtol=TOLERANCES[keras.config.floatx()])
    for a, b in zip(gradients, exact, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-10 * max(1, np.abs(b).max()))


def neither_has_one(model, plain, *given):
    with pytest.raises(Exception) as of_theirs:
        of_keras(model, plain, *given)
    with pytest.raises(of_theirs.type):
        by_rtrl(model, *given)


# Losses that Keras refuses, as (outputs at every step, with a mask and sample weights).
NOT_TAKEN = {
    "ctc": [(False, False), (False, True), (True, True)],
    "circle": [(True, False), (True, True)],
    "elementwise": [(False, True), (True, True)],
    # These sum over time, so no step is left for the mask and the weights.
    "over_time": [(True, True)],
    "cosine_over_time": [(True, True)],
}
# Of losses: Keras adds them up in its floatx, and takes the gradient before.
TOLERANCES = {"float32": 1e-6, "float64": 1e-10}
REDUCTIONS = ["sum_over_batch_size", "mean", "sum", "none", "mean_with_sample_weight"]

CASES = [
    *(made(name, reduction=reduction) for name in KINDS for reduction in REDUCTIONS),
    made(CLASSES[0], ignore_class=2),
    made(CLASSES[1], label_smoothing=0.1),
    made("CosineSimilarity", axis=1, name="cosine_over_time"),
    Cubic(dtype="float64"),
    "mse",
    "log_cosh",
    scalar,
    elementwise,
    over_time,
]


def named(loss):
    if isinstance(loss, keras.losses.Loss):
        return f"{loss.name}, {loss.reduction}"
    return loss if isinstance(loss, str) else loss.__name__


@pytest.mark.parametrize("loss", CASES, ids=named)
@pytest.mark.parametrize("odd", [False, True])
@pytest.mark.parametrize("sequences", [False, True])
def test_every_loss_of_keras(nets, loss, sequences, odd):
    """As it is, and with a mask and sample weights."""
    model, plain = nets(sequences, odd)
    x, y = inputs(odd), targets(loss, sequences)
    weight = np.random.default_rng(5).uniform(0.5, 2, y.shape[: 1 + sequences])
    taken = (sequences, odd) not in NOT_TAKEN.get(named(loss).partition(",")[0], [])
    (holds if taken else neither_has_one)(model, plain, loss, x, y, weight if odd else None)


SOME = [
    made("MeanSquaredError"),
    made("SparseCategoricalCrossentropy"),
    made("SparseCategoricalCrossentropy", reduction="mean_with_sample_weight"),
    made("MeanSquaredError", reduction="sum"),
    scalar,
]


@pytest.mark.parametrize("loss", SOME, ids=["mse", "sparse", "weighted mean", "sum", "scalar"])
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_weights_masks_and_loss_weights(nets, loss, sequences, masked):
    model, plain = nets(sequences, masked)
    x, y = inputs(masked), targets(loss, sequences)
    weight = np.random.default_rng(5).uniform(0.5, 2, y.shape[: 1 + sequences])
    holds(model, plain, loss, x, y, None if masked else weight)
    holds(model, plain, loss, x, y, loss_weights=0.3)
    if sequences and loss is not scalar:
        # One weight a sequence, which Keras alone can't put to several steps.
        by_step = np.repeat(weight[:, :1], T, axis=1)
        one, other = (model.gradients(x, y, w)[2] for w in (weight[:, 0], by_step))
        for a, b in zip(one, other, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-12)


def penalized():
    return keras.layers.Dense(
        C,
        kernel_regularizer=keras.regularizers.L1L2(0.1, 0.2),
        bias_regularizer="l2",
        dtype="float64",
    )


def active():
    return keras.layers.Dense(C, activity_regularizer="l2", dtype="float64")


def over_steps():
    """Looks at all steps together: it normalizes over batch and time."""
    norm = keras.layers.BatchNormalization(dtype="float64")
    return keras.Sequential([norm, keras.layers.Dense(C, dtype="float64")])


@pytest.mark.parametrize("readout", [penalized, active, over_steps])
@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize("reduction", [r for r in REDUCTIONS if r != "none"])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_penalties_and_readouts_that_look_at_more_than_a_step(
    wide, nets, readout, sequences, reduction, masked, weighted
):
    """Keras can't add a penalty to a loss that isn't reduced."""
    model, plain = nets(sequences, masked, readout)
    loss = made("MeanSquaredError", reduction=reduction)
    model.cell.W_hh.regularizer = keras.regularizers.L2(0.3)
    y = targets(loss, sequences)
    weight = np.random.default_rng(5).uniform(0.5, 2, y.shape[: 1 + sequences])
    holds(model, plain, loss, inputs(masked), y, weight if weighted else None)
    assert len(plain.losses) == 1 + {penalized: 2, active: 1, over_steps: 0}[readout]


@pytest.mark.parametrize("loss", ["mse", scalar, "kl_divergence"], ids=named)
def test_targets_without_an_axis_of_outputs(nets, loss):
    y = np.random.default_rng(3).uniform(0.1, 0.9, (B, T))
    model, plain = nets(True, False, None, 1)
    holds(model, plain, loss, inputs(False), y)
    # With a mask, Keras mixes up time and outputs here: (B, T) is taken as (B, T, 1).
    model, _ = nets(True, True, None, 1)
    model.compile("sgd", "mse", rule="rtrl", chunk=2, jit_compile=False)
    one, other = (model.gradients(inputs(True), target)[2] for target in (y, y[..., None]))
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
@pytest.mark.parametrize("masked", [False, True])
def test_an_update_inside_a_sequence_is_a_step_on_its_part(wide, nets, masked, reduction):
    """With penalties on weights, weights of samples and masks; the first part, whose state is 0."""
    loss = made("MeanSquaredError", reduction=reduction)
    model, _ = nets(True, masked, penalized)
    model.cell.W_hh.regularizer = keras.regularizers.L2(0.3)
    x, y = inputs(masked)[:, :3], targets(loss, True)[:, :3]
    weight = np.random.default_rng(5).uniform(0.5, 2, (B, 3))
    start, found = model.get_weights(), []
    for settings in ({"rule": "rtrl", "update_every": 3}, {"rule": "bptt"}):
        model.set_weights(start)
        model.compile(keras.optimizers.SGD(0.1), loss, jit_compile=False, **settings)
        model.learn_from(x, y, weight, None)
        found.append(model.get_weights())
    model.set_weights(start)
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-10)
    assert max(np.abs(a - b).max() for a, b in zip(found[0], start, strict=True)) > 1e-3


class Adds(keras.layers.Dense):
    def call(self, x, training=None):
        self.add_loss(keras.ops.sum(x))
        return super().call(x)


def adds():
    return Adds(C, dtype="float64")


@pytest.mark.parametrize("readout", [active, adds])
def test_an_update_inside_a_sequence_knows_penalties_on_weights_alone(nets, readout):
    model, _ = nets(True, False, readout)
    loss = made("MeanSquaredError")
    model.compile("sgd", loss, rule="kernl", update_every=3, jit_compile=False)
    with pytest.raises(ValueError, match=r"doesn't know add_loss .* leave out update_every"):
        model.learn_from(inputs(False), targets(loss, True), None, None)


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("ignored", [None, 1])
def test_single_steps_count_for_what_they_count_in_their_window(
    nets, reduction, masked, weighted, ignored
):
    """Weights, masks and a class that the loss ignores; of the loss that `fit` reports, too."""
    loss = made("SparseCategoricalCrossentropy", reduction=reduction, ignore_class=ignored)
    model, _ = nets(True, masked)
    x, y = inputs(masked), np.array([[0, 1, 2, 1, 1], [1, 1, 0, 2, 3], [2, 1, 1, 3, 0]])
    weight = np.random.default_rng(5).uniform(0.5, 2, (B, T)) if weighted else None
    start, moved, reported = model.get_weights(), [], []

    def compiled(rate, **settings):
        model.set_weights(start)
        model.compile(keras.optimizers.SGD(rate), loss, jit_compile=False, **settings)

    for settings in ({"rule": "bptt"}, {"rule": "rtrl", "update_every": T}):
        compiled(0.1, **settings)
        model.learn_from(x, y, weight, None)
        moved.append(model.get_weights())
    compiled(0.1, rule="rtrl", update_every=T)
    model.stream(B)
    for step in range(T):
        now = slice(step, step + 1)
        here = None if weight is None else weight[:, now]
        model.learn_from(x[:, now], y[:, now], here, model.memory)
    moved.append(model.get_weights())
    for settings in ({"rule": "bptt"}, {"rule": "rtrl", "update_every": 2}):
        compiled(0.0, **settings)
        reported.append(float(model.learn_from(x, y, weight, None)[0]))
    model.set_weights(start)
    for whole, window, steps in zip(*moved, strict=True):
        np.testing.assert_allclose(window, whole, rtol=0, atol=1e-12)
        np.testing.assert_allclose(steps, whole, rtol=0, atol=1e-12)
    assert reported[1] == pytest.approx(reported[0], rel=1e-6)


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_a_sum_over_steps_is_divided_as_keras_divides_it(masked, weighted, reduction):
    rng = np.random.default_rng(0)
    y, out = rng.normal(size=(2, B, T, C))
    weight = rng.uniform(0.5, 2, (B, T)) if weighted else None
    mask = np.arange(T) < np.array(LENGTHS)[:, None] if masked else None
    total = np.mean((y - out) ** 2, axis=-1)
    for factor in (weight, mask):
        total = total if factor is None else total * factor
    loss, out = made("MeanSquaredError", reduction=reduction), tf.constant(out)
    divided = np.sum(total) / losses.divisor(loss, B * T, weight, mask, "float64")
    if masked:
        set_keras_mask(out, tf.constant(mask))
    assert float(divided) == pytest.approx(float(loss(y, out, weight)))
