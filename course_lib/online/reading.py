"""From states to the loss and back: the readout, and the loss as Keras takes it.

No rule has a loss of its own. Whatever `compile` was given - a reduction, weights of samples or of
outputs, masks, regularizers - is taken by the model's `compute_loss`, as in `fit` of any model.
"""

from typing import Any, NamedTuple

import keras
import tensorflow as tf

from course_lib.online import losses
from course_lib.online.forward import piece


class Read(NamedTuple):
    """What the loss says of some steps.

    loss, as Keras reports it; out: outputs; dh: dL/dh, shape of h; own: the gradients of all
    trained variables that come from readout and loss alone; size: what Keras divided the loss by;
    mean: whether it did; share: of these steps in the loss of the whole batch.
    """

    loss: tf.Tensor | None
    out: Any
    dh: tf.Tensor | None
    own: tuple[tf.Tensor, ...]
    size: tf.Tensor | float = 1.0
    share: tf.Tensor | float = 1.0
    mean: bool = True


class Reader:
    """A batch's targets, and what the readout makes of its states.

    Args:
        model: an `OnlineRNN`.
        x: inputs, as `compute_loss` wants them.
        y: targets.
        weight: sample weights, or None.
        mask: (B, T), or None.
        scale: what the loss is multiplied by before its gradient is taken, a function.
    """

    def __init__(self, model, x, y, weight, mask, scale):
        self.model, self.x, self.y, self.weight, self.mask = model, x, y, weight, mask
        self.scale, self.loss = scale, losses.instance_of(model.loss)

    @property
    def by_step(self) -> bool:
        """Whether chunks can be read one by one, and the loss comes out as of the whole."""
        model, y, weight = self.model, self.y, self.weight
        if model.own_loss or not tf.is_tensor(y) or not acts_by_step(model.readout):
            return False
        y, weight = model.fitted(y, model.outputs_like, weight, self.mask)
        if weight is not None and len(weight.shape) != 2:
            return False
        same = y.shape[1] == self.x.shape[1] and (weight is None or weight.shape[1] == y.shape[1])
        # In a narrower dtype the parts of a loss don't add up to it.
        wide = self.loss is not None and self.loss.dtype == self.x.dtype.name
        return same and wide and losses.is_by_step(self.loss, y, model.outputs_like)

    def whole(self, h: tf.Tensor) -> Read:
        """Of all states that the loss looks at, (B, n) or (B, T, n)."""
        model = self.model

        def loss(out):
            return model.compute_loss(self.x, self.y, out, self.weight, training=True)

        return Read(*self._look(h, self.mask, loss))

    def chunk(self, h: tf.Tensor, start, length, of_whole: bool) -> Read:
        """Of the states (B, C, n) of some steps. Penalties on weights are left out.

        Args:
            h: the states.
            start: the first step's number.
            length: C.
            of_whole: whether the loss is to be divided as that of the whole batch is, so that all
                chunks add up to it; else it is a loss by itself.
        """
        model = self.model

        def part(a):
            return piece(a, start, length)

        y, weight = model.fitted(self.y, model.outputs_like, self.weight, self.mask)
        mask = part(self.mask)
        count = tf.size(h[..., 0])
        counted = losses.counted(self.loss, y, self.mask)
        size = losses.divisor(self.loss, count, part(weight), part(counted), h.dtype)
        every = tf.size(h[:, 0, 0]) * tf.shape(self.x)[1]
        share = tf.math.divide_no_nan(
            size, losses.divisor(self.loss, every, weight, counted, h.dtype)
        )

        def loss(out):
            return tf.reduce_sum(model.data_loss(part(y), out, part(weight)))

        loss, out, dh, own = self._look(h, mask, loss)
        loss = tf.cast(loss, h.dtype)
        if of_whole:  # not before the gradient: Keras adds up losses in float32
            loss, dh = loss * share, dh * share
            own = tuple(g * tf.cast(share, g.dtype) for g in own)
        return Read(loss, out, dh, own, size, share, losses.is_mean(self.loss))

    def _look(self, h, mask, loss_of):
        model = self.model
        variables = [w.value for w in model.trainable_variables]
        with tf.GradientTape() as tape:
            tape.watch(h)
            out = model.read(h, mask, training=True)
            loss = loss_of(out)
            scaled = self.scale(loss)
        # A vector, if the loss is not reduced: its gradient is that of the sum.
        seen = [out] if model.feedback is not None else []
        dh, *more = tape.gradient(
            scaled, [h, *seen, *variables], unconnected_gradients=tf.UnconnectedGradients.ZERO
        )
        if model.feedback is not None:
            dout, *more = more
            dh = tf.tensordot(tf.cast(dout, h.dtype), model.feedback, 1)
        # Where T is unknown TensorFlow forgets an axis, and a loop takes a lone unit's for another.
        own = (tf.ensure_shape(g, w.shape) for g, w in zip(more, variables, strict=True))
        return loss, out, dh, tuple(own)


def acts_by_step(readout) -> bool:
    """Whether a readout is known to treat every step by itself, and always alike."""
    if type(readout) is keras.Sequential:
        return all(map(acts_by_step, readout.layers))
    if hasattr(readout, "operations"):  # functional: also what is between the layers
        return all(map(acts_by_step, readout.operations))
    if type(readout) not in BY_STEP or readout.activity_regularizer is not None:
        return False
    if isinstance(readout, keras.layers.LayerNormalization) and readout.axis not in (-1, [-1]):
        return False
    if isinstance(readout, keras.layers.Dropout) and readout.noise_shape is not None:
        return False  # steps may have their noise in common
    phi = getattr(readout, "activation", None)
    return phi is None or phi.__module__.startswith("keras.")


BY_STEP = {
    keras.layers.Activation,
    keras.layers.Dense,
    keras.layers.Dropout,
    keras.layers.InputLayer,
    keras.layers.LayerNormalization,
    keras.layers.ReLU,
}
