"""What a learner waits for: the package, a check and the help load no TensorFlow."""

import subprocess
import sys
import time

import pytest

from course_lib.authoring.source import reference_code
from course_lib.exercises.registry import get

CHECK = f"""
import numpy as np
from course_lib.exercises import check
{reference_code(get("rnn_step").reference)}
assert check(rnn_step)
"""
HELP = """
import contextlib, io
from course_lib.cli import app
with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.suppress(SystemExit):
    app(["--help"])
assert "doctor" in out.getvalue()
"""
EVERY_NUMPY_CHECK = """
from course_lib.exercises import check
from course_lib.exercises.registry import get, ids, needs_tensorflow
in_numpy = [get(one) for one in ids() if not needs_tensorflow(one)]
assert len(in_numpy) > 40
for exercise in in_numpy:
    if exercise.kind != "project":
        assert check(exercise.reference, strict=True)
"""
HEAVY = ("tensorflow", "keras", "matplotlib", "IPython", "pooch")


@pytest.mark.parametrize(
    "code",
    ["import course_lib", "import course_lib.exercises", "import course_lib.training",
     "import course_lib.benchmarks.lstm", CHECK, HELP,
     pytest.param(EVERY_NUMPY_CHECK, marks=pytest.mark.slow)],
    ids=["package", "exercises", "training", "benchmarks", "check", "help", "every check in NumPy"],
)  # fmt: skip
def test_nothing_heavy_is_loaded(code):
    ask = f"{code}\nimport sys\nprint(*(m for m in {HEAVY} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_package_is_imported_in_half_a_second():
    """The best of three, because other work on the machine only adds to it."""

    def seconds(code):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True)
        return time.perf_counter() - began

    assert min(seconds("import course_lib") for _ in range(3)) < 0.5
