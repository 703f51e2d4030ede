"""Credit through depth: a stack of cells, each with a rule and traces of its own.

A loss blames the output of the top cell. What it blames in the cell below is passed down at the
same step: through the step of the upper cell and the layers between, with the state that the upper
cell had before that step taken as given. Each cell's traces make of its blame what they make of it
in a network of one cell. So

- the readout's gradient is exact, and the top cell's is as exact as its rule: with RTRL wholly;
- a lower cell lacks what it did to a later loss by way of an upper cell's memory, and so do all
  layers below a cell, even one cell's own;
- with sequences of one step nothing is left out.
"""

from typing import Any, NamedTuple

import tensorflow as tf

from course_lib.online.cells import DYNAMICS, Dynamics, dynamics_of
from course_lib.online.forward import Chunk, Probe, size
from course_lib.online.stack_cell import StackCell
from course_lib.online.stack_kernel import StackFit


class StackChunk(NamedTuple):
    """What happened in C steps.

    chunks: of the cells, from below; inputs: what each level read, (C, B, k). The rest is as in a
    `Chunk`, of the whole stack: x, mask, and the states, the top cell's first.
    """

    chunks: tuple[Chunk, ...]
    inputs: tuple[tf.Tensor, ...]
    x: tf.Tensor
    mask: tf.Tensor | None
    before: tuple[tf.Tensor, ...]
    new: tuple[tf.Tensor, ...]
    state: tuple[tf.Tensor, ...]
    probe: tuple[tf.Tensor, ...] | None

    @property
    def old(self) -> tuple[tf.Tensor, ...]:
        """Parts of the state before each step, each (C, B, n)."""
        return _top_first(chunk.old for chunk in self.chunks)


class Level:
    """A cell of a stack, and the layers below it."""

    def __init__(self, layers: list, dynamics: Dynamics) -> None:
        self.layers, self.dynamics = layers, dynamics

    @property
    def weights_below(self) -> list:
        """Of the layers, each once: those that are to be trained now, frozen or not before."""
        found = {id(w): w for layer in self.layers for w in layer.trainable_variables}
        return list(found.values())

    def read(self, x: tf.Tensor) -> tf.Tensor:
        """What the cell reads of x (C, B, k), each step by itself.

        Raises:
            ValueError: a layer has a loss of its own.
        """
        if not self.layers:
            return x
        out = tf.reshape(x, (-1, x.shape[-1]))
        for layer in self.layers:
            out = layer(out)
            if any(leaf._losses for leaf in layer._flatten_layers()):
                raise ValueError(
                    f"{layer.name} calls add_loss, which the rules don't know in a stack: leave it"
                    " out, or put the layer into the readout."
                )
        out = tf.cast(out, self.dynamics.dtype)
        return tf.reshape(out, (size(x, 0), size(x, 1), out.shape[-1]))

    def read_back(self, x: tf.Tensor, dout: tf.Tensor) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """By a tape of `read`: the gradients by x and by the layers' weights."""
        if not self.layers:
            return dout, []
        weights = [w.value for w in self.weights_below]
        with tf.GradientTape() as tape:
            tape.watch(x)
            out = self.read(x)
        dx, *found = tape.gradient(
            out, [x, *weights], dout, unconnected_gradients=tf.UnconnectedGradients.ZERO
        )
        # That of an embedding comes as slices.
        found = [tf.cast(tf.convert_to_tensor(g), self.dynamics.dtype) for g in found]
        return dx, found


class StackDynamics(Dynamics):
    """`StackCell`: that of its cells, one after the other."""

    def __init__(self, cell: StackCell) -> None:
        super().__init__(cell)
        self.levels = [Level(layers, dynamics_of(own)) for layers, own in cell.levels]

    def check(self) -> None:
        """See that the rules know all of every cell; see `Dynamics.check`."""
        for level in self.levels:
            level.dynamics.check()

    def zero_state(self, batch: Any) -> tuple[tf.Tensor, ...]:
        """The state before the first step, the top cell's first."""
        return _top_first(level.dynamics.zero_state(batch) for level in self.levels)

    def weights(self) -> list:
        """Of every level from below: those of its layers, then those of its cell."""
        return [
            w for level in self.levels for w in (*level.weights_below, *level.dynamics.weights())
        ]

    def apart(self, state: Any) -> list[tuple]:
        """A state by cells, from below."""
        parts, state = [], tuple(state)
        for level in reversed(self.levels):
            count = level.dynamics.parts
            parts.insert(0, state[:count])
            state = state[count:]
        return parts

    def of_cell(self, state: Any) -> list[tf.Tensor]:
        """The parts of a state that the Keras cells themselves have, a list."""
        states = zip(self.levels, self.apart(state), strict=True)
        return list(_top_first(level.dynamics.of_cell(own) for level, own in states))

    def with_cell(self, state: Any, own: list) -> tuple[tf.Tensor, ...]:
        """The state, with those parts replaced."""
        whole, left = [], list(own)
        for level, part in reversed(list(zip(self.levels, self.apart(state), strict=True))):
            count = len(level.dynamics.of_cell(part))
            whole += level.dynamics.with_cell(part, left[:count])
            left = left[count:]
        return tuple(whole)

    def by_cell(self, noise: tf.Tensor) -> list[tf.Tensor]:
        """Noise (C, P, all units) by cells, from below."""
        return tf.split(noise, [level.dynamics.units for level in self.levels], axis=-1)

    def run(
        self, state: Any, x: tf.Tensor, mask: tf.Tensor | None = None, probe: Probe | None = None
    ) -> StackChunk:
        """A chunk of steps, cell by cell; arguments as for `course_lib.online.forward.unroll`."""
        probes = len(self.levels) * [None]
        if probe is not None:
            disturbed = zip(self.apart(probe.state), self.by_cell(probe.noise), strict=True)
            probes = [Probe(own, noise, probe.size) for own, noise in disturbed]
        chunks, inputs, read = [], [], x
        for level, own, beside in zip(self.levels, self.apart(state), probes, strict=True):
            inputs.append(read)
            chunks.append(level.dynamics.run(own, level.read(read), mask, beside))
            read = chunks[-1].new[0]
        return StackChunk(
            tuple(chunks),
            tuple(inputs),
            x,
            mask,
            tuple(state),
            _top_first(chunk.new for chunk in chunks),
            _top_first(chunk.state for chunk in chunks),
            None if probe is None else _top_first(chunk.probe for chunk in chunks),
        )


