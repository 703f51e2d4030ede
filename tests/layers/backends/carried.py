"""Stateful networks, stored in the middle of their sequences and loaded by another backend."""

import keras
import numpy as np
from keras import ops
from made import SCANNED, B, M, T, numbers, with_weights

from course_lib.layers import ResidualBlock

MIDDLE = 4  # steps before it
X = numbers(B, T, M)
X[1, 2:6] = X[2, 3:] = 0  # a gap over the middle, and a sequence that ends before it


def carrying():
    """Name, and a network that goes on where it was left."""
    options = {"stateful": True, "return_sequences": True}
    for name, policy in (
        ("lru with outputs", "float64"),
        ("mingru", "float64"),
        ("lru with outputs", "mixed_bfloat16"),
        ("mingru", "mixed_float16"),
    ):
        yield f"{name}, {policy}", stream(SCANNED[name](dtype=policy, **options))
    block = ResidualBlock(SCANNED["lru"](dtype="float64", **options), dtype="float64")
    yield "block, float64", stream(block)
    back = SCANNED["lru"](stateful=True, return_state=True, go_backwards=True, dtype="float64")
    yield "lru back, with its states, float64", stream(back)


def stream(layer):
    inputs = keras.Input(batch_shape=(B, None, M), dtype="float64")
    h = keras.layers.Masking(dtype="float64")(inputs)
    return with_weights(keras.Model(inputs, layer(h)))


def answer(model):
    """What follows the middle, and what a whole sequence gives after it; as one array of each."""
    found = [*keras.tree.flatten(model(X[:, MIDDLE:])), *keras.tree.flatten(model(X))]
    return [ops.convert_to_numpy(ops.cast(a, "float64")) for a in found]


def save_carried(folder):
    """Files of networks in the middle of a sequence, and what they said afterwards."""
    for number, (name, model) in enumerate(carrying()):
        file = folder / f"{keras.backend.backend()}-{number}"
        model(X[:, :MIDDLE])
        model.save(f"{file}.keras")
        model.save_weights(f"{file}.weights.h5")
        np.savez(file, *answer(model), name=name)


def load_carried(folder):
    """Name of the file, what it holds, and how far its network is from going on alike.

    Once as it was stored, and once a new one that takes the stored weights over.
    """
    fresh = dict(carrying())
    for file in sorted(folder.glob("*.keras")):
        stored = np.load(file.with_suffix(".npz"))
        name = str(stored["name"])
        true = [stored[key] for key in stored.files if key != "name"]
        model = fresh[name]
        model(X)  # it stands elsewhere
        model.load_weights(file.with_suffix(".weights.h5"))
        for kind, one in ("whole", keras.models.load_model(file)), ("its weights", model):
            apart = [np.abs(a - b).max() for a, b in zip(answer(one), true, strict=True)]
            yield file.stem, f"{kind}, {name}", max(apart)
