"""The callback that ends a training and goes back to its best weights."""

import functools

import keras
import numpy as np

from course_lib.layers.sizes import with_checks
from course_lib.values import checked_number


class EarlyStopping(keras.callbacks.Callback):
    """Ends a training that no longer helps, and goes back to its best epoch.

    It judges by `val_loss`, which `fit` hands to a callback in `logs` after
    each epoch. An epoch is better if its loss lies below that of the best
    epoch so far by more than `min_delta`; the first one that has a number is
    better than none. A loss of NaN is no number, so such an epoch is never
    better. Keras has a callback of the same name.

    Args:
        patience: training ends after so many epochs in a row that were not
            better; at least 1.
        min_delta: a smaller fall than this counts as none.

    Raises:
        ValueError: if `patience` is below 1, or `min_delta` below 0.
    """

    def __init__(self, patience=3, min_delta=0.0):
        super().__init__()
        if patience < 1 or min_delta < 0:
            raise ValueError(
                "patience must be at least 1, and min_delta at least 0; "
                f"they are {patience} and {min_delta}."
            )
        self.patience = patience
        self.min_delta = min_delta

    def on_train_begin(self, logs=None):
        """Before the first epoch of each training."""
        # IMPLEMENT-ME: the callback starts afresh, whatever trainings it has
        # watched before
        self.best = np.inf
        self.waited = 0
        self.kept = None
        # END IMPLEMENT-ME

    def on_epoch_end(self, epoch, logs=None):
        """After each epoch.

        To end the training, set `self.model.stop_training` to True.
        """
        # IMPLEMENT-ME: the network of the epoch that leads so far is safe from
        # all that follows, and training ends once patience has run out
        if logs["val_loss"] < self.best - self.min_delta:
            self.best = logs["val_loss"]
            self.waited = 0
            self.kept = self.model.get_weights()
        else:
            self.waited += 1
            if self.waited >= self.patience:
                self.model.stop_training = True
        # END IMPLEMENT-ME

    def on_train_end(self, logs=None):
        """When training is over, whoever ended it.

        If no epoch had a number, the weights stay as they are.
        """
        # IMPLEMENT-ME: the network is that of the best epoch, whole
        if self.kept is not None:
            self.model.set_weights(self.kept)
        # END IMPLEMENT-ME


def _with_a_loss(on_epoch_end):
    """The same, of logs that have what it reads."""

    @functools.wraps(on_epoch_end)
    def checked(self, epoch, logs=None):
        if "val_loss" not in (logs or {}):
            raise ValueError(
                "This epoch has no val_loss: give fit validation_data or "
                "validation_split, and a validation_freq of 1."
            )
        return on_epoch_end(self, epoch, logs)

    return checked


def _checked_patience(patience):
    """A number of epochs; `EarlyStopping` itself says that it is 1 or more."""
    number = checked_number(patience, "patience")
    if number != int(number):
        raise ValueError(f"patience is {patience!r}; give a whole number.")
    return int(number)


# Out here, since learners write the class.
with_checks(
    EarlyStopping,
    patience=_checked_patience,
    min_delta=functools.partial(checked_number, name="min_delta"),
)
EarlyStopping.on_epoch_end = _with_a_loss(EarlyStopping.on_epoch_end)
