"""The callback that ends a training and goes back to its best epoch."""

import keras
import numpy as np
import pytest

from course_lib.layers.early_stopping import EarlyStopping


class ByScript:
    """What a callback sees of a model: weights that say of which epoch they are."""

    stop_training = False
    epoch = 0

    def get_weights(self):
        return [np.array(self.epoch)]

    def set_weights(self, weights):
        self.epoch = int(weights[0])


def run(losses, **settings):
    """Train by a script: the number of epochs, and the epoch whose weights the model has."""
    model, callback = ByScript(), EarlyStopping(**settings)
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, loss in enumerate(losses):
        model.epoch = epoch + 1
        callback.on_epoch_end(epoch, {"val_loss": loss})
        if model.stop_training:
            break
    callback.on_train_end()
    return epoch + 1, model.epoch


@pytest.mark.parametrize(
    ("losses", "settings", "expected"),
    [
        ([3, 2, 1, 1.5, 1.2, 1.1, 0.5], {}, (6, 3)),
        ([3, 2, 1, 1.5, 1.2, 0.9, 0.5], {}, (7, 7)),
        ([2, 1, 1, 1], {"patience": 2}, (4, 2)),
        ([2, 1, 5], {"patience": 1}, (3, 2)),
        ([2, 1.75, 1.5, 1.25], {"min_delta": 0.5}, (4, 4)),
        ([2, 1.5, 1.0], {"min_delta": 0.5}, (3, 3)),
        ([np.nan, 2, np.nan, 1], {}, (4, 4)),
        ([np.nan, np.nan, np.nan, 1], {}, (3, 3)),
    ],
)
def test_when_it_stops_and_where_it_goes_back_to(losses, settings, expected):
    assert run(losses, **settings) == expected


@pytest.mark.parametrize("settings", [{"patience": 0}, {"min_delta": -0.1}])
def test_nonsense_is_refused(settings):
    with pytest.raises(ValueError, match="at least"):
        EarlyStopping(**settings)


def test_it_does_what_keras_does_with_numbers():
    keras.utils.set_random_seed(0)
    x, y = np.random.default_rng(0).normal(size=(2, 24, 3)).astype(np.float32)
    first, found = None, []
    for callback in (
        EarlyStopping(2),
        keras.callbacks.EarlyStopping("val_loss", patience=2, restore_best_weights=True),
    ):
        layers = [keras.layers.Dense(9, "tanh"), keras.layers.BatchNormalization()]
        model = keras.Sequential([keras.Input((3,)), *layers, keras.layers.Dense(3)])
        first = first or model.get_weights()
        model.set_weights(first)
        model.compile(keras.optimizers.SGD(0.2), "mse")
        how = {"epochs": 40, "shuffle": False, "verbose": 0, "validation_data": (x[16:], y[16:])}
        history = model.fit(x[:16], y[:16], callbacks=[callback], **how)
        found.append((len(history.epoch), model.get_weights()))
    assert found[0][0] == found[1][0] < 40
    for ours, theirs in zip(found[0][1], found[1][1], strict=True):
        np.testing.assert_array_equal(ours, theirs)
