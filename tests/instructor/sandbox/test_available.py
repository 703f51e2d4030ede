"""Which sandbox works is found out by a child that does what students' code does."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest

from course_lib.instructor.sandbox import available

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.slow
def test_a_sandbox_in_which_pythons_own_modules_cannot_be_read_is_none(kind, monkeypatch):
    """As for a user of its own where Python lies in somebody's home: honest work would fail."""
    look = available.problem_with.__wrapped__
    assert look(kind) == ""
    monkeypatch.setattr(available, "MODULE", "a_module_out_of_reach")
    assert look(kind) == (
        "students' code can't import Python's own modules there (Cell 1, line 1 was left out: "
        "ModuleNotFoundError: No module named 'a_module_out_of_reach'.)"
    )


@pytest.mark.slow
def test_packages_of_the_users_own_are_seen_inside(kind, tmp_path):
    """As after `pip install --user`, or where a .pth file adds a folder of packages."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    place = sysconfig.get_path("purelib", vars={"base": str(tmp_path / "bare")})
    Path(place, "others.pth").write_text(f"{np.__path__[0].rpartition(os.sep)[0]}\n")
    program = (
        "from course_lib.instructor.sandbox.available import problem_with\n"
        f"print(problem_with({kind!r}))"
    )
    done = subprocess.run(
        [tmp_path / "bare" / "bin" / "python", "-c", program],
        capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert (done.stdout, done.returncode) == ("\n", 0), done.stderr
