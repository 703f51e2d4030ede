"""RTRL that keeps what a synapse does within two steps: SnAp-2, cheap where few units are heard."""

import numpy as np
import tensorflow as tf

from course_lib.online.forward import size
from course_lib.online.sparse import SparseDynamics


class SnAp2:
    """Influences of every weight on its own unit i and on those that hear i; no others.

        M_k,ji(t) = Σ_l ∂h_k(t)/∂h_l(t-1) M_l,ji(t-1)  +  [k = i] d_i(t) v_j(t)

    for k = i and for every k that hears i. A synapse changes its unit at once, and those that hear
    the unit a step later: these are the entries of RTRL's M that two steps fill. From then on they
    pass their influence on to each other; what would reach any other unit is dropped. In groups of
    units that hear only each other nothing is, and the gradient is RTRL's.

    Where each unit hears K units, itself among them, and is heard by as many, M has n K (K + m + 1)
    numbers a sequence, and a step K times as many multiplications. RTRL's M has n² (n + m + 1), and
    a step n times as many. Source: Menick et al., ICLR 2021.

    Raises:
        ValueError: the cell is no `SparseRNNCell`. Two steps reach everything there.
    """

    def __init__(self, dynamics):
        if not isinstance(dynamics, SparseDynamics):
            raise ValueError(_too_dear(dynamics))
        self.dynamics = dynamics
        n, inputs = dynamics.units, dynamics.weights()[1].shape[0]
        itself = range(n)
        heard = dynamics.heard & ~np.eye(n, dtype=bool)
        # The units that i changes, i first: (n, K). Rows are filled up with i; M stays 0 there.
        reached = [[i, *np.flatnonzero(heard[i])] for i in itself]
        self.reached, self.real = _table(reached, itself)
        # What i reads of v, (n, q). Rows are filled up with an entry behind v, which is 0.
        self.rows = dynamics.reads(inputs)
        reads = [[i, *np.flatnonzero(heard[:, i]), *range(n, self.rows)] for i in itself]
        self.reads, _ = _table(reads, n * [self.rows])

    def zero(self, batch, inputs):
        """M before the first step, shape (n, K, q, B)."""
        return tf.zeros((*self.reached.shape, self.reads.shape[1], batch), self.dynamics.dtype)

    def advance(self, M, chunk, dh=None):
        """Take a chunk; arguments and results as for `TraceLearner.advance`."""
        dynamics, steps = self.dynamics, size(chunk.x, 0)
        d = _batch_last(dynamics.reaction(chunk.old, chunk.new, chunk.kept))
        v = _batch_last(tf.pad(chunk.v, [[0, 0], [0, 0], [0, 1]]))
        W = self._between()
        kept = (1 - dynamics.leak) * tf.ones((dynamics.units,), d.dtype)
        kept = tf.gather(kept, self.reached)[:, :, None, None]
        later = [[0, 0], [0, self.reached.shape[1] - 1], [0, 0], [0, 0]]

        def body(t, M, gradient):
            through = tf.gather(d[t], self.reached)[:, :, None] * tf.einsum("nkl,nlqb->nkqb", W, M)
            direct = tf.gather(v[t], self.reads) * d[t][:, None]
            new = kept * M + through + tf.pad(direct[:, None], later)
            if chunk.mask is not None:
                new = tf.where(chunk.mask[t][:, 0], new, M)
            if dh is not None:
                gradient += self._credit(new, dh[t])
            return t + 1, new, gradient

        start = (0, M, tf.zeros(self.reads.shape, M.dtype))
        _, M, gradient = tf.while_loop(
            lambda t, *_: t < steps, body, start, maximum_iterations=steps
        )
        return M, None if dh is None else self._in_columns(gradient)

    def close(self, M, chunk, dh):
        """Take the last chunk; arguments and results as for `TraceLearner.close`."""
        M, _ = self.advance(M, chunk)
        return M, self._in_columns(self._credit(M, dh))

    def _between(self):
        """W_hh from each of the units that i changes to each, (n, K, K), the later unit first."""
        W = tf.reshape(self.dynamics.matrices()[0], (-1,))
        later, earlier = self.reached[:, :, None], self.reached[:, None, :]
        real = self.real[:, :, None] & self.real[:, None, :]
        return tf.gather(W, earlier * self.dynamics.units + later) * tf.constant(real, W.dtype)

    def _credit(self, M, dh):
        """Gradient of a step's loss, (n, q), from M and dL/dh (B, n)."""
        blame = tf.gather(tf.transpose(dh), self.reached)
        return tf.einsum("nkb,nkqb->nq", blame, M)

    def _in_columns(self, gradient):
        """A gradient (n, q) in the shape (p, n), 0 where nothing is read."""
        here = np.stack([self.reads, np.indices(self.reads.shape)[0]], axis=-1)
        return tf.scatter_nd(here, gradient, (self.rows + 1, self.dynamics.units))[:-1]


def _table(lists, fill):
    """Lists of numbers as rows of one length, (n, K), and where they are real."""
    length = max(map(len, lists))
    rows = [[*a, *(length - len(a)) * [more]] for a, more in zip(lists, fill, strict=True)]
    real = np.arange(length) < np.array([len(a) for a in lists])[:, None]
    return np.array(rows, np.int32), real


def _batch_last(a):
    return tf.transpose(a, (0, 2, 1))


def _too_dear(dynamics):
    n, inputs = dynamics.units, dynamics.weights()[1].shape[0]
    numbers = n * dynamics.reads(inputs) * dynamics.gates * n
    return (
        f"snap2 is cheap for SparseRNNCell alone: in {type(dynamics.cell).__name__} two steps reach"
        f" every unit, and that is RTRL, with {numbers:,} numbers a sequence and"
        f" {n * numbers:,} multiplications a step; take that cell, or another rule."
    )
