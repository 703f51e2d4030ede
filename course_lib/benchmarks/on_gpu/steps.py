"""Every reference training step on the GPU: nothing falls back, and it equals the host's.

The steps are those of `course audit-gpu`. Each is taken twice from the same weights, on the host
and on the GPU, without TF32; the second loss is that after an update.
"""

from collections.abc import Iterator
from typing import Any

from course_lib.benchmarks.on_gpu.devices import HOST, apart, on
from course_lib.benchmarks.on_gpu.part import Task
from course_lib.benchmarks.on_gpu.placement import elsewhere, operations, watched

T = 6
# Of losses and weights, relative. A GPU adds in another order. In float64 a rounding is 1e-16 of a
# number, and two updates through six steps make some hundred thousand of it at worst. In float32 a
# rounding is 6e-8, and only losses are compared: where a gradient is nothing but rounding, Adam
# makes a step of it that is as long as any other.
SAME = {"float32": 1e-4, "float64": 1e-10}
QUICK = ("lstm", "lru-log", "online-kernl", "keras-lstm")


def tasks(device: str, quick: bool, seconds: float, dtype: str = "float32") -> Iterator[Task]:
    """One task a step."""
    from course_lib.training.reference_steps import STEPS

    for name in QUICK if quick else STEPS:
        yield (
            {"step": name, "dtype": dtype},
            lambda name=name: compare(STEPS[name], device, dtype),
        )


def compare(build: Any, device: str, dtype: str) -> dict[str, Any]:
    """Take a step here and there.

    Args:
        build: from the number of time steps to the `Step`.
        device: the GPU.
        dtype: of weights and inputs.

    Returns:
        `apart`, the largest relative difference; `same`, whether that is rounding; `fell_back`,
        operations on real numbers that ran on the host; `cudnn`, whether the step ran as cuDNN's
        kernel, where it should; `ok`, all of it together.
    """
    import keras

    from course_lib.graphs import without_tf32

    with without_tf32():
        start, theirs, _, _ = _taken(build, HOST, dtype, None)
        _, ours, graphs, cudnn = _taken(build, device, dtype, start)
    keras.backend.clear_session()
    away = apart(ours["losses"], theirs["losses"])
    if dtype == "float64":
        pairs = zip(ours["weights"], theirs["weights"], strict=True)
        away = max(away, *(apart(a, b) for a, b in pairs))
    numbers, _ = elsewhere(graphs, device)
    # The course trains in float32. For float64, TensorFlow lacks kernels, as that of sparse
    # cross-entropy; there it is about the numbers alone.
    alone = dtype == "float64" or not numbers
    row = {"apart": away, "same": away <= SAME[dtype], "fell_back": sorted(numbers)}
    if cudnn and device.startswith("GPU"):
        row["cudnn"] = "CudnnRNNV3" in operations(graphs)
    return row | {"ok": row["same"] and alone and row.get("cudnn", True)}


def _taken(build: Any, device: str, dtype: str, start: list | None) -> tuple:
    """Two steps from given weights: the weights at the start, what came out, graphs, cuDNN."""
    import keras
    import numpy as np
    import tensorflow as tf

    from course_lib.graphs import keras_in

    with on(device), keras_in(dtype):
        keras.utils.set_random_seed(0)
        step = build(T)
        if step.silence is not None:
            step.silence()
        if start is None:
            start = [np.asarray(variable) for variable in step.variables]
        for variable, value in zip(step.variables, start, strict=True):
            variable.assign(value)
        x, y = tf.constant(step.x.astype(dtype)), tf.constant(step.y)
        take = tf.function(step.take)
        with watched() as graphs:
            losses = [float(take(x, y))]
        losses.append(float(take(x, y)))
        weights = [np.asarray(v) for v in step.variables]
    found = {"losses": losses, "weights": [w for w in weights if w.dtype.kind == "f"]}
    return start, found, graphs, step.cudnn
