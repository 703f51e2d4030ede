"""The most memory of the GPU that a gradient takes, over T: in chunks, and through time."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from course_lib.benchmarks import kernl
from course_lib.benchmarks.on_gpu.devices import on
from course_lib.benchmarks.on_gpu.part import Task

STEPS = (128, 512, 2048, 8192, 32768)
QUICK_STEPS = (8, 16)
NAMES = ("chunked", "bptt")


def tasks(device: str, quick: bool, seconds: float) -> Iterator[Task]:
    """One task for each number of steps and each of the two."""
    sizes = replace(kernl.Sizes(), units=8, batch=4) if quick else kernl.Sizes()
    for T in QUICK_STEPS if quick else STEPS:
        for name in NAMES:
            yield (
                {"T": T, "rule": name},
                lambda name=name, T=T: peak(name, replace(sizes, steps=T), device),
            )


def peak(name: str, sizes: kernl.Sizes, device: str) -> dict[str, Any]:
    """Take the gradient twice.

    Returns:
        `mib`: what it took at most, beyond model and data; None on a CPU, where TensorFlow doesn't
        count.
    """
    import keras
    import tensorflow as tf

    keras.backend.clear_session()
    with on(device):
        gradients = kernl.build(name, sizes)
        if not device.startswith("GPU"):
            gradients()
            return {"mib": None}
        before = tf.config.experimental.get_memory_info(device)["current"]
        tf.config.experimental.reset_memory_stats(device)
        for _ in range(2):
            gradients()
        most = tf.config.experimental.get_memory_info(device)["peak"]
    return {"mib": round((most - before) / 2**20, 2)}
