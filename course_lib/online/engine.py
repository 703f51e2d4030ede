"""From sequences and targets to gradients, chunk after chunk, in memory that does not grow with T.

What is kept from one chunk to the next: the state, the trace, the disturbed copy and its two
integrators, and sums. Nothing is kept of the steps themselves.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from course_lib.online.forward import Probe, size, unroll

# Long enough that a matrix product is worth its call, short enough that a chunk stays in the cache.
LONGEST_CHUNK = 128


def chunk_length(steps: int) -> int:
    """The chunk length for sequences of so many steps: near `LONGEST_CHUNK`, best with no rest."""
    chunks = math.ceil(steps / LONGEST_CHUNK)
    for count in range(chunks, 2 * chunks):
        if steps % count == 0:
            return steps // count
    return math.ceil(steps / chunks)


class Totals(NamedTuple):
    """What adds up over chunks: the loss and its gradients, and what the kernel has for a fit.

    fit is `kernel.Fit` or `modes.ModesFit`; () if the rule has no kernel.
    """

    loss: tf.Tensor
    cell: tf.Tensor
    readout: tuple[tf.Tensor, ...]
    fit: Any


class Engine:
    """Runs a learner over sequences.

    Args:
        learner: a `TraceLearner`, or `RTRL` or `UORO`.
        dynamics: of the cell.
        readout: a layer from h to what the loss looks at; it acts on the last axis.
        loss: a Keras loss or its name.
        every_step: whether the loss is at every step, or at the last one alone.
        chunk: steps in a chunk; "auto" chooses.
        feedback: matrix (c, n) that brings dL/dy back to the units; None: the readout's own.
        samples: how many sequences of a batch are disturbed to learn the kernel.
        disturbance: 0 for the tangent, else the size of a finite disturbance.
        seeds: generator of the noise.
    """

    def __init__(
        self,
        learner: Any,
        dynamics: Any,
        readout: keras.layers.Layer,
        loss: Any,
        every_step: bool,
        chunk: int | str = "auto",
        feedback: tf.Tensor | None = None,
        samples: int = 32,
        disturbance: float = 0.0,
        seeds: keras.random.SeedGenerator | None = None,
    ) -> None:
        self.learner, self.dynamics, self.readout = learner, dynamics, readout
        self.loss = keras.losses.get(loss)
        self.every_step, self.chunk, self.feedback = every_step, chunk, feedback
        self.samples, self.disturbance, self.seeds = samples, disturbance, seeds
        self.kernel = getattr(learner, "kernel", None)

    def run(
        self,
        x: tf.Tensor,
        y: tf.Tensor,
        mask: tf.Tensor | None = None,
        update: Callable[[Totals], None] | None = None,
    ) -> tuple[Totals, tf.Tensor]:
        """Gradients of the mean loss over a batch, and over the real steps if each has a loss.

        Args:
            x: inputs, shape (B, T, m).
            y: targets, (B, ...), or (B, T, ...) if the loss is at every step.
            mask: (B, T), True at a real step; None: all are.
            update: called with each chunk's own gradients, to change the weights right then. It
                needs a loss at every step. None: gradients add up over the whole sequence.

        Returns:
            The sums over all chunks, and the outputs, (B, c) or (B, T, c).

        Raises:
            ValueError: T is not known, or there is an update but no loss at every step.
        """
        steps, inputs = x.shape[1], x.shape[2]
        if steps is None:
            raise ValueError(
                "Give all sequences one length, padded and masked, so that T is known."
            )
        if update is not None and not self.every_step:
            raise ValueError(
                "Updates inside a sequence need a loss at every step: return_sequences=True."
            )
        C = min(chunk_length(steps) if self.chunk == "auto" else self.chunk, steps)
        count, rest = divmod(steps, C)
        batch = size(x, 0)
        if mask is not None:
            mask = mask[..., None]
        if self.every_step and len(y.shape) == 2 and not _integer_targets(self.loss):
            y = y[..., None]
        # The loss is a mean; every chunk knows what its sum is divided by.
        whole = tf.cast(batch * steps if mask is None else tf.math.count_nonzero(mask), x.dtype)

        def take(start, length, carry):
            def piece(a):
                """These steps, time first; of the whole sequence there is no second copy."""
                rest = len(a.shape) - 2
                part = tf.slice(a, [0, start] + rest * [0], [-1, length] + rest * [-1])
                part = tf.transpose(part, (1, 0, *range(2, len(a.shape))))
                return tf.ensure_shape(part, (length, a.shape[0], *a.shape[2:]))

            here = None if mask is None else piece(mask)
            return self._chunk(
                carry, piece(x), piece(y) if self.every_step else None, here, whole, update
            )

        carry = self._zero(batch, inputs, x.dtype)
        outputs = tf.TensorArray(x.dtype, count, element_shape=None)

        def body(number, carry, outputs):
            carry, out = take(number * C, C, carry)
            return number + 1, carry, outputs if out is None else outputs.write(number, out)

        # One chunk after the other: two at work at once would hold the memory of two.
        _, carry, outputs = tf.while_loop(
            lambda number, *_: number < count,
            body,
            (0, carry, outputs),
            maximum_iterations=count,
            parallel_iterations=1,
        )
        ends = None
        if rest:
            carry, ends = take(count * C, rest, carry)
        state, _, trace, _, totals = carry
        if self.every_step:
            out = outputs.concat()
            if rest:
                out = tf.concat([out, ends], axis=0)
            return totals, tf.transpose(out, (1, 0, 2))
        if len(y.shape) == 1 and not _integer_targets(self.loss):
            y = y[..., None]
        loss, out, dh, readout = self._read(state[0], y, 1 / tf.cast(batch, x.dtype))
        totals = totals._replace(
            loss=loss, readout=readout, cell=self.learner.close(trace, state, dh)
        )
        return totals, out

    def _zero(self, batch, inputs, dtype):
        dynamics = self.dynamics
        state = dynamics.zero_state(batch)
        probe, sums = (), ()
        if self.kernel is not None:
            known = isinstance(batch, int)
            samples = min(self.samples, batch) if known else tf.minimum(self.samples, batch)
            probe = dynamics.zero_state(samples)
            sums = self.kernel.no_sums(samples)
        return state, probe, self.learner.zero(batch, inputs), sums, self._nothing(inputs, dtype)

    def _nothing(self, inputs, dtype):
        W = self.dynamics.weights()[0]
        return Totals(
            tf.zeros((), dtype),
            tf.zeros((self.dynamics.units + inputs + 1, W.shape[1]), dtype),
            tuple(tf.zeros(w.shape, dtype) for w in self.readout.trainable_variables),
            () if self.kernel is None else self.kernel.no_fit(),
        )

    def _chunk(self, carry, x, y, mask, whole, update):
        state, probe, trace, sums, totals = carry
        noise = None
        if self.kernel is not None:
            shape = (x.shape[0], size(probe[0], 0), self.dynamics.units)
            noise = keras.random.normal(shape, dtype=x.dtype, seed=self.seeds)
            probe = Probe(probe, noise, self.disturbance)
        chunk = unroll(self.dynamics, state, x, mask, probe if noise is not None else None)
        new, out, dh = self._nothing(x.shape[-1], x.dtype), None, None
        if y is not None:
            real = tf.size(x[..., 0]) if mask is None else tf.math.count_nonzero(mask)
            real = tf.cast(real, x.dtype)
            # An update is by the mean over what it has seen.
            over = whole if update is None else tf.maximum(real, 1)
            weight = 1 / over if mask is None else tf.cast(mask[..., 0], x.dtype) / over
            loss, out, dh, readout = self._read(chunk.new[0], y, weight)
            new = new._replace(loss=loss, readout=readout)
        trace, gradient = self.learner.advance(trace, chunk, dh)
        if gradient is not None:
            new = new._replace(cell=gradient)
        if noise is not None:
            sums, fit = self.learner.fit(sums, chunk, noise)
            new = new._replace(fit=fit)
        if update is not None:
            update(new)
            new = new._replace(loss=new.loss * real / whole)  # for the report: of all real steps
        totals = tf.nest.map_structure(tf.add, totals, new)
        return (chunk.state, chunk.probe or (), trace, sums, totals), out

    def _read(self, h, y, weight):
        """Loss, outputs, δ = dL/dh, and the readout's gradients, each of the weighted sum."""
        variables = [w.value for w in self.readout.trainable_variables]
        with tf.GradientTape() as tape:
            tape.watch(h)
            out = self.readout(h)
            each = self.loss.call(y, out) if hasattr(self.loss, "call") else self.loss(y, out)
            loss = tf.reduce_sum(weight * tf.cast(each, h.dtype))
        dh, dout, *readout = tape.gradient(loss, [h, out, *variables])
        if self.feedback is not None:
            dh = tf.tensordot(dout, self.feedback, 1)
        return loss, out, dh, tuple(readout)


def _integer_targets(loss):
    return "sparse" in getattr(loss, "name", getattr(loss, "__name__", ""))
