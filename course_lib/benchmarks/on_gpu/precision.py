"""The same training step with all bits, with TF32, and with half of the bits."""

from collections.abc import Callable, Iterator
from typing import Any

from course_lib.benchmarks.on_gpu import variants
from course_lib.benchmarks.on_gpu.devices import on
from course_lib.benchmarks.on_gpu.part import Task
from course_lib.benchmarks.on_gpu.training_step import batch

POLICIES = {
    "float32": ("float32", False),
    "float32, TF32": ("float32", True),
    "mixed_float16": ("mixed_float16", True),
    "mixed_bfloat16": ("mixed_bfloat16", True),
}
NAMES = ("cuDNN LSTM", "our LSTM, XLA", "our LSTM")
SIZES = {"batch": 256, "units": 1024, "T": 128}
QUICK = {"batch": 8, "units": 16, "T": 7}


def tasks(device: str, quick: bool, seconds: float) -> Iterator[Task]:
    """cuDNN's kernel first, then our cell."""
    sizes = QUICK if quick else SIZES
    for name in NAMES[:1] if quick else NAMES:
        yield {"variant": name, **sizes}, lambda name=name: timed(name, sizes, device)


def timed(name: str, sizes: dict[str, int], device: str) -> dict[str, Any]:
    """Time a variant of `cells` under all policies, in turns."""
    import tensorflow as tf

    from course_lib.benchmarks.on_gpu.cells import INPUTS

    with on(device):
        given = batch(sizes, INPUTS)
        policies = {policy: _builder(name, policy, sizes["units"], given) for policy in POLICIES}
        try:
            return variants.timed(policies)
        finally:
            tf.config.experimental.enable_tensor_float_32_execution(True)


def _builder(name: str, policy: str, units: int, given: tuple) -> Callable:
    import keras
    import tensorflow as tf

    from course_lib.benchmarks.on_gpu.cells import step

    dtype, tf32 = POLICIES[policy]

    def build() -> Callable[[], float]:
        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy(dtype)
        try:
            made = step(name, units)
        finally:
            keras.config.set_dtype_policy(before)

        def call() -> float:
            tf.config.experimental.enable_tensor_float_32_execution(tf32)
            return made(*given)

        return call

    return build