class StackLearner:
    """A learner for each cell of a stack, and the credit from cell to cell.

    Args:
        dynamics: of the stack.
        learners: of the cells, from below: each a `TraceLearner`, a `ModesLearner` or an `RTRL`.
        kernel: a `StackKernel`, for rules that have one.
        masked: whether there are masks.
    """

    def __init__(self, dynamics, learners, kernel=None, masked=False):
        self.dynamics, self.learners, self.masked = dynamics, learners, masked
        self.kernel = kernel

    def zero(self, batch, inputs):
        """The traces before the first step, and with masks the last real step: none so far."""
        widths = [level.dynamics.matrices()[1].shape[0] for level in self.dynamics.levels]
        pairs = zip(self.learners, widths, strict=True)
        last = ()
        if self.masked:
            x = tf.zeros((batch, inputs), self.dynamics.dtype)
            last = x, self.dynamics.zero_state(batch), tf.zeros((batch, 1), tf.bool)
        return tuple(learner.zero(batch, width) for learner, width in pairs), last

    def nothing(self):
        """No gradient: zero for each weight."""
        return [tf.zeros(w.shape, self.dynamics.dtype) for w in self.dynamics.weights()]

    def split(self, gradient):
        """It is a list in the order of the weights already."""
        return gradient

    def advance(self, trace, chunk, dh=None):
        """Take a chunk; arguments and results as for `TraceLearner.advance`."""
        traces, last = trace
        if dh is None:
            pairs = zip(self.learners, traces, chunk.chunks, strict=True)
            after = tuple(learner.advance(own, part)[0] for learner, own, part in pairs)
            return (after, self._last(last, chunk)), None

        def take(number, dh):
            return self.learners[number].advance(traces[number], chunk.chunks[number], dh)

        after, found = self._downwards(take, chunk, dh)
        return (after, self._last(last, chunk)), found

    def close(self, trace, chunk, dh):
        """Take the last chunk; arguments and results as for `TraceLearner.close`.

        Credit goes down through the last real step, which is taken once more for that.
        """
        traces, last = trace
        x, before, real = self._end(last, chunk)
        step = self.dynamics.run(before, x[None], None if real is None else real[None])

        def take(number, dh):
            return self.learners[number].close(traces[number], chunk.chunks[number], dh[0])

        after, found = self._downwards(take, step, dh[None])
        return (after, self._last(last, chunk)), found

    def fit(self, sums, chunk, noise):
        """Take a chunk of the regressions; arguments and results as for `TraceLearner.fit`."""
        noises = self.dynamics.by_cell(noise)
        parts = zip(self.learners, sums, chunk.chunks, noises, strict=True)
        found = [learner.fit(own, part, psi) for learner, own, part, psi in parts]
        sums, fits = zip(*found, strict=True)
        return sums, StackFit(fits)

    def _downwards(self, take, chunk, dh):
        """Every cell's trace and gradient, from the top; dh (C, B, n) is passed on on the way."""
        levels, after, gradients = self.dynamics.levels, [], []
        for number in reversed(range(len(levels))):
            level, learner = levels[number], self.learners[number]
            trace, found = take(number, dh)
            after.insert(0, trace)
            of_layers = []
            if number or level.layers:
                du = level.dynamics.pass_down(dh, chunk.chunks[number])
                dh, of_layers = level.read_back(chunk.inputs[number], du)
            split = getattr(learner, "split", level.dynamics.split)
            gradients = [*of_layers, *split(found), *gradients]
        return tuple(after), gradients

    def _last(self, last, chunk):
        """What is kept of the last real step; without masks it is always at hand."""
        return self._end(last, chunk) if self.masked else last

    def _end(self, last, chunk):
        """Input (B, m) and old state of the last real step, and whether there was one, (B, 1)."""
        if not self.masked:
            return chunk.x[-1], tuple(part[-1] for part in chunk.old), None
        real = tf.cast(chunk.mask, chunk.x.dtype)
        later = tf.cumsum(real, axis=0, exclusive=True, reverse=True)
        here = chunk.mask & (later == 0)
        some = tf.reduce_any(here, axis=0)

        def newest(steps, kept):
            found = tf.reduce_sum(tf.where(here, steps, tf.zeros_like(steps)), axis=0)
            return tf.where(some, found, kept)

        x, before, seen = last
        before = tuple(newest(part, kept) for part, kept in zip(chunk.old, before, strict=True))
        return newest(chunk.x, x), before, seen | some


def _top_first(states) -> tuple:
    """The states of cells, given from below, as one."""
    return tuple(part for state in reversed(list(states)) for part in state)


DYNAMICS[StackCell] = StackDynamics
