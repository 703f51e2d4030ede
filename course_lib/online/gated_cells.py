"""What the rules ask of a GRU, in both conventions, and of an LSTM with peepholes."""

import tensorflow as tf

from course_lib.layers import GRUCell, LSTMVariantCell
from course_lib.online.cells import DYNAMICS, Dynamics, LSTMDynamics


class GRUDynamics(Dynamics):
    """The GRU whose reset gate stands behind the product with h: the credited state is h.

    h_t = z h_{t-1} + (1 - z) g, g = tanh(x W_g + b_g + r (h W_gh + b_gh)). What r multiplies is a
    row of credit by itself. The columns are z, r, the part of g from x, and that from h.
    """

    parts = 1
    gates = 4

    def weights(self):
        """W_h (n, 3n), W_x (m, 3n), b (2, 3n) if any: as the cell has them."""
        return [self.cell.W_h, self.cell.W_x, self.cell.b]

    def matrices(self):
        """With the columns of g apart."""
        n = self.units
        W_h, W_x, *b = (tf.convert_to_tensor(w) for w in self.weights())
        no_x, no_h = tf.zeros_like(W_x[:, :n]), tf.zeros_like(W_h[:, :n])
        of_x, of_h = tf.unstack(b[0]) if b else 2 * [tf.zeros((3 * n,), W_h.dtype)]
        return (
            tf.concat([W_h[:, : 2 * n], no_h, W_h[:, 2 * n :]], axis=1),
            tf.concat([W_x, no_x], axis=1),
            tf.concat([of_x[: 2 * n] + of_h[: 2 * n], of_x[2 * n :], of_h[2 * n :]], axis=0),
        )

    def split(self, gradient):
        """A gradient (n + m + 1, 4n) as a list in the order of `weights`."""
        n = self.units
        of_x, of_h = (
            gradient[:, : 3 * n],
            tf.concat([gradient[:, : 2 * n], gradient[:, 3 * n :]], 1),
        )
        parts = [of_h[:n], of_x[n:-1], tf.stack([of_x[-1], of_h[-1]])]
        return parts[: len(self.weights())]

    def step(self, a, state):
        """h; kept are z, r, g and what r multiplies."""
        z, r, of_x, of_h = tf.split(a, 4, axis=-1)
        z, r = tf.sigmoid(z), tf.sigmoid(r)
        g = tf.tanh(of_x + r * of_h)
        return (z * state[0] + (1 - z) * g,), (z, r, g, of_h)

    def tangent(self, da, dstate, state, new, kept):
        """Product rule, line by line as in `step`."""
        z, r, g, of_h = kept
        dz, dr, of_x, dof_h = tf.split(da, 4, axis=-1)
        dz, dr = dz * z * (1 - z), dr * r * (1 - r)
        dg = (1 - g * g) * (of_x + dr * of_h + r * dof_h)
        return (z * dstate[0] + dz * (state[0] - g) + (1 - z) * dg,)

    def reaction(self, old, new, kept):
        """dh/da of z, r and both parts of g, side by side."""
        z, r, g, of_h = kept
        on_g = (1 - z) * (1 - g * g)
        return tf.concat(
            [(old[0] - g) * z * (1 - z), on_g * of_h * r * (1 - r), on_g, on_g * r], axis=-1
        )

    def diagonal(self, old, new, kept):
        """z, and the way of each unit's h through its own gates."""
        n = self.units
        W_h = self.matrices()[0]
        own = tf.concat([tf.linalg.diag_part(W_h[:, k * n : k * n + n]) for k in range(4)], axis=0)
        ways = self.reaction(old, new, kept) * own
        return kept[0] + tf.add_n(tf.split(ways, 4, axis=-1))

    def blame(self, dh, new, spread):
        """The same for all four."""
        return tf.concat(4 * [spread(dh)], axis=-1)

    def rows(self, r):
        """The same for all four."""
        return tf.concat(4 * [r], axis=-1)


