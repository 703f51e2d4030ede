"""Carbon dioxide in the air above Mauna Loa, month by month."""

import hashlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from course_lib.data.errors import DamagedFileError

CO2_FILE = Path(__file__).with_name("co2.npz")
# SHA-256 of the values, as float64, least byte first.
DIGEST = "ada2b2fd14e15d070048c5e28eede38b7e357616055881108403fcf4ee324398"


class MonthlySeries(NamedTuple):
    """A series of one number a month: month (T,) datetime64[M], and ppm (T,) float64."""

    month: np.ndarray
    ppm: np.ndarray


def load_co2() -> MonthlySeries:
    """Monthly means of carbon dioxide in parts per million, from January 1965 to December 2001.

    Raises:
        DamagedFileError: the file is not the one that comes with the course.
    """
    try:
        with np.load(CO2_FILE, allow_pickle=False) as file:
            month, ppm = file["month"].astype("datetime64[M]"), file["ppm"].astype("<f8")
    except Exception as error:  # damaged bytes make zipfile, zlib and NumPy raise a dozen kinds
        raise _damaged(f"can't be read ({error})") from error
    if hashlib.sha256(ppm.tobytes()).hexdigest() != DIGEST:
        raise _damaged("holds another series")
    return MonthlySeries(month, ppm)


def _damaged(how: str) -> DamagedFileError:
    return DamagedFileError(
        f"{CO2_FILE} {how}. It comes with the course: install course-lib again."
    )
