"""The bundled series: whole, without gaps, made as its provenance says."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from course_lib.data import DataError, co2, make_co2
from course_lib.data.co2 import load_co2

pytestmark = pytest.mark.disable_socket

TABLE = os.environ.get("COURSE_CO2")  # co2.csv of statsmodels


def test_every_month_is_there_and_rises_with_the_years():
    months, ppm = load_co2()
    np.testing.assert_array_equal(months, np.arange("1965-01", "2002-01", dtype="M8[M]"))
    assert ppm.shape == months.shape
    assert ppm.dtype == np.float64
    assert np.isfinite(ppm).all()
    years = ppm.reshape(-1, 12).mean(axis=1)
    assert (np.diff(years) > 0).all()
    assert 319 < years[0] < years[-1] < 372


@pytest.mark.parametrize("how", ["another series", "damaged", "gone"])
def test_another_file_is_refused(how, tmp_path, monkeypatch):
    file = tmp_path / "co2.npz"
    if how == "another series":
        np.savez_compressed(file, month=np.array(["1965-01"]), ppm=np.array([1.0]))
    elif how == "damaged":
        file.write_bytes(co2.CO2_FILE.read_bytes()[:500])
    monkeypatch.setattr(co2, "CO2_FILE", file)
    with pytest.raises(DataError, match="install course-lib again"):
        load_co2()


def test_months_are_means_of_their_weeks_and_begin_after_the_last_gap(tmp_path, monkeypatch):
    file = tmp_path / "co2.csv"
    weeks = ["19641205,9.0", "19650102,", "19651204,5.0", "19660101,1.0", "19660108,", "19660115,2"]
    weeks += [f"1966{month:02d}05,{month}.0" for month in range(2, 13)]
    file.write_text("\n".join(["date,co2", *weeks]))
    with pytest.raises(DataError, match="statsmodels"):
        make_co2.make_series(file)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    monkeypatch.setattr(make_co2, "CSV_DIGEST", digest)
    series = make_co2.make_series(file)
    assert series["month"].tolist() == [f"1966-{month:02d}" for month in range(1, 13)]
    assert series["ppm"].tolist() == [1.5, *range(2, 13)]


@pytest.mark.skipif(not TABLE, reason="COURSE_CO2 names no table to make it from")
def test_the_bundled_series_is_what_the_command_makes(tmp_path):
    file = tmp_path / "made.npz"
    make_co2.main([TABLE, str(file)])
    assert file.read_bytes() == Path(co2.CO2_FILE).read_bytes()