class ResetFirstDynamics(Dynamics):
    """The GRU whose reset gate stands before the product with h: the credited state is h.

    h_t = z h_{t-1} + (1 - z) g, g = tanh(x W_g + b_g + (r h) W_gh). A reset gate reaches all units
    within its own step. So it has two rows of credit: one for what it does to its own unit, which
    lives on as that does, and one for all others, which is exact for the step and then gone. Rows
    are z, r on itself, r on others, g. What g's synapses read is r h, not h. The state is h and
    (1 - z)(1 - g²), which stands between the others and the loss.
    """

    parts = 2
    gates = 4

    def weights(self):
        """W_h (n, 3n), W_x (m, 3n), b (3n,) if any: as the cell has them."""
        return [self.cell.W_h, self.cell.W_x, self.cell.b]

    def matrices(self):
        """Without what g reads of h; that of r twice, since it has two rows."""
        W_h, W_x, *b = (tf.convert_to_tensor(w) for w in self.weights())
        b = b[0] if b else tf.zeros_like(W_x[0])
        z, r, g = tf.split(W_h, 3, axis=1)
        return tf.concat([z, r, r, tf.zeros_like(g)], 1), self._twice(W_x), self._twice(b)

    def split(self, gradient):
        """A gradient (2n + m + 1, 4n) as a list in the order of `weights`."""
        n = self.units
        z, own, others, g = tf.split(gradient, 4, axis=1)
        of_r = own + others
        W_h = tf.concat([z[n : 2 * n], of_r[n : 2 * n], g[:n]], axis=1)
        rest = tf.concat([z[2 * n :], of_r[2 * n :], g[2 * n :]], axis=1)
        return [W_h, rest[:-1], rest[-1]][: len(self.weights())]

    def reads(self, inputs):
        """r h, h, x and 1."""
        return 2 * self.units + inputs + 1

    def read(self, chunk):
        """r h, h, x and 1."""
        return tf.concat([chunk.kept[1] * chunk.old[0], chunk.v], axis=-1)

    def step(self, a, state):
        """h, and what stands between g and it; kept are z, r and g."""
        z, r, _, of_x = tf.split(a, 4, axis=-1)
        z, r = tf.sigmoid(z), tf.sigmoid(r)
        g = tf.tanh(of_x + tf.matmul(r * state[0], self._W_g))
        return (z * state[0] + (1 - z) * g, (1 - z) * (1 - g * g)), (z, r, g)

    def tangent(self, da, dstate, state, new, kept):
        """Product rule, line by line as in `step`; nothing reads the second part."""
        z, r, g = kept
        dz, dr, _, _ = tf.split(da, 4, axis=-1)
        dz, dr = dz * z * (1 - z), dr * r * (1 - r)
        dg = (1 - g * g) * tf.matmul(dr * state[0] + r * dstate[0], self._W_g)
        dh = z * dstate[0] + dz * (state[0] - g) + (1 - z) * dg
        return dh, tf.zeros_like(dh)

    def reaction(self, old, new, kept):
        """dh/da of z, of r by its own unit, d(r h)/da, and dh/da of g, side by side."""
        z, r, g = kept
        on_r = old[0] * r * (1 - r)
        own = tf.linalg.diag_part(self._W_g)
        return tf.concat([(old[0] - g) * z * (1 - z), new[1] * own * on_r, on_r, new[1]], axis=-1)

    def diagonal(self, old, new, kept):
        """z, and all ways of each unit's h back to itself within the step."""
        z, r, g = kept
        W_z, W_r, W_g = tf.split(tf.convert_to_tensor(self.weights()[0]), 3, axis=1)
        through_z = (old[0] - g) * z * (1 - z) * tf.linalg.diag_part(W_z)
        through_r = tf.matmul(old[0] * r * (1 - r), tf.transpose(W_r) * W_g)
        return z + through_z + new[1] * (r * tf.linalg.diag_part(W_g) + through_r)

    def blame(self, dh, new, spread):
        """δ for z, r's own unit and g; for r the blame of the other units' g."""
        others = self._W_g - tf.linalg.diag(tf.linalg.diag_part(self._W_g))
        own = spread(dh)
        back = tf.tensordot(dh * new[1], others, [[-1], [1]])
        return tf.concat([own, own, back, own], axis=-1)

    def rows(self, r):
        """The same for all but r's way to others, which is gone after the step."""
        return tf.concat([r, r, tf.zeros_like(r), r], axis=-1)

    @property
    def _W_g(self):
        return tf.convert_to_tensor(self.weights()[0])[:, 2 * self.units :]

    def _twice(self, a):
        z, r, g = tf.split(a, 3, axis=-1)
        return tf.concat([z, r, r, g], axis=-1)


