"""MNIST, the handwritten digits: a bundled subset that needs no network, or the full set."""

import os
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np

from course_lib.data.archive import is_full_mnist, read_arrays
from course_lib.data.download import cache_file, read_cached_or_download
from course_lib.data.errors import DataError, OfflineError

SUBSET_FILE = Path(__file__).with_name("mnist_subset.npz")
ENVIRONMENT_VARIABLE = "COURSE_MNIST"

_offline_was_said = False


class Mnist(NamedTuple):
    """MNIST as arrays.

    x_train, x_test: (N, 28, 28) float32 in [0, 1];  y_train, y_test: (N,) int64, the digit.
    name: "subset" (10,000 train, 2,000 test), "full" (60,000 and 10,000: exactly the published
    set, wherever it came from) or "file" (a file of the user's own that is not the full set).
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    name: str


def load_mnist(
    size: str = "subset", path: str | os.PathLike | None = None, fallback: bool = True
) -> Mnist:
    """Load MNIST (LeCun, Cortes and Burges).

    Args:
        size: "subset", the bundled 10,000 / 2,000 images in a seeded random order, or "full".
            "full" reads the file that the environment variable COURSE_MNIST names, else Keras's
            cache, else downloads into that cache.
        path: an .npz file of your own with uint8 images x_train, x_test (N, 28, 28) and integer
            labels y_train, y_test (N,). It is read whatever `size` says, and never changed.
        fallback: if the full set can't be downloaded now, True warns (once a process) and gives
            the subset; False raises.

    Returns:
        x_train and x_test (N, 28, 28), float32 from 0 to 1, y_train and y_test (N,), the digits;
        and a name for the set.

    Raises:
        ValueError: `size` is neither "subset" nor "full".
        DataError: the file is missing, damaged or holds something else; or the full set can't be
            had and `fallback` is False. The message says what to do.
    """
    if size not in ("subset", "full"):
        raise ValueError(f'size must be "subset" or "full", but is {size!r}.')
    own_file = path or (size == "full" and os.environ.get(ENVIRONMENT_VARIABLE))
    if own_file:
        return _load_own_file(Path(own_file).expanduser())
    if size == "subset":
        return _load_subset()
    try:
        return _as_mnist(read_cached_or_download(), "full")
    except OfflineError as error:
        how = (
            'For the full set, call load_mnist("full") again when you are online, or name a file '
            f'that you have: load_mnist("full", path="mnist.npz") or {ENVIRONMENT_VARIABLE}.'
        )
        if not fallback:
            raise OfflineError(f"{error} {how}") from error
        _say_offline_once(f"{error} Using the bundled subset (10,000 train, 2,000 test). {how}")
        return _load_subset()


def find_full_mnist() -> Path | None:
    """The file that `load_mnist("full")` would read now, or None if it would have to download."""
    own_file = os.environ.get(ENVIRONMENT_VARIABLE)
    file = Path(own_file).expanduser() if own_file else cache_file()
    return file if file.is_file() else None


def problem_with_full_mnist(file: Path) -> str | None:
    """What is wrong with a file that should hold the full MNIST, or None; nothing is changed."""
    try:
        return None if is_full_mnist(read_arrays(file)) else f"{file} is not the full MNIST."
    except DataError as error:
        return str(error)


def _load_own_file(path: Path) -> Mnist:
    try:
        arrays = read_arrays(path)
    except DataError as error:
        raise type(error)(
            f"{error} Your file was left as it is. Name another one with path= or "
            f"{ENVIRONMENT_VARIABLE}, or name none to get the published set."
        ) from error
    return _as_mnist(arrays, "full" if is_full_mnist(arrays) else "file")


def _load_subset() -> Mnist:
    try:
        return _as_mnist(read_arrays(SUBSET_FILE), "subset")
    except DataError as error:
        raise type(error)(f"{error} It comes with the course: install course-lib again.") from error


def _as_mnist(arrays: dict[str, np.ndarray], name: str) -> Mnist:
    def pixels(x: np.ndarray) -> np.ndarray:
        x = x.astype(np.float32)
        x /= 255  # in place: the full set takes 188 MB
        return x

    return Mnist(
        pixels(arrays["x_train"]),
        arrays["y_train"].astype(np.int64),
        pixels(arrays["x_test"]),
        arrays["y_test"].astype(np.int64),
        name,
    )


def _say_offline_once(message: str) -> None:
    global _offline_was_said
    if not _offline_was_said:
        _offline_was_said = True
        warnings.warn(message, stacklevel=3)
