"""What the tests of the rules share: small float64 nets, a batch, and gradients by rule."""

import numpy as np
import pytest


@pytest.fixture
def make():
    """A function that makes a small float64 model and a batch, and one for a rule's gradients.

    `compile` and `take` are its halves, for a test that first changes what was compiled. Nothing is
    traced: so small a net is run through in a sixth of the time that its graph takes to be made.
    That a graph gives the same is a test of its own, in test_graphs.py.
    """
    import keras
    import tensorflow as tf

    from course_lib.online import LeakyRNNCell, OnlineRNN

    def build(
        units=5, steps=9, batch=3, inputs=2, sequences=False, lengths=None, cell=None, **options
    ):
        rng = np.random.default_rng(1)
        x = rng.normal(size=(batch, steps, inputs)) + 3  # no input is zero by chance
        if lengths is not None:
            x *= (np.arange(steps) < np.array(lengths)[:, None])[..., None]
        y = rng.integers(0, 4, (batch, steps) if sequences else batch)
        keras.utils.set_random_seed(2)
        cell = cell or LeakyRNNCell(units, dtype="float64", **options)
        model = OnlineRNN(cell, 4, sequences, mask_value=None if lengths is None else 0.0)
        model.build(x.shape)
        for w in model.trainable_variables:
            w.assign(0.3 * rng.normal(size=w.shape))
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, dtype="float64")

        def gradients(rule, **settings):
            gradients.compile(rule, **settings)
            return gradients.take()

        def compiled(rule, **settings):
            model.compile("sgd", loss, rule=rule, jit_compile=False, **settings)
            if "beta" in gradients.kernel and rule in ("kernl", "hybrid"):
                for name, value in gradients.kernel.items():
                    getattr(model.kernel, name).assign(value)

        def take():
            found = model.gradients(tf.constant(x), tf.constant(y))[2]
            return [tf.convert_to_tensor(g).numpy() for g in found]

        gradients.compile, gradients.take, gradients.kernel = compiled, take, {}
        gradients.model, gradients.x, gradients.y = model, x, y
        return gradients

    return build


@pytest.fixture
def cosine():
    """The cosine between two lists of gradients."""

    def between(a, b):
        a, b = (np.concatenate([np.ravel(g) for g in side]) for side in (a, b))
        return a @ b / np.linalg.norm(a) / np.linalg.norm(b)

    return between


@pytest.fixture
def wide():
    """Keras adds penalties to a loss of the same dtype alone, and takes losses in its floatx."""
    import keras

    before = keras.config.floatx()
    keras.config.set_floatx("float64")
    yield
    keras.config.set_floatx(before)
