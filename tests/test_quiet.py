"""TensorFlow keeps its chatter to itself, and one line a package sees to it."""

import subprocess
import sys
from pathlib import Path

import pytest

import course_lib

PACKAGE = Path(course_lib.__file__).parent
LOADS_IT = ("exercises", "layers", "online", "training", "benchmarks")


@pytest.mark.parametrize("name", LOADS_IT)
def test_the_line_stands_once_a_package(name):
    files = [p for p in (PACKAGE / name).rglob("*.py") if "course_lib.quiet" in p.read_text()]
    assert files == [PACKAGE / name / "__init__.py"]


@pytest.mark.slow
def test_tensorflow_is_loaded_later_and_quietly():
    code = """
import sys
import course_lib.training
assert "tensorflow" not in sys.modules
import os
os.write(2, b"before ")
import keras
assert "tensorflow" in sys.modules
os.write(2, b"after")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "before after"
