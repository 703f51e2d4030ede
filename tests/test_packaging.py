"""The wheel carries what a learner needs without a checkout, and nothing else."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (file,) = folder.glob("course_lib-*.whl")
    return file


@pytest.fixture(scope="module")
def files(wheel):
    """Names and sizes in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {entry.filename: entry.file_size for entry in archive.infolist()}


def test_it_carries_every_exercise_notebook_and_nothing_beside_them(files):
    carried = {Path(f).name for f in files if f.startswith("course_lib/released_notebooks/")}
    assert carried == {path.name for path in (ROOT / "exercises").glob("*.ipynb")}
    assert carried


def test_it_carries_the_data_with_their_provenance(files):
    assert 1_000_000 < files["course_lib/data/mnist_subset.npz"] < 2_500_000
    assert "course_lib/data/README.md" in files


def test_it_carries_every_module(files):
    ours = {path.relative_to(ROOT).as_posix() for path in (ROOT / "course_lib").rglob("*.py")}
    assert ours <= files.keys()


def test_it_carries_no_tests_no_solutions_no_book(files):
    folders = {name.split("/")[0] for name in files}
    assert {folder.split("-")[0] for folder in folders} == {"course_lib"}


def test_it_carries_its_licence(files):
    assert any(name.endswith("licenses/LICENSE") for name in files)


def test_without_a_checkout_it_hands_out_its_notebooks(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "installed")}
    command = [sys.executable, "-m", "course_lib.cli", "start"]
    out = subprocess.run(
        command, cwd=tmp_path, env=environment, check=True, capture_output=True, text=True
    ).stdout
    for notebook in (ROOT / "exercises").glob("*.ipynb"):
        assert (tmp_path / "work" / notebook.name).read_bytes() == notebook.read_bytes()
        assert f"made    work/{notebook.name}" in out
