"""The GPU, and the host that it is compared with.

Where there is no GPU, tests take a second CPU in its place, which TensorFlow divides off the first.
"""

import contextlib
import importlib.metadata
import os
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

HOST = "CPU:0"
PRETENDED = "CPU:1"


def prepare(device: str) -> None:
    """Make the devices, and let TensorFlow take only the memory of a GPU that it needs.

    Args:
        device: "GPU:0", or `PRETENDED`.
    """
    if os.environ.get("KERAS_BACKEND") == "jax":
        return
    import tensorflow as tf

    tf.get_logger().setLevel(
        "ERROR"
    )  # the same step is traced many times, which it advises against
    if device == PRETENDED:
        (cpu, *_) = tf.config.list_physical_devices("CPU")
        two = [tf.config.LogicalDeviceConfiguration()] * 2
        tf.config.set_logical_device_configuration(cpu, two)
    else:
        for gpu in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(gpu, True)


@contextlib.contextmanager
def on(device: str) -> Iterator[None]:
    """Everything is made and computed there.

    A GPU is taken by TensorFlow unasked, as in a notebook. On the host, Keras is told that there is
    none, or it would ask for cuDNN's kernel.
    """
    import tensorflow as tf

    from course_lib.graphs import pretended_gpu

    if device.startswith("GPU"):
        yield
        return
    with tf.device(device), pretended_gpu(False):
        yield


def apart(one: Any, other: Any) -> float:
    """The largest difference of two arrays, by the largest number where that is above 1."""
    import numpy as np

    one, other = np.asarray(one), np.asarray(other)
    if one.shape != other.shape:
        raise ValueError(f"One has the shape {one.shape}, the other {other.shape}.")
    scale = max(1.0, float(np.abs(other).max(initial=0.0)))
    away = float(np.abs(one - other).max(initial=0.0)) / scale
    if not np.isfinite(away):
        raise ValueError("There are numbers that are not finite.")
    return float(f"{away:.2g}")


def described() -> dict[str, Any]:
    """The GPU: name, driver, memory, the CUDA that TensorFlow is made for, and JAX's version.

    What can't be found out is left out.
    """
    import tensorflow as tf

    found: dict[str, Any] = _of_the_driver()
    for gpu in tf.config.list_physical_devices("GPU")[:1]:
        details = tf.config.experimental.get_device_details(gpu)
        found["name"] = details.get("device_name", found.get("name", "unknown"))
        if "compute_capability" in details:
            found["compute_capability"] = ".".join(map(str, details["compute_capability"]))
    built = tf.sysconfig.get_build_info()
    for name in ("cuda_version", "cudnn_version"):
        if name in built:
            found[name] = str(built[name])
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        found["jax"] = importlib.metadata.version("jax")
    return found


def _of_the_driver() -> dict[str, str]:
    program = shutil.which("nvidia-smi")
    if program is None:
        return {}
    asked = [program, "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
    try:
        answer = subprocess.run(asked, capture_output=True, text=True, timeout=30, check=True)
        name, driver, memory = answer.stdout.splitlines()[0].split(", ")
    except (OSError, subprocess.SubprocessError, IndexError, ValueError):
        return {}
    return {"name": name, "driver": driver, "memory": memory}
