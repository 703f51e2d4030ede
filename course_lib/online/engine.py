"""From sequences and targets to gradients, chunk after chunk, in memory that does not grow with T.

What is kept from one chunk to the next: the state, the trace, the disturbed copy and its two
integrators, and sums. Nothing is kept of the steps themselves.
"""

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import tensorflow as tf

from course_lib.layers.sizes import checked_units
from course_lib.online.forward import Probe, piece, size
from course_lib.online.noise import first_seed, signs
from course_lib.online.reading import Read
from course_lib.values import checked_switch

# Long enough that a matrix product is worth its call, short enough that a chunk stays in the cache.
LONGEST_CHUNK = 128
# XLA makes one loop of what goes with a product; a call costs it less. Measured on a CPU.
LONGEST_WITH_XLA = 64


def chunk_length(steps: int, xla: bool = False) -> int:
    """The chunk length for sequences of so many steps: near the longest, best with no rest.

    Args:
        steps: T.
        xla: whether the chunks are compiled with it.

    Raises:
        ValueError: there is no such number of steps.
    """
    steps, xla = checked_units(steps, "steps"), checked_switch(xla, "xla")
    chunks = math.ceil(steps / (LONGEST_WITH_XLA if xla else LONGEST_CHUNK))
    for count in range(chunks, 2 * chunks):
        if steps % count == 0:
            return steps // count
    return math.ceil(steps / chunks)


class Totals(NamedTuple):
    """What adds up over chunks.

    loss; cell: its gradient by the rule, (p, R), or what the
    learner makes of it; own: gradients of every trained variable
    that the readout and the loss themselves give; fit: `kernel.Fit` or `modes.ModesFit`, () if the
    rule has no kernel.
    """

    loss: tf.Tensor
    cell: tf.Tensor
    own: tuple[tf.Tensor, ...]
    fit: Any


class Pending(NamedTuple):
    """What waits for the next update, in a stream whose pieces end where they like.

    totals: sums; size: what their mean is taken over; steps: since the last update.
    """

    totals: Totals
    size: tf.Tensor
    steps: tf.Tensor


class Carry(NamedTuple):
    """All that goes on from one step to the next, and in a stream from one call to the next.

    state: of the cell; probe: of the disturbed copy; trace; sums: of the kernel; fit: what steps
    without a target have told of it; pending: a `Pending`. What a rule does not have is ().
    """

    state: tuple[tf.Tensor, ...]
    probe: tuple[tf.Tensor, ...]
    trace: Any
    sums: Any
    fit: Any = ()
    pending: Any = ()


