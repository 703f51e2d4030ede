"""Answers to `EarlyStopping`, written from its notebook alone; each cell is one, with what is wrong."""

import keras
import numpy as np
import tensorflow as tf


# %% single: what is kept is the variables, not their values
class EarlyStopping(keras.callbacks.Callback):
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
        self.best = np.inf
        self.waited = 0
        self.kept = None

    def on_epoch_end(self, epoch, logs=None):
        if logs["val_loss"] < self.best - self.min_delta:
            self.best = logs["val_loss"]
            self.waited = 0
            self.kept = list(self.model.variables)
        else:
            self.waited += 1
            if self.waited >= self.patience:
                self.model.stop_training = True

    def on_train_end(self, logs=None):
        if self.kept is not None:
            for v, kept in zip(self.model.variables, self.kept):
                v.assign(kept)


# %% single: only the trainable weights are kept
class EarlyStopping(keras.callbacks.Callback):
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
        self.best = np.inf
        self.waited = 0
        self.kept = None

    def on_epoch_end(self, epoch, logs=None):
        if logs["val_loss"] < self.best - self.min_delta:
            self.best = logs["val_loss"]
            self.waited = 0
            self.kept = [w.numpy() for w in self.model.trainable_weights]
        else:
            self.waited += 1
            if self.waited >= self.patience:
                self.model.stop_training = True

    def on_train_end(self, logs=None):
        if self.kept is not None:
            for w, kept in zip(self.model.trainable_weights, self.kept):
                w.assign(kept)


# %% single: stops one epoch too late
class EarlyStopping(keras.callbacks.Callback):
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
        self.best = np.inf
        self.waited = 0
        self.kept = None

    def on_epoch_end(self, epoch, logs=None):
        if logs["val_loss"] < self.best - self.min_delta:
            self.best = logs["val_loss"]
            self.waited = 0
            self.kept = self.model.get_weights()
        else:
            self.waited += 1
            if self.waited > self.patience:
                self.model.stop_training = True

    def on_train_end(self, logs=None):
        if self.kept is not None:
            self.model.set_weights(self.kept)


# %% single: the wait isn't begun again by a better epoch
class EarlyStopping(keras.callbacks.Callback):
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
        self.best = np.inf
        self.waited = 0
        self.kept = None

    def on_epoch_end(self, epoch, logs=None):
        if logs["val_loss"] < self.best - self.min_delta:
            self.best = logs["val_loss"]
            self.kept = self.model.get_weights()
        else:
            self.waited += 1
            if self.waited >= self.patience:
                self.model.stop_training = True

    def on_train_end(self, logs=None):
        if self.kept is not None:
            self.model.set_weights(self.kept)


# %% single: NaN counts as better
class EarlyStopping(keras.callbacks.Callback):
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
        self.best = np.inf
        self.waited = 0
        self.kept = None

    def on_epoch_end(self, epoch, logs=None):
        if not logs["val_loss"] >= self.best - self.min_delta:
            self.best = logs["val_loss"]
            self.waited = 0
            self.kept = self.model.get_weights()
        else:
            self.waited += 1
            if self.waited >= self.patience:
                self.model.stop_training = True

    def on_train_end(self, logs=None):
        if self.kept is not None:
            self.model.set_weights(self.kept)


# %% single: compared with the last epoch, not the best
class EarlyStopping(keras.callbacks.Callback):
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
        self.best = np.inf
        self.waited = 0
        self.kept = None

    def on_epoch_end(self, epoch, logs=None):
        if logs["val_loss"] < self.best - self.min_delta:
            self.best = logs["val_loss"]
            self.waited = 0
            self.kept = self.model.get_weights()
        else:
            self.best = logs["val_loss"]
            self.waited += 1
            if self.waited >= self.patience:
                self.model.stop_training = True

    def on_train_end(self, logs=None):
        if self.kept is not None:
            self.model.set_weights(self.kept)


