"""Exact traces of layers whose units keep to themselves, a window of steps at a time.

What a state owes to the weights, ∂z/∂w, takes one number for each weight, since no other unit's
state stands between them. So RTRL costs no more than the layer itself, and nothing is left out
(Zucchet et al., 2023, "Online learning of long-range dependencies"). A trace is carried from one
window to the next; what happens inside a window is the tape's business, and no more is kept of it
than the window is long.
"""

from typing import Any

import tensorflow as tf

from course_lib.layers import LRUCell, MinGRUCell, ResidualBlock
from course_lib.layers.scan import scan
from course_lib.layers.scanned import ScannedRNN
from course_lib.online.traces import chunked, credit

Gradients = list[tuple[Any, tf.Tensor]]  # pairs of a weight and its gradient


class LRUTraces:
    """Of an `LRUCell`: two of them.

    E_log (B, n), complex: ∂z/∂ log lam. E_x (B, m, n), complex: the inputs so far, each faded and
    turned by the lam of the unit that reads it; with gamma it is ∂z/∂B, with B it is ∂z/∂gamma.

    Weights may change between two windows. In E_log and E_x each step then stands as it was taken,
    with the lam, B and gamma of that time. `credit` multiplies by the B, gamma and slopes of lam
    that hold now, which nobody has to carry.
    """

    def __init__(self, cell: LRUCell) -> None:
        self.cell = cell

    def zero(self, batch: Any, inputs: int) -> tuple[tf.Tensor, tf.Tensor]:
        """Before the first step, when the state owes nothing to any weight."""
        real = tf.zeros((batch, inputs, self.cell.units), self.cell.variable_dtype)
        E_x = tf.complex(real, real)
        return tf.reduce_sum(E_x, axis=1), E_x

    def advance(
        self, traces: Any, x: tf.Tensor, states: list[tf.Tensor], mask: tf.Tensor | None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The traces after a window of steps.

        Args:
            traces: before it.
            x: what the cell read, shape (B, C, m).
            states: of the cell, before the window.
            mask: shape (B, C), or None.
        """
        E_log, E_x = traces
        cell, n = self.cell, self.cell.units
        x = tf.cast(x, cell.variable_dtype)
        real = tf.ones_like(x[:1, :, :1]) if mask is None else tf.cast(mask, x.dtype)[..., None]
        if mask is not None:
            x = tf.where(mask[..., None], x, tf.zeros_like(x))
        later = tf.cumsum(real, axis=1, exclusive=True, reverse=True)  # real steps after each
        powers = tf.concat(cell.eigenvalues(later), axis=-1)
        sums = tf.matmul(x, tf.concat([powers, later * powers], axis=-1), transpose_a=True)
        new_x, by_log = (
            tf.complex(sums[..., i : i + n], sums[..., i + n : i + 2 * n]) for i in (0, 2 * n)
        )
        steps = tf.reduce_sum(real, axis=1)
        left = tf.complex(*cell.eigenvalues(steps))
        steps = tf.cast(steps, left.dtype)
        E_log = left * (E_log + steps * tf.complex(*states))
        E_log += tf.reduce_sum(by_log * tf.complex(*cell.scaled_B()), axis=1)
        return E_log, left[:, None] * E_x + new_x

    def credit(self, traces: Any, dstates: list[tf.Tensor]) -> Gradients:
        """The gradient of a loss that hears of the weights through the state.

        Args:
            traces: of the state.
            dstates: the loss's gradient by Re z and Im z, shape (B, n) each.
        """
        E_log, E_x = traces
        cell, g = self.cell, tf.complex(*dstates)
        along = tf.reduce_sum(tf.math.conj(g) * E_log, axis=0)
        dB = tf.reduce_sum(g[:, None] * tf.math.conj(E_x), axis=0)  # (m, n), over gamma
        B, scale = tf.complex(*cell.scaled_B()), tf.exp(cell.gamma_log)
        dB_re, dB_im = tf.math.real(dB), tf.math.imag(dB)
        return [
            (cell.nu_log, -tf.exp(cell.nu_log) * tf.math.real(along)),
            (cell.theta_log, -tf.exp(cell.theta_log) * tf.math.imag(along)),
            (cell.gamma_log, tf.reduce_sum(tf.math.real(tf.math.conj(dB) * B), axis=0)),
            (cell.B[0], scale * dB_re),
            (cell.B[1], scale * dB_im),
        ]


class MinGRUTraces:
    """Of a `MinGRUCell`: ∂h/∂W_g and ∂h/∂W_c side by side, (B, m + 1, 2n), with the biases' row.

    Weights may change between two windows. Each step then stands in them as it was taken: they say
    how h as it is would move, had the weights of all steps so far been moved alike.
    """

    def __init__(self, cell: MinGRUCell) -> None:
        self.cell = cell

    def zero(self, batch: Any, inputs: int) -> tf.Tensor:
        """Before the first step, when the state owes nothing to any weight."""
        return tf.zeros((batch, inputs + 1, 2 * self.cell.units), self.cell.variable_dtype)

    def advance(
        self, traces: tf.Tensor, x: tf.Tensor, states: list[tf.Tensor], mask: tf.Tensor | None
    ) -> tf.Tensor:
        """The traces after a window of steps; see `LRUTraces.advance`."""
        x = tf.transpose(x, (1, 0, 2))
        kept, new = self.cell.decay_and_input(x)
        gate = 1 - kept
        if mask is not None:
            real = tf.transpose(mask)[..., None]
            x = tf.where(real, x, tf.zeros_like(x))
            kept, new = tf.where(real, kept, 1), tf.where(real, new, 0)
            gate = tf.where(real, gate, 0)
        h = scan(kept, new, states[0], axis=0)
        before = tf.concat([states[0][None], h[:-1]], axis=0)
        # g (1 - g) (c - h_{t-1}), with g c at hand
        by_gate = kept * (new - gate * before)
        v = tf.cast(tf.concat([x, tf.ones_like(x[..., :1])], axis=-1), kept.dtype)
        both = tf.concat([kept, kept], axis=-1)
        return chunked(traces, both, tf.concat([by_gate, gate], axis=-1), v)[0]

    def credit(self, traces: tf.Tensor, dstates: list[tf.Tensor]) -> Gradients:
        """The gradient of a loss that hears of the weights through h; see `LRUTraces.credit`."""
        cell = self.cell
        by_gate, by_candidate = tf.split(
            credit(traces, tf.concat([dstates[0], dstates[0]], axis=-1)), 2, axis=-1
        )
        return [
            (cell.W_g, by_gate[:-1]),
            (cell.b_g, by_gate[-1]),
            (cell.W_c, by_candidate[:-1]),
            (cell.b_c, by_candidate[-1]),
        ]


TRACES = {LRUCell: LRUTraces, MinGRUCell: MinGRUTraces}


def recurrence_of(layer: ScannedRNN | ResidualBlock) -> ScannedRNN:
    """The recurrent layer itself, or the one in a block."""
    return layer.recurrence if isinstance(layer, ResidualBlock) else layer


def traces_of(layer: ScannedRNN | ResidualBlock) -> LRUTraces | MinGRUTraces:
    """The traces of a recurrent layer's weights, or of those of the one in a block."""
    cell = recurrence_of(layer).cell
    return TRACES[type(cell)](cell)
