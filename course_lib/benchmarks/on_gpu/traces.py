"""KeRNL's gradients in chunks, against single steps and backpropagation through time.

As `course bench kernl` has it, with and without XLA.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from typing import Any

from course_lib.benchmarks import kernl
from course_lib.benchmarks.on_gpu import variants
from course_lib.benchmarks.on_gpu.devices import apart, on
from course_lib.benchmarks.on_gpu.part import Task

SIZES = (kernl.Sizes(), kernl.Sizes(batch=256, units=512))
QUICK = kernl.Sizes(batch=4, steps=12, units=8)
PATIENCE = 5.0


def tasks(device: str, quick: bool, seconds: float) -> Iterator[Task]:
    """That chunks and single steps agree; then the times."""
    sizes = (QUICK,) if quick else SIZES
    few = replace(sizes[0], batch=4, units=8)
    yield {"compared": "chunked, per_step", **asdict(few)}, lambda: compare(few, device)
    for one in sizes:
        yield asdict(one), lambda one=one: timed(one, device)


def compare(sizes: kernl.Sizes, device: str) -> dict[str, Any]:
    """How far the gradients in chunks are from those of single steps, TF32 left out."""
    from course_lib.graphs import without_tf32

    with on(device), without_tf32():
        pairs = zip(*(kernl.build(name, sizes)() for name in kernl.TRACES), strict=True)
        away = max(apart(one, other) for one, other in pairs)
    return {"apart": away, "ok": away <= kernl.SAME_GRADIENT}


def timed(sizes: kernl.Sizes, device: str) -> dict[str, Any]:
    """Time all variants in turns."""

    def builder(name: str, xla: bool) -> Callable[[], Callable[[], float]]:
        def build() -> Callable[[], float]:
            gradients = kernl.build(name, sizes, xla)
            return lambda: float(gradients()[-1].ravel()[0])

        return build

    chosen = [(name, xla) for xla in (False, True) for name in kernl.WRITTEN]
    with on(device):
        labels = {f"{name}, XLA" if xla else name: builder(name, xla) for name, xla in chosen}
        return variants.timed(labels, PATIENCE)