# %% single: goes back only when it has ended the training itself
class EarlyStopping(keras.callbacks.Callback):
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
        self.best = np.inf
        self.waited = 0
        self.kept = None

    def on_epoch_end(self, epoch, logs=None):
        if logs["val_loss"] < self.best - self.min_delta:
            self.best = logs["val_loss"]
            self.waited = 0
            self.kept = self.model.get_weights()
        else:
            self.waited += 1
            if self.waited >= self.patience:
                self.model.stop_training = True

    def on_train_end(self, logs=None):
        if self.kept is not None and self.model.stop_training:
            self.model.set_weights(self.kept)


# %% single: it doesn't start afresh
class EarlyStopping(keras.callbacks.Callback):
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
        if not hasattr(self, "best"):
            self.best = np.inf
            self.waited = 0
            self.kept = None

    def on_epoch_end(self, epoch, logs=None):
        if logs["val_loss"] < self.best - self.min_delta:
            self.best = logs["val_loss"]
            self.waited = 0
            self.kept = self.model.get_weights()
        else:
            self.waited += 1
            if self.waited >= self.patience:
                self.model.stop_training = True

    def on_train_end(self, logs=None):
        if self.kept is not None:
            self.model.set_weights(self.kept)


# %% single: watches the training loss
class EarlyStopping(keras.callbacks.Callback):
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
        self.best = np.inf
        self.waited = 0
        self.kept = None

    def on_epoch_end(self, epoch, logs=None):
        if logs["loss"] < self.best - self.min_delta:
            self.best = logs["loss"]
            self.waited = 0
            self.kept = self.model.get_weights()
        else:
            self.waited += 1
            if self.waited >= self.patience:
                self.model.stop_training = True

    def on_train_end(self, logs=None):
        if self.kept is not None:
            self.model.set_weights(self.kept)


# %% double: min_delta has the wrong sign, and it stops one epoch too late
class EarlyStopping(keras.callbacks.Callback):
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
        self.best = np.inf
        self.waited = 0
        self.kept = None

    def on_epoch_end(self, epoch, logs=None):
        if logs["val_loss"] < self.best + self.min_delta:
            self.best = logs["val_loss"]
            self.waited = 0
            self.kept = self.model.get_weights()
        else:
            self.waited += 1
            if self.waited > self.patience:
                self.model.stop_training = True

    def on_train_end(self, logs=None):
        if self.kept is not None:
            self.model.set_weights(self.kept)


# %% right: as the hints say
class EarlyStopping(keras.callbacks.Callback):
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
        self.best = np.inf
        self.waited = 0
        self.kept = None

    def on_epoch_end(self, epoch, logs=None):
        if logs["val_loss"] < self.best - self.min_delta:
            self.best = logs["val_loss"]
            self.waited = 0
            self.kept = self.model.get_weights()
        else:
            self.waited += 1
            if self.waited >= self.patience:
                self.model.stop_training = True

    def on_train_end(self, logs=None):
        if self.kept is not None:
            self.model.set_weights(self.kept)


# %% right: a history of all losses; variables copied and assigned one by one
import math


class EarlyStopping(keras.callbacks.Callback):
    def __init__(self, patience=3, min_delta=0.0):
        super().__init__()
        if patience < 1 or min_delta < 0:
            raise ValueError(f"{patience} and {min_delta} won't do.")
        self.patience = patience
        self.min_delta = min_delta

    def on_train_begin(self, logs=None):
        self._seen = []
        self._leader = None
        self._copy = []

    def _is_better(self, loss):
        if math.isnan(loss):
            return False
        if self._leader is None:
            return True
        return self._seen[self._leader] - loss > self.min_delta

    def on_epoch_end(self, epoch, logs=None):
        loss = float(logs["val_loss"])
        self._seen.append(loss)
        here = len(self._seen) - 1
        if self._is_better(loss):
            self._leader = here
            self._copy = [np.array(keras.ops.convert_to_numpy(v)) for v in self.model.variables]
        since = here - (-1 if self._leader is None else self._leader)
        if since >= self.patience:
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        for variable, value in zip(self.model.variables, self._copy):
            variable.assign(value)
