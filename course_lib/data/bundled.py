"""Files of data that come with the course: read whole, or one sentence on what to do."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np

from course_lib.data.errors import DamagedFileError

Data = TypeVar("Data")


def read_bundled(path: Path, read: Callable[[Mapping[str, np.ndarray]], Data]) -> Data:
    """What a bundled .npz file holds. A pickle in it is never opened.

    Args:
        path: the file.
        read: from its arrays by name to what is wanted of them.

    Raises:
        DamagedFileError: it is gone, or can't be read.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return read(arrays)
    except Exception as error:  # damaged bytes make zipfile, zlib and NumPy raise a dozen kinds
        raise damaged(path, f"can't be read ({error})") from error


def damaged(path: Path, how: str) -> DamagedFileError:
    """The error for a bundled file that isn't what it should be; `how` follows its name."""
    return DamagedFileError(f"{path} {how}. It comes with the course: install course-lib again.")
