"""Reports read well in HTML and as plain text, and hostile text stays text."""

import linecache

import numpy as np
from bs4 import BeautifulSoup

from course_lib.authoring.source import reference_code
from course_lib.exercises import check
from course_lib.exercises.calling.guard import CappedOutput
from course_lib.exercises.registry import get
from course_lib.exercises.report import PASSED, Report
from course_lib.scratch.bptt import rnn_backward
from course_lib.scratch.rnn import rnn_step


def failing():
    return check(lambda *arguments: 0.5 * rnn_step(*arguments), exercise="rnn_step")


def test_text_says_outcome_reason_rungs_and_next_move():
    text = str(failing())
    assert text.startswith("✗ rnn_step: not right yet (1 of 13 checks hold)")
    assert "✓ it runs, and the shapes are right" in text
    assert "✗ a case small enough to do by hand" in text
    assert text.endswith('Next: hint("rnn_step")')
    assert max(map(len, text.splitlines())) <= 100


def test_html_says_the_same_and_is_labelled():
    section = BeautifulSoup(failing()._repr_html_(), "html.parser").section
    assert section["aria-label"] == "Check of rnn_step"
    words = " ".join(section.get_text(" ").split())
    for part in ("not right yet (1 of 13 checks hold)", "should be 0.664037", "by hand"):
        assert part in words
    # Neither text nor background colour of its own: it must read in light and in dark.
    assert "color:" not in str(section).replace("border-color", "")
    assert "background" not in str(section)
    # What scrolls can be reached by keyboard and says what it is.
    blocks = section.find_all("pre")
    assert blocks
    assert all(pre["tabindex"] == "0" and pre["aria-label"] for pre in blocks)
    # JupyterLab's own style would end a line within a number.
    assert all("word-break:normal" in pre["style"] for pre in blocks)


def test_passing_shows_the_reference_beside_ones_own():
    def my_step(x_t, h_prev, W_xh, W_hh, b_h):
        # a remark <b>of mine</b>
        return np.tanh(x_t @ W_xh + h_prev @ W_hh + b_h)

    html = check(my_step, exercise="rnn_step")._repr_html_()
    assert "<details><summary>Compare yours with the reference" in html
    assert "a remark &lt;b&gt;of mine&lt;/b&gt;" in html
    assert "IMPLEMENT-ME" not in html


def test_a_class_of_a_notebook_is_shown_beside_the_reference(monkeypatch):
    """Python itself finds the source of its methods only."""
    cell = "import keras\n\nclass Mine(keras.Layer):\n    def call(self, x):\n        return x\n"
    lines = cell.splitlines(keepends=True)
    monkeypatch.setitem(linecache.cache, "<a cell>", (len(cell), None, lines, "<a cell>"))
    names = {"__name__": "__main__"}
    exec(compile(cell, "<a cell>", "exec"), names)
    shown = Report(get("VanillaRNNCell"), PASSED, (), function=names["Mine"])._repr_html_()
    yours, reference = BeautifulSoup(shown, "html.parser").details.find_all("pre")
    assert yours.text == "".join(lines[2:])
    assert reference.text == reference_code(get("VanillaRNNCell").reference)


def test_hostile_messages_are_escaped():
    def hostile(*_):
        raise ValueError("<script>alert(1)</script>")

    report = check(hostile, exercise="rnn_step")
    assert "<script>" not in report._repr_html_()
    assert "<script>" in str(report)


def test_a_gradient_that_is_wrong_is_drawn_per_parameter_and_step():
    def too_large(dh, cache):
        dx, *rest = rnn_backward(dh, cache)
        return 2 * dx, *rest

    html = check(too_large, exercise="rnn_backward")._repr_html_()
    picture = BeautifulSoup(html, "html.parser").img
    assert picture["src"].startswith("data:image/png;base64,")
    assert "dx" in picture["alt"]


def test_what_is_printed_is_counted_and_capped():
    out = CappedOutput(limit=10)
    for _ in range(5):
        out.write("four")
    assert out.getvalue() == "fourfourfo"
    assert out.printed == 20
