"""TensorFlow keeps its chatter to itself, and one line a package sees to it."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest

import course_lib
import course_lib.quiet

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


def test_of_code_that_nobody_wrote_tensorflow_says_nothing(caplog):
    """A check runs mutants of the learner's code, in which a result may be left unused."""
    logger = logging.getLogger("tensorflow")
    said = 'Object was never used. It was created here: File "{}", line 18, in step'
    with caplog.at_level(logging.ERROR, logger="tensorflow"):
        logger.addHandler(caplog.handler)
        try:
            logger.error(said.format("<mutant of fast_scan:  42>"))
            logger.error(said.format("/home/me/mine.py"))
        finally:
            logger.removeHandler(caplog.handler)
    messages = {record.getMessage() for record in caplog.records}
    assert messages == {said.format("/home/me/mine.py")}
