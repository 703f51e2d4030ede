"""TensorFlow keeps its chatter to itself, and one line a package sees to it."""

import gc
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


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tensorflow", "keras"])
def test_tensorflow_comes_without_what_nobody_needs_at_its_start(name):
    """Matplotlib, of which Keras makes two galleries, and walks through a million new objects."""
    code = f"""
import gc, sys
import course_lib.training
walks = []
gc.callbacks.append(lambda phase, info: walks.append(info["generation"]))
import {name}
assert walks.count(2) < 5, walks.count(2)
assert gc.isenabled() and not gc.get_freeze_count()
assert "keras" in sys.modules and "tensorflow" in sys.modules
assert not [one for one in sys.modules if one.startswith("matplotlib.")]
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("first", ["", "import matplotlib.pyplot"])
def test_keras_draws_its_galleries_all_the_same(first, tmp_path):
    """Boxes in them need OpenCV, which isn't here: of these, what it draws their legend with."""
    code = f"""
{first}
import course_lib.training
import keras, numpy as np
import matplotlib
matplotlib.use("agg")
keras.visualization.plot_image_gallery(np.zeros((2, 4, 4, 3), np.uint8), path="two.png")
boxes = sys.modules[keras.visualization.plot_bounding_box_gallery.__module__]
assert isinstance(boxes.patches.Patch(color="red"), matplotlib.patches.Patch)
assert vars(matplotlib)["pyplot"] is sys.modules["matplotlib.pyplot"]
"""
    subprocess.run([sys.executable, "-c", f"import sys{code}"], check=True, cwd=tmp_path)
    assert (tmp_path / "two.png").stat().st_size


def test_who_has_turned_the_collector_off_keeps_it_off():
    code = """
import gc
from course_lib.quiet import no_garbage_sought
gc.disable()
with no_garbage_sought():
    pass
assert not gc.isenabled()
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_who_draws_before_all_is_loaded_gets_matplotlib_at_once():
    code = """
import sys
from course_lib.quiet import drawing_later
with drawing_later():
    import matplotlib.pyplot as plt
    assert isinstance(plt.Figure, type)
    assert vars(sys.modules["matplotlib.pyplot"])["Figure"] is plt.Figure
assert vars(sys.modules["matplotlib.pyplot"])["Figure"] is plt.Figure
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_garbage_is_sought_again_once_tests_run():
    assert gc.isenabled()
