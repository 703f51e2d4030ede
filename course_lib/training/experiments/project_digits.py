"""What the references of *Rows*, *Depth* and *Pixels* share: how they are trained on warped digits.

*Few labels* reads digits too, but has a search and a training of its own.
"""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from course_lib.data.warped import warped

if TYPE_CHECKING:
    import keras

    from course_lib.data import Mnist


@dataclass(frozen=True)
class Trained:
    """What came of a training.

    Args:
        losses: one an epoch.
        cpu_seconds: of the processor, from the beginning of the run.
        test_accuracy: on the bundled test images, as they are.
    """

    losses: list[float]
    cpu_seconds: float
    test_accuracy: float


def compile_classifier(
    model: "keras.Model", config: Any, examples: int, clip_norm: float | None = None, **more: Any
) -> None:
    """Compile a model from images to logits, for Adam with a rate that falls to zero.

    Args:
        model: what is to be trained.
        config: with `learning_rate`, which falls by half a cosine, `batch_size` and `epochs`.
        examples: in an epoch.
        clip_norm: of all gradients together.
        more: arguments of `compile`.
    """
    import keras

    steps = config.epochs * -(-examples // config.batch_size)
    model.compile(
        optimizer=keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(config.learning_rate, steps),
            global_clipnorm=clip_norm,
        ),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        **more,
    )


def train_on_warps(
    model: "keras.Model", data: "Mnist", config: Any, seed: int, began: float, verbose: int
) -> Trained:
    """Train on the bundled images, turned and moved anew in each epoch.

    Args:
        model: compiled; images get the shape of its input.
        data: the subset of MNIST as `load_mnist` gives it.
        config: with `batch_size` and `epochs`.
        seed: of the warps.
        began: `time.process_time()` at the beginning of the run.
        verbose: 0 says nothing, 2 a line an epoch.
    """
    shape = (-1, *model.input_shape[1:])
    losses = []
    for epoch in range(config.epochs):
        x = warped(data.x_train, 1_000 * seed + epoch).reshape(shape)
        history = model.fit(x, data.y_train, batch_size=config.batch_size, verbose=0).history
        losses.append(float(history["loss"][0]))
        if verbose:
            seconds = time.process_time() - began
            print(f"epoch {epoch + 1}: loss {losses[-1]:.4f}, {seconds:.0f} s", flush=True)
    seconds = time.process_time() - began
    test = data.x_test.reshape(shape)
    accuracy = model.evaluate(test, data.y_test, batch_size=1_000, verbose=0)[1]
    return Trained(losses, seconds, float(accuracy))


def as_result(
    project_id: str, trained: Trained, arrays: dict[str, np.ndarray], config: dict[str, Any]
) -> dict[str, Any]:
    """What `run` returns: the hand-in with its curve, its marks, and how it was made.

    Args:
        project_id: whose marks.
        trained: what came of the training.
        arrays: the weights, under the project's names.
        config: what the run was made of.
    """
    from course_lib.training.experiments.project_results import judged

    arrays = {**arrays, "curve": np.array(trained.losses, np.float32)}
    return {
        "config": config,
        "curves": {"train_loss": [round(loss, 6) for loss in trained.losses]},
        "summary": {
            "cpu_seconds": round(trained.cpu_seconds, 1),
            "test_accuracy": round(trained.test_accuracy, 4),
            **judged(project_id, arrays),
        },
        "arrays": arrays,
    }
