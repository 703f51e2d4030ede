"""Make the bundled monthly series from the weekly measurements on Mauna Loa.

    python -m course_lib.data.make_co2 path/to/co2.csv [where/to/write.npz]

A month is the mean of its weeks that were measured. Some early months have none, so the series
begins with the first January after the last of them. Nothing is filled in: that would take the
months after a gap, and so the future.
"""

import argparse
import csv
import hashlib
from pathlib import Path

import numpy as np

from course_lib.data.co2 import CO2_FILE
from course_lib.data.errors import DataError

CSV_DIGEST = "16695fa2786e53414e5a6b54767a3fdf5de99cfbc68617f69d1362d92776a92f"


def make_series(file: Path) -> dict[str, np.ndarray]:
    """The arrays month (T,), such as "1965-01", and ppm (T,), rounded to hundredths.

    Raises:
        DataError: the file is not the one that the bundled series was made from.
    """
    if hashlib.sha256(file.read_bytes()).hexdigest() != CSV_DIGEST:
        raise DataError(
            f"{file} is not the table of weekly measurements that comes with statsmodels."
        )
    weeks: dict[np.datetime64, list[float]] = {}
    with file.open(encoding="ascii", newline="") as lines:
        for row in csv.DictReader(lines):
            month = np.datetime64(f"{row['date'][:4]}-{row['date'][4:6]}", "M")
            weeks.setdefault(month, [])
            if row["co2"]:
                weeks[month].append(float(row["co2"]))
    months = np.arange(min(weeks), max(weeks) + 1)
    empty = [month for month in months if not weeks.get(month)]
    year = (max(empty).astype("M8[Y]") + 1).astype("M8[M]") if empty else months[0]
    kept = months[months >= year]
    ppm = np.round([np.mean(weeks[month]) for month in kept], 2)
    return {"month": kept.astype(str), "ppm": ppm}


def main(arguments: list[str] | None = None) -> None:
    """Run the command line: read the table, write the series."""
    parser = argparse.ArgumentParser(description="Make the bundled series from weekly values.")
    parser.add_argument("weekly", type=Path, help="co2.csv, as it comes with statsmodels 0.14")
    parser.add_argument("series", type=Path, nargs="?", default=CO2_FILE)
    options = parser.parse_args(arguments)
    series = make_series(options.weekly)
    np.savez_compressed(options.series, **series)
    months = series["month"]
    print(f"{options.series}: {len(months)} months, {months[0]} to {months[-1]}")


if __name__ == "__main__":
    main()
