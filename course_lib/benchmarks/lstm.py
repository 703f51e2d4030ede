"""One training step of an LSTM, written in four ways, each without and with XLA.

All take the same step: an LSTM over the rows of a batch of images, a linear readout of the last
state, cross-entropy from the logits, Adam. They begin with the same weights and must give the same
loss, before any is timed.

On a GPU, Keras's layer without XLA runs as cuDNN's kernel. So does ours with `fused=True`, which is
that very layer (`course_lib.layers.fused_layer`); what is measured here is the cell.
"""

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course_lib.benchmarks import measure

if TYPE_CHECKING:
    import keras
    import numpy as np


@dataclass(frozen=True)
class Sizes:
    """Those of the step: examples in a batch, time steps, inputs a step, units, classes."""

    batch: int = 128
    steps: int = 28
    inputs: int = 28
    units: int = 128
    classes: int = 10


ROUNDS, QUICK_ROUNDS = 60, 12
BARS = {"speedup_over_eager": 5.0, "ratio_to_keras": 0.98}
# Of the loss, relative, after one update. In float32, XLA and PyTorch add up in another order.
SAME_LOSS = 1e-4

WRITTEN = {
    "eager loop": "each step of time called from Python, as the notebook of 2018 has it",
    "traced loop": "the same loop, traced: a graph as long as the sequence",
    "ours": "our cell in keras.layers.RNN: a loop inside the graph",
    "keras": "keras.layers.LSTM",
}


def variants() -> list[tuple[str, bool]]:
    """What is compared: name, and whether with XLA. PyTorch's only where it is installed."""
    torch = [("pytorch", False)] if find_spec("torch") else []
    return [(name, xla) for name in WRITTEN for xla in (False, True)] + torch


def label(name: str, xla: bool) -> str:
    """A variant by one name."""
    return f"{name}, XLA" if xla else name


def build(name: str, xla: bool, sizes: Sizes) -> Callable[[], float]:
    """A function that takes one training step and returns its loss.

    Raises:
        ValueError: there is no variant of that name.
    """
    if name == "pytorch":
        return _pytorch(sizes)
    return _tensorflow(name, xla, sizes)


def first_step(name: str, xla: bool, sizes: dict[str, int]) -> dict[str, Any]:
    """In a process of its own: what the first step costs over the others, in seconds.

    That is tracing and compiling; for the eager loop, what TensorFlow sets up once.
    """
    step = build(name, xla, Sizes(**sizes))
    seconds = []
    for _ in range(4):
        began = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - began)
    return {"compile_seconds": round(seconds[0] - min(seconds[1:]), 2)}


def run(quick: bool = False, sizes: Sizes | None = None) -> dict[str, Any]:
    """Build all variants, see that they do the same, and measure them.

    Args:
        quick: fewer rounds.
        sizes: those of the step, by default those of MNIST by rows and 128 units.

    Returns:
        `sizes`, `rounds`; `variants`: for each the median and the quartiles in milliseconds,
        `compile_seconds`, `peak_mib`; ratios of steps a second, ours to theirs:
        `speedup_over_eager`, to the loop as it was in 2018; `ratio_to_keras`, the faster of ours,
        without and with XLA, to the faster of Keras's; `ratio_to_keras_by_xla`, like to like;
        `bars`, what the first two should reach at least.

    Raises:
        RuntimeError: two variants don't give the same loss.
    """
    sizes = sizes or Sizes()
    chosen = variants()
    once = {label(*v): measure.in_child(first_step, *v, asdict(sizes)) for v in chosen}
    measure.say("all are built, and must give the same loss")
    steps = {label(*v): build(*v, sizes) for v in chosen}
    losses = {name: [step() for _ in range(2)][1] for name, step in steps.items()}
    _same(losses)
    seconds = measure.interleaved(steps, QUICK_ROUNDS if quick else ROUNDS)
    table = {name: {**measure.summary(s), **once[name]} for name, s in seconds.items()}

    best = {
        name: seconds[min((name, label(name, True)), key=lambda n: table[n]["median_ms"])]
        for name in ("ours", "keras")
    }
    return {
        "sizes": asdict(sizes),
        "rounds": len(seconds["ours"]),
        "variants": table,
        "speedup_over_eager": measure.ratio(seconds["eager loop"], best["ours"]),
        "ratio_to_keras": measure.ratio(best["keras"], best["ours"]),
        "ratio_to_keras_by_xla": {
            key: measure.ratio(seconds[label("keras", xla)], seconds[label("ours", xla)])
            for key, xla in (("without", False), ("with", True))
        },
        "bars": BARS,
    }


def main(quick: bool, as_json: bool, out: Path | None) -> int:
    """Measure, print and store; the number to exit with, which says nothing of how fast it was."""
    result = measure.store("lstm", run(quick), quick, out)
    _print(result, as_json)
    if as_json:
        print(json.dumps(result))
    return 0


