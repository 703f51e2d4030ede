"""A chunk of steps forward, with what the rules want to know of it.

Only the state itself has to be found one step after the other. In the same loop some sequences are
run a second time beside a small disturbance: that is how KeRNL learns how a state depends on an
earlier one.
"""

from typing import Any, NamedTuple

import tensorflow as tf


class Probe(NamedTuple):
    """Sequences that are disturbed: the first P of the batch.

    state: the tangents, or for a finite disturbance the disturbed states, each (P, n).
    noise: what is added to the credited state after each step, shape (C, P, n).
    size: 0 for the tangent; else how large a finite disturbance is, in units of the state.
    """

    state: tuple[tf.Tensor, ...]
    noise: tf.Tensor
    size: float


class Chunk(NamedTuple):
    """What happened in C steps.

    x (C, B, m); mask (C, B, 1) or None; before: the state before the first step; new: parts of the
    state after each step, each (C, B, n); kept: what the cell itself remembers; state: after the
    last step; moved: how far the credited state was moved by the noise so far, per unit of noise,
    (C, P, n), or None; probe: state of the probe after the last step, or None.
    """

    x: tf.Tensor
    mask: tf.Tensor | None
    before: tuple[tf.Tensor, ...]
    new: tuple[tf.Tensor, ...]
    kept: tuple[tf.Tensor, ...]
    state: tuple[tf.Tensor, ...]
    moved: tf.Tensor | None
    probe: tuple[tf.Tensor, ...] | None

    @property
    def old(self) -> tuple[tf.Tensor, ...]:
        """Parts of the state before each step, each (C, B, n)."""
        return tuple(
            tf.concat([first[None], after[:-1]], axis=0)
            for first, after in zip(self.before, self.new, strict=True)
        )

    @property
    def v(self) -> tf.Tensor:
        """What the synapses read: h_{t-1}, x_t and 1, side by side, (C, B, n + m + 1)."""
        return tf.concat([self.old[0], self.x, tf.ones_like(self.x[..., :1])], axis=-1)


def unroll(dynamics: Any, state, x, mask=None, probe: Probe | None = None) -> Chunk:
    """Run a cell over a chunk.

    Args:
        dynamics: of the cell.
        state: tuple of (B, n), before the chunk.
        x: inputs, shape (C, B, m).
        mask: shape (C, B, 1), True at a real step; at others the state stays. None: all are real.
        probe: what to disturb; None disturbs nothing.
    """
    steps = size(x, 0)
    projected = dynamics.project(x)
    W_h = dynamics.matrices()[0]
    disturbed = 0 if probe is None else size(probe.noise, 1)

    def step(t, state, beside):
        """New state, what is kept, new state of the probe, and how far the noise has moved it."""
        new, kept = dynamics.step(projected[t] + tf.matmul(state[0], W_h), state)
        if probe is None:
            return _stay(mask, t, new, state), kept, (), None
        # A product of its own: the next state does not wait for the disturbed copy.
        from_beside = tf.matmul(beside[0], W_h)
        first = lambda parts: tuple(part[:disturbed] for part in parts)  # noqa: E731
        noise = probe.noise[t]
        if probe.size:
            beside_new, _ = dynamics.step(projected[t][:disturbed] + from_beside, beside)
            noise *= probe.size
        else:
            beside_new = dynamics.tangent(
                from_beside, beside, first(state), first(new), first(kept)
            )
        here = dynamics.credited
        beside_new = tuple(
            part + noise if number == here else part for number, part in enumerate(beside_new)
        )
        new = _stay(mask, t, new, state)
        beside_new = _stay(mask, t, beside_new, beside, disturbed)
        moved = beside_new[here]
        if probe.size:
            moved = (moved - new[here][:disturbed]) / probe.size
        return new, kept, beside_new, moved

    # What a step gives, to know how many parts there are; nothing of it is computed.
    example = step(tf.constant(0), state, () if probe is None else probe.state)
    flat = [*example[0], *example[1], *([] if probe is None else [example[3]])]
    arrays = [tf.TensorArray(a.dtype, steps, element_shape=a.shape) for a in flat]

    def body(t, state, beside, arrays):
        new, kept, beside, moved = step(t, state, beside)
        values = [*new, *kept, *([] if probe is None else [moved])]
        arrays = [a.write(t, value) for a, value in zip(arrays, values, strict=True)]
        return t + 1, new, beside, arrays

    _, last, beside, arrays = tf.while_loop(
        lambda t, *_: t < steps,
        body,
        (0, state, () if probe is None else probe.state, arrays),
        maximum_iterations=steps,
    )
    stacked = [a.stack() for a in arrays]
    parts, kept = len(state), len(example[1])
    new = tuple(stacked[:parts])
    return Chunk(
        x,
        mask,
        state,
        new,
        tuple(stacked[parts : parts + kept]),
        last,
        None if probe is None else stacked[-1],
        None if probe is None else beside,
    )


def piece(a: tf.Tensor | None, start: int | tf.Tensor, length: int | tf.Tensor) -> tf.Tensor | None:
    """Some steps of (B, T, ...), of a fixed length where that is a number, as XLA wants it."""
    if a is None:
        return None
    rest = len(a.shape) - 2
    part = tf.slice(a, [0, start] + rest * [0], [-1, length] + rest * [-1])
    known = length if isinstance(length, int) else None
    return tf.ensure_shape(part, (a.shape[0], known, *a.shape[2:]))


def size(a: tf.Tensor, axis: int) -> int | tf.Tensor:
    """The size of an axis: a number where it is known, else a tensor."""
    known = a.shape[axis]
    return tf.shape(a)[axis] if known is None else known


def _stay(mask, t, new, old, rows=None):
    if mask is None:
        return new
    here = mask[t] if rows is None else mask[t][:rows]
    return tuple(tf.where(here, a, b) for a, b in zip(new, old, strict=True))
