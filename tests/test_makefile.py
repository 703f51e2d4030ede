"""The Makefile's decisions, with stand-ins for Python."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Stands in for Python: answers as it is told, and writes down what it is asked.
PYTHON = """#!/bin/sh
echo "$@${{SOLUTIONS:+ with solutions $SOLUTIONS}}" >> "{log}"
case "$*" in
    *version_info*) exit {too_old} ;;
    *ensurepip*) exit {no_venv} ;;
    "-m venv --clear .venv") rm -rf .venv; mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;
    *pip*--require-hashes*) exit {pip_fails} ;;
esac
"""


@pytest.fixture
def checkout(tmp_path):
    """A folder with the Makefile and little else, in a path with a space."""
    folder = tmp_path / "a course"
    folder.mkdir()
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    return folder


def make(folder, *more, too_old=0, no_venv=0, pip_fails=0, system="Linux"):
    """Run `make book` with stand-ins; its exit code, what it printed, what Python was asked."""
    log, programs = folder / "log", folder / "programs"
    log.write_text("")
    programs.mkdir(exist_ok=True)
    text = PYTHON.format(log=log, too_old=too_old, no_venv=no_venv, pip_fails=pip_fails)
    names = ["python3.11", "python3", "python3.12", "python3.13"]
    if (folder / ".venv/bin/python").exists():
        names.append("../.venv/bin/python")
    for name in names:
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    (programs / "uname").write_text(f"#!/bin/sh\necho {system}\n")
    (programs / "uname").chmod(0o755)
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
    # This test may itself run under make.
    for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "SOLUTIONS"):
        environment.pop(name, None)
    done = subprocess.run(
        ["make", "book", *more], cwd=folder, env=environment, capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr, log.read_text()


def test_the_environment_is_made_once(checkout):
    code, out, asked = make(checkout)
    assert (code, "Making the environment" in out) == (0, True)
    assert "--require-hashes -r requirements.lock" in asked
    assert "--no-deps --no-build-isolation -e ." in asked
    code, out, asked = make(checkout)
    assert (code, out) == (0, "")
    assert asked.splitlines()[1:] == ["-m course_lib.authoring.book"]


def test_the_book_is_told_to_leave_the_solutions_out(checkout):
    make(checkout)
    _, _, asked = make(checkout, "SOLUTIONS=hidden")
    assert asked.splitlines()[-1] == "-m course_lib.authoring.book with solutions hidden"


def test_a_changed_lock_brings_it_up_to_date(checkout):
    make(checkout)
    later = (checkout / ".venv/.ready").stat().st_mtime + 10
    os.utime(checkout / "requirements.lock", (later, later))
    code, out, asked = make(checkout)
    assert (code, "up to date" in out) == (0, True)
    assert "--require-hashes" in asked
    assert "venv --clear" not in asked


def test_half_an_environment_is_made_afresh(checkout):
    code, _, asked = make(checkout, pip_fails=1)
    assert code != 0
    assert "course_lib" not in asked
    assert not (checkout / ".venv/.ready").exists()
    code, _, asked = make(checkout)
    assert (code, "venv --clear" in asked) == (0, True)


def test_an_update_that_breaks_off_is_made_afresh(checkout):
    make(checkout)
    later = (checkout / ".venv/.ready").stat().st_mtime + 10
    os.utime(checkout / "requirements.lock", (later, later))
    assert make(checkout, pip_fails=1)[0] != 0
    _, _, asked = make(checkout)
    assert "venv --clear" in asked


def test_a_moved_environment_is_made_afresh(checkout):
    make(checkout)
    moved = checkout.rename(checkout.with_name("moved"))
    code, _, asked = make(moved)
    assert (code, "venv --clear" in asked) == (0, True)


def test_where_the_lock_does_not_fit_pip_chooses(checkout):
    code, _, asked = make(checkout, system="Darwin")
    assert (code, "install -e .[book,test]" in asked) == (0, True)
    assert "requirements.lock" not in asked


def test_a_missing_python_is_named(checkout):
    code, out, _ = make(checkout, too_old=1)
    assert code != 0
    assert "needs Python 3.11" in out
    assert not (checkout / ".venv").exists()


def test_a_missing_venv_module_is_named(checkout):
    code, out, _ = make(checkout, no_venv=1)
    assert (code != 0, "apt-get install python3-venv" in out) == (True, True)


def test_ci_runs_the_readmes_test_command_and_nothing_weaker():
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert script.read_text().splitlines()[-1] == "exec make test"
    assert "make test" in (ROOT / "README.md").read_text()
