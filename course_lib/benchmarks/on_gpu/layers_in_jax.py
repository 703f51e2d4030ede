"""The layers of the course in JAX: the same on the GPU as on the host, and how fast.

For machines whose GPU JAX sees and TensorFlow doesn't. XLA compiles all of it.
"""

from collections.abc import Callable, Iterator
from typing import Any

from course_lib.benchmarks.on_gpu import cells, variants
from course_lib.benchmarks.on_gpu.devices import apart
from course_lib.benchmarks.on_gpu.part import Task
from course_lib.benchmarks.on_gpu.training_step import CLASSES, classifier

SMALL = {"batch": 4, "units": 8, "T": 6}
SAME = 1e-4  # of the losses, in float32 without TF32: sums in another order
TIMED = ("Keras's LSTM", "our LSTM", "our GRU")
STEPS = 4  # losses that are compared


def layers() -> dict[str, Callable[[int], Any]]:
    """Recurrent layers by name, each from a number of units."""
    import keras

    from course_lib.layers import LRU, GRUCell, LSTMCell, MinGRU, VanillaRNNCell

    return {
        "our LSTM": lambda n: keras.layers.RNN(LSTMCell(n)),
        "our GRU": lambda n: keras.layers.RNN(GRUCell(n, reset_after=True)),
        "our vanilla RNN": lambda n: keras.layers.RNN(VanillaRNNCell(n)),
        "LRU, loop": lambda n: LRU(n, method="loop", seed=0),
        "LRU, log": lambda n: LRU(n, method="log", seed=0),
        "minGRU, loop": lambda n: MinGRU(n, method="loop"),
        "minGRU, log": lambda n: MinGRU(n, method="log"),
        "Keras's LSTM": keras.layers.LSTM,  # cuDNN's kernel, where Keras can have it
    }


def tasks(device: str, quick: bool, seconds: float) -> Iterator[Task]:
    """First the comparisons, then the times."""
    names = [name for name in layers() if not name.startswith("Keras")]
    for name in names[:2] if quick else names:
        yield {"layer": name}, lambda name=name: compare(name)
    for sizes in [cells.QUICK] if quick else cells.grid():
        yield sizes, lambda sizes=sizes: timed(sizes)


def compare(name: str) -> dict[str, Any]:
    """The losses of a few steps on the first device of JAX and on its CPU."""
    import jax

    x, y = batch(SMALL)
    with jax.default_matmul_precision("highest"):
        losses = [
            [taken(x, y) for _ in range(STEPS)]
            for device in (jax.devices()[0], jax.devices("cpu")[0])
            for taken in [step(name, SMALL["units"], device)]
        ]
    away = apart(*losses)
    return {"apart": away, "ok": away <= SAME}


def timed(sizes: dict[str, int]) -> dict[str, Any]:
    """Time the LSTMs and the GRU on one batch, in turns."""
    import jax

    device = jax.devices()[0]
    given = jax.device_put(batch(sizes), device)

    def builder(name: str) -> Callable[[], Callable[[], float]]:
        def build() -> Callable[[], float]:
            made = step(name, sizes["units"], device)
            return lambda: made(*given)

        return build

    return variants.timed({name: builder(name) for name in TIMED}, same=cells.same_losses)


def step(name: str, units: int, device: Any) -> Any:
    """The training step of a layer."""
    from course_lib.benchmarks.on_gpu.jax_step import JaxStep

    return JaxStep(classifier(layers()[name](units), cells.INPUTS), device)


def batch(sizes: dict[str, int]) -> tuple[Any, Any]:
    """Sequences (batch, T, m) and labels at random, as arrays."""
    import numpy as np

    rng = np.random.default_rng(0)
    x = rng.random((sizes["batch"], sizes["T"], cells.INPUTS), np.float32)
    return x, rng.integers(0, CLASSES, sizes["batch"]).astype(np.int32)