class PeepholeDynamics(LSTMDynamics):
    """The LSTM whose gates see the memory of their unit.

    Peepholes are read like all else: v begins with c_{t-1} and c_t. Of these rows only those are
    used that belong to a unit itself, so that a trace is up to three times as large.
    """

    def __init__(self, cell):
        super().__init__(cell)
        if cell.layer_norm:
            raise ValueError(
                "A layer norm ties all units of a cell together: the rules don't know it; take"
                " LSTMVariantCell without layer_norm, or the rule bptt."
            )

    def weights(self):
        """W_h, W_x, b, and the peepholes of i, f and o, if any."""
        cell = self.cell
        return [*super().weights(), *([cell.p_i, cell.p_f, cell.p_o] if cell.peepholes else [])]

    def matrices(self):
        """Those of the LSTM; the peepholes are added in the step."""
        return tuple(tf.convert_to_tensor(w) for w in super().weights())

    def reads(self, inputs):
        """c_{t-1}, c_t, h, x and 1."""
        return 2 * self.units + super().reads(inputs)

    def read(self, chunk):
        """c_{t-1}, c_t, h, x and 1."""
        return tf.concat([chunk.old[1], chunk.new[1], chunk.v], axis=-1)

    def split(self, gradient):
        """A gradient (3n + m + 1, 4n) as a list in the order of `weights`."""
        n = self.units
        before, now = gradient[:n], gradient[n : 2 * n]
        peepholes = [before[:, :n], before[:, n : 2 * n], now[:, 3 * n :]]
        main = gradient[2 * n :]
        parts = [main[:n], main[n:-1], main[-1], *map(tf.linalg.diag_part, peepholes)]
        return parts[: len(self.weights())]

    def step(self, a, state):
        """As the LSTM, with c_{t-1} in i and f, and c_t in o."""
        p_i, p_f, p_o = self._peepholes
        i, f, g, o = tf.split(a, 4, axis=-1)
        i, f, g = tf.sigmoid(i + p_i * state[1]), tf.sigmoid(f + p_f * state[1]), tf.tanh(g)
        c = f * state[1] + i * g
        seen, o = tf.tanh(c), tf.sigmoid(o + p_o * c)
        return (o * seen, c, o), (i, f, g, seen)

    def tangent(self, da, dstate, state, new, kept):
        """Product rule, line by line as in `step`."""
        p_i, p_f, p_o = self._peepholes
        i, f, g, seen = kept
        di, df, dg, do = tf.split(da, 4, axis=-1)
        di, df = (di + p_i * dstate[1]) * i * (1 - i), (df + p_f * dstate[1]) * f * (1 - f)
        dc = f * dstate[1] + df * state[1] + di * g + i * dg * (1 - g * g)
        do = (do + p_o * dc) * new[2] * (1 - new[2])
        return do * seen + new[2] * (1 - seen * seen) * dc, dc, do

    def diagonal(self, old, new, kept):
        """f, and the way of c through its own peepholes."""
        p_i, p_f, _ = self._peepholes
        d_i, d_f, _, _ = tf.split(self.reaction(old, new, kept), 4, axis=-1)
        return kept[1] + d_i * p_i + d_f * p_f

    def blame(self, dh, new, spread):
        """As the LSTM; c also speaks through o."""
        _, c, o = new
        seen, p_o = tf.tanh(c), self._peepholes[2]
        on_memory = spread(dh * (o * (1 - seen**2) + seen * o * (1 - o) * p_o))
        return tf.concat([on_memory, on_memory, on_memory, dh], axis=-1)

    @property
    def _peepholes(self):
        if not self.cell.peepholes:
            return 3 * [tf.zeros((self.units,), self.dtype)]
        return [tf.convert_to_tensor(w) for w in self.weights()[3:]]


def gru(cell):
    """The dynamics of a GRU, by its convention."""
    return GRUDynamics(cell) if cell.reset_after else ResetFirstDynamics(cell)


DYNAMICS[GRUCell] = gru
DYNAMICS[LSTMVariantCell] = PeepholeDynamics
