"""A GRU that predicts the next character, and what it says of a text.

Importing this module loads TensorFlow.
"""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from course_lib.layers import GRUCell
from course_lib.scratch.text import carried_windows, sample_with_temperature

NATS = np.log(2)  # in a bit


class CharacterModel(keras.Model):
    """One-hot characters, a GRU, a readout of every state.

    Args:
        c: size of the vocabulary.
        units: of the GRU, n.
    """

    def __init__(self, c: int, units: int) -> None:
        super().__init__()
        self.c, self.units = c, units
        self.rnn = keras.layers.RNN(
            GRUCell(units, reset_after=True), return_sequences=True, return_state=True
        )
        self.readout = keras.layers.Dense(c)

    def call(self, codes: tf.Tensor, h: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Read characters (batch, T) from the state h (batch, n).

        Returns:
            Logits of the next character after each of them, (batch, T, c), and the last state.
        """
        states, h = self.rnn(self.one_hot(codes), initial_state=[h])
        return self.readout(states), h

    def one_hot(self, codes: tf.Tensor) -> tf.Tensor:
        """What the GRU reads of characters (batch, T): (batch, T, c)."""
        return tf.one_hot(tf.cast(codes, tf.int32), self.c, dtype=self.compute_dtype)

    def begin(self, lanes: int) -> tf.Tensor:
        """The state before the first character, (lanes, n): zero."""
        return tf.zeros((lanes, self.units), self.compute_dtype)


def training_step(
    model: CharacterModel, optimizer: keras.Optimizer, clip_norm: float
) -> Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]:
    """A step of truncated BPTT with teacher forcing: one window, one update.

    Args:
        model: it has been called once, so that it has its weights.
        optimizer: for this model alone.
        clip_norm: the largest joint norm of the gradients.

    Returns:
        step: a function of x and y (lanes, K) and of the state before the window. It gives the mean
            loss of the window, in bits, and the state after it, through which no gradient goes.
    """
    weights = model.trainable_variables
    optimizer.build(weights)

    @tf.function
    def step(x: tf.Tensor, y: tf.Tensor, h: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            logits, h = model(x, h)
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))
        gradients, _ = tf.clip_by_global_norm(tape.gradient(loss, weights), clip_norm)
        optimizer.apply(gradients, weights)
        return loss / tf.cast(NATS, loss.dtype), h

    return step


class Reader:
    """What a model says of texts, in graphs that are made once.

    Args:
        model: it may be trained on in between.
    """

    def __init__(self, model: CharacterModel) -> None:
        self.model = model

    @tf.function(reduce_retracing=True)
    def _costs(self, x: tf.Tensor, y: tf.Tensor, h: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        logits, h = self.model(x, h)
        costs = tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits)
        return costs / tf.cast(NATS, costs.dtype), h

    @tf.function(reduce_retracing=True)
    def _states(self, x: tf.Tensor, h: tf.Tensor) -> tf.Tensor:
        return self.model.rnn(self.model.one_hot(x), initial_state=[h])[0]

    @tf.function(reduce_retracing=True)
    def _next(self, x: tf.Tensor, h: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        logits, h = self.model(x, h)
        return logits[:, -1], h

    def bits(self, codes: np.ndarray, lanes: int, window: int, carried: bool = True) -> np.ndarray:
        """What each character of a text costs, in bits, (lanes, T), without what fills no window.

        Args:
            codes: the text.
            lanes: pieces that are read side by side.
            window: characters at a time.
            carried: whether a window begins with the state of the one before, or with zero.
        """
        h, costs = self.model.begin(lanes), []
        for x, y in zip(*carried_windows(codes, lanes, window), strict=True):
            cost, after = self._costs(x, y, h)
            h = after if carried else h
            costs.append(cost.numpy())
        return np.concatenate(costs, axis=1)

    def bits_from_zero(self, codes: np.ndarray, length: int, every: int) -> np.ndarray:
        """Costs in bits, (starts, length), read from a state of zero at every `every`-th place."""
        starts = np.arange(0, len(codes) - length, every)
        rows = codes[starts[:, None] + np.arange(length + 1)]
        costs = [
            self._costs(part[:, :-1], part[:, 1:], self.model.begin(len(part)))[0].numpy()
            for part in np.array_split(rows, max(1, len(rows) // 256))
        ]
        return np.concatenate(costs)

    def states(self, codes: np.ndarray) -> np.ndarray:
        """The state after each character of a text that is read in one go, (T, n)."""
        return self._states(codes[None], self.model.begin(1))[0].numpy()

    def write(
        self, begin: np.ndarray, length: int, temperature: float, rng: np.random.Generator
    ) -> np.ndarray:
        """So many characters, each drawn from what the model says after those before it.

        Args:
            begin: codes of what it reads first, at least one.
            length: of what it writes.
            temperature: as of `sample_with_temperature`.
            rng: where the randomness comes from.
        """
        logits, h = self._next(begin[None], self.model.begin(1))
        written = []
        for _ in range(length):
            code = sample_with_temperature(logits.numpy(), temperature, rng)
            written.append(code)
            logits, h = self._next(code[None], h)
        return np.concatenate(written)
