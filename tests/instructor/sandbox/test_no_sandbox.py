"""Without a sandbox: the same verdicts, and nothing that is left behind for good."""

import json
import os
import subprocess
import sys
import tempfile
import time

import pytest
from a_class import solved, submission, write

from course_lib.instructor.judging.notebook import Judge
from course_lib.instructor.judging.submission import grade
from course_lib.instructor.sandbox import folder as sandbox_folder
from course_lib.instructor.sandbox.available import problem_with
from course_lib.instructor.sandbox.folder import FOLDER, Folder
from course_lib.instructor.sandbox.limits import Limits
from course_lib.instructor.sandbox.sandbox import Sandbox


@pytest.fixture
def place(tmp_path, monkeypatch):
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setattr(sandbox_folder, "JUST_MADE", -1)
    return folder


def test_a_folder_that_nobody_holds_goes(place):
    (place / f"{FOLDER}old").mkdir()
    (place / f"{FOLDER}old" / "file").write_text("")
    (place / f"{FOLDER}link").symlink_to(place)
    one = Folder()
    two = Folder()  # the first is held
    assert {p.name for p in place.iterdir()} == {one.path.name, two.path.name, f"{FOLDER}link"}
    one.close()
    two.close()
    assert [p.name for p in place.iterdir()] == [f"{FOLDER}link"]


def test_one_that_was_just_made_stays(place, monkeypatch):
    monkeypatch.setattr(sandbox_folder, "JUST_MADE", 5)
    (place / f"{FOLDER}new").mkdir()
    Folder().close()
    assert [p.name for p in place.iterdir()] == [f"{FOLDER}new"]


def test_a_folder_goes_however_deep_it_is_filled(place):
    """A thousand folders in each other stopped this run, and every later one."""
    one = Folder()
    filled = os.open(one.path, os.O_RDONLY)
    for _ in range(1100):
        os.mkdir("d", dir_fd=filled)
        outer, filled = filled, os.open("d", os.O_RDONLY, dir_fd=filled)
        os.close(outer)
    os.close(filled)
    try:
        one.close()
        assert not list(place.iterdir())
    finally:  # or pytest, which would stumble over it as well
        subprocess.run(["rm", "-rf", one.path], check=True)


LEAVES = """
import ctypes, os, time
def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):
    found = os.listdir(".")
    open("left", "w").close()
    named, says = os.pipe()
    if not os.fork():
        os.setsid()
        if not os.fork():
            ctypes.CDLL(None).prctl(15, b"left-by-student")  # its name
            os.write(says, b"!")
            time.sleep(600)
        os._exit(0)
    os.read(named, 1)
    raise ValueError(f"found {found}")
"""


def left_by_student() -> set[str]:
    """Those processes, by their numbers."""
    seen = subprocess.run(["ps", "-eo", "pid,comm"], capture_output=True, text=True).stdout
    return {line.split()[0] for line in seen.splitlines() if line.endswith(" left-by-student")}


@pytest.mark.slow
@pytest.mark.parametrize("way", ["none", "user"])
def test_nothing_of_one_submission_is_there_for_the_next(tmp_path, way):
    if problem_with(way):
        pytest.skip(problem_with(way))
    write(tmp_path / "a.ipynb", solved(1, rnn_step=LEAVES))
    before = left_by_student()
    with Sandbox(way) as sandbox:
        judge = Judge(lambda tensorflow: sandbox, Limits(), 5, {})
        for _ in range(2):
            found = grade(submission(tmp_path / "a.ipynb").load(), judge, ["rnn_step"])
            assert "ValueError: found []," in found["exercises"][0]["sentence"]
            assert not left_by_student() - before


@pytest.mark.slow
def test_after_a_kill_the_next_run_tidies_up(tmp_path):
    temporary, out = tmp_path / "tmp", tmp_path / "out"
    temporary.mkdir()
    loop = "def rnn_step(x_t, h_prev, W_xh, W_hh, b_h):\n    while True: pass\n"
    write(tmp_path / "in" / "a.ipynb", solved(1, rnn_step=loop))
    write(tmp_path / "in" / "b.ipynb", solved(1))
    command = [sys.executable, "-m", "course_lib.cli", "validate", str(tmp_path / "in"),
               f"--out={out}", "--no-sandbox", "--time-limit=2", "--exercise=rnn_step"]  # fmt: skip
    environment = {**os.environ, "TMPDIR": str(temporary)}
    run = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    began = time.monotonic()
    while not list(temporary.glob(f"{FOLDER}*/student.py")) and time.monotonic() - began < 60:
        time.sleep(0.05)
    run.kill()
    run.communicate()
    left = {p.name for p in temporary.iterdir()}
    assert left
    for one in temporary.iterdir():
        os.utime(one, (0, 0))
    time.sleep(1)  # the graders end with the run
    again = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert again.returncode == 0
    assert "your files, your network" in again.stderr
    assert not list(temporary.iterdir())
    results = json.loads((out / "results.json").read_text())["students"]
    outcomes = {s["student"]: s["exercises"][0]["outcome"] for s in results}
    assert outcomes == {"a": "time limit", "b": "passed"}
