"""Read an MNIST archive (.npz), and say in words what is wrong with a bad one."""

import hashlib
import zipfile
from pathlib import Path

import numpy as np

from course_lib.data.errors import DamagedFileError, DataError

KEYS = ("x_train", "y_train", "x_test", "y_test")

# SHA-256 over the pixels and labels themselves, so that a repacked archive is recognised too.
FULL_MNIST_DIGEST = "06b0d1f124c4e5fa796686ade41a9b778edacc8622f2195a352ef479ad44fc16"


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read and check the four arrays of an MNIST archive.

    Returns:
        {"x_train": (N, 28, 28) uint8, "y_train": (N,) uint8, "x_test": …, "y_test": …}

    Raises:
        DataError: there is no such file, or it may not be read.
        DamagedFileError: the file is truncated, or holds something else.
    """
    if not path.is_file():
        raise DataError(f"There is no file {path}. Check the path.")
    try:
        arrays = _decode(path)
    except DataError:
        raise
    except (OSError, MemoryError) as error:
        raise DataError(
            f"{path} can't be read ({error!r}). Check its permissions and the free memory."
        ) from error
    except Exception as error:  # damaged bytes make zipfile, zlib and numpy raise a dozen kinds
        raise DamagedFileError(f"{path} is damaged inside ({error}).") from error
    for split in ("train", "test"):
        _check_split(path, arrays, split)
    return {key: arrays[key].astype(np.uint8, copy=False) for key in KEYS}


def is_full_mnist(arrays: dict[str, np.ndarray]) -> bool:
    """Whether the arrays are the published 60,000 and 10,000 images, to the last pixel."""
    digest = hashlib.sha256()
    for key in KEYS:
        digest.update(np.ascontiguousarray(arrays[key]))
    return digest.hexdigest() == FULL_MNIST_DIGEST


def _decode(path: Path) -> dict[str, np.ndarray]:
    # A zip keeps its table of contents at the end: a truncated file has none.
    if not zipfile.is_zipfile(path):
        raise DamagedFileError(f"{path} is truncated, or is not an .npz archive.")
    # NumPy stops reading before zipfile compares the checksums: do that first.
    with zipfile.ZipFile(path) as archive:
        damaged = archive.testzip()
    if damaged:
        raise DamagedFileError(f"{path} is damaged inside (checksum of {damaged}).")
    with np.load(path, allow_pickle=False) as archive:
        missing = [key for key in KEYS if key not in archive.files]
        if missing:
            raise DamagedFileError(
                f"{path} has no {', '.join(missing)}. It must hold {', '.join(KEYS)}; "
                f"it holds {', '.join(archive.files) or 'nothing'}."
            )
        return {key: np.asarray(archive[key]) for key in KEYS}


def _check_split(path: Path, arrays: dict[str, np.ndarray], split: str) -> None:
    x, y = arrays[f"x_{split}"], arrays[f"y_{split}"]
    if x.ndim != 3 or x.shape[1:] != (28, 28) or len(x) == 0:
        raise DamagedFileError(f"{path}: x_{split} must be (N, 28, 28), but is {x.shape}.")
    if y.shape != (len(x),):
        raise DamagedFileError(
            f"{path}: y_{split} must be ({len(x)},), one label an image, but is {y.shape}."
        )
    if x.dtype != np.uint8:
        raise DamagedFileError(
            f"{path}: x_{split} must be uint8 pixels from 0 to 255, but is {x.dtype}."
        )
    if y.dtype.kind not in "iu" or y.min() < 0 or y.max() > 9:
        raise DamagedFileError(f"{path}: y_{split} must be integer labels from 0 to 9.")
