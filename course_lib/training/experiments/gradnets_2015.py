"""The 2015 notebook's GradNet with its three defects: all of them, and each alone.

The network is the notebook's: 50 layers of 50 units, the GReLU that interpolates towards the
layer's input, its weights and biases, batches of 50, a gate that opens in 10 epochs of 1100 steps.
A run ends at the first step whose gradient is not finite.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from course_lib.data import Mnist
from course_lib.scratch.gradnets import late_gate
from course_lib.training.experiments.gradnets import (
    build_model,
    mean_cross_entropy,
    sgd_epoch,
    stored,
    train,
)
from course_lib.training.experiments.vanilla_mnist import split
from course_lib.training.seeding import seed_everything

TAU = 11_000  # steps in which the gate opens: 10 epochs of 1100
LOG_EVERY = 100  # steps between two accuracies, as in the notebook
VALIDATION = 5_000
RATE = 0.01


def naive_loss(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """The notebook's loss: softmax, then log, summed over the batch. 0 log 0 is NaN."""
    return -tf.reduce_sum(tf.one_hot(labels, 10) * tf.math.log(tf.nn.softmax(logits)))


def summed_loss(labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """The same number without the NaN: from logits, still a sum over the batch."""
    return tf.reduce_sum(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))


@dataclass(frozen=True)
class Case:
    """A loss, a number of steps, and the gate: open along the schedule, or held at one value."""

    loss: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
    steps: int
    held: float | None = None


CASES: dict[str, Case] = {
    "as-it-was": Case(naive_loss, 22_000),
    "safe-loss": Case(summed_loss, 22_000),
    "safe-loss-mean": Case(mean_cross_entropy, 6_000),
    **{f"held-{g}": Case(mean_cross_entropy, 3_000, g) for g in (0.0, 0.05, 0.1)},
}


def run(data: Mnist, seed: int, quick: bool = False) -> dict[str, Any]:
    """Train each case from the same weights, on the same batches.

    Args:
        data: MNIST as `load_mnist` gives it.
        seed: seed of the split, of the weights and of the order of the images.
        quick: a few steps only.

    Returns:
        A dict with `config`, `curves` (for each case) and `summary` (for each case the step that
        was not finite, if any; the best accuracy on the test images, its step, and the last one).
    """
    parts = split(len(data.x_train), 1_000 if quick else VALIDATION, seed)
    model = build_model("identity")
    epochs = {
        loss: sgd_epoch(model, loss) for loss in (naive_loss, summed_loss, mean_cross_entropy)
    }
    curves = {}
    for name, case in CASES.items():
        steps = 200 if quick else case.steps
        gates = [late_gate(t, 0, TAU) if case.held is None else case.held for t in range(steps)]
        gates = np.array(gates, np.float32).reshape(-1, LOG_EVERY)
        rates = np.full_like(gates, RATE)
        seed_everything(seed)
        model.set_weights(build_model("identity").get_weights())
        curves[name] = train(model, epochs[case.loss], data, parts, rates, gates, seed, 50)
        print(name, summary(curves[name]), flush=True)
    return {
        "config": {
            "learning_rate": RATE,
            "tau": TAU,
            "log_every": LOG_EVERY,
            "train": len(parts[0]),
            "validation": len(parts[1]),
            "test": len(data.x_test),
            "data": data.name,
            "parameters": model.count_params(),
        },
        "curves": {name: stored({**curve, "gradient_rms": []}) for name, curve in curves.items()},
        "summary": {name: summary(curve) for name, curve in curves.items()},
    }


def summary(curves: dict[str, Any]) -> dict[str, Any]:
    """What one case came to, at the gates that it had: not the accuracy of a finished network."""
    accuracy = curves["test_accuracy"]
    best = int(np.argmax(accuracy))
    return {
        "non_finite_step": curves["non_finite_step"],
        "best_test_accuracy": round(accuracy[best], 4),
        "best_step": (best + 1) * LOG_EVERY,
        "last_test_accuracy": round(accuracy[-1], 4),
        "last_gate": round(curves["gate"][-1], 4),
    }
