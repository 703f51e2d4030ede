"""Cells that can be trained with every rule, and what a rule asks of a cell.

The engine never looks into a cell. It asks a `Dynamics` for one step, for the step's tangent, and
for how the state reacts to each unit's own input. To train a cell of your own, subclass
`Dynamics` and add it to `DYNAMICS`.
"""

import math

import keras
import numpy as np
import tensorflow as tf

from course_lib.layers import LSTMCell, MinGRUCell, VanillaRNNCell
from course_lib.layers.sizes import checked_units
from course_lib.online import checks
from course_lib.online.forward import size, unroll
from course_lib.values import plain_number

# name -> phi, and its slope as a function of phi's own value.
ACTIVATIONS = {
    "tanh": (tf.tanh, lambda y: 1 - y * y),
    "relu": (tf.nn.relu, lambda y: tf.cast(y > 0, y.dtype)),
}


@keras.saving.register_keras_serializable("course_lib")
class LeakyRNNCell(VanillaRNNCell):
    """A vanilla cell that may keep a part of its state, with a choice of tanh and ReLU.

    h_t = (1 - leak) h_{t-1} + leak phi(x_t W_xh + h_{t-1} W_hh + b_h). With leak 1 and tanh it is
    the vanilla RNN. A ReLU cell that starts from identity is the IRNN (Le et al., 2015).

    Args:
        units: number of units, n.
        activation: phi, "tanh" or "relu".
        leak: how much of the state is new, above 0 and up to 1. Two numbers, the fastest and the
            slowest: every unit has its own, evenly spread over the orders of magnitude.
        recurrent: where W_hh starts: "orthogonal", "identity", or a number s, for s times identity.
        noise: standard deviation of what is added to each entry of W_hh at the start.

    Raises:
        ValueError: one of them is something else.
    """

    def __init__(
        self, units, activation="tanh", leak=1.0, recurrent="orthogonal", noise=0.0, **kwargs
    ):
        super().__init__(checked_units(units), **kwargs)
        if not isinstance(activation, str) or activation not in ACTIVATIONS:
            raise ValueError(f"activation is {activation!r}; choose {' or '.join(ACTIVATIONS)}.")
        try:
            two = leak if np.ndim(leak) else (leak, leak)
            fastest, slowest = map(plain_number, two)
            fits = 0 < slowest <= fastest <= 1
        except (TypeError, ValueError):
            fits = False
        if not fits:
            raise ValueError(
                f"leak is {leak!r}; it is above 0 and up to 1, and of two the faster comes first."
            )
        leak = [fastest, slowest] if np.ndim(leak) else fastest
        named = isinstance(recurrent, str) and recurrent in ("orthogonal", "identity")
        if not named and not math.isfinite(plain_number(recurrent)):
            raise ValueError(
                f"recurrent is {recurrent!r}; choose orthogonal, identity or a number."
            )
        recurrent = recurrent if named else plain_number(recurrent)
        noise = checks.number("noise", noise)
        self.activation, self.leak, self.recurrent, self.noise = activation, leak, recurrent, noise
        # One number, or one a unit.
        self.leaks = fastest if fastest == slowest else np.geomspace(fastest, slowest, units)

    def build(self, input_shape):
        """Make W_xh (m, n), W_hh (n, n), b_h (n,)."""
        m, n = input_shape[-1], self.units
        self.W_xh = self.add_weight(name="W_xh", shape=(m, n), initializer="glorot_uniform")
        self.W_hh = self.add_weight(name="W_hh", shape=(n, n), initializer=self._start)
        self.b_h = self.add_weight(name="b_h", shape=(n,), initializer="zeros")

    def _start(self, shape, dtype=None):
        """W_hh before any training."""
        if self.recurrent == "orthogonal":
            start = self._orthogonal(shape, dtype)
        else:
            scale = 1.0 if self.recurrent == "identity" else float(self.recurrent)
            start = scale * tf.eye(self.units, dtype=dtype)
        if self.noise:
            start += keras.initializers.RandomNormal(stddev=self.noise)(shape, dtype)
        return start

    def _orthogonal(self, shape, dtype):
        return keras.initializers.Orthogonal()(shape, dtype)

    def call(self, x_t, states, training=False):
        """One step; shapes as in `VanillaRNNCell`."""
        return self._step(x_t, states[0], self.W_hh)

    def _step(self, x_t, h_prev, W_hh):
        phi, _ = ACTIVATIONS[self.activation]
        x_t = tf.cast(x_t, self.compute_dtype)
        h_t = phi(tf.matmul(x_t, self.W_xh) + tf.matmul(h_prev, W_hh) + self.b_h)
        if self.leak != 1:
            leak = tf.constant(self.leaks, h_t.dtype)
            h_t = (1 - leak) * h_prev + leak * h_t
        return h_t, [h_t]

    def get_config(self):
        """What Keras stores to build the same cell again."""
        return {
            **super().get_config(),
            "activation": self.activation,
            "leak": self.leak,
            "recurrent": self.recurrent,
            "noise": self.noise,
        }


