"""What online rules leave out in a stack of cells: the cosine with BPTT, layer by layer.

Credit goes down through a stack at the same step. Of the top cell, RTRL has the whole gradient. Of
all that stands below a cell, every rule lacks what it did to a later loss by way of that cell's
memory. With RTRL nothing else is missing, so its cosines show how much that is.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from course_lib.online import OnlineRNN

NEEDS_MNIST = False

# Network to the arguments of `LeakyRNNCell` that make each of its cells.
NETWORKS = {
    "short memory": {"recurrent": 0.0, "noise": 0.2},
    "long memory": {"recurrent": 0.9, "noise": 0.05},
}
LOSSES = ("at every step", "at the end")
RULES = ("one_step", "snap1", "kernl", "rtrl")
LAYERS = ("dense", "cell 1", "cell 2", "cell 3")  # from below


def run(data: None, seed: int, quick: bool = False) -> dict[str, Any]:
    """Compare every rule with BPTT in fresh stacks, for three seeds.

    Args:
        data: not used; the data are made.
        seed: the first of the three.
        quick: one seed and few updates, to see that all works.

    Returns:
        A dict with `config`, `curves` and `summary`.
    """
    return stacks(range(seed, seed + (1 if quick else 3)), updates=3 if quick else 200)


def stacks(
    seeds: range, n: int = 12, T: int = 20, batch: int = 32, updates: int = 200
) -> dict[str, Any]:
    """Compare the gradients in stacks of a dense layer and three cells.

    Inputs and labels are random. KeRNL learns its kernels first, from `updates` batches of nudges,
    while the weights stay.

    Returns:
        `summary`: network to loss to rule to layer to the cosines, one a seed.
    """
    import keras

    from course_lib.online import LeakyRNNCell, OnlineRNN
    from course_lib.training.experiments.online_rules import learn_kernel, made_of, random_batch

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    found = {
        network: {when: {rule: {name: [] for name in LAYERS} for rule in RULES} for when in LOSSES}
        for network in NETWORKS
    }
    for network, init in NETWORKS.items():
        for when in LOSSES:
            for seed in seeds:
                keras.utils.set_random_seed(seed)
                often = when == "at every step"
                x, y = random_batch(seed, batch, T, often)
                parts = [keras.layers.Dense(n), *(LeakyRNNCell(n, **init) for _ in LAYERS[1:])]
                model = OnlineRNN(parts, 10, return_sequences=often)
                model.build(x.shape)
                for rule in RULES:
                    model.compile("sgd", loss, rule=rule, seed=seed)
                    learn_kernel(model, x, y, updates)
                    pairs = zip(LAYERS, layer_cosines(model, x, y), strict=True)
                    for name, cosine in pairs:
                        found[network][when][rule][name].append(round(cosine, 4))
    config = made_of(NETWORKS, n, T, batch, updates, seeds)
    return {"config": config, "curves": {}, "summary": found}


def layer_cosines(model: "OnlineRNN", x: Any, y: Any) -> list[float]:
    """The cosine of the rule's gradient with BPTT's, for each layer of a stack.

    Args:
        model: compiled and built; its cell may be a stack.
        x: inputs, shape (batch, T, m).
        y: targets.

    Returns:
        One number for each part of the stack that has weights to learn, from below.
    """
    import tensorflow as tf

    x, y = tf.convert_to_tensor(x), tf.convert_to_tensor(y)
    with tf.GradientTape() as tape:
        loss = model.compute_loss(x, y, model(x))
    true = tape.gradient(loss, [w.value for w in model.trainable_weights])
    sides = true, model.gradients(x, y)[2]
    number = {id(w): i for i, w in enumerate(model.trainable_weights)}

    def flat(gradients: list, part: Any) -> np.ndarray:
        own = [tf.convert_to_tensor(gradients[number[id(w)]]) for w in part.trainable_weights]
        return np.concatenate([np.ravel(g) for g in own])

    parts = [p for p in getattr(model.cell, "parts", [model.cell]) if p.trainable_weights]
    pairs = [[flat(gradients, part) for gradients in sides] for part in parts]
    return [float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b))) for a, b in pairs]
