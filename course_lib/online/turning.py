"""A vanilla network whose units turn: pairs of them start as damped oscillators."""

import keras
import numpy as np

from course_lib.layers import VanillaRNNCell


@keras.saving.register_keras_serializable("course_lib")
class TurningRNNCell(VanillaRNNCell):
    """The vanilla RNN from another start: W_hh is a rotation of each pair of units, damped.

    h_t = tanh(x_t W_xh + h_{t-1} W_hh + b_h). Pair j turns by ω_j at each step, and fades by
    exp(-γ_j). 1/γ is drawn between two time constants, evenly over the orders of magnitude, and ω
    evenly between two angles. W_xh is scaled by sqrt(1 - exp(-2γ)), so that a slow pair, which adds
    up more of its inputs, moves no further than a fast one. Source of the start: Orvieto et al.,
    "Resurrecting recurrent neural networks for long sequences", 2023, where the units are linear.

    Args:
        units: n, even.
        memory: shortest and longest time constant 1/γ, in steps.
        angles: smallest and largest ω, in radians a step, from 0 to π.
        gain: standard deviation of W_xh before it is scaled.
        seed: of the draws.

    Raises:
        ValueError: one of them is something else.
    """

    def __init__(
        self, units, memory=(3.0, 1500.0), angles=(0.0, np.pi), gain=1.0, seed=0, **kwargs
    ):
        super().__init__(units, **kwargs)
        if units % 2:
            raise ValueError(f"units are {units}; they turn in pairs, so give an even number.")
        if not 0 < memory[0] <= memory[1]:
            raise ValueError(f"memory is {memory}; give two time constants, the shorter first.")
        if not 0 <= angles[0] <= angles[1] <= np.pi:
            raise ValueError(f"angles are {angles}; give two from 0 to pi, the smaller first.")
        self.memory, self.angles = tuple(map(float, memory)), tuple(map(float, angles))
        self.gain, self.seed = gain, seed

    @property
    def modes(self):
        """The one mode of each unit at the start, as `modes` of the rule "kernl_modes"."""
        rng = np.random.default_rng(self.seed)
        spread = rng.uniform(*np.log(self.memory), self.units // 2)
        omega = rng.uniform(*self.angles, self.units // 2)
        return [(np.repeat(np.exp(-spread), 2), np.repeat(omega, 2))]

    def build(self, input_shape):
        """Make W_xh (m, n), W_hh (n, n), b_h (n,)."""
        super().build(input_shape)
        ((gamma, omega),) = self.modes
        rng = np.random.default_rng([self.seed, 1])
        into = rng.normal(size=(input_shape[-1], self.units))
        W = np.zeros((self.units, self.units))
        even = np.arange(0, self.units, 2)
        W[even, even] = W[even + 1, even + 1] = np.cos(omega[even])
        W[even, even + 1] = np.sin(omega[even])
        W[even + 1, even] = -np.sin(omega[even])
        self.W_hh.assign(np.exp(-gamma) * W)
        self.W_xh.assign(self.gain * np.sqrt(1 - np.exp(-2 * gamma)) * into)

    def get_config(self):
        """What Keras stores to build the same cell again."""
        return {
            **super().get_config(),
            "memory": self.memory,
            "angles": self.angles,
            "gain": self.gain,
            "seed": self.seed,
        }
