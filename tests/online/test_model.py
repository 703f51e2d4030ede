"""The Keras model: it learns with `fit`, updates inside a sequence, and comes back from a file."""

import numpy as np
import pytest

from course_lib.layers import LSTMCell


def model_of(cell=None, rule="kernl", sequences=False, **settings):
    import keras

    from course_lib.online import LeakyRNNCell, OnlineRNN

    keras.utils.set_random_seed(0)
    cell = cell or LeakyRNNCell(16, recurrent="identity", noise=1e-2)
    model = OnlineRNN(cell, 2, sequences)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = keras.optimizers.Adam(1e-2, global_clipnorm=1.0)
    model.compile(optimizer, loss, ["accuracy"], rule=rule, jit_compile=False, **settings)
    return model


def first_sign(sequences=False, count=200, steps=8):
    """Which sign had the first input? Known from the first step on."""
    x = np.random.default_rng(0).normal(size=(count, steps, 1)).astype(np.float32)
    y = (x[:, 0, 0] > 0).astype(int)
    return x, np.repeat(y[:, None], steps, 1) if sequences else y


@pytest.mark.parametrize("rule", ["kernl", "bptt"])
def test_it_learns_what_it_has_to_remember(rule):
    x, y = first_sign()
    history = model_of(rule=rule).fit(x, y, batch_size=20, epochs=10, verbose=0).history
    assert history["accuracy"][-1] > 0.75
    assert ("kernel_r2" in history) == (rule == "kernl")


@pytest.mark.slow
def test_it_learns_while_it_reads():
    x, y = first_sign(sequences=True)
    model = model_of(LSTMCell(8), sequences=True, update_every=3)
    history = model.fit(x, y, batch_size=20, epochs=8, verbose=0).history
    assert history["loss"][-1] < 0.8 * history["loss"][0]
    updates = int(model.optimizer.iterations.numpy())
    assert updates == 8 * 10 * 3  # epochs, batches, chunks of 3, 3 and 2 steps


@pytest.mark.slow
def test_a_stored_model_goes_on(tmp_path):
    import keras

    x, y = first_sign()
    model = model_of(timescales=(2, 8))
    model.fit(x, y, batch_size=50, verbose=0)
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(again.predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-5)
    np.testing.assert_array_equal(again.kernel.beta.numpy(), model.kernel.beta.numpy())
    again.fit(x, y, batch_size=50, verbose=0)
    assert np.abs(again.kernel.beta.numpy() - model.kernel.beta.numpy()).max() > 0


@pytest.mark.parametrize("window", [3, 4])
def test_truncated_bptt_is_the_same_outside_a_graph(window):
    import tensorflow as tf

    x, y = map(tf.constant, first_sign(count=4, steps=8))
    model = model_of(rule="tbptt", chunk=window)
    model.build(x.shape)
    # As users write it, with AutoGraph; elsewhere it is left out, because that takes less time.
    inside, outside = tf.function(model.gradients)(x, y)[2], model.gradients(x, y)[2]
    for a, b in zip(inside, outside, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
