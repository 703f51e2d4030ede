"""An LSTM and a GRU: cuDNN's kernel, our cell in a loop of the graph, with XLA, and from Python.

What is timed is a step of training, over batch, units and T. TensorFlow is left as it comes: on
GPUs that have TF32, products in float32 are computed in it.
"""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

from course_lib.benchmarks.on_gpu import variants
from course_lib.benchmarks.on_gpu.devices import on
from course_lib.benchmarks.on_gpu.part import Task
from course_lib.benchmarks.on_gpu.training_step import CLASSES, TrainingStep, batch, classifier

INPUTS = 28
CHOICES = {"batch": (32, 256, 1024), "units": (128, 512, 1024), "T": (28, 128, 784)}
CENTRE = {"batch": 256, "units": 512, "T": 128}
QUICK = {"batch": 8, "units": 16, "T": 7}
NAMES = ("cuDNN LSTM", "our LSTM", "our LSTM, XLA", "cuDNN GRU", "our GRU, XLA")
FROM_PYTHON = "LSTM from Python"
SHORT = 28  # T of the loop in Python; each of its steps takes as long as the first
# Of the losses, relative, after an update. TF32 keeps ten bits of a number: 1e-3 in each product.
SAME_LOSS = 1e-2


def tasks(device: str, quick: bool, seconds: float) -> Iterator[Task]:
    """One task for each triple of sizes."""
    made: dict[tuple[str, int], TrainingStep] = {}  # traced once for all batches and lengths
    for sizes in [QUICK] if quick else grid():
        yield sizes, lambda sizes=sizes: timed(sizes, device, made)


def grid() -> list[dict[str, int]]:
    """All sizes; first the centre, then what differs from it in one place, in two, in three."""
    found = [dict(zip(CHOICES, one, strict=True)) for one in itertools.product(*CHOICES.values())]
    return sorted(found, key=lambda one: sum(one[key] != CENTRE[key] for key in CENTRE))


def timed(
    sizes: dict[str, int], device: str, made: dict[tuple[str, int], TrainingStep]
) -> dict[str, Any]:
    """Time all variants on one batch, in turns.

    Args:
        sizes: "batch", "units" and "T".
        device: the GPU.
        made: steps that have been made before, by name and units.
    """
    names = (*NAMES, FROM_PYTHON) if sizes["T"] <= SHORT else NAMES
    with on(device):
        given = batch(sizes, INPUTS)

        def builder(name: str) -> Callable[[], Callable[[], float]]:
            def build() -> Callable[[], float]:
                key = name, sizes["units"]
                if key not in made:
                    made[key] = step(*key)
                made[key].restart()
                return lambda: made[key](*given)

            return build

        return variants.timed({name: builder(name) for name in names}, same=same_losses)


def step(name: str, units: int) -> TrainingStep:
    """The training step of a variant."""
    import keras

    from course_lib.benchmarks.eager_loop import EagerLoop
    from course_lib.layers import GRUCell, LSTMCell

    if name == FROM_PYTHON:
        model = EagerLoop(units, CLASSES)
        model.build((None, None, INPUTS))
        return TrainingStep(model, INPUTS, traced=False)
    makers = {
        "cuDNN LSTM": keras.layers.LSTM,
        "our LSTM": lambda n: keras.layers.RNN(LSTMCell(n)),
        "cuDNN GRU": keras.layers.GRU,
        "our GRU": lambda n: keras.layers.RNN(GRUCell(n, reset_after=True)),
    }
    rnn = makers[name.removesuffix(", XLA")](units)
    return TrainingStep(classifier(rnn, INPUTS), INPUTS, xla=name.endswith("XLA"))


def same_losses(losses: dict[str, float]) -> None:
    """See that the LSTMs took the same step, and the GRUs.

    Args:
        losses: by the name of the variant.

    Raises:
        RuntimeError: they didn't.
    """
    for kind in ("LSTM", "GRU"):
        ones = {name: loss for name, loss in losses.items() if kind in name}
        reference = next(iter(ones.values()), 0.0)
        # NaN is near to nothing.
        if not all(abs(x - reference) <= SAME_LOSS * abs(reference) for x in ones.values()):
            raise RuntimeError(f"They don't take the same step; their losses are {ones}.")
