"""The parts of the MNIST run: split, learning rate, model, seed."""

import keras
import numpy as np
import pytest

from course_lib.training.experiments.vanilla_mnist import Config, build_model, learning_rate, split
from course_lib.training.seeding import seed_everything


def test_the_split_is_seeded_and_parts_everything():
    train, validation = split(100, 20, seed=1)
    assert len(validation) == 20
    np.testing.assert_array_equal(np.sort(np.concatenate([train, validation])), np.arange(100))
    np.testing.assert_array_equal(split(100, 20, seed=1)[1], validation)
    assert not np.array_equal(split(100, 20, seed=2)[1], validation)


def test_the_learning_rate_falls_to_zero():
    config = Config(epochs=2, batch_size=10, learning_rate=0.1)
    rate = learning_rate(config, examples=95)  # ten batches an epoch, the last one short
    assert [float(rate(step)) for step in (0, 10, 20)] == pytest.approx([0.1, 0.05, 0], abs=1e-8)
    assert learning_rate(Config(decay="none"), 95) == 1e-3
    with pytest.raises(ValueError, match='"cosine" or "none"'):
        learning_rate(Config(decay="linear"), 95)


def test_the_model_gives_logits():
    model = build_model(units=7, learning_rate=1e-3)
    x = np.random.default_rng(0).random((3, 28, 28), np.float32)
    logits = keras.ops.convert_to_numpy(model(x))
    assert logits.shape == (3, 10)
    assert not np.allclose(logits.sum(axis=-1), 1)  # no softmax inside
    assert model.count_params() == 28 * 7 + 7 * 7 + 7 + 7 * 10 + 10


def test_the_same_seed_gives_the_same_weights():
    weights = []
    for seed in (0, 0, 1):
        seed_everything(seed)
        weights.append(build_model(7, 1e-3).get_weights()[0])
    np.testing.assert_array_equal(weights[0], weights[1])
    assert not np.array_equal(weights[0], weights[2])
