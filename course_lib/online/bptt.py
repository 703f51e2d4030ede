"""Truncated backpropagation through time: the tape is cut every few steps."""

import keras
import numpy as np
import tensorflow as tf
from keras.src import backend

from course_lib.online.forward import size


def check_shown(rnn, inputs):
    """See that a cell's output is its state, the first part of it: all that `read_on` gives.

    Args:
        rnn: a `keras.layers.RNN`, built.
        inputs: m.

    Raises:
        ValueError: it is something else.
    """
    draw = np.random.default_rng(0)
    before = [
        part + tf.cast(draw.normal(size=part.shape), part.dtype)
        for part in keras.tree.flatten(rnn.get_initial_state(2))
    ]
    out, after = rnn.cell(tf.zeros((2, inputs), rnn.compute_dtype), before)
    state = keras.tree.flatten(after)[0]
    if out.shape != state.shape or not bool(tf.reduce_all(out == state)):
        raise ValueError(
            f"The output of {type(rnn.cell).__name__} is not its state, which tbptt, stateful"
            " models and streams read: take the rule bptt, or leave to the readout what makes the"
            " one of the other."
        )


def read_on(rnn, x, mask, state, cuts=None, training=False):
    """Run the cell of a Keras RNN from a state.

    At a masked step the state stays, and so does what is shown of it: a sequence that begins with
    masked steps shows the state that it began with, and one that ended long ago shows its last.

    Args:
        rnn: a `keras.layers.RNN`, built.
        x: inputs, (batch, T, m).
        mask: (batch, T), or None.
        state: a list of tensors (batch, n).
        cuts: (T,), True where the gradient goes back to the step itself and no further; in a
            sequence for which that step is masked, to the next real one. None: it goes back to the
            first step.
        training: what a cell is told that asks for it.

    Returns:
        h after each step, (batch, T, n), and the last state, a list.

    Raises:
        ValueError: in training, the cell has dropout inside, which Keras's own layer alone draws.
    """
    cell, inputs = rnn.cell, x.shape[2]
    if training and (getattr(cell, "dropout", 0) or getattr(cell, "recurrent_dropout", 0)):
        raise ValueError(
            "Windows and streams don't know dropout inside a cell: leave it out there, put a"
            " Dropout into the readout, or take the rule bptt without a stream."
        )
    told = {"training": training} if cell._call_has_training_arg else {}
    if cuts is not None:  # beside the inputs, since Keras's loop is told of nothing else
        cuts = tf.broadcast_to(cuts[None], tf.shape(x)[:2])
        if mask is not None:
            cuts = _at_real_steps(cuts, mask)
        x = tf.concat([x, tf.cast(cuts, x.dtype)[..., None]], axis=2)

    def step(x_t, state):
        if cuts is not None:
            cut = x_t[:, inputs:] > 0
            state = [tf.where(cut, tf.stop_gradient(part), part) for part in state]
        _, new = cell(x_t[:, :inputs], state, **told)
        new = list(new) if isinstance(new, (list, tuple)) else [new]
        return new[0], new

    _, h, new = backend.rnn(step, x, state, mask=mask)
    if mask is not None:
        begun = tf.cumsum(tf.cast(mask, tf.int32), axis=1) > 0
        h = tf.where(begun[..., None], h, state[0][:, None])
    return h, list(new)


def _at_real_steps(cuts, mask):
    """Cuts (batch, T), each moved to the next real step: a gap hides none.

    One behind the last real step is nowhere: the sequence keeps the window that it ended in.
    """
    before = tf.cumsum(tf.cast(mask, tf.int32), axis=1, exclusive=True)  # real steps
    batch, T = tf.shape(mask)[0], tf.shape(mask)[1]
    group = before + T * tf.range(batch)[:, None]  # a real step, and the gap that leads to it
    some = tf.math.unsorted_segment_max(tf.cast(cuts, tf.int32), group, batch * T)
    return mask & (tf.gather(some, group) > 0)


def truncated_bptt(rnn, x, mask, window, state):
    """States whose gradient looks back to the start of their window and no further.

    Only the last window of a loss at the last step has a gradient, then: it is a whole one.

    Args:
        rnn, x, mask, state: as for `read_on`.
        window: steps between two cuts; "auto" is T, which is BPTT.

    Returns:
        As `read_on`, in training.
    """
    left = size(x, 1) - tf.range(size(x, 1))
    cuts = None if window == "auto" else left % window == 0
    return read_on(rnn, x, mask, state, cuts, training=True)


class Window:
    """Truncated BPTT that changes the weights after each window: the baseline of online learning.

    The gradient of a window's loss is exact inside it, and knows nothing of what was before.

    Args:
        dynamics: of the cell.
        steps: length of a window.
    """

    def __init__(self, dynamics, steps):
        self.dynamics, self.steps = dynamics, steps

    def zero(self, batch, inputs):
        """Nothing: each chunk is a window."""
        return ()

    def empty(self, batch, inputs):
        """A window that fills up step by step: its start, inputs, mask, δ, and its length."""
        dtype, shape = self.dynamics.dtype, (self.steps, batch)
        return (
            self.dynamics.zero_state(batch),
            tf.zeros((*shape, inputs), dtype),
            tf.zeros((*shape, 1), tf.bool),
            tf.zeros((*shape, self.dynamics.units), dtype),
            tf.zeros((), tf.int32),
        )

    def advance(self, window, chunk, dh=None):
        """Take a chunk; arguments and results as for `TraceLearner.advance`."""
        if not window:
            return (), None if dh is None else self._gradient(chunk.before, chunk.x, chunk.mask, dh)
        if dh is None:
            return window, None
        start, x, mask, kept, count = window
        start = tuple(
            tf.where(count == 0, now, old) for now, old in zip(chunk.before, start, strict=True)
        )
        here = tf.ones_like(chunk.x[..., :1], tf.bool) if chunk.mask is None else chunk.mask

        def put(into, what):
            return tf.tensor_scatter_nd_update(into, [[count]], what)

        window = start, put(x, chunk.x), put(mask, here), put(kept, dh), count + 1
        return window, self.nothing()

    def flush(self, window):
        """Close the window.

        Returns:
            An empty one, and the gradient of what was in it, as `advance` gives it.
        """
        if not window:
            return window, None
        start, x, mask, dh, count = window
        mask = mask & (tf.range(self.steps) < count)[:, None, None]
        dh = tf.where(mask, dh, tf.zeros_like(dh))
        gradient = tf.cond(
            count > 0, lambda: self._gradient(start, x, mask, dh), lambda: self.nothing()
        )
        return (*window[:-1], tf.zeros_like(count)), gradient

    def nothing(self):
        """No gradient: zero for each weight of the cell."""
        return [tf.zeros(w.shape, self.dynamics.dtype) for w in self.dynamics.weights()]

    def split(self, gradient):
        """It is a list in the order of the weights already."""
        return gradient

    def _gradient(self, state, x, mask, dh):
        weights = [w.value for w in self.dynamics.weights()]
        with tf.GradientTape() as tape:
            tape.watch(weights)
            h = self.dynamics.run(state, x, mask).new[0]
        none = tf.UnconnectedGradients.ZERO
        return tape.gradient(h, weights, dh, unconnected_gradients=none)
