"""Every online rule on the same small networks: how near BPTT's gradient, and how far it gets."""

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


def run(data: None, seed: int, quick: bool = False, task: str = "cosines") -> dict[str, Any]:
    """Measure every rule.

    Args:
        data: not used; the data are made.
        seed: of weights, data and nudges. "cosines" takes five seeds from here on.
        quick: a few updates, to see that all works.
        task: "cosines", fresh networks of three kinds; or "adding", training on that problem.

    Returns:
        A dict with `config`, `curves` and `summary`.

    Raises:
        ValueError: there is no such task.
    """
    if task == "cosines":
        return cosines(range(seed, seed + (1 if quick else 5)), updates=5 if quick else 300)
    if task == "adding":
        return adding(seed, updates=4 if quick else 1500, every=2 if quick else 150)
    raise ValueError(f"task is {task!r}; choose cosines or adding.")


def cosines(
    seeds: range, n: int = 24, T: int = 20, batch: int = 32, updates: int = 300
) -> dict[str, Any]:
    """Compare every rule's gradient with BPTT's, in fresh networks.

    The inputs are random and so are the labels, ten classes after the last step. Rules with a
    kernel learn it first, from `updates` batches of nudges, while the weights stay.

    Returns:
        `summary`: network to rule to the cosines, one a seed.
    """
    import course_lib.quiet  # noqa: F401, I001
    import keras
    import tensorflow as tf
    from course_lib.online import LeakyRNNCell, OnlineRNN

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    found = {network: {rule: [] for rule in RULES} for network in NETWORKS}
    for network, init in NETWORKS.items():
        for seed in seeds:
            keras.utils.set_random_seed(seed)
            rng = np.random.default_rng(seed)
            x = tf.constant(0.3 * rng.normal(size=(batch, T, 2)), tf.float32)
            y = tf.constant(rng.integers(0, 10, size=batch))
            model = OnlineRNN(LeakyRNNCell(n, **init), 10)
            model.build(x.shape)
            for rule in RULES:
                model.compile("sgd", loss, rule=rule, seed=seed)
                _learn_kernel(model, x, y, updates)
                found[network][rule].append(round(cosine_with_bptt(model, x, y), 4))
    config = {"units": n, "T": T, "batch_size": batch, "updates": updates, "seeds": list(seeds)}
    return {"config": config, "curves": {}, "summary": found}


def adding(
    seed: int, updates: int, every: int, n: int = 24, T: int = 30, batch: int = 32
) -> dict[str, Any]:
    """Train the same network on the adding problem with every rule.

    Returns:
        `curves`: rule to "update", "error" (mean squared, on fresh sequences) and "cosine" with
        BPTT's gradient there. `summary`: rule to "error" at the end, the mean of the last three
        looks; "cosine", the median; "time", of a step, relative to BPTT's; and "carried", numbers
        kept from step to step for one sequence, for BPTT from the first step to the last.
    """
    from course_lib.data import adding_problem

    x_test, y_test = adding_problem(256, T, seed=90_000 + seed)
    curves, models = {}, {}
    for rule in (*RULES, "bptt"):
        model = models[rule] = _on_adding(rule, seed, n, T)
        curve = curves[rule] = {"update": [], "error": [], "cosine": []}
        for update in range(updates + 1):
            if update % every == 0:
                wrong = np.asarray(model(x_test)) - y_test
                curve["update"].append(update)
                curve["error"].append(round(float(np.mean(wrong**2)), 5))
                curve["cosine"].append(round(cosine_with_bptt(model, x_test, y_test), 4))
            model.train_on_batch(*adding_problem(batch, T, seed=100_000 * (seed + 1) + update))
    times = _relative_times(models, adding_problem(batch, T, seed=seed))
    summary = {
        rule: {
            "error": round(float(np.mean(curve["error"][-3:])), 5),
            "cosine": round(float(np.median(curve["cosine"])), 3),
            "time": times[rule],
            "carried": _carried(models[rule], T),
        }
        for rule, curve in curves.items()
    }
    config = {"units": n, "T": T, "batch_size": batch, "updates": updates, "learning_rate": 0.003}
    return {"config": config, "curves": curves, "summary": summary}


def _on_adding(rule: str, seed: int, n: int, T: int) -> "OnlineRNN":
    """The network, the same for every rule, compiled."""
    import course_lib.quiet  # noqa: F401, I001
    import keras
    from course_lib.online import LeakyRNNCell, OnlineRNN

    keras.utils.set_random_seed(seed)
    model = OnlineRNN(LeakyRNNCell(n, recurrent=0.95, noise=0.03), 1)
    model.build((None, T, 2))
    model.compile(keras.optimizers.Adam(0.003, global_clipnorm=1.0), "mse", rule=rule, seed=seed)
    return model


def cosine_with_bptt(model: "OnlineRNN", x: Any, y: Any) -> float:
    """The cosine of the rule's gradient with BPTT's, over all weights of the cell."""
    import tensorflow as tf

    with tf.GradientTape() as tape:
        loss = model.compute_loss(x, y, model(x))
    of_cell = [id(w) for w in model.cell.trainable_weights]
    weights = model.trainable_weights
    true = tape.gradient(loss, [w.value for w in weights])
    _, _, ours, _ = model.gradients(tf.convert_to_tensor(x), tf.convert_to_tensor(y))
    a, b = (
        np.concatenate(
            [np.ravel(g) for g, w in zip(grads, weights, strict=True) if id(w) in of_cell]
        )
        for grads in (ours, true)
    )
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def _learn_kernel(model: "OnlineRNN", x: Any, y: Any, updates: int) -> None:
    """Let the kernel learn, if the rule has one; the weights stay."""
    import tensorflow as tf

    if model.kernel_optimizer is None:
        return

    @tf.function
    def update():
        fit = model.gradients(x, y)[3]
        model.kernel_optimizer.apply(model.kernel.gradients(fit), model.kernel.weights)

    for _ in range(updates):
        update()


def _relative_times(models: dict[str, "OnlineRNN"], batch: tuple, rounds: int = 15) -> dict:
    """The time of a training step over that of BPTT: the median over rounds of all, interleaved."""
    import time

    seconds = {rule: [] for rule in models}
    for _ in range(rounds):
        for rule, model in models.items():
            began = time.perf_counter()
            model.train_on_batch(*batch)
            seconds[rule].append(time.perf_counter() - began)
    ratios = {rule: np.array(own) / np.array(seconds["bptt"]) for rule, own in seconds.items()}
    return {rule: round(float(np.median(ratio)), 2) for rule, ratio in ratios.items()}


def _carried(model: "OnlineRNN", T: int) -> int:
    """Numbers that one sequence must keep: states over time with BPTT, else one step's and traces.

    The kernel is shared by all sequences and not counted.
    """
    import tensorflow as tf

    if model._rule == "bptt":
        return T * model.cell.units
    trace = model.engine.learner.zero(1, 2)
    return model.cell.units + sum(int(tf.size(part)) for part in tf.nest.flatten(trace))