class Engine:
    """Runs a learner over sequences.

    Args:
        learner: a `TraceLearner`, or `RTRL`, `UORO`, `Window` or `StackLearner`.
        dynamics: of the cell.
        chunk: steps in a chunk; "auto" chooses.
        samples: how many sequences of a batch are disturbed to learn the kernel.
        disturbance: 0 for the tangent, else the size of a finite disturbance.
        seeds: generator of the noise.
        xla: whether it will be compiled with XLA, for which shorter chunks are best.
    """

    def __init__(
        self,
        learner: Any,
        dynamics: Any,
        chunk: int | str = "auto",
        samples: int = 32,
        disturbance: float = 0.0,
        seeds: keras.random.SeedGenerator | None = None,
        xla: bool = False,
    ) -> None:
        self.learner, self.dynamics, self.chunk, self.xla = learner, dynamics, chunk, xla
        self.samples, self.disturbance, self.seeds = samples, disturbance, seeds
        self.kernel = getattr(learner, "kernel", None)

    def start(self, batch: int | tf.Tensor, inputs: int, variables: list | None = None) -> Carry:
        """What is carried before the first step.

        Args:
            batch: sequences, B.
            inputs: m.
            variables: those that a `Pending` is to have room for; None: there is none.
        """
        dynamics, dtype = self.dynamics, self.dynamics.dtype
        state = dynamics.zero_state(batch)
        probe, sums = (), ()
        if self.kernel is not None:
            known = isinstance(batch, int)
            samples = min(self.samples, batch) if known else tf.minimum(self.samples, batch)
            probe = tuple(part[:samples] for part in state)
            sums = self.kernel.no_sums(samples)
        pending, trace = (), self.learner.zero(batch, inputs)
        if variables is not None:
            if hasattr(self.learner, "empty"):
                trace = self.learner.empty(batch, inputs)
            zero = tf.zeros((), dtype)
            pending = Pending(self.nothing(inputs, variables), zero, tf.zeros((), tf.int32))
        fit = () if self.kernel is None else self.kernel.no_fit()
        return Carry(state, probe, trace, sums, fit, pending)

    def nothing(self, inputs: int, variables: list) -> Totals:
        """Totals of no steps."""
        dynamics, dtype = self.dynamics, self.dynamics.dtype
        if hasattr(self.learner, "nothing"):
            of_cell = self.learner.nothing()
        else:
            rows = dynamics.gates * dynamics.units
            of_cell = tf.zeros((dynamics.reads(inputs), rows), dtype)
        return Totals(
            tf.zeros((), dtype),
            of_cell,
            tuple(tf.zeros(w.shape, w.dtype) for w in variables),
            () if self.kernel is None else self.kernel.no_fit(),
        )

    def run(
        self,
        x: tf.Tensor,
        mask: tf.Tensor | None,
        carry: Carry,
        look: Callable[[tf.Tensor, Any, Any], Read] | None = None,
        variables: list | None = None,
        update: Callable[..., None] | None = None,
        every: int | None = None,
        gather: bool = True,
        end: Callable[[tf.Tensor], Read] | None = None,
    ) -> tuple[Carry, Totals, tf.Tensor | None]:
        """Read sequences, and add up gradients.

        Args:
            x: inputs, shape (B, T, m); T may be unknown.
            mask: (B, T), True at a real step; None: all are.
            carry: from `start`, or from the last run.
            look: gives the `Read` of states (B, C, n) of the steps from a number on, so many of
                them. None: there is no loss at any of them.
            variables: those that `Read.own` is for.
            update: changes the weights by the totals of each chunk, right after it, and after what
                goes on to the next one is there, its argument `after`.
            every: with a `Pending` in the carry, steps between two updates, which don't begin anew
                with this run.
            gather: keep the outputs of `look`.
            end: gives the `Read` of the last state (B, n), if the loss is there alone.

        Returns:
            What goes on, the sums over all chunks, and the outputs: of `look`, (B, T, c), of `end`,
            or None.
        """
        steps, inputs = size(x, 1), x.shape[2]
        if every is not None:
            C = 1  # an update can be due after any step
        elif self.chunk != "auto":
            C = self.chunk
        elif isinstance(steps, int):
            C = chunk_length(steps, self.xla)
        else:
            C = LONGEST_WITH_XLA if self.xla else LONGEST_CHUNK
        known = isinstance(steps, int)
        C = min(C, steps) if known else tf.minimum(C, steps)
        if known and end is None:
            count, rest = divmod(steps, C)
        else:
            # The last chunk stands alone, and has one step at least.
            count = (steps - 1) // C
            rest = steps - count * C
        totals = self.nothing(inputs, variables or [])

        def take(start, length, carry, totals, end=None):
            """The chunk from a step on; of the whole sequence there is no second copy."""
            part = tf.transpose(piece(x, start, length), (1, 0, 2))
            here = None if mask is None else tf.transpose(piece(mask, start, length))[..., None]
            see = None if look is None else lambda h: look(h, start, length)
            return self._chunk(carry, totals, part, here, see, update, every, end)

        gathers = gather and look is not None
        some_left = not (isinstance(rest, int) and rest == 0)
        outputs = tf.TensorArray(self.dynamics.dtype, count + some_left, element_shape=None)

        def body(number, carry, totals, outputs):
            carry, totals, out = take(number * C, C, carry, totals)
            return number + 1, carry, totals, outputs.write(number, out) if gathers else outputs

        # One chunk after the other: two at work at once would hold the memory of two.
        if not (isinstance(count, int) and count == 0):
            _, carry, totals, outputs = tf.while_loop(
                lambda number, *_: number < count,
                body,
                (0, carry, totals, outputs),
                maximum_iterations=count,
                parallel_iterations=1,
            )
        if some_left:
            carry, totals, out = take(count * C, rest, carry, totals, end)
            if end is not None:
                return carry, totals, out
            if gathers:
                outputs = outputs.write(count, tf.pad(out, [[0, 0], [0, C - rest], [0, 0]]))
        if not gathers:
            return carry, totals, None
        whole = tf.transpose(outputs.stack(), (1, 0, 2, 3))  # (B, chunks, C, c)
        whole = tf.reshape(whole, (tf.shape(whole)[0], -1, whole.shape[-1]))[:, :steps]
        return carry, totals, tf.ensure_shape(whole, (x.shape[0], x.shape[1], whole.shape[-1]))

    def _chunk(self, carry, totals, x, mask, see, update, every, end=None):
        state, probe, trace, sums, told, pending = carry
        noise = None
        if self.kernel is not None:
            steps = size(x, 0)
            shape = (size(probe[0], 0), self.kernel.units)
            noise = signs(first_seed(self.seeds, steps), steps, shape, x.dtype)
            probe = Probe(probe, noise, self.disturbance)
        chunk = self.dynamics.run(state, x, mask, probe if noise is not None else None)
        new = tf.nest.map_structure(tf.zeros_like, totals)
        read = None if see is None else see(tf.transpose(chunk.new[0], (1, 0, 2)))
        learns = read is not None and read.dh is not None
        weight = read.size if learns and every is not None and read.mean else 1.0
        if end is None:
            dh = tf.transpose(read.dh * weight, (1, 0, 2)) if learns else None
            trace, gradient = self.learner.advance(trace, chunk, dh)
        else:
            last = end(chunk.state[0])
            trace, gradient = self.learner.close(trace, chunk, last.dh)
        if learns:
            own = tuple(g * tf.cast(weight, g.dtype) for g in read.own)
            new = new._replace(loss=read.loss, own=own, cell=gradient)
        if noise is not None:
            sums, fit = self.learner.fit(sums, chunk, noise)
            new = new._replace(fit=fit)
        goes_on = (chunk.state, chunk.probe, sums)  # it reads weights that the update moves
        if every is not None:
            change = update and functools.partial(update, after=goes_on)
            trace, pending = self._wait(trace, pending, new, read, learns, change, every)
        elif update is not None:
            update(new, after=(*goes_on, trace))
        if update is not None:
            new = new._replace(loss=new.loss * read.share)
        totals = tf.nest.map_structure(tf.add, totals, new)
        gives = read is not None and read.out is not None
        out = tf.cast(read.out, self.dynamics.dtype) if gives else None
        if end is not None:
            totals = totals._replace(loss=last.loss, cell=gradient, own=last.own)
            out = last.out
        return Carry(chunk.state, chunk.probe or (), trace, sums, told, pending), totals, out

    def _wait(self, trace, pending, new, read, learns, update, every):
        """Add a step to what waits, and change the weights if that makes `every` of them.

        A step without a target belongs to no update, and sets none off.
        """
        totals = tf.nest.map_structure(tf.add, pending.totals, new)
        if not learns:
            trace, gradient = self._flush(trace)
            totals = totals._replace(cell=_sum(totals.cell, gradient))
            return trace, pending._replace(totals=totals)
        waiting = Pending(totals, pending.size + read.size, pending.steps + 1)

        def change():
            after, gradient = self._flush(trace)
            over = waiting.size if read.mean else tf.ones_like(waiting.size)
            due = totals._replace(
                cell=tf.nest.map_structure(
                    lambda g: tf.math.divide_no_nan(g, over), _sum(totals.cell, gradient)
                ),
                own=tuple(tf.math.divide_no_nan(g, tf.cast(over, g.dtype)) for g in totals.own),
            )
            update(due)
            return after, tf.nest.map_structure(tf.zeros_like, waiting)

        return tf.cond(waiting.steps >= every, change, lambda: (trace, waiting))

    def _flush(self, trace):
        """What a learner that works in windows still owes, and the trace afterwards."""
        if hasattr(self.learner, "flush"):
            return self.learner.flush(trace)
        return trace, None


def _sum(a, b):
    return a if b is None else tf.nest.map_structure(tf.add, a, b)
