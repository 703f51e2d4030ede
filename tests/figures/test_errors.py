import base64
import html
import io
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from course_lib.exercises.checker import check_function
from course_lib.exercises.registry import get
from course_lib.figures.errors import error_picture


def picture_and_alt(errors):
    text = error_picture(errors)
    found = re.fullmatch(
        r'<img alt="([^"]+)" src="data:image/png;base64,([^"]+)" style="[^"]+">', text
    )
    assert found, text[:200]
    return Image.open(io.BytesIO(base64.b64decode(found[2]))), html.unescape(found[1])


def test_alt_names_the_worst_output_and_each_side_of_the_line():
    errors = {"dx": np.array([[0.0, 1e-12]]), "dW_hh": np.array([0.25]), "db_h": np.array(3e-3)}
    _, alt = picture_and_alt(errors)
    assert "dW_hh has the largest, 2.5e-01" in alt
    assert "Above the line at 1e-7: dW_hh, db_h." in alt
    assert "Below it: dx." in alt
    assert "Over time" not in alt


def test_time_axis_gets_a_panel_of_its_own():
    dx = np.zeros((2, 4, 3))
    dx[1, 1, 2], dx[0, 2, 0] = 0.1, 0.5
    small, _ = picture_and_alt({"dx": dx[0], "dh_0": np.zeros((2, 3))})
    tall, alt = picture_and_alt({"dx": dx, "dh_0": np.zeros((2, 3))})
    assert tall.height > small.height + 100
    assert "dx is off at t = 1, 2, most at t = 2." in alt


def test_picture_is_small_opaque_and_quantised():
    image, _ = picture_and_alt({"dx": np.full((2, 5, 3), 0.1), "dW": np.array(0.0)})
    assert image.mode == "P"
    assert "transparency" not in image.info
    assert image.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
    assert len(error_picture({"dx": np.full((2, 5, 3), 0.1), "dW": np.array(0.0)})) < 20_000


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_not_finite_counts_as_wrong(value):
    _, alt = picture_and_alt({"a": np.array([0.0, value]), "b": np.array(0.0)})
    assert "a has the largest, 1.0e+00" in alt


def test_all_right_and_empty_arrays():
    _, alt = picture_and_alt({"a": np.array(0.0), "dx": np.zeros((1, 3, 2)), "e": np.zeros(0)})
    assert "Above" not in alt
    assert "dx is right at every step" in alt


def test_names_are_escaped():
    text = error_picture({'grads["<b>"]': np.array(0.1), "b": np.array(0.0)})
    assert "<b>" not in text
    assert "&lt;b&gt;" in text


def test_learners_style_is_left_alone():
    import matplotlib

    before = dict(matplotlib.rcParams)
    error_picture({"a": np.array(0.1), "b": np.array(0.0)})
    assert dict(matplotlib.rcParams) == before


def test_matplotlib_is_loaded_only_to_draw():
    code = "import sys, course_lib.figures.errors; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_report_of_a_wrong_gradient_shows_where_it_is_wrong():
    exercise = get("rnn_backward")
    forgotten = next(m for m in exercise.mistakes if m.name == "dh next forgotten")
    report = check_function(exercise, forgotten.answer)._repr_html_()
    assert (
        "dh_0 has the largest" in html.unescape(report) or "Over time, dx is off at t = 0" in report
    )
