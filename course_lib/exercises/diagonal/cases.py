"""Numbers and differences that several exercises of chapter 6 share."""

from collections.abc import Callable

import numpy as np

from course_lib.exercises.ladder.rungs import irregular
from course_lib.scratch.gradcheck import numerical_gradient


def turning(*shape: int, shift: float = 0.0, scale: float = 1.0) -> np.ndarray:
    """Fixed complex numbers with no pattern, like `irregular`."""
    return irregular(*shape, shift=shift, scale=scale) + 1j * irregular(
        *shape, shift=shift + 0.5, scale=scale
    )


def by_parts(loss: Callable[[], float], array: np.ndarray) -> np.ndarray:
    """Centred differences; of complex numbers by both parts, ∂L/∂Re z + i ∂L/∂Im z."""
    if array.dtype.kind != "c":
        return numerical_gradient(loss, array)
    return numerical_gradient(loss, array.view(float)).view(complex)


def lru_params(m: int = 2, n: int = 3, k: int = 5) -> dict[str, np.ndarray]:
    """Parameters of an LRU whose units all turn, each at its own speed."""
    return {
        "nu_log": irregular(n, shift=1, scale=0.8) - 0.5,
        "theta_log": irregular(n, shift=2, scale=0.9) - 0.2,
        "gamma_log": irregular(n, shift=3, scale=0.6),
        "B": turning(m, n, shift=4),
        "C": turning(n, k, shift=5),
        "D": irregular(m, k, shift=6),
    }


def one_turning_unit() -> dict[str, np.ndarray]:
    """One unit: a quarter of a turn at each step, and a half is left."""
    return {
        "nu_log": np.log([np.log(2)]),
        "theta_log": np.log([np.pi / 2]),
        "gamma_log": np.log([3.0]),
        "B": np.array([[1.0 + 0j]]),
        "C": np.array([[2.0 - 1j]]),
        "D": np.array([[10.0]]),
    }