class Dynamics:
    """What the engine asks of a cell with n units, m inputs and R rows of credit.

    A state is a tuple of tensors (B, n), h first. One of them, number `credited`, is what synapses
    write to and what noise perturbs. Row vectors: a pre-activation is x W_x + h W_h + b.
    """

    credited = 0

    def __init__(self, cell):
        self.cell = cell
        self.units = cell.units

    @property
    def dtype(self):
        """Of states and traces: that of the weights, in mixed precision too."""
        return self.cell.variable_dtype

    def check(self):
        """See that the rules know all of the cell.

        Raises:
            ValueError: it has more weights, or noise of its own.
        """
        known = [id(w) for w in self.weights()]
        more = [w.name for w in self.cell.trainable_variables if id(w) not in known]
        if more:
            raise ValueError(
                f"The rules don't know {', '.join(more)} of {type(self.cell).__name__}: set"
                " trainable = False there, or take the rule bptt."
            )

    def zero_state(self, batch):
        """The state before the first step: what the cell itself says, else zero."""
        first = getattr(self.cell, "get_initial_state", None)
        known = [] if first is None else tf.nest.flatten(first(batch_size=batch))
        more = self.parts - len(known)
        zero = tf.zeros((batch, self.units), self.dtype)
        return (*(tf.cast(part, self.dtype) for part in known), *more * [zero])

    def of_cell(self, state):
        """The parts of a state that the Keras cell itself has, a list; they come first."""
        return list(state[: len(tf.nest.flatten(self.cell.state_size))])

    def with_cell(self, state, own):
        """The state, with those parts replaced."""
        return (*own, *state[len(own) :])

    def run(self, state, x, mask=None, probe=None):
        """A `Chunk` of steps; see `course_lib.online.forward.unroll`."""
        return unroll(self, state, x, mask, probe)

    def weights(self):
        """The cell's variables in the order of `split`: W_h (n, R), W_x (m, R), b (R,) if any."""
        raise NotImplementedError

    def matrices(self):
        """W_h (n, R), W_x (m, R) and b (R,), as the step uses them."""
        W_h, W_x, *b = (tf.convert_to_tensor(w) for w in self.weights())
        return W_h, W_x, b[0] if b else tf.zeros_like(W_h[0])

    def split(self, gradient):
        """A gradient (p, R) as a list in the order of `weights`."""
        n = self.units
        return [gradient[:n], gradient[n:-1], gradient[-1]][: len(self.weights())]

    def reads(self, inputs):
        """p: how many numbers the synapses read at a step."""
        return self.units + inputs + 1

    def read(self, chunk):
        """v: what they read at each step of a chunk, (C, B, p); last, x and 1."""
        return chunk.v

    def project(self, x):
        """x W_x + b for steps (C, B, m), in one product: shape (C, B, R)."""
        _, W_x, b = self.matrices()
        flat = tf.matmul(tf.reshape(x, (-1, x.shape[-1])), W_x) + b
        return tf.reshape(flat, (size(x, 0), size(x, 1), flat.shape[-1]))

    def step(self, a, state):
        """One step from the pre-activation a (B, R).

        Returns:
            The new state, and a tuple of what the other methods want to know of the step.
        """
        raise NotImplementedError

    def tangent(self, da, dstate, state, new, kept):
        """The derivative of the step along dstate, with da = dh W_h; shapes of the state."""
        raise NotImplementedError

    def reaction(self, old, new, kept):
        """d: derivative of the credited state by the pre-activations of its own unit."""
        raise NotImplementedError

    def diagonal(self, old, new, kept):
        """Derivative of each unit's credited state by its own value a step before."""
        raise NotImplementedError

    def blame(self, dh, new, spread):
        """l: from dL/dh the blame for each row of credit.

        Args:
            dh: dL/dh, shape (..., n).
            new: the state there, parts of shape (..., n).
            spread: δ to βᵀ δ, or to δ, for the credited state.

        Returns:
            shape (..., R).
        """
        return spread(dh)

    def pass_down(self, dh, chunk):
        """What a step's loss says of the step's own input; the state before it is given.

        Args:
            dh: dL/dh at each step of a chunk, shape (C, B, n).
            chunk: a `Chunk`.

        Returns:
            dL/dx at each step, shape (C, B, m); zero at masked steps, which read nothing.
        """
        d = self.reaction(chunk.old, chunk.new, chunk.kept)
        da = d * self.blame(dh, chunk.new, lambda delta: delta)
        if chunk.mask is not None:
            da = tf.where(chunk.mask, da, tf.zeros_like(da))
        return tf.tensordot(da, self.matrices()[1], [[-1], [1]])

    def rows(self, r):
        """The decay of every row of credit, (..., R), from that of every unit, (..., n)."""
        return r

    @property
    def leak(self):
        """How much of the credited state is new at each step: one number, or (n,)."""
        return 1.0


