"""A scan and its gradient: ours in a loop and in log T rounds, Keras's, and the loop on a tape."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from typing import Any

from course_lib.benchmarks import scan
from course_lib.benchmarks.on_gpu import variants
from course_lib.benchmarks.on_gpu.devices import apart, on
from course_lib.benchmarks.on_gpu.part import Task

NAMES = ("ours, log", "ours, loop", "associative scan", "autodiff loop")
XLA = ("ours, log", "ours, loop", "autodiff loop")  # of Keras's, each T makes a program of its own
STEPS = (784, 128, 4096)
QUICK = scan.Sizes(batch=4, steps=12, units=8)
PATIENCE = 5.0


def tasks(device: str, quick: bool, seconds: float) -> Iterator[Task]:
    """One task for each number of steps."""
    for sizes in [QUICK] if quick else [scan.Sizes(steps=T) for T in STEPS]:
        yield asdict(sizes), lambda sizes=sizes: timed(sizes, device)


def timed(sizes: scan.Sizes, device: str) -> dict[str, Any]:
    """Time all variants, and see first that they give the same on a few sequences."""
    few = replace(sizes, batch=2, units=4)
    chosen = [(name, False) for name in NAMES] + [(name, True) for name in XLA]
    with on(device):
        reference = scan.build("ours, loop", few)()

        def builder(name: str, xla: bool) -> Callable[[], Callable[[], float]]:
            def build() -> Callable[[], float]:
                for one, other in zip(scan.build(name, few, xla=xla)(), reference, strict=True):
                    if apart(one, other) > scan.SAME:
                        raise RuntimeError("It gives other numbers than our loop.")
                compute = scan.tensors(name, sizes, xla=xla)
                return lambda: float(compute()[-1][0, 0, 0])  # waits, and copies one number only

            return build

        labels = {f"{name}, XLA" if xla else name: builder(name, xla) for name, xla in chosen}
        return variants.timed(labels, PATIENCE)
