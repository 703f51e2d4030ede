"""The practical's classifier as a function: the same model as the class, with the same penalty."""

import numpy as np
import pytest

from course_lib.layers import CELLS, RecurrentClassifier, recurrent_classifier

SIZES = {"steps": 4, "pixels": 7, "classes": 3}
images = np.random.default_rng(0).normal(size=(6, 28)).astype("float32")


@pytest.mark.parametrize("name", ["vanilla", "gru", "gru_reset_after", "lstm"])
def test_the_same_model_as_the_class(name):
    one = recurrent_classifier(CELLS[name], 5, layers=2, dropout=0.3, l2=0.2, **SIZES)
    other = RecurrentClassifier(cell=name, units=5, layers=2, dropout=0.3, l2=0.2, **SIZES)
    other.build((None, 28))
    assert [w.shape for w in one.weights] == [w.shape for w in other.weights]
    other.set_weights(one.get_weights())
    np.testing.assert_allclose(one(images), other(images), rtol=0, atol=1e-6)
    assert float(sum(one.losses)) == pytest.approx(float(sum(other.losses)), rel=1e-6)
    matrices = [w for w in one.get_weights() if w.ndim == 2 and w.shape[0] != 2]
    assert float(sum(one.losses)) == pytest.approx(0.1 * sum((w**2).sum() for w in matrices))


def test_dropout_acts_in_training_only():
    model = recurrent_classifier(CELLS["lstm"], 5, dropout=0.5, **SIZES)
    np.testing.assert_array_equal(model(images), model(images))
    assert np.abs(model(images, training=True) - model(images)).max() > 1e-3
