"""A scan and its gradient in JAX: ours in a loop and in log T rounds, and Keras's."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from typing import Any

from course_lib.benchmarks import scan
from course_lib.benchmarks.on_gpu import variants
from course_lib.benchmarks.on_gpu.devices import apart
from course_lib.benchmarks.on_gpu.part import Task
from course_lib.benchmarks.on_gpu.scans import PATIENCE, QUICK, STEPS

NAMES = ("ours, loop", "ours, log", "associative scan")


def tasks(device: str, quick: bool, seconds: float) -> Iterator[Task]:
    """One task for each number of steps."""
    for sizes in [QUICK] if quick else [scan.Sizes(steps=T) for T in STEPS]:
        yield asdict(sizes), lambda sizes=sizes: timed(sizes)


def timed(sizes: scan.Sizes) -> dict[str, Any]:
    """Time all, and see first that they give the same on a few sequences."""
    import jax

    few = replace(sizes, batch=2, units=4)
    reference = gradients(NAMES[0], few)()

    def builder(name: str) -> Callable[[], Callable[[], float]]:
        def build() -> Callable[[], float]:
            for one, other in zip(gradients(name, few)(), reference, strict=True):
                if apart(one, other) > scan.SAME:
                    raise RuntimeError("It gives other numbers than our loop.")
            compute = gradients(name, sizes)
            return lambda: float(jax.block_until_ready(compute())[-1][0, 0, 0])

        return build

    return variants.timed({name: builder(name) for name in NAMES}, PATIENCE)


def gradients(name: str, sizes: scan.Sizes) -> Callable[[], list[Any]]:
    """A function that computes h and the gradients by a and b once, and leaves them there."""
    import jax
    import numpy as np

    rng = np.random.default_rng(0)
    shape = sizes.steps, sizes.batch, sizes.units
    a = rng.uniform(0.5, 1.0, shape)
    b, weight = rng.normal(size=shape), rng.normal(size=shape)
    a, b, weight = jax.device_put([x.astype(np.float32) for x in (a, b, weight)])

    @jax.jit
    def both(a: Any, b: Any, weight: Any) -> tuple:
        h, back = jax.vjp(scan.forward(name), a, b)
        return h, *back(weight)

    return lambda: both(a, b, weight)
