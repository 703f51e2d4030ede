"""How many processes may work side by side here, and what each of them is told to do with less."""

import contextlib
import os
from collections.abc import Iterator

# Bytes: a process with TensorFlow and its children. One begins with 0.6 GiB, and what XLA has
# compiled stays: about 45 MiB for each training step. The largest of a `make test`, which tells it
# at its end, took 2.9 GiB; where the unit tests run all their cases, 6.7 GiB.
MEMORY_OF_ONE = 3 * 1024**3
MEMORY_FOR_ALL_CASES = 7 * 1024**3

# A process has one core, so that two of them don't fight for both. The user's own setting counts
# more.
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
}

# For a process that compiles much and runs each result for a moment only. The second flag takes the
# older of XLA's two ways to emit loops, which LLVM is done with in half the time.
HASTY_XLA = {
    "XLA_FLAGS": "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false",
}


def allowed() -> int:
    """The cores that we may use; Linux knows which those are, in a container with fewer, too."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def workers(memory_of_one: int = MEMORY_OF_ONE) -> int:
    """One process a core that we may use, and no more than fit into memory; at least one.

    Args:
        memory_of_one: bytes.
    """
    cores = allowed()
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not on Windows
        return cores
    return max(1, min(cores, memory // memory_of_one))


def compile_in_haste() -> None:
    """Tell XLA, before its first use in this process, to spend no time on making code fast."""
    _set(HASTY_XLA)


@contextlib.contextmanager
def handed_down(*settings: dict[str, str]) -> Iterator[None]:
    """Processes that are begun in the block have these settings; the user's own count more.

    To set them in the new process is too late for OpenBLAS, which begins its threads when NumPy is
    loaded: the module of the function that the process is to run has loaded it by then. A pool's
    threads wait for each other in a loop that costs many times what they compute. Whoever replaces
    processes later, as with `max_tasks_per_child`, begins those without the settings.
    """
    before = dict(os.environ)
    for variables in settings:
        _set(variables)
    try:
        yield
    finally:
        for name in {name for variables in settings for name in variables} - before.keys():
            os.environ.pop(name, None)


def _set(variables: dict[str, str]) -> None:
    for name, value in variables.items():
        os.environ.setdefault(name, value)
