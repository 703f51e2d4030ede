"""The folder that an instructor works in may be a student's: no file in it is imported."""

import json
import subprocess
import sys

import pytest
from a_class import solved, write

from course_lib import doctor

START = "from course_lib.cli import app; app()"  # what the script `course` does


@pytest.fixture
def trap(tmp_path):
    """A student's folder, and the file that names those of its modules that were run outside."""
    folder, told = tmp_path / "anna", tmp_path / "told"
    write(folder / "01-vanilla-rnn.ipynb", solved(1))
    for name in (*sys.stdlib_module_names, "numpy", "tensorflow", "course_lib"):
        (folder / f"{name}.py").write_text(f"print({name!r}, file=open({str(told)!r}, 'a'))\n")
    return folder, told


@pytest.mark.slow
def test_graders_import_nothing_from_the_folder_that_the_command_is_run_in(trap, tmp_path, kind):
    folder, told = trap
    words = ["validate", "01-vanilla-rnn.ipynb", "--exercise=rnn_step", f"--out={tmp_path / 'out'}"]
    done = subprocess.run(
        [sys.executable, "-P", "-c", START, *words], cwd=folder, capture_output=True, text=True
    )
    assert not told.exists(), told.read_text()
    assert done.returncode == 0, done.stderr
    (student,) = json.loads((tmp_path / "out" / "results.json").read_text())["students"]
    assert student["exercises"][0]["outcome"] == "passed"


def test_the_doctor_imports_nothing_from_there(trap, monkeypatch):
    folder, told = trap
    monkeypatch.chdir(folder)
    monkeypatch.setattr(doctor, "ASK_TENSORFLOW", "import json, base64; print('{}')")
    assert doctor.ask_tensorflow() == {}
    assert not told.exists(), told.read_text()
