"""What a result was made with: versions, the kind of machine, and what its processor can do."""

import datetime
import importlib.metadata
import os
import platform
import re
from pathlib import Path
from typing import Any

from course_lib import __version__

CPUINFO = Path("/proc/cpuinfo")  # Linux
# Extensions for arithmetic on vectors and matrices, as Linux names them: for these the libraries
# have code of their own, and it rounds in another order.
ARITHMETIC = re.compile(r"(sse4|avx|fma|f16c|amx|asimd|neon|sve|bf16|i8mm)\w*|sme\d?")
THREADS = "TF_NUM_INTRAOP_THREADS"  # that an operation of TensorFlow may use
# What the environment may tell the libraries: which of the extensions to use, and how many threads.
SETTINGS = (
    "NPY_DISABLE_CPU_FEATURES",
    "ONEDNN_MAX_CPU_ISA",
    "OPENBLAS_CORETYPE",
    "TF_ENABLE_ONEDNN_OPTS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "TF_NUM_INTEROP_THREADS",
    THREADS,
)


def made_with() -> dict[str, Any]:
    """Today's date, the versions and the machine, as a result says them."""
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "versions": versions(),
        "hardware": hardware(),
    }


def versions() -> dict[str, str]:
    """Versions of what the numbers depend on."""
    packages = ("tensorflow", "keras", "numpy")
    return {
        "python": platform.python_version(),
        "course-lib": __version__,  # a checkout needs no installation
        **{package: importlib.metadata.version(package) for package in packages},
    }


def hardware() -> dict[str, Any]:
    """What the run was made on: the kind of machine, never its name.

    Returns:
        cpu, instruction_set (sorted names of the extensions for arithmetic), settings (what the
        environment tells the libraries about them), cores, system and gpus.
    """
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
    return {
        "cpu": _of_cpuinfo("model name") or platform.processor() or platform.machine(),
        "instruction_set": instruction_set(),
        "settings": {name: os.environ[name] for name in SETTINGS if name in os.environ},
        "cores": os.cpu_count(),
        "system": platform.system(),
        "gpus": [detail.get("device_name", "unknown") for detail in details],
    }


def instruction_set() -> list[str]:
    """Extensions of the processor for arithmetic: in Linux as in /proc/cpuinfo, else NumPy's."""
    flags = _of_cpuinfo("flags") or _of_cpuinfo("Features")  # x86, ARM
    if flags:
        return sorted({flag for flag in flags.split() if ARITHMETIC.fullmatch(flag)})
    import numpy as np

    known = np.show_config(mode="dicts")["SIMD Extensions"]
    return sorted(known.get("baseline", []) + known.get("found", []))


def cores_used(result: dict[str, Any]) -> str:
    """How many of the machine's cores TensorFlow was allowed, in words: 1 of 2 cores."""
    cores = result["hardware"]["cores"]
    return f"{result['hardware']['settings'].get(THREADS, cores)} of {cores} cores"


def same_kind_of_machine(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two results say the same of their hardware and versions.

    A result that is older than the field `instruction_set` says too little: then no.
    """
    return (
        "instruction_set" in one["hardware"]
        and one["hardware"] == other["hardware"]
        and one["versions"] == other["versions"]
    )


def _of_cpuinfo(field: str) -> str:
    """The first value of a field in /proc/cpuinfo; empty where there is none."""
    try:
        text = CPUINFO.read_text(encoding="utf-8")
    except OSError:
        return ""
    found = re.search(rf"^{field}\s*:(.*)$", text, re.MULTILINE)
    return found[1].strip() if found else ""
