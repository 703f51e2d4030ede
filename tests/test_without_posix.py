"""What learners do works where POSIX's modules and signals are missing, as they are on Windows."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# What CPython lacks there, as far as anything here may ask for it. (NumPy on Linux needs os.uname.)
LESS = """
import os, signal, sys
for name in ("fcntl", "resource", "pwd", "grp", "termios", "pty", "tty"):
    sys.modules[name] = None
for name in ("SIGALRM", "setitimer", "getitimer", "ITIMER_REAL"):
    delattr(signal, name)
for name in ("fork", "sched_getaffinity", "sysconf", "getuid"):
    delattr(os, name)
os.process_cpu_count = os.cpu_count  # from Python 3.13 on it asks for the affinity
"""


@pytest.fixture
def course(tmp_path):
    """Runs a command of the course on such a system."""
    (tmp_path / "less").mkdir()
    (tmp_path / "less/sitecustomize.py").write_text(LESS)
    path = os.pathsep.join([str(tmp_path / "less"), os.environ.get("PYTHONPATH", "")])

    def run(*words, command=("-m", "course_lib.cli")):
        return subprocess.run(
            [sys.executable, *command, *words],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path.strip(os.pathsep)},
            capture_output=True,
            encoding="utf-8",
        )

    return run


@pytest.mark.slow
def test_a_learner_s_commands(course, tmp_path):
    started = course("start")
    assert started.returncode == 0, started.stderr
    assert (tmp_path / "work/01-vanilla-rnn.ipynb").exists()
    for words in (("progress",), ("hint", "rnn_step"), ("solution", "rnn_step")):
        done = course(*words)
        assert (done.returncode, done.stderr) == (0, "")
    checked = course("check", "work/01-vanilla-rnn.ipynb", "rnn_step")
    assert (checked.returncode, checked.stderr) == (1, "")
    assert "rnn_step: not written yet" in checked.stdout


@pytest.mark.slow
def test_the_checks_keep_their_verdicts(course):
    done = course("prove", "rnn_step", "state_jacobian")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "failed: 0" in done.stdout


def test_validation_says_what_it_needs(course, tmp_path):
    done = course("validate", ".", "--out", "results")
    assert done.returncode == 2
    assert done.stderr.startswith("course: Validation needs Linux, and this Python has no ")
    assert not (tmp_path / "results").exists()


def test_the_doctor_says_what_the_sandbox_needs(course):
    ask = "from course_lib.doctor import sandbox; print(sandbox().todo)"
    done = course(command=("-c", ask))
    assert done.stdout == "It needs Linux: on Windows, use WSL.\n", done.stderr
