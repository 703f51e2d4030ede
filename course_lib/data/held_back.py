"""What projects are judged on: digits outside the bundled subset, each time warped anew."""

from pathlib import Path

import numpy as np

from course_lib.data.bundled import read_bundled
from course_lib.data.warped import warped

HELD_BACK_FILE = Path(__file__).with_name("mnist_held_back.npz")
SPLITS = ("check", "validate")


def held_back_digits(split: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Digits that nobody has trained on, in random order, each warped a little.

    Args:
        split: "check" or "validate"; no image is in both, nor in the bundled subset.
        seed: of the order and of the warps.

    Returns:
        x (2000, 28, 28) float32 in [0, 1] and y (2000,) int64.

    Raises:
        ValueError: there is no such split.
        DamagedFileError: the file that comes with the course is gone, or can't be read.
    """
    if split not in SPLITS:
        raise ValueError(f"split is one of {SPLITS}, not {split!r}.")
    x, y = read_bundled(HELD_BACK_FILE, lambda file: (file[f"x_{split}"], file[f"y_{split}"]))
    order = np.random.Generator(np.random.PCG64(seed)).permutation(len(y))
    return warped(x[order].astype(np.float32) / 255, seed), y[order].astype(np.int64)
