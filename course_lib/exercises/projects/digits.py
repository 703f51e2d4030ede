"""What the projects that read digits share: the data, the score, the confusion."""

import numpy as np

from course_lib.data.held_back import held_back_digits
from course_lib.exercises.calling.guard import with_article
from course_lib.exercises.projects.project import Batch, Measured, Project, View

CLASSES = 10


def _standardised(x: np.ndarray) -> np.ndarray:
    mean, spread = (part(x, axis=(1, 2), keepdims=True) for part in (np.mean, np.std))
    return (x - mean) / np.maximum(spread, 1e-6)


BRIGHTNESS, SPREAD = 0.1307, 0.3081  # of MNIST's pixels, as PyTorch's examples have it
VIEWS = (
    View("the same digits with rows and columns exchanged", lambda x: x.swapaxes(1, 2)),
    View("the same digits from the last row to the first", lambda x: x[:, ::-1]),
    View("the same digits in mirror image", lambda x: x[:, :, ::-1]),
    View("the same digits with pixels from 0 to 255", lambda x: x * 255),
    View("the same digits with their pixels divided by 255", lambda x: x / 255),
    View("the same digits with pixels from -1 to 1", lambda x: 2 * x - 1),
    View("the same digits with black and white exchanged", lambda x: 1 - x),
    View(
        f"the same digits less {BRIGHTNESS} and divided by {SPREAD}",
        lambda x: (x - BRIGHTNESS) / SPREAD,
    ),
    View("the same digits, each less its mean and divided by its spread", _standardised),
)


def held_back(split: str, seed: int) -> tuple[Batch, ...]:
    """Digits outside the bundled subset, warped a little."""
    return (Batch(*held_back_digits(split, seed)),)


def logits(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of the output: a number for each digit."""
    return (shape[0], CLASSES)


def measure(batches: tuple[Batch, ...], outputs: list[np.ndarray]) -> Measured:
    """The share of digits that are right, and which is taken for which most often."""
    y = np.concatenate([batch.y for batch in batches])
    guess = np.concatenate([one.argmax(axis=1) for one in outputs])
    table = np.zeros((CLASSES, CLASSES), int)
    np.add.at(table, (y, guess), 1)
    wrong = table * (1 - np.eye(CLASSES, dtype=int))
    digit, taken_for = np.unravel_index(wrong.argmax(), wrong.shape)
    confusion = "Nothing: every digit is right."
    if wrong.any():
        confusion = (
            f"{with_article(str(digit)).capitalize()} is taken for {with_article(str(taken_for))} "
            f"most often, {wrong[digit, taken_for]} times out of {table[digit].sum()}."
        )
    return Measured(float(np.mean(guess == y)), confusion)


def read(score: float) -> str:
    """A share of digits in words."""
    return f"{score:.1%} right"


def name_slips_of_scale(project: Project, up: bool = True) -> None:
    """Make it a mistake of the project to scale the pixels.

    Args:
        project: whose function takes weights and images.
        up: whether pixels that are too large are known from all other mistakes.
    """

    @project.mistake("You divide by 255, but the pixels come as numbers from 0 to 1 already.")
    def divides_by_255(weights, x):
        return project.reference(weights, x / 255)

    if up:

        @project.mistake("You multiply by 255, but the network is to read the pixels as they come.")
        def multiplies_by_255(weights, x):
            return project.reference(weights, x * 255)
