"""The linear recurrent unit: units that fade and turn, and hear no other."""

import math

import keras
from keras import ops

from course_lib.layers.backend import as_complex, where
from course_lib.layers.double import in_double
from course_lib.layers.scan import scan
from course_lib.layers.scanned import (
    ScannedRNN,
    checked_timescales,
    held,
    last_real,
    only_real,
)
from course_lib.layers.sizes import checked_seed, checked_units
from course_lib.values import plain_number


@keras.saving.register_keras_serializable("course_lib")
class LRUCell(keras.layers.Layer):
    """One step of a linear recurrent unit, for Keras.

    lam = exp(-exp(nu_log) + i exp(theta_log)), so that |lam| < 1 whatever the
    parameters are; z_t = lam z_{t-1} + exp(gamma_log) (x_t B), complex; and
    y_t = Re(z_t C) + x_t D. `LRU` takes all steps of it at once. The state is
    handed out as two real tensors, Re z and Im z, each (batch, n); inside, it
    is complex64, in mixed precision too (complex128 with float64). Source:
    Orvieto et al., 2023, "Resurrecting recurrent neural networks".

    With JAX, `keras.layers.RNN` takes a mask only for cells that show a state
    of theirs, which this one doesn't; `LRU` takes it.

    Args:
        units: number of complex units, n.
        outputs: size k of the output. None: there are no C and D, and the
            output is Re z and Im z side by side, k = 2n.
        r_min, r_max: radii of the ring on which lam starts, evenly by area.
        max_phase: the largest angle that a unit turns in a step, at the start;
            angles are uniform between 0 and this. 0: no unit ever turns.
        timescales: two numbers in place of the ring, the shortest and the
            longest time constant -1 / log|lam|, in steps; log-uniform between.
        seed: of the random start.
        kwargs: what every layer of Keras takes, such as its dtype.

    Raises:
        ValueError: one of them is something else.
    """

    STATES = "the real and the imaginary part of z"

    def __init__(
        self,
        units,
        outputs=None,
        r_min=0.9,
        r_max=0.999,
        max_phase=2 * math.pi,
        timescales=None,
        seed=None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        low, high = plain_number(r_min), plain_number(r_max)
        if not 0 <= low < high <= 1:
            raise ValueError(
                f"r_min is {r_min!r} and r_max {r_max!r}; "
                "0 <= r_min < r_max <= 1."
            )
        turn = plain_number(max_phase)
        if not 0 <= turn <= 2 * math.pi:
            raise ValueError(
                f"max_phase is {max_phase!r}; an angle from 0 to 2 pi is "
                "meant."
            )
        self.units = checked_units(units)
        if outputs is not None:
            outputs = checked_units(outputs, "outputs")
        if timescales is not None:
            timescales = checked_timescales(timescales)
        self.outputs, self.timescales = outputs, timescales
        self.settings = {
            "units": self.units,
            "outputs": outputs,
            "r_min": low,
            "r_max": high,
            "max_phase": turn,
            "timescales": timescales,
            "seed": checked_seed(seed),
        }
        self._spread = self._uniform(0)
        self.state_size = [self.units, self.units]
        self.output_size = 2 * self.units if outputs is None else outputs

    def build(self, input_shape):
        """Make nu_log, theta_log, gamma_log (n,), B, and C and D.

        gamma_log starts so that a unit which reads white noise of variance 1
        comes to have E|z|² = 1. The parts of B (m, n) and C (n, k) have the
        variances 1 / 2m and 1 / n; D (m, k) has 1 / m.

        Args:
            input_shape: shape of the input of one step, (batch, m).
        """
        m, n, k = input_shape[-1], self.units, self.outputs
        # In 16 bits lam would be far from what it is meant to be.
        precise = {"shape": (n,), "autocast": False}
        self.nu_log = self.add_weight(
            name="nu_log", initializer=self._draw_nu_log, **precise
        )
        self.theta_log = self.add_weight(
            name="theta_log", initializer=self._draw_theta_log, **precise
        )
        self.gamma_log = self.add_weight(
            name="gamma_log", initializer=self._even_loudness, **precise
        )
        self.B = self._complex_weight("B", (m, n), 1 / (2 * m), seed=2)
        if k is not None:
            self.C = self._complex_weight("C", (n, k), 1 / n, seed=4)
            self.D = self.add_weight(
                name="D", shape=(m, k), initializer=self._normal(1 / m, 6)
            )

    def _complex_weight(self, name, shape, variance, seed):
        """The real and the imaginary part, two weights."""
        return [
            self.add_weight(
                name=f"{name}_{part}",
                shape=shape,
                initializer=self._normal(variance, seed + number),
            )
            for number, part in enumerate(("re", "im"))
        ]

    def _radius(self, shape, dtype):
        """log|lam|, the same at each call: two weights begin with it."""
        u = self._spread(shape, dtype)
        if self.timescales is not None:
            shortest, longest = self.timescales
            return -ops.exp(-u * math.log(longest / shortest)) / shortest
        low, high = (self.settings[r] ** 2 for r in ("r_min", "r_max"))
        # Rounding must not make a radius of 0 or 1: they have no nu_log.
        squared = ops.clip(low + u * (high - low), 1e-12, 1 - 1e-7)
        return 0.5 * ops.log(squared)

    def _draw_nu_log(self, shape, dtype):
        return ops.log(-self._radius(shape, dtype))

    def _even_loudness(self, shape, dtype):
        """Half the log of 1 - |lam|²."""
        return 0.5 * ops.log(-ops.expm1(2 * self._radius(shape, dtype)))

    def _draw_theta_log(self, shape, dtype):
        v = self._uniform(1)(shape, dtype)
        # A phase of 0 has no logarithm; e^-30 turns by nothing in any time.
        return ops.log(self.settings["max_phase"] * v + math.exp(-30))

    def _own_seed(self, number):
        seed = self.settings["seed"]
        return None if seed is None else 7 * seed + number

    def _uniform(self, number):
        return keras.initializers.RandomUniform(
            0.0, 1.0, self._own_seed(number)
        )

    def _normal(self, variance, number):
        return keras.initializers.RandomNormal(
            0.0, math.sqrt(variance), self._own_seed(number)
        )

    @property
    def clock(self):
        """The weights that set how fast units fade and turn."""
        return [self.nu_log, self.theta_log]

    def eigenvalues(self, power=1):
        """lam, or a power of it, as real and imaginary part.

        Args:
            power: of any shape that broadcasts with (n,); 0 or more.
        """
        size = ops.exp(-power * ops.exp(self.nu_log))
        angle = power * ops.exp(self.theta_log)
        return size * ops.cos(angle), size * ops.sin(angle)

    def call(self, x_t, states, training=False):
        """One step.

        Args:
            x_t: input, shape (batch, m).
            states: Re z_{t-1} and Im z_{t-1}, shape (batch, n) each.
            training: part of the interface of a Keras cell; it has no dropout.

        Returns:
            y_t, shape (batch, k), and the list of new states.
        """
        real, imaginary = (ops.cast(s, self.variable_dtype) for s in states)
        lam_re, lam_im = self.eigenvalues()
        in_re, in_im = ops.split(self._inputs(x_t), 2, axis=-1)
        new = [
            lam_re * real - lam_im * imaginary + in_re,
            lam_re * imaginary + lam_im * real + in_im,
        ]
        return self.show(new, x_t), [ops.cast(s, states[0].dtype) for s in new]

    def scan(self, x, states, mask=None, every_step=True, method="auto"):
        """All steps; see `ScannedRNN.call`.

        Args:
            x: inputs, shape (batch, T, m).
            states: as in `call`.
            mask: shape (batch, T), or None.
            every_step: whether all outputs are wanted or the last one.
            method: of `course_lib.layers.scan`.

        Returns:
            Outputs (batch, T, k) or (batch, k), and the list of last states.
        """
        if mask is None and not every_step and _worth_it(x):
            z = self.last_state(x, states)
            return self.show(z, x[:, -1]), z
        x = only_real(x, mask)  # nothing comes in at the others
        inputs = ops.transpose(x, (1, 0, 2))
        b_re, b_im = ops.split(self._inputs(inputs), 2, axis=-1)
        b, lam = as_complex(b_re, b_im), as_complex(*self.eigenvalues())
        if mask is not None:
            real = ops.transpose(mask)[..., None]
            lam = where(real, lam, ops.ones_like(lam))
        z = scan(lam, b, as_complex(*states), axis=0, method=method)
        last = [ops.real(z[-1]), ops.imag(z[-1])]
        if every_step:
            y = self._read_all(z, inputs)
            return (y if mask is None else held(y, mask)), last
        y = self.show(last, last_real(x, mask))
        if mask is not None:  # no real step, no output
            some = ops.any(mask, axis=1, keepdims=True)
            y = where(some, y, ops.zeros_like(y))
        return y, last

    def last_state(self, x, states):
        """The state after the last step, without a loop.

        z_T = lam^T z_0 + sum over t of lam^(T-t) exp(gamma_log) (x_t B): one
        product with the powers of lam, of which there are T n. Its gradient is
        what the exact traces of `course_lib.online` give.

        Args:
            x: inputs, shape (batch, T, m).
            states: as in `call`.

        Returns:
            The list of states after the last step.
        """
        T = ops.shape(x)[1]
        added = self._stretch(x[:, None], T)
        left_re, left_im = self.eigenvalues(ops.cast(T, self.variable_dtype))
        real, imaginary = states
        return [
            added[0][:, 0] + left_re * real - left_im * imaginary,
            added[1][:, 0] + left_re * imaginary + left_im * real,
        ]

    def strided(self, x, states, every, method="auto"):
        """The outputs after every so many steps, without the steps between.

        What a stretch of steps adds is one product with powers of lam; the
        scan goes over the stretches.

        Args:
            x: inputs, shape (batch, T, m).
            states: as in `call`.
            every: steps in a stretch; it divides T.
            method: of `course_lib.layers.scan`.

        Returns:
            Outputs (batch, T / every, k), and the list of last states.
        """
        batch, m = ops.shape(x)[0], x.shape[2]
        x = ops.reshape(x, (batch, -1, every, m))
        b = as_complex(*self._stretch(x, every))
        lam = as_complex(*self.eigenvalues(every))
        b, inputs = (ops.transpose(a, (1, 0, 2)) for a in (b, x[:, :, -1]))
        z = scan(lam, b, as_complex(*states), axis=0, method=method)
        last = [ops.real(z[-1]), ops.imag(z[-1])]
        return self._read_all(z, inputs), last

    def _stretch(self, x, steps):
        """What stretches of steps add to the state, as two parts.

        Args:
            x: shape (batch, stretches, steps, m).

        Returns:
            Re and Im, shape (batch, stretches, n).
        """
        n = self.units
        ago = ops.flip(ops.cast(ops.arange(steps), self.variable_dtype))
        powers = ops.concatenate(self.eigenvalues(ago[:, None]), axis=-1)
        rows = ops.cast(ops.swapaxes(x, 2, 3), self.variable_dtype)
        shape = ops.shape(rows)
        # One large product; a product for each stretch would be slow.
        sums = ops.matmul(ops.reshape(rows, (-1, steps)), powers)
        sums = ops.reshape(sums, (*shape[:3], 2 * n))
        sum_re, sum_im = sums[..., :n], sums[..., n:]
        B_re, B_im = self.scaled_B()
        return [
            ops.sum(sum_re * B_re - sum_im * B_im, axis=2),
            ops.sum(sum_re * B_im + sum_im * B_re, axis=2),
        ]

    def _read_all(self, z, x):
        """Outputs (batch, T, k) of z and x with time first."""
        parts = ops.concatenate([ops.real(z), ops.imag(z)], axis=-1)
        return ops.transpose(self.read(parts, x), (1, 0, 2))

    def show(self, states, x):
        """The output that belongs to states and the input of their step."""
        return self.read(ops.concatenate(states, axis=-1), x)

    def read(self, z, x):
        """Outputs: of z's two parts, side by side, and the inputs."""
        if self.outputs is None:
            return ops.cast(z, self.compute_dtype)
        C_re, C_im = (ops.convert_to_tensor(part) for part in self.C)
        C = ops.concatenate([C_re, -C_im], axis=0)
        z = ops.cast(z, C.dtype)
        return ops.matmul(z, C) + ops.matmul(ops.cast(x, C.dtype), self.D)

    def scaled_B(self):
        """exp(gamma_log) B, real and imaginary part, shape (m, n) each."""
        scale = ops.exp(self.gamma_log)
        return [scale * ops.cast(part, scale.dtype) for part in self.B]

    def _inputs(self, x):
        """exp(gamma_log) (x B), real and imaginary part side by side."""
        B = ops.cast(ops.concatenate(self.scaled_B(), axis=-1), x.dtype)
        return ops.cast(ops.matmul(x, B), self.variable_dtype)

    def get_config(self):
        """What Keras stores to build the same cell again."""
        return {**super().get_config(), **self.settings}


in_double(LRUCell)


@keras.saving.register_keras_serializable("course_lib")
class LRU(ScannedRNN):
    """A layer of linear recurrent units: all steps of an `LRUCell` at once.

    Sequences (batch, T, m) in; (batch, T, k) out, or (batch, k) at the end,
    where no loop is run at all if there is no mask, T is known, and m is not
    above T (`LRUCell.last_state`).

    Args:
        units, outputs, r_min, r_max, max_phase, timescales, seed: see
            `LRUCell`.
        every: with `return_sequences`, give the outputs after every so many
            steps only, (batch, T / every, k), for little more than the time
            of one step in so many. It divides T; there can be no mask then.
        kwargs: the options of `ScannedRNN`, and what every layer takes.

    Raises:
        ValueError: see `LRUCell`; `every` doesn't fit; or the dtype is one of
            16 bits that isn't mixed.
    """

    def __init__(
        self,
        units,
        outputs=None,
        r_min=0.9,
        r_max=0.999,
        max_phase=2 * math.pi,
        timescales=None,
        seed=None,
        every=1,
        **kwargs,
    ):
        cell = LRUCell(
            units,
            outputs,
            r_min,
            r_max,
            max_phase,
            timescales,
            seed,
            dtype=kwargs.get("dtype"),
        )
        super().__init__(cell, **kwargs)
        if self.variable_dtype not in ("float32", "float64"):
            raise ValueError(
                f"An LRU needs complex numbers; of {self.variable_dtype} "
                "there are none: give it the dtype float32, mixed_float16 or "
                "mixed_bfloat16."
            )
        self.every = checked_units(every, "every")
        if self.every > 1 and not self.return_sequences:
            raise ValueError(
                f"every is {every}, but only the last output is returned: "
                "set return_sequences."
            )

    def run(self, x, states, mask):
        """Outputs and last states."""
        if self.every == 1:
            return super().run(x, states, mask)
        if mask is not None:
            raise ValueError(
                f"With every={self.every} there can be no mask; leave it at 1."
            )
        if x.shape[1] is not None and x.shape[1] % self.every:
            raise ValueError(
                f"There are {x.shape[1]} steps, which {self.every} doesn't "
                "divide; choose another every, or pad the sequences in front."
            )
        return self.cell.strided(x, states, self.every, self.method)

    def compute_output_shape(self, sequences_shape, initial_state_shape=None):
        """Of the outputs, and of the states where they are returned."""
        batch, T, m = sequences_shape
        T = None if T is None else T // self.every
        return super().compute_output_shape((batch, T, m))

    def get_config(self):
        """What Keras stores to build the same layer again."""
        return {**super().get_config(), "every": self.every}


def _worth_it(x):
    """Whether T is known and m not above it: else products grow with m."""
    return x.shape[1] is not None and x.shape[2] <= x.shape[1]