def _print(result: dict[str, Any], as_json: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(stderr=as_json)
    table = Table("one training step", "ms", "quartiles", "compile s", "peak MiB")
    for name, row in result["variants"].items():
        quartiles = f"{row['lower_quartile_ms']:g} to {row['upper_quartile_ms']:g}"
        peak = "?" if row["peak_mib"] is None else f"{row['peak_mib']:.0f}"
        table.add_row(name, f"{row['median_ms']:g}", quartiles, f"{row['compile_seconds']:g}", peak)
    console.print(table)
    for name, bar in BARS.items():
        reached = "reached" if result[name] >= bar else "NOT reached"
        console.print(f"{name}: {result[name]:g} (at least {bar:g}: {reached})")


def _same(losses: dict[str, float]) -> None:
    reference = losses["keras"]
    for name, loss in losses.items():
        if abs(loss - reference) > SAME_LOSS * abs(reference):
            raise RuntimeError(
                f"{name} gives a loss of {loss}, keras {reference}: they don't take the same step,"
                " so that their times can't be compared."
            )


def _data(sizes: Sizes) -> tuple["np.ndarray", "np.ndarray", list["np.ndarray"]]:
    """A batch, its labels and the weights that all begin with."""
    import numpy as np

    rng = np.random.default_rng(0)
    m, n = sizes.inputs, sizes.units
    x = rng.random((sizes.batch, sizes.steps, m), np.float32)
    y = rng.integers(0, sizes.classes, sizes.batch)
    shapes = [(m, 4 * n), (n, 4 * n), (4 * n,), (n, sizes.classes), (sizes.classes,)]
    return x, y, [(0.1 * rng.normal(size=shape)).astype(np.float32) for shape in shapes]


def _tensorflow(name: str, xla: bool, sizes: Sizes) -> Callable[[], float]:
    import tensorflow as tf

    x, y, weights = _data(sizes)
    x, y = tf.constant(x), tf.constant(y)
    eager = name == "eager loop"
    model = _model(name, xla, sizes)
    model(x)  # makes the weights
    model.set_weights(weights)

    def step() -> "tf.Tensor":
        return model.train_step((x, y))["loss"]

    if not eager:
        tf.get_logger().setLevel("ERROR")  # no warning that one step is traced in many ways
        step = tf.function(step, jit_compile=xla, autograph=False)

    def measured() -> float:
        model.reset_metrics()
        return float(step())

    return measured


def _model(name: str, xla: bool, sizes: Sizes) -> "keras.Model":
    import keras

    from course_lib.benchmarks.eager_loop import EagerLoop
    from course_lib.layers import LSTMCell

    if name in ("eager loop", "traced loop"):
        model = EagerLoop(sizes.units, sizes.classes, compiled_cell=xla and name == "eager loop")
    elif name in ("ours", "keras"):
        shape = (sizes.steps, sizes.inputs)
        if name == "ours":
            rnn = keras.layers.RNN(LSTMCell(sizes.units))
        else:  # XLA can't compile cuDNN's kernel
            rnn = keras.layers.LSTM(sizes.units, use_cudnn=False if xla else "auto")
        model = keras.Sequential([keras.Input(shape), rnn, keras.layers.Dense(sizes.classes)])
    else:
        raise ValueError(f"name is {name!r}; choose one of {', '.join(WRITTEN)}.")
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    # Compiled by `_tensorflow`, like all.
    model.compile(keras.optimizers.Adam(1e-3), loss, jit_compile=False)
    return model


def _pytorch(sizes: Sizes) -> Callable[[], float]:
    import torch

    x, y, (W_x, W_h, b, W_hy, b_y) = _data(sizes)
    lstm = torch.nn.LSTM(sizes.inputs, sizes.units, batch_first=True)  # gates i, f, candidate, o
    readout = torch.nn.Linear(sizes.units, sizes.classes)
    ours = {lstm.weight_ih_l0: W_x.T, lstm.weight_hh_l0: W_h.T, lstm.bias_ih_l0: b}
    ours |= {lstm.bias_hh_l0: 0 * b, readout.weight: W_hy.T, readout.bias: b_y}
    with torch.no_grad():
        for parameter, value in ours.items():
            parameter.copy_(torch.from_numpy(value.copy()))
    lstm.bias_hh_l0.requires_grad_(False)  # of two biases that are added, one is enough
    parameters = [p for p in ours if p.requires_grad]
    adam = torch.optim.Adam(parameters, 1e-3, eps=1e-7)
    x, y = torch.from_numpy(x), torch.from_numpy(y)

    def measured() -> float:
        adam.zero_grad()
        loss = torch.nn.functional.cross_entropy(readout(lstm(x)[0][:, -1]), y)
        loss.backward()
        adam.step()
        return float(loss)

    return measured
