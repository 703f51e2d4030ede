"""The benchmark of `course validate`: all grade what they should, and what is said of it."""

import json

import pytest
from typer.testing import CliRunner

from course_lib.authoring.source import reference_code
from course_lib.benchmarks import validate
from course_lib.cli import app
from course_lib.exercises.registry import CHAPTERS, get
from course_lib.exercises.report import NOT_RIGHT
from course_lib.instructor.sandbox import available
from course_lib.instructor.sandbox.available import problem_with
from course_lib.training import stored_result

needs_sandbox = pytest.mark.skipif(
    bool(problem_with("bubblewrap")) and bool(problem_with("namespaces")),
    reason="no sandbox here: install bubblewrap",
)
RESULT = {
    "submissions": 20,
    "submissions_of_others": 2,
    "sandbox": "bubblewrap",
    "jobs": 2,
    "submissions_per_second": 7.5,
    "speedup_by_cores": 1.9,
    "ratio_to_nbclient": 12.0,
    "ratio_to_nbclient_one_core": 6.0,
    "ratio_to_nbgrader": None,
    "ratio_to_nbgrader_one_core": None,
    "parent_mib": {"20": 38.0, "200": 38.5},
    "grader_mib": 250,
    "wrong": {"submissions": 20, "times_as_long": 1.5},
    "pyplot": {"submissions": 20, "times_as_long": 1.1},
    "speed_up": {"submissions": 6, "ratio_to_nbclient": 3.0, "grader_mib": 1900},
    "nbgrader_version": None,
    "seconds_each": {},
}


def test_the_submissions_hold_the_exercises_that_need_no_tensorflow():
    contents = validate.notebooks()
    assert list(contents) == [f"{chapter.notebook}.ipynb" for chapter in CHAPTERS[:2]]
    text = json.dumps(contents)
    assert "import keras" not in text
    assert "IMPLEMENT-ME: the new state" not in text
    assert "def gradient_check(" in text


@needs_sandbox
def test_ours_passes_all_of_them(tmp_path):
    assert validate._ours(tmp_path, 2, jobs=2) > 0


@pytest.mark.slow
@needs_sandbox
def test_ours_rejects_the_wrong_ones(tmp_path):
    one, other = validate.wrong_notebooks(0), validate.wrong_notebooks(1)
    assert one != other
    assert validate._ours(tmp_path, 2, 2, validate.wrong_notebooks, NOT_RIGHT) > 0


@pytest.mark.slow
@needs_sandbox
def test_ours_passes_those_that_import_pyplot(tmp_path):
    assert "pyplot" in json.dumps(validate.pyplot_notebooks())
    assert validate._ours(tmp_path, 2, 2, validate.pyplot_notebooks) > 0


@needs_sandbox
def test_memory_is_that_of_the_process_that_validates(tmp_path):
    assert 10 < validate._memory(tmp_path, 3) < 500


@needs_sandbox
@pytest.mark.slow
def test_ours_passes_the_speed_up_exercises_too(tmp_path):
    fast = [one for one in CHAPTERS[0].exercises if get(one).kind == "speed up"]
    assert validate.exercises_of(validate.speed_up_notebooks) == fast
    assert validate._ours(tmp_path, 1, 1, validate.speed_up_notebooks) > 0


@needs_sandbox
@pytest.mark.slow
def test_memory_of_a_grader_is_that_of_its_whole_tree(tmp_path):
    assert 50 < validate._grader_memory(tmp_path, validate.notebooks) < 2_000


@pytest.mark.slow
def test_nbclient_runs_them(tmp_path):
    assert validate._nbclient(tmp_path, 1) > 0


def test_the_json_is_the_last_thing_printed(monkeypatch, tmp_path):
    monkeypatch.setattr(validate, "run", lambda quick, nbgrader: RESULT)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["bench", "validate", "--quick", "--json"])
    assert done.exit_code == 0
    said = json.loads(done.stdout)
    assert said["ratio_to_nbgrader"] is None
    assert said["submissions_per_second"] == 7.5
    assert "nbgrader isn't installed" in done.stderr
    assert "12 times as fast as nbclient" in done.stderr
    assert not list(tmp_path.iterdir())  # a quick run is not stored


def test_an_nbgrader_that_is_not_there_is_said(tmp_path):
    done = CliRunner().invoke(app, ["bench", "validate", f"--nbgrader={tmp_path / 'nbgrader'}"])
    assert done.exit_code == 2
    assert "no command" in done.stderr


def test_without_a_sandbox_nothing_is_measured(monkeypatch):
    monkeypatch.setattr(available, "problem_with", lambda kind: "it isn't installed")
    done = CliRunner().invoke(app, ["bench", "validate", "--quick"])
    assert done.exit_code == 1
    assert "apt-get install bubblewrap" in done.stderr


def test_the_numbers_to_reach():
    """As stored: ten times nbgrader's throughput, and a few kilobytes of memory a submission."""
    stored = stored_result("bench-validate")
    assert set(stored) == set(RESULT) | {"name", "command", "date", "versions", "hardware"}
    assert stored["command"] == "course bench validate"
    assert stored["submissions"] == 100
    assert stored["sandbox"] in ("bubblewrap", "namespaces")
    assert stored["ratio_to_nbgrader"] >= validate.BAR
    assert stored["ratio_to_nbgrader_one_core"] >= validate.BAR
    few, many = stored["parent_mib"].values()
    assert list(stored["parent_mib"]) == ["100", "5000"]
    assert (many - few) / (5_000 - 100) < 0.003  # MiB
    assert stored["pyplot"]["times_as_long"] < 1.1
    assert stored["speed_up"]["ratio_to_nbclient"] > 3
    assert stored["speed_up"]["submissions"] == 100


def test_memory_does_not_grow_with_the_class():
    few, many = stored_result("bench-validate")["parent_mib"].values()
    assert many < 1.25 * few


@pytest.mark.xfail(strict=True, reason="a bar not reached: 4.13 on 100 notebooks")
def test_exercises_in_tensorflow_are_graded_ten_times_as_fast_as_by_nbclient():
    """Both run the same public checks, which trace what each student wrote: that can't be shared.

    In a process forked from one with TensorFlow loaded, the public checks of the three exercises
    took 3.4 and 4.1 s of the processor in two runs on a busy machine, and 3.0 and 3.1 s again when
    all was warm. So starting warmer saves a tenth to a quarter, and no garbage collector nothing
    that shows.
    """
    assert stored_result("bench-validate")["speed_up"]["ratio_to_nbclient"] >= validate.BAR


def test_a_hand_in_of_speed_ups_is_chapter_one_down_to_the_last_of_them():
    ((name, content),) = validate.speed_up_notebooks().items()
    chapter = CHAPTERS[0]
    assert name == f"{chapter.notebook}.ipynb"
    cells = [cell for cell in content["cells"] if "exercise" in cell["metadata"].get("course", {})]
    roles = [(cell["metadata"]["course"]["exercise"], cell["metadata"]["course"]["role"])
             for cell in cells]  # fmt: skip
    last = [one for one in chapter.exercises if get(one).kind == "speed up"][-1]
    assert content["cells"][-1] is cells[-1]
    assert roles[-1][0] == last
    answers = {one: "".join(cell["source"]) for cell, (one, role) in zip(cells, roles, strict=True)
               if role == "code"}  # fmt: skip
    asked = chapter.exercises[: chapter.exercises.index(last) + 1]
    assert list(answers) == [one for one in asked if get(one).kind != "project"]
    for one, code in answers.items():
        assert code == reference_code(get(one).reference)
