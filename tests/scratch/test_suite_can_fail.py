"""The suite can fail: with one sign flipped in the reference BPTT, its own tests go red.

Some quick tests of BPTT run in a process of their own, against a copy of the package. What a sign
can't disturb, such as the test of shapes, must still pass there: so it is the sign that they see.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import course_lib

PACKAGE = Path(course_lib.__file__).parent
TESTS = Path(__file__).with_name("test_bptt.py")
FLIPS = {
    "tanh": ("(1 - h_t**2)\n    dx_t", "(1 + h_t**2)\n    dx_t"),
    "state": ("dh_prev = da_t @ W_hh.T", "dh_prev = -da_t @ W_hh.T"),
}


def run_tests(folder, flip):
    """Run quick tests of BPTT against a copy of the package with one text replaced."""
    for part in ("scratch", "sources"):
        shutil.copytree(PACKAGE / part, folder / "course_lib" / part)
    shutil.copy(PACKAGE / "__init__.py", folder / "course_lib")
    reference = folder / "course_lib" / "scratch" / "bptt.py"
    source, (right, wrong) = reference.read_text(encoding="utf-8"), FLIPS[flip]
    assert source.count(right) == 1, f"{right!r} is no longer once in the reference"
    reference.write_text(source.replace(right, wrong), encoding="utf-8")
    shutil.copy(TESTS, folder)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir=."]
    command += ["-k", "by_hand or gradient_check or shapes", "--tb=no", "-rpf", TESTS.name]
    environment = os.environ | {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


@pytest.mark.slow
@pytest.mark.parametrize("flip", FLIPS)
def test_one_flipped_sign_turns_the_suite_red(flip, tmp_path):
    result = run_tests(tmp_path, flip)
    assert result.returncode == 1, result.stdout + result.stderr  # 1: tests ran, and some failed
    assert f"PASSED {TESTS.name}::test_shapes" in result.stdout, result.stdout
    red = [line for line in result.stdout.splitlines() if line.startswith("FAILED")]
    assert any("gradient_check" in line for line in red), result.stdout
    assert any("by_hand" in line for line in red), result.stdout
