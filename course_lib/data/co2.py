"""Carbon dioxide in the air above Mauna Loa, month by month."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from course_lib.data.bundled import damaged, read_bundled

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
    series = read_bundled(CO2_FILE, _series)
    if hashlib.sha256(series.ppm.tobytes()).hexdigest() != DIGEST:
        raise damaged(CO2_FILE, "holds another series")
    return series


def _series(file: Mapping[str, np.ndarray]) -> MonthlySeries:
    return MonthlySeries(file["month"].astype("datetime64[M]"), file["ppm"].astype("<f8"))
