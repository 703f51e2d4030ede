"""A scan and its gradient: ours, `keras.ops.associative_scan`, `tf.scan`, and a loop on a tape.

All work on the same numbers. Before any is timed, they must agree. Beside it, the memory that exact
traces take on short and on long sequences.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from course_lib.benchmarks import measure


@dataclass(frozen=True)
class Sizes:
    """Sequences in a batch, time steps, units."""

    batch: int = 100
    steps: int = 784
    units: int = 128


ROUNDS, QUICK_ROUNDS = 5, 3
SHORT, LONG = 1_024, 65_536  # T of the two whose memory is compared
BARS = {
    "speedup_over_associative_scan": (">=", 10.0),
    "speedup_over_autodiff_loop": (">=", 30.0),
    "max_error": ("<=", 1e-12),
    "memory_ratio_65536_over_1024": ("<=", 1.1),
}
WRITTEN = {
    "ours": "course_lib.layers.scan: on a CPU a loop, with its gradient by hand",
    "ours, log": "the same in log T rounds, as it is meant for a GPU",
    "associative scan": "keras.ops.associative_scan, differentiated by TensorFlow",
    "tf.scan": "tf.scan, which takes a and b apart beforehand, differentiated by TensorFlow",
    "autodiff loop": "a loop that reads a[t] and b[t], differentiated by TensorFlow",
}
METHODS = {"ours": "auto", "ours, log": "log", "ours, loop": "loop"}
# Keras's scan can't be compiled at T = 784, and compiled, tf.scan takes many times as long.
XLA = ("ours", "ours, log", "autodiff loop")
SAME = 1e-4  # in float32, of the largest number


def forward(name: str) -> Callable[[Any, Any], Any]:
    """All h_t from a and b, both (T, B, n).

    Raises:
        ValueError: there is no variant of that name.
    """
    from course_lib.layers.scan import scan

    if name in METHODS:
        return lambda a, b: scan(a, b, axis=0, method=METHODS[name])
    if name == "associative scan":
        return _associative_scan
    if name == "tf.scan":
        return _tf_scan
    if name == "autodiff loop":
        return _loop
    raise ValueError(f"name is {name!r}; choose one of {', '.join(WRITTEN)}.")


def build(name: str, sizes: Sizes, dtype: str = "float32", xla: bool = False) -> Callable:
    """A function that computes h and the gradients by a and b once, and returns them as arrays."""
    compute = tensors(name, sizes, dtype, xla)
    return lambda: _arrays(compute)


def tensors(name: str, sizes: Sizes, dtype: str = "float32", xla: bool = False) -> Callable:
    """The same, but what it returns is left where it was computed."""
    import numpy as np
    import tensorflow as tf

    rng = np.random.default_rng(0)
    shape = sizes.steps, sizes.batch, sizes.units
    a = tf.constant(rng.uniform(0.5, 1.0, shape), dtype)
    b, weight = (tf.constant(rng.normal(size=shape), dtype) for _ in range(2))
    run = forward(name)

    def both(a: tf.Tensor, b: tf.Tensor) -> tuple[tf.Tensor, ...]:
        with tf.GradientTape() as tape:
            tape.watch([a, b])
            h = run(a, b)
        return h, *tape.gradient(h, [a, b], weight)

    compiled = tf.function(both, jit_compile=xla, autograph=False)
    return lambda: compiled(a, b)


def _associative_scan(a: Any, b: Any) -> Any:
    import keras

    def join(one: tuple, two: tuple) -> tuple:
        return two[0] * one[0], two[0] * one[1] + two[1]

    return keras.ops.associative_scan(join, (a, b), axis=0)[1]


def _tf_scan(a: Any, b: Any) -> Any:
    import tensorflow as tf

    return tf.scan(lambda h, now: now[0] * h + now[1], (a, b), tf.zeros_like(b[0]))


def _loop(a: Any, b: Any) -> Any:
    # As it is written first, and slow: the gradient of each a[t] is as large as all of a.
    import tensorflow as tf

    T = b.shape[0]

    def step(t: tf.Tensor, h: tf.Tensor, out: tf.TensorArray) -> tuple:
        h = a[t] * h + b[t]
        return t + 1, h, out.write(t, h)

    out = tf.TensorArray(b.dtype, T)
    start = 0, tf.zeros_like(b[0]), out
    return tf.while_loop(lambda t, *_: t < T, step, start, maximum_iterations=T)[2].stack()


def max_error(sizes: Sizes) -> float:
    """How far ours, both ways, is from the taped loop in float64: h and gradients, relative."""
    true = build("autodiff loop", sizes, "float64")()
    return max(
        _apart(build(name, sizes, "float64", xla)(), true)
        for name in ("ours", "ours, log")
        for xla in (False, True)
    )


def memory(rule: str, sizes: dict[str, int]) -> dict[str, Any]:
    """In a process of its own: the gradient of a loss that an LRU has after its last step.

    Args:
        rule: of `course_lib.online.OnlineScan`.
        sizes: of `Sizes`.

    Returns:
        `before_mib`: what TensorFlow, model and data took before it.
    """
    import keras
    import tensorflow as tf

    from course_lib.layers import LRU
    from course_lib.online import OnlineScan

    batch, steps, units = sizes["batch"], sizes["steps"], sizes["units"]
    x = tf.random.stateless_normal((batch, steps, 1), (0, 0))
    model = OnlineScan(LRU(units, seed=0), 1)
    model.build(x.shape)
    model.compile("sgd", keras.losses.MeanSquaredError(), rule=rule, jit_compile=False)
    gradients = tf.function(lambda x: model.gradients(x, x[:, 0])[2], autograph=False)
    before = measure.peak_mib()
    for _ in range(2):
        gradients(x)
    return {"before_mib": before}


def memory_ratio(rule: str, sizes: Sizes) -> float:
    """How many times the memory grows with T, from `SHORT` to `LONG`."""
    used = []
    for steps in (SHORT, LONG):
        found = measure.in_child(memory, rule, asdict(replace(sizes, steps=steps)))
        used.append(found["peak_mib"] - found["before_mib"])
    return used[1] / used[0]


def run(quick: bool = False, sizes: Sizes | None = None) -> dict[str, Any]:
    """Build all variants, see that they agree, and measure them.

    Args:
        quick: fewer rounds.
        sizes: by default those of pixel MNIST.

    Returns:
        `sizes`, `rounds`; `variants`: median and quartiles in milliseconds; the speed-ups of ours
        without XLA over the rivals, each at its fastest; `speedup_by_xla`, of ours; `max_error`
        and `memory_ratio`, see there, the latter of exact traces and of BPTT; `bars`.

    Raises:
        RuntimeError: two variants don't give the same numbers.
    """
    sizes = sizes or Sizes()
    chosen = [(name, False) for name in WRITTEN] + [(name, True) for name in XLA]
    measure.say("all are built, and must give the same numbers")
    steps = {_label(*one): tensors(one[0], sizes, xla=one[1]) for one in chosen}
    ours = _arrays(steps["ours"])
    for name, step in steps.items():
        if _apart(_arrays(step), ours) > SAME:
            raise RuntimeError(
                f"{name} and ours don't give the same numbers, so their times can't be compared."
            )
    rounds = QUICK_ROUNDS if quick else ROUNDS
    # The tape of the loop takes so much memory that whoever comes next has to wait for its own.
    taped = [name for name in steps if name.startswith("autodiff loop")]
    beside = measure.interleaved({name: steps.pop(name) for name in taped}, rounds)
    seconds = measure.interleaved(steps, rounds) | beside
    table = {name: measure.summary(s) for name, s in seconds.items()}
    loop = min(("autodiff loop", "autodiff loop, XLA"), key=lambda name: table[name]["median_ms"])
    return {
        "sizes": asdict(sizes),
        "rounds": len(seconds["ours"]),
        "variants": table,
        "speedup_over_associative_scan": measure.ratio(
            seconds["associative scan"], seconds["ours"]
        ),
        "speedup_over_autodiff_loop": measure.ratio(seconds["autodiff loop"], seconds["ours"]),
        "speedup_over_fastest_autodiff_loop": measure.ratio(seconds[loop], seconds["ours"]),
        "speedup_over_tf_scan": measure.ratio(seconds["tf.scan"], seconds["ours"]),
        "speedup_by_xla": measure.ratio(seconds["ours"], seconds["ours, XLA"]),
        "max_error": float(f"{max_error(sizes):.2g}"),
        "memory_ratio_65536_over_1024": memory_ratio("exact", sizes),
        "bptt_memory_ratio_65536_over_1024": memory_ratio("bptt", sizes),
        "bars": {name: f"{sign} {bar:g}" for name, (sign, bar) in BARS.items()},
    }


def main(quick: bool, as_json: bool, out: Path | None) -> int:
    """Measure, print and store; the number to exit with, which says nothing of how fast it was."""
    result = measure.store("scan", run(quick), quick, out)
    measure.show_times(result, "h and its gradients, once", BARS, as_json)
    return 0


def _arrays(compute: Callable) -> list[Any]:
    return [x.numpy() for x in compute()]


def _label(name: str, xla: bool) -> str:
    return f"{name}, XLA" if xla else name


def _apart(one: list[Any], other: list[Any]) -> float:
    import numpy as np

    return max(
        float(np.abs(a - b).max() / max(1.0, np.abs(b).max()))
        for a, b in zip(one, other, strict=True)
    )
