"""What the backends are compared on: layers and networks, their weights drawn by NumPy."""

import keras
import numpy as np

from course_lib.layers import (
    CELLS,
    LRU,
    LRUCell,
    MinGRU,
    MinGRUCell,
    ResidualBlock,
    stacked_rnn,
)
from course_lib.layers.gradnets import GradualRNNCell

F64 = {"dtype": "float64"}
B, T, M, N = 5, 9, 3, 4  # sequences, steps, inputs, units
GATE = np.array(0.3)
MASKS = {
    "none": None,
    "end": np.arange(T) < np.array([9, 5, 1, 8, 3])[:, None],
    "front": np.arange(T) >= np.array([0, 5, 1, 8, 3])[:, None],
    "gaps": np.random.default_rng(3).random((B, T)) < 0.5,
    "a row without a step": np.arange(T) < np.array([9, 0, 1, 8, 0])[:, None],
}
STEPWISE = {
    **{name: lambda make=make, **kw: make(N, **kw) for name, make in CELLS.items()},
    "gradual": lambda **kw: GradualRNNCell(N, **kw),
    "lru": lambda **kw: LRUCell(N, 2, **kw),
    "mingru": lambda **kw: MinGRUCell(N, **kw),
}
SCANNED = {
    "lru": lambda **kw: LRU(N, **kw),
    "lru with outputs": lambda **kw: LRU(N, 2, **kw),
    "mingru": lambda **kw: MinGRU(N, **kw),
}


def numbers(*shape, seed=0, dtype="float64"):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=shape) + (1j * rng.normal(size=shape) if "complex" in dtype else 0)
    return x.astype(dtype)


def with_weights(layer, seed=1):
    """The layer, its weights drawn by NumPy; those that Keras's random numbers need stay."""
    rng = np.random.default_rng(seed)
    for w in layer.weights:
        if w.name == "g":
            w.assign(GATE)  # an initializer of Keras has 32 bits in TensorFlow
        elif "variance" in w.name:
            w.assign(rng.uniform(0.5, 1, w.shape))
        elif w.dtype.startswith("float"):
            w.assign(0.4 * rng.normal(size=w.shape))
    return layer


def network(recurrent, mask=True, dtype="float64"):
    masking = [keras.layers.Masking(dtype=dtype)] if mask else []
    model = keras.Sequential(
        [keras.Input((None, M)), *masking, recurrent, keras.layers.Dense(2, dtype=dtype)]
    )
    return with_weights(model)


def networks(dtype="float64"):
    options = {"dtype": dtype}
    for name, cell in STEPWISE.items():
        layer = keras.layers.RNN(cell(**options), **options)
        yield f"RNN of {name}", network(layer, mask=name != "lru", dtype=dtype)
    for name, layer in SCANNED.items():
        yield name, network(layer(return_sequences=True, **options), dtype=dtype)
    yield "two GRUs", network(stacked_rnn("gru", N, 2, **options), mask=False, dtype=dtype)
    block = ResidualBlock(LRU(N, return_sequences=True, **options), **options)
    yield "block", network(block, dtype=dtype)
