"""Without a sandbox: the same verdicts, and nothing that is left behind for good."""

import json
import os
import subprocess
import sys
import tempfile
import time

import pytest
from a_class import solved, write

from course_lib.instructor.sandbox import folder as sandbox_folder
from course_lib.instructor.sandbox.folder import FOLDER, Folder


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
