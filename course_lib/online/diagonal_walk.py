"""A batch of whole sequences through scanned layers, window after window."""

from typing import Any

import keras
import tensorflow as tf

from course_lib.online import losses
from course_lib.online.diagonal_stream import Carry, as_before
from course_lib.online.engine import LONGEST_CHUNK, chunk_length
from course_lib.online.forward import piece, size

ONE_OUTPUT = (
    "With an output at every step, exact traces and streams learn from one output; this readout has"
    " several: give fit whole sequences and the rule bptt."
)


class Walk:
    """Takes one batch; the rest of a sequence is a window too.

    Args:
        model: an `OnlineScan`.
        x: (B, T, m); T may be unknown where something is carried.
        y, weight: targets and sample weights, or None.
        update: change the weights after each window.
        scaled: whether gradients are those of the loss as the optimizer scales it.
        learns: else the batch is read alone, and there are no gradients.
    """

    def __init__(
        self,
        model: Any,
        x: tf.Tensor,
        y: Any,
        weight: Any,
        update: bool,
        scaled: bool,
        learns: bool,
    ) -> None:
        self.model, self.update, self.scaled, self.learns = model, update, scaled, learns
        self.T, options = size(x, 1), model.compiled_with
        self.x, self.mask = model.with_mask(tf.cast(x, model.compute_dtype))
        by_step = model.return_sequences
        self.y, self.weight = y, losses.of_steps(weight, y) if by_step and learns else weight
        # One loss at the end, or one at each window's.
        self.at_each = by_step or (learns and options["update_every"] is not None)
        self.window = self._window()

    def _window(self) -> Any:
        """Steps in a window."""
        options, known = self.model.compiled_with, isinstance(self.T, int)
        window = (self.learns and options["update_every"]) or options.get("chunk", "auto")
        if options.get("rule") == "bptt" and self.learns:
            window = self.T
        elif window == "auto":
            window = chunk_length(self.T) if known else LONGEST_CHUNK
        return min(window, self.T) if known else tf.minimum(window, self.T)

    def run(self, carry: Carry) -> tuple[tf.Tensor, Any, list[tf.Tensor], Carry]:
        """Take all windows.

        Args:
            carry: before the first step.

        Returns:
            The loss, the outputs, the gradients, and the `Carry` after the last step.

        Raises:
            ValueError: with an output at every step, if the readout has several.
        """
        model, window = self.model, self.window
        count = (self.T - 1) // window
        known, keep = isinstance(self.T, int), model.return_sequences
        like = model.out_like(tuple(self.x.shape))
        if keep and keras.tree.is_nested(like):
            raise ValueError(ONE_OUTPUT)
        dtype, weights = model.variable_dtype, model.trainable_variables
        sums = [tf.zeros(w.shape, w.dtype) for w in weights] if self.learns else []
        outs = tf.TensorArray(
            tf.as_dtype(like.dtype if keep else dtype),
            count if known else count + 1,
            infer_shape=known,
        )

        def body(number, carry, loss, sums, outs):
            start = number * window
            carry, loss, sums, out = self._take(start, window, carry, loss, sums, self.at_each)
            if keep:
                outs = outs.write(number, tf.transpose(out, (1, 0, 2)))
            return number + 1, carry, loss, sums, outs

        # One window after the other: two at work at once would hold the memory of two.
        _, carry, loss, sums, outs = tf.while_loop(
            lambda number, *_: number < count,
            body,
            (0, carry, tf.zeros((), dtype), sums, outs),
            maximum_iterations=count,
            parallel_iterations=1,
        )
        done = count * window
        carry, loss, sums, out = self._take(done, self.T - done, carry, loss, sums, True)
        if keep and not known:
            outs = outs.write(count, tf.transpose(out, (1, 0, 2)))
            shape = (self.x.shape[0], None, out.shape[-1])
            out = tf.ensure_shape(tf.transpose(outs.concat(), (1, 0, 2)), shape)
        elif keep and count:  # XLA wants them of one length
            out = tf.concat([tf.transpose(outs.concat(), (1, 0, 2)), out], axis=1)
        return loss, out, sums, carry

    def _take(self, start, length, carry, loss, sums, looks):
        """One window: what is carried, the loss and the gradients so far, and the outputs."""
        x, real = piece(self.x, start, length), piece(self.mask, start, length)
        latest = carry.latest if real is None else self.model.latest(carry.latest, x, real)
        if looks and self.learns:
            return self._learn(start, length, x, real, latest, carry, loss, sums)
        model = self.model
        h, after, reads = model.run(x, carry.states, real)
        traces = model.advance(carry.traces, reads, carry.states, real)
        out = model.read(model.shown(h, after, latest), False) if looks else None
        new = carry._replace(states=after, traces=traces, latest=latest)
        return as_before(new, carry), loss, sums, out

    def _learn(self, start, length, x, real, latest, carry, loss, sums):
        """The same, of a window whose outputs have a loss."""
        model, ramp = self.model, self.model.compiled_with["ramp"]
        y, weight = self.y, self.weight
        if model.return_sequences:
            y, weight = piece(y, start, length), piece(weight, start, length)
        share = tf.convert_to_tensor(length / self.T if self.at_each else 1.0, tf.float64)
        began = carry._replace(latest=latest)
        now, out, found, after, reads = model.learn_window(x, y, weight, began, real, self.scaled)
        traces = model.advance(carry.traces, reads, carry.states, real)
        new = carry._replace(states=after, traces=traces, latest=latest)
        if ramp:
            weighs = (tf.cast(start + length, tf.float32) / self.T) ** ramp
            found = [tf.cast(weighs, g.dtype) * g for g in found]
        if self.update:
            model.apply_gradients(found, new)
        loss += tf.cast(share, loss.dtype) * tf.cast(now, loss.dtype)
        sums = [s + tf.cast(share, g.dtype) * g for s, g in zip(sums, found, strict=True)]
        return as_before(new, carry), loss, sums, out
