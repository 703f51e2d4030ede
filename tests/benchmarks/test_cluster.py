"""The benchmark on a cluster: the class that it makes, and that it notices what goes wrong."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from course_lib.authoring.source import starting_code
from course_lib.benchmarks import cluster
from course_lib.cli import app
from course_lib.exercises.registry import CHAPTERS, get, needs_tensorflow
from course_lib.exercises.report import NOT_RIGHT, NOT_WRITTEN, PASSED
from course_lib.instructor.sandbox.available import problem_with
from course_lib.training import stored_result

THREE = 3 * len(CHAPTERS)
WRONG = "def f(*arguments, **named):\n    return None\n"


@pytest.fixture
def quick_wrong(monkeypatch):
    """A wrong answer that takes no search."""
    monkeypatch.setattr(
        cluster, "wrong_answers", lambda one, count: [WRONG.replace("f(", f"{one}(")]
    )


def test_every_exercise_without_tensorflow_is_right_and_wrong_and_unwritten_for_somebody():
    outcomes = {}
    for number in range(THREE):
        for exercise, outcome in cluster.expected(number).items():
            outcomes.setdefault(exercise, set()).add(outcome)
    assert list(outcomes) == cluster.exercises()
    assert all(found == {PASSED, NOT_RIGHT, NOT_WRITTEN} for found in outcomes.values())
    assert not any(needs_tensorflow(one) or get(one).kind == "project" for one in outcomes)


def test_a_notebook_holds_what_is_expected_of_it(quick_wrong):
    code = {}
    for cell in cluster.notebook(3 * len(CHAPTERS))["cells"]:
        course = cell["metadata"].get("course", {})
        if course.get("role") == "code":
            code[course["exercise"]] = "".join(cell["source"])
    for exercise, outcome in cluster.expected(3 * len(CHAPTERS)).items():
        assert (WRONG[5:] in code[exercise]) == (outcome == NOT_RIGHT)
        as_released = code[exercise] == starting_code(get(exercise)).rstrip()
        assert as_released == (outcome == NOT_WRITTEN)
    assert cluster.notebook(0) != cluster.notebook(THREE)


def results(count):
    return [
        {
            "student": f"student{number:05}",
            "exercises": [
                {"exercise": e, "outcome": o} for e, o in cluster.expected(number).items()
            ],
        }
        for number in range(count)
    ]


def test_all_as_expected():
    verdicts = sum(len(cluster.expected(number)) for number in range(THREE))
    assert cluster.compared(results(THREE), THREE) == verdicts


@pytest.mark.parametrize("fault", ["one is missing", "one is there twice", "a wrong verdict"])
def test_what_is_not_as_expected_is_an_error(fault):
    students = results(THREE)
    if fault == "one is missing":
        students.pop()
    elif fault == "one is there twice":
        students.append(students[0])
    else:
        students[4]["exercises"][0]["outcome"] = "time limit"
    with pytest.raises(RuntimeError, match="student"):
        cluster.compared(students, THREE)


def test_a_process_is_killed_once_there_are_so_many_results(tmp_path):
    victim = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    ledger = tmp_path / "ledger"
    with cluster.Killing(victim.pid, ledger, 3) as killing:
        ledger.write_text("first\n1\n2\n")
        time.sleep(5 * cluster.POLL)
        assert victim.poll() is None
        assert killing.after is None
        ledger.write_text("first\n1\n2\n3\n4\n")
        assert victim.wait(timeout=30) == -signal.SIGKILL
    assert killing.after == 4


def test_nothing_is_killed_after_the_end(tmp_path):
    with cluster.Killing(os.getpid(), tmp_path / "ledger", 3) as killing:
        pass
    assert killing.after is None


def test_without_dask_it_is_left_out(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    done = CliRunner().invoke(app, ["bench", "cluster"])
    assert done.exit_code == 0
    assert "pip install distributed" in done.stderr


def test_the_stored_result_is_of_a_whole_class():
    stored = stored_result("bench-cluster")
    count = stored["notebooks"]
    assert stored["command"] == f"course bench cluster --notebooks {count}"
    assert count // 2 <= stored["killed_after"] < count
    assert stored["verdicts"] == sum(len(cluster.expected(number)) for number in range(count))
    assert stored["hardware"]["instruction_set"]


@pytest.mark.slow
def test_a_small_class_from_end_to_end(tmp_path, quick_wrong, monkeypatch):
    pytest.importorskip("distributed")
    if problem_with("bubblewrap") and problem_with("namespaces"):
        pytest.skip("no sandbox here: install bubblewrap")
    monkeypatch.setattr(cluster, "CHAPTERS", CHAPTERS[:1])
    result = cluster.run(12)
    assert result["notebooks"] == 12
    assert 6 <= result["killed_after"] < 12
    assert result["verdicts"] == 12 * len(cluster.exercises())
    assert result["parent_mib"] > 0
    assert "12 notebooks" in cluster.summary(result)
    json.dumps(result)
