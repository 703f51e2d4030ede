"""With RTRL, every loss has the gradient that Keras itself has for it, or is refused."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_lib.online import LeakyRNNCell, OnlineRNN

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


def made(name, **settings):
    if name in LOGITS:
        settings = {"from_logits": True, **settings}
    return getattr(keras.losses, name)(dtype="float64", **settings)


def targets(loss, sequences, seed=3):
    """Targets that a loss can take, (B, ...) or (B, T, ...)."""
    rng = np.random.default_rng(seed)
    shape = (B, T) if sequences else (B,)
    name = getattr(loss, "name", "")
    if "sparse" in name or name in ("circle",):
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


def both(model, plain, loss, x, y, weight=None, **settings):
    """Gradients by RTRL and by Keras, for the same weights. Keras alone says what it accepts."""
    plain.compile("sgd", loss, **settings)
    with tf.GradientTape() as tape:
        value = plain.compute_loss(x, y, plain(x, training=True), weight)
    weights = [w.value for w in model.trainable_variables]
    exact = tape.gradient(value, weights)
    model.compile("sgd", loss, rule="rtrl", chunk=2, jit_compile=False, **settings)
    found = model.gradients(x, y, weight)
    return value, exact, found


def same(value, exact, found, rtol=1e-6):
    np.testing.assert_allclose(found[0], value, rtol=rtol)  # Keras adds up in float32
    for a, b in zip(found[2], exact, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-10 * max(1, np.abs(b).max()))


CASES = [
    *(made(name) for name in KINDS),
    *(
        made(n, reduction=r)
        for n in ("MeanSquaredError", CLASSES[0])
        for r in ("sum", "none", "mean_with_sample_weight")
    ),
    made(CLASSES[0], ignore_class=2),
    made(CLASSES[1], label_smoothing=0.1),
    made("CosineSimilarity", axis=1),
    Cubic(dtype="float64"),
    "mse",
    "log_cosh",
    scalar,
    elementwise,
    over_time,
]


@pytest.mark.parametrize(
    "loss",
    CASES,
    ids=lambda loss: loss if isinstance(loss, str) else getattr(loss, "name", "function"),
)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("sequences", [False, True])
def test_every_loss_of_keras(nets, loss, sequences, masked, weighted):
    model, plain = nets(sequences, masked)
    x, y = inputs(masked), targets(loss, sequences)
    weight = np.random.default_rng(5).uniform(0.5, 2, y.shape[: 1 + sequences])
    try:
        found = both(model, plain, loss, x, y, weight if weighted else None)
    except Exception as error:
        if "online" in str(error):
            raise
        pytest.skip(f"Keras itself refuses this: {str(error)[:60]}")
    same(*found)
