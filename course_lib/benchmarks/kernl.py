"""What a gradient of KeRNL costs: chunked, step by step, and against BPTT in Keras.

All work on the same batch with the same weights and give the gradient of the same loss, after the
last step. KeRNL also gives the gradients that its kernel learns by; BPTT has none. Before any is
timed, chunks and single steps must agree.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from course_lib.benchmarks import measure


@dataclass(frozen=True)
class Sizes:
    """Sequences in a batch, time steps, inputs a step, units, classes."""

    batch: int = 100
    steps: int = 784
    inputs: int = 1
    units: int = 128
    classes: int = 10


SAMPLES = 16  # disturbed sequences of a batch
WINDOW = 112  # steps that truncated BPTT looks back
ROUNDS, QUICK_ROUNDS = 20, 5
SHORT, LONG = 1024, 8192  # T of the two whose memory is compared
TRIES = 3  # processes: what an allocator asks for differs by a tenth from one to the next
CURVE = (128, 512, 2048, 8192, 32768, 65536)
TIMINGS = 5  # of a point of the curve or of a rule: so many, or as many as fit in
PATIENCE = 10.0  # seconds, but one at least
# RTRL carries n times what the others carry; what a step costs it can be seen in a few.
RULE_STEPS = {"rtrl": 4}
BARS = {
    "speedup_over_per_step": (">=", 6.0),
    "ratio_to_bptt": ("<=", 1.0),
    "snap1_ratio_to_drtrl": ("<=", 1.0),
    "memory_ratio_8192_over_1024": ("<=", 1.1),
}
WITH_XLA_AT_MOST = {"chunked": 1.0, "snap1": 1.0}  # a gradient's time, of that without
WRITTEN = {
    "per_step": "KeRNL, one outer product a step",
    "chunked": "KeRNL, chunks",
    "bptt": "keras.layers.SimpleRNN, backpropagation through time",
}
TRACES = ("per_step", "chunked")
WITH_XLA = ("chunked", "snap1", "bptt")
# Where braintrace is installed: name -> the function of `braintrace_peers`.
PEERS = {"braintrace": "chunks", "braintrace, trace alone": "trace"}
NO_PEER = "braintrace is not installed: python -m pip install braintrace, into a copy of .venv"
SAME_GRADIENT = 1e-3  # relative; float32 adds up in another order


def build(name: str, sizes: Sizes, xla: bool = False) -> Callable[[], list[Any]]:
    """A function that computes all gradients once and returns those of the weights, as arrays.

    Args:
        name: a key of `WRITTEN` or of `PEERS`, or a rule.
        sizes: of net and batch.
        xla: compile with it; JAX always does.

    Raises:
        ValueError: there is no variant of that name.
    """
    import tensorflow as tf

    if name in PEERS:
        from course_lib.benchmarks import braintrace_peers

        model, _, x, y = problem("snap1", sizes)
        return getattr(braintrace_peers, PEERS[name])(model, x, y)
    if name not in rules():
        raise ValueError(f"name is {name!r}; choose one of {', '.join(rules())}.")
    model, loss, x, y = problem(name, sizes, xla)

    def backward() -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            value = loss(y, model(x, training=True))
        return tape.gradient(value, [w.value for w in model.trainable_variables]), ()

    def forward() -> tuple[Any, Any]:
        _, _, gradients, fit = model.gradients(x, y)
        return gradients, fit

    compiled = tf.function(
        backward if name == "bptt" else forward, jit_compile=xla, autograph=False
    )

    def measured() -> list[Any]:
        gradients, fit = compiled()
        for part in tf.nest.flatten(fit or ()):
            part.numpy()
        return [g.numpy() for g in gradients]

    return measured


def problem(name: str, sizes: Sizes, xla: bool = False) -> tuple[Any, Any, Any, Any]:
    """Model, loss, inputs and labels: the same batch and the same weights for every name."""
    import keras
    import numpy as np
    import tensorflow as tf

    from course_lib.online import LeakyRNNCell, OnlineRNN

    rng = np.random.default_rng(0)
    x = tf.constant(rng.random((sizes.batch, sizes.steps, sizes.inputs), np.float32))
    y = tf.constant(rng.integers(0, sizes.classes, sizes.batch))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    if name == "bptt":
        model = keras.Sequential(
            [
                keras.Input(x.shape[1:]),
                keras.layers.SimpleRNN(sizes.units),
                keras.layers.Dense(sizes.classes),
            ]
        )
    else:
        model = OnlineRNN(LeakyRNNCell(sizes.units), sizes.classes)
        model.build(x.shape)
        model.compile("sgd", loss, **rules()[name], samples=SAMPLES, jit_compile=xla)
    rng = np.random.default_rng(1)
    for w in model.trainable_variables:
        w.assign(rng.normal(scale=0.5 / np.sqrt(max(w.shape[0], 16)), size=w.shape))
    return model, loss, x, y


def rules() -> dict[str, dict[str, Any]]:
    """What can be built: name to what `OnlineRNN.compile` is told; "bptt" is Keras's own layer."""
    from course_lib.online import OTHER_RULES, RULES

    names = (*RULES, *OTHER_RULES)
    # In a network in which all units hear each other, SnAp-2 would be RTRL.
    same = {name: {"rule": name} for name in names if name != "snap2"}
    same["tbptt"]["chunk"] = WINDOW
    traces = {name: {"rule": "kernl", "trace": name} for name in TRACES}
    return {**same, **traces}


