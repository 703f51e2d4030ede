"""Which sandbox works is found out by a child that does what students' code does."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np
import pytest

from course_lib import doctor
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


def test_an_environment_that_only_root_can_read_is_named(monkeypatch, tmp_path):
    """As after umask 077: the advice was to install bubblewrap, or to run it as root."""
    packages = tmp_path / "env" / "lib" / "site-packages"
    packages.mkdir(parents=True)
    (tmp_path / "env").chmod(0o755)
    tmp_path.chmod(0o700)  # above the environment: not seen inside, so it doesn't matter
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "env"))
    monkeypatch.setattr(available, "package_folders", lambda: [str(packages)])
    monkeypatch.setattr(available, "problem_with", lambda kind: "no walls")
    monkeypatch.setattr(available.os, "geteuid", lambda: 0)
    for folder in (packages, packages.parent):
        folder.chmod(0o755)
    with pytest.raises(available.NoSandbox, match="apt-get install bubblewrap"):
        available.find_sandbox()
    packages.parent.chmod(0o700)
    with pytest.raises(available.NoSandbox) as refused:
        available.find_sandbox()
    assert f"can't read {packages.parent}." in str(refused.value)
    assert f"chmod -R o+rX {tmp_path / 'env'}" in str(refused.value)
    assert "apt-get" not in str(refused.value)
    assert "chmod" in doctor.sandbox().todo
    monkeypatch.setattr(available.os, "geteuid", lambda: 1000)  # students' code runs as oneself
    with pytest.raises(available.NoSandbox, match="apt-get"):
        available.find_sandbox()
