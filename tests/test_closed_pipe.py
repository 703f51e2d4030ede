"""`course … | head` ends without a word, and a full disk in one line, however Python buffers."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from course_lib.closed_pipe import end_quietly

ROOT = Path(__file__).resolve().parents[1]
FULL = Path("/dev/full")
BY_PRINT = ("hint", "rnn_step")
NOTEBOOK = "work/01-vanilla-rnn.ipynb"
COMMANDS = [BY_PRINT, ("--version",), ("--help",), ("doctor",), ("check", NOTEBOOK),
            ("validate", "work", "--list", "--out=out"), ("export", "nbgrader", "out"),
            ("start", "other"), ("gradescope", "init")]  # fmt: skip

commands = pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
buffered = pytest.mark.parametrize("buffered", [True, False], ids=["buffered", "unbuffered"])


@pytest.fixture
def place(tmp_path):
    (tmp_path / "work").mkdir()
    shutil.copy(ROOT / "exercises" / "01-vanilla-rnn.ipynb", tmp_path / "work")
    return tmp_path


def run(command, place, stdout, buffered=True):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    environment |= {} if buffered else {"PYTHONUNBUFFERED": "1"}
    return subprocess.run(
        [sys.executable, "-m", "course_lib.cli", *command],
        cwd=place, env=environment, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip


@buffered
@commands
def test_a_reader_that_has_gone_is_no_fault(command, buffered, place):
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as gone:
        done = run(command, place, gone, buffered)
    assert (done.returncode, done.stderr) == (1, "")


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")
@buffered
@pytest.mark.parametrize("command", [BY_PRINT, ("doctor",)], ids=" ".join)
def test_a_full_disk_is_said(command, buffered, place):
    with FULL.open("w") as full:
        done = run(command, place, full, buffered)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("course: ")


def test_what_was_done_is_there(tmp_path):
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as gone:
        run(("export", "nbgrader", "out"), tmp_path, gone)
    assert (tmp_path / "out" / "nbgrader_config.py").exists()


@pytest.mark.skipif(os.name != "posix", reason="a shell closes its output so")
@pytest.mark.parametrize("command", [BY_PRINT, ("doctor",)], ids=" ".join)
def test_no_output_at_all_is_no_fault(command, place):
    shell = ["sh", "-c", 'exec "$@" >&-', "sh", sys.executable, "-m", "course_lib.cli", *command]
    done = subprocess.run(shell, cwd=place, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_no_folder_for_temporary_files_is_said_in_one_line(monkeypatch, capsys):
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: ["/dev/null/x"])
    with pytest.raises(SystemExit) as ended:
        end_quietly(tempfile.mkdtemp)
    said = capsys.readouterr().err
    assert (ended.value.code, said.count("\n")) == (1, 1)
    assert "TMPDIR" in said


# What make calls prints now and then, and goes on for a while.
PRINTS = """
import sys, time
from course_lib import interrupted

def program():
    for number in range(200):
        print(number, flush=FLUSH)
        time.sleep(0.001)
    return 0

FLUSH = sys.argv[1] == "flushed"
sys.exit(interrupted.in_one_line("book", program))
"""


@pytest.mark.parametrize("how", ["flushed", "at the end"])
@pytest.mark.parametrize(
    "where",
    [
        pytest.param("a reader that has gone", id="gone"),
        pytest.param("/dev/full", marks=pytest.mark.skipif(not FULL.exists(), reason="none here")),
    ],
)
def test_so_ends_what_make_calls(how, where):
    if where == str(FULL):
        handle, said = os.open(FULL, os.O_WRONLY), "book: No space left on device.\n"
    else:
        reader, handle = os.pipe()
        os.close(reader)
        said = ""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with open(handle, "w") as output:
        done = subprocess.run(
            [sys.executable, "-c", PRINTS, how],
            stdout=output, stderr=subprocess.PIPE, text=True, env=environment, cwd=ROOT,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, said)
