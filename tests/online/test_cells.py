"""Every cell that the rules know, Keras's own too: each against another way to its numbers."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_lib.layers import GRUCell, LSTMCell, LSTMVariantCell, VanillaRNNCell
from course_lib.layers.gradnets import GradualRNNCell
from course_lib.online import LeakyRNNCell, OnlineRNN, dynamics_of

B, T, M, N, C = 3, 7, 2, 4, 3
KERAS = keras.layers
F64 = {"dtype": "float64"}
CELLS = {
    "vanilla": lambda: VanillaRNNCell(N, **F64),
    "leaky": lambda: LeakyRNNCell(N, leak=0.6, **F64),
    "gradual": lambda: GradualRNNCell(N, g=0.4, **F64),
    "lstm": lambda: LSTMCell(N, **F64),
    "gru": lambda: GRUCell(N, reset_after=True, **F64),
    "gru, reset first": lambda: GRUCell(N, **F64),
    "peepholes": lambda: LSTMVariantCell(N, peepholes=True, **F64),
    "keras simple": lambda: KERAS.SimpleRNNCell(N, **F64),
    "keras relu": lambda: KERAS.SimpleRNNCell(N, activation="relu", use_bias=False, **F64),
    "keras lstm": lambda: KERAS.LSTMCell(N, **F64),
    "keras lstm, no bias": lambda: KERAS.LSTMCell(N, use_bias=False, **F64),
    "keras gru": lambda: KERAS.GRUCell(N, **F64),
    "keras gru, no bias": lambda: KERAS.GRUCell(N, use_bias=False, **F64),
    "keras gru, reset first": lambda: KERAS.GRUCell(N, reset_after=False, **F64),
}
every_cell = pytest.mark.parametrize("name", list(CELLS))
masks = pytest.mark.parametrize("masked", [False, True])


def net(name, sequences=True, masked=False):
    """A model with random weights, and a batch."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(B, T, M)) + 3
    if masked:
        x *= (np.arange(T) < np.array([7, 4, 1])[:, None])[..., None]
    y = rng.normal(size=(B, T, C) if sequences else (B, C))
    model = OnlineRNN(CELLS[name](), C, sequences, mask_value=0.0 if masked else None)
    model.build(x.shape)
    for w in model.trainable_variables:
        w.assign(0.4 * rng.normal(size=w.shape))

    def compiled(rule, **settings):
        loss = keras.losses.MeanSquaredError(dtype="float64")
        model.compile("sgd", loss, rule=rule, jit_compile=False, **settings)

    def gradients(rule, **settings):
        compiled(rule, **settings)
        return [tf.convert_to_tensor(g).numpy() for g in model.gradients(x, y)[2]]

    gradients.compile = compiled
    return model, gradients, x


def equal(found, expected, atol=1e-10):
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=atol)


@every_cell
@masks
@pytest.mark.parametrize("sequences", [False, True])
def test_the_credit_of_a_step_itself_is_exact(name, masked, sequences):
    """With no memory at all a rule is BPTT whose tape is cut at every step."""
    _, gradients, _ = net(name, sequences, masked)
    equal(gradients("one_step", chunk=3), gradients("tbptt", chunk=1))


@every_cell
def test_the_engine_takes_the_steps_of_the_cell(name):
    model, gradients, x = net(name)
    gradients.compile("snap1", chunk=3)
    out = model.gradients(x, np.zeros((B, T, C)))[1]
    np.testing.assert_allclose(out, model(x), rtol=0, atol=1e-12)


