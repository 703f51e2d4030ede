"""The rule "kernl_modes": KeRNL with a kernel that turns, on the same engine."""

import tensorflow as tf

from course_lib.online import modes_traces
from course_lib.online.forward import size


class ModesLearner:
    """Traces for each mode of a `ModesKernel`, at work on the chunks of a cell.

    Args:
        dynamics: of the cell.
        kernel: a `ModesKernel`.
        step: `modes_traces.chunked`, or `per_step` to see what chunks are worth.
    """

    def __init__(self, dynamics, kernel, step=modes_traces.chunked):
        self.dynamics, self.kernel, self.step = dynamics, kernel, step
        self.rows = dynamics.gates * dynamics.units

    def zero(self, batch, inputs):
        """The trace before the first step, shape (B, p, Q, R)."""
        dynamics = self.dynamics
        shape = (batch, dynamics.reads(inputs), self.kernel.parts, self.rows)
        return tf.zeros(shape, dynamics.dtype)

    def advance(self, trace, chunk, dh=None):
        """Take a chunk; arguments and results as for `TraceLearner.advance`."""
        d = self.dynamics.reaction(chunk.old, chunk.new, chunk.kept)
        real = tf.ones_like(d[:, :1, :1])
        if chunk.mask is not None:  # at a masked step the trace stays as it is
            real = tf.cast(chunk.mask, d.dtype)
            d *= real
        c = None if dh is None else self._credit(dh, chunk.new)
        return self.step(trace, self._power, real, d, self.dynamics.read(chunk), c)

    def close(self, trace, chunk, dh):
        """Take the last chunk; arguments and results as for `TraceLearner.close`."""
        trace, _ = self.advance(trace, chunk)
        return trace, modes_traces.credit(trace, self._credit(dh, chunk.state))

    def fit(self, sums, chunk, noise):
        """Take a chunk of the regression; arguments and results as for `TraceLearner.fit`."""
        mask = None if chunk.mask is None else chunk.mask[:, : size(noise, 1)]
        return self.kernel.fit(sums, noise, chunk.moved, mask)

    def _power(self, k):
        """λ^k of every row of credit: a row without memory has 1 at k = 0, then 0."""
        rows = self.dynamics.rows(self.kernel.power(k))
        return tf.where(k == 0, tf.ones_like(rows), rows)

    def _credit(self, dh, new):
        """c of each mode, complex, (M, ..., R)."""
        beta, blame = tf.convert_to_tensor(self.kernel.beta), self.dynamics.blame
        parts = [
            blame(dh, new, lambda delta, q=q: tf.matmul(delta, beta[q]))
            for q in range(self.kernel.parts)
        ]
        # What a row has without the kernel, such as an output gate, counts once, not in each mode.
        direct = blame(dh, new, tf.zeros_like)
        parts[1:] = [part - direct for part in parts[1:]]
        modes, turning = self.kernel.modes, self.kernel.turning
        cosines, sines = tf.stack(parts[:modes]), parts[modes:]
        sines += [tf.zeros_like(dh_row) for dh_row in parts[turning:modes]]
        return tf.complex(cosines, -tf.stack(sines))
