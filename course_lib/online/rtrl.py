"""Real-time recurrent learning: the exact gradient without a tape, and its price."""

import tensorflow as tf

from course_lib.online.cells import VanillaDynamics
from course_lib.online.forward import size


class RTRL:
    """The exact influence of every weight on every unit, carried forward (Williams, Zipser, 1989).

        M_k,ji(t) = Σ_l ∂h_k(t)/∂h_l(t-1) M_l,ji(t-1)  +  [k = i] d_i(t) v_j(t)
        gradient_ji = Σ_t Σ_k dL/dh_k(t) M_k,ji(t)

    It needs n² (n + m + 1) numbers a sequence and n times as many operations a step. That is why
    there are the other rules; this one is what they are measured by.

    Raises:
        TypeError: the cell is no vanilla or leaky cell.
    """

    def __init__(self, dynamics):
        _only_vanilla(dynamics, "rtrl")
        self.dynamics = dynamics

    def zero(self, batch, inputs):
        """M before the first step, shape (B, n, n + m + 1, n)."""
        n = self.dynamics.units
        return tf.zeros((batch, n, n + inputs + 1, n), self.dynamics.dtype)

    def advance(self, M, chunk, dh=None):
        """Take a chunk; arguments and results as for `TraceLearner.advance`."""
        dynamics, steps = self.dynamics, size(chunk.x, 0)
        W = dynamics.matrices()[0]
        d = dynamics.reaction(chunk.old, chunk.new, chunk.kept)
        v = chunk.v
        kept = (1 - dynamics.leak) * tf.ones((dynamics.units,), d.dtype)
        unit = tf.eye(dynamics.units, dtype=d.dtype)[None, :, None, :]

        def body(t, M, gradient):
            direct = unit * v[t][:, None, :, None] * d[t][:, None, None, :]
            through = d[t][:, :, None, None] * tf.einsum("bljr,lk->bkjr", M, W)
            new = kept[:, None, None] * M + through + direct
            if chunk.mask is not None:
                new = tf.where(chunk.mask[t][:, :, None, None], new, M)
            if dh is not None:
                gradient += tf.einsum("bk,bkjr->jr", dh[t], new)
            return t + 1, new, gradient

        start = (0, M, tf.zeros(M.shape[2:], M.dtype))
        _, M, gradient = tf.while_loop(
            lambda t, *_: t < steps, body, start, maximum_iterations=steps
        )
        return M, None if dh is None else gradient

    def close(self, M, chunk, dh):
        """Take the last chunk; arguments and results as for `TraceLearner.close`."""
        M, _ = self.advance(M, chunk)
        return M, tf.einsum("bk,bkjr->jr", dh, M)


def _only_vanilla(dynamics, rule):
    if not isinstance(dynamics, VanillaDynamics):
        raise TypeError(
            f"{rule} is written for VanillaRNNCell, LeakyRNNCell, SparseRNNCell, GradualRNNCell and"
            " SimpleRNNCell alone: take one of these, or another rule."
        )
