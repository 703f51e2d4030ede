"""The exercises as nbgrader's assignments; with nbgrader itself where it is installed."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from a_class import answer_code
from typer.testing import CliRunner

from course_lib.cli import app
from course_lib.exercises.registry import CHAPTERS, get, ids

CHAPTER = CHAPTERS[1]
ROOT = Path(__file__).resolve().parents[3]
OURS = ROOT / "_build" / "nbgrader" / "bin" / "nbgrader"  # where .ci/run puts it
NBGRADER = (
    os.environ.get("COURSE_NBGRADER") or shutil.which("nbgrader") or (OURS.exists() and str(OURS))
)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nbgrader")
    weights = folder / "weights.json"
    weights.write_text('{"rnn_backward": 4}')
    done = CliRunner().invoke(app, ["export", "nbgrader", str(folder), f"--weights={weights}"])
    assert done.exit_code == 0, done.output
    return folder


def cells_of(file):
    return json.loads(file.read_text(encoding="utf-8"))["cells"]


def graded_cells(course):
    files = sorted((course / "source").rglob("*.ipynb"))
    return [cell for file in files for cell in cells_of(file) if "nbgrader" in cell["metadata"]]


def test_every_exercise_has_its_points_and_its_own_id(course):
    about = [cell["metadata"]["nbgrader"] for cell in graded_cells(course)]
    points = {one["grade_id"]: one["points"] for one in about if one["grade"]}
    assert points == {f"{one}-check": 4.0 if one == "rnn_backward" else 1.0 for one in ids()}
    names = [one["grade_id"] for one in about]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[\w-]+", name) for name in names)
    assert {one["schema_version"] for one in about} == {3}


def test_the_marks_hold_what_learners_write(course):
    """What nbgrader does to them is a stub in their place: and that is Python."""
    found = 0
    for cell in graded_cells(course):
        about, source = cell["metadata"]["nbgrader"], "".join(cell["source"])
        if not about["solution"]:
            continue
        one = about["grade_id"].removesuffix("-code")
        marks = re.compile(r"( *)### BEGIN SOLUTION\n.*?### END SOLUTION", re.S)
        assert marks.search(source), one
        released = marks.sub(r"\1raise NotImplementedError()", source)
        compile(released, one, "exec")
        whole = re.sub(r" *###.*\n| *# IMPLEMENT-ME: .*\n", "", source + "\n")
        assert whole.split() == answer_code(one).split()
        found += 1
    assert found == sum(get(one).start is None for one in ids())


def test_what_is_yours_is_not_overwritten(course):
    before = {file: file.read_bytes() for file in course.rglob("*") if file.is_file()}
    done = CliRunner().invoke(app, ["export", "nbgrader", str(course)])
    assert done.exit_code == 2
    assert "is there already" in done.output
    assert {file: file.read_bytes() for file in course.rglob("*") if file.is_file()} == before


@pytest.mark.slow
@pytest.mark.skipif(
    not NBGRADER,
    reason="nbgrader isn't installed: python3 -m venv _build/nbgrader && "
    "_build/nbgrader/bin/pip install nbgrader",
)
def test_nbgrader_generates_and_grades_them(course, tmp_path):
    kernel = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Python 3", "language": "python",
        "env": {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    }  # fmt: skip
    place = tmp_path / "jupyter" / "kernels" / "python3"
    place.mkdir(parents=True)
    (place / "kernel.json").write_text(json.dumps(kernel))
    environment = {**os.environ, "JUPYTER_PATH": str(tmp_path / "jupyter"), "PYTHONPATH": "",
                   "PATH": f"{Path(NBGRADER).parent}{os.pathsep}{os.environ['PATH']}"}  # fmt: skip

    def nbgrader(*arguments):
        done = subprocess.run(
            [NBGRADER, *arguments], cwd=course, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-3000:]

    name = CHAPTER.notebook
    nbgrader("generate_assignment", name)
    released = course / "release" / name / f"{name}.ipynb"
    content = json.loads(released.read_text())
    code = [c for c in content["cells"] if c["metadata"].get("course", {}).get("role") == "code"]
    assert not any("### BEGIN" in "".join(cell["source"]) for cell in code)
    stubs = [cell for cell in code if get(cell["metadata"]["course"]["exercise"]).start is None]
    assert all("raise NotImplementedError" in "".join(cell["source"]) for cell in stubs)

    wanted = {"rnn_step_backward", "rnn_backward", "clip_by_global_norm"}
    for cell in code:  # the student does three, one of them wrong, and leaves the others
        one = cell["metadata"]["course"]["exercise"]
        if one in wanted:
            wrong = one == "clip_by_global_norm"
            answer = get(one).mistakes[0].answer if wrong else None
            cell["source"] = answer_code(one, answer).splitlines(keepends=True)
    submitted = course / "submitted" / "anna" / name
    submitted.mkdir(parents=True)
    (submitted / f"{name}.ipynb").write_text(json.dumps(content))
    nbgrader("autograde", name)
    nbgrader("export", "--to", str(tmp_path / "grades.csv"))
    with open(tmp_path / "grades.csv", newline="") as file:
        (row,) = [row for row in csv.DictReader(file) if row["assignment"] == name]
    assert row["student_id"] == "anna"
    assert float(row["score"]) == 5.0
    assert float(row["max_score"]) == len(CHAPTER.exercises) + 3
