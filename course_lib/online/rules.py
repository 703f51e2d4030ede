"""The table of rules: one recursion, different decay and blame."""

from dataclasses import dataclass

import tensorflow as tf

from course_lib.online import traces
from course_lib.online.forward import size
from course_lib.online.kernel import fit_gradients, integrate


@dataclass(frozen=True)
class TraceRule:
    """A rule of the family; see `course_lib.online.traces` for what decay and blame do.

    decay:
        "kernel"    r = exp(-γ), learned
        "leak"      r = 1 - leak of the cell, fixed
        "diagonal"  r = ∂h_i(t)/∂h_i(t-1), exact, another at each step
        "none"      r = 0
        "modes"     several, that turn: see `course_lib.online.modes_rule`
    learned: whether l = βᵀ δ with a learned β, else l = δ, with δ = dL/dh at the step itself.
    feedback: "symmetric", δ through the readout's own weights, or "random", through fixed others.
    """

    decay: str
    learned: bool = False
    feedback: str = "symmetric"

    @property
    def has_kernel(self):
        """Whether β and γ, or β alone, are learned beside the weights."""
        return self.learned


# RFLO: Murray, eLife 2019. SnAp-1: Menick et al., ICLR 2021. e-prop: Bellec et al., 2020; there the
# own weight W_ii of a unit is left out of r. The hybrid is ours.
RULES = {
    "kernl": TraceRule("kernel", learned=True),
    "rflo": TraceRule("leak"),
    "rflo_random": TraceRule("leak", feedback="random"),
    "snap1": TraceRule("diagonal"),
    "eprop": TraceRule("diagonal", feedback="random"),
    "one_step": TraceRule("none"),
    "hybrid": TraceRule("diagonal", learned=True),
    "kernl_modes": TraceRule("modes", learned=True),
}


class TraceLearner:
    """A `TraceRule` at work on the chunks of a cell.

    Args:
        rule: which.
        dynamics: of the cell.
        kernel: a `Kernel`, for rules that have one.
        step: `traces.chunked`, or `traces.per_step` to see what chunks are worth.
    """

    def __init__(self, rule, dynamics, kernel=None, step=traces.chunked):
        self.rule, self.dynamics, self.kernel, self.step = rule, dynamics, kernel, step
        self.rows = dynamics.gates * dynamics.units

    def zero(self, batch, inputs):
        """The trace before the first step, shape (B, p, R)."""
        shape = (batch, self.dynamics.reads(inputs), self.rows)
        return tf.zeros(shape, self.dynamics.dtype)

    def decay(self, chunk):
        """r of every unit, shape (C, 1 or B, n)."""
        kind, steps = self.rule.decay, size(chunk.x, 0)
        if kind == "diagonal":
            return self.dynamics.diagonal(chunk.old, chunk.new, chunk.kept)
        if kind == "kernel":
            one = self.kernel.decay
        else:
            left = 1 - self.dynamics.leak if kind == "leak" else 0.0
            one = left * tf.ones((self.dynamics.units,), chunk.x.dtype)
        return tf.broadcast_to(one, (steps, 1, self.dynamics.units))

    def advance(self, trace, chunk, dh=None):
        """Take a chunk.

        Args:
            trace: before it.
            chunk: a `Chunk`.
            dh: δ at each step, shape (C, B, n), zero at masked steps; None: no loss in the chunk.

        Returns:
            The trace after it, and the gradient (p, R), summed over the batch; None if dh
            is None.
        """
        l = None if dh is None else self.dynamics.blame(dh, chunk.new, self._spread)
        return self.step(trace, *self._factors(chunk), l)

    def close(self, trace, chunk, dh):
        """Take the last chunk, with a loss at its last step alone.

        Args:
            trace: before it.
            chunk: a `Chunk`.
            dh: δ at the last step, shape (B, n).

        Returns:
            As `advance`. In a graph, what nobody asks for of the two is not computed.
        """
        factors = self._factors(chunk)
        l = self.dynamics.blame(dh, chunk.state, self._spread)
        if self.step is traces.chunked:
            return traces.closed(trace, *factors, l)
        after, _ = self.step(trace, *factors)
        return after, traces.credit(after, l)

    def _factors(self, chunk):
        """r, d and v of a chunk."""
        d = self.dynamics.reaction(chunk.old, chunk.new, chunk.kept)
        r = self.dynamics.rows(self.decay(chunk))
        if chunk.mask is not None:  # at a masked step the trace stays as it is
            d = tf.where(chunk.mask, d, tf.zeros_like(d))
            r = tf.where(chunk.mask, r, tf.ones_like(r))
        return r, d, self.dynamics.read(chunk)

    def fit(self, sums, chunk, noise):
        """Take a chunk of the regression that β and γ are learned by.

        Args:
            sums: Ω and Γ before it, each (P, n).
            chunk: a `Chunk` with what the noise moved.
            noise: (C, P, n).

        Returns:
            Ω and Γ after it, and a `Fit`.
        """
        disturbed = size(noise, 1)
        decay, mask = self.decay(chunk), chunk.mask
        if decay.shape[1] != 1:
            decay = decay[:, :disturbed]
        if mask is not None:
            mask = mask[:, :disturbed]
        omega, gamma = integrate(decay, noise, *sums, mask)
        fit = fit_gradients(tf.convert_to_tensor(self.kernel.beta), omega, gamma, chunk.moved, mask)
        if self.rule.decay != "kernel":
            fit = fit._replace(gamma=tf.zeros_like(fit.gamma))
        return (omega[-1], gamma[-1]), fit

    def _spread(self, delta):
        if not self.rule.learned:
            return delta
        # As one product, also with an axis of steps.
        return tf.tensordot(delta, tf.convert_to_tensor(self.kernel.beta), 1)
