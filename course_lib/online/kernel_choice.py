"""Which kernel a cell and a rule need, and where it starts."""

import numpy as np

from course_lib.online.kernel import Kernel
from course_lib.online.modes import ModesKernel, dictionary
from course_lib.online.stack_cell import StackCell, cells_of
from course_lib.online.stack_kernel import StackKernel


def check_kernel(kernel):
    """See that a kernel is one, or none.

    Raises:
        ValueError: it is something else.
    """
    if not (kernel is None or isinstance(kernel, (Kernel, ModesKernel, StackKernel))):
        raise ValueError(
            f"kernel is {kernel!r}; give a Kernel or a ModesKernel, or leave it out: the model then"
            " makes what its rule needs."
        )


def fresh_kernel(cell):
    """A `Kernel` that has learned nothing; for a stack, one for each cell."""
    kernels = [Kernel(one.units, dtype=one.dtype_policy, name="kernel") for one in cells_of(cell)]
    return StackKernel(kernels, name="kernel") if isinstance(cell, StackCell) else kernels[0]


def ready_kernel(kernel, dynamics, options, steps):
    """The kernel that a rule asks for: the one that is there, if it fits, else a new one.

    Args:
        kernel: that of the model.
        dynamics: of its cell.
        options: of `OnlineRNN.compile`: modes, or timescales and a seed.
        steps: T, or None.
    """
    if not isinstance(kernel, StackKernel):
        return _ready(kernel, dynamics, options, steps)
    pairs = zip(kernel.kernels, dynamics.levels, strict=True)
    ready = [_ready(own, level.dynamics, options, steps) for own, level in pairs]
    same = all(new is own for new, own in zip(ready, kernel.kernels, strict=True))
    return kernel if same else StackKernel(ready)


def _ready(kernel, dynamics, options, steps):
    cell = dynamics.cell
    if options["modes"] is not None:
        gamma, omega = dictionary(options["modes"], cell.units, steps or 100)
        if isinstance(kernel, ModesKernel) and np.array_equal(kernel.fixed, (gamma, omega)):
            return kernel
        return ModesKernel(cell.units, gamma, omega, dtype=cell.dtype_policy)
    if not isinstance(kernel, Kernel):
        kernel = Kernel(cell.units, dtype=cell.dtype_policy)
    if not kernel.fresh:
        return kernel
    if options["timescales"] == "leak":
        kernel.start_from_leak(np.asarray(dynamics.leak))
    else:
        steps = steps or 100
        shortest, longest = options["timescales"] or (max(steps / 2, 1.0), float(steps))
        kernel.start(shortest, longest, options["seed"])
    return kernel


def plain_modes(modes, cell):
    """What `compile` was given as modes, seen to be such, in plain numbers and lists.

    Args:
        modes: as of `course_lib.online.modes.dictionary`, or "cell".
        cell: whose units they are of; of a stack, those of each cell.

    Raises:
        ValueError: they are something else, or the cell has none.
    """
    if isinstance(modes, str) and modes == "cell":
        if not hasattr(cell, "modes"):
            raise ValueError(
                f"{type(cell).__name__} has no modes of its own; give a number or a list."
            )
        modes = cell.modes
    for one in cells_of(cell):
        dictionary(modes, one.units, 1)
    if isinstance(modes, int | np.integer):
        return int(modes)
    return [[np.asarray(a).tolist() for a in mode] for mode in modes]
