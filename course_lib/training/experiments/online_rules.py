"""Every online rule in the same small networks: how near is its gradient to that of BPTT?"""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from course_lib.online import OnlineRNN

NEEDS_MNIST = False

# Network to the arguments of `LeakyRNNCell` that make it.
NETWORKS = {
    "near identity": {"recurrent": 0.98, "noise": 0.02},
    "orthogonal": {"recurrent": "orthogonal"},
    "leaky, Gaussian": {"recurrent": 0.0, "noise": 0.2, "leak": 0.2},
}
RULES = ("one_step", "rflo", "rflo_random", "eprop", "snap1", "kernl", "hybrid", "uoro", "rtrl")


def run(data: None, seed: int, quick: bool = False) -> dict[str, Any]:
    """Compare every rule with BPTT, for three seeds.

    Args:
        data: not used; the data are made.
        seed: the first of the three.
        quick: one seed and few updates, to see that all works.

    Returns:
        A dict with `config`, `curves` and `summary`.
    """
    return cosines(range(seed, seed + (1 if quick else 3)), updates=5 if quick else 300)


def cosines(
    seeds: range, n: int = 24, T: int = 20, batch: int = 32, updates: int = 300
) -> dict[str, Any]:
    """Compare every rule's gradient with BPTT's, in fresh networks.

    The inputs are random and so are the labels, ten classes after the last step. Rules with a
    kernel learn it first, from `updates` batches of nudges, while the weights stay.

    Returns:
        `summary`: network to rule to the cosines, one a seed.
    """
    import keras

    from course_lib.online import LeakyRNNCell, OnlineRNN

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    found = {network: {rule: [] for rule in RULES} for network in NETWORKS}
    for network, init in NETWORKS.items():
        for seed in seeds:
            keras.utils.set_random_seed(seed)
            x, y = random_batch(seed, batch, T)
            model = OnlineRNN(LeakyRNNCell(n, **init), 10)
            model.build(x.shape)
            for rule in RULES:
                model.compile("sgd", loss, rule=rule, seed=seed)
                model.kernel.start(T / 2, T, seed)  # a rule doesn't go on where another ended
                learn_kernel(model, x, y, updates)
                found[network][rule].append(round(cosine_with_bptt(model, x, y), 4))
    config = made_of(NETWORKS, n, T, batch, updates, seeds)
    return {"config": config, "curves": {}, "summary": found}


def random_batch(seed: int, batch: int, T: int, at_every_step: bool = False) -> tuple[Any, Any]:
    """Inputs (batch, T, 2), and labels of ten classes after the last step or at every one."""
    import tensorflow as tf

    rng = np.random.default_rng(seed)
    x = tf.constant(0.3 * rng.normal(size=(batch, T, 2)), tf.float32)
    return x, tf.constant(rng.integers(0, 10, size=(batch, T) if at_every_step else batch))


def made_of(
    networks: dict[str, dict[str, Any]], n: int, T: int, batch: int, updates: int, seeds: range
) -> dict[str, Any]:
    """What a comparison is made of; stored with its result."""
    return {
        "networks": networks,
        "units": n,
        "T": T,
        "batch_size": batch,
        "updates": updates,
        "seeds": list(seeds),
    }


def cosine_with_bptt(model: "OnlineRNN", x: Any, y: Any, traced: bool = False) -> float:
    """The cosine of the rule's gradient with BPTT's, over all weights of the cell.

    Args:
        model: compiled and built.
        x, y: a batch.
        traced: whether a graph is made of it first, which pays for sequences of hundreds of steps.
    """
    import tensorflow as tf

    weights = model.trainable_weights

    def gradients(x, y):
        with tf.GradientTape() as tape:
            loss = model.compute_loss(x, y, model(x))
        return model.gradients(x, y)[2], tape.gradient(loss, [w.value for w in weights])

    if traced:
        gradients = tf.function(gradients, autograph=False)
    ours, true = gradients(tf.convert_to_tensor(x), tf.convert_to_tensor(y))
    of_cell = [id(w) for w in model.cell.trainable_weights]
    a, b = (
        np.concatenate(
            [np.ravel(g) for g, w in zip(grads, weights, strict=True) if id(w) in of_cell]
        )
        for grads in (ours, true)
    )
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def learn_kernel(model: "OnlineRNN", x: Any, y: Any, updates: int) -> None:
    """Let the kernel learn, if the rule has one; the weights stay."""
    import tensorflow as tf

    if model.kernel_optimizer is None:
        return

    @tf.function(autograph=False)
    def update():
        fit = model.gradients(x, y)[3]
        model.kernel_optimizer.apply(model.kernel.gradients(fit), model.kernel.weights)

    for _ in range(updates):
        update()
