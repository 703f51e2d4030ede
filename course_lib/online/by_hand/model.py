"""A Keras model that learns by gradients of its own."""

import keras
import tensorflow as tf

from course_lib.online.by_hand.chunks import chunked_trace


class KernlModel(keras.Model):
    """An RNN with a linear readout at every step, which `fit` trains by KeRNL.

    Compile it with any optimizer, loss and metrics of Keras. Its kernel is
    given, and stays as it is.

    Args:
        units: number of units, n.
        outputs: numbers that are read out at each step, c.
        beta: sensitivity, an array (n, n); row k is the later unit.
        gamma: decay rate of each unit, an array (n,).
        C: steps in a chunk.
        kwargs: what every model of Keras takes, such as its dtype.
    """

    def __init__(self, units, outputs, beta, gamma, C=16, **kwargs):
        super().__init__(**kwargs)
        self.rnn = keras.layers.SimpleRNN(
            units, return_sequences=True, dtype=self.dtype
        )
        self.readout = keras.layers.Dense(outputs, dtype=self.dtype)
        self.beta = tf.constant(beta, self.dtype)
        self.gamma = tf.constant(gamma, self.dtype)
        self.C = C

    def build(self, input_shape):
        """Make W_xh, W_hh and b_h of the RNN, and two for the readout."""
        self.rnn.build(input_shape)
        self.readout.build((None, None, self.rnn.units))

    def call(self, x):
        """From inputs (batch, T, m) to outputs (batch, T, c)."""
        return self.readout(self.rnn(x))

    def train_step(self, data):
        """What `fit` does with a batch.

        The readout learns by its exact gradient, the RNN by KeRNL's, in which
        a state is blamed for the loss of its own step alone and credit for
        earlier steps comes by the traces.

        Args:
            data: a pair, x (batch, T, m) and targets (batch, T, c). Sizes of
                batch and T may be unknown while it is traced.

        Returns:
            A dict from the name of each metric, "loss" among them, to its
            mean over the epoch so far, as it was before the weights moved.
        """
        # IMPLEMENT-ME: every trained weight has moved as the model was
        # compiled to move it, nothing has gone back through time, and every
        # reported number counts this batch
        x, y = data
        h = self.rnn(x)
        with tf.GradientTape() as tape:
            tape.watch(h)
            y_pred = self.readout(h)
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred)
        readout = [w.value for w in self.readout.trainable_variables]
        dh, *gradients = tape.gradient(loss, [h, *readout])
        before = tf.pad(h[:, :-1], [[0, 0], [1, 0], [0, 0]])
        v = tf.concat([x, before, tf.ones_like(h[:, :, :1])], axis=2)
        E_0 = tf.zeros_like(v[:, 0, :, None] * h[:, 0, None, :])
        dW, _ = chunked_trace(
            E_0, v, 1 - h**2, dh @ self.beta, self.gamma, self.C
        )
        dW_xh, dW_hh, db_h = tf.split(dW, [x.shape[2], self.rnn.units, 1])
        self.optimizer.apply(
            [dW_xh, dW_hh, db_h[0], *gradients],
            self.rnn.trainable_variables + self.readout.trainable_variables,
        )
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return self.get_metrics_result()
        # END IMPLEMENT-ME
