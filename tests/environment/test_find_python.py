"""Which Python is taken, and what is said where none fits: the machine is made of stand-ins."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYTHON = """#!/bin/sh
case "$*" in
    *python_version*) echo "{version}" ;;
    *ensurepip*) exit {without_venv} ;;
esac
"""


class Machine:
    """A machine on which nothing is but what a test puts there."""

    def __init__(self, folder):
        self.home, self.programs = folder / "home", folder / "programs"
        self.home.mkdir()
        self.programs.mkdir()
        for name in ("sh", "sed"):
            (self.programs / name).symlink_to(shutil.which(name))
        self.program("uname", "echo Linux")

    def program(self, name, text="exit 0", where=None):
        path = (where or self.programs) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text if text.startswith("#!") else f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return path

    def python(self, name, version, without_venv=0, where=None):
        text = PYTHON.format(version=version, without_venv=without_venv)
        return self.program(name, text, where)

    def find(self, *wanted):
        """Exit code, what is printed, what is said on the side."""
        done = subprocess.run(
            ["sh", ROOT / "environment/find_python.sh", *wanted],
            env={"PATH": str(self.programs), "HOME": str(self.home), "HOMEBREW_PREFIX": "/none"},
            capture_output=True,
            text=True,
        )
        return done.returncode, done.stdout.strip(), done.stderr


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def test_the_best_tested_version_comes_first(machine):
    machine.python("python3", "CPython 3.13.0")
    assert machine.find()[:2] == (0, "python3")
    machine.python("python3.12", "CPython 3.12.1")
    assert machine.find()[:2] == (0, "python3.12")
    machine.python("python3.11", "CPython 3.11.0")
    assert machine.find()[:2] == (0, "python3.11")


def test_one_that_can_make_environments_is_preferred(machine):
    machine.python("python3.11", "CPython 3.11.2", without_venv=1)
    machine.python("python3.12", "CPython 3.12.1")
    assert machine.find()[:2] == (0, "python3.12")


@pytest.mark.parametrize(
    "version",
    ["CPython 2.7.18", "CPython 3.10.14", "CPython 3.14.0", "PyPy 3.11.9", "CPython 4.12"],
)
def test_others_are_not_taken(machine, version):
    machine.python("python3", version)
    code, out, said = machine.find()
    assert (code, out) == (1, "")
    assert f"needs Python 3.11 to 3.13; python3 is {version}." in said


def test_a_launcher_that_leads_nowhere_is_passed_over(machine):
    """As pyenv's, for a version that isn't selected."""
    machine.program("python3.11", "echo 'pyenv: python3.11: command not found' >&2; exit 127")
    machine.python("python3", "CPython 3.12.1")
    assert machine.find() == (0, "python3", "")


def test_only_the_chosen_one_is_looked_at(machine):
    machine.python("python3.11", "CPython 3.11.2")
    chosen = machine.python("python3", "CPython 3.13.1", where=machine.home / "my pythons")
    assert machine.find(str(chosen))[:2] == (0, str(chosen))
    code, out, said = machine.find("python3.13")
    assert (code, out) == (1, "")
    assert "no Python called python3.13" in said


def test_a_chosen_one_that_does_not_fit_is_named(machine):
    machine.python("python3.9", "CPython 3.9.2")
    _, _, said = machine.find("python3.9")
    assert "python3.9 is CPython 3.9.2" in said
    assert "leave it out" in said


def test_a_missing_venv_module_is_named_by_its_package(machine):
    machine.python("python3", "CPython 3.12.3", without_venv=1)
    assert "apt-get install python3.12-venv" in machine.find()[2]


APT = """case "$2" in
    python3.12-venv) echo "python3.12-venv:"; echo "  Candidate: 3.12.3-1" ;;
    *) echo "$2:"; echo "  Candidate: (none)" ;;
esac"""
UV_RUNS = 'uv python install 3.12, then make book PYTHON="$(uv python find 3.12)"'


@pytest.mark.parametrize(
    ("programs", "help_"),
    [
        ({}, UV_RUNS),
        ({"uname": "echo Darwin"}, "python.org/downloads/macos/"),
        ({"uname": "echo Darwin", "brew": ""}, "brew install python@3.12"),
        ({"apt-get": "", "apt-cache": APT}, "apt-get install python3.12 python3.12-venv, then"),
        ({"apt-get": "", "apt-cache": "exit 0"}, "apt-get update && apt-get install python3 "),
        ({"apt-get": "", "apt-cache": "exit 0"}, UV_RUNS),
        ({"dnf": ""}, "dnf install python3.12"),
        ({"zypper": ""}, "zypper install python312"),
        ({"pyenv": "", "apt-get": ""}, "pyenv install 3.12"),
        ({"conda": "", "apt-get": ""}, "conda create --name course python=3.12"),
        ({"uv": "", "pyenv": ""}, UV_RUNS),
    ],
)
def test_what_helps_on_this_machine_is_named(machine, programs, help_):
    machine.python("python3", "CPython 3.9.2")
    for name, text in programs.items():
        machine.program(name, text)
    code, _, said = machine.find()
    assert code == 1
    assert help_ in said


@pytest.mark.parametrize(
    "where", [".pyenv/versions/3.12.1/bin", ".local/share/uv/python/cpython-3.12.1-linux/bin"]
)
def test_one_that_a_version_manager_hides_is_named(machine, where):
    machine.python(
        "python3", "CPython 3.9.2", where=machine.home / where.replace("3.12.1", "3.9.2")
    )
    hidden = machine.python("python3", "CPython 3.12.1", where=machine.home / where)
    assert f"make book PYTHON='{hidden}'" in machine.find()[2]