def only_own(name, model):
    """Cut all ways from unit to unit; which entries of which weight are left."""
    kept = []
    for w in model.trainable_variables:
        last = w.name in ("W_hh", "W_h", "recurrent_kernel")
        block = np.tile(np.eye(N), (1, w.shape[-1] // N)) if last else np.ones(w.shape)
        w.assign(w.numpy() * block)
        kept.append(block)
    return kept


@every_cell
@masks
@pytest.mark.parametrize("sequences", [False, True])
def test_snap1_is_exact_for_units_that_hear_only_themselves(name, masked, sequences):
    model, gradients, _ = net(name, sequences, masked)
    kept = only_own(name, model)
    if "lstm" in name or name == "peepholes":
        for w in model.trainable_variables:  # an LSTM's h is no state of its own here
            if w.name in ("W_h", "recurrent_kernel"):
                w.assign(np.zeros(w.shape))
    exact, found = gradients("bptt"), gradients("snap1", chunk=3)
    equal(
        [a * k for a, k in zip(found, kept, strict=True)],
        [a * k for a, k in zip(exact, kept, strict=True)],
    )
    far = max(np.abs(a - b).max() for a, b in zip(gradients("one_step"), exact, strict=True))
    assert far > 1e-4


@every_cell
@masks
def test_the_tangent_is_what_a_small_disturbance_comes_to(name, masked):
    model, gradients, x = net(name, masked=masked)
    fits = []
    for size in (0.0, 1e-5, 2e-5):
        gradients.compile("kernl", disturbance=size, chunk=3, seed=4, timescales=(2, 5))
        found = model.gradients(x, np.zeros((B, T, C)))[3]
        fits.append(np.concatenate([np.ravel(a) for a in found]))
    exact, small, larger = fits
    assert np.abs(small - exact).max() < 1e-2
    np.testing.assert_allclose(larger - exact, 2 * (small - exact), atol=1e-5)


@every_cell
@pytest.mark.parametrize("rule", ["kernl", "snap1", "hybrid"])
def test_chunks_are_single_steps(name, rule):
    _, gradients, _ = net(name, masked=True)
    equal(gradients(rule, chunk=3), gradients(rule, chunk=T, trace="per_step"))


@every_cell
def test_a_window_of_truncated_bptt_is_the_tape(name):
    """One window over all, as one update."""
    model, gradients, x = net(name)
    y = np.random.default_rng(3).normal(size=(B, T, C))
    exact = gradients("bptt")
    loss = keras.losses.MeanSquaredError(dtype="float64")
    start = model.get_weights()
    steps = []
    for rule, settings in (("bptt", {}), ("tbptt", {"update_every": T})):
        model.set_weights(start)
        model.compile(keras.optimizers.SGD(0.1), loss, rule=rule, jit_compile=False, **settings)
        model.learn_from(x, y, None, None)
        steps.append(model.get_weights())
    equal(*steps)
    assert max(np.abs(g).max() for g in exact) > 1e-3


@pytest.mark.slow
@every_cell
def test_it_learns_with_fit_and_comes_back(name, tmp_path):
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, T, 1))
    y = x.mean(axis=1)
    model = OnlineRNN(CELLS[name](), 1)
    model.compile(keras.optimizers.Adam(0.02), "mse", rule="kernl", jit_compile=False)
    history = model.fit(x, y, batch_size=10, epochs=6, verbose=0).history
    assert history["loss"][-1] < 0.8 * history["loss"][0]
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(again.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-6)


class Doubled(LSTMCell):
    """An LSTM with another step."""

    def call(self, x_t, states, training=False):
        h, states = super().call(x_t, states)
        return 2 * h, states


@pytest.mark.parametrize(
    ("cell", "error", "what"),
    [
        (Doubled(N), TypeError, "Doubled"),
        (LSTMVariantCell(N, layer_norm=True), ValueError, "layer norm"),
        (KERAS.LSTMCell(N, activation="relu"), ValueError, "activation='tanh'"),
        (KERAS.GRUCell(N, recurrent_activation="tanh"), ValueError, "recurrent_activation"),
        (KERAS.SimpleRNNCell(N, activation="softplus"), ValueError, "activation"),
        (KERAS.SimpleRNNCell(N, dropout=0.1), ValueError, "dropout"),
        (KERAS.GRUCell(N, recurrent_dropout=0.1), ValueError, "dropout"),
    ],
)
def test_what_the_rules_do_not_know_is_said(cell, error, what):
    with pytest.raises(error, match=what):
        dynamics_of(cell)


def test_a_weight_that_the_rules_do_not_know_is_named():
    class More(LSTMCell):
        def build(self, shape):
            super().build(shape)
            self.extra = self.add_weight(name="extra", shape=(1,))

    model = OnlineRNN(More(N), C)
    model.build((None, T, M))
    with pytest.raises(ValueError, match="extra"):
        model.compile("sgd", "mse")
    model.cell.extra.trainable = False
    model.compile("sgd", "mse")
