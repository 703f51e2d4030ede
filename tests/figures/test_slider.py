"""The slider's HTML, its text, what it refuses; and the style that every figure wears."""

import base64
import subprocess
import sys
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import pytest
from bs4 import BeautifulSoup

from course_lib import figures


def frame(value, alt="A line that rises."):
    figure, axes = plt.subplots(figsize=(5.5, 1.5))
    axes.plot([0, float(value)])
    return value, figure, alt


@pytest.fixture
def slider():
    return figures.slider([frame("0.5"), frame("1.0"), frame("1.5")], "spectral radius", start=1)


@pytest.fixture
def html(slider):
    return BeautifulSoup(slider._repr_html_(), "html.parser")


def test_text_is_short_and_always_the_same(slider):
    assert repr(slider) == "Slider: spectral radius, 3 frames"


def test_html_is_the_same_each_time():
    make = lambda: figures.slider([frame("0.5"), frame("1.0")], "K")._repr_html_()  # noqa: E731
    assert make() == make()


def test_a_labelled_native_input_and_the_starting_frame(html):
    handle = html.select_one("figure > label > input[type=range]")
    assert html.label.get_text(strip=True) == "spectral radius"
    assert (handle["min"], handle["max"], handle["value"]) == ("0", "2", "1")
    assert handle["aria-valuetext"] == html.output.get_text() == "1.0"
    assert [image.has_attr("hidden") for image in html.select("img")] == [True, False, True]
    assert [image["data-value"] for image in html.select("img")] == ["0.5", "1.0", "1.5"]
    assert all(image["alt"] == "A line that rises." for image in html.select("img"))


def test_frames_are_opaque_drawings_inside_the_page(html):
    for image in html.select("img"):
        kind, data = image["src"].split(",")
        assert kind == "data:image/svg+xml;base64"
        drawing = ElementTree.fromstring(base64.b64decode(data))
        assert drawing.get("viewBox") == "0 0 396 108"
        ground = drawing.find(".//*[@id='patch_1']")[0]
        assert ground.get("style") == "fill: #ffffff"


def test_figures_are_closed(slider):
    assert plt.get_fignums() == []


def test_text_is_escaped():
    made = figures.slider([frame("1", 'x < "y"'), frame("2")], "<b>")._repr_html_()
    page = BeautifulSoup(made, "html.parser")
    assert page.label.get_text(strip=True) == "<b>"
    assert page.img["alt"] == 'x < "y"'


@pytest.mark.parametrize(
    ("frames", "label", "start", "told"),
    [
        (["0.5"], "r", 0, "at least two frames"),
        (["0.5", "1.0"], "r", 2, "numbered 0 to 1"),
        (["0.5", "1.0"], "r", -1, "numbered 0 to 1"),
        (["0.5", "1.0"], " ", 0, "needs a label"),
    ],
)
def test_what_it_refuses(frames, label, start, told):
    made = [frame(value) for value in frames]
    with pytest.raises(ValueError, match=told):
        figures.slider(made, label, start)
    plt.close("all")


def test_no_frame_without_alt_text():
    made = [frame("0.5"), frame("1.0", alt=" ")]
    with pytest.raises(ValueError, match=r"'1\.0' has no alt text"):
        figures.slider(made, "r")
    plt.close("all")


def test_the_style_tells_lines_apart_without_colour():
    looks = [(str(look["linestyle"]), look["marker"]) for look in figures.CYCLE]
    assert len({line for line, _ in looks}) == len({marker for _, marker in looks}) == len(looks)
    with plt.rc_context():
        figures.use_style()
        figure, axes = plt.subplots()
        lines = [axes.plot([0, i])[0] for i in range(3)]
        assert [line.get_marker() for line in lines] == ["o", "s", "^"]
        assert figure.get_facecolor() == (1, 1, 1, 1)
        plt.close(figure)


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([0.012, 0.25], ["0.02", "0.05", "0.1", "0.2"]),
        ([3, 40], ["5", "10", "20"]),
        ([0.01, 10], None),  # long enough
        ([1e-5, 2e-4], None),  # better told by powers
    ],
)
def test_a_short_logarithmic_axis_has_labels_that_can_be_told_apart(values, labels):
    from course_lib.figures.style import closed, pyplot

    figure, axes = pyplot().subplots()
    axes.semilogy(values)
    closed(figure).canvas.draw()
    low, high = axes.get_ylim()
    shown = [
        label.get_text()
        for label in axes.get_yticklabels(which="both")
        if label.get_text() and low <= label.get_position()[1] <= high
    ]
    if labels is None:
        assert shown
        assert all("mathdefault" in one for one in shown)
    else:
        assert sorted(shown, key=float) == labels


def test_ticks_that_were_set_by_hand_stay():
    from course_lib.figures.style import closed, pyplot

    figure, axes = pyplot().subplots()
    axes.semilogy([0.1, 1])
    axes.set_yticks([0.3], ["a third"])
    closed(figure).canvas.draw()
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["a third"]


def test_importing_figures_loads_no_matplotlib():
    code = "import sys, course_lib.figures; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
