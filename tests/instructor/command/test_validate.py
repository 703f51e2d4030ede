"""A run as a whole: budgets, Ctrl-C, a full disk, and a folder that is another course's."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from a_class import solved, write

from course_lib.instructor.command.command_line import run
from course_lib.instructor.results import ledger as ledger_module

pytestmark = pytest.mark.alone

LOOP = "def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):\n    while True: pass\n"
OTHER = {"cells": [{"cell_type": "code", "source": "import pandas as pd\ndf = pd.read_csv('x')"}]}


def command(tmp_path, *more):
    return [sys.executable, "-m", "course_lib.cli", "validate", str(tmp_path / "in"),
            f"--out={tmp_path / 'out'}", *more]  # fmt: skip


def validated(tmp_path, *more):
    done = subprocess.run(command(tmp_path, *more), capture_output=True, text=True, timeout=300)
    results = tmp_path / "out" / "results.json"
    students = json.loads(results.read_text())["students"] if results.exists() else []
    return done, {one["student"]: one for one in students}


@pytest.mark.slow
def test_ctrl_c_ends_at_once_in_one_line(tmp_path, kind, still_running):
    for number in range(4):
        write(tmp_path / "in" / f"s{number}.ipynb", solved(1, rnn_step=LOOP))
    process = subprocess.Popen(
        command(tmp_path, "--exercise=rnn_step", "--time-limit=60"),
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    began = time.monotonic()
    inside = []
    while not inside and time.monotonic() - began < 120:
        time.sleep(0.2)
        seen = subprocess.run(["ps", "-eo", "pid,ppid,args"], capture_output=True, text=True).stdout
        mine = {process.pid}
        for line in seen.splitlines()[1:]:
            pid, parent, words = line.split(None, 2)
            if int(parent) in mine:
                mine.add(int(pid))
                inside += [int(pid)] * ("fork_server.py" in words)
    time.sleep(2)
    began = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert time.monotonic() - began < 2
    before, *after = [line for line in said.splitlines() if line.strip()]
    assert before.startswith("Grading 4 of 4")
    assert after == ["Stopped. The same command goes on from here."]
    assert process.returncode == 1
    assert not still_running(mine)


@pytest.mark.slow
def test_a_submission_has_a_budget(tmp_path, kind):
    slow = "import time\n" + "".join(
        f"def {one}(*a, **k):\n    time.sleep(60)\n"
        for one in ("rnn_step", "rnn_forward", "masked_rnn_forward", "cross_entropy_from_logits")
    )
    cells = [{"cell_type": "code", "source": slow}]
    write(tmp_path / "in" / "slow.ipynb", {"cells": cells})
    write(tmp_path / "in" / "zoe.ipynb", solved(1))
    began = time.monotonic()
    names = ("rnn_step", "rnn_forward", "masked_rnn_forward", "cross_entropy_from_logits")
    done, students = validated(
        tmp_path, *(f"--exercise={one}" for one in names),
        "--time-limit=50", "--submission-limit=8", "--jobs=1",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert time.monotonic() - began < 60
    slow = students["slow"]["exercises"]
    assert {one["outcome"] for one in slow} == {"time limit"}
    assert "used up its seconds for all exercises" in slow[-1]["sentence"]


def test_a_class_of_another_course_is_told_so(tmp_path, kind):
    for number in range(3):
        write(tmp_path / "in" / f"s{number}" / "week1.ipynb", OTHER)
    done, students = validated(tmp_path, "--exercise=rnn_step")
    assert done.returncode == 1
    assert "None of the 3 notebooks holds an exercise that was asked for" in done.stderr
    page = (tmp_path / "out" / "index.html").read_text()
    assert "None of the 3 notebooks" in page
    assert "Nothing conspicuous" not in page
    assert "holds none of the exercises" in students["s0"]["remarks"][0]


def test_who_is_of_another_course_is_looked_at(tmp_path, kind):
    write(tmp_path / "in" / "anna.ipynb", solved(1))
    write(tmp_path / "in" / "ben.ipynb", OTHER)
    done, _ = validated(tmp_path, "--exercise=rnn_step")
    assert done.returncode == 0
    page = (tmp_path / "out" / "index.html").read_text()
    assert "Its notebook holds none of the exercises that were asked for." in page


def test_what_is_not_understood_and_who_has_left_stands_on_the_page(tmp_path, kind):
    write(tmp_path / "in" / "anna.ipynb", solved(1))
    write(tmp_path / "in" / "ben.ipynb", solved(1))
    (tmp_path / "in" / "task.pdf").write_bytes(b"")
    assert validated(tmp_path, "--exercise=rnn_step")[0].returncode == 0
    (tmp_path / "in" / "ben.ipynb").unlink()
    (tmp_path / "in" / "more.7z").write_bytes(b"")
    done, students = validated(tmp_path, "--exercise=rnn_step")
    assert done.returncode == 1
    assert list(students) == ["anna"]
    page = (tmp_path / "out" / "index.html").read_text()
    assert "Graded before, but not handed in now: ben." in page
    assert "task.pdf" in page
    assert "more.7z" in page


def test_results_may_lie_inside_the_class(tmp_path, kind):
    write(tmp_path / "in" / "anna.ipynb", solved(1))
    arguments = [*command(tmp_path)[:5], f"--out={tmp_path / 'in' / 'out'}", "--exercise=rnn_step"]
    for _ in range(2):
        done = subprocess.run(arguments, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        content = json.loads((tmp_path / "in" / "out" / "results.json").read_text())
        assert [one["student"] for one in content["students"]] == ["anna"]
        assert content["about"]["not_understood"] == []


def test_a_full_disk_is_said_in_one_line_and_nothing_graded_is_lost(
    tmp_path, kind, monkeypatch, capsys
):
    for number in range(3):
        write(tmp_path / "in" / f"s{number}.ipynb", solved(1))
    real, count = os.write, []

    def write_until_full(descriptor, data):
        if data.startswith(b'{"key"'):
            count.append(1)
            if len(count) == 2:
                return real(descriptor, data[:10])
        return real(descriptor, data)

    monkeypatch.setattr(ledger_module.os, "write", write_until_full)
    arguments = ([tmp_path / "in"], tmp_path / "out", 1, "1/1", 10.0, 60.0, 512, None, None,
                 ["rnn_step"], False, False)  # fmt: skip
    assert run(*arguments) == 1
    said = capsys.readouterr().err
    assert "ledger.jsonl: No space left on device. What was graded before is kept" in said
    assert run(*arguments) == 0
    assert "1 of 3 were graded before" in capsys.readouterr().err


def test_the_list_runs_nothing_and_needs_no_out(tmp_path, monkeypatch, capsys):
    from course_lib.instructor.command import command_line

    def never(*_):
        raise AssertionError("a sandbox was asked for")

    monkeypatch.setattr(command_line, "find_sandbox", never)
    write(tmp_path / "anna.ipynb", OTHER)
    write(tmp_path / "ben" / "01-vanilla-rnn.ipynb", OTHER)
    (tmp_path / "list.csv").write_text("")
    done = subprocess.run(
        [sys.executable, "-m", "course_lib.cli", "validate", str(tmp_path), "--list"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "anna: anna.ipynb\nben: 01-vanilla-rnn.ipynb\n\n2 submissions" in done.stdout
    assert "list.csv: it is nobody's notebook" in done.stdout
