"""All that the course claims of a GPU, tried on one: `course gpu`.

It takes TensorFlow where that sees the GPU; else, if JAX does, the layers on Keras's JAX backend.

The parts are the modules of `course_lib.benchmarks.on_gpu`. Each runs in a process of its own, with
a limit of time, so that one that fails, hangs or runs out of memory costs no other; the result is
written anew after each. Those that compare numbers run side by side, those that are timed alone.
"""

import contextlib
import functools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from course_lib.benchmarks import measure


@dataclass(frozen=True)
class Part:
    """A part of the command.

    Args:
        module: of `course_lib.benchmarks.on_gpu`; its `tasks` are done.
        seconds: how long it may take at most; 0: what is left of `ALL`.
        settings: further arguments of `tasks`.
        timed: whether it has the machine to itself. If not, the cores share its tasks.
        backend: of Keras, which has to see the GPU.
    """

    module: str
    seconds: float
    settings: dict[str, Any] = field(default_factory=dict)
    timed: bool = True
    backend: str = "tensorflow"

    @property
    def shares(self) -> int:
        """Processes among which its tasks are dealt out: a quarter of the cores, for a part."""
        return 1 if self.timed else max(1, min(5, (os.cpu_count() or 1) // 4))


PARTS = {
    "steps-float32": Part("steps", 130, {"dtype": "float32"}, timed=False),
    "steps-float64": Part("steps", 130, {"dtype": "float64"}, timed=False),
    "exercises": Part("exercises", 130, timed=False),
    "scans": Part("scans", 50),
    "traces": Part("traces", 50),
    "memory": Part("memory", 35),
    "precision": Part("precision", 35),
    "pixels": Part("pixels", 70),
    "cells": Part("cells", 0),
}
PARTS_IN_JAX = {
    "scans-jax": Part("scans_in_jax", 90, backend="jax"),
    "layers-jax": Part("layers_in_jax", 0, backend="jax"),
}
ALL = 460.0  # seconds of the whole command
GRACE = 15.0  # seconds that a task which has begun may be late, before it is cut off
GPU = "GPU:0"


def main(
    quick: bool = False,
    out: Path | None = None,
    only: str | None = None,
    device: str | None = None,
) -> int:
    """Run the parts, print a line for each row and store the result; the number to exit with.

    Without a GPU it says so, and audits the training steps instead.

    Args:
        quick: small sizes, and few of them.
        out: file to write; by default that of `bench-gpu`, for a complete run that isn't quick.
        only: the one part to run.
        device: taken for the GPU; by default the one that TensorFlow sees.

    Returns:
        0; 1 if a number was not the same, or a part or a row failed, or the audit found something.

    Raises:
        ValueError: there is no such part.
    """
    every = PARTS | PARTS_IN_JAX
    if only is not None and only not in every:
        raise ValueError(f"There is no part {only!r}. There is: {', '.join(every)}.")
    if only is not None:
        parts = {only: every[only]}
    else:
        parts = PARTS if device or SEES["tensorflow"]() or not SEES["jax"]() else PARTS_IN_JAX
    if device is None:
        if not all(SEES[part.backend]() for part in parts.values()):
            return _audit()
        device = GPU
    until = time.monotonic() + ALL
    found: dict[str, Any] = {}
    command = " ".join(
        ["course gpu", *(["--quick"] if quick else []), *([f"--only {only}"] if only else [])]
    )

    def store() -> None:
        from course_lib.benchmarks.on_gpu.devices import described

        result = {"gpu": described(), "parts": found}
        measure.store("gpu", result, quick or only is not None, out, command)

    for group in _groups(parts):
        for name, result in run(group, device, quick, until):
            found[name] = result
            print(f"{name}: {_summary(result)}", flush=True)
            store()
    return 0 if all(map(fine, found.values())) else 1


def run(
    parts: Mapping[str, Part], device: str, quick: bool, until: float
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Run parts side by side, each in its process; give each as soon as it has ended.

    Args:
        parts: by name.
        device: the GPU.
        quick: small sizes.
        until: of `time.monotonic`; what runs then is stopped.

    Returns:
        Pairs of name and result: `seconds`, `rows`, `error` if the process failed, and `stopped`
        if its time was over before it was done.
    """
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        running, ended = {}, {}
        for name, part in parts.items():
            print(f"{name} …", flush=True)
            began = time.monotonic()
            seconds = max(1.0, min(part.seconds or ALL, until - began))
            for share in range(part.shares):
                process = _start(part, share, device, quick, seconds, folder / f"{name}-{share}")
                stack.callback(_stop, process)
                running[name, share] = process, began, seconds
        while running:
            for (name, share), (process, began, seconds) in list(running.items()):
                took = time.monotonic() - began
                if process.poll() is None and took < seconds + GRACE:
                    continue
                _stop(process)
                del running[name, share]
                file, late = folder / f"{name}-{share}", took >= seconds + GRACE
                shares = ended.setdefault(name, {})
                shares[share] = _result(file, process, took, late)
                if len(shares) == parts[name].shares:
                    yield name, _together([shares[one] for one in sorted(shares)])
            time.sleep(0.1)


def fine(result: Mapping[str, Any]) -> bool:
    """Whether a part has rows, all of them well, and did not fail; its time may have been over."""
    rows = result["rows"]
    return bool(rows) and "error" not in result and not any(map(_bad, rows))


def _bad(row: Mapping[str, Any]) -> bool:
    return "error" in row or not row.get("ok", True)


def _groups(parts: Mapping[str, Part]) -> Iterable[dict[str, Part]]:
    """First what can run side by side, then one at a time."""
    together = {name: part for name, part in parts.items() if not part.timed}
    alone = [{name: part} for name, part in parts.items() if part.timed]
    return [together, *alone] if together else alone


def _start(
    part: Part, share: int, device: str, quick: bool, seconds: float, file: Path
) -> subprocess.Popen[bytes]:
    settings = {"device": device, "quick": quick, "seconds": seconds, **part.settings}
    settings |= {"share": share, "shares": part.shares}
    module = "course_lib.benchmarks.on_gpu.part"
    file.touch()
    # What the driver compiles for this GPU is kept for the next part.
    environment = {"CUDA_CACHE_MAXSIZE": str(4 * 2**30), **os.environ}
    environment["KERAS_BACKEND"] = part.backend
    with file.with_suffix(".errors").open("wb") as errors:
        return subprocess.Popen(
            [sys.executable, "-m", module, part.module, json.dumps(settings), str(file)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stderr=errors,
        )


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def _result(
    file: Path, process: subprocess.Popen[bytes], seconds: float, late: bool
) -> dict[str, Any]:
    lines = file.read_text(encoding="utf-8").splitlines()
    result: dict[str, Any] = {"seconds": round(seconds, 1), "rows": [json.loads(x) for x in lines]}
    if late:
        result["stopped"] = f"It was stopped after {seconds:.0f} seconds."
    elif process.returncode:
        written = file.with_suffix(".errors").read_text(encoding="utf-8", errors="replace")
        result["error"] = f"It ended with {process.returncode}. {written.strip()[-1500:]}"
    return result


def _together(shares: list[dict[str, Any]]) -> dict[str, Any]:
    """One result of those of a part's processes."""
    result: dict[str, Any] = {
        "seconds": max(one["seconds"] for one in shares),
        "rows": [row for one in shares for row in one["rows"]],
    }
    for key in ("error", "stopped"):
        if said := [one[key] for one in shares if key in one]:
            result[key] = " ".join(said)
    return result


def _summary(result: Mapping[str, Any]) -> str:
    rows = result["rows"]
    words = [f"{len(rows)} rows in {result['seconds']:g} s"]
    if bad := sum(map(_bad, rows)):
        words.append(f"{bad} of them not right")
    words += [result[key] for key in ("error", "stopped") if key in result]
    return "; ".join(words)


@functools.cache
def _tensorflow_sees_gpu() -> bool:
    from course_lib.graphs import gpu_name

    return bool(gpu_name())


@functools.cache
def _jax_sees_gpu() -> bool:
    """Asked in a process of its own: here, JAX would take the memory of the GPU."""
    if find_spec("jax") is None:
        return False
    asks = [sys.executable, "-c", "import jax; print(jax.default_backend())"]
    return subprocess.run(asks, capture_output=True, text=True).stdout.strip() == "gpu"


SEES = {"tensorflow": _tensorflow_sees_gpu, "jax": _jax_sees_gpu}


def _audit() -> int:
    from course_lib.training.gpu_audit import main as audit

    print("No GPU is seen here, so nothing can be measured. What can be known without one:")
    return 1 if audit() == 1 else 0
