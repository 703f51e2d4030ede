"""What SnAp-2 takes, and what it sees, in networks whose units hear few others."""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from course_lib.online import OnlineRNN

NEEDS_MNIST = False

# Network to the arguments of `SparseRNNCell` that make it.
NETWORKS = {"orthogonal start": {}, "leaky": {"leak": 0.2}}
CONNECTIONS = (2, 4, 8, 16, 32)  # how many of the others each unit hears
RULES = ("snap1", "snap2", "kernl")
COSTS = ("snap1", "snap2", "rtrl")


def run(data: None, seed: int, quick: bool = False) -> dict[str, Any]:
    """Compare the rules with BPTT in fresh sparse networks, for six seeds: these differ much.

    Args:
        data: not used; the data are made.
        seed: the first of the six.
        quick: one seed, few updates and a small network, to see that all works.

    Returns:
        A dict with `config`, `curves` and `summary`.
    """
    if quick:
        return cosines(range(seed, seed + 1), n=33, updates=3)
    return cosines(range(seed, seed + 6))


def cosines(
    seeds: range, n: int = 64, T: int = 30, batch: int = 32, updates: int = 200
) -> dict[str, Any]:
    """Compare the rules' gradients with BPTT's, and count what the rules carry.

    The inputs are random and so are the labels, ten classes after the last step. KeRNL learns its
    kernel first, from `updates` batches of nudges, while the weights stay.

    Returns:
        `summary`: "cosines", network to connections to rule to the cosines, one a seed; "costs",
        connections to rule to the numbers that a sequence takes, and the multiplications that pass
        them on at a step.
    """
    import keras

    from course_lib.online import OnlineRNN, SparseRNNCell
    from course_lib.training.experiments.online_rules import (
        cosine_with_bptt,
        learn_kernel,
        made_of,
        random_batch,
    )

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    found = {
        network: {str(k): {rule: [] for rule in RULES} for k in CONNECTIONS} for network in NETWORKS
    }
    costs = {}
    for network, init in NETWORKS.items():
        for k in CONNECTIONS:
            for seed in seeds:
                keras.utils.set_random_seed(seed)
                x, y = random_batch(seed, batch, T)
                model = OnlineRNN(SparseRNNCell(n, k, seed=seed, **init), 10)
                model.build(x.shape)
                for rule in RULES:
                    model.compile("sgd", loss, rule=rule, seed=seed)
                    learn_kernel(model, x, y, updates)
                    cosine = cosine_with_bptt(model, x, y)
                    found[network][str(k)][rule].append(round(cosine, 4))
            costs[str(k)] = {rule: cost(model, rule) for rule in COSTS}
    config = made_of(NETWORKS, n, T, batch, updates, seeds)
    return {"config": config, "curves": {}, "summary": {"cosines": found, "costs": costs}}


def cost(model: "OnlineRNN", rule: str) -> dict[str, int]:
    """What a rule carries for one sequence, and the multiplications that pass it on at a step.

    Every number is passed on to as many units as there are numbers of its synapse: one for SnAp-1,
    those that hear the unit, itself among them, for SnAp-2, all for RTRL.
    """
    model.compile("sgd", "mse", rule=rule)
    learner, inputs = model.engine.learner, model.cell.W_xh.shape[0]
    numbers = int(np.prod(learner.zero(1, inputs).shape))
    ways = {"snap1": 1, "rtrl": model.cell.units}
    return {
        "numbers": numbers,
        "multiplications": numbers * (ways[rule] if rule in ways else learner.reached.shape[1]),
    }
