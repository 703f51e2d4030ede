"""A million steps of one stream: does a step cost the same at the end as at the start?"""

import json
import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from course_lib.benchmarks import measure


@dataclass(frozen=True)
class Sizes:
    """Steps of the stream and of a call, how many calls are timed one by one, and the net.

    The weights change after each call.
    """

    steps: int = 1_000_000
    piece: int = 100
    calls: int = 1_000
    units: int = 32
    inputs: int = 3


QUICK = Sizes(steps=10_000, calls=100)
TENTHS = 10
BARS = {"growth_mib": ("<=", 10.0), "last_tenth_over_second": ("<=", 1.1)}


def run(quick: bool = False, sizes: Sizes | None = None) -> dict[str, Any]:
    """Learn from a stream by KeRNL, and look what it costs.

    Args:
        quick: ten thousand steps.
        sizes: by default a million steps.

    Returns:
        `sizes`; `tenths`: of the stream, each with `processor_ms_a_step` and `mib`, the memory in
        use after it; `growth_mib`: from the second tenth to the last; `last_tenth_over_second`:
        processor time a step; the first tenth traces the graph. `latency_ms`: median and 99th
        percentile of one call that learns from one step; `bars`.
    """
    import numpy as np

    sizes = sizes or (QUICK if quick else Sizes())
    stream, rng = _stream(sizes), np.random.default_rng(0)

    def steps(count: int) -> tuple[Any, Any]:
        x = rng.normal(size=(1, count, sizes.inputs)).astype(np.float32)
        return x, x.sum(axis=2, keepdims=True)

    tenths = []
    for number in range(TENTHS):
        measure.say(f"tenth {number + 1} of {TENTHS}, each of {sizes.steps // TENTHS:,} steps")
        spent = 0.0
        for _ in range(sizes.steps // sizes.piece // TENTHS):
            batch = steps(sizes.piece)
            began = time.process_time()
            stream.learn(*batch)
            spent += time.process_time() - began
        each = 1e3 * spent * TENTHS / sizes.steps
        tenths.append({"processor_ms_a_step": round(each, 4), "mib": resident_mib()})
    seconds = []
    for _ in range(sizes.calls):
        x, y = steps(1)
        began = time.perf_counter()
        stream.learn(x[:, 0], y[:, 0])
        seconds.append(time.perf_counter() - began)
    percentiles = statistics.quantiles(seconds[1:], n=100)
    second, last = tenths[1], tenths[-1]
    known = last["mib"] is not None
    return {
        "sizes": asdict(sizes),
        "tenths": tenths,
        "growth_mib": round(last["mib"] - second["mib"], 1) if known else None,
        "last_tenth_over_second": round(
            last["processor_ms_a_step"] / second["processor_ms_a_step"], 3
        ),
        "latency_ms": {
            "median": round(1e3 * percentiles[49], 2),
            "percentile_99": round(1e3 * percentiles[98], 2),
        },
        "bars": {name: f"{sign} {bar:g}" for name, (sign, bar) in BARS.items()},
    }


def _stream(sizes: Sizes) -> Any:
    import keras

    from course_lib.online import LeakyRNNCell, OnlineRNN

    keras.utils.set_random_seed(0)
    model = OnlineRNN(LeakyRNNCell(sizes.units, leak=0.5), 1, return_sequences=True)
    model.build((1, None, sizes.inputs))
    model.compile("adam", "mse", rule="kernl", jit_compile=False)
    return model.stream(1)


def resident_mib() -> float | None:
    """The memory that this process has in use now, in MiB; None on a system that doesn't say."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    line = next(x for x in status.read_text().splitlines() if x.startswith("VmRSS"))
    return round(int(line.split()[1]) / 2**10, 1)


def main(quick: bool, as_json: bool, out: Path | None) -> int:
    """Measure, print and store; the number to exit with, which says nothing of how fast it was."""
    from rich.console import Console

    result = measure.store("stream", run(quick), quick, out)
    console = Console(stderr=as_json)
    for name, (sign, bar) in BARS.items():
        value = result[name]
        if value is None:
            console.print(f"{name}: not known on this system")
            continue
        reached = "reached" if value <= bar else "NOT reached"
        console.print(f"{name}: {value:g} ({sign} {bar:g}: {reached})")
    latency = result["latency_ms"]
    console.print(
        f"one step: {latency['median']:g} ms, of a hundred the slowest"
        f" {latency['percentile_99']:g} ms"
    )
    if as_json:
        print(json.dumps(result))
    return 0
