"""The wheel carries what a learner needs without a checkout, and nothing else."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from course_lib import __version__

ROOT = Path(__file__).resolve().parents[1]


def build(checkout, folder):
    """The wheel of a checkout, built into a folder."""
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=checkout,
        check=True,
        capture_output=True,
    )
    (file,) = folder.glob("course_lib-*.whl")
    return file


def small_checkout(folder):
    """What a wheel can be built from, with little in it."""
    for name in ("exercises", "course_lib/data", "course_lib/jupyter"):
        shutil.copytree(ROOT / name, folder / name)
    files = (
        *("pyproject.toml", "hatch_build.py", "_config.yml", "README.md", "LICENSE"),
        "course_lib/__init__.py",
    )
    for name in files:
        shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build(ROOT, tmp_path_factory.mktemp("wheel"))


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


def test_it_carries_no_tests_and_no_sources_of_the_book(files):
    folders = {name.split("/")[0] for name in files}
    assert {folder.split("-")[0] for folder in folders} == {"course_lib"}


PAGES = "course_lib/instructor/results/pages"
STYLED = ("class_page.css", "class_page.js")
MOVING = "course_lib/figures/moving"
# The choice of rungs with other numbers, and where each named mistake falls.
STORED = (
    "course_lib/instructor/judging/fresh_ladder.json",
    "course_lib/exercises/naming/first_falls.json",
)


def test_it_carries_what_the_class_page_is_made_of(files):
    assert {f"{PAGES}/{name}" for name in STYLED} <= files.keys()


def test_it_carries_the_formulas_of_figures_that_move(files):
    formulas = {f"{MOVING}/{file.name}" for file in (ROOT / MOVING).glob("*.js")}
    assert len(formulas) > 1
    assert formulas <= files.keys()


def test_it_carries_what_is_stored_of_the_checks(files):
    assert set(STORED) <= files.keys()


def may_be_carried(name):
    """What kinds of files a learner needs, and where they are."""
    path = Path(name)
    if path.parts[0].endswith(".dist-info") or path.parts[1] == "built_book" or name in STORED:
        return True
    if path.parts[0].endswith(".data"):  # what goes into the environment, for Jupyter
        return path.parts[3] == "jupyter" and path.suffix in {".json", ".js"}
    kinds = {"data": {".npz", ".md", ".py"}, "released_notebooks": {".ipynb"}}
    if path.parent.as_posix() == PAGES:
        return path.name in (*STYLED, *(file.name for file in (ROOT / PAGES).glob("*.py")))
    if path.parent.as_posix() == MOVING and path.suffix == ".js":
        return True
    hidden = any(part.startswith((".", "__pycache__")) for part in path.parts)
    for_tests = path.name.startswith(("test_", "conftest"))
    return path.suffix in kinds.get(path.parts[1], {".py"}) and not (hidden or for_tests)


def test_it_carries_only_what_a_learner_needs(files):
    assert [name for name in files if not may_be_carried(name)] == []


def test_it_carries_the_book_if_it_has_been_built_and_no_hidden_files_of_it(tmp_path):
    copy = small_checkout(tmp_path / "checkout")
    (tmp_path / "without").mkdir()
    assert not carried_pages(build(copy, tmp_path / "without"))
    pages = copy / "_build" / "html"
    (pages / "book").mkdir(parents=True)
    for name in ("index.html", "book/bptt.html", ".buildinfo"):
        (pages / name).write_text("a page")
    (tmp_path / "with").mkdir()
    assert carried_pages(build(copy, tmp_path / "with")) == {"index.html", "book/bptt.html"}


def carried_pages(wheel):
    inside = "course_lib/built_book/"
    with zipfile.ZipFile(wheel) as archive:
        return {n.removeprefix(inside) for n in archive.namelist() if n.startswith(inside)}


TOOL_FILES = (
    *("ruff.toml", ".ruff.toml", "scratch/pyproject.toml", "layers/mypy.ini", ".coveragerc"),
    *("layers/.gitignore", "data/notes.txt", "data/.README.md.swp", "run.sh", "Makefile"),
    *("scratch/rnn.py.orig", "scratch/rnn.py~", ".ipynb_checkpoints/x.ipynb", "__pycache__/a.pyc"),
)


def test_files_of_tools_stay_out_wherever_they_lie(tmp_path):
    """What a linter reads, an editor leaves and a test run writes."""
    copy = small_checkout(tmp_path / "checkout")
    for name in TOOL_FILES:
        (copy / "course_lib" / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / "course_lib" / name).touch()
    with zipfile.ZipFile(build(copy, tmp_path)) as archive:
        names = archive.namelist()
    assert "course_lib/data/mnist_subset.npz" in names
    assert [name for name in names if not may_be_carried(name)] == []


def test_its_version_is_the_package_s(wheel):
    assert wheel.name.startswith(f"course_lib-{__version__}-")


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
