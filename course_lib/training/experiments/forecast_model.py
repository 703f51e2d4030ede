"""A GRU that forecasts a series, trained anew as the series grows.

Importing this module loads TensorFlow.
"""

import keras
import numpy as np
import tensorflow as tf

from course_lib.layers import GRUCell
from course_lib.training.seeding import seed_everything


class Network:
    """A GRU that reads the last values, and a readout of its last state; trained from one start.

    The graph is made once. `fit` sets the weights and the optimizer back to their first values.

    Args:
        units: of the GRU.
        lookback: values that it reads.
        outputs: values that it gives: one for the next month, or one for each month ahead.
        seed: of the weights and of the order of the batches.
    """

    def __init__(self, units: int, lookback: int, outputs: int, seed: int) -> None:
        seed_everything(seed)
        self.model = keras.Sequential(
            [
                keras.Input((lookback, 1)),
                keras.layers.RNN(GRUCell(units, reset_after=True)),
                keras.layers.Dense(outputs),
            ]
        )
        self.optimizer = keras.optimizers.Adam(global_clipnorm=1.0)
        self.optimizer.build(self.model.trainable_variables)
        self.first = self.model.get_weights()
        self.seed = seed

    @tf.function(reduce_retracing=True)
    def step(self, x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        """One update by a batch of windows (batch, lookback) and what follows them; its loss."""
        with tf.GradientTape() as tape:
            forecast = self.model(x[..., None], training=True)
            loss = tf.reduce_mean(keras.losses.mean_squared_error(y, forecast))
        weights = self.model.trainable_variables
        self.optimizer.apply(tape.gradient(loss, weights), weights)
        return loss

    @tf.function(reduce_retracing=True)
    def _predict(self, x: tf.Tensor) -> tf.Tensor:
        return self.model(x[..., None])

    def fit(self, x: np.ndarray, y: np.ndarray, rate: float, updates: int, batch: int) -> None:
        """Train from the first weights.

        Args:
            x: windows (N, lookback).
            y: what follows each, (N, outputs).
            rate: of Adam, down to zero by half a cosine.
            updates: how many.
            batch: windows in each, drawn at random.
        """
        self.model.set_weights(self.first)
        for variable in self.optimizer.variables:
            variable.assign(keras.ops.zeros_like(variable))
        rng = np.random.Generator(np.random.PCG64(self.seed))
        x, y = x.astype(np.float32), y.astype(np.float32)
        for update in range(updates):
            decay = 0.5 * (1 + np.cos(np.pi * update / updates))
            self.optimizer.learning_rate.assign(rate * decay)
            chosen = rng.integers(0, len(x), batch)
            self.step(tf.constant(x[chosen]), tf.constant(y[chosen]))

    def predict(self, x: np.ndarray, horizon: int) -> np.ndarray:
        """The next values after each window (N, lookback): (N, horizon).

        A network for the next month alone reads its own forecasts as it goes on.
        """
        lookback, values = x.shape[1], x.astype(np.float32)
        while values.shape[1] < lookback + horizon:
            following = self._predict(tf.constant(values[:, -lookback:])).numpy()
            values = np.concatenate([values, following], axis=1)
        return values[:, lookback : lookback + horizon].astype(float)


class Shifted(Network):
    """The same, but it sees each window less the window's last value, which its forecast gets back.

    So it forecasts alike at every level.
    """

    def fit(self, x: np.ndarray, y: np.ndarray, rate: float, updates: int, batch: int) -> None:
        """As `Network.fit`."""
        last = x[:, -1:]
        super().fit(x - last, y - last, rate, updates, batch)

    def _predict(self, x: tf.Tensor) -> tf.Tensor:
        return super()._predict(x - x[:, -1:]) + x[:, -1:]
