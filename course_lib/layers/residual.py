"""A deep network of scans: blocks that add to what goes through them."""

import keras

from course_lib.layers.double import in_double
from course_lib.layers.scanned import (
    ScannedRNN,
    checked_mask,
    last_real,
    only_real,
)
from course_lib.layers.sizes import checked_seed
from course_lib.values import RATE, checked_number


@keras.saving.register_keras_serializable("course_lib")
class ResidualBlock(keras.layers.Layer):
    """Layer norm, a recurrence, a gated linear unit, dropout, and a skip.

    x + dropout(u * sigmoid(v)), where u and v are linear in the GELU of what
    the recurrence makes of the normed x. After Orvieto et al., 2023.

    Args:
        recurrence: an `LRU` or `MinGRU`. With `return_sequences` the block
            gives (batch, T, m), else its last step, (batch, m).
        dropout: rate of the dropout, from 0 to below 1.
        seed: of the dropout.
        kwargs: what every layer of Keras takes, such as its dtype.

    Raises:
        TypeError: the recurrence is something else.
        ValueError: the seed is no whole number, or the dropout no rate; or
            the recurrence doesn't give its steps as they come in.
    """

    def __init__(self, recurrence, dropout=0.0, seed=None, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(recurrence, ScannedRNN) or recurrence.return_state:
            raise TypeError(
                "recurrence is an LRU or a MinGRU that doesn't return its "
                "state."
            )
        if recurrence.go_backwards or getattr(recurrence, "every", 1) > 1:
            raise ValueError(
                "A block adds each step to what comes of it: leave "
                "go_backwards and every out of its recurrence."
            )
        policy, seed = self.dtype_policy, checked_seed(seed)
        dropout = checked_number(dropout, "dropout", RATE)
        self.recurrence, self.settings = recurrence, (dropout, seed)
        self.norm = keras.layers.LayerNormalization(dtype=policy)
        self.dropout = keras.layers.Dropout(dropout, seed=seed, dtype=policy)
        self.supports_masking = True

    def build(self, input_shape):
        """Make the weights; (batch, T, m) is read."""
        m = input_shape[-1]
        self.norm.build(input_shape)
        self.recurrence.build(input_shape)
        self.gate = keras.layers.Dense(2 * m, dtype=self.dtype_policy)
        self.gate.build((None, self.recurrence.cell.output_size))

    def call(self, x, mask=None, training=False):
        """The block's output, shape (batch, T, m) or (batch, m)."""
        mask = checked_mask(mask, x)
        # Keras casts real numbers alone.
        x = keras.ops.cast(x, self.compute_dtype)
        x = only_real(x, mask)
        h = self.recurrence(self.norm(x), mask=mask)
        return self._add(x, h, mask, training)

    def run(self, x, states, mask, training):
        """From any states of the recurrence: output, and states after it."""
        x = keras.ops.cast(x, self.compute_dtype)  # a call has Keras do it
        h, states = self.recurrence.run(self.norm(x), states, mask)
        return self._add(x, h, mask, training), states

    def _add(self, x, h, mask, training):
        h = keras.ops.cast(keras.ops.gelu(h), self.compute_dtype)
        u, v = keras.ops.split(self.gate(h), 2, axis=-1)
        new = self.dropout(u * keras.ops.sigmoid(v), training=training)
        if not self.recurrence.return_sequences:
            x = last_real(x, mask)
        return x + new

    def compute_output_shape(self, input_shape):
        """That of the input, without time at the end of a stack."""
        whole = self.recurrence.return_sequences
        return input_shape if whole else (input_shape[0], input_shape[-1])

    def compute_mask(self, _, mask=None):
        """The mask of the input, as long as there are steps."""
        return mask if self.recurrence.return_sequences else None

    def get_config(self):
        """What Keras stores to build the same block again."""
        dropout, seed = self.settings
        return {
            **super().get_config(),
            "recurrence": keras.saving.serialize_keras_object(self.recurrence),
            "dropout": dropout,
            "seed": seed,
        }

    @classmethod
    def from_config(cls, config):
        """The block of a config."""
        recurrence = keras.saving.deserialize_keras_object(
            config.pop("recurrence")
        )
        return cls(recurrence, **config)


in_double(ResidualBlock)