def memory(name: str, sizes: dict[str, int]) -> dict[str, Any]:
    """In a process of its own: take the gradient a few times. `peak_mib` is what it took at most.

    `seconds` is the median without the first time; `before_mib` is what TensorFlow, model and data
    took.
    """
    step = build(name, Sizes(**sizes))
    before = measure.peak_mib()
    step()
    seconds = []
    while not seconds or (len(seconds) < TIMINGS and sum(seconds) < PATIENCE):
        began = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - began)
    return {"seconds": round(statistics.median(seconds), 4), "before_mib": before}


def side_by_side(sizes: Sizes) -> dict[str, dict[str, Any]]:
    """For every rule: milliseconds a time step of the batch, and MiB beyond what was there before.

    Each is measured in a process of its own, over the sequences of `sizes`; RTRL over four steps,
    since what it carries does not depend on their number.
    """
    found = {}
    for name in rules():
        if name in TRACES:
            continue
        steps = RULE_STEPS.get(name, sizes.steps)
        row = measure.in_child(memory, name, asdict(_with(sizes, steps)))
        found[name] = {
            "steps": steps,
            "ms_a_step": float(f"{1e3 * row['seconds'] / steps:.3g}"),
            "mib": round(_used(row), 1),
        }
    return found


def memory_ratio(name: str, sizes: Sizes) -> tuple[float | None, dict[str, Any]]:
    """How many times the memory grows with T, from `SHORT` to `LONG`.

    What TensorFlow, the model and the inputs take before the first step is not counted. Of each
    length the median of `TRIES` processes counts.
    """
    found = {}
    for steps in (SHORT, LONG):
        rows = [measure.in_child(memory, name, asdict(_with(sizes, steps))) for _ in range(TRIES)]
        found[str(steps)] = sorted(rows, key=_used)[TRIES // 2]
    short, long = map(_used, found.values())
    return long / short, found


def _used(row: dict[str, Any]) -> float:
    """What the steps took, MiB."""
    return row["peak_mib"] - row["before_mib"]


def run(quick: bool = False, sizes: Sizes | None = None) -> dict[str, Any]:
    """Build all variants, see that they agree, and measure them.

    Args:
        quick: fewer rounds, no curve over T, and no other rules.
        sizes: by default those of MNIST by pixels with 128 units.

    Returns:
        `sizes`, `rounds`, `chunk` (shorter with XLA), `samples`; `variants`: median and quartiles
        in milliseconds; `speedup_over_per_step`; `ratio_to_bptt`, time of chunked over that of
        BPTT, each at its fastest, without or with XLA; `ratio_to_braintrace`, likewise to
        braintrace's chunked D-RTRL; `snap1_ratio_to_drtrl`, time of SnAp-1 over that of
        braintrace's D-RTRL that drives the trace alone; both None where braintrace is not
        installed, and then `why_no_peer` says so; `xla_ratio`, for each rule how many times as long
        it takes with XLA as without; `memory_ratio_8192_over_1024` and that of BPTT beside it;
        `curve`: over T, seconds and MiB of both; `rules`: what `side_by_side` gives; `bars`.

    Raises:
        RuntimeError: two that should give the same gradient don't: chunks and single steps, a step
            with and without XLA, SnAp-1 and D-RTRL.
    """
    from course_lib.online import chunk_length

    sizes = sizes or Sizes()
    measure.say("all are built, and those that should must give the same gradient")
    steps = {name: build(name, sizes) for name in (*WRITTEN, "snap1")}
    steps |= {f"{name}, XLA": build(name, sizes, xla=True) for name in WITH_XLA}
    installed = find_spec("braintrace") is not None
    if installed:
        steps |= {name: build(name, sizes) for name in PEERS}
    gradients = {name: step() for name, step in steps.items()}
    _agree(gradients["chunked"], gradients["per_step"])
    for name in WITH_XLA:
        _agree(gradients[f"{name}, XLA"], gradients[name])
    if installed:
        one_chunk = _with(sizes, chunk_length(sizes.steps))
        _agree(build("braintrace", one_chunk)(), build("bptt", one_chunk)())
        _agree(gradients["braintrace, trace alone"], gradients["snap1"])
    seconds = measure.interleaved(steps, QUICK_ROUNDS if quick else ROUNDS)
    table = {name: measure.summary(s) for name, s in seconds.items()}

    def fastest(name: str) -> list[float]:
        """Return the seconds without or with XLA, whichever is faster."""
        both = (name, f"{name}, XLA")
        return seconds[min(both, key=lambda name: table[name]["median_ms"])]

    def to_peer(name: str, peer: str) -> float | None:
        return measure.ratio(fastest(name), seconds[peer]) if installed else None

    ours, ours_memory = memory_ratio("chunked", sizes)
    theirs, their_memory = memory_ratio("bptt", sizes)
    return {
        "sizes": asdict(sizes),
        "rounds": len(seconds["chunked"]),
        "chunk": chunk_length(sizes.steps),
        "samples": SAMPLES,
        "variants": table,
        "speedup_over_per_step": measure.ratio(seconds["per_step"], seconds["chunked"]),
        "ratio_to_bptt": measure.ratio(fastest("chunked"), fastest("bptt")),
        "ratio_to_braintrace": to_peer("chunked", "braintrace"),
        "snap1_ratio_to_drtrl": to_peer("snap1", "braintrace, trace alone"),
        "xla_ratio": {
            name: measure.ratio(seconds[f"{name}, XLA"], seconds[name]) for name in WITH_XLA
        },
        "why_no_peer": None if installed else NO_PEER,
        "memory_ratio_8192_over_1024": ours,
        "bptt_memory_ratio_8192_over_1024": theirs,
        "memory": {"chunked": ours_memory, "bptt": their_memory},
        "curve": [] if quick else curve(sizes),
        "rules": {} if quick else side_by_side(sizes),
        "bars": {name: f"{sign} {bar:g}" for name, (sign, bar) in BARS.items()},
    }


def curve(sizes: Sizes, lengths: tuple[int, ...] = CURVE) -> list[dict[str, Any]]:
    """Seconds and memory of KeRNL in chunks and of BPTT over T, each in a process of its own."""
    return [
        {"T": T, "rule": name, **measure.in_child(memory, name, asdict(_with(sizes, T)))}
        for T in lengths
        for name in ("chunked", "bptt")
    ]


def main(quick: bool, as_json: bool, out: Path | None) -> int:
    """Measure, print and store; the number to exit with, which says nothing of how fast it was."""
    result = measure.store("kernl", run(quick), quick, out)
    _show(result, as_json)
    return 0


def _show(result: dict[str, Any], as_json: bool) -> None:
    further = ("bptt_memory_ratio_8192_over_1024",)
    measure.show_times(result, "all gradients of a batch, once", BARS, as_json, further)


def _with(sizes: Sizes, steps: int) -> Sizes:
    return Sizes(**{**asdict(sizes), "steps": steps})


def _agree(a: list[Any], b: list[Any]) -> None:
    import numpy as np

    for one, other in zip(a, b, strict=True):
        if np.abs(one - other).max() > SAME_GRADIENT * np.abs(other).max():
            raise RuntimeError(
                "Here are two gradients where there should be one: their times can't be compared."
            )
