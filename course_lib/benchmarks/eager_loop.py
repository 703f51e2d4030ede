"""The loop of the notebook of 2018, "Fast LSTM cell", in today's terms."""

import keras
import tensorflow as tf


class EagerLoop(keras.Model):
    """A cell of Keras, called from a Python loop over time, and a readout of the last state.

    What is unlike that notebook: it gives logits, where there was a softmax put on the CPU.

    Args:
        units: number of units, n.
        classes: number of classes, c.
        compiled_cell: compile the step of the cell with XLA; the loop stays in Python.
    """

    def __init__(self, units: int, classes: int, compiled_cell: bool = False) -> None:
        super().__init__()
        self.cell = keras.layers.LSTMCell(units)
        self.readout = keras.layers.Dense(classes)
        self.step = tf.function(self.cell.call, jit_compile=True) if compiled_cell else self.cell

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Make the weights; the cell's are not made by a layer around it."""
        self.cell.build((None, input_shape[-1]))
        self.readout.build((None, self.cell.units))

    def call(self, x: tf.Tensor) -> tf.Tensor:
        """From sequences (batch, T, m) to logits (batch, c)."""
        states = self.cell.get_initial_state(batch_size=x.shape[0])
        for t in range(x.shape[1]):
            h, states = self.step(x[:, t], states)
        return self.readout(h)
