"""An image read as a sequence, and logits for its class."""

import math
from functools import partial
from numbers import Real

import keras
import numpy as np
from keras import ops

from course_lib.layers.double import in_double
from course_lib.layers.sizes import (
    checked_function,
    checked_seed,
    checked_units,
)
from course_lib.layers.stacked import checked_maker, stacked_rnn
from course_lib.values import (
    ABOVE_0,
    FROM_0,
    RATE,
    checked_number,
    checked_switch,
    plain_number,
)


@keras.saving.register_keras_serializable("course_lib")
class RecurrentClassifier(keras.Model):
    """Cut each image into steps, read them with an RNN, give logits.

    After the model of the same name in practical 4 of the Deep Learning
    Indaba 2017, with its slips mended: a cell of its own for each layer,
    dropout that is off at evaluation, L2 on the kernels of the cells too.

    Args:
        steps: how many steps an image is cut into, T.
        pixels: how many pixels a step has, m; steps times pixels is the number
            of pixels in an image.
        cell: a name in `course_lib.layers.CELLS`.
        units: number of units of each layer, n.
        layers: how many recurrent layers.
        dropout: rate of the dropout after each recurrent layer.
        l2: weight of the L2 penalty, l2 / 2 times the sum of the squares of
            all kernels; biases are left out.
        classes: number of classes, c.
        seed: seed of the dropout; None takes the global one.
        fused: take the layers of Keras that cuDNN can run, see `stacked_rnn`.
    """

    def __init__(
        self,
        steps=28,
        pixels=28,
        cell="lstm",
        units=128,
        layers=1,
        dropout=0.0,
        l2=0.0,
        classes=10,
        seed=None,
        fused=False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        steps = checked_units(steps, "steps")
        pixels = checked_units(pixels, "pixels")
        units = checked_units(units)
        layers = checked_units(layers, "layers")
        classes = checked_units(classes, "classes")
        seed, fused = checked_seed(seed), checked_switch(fused, "fused")
        dropout = checked_number(dropout, "dropout", RATE)
        l2 = checked_number(l2, "l2", FROM_0)
        self.settings = {
            "steps": steps,
            "pixels": pixels,
            "cell": cell,
            "units": units,
            "layers": layers,
            "dropout": dropout,
            "l2": l2,
            "classes": classes,
            "seed": seed,
            "fused": fused,
        }
        self.steps, self.pixels, self.l2 = steps, pixels, l2
        policy = self.dtype_policy
        self.rnn = stacked_rnn(
            cell, units, layers, dropout, seed=seed, dtype=policy, fused=fused
        )
        # Another seed than those inside the stack.
        own = None if seed is None else seed + layers
        self.dropout = keras.layers.Dropout(dropout, seed=own, dtype=policy)
        # In mixed precision the logits stay in float32, for the loss.
        self.readout = keras.layers.Dense(classes, dtype=self.variable_dtype)

    def build(self, input_shape):
        """Make the weights, and put the penalty on the kernels.

        Raises:
            ValueError: the images don't have steps times pixels pixels.
        """
        self._check_size(input_shape)
        self.rnn.build((None, self.steps, self.pixels))
        units = self.settings["units"]
        self.dropout.build((None, units))
        self.readout.build((None, units))
        if self.l2:
            for kernel in self.kernels():
                kernel.regularizer = keras.regularizers.L2(self.l2 / 2)

    def _check_size(self, shape):
        if None in shape[1:]:
            return
        size = math.prod(shape[1:])
        if size != self.steps * self.pixels:
            raise ValueError(
                f"An image has {size} pixels, but {self.steps} steps of "
                f"{self.pixels} are {self.steps * self.pixels}."
            )

    def kernels(self):
        """Every weight matrix, of the cells and of the readout; no bias."""
        return [
            w
            for w in self.trainable_weights
            if w.name.endswith("kernel") or w.name.startswith("W_")
        ]

    def call(self, images, training=False):
        """Logits of a batch of images.

        Args:
            images: shape (batch, 28, 28), (batch, 784) or the like.
            training: whether the dropout acts.

        Returns:
            Logits, shape (batch, c).

        Raises:
            ValueError: the images don't have steps times pixels pixels.
        """
        self._check_size(images.shape)
        x = ops.reshape(images, (-1, self.steps, self.pixels))
        h_last = self.rnn(x, training=training)
        h_last = self.dropout(h_last, training=training)
        return self.readout(h_last)

    def get_config(self):
        """What Keras stores to build the same model again."""
        return {**super().get_config(), **self.settings}


in_double(RecurrentClassifier)


def recurrent_classifier(
    cell, units, layers=1, dropout=0.0, l2=0.0, steps=28, pixels=28, classes=10
):
    """The practical's model in a few lines, as a function that makes it.

    `RecurrentClassifier` is the same as a class, which can be saved, seeded
    and fused.

    Args:
        cell: makes a Keras cell from a number of units.
        units: number of units of each layer, n.
        layers: how many recurrent layers; each reads what the one below shows
            at every step.
        dropout: rate of the dropout after each recurrent layer, which acts in
            training only.
        l2: weight of the penalty, l2 / 2 times the sum of the squares of all
            weight matrices, those of the cells too; biases are left out.
        steps: how many steps an image is cut into, T.
        pixels: how many pixels a step has, m, one after the other as they
            stand in the image.
        classes: number of classes, c.

    Returns:
        model: from images, shape (batch, steps * pixels), to logits, shape
            (batch, c), read from the top layer's last state. Its weights are
            made; its penalty is among `model.losses`.
    """
    # IMPLEMENT-ME: the model as described above; no two layers have a weight
    # in common
    model = keras.Sequential(
        [
            keras.Input((steps * pixels,)),
            keras.layers.Reshape((steps, pixels)),
        ]
    )
    for layer in range(layers):
        below_another = layer < layers - 1
        model.add(
            keras.layers.RNN(cell(units), return_sequences=below_another)
        )
        model.add(keras.layers.Dropout(dropout))
    model.add(keras.layers.Dense(classes))
    for w in model.trainable_weights:
        if w.name.startswith("W_") or w.name.endswith("kernel"):
            w.regularizer = keras.regularizers.L2(l2 / 2)
    # END IMPLEMENT-ME
    return model


recurrent_classifier = checked_function(
    recurrent_classifier,
    cell=checked_maker,
    units=checked_units,
    **{
        size: partial(checked_units, name=size)
        for size in ("layers", "steps", "pixels", "classes")
    },
    dropout=partial(checked_number, name="dropout", within=RATE),
    l2=partial(checked_number, name="l2", within=FROM_0),
)


def compile_classifier(
    model, learning_rate=1e-3, clip_norm=None, jit_compile="auto"
):
    """Make a model of logits ready for `fit`: Adam, cross-entropy, accuracy.

    Args:
        model: a model from images to logits.
        learning_rate: of Adam; a number or a schedule.
        clip_norm: largest norm of all gradients together; None clips nothing.
        jit_compile: compile with XLA; "auto" leaves the choice to Keras.

    Returns:
        The same model, compiled; the loss takes integer labels.

    Raises:
        ValueError: the rate or the norm is a number that is none.
    """
    if isinstance(learning_rate, Real):
        learning_rate = checked_number(learning_rate, "learning_rate", FROM_0)
    if clip_norm is not None:
        clip_norm = checked_number(clip_norm, "clip_norm", ABOVE_0)
    model.compile(
        optimizer=keras.optimizers.Adam(
            learning_rate, global_clipnorm=clip_norm
        ),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=jit_compile,
    )
    return model


def training_fraction(x, y, fraction, seed=0):
    """A random part of the training data.

    With one seed, a smaller part is inside each larger one, so that a curve
    over fractions changes the amount of data and nothing else.

    Args:
        x: examples, shape (N, ...).
        y: their labels, shape (N,).
        fraction: how much of it, above 0 and up to 1.
        seed: seed of the shuffle.

    Returns:
        x and y of the chosen examples, shuffled alike; at least one.

    Raises:
        ValueError: `fraction` is not above 0 and up to 1, or the seed is none.
    """
    part = plain_number(fraction)
    if not 0 < part <= 1:
        raise ValueError(
            f"fraction is {fraction!r}; it is above 0 and up to 1."
        )
    seed = checked_seed(seed, least=0)
    order = np.random.default_rng(seed).permutation(len(x))
    chosen = order[: max(1, round(part * len(x)))]
    return x[chosen], y[chosen]
