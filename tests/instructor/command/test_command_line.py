"""What `course validate` answers to bad usage, and what it says on the way."""

import json

import pytest
from a_class import solved, write
from typer.testing import CliRunner

from course_lib.cli import app
from course_lib.instructor.command.progress import Progress


def invoke(*arguments):
    return CliRunner().invoke(app, ["validate", *map(str, arguments)])


@pytest.fixture
def students(tmp_path, kind):
    write(tmp_path / "in" / "anna.ipynb", solved(1))
    return tmp_path / "in"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--shard=3/2"], "--shard is i/n"),
        (["--exercise=rnn_stepp"], "Did you mean rnn_step?"),
        (["--cases=missing.json"], "missing.json can't be read"),
        (["--weights=missing.json"], "missing.json can't be read"),
        (["--jobs=0"], "jobs"),
        (["--time-limit=inf"], "--time-limit is a number of seconds from 0.1 to 86400, not inf"),
        (["--time-limit=nan"], "--time-limit is a number of seconds"),
        (["--time-limit=0"], "--time-limit is a number of seconds"),
        (["--submission-limit=-1"], "--submission-limit is a number of seconds"),
        (["--memory-limit=1"], "--memory-limit is a number of MB from 64"),
        (["--memory-limit=99999999999"], "--memory-limit is a number of MB from 64"),
        (["--by=("], "--by is no regular expression"),
        (["--merge"], "holds no results.json"),
    ],
)
def test_bad_usage_is_said_and_exits_with_2(students, tmp_path, options, said):
    done = invoke(students, f"--out={tmp_path / 'out'}", *options)
    assert done.exit_code == 2
    assert said in done.stderr


def test_no_submissions_there(tmp_path, kind):
    done = invoke(tmp_path / "nowhere", f"--out={tmp_path / 'out'}")
    assert done.exit_code == 2
    assert "There is no" in done.stderr


def test_without_a_sandbox_it_refuses(students, tmp_path, monkeypatch):
    from course_lib.instructor.sandbox import available

    monkeypatch.setattr(available, "problem_with", lambda kind: "it isn't installed")
    done = invoke(students, f"--out={tmp_path / 'out'}")
    assert done.exit_code == 1
    assert "apt-get install bubblewrap" in done.stderr
    assert not (tmp_path / "out").exists()


def test_weights_count_in_the_points(students, tmp_path):
    (tmp_path / "weights.json").write_text('{"rnn_step": 3}')
    done = invoke(students, f"--out={tmp_path / 'out'}", "--exercise=rnn_step",
                  f"--weights={tmp_path / 'weights.json'}")  # fmt: skip
    assert done.exit_code == 0
    (student,) = json.loads((tmp_path / "out" / "results.json").read_text())["students"]
    assert (student["points"], student["of"]) == (3, 3)


def test_plain_lines_where_there_is_no_terminal(capsys):
    progress = Progress(3, done=1)
    before = capsys.readouterr().err
    progress.advance({"exercises": [{"outcome": "passed"}]})
    progress.advance({"exercises": [{"outcome": "crashed"}]})
    progress.close()
    said = capsys.readouterr().err
    assert "1 of 3 were graded before" in before
    assert "Grading 2 of 3" in before
    assert "3 of 3 graded, 1 unusual, about 0 min 0 s left" in said


def test_what_is_left_is_told_by_what_those_of_this_run_took(monkeypatch, capsys):
    seconds = iter([100.0, 105.0, 140.0])
    monkeypatch.setattr("time.monotonic", lambda: next(seconds))
    progress = Progress(9, done=2)
    for _ in range(2):  # the first comes too early to be told
        progress.advance({"exercises": [{"outcome": "missing"}]})
    (said,) = capsys.readouterr().err.splitlines()[2:]
    assert said == "4 of 9 graded, 0 unusual, about 2 min 40 s left"


def test_without_out_it_says_what_is_missing(students):
    done = invoke(students)
    assert done.exit_code == 2
    assert "--out is missing" in done.stderr
