"""Several runs as one class, however large."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "results"))  # for invented

from invented import Invented, result

from course_lib.instructor.command.merge import merge
from course_lib.instructor.errors import BadUsage
from course_lib.instructor.judging.verdict import Verdict
from course_lib.instructor.results import stored
from course_lib.instructor.results.reports import write_reports
from course_lib.instructor.results.stored import Stored

WANTED = ["rnn_step", "rnn_forward"]
WEIGHTS = dict.fromkeys(WANTED, 1.0)
MORE = 8 << 20  # bytes that fifty times as many students may take: names and places


def one(name, outcome="passed"):
    return result(name, *(Verdict(e, outcome, "ß \u2028", rungs=6) for e in WANTED))


def run_of(folder, *students):
    folder.mkdir(parents=True)
    write_reports(folder, students, WANTED, WEIGHTS, {})
    return folder


def merged(out):
    return json.loads((out / "results.json").read_text())["students"]


def test_of_a_student_in_two_runs_the_later_counts(tmp_path):
    first = run_of(tmp_path / "1", one("ben", "missing"), one("anna"))
    second = run_of(tmp_path / "2", one("cem"), one("ben"))
    assert merge([first, second], tmp_path / "all", None) == 0
    students = merged(tmp_path / "all")
    assert [s["student"] for s in students] == ["anna", "ben", "cem"]
    assert {s["exercises"][0]["outcome"] for s in students} == {"passed"}
    assert students[0]["exercises"][0]["sentence"] == "ß \u2028"
    left = {path.name for path in (tmp_path / "all").iterdir()}
    assert left == {"results.json", "grades.csv", "junit.xml", "students", "index.html"}


def test_what_could_not_be_graded_is_still_said(tmp_path):
    bad = {**one("anna"), "status": "unreadable"}
    assert merge([run_of(tmp_path / "1", bad)], tmp_path / "all", None) == 1


def test_results_merge_into_one_of_the_folders(tmp_path):
    first, second = run_of(tmp_path / "1", one("anna")), run_of(tmp_path / "2", one("ben"))
    assert merge([first, second], first, None) == 0
    assert [s["student"] for s in merged(first)] == ["anna", "ben"]


def test_runs_of_other_exercises_do_not_merge(tmp_path):
    first = run_of(tmp_path / "1", one("anna"))
    other = tmp_path / "2"
    other.mkdir()
    write_reports(other, [], ["rnn_step"], {"rnn_step": 1.0}, {})
    with pytest.raises(BadUsage, match="other exercises"):
        merge([first, other], tmp_path / "all", None)


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "null", "3", '{"students": []}',
        '{"about": {}, "exercises": 3, "students": []}',
        '{"about": {}, "exercises": [], "students": [3]}', "[" * 100_000,
        '{"about": {}, "exercises": [], "students": [{"student": "a", "exercises": []}',
        '{"about": {}, "exercises": [], "students": [{"student": "a", "exercises": [{}]}]}',
    ],
    ids=range(11),
)  # fmt: skip
def test_damaged_results_are_said(tmp_path, text):
    (tmp_path / "results.json").write_text(text)
    with pytest.raises(BadUsage, match=r"holds no results\.json"):
        merge([tmp_path], tmp_path / "all", None)


@pytest.mark.parametrize("size", [1, 2, 7, 100, 5_000])
@pytest.mark.parametrize("indent", [None, 1, 4])
def test_it_reads_what_json_reads_wherever_a_part_ends(tmp_path, monkeypatch, size, indent):
    monkeypatch.setattr(stored, "AT_ONCE", size)
    folder = run_of(tmp_path / "1", *Invented(5, WANTED))
    content = json.loads((folder / "results.json").read_text())
    (folder / "results.json").write_text(json.dumps(content, indent=indent, ensure_ascii=False))
    again = Stored(folder)
    assert list(again) == content["students"]
    assert again.about == content["about"]
    assert again.weights == WEIGHTS


def peak(folders, out):
    """Bytes of memory that the command had in use at most."""
    command = [sys.executable, "-m", "course_lib.cli", "validate", "--merge"]
    with open(os.devnull, "wb") as nothing:
        process = subprocess.Popen([*command, *map(str, folders), f"--out={out}"], stdout=nothing)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss << 10


@pytest.mark.slow
def test_memory_does_not_grow_with_the_class(tmp_path):
    few = run_of(tmp_path / "few", *Invented(100, WANTED))
    many = run_of(tmp_path / "many", *Invented(5_000, WANTED))
    small, large = peak([few], tmp_path / "a"), peak([many], tmp_path / "b")
    assert len(merged(tmp_path / "b")) == 5_000
    assert large - small < MORE