class VanillaDynamics(Dynamics):
    """`VanillaRNNCell`, `LeakyRNNCell`, Keras's `SimpleRNNCell`: the credited state is h."""

    parts = 1
    gates = 1

    @property
    def leak(self):
        """That of the cell; 1 for the vanilla RNN."""
        if self._all_new:
            return 1.0
        return tf.constant(self.cell.leaks, self.dtype)

    @property
    def _all_new(self):
        return getattr(self.cell, "leak", 1.0) == 1

    @property
    def _activation(self):
        return ACTIVATIONS[getattr(self.cell, "activation", "tanh")]

    def weights(self):
        """W_hh, W_xh, b_h."""
        return [self.cell.W_hh, self.cell.W_xh, self.cell.b_h]

    def exist(self, inputs):
        """1 for each weight that there is, 0 for the others, (p, n); None: all of them are."""
        if len(self.weights()) > 2:
            return None
        return tf.pad(tf.ones((self.units + inputs, self.units), self.dtype), [[0, 1], [0, 0]])

    def step(self, a, state):
        """h; kept is phi, where it is not h itself."""
        y = self._activation[0](a)
        if self._all_new:
            return (y,), ()
        return ((1 - self.leak) * state[0] + self.leak * y,), (y,)

    def reaction(self, old, new, kept):
        """leak phi'."""
        if self._all_new:
            return self._activation[1](new[0])
        return self.leak * self._activation[1](kept[0])

    def tangent(self, da, dstate, state, new, kept):
        """(1 - leak) dh + d da."""
        moved = self.reaction(state, new, kept) * da
        return (moved if self._all_new else (1 - self.leak) * dstate[0] + moved,)

    def diagonal(self, old, new, kept):
        """(1 - leak) + d W_hh's diagonal."""
        own = tf.linalg.diag_part(self.matrices()[0]) * self.reaction(old, new, kept)
        return own if self._all_new else (1 - self.leak) + own


class LSTMDynamics(Dynamics):
    """`LSTMCell`: the credited state is the memory c.

    The paper trains an LSTM with KeRNL, but its equations for that are not known here: this is our
    derivation. Synapses into i, f and the candidate change c_t, and their influence lives on as
    long as c does: their traces decay with the kernel of their unit. A synapse into o changes h_t
    but not c_t: its trace is gone after one step, which gives it its direct gradient, and its later
    influence through h is left out. The state is h, c and o: o stands between c and the loss.
    """

    parts = 3
    gates = 4
    credited = 1

    def weights(self):
        """W_h, W_x, b; columns i, f, candidate, o."""
        return [self.cell.W_h, self.cell.W_x, self.cell.b]

    def step(self, a, state):
        """h, c, o; kept are i, f, candidate and tanh c."""
        i, f, g, o = tf.split(a, 4, axis=-1)
        i, f, g, o = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g), tf.sigmoid(o)
        c = f * state[1] + i * g
        seen = tf.tanh(c)
        return (o * seen, c, o), (i, f, g, seen)

    def tangent(self, da, dstate, state, new, kept):
        """Product rule, line by line as in `step`."""
        i, f, g, seen = kept
        o = new[2]
        di, df, dg, do = tf.split(da, 4, axis=-1)
        di, df, dg, do = di * i * (1 - i), df * f * (1 - f), dg * (1 - g * g), do * o * (1 - o)
        dc = f * dstate[1] + df * state[1] + di * g + i * dg
        return do * seen + o * (1 - seen * seen) * dc, dc, do

    def reaction(self, old, new, kept):
        """dc/da of i, f and candidate, and dh/da of o, side by side."""
        i, f, g, seen = kept
        o = new[2]
        return tf.concat(
            [
                g * i * (1 - i),
                old[1] * f * (1 - f),
                i * (1 - g * g),
                seen * o * (1 - o),
            ],
            axis=-1,
        )

    def diagonal(self, old, new, kept):
        """f: what c keeps of itself, as in e-prop; the way through h and the gates is left out."""
        return kept[1]

    def blame(self, dh, new, spread):
        """With dL/dc = dL/dh o (1 - tanh² c) for i, f and candidate, dL/dh for o."""
        _, c, o = new
        on_memory = spread(dh * o * (1 - tf.tanh(c) ** 2))
        return tf.concat([on_memory, on_memory, on_memory, dh], axis=-1)

    def rows(self, r):
        """The same for i, f and candidate, 0 for o."""
        return tf.concat([r, r, r, tf.zeros_like(r)], axis=-1)


# By the class whose `call` a cell has: a subclass with another step is another cell.
DYNAMICS = {
    VanillaRNNCell: VanillaDynamics,
    LeakyRNNCell: VanillaDynamics,
    LSTMCell: LSTMDynamics,
}


def dynamics_of(cell):
    """The dynamics of a cell.

    Raises:
        TypeError: there is none for cells of that type.
    """
    owner = next(kind for kind in type(cell).__mro__ if "call" in vars(kind))
    for kind in (type(cell), owner):
        if kind in DYNAMICS:
            return DYNAMICS[kind](cell)
    if isinstance(cell, MinGRUCell):
        raise TypeError(
            "No rule is written for the step of MinGRUCell: give MinGRU, or a list of such layers,"
            " to OnlineScan, which carries their exact traces; or take the rule bptt."
        )
    known = dict.fromkeys(f"{kind.__module__.split('.')[0]}'s {kind.__name__}" for kind in DYNAMICS)
    raise TypeError(
        f"No rule is written for the step of {type(cell).__name__}. There is one for"
        f" {', '.join(known)}; for another cell, subclass course_lib.online.cells.Dynamics."
    )
